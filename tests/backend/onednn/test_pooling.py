"""Pooling through oneDNN against the NumPy kernels: values, winners and adjoints."""

from __future__ import annotations

import numpy as np
import pytest

from autocnn.backend.onednn import pooling

from . import reference as kernels

# x, kernel, stride, padding, ceil_mode
CASES = {
    "halves": ((2, 16, 8, 8), (2, 2), (2, 2), (0, 0), False),
    "overlapping": ((2, 5, 9, 7), (3, 3), (2, 2), (1, 1), False),
    "hanging over": ((2, 5, 9, 8), (3, 3), (2, 2), (1, 1), True),
    "hanging over, no padding": ((3, 17, 9, 8), (2, 2), (2, 2), (0, 0), True),
    "uneven": ((1, 3, 11, 6), (3, 2), (1, 2), (1, 0), False),
    "gaps": ((1, 4, 9, 9), (2, 2), (3, 3), (0, 0), False),
    "line": ((2, 3, 9), (3,), (1,), (1,), False),
    "volume": ((2, 3, 5, 6, 7), (2, 2, 3), (2, 2, 1), (0, 0, 1), False),
}


def named(kernel, stride, padding):
    return {"kernel": kernel, "stride": stride, "padding": padding}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
@pytest.mark.parametrize("last", [True, False], ids=["channels_last", "c_order"])
def test_max_pooling_with_ties(case, last, draw):
    shape, *window, ceil_mode = case
    x = np.round(draw(*shape, last=last))
    how = {**named(*window), "dilation": (1,) * len(window[0])}
    z, winners = pooling.max_pool(x, **how, ceil_mode=ceil_mode)
    expected, numbers = kernels.max_pool(np, x, **how, ceil_mode=ceil_mode)
    np.testing.assert_array_equal(z, expected)
    np.testing.assert_array_equal(winners, numbers)
    assert winners.dtype == numbers.dtype
    g = draw(*z.shape, last=last)
    gx = pooling.max_scatter(g, winners, shape=shape, **how)
    np.testing.assert_allclose(gx, kernels.max_scatter(np, g, numbers, shape=shape, **how), atol=1e-6)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_max_pooling_leaves_what_is_not_finite(value, draw):
    x = draw(1, 16, 4, 4)
    x[0, 3, :2, :2] = value
    how = {**named((2, 2), (2, 2), (0, 0)), "dilation": (1, 1), "ceil_mode": False}
    assert pooling.max_pool(x, **how) is None


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
@pytest.mark.parametrize("last", [True, False], ids=["channels_last", "c_order"])
@pytest.mark.parametrize("counted", [True, False], ids=["with padding", "without"])
def test_average_pooling(case, last, counted, draw):
    shape, *window, ceil_mode = case
    x = draw(*shape, last=last)
    how = {**named(*window), "count_include_pad": counted, "divisor": None}
    expected = kernels.average(np, x, **how, ceil_mode=ceil_mode)
    z = pooling.average(x, **how, ceil_mode=ceil_mode)
    g = draw(*expected.shape, last=last)
    gx = pooling.average_spread(g, shape=shape, **how)
    if counted and ceil_mode:
        assert z is None, "the library divides a window that hangs over by too much"
        assert gx is None
        return
    np.testing.assert_allclose(z, expected, atol=1e-6)
    np.testing.assert_allclose(gx, kernels.average_spread(np, g, shape=shape, **how), atol=1e-6)


def test_what_is_not_served(draw):
    x = draw(2, 4, 6, 6)
    how = {**named((2, 2), (2, 2), (0, 0)), "dilation": (1, 1)}
    assert pooling.max_pool(x.astype(np.float64), **how, ceil_mode=False) is None
    assert pooling.max_pool(x[:0], **how, ceil_mode=False) is None
    assert pooling.max_pool(draw(1, 1, 40, 40), **{**how, "kernel": (20, 20)}, ceil_mode=False) is None
    z, winners = pooling.max_pool(x, **how, ceil_mode=False)
    assert pooling.max_scatter(z, winners[:1], shape=x.shape, **how) is None
    assert pooling.max_scatter(z, winners.astype(np.int32), shape=x.shape, **how) is None
    assert pooling.max_scatter(z, winners, shape=(2, 4, 9, 9), **how) is None
    del how["dilation"]
    how |= {"count_include_pad": True}
    assert pooling.average(x, **how, ceil_mode=False, divisor=3) is None
    assert pooling.average_spread(z, shape=(2, 5, 6, 6), **how, divisor=None) is None


@pytest.mark.parametrize(
    ("shape", "size"),
    [
        ((2, 16, 8, 8), (1, 1)),
        ((2, 5, 8, 6), (4, 3)),
        ((2, 5, 8, 6), (8, 1)),
        ((3, 7, 40, 36), (1, 1)),
        ((2, 3, 12), (4,)),
        ((2, 3, 8, 16, 12), (1, 2, 1)),
    ],
    ids=str,
)
@pytest.mark.parametrize("last", [True, False], ids=["channels_last", "c_order"])
def test_adaptive_pooling_into_even_windows(shape, size, last, draw):
    x = draw(*shape, last=last)
    z = pooling.adaptive_average(x, size=size)
    np.testing.assert_allclose(z, kernels.adaptive_average(np, x, size=size), rtol=1e-5, atol=1e-6)
    g = draw(*z.shape, last=last)
    gx = pooling.adaptive_spread(g, shape=shape)
    np.testing.assert_allclose(gx, kernels.adaptive_spread(np, g, shape=shape), rtol=1e-6)


def test_adaptive_pooling_into_uneven_or_very_long_windows(draw):
    assert pooling.adaptive_average(draw(2, 3, 7, 8), size=(2, 2)) is None
    assert pooling.adaptive_spread(draw(2, 3, 2, 2), shape=(2, 3, 8, 7)) is None
    assert pooling.adaptive_average(draw(2, 3, 300), size=(1,)) is None
