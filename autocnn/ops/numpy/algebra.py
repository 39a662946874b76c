"""NumPy's linear algebra on Tensors, what there is of it: products, traces and norms."""

from __future__ import annotations

from typing import Any

import numpy as np

from autocnn.engine import Tensor
from autocnn.errors import ArgumentError, ShapeError
from autocnn.ops import elementwise as e
from autocnn.ops import linalg, reduce
from autocnn.ops import shape as s
from autocnn.ops.indexing import getitem
from autocnn.ops.numpy.table import FUNCTIONS, common, inexact, real_axes, stands_for, tensor_of
from autocnn.ops.numpy.values import arrays


@stands_for(np.linalg.matmul)
def _matmul(x1: Any, x2: Any, /) -> Any:
    return np.matmul(tensor_of(x1), x2)


@stands_for(np.linalg.outer)
def _outer(x1: Any, x2: Any, /) -> Tensor:
    x, y = arrays(x1, x2)
    if x.ndim != 1 or y.ndim != 1:
        raise ShapeError(f"numpy.linalg.outer: shapes are {x.shape} and {y.shape}; must have one axis")
    return linalg.outer(x, y)


@stands_for(np.linalg.tensordot)
def _tensordot(x1: Any, x2: Any, /, *, axes: Any = 2) -> Tensor:
    return FUNCTIONS[np.tensordot](x1, x2, axes)


@stands_for(np.linalg.trace)
def _trace(x: Any, /, *, offset: int = 0, dtype: Any = None) -> Tensor:
    return FUNCTIONS[np.trace](x, offset, -2, -1, dtype)


@stands_for(np.linalg.diagonal)
def _diagonal(x: Any, /, *, offset: int = 0) -> Tensor:
    return FUNCTIONS[np.diagonal](x, offset, -2, -1)


@stands_for(np.linalg.matrix_transpose)
def _matrix_transpose(x: Any, /) -> Tensor:
    return FUNCTIONS[np.matrix_transpose](x)


@stands_for(np.linalg.vecdot)
def _vecdot(x1: Any, x2: Any, /, *, axis: int = -1) -> Tensor:
    x, y = (s.movedim(t, axis, -1) for t in arrays(x1, x2))
    return np.vecdot(x, y)


@stands_for(np.linalg.matrix_norm)
def _matrix_norm(x: Any, /, *, keepdims: bool = False, ord: Any = "fro") -> Tensor:
    return FUNCTIONS[np.linalg.norm](x, ord, (-2, -1), keepdims)


@stands_for(np.linalg.multi_dot)
def _multi_dot(arrays: Any, *, out: None = None) -> Tensor:
    first, *rest = common(*map(tensor_of, arrays))
    for x in rest:
        first = FUNCTIONS[np.dot](first, x)
    return first


@stands_for(np.linalg.matrix_power)
def _matrix_power(a: Any, n: int) -> Tensor:
    x = tensor_of(a)
    if n < 1 or x.ndim < 2 or x.shape[-1] != x.shape[-2]:
        raise ArgumentError(
            f"numpy.linalg.matrix_power: n is {n}, a {x.shape}; needs a square, and n of 1 or more"
        )
    power = None
    while n:
        if n % 2:
            power = x if power is None else linalg.matmul(power, x)
        n //= 2
        x = linalg.matmul(x, x) if n else x
    assert power is not None  # n was 1 or more
    return power


@stands_for(np.linalg.cross)
def _cross_along(x1: Any, x2: Any, /, *, axis: int = -1) -> Tensor:
    return _cross(x1, x2, axis=axis)


@stands_for(np.cross)
def _cross(a: Any, b: Any, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: int | None = None) -> Tensor:
    if axis is not None:
        axisa = axisb = axisc = axis
    x, y = arrays(a, b)
    x, y = s.movedim(x, axisa, -1), s.movedim(y, axisb, -1)
    if x.shape[-1:] != (3,) or y.shape[-1:] != (3,):
        raise ShapeError(f"numpy.cross: shapes are {x.shape} and {y.shape}; must have 3 elements along the axis")
    (x1, y1), (x2, y2) = ([getitem(t, (..., turn)) for t in (x, y)] for turn in ([1, 2, 0], [2, 0, 1]))
    return s.movedim(e.sub(e.mul(x1, y2), e.mul(x2, y1)), -1, axisc)


@stands_for(np.kron)
def _kron(a: Any, b: Any) -> Tensor:
    x, y = arrays(a, b)
    ndim = max(x.ndim, y.ndim)
    first, second = ((1,) * (ndim - t.ndim) + t.shape for t in (x, y))
    wide = e.mul(
        s.reshape(x, [n for m in first for n in (m, 1)]), s.reshape(y, [n for m in second for n in (1, m)])
    )
    return s.reshape(wide, [m * n for m, n in zip(first, second, strict=True)])


@stands_for(np.convolve)
def _convolve(a: Any, v: Any, mode: str = "full") -> Tensor:
    x, w = (s.ravel(t) for t in arrays(a, v))
    return _slid("numpy.convolve", x, w, mode)


@stands_for(np.correlate)
def _correlate(a: Any, v: Any, mode: str = "valid") -> Tensor:
    x, w = (s.ravel(t) for t in arrays(a, v))
    if x.shape[0] < w.shape[0]:  # NumPy exchanges them, and so runs backwards
        return s.flip(_slid("numpy.correlate", w, s.flip(x, (0,)), mode), (0,))
    return _slid("numpy.correlate", x, s.flip(w, (0,)), mode)


def _slid(op: str, x: Tensor, w: Tensor, mode: str) -> Tensor:
    """The sums of products as w, turned round, slides along x."""
    x, w = (w, x) if x.shape[0] < w.shape[0] else (x, w)
    n, m = x.shape[0], w.shape[0]
    lengths = {"full": (0, n + m - 1), "same": ((m - 1) // 2, n), "valid": (m - 1, n - m + 1)}
    if mode not in lengths or not m:
        raise ArgumentError(
            f"{op}: mode is {mode!r}, lengths {n} and {m}; must be 'full', 'same' or 'valid', not 0"
        )
    start, length = lengths[mode]
    padded = FUNCTIONS[np.pad](x, m - 1)
    windows = getitem(padded, np.arange(start, start + length)[:, None] + np.arange(m))
    return linalg.matmul(windows, s.flip(w, (0,)))


@stands_for(np.gradient)
def _gradient(f: Any, *varargs: Any, axis: Any = None, edge_order: int = 1) -> Any:
    x = inexact(tensor_of(f))
    axes = real_axes("numpy.gradient", axis, x.ndim)
    steps = list(varargs) or [1.0]
    steps = steps * len(axes) if len(steps) == 1 else steps
    if edge_order != 1 or len(steps) != len(axes) or any(np.ndim(h) for h in steps):
        raise ArgumentError(f"numpy.gradient: edge_order is {edge_order}, steps {steps}; must be 1, and numbers")
    slopes = tuple([_slope(x, h, at) for h, at in zip(steps, axes, strict=True)])
    return slopes[0] if len(axes) == 1 else slopes


def _slope(x: Tensor, step: Any, axis: int) -> Tensor:
    n = x.shape[axis]
    if n < 2:
        raise ShapeError(f"numpy.gradient: f is {x.shape}; needs 2 elements or more along axis {axis}")
    inner = np.divide(e.sub(s.narrow(x, axis, 2, n - 2), s.narrow(x, axis, 0, n - 2)), 2.0 * step)
    ends = [np.divide(e.sub(s.narrow(x, axis, i + 1, 1), s.narrow(x, axis, i, 1)), step) for i in (0, n - 2)]
    return s.cat([ends[0], inner, ends[1]], axis)


@stands_for(np.trapezoid)
def _trapezoid(y: Any, x: Any = None, dx: float = 1.0, axis: int = -1) -> Tensor:
    z = tensor_of(y)
    at = real_axes("numpy.trapezoid", axis, z.ndim)[0]
    count = max(z.shape[at] - 1, 0)
    steps: Any = dx
    if x is not None:
        places = tensor_of(x)
        steps = FUNCTIONS[np.diff](places, axis=0 if places.ndim == 1 else at)
        steps = s.reshape(steps, [-1 if i == at else 1 for i in range(z.ndim)]) if places.ndim == 1 else steps
    pairs = e.add(s.narrow(z, at, z.shape[at] - count, count), s.narrow(z, at, 0, count))
    return inexact(reduce.sum(np.divide(np.multiply(steps, pairs), 2.0), at))
