"""Sums, means, and what is made of them."""

from __future__ import annotations

from typing import Any

from autocnn.engine import Tensor, as_tensor, method, primitive
from autocnn.errors import DTypeError
from autocnn.ops.dtypes import as_dtype
from autocnn.ops.elementwise.arithmetic import _div
from autocnn.ops.elementwise.casts import cast, quiet
from autocnn.ops.reduce.axes import axes_of, count_of, numpy_names, reduced
from autocnn.types import Axes, Shape


@method("sum")
@numpy_names
def sum(x: Any, dim: Axes = None, keepdim: bool = False, *, dtype: Any = None) -> Tensor:
    """The sum over axes, all by default; integers and bools are summed as int64.

    >>> sum(Tensor([[1.0, 2.0], [3.0, 4.0]]), dim=0).tolist()
    [4.0, 6.0]
    """
    x = as_tensor(x) if dtype is None else cast(x, as_dtype("sum", dtype))
    return _sum(x, axes=axes_of("sum", dim, x.shape), keepdims=bool(keepdim))


@primitive()
@quiet
def _sum(xp: Any, x: Any, *, axes: Shape, keepdims: bool) -> Any:
    return xp.sum(x, axis=axes, keepdims=keepdims, dtype=x.dtype if x.dtype.kind == "f" else "int64")


@primitive(view=True)
def _spread(xp: Any, x: Any, *, shape: Shape, axes: Shape) -> Any:
    """The adjoint of a sum: x repeated along the axes that were summed."""
    return xp.broadcast_to(x.reshape(reduced(shape, axes)), shape)


_sum.vjp(lambda g, z, x, axes, keepdims: _spread(g, shape=x.shape, axes=axes))
_spread.vjp(lambda g, z, x, shape, axes: _sum(g, axes=axes, keepdims=x.ndim == len(shape)))


@method("mean")
@numpy_names
def mean(x: Any, dim: Axes = None, keepdim: bool = False, *, dtype: Any = None) -> Tensor:
    """The mean over axes, all by default; NaN over none.

    Raises DTypeError for integers, whose mean is no integer.

    >>> mean(Tensor([[1.0, 2.0], [3.0, 4.0]])).item()
    2.5
    """
    x = as_tensor(x) if dtype is None else cast(x, as_dtype("mean", dtype))
    if x.dtype.kind != "f":
        raise DTypeError(f"mean: x is {x.dtype}; the mean of integers is a float. Cast x, or pass dtype")
    return _mean(x, axes=axes_of("mean", dim, x.shape), keepdims=bool(keepdim))


@primitive()
@quiet
def _mean(xp: Any, x: Any, *, axes: Shape, keepdims: bool) -> Any:
    total = xp.sum(x, axis=axes, keepdims=keepdims, dtype=x.dtype)
    return xp.divide(total, count_of(x.shape, axes))


_mean.vjp(
    lambda g, z, x, axes, keepdims: _spread(_div(g, float(count_of(x.shape, axes))), shape=x.shape, axes=axes)
)
