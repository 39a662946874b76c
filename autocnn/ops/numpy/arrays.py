"""NumPy's functions of shape, joining and padding on Tensors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from autocnn.engine import Tensor
from autocnn.errors import ArgumentError, DTypeError, ShapeError
from autocnn.ops import elementwise as e
from autocnn.ops import shape as s
from autocnn.ops.axes import as_int, as_sizes, many_axes, one_axis
from autocnn.ops.broadcast import broadcast_shapes, broadcast_to
from autocnn.ops.indexing import getitem, repeat_interleave
from autocnn.ops.numpy.table import axes_tuple, common, in_dtype, operand, real_axes, stands_for, tensor_of

Axis = int | tuple[int, ...] | None

# Another shape ---------------------------------------------------------------------------------------------------


@stands_for(np.reshape)
def _reshape(a: Any, /, shape: Any = None, order: str = "C", *, newshape: Any = None, copy: Any = None) -> Tensor:
    x = tensor_of(a)
    sizes = as_sizes("numpy.reshape", "shape", (shape if newshape is None else newshape,))
    if not _by_columns(x, order):
        return s.reshape(x, sizes)
    return _transpose(s.reshape(_transpose(x), sizes[::-1]))


@stands_for(np.ravel)
def _ravel(a: Any, order: str = "C") -> Tensor:
    x = tensor_of(a)
    if order == "K":  # as they lie in memory
        return s.ravel(s.permute(x, sorted(range(x.ndim), key=lambda i: -abs(x.array.strides[i]))))
    return s.ravel(_transpose(x) if _by_columns(x, order) else x)


def _by_columns(x: Tensor, order: str) -> bool:
    """Whether elements are read by columns: as asked for, or with "A" where they lie so."""
    flags = x.array.flags
    return order == "F" or (order == "A" and flags.f_contiguous and not flags.c_contiguous)


@stands_for(np.transpose, np.permute_dims)
def _transpose(a: Any, axes: Any = None) -> Tensor:
    x = tensor_of(a)
    return s.permute(x, tuple(range(x.ndim))[::-1] if axes is None else axes)


@stands_for(np.matrix_transpose)
def _matrix_transpose(x: Any, /) -> Tensor:
    return s.transpose(tensor_of(x), -1, -2)


@stands_for(np.swapaxes)
def _swapaxes(a: Any, axis1: int, axis2: int) -> Tensor:
    x = tensor_of(a)
    real_axes("numpy.swapaxes", axis1, x.ndim)
    return s.transpose(x, axis1, axis2)


@stands_for(np.moveaxis)
def _moveaxis(a: Any, source: Any, destination: Any) -> Tensor:
    x = tensor_of(a)
    real_axes("numpy.moveaxis", source, x.ndim)
    return s.movedim(x, source, destination)


@stands_for(np.expand_dims)
def _expand_dims(a: Any, axis: int | tuple[int, ...]) -> Tensor:
    x = tensor_of(a)
    given = axes_tuple(axis, x.ndim)
    new = many_axes("numpy.expand_dims", given, x.ndim + len(given), "axis")
    old = iter(x.shape)
    return s.reshape(x, tuple([1 if i in new else next(old) for i in range(x.ndim + len(given))]))


@stands_for(np.squeeze)
def _squeeze(a: Any, axis: Axis = None) -> Tensor:
    x = tensor_of(a)
    if axis is None or not x.ndim:
        return s.squeeze(x)
    axes = many_axes("numpy.squeeze", axes_tuple(axis, x.ndim), x.ndim, "axis")
    if any(x.shape[i] != 1 for i in axes):
        raise ShapeError(f"numpy.squeeze: axis is {axis}, a {x.shape}; only axes of length 1 can go")
    return s.squeeze(x, axes)


@stands_for(np.atleast_1d)
def _atleast_1d(*arys: Any) -> Any:
    return _each(arys, lambda x: x if x.ndim else s.reshape(x, (1,)))


@stands_for(np.atleast_2d)
def _atleast_2d(*arys: Any) -> Any:
    return _each(arys, lambda x: x if x.ndim > 1 else s.reshape(x, (1, -1)))


@stands_for(np.atleast_3d)
def _atleast_3d(*arys: Any) -> Any:
    return _each(arys, lambda x: x if x.ndim > 2 else s.reshape(x, (*((1,) * (2 - x.ndim) + x.shape), 1)))


def _each(arys: Sequence[Any], widen: Any) -> Any:
    done = tuple(widen(tensor_of(x)) for x in arys)
    return done[0] if len(done) == 1 else done


@stands_for(np.broadcast_to)
def _broadcast_to(array: Any, shape: Any) -> Tensor:
    return broadcast_to(tensor_of(array), as_sizes("numpy.broadcast_to", "shape", (shape,)))


@stands_for(np.broadcast_arrays)
def _broadcast_arrays(*args: Any) -> tuple[Any, ...]:
    shape = broadcast_shapes("numpy.broadcast_arrays", *map(np.shape, args))
    return tuple([_wide(x, shape) for x in args])


def _wide(x: Any, shape: tuple[int, ...]) -> Any:
    """An operand in that shape; names and other objects, which plots hand over beside numbers, as an array."""
    if not isinstance(x, Tensor) and np.asarray(x).dtype.kind not in "fiub":
        return np.broadcast_to(x, shape)
    return broadcast_to(tensor_of(x), shape)


# Joining and taking apart ----------------------------------------------------------------------------------------


@stands_for(np.concatenate)
def _concatenate(
    arrays: Any, /, axis: int | None = 0, out: None = None, *, dtype: Any = None, casting: Any = "same_kind"
) -> Tensor:
    xs = _alike("numpy.concatenate", arrays, dtype, casting)
    if axis is None:
        return s.cat([s.ravel(x) for x in xs])
    if any(x.ndim != xs[0].ndim for x in xs):
        raise ShapeError(f"numpy.concatenate: shapes are {[x.shape for x in xs]}; must have as many axes")
    return s.cat(xs, axis)


@stands_for(np.stack)
def _stack(
    arrays: Any, axis: int = 0, out: None = None, *, dtype: Any = None, casting: Any = "same_kind"
) -> Tensor:
    return s.stack(_alike("numpy.stack", arrays, dtype, casting), axis)


def _alike(op: str, arrays: Any, dtype: Any, casting: Any) -> list[Tensor]:
    """The arrays in a common dtype, or in the one asked for, where the casting rule allows it."""
    given = [tensor_of(x) for x in arrays]
    xs = common(*given)
    for x in given:
        goal = np.dtype(dtype or xs[0].dtype)
        if not np.can_cast(x.dtype, goal, casting):
            raise DTypeError(f"{op}: dtype is {goal}, an array {x.dtype}; casting {casting!r} does not allow it")
    return [in_dtype(x, dtype) for x in xs]


@stands_for(np.vstack)
def _vstack(tup: Any, *, dtype: Any = None, casting: Any = "same_kind") -> Tensor:
    return _concatenate([_atleast_2d(x) for x in tup], 0, dtype=dtype, casting=casting)


@stands_for(np.hstack)
def _hstack(tup: Any, *, dtype: Any = None, casting: Any = "same_kind") -> Tensor:
    xs = [_atleast_1d(x) for x in tup]
    return _concatenate(xs, 0 if xs[0].ndim == 1 else 1, dtype=dtype, casting=casting)


@stands_for(np.dstack)
def _dstack(tup: Any) -> Tensor:
    return _concatenate([_atleast_3d(x) for x in tup], 2)


@stands_for(np.column_stack)
def _column_stack(tup: Any) -> Tensor:
    return _concatenate([x if x.ndim > 1 else s.reshape(x, (-1, 1)) for x in map(tensor_of, tup)], 1)


@stands_for(np.array_split)
def _array_split(ary: Any, indices_or_sections: Any, axis: int = 0) -> list[Tensor]:
    return list(s.tensor_split(tensor_of(ary), _cuts(indices_or_sections), axis))


@stands_for(np.split)
def _split(ary: Any, indices_or_sections: Any, axis: int = 0) -> list[Tensor]:
    x, indices_or_sections = tensor_of(ary), _cuts(indices_or_sections)
    if not isinstance(indices_or_sections, Sequence):
        count = as_int("numpy.split", "sections", indices_or_sections)
        length = x.shape[one_axis("numpy.split", axis, x.ndim, "axis")]
        if count < 1 or length % count:
            raise ArgumentError(f"numpy.split: sections is {count}; must divide {length}, the length of the axis")
    return _array_split(x, indices_or_sections, axis)


def _cuts(indices_or_sections: Any) -> Any:
    """How many pieces, or the list of where to cut, of an array of them."""
    return indices_or_sections.tolist() if hasattr(indices_or_sections, "tolist") else indices_or_sections


@stands_for(np.hsplit)
def _hsplit(ary: Any, indices_or_sections: Any) -> list[Tensor]:
    x = _at_least("numpy.hsplit", ary, 1)
    return _split(x, indices_or_sections, 0 if x.ndim == 1 else 1)


@stands_for(np.vsplit)
def _vsplit(ary: Any, indices_or_sections: Any) -> list[Tensor]:
    return _split(_at_least("numpy.vsplit", ary, 2), indices_or_sections, 0)


@stands_for(np.dsplit)
def _dsplit(ary: Any, indices_or_sections: Any) -> list[Tensor]:
    return _split(_at_least("numpy.dsplit", ary, 3), indices_or_sections, 2)


def _at_least(op: str, x: Any, count: int) -> Tensor:
    x = tensor_of(x)
    if x.ndim < count:
        raise ShapeError(f"{op}: x is {x.shape}; must have {count} axes or more")
    return x


@stands_for(np.unstack)
def _unstack(x: Any, /, *, axis: int = 0) -> tuple[Tensor, ...]:
    return s.unbind(tensor_of(x), axis)


# Moving, repeating -----------------------------------------------------------------------------------------------


@stands_for(np.flip)
def _flip(m: Any, axis: Axis = None) -> Tensor:
    x = tensor_of(m)
    return s.flip(x, real_axes("numpy.flip", axis, x.ndim))


@stands_for(np.fliplr)
def _fliplr(m: Any) -> Tensor:
    return s.fliplr(_at_least("numpy.fliplr", m, 2))


@stands_for(np.flipud)
def _flipud(m: Any) -> Tensor:
    return s.flipud(_at_least("numpy.flipud", m, 1))


@stands_for(np.rot90)
def _rot90(m: Any, k: int = 1, axes: tuple[int, int] = (0, 1)) -> Tensor:
    x = tensor_of(m)
    first, second = many_axes("numpy.rot90", axes, x.ndim, "axes")
    turns = k % 4
    if turns == 2:
        return s.flip(x, (first, second))
    if turns == 1:
        return s.transpose(s.flip(x, (second,)), first, second)
    return s.flip(s.transpose(x, first, second), (second,)) if turns else e.positive(x)


@stands_for(np.roll)
def _roll(a: Any, shift: Any, axis: Axis = None) -> Tensor:
    x = tensor_of(a)
    if axis is None:
        return s.roll(x, int(np.sum(shift)))
    shifts, axes = np.broadcast_arrays(shift, axis)
    return s.roll(x, shifts.reshape(-1).tolist(), axes.reshape(-1).tolist())


@stands_for(np.tile)
def _tile(A: Any, reps: Any) -> Tensor:
    return s.tile(tensor_of(A), as_sizes("numpy.tile", "reps", (reps,)))


@stands_for(np.repeat)
def _repeat(a: Any, repeats: Any, axis: int | None = None) -> Tensor:
    x = tensor_of(a)
    return repeat_interleave(x if x.ndim else s.reshape(x, (1,)), repeats, axis)


# Choosing --------------------------------------------------------------------------------------------------------


@stands_for(np.where)
def _where(condition: Any, x: Any = None, y: Any = None, /) -> Any:
    test = tensor_of(condition)
    test = test if test.dtype.kind == "b" else e.ne(test, 0)
    if (x is None) != (y is None):
        raise ArgumentError("numpy.where: one of x and y is missing; give both, or the condition alone")
    return e.where(test) if x is None else e.where(test, *common(x, y))


@stands_for(np.clip)
def _clip(
    a: Any, a_min: Any = None, a_max: Any = None, out: None = None, *,
    min: Any = None, max: Any = None, dtype: Any = None,
) -> Tensor:  # fmt: skip
    low, high = a_min if min is None else min, a_max if max is None else max
    bounds = [operand(b) for b in (low, high) if b is not None]
    x, *rest = common(a, *bounds)
    if all(not isinstance(b, Tensor) for b in bounds):
        rest = bounds
    lower, upper = (None if low is None else rest[0]), (None if high is None else rest[-1])
    return in_dtype(e.clamp(x, lower, upper) if bounds else s.clone(x), dtype)


@stands_for(np.copy)
def _copy(a: Any, order: str = "K", subok: bool = False) -> Tensor:
    return s.clone(tensor_of(a))


@stands_for(np.astype)
def _astype(x: Any, dtype: Any, /, *, copy: bool = True) -> Tensor:
    x = tensor_of(x)
    return s.clone(x) if copy and x.dtype == np.dtype(dtype) else in_dtype(x, dtype)


@stands_for(np.fix)
def _fix(x: Any, out: None = None) -> Tensor:
    return e.trunc(tensor_of(x))


@stands_for(np.round, np.around)
def _round(a: Any, decimals: int = 0, out: None = None) -> Tensor:
    return e.round(tensor_of(a), decimals=decimals)


@stands_for(np.nan_to_num)
def _nan_to_num(
    x: Any, copy: bool = True, nan: float = 0.0, posinf: float | None = None, neginf: float | None = None
) -> Tensor:
    return e.nan_to_num(tensor_of(x), nan, posinf, neginf)


@stands_for(np.real)
def _real(val: Any) -> Tensor:
    return tensor_of(val)


@stands_for(np.meshgrid)
def _meshgrid(*xi: Any, copy: bool = True, sparse: bool = False, indexing: str = "xy") -> tuple[Tensor, ...]:
    rows = [s.ravel(tensor_of(x)) for x in xi]
    count = len(rows)
    places = [1, 0, *range(2, count)][:count] if indexing == "xy" and count > 1 else list(range(count))
    grids = [
        getitem(x, tuple(slice(None) if i == at else None for i in range(count)))
        for x, at in zip(rows, places, strict=True)
    ]
    full = broadcast_shapes("numpy.meshgrid", *[g.shape for g in grids])
    return tuple(grids) if sparse else tuple([broadcast_to(g, full) for g in grids])
