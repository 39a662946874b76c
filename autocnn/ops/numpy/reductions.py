"""NumPy's reductions on Tensors."""

from __future__ import annotations

from typing import Any

import numpy as np

from autocnn.engine import Tensor
from autocnn.errors import ArgumentError, OperandError, ShapeError
from autocnn.ops import elementwise as e
from autocnn.ops import reduce, shape
from autocnn.ops.axes import many_axes, one_axis
from autocnn.ops.numpy.table import axes_tuple, in_dtype, inexact, real_axes, stands_for, tensor_of

Axis = int | tuple[int, ...] | None


@stands_for(np.sum)
def _sum(a: Any, axis: Axis = None, dtype: Any = None, out: None = None, keepdims: bool = False) -> Tensor:
    x = in_dtype(tensor_of(a), dtype)
    if axis == ():
        return in_dtype(x, dtype or _whole_sum(x))
    return in_dtype(reduce.sum(x, axis, keepdims), dtype or _whole_sum(x))


@stands_for(np.prod)
def _prod(a: Any, axis: Axis = None, dtype: Any = None, out: None = None, keepdims: bool = False) -> Tensor:
    x = in_dtype(tensor_of(a), dtype)
    result = in_dtype(x, dtype or _whole_sum(x))
    for i in sorted(many_axes("prod", axes_tuple(axis, x.ndim), x.ndim), reverse=True):
        result = reduce.prod(result, i, keepdims)
    return in_dtype(result, dtype or _whole_sum(x))


def _whole_sum(x: Tensor) -> Any:
    """The dtype of a sum: narrow integers widen, as in NumPy."""
    return np.sum(np.empty(0, x.dtype)).dtype


@stands_for(np.mean)
def _mean(a: Any, axis: Axis = None, dtype: Any = None, out: None = None, keepdims: bool = False) -> Tensor:
    x = inexact(in_dtype(tensor_of(a), dtype))
    return reduce.mean(x, real_axes("numpy.mean", axis, x.ndim), keepdims)


@stands_for(np.var)
def _var(
    a: Any, axis: Axis = None, dtype: Any = None, out: None = None, ddof: float = 0, keepdims: bool = False,
    *, correction: float | None = None,
) -> Tensor:  # fmt: skip
    x = inexact(in_dtype(tensor_of(a), dtype))
    axes = real_axes("numpy.var", axis, x.ndim)
    return reduce.var(x, axes, correction=ddof if correction is None else correction, keepdim=keepdims)


@stands_for(np.std)
def _std(
    a: Any, axis: Axis = None, dtype: Any = None, out: None = None, ddof: float = 0, keepdims: bool = False,
    *, correction: float | None = None,
) -> Tensor:  # fmt: skip
    x = inexact(in_dtype(tensor_of(a), dtype))
    axes = real_axes("numpy.std", axis, x.ndim)
    return reduce.std(x, axes, correction=ddof if correction is None else correction, keepdim=keepdims)


@stands_for(np.max, np.amax)
def _max(a: Any, axis: Axis = None, out: None = None, keepdims: bool = False) -> Tensor:
    x = tensor_of(a)
    return reduce.amax(x, axes_tuple(axis, x.ndim), keepdims)


@stands_for(np.min, np.amin)
def _min(a: Any, axis: Axis = None, out: None = None, keepdims: bool = False) -> Tensor:
    x = tensor_of(a)
    return reduce.amin(x, axes_tuple(axis, x.ndim), keepdims)


@stands_for(np.ptp)
def _ptp(a: Any, axis: Axis = None, out: None = None, keepdims: bool = False) -> Tensor:
    return e.sub(_max(a, axis, None, keepdims), _min(a, axis, None, keepdims))


@stands_for(np.argmax)
def _argmax(a: Any, axis: int | None = None, out: None = None, keepdims: bool = False) -> Tensor:
    return reduce.argmax(tensor_of(a), axis, keepdims)


@stands_for(np.argmin)
def _argmin(a: Any, axis: int | None = None, out: None = None, keepdims: bool = False) -> Tensor:
    return reduce.argmin(tensor_of(a), axis, keepdims)


@stands_for(np.all)
def _all(a: Any, axis: Axis = None, out: None = None, keepdims: bool = False) -> Tensor:
    return in_dtype(reduce.all(tensor_of(a), axis, keepdims), bool)


@stands_for(np.any)
def _any(a: Any, axis: Axis = None, out: None = None, keepdims: bool = False) -> Tensor:
    return in_dtype(reduce.any(tensor_of(a), axis, keepdims), bool)


@stands_for(np.count_nonzero)
def _count_nonzero(a: Any, axis: Axis = None, *, keepdims: bool = False) -> Tensor:
    return _sum(e.ne(tensor_of(a), 0), axis, keepdims=keepdims)


@stands_for(np.cumsum)
def _cumsum(a: Any, axis: int | None = None, dtype: Any = None, out: None = None) -> Tensor:
    x = in_dtype(tensor_of(a), dtype)
    x, along = (shape.ravel(x), 0) if axis is None or not x.ndim else (x, axis)
    return in_dtype(reduce.cumsum(x, along), dtype or _whole_sum(x))


@stands_for(np.average)
def _average(a: Any, axis: Axis = None, weights: Any = None, *, keepdims: bool = False) -> Tensor:
    x = inexact(tensor_of(a))
    if weights is None:
        return _mean(x, axis, keepdims=keepdims)
    w = inexact(tensor_of(weights))
    if w.shape != x.shape:
        if not isinstance(axis, int) or w.shape != (x.shape[axis],):
            raise ShapeError(f"numpy.average: weights is {w.shape}, a {x.shape}; must be alike, or along axis")
        at = one_axis("numpy.average", axis, x.ndim, "axis")
        w = shape.reshape(w, [-1 if i == at else 1 for i in range(x.ndim)])
    total = _sum(shape.expand(w, x.shape), axis, keepdims=keepdims)
    return e.div(_sum(e.mul(x, w), axis, keepdims=keepdims), total)


@stands_for(np.diff)
def _diff(a: Any, n: int = 1, axis: int = -1) -> Tensor:
    x = tensor_of(a)
    at = one_axis("numpy.diff", axis, x.ndim, "axis")
    for _ in range(n):
        count = max(x.shape[at] - 1, 0)
        later, earlier = shape.narrow(x, at, x.shape[at] - count, count), shape.narrow(x, at, 0, count)
        x = e.ne(later, earlier) if x.dtype.kind == "b" else e.sub(later, earlier)
    return x


@stands_for(np.linalg.norm)
def _norm(x: Any, ord: Any = None, axis: Axis = None, keepdims: bool = False) -> Tensor:
    a = inexact(tensor_of(x))
    if axis is None and (ord is None or (ord in ("fro", 2) and a.ndim == 1) or (ord == "fro" and a.ndim == 2)):
        flat = reduce.vector_norm(shape.ravel(a), 2)
        return shape.reshape(flat, [1] * a.ndim) if keepdims else flat
    axes = real_axes("numpy.linalg.norm", axis, a.ndim)
    if len(axes) == 1:
        return _along(a, 2 if ord is None else ord, axes, keepdims)
    if len(axes) == 2 and ord in (None, "fro"):
        return reduce.vector_norm(a, 2, axes, keepdims)
    if len(axes) == 2 and ord in (1, -1, np.inf, -np.inf):
        return _matrix_norm(a, ord, axes, keepdims)
    raise OperandError(f"numpy.linalg.norm: ord is {ord!r} over {len(axes)} axes; does not work on tensors")


def _along(a: Tensor, ord: float, axes: tuple[int, ...], keepdims: bool) -> Tensor:
    """The norm of vectors; of empty ones 0, where it is no smallest element."""
    empty = ord == np.inf and not a.shape[axes[0]]
    return reduce.vector_norm(a, 1 if empty else ord, axes, keepdims)


def _matrix_norm(a: Tensor, ord: float, axes: tuple[int, ...], keepdims: bool) -> Tensor:
    """The largest, or smallest, sum of absolute values of a column (1) or a row (inf)."""
    over, among = axes if abs(ord) == 1 else axes[::-1]
    sums = reduce.sum(e.abs(a), over, True)
    if not sums.shape[among] and ord > 0:
        return reduce.sum(sums, axes, keepdims)  # of nothing: 0
    result = (reduce.amax if ord > 0 else reduce.amin)(sums, among, True)
    return result if keepdims else shape.squeeze(result, axes)


@stands_for(np.linalg.vector_norm)
def _vector_norm(x: Any, /, *, axis: Axis = None, keepdims: bool = False, ord: Any = 2) -> Tensor:
    a = inexact(tensor_of(x))
    if axis is None and not keepdims:
        a = shape.ravel(a)
    return reduce.vector_norm(a, ord, real_axes("numpy.linalg.vector_norm", axis, a.ndim), keepdims)


def only(op: str, argument: str, value: Any, allowed: tuple[Any, ...]) -> None:
    """Raise ArgumentError for a value that does not work on tensors."""
    if value not in allowed:
        raise ArgumentError(f"{op}: {argument} is {value!r}; must be {' or '.join(map(repr, allowed))}")
