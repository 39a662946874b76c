"""Elements in order of size, the largest of them, and the one in the middle; NaN is larger than any number."""

from __future__ import annotations

from typing import Any

from autocnn.engine import Tensor, as_tensor, method, primitive
from autocnn.errors import OutOfRangeError, ShapeError
from autocnn.ops.axes import as_int, one_axis
from autocnn.ops.elementwise.arithmetic import _mul
from autocnn.ops.reduce.axes import numpy_names
from autocnn.ops.reduce.extremes import Extremes, _pick_at
from autocnn.ops.reduce.sums import _spread
from autocnn.ops.shape.padding import _crop
from autocnn.ops.shape.views import flatten, reshape


@method("sort")
@numpy_names
def sort(input: Any, dim: int = -1, descending: bool = False, *, stable: bool = False) -> Extremes:
    """The elements along an axis in rising or falling order, and where each stood; equal ones stay as they stand.

    >>> values, indices = sort(Tensor([2.0, 3.0, 1.0]), descending=True)
    >>> values.tolist(), indices.tolist()
    ([3.0, 2.0, 1.0], [1, 0, 2])
    """
    return _sorted("sort", input, dim, descending)


@method("argsort")
@numpy_names
def argsort(input: Any, dim: int = -1, descending: bool = False, *, stable: bool = False) -> Tensor:
    """Where the elements along an axis stand, in rising or falling order; equal ones as they stand.

    >>> argsort(Tensor([2.0, 3.0, 1.0])).tolist()
    [2, 0, 1]
    """
    x = as_tensor(input)
    rows = x if x.ndim else reshape(x, (1,))
    order = _order(rows, axis=one_axis("argsort", dim, x.ndim), descending=bool(descending))
    return order if x.ndim else reshape(order, ())


@method("msort")
def msort(input: Any) -> Tensor:
    """The elements along the first axis in rising order.

    >>> msort(Tensor([2.0, 3.0, 1.0])).tolist()
    [1.0, 2.0, 3.0]
    """
    return _sorted("msort", input, 0, False).values


@method("topk")
@numpy_names
def topk(input: Any, k: int, dim: int = -1, largest: bool = True, sorted: bool = True) -> Extremes:
    """The k largest elements along an axis (or the smallest), the outermost first, and where they stood.

    Raises OutOfRangeError where the axis is shorter.

    >>> topk(Tensor([2.0, 3.0, 1.0]), 2).indices.tolist()
    [1, 0]
    """
    x = as_tensor(input)
    axis = one_axis("topk", dim, x.ndim)
    n = x.shape[axis] if x.ndim else 1
    k = _within("topk", x, k, 0, n, axis)
    return _sorted("topk", x, axis, largest, k)


@method("kthvalue")
@numpy_names
def kthvalue(input: Any, k: int, dim: int = -1, keepdim: bool = False) -> Extremes:
    """The k-th smallest element along an axis, counted from 1, and where it stands.

    Raises OutOfRangeError where the axis is shorter.

    >>> kthvalue(Tensor([2.0, 3.0, 1.0]), 2).values.item()
    2.0
    """
    x = as_tensor(input)
    axis = one_axis("kthvalue", dim, x.ndim)
    k = _within("kthvalue", x, k, 1, x.shape[axis] if x.ndim else 1, axis)
    rows = x if x.ndim else reshape(x, (1,))
    order = _order(rows, axis=axis, descending=False)
    others = tuple([(k - 1, rows.shape[i] - k) if i == axis else (0, 0) for i in range(rows.ndim)])
    return _picked(x, rows, _crop(order, widths=others), axis, keepdim)


@method("median")
@numpy_names
def median(input: Any, dim: int | None = None, keepdim: bool = False) -> Any:
    """The element in the middle, of two the smaller; with `dim` along an axis, and its place. NaN if there is one.

    Without dim equal elements share the gradient evenly. Raises ShapeError where there are no elements.

    >>> median(Tensor([4.0, 1.0, 3.0, 2.0])).item()
    2.0
    """
    return _middle("median", input, dim, keepdim, False)


@method("nanmedian")
@numpy_names
def nanmedian(input: Any, dim: int | None = None, keepdim: bool = False) -> Any:
    """`median` of what is not NaN.

    >>> nanmedian(Tensor([4.0, float("nan"), 3.0])).item()
    3.0
    """
    return _middle("nanmedian", input, dim, keepdim, True)


def _sorted(op: str, x: Any, dim: int, descending: bool, first: int | None = None) -> Extremes:
    """In order, cut after the first so many."""
    x = as_tensor(x)
    axis = one_axis(op, dim, x.ndim)
    rows = x if x.ndim else reshape(x, (1,))
    order = _order(rows, axis=axis, descending=bool(descending))
    if first is not None and first < rows.shape[axis]:
        cut = tuple([(0, n - first) if i == axis else (0, 0) for i, n in enumerate(rows.shape)])
        order = _crop(order, widths=cut)
    values = _take_ordered(rows, order, axis=axis)
    alone = not x.ndim and order.shape == (1,)
    return Extremes(reshape(values, ()), reshape(order, ())) if alone else Extremes(values, order)


def _within(op: str, x: Tensor, k: int, low: int, high: int, axis: int) -> int:
    k = as_int(op, "k", k)
    if not low <= k <= high:
        raise OutOfRangeError(f"{op}: k is {k}; must be from {low} to {high}, axis {axis} of x {x.shape}")
    return k


def _picked(x: Tensor, rows: Tensor, index: Tensor, axis: int, keepdim: bool) -> Extremes:
    """What stands at one position along an axis, kept with length 1."""
    values = _pick_at(rows, index, axis=axis)
    if keepdim and x.ndim:
        return Extremes(values, index)
    shape = (*rows.shape[:axis], *rows.shape[axis + 1 :])
    return Extremes(reshape(values, shape), reshape(index, shape))


def _middle(op: str, x: Any, dim: int | None, keepdim: bool, ignore: bool) -> Any:
    x = as_tensor(x)
    axis = 0 if dim is None else one_axis(op, dim, x.ndim)
    rows = flatten(x) if dim is None or not x.ndim else x
    if not rows.shape[axis]:
        raise ShapeError(f"{op}: x is empty {x.shape}; nothing has no {op}. Reduce an axis with elements")
    if dim is None:
        return _median(rows, ignore=ignore)
    return _picked(x, rows, _middle_place(rows, axis=axis, ignore=ignore), axis, keepdim)


@primitive(differentiable=False)
def _order(xp: Any, x: Any, *, axis: int, descending: bool) -> Any:
    if not descending:
        return xp.argsort(x, axis=axis, kind="stable").astype("int64")
    behind = xp.argsort(xp.flip(x, axis), axis=axis, kind="stable")
    return x.shape[axis] - 1 - xp.flip(behind, axis).astype("int64")


@primitive(saves=("index",))
def _take_ordered(xp: Any, x: Any, index: Any, *, axis: int) -> Any:
    """x at positions along an axis, none of which comes twice."""
    return xp.take_along_axis(x, index, axis)


@primitive(saves=("index",))
def _put_ordered(xp: Any, x: Any, index: Any, *, axis: int, length: int) -> Any:
    """The adjoint of `_take_ordered`: x at its positions along an axis of this length, 0 elsewhere."""
    z = xp.zeros_like(x, shape=(*x.shape[:axis], length, *x.shape[axis + 1 :]))
    xp.put_along_axis(z, index, x, axis)
    return z


_take_ordered.vjp(lambda g, z, x, index, axis: _put_ordered(g, index, axis=axis, length=x.shape[axis]), None)
_put_ordered.vjp(lambda g, z, x, index, axis, length: _take_ordered(g, index, axis=axis), None)


@primitive(differentiable=False)
def _middle_place(xp: Any, x: Any, *, axis: int, ignore: bool) -> Any:
    """Where the smaller of the two in the middle stands, kept with length 1; the first NaN unless ignored."""
    order = xp.argsort(x, axis=axis, kind="stable").astype("int64")
    n = x.shape[axis]
    numbers = n - xp.sum(xp.isnan(x), axis=axis, keepdims=True, dtype="int64")
    inside = xp.maximum(numbers - 1, 0) // 2
    return xp.take_along_axis(order, inside if ignore else xp.where(numbers < n, numbers, inside), axis)


@primitive(saves=("x", "z"))
def _median(xp: Any, x: Any, *, ignore: bool) -> Any:
    place = _middle_place.forward(xp, x, axis=0, ignore=ignore)
    return xp.take(x, place[0])


@primitive(differentiable=False)
def _median_share(xp: Any, x: Any, z: Any) -> Any:
    """The share of each x in the derivative of a median z: 1 over the number of those equal to it, or 0."""
    hit = (x == z) | (xp.isnan(x) & xp.isnan(z))
    return hit.astype(x.dtype) / xp.sum(hit, dtype=x.dtype)


_median.vjp(lambda g, z, x, ignore: _mul(_spread(g, shape=x.shape, axes=(0,)), _median_share(x, z)))
