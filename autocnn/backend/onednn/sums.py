"""Sums, as products with a row of ones: the library adds in blocks then, more exactly than one after the other."""

from __future__ import annotations

import numpy as np

from autocnn.backend.onednn.matmul import product
from autocnn.backend.onednn.memory import fits
from autocnn.backend.onednn.reorder import channels_last
from autocnn.types import Array

FEW = 1 << 12
"""Elements below which a sum is done before the library has been called."""

_WIDE = 64
"""Columns of a product that is quick."""


def channel_sum(x: Array) -> Array | None:
    """Sum over all axes but the channels': x (N, C, ...) -> (C,); None where oneDNN does not serve."""
    if not 2 <= x.ndim <= 5 or x.size < FEW or not fits(x):
        return None
    return _down(channels_last(x).reshape(-1, x.shape[1]))


def is_finite(x: Array) -> bool:
    """Whether a dense array is known to hold neither NaN nor infinity: its sum is finite.

    None of them is ever lost in a sum. Values whose sum overflows are refused without need.

    >>> is_finite(np.ones(2, np.float32)), is_finite(np.array([-np.inf, np.inf], np.float32))
    (True, False)
    """
    flat = x.ravel("K")
    whole = flat.size - flat.size % _WIDE
    columns = _down(flat[:whole].reshape(-1, _WIDE)) if whole >= FEW else None
    with np.errstate(over="ignore", invalid="ignore"):
        total = flat.sum() if columns is None else columns.sum() + flat[whole:].sum()
    return bool(np.isfinite(total))


def _down(rows: Array) -> Array | None:
    """The sum of rows (n, c) -> (c,)."""
    z = product(np.ones((1, rows.shape[0]), rows.dtype), rows)
    return None if z is None else z[0]
