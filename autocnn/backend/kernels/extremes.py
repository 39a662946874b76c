"""Greatest and least elements, over pixels whose channels come last: of several rows of them at once.

NumPy takes a call of its inner loop for each row of channels, which is short. Beside one another, several rows
are a long one, of which the extremes are compared at the end.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from autocnn.backend.runs import Runs, reduced, repeats, runs
from autocnn.types import Array, Namespace, Shape

FEW = 1 << 14
"""Elements below which a plain reduction is as quick."""

_LONG, _ROWS = 1 << 10, 1 << 3
"""Elements of a row that is long enough, and how many such rows there have to be."""


def greatest(xp: Namespace, x: Array, axes: Shape, keepdims: bool) -> Array:
    """The greatest elements over axes; NaN where there is one."""
    return _extreme(xp, xp.max, x, axes, keepdims)


def least(xp: Namespace, x: Array, axes: Shape, keepdims: bool) -> Array:
    """The least elements over axes; NaN where there is one."""
    return _extreme(xp, xp.min, x, axes, keepdims)


def _extreme(xp: Namespace, of: Callable[..., Array], x: Array, axes: Shape, keepdims: bool) -> Array:
    found = runs(x.shape, x.strides, x.itemsize, axes) if xp is np and x.size >= FEW else None
    k = 1 if found is None else _rows_at_once(found)
    if found is None or k == 1:
        return of(x, axis=axes, keepdims=keepdims)
    *outer, rows, columns = found.lengths
    y = x.transpose(found.order).reshape(*outer, rows // k, k * columns)
    parts = of(y, axis=-2).reshape(*outer, k, columns)
    left = of(parts, axis=tuple([i for i, mark in enumerate(found.marks) if mark]))
    return reduced(left, found, x.shape, axes, keepdims)


def _rows_at_once(found: Runs) -> int:
    """How many rows of channels to take as one; 1 where there are none, or long ones, or no good number."""
    if found.marks[-2:] != (True, False):
        return 1
    *_, rows, columns = found.lengths
    k = repeats(rows, columns, _LONG)
    return k if rows >= k * _ROWS else 1
