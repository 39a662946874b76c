"""Limits by numbers: many elements and few, of every type."""

from __future__ import annotations

import numpy as np
import pytest

from autocnn.backend.kernels import rectifiers


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "int8", "int64", "uint8"])
@pytest.mark.parametrize("size", [0, 7, rectifiers._FEW])
@pytest.mark.parametrize(("low", "high"), [(1, 4), (1, None), (None, 4), (4, 1)])
def test_limits(dtype, size, low, high):
    x = np.resize(np.arange(-3 if dtype[0] != "u" else 0, 9), size).astype(dtype)
    if size and x.dtype.kind == "f":
        x[:3] = np.nan, np.inf, -np.inf
    expected = x if low is None else np.maximum(x, low)
    expected = expected if high is None else np.minimum(expected, high)
    z = rectifiers.clamp(np, x, low=low, high=high)
    assert z.dtype == dtype
    np.testing.assert_array_equal(z, expected)
