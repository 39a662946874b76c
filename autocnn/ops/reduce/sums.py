"""Sums, means, products and running sums."""

from __future__ import annotations

from typing import Any

import numpy as np

from autocnn.backend import kernels
from autocnn.engine import Tensor, as_tensor, method, primitive
from autocnn.errors import DTypeError
from autocnn.ops.axes import one_axis
from autocnn.ops.dtypes import as_dtype
from autocnn.ops.elementwise.arithmetic import _div, _mul
from autocnn.ops.elementwise.casts import cast, quiet
from autocnn.ops.elementwise.comparison import _isnan
from autocnn.ops.elementwise.selection import _where
from autocnn.ops.precision import adding
from autocnn.ops.reduce.axes import axes_of, count_of, numpy_names, reduced
from autocnn.ops.shape.views import reshape
from autocnn.types import Array, Axes, Shape


@method("sum")
@numpy_names
def sum(input: Any, dim: Axes = None, keepdim: bool = False, *, dtype: Any = None) -> Tensor:
    """The sum over axes, all by default; integers and bools are summed as int64.

    >>> sum(Tensor([[1.0, 2.0], [3.0, 4.0]]), dim=0).tolist()
    [4.0, 6.0]
    """
    input = _typed("sum", input, dtype)
    return _kept(_sum(input, axes=axes_of("sum", dim, input.shape), keepdims=bool(keepdim)), input, dtype)


def _typed(name: str, x: Any, dtype: Any) -> Tensor:
    return as_tensor(x) if dtype is None else cast(x, as_dtype(name, dtype))


def _kept(z: Tensor, x: Tensor, dtype: Any) -> Tensor:
    """A sum of integers in the dtype that was asked for; it was added up as int64."""
    return z if dtype is None else cast(z, x.dtype)


@primitive()
@quiet
@adding
def _sum(xp: Any, x: Any, *, axes: Shape, keepdims: bool) -> Any:
    if x.dtype.kind == "f":
        return kernels.total(xp, x, axes, keepdims)
    return xp.sum(x, axis=axes, keepdims=keepdims, dtype="int64")


def _sum_dtype(x: Any) -> Any:
    return x.dtype if x.dtype.kind == "f" else "int64"


@primitive(view=True)
def _spread(xp: Any, x: Any, *, shape: Shape, axes: Shape) -> Any:
    """The adjoint of a sum: x repeated along the axes that were summed."""
    return xp.broadcast_to(x.reshape(reduced(shape, axes)), shape)


_sum.vjp(lambda g, z, x, axes, keepdims: _spread(g, shape=x.shape, axes=axes))
_spread.vjp(lambda g, z, x, shape, axes: _sum(g, axes=axes, keepdims=x.ndim == len(shape)))


@method("nansum")
@numpy_names
def nansum(input: Any, dim: Axes = None, keepdim: bool = False, *, dtype: Any = None) -> Tensor:
    """The sum over axes, every NaN counted as 0.

    >>> nansum(Tensor([1.0, float("nan")])).item()
    1.0
    """
    input = as_tensor(input)
    return sum(_where(_isnan(input), 0.0, input) if input.dtype.kind == "f" else input, dim, keepdim, dtype=dtype)


@method("mean")
@numpy_names
def mean(input: Any, dim: Axes = None, keepdim: bool = False, *, dtype: Any = None) -> Tensor:
    """The mean over axes, all by default; NaN over none.

    Raises DTypeError for integers, whose mean is no integer.

    >>> mean(Tensor([[1.0, 2.0], [3.0, 4.0]])).item()
    2.5
    """
    input = needs_float("mean", _typed("mean", input, dtype))
    return _mean(input, axes=axes_of("mean", dim, input.shape), keepdims=bool(keepdim))


def needs_float(name: str, x: Tensor) -> Tensor:
    """x itself; raises DTypeError where it is not of floating point."""
    if x.dtype.kind != "f":
        raise DTypeError(f"{name}: x is {x.dtype}; its {name} is no integer. Cast it to a float")
    return x


@primitive()
@quiet
@adding
def _mean(xp: Any, x: Any, *, axes: Shape, keepdims: bool) -> Any:
    return xp.divide(kernels.total(xp, x, axes, keepdims), count_of(x.shape, axes), dtype=x.dtype)


_mean.vjp(
    lambda g, z, x, axes, keepdims: _spread(_div(g, float(count_of(x.shape, axes))), shape=x.shape, axes=axes)
)


# Products ----------------------------------------------------------------------------------------------------


@method("prod")
@numpy_names
def prod(input: Any, dim: int | None = None, keepdim: bool = False, *, dtype: Any = None) -> Tensor:
    """The product over an axis, or of all elements. The derivative is right where elements are 0.

    >>> prod(Tensor([2.0, 3.0, 4.0])).item()
    24.0
    """
    input = _typed("prod", input, dtype)
    if dim is None or not input.shape:
        whole = _kept(_prod(reshape(input, (-1,)), axis=0, keepdims=False), input, dtype)
        return reshape(whole, (1,) * input.ndim) if keepdim else whole
    return _kept(_prod(input, axis=one_axis("prod", dim, input.ndim), keepdims=bool(keepdim)), input, dtype)


@primitive(saves=("x",))
@quiet
@adding
def _prod(xp: Any, x: Any, *, axis: int, keepdims: bool) -> Any:
    return xp.prod(x, axis=axis, keepdims=keepdims, dtype=_sum_dtype(x))


@primitive()
def _leave_one_out(xp: Any, x: Any, *, axis: int, fill: float) -> Any:
    """x once for each position along an axis, with `fill` at that position: shape (..., n, n, ...)."""
    return xp.where(_diagonal(xp, x.shape[axis], x.ndim - axis - 1), fill, xp.expand_dims(x, axis))


@primitive()
@adding
def _sum_left_out(xp: Any, x: Any, *, axis: int) -> Any:
    """The adjoint of `_leave_one_out`: the sum over all copies, without what was filled in."""
    return xp.sum(xp.where(_diagonal(xp, x.shape[axis], x.ndim - axis - 2), 0.0, x), axis=axis)


def _diagonal(xp: Any, n: int, behind: int) -> Any:
    return xp.eye(n, dtype=bool).reshape((n, n) + (1,) * behind)


@primitive(differentiable=False)
@quiet
@adding
def _prod_backward(xp: Any, g: Any, x: Any, *, axis: int) -> Any:
    """The cotangent g times the product of all other elements: of those that stand before, and behind."""
    first = (slice(None),) * axis
    ones = xp.ones_like(x[(*first, slice(0, 1))])
    before = xp.concatenate([ones, x[(*first, slice(None, -1))]], axis=axis)
    behind = xp.concatenate([ones, xp.flip(x, axis)[(*first, slice(None, -1))]], axis=axis)
    others = xp.cumprod(before, axis=axis) * xp.flip(xp.cumprod(behind, axis=axis), axis)
    return others * g.reshape(reduced(x.shape, (axis,)))


def _prod_rule(g: Any, z: Any, x: Any, axis: int, keepdims: bool) -> Any:
    others = _prod(_leave_one_out(x, axis=axis, fill=1.0), axis=axis + 1, keepdims=False)
    return _mul(_spread(g, shape=x.shape, axes=(axis,)), others)


_prod.vjp(_prod_rule)
_prod.fast(lambda g, z, x, need, axis, keepdims: (_prod_backward(g, x, axis=axis),))
_leave_one_out.vjp(lambda g, z, x, axis, fill: _sum_left_out(g, axis=axis))
_sum_left_out.vjp(lambda g, z, x, axis: _leave_one_out(g, axis=axis, fill=0.0))


# Running sums ------------------------------------------------------------------------------------------------


@method("cumsum")
@numpy_names
def cumsum(input: Any, dim: int, *, dtype: Any = None) -> Tensor:
    """The sums of all elements up to each one along an axis; integers and bools are summed as int64.

    >>> cumsum(Tensor([1.0, 2.0, 3.0]), dim=0).tolist()
    [1.0, 3.0, 6.0]
    """
    input = _typed("cumsum", input, dtype)
    return _kept(_cumsum(input, axis=one_axis("cumsum", dim, input.ndim), reverse=False), input, dtype)


@primitive()
@quiet
@adding
def _cumsum(xp: Any, x: Any, *, axis: int, reverse: bool) -> Any:
    if x.ndim == 0:
        return x.astype(_sum_dtype(x))
    if xp is np and x.dtype.kind == "f" and _in_rows(x, axis):
        return _row_by_row(x, axis, reverse)
    if reverse:
        return xp.flip(xp.cumsum(xp.flip(x, axis), axis=axis, dtype=_sum_dtype(x)), axis)
    return xp.cumsum(x, axis=axis, dtype=_sum_dtype(x))


_LONG = 256
"""Elements in a row from which rows are quickly added to one another."""


def _in_rows(x: Array, axis: int) -> bool:
    """Whether neighbours in memory lie in one row, and rows are long."""
    return 0 < x.shape[axis] * _LONG <= x.size and x.strides[axis] != x.itemsize


def _row_by_row(x: Array, axis: int, reverse: bool) -> Array:
    """Running sums of what lies in rows, so that many elements are added at once."""
    z = np.empty_like(x)
    step = -1 if reverse else 1
    rows, sums = np.moveaxis(x, axis, 0)[::step], np.moveaxis(z, axis, 0)[::step]
    sums[0] = rows[0]
    for i in range(1, len(rows)):
        np.add(sums[i - 1], rows[i], out=sums[i])
    return z


_cumsum.vjp(lambda g, z, x, axis, reverse: _cumsum(g, axis=axis, reverse=not reverse))
