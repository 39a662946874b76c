"""DeepNet: what its options make, held against formulas written out, and what they refuse."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from autocnn import models, nn, ops
from autocnn.errors import ArgumentError
from autocnn.models.deep import ACTIVATIONS, GOOD, INITS, DeepBlock

X = np.random.default_rng(0).normal(size=(4, 3, 6, 6)).astype(np.float32)


@pytest.mark.parametrize("norm", [None, "batch", "layer"])
@pytest.mark.parametrize("skip", [False, True])
def test_a_block_is_its_formula(norm: str | None, skip: bool) -> None:
    def normed(layer: Any, value: Any) -> Any:
        return value if layer is None else layer(value)

    x = ops.tensor(X)
    block = DeepBlock(3, 3, skip=skip, activation="relu", norm=norm, scale=0.5)
    branch = normed(block.norm2, block.conv2(normed(block.norm1, block.conv1(x)).relu()))
    expected = (x + 0.5 * branch if skip else branch).relu()
    np.testing.assert_allclose(block(x).array, expected.array, atol=1e-6)

    block = DeepBlock(3, 3, skip=skip, activation="relu", norm=norm, scale=0.5, pre_activation=True)
    inner = block.conv1(normed(block.norm1, x).relu())
    branch = block.conv2(normed(block.norm2, inner).relu())
    np.testing.assert_allclose(block(x).array, (x + 0.5 * branch if skip else branch).array, atol=1e-6)


@pytest.mark.parametrize(
    ("init", "variance"),
    [
        ("default", 1 / 3),
        ("he", 2.0),
        ("lecun", 1.0),
        ("glorot", 1.0),
        ("orthogonal", 1 / 9),
        ("delta_orthogonal", 1 / 9),
    ],
)
@pytest.mark.parametrize("gain", [1.0, 1.5])
def test_first_values_have_the_variance_of_their_name(init: str, variance: float, gain: float) -> None:
    net = models.DeepNet(4, 32, skips=False, init=init, gain=gain)
    weight, bias = net.blocks[0].conv1.weight.array, net.blocks[0].conv1.bias.array
    assert weight.var() * 32 * 9 == pytest.approx(
        gain**2 * variance * (9 if init.endswith("orthogonal") else 1), rel=0.06
    )
    assert bool(bias.any()) == (init == "default")
    fan = net.head.weight.shape[1]
    if init in ("default", "he", "lecun"):  # the gain is the convolutions' alone
        assert net.head.weight.array.var() * fan == pytest.approx(variance, rel=0.06)


@pytest.mark.parametrize("pre_activation", [False, True])
@pytest.mark.parametrize("projection", [False, True])
def test_stages_halve_the_image_and_double_the_width(pre_activation: bool, projection: bool) -> None:
    net = models.residual(
        12, 4, stages=3, norm="batch", pre_activation=pre_activation, projection=projection, size=9
    )
    x = net.stem(ops.randn(2, 1, 9, 9))
    shapes = []
    for block in net.blocks:
        x = block(x)
        shapes.append(x.shape[1:])
    assert shapes == [(4, 9, 9), (4, 9, 9), (8, 5, 5), (8, 5, 5), (16, 3, 3)]
    assert net(ops.randn(2, 1, 9, 9)).shape == (2, 10)
    extra = [name for name, _ in net.named_parameters() if "shortcut" in name]
    assert extra == (["blocks.2.shortcut.weight", "blocks.4.shortcut.weight"] if projection else [])


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_every_activation_runs_and_differentiates(activation: str) -> None:
    net = models.plain(6, 3, activation=activation, init="he")
    nn.functional.cross_entropy(net(ops.randn(2, 1, 8, 8)), ops.tensor([0, 1])).backward()
    gradient = net.stem[0].weight.grad
    assert gradient is not None
    assert math.isfinite(float(np.abs(gradient.array).sum()))


def test_a_normalised_twin_has_no_bias_before_its_norms() -> None:
    names = [name for name, _ in models.plain(4, 2, norm="batch").named_parameters()]
    assert names[:4] == ["stem.0.weight", "stem.1.weight", "stem.1.bias", "blocks.0.conv1.weight"]
    assert names[-2:] == ["head.weight", "head.bias"]
    assert not [name for name in names if name.endswith(("conv1.bias", "conv2.bias"))]


def test_the_delta_orthogonal_network_keeps_every_images_norm() -> None:
    net = models.plain(8, 4, activation="linear", init="delta_orthogonal")
    x = ops.randn(3, 1, 8, 8)
    norms = [np.linalg.norm(value.array.reshape(3, -1), axis=1) for value in (x, net.blocks(net.stem(x)))]
    np.testing.assert_allclose(norms[1], norms[0], rtol=1e-5)
    assert set(GOOD) == set(ACTIVATIONS)
    assert set(GOOD.values()) <= set(INITS)


def test_what_is_unknown_is_refused_with_what_is_known() -> None:
    for option, table in (("activation", ACTIVATIONS), ("init", INITS)):
        with pytest.raises(ArgumentError) as caught:
            models.plain(4, 2, **{option: "best"})
        assert str(caught.value) == f"DeepNet: {option} is 'best'; one of {', '.join(map(repr, table))}"
    with pytest.raises(ArgumentError, match="DeepNet: norm is 'best'; one of None, 'batch', 'layer'"):
        models.plain(4, 2, norm="best")
    with pytest.raises(ArgumentError, match="DeepNet: stages is 3; 2 blocks make 1 to as many stages"):
        models.plain(6, 2, stages=3)
