"""What stands between square brackets, made canonical: a basic part that gives a view, then an advanced one."""

from __future__ import annotations

import operator
from typing import Any, NamedTuple

import numpy as np

from autocnn.backend.arrays import is_array
from autocnn.engine import Tensor, as_tensor
from autocnn.errors import ArgumentError, DTypeError, OutOfRangeError, ShapeError
from autocnn.types import Shape

Step = int | tuple[int, int, int] | None
"""One entry of a basic index: a number, a (start, stop, step), or None for a new axis."""


class Key(NamedTuple):
    """A basic index of plain numbers; then, for axes of what it gives, index tensors, or a mask of several."""

    basic: tuple[Step, ...]
    advanced: tuple[tuple[int, Tensor], ...]
    plain: bool
    """Whether the basic part changes nothing."""


def parse(op: str, key: Any, shape: Shape) -> Key:
    """The canonical form of a key for a tensor of this shape.

    Numbers, 0-d tensors included, are basic, as in PyTorch.
    Raises OutOfRangeError for too many entries or a number out of range, ArgumentError for a negative step.

    >>> parse("getitem", (0, ..., None), (2, 3)).basic
    (0, (0, 3, 1), None)
    """
    entries = [_entry(op, e) for e in (key if isinstance(key, tuple) else (key,))]
    entries = _without_ellipsis(op, entries, shape)
    basic: list[Step] = []
    advanced: list[tuple[int, Tensor]] = []
    axis = place = 0
    for e in entries:
        if isinstance(e, Tensor):
            advanced.append((place, e))
            taken = _axes_of(e)
            if e.dtype.kind == "b" and e.shape != shape[axis : axis + taken]:
                raise ShapeError(f"{op}: mask is {e.shape}, the axes it covers are {shape[axis : axis + taken]}")
            basic.extend([(0, n, 1) for n in shape[axis : axis + taken]] if taken else [None])
            axis, place = axis + taken, place + max(taken, 1)
        elif e is None:
            basic.append(None)
            place += 1
        elif isinstance(e, slice):
            basic.append(_slice_entry(op, e, shape[axis]))
            axis, place = axis + 1, place + 1
        else:
            basic.append(_number(op, e, axis, shape))
            axis += 1
    plain = len(basic) == len(shape) and all(b == (0, n, 1) for b, n in zip(basic, shape, strict=True))
    return Key(tuple(basic), tuple(advanced), plain)


def only_basic(key: Any, shape: Shape) -> tuple[Step, ...] | None:
    """A key of plain numbers and slices, the commonest, in canonical form; None for any other, or a wrong one.

    >>> only_basic((-1, slice(2)), (2, 3)), only_basic([0], (2, 3))
    ((1, (0, 2, 1)), None)
    """
    entries = key if type(key) is tuple else (key,)
    if len(entries) > len(shape):
        return None
    steps: list[Step] = []
    for e, n in zip(entries, shape, strict=False):
        if type(e) is int and -n <= e < n:
            steps.append(e if e >= 0 else e + n)
        elif type(e) is slice and (e.step is None or (type(e.step) is int and e.step > 0)):
            start, stop, step = e.indices(n)
            steps.append((start, max(start, stop), step))
        else:
            return None
    return tuple(steps)


def as_slices(basic: tuple[Step, ...]) -> tuple[Any, ...]:
    """A basic index as NumPy writes it.

    >>> as_slices((1, (0, 2, 1), None))
    (1, slice(0, 2, 1), None, Ellipsis)
    """
    return (*[slice(*b) if isinstance(b, tuple) else b for b in basic], ...)


def _entry(op: str, e: Any) -> Any:
    """An int, a slice, None, Ellipsis, or a Tensor of integers (1-d or more) or of bools."""
    if e is None or e is Ellipsis or isinstance(e, slice) or type(e) is int:
        return e
    if isinstance(e, Tensor) or is_array(e) or isinstance(e, (list, tuple, range, bool, np.bool_)):
        x = as_tensor(list(e) if isinstance(e, range) else e)
        if isinstance(e, (list, tuple)) and not e:
            x = Tensor(np.empty(0, np.int64))
        if x.dtype.kind not in "iub":
            raise DTypeError(f"{op}: an index of dtype {x.dtype}; must be integers or bools")
        return int(x) if not x.shape and x.dtype.kind != "b" else x
    try:
        return operator.index(e)
    except TypeError:
        raise ArgumentError(
            f"{op}: {e!r} is no index; use integers, slices, None, ..., or tensors of integers or bools"
        ) from None


def _axes_of(e: Any) -> int:
    if e is None or e is Ellipsis:
        return 0
    return e.ndim if isinstance(e, Tensor) and e.dtype.kind == "b" else 1


def _without_ellipsis(op: str, entries: list[Any], shape: Shape) -> list[Any]:
    covered = sum(map(_axes_of, entries))
    if covered > len(shape):
        raise OutOfRangeError(f"{op}: {covered} indices for x {shape}; it has {len(shape)} axes")
    dots = [i for i, e in enumerate(entries) if e is Ellipsis]
    if len(dots) > 1:
        raise ArgumentError(f"{op}: {len(dots)} ellipses; at most one")
    at = dots[0] if dots else len(entries)
    return [*entries[:at], *[slice(None)] * (len(shape) - covered), *entries[at + 1 :]]


def _slice_entry(op: str, e: slice, length: int) -> tuple[int, int, int]:
    if e.step is not None and operator.index(e.step) <= 0:
        raise ArgumentError(f"{op}: step is {e.step}; must be positive. Use flip to reverse an axis")
    start, stop, step = e.indices(length)
    return start, max(start, stop), step


def _number(op: str, i: int, axis: int, shape: Shape) -> int:
    length = shape[axis]
    if not -length <= i < length:
        raise OutOfRangeError(f"{op}: index is {i}, axis {axis} of x {shape} has length {length}")
    return i % length
