"""Lazy layers become the layers that fit their first input, with PyTorch's states before and after."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest

import autocnn as ac
from autocnn import nn, optim

MAKERS: dict[str, tuple[Any, tuple[int, ...]]] = {
    "LazyLinear": (lambda nn: nn.LazyLinear(3), (2, 5)),
    "LazyLinear, bare": (lambda nn: nn.LazyLinear(3, bias=False), (2, 4, 5)),
    "LazyConv1d": (lambda nn: nn.LazyConv1d(4, 3, padding=1), (2, 6, 5)),
    "LazyConv2d": (lambda nn: nn.LazyConv2d(4, 3, 2, 1, groups=2, bias=False), (2, 6, 5, 5)),
    "LazyConv2d, one image": (lambda nn: nn.LazyConv2d(4, 3), (3, 5, 5)),
    "LazyConv3d": (lambda nn: nn.LazyConv3d(4, 2), (2, 3, 3, 3, 3)),
    "LazyConvTranspose2d": (lambda nn: nn.LazyConvTranspose2d(4, 2, 2), (2, 3, 4, 4)),
    "LazyBatchNorm1d": (lambda nn: nn.LazyBatchNorm1d(), (4, 3)),
    "LazyBatchNorm2d": (lambda nn: nn.LazyBatchNorm2d(momentum=0.3), (2, 3, 4, 4)),
    "LazyBatchNorm2d, plain": (lambda nn: nn.LazyBatchNorm2d(affine=False), (2, 3, 4, 4)),
    "LazyInstanceNorm2d": (lambda nn: nn.LazyInstanceNorm2d(affine=True), (2, 3, 4, 4)),
}


@pytest.mark.torch
@pytest.mark.filterwarnings("ignore:Lazy modules")
@pytest.mark.parametrize("name", MAKERS)
def test_lazy_layers_become_what_pytorchs_become(name: str) -> None:
    torch = pytest.importorskip("torch")
    make, shape = MAKERS[name]
    theirs, ours = make(torch.nn), make(nn)
    assert list(ours.state_dict()) == list(theirs.state_dict())
    assert ours.extra_repr() == theirs.extra_repr() or "bias" in theirs.extra_repr()
    x = np.random.default_rng(0).normal(size=shape).astype("float32")
    theirs(torch.tensor(x))
    ours(ac.tensor(x))
    assert type(ours).__name__ == type(theirs).__name__
    assert not isinstance(ours, nn.lazy._Lazy)
    state = {key: value.numpy() for key, value in theirs.state_dict().items()}
    assert {k: v.shape for k, v in ours.state_dict().items()} == {k: v.shape for k, v in state.items()}
    ours.load_state_dict(state)
    expected, own = theirs(torch.tensor(x)).detach().numpy(), ours(ac.tensor(x)).detach().numpy()
    np.testing.assert_allclose(own, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", MAKERS)
def test_a_state_gives_them_their_shapes(name: str) -> None:
    make, shape = MAKERS[name]
    x = ac.tensor(np.random.default_rng(0).normal(size=shape).astype("float32"))
    first, second, third = make(nn), make(nn), make(nn)
    third.load_state_dict(second.state_dict())  # what waits may be loaded too
    first(x)
    second.load_state_dict(first.state_dict())
    np.testing.assert_array_equal(second.eval()(x).detach().numpy(), first.eval()(x).detach().numpy())
    assert type(second) is type(first)


def test_an_optimiser_made_before_goes_on_and_copies_wait_too() -> None:
    net = nn.Sequential(
        nn.LazyConv2d(2, 3), nn.LazyBatchNorm2d(), nn.ReLU(), nn.Flatten(), nn.LazyLinear(1)
    ).double()
    twin = copy.deepcopy(net)
    step = optim.SGD(net.parameters(), lr=0.1)
    x = ac.randn(2, 3, 5, 5, dtype=ac.float64)
    before = list(net.parameters())
    net(x).pow(2).sum().backward()
    assert all(p is q for p, q in zip(net.parameters(), before, strict=True))
    assert net[0].weight.shape == (2, 3, 3, 3)
    assert net[0].weight.dtype == ac.float64
    values = net[4].weight.detach().numpy().copy()
    step.step()
    assert (net[4].weight.detach().numpy() != values).any()
    assert isinstance(twin[0].weight, nn.UninitializedParameter)
    assert twin[0].has_uninitialized_params()
    assert twin(x[:, :1]).shape == (2, 1)
