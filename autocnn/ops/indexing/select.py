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
def take(input: Any, index: Any) -> Tensor:
    """The elements of input, seen as one row, at an index of any shape: -> index.shape.

    Raises OutOfRangeError where the row is too short.

    >>> take(Tensor([[1.0, 2.0], [3.0, 4.0]]), [0, 3]).tolist()
    [1.0, 4.0]
    """
    input = flatten(input)
    positions = _positions("take", index, input)
    return take_at("take", input, unsqueeze(positions, 0), (0,))


@method("index_select")
@numpy_names
def index_select(input: Any, dim: int, index: Any) -> Tensor:
    """The slices of input along an axis at the positions `index` (n,): (a, b) -> (a, n) for `dim=1`.

    Raises ShapeError unless the index is a vector, OutOfRangeError where the axis is too short.

    >>> index_select(Tensor([[1.0, 2.0]]), 1, [1, 1, 0]).tolist()
    [[2.0, 2.0, 1.0]]
    """
    input = as_tensor(input)
    positions = _positions("index_select", index, input)
    if positions.ndim > 1 or (not input.ndim and size_of(positions.shape) != 1):
        raise ShapeError(f"index_select: index is {positions.shape}; must be a vector, of length 1 for a 0-d x")
    if not input.ndim:
        return reshape(index_select(reshape(input, (1,)), dim, positions), ())
    axis = one_axis("index_select", dim, input.ndim)
    return take_at("index_select", input, reshape(positions, (1, -1)), (axis,))


@method("index_add")
@numpy_names
def index_add(input: Any, dim: int, index: Any, source: Any, *, alpha: float = 1) -> Tensor:
    """input with `alpha` times each slice of `source` added to the slice of input that `index` (n,) says.

    Raises ShapeError unless `source` has the shape of input, n long on that axis.

    >>> index_add(Tensor([1.0, 2.0]), 0, [0, 0], Tensor([10.0, 20.0])).tolist()
    [31.0, 2.0]
    """
    input, source = as_tensor(input), as_tensor(source)
    positions = _positions("index_add", index, input)
    axis = one_axis("index_add", dim, input.ndim)
    expected = (*input.shape[:axis], size_of(positions.shape), *input.shape[axis + 1 :])
    if source.shape != expected or positions.ndim > 1:
        raise ShapeError(f"index_add: source is {source.shape}, index {positions.shape}; must be {expected}")
    _check_range("index_add", positions, axis, input.shape)
    row = reshape(positions, (1, -1))
    part = source if alpha == 1 else mul(source, alpha)
    return add(input, _unindex(part, row, axes=(axis,), unique=False, shape=input.shape))


@method("index_fill")
@numpy_names
def index_fill(input: Any, dim: int, index: Any, value: Any) -> Tensor:
    """input with one value in the slices along an axis at the positions `index` (n,).

    Raises ShapeError for more than one value, OutOfRangeError where the axis is too short.

    >>> index_fill(Tensor([1.0, 2.0]), 0, [1], 5).tolist()
    [1.0, 5.0]
    """
    input = as_tensor(input)
    v = as_tensor(value, input)
    if v.ndim:
        raise ShapeError(f"index_fill: value is {v.shape}; must be one number. Use index_copy for several")
    return _written("index_fill", input, dim, index, v)


@method("index_copy")
@numpy_names
def index_copy(input: Any, dim: int, index: Any, source: Any) -> Tensor:
    """input with the slices of `source` in place of those along an axis at the positions `index` (n,).

    Raises ShapeError unless `source` has the shape of input, n long on that axis.

    >>> index_copy(Tensor([1.0, 2.0]), 0, [1], Tensor([5.0])).tolist()
    [1.0, 5.0]
    """
    input, source = as_tensor(input), as_tensor(source)
    positions = _positions("index_copy", index, input)
    axis = one_axis("index_copy", dim, input.ndim)
    expected = (*input.shape[:axis], size_of(positions.shape), *input.shape[axis + 1 :])
    if source.shape != expected:
        raise ShapeError(f"index_copy: source is {source.shape}, index {positions.shape}; must be {expected}")
    return _written("index_copy", input, axis, positions, source)


def _written(op: str, x: Tensor, dim: int, index: Any, value: Tensor) -> Tensor:
    if not x.ndim:
        return reshape(_written(op, reshape(x, (1,)), dim, index, value), ())
    positions = reshape(_positions(op, index, x), (1, -1))
    axis = one_axis(op, dim, x.ndim)
    _check_range(op, positions, axis, x.shape)
    return _put(x, value if value.dtype == x.dtype else slots.cast(value, x.dtype), positions, axes=(axis,))


@method("repeat_interleave")
@numpy_names
def repeat_interleave(
    input: Any, repeats: Any, dim: int | None = None, *, output_size: int | None = None
) -> Tensor:
    """Each element of an axis `repeats` times in a row; without dim, of all elements as one row.

    `repeats` is one number for all or one for each.

    Raises ArgumentError for negative numbers, ShapeError unless there is one for each element.

    >>> repeat_interleave(Tensor([1.0, 2.0]), [1, 2]).tolist()
    [1.0, 2.0, 2.0]
    """
    input = as_tensor(input)
    input, axis = (
        (flatten(input), 0)
        if dim is None
        else (input, one_axis("repeat_interleave", dim, input.ndim, needed=True))
    )
    times = _positions("repeat_interleave", repeats)
    if bool((times.array < 0).any()):
        raise ArgumentError(f"repeat_interleave: repeats is {times.tolist()}; must not be negative")
    if size_of(times.shape) == 1:
        return repeat_each(input, int(times.array.reshape(())), axis)
    if times.shape != (input.shape[axis],):
        raise ShapeError(
            f"repeat_interleave: repeats is {times.shape}; must be a number, or {(input.shape[axis],)}"
        )
    rows = np.repeat(np.arange(input.shape[axis]), to_numpy(times.array))
    return take_at("repeat_interleave", input, Tensor(to_device(rows[None], input.device)), (axis,))


# Element by element ----------------------------------------------------------------------------------------------


@method("gather")
@numpy_names
def gather(input: Any, dim: int, index: Any) -> Tensor:
    """z[i][j] = input[index[i][j]][j] for `dim=0`, input[i][index[i][j]] for `dim=1`, and so on: -> index.shape.

    The index has as many axes as input, none longer than that of input save `dim`.
    Raises ShapeError where it does not fit, OutOfRangeError where a position is not there.

    >>> gather(Tensor([[1.0, 2.0], [3.0, 4.0]]), 1, [[0], [1]]).tolist()
    [[1.0], [4.0]]
    """
    input = as_tensor(input)
    positions = _positions("gather", index, input)
    axis = one_axis("gather", dim, input.ndim)
    fitted = _fit("gather", "x", input, positions, axis)
    _check_range("gather", positions, axis, input.shape)
    return _gather(fitted, positions, dim=axis)


@method("take_along_dim")
@numpy_names
def take_along_dim(input: Any, indices: Any, dim: int | None = None) -> Tensor:
    """`gather` with input and the index broadcast against each other; without `dim` input is taken as one row.

    >>> take_along_dim(Tensor([[1.0, 2.0], [3.0, 4.0]]), [[1]], 1).tolist()
    [[2.0], [4.0]]
    """
    input = as_tensor(input)
    positions = _positions("take_along_dim", indices, input)
    if dim is None:
        return gather(flatten(input), 0, flatten(positions))
    axis = one_axis("take_along_dim", dim, input.ndim)
    if positions.ndim != input.ndim:
        raise ShapeError(f"take_along_dim: indices is {positions.shape}, x {input.shape}; must have as many axes")
    rest = [tuple([1 if i == axis else n for i, n in enumerate(t.shape)]) for t in (input, positions)]
    shape = broadcast_shapes("take_along_dim", *rest)
    wide = [tuple([t.shape[i] if i == axis else n for i, n in enumerate(shape)]) for t in (input, positions)]
    return gather(broadcast_to(input, wide[0]), axis, broadcast_to(positions, wide[1]))


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
def masked_select(input: Any, mask: Any) -> Tensor:
    """The elements of input where a mask is true, as one row; input and mask broadcast.

    Raises DTypeError unless the mask is of bools.

    >>> masked_select(Tensor([1.0, 2.0]), [True, False]).tolist()
    [1.0]
    """
    input, m = as_tensor(input), _mask("masked_select", mask)
    shape = broadcast_shapes("masked_select", input.shape, m.shape)
    rows, m = (
        reshape(broadcast_to(input, shape), (size_of(shape),)),
        reshape(broadcast_to(m, shape), (size_of(shape),)),
    )
    return _index(rows, _nonzero(m), axes=(0,), unique=True)


def _mask(op: str, mask: Any) -> Tensor:
    m = as_tensor(mask)
    if m.dtype.kind != "b":
        raise DTypeError(f"{op}: mask is {m.dtype}; must be bool")
    return m


@method("nonzero")
def nonzero(input: Any, *, as_tuple: bool = False) -> Any:
    """Where input is not zero: (n, axes), or a tuple of (n,) for each axis.

    >>> nonzero(Tensor([[0.0, 1.0], [2.0, 0.0]])).tolist()
    [[0, 1], [1, 0]]
    """
    input = as_tensor(input)
    if as_tuple:
        found = _nonzero(input if input.ndim else reshape(input, (1,)))
        return tuple([Tensor(row) for row in found.array])
    if not input.ndim:
        return Tensor(namespace(input.array).zeros((int(bool(input)), 0), "int64"))
    return permute(_nonzero(input), 1, 0)


@method("argwhere")
def argwhere(input: Any) -> Tensor:
    """The positions of what is not zero: (n, axes).

    >>> argwhere(Tensor([0.0, 1.0])).tolist()
    [[1]]
    """
    return nonzero(input)


def one_hot(tensor: Any, num_classes: int = -1) -> Tensor:
    """int64 rows with a 1 at each class: (...) -> (..., num_classes), by default one more than the largest.

    Raises DTypeError unless tensor holds integers, OutOfRangeError where a class is not there.

    >>> one_hot(Tensor([0, 2])).tolist()
    [[1, 0, 0], [0, 0, 1]]
    """
    classes = _positions("one_hot", tensor)
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
