"""Copies into C order through oneDNN: only where a reshape cannot be a view, and the same elements."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest

from autocnn.backend.onednn import reorder

SHAPES = [
    (2, 3, 4, 32, 32),
    (96, 4, 64),
    (6, 128, 4, 8),
    (24, 1024),
    (24576,),
    (2, 3, 4, 4, 8, 32),
    (1, 24, 1, 1024),
]


@pytest.mark.parametrize(
    "shape", [(4, 6, 32, 32), (2, 3, 4, 32, 32), (2, 3, 4, 4, 8, 32), (3, 1, 8, 1024)], ids=str
)
@pytest.mark.parametrize("step", [1, 2])
def test_a_copy_is_made_where_there_is_no_view(shape, step, rng):
    base = rng.standard_normal(shape, dtype=np.float32)[::step]
    for order in list(permutations(range(len(shape))))[:: 1 if len(shape) < 6 else 7]:
        x = base.transpose(order)
        for new in (s for s in SHAPES if np.prod(s) == x.size):
            expected = x.reshape(new)
            z = reorder.reshape(x, shape=new)
            is_view = np.shares_memory(expected, base)
            assert (z is None) or not is_view
            assert z is not None or is_view or step > 1 or x.size < reorder.FEW
            if z is not None:
                np.testing.assert_array_equal(z, expected)


def test_what_it_leaves_to_numpy(rng):
    x = rng.standard_normal((64, 16, 64), dtype=np.float32).transpose(0, 2, 1)
    assert reorder.reshape(x, shape=(64, 1024)) is not None
    assert reorder.reshape(x.astype(np.float64), shape=(64, 1024)) is None
    assert reorder.reshape(x[:, ::2], shape=(64, 512)) is None
    assert reorder.reshape(x[:4], shape=(4, 1024)) is None
