"""`x[key]` and its adjoints: by a basic index (a view), and by arrays of positions."""

from __future__ import annotations

from typing import Any

from autocnn.engine import Tensor, as_tensor, method, primitive
from autocnn.errors import OutOfRangeError
from autocnn.ops.broadcast import broadcast_shapes, broadcast_to, size_of
from autocnn.ops.indexing.key import Key, Step, as_slices, only_basic, parse
from autocnn.ops.shape.joining import stack, unbind
from autocnn.ops.shape.views import unsqueeze
from autocnn.types import Array, Namespace, Shape


@method("__getitem__")
def getitem(input: Any, key: Any) -> Tensor:
    """input[key]: numbers, slices, None and ... give a view; tensors of integers or bools a copy.

    Several index tensors broadcast together; their axes come where the first stood, or in front
    if they stood apart.
    Raises OutOfRangeError, ShapeError, or ArgumentError for what is no index of input.

    >>> x = Tensor([[1.0, 2.0], [3.0, 4.0]])
    >>> getitem(x, (0, slice(None))).tolist(), getitem(x, [True, False]).tolist()
    ([1.0, 2.0], [[1.0, 2.0]])
    """
    input = as_tensor(input)
    simple = only_basic(key, input.shape)
    if simple is not None:
        return _slice(input, index=simple)
    where = parse("getitem", key, input.shape)
    if not where.advanced or not where.plain:
        input = _slice(input, index=where.basic)
    if not where.advanced:
        return input
    axes, positions = advanced("getitem", where)
    if _is_mask(where):
        return _index(input, positions, axes=axes, unique=True)
    return take_at("getitem", input, positions, axes)


def _is_mask(where: Key) -> bool:
    """Whether no position can occur twice."""
    return len(where.advanced) == 1 and where.advanced[0][1].dtype.kind == "b"


# Basic -----------------------------------------------------------------------------------------------------------


@primitive(view=True)
def _slice(xp: Any, x: Any, *, index: tuple[Step, ...]) -> Any:
    return x[as_slices(index)]


@primitive()
def _unslice(xp: Any, x: Any, *, index: tuple[Step, ...], shape: Shape) -> Any:
    """Zeros of this shape, with x at the index."""
    z = xp.zeros_like(x, shape=shape)  # in the layout of x, where there are as many axes
    z[as_slices(index)] = x
    return z


_slice.vjp(lambda g, z, x, index: _unslice(g, index=index, shape=x.shape))
_unslice.vjp(lambda g, z, x, index, shape: _slice(g, index=index))


@_slice.adds
def _add_slice(xp: Namespace, total: Array, g: Array, x: Any, *, index: tuple[Step, ...]) -> None:
    total[as_slices(index)] += g


# By arrays of positions ------------------------------------------------------------------------------------------


def advanced(op: str, where: Key) -> tuple[tuple[int, ...], Tensor]:
    """The axes that are indexed by arrays, and the positions (axes, *shape) in them."""
    axes: list[int] = []
    positions: list[Tensor] = []
    for place, index in where.advanced:
        if index.dtype.kind != "b":
            axes.append(place)
            positions.append(index)
            continue
        mask = index if index.ndim else unsqueeze(index, 0)
        axes.extend(range(place, place + mask.ndim))
        found = _nonzero(mask)
        if len(where.advanced) == 1:
            return tuple(axes), found
        positions.extend(unbind(found))
    if len(positions) == 1:
        return tuple(axes), unsqueeze(positions[0], 0)
    shape = broadcast_shapes(op, *[p.shape for p in positions])
    return tuple(axes), stack([broadcast_to(p, shape) for p in positions])


def take_at(op: str, x: Tensor, positions: Tensor, axes: tuple[int, ...]) -> Tensor:
    """The elements of x at positions (axes, *shape); raises OutOfRangeError where one is not there."""
    check_positions(op, x, positions, axes)
    return _index(x, positions, axes=axes, unique=False)


def check_positions(op: str, x: Tensor, positions: Tensor, axes: tuple[int, ...]) -> None:
    """Raise OutOfRangeError for the first position that is not there: a GPU would read something else instead."""
    for axis, row in zip(axes, positions.array, strict=True):
        if row.size and not (-x.shape[axis] <= int(row.min()) and int(row.max()) < x.shape[axis]):
            wrong = row[(row < -x.shape[axis]) | (row >= x.shape[axis])].reshape(-1)
            found = f"index is {int(wrong[0])}, axis {axis} of x {x.shape} has length {x.shape[axis]}"
            raise OutOfRangeError(f"{op}: {found}")


@primitive(saves=(("positions",), ()))
def _index(xp: Any, x: Any, positions: Any, *, axes: tuple[int, ...], unique: bool) -> Any:
    if len(axes) == 1:
        return _taken(xp, x, positions[0], axes[0])
    return x[key_of(positions, axes)]


def _taken(xp: Namespace, x: Array, row: Array, axis: int) -> Array:
    """Slices of x along an axis, channels-last where x is."""
    if row.ndim == 1 and 3 <= x.ndim <= 5 and not x.flags.c_contiguous:
        last = xp.moveaxis(x, 1, -1)
        if last.flags.c_contiguous:
            place = axis - 1 if axis > 1 else -axis
            return xp.moveaxis(xp.take(last, row, axis=place), -1, 1)
    return xp.take(x, row, axis=axis)


@primitive(saves=(("positions",), ()))
def _unindex(
    xp: Any, x: Any, positions: Any, *, axes: tuple[int, ...], unique: bool, shape: Shape
) -> Any:  # fmt: skip
    """Zeros of this shape, with x added at the positions."""
    if unique:
        z = xp.zeros(shape, x.dtype)
        z[key_of(positions, axes)] = x
        return z
    return add_at(xp, x, _places(xp, positions, axes, shape), shape)


def _places(xp: Namespace, positions: Array, axes: tuple[int, ...], shape: Shape) -> Array:
    """Where in C order the elements at positions stand in an array of this shape."""
    if axes != (0,):
        return xp.arange(size_of(shape)).reshape(shape)[key_of(positions, axes)]
    width = size_of(shape[1:])  # rows of a table, which may be large: its elements are not numbered
    return (positions[0].astype("int64") % shape[0])[..., None] * width + xp.arange(width)


_index.vjp(
    lambda g, z, x, positions, axes, unique: _unindex(g, positions, axes=axes, unique=unique, shape=x.shape), None
)
_unindex.vjp(lambda g, z, x, positions, axes, unique, shape: _index(g, positions, axes=axes, unique=unique), None)


@_index.adds
def _add_index(
    xp: Namespace, total: Array, g: Array, x: Any, positions: Array, *, axes: tuple[int, ...], unique: bool
) -> None:
    if unique:
        total[key_of(positions, axes)] += g
    else:
        # repeated positions are summed among themselves first, as in record mode: equal to the bit
        total += _unindex(g, positions, axes=axes, unique=False, shape=total.shape)


def add_at(xp: Namespace, x: Array, places: Array, shape: Shape) -> Array:
    """Zeros of this shape, with each element of x added at a place in C order."""
    z = xp.zeros(size_of(shape), x.dtype)
    xp.add.at(z, places.ravel(), x.ravel())  # one flat index: the fast way of add.at
    return z.reshape(shape)


def key_of(positions: Array, axes: tuple[int, ...]) -> tuple[Any, ...]:
    """Arrays of positions as NumPy writes them: between full slices."""
    key: list[Any] = [slice(None)] * (axes[-1] + 1)
    for axis, row in zip(axes, positions, strict=True):
        key[axis] = row
    return tuple(key)


@primitive(differentiable=False)
def _nonzero(xp: Any, x: Any) -> Any:
    """The positions of what is not zero, (axes, how many)."""
    return xp.stack(xp.nonzero(x))
