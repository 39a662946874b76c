"""Code that asks for a GPU by PyTorch's names gets one, here a pretended one, and all its arrays stay there."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Iterator

import numpy as np
import pytest

import autocnn as ac
from autocnn import nn
from autocnn.backend.arrays import to_numpy
from autocnn.engine import Tensor
from autocnn.errors import DeviceError
from autocnn.testing.standin import StandIn, pretend_cuda


@pytest.fixture(autouse=True)
def cuda() -> Iterator[None]:
    with pretend_cuda():
        yield


@pytest.mark.parametrize("name", ["cuda", "cuda:0"])
def test_moves_by_name(name: str) -> None:
    x = ac.ones(2, 3)
    y = x.to(name)
    assert (y.device, y.device.type, y.device.index, y.is_cuda) == ("cuda:0", "cuda", 0, True)
    assert type(y.array) is StandIn
    assert y.to(name) is y
    assert y.cpu().device == "cpu"
    assert (x.cuda().device, x.cuda(0).device, x.to(y).device) == ("cuda:0",) * 3
    assert x.get_device() == -1
    assert y.get_device() == 0


def test_makers_make_there() -> None:
    makers = [
        ac.zeros,
        ac.ones,
        ac.empty,
        ac.rand,
        ac.randn,
    ]
    for make in makers:
        x = make(2, 3, device="cuda", requires_grad=True)
        assert (x.device, x.shape, x.requires_grad) == ("cuda:0", (2, 3), True)
    like = ac.ones(2, device="cuda")
    for x in (
        ac.tensor([1.0], device="cuda"),
        ac.arange(3, device="cuda"),
        ac.eye(2, device="cuda"),
        ac.full((2,), 3.0, device="cuda"),
        ac.linspace(0, 1, 3, device="cuda"),
        ac.randint(0, 3, (2,), device="cuda"),
        ac.randperm(3, device="cuda"),
        ac.zeros_like(like),
        ac.rand_like(like),
        ac.randn_like(like),
        like.new_zeros(2),
        like.new_tensor([1.0]),
        like.new_full((2,), 1.0),
    ):
        assert x.device == "cuda:0", x


def test_seeded_draws_are_the_hosts() -> None:
    drawn = []
    for device in ("cpu", "cuda"):
        ac.manual_seed(3)
        drawn.append([to_numpy(ac.randn(4, device=device).array), to_numpy(ac.rand(4, device=device).array)])
    np.testing.assert_array_equal(drawn[0], drawn[1])


def test_modules_move() -> None:
    model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Flatten(), nn.Linear(8, 2))
    optimiser = ac.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    model.cuda()
    assert {p.device for p in model.parameters()} == {b.device for b in model.buffers()} == {"cuda:0"}
    model(ac.randn(3, 1, 4, 4, device="cuda")).sum().backward()
    optimiser.step()
    assert {p.grad.device for p in model.parameters()} == {"cuda:0"}
    model.cpu()
    assert {p.device for p in model.parameters()} == {b.device for b in model.buffers()} == {"cpu"}


def test_prints_say_where() -> None:
    assert "cuda:0" in repr(ac.ones(2, device="cuda"))
    assert ac.ones(2, device="cuda").tolist() == [1.0, 1.0]


def test_copies_stay_there() -> None:
    x = ac.ones(2, device="cuda", requires_grad=True)
    for y in (copy.deepcopy(x), pickle.loads(pickle.dumps(x)), x.clone(), x.detach()):
        assert y.device == "cuda:0"


def test_host_and_device_do_not_mix() -> None:
    with pytest.raises(DeviceError, match=r"cuda:0 \(2,\), cpu \(2,\)"):
        ac.ones(2, device="cuda") + ac.ones(2)
    with pytest.raises(TypeError, match="Implicit conversion"):
        np.asarray(ac.ones(2, device="cuda").array)


def test_numpy_asks_explicitly() -> None:
    x = ac.ones(2, device="cuda")
    assert type(x.cpu().numpy()) is np.ndarray


def test_afterwards_there_is_no_gpu_again() -> None:
    with pretend_cuda():
        pass
    assert Tensor(np.ones(1)).to("cuda").device == "cuda:0", "the outer block still holds"
