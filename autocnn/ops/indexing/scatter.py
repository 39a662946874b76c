"""Scattering: elements brought to where `gather` would take them from, and there written, added or made one."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from autocnn.backend.arrays import namespace
from autocnn.engine import Tensor, as_tensor, method, primitive, slots
from autocnn.errors import ArgumentError
from autocnn.ops.axes import numpy_names, one_axis
from autocnn.ops.broadcast import broadcast_to, size_of
from autocnn.ops.elementwise import add, cast, div, floor_divide, gt, where
from autocnn.ops.indexing.select import _check_range, _fit, _gather, _grid, _positions, _ungather
from autocnn.ops.reduce import amax, amin, prod
from autocnn.ops.shape import cat, reshape, unsqueeze
from autocnn.types import DType, Shape


@method("scatter_add")
@numpy_names
def scatter_add(input: Any, dim: int, index: Any, src: Any) -> Tensor:
    """input with each element of `src` added where `gather` would have taken it from.

    Raises ShapeError where the index fits input or `src` not, OutOfRangeError where a position is not there.

    >>> scatter_add(Tensor([0.0, 0.0]), 0, [1, 1], Tensor([1.0, 2.0])).tolist()
    [0.0, 3.0]
    """
    input, source, positions, axis = _scattered("scatter_add", input, dim, index, src)
    return add(input, _ungather(source, positions, dim=axis, shape=input.shape))


@method("scatter")
@numpy_names
def scatter(
    input: Any, dim: int, index: Any, src: Any = None, value: Any = None, *, reduce: str | None = None
) -> Tensor:
    """input with each element of `src`, or one value, written where `gather` would have taken it from.

    With `reduce` "add" or "multiply" what stands there is added to, or multiplied.
    Raises ArgumentError for another reduction, ShapeError where the index fits input or `src` not, OutOfRangeError
    where a position is not there.

    >>> scatter(Tensor([0.0, 0.0]), 0, [1], Tensor([5.0])).tolist()
    [0.0, 5.0]
    """
    if (src is None) == (value is None):
        raise ArgumentError("scatter: src and value; exactly one of them must be given")
    if reduce not in (None, "add", "multiply"):
        raise ArgumentError(f"scatter: reduce is {reduce!r}; it must be 'add' or 'multiply'")
    input = as_tensor(input)
    source = as_tensor(src if value is None else value, input)
    if not source.ndim:
        source = broadcast_to(source, _positions("scatter", index).shape)
    input, source, positions, axis = _scattered("scatter", input, dim, index, source)
    if reduce is not None:
        return scatter_reduce(input, axis, positions, source, "sum" if reduce == "add" else "prod")
    return _scatter(input, source, positions, dim=axis)


def _scattered(op: str, x: Any, dim: int, index: Any, src: Any) -> tuple[Tensor, Tensor, Tensor, int]:
    x = as_tensor(x)
    source, positions = as_tensor(src, x), _positions(op, index, x)
    axis = one_axis(op, dim, x.ndim)
    _fit(op, "x", x, positions, axis)
    source = _fit(op, "src", source, positions, None)
    _check_range(op, positions, axis, x.shape)
    return x, source if source.dtype == x.dtype else slots.cast(source, x.dtype), positions, axis


@primitive(saves=(("index",), ("index",), ()))
def _scatter(xp: Any, x: Any, src: Any, index: Any, *, dim: int) -> Any:
    z = x.copy(order="K")
    z[_grid(xp, index, dim)] = src
    return z


_scatter.vjp(
    lambda g, z, x, src, index, dim: _scatter(g, 0.0, index, dim=dim),
    lambda g, z, x, src, index, dim: _gather(g, index, dim=dim),
    None,
)


# Reduced where several meet ----------------------------------------------------------------------------------

_LAYERED: dict[str, Callable[..., Tensor]] = {"prod": prod, "amax": amax, "amin": amin}


@method("scatter_reduce")
@numpy_names
def scatter_reduce(
    input: Any, dim: int, index: Any, src: Any, reduce: str, *, include_self: bool = True
) -> Tensor:
    """input with the elements of `src` brought to where `gather` would take them from, and there made one.

    `reduce` is "sum", "mean", "prod", "amax" or "amin" of all that come together, and of what stood there with
    `include_self`. Of equal extremes all share the gradient evenly. Where nothing comes input stays.
    Raises ArgumentError for another reduction, ShapeError where the index fits input or `src` not, OutOfRangeError
    where a position is not there.

    >>> scatter_reduce(Tensor([1.0, 2.0]), 0, [0, 0], Tensor([3.0, 5.0]), "mean").tolist()
    [3.0, 2.0]
    """
    if reduce not in ("sum", "mean", *_LAYERED):
        raise ArgumentError(
            f"scatter_reduce: reduce is {reduce!r}; it must be 'sum', 'mean', 'prod', 'amax' or 'amin'"
        )
    x, source, places, axis = _scattered("scatter_reduce", input, dim, index, src)
    if not size_of(places.shape):
        return add(x, 0)
    ones = Tensor(namespace(x.array).ones(places.shape, dtype="int64"))
    counts = _ungather(ones, places, dim=axis, shape=x.shape)
    if reduce in _LAYERED:
        fill = _neutral(reduce, x.dtype)
        own = x if include_self else where(gt(counts, 0), fill, x)
        return _of_layers(own, source, places, axis, reduce, fill)
    own = x if include_self else where(gt(counts, 0), 0, x)
    total = add(own, _ungather(source, places, dim=axis, shape=x.shape))
    if reduce == "sum":
        return total
    meeting = add(counts, 1) if include_self else where(gt(counts, 0), counts, 1)
    divide = div if x.dtype.kind == "f" else floor_divide
    return divide(total, cast(meeting, x.dtype))


def _neutral(reduce: str, dtype: DType) -> Any:
    """What changes nothing."""
    if reduce == "prod":
        return 1
    sign = -1 if reduce == "amax" else 1
    if dtype.kind == "f":
        return sign * math.inf
    limits = np.iinfo(dtype)
    return limits.min if sign < 0 else limits.max


def _of_layers(own: Tensor, source: Tensor, places: Tensor, axis: int, reduce: str, fill: Any) -> Tensor:
    """First the tensor itself, then layers in each of which at most one element comes to a place."""
    turns = _turns(places, dim=axis, shape=own.shape)
    count = int(turns.array.max()) // size_of(own.shape) + 1
    blank = Tensor(namespace(own.array).full((count * size_of(own.shape),), fill, dtype=own.dtype))
    layers = _scatter(blank, reshape(source, (-1,)), turns, dim=0)
    every = cat([unsqueeze(own, 0), reshape(layers, (count, *own.shape))], 0)
    return cast(_LAYERED[reduce](every, 0), own.dtype)


@primitive(differentiable=False)
def _turns(xp: Any, index: Any, *, dim: int, shape: Shape) -> Any:
    """Where each element goes, in a row of layers of this shape: the first that comes to a place to the first."""
    size = size_of(shape)
    places = xp.arange(size).reshape(shape)[_grid(xp, index, dim)].reshape(-1)
    order = xp.argsort(places, kind="stable")
    ordered = places[order]
    turn = xp.empty_like(places)
    turn[order] = xp.arange(places.size) - xp.searchsorted(ordered, ordered)
    return turn * size + places
