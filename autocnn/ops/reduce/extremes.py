"""Greatest and least elements, where they stand, and tests over all elements."""

from __future__ import annotations

from typing import Any, NamedTuple

from autocnn.backend import kernels
from autocnn.backend.arrays import is_array
from autocnn.engine import Tensor, as_tensor, method, primitive
from autocnn.errors import ArgumentError, ShapeError
from autocnn.ops.axes import one_axis
from autocnn.ops.elementwise.arithmetic import _mul
from autocnn.ops.elementwise.casts import cast
from autocnn.ops.elementwise.selection import maximum, minimum
from autocnn.ops.reduce.axes import axes_of, count_of, numpy_names, reduced
from autocnn.ops.reduce.sums import _spread
from autocnn.ops.shape.views import clone
from autocnn.types import Axes, Shape


class Extremes(NamedTuple):
    """The extreme elements along an axis, and their positions on it."""

    values: Tensor
    indices: Tensor


@method("max")
@numpy_names
def max(input: Any, dim: Any = None, keepdim: bool = False, *, other: Any = None) -> Any:
    """The greatest element; with `dim` the greatest along an axis and its index; with a tensor, `maximum`.

    Of several greatest elements the first is meant with `dim`; without, they share the gradient evenly.
    Raises ShapeError where there are no elements.

    >>> max(Tensor([1.0, 3.0, 2.0])).item()
    3.0
    >>> max(Tensor([[1.0, 3.0, 2.0]]), dim=1).indices.tolist()
    [1]
    """
    return _extreme("max", input, dim, keepdim, other)


@method("min")
@numpy_names
def min(input: Any, dim: Any = None, keepdim: bool = False, *, other: Any = None) -> Any:
    """The least element; with `dim` the least along an axis and its index; with a tensor, `minimum`.

    Of several least elements the first is meant with `dim`; without, they share the gradient evenly.
    Raises ShapeError where there are no elements.

    >>> min(Tensor([1.0, 3.0, 2.0])).item()
    1.0
    """
    return _extreme("min", input, dim, keepdim, other)


def _extreme(name: str, x: Any, dim: Any, keepdim: bool, other: Any) -> Any:
    x = as_tensor(x)
    if other is None and (isinstance(dim, Tensor) or is_array(dim)):
        other = dim
    if other is not None:
        return (maximum if name == "max" else minimum)(x, other)
    if dim is None:
        whole = _amax if name == "max" else _amin
        return whole(x, axes=_filled(name, x, None), keepdims=False)
    if not hasattr(dim, "__index__"):
        raise ArgumentError(f"{name}: dim is {dim!r}; it must be one axis. Use a{name} for several")
    axis = one_axis(name, dim, x.ndim)
    _filled(name, x, dim)
    index = (_argmax if name == "max" else _argmin)(x, axis=axis, keepdims=bool(keepdim))
    return Extremes(_pick_at(x, index, axis=axis) if x.ndim else clone(x), index)


def _filled(name: str, x: Tensor, dim: Axes) -> Shape:
    """The axes to reduce; raises ShapeError where they hold nothing, though something is asked for."""
    axes = axes_of(name, dim, x.shape)
    if count_of(x.shape, axes) == 0 and count_of(reduced(x.shape, axes), tuple(range(x.ndim))) != 0:
        raise ShapeError(f"{name}: x is empty {x.shape}; nothing has no {name}. Reduce an axis with elements")
    return axes


@method("amax")
@numpy_names
def amax(input: Any, dim: Axes = None, keepdim: bool = False) -> Tensor:
    """The greatest elements over axes; equal ones share the gradient evenly.

    >>> amax(Tensor([[1.0, 3.0], [4.0, 2.0]]), dim=0).tolist()
    [4.0, 3.0]
    """
    input = as_tensor(input)
    return _amax(input, axes=_filled("amax", input, dim), keepdims=bool(keepdim))


@primitive(saves=("x", "z"))
def _amax(xp: Any, x: Any, *, axes: Shape, keepdims: bool) -> Any:
    return kernels.greatest(xp, x, axes, keepdims)


@method("amin")
@numpy_names
def amin(input: Any, dim: Axes = None, keepdim: bool = False) -> Tensor:
    """The least elements over axes; equal ones share the gradient evenly.

    >>> amin(Tensor([[1.0, 3.0], [4.0, 2.0]]), dim=0).tolist()
    [1.0, 2.0]
    """
    input = as_tensor(input)
    return _amin(input, axes=_filled("amin", input, dim), keepdims=bool(keepdim))


@primitive(saves=("x", "z"))
def _amin(xp: Any, x: Any, *, axes: Shape, keepdims: bool) -> Any:
    return kernels.least(xp, x, axes, keepdims)


@primitive(differentiable=False)
def _tie_share(xp: Any, x: Any, z: Any, *, axes: Shape) -> Any:
    """The share of each x in the derivative of an extreme z: 1 over the number of ties, or 0."""
    hit = (x == z.reshape(reduced(x.shape, axes))) | xp.isnan(x)
    return hit.astype(x.dtype) / xp.sum(hit, axis=axes, keepdims=True, dtype=x.dtype)


for _p in (_amax, _amin):
    _p.vjp(lambda g, z, x, axes, keepdims: _mul(_spread(g, shape=x.shape, axes=axes), _tie_share(x, z, axes=axes)))


@method("argmax")
@numpy_names
def argmax(input: Any, dim: int | None = None, keepdim: bool = False) -> Tensor:
    """The index of the first greatest element along an axis, or among all, counted as if input were flat.

    >>> argmax(Tensor([[1.0, 3.0], [4.0, 2.0]])).item()
    2
    """
    return _argument("argmax", _argmax, input, dim, keepdim)


@method("argmin")
@numpy_names
def argmin(input: Any, dim: int | None = None, keepdim: bool = False) -> Tensor:
    """The index of the first least element along an axis, or among all, counted as if input were flat.

    >>> argmin(Tensor([[1.0, 3.0], [4.0, 2.0]])).item()
    0
    """
    return _argument("argmin", _argmin, input, dim, keepdim)


def _argument(name: str, p: Any, x: Any, dim: int | None, keepdim: bool) -> Tensor:
    x = as_tensor(x)
    _filled(name, x, dim)
    return p(x, axis=None if dim is None else one_axis(name, dim, x.ndim), keepdims=bool(keepdim))


@primitive(differentiable=False)
def _argmax(xp: Any, x: Any, *, axis: int | None, keepdims: bool) -> Any:
    return xp.argmax(x, axis=axis if x.ndim else None, keepdims=keepdims)


@primitive(differentiable=False)
def _argmin(xp: Any, x: Any, *, axis: int | None, keepdims: bool) -> Any:
    return xp.argmin(x, axis=axis if x.ndim else None, keepdims=keepdims)


@primitive(saves=("index",))
def _pick_at(xp: Any, x: Any, index: Any, *, axis: int) -> Any:
    """x at one position along an axis for each index, which may have that axis, of length 1, or lack it."""
    kept = index.ndim == x.ndim
    picked = xp.take_along_axis(x, index if kept else xp.expand_dims(index, axis), axis)
    return picked if kept else xp.squeeze(picked, axis)


@primitive(saves=("index",))
def _place_at(xp: Any, x: Any, index: Any, *, axis: int, shape: Shape) -> Any:
    """The adjoint of `_pick_at`: x at those positions, 0 elsewhere."""
    here = index.reshape(reduced(shape, (axis,))) == positions(xp, shape, axis)
    return xp.where(here, x.reshape(reduced(shape, (axis,))), 0.0)


def positions(xp: Any, shape: Shape, axis: int) -> Any:
    """0, 1, 2 ... along an axis of a shape, of length 1 along the others."""
    return xp.arange(shape[axis]).reshape([-1 if i == axis else 1 for i in range(len(shape))])


_pick_at.vjp(lambda g, z, x, index, axis: _place_at(g, index, axis=axis, shape=x.shape), None)
_place_at.vjp(lambda g, z, x, index, axis, shape: _pick_at(g, index, axis=axis), None)


# Tests over all elements -------------------------------------------------------------------------------------


@method("all")
@numpy_names
def all(input: Any, dim: Axes = None, keepdim: bool = False) -> Tensor:
    """Whether all elements over axes are other than 0; true of none.

    >>> all(Tensor([True, False])).item()
    False
    """
    input = as_tensor(input)
    return _truth(_all(input, axes=axes_of("all", dim, input.shape), keepdims=bool(keepdim)), input)


def _truth(z: Tensor, x: Tensor) -> Tensor:
    """Truth as bool; of uint8, which once stood for bools, as uint8."""
    return cast(z, x.dtype) if x.dtype == "uint8" else z


@primitive(differentiable=False)
def _all(xp: Any, x: Any, *, axes: Shape, keepdims: bool) -> Any:
    return xp.all(x, axis=axes, keepdims=keepdims)


@method("any")
@numpy_names
def any(input: Any, dim: Axes = None, keepdim: bool = False) -> Tensor:
    """Whether some element over axes is other than 0; false of none.

    >>> any(Tensor([True, False])).item()
    True
    """
    input = as_tensor(input)
    return _truth(_any(input, axes=axes_of("any", dim, input.shape), keepdims=bool(keepdim)), input)


@primitive(differentiable=False)
def _any(xp: Any, x: Any, *, axes: Shape, keepdims: bool) -> Any:
    return xp.any(x, axis=axes, keepdims=keepdims)


@method("count_nonzero")
@numpy_names
def count_nonzero(input: Any, dim: Axes = None) -> Tensor:
    """How many elements over axes are other than 0.

    >>> count_nonzero(Tensor([0.0, 1.0, 2.0])).item()
    2
    """
    input = as_tensor(input)
    return _count_nonzero(input, axes=axes_of("count_nonzero", dim, input.shape))


@primitive(differentiable=False)
def _count_nonzero(xp: Any, x: Any, *, axes: Shape) -> Any:
    return xp.sum(x != 0, axis=axes, dtype="int64")
