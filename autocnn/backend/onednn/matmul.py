"""Matrix products, batched and broadcast as NumPy's, with a bias on request."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from autocnn.backend.onednn import header
from autocnn.backend.onednn.execute import Plan, attributes, described, plan
from autocnn.backend.onednn.library import Unserved
from autocnn.backend.onednn.memory import FLOAT, describe, fits
from autocnn.types import Array, Shape

FEW = 1 << 18
"""Multiplications below which NumPy has the product of two matrices before two threads have met here."""

_AXES = 6
"""As many the library multiplies over."""


def matmul(x: Array, y: Array, bias: Array | None = None) -> Array | None:
    """x (..., m, k) y (..., k, n) + bias (n,) -> (..., m, n); None where oneDNN does not serve, or is slower."""
    if x.ndim == 2 == y.ndim and x.size * y.shape[1] < FEW:
        return None
    return product(x, y, bias)


def product(x: Array, y: Array, bias: Array | None = None) -> Array | None:
    """The same for matrices of any size; None where oneDNN does not serve.

    >>> product(np.ones((1, 2), np.float32), np.ones((3, 2), np.float32)) is None
    True
    """
    if x.ndim < 2 or y.ndim < 2 or not fits(x, y, bias):
        return None
    if x.ndim > 2 or y.ndim > 2 or not (x.flags.forc and y.flags.forc):
        x, y = _matrices(x, max(x.ndim, y.ndim)), _matrices(y, max(x.ndim, y.ndim))
    shape = None if bias is None else bias.shape
    ready = plan(("matmul", x.shape, x.strides, y.shape, y.strides, shape), _make, x, y, shape)
    if ready is None:
        return None
    run, result = ready
    z: Array = result()
    if bias is None:
        run(x, y, z)
    else:
        run(x, y, np.ascontiguousarray(bias), z)
    return z


def _matrices(x: Array, ndim: int) -> Array:
    """x with axes of length 1 in front, and each matrix a run of rows or of columns; a copy where it is not."""
    x = x.reshape((1,) * (ndim - x.ndim) + x.shape) if x.ndim < ndim else x
    *outer, across, along = x.strides
    m, n = x.shape[-2:]
    size = x.itemsize
    by_rows = (along == size or n == 1) and across >= n * size
    by_columns = (across == size or m == 1) and along >= m * size
    plain = all(step >= across * m and step >= along * n for step in outer)
    return x if plain and (by_rows or by_columns) and _whole(x) else np.ascontiguousarray(x)


def _whole(x: Array) -> bool:
    """Whether all strides are whole elements."""
    return all(step % x.itemsize == 0 for step in x.strides)


def _make(x: Array, y: Array, bias: Shape | None) -> tuple[Plan, Callable[[], Array]]:
    """The plan, and what makes the array of its result."""
    m, n = x.shape[-2], y.shape[-1]
    if x.ndim > _AXES or x.shape[-1] != y.shape[-2] or bias not in (None, (n,)):
        raise Unserved(f"matmul: x is {x.shape}, y {y.shape}, bias {bias}")
    shape = (*[max(a, b) for a, b in zip(x.shape[:-2], y.shape[:-2], strict=True)], m, n)
    one, other, result = _described(x), _described(y), describe(shape)
    row = None if bias is None else describe((*(1,) * (len(shape) - 1), n))
    made = described("matmul", one, other, row, result, attributes())
    places = [(header.SRC, one), (header.WEIGHTS, other), (header.BIAS, row), (header.DST, result)]
    return Plan(made, [place for place in places if place[1] is not None]), partial(np.empty, shape, FLOAT)


def _described(x: Array) -> Any:
    return describe(x.shape, [step // x.itemsize for step in x.strides])
