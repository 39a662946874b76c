"""Greatest and least elements of rows taken together against NumPy's."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from autocnn.backend import kernels
from autocnn.backend.kernels import extremes


def last(shape, dtype):
    n, c, *space = shape
    drawn = np.random.default_rng(0).standard_normal((n, *space, c)) * 100
    return kernels.logical(np, drawn.astype(dtype))


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16", "int64", "bool"])
@pytest.mark.parametrize("shape", [(4, 16, 32, 33), (1, 3, 128, 128), (8, 40, 7, 7), (2, 600, 4, 4), (3, 64, 200)])
def test_every_set_of_axes(shape, dtype):
    x = last(shape, dtype)
    for array in (x, np.ascontiguousarray(x), x[:, ::2]):
        for n in range(1, x.ndim + 1):
            for axes in combinations(range(x.ndim), n):
                for keep in (False, True):
                    z = kernels.greatest(np, array, axes, keep)
                    np.testing.assert_array_equal(z, array.max(axes, keepdims=keep), strict=True)
                    z = kernels.least(np, array, axes, keep)
                    np.testing.assert_array_equal(z, array.min(axes, keepdims=keep), strict=True)


def test_rows_are_taken_together():
    x = last((4, 16, 32, 32), "float32")
    found = extremes.runs(x.shape, x.strides, x.itemsize, (2, 3))
    assert extremes._rows_at_once(found) == 64


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite(bad):
    x = last((4, 16, 32, 32), "float32")
    x[1, 5, 9, 9] = bad
    np.testing.assert_array_equal(kernels.greatest(np, x, (2, 3), False), x.max((2, 3)))
    np.testing.assert_array_equal(kernels.least(np, x, (2, 3), False), x.min((2, 3)))
