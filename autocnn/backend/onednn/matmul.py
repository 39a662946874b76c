"""Matrix products, batched and broadcast as NumPy's, with a bias and a ReLU behind on request."""

from __future__ import annotations

from typing import Any

import numpy as np

from autocnn.backend.onednn import header
from autocnn.backend.onednn.execute import Plan, attributes, described, plan
from autocnn.backend.onednn.memory import describe, fits
from autocnn.types import Array, Shape


def applies(x: Array, y: Array) -> bool:
    """Whether oneDNN may multiply x by y: float32 matrices, or stacks of them, whose sizes agree.

    >>> x = np.ones((2, 3), np.float32)
    >>> applies(x, x.T), applies(x, x)
    (True, False)
    """
    return x.ndim >= 2 and y.ndim >= 2 and x.ndim <= 6 >= y.ndim and x.shape[-1] == y.shape[-2] and fits(x, y)


def matmul(x: Array, y: Array, bias: Array | None = None, *, relu: bool = False) -> Array | None:
    """x (..., m, k) y (..., k, n) + bias (n,) -> (..., m, n); None where oneDNN does not serve."""
    if not applies(x, y) or not fits(bias) or (bias is not None and bias.shape != y.shape[-1:]):
        return None
    if x.ndim > 2 or y.ndim > 2 or not (x.flags.forc and y.flags.forc):
        x, y = _matrices(x, max(x.ndim, y.ndim)), _matrices(y, max(x.ndim, y.ndim))
    key = ("matmul", x.shape, x.strides, y.shape, y.strides, bias is None, relu)
    ready = plan(key, _make, x, y, bias is not None, relu)
    if ready is None:
        return None
    z = np.empty((*_batch(x, y), x.shape[-2], y.shape[-1]), x.dtype)
    if bias is None:
        ready(x, y, z)
    else:
        ready(x, y, np.ascontiguousarray(bias), z)
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


def _batch(x: Array, y: Array) -> Shape:
    """The axes in front of the matrices, broadcast."""
    return tuple([max(a, b) for a, b in zip(x.shape[:-2], y.shape[:-2], strict=True)])


def _make(x: Array, y: Array, with_bias: bool, relu: bool) -> Plan:
    one, other = _described(x), _described(y)
    shape = (*_batch(x, y), x.shape[-2], y.shape[-1])
    result = describe(shape)
    bias = describe((*(1,) * (len(shape) - 1), shape[-1])) if with_bias else None
    made = described("matmul", one, other, bias, result, attributes(relu))
    places: list[tuple[int, Any]] = [(header.SRC, one), (header.WEIGHTS, other), (header.DST, result)]
    if with_bias:
        places.insert(2, (header.BIAS, bias))
    return Plan(made, places)


def _described(x: Array) -> Any:
    return describe(x.shape, [step // x.itemsize for step in x.strides])
