"""NumPy's functions that put the elements of a Tensor elsewhere: told by what they do with the positions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from autocnn.engine import Tensor
from autocnn.errors import ArgumentError
from autocnn.ops import elementwise as e
from autocnn.ops import indexing
from autocnn.ops import shape as s
from autocnn.ops.numpy.table import FUNCTIONS, bare, common, in_dtype, stands_for, tensor_of
from autocnn.ops.shape.padding import pad_axes

_BORDERS = ("edge", "reflect", "symmetric", "wrap")


def moved(x: Any, move: Callable[[np.ndarray[Any, Any]], np.ndarray[Any, Any]]) -> Tensor:
    """The elements of x from where `move` puts their positions."""
    x = tensor_of(x)
    size = int(np.prod(x.shape))
    return indexing.take(x, Tensor(move(np.arange(size).reshape(x.shape))))


def gathered(parts: Sequence[Any], move: Callable[[list[np.ndarray[Any, Any]]], Any]) -> Tensor:
    """The elements of several arrays, in their common dtype, from where `move` puts their positions."""
    xs = common(*map(tensor_of, parts))
    starts = np.cumsum([0, *[int(np.prod(x.shape)) for x in xs]])
    places = [np.arange(a, b).reshape(x.shape) for x, a, b in zip(xs, starts[:-1], starts[1:], strict=True)]
    return indexing.take(s.cat([s.ravel(x) for x in xs]), Tensor(np.asarray(move(places))))


@stands_for(np.insert)
def _insert(arr: Any, obj: Any, values: Any, axis: int | None = None) -> Tensor:
    x = tensor_of(arr)
    parts = (x, in_dtype(tensor_of(values), x.dtype))
    return gathered(parts, lambda at: np.insert(at[0], bare(obj), at[1], axis))


@stands_for(np.choose)
def _choose(a: Any, choices: Any, out: None = None, mode: Any = "raise") -> Tensor:
    return gathered(list(choices), lambda at: np.choose(bare(a), at, mode=mode))


@stands_for(np.block)
def _block(arrays: Any) -> Tensor:
    leaves: list[Any] = []

    def count(part: Any) -> Any:
        if isinstance(part, list):
            return [count(x) for x in part]
        leaves.append(part)
        return len(leaves) - 1

    def fill(part: Any, places: list[Any]) -> Any:
        return [fill(x, places) for x in part] if isinstance(part, list) else places[part]

    numbered = count(arrays)
    return gathered(leaves, lambda at: np.block(fill(numbered, at)))


@stands_for(np.pad)
def _pad(array: Any, pad_width: Any, mode: str = "constant", *, constant_values: Any = 0) -> Tensor:
    x = tensor_of(array)
    widths = np.broadcast_to(_by_axis(pad_width, x.ndim), (x.ndim, 2)).astype(int).tolist()
    if any(n < 0 for pair in widths for n in pair):
        raise ArgumentError(f"numpy.pad: pad_width is {pad_width}; must not be negative")
    if mode in _BORDERS:
        empty = [n for n, pair in zip(x.shape, widths, strict=True) if not n and any(pair)]
        if empty:
            raise ArgumentError(f"numpy.pad: mode is {mode!r}, x {x.shape}; an empty axis has nothing to repeat")
        return moved(x, lambda at: np.pad(at, widths, mode) if widths else at)  # type: ignore[call-overload]
    if mode != "constant":
        names = ", ".join(map(repr, ("constant", *_BORDERS[:-1])))
        raise ArgumentError(f"numpy.pad: mode is {mode!r}; must be {names} or 'wrap'")
    values = np.broadcast_to(np.asarray(constant_values, x.dtype), (x.ndim, 2)).tolist()
    if all(v == values[0][0] for pair in values for v in pair):
        return pad_axes("numpy.pad", x, tuple(map(tuple, widths)), values[0][0] if values else 0)
    for axis in range(x.ndim):
        for side in (0, 1):
            pair = (widths[axis][0], 0) if side == 0 else (0, widths[axis][1])
            one = tuple([pair if i == axis else (0, 0) for i in range(x.ndim)])
            x = pad_axes("numpy.pad", x, one, values[axis][side])
    return x


def _by_axis(width: Any, ndim: int) -> Any:
    """The widths, of a dictionary by axis too."""
    if not isinstance(width, dict):
        return np.asarray(width)
    widths: list[Any] = [(0, 0)] * ndim
    for axis, pair in width.items():
        widths[axis] = pair if isinstance(pair, Sequence) else (pair, pair)
    return widths


@stands_for(np.append)
def _append(arr: Any, values: Any, axis: int | None = None) -> Tensor:
    return FUNCTIONS[np.concatenate]([tensor_of(arr), tensor_of(values)], axis)


@stands_for(np.delete)
def _delete(arr: Any, obj: Any, axis: int | None = None) -> Tensor:
    return moved(arr, lambda at: np.delete(at, bare(obj), axis))


@stands_for(np.resize)
def _resize(a: Any, new_shape: Any) -> Tensor:
    x = tensor_of(a)
    return moved(x, lambda at: np.resize(at, new_shape)) if x.array.size else Tensor(np.resize(x.array, new_shape))


@stands_for(np.extract)
def _extract(condition: Any, arr: Any) -> Tensor:
    return moved(arr, lambda at: np.extract(bare(condition), at))


@stands_for(np.rollaxis)
def _rollaxis(a: Any, axis: int, start: int = 0) -> Tensor:
    x = tensor_of(a)
    order = np.rollaxis(np.empty([1] * x.ndim), axis, start)  # for its checks
    from_, to = axis % order.ndim, start % order.ndim if start < 0 else start
    return s.movedim(x, from_, to - (from_ < to))


@stands_for(np.diagflat)
def _diagflat(v: Any, k: int = 0) -> Tensor:
    return FUNCTIONS[np.diag](s.ravel(tensor_of(v)), k)


@stands_for(np.ediff1d)
def _ediff1d(ary: Any, to_end: Any = None, to_begin: Any = None) -> Tensor:
    x = s.ravel(tensor_of(ary))
    inner = FUNCTIONS[np.diff](x)
    ends = [None if y is None else s.ravel(tensor_of(np.asarray(y, x.dtype))) for y in (to_begin, to_end)]
    return s.cat([y for y in (ends[0], inner, ends[1]) if y is not None])


@stands_for(np.unique)
def _unique(
    ar: Any, return_index: bool = False, return_inverse: bool = False, return_counts: bool = False,
    axis: int | None = None, *, equal_nan: bool = True, sorted: bool = True,
) -> Any:  # fmt: skip
    if axis is not None:
        raise ArgumentError(f"numpy.unique: axis is {axis}; must be None, elements are compared one by one")
    x = tensor_of(ar)
    _, index, inverse, counts = np.unique(bare(x), True, True, True, equal_nan=equal_nan)
    values = indexing.take(x, Tensor(index))
    wanted = zip((return_index, return_inverse, return_counts), (index, inverse, counts), strict=True)
    more = [Tensor(found) for asked, found in wanted if asked]
    return (values, *more) if more else values


@stands_for(np.select)
def _select(condlist: Any, choicelist: Any, default: Any = 0) -> Tensor:
    if len(condlist) != len(choicelist) or not len(condlist):
        raise ArgumentError(
            f"numpy.select: {len(condlist)} conditions, {len(choicelist)} choices; must be as many"
        )
    *choices, result = common(*choicelist, default)
    for condition, choice in zip(reversed(condlist), reversed(choices), strict=True):
        result = e.where(tensor_of(condition), choice, result)
    return result
