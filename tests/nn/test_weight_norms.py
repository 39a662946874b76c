"""Weights of given size, and fused layers: PyTorch's keys, values, gradients, and what steps leave in buffers."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest

import autocnn as ac
from autocnn import nn
from autocnn.errors import ArgumentError, ShapeError

torch = pytest.importorskip("torch")
pytestmark = [pytest.mark.torch, pytest.mark.filterwarnings("ignore::FutureWarning")]

LAYERS: dict[str, Any] = {
    "linear": (lambda nn: nn.Linear(4, 3), (2, 4)),
    "conv": (lambda nn: nn.Conv2d(2, 3, 3, bias=False), (2, 2, 5, 5)),
    "transposed": (lambda nn: nn.ConvTranspose2d(2, 3, 2), (2, 2, 3, 3)),
}
WAYS: dict[str, Any] = {
    "old weight norm": lambda nn, m: nn.utils.weight_norm(m),
    "old weight norm, all of it": lambda nn, m: nn.utils.weight_norm(m, dim=None),
    "old weight norm, axis 1": lambda nn, m: nn.utils.weight_norm(m, dim=1),
    "weight norm": lambda nn, m: nn.utils.parametrizations.weight_norm(m),
    "weight norm, all of it": lambda nn, m: nn.utils.parametrizations.weight_norm(m, dim=None),
    "old spectral norm": lambda nn, m: nn.utils.spectral_norm(m),
    "old spectral norm, twice": lambda nn, m: nn.utils.spectral_norm(m, n_power_iterations=2, eps=1e-6, dim=1),
    "spectral norm": lambda nn, m: nn.utils.parametrizations.spectral_norm(m),
    "spectral norm, thrice": lambda nn, m: nn.utils.parametrizations.spectral_norm(m, n_power_iterations=3),
    "both": lambda nn, m: nn.utils.parametrizations.spectral_norm(nn.utils.parametrizations.weight_norm(m)),
}


def pair(layer: str, way: str) -> tuple[Any, Any]:
    torch.manual_seed(0)
    make, _ = LAYERS[layer]
    theirs = WAYS[way](torch.nn, make(torch.nn).double())
    ours = WAYS[way](nn, make(nn).double())
    state = {key: value.numpy().copy() for key, value in theirs.state_dict().items()}
    assert list(ours.state_dict()) == list(state)
    ours.load_state_dict(state)
    return theirs, ours


def run(library: Any, module: Any, x: np.ndarray, training: bool) -> list[np.ndarray]:
    """Output, gradients, and state after a call."""
    module.train(training)
    module.zero_grad()
    y = module(library.tensor(x))
    (y * y).sum().backward()
    parts = [y, *(p.grad for p in module.parameters()), *module.state_dict().values(), module.weight]
    return [part.detach().numpy().copy() for part in parts]


@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize("way", WAYS)
def test_three_calls_and_one_in_use(way: str, layer: str) -> None:
    theirs, ours = pair(layer, way)
    rng = np.random.default_rng(0)
    for training in (True, True, True, False):
        x = rng.normal(size=LAYERS[layer][1])
        results = [run(torch, theirs, x, training), run(ac, ours, x, training)]
        for expected, own in zip(*results, strict=True):
            np.testing.assert_allclose(own, expected, rtol=1e-9, atol=1e-10)


@pytest.mark.parametrize("way", ["old weight norm", "old spectral norm", "weight norm", "spectral norm"])
def test_copies_go_their_own_way_and_removal_leaves_the_weight(way: str) -> None:
    _, ours = pair("conv", way)
    ours.eval()
    x = ac.tensor(np.random.default_rng(0).normal(size=(1, 2, 5, 5)))
    before = ours(x).detach().numpy()
    twin = copy.deepcopy(ours)
    for p in twin.parameters():
        p.data *= 0
    np.testing.assert_array_equal(ours(x).detach().numpy(), before)
    if way.startswith("old"):
        removed = (nn.utils.remove_weight_norm if "weight" in way else nn.utils.remove_spectral_norm)(ours)
    else:
        removed = nn.utils.parametrize.remove_parametrizations(ours, "weight")
    assert type(removed) is nn.Conv2d
    assert list(removed.state_dict()) == ["weight"]
    np.testing.assert_allclose(removed(x).detach().numpy(), before, rtol=1e-12)


def test_an_optimiser_moves_what_weights_are_made_of() -> None:
    layer = nn.utils.weight_norm(nn.Linear(2, 1, bias=False))
    step = ac.optim.SGD(layer.parameters(), lr=0.1)
    before = layer(ac.ones(1, 2)).item()
    layer(ac.ones(1, 2)).sum().backward()
    step.step()
    assert layer(ac.ones(1, 2)).item() < before


def test_parametrizations_follow_each_other_and_are_written_through() -> None:
    class Squared(nn.Module):
        def forward(self, x):
            return x * x

        def right_inverse(self, y):
            return y**0.5

    class Plus(nn.Module):
        def forward(self, x):
            return x + 1

    layer = nn.Linear(1, 1, bias=False)
    layer.weight.data.fill_(4.0)
    register = nn.utils.parametrize.register_parametrization
    register(register(layer, "weight", Squared()), "weight", Plus())
    assert layer.parametrizations.weight.original.tolist() == [[2.0]]
    assert layer.weight.tolist() == [[5.0]]
    assert type(layer).__name__ == "ParametrizedLinear"
    assert nn.utils.parametrize.is_parametrized(layer, "weight")
    buffered = nn.BatchNorm1d(1)
    register(buffered, "running_mean", Plus())
    assert buffered.running_mean.tolist() == [1.0]
    buffered.running_mean = ac.tensor([3.0])
    assert buffered.running_mean.tolist() == [4.0]


@pytest.mark.parametrize("transpose", [False, True])
def test_a_batch_norm_is_taken_into_the_convolution(transpose: bool) -> None:
    kind = nn.ConvTranspose2d if transpose else nn.Conv2d
    conv, norm = kind(2, 3, 3).double().eval(), nn.BatchNorm2d(3).double()
    norm(ac.randn(8, 3, 4, 4, dtype=ac.float64))
    nn.init.normal_(norm.weight)
    x = ac.randn(2, 2, 5, 5, dtype=ac.float64)
    fused = nn.utils.fuse_conv_bn_eval(conv, norm.eval(), transpose)
    np.testing.assert_allclose(fused(x).detach().numpy(), norm(conv(x)).detach().numpy(), rtol=1e-9, atol=1e-12)


def test_what_cannot_be_done_is_said() -> None:
    layer = nn.utils.weight_norm(nn.Linear(2, 2))
    with pytest.raises(ArgumentError, match=r"^weight_norm: Linear has no parameter 'weight' that is not"):
        nn.utils.weight_norm(layer)
    with pytest.raises(ArgumentError, match=r"^remove_spectral_norm: 'weight' of Linear is not made so$"):
        nn.utils.remove_spectral_norm(layer)
    with pytest.raises(ArgumentError, match=r"^remove_parametrizations: Linear has no computed 'weight'$"):
        nn.utils.parametrize.remove_parametrizations(layer, "weight")
    with pytest.raises(ArgumentError, match=r"^register_parametrization: Linear has no parameter or buffer 'w'$"):
        nn.utils.parametrize.register_parametrization(layer, "w", nn.Identity())
    two = nn.utils.parametrizations.weight_norm(nn.Linear(2, 2))
    with pytest.raises(ArgumentError, match=r"^remove_parametrizations: weight has 2 originals; which one\?$"):
        nn.utils.parametrize.remove_parametrizations(two, "weight", leave_parametrized=False)
    with pytest.raises(ShapeError, match=r"weight has shape \(2, 2\), the parametrization makes \(1, 4\)"):
        nn.utils.parametrize.register_parametrization(nn.Linear(2, 2), "weight", Flat())
    with pytest.raises(ArgumentError, match=r"^fuse_conv_bn_eval: a module is in training; call eval\(\) on both"):
        nn.utils.fuse_conv_bn_eval(nn.Conv2d(1, 1, 1), nn.BatchNorm2d(1))


class Flat(nn.Module):
    """Another shape."""

    def forward(self, x):
        return x.reshape(1, -1)
