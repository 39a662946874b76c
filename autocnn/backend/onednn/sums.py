"""Sums: down columns as products with a row of ones, which add up in blocks, and along short pieces of rows."""

from __future__ import annotations

from math import prod

import numpy as np

from autocnn.backend import sums
from autocnn.backend.onednn import header
from autocnn.backend.onednn.execute import Plan, attributes, described, plan
from autocnn.backend.onednn.matmul import product
from autocnn.backend.onednn.memory import describe, fits
from autocnn.backend.onednn.reorder import channels_last
from autocnn.backend.runs import reduced, repeats, runs
from autocnn.types import Array, Shape

FEW = 1 << 12
"""Elements below which a sum is done before the library has been called."""

MANY = 1 << 17
"""Elements from which two threads add up any axes more quickly than one."""

_WIDE = 64
"""Columns of a product that is quick."""

_SHORT, _FEW_ROWS = 1 << 8, 1 << 4
"""Columns up to which, and rows from which NumPy is slower."""

_PIECE, _LONGEST = 1 << 8, 1 << 10
"""Elements that the library should add up, and at most: it adds one after the other, NumPy pairwise."""


def total(x: Array, axes: Shape, keepdims: bool = False) -> Array | None:
    """The sum over axes; None where oneDNN does not serve, or is no quicker.

    The library adds up what lies together in memory; the rest, which is small, is added up as elsewhere.
    """
    if x.size < MANY or not fits(x):
        return None
    found = runs(x.shape, x.strides, x.itemsize, axes)
    if found is None or True not in found.marks:
        return None
    y, marks = x.transpose(found.order).reshape(found.lengths), found.marks
    if len(marks) > 2 and marks[-1] and y.shape[-1] < _WIDE:  # short rows beside one another: columns first
        parts = _column_parts(y.reshape(*y.shape[:-2], -1))
        parts = None if parts is None else parts.reshape(*parts.shape[:-1], *y.shape[-2:])
    else:
        parts = _row_parts(y) if marks[-1] else _column_parts(y)
    if parts is None:
        return None
    z = np.asarray(sums.total(np, parts, tuple([i for i, mark in enumerate(marks) if mark])))
    return reduced(z, found, x.shape, axes, keepdims)


def _row_parts(y: Array) -> Array | None:
    """Sums along pieces of the last axis, now as long as they are many; None where it has no good ones."""
    *outer, n = y.shape
    if not outer:
        whole = n - n % _PIECE
        parts = _along(y[:whole].reshape(-1, _PIECE))
        return parts if parts is None or whole == n else np.append(parts, y[whole:].sum())
    piece = n if n <= _LONGEST else repeats(n, 1, _PIECE)
    if not 1 < piece <= _LONGEST:
        return None
    parts = _along(y.reshape(-1, piece))
    return None if parts is None else parts.reshape(*outer, n // piece)


def _along(rows: Array) -> Array | None:
    """The sum of each row (n, c) -> (n,)."""
    ready = plan(("along", rows.shape), _make_along, rows.shape)
    if ready is None:
        return None
    z = np.empty(rows.shape[0], rows.dtype)
    ready(rows, z)
    return z


def _make_along(shape: Shape) -> Plan:
    rows, one = describe(shape), describe((shape[0], 1))
    made = described("reduction", header.REDUCE_SUM, rows, one, 0.0, 0.0, attributes())
    return Plan(made, [(header.SRC, rows), (header.DST, one)])


def _column_parts(y: Array) -> Array | None:
    """Sums down the axis before the last, of several columns apart; None where NumPy is as quick."""
    *outer, rows, columns = y.shape
    if columns > _SHORT or rows < _FEW_ROWS:
        return None
    k = repeats(rows, columns, min(_PIECE, _WIDE * columns))
    k = k if rows >= k * _FEW_ROWS else 1
    z = product(np.ones((1, 1, rows // k), y.dtype), y.reshape(prod(outer), rows // k, k * columns))
    return None if z is None else z.reshape(*outer, k, columns)


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
