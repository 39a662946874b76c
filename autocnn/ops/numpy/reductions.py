"""NumPy's reductions on Tensors."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any, TypeVar, cast

import numpy as np

from autocnn.engine import Tensor
from autocnn.errors import ArgumentError, DTypeError, OperandError, ShapeError
from autocnn.ops import elementwise as e
from autocnn.ops import reduce, shape
from autocnn.ops.axes import as_int, many_axes, one_axis
from autocnn.ops.broadcast import broadcast_to
from autocnn.ops.numpy.table import FUNCTIONS, axes_tuple, in_dtype, inexact, real_axes, stands_for, tensor_of

F = TypeVar("F", bound=Callable[..., Any])
Axis = int | tuple[int, ...] | None


def over_no_axes(function: F) -> F:
    """Let a reduction take `axis=()`: each element by itself, where PyTorch would reduce all."""
    signature = inspect.signature(function)

    @functools.wraps(function)
    def reduced(*args: Any, **kwargs: Any) -> Any:
        given = signature.bind(*args, **kwargs).arguments
        if not isinstance(given.get("axis"), (tuple, list)) or len(given["axis"]):
            return function(*args, **kwargs)
        first = next(iter(given))
        x = tensor_of(given[first])
        for name in {first, "where", "weights"} & set(given):
            if given[name] is not None and given[name] is not True:
                given[name] = shape.unsqueeze(broadcast_to(tensor_of(given[name]), x.shape), -1)
        rest = {name: value for name, value in given.items() if name != first}
        return function(given[first], **{**rest, "axis": -1, "keepdims": False})

    return cast(F, reduced)


def _kept(x: Tensor, where: Any, fill: Any) -> Tensor:
    """x, with what is not to be counted replaced by what makes no difference."""
    return x if where is None or where is True else e.where(_mask(where), x, fill)


def _mask(where: Any) -> Tensor:
    test = tensor_of(where)
    return test if test.dtype.kind == "b" else e.ne(test, 0)


@stands_for(np.sum)
@over_no_axes
def _sum(
    a: Any, axis: Axis = None, dtype: Any = None, out: None = None, keepdims: bool = False,
    initial: Any = None, where: Any = True,
) -> Tensor:  # fmt: skip
    x = in_dtype(tensor_of(a), dtype)
    kind = dtype or _whole_sum(x)
    x = _kept(x, where, 0)
    total = in_dtype(reduce.sum(x, axis, keepdims), kind)
    return total if initial is None else e.add(total, in_dtype(tensor_of(initial), kind))


@stands_for(np.prod)
@over_no_axes
def _prod(
    a: Any, axis: Axis = None, dtype: Any = None, out: None = None, keepdims: bool = False,
    initial: Any = None, where: Any = True,
) -> Tensor:  # fmt: skip
    x = in_dtype(tensor_of(a), dtype)
    kind = dtype or _whole_sum(x)
    result = in_dtype(_kept(x, where, 1), kind)
    for i in sorted(many_axes("numpy.prod", axes_tuple(axis, x.ndim), x.ndim, "axis"), reverse=True):
        result = reduce.prod(result, i, keepdims)
    result = in_dtype(result, kind)
    return result if initial is None else e.mul(result, in_dtype(tensor_of(initial), kind))


def _whole_sum(x: Tensor) -> Any:
    """The dtype of a sum: narrow integers widen, as in NumPy."""
    return np.sum(np.empty(0, x.dtype)).dtype


@stands_for(np.mean)
@over_no_axes
def _mean(
    a: Any, axis: Axis = None, dtype: Any = None, out: None = None, keepdims: bool = False, *, where: Any = True
) -> Tensor:
    x = inexact(in_dtype(tensor_of(a), dtype))
    axes = real_axes("numpy.mean", axis, x.ndim)
    if where is True:
        return in_dtype(reduce.mean(x, axes, keepdims), dtype)
    count = _count(where, x, axes, keepdims)
    return in_dtype(e.div(reduce.sum(_kept(x, where, 0), axes, keepdims), count), dtype)


def _count(where: Any, x: Tensor, axes: tuple[int, ...], keepdims: bool) -> Tensor:
    """How many elements of x count, as x's dtype."""
    return in_dtype(reduce.sum(broadcast_to(_mask(where), x.shape), axes, keepdims), x.dtype)


def _spread_of(op: str, a: Any, axis: Axis, dtype: Any, ddof: float, keepdims: bool, where: Any) -> Tensor:
    """The variance, or its root, as NumPy counts: divided by n - ddof."""
    if dtype is not None and np.dtype(dtype).kind != "f":
        raise DTypeError(f"{op}: dtype is {np.dtype(dtype)}; must be floating point")
    x = inexact(in_dtype(tensor_of(a), dtype))
    axes = real_axes(op, axis, x.ndim)
    root = op == "numpy.std"
    if where is True:
        return (reduce.std if root else reduce.var)(x, axes, correction=ddof, keepdim=keepdims)
    away = _kept(e.sub(x, _mean(x, axes, keepdims=True, where=where)), where, 0)
    degrees = e.clamp(e.sub(_count(where, x, axes, keepdims), ddof), 0)
    if root:
        return e.div(reduce.vector_norm(away, 2, axes, keepdims), e.sqrt(degrees))
    return e.div(reduce.sum(e.square(away), axes, keepdims), degrees)


@stands_for(np.var)
@over_no_axes
def _var(
    a: Any, axis: Axis = None, dtype: Any = None, out: None = None, ddof: float = 0, keepdims: bool = False,
    *, where: Any = True, correction: float | None = None,
) -> Tensor:  # fmt: skip
    return _spread_of("numpy.var", a, axis, dtype, ddof if correction is None else correction, keepdims, where)


@stands_for(np.std)
@over_no_axes
def _std(
    a: Any, axis: Axis = None, dtype: Any = None, out: None = None, ddof: float = 0, keepdims: bool = False,
    *, where: Any = True, correction: float | None = None,
) -> Tensor:  # fmt: skip
    return _spread_of("numpy.std", a, axis, dtype, ddof if correction is None else correction, keepdims, where)


@stands_for(np.max, np.amax)
@over_no_axes
def _max(
    a: Any, axis: Axis = None, out: None = None, keepdims: bool = False, initial: Any = None, where: Any = True
) -> Tensor:
    return _extreme("numpy.max", a, axis, keepdims, initial, where)


@stands_for(np.min, np.amin)
@over_no_axes
def _min(
    a: Any, axis: Axis = None, out: None = None, keepdims: bool = False, initial: Any = None, where: Any = True
) -> Tensor:
    return _extreme("numpy.min", a, axis, keepdims, initial, where)


def _extreme(op: str, a: Any, axis: Axis, keepdims: bool, initial: Any, where: Any) -> Tensor:
    x = tensor_of(a)
    axes = axes_tuple(axis, x.ndim)
    greatest = op == "numpy.max"
    if where is not True:
        if initial is None:
            raise ArgumentError(f"{op}: where is given without initial; what is the {op[6:]} of nothing?")
        x = _kept(x, where, _end(x.dtype, lowest=greatest))
    if initial is None:
        return (reduce.amax if greatest else reduce.amin)(x, axes or None, keepdims)
    start = in_dtype(tensor_of(initial), x.dtype)
    if not x.array.size:
        return (
            e.logical_or(reduce.any(x, axes, keepdims), start)
            if x.dtype.kind == "b"
            else e.add(in_dtype(reduce.sum(x, axes, keepdims), x.dtype), start)
        )  # of nothing: the start
    found = (reduce.amax if greatest else reduce.amin)(x, axes, keepdims)
    return (e.maximum if greatest else e.minimum)(found, start)


def _end(dtype: Any, lowest: bool) -> Any:
    """The least, or greatest, number of a dtype."""
    if dtype.kind == "b":
        return not lowest
    if dtype.kind == "f":
        return -np.inf if lowest else np.inf
    return int(np.iinfo(dtype).min if lowest else np.iinfo(dtype).max)


@stands_for(np.ptp)
@over_no_axes
def _ptp(a: Any, axis: Axis = None, out: None = None, keepdims: bool = False) -> Tensor:
    return e.sub(_max(a, axis, None, keepdims), _min(a, axis, None, keepdims))


@stands_for(np.argmax)
def _argmax(a: Any, axis: int | None = None, out: None = None, keepdims: bool = False) -> Tensor:
    return reduce.argmax(tensor_of(a), axis, keepdims)


@stands_for(np.argmin)
def _argmin(a: Any, axis: int | None = None, out: None = None, keepdims: bool = False) -> Tensor:
    return reduce.argmin(tensor_of(a), axis, keepdims)


@stands_for(np.all)
@over_no_axes
def _all(a: Any, axis: Axis = None, out: None = None, keepdims: bool = False, *, where: Any = True) -> Tensor:
    return in_dtype(reduce.all(_kept(_mask(a), where, True), axis, keepdims), bool)


@stands_for(np.any)
@over_no_axes
def _any(a: Any, axis: Axis = None, out: None = None, keepdims: bool = False, *, where: Any = True) -> Tensor:
    return in_dtype(reduce.any(_kept(_mask(a), where, False), axis, keepdims), bool)


@stands_for(np.count_nonzero)
def _count_nonzero(a: Any, axis: Axis = None, *, keepdims: bool = False) -> Tensor:
    return _sum(e.ne(tensor_of(a), 0), axis, keepdims=keepdims)


@stands_for(np.cumsum)
def _cumsum(a: Any, axis: int | None = None, dtype: Any = None, out: None = None) -> Tensor:
    x = in_dtype(tensor_of(a), dtype)
    x, along = (shape.ravel(x), 0) if axis is None or not x.ndim else (x, axis)
    return in_dtype(reduce.cumsum(x, along), dtype or _whole_sum(x))


@stands_for(np.average)
@over_no_axes
def _average(
    a: Any, axis: Axis = None, weights: Any = None, returned: bool = False, *, keepdims: bool = False
) -> Any:
    x = inexact(tensor_of(a))
    if weights is None and not returned:
        return _mean(x, axis, keepdims=keepdims)
    weights = np.ones(x.shape, x.dtype) if weights is None else weights
    w = inexact(tensor_of(weights))
    if w.shape != x.shape:
        if not isinstance(axis, int) or w.shape != (x.shape[axis],):
            raise ShapeError(f"numpy.average: weights is {w.shape}, a {x.shape}; must be alike, or along axis")
        at = one_axis("numpy.average", axis, x.ndim, "axis")
        w = shape.reshape(w, [-1 if i == at else 1 for i in range(x.ndim)])
    total = _sum(shape.expand(w, x.shape), axis, keepdims=keepdims)
    found = np.divide(_sum(np.multiply(x, w), axis, keepdims=keepdims), total)
    return (found, total) if returned else found


@stands_for(np.diff)
def _diff(a: Any, n: int = 1, axis: int = -1, prepend: Any = None, append: Any = None) -> Tensor:
    x = tensor_of(a)
    if as_int("numpy.diff", "n", n) <= 0:
        if n:
            raise ArgumentError(f"numpy.diff: n is {n}; must not be negative")
        return x
    at = real_axes("numpy.diff", as_int("numpy.diff", "axis", axis), x.ndim)[0]
    ends = [None if y is None else _slice(tensor_of(y), x, at) for y in (prepend, append)]
    x = FUNCTIONS[np.concatenate]([y for y in (ends[0], x, ends[1]) if y is not None], at)
    for _ in range(n):
        count = max(x.shape[at] - 1, 0)
        later, earlier = shape.narrow(x, at, x.shape[at] - count, count), shape.narrow(x, at, 0, count)
        x = e.ne(later, earlier) if x.dtype.kind == "b" else e.sub(later, earlier)
    return x


def _slice(y: Tensor, x: Tensor, axis: int) -> Tensor:
    """A number as one slice of x."""
    return y if y.ndim else broadcast_to(y, tuple([1 if i == axis else n for i, n in enumerate(x.shape)]))


@stands_for(np.linalg.norm)
def _norm(x: Any, ord: Any = None, axis: Axis = None, keepdims: bool = False) -> Tensor:
    a = inexact(tensor_of(x))
    if axis is None and (ord is None or (ord in ("fro", 2) and a.ndim == 1) or (ord == "fro" and a.ndim == 2)):
        flat = reduce.vector_norm(shape.ravel(a), 2)
        return shape.reshape(flat, [1] * a.ndim) if keepdims else flat
    axes = real_axes("numpy.linalg.norm", axis, a.ndim)
    if len(axes) == 1 and not isinstance(ord, str):
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
@over_no_axes
def _vector_norm(x: Any, /, *, axis: Axis = None, keepdims: bool = False, ord: Any = 2) -> Tensor:
    a = inexact(tensor_of(x))
    if axis is None and not keepdims:
        a = shape.ravel(a)
    ord = 1 if ord == np.inf and not a.array.size else ord  # of nothing: 0
    return reduce.vector_norm(a, ord, real_axes("numpy.linalg.vector_norm", axis, a.ndim), keepdims)


def only(op: str, argument: str, value: Any, allowed: tuple[Any, ...]) -> None:
    """Raise ArgumentError for a value that does not work on tensors."""
    if value not in allowed:
        raise ArgumentError(f"{op}: {argument} is {value!r}; must be {' or '.join(map(repr, allowed))}")
