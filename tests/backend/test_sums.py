"""Sums over leading axes are as exact as sums over the last."""

from __future__ import annotations

import numpy as np
import pytest

from autocnn.backend.sums import total

LONG = [
    ((100_003, 3), (0,)), ((512, 4), (0,)), ((513, 4), (0,)), ((1025, 4), (0,)), ((16, 9, 9, 8), (0, 1, 2)),
    ((9, 1000, 5), (0, 1)), ((9, 1000, 5), (1,)), ((70_000,), (0,)), ((3, 40_000), (1,)),
    ((30, 30, 30), (0, 1, 2)),
]  # fmt: skip


@pytest.mark.parametrize(("shape", "axes"), LONG)
@pytest.mark.parametrize("keepdims", [False, True])
def test_single_precision(rng, shape, axes, keepdims):
    x = rng.uniform(0, 1, shape).astype(np.float32)
    for layout in (x, np.asfortranarray(x), x[::-1]):
        exact = layout.astype(np.float64).sum(axes, keepdims=keepdims)
        z = total(np, layout, axes, keepdims)
        assert (z.dtype, z.shape) == (np.float32, exact.shape)
        np.testing.assert_allclose(z, exact, rtol=1e-6)


def test_of_nothing_and_of_one():
    assert total(np, np.zeros((0, 3), np.float32), (0,)).tolist() == [0, 0, 0]
    assert total(np, np.ones((), np.float32), ()) == 1
    assert total(np, np.ones((2000, 1), np.float32), (0,), keepdims=True).tolist() == [[2000]]
    assert total(np, np.ones((2000, 0), np.float32), (0,)).shape == (0,)


def test_double_precision_is_numpys(rng):
    x = rng.standard_normal((5000, 3))
    np.testing.assert_array_equal(total(np, x, (0,)), x.sum(0))
