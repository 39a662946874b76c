"""What training scripts say of devices, processes, chance and scales, beside the network itself."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import autocnn as ac
import autocnn.nn as nn
from autocnn import compat
from autocnn.errors import ArgumentError, DeviceError

SCRIPT = """
import torch
import torch.backends.cudnn as cudnn
import torch.distributed as dist
import torch.multiprocessing as mp
from torch import nn, optim
from torch.amp import GradScaler
from torch.cuda.amp import autocast
from torch.utils.data import DataLoader, TensorDataset
from torch.utils.data.distributed import DistributedSampler


def worker(rank, rows):
    torch.manual_seed(0)
    torch.cuda.manual_seed_all(0)
    cudnn.benchmark = True
    accelerator = torch.accelerator.current_accelerator() if torch.accelerator.is_available() else None
    device = accelerator or torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if not torch.cuda.is_available():
        dist.init_process_group("gloo", init_method="tcp://127.0.0.1:23456", world_size=1, rank=rank)
    sampler = DistributedSampler(rows, shuffle=False, num_replicas=dist.get_world_size(), rank=dist.get_rank())
    loader = DataLoader(rows, batch_size=4, sampler=sampler, num_workers=0, pin_memory=False)
    model = nn.Sequential(nn.Flatten(), nn.Linear(4, 3)).to(device)
    with torch.no_grad():
        for p in model.parameters():
            p.copy_(torch.linspace(-1, 1, p.numel()).view(p.size()))
    criterion = nn.CrossEntropyLoss().to(device)
    optimizer = optim.SGD(model.parameters(), lr=0.1, momentum=0.9, weight_decay=1e-4)
    scheduler = optim.lr_scheduler.MultiStepLR(optimizer, milestones=[1], gamma=0.1)
    scaler = GradScaler("cuda", enabled=torch.cuda.is_available())
    for epoch in range(2):
        sampler.set_epoch(epoch)
        model.train()
        for images, targets in loader:
            images, targets = images.to(device, non_blocking=True), targets.to(device, non_blocking=True)
            with autocast(enabled=False):
                loss = criterion(model(images), targets)
            optimizer.zero_grad()
            scaler.scale(loss).backward()
            scaler.unscale_(optimizer)
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            scaler.step(optimizer)
            scaler.update()
            total = loss.detach().clone()
            dist.all_reduce(total, op=dist.ReduceOp.SUM)
            seen.append(total.item() / dist.get_world_size())
        scheduler.step()
        seen.append(optimizer.param_groups[0]["lr"])
    dist.barrier()
    dist.destroy_process_group()


seen = []
rows = TensorDataset(torch.arange(32.0).view(8, 1, 2, 2).sin(), torch.arange(8) % 3)
worker(0, rows)
"""


def run() -> list[float]:
    """The losses and rates that the script has seen."""
    names: dict[str, Any] = {"__name__": "script"}
    exec(SCRIPT, names)
    return names["seen"]


@pytest.mark.torch
@pytest.mark.filterwarnings("ignore")
def test_a_whole_script_gives_the_losses_of_pytorch() -> None:
    pytest.importorskip("torch")
    expected = run()
    with compat.run_as_torch():
        np.testing.assert_allclose(run(), expected, rtol=1e-5)
    assert len(expected) == 6


def test_there_is_one_process() -> None:
    seen: list[Any] = []
    ac.multiprocessing.spawn(lambda rank, x: seen.append((rank, x)), args=("x",), nprocs=1)
    assert seen == [(0, "x")]
    with pytest.raises(ArgumentError, match=r"^spawn: nprocs is 2; one process does all the work here\. Give 1$"):
        ac.multiprocessing.spawn(print, nprocs=2)
    with pytest.raises(ArgumentError, match=r"^init_process_group: world_size is 2; one process does all"):
        ac.distributed.init_process_group("nccl", world_size=2, rank=0)
    assert ac.multiprocessing.cpu_count() > 0
    found = [ac.zeros(2)]
    assert ac.distributed.all_gather(found, ac.ones(2), async_op=True).wait() is None
    assert found[0].tolist() == [1.0, 1.0]


def test_one_device_does_what_several_share() -> None:
    from autocnn.nn.parallel import _functions, data_parallel, gather, parallel_apply, replicate, scatter

    net, x = nn.Linear(2, 1), ac.ones(3, 2)
    (inputs,) = scatter((x,), [0])
    (y,) = parallel_apply(replicate(net, [0]), [inputs])
    assert gather([y], 0) is y
    assert gather([(y, y), (y, y)], 0)[1].shape == (6, 1)
    assert data_parallel(net, x, [0]).tolist() == ac.nn.parallel.data_parallel(net, (x,)).tolist() == y.tolist()
    assert _functions.Broadcast.apply([0], x, y) == (x, y)
    assert _functions.ReduceAddCoalesced.apply(0, 1, x) == (x,)
    with pytest.raises(
        ArgumentError, match=r"^scatter: devices are \[0, 1\]; one device does all the work here\."
    ):
        scatter(x, [0, 1])
    with pytest.raises(TypeError, match=r"^autocnn\.jit is a module, and no function$"):
        ac.jit()


def test_a_writer_of_logs_is_that_of_another_package(monkeypatch: pytest.MonkeyPatch) -> None:
    board = ModuleType("tensorboardX")
    board.SummaryWriter = object
    monkeypatch.setitem(sys.modules, "tensorboardX", board)
    assert ac.utils.tensorboard.SummaryWriter is object
    monkeypatch.setitem(sys.modules, "tensorboardX", None)
    with pytest.raises(ImportError, match=r"^torch\.utils\.tensorboard: SummaryWriter is that of .*tensorboardX"):
        _ = ac.utils.tensorboard.SummaryWriter


def test_chance_can_be_put_back() -> None:
    state = ac.get_rng_state()
    assert (state.dtype, state.shape) == (np.uint8, (16,))
    first = ac.rand(3).tolist()
    with ac.random.fork_rng(devices=[]):
        ac.manual_seed(9)
    ac.set_rng_state(state)
    assert ac.rand(3).tolist() == first
    assert ac.seed() == ac.initial_seed()
    generator = ac.Generator(device="cpu")
    assert generator.seed() == generator.initial_seed()
    assert ac.utils.checkpoint.get_device_states(ac.ones(1)) == ([], [])


def test_what_is_asked_of_a_gpu_has_an_answer() -> None:
    cuda = ac.cuda
    with cuda.device(0), cuda.stream(cuda.Stream()), cuda.device_of(ac.ones(1)):
        cuda.set_device(0)
        cuda.current_stream().wait_stream(cuda.Stream())
    assert (cuda.max_memory_allocated() / 2**20, cuda.is_bf16_supported(), cuda._initialized) == (0, False, False)
    assert not ac.ones(1).is_xpu
    assert ac.ones(1).layout == ac.strided
    assert ac._six.string_classes == (str, bytes)
    assert nn.utils.clip_grad_norm is nn.utils.clip_grad_norm_
    assert ac.ones(1).pin_memory().tolist() == [1.0]
    if not cuda.is_available():
        assert ac.accelerator.current_accelerator() is None
        with pytest.raises(DeviceError, match=r"^get_device_name: "):
            cuda.get_device_name(0)


def test_a_function_knows_what_it_saved_by_the_older_name() -> None:
    class Square(ac.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x * x

        @staticmethod
        @ac.autograd.function.once_differentiable
        def backward(ctx, g):
            (x,) = ctx.saved_variables
            return 2 * x * g

    x = nn.Parameter(ac.tensor([3.0]))
    Square.apply(x).backward()
    assert x.grad.tolist() == [6.0]
