"""Blending bits gives what `where` gives, to the bit."""

from __future__ import annotations

import numpy as np
import pytest

from autocnn.backend.select import keep, select


def values(rng, dtype, order):
    """Numbers of every kind, NaN and infinities and -0.0 among them, in either layout; more than are small."""
    x = rng.standard_normal((3, 40, 5, 7)).astype(dtype)
    x[0, :4, 0, 0] = [np.nan, np.inf, -np.inf, -0.0]
    return np.asfortranarray(x) if order == "F" else x


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "int32"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_select_is_where(rng, dtype, order):
    if dtype == "int32":
        a, b = rng.integers(-9, 9, (2, 60, 70)).astype(dtype)
    else:
        a, b = values(rng, dtype, order), values(rng, dtype, order)[::-1]
    mask = rng.random(a.shape) < 0.5
    for left, right in [(a, b), (a, 0), (0.0, b) if dtype != "int32" else (0, b), (a, -0.0), (1.5, b), (a, b[:1])]:
        found, expected = select(np, mask, left, right), np.where(mask, left, right)
        assert found.dtype == expected.dtype
        np.testing.assert_array_equal(found, expected)
        if found.dtype.kind == "f":
            np.testing.assert_array_equal(np.signbit(found), np.signbit(expected))


def test_small_and_broadcast_operands_take_the_plain_way():
    mask = np.array([[True], [False]])
    np.testing.assert_array_equal(select(np, mask, np.array([1.0, 2.0]), 0.0), [[1.0, 2.0], [0.0, 0.0]])


def test_layout_is_kept(rng):
    x = values(rng, "float32", "F")
    assert keep(np, x > 0, x).strides == x.strides
    assert select(np, x > 0, x, 2 * x).strides == x.strides
