"""Growth from layer to layer and what padding takes, against draws of wide networks and plain counting."""

from __future__ import annotations

import math

import numpy as np
import pytest

from autocnn import nn, ops
from autocnn.engine import Tensor
from autocnn.errors import ArgumentError
from autocnn.flow.theory import (
    backward_products,
    batch_norm_growth,
    branch_share,
    fixup_scale,
    forward_products,
    padding_gain,
    residual_growth,
    tap_share,
    taps,
    weight_variance,
)
from autocnn.models.deep import INITS


def square(x: np.ndarray) -> float:
    return float((x**2).mean())


def test_glorot_s_and_he_s_numbers() -> None:
    assert forward_products([1000] * 5, [1 / 3000] * 5)[-1] == pytest.approx(1 / 243, rel=1e-12)
    he = [64 * 9, 128 * 9, 256 * 9, 512 * 9]
    assert [round(math.sqrt(weight_variance("he", n, n)), 4) for n in he] == [0.0589, 0.0417, 0.0295, 0.0208]
    assert weight_variance("glorot", 1000, 1000) == 0.001
    xavier = [weight_variance("glorot", 400, 400)] * 30
    assert forward_products([400] * 30, xavier, slope=0.0)[-1] == pytest.approx(2.0**-30, rel=1e-12)
    assert forward_products([400] * 30, [2 * v for v in xavier], slope=0.0)[-1] == pytest.approx(1.0, rel=1e-12)
    assert forward_products([400], [2 / (1 + 0.25**2) / 400], slope=0.25) == pytest.approx([1.0], rel=1e-12)


def test_products_are_what_networks_of_changing_width_do(rng: np.random.Generator) -> None:
    """Four standard errors; of a mean square over n values it is about sqrt(5 L / n) in a ReLU network."""
    widths, draws = [600, 900, 400, 800], 24
    variances = [3 / 600, 1 / 900, 2 / 400]
    for slope in (1.0, 0.0):
        forward, backward = [], []
        for _ in range(draws):
            x = rng.standard_normal(widths[0])
            first, gates, ws = square(x), [], []
            for n, m, v in zip(widths[:-1], widths[1:], variances, strict=True):
                gates.append(np.where(x > 0, 1.0, slope))
                ws.append(rng.standard_normal((m, n)) * math.sqrt(v))
                x = ws[-1] @ (gates[-1] * x)
            forward.append(square(x) / first)
            g = rng.standard_normal(widths[-1])
            last = square(g)
            for w, gate in zip(reversed(ws), reversed(gates), strict=True):
                g = gate * (w.T @ g)
            backward.append(square(g) / last)
        error = 4 * math.sqrt(5 * 3 / 400 / draws)
        assert np.mean(forward) == pytest.approx(forward_products(widths[:-1], variances, slope)[-1], rel=error)
        assert np.mean(backward) == pytest.approx(backward_products(widths[1:], variances, slope)[0], rel=error)


@pytest.mark.parametrize("name", ["default", "lecun", "he", "glorot", "orthogonal"])
def test_weight_variances_are_those_that_are_drawn(name: str) -> None:
    w = Tensor(np.zeros((60, 40, 3, 3)))
    INITS[name](w, 0.7)
    assert square(w.array) == pytest.approx(
        weight_variance(name, 360, 540, 0.7, 9), rel=4 * math.sqrt(2 / w.array.size)
    )


def test_residual_networks_double_and_batch_norm_tames_them(rng: np.random.Generator) -> None:
    width, blocks, draws = 800, 6, 12
    grown, shares = [], []
    for _ in range(draws):
        x = rng.standard_normal(width)
        first = square(x)
        y, parts = rng.standard_normal((64, width)), []
        for _ in range(blocks):
            w = rng.standard_normal((width, width)) * math.sqrt(2 / width)
            x = x + np.maximum(x, 0) @ w
            branch = (y - y.mean(0)) / y.std(0)
            branch = np.maximum(branch, 0) @ w
            y = y + branch
            parts.append(branch.var(0).mean() / y.var(0).mean())
        grown.append(square(x) / first)
        shares.append(parts)
    assert np.mean(grown) == pytest.approx(residual_growth(blocks), rel=4 * math.sqrt(5 * blocks / width / draws))
    # The branch's variance over the batch is 1 - 1 / pi, so the shares are those with that in place of 1.
    unit = 1 - 1 / math.pi
    expected = [unit / (1 + unit * block) for block in range(1, blocks + 1)]
    np.testing.assert_allclose(np.mean(shares, axis=0), expected, rtol=0.05)
    assert [branch_share(block) for block in (1, 2, 9)] == [1 / 2, 1 / 3, 1 / 10]


def test_branch_shares_of_second_moments(rng: np.random.Generator) -> None:
    """De and Smith's 1 / (l + 1): mean squares, with a batch norm on the branch's normal numbers."""
    width, images = 1500, 100
    y = rng.standard_normal((images, width))
    for block in range(1, 6):
        normed = (y - y.mean(0)) / y.std(0)
        branch = np.maximum(normed, 0) @ (rng.standard_normal((width, width)) * math.sqrt(2 / width))
        total = square(y) + square(branch)
        assert square(branch) / total == pytest.approx(branch_share(block), rel=0.05)
        y = y + branch


def test_batch_norm_explodes_at_the_rate_of_yang_et_al(rng: np.random.Generator) -> None:
    """Width 600, 300 images, 8 layers from layer 4 on, where the images have become independent."""
    width, images, depth = 600, 300, 12
    h = rng.standard_normal((images, width))
    kept = []
    for _ in range(depth):
        centred = h - h.mean(0)
        deviation = centred.std(0)
        normed = centred / deviation
        w = rng.standard_normal((width, width)) * math.sqrt(2 / width)
        kept.append((normed, deviation, w))
        h = np.maximum(normed, 0) @ w
    g = rng.standard_normal((images, width))
    sizes = [square(g)]
    for normed, deviation, w in reversed(kept):
        g = (g @ w.T) * (normed > 0)
        g = (g - g.mean(0) - normed * (g * normed).mean(0)) / deviation
        sizes.append(square(g))
    rate = (sizes[9] / sizes[1]) ** (1 / 8)
    assert rate == pytest.approx(batch_norm_growth("relu"), rel=0.04)
    assert batch_norm_growth("relu") == pytest.approx(math.pi / (math.pi - 1), rel=1e-12)
    assert batch_norm_growth("linear") == pytest.approx(1.0, rel=1e-12)


def test_fixup() -> None:
    assert [round(fixup_scale(*arguments), 5) for arguments in ((54,), (9,), (16, 3))] == [0.13608, 0.33333, 0.5]


# Padding ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("size", "kernel", "stride", "padding", "dilation"),
    [(8, 3, 1, 1, 1), (8, 3, 2, 1, 1), (7, 5, 1, 2, 1), (9, 3, 1, 2, 2), (5, 4, 3, 1, 1), (6, 3, 1, 0, 1)],
)
def test_taps_are_counted(size: int, kernel: int, stride: int, padding: int, dilation: int) -> None:
    ones = ops.ones(1, 1, size, dtype="float64")
    seen = nn.functional.conv1d(ones, ops.ones(1, 1, kernel, dtype="float64"), None, stride, padding, dilation)
    matrix = taps(size, kernel, stride, padding, dilation)
    assert matrix.sum(1).tolist() == seen.array[0, 0].tolist()
    share = tap_share((size, size), kernel, stride, padding, dilation)
    assert share == pytest.approx((seen.array.mean() / kernel) ** 2, rel=1e-12)


@pytest.mark.parametrize("side", [2, 4, 8, 16, 32, 56])
def test_three_by_three_with_padding_1(side: int) -> None:
    assert tap_share((side, side)) == pytest.approx(((3 * side - 2) / (3 * side)) ** 2, rel=1e-12)
    assert padding_gain((side, side), 1) == pytest.approx(tap_share((side, side)), rel=1e-12)
    largest = np.linalg.eigvalsh(taps(side, 3, padding=1)).max()
    assert largest == pytest.approx(1 + 2 * math.cos(math.pi / (side + 1)), rel=1e-12)
    late = padding_gain(side, 301) / padding_gain(side, 300)
    assert late == pytest.approx(largest / 3, rel=1e-3)


def test_padding_takes_what_linear_networks_lose(rng: np.random.Generator) -> None:
    """20 linear layers on 6x6 at width 24, 30 draws: far above the power of the first layer's share."""
    side, layers, width, draws = 6, 20, 24, 30
    left = []
    for _ in range(draws):
        x = Tensor(rng.standard_normal((1, width, side, side)))
        before = square(x.array)
        for _ in range(layers):
            w = Tensor(rng.standard_normal((width, width, 3, 3)) / math.sqrt(9 * width))
            x = nn.functional.conv2d(x, w, padding=1)
        left.append(square(x.array) / before)
    error = 4 * np.std(left) / math.sqrt(draws)
    assert abs(np.mean(left) - padding_gain((side, side), layers)) < error
    assert np.mean(left) > tap_share((side, side)) ** layers + error


@pytest.mark.parametrize(
    ("act", "text"),
    [
        (
            lambda: weight_variance("kaiming", 1, 1),
            "weight_variance: init is 'kaiming'; one of default, lecun, he, glorot, orthogonal",
        ),
        (
            lambda: forward_products([1, 2], [1.0]),
            "forward_products: 2 fans and 1 variances; each layer has one of both",
        ),
        (lambda: branch_share(0), "branch_share: block is 0; the first is 1"),
        (
            lambda: taps(2, 5, padding=1),
            "taps: kernel 5 (stride 1, dilation 1) does not fit in 2 padded by 1",
        ),
        (
            lambda: padding_gain(8, 3, kernel=2),
            "padding_gain: kernel is 2 and layers 3; an odd number, and at least 0",
        ),
        (lambda: fixup_scale(9, 1), "fixup_scale: blocks is 9 and layers 1; at least 1 and 2"),
    ],
)
def test_errors_say_what_is_wrong(act: object, text: str) -> None:
    with pytest.raises(ArgumentError) as caught:
        act()  # type: ignore[operator]
    assert str(caught.value) == text
