"""Picking elements along an axis by arrays of positions, and its adjoint: adding them where they came from."""

from __future__ import annotations

from typing import Any

import numpy as np

from autocnn.backend.arrays import namespace, to_device, to_numpy
from autocnn.engine import Tensor, as_tensor, method, primitive, slots
from autocnn.errors import ArgumentError, DTypeError, OutOfRangeError, ShapeError
from autocnn.ops.axes import as_int, numpy_names, one_axis
from autocnn.ops.broadcast import broadcast_shapes, broadcast_to, size_of
from autocnn.ops.elementwise import add, mul
from autocnn.ops.indexing.getitem import _index, _nonzero, _unindex, add_at, take_at
from autocnn.ops.indexing.setitem import _put
from autocnn.ops.shape.joining import repeat_each
from autocnn.ops.shape.padding import _crop
from autocnn.ops.shape.views import flatten, permute, reshape, unsqueeze
from autocnn.types import Array, Namespace, Shape

# Whole slices ----------------------------------------------------------------------------------------------------


@method("take")
def take(x: Any, index: Any) -> Tensor:
    """The elements of x, seen as one row, at an index of any shape: -> index.shape.

    Raises OutOfRangeError where the row is too short.

    >>> take(Tensor([[1.0, 2.0], [3.0, 4.0]]), [0, 3]).tolist()
    [1.0, 4.0]
    """
    x = flatten(x)
    positions = _positions("take", index, x)
    return take_at("take", x, unsqueeze(positions, 0), (0,))


@method("index_select")
@numpy_names
def index_select(x: Any, dim: int, index: Any) -> Tensor:
    """The slices of x along an axis at the positions `index` (n,): (a, b) -> (a, n) for `dim=1`.

    Raises ShapeError unless the index is a vector, OutOfRangeError where the axis is too short.

    >>> index_select(Tensor([[1.0, 2.0]]), 1, [1, 1, 0]).tolist()
    [[2.0, 2.0, 1.0]]
    """
    x = as_tensor(x)
    positions = _positions("index_select", index, x)
    if positions.ndim > 1 or (not x.ndim and size_of(positions.shape) != 1):
        raise ShapeError(f"index_select: index is {positions.shape}; must be a vector, of length 1 for a 0-d x")
    if not x.ndim:
        return reshape(index_select(reshape(x, (1,)), dim, positions), ())
    axis = one_axis("index_select", dim, x.ndim)
    return take_at("index_select", x, reshape(positions, (1, -1)), (axis,))


@method("index_add")
@numpy_names
def index_add(x: Any, dim: int, index: Any, source: Any, *, alpha: float = 1) -> Tensor:
    """x with `alpha` times each slice of `source` added to the slice of x that `index` (n,) says.

    Raises ShapeError unless `source` has the shape of x, n long on that axis.

    >>> index_add(Tensor([1.0, 2.0]), 0, [0, 0], Tensor([10.0, 20.0])).tolist()
    [31.0, 2.0]
    """
    x, source = as_tensor(x), as_tensor(source)
    positions = _positions("index_add", index, x)
    axis = one_axis("index_add", dim, x.ndim)
    expected = (*x.shape[:axis], size_of(positions.shape), *x.shape[axis + 1 :])
    if source.shape != expected or positions.ndim > 1:
        raise ShapeError(f"index_add: source is {source.shape}, index {positions.shape}; must be {expected}")
    _check_range("index_add", positions, axis, x.shape)
    row = reshape(positions, (1, -1))
    part = source if alpha == 1 else mul(source, alpha)
    return add(x, _unindex(part, row, axes=(axis,), unique=False, shape=x.shape))


@method("index_fill")
@numpy_names
def index_fill(x: Any, dim: int, index: Any, value: Any) -> Tensor:
    """x with one value in the slices along an axis at the positions `index` (n,).

    Raises ShapeError for more than one value, OutOfRangeError where the axis is too short.

    >>> index_fill(Tensor([1.0, 2.0]), 0, [1], 5).tolist()
    [1.0, 5.0]
    """
    x = as_tensor(x)
    v = as_tensor(value, x)
    if v.ndim:
        raise ShapeError(f"index_fill: value is {v.shape}; must be one number. Use index_copy for several")
    return _written("index_fill", x, dim, index, v)


@method("index_copy")
@numpy_names
def index_copy(x: Any, dim: int, index: Any, source: Any) -> Tensor:
    """x with the slices of `source` in place of those along an axis at the positions `index` (n,).

    Raises ShapeError unless `source` has the shape of x, n long on that axis.

    >>> index_copy(Tensor([1.0, 2.0]), 0, [1], Tensor([5.0])).tolist()
    [1.0, 5.0]
    """
    x, source = as_tensor(x), as_tensor(source)
    positions = _positions("index_copy", index, x)
    axis = one_axis("index_copy", dim, x.ndim)
    expected = (*x.shape[:axis], size_of(positions.shape), *x.shape[axis + 1 :])
    if source.shape != expected:
        raise ShapeError(f"index_copy: source is {source.shape}, index {positions.shape}; must be {expected}")
    return _written("index_copy", x, axis, positions, source)


def _written(op: str, x: Tensor, dim: int, index: Any, value: Tensor) -> Tensor:
    if not x.ndim:
        return reshape(_written(op, reshape(x, (1,)), dim, index, value), ())
    positions = reshape(_positions(op, index, x), (1, -1))
    axis = one_axis(op, dim, x.ndim)
    _check_range(op, positions, axis, x.shape)
    return _put(x, value if value.dtype == x.dtype else slots.cast(value, x.dtype), positions, axes=(axis,))


@method("repeat_interleave")
@numpy_names
def repeat_interleave(x: Any, repeats: Any, dim: int | None = None, *, output_size: int | None = None) -> Tensor:
    """Each element of an axis `repeats` times in a row; without dim, of all elements as one row.

    `repeats` is one number for all or one for each.

    Raises ArgumentError for negative numbers, ShapeError unless there is one for each element.

    >>> repeat_interleave(Tensor([1.0, 2.0]), [1, 2]).tolist()
    [1.0, 2.0, 2.0]
    """
    x = as_tensor(x)
    x, axis = (flatten(x), 0) if dim is None else (x, one_axis("repeat_interleave", dim, x.ndim))
    times = _positions("repeat_interleave", repeats)
    if bool((times.array < 0).any()):
        raise ArgumentError(f"repeat_interleave: repeats is {times.tolist()}; must not be negative")
    if size_of(times.shape) == 1:
        return repeat_each(x, int(times.array.reshape(())), axis)
    if times.shape != (x.shape[axis],):
        raise ShapeError(f"repeat_interleave: repeats is {times.shape}; must be a number, or {(x.shape[axis],)}")
    rows = np.repeat(np.arange(x.shape[axis]), to_numpy(times.array))
    return take_at("repeat_interleave", x, Tensor(to_device(rows[None], x.device)), (axis,))


# Element by element ----------------------------------------------------------------------------------------------


@method("gather")
@numpy_names
def gather(x: Any, dim: int, index: Any) -> Tensor:
    """z[i][j] = x[index[i][j]][j] for `dim=0`, x[i][index[i][j]] for `dim=1`, and so on: -> index.shape.

    The index has as many axes as x, none longer than that of x save `dim`.
    Raises ShapeError where it does not fit, OutOfRangeError where a position is not there.

    >>> gather(Tensor([[1.0, 2.0], [3.0, 4.0]]), 1, [[0], [1]]).tolist()
    [[1.0], [4.0]]
    """
    x = as_tensor(x)
    positions = _positions("gather", index, x)
    axis = one_axis("gather", dim, x.ndim)
    fitted = _fit("gather", "x", x, positions, axis)
    _check_range("gather", positions, axis, x.shape)
    return _gather(fitted, positions, dim=axis)


@method("take_along_dim")
@numpy_names
def take_along_dim(x: Any, indices: Any, dim: int | None = None) -> Tensor:
    """`gather` with x and the index broadcast against each other; without `dim` x is taken as one row.

    >>> take_along_dim(Tensor([[1.0, 2.0], [3.0, 4.0]]), [[1]], 1).tolist()
    [[2.0], [4.0]]
    """
    x = as_tensor(x)
    positions = _positions("take_along_dim", indices, x)
    if dim is None:
        return gather(flatten(x), 0, flatten(positions))
    axis = one_axis("take_along_dim", dim, x.ndim)
    if positions.ndim != x.ndim:
        raise ShapeError(f"take_along_dim: indices is {positions.shape}, x {x.shape}; must have as many axes")
    rest = [tuple([1 if i == axis else n for i, n in enumerate(t.shape)]) for t in (x, positions)]
    shape = broadcast_shapes("take_along_dim", *rest)
    wide = [tuple([t.shape[i] if i == axis else n for i, n in enumerate(shape)]) for t in (x, positions)]
    return gather(broadcast_to(x, wide[0]), axis, broadcast_to(positions, wide[1]))


@method("scatter_add")
@numpy_names
def scatter_add(x: Any, dim: int, index: Any, src: Any) -> Tensor:
    """x with each element of `src` added where `gather` would have taken it from.

    Raises ShapeError where the index fits x or `src` not, OutOfRangeError where a position is not there.

    >>> scatter_add(Tensor([0.0, 0.0]), 0, [1, 1], Tensor([1.0, 2.0])).tolist()
    [0.0, 3.0]
    """
    x, source, positions, axis = _scattered("scatter_add", x, dim, index, src)
    return add(x, _ungather(source, positions, dim=axis, shape=x.shape))


@method("scatter")
@numpy_names
def scatter(x: Any, dim: int, index: Any, src: Any = None, value: Any = None) -> Tensor:
    """x with each element of `src`, or one value, written where `gather` would have taken it from.

    Raises ShapeError where the index fits x or `src` not, OutOfRangeError where a position is not there.

    >>> scatter(Tensor([0.0, 0.0]), 0, [1], Tensor([5.0])).tolist()
    [0.0, 5.0]
    """
    if (src is None) == (value is None):
        raise ArgumentError("scatter: src and value; exactly one of them must be given")
    x = as_tensor(x)
    source = as_tensor(src if value is None else value, x)
    if not source.ndim:
        source = broadcast_to(source, _positions("scatter", index).shape)
    x, source, positions, axis = _scattered("scatter", x, dim, index, source)
    return _scatter(x, source, positions, dim=axis)


def _scattered(op: str, x: Any, dim: int, index: Any, src: Any) -> tuple[Tensor, Tensor, Tensor, int]:
    x = as_tensor(x)
    source, positions = as_tensor(src, x), _positions(op, index, x)
    axis = one_axis(op, dim, x.ndim)
    _fit(op, "x", x, positions, axis)
    source = _fit(op, "src", source, positions, None)
    _check_range(op, positions, axis, x.shape)
    return x, source if source.dtype == x.dtype else slots.cast(source, x.dtype), positions, axis


def _fit(op: str, name: str, x: Tensor, index: Tensor, axis: int | None) -> Tensor:
    """x cut to the lengths of the index, save on one axis."""
    if index.ndim != x.ndim:
        raise ShapeError(f"{op}: index is {index.shape}, {name} {x.shape}; must have as many axes")
    over = [0 if i == axis else n - m for i, (n, m) in enumerate(zip(x.shape, index.shape, strict=True))]
    if any(n < 0 for n in over) and size_of(index.shape):
        raise ShapeError(f"{op}: index is {index.shape}, {name} {x.shape}; no axis may be longer, save dim")
    if not any(n > 0 for n in over):
        return x
    return _crop(x, widths=tuple([(0, max(n, 0)) for n in over]))


def _check_range(op: str, index: Tensor, axis: int, shape: Shape) -> None:
    array = index.array
    length = shape[axis] if shape else 1
    if array.size and not (int(array.min()) >= 0 and int(array.max()) < length):
        wrong = int(array.min()) if int(array.min()) < 0 else int(array.max())
        raise OutOfRangeError(f"{op}: index is {wrong}; must be from 0 to {length - 1}, axis {axis} of x {shape}")


@primitive(saves=(("index",), ()))
def _gather(xp: Any, x: Any, index: Any, *, dim: int) -> Any:
    return x[_grid(xp, index, dim)]


@primitive(saves=(("index",), ()))
def _ungather(xp: Any, x: Any, index: Any, *, dim: int, shape: Shape) -> Any:
    """Zeros of this shape, with x added where `_gather` takes it from."""
    places = xp.arange(size_of(shape)).reshape(shape)[_grid(xp, index, dim)]
    return add_at(xp, x, places, shape)


_gather.vjp(lambda g, z, x, index, dim: _ungather(g, index, dim=dim, shape=x.shape), None)
_ungather.vjp(lambda g, z, x, index, dim, shape: _gather(g, index, dim=dim), None)


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


def _grid(xp: Namespace, index: Array, dim: int) -> tuple[Array, ...]:
    """An index along one axis as NumPy writes it: with the positions on every other axis."""
    if not index.ndim:
        return ()
    grid = []
    for axis, n in enumerate(index.shape):
        along = [1] * index.ndim
        along[axis] = n
        grid.append(index if axis == dim else xp.arange(n).reshape(along))
    return tuple(grid)


# By a mask -------------------------------------------------------------------------------------------------------


@method("masked_select")
def masked_select(x: Any, mask: Any) -> Tensor:
    """The elements of x where a mask is true, as one row; x and mask broadcast.

    Raises DTypeError unless the mask is of bools.

    >>> masked_select(Tensor([1.0, 2.0]), [True, False]).tolist()
    [1.0]
    """
    x, m = as_tensor(x), _mask("masked_select", mask)
    shape = broadcast_shapes("masked_select", x.shape, m.shape)
    rows, m = (
        reshape(broadcast_to(x, shape), (size_of(shape),)),
        reshape(broadcast_to(m, shape), (size_of(shape),)),
    )
    return _index(rows, _nonzero(m), axes=(0,), unique=True)


def _mask(op: str, mask: Any) -> Tensor:
    m = as_tensor(mask)
    if m.dtype.kind != "b":
        raise DTypeError(f"{op}: mask is {m.dtype}; must be bool")
    return m


@method("nonzero")
def nonzero(x: Any, *, as_tuple: bool = False) -> Any:
    """Where x is not zero: (n, axes), or a tuple of (n,) for each axis.

    >>> nonzero(Tensor([[0.0, 1.0], [2.0, 0.0]])).tolist()
    [[0, 1], [1, 0]]
    """
    x = as_tensor(x)
    if as_tuple:
        found = _nonzero(x if x.ndim else reshape(x, (1,)))
        return tuple([Tensor(row) for row in found.array])
    if not x.ndim:
        return Tensor(namespace(x.array).zeros((int(bool(x)), 0), "int64"))
    return permute(_nonzero(x), 1, 0)


@method("argwhere")
def argwhere(x: Any) -> Tensor:
    """The positions of what is not zero: (n, axes).

    >>> argwhere(Tensor([0.0, 1.0])).tolist()
    [[1]]
    """
    return nonzero(x)


def one_hot(x: Any, num_classes: int = -1) -> Tensor:
    """int64 rows with a 1 at each class of x: (...) -> (..., num_classes), by default one more than the largest.

    Raises DTypeError unless x holds integers, OutOfRangeError where a class is not there.

    >>> one_hot(Tensor([0, 2])).tolist()
    [[1, 0, 0], [0, 0, 1]]
    """
    classes = _positions("one_hot", x)
    count = as_int("one_hot", "num_classes", num_classes)
    if count == -1:
        if not size_of(classes.shape):
            raise ArgumentError("one_hot: x is empty; num_classes must be given")
        count = int(classes.array.max()) + 1
    _check_range("one_hot", classes, 0, (count,))
    return _one_hot(classes, count=count)


@primitive(differentiable=False)
def _one_hot(xp: Any, x: Any, *, count: int) -> Any:
    return xp.equal(x[..., None], xp.arange(count)).astype("int64")


def _positions(op: str, index: Any, like: Tensor | None = None) -> Tensor:
    """An index as integers, numbers and lists of them beside the tensor that they index."""
    x = as_tensor(index)
    if isinstance(index, (list, tuple)) and not size_of(x.shape):
        x = slots.cast(x, x.array.astype("int64").dtype)
    if x.dtype.kind not in "iu":
        raise DTypeError(f"{op}: index is {x.dtype}; must be integers")
    return x if like is None or hasattr(index, "dtype") else Tensor(to_device(x.array, like.device))
