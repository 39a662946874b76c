"""Joining tensors and taking them apart: each is the adjoint of the other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from autocnn.backend import kernels
from autocnn.engine import Tensor, as_tensor, method, primitive, promote, slots
from autocnn.engine.views import base_of
from autocnn.errors import ArgumentError, ShapeError
from autocnn.ops.axes import as_int, as_sizes, by_name, numpy_names, one_axis
from autocnn.ops.broadcast import broadcast_to
from autocnn.ops.out import into
from autocnn.ops.shape.padding import _crop
from autocnn.ops.shape.views import _reshape, clone, reshape, transpose, unsqueeze
from autocnn.types import Shape

# Joining ---------------------------------------------------------------------------------------------------------


@numpy_names
def cat(tensors: Sequence[Any], dim: int = 0, *, out: Tensor | None = None) -> Tensor:
    """Tensors one after the other along an axis they have: (a, b), (c, b) -> (a + c, b).

    Raises ShapeError unless all other lengths agree. Empty vectors are passed over, as in PyTorch.

    >>> cat([Tensor([1.0]), Tensor([2.0, 3.0])]).tolist()
    [1.0, 2.0, 3.0]
    """
    xs = _operands("cat", tensors)
    shape = next((x.shape for x in xs if x.shape != (0,)), (0,))
    if not shape:
        raise ShapeError("cat: a 0-d tensor cannot be joined along an axis. Use stack")
    axis = one_axis("cat", dim, len(shape))
    empty = (*shape[:axis], 0, *shape[axis + 1 :])
    xs = [reshape(x, empty) if x.shape == (0,) else x for x in xs]
    for x in xs:
        if len(x.shape) != len(shape) or _without(x.shape, axis) != _without(shape, axis):
            raise ShapeError(f"cat: shapes {shape} and {x.shape} differ in another axis than dim {axis}")
    z = _cat(*xs, dim=axis)
    return z if out is None else into(out, z, "cat")


@primitive()
def _cat(xp: Any, *xs: Any, dim: int) -> Any:
    return kernels.cat(xp, *xs, dim=dim)


def _cat_rule(i: int, g: Any, z: Any, *xs: Any, dim: int) -> Any:
    before = sum([x.shape[dim] for x in xs[:i]])
    after = g.shape[dim] - before - xs[i].shape[dim]
    return _crop(g, widths=tuple([(before, after) if k == dim else (0, 0) for k in range(g.ndim)]))


_cat.vjp_each(_cat_rule)


@numpy_names
def stack(tensors: Sequence[Any], dim: int = 0, *, out: Tensor | None = None) -> Tensor:
    """Tensors of one shape side by side along a new axis: n times (a, b) -> (n, a, b).

    Raises ShapeError where shapes differ.

    >>> stack([Tensor([1.0, 2.0]), Tensor([3.0, 4.0])], 1).tolist()
    [[1.0, 3.0], [2.0, 4.0]]
    """
    xs = _operands("stack", tensors)
    for x in xs:
        if x.shape != xs[0].shape:
            raise ShapeError(f"stack: shapes {xs[0].shape} and {x.shape} differ; must be the same")
    z = _stack(*xs, dim=one_axis("stack", dim, xs[0].ndim + 1))
    return z if out is None else into(out, z, "stack")


@primitive()
def _stack(xp: Any, *xs: Any, dim: int) -> Any:
    return xp.stack(xs, axis=dim)


def _stack_rule(i: int, g: Any, z: Any, *xs: Any, dim: int) -> Any:
    widths = tuple([(i, len(xs) - 1 - i) if k == dim else (0, 0) for k in range(g.ndim)])
    return _reshape(_crop(g, widths=widths), shape=xs[i].shape)


_stack.vjp_each(_stack_rule)


def hstack(tensors: Sequence[Any]) -> Tensor:
    """Tensors joined along the second axis, vectors along their only one.

    >>> hstack([Tensor([1.0]), Tensor([2.0])]).tolist()
    [1.0, 2.0]
    """
    xs = _operands("hstack", tensors, 1)
    return cat(xs, 0 if xs[0].ndim == 1 else 1)


def vstack(tensors: Sequence[Any]) -> Tensor:
    """Tensors joined along the first axis, vectors as rows.

    >>> vstack([Tensor([1.0]), Tensor([2.0])]).tolist()
    [[1.0], [2.0]]
    """
    return cat(_operands("vstack", tensors, 2), 0)


def _operands(op: str, tensors: Sequence[Any], ndim: int = 0) -> list[Tensor]:
    """Tensors of at least so many axes, and then in their common dtype."""
    if isinstance(tensors, Tensor) or not isinstance(tensors, Sequence):
        raise ArgumentError(f"{op}: tensors is a {type(tensors).__name__}; must be a list or tuple of tensors")
    if not tensors:
        raise ArgumentError(f"{op}: tensors is empty; must hold at least one")
    xs = [_at_least(ndim, as_tensor(x)) for x in tensors]
    return list(promote(*xs)) if any(x.dtype != xs[0].dtype for x in xs) else xs


def _at_least(ndim: int, x: Tensor) -> Tensor:
    return x if x.ndim >= ndim else reshape(x, (1,) * (ndim - x.ndim) + x.shape)


def _without(shape: Shape, axis: int) -> Shape:
    return shape[:axis] + shape[axis + 1 :]


# Taking apart ----------------------------------------------------------------------------------------------------


@numpy_names
def split(tensor: Any, split_size_or_sections: int | Sequence[int], dim: int = 0) -> tuple[Tensor, ...]:
    """tensor in pieces along an axis: of one length, the last perhaps shorter, or of the lengths given. Views.

    Raises ShapeError unless given lengths add to that of the axis.

    >>> [p.tolist() for p in split(Tensor([1.0, 2.0, 3.0]), 2)]
    [[1.0, 2.0], [3.0]]
    """
    tensor = as_tensor(tensor)
    if not tensor.ndim:
        raise ShapeError("split: x is 0-d; there is no axis to split")
    axis = one_axis("split", dim, tensor.ndim)
    length = tensor.shape[axis]
    if isinstance(split_size_or_sections, Sequence):
        sizes = as_sizes("split", "sections", (split_size_or_sections,))
        if sum(sizes) != length or any(n < 0 for n in sizes):
            raise ShapeError(f"split: sections is {sizes}; must add to {length}, the length of dim {axis} of x")
    else:
        step = as_int("split", "split_size", split_size_or_sections)
        if step < 0 or (not step and length):
            raise ArgumentError(f"split: split_size is {step}; must be positive")
        sizes = tuple([min(step, length - i) for i in range(0, length, step)]) if length else (0,)
    return _split(tensor, sizes=sizes, dim=axis)


@primitive(outputs=True, view=True)
def _split(xp: Any, x: Any, *, sizes: tuple[int, ...], dim: int) -> Any:
    pieces, start, before = [], 0, (slice(None),) * dim
    for n in sizes:
        pieces.append(x[(*before, slice(start, start + n))])
        start += n
    return tuple(pieces)


_split.vjp(lambda g, z, x, sizes, dim: _cat(*g, dim=dim))


@method("chunk")
@numpy_names
def chunk(input: Any, chunks: int, dim: int = 0) -> tuple[Tensor, ...]:
    """input in at most `chunks` pieces of one length, the last perhaps shorter. Views.

    >>> [len(p) for p in chunk(Tensor([1.0, 2.0, 3.0, 4.0, 5.0]), 2)]
    [3, 2]
    """
    input = as_tensor(input)
    count = as_int("chunk", "chunks", chunks)
    if count < 1:
        raise ArgumentError(f"chunk: chunks is {count}; must be at least 1")
    if not input.ndim:
        raise ShapeError("chunk: x is 0-d; there is no axis to split")
    length = input.shape[one_axis("chunk", dim, input.ndim)]
    return split(input, -(-length // count) if length else [0] * count, dim)


@method("tensor_split")
@numpy_names
def tensor_split(input: Any, indices_or_sections: int | Sequence[int], dim: int = 0) -> tuple[Tensor, ...]:
    """input in so many nearly equal pieces, or cut before each of the given indices. Views.

    >>> [p.tolist() for p in tensor_split(Tensor([1.0, 2.0, 3.0]), 2)]
    [[1.0, 2.0], [3.0]]
    """
    input = as_tensor(input)
    if not input.ndim:
        raise ShapeError("tensor_split: x is 0-d; there is no axis to split")
    axis = one_axis("tensor_split", dim, input.ndim)
    length = input.shape[axis]
    if isinstance(indices_or_sections, Tensor):
        indices_or_sections = indices_or_sections.tolist()
    if isinstance(indices_or_sections, Sequence):
        cuts = [slice(i).indices(length)[1] for i in as_sizes("tensor_split", "indices", (indices_or_sections,))]
        pieces = [(a, max(b - a, 0)) for a, b in zip([0, *cuts], [*cuts, length], strict=True)]
        return tuple([_narrow(input, axis, start, n) for start, n in pieces])
    count = as_int("tensor_split", "sections", indices_or_sections)
    if count < 1:
        raise ArgumentError(f"tensor_split: sections is {count}; must be at least 1")
    short, longer = divmod(length, count)
    return _split(input, sizes=(short + 1,) * longer + (short,) * (count - longer), dim=axis)


@method("unbind")
@numpy_names
def unbind(input: Any, dim: int = 0) -> tuple[Tensor, ...]:
    """The slices of input along an axis, without that axis: (n, a) -> n times (a,). Views.

    >>> [p.tolist() for p in unbind(Tensor([[1.0, 2.0], [3.0, 4.0]]))]
    [[1.0, 2.0], [3.0, 4.0]]
    """
    input = as_tensor(input)
    if not input.ndim:
        raise ShapeError("unbind: x is 0-d; there is no axis to take apart")
    axis = one_axis("unbind", dim, input.ndim)
    return _unbind(input, dim=axis) if input.shape[axis] else ()


@primitive(outputs=True, view=True)
def _unbind(xp: Any, x: Any, *, dim: int) -> Any:
    before = (slice(None),) * dim
    return tuple([x[(*before, i, ...)] for i in range(x.shape[dim])])


_unbind.vjp(lambda g, z, x, dim: _stack(*g, dim=dim))


@method("narrow")
@numpy_names
def narrow(input: Any, dim: int, start: int, length: int) -> Tensor:
    """`length` elements of an axis, from `start` on. A view.

    Raises ShapeError where the axis is too short.

    >>> narrow(Tensor([1.0, 2.0, 3.0]), 0, 1, 2).tolist()
    [2.0, 3.0]
    """
    input = as_tensor(input)
    axis = one_axis("narrow", dim, input.ndim, needed=True)
    start = start + input.shape[axis] if start < 0 else start
    if not 0 <= start <= start + length <= input.shape[axis]:
        raise ShapeError(f"narrow: start {start} and length {length} do not fit in dim {axis} of x {input.shape}")
    return _narrow(input, axis, start, length)


def _narrow(x: Tensor, axis: int, start: int, length: int) -> Tensor:
    after = x.shape[axis] - start - length
    return _crop(x, widths=tuple([(start, after) if k == axis else (0, 0) for k in range(x.ndim)]))


# Repeating -------------------------------------------------------------------------------------------------------


@method("repeat")
@by_name("repeats")
def repeat(input: Any, *repeats: Any) -> Tensor:
    """input laid out `repeats` times along each axis, new axes in front: (a,) -> (r, s a) for `(r, s)`.

    Raises ArgumentError for fewer numbers than axes.

    >>> repeat(Tensor([1.0, 2.0]), 2).tolist()
    [1.0, 2.0, 1.0, 2.0]
    """
    input = as_tensor(input)
    times = as_sizes("repeat", "repeats", repeats)
    if len(times) < input.ndim or any(n < 0 for n in times):
        raise ArgumentError(f"repeat: repeats is {times}; must be at least 0 for each axis of x {input.shape}")
    shape = (1,) * (len(times) - input.ndim) + input.shape
    apart = tuple([n for length in shape for n in (1, length)])  # (1, a, 1, b)
    wide = tuple([n for pair in zip(times, shape, strict=True) for n in pair])  # (r, a, s, b)
    together = tuple([n * length for n, length in zip(times, shape, strict=True)])  # (r a, s b)
    return _owned(reshape(broadcast_to(reshape(input, apart), wide), together))


@method("tile")
@by_name("dims")
def tile(input: Any, *dims: Any) -> Tensor:
    """input laid out `dims` times along each axis; fewer numbers than axes count from the last.

    >>> tile(Tensor([[1.0, 2.0]]), 2).tolist()
    [[1.0, 2.0, 1.0, 2.0]]
    """
    input = as_tensor(input)
    times = as_sizes("tile", "dims", dims)
    return repeat(input, (1,) * (input.ndim - len(times)) + times)


def repeat_each(x: Tensor, times: int, dim: int) -> Tensor:
    """Each element of an axis `times` times in a row: (a, b) -> (a, times b) for `dim=1`.

    >>> repeat_each(Tensor([1.0, 2.0]), 2, 0).tolist()
    [1.0, 1.0, 2.0, 2.0]
    """
    wide = (*x.shape[: dim + 1], times, *x.shape[dim + 1 :])
    together = (*x.shape[:dim], x.shape[dim] * times, *x.shape[dim + 1 :])
    return _owned(reshape(broadcast_to(unsqueeze(x, dim + 1), wide), together))


def _owned(x: Tensor) -> Tensor:
    """The tensor with memory of its own: what is repeated may be written to."""
    return x if base_of(x)[0] is x else clone(x)


def _stack_rows(rows: Sequence[Tensor], y: Tensor, x: Tensor) -> Tensor:
    """The rows of a Jacobian, one for each element of y, as one tensor (*y.shape, *x.shape)."""
    whole = (*y.shape, *x.shape)
    return reshape(stack(rows), whole) if rows else Tensor(slots.zeros(whole, x.dtype, x.device))


slots.stack_rows = _stack_rows


# Other spellings -------------------------------------------------------------------------------------------------


@method("select")
@numpy_names
def select(input: Any, dim: int, index: int) -> Tensor:
    """One slice of input along an axis, without that axis: (a, b) -> (a,) for `dim=1`. A view.

    Raises ShapeError where the axis is too short.

    >>> select(Tensor([[1.0, 2.0], [3.0, 4.0]]), 1, 0).tolist()
    [1.0, 3.0]
    """
    input = as_tensor(input)
    axis = one_axis("select", dim, input.ndim, needed=True)
    piece = narrow(input, axis, as_int("select", "index", index), 1)
    return reshape(piece, _without(piece.shape, axis))


@method("split")
@numpy_names
def _in_pieces(input: Tensor, split_size: int | Sequence[int], dim: int = 0) -> tuple[Tensor, ...]:
    """The tensor in pieces along an axis: of one length, the last perhaps shorter, or of the lengths given. Views.

    >>> [p.tolist() for p in Tensor([1.0, 2.0, 3.0]).split(2)]
    [[1.0, 2.0], [3.0]]
    """
    return split(input, split_size, dim)


@method("split_with_sizes")
def split_with_sizes(input: Any, split_sizes: Sequence[int], dim: int = 0) -> tuple[Tensor, ...]:
    """input in pieces of the lengths given. Views.

    >>> [p.tolist() for p in split_with_sizes(Tensor([1.0, 2.0, 3.0]), [1, 2])]
    [[1.0], [2.0, 3.0]]
    """
    return split(input, split_sizes, dim)


@method("hsplit")
def hsplit(input: Any, indices_or_sections: int | Sequence[int]) -> tuple[Tensor, ...]:
    """`tensor_split` along the second axis, or the only one.

    Raises ShapeError where sections of one length do not fill it.

    >>> [p.tolist() for p in hsplit(Tensor([1.0, 2.0]), 2)]
    [[1.0], [2.0]]
    """
    return _split_evenly("hsplit", as_tensor(input), indices_or_sections, 0 if as_tensor(input).ndim == 1 else 1)


def _split_evenly(op: str, x: Tensor, sections: int | Sequence[int], axis: int) -> tuple[Tensor, ...]:
    if not isinstance(sections, Sequence) and x.ndim and sections > 0 and x.shape[axis] % sections:
        raise ShapeError(f"{op}: sections is {sections}; must divide length {x.shape[axis]} of dim {axis}")
    return tensor_split(x, sections, axis)


@method("vsplit")
def vsplit(input: Any, indices_or_sections: int | Sequence[int]) -> tuple[Tensor, ...]:
    """`tensor_split` along the first axis.

    Raises ShapeError where sections of one length do not fill it.

    >>> [p.tolist() for p in vsplit(Tensor([[1.0], [2.0]]), 2)]
    [[[1.0]], [[2.0]]]
    """
    input = as_tensor(input)
    if input.ndim < 2:
        raise ShapeError(f"vsplit: x is {input.shape}; must have at least 2 axes")
    return _split_evenly("vsplit", input, indices_or_sections, 0)


def meshgrid(*tensors: Any, indexing: str = "ij") -> tuple[Tensor, ...]:
    """The coordinates of a grid: of vectors (n,) and (m,) two (n, m), or (m, n) for `indexing="xy"`.

    Raises ArgumentError for another indexing, ShapeError for anything but vectors.

    >>> [g.tolist() for g in meshgrid(Tensor([1.0, 2.0]), Tensor([3.0]))]
    [[[1.0], [2.0]], [[3.0], [3.0]]]
    """
    if len(tensors) == 1 and isinstance(tensors[0], (list, tuple)):
        tensors = tuple(tensors[0])
    if indexing not in ("ij", "xy"):
        raise ArgumentError(f"meshgrid: indexing is {indexing!r}; must be 'ij' or 'xy'")
    rows = [_at_least(1, as_tensor(x)) for x in tensors]
    if any(x.ndim > 1 for x in rows):
        raise ShapeError(f"meshgrid: shapes are {[x.shape for x in rows]}; must be vectors")
    full = tuple([x.shape[0] for x in rows])
    along = [tuple([n if k == i else 1 for k, n in enumerate(full)]) for i in range(len(rows))]
    grids = [broadcast_to(reshape(x, shape), full) for x, shape in zip(rows, along, strict=True)]
    return tuple([transpose(g, 0, 1) if indexing == "xy" and len(rows) > 1 else g for g in grids])
