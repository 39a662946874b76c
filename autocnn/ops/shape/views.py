"""The same elements seen in another shape or order of axes; views of memory wherever that is possible."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from autocnn.backend import kernels
from autocnn.engine import Tensor, as_tensor, method, primitive
from autocnn.errors import ArgumentError, ShapeError
from autocnn.ops.axes import as_sizes, by_name, fill_one, many_axes, numpy_names, one_axis
from autocnn.ops.broadcast import broadcast_shapes, broadcast_to, size_of
from autocnn.types import Array, Axes, Shape

# Another shape ---------------------------------------------------------------------------------------------------


@method("reshape", "view")
@by_name("shape")
def reshape(input: Any, *shape: Any) -> Tensor:
    """The elements of input, in C order, in another shape; one length may be -1.

    A view where memory allows it, a copy otherwise. Raises ShapeError where the elements do not fit.

    >>> reshape(Tensor([1.0, 2.0, 3.0, 4.0]), (2, -1)).shape
    (2, 2)
    """
    input = as_tensor(input)
    sizes = as_sizes("reshape", "shape", shape)
    return _reshape(input, shape=fill_one("reshape", "shape", sizes, size_of(input.shape), input.shape))


@primitive(view=True)
def _reshape(xp: Any, x: Any, *, shape: Shape) -> Any:
    return kernels.reshape(xp, x, shape=shape)


_reshape.vjp(lambda g, z, x, shape: _reshape(g, shape=x.shape))


@method("view_as", "reshape_as")
def reshape_as(input: Any, other: Any) -> Tensor:
    """input in the shape of another tensor.

    >>> reshape_as(Tensor([1.0, 2.0]), Tensor([[0.0], [0.0]])).shape
    (2, 1)
    """
    return reshape(input, other.shape)


@method("flatten")
def flatten(input: Any, start_dim: int = 0, end_dim: int = -1) -> Tensor:
    """Axes `start_dim` to `end_dim` made one: (a, b, c) -> (a, b c) for `start_dim=1`.

    Raises ArgumentError where `start_dim` comes after `end_dim`.

    >>> flatten(Tensor([[[1.0], [2.0]]]), 1).shape
    (1, 2)
    """
    input = as_tensor(input)
    first = one_axis("flatten", start_dim, input.ndim, "start_dim")
    last = one_axis("flatten", end_dim, input.ndim, "end_dim")
    if first > last:
        raise ArgumentError(f"flatten: start_dim is {start_dim} after end_dim {end_dim} of x {input.shape}")
    if first == last and input.ndim:
        return input
    return _reshape(
        input, shape=(*input.shape[:first], size_of(input.shape[first : last + 1]), *input.shape[last + 1 :])
    )


@method("ravel")
def ravel(input: Any) -> Tensor:
    """input as one row of elements.

    >>> ravel(Tensor([[1.0], [2.0]])).tolist()
    [1.0, 2.0]
    """
    return reshape(input, (size_of(as_tensor(input).shape),))


@method("unflatten")
def unflatten(input: Any, dim: int, sizes: Sequence[int]) -> Tensor:
    """One axis made several: (a, b c) -> (a, b, c) for `unflatten(input, 1, (b, c))`; one length may be -1.

    Raises ShapeError where the lengths do not multiply to that of the axis.

    >>> unflatten(Tensor([1.0, 2.0]), 0, (2, 1)).shape
    (2, 1)
    """
    input = as_tensor(input)
    axis = one_axis("unflatten", dim, input.ndim, needed=True)
    inner = fill_one(
        "unflatten", "sizes", as_sizes("unflatten", "sizes", (sizes,)), input.shape[axis], input.shape
    )
    return _reshape(input, shape=(*input.shape[:axis], *inner, *input.shape[axis + 1 :]))


@method("squeeze")
@numpy_names
def squeeze(input: Any, dim: Axes = None) -> Tensor:
    """input without its axes of length 1, or without those among `dim` that have length 1.

    >>> squeeze(Tensor([[[1.0, 2.0]]])).shape, squeeze(Tensor([[[1.0, 2.0]]]), 0).shape
    ((2,), (1, 2))
    """
    input = as_tensor(input)
    axes = many_axes("squeeze", dim, input.ndim)
    return _reshape(input, shape=tuple([n for i, n in enumerate(input.shape) if n != 1 or i not in axes]))


@method("unsqueeze")
@numpy_names
def unsqueeze(input: Any, dim: int) -> Tensor:
    """input with a new axis of length 1 before axis `dim`: (a, b) -> (a, 1, b) for `dim=1`.

    >>> unsqueeze(Tensor([1.0, 2.0]), -1).shape
    (2, 1)
    """
    input = as_tensor(input)
    axis = one_axis("unsqueeze", dim, input.ndim + 1)
    return _reshape(input, shape=(*input.shape[:axis], 1, *input.shape[axis:]))


# Another order of axes -------------------------------------------------------------------------------------------


@method("permute")
@by_name("dims")
def permute(input: Any, *dims: Any) -> Tensor:
    """input with its axes in another order: axis i of the result is axis `dims[i]` of input. A view.

    Raises ArgumentError unless `dims` names every axis once.

    >>> permute(Tensor([[1.0, 2.0, 3.0]]), (1, 0)).shape
    (3, 1)
    """
    input = as_tensor(input)
    given = as_sizes("permute", "dims", dims)
    if len(given) != input.ndim:
        raise ArgumentError(
            f"permute: dims is {given}; must name each of the {input.ndim} axes of x {input.shape} once"
        )
    return _permute(input, dims=many_axes("permute", given, input.ndim, "dims"))


@primitive(view=True)
def _permute(xp: Any, x: Any, *, dims: tuple[int, ...]) -> Any:
    return x.transpose(dims)


_permute.vjp(lambda g, z, x, dims: _permute(g, dims=_inverse(dims)))


def _inverse(dims: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(sorted(range(len(dims)), key=dims.__getitem__))


@method("transpose", "swapdims")
def transpose(input: Any, dim0: int, dim1: int) -> Tensor:
    """input with two axes exchanged. A view.

    >>> transpose(Tensor([[1.0, 2.0, 3.0]]), 0, 1).shape
    (3, 1)
    """
    input = as_tensor(input)
    order = list(range(input.ndim))
    a, b = one_axis("transpose", dim0, input.ndim, "dim0"), one_axis("transpose", dim1, input.ndim, "dim1")
    if order:
        order[a], order[b] = b, a
    return _permute(input, dims=tuple(order))


@method("swapaxes")
def swapaxes(input: Any, axis0: int, axis1: int) -> Tensor:
    """input with two axes exchanged, under NumPy's name. A view.

    >>> swapaxes(Tensor([[1.0, 2.0, 3.0]]), 0, 1).shape
    (3, 1)
    """
    return transpose(input, axis0, axis1)


@method("t")
def t(input: Any) -> Tensor:
    """The transpose of a matrix; a vector or a number as it is.

    Raises ShapeError for more than two axes.

    >>> t(Tensor([[1.0, 2.0]])).tolist()
    [[1.0], [2.0]]
    """
    input = as_tensor(input)
    if input.ndim > 2:
        raise ShapeError(f"t: x is {input.ndim}-d {input.shape}; must have at most 2 axes. Use mT or permute")
    return _permute(input, dims=tuple(reversed(range(input.ndim))))


def matrix_transpose(x: Any) -> Tensor:
    """x with its last two axes exchanged; `Tensor.mT`.

    Raises ShapeError for fewer than two axes.

    >>> Tensor([[[1.0, 2.0]]]).mT.shape
    (1, 2, 1)
    """
    x = as_tensor(x)
    if x.ndim < 2:
        raise ShapeError(f"mT: x is {x.ndim}-d {x.shape}; must have at least 2 axes")
    return _permute(x, dims=swap_last(x.ndim))


def swap_last(ndim: int) -> tuple[int, ...]:
    """The order of axes with the last two exchanged."""
    return (*range(ndim - 2), ndim - 1, ndim - 2)


def reverse_axes(x: Any) -> Tensor:
    """x with its axes in reverse order; `Tensor.T`.

    >>> Tensor([[1.0, 2.0]]).T.shape
    (2, 1)
    """
    x = as_tensor(x)
    return _permute(x, dims=tuple(reversed(range(x.ndim))))


@method("movedim", "moveaxis")
def movedim(input: Any, source: int | Sequence[int], destination: int | Sequence[int]) -> Tensor:
    """input with the axes `source` moved to the places `destination`, the others in order.

    Raises ArgumentError unless both name as many axes.

    >>> movedim(Tensor([[[1.0, 2.0]]]), 2, 0).shape
    (2, 1, 1)
    """
    input = as_tensor(input)
    away = many_axes("movedim", source, input.ndim, "source")
    to = many_axes("movedim", destination, input.ndim, "destination")
    if len(away) != len(to):
        raise ArgumentError(f"movedim: source is {source}, destination {destination}; must be as many of both")
    order = [i for i in range(input.ndim) if i not in away]
    if not input.ndim:
        return _permute(input, dims=())
    for place, axis in sorted(zip(to, away, strict=True)):
        order.insert(place, axis)
    return _permute(input, dims=tuple(order))


# Broadcasting ----------------------------------------------------------------------------------------------------


@method("expand")
@by_name("size")
def expand(input: Any, *sizes: Any) -> Tensor:
    """input with axes of length 1 repeated to `sizes`, and new axes in front; -1 keeps a length. A view.

    Raises ShapeError where a longer axis would have to change.

    >>> expand(Tensor([[1.0], [2.0]]), 2, 3).shape
    (2, 3)
    """
    input = as_tensor(input)
    given = as_sizes("expand", "sizes", sizes)
    lead = len(given) - input.ndim
    if lead < 0 or -1 in given[:lead]:
        raise ShapeError(
            f"expand: sizes is {given}, x {input.shape}; must have a length for each axis, -1 for old ones only"
        )
    return broadcast_to(input, tuple([input.shape[i - lead] if n == -1 else n for i, n in enumerate(given)]))


@method("expand_as")
def expand_as(input: Any, other: Any) -> Tensor:
    """input broadcast to the shape of another tensor.

    >>> expand_as(Tensor([1.0]), Tensor([1.0, 2.0])).tolist()
    [1.0, 1.0]
    """
    return expand(input, other.shape)


def broadcast_tensors(*tensors: Any) -> tuple[Tensor, ...]:
    """Tensors broadcast to their common shape.

    >>> [t.shape for t in broadcast_tensors(Tensor([[1.0], [2.0]]), Tensor([1.0, 2.0, 3.0]))]
    [(2, 3), (2, 3)]
    """
    xs = [as_tensor(x) for x in tensors]
    shape = broadcast_shapes("broadcast_tensors", *[x.shape for x in xs])
    return tuple([broadcast_to(x, shape) for x in xs])


# Copies and questions --------------------------------------------------------------------------------------------


@method("clone")
def clone(input: Any) -> Tensor:
    """A copy of input in memory of its own; its gradient goes to input.

    >>> x = Tensor([1.0])
    >>> clone(x) is x, clone(x).tolist()
    (False, [1.0])
    """
    return _clone(as_tensor(input))


@primitive()
def _clone(xp: Any, x: Any) -> Any:
    return x.copy(order="K")


_clone.vjp(lambda g, z, x: g)


@method("is_contiguous")
def is_contiguous(input: Tensor) -> bool:
    """Whether the elements lie in memory in the order of a fresh tensor, channels-last included.

    >>> is_contiguous(Tensor([[1.0, 2.0], [3.0, 4.0]])), is_contiguous(Tensor([[1.0, 2.0], [3.0, 4.0]]).T)
    (True, False)
    """
    array = input.array
    return bool(array.flags.c_contiguous or _has_channels_last(array))


def _has_channels_last(array: Array) -> bool:
    """Whether the channels of an array (N, C, *spatial) lie beside one another, and nothing lies between."""
    return 3 <= array.ndim <= 5 and array.transpose(0, *range(2, array.ndim), 1).flags.c_contiguous


@method("contiguous")
def contiguous(input: Any, memory_format: str = "contiguous_format") -> Tensor:
    """input itself where it is contiguous, a copy that is otherwise.

    The `memory_format` "channels_last" asks for images (N, C, H, W) whose channels lie beside one another, as
    layers hand them on; "channels_last_3d" for such volumes (N, C, D, H, W).
    Raises ShapeError for another number of axes, ArgumentError for another format.

    >>> contiguous(Tensor([[1.0, 2.0]]).T).is_contiguous()
    True
    >>> contiguous(Tensor([[[[1.0, 2.0]], [[3.0, 4.0]]]]), "channels_last").array.strides
    (16, 4, 16, 8)
    """
    input = as_tensor(input)
    if memory_format not in _FORMATS:
        raise ArgumentError(f"contiguous: memory_format is {memory_format!r}; it is one of {', '.join(_FORMATS)}")
    ndim = _FORMATS[memory_format]
    if ndim is None:
        return input if is_contiguous(input) else _contiguous(input)
    if input.ndim != ndim:
        raise ShapeError(f"contiguous: x is {input.ndim}-d {input.shape}; {memory_format} is for {ndim} axes")
    return input if _has_channels_last(input.array) else _contiguous(input, channels_last=True)


_FORMATS = {"contiguous_format": None, "preserve_format": None, "channels_last": 4, "channels_last_3d": 5}
"""Formats by PyTorch's names, and the number of axes that one is for."""


@primitive()
def _contiguous(xp: Any, x: Any, *, channels_last: bool = False) -> Any:
    if not channels_last:
        return x.copy(order="C")
    z = kernels.empty(x.shape, x.dtype, xp)
    z[...] = x
    return z


_contiguous.vjp(lambda g, z, x, channels_last=False: g)


@method("size")
def size(input: Tensor, dim: int | None = None) -> Any:
    """The shape, or the length of one axis.

    >>> Tensor([[1.0, 2.0]]).size(), Tensor([[1.0, 2.0]]).size(1)
    ((1, 2), 2)
    """
    return input.shape if dim is None else input.shape[one_axis("size", dim, input.ndim, needed=True)]


@method("dim", "ndimension")
def dim(input: Tensor) -> int:
    """The number of axes.

    >>> Tensor([[1.0, 2.0]]).dim()
    2
    """
    return input.ndim


@method("numel", "nelement")
def numel(input: Tensor) -> int:
    """The number of elements.

    >>> Tensor([[1.0, 2.0]]).numel()
    2
    """
    return size_of(input.shape)


for _name, _function in (("T", reverse_axes), ("mT", matrix_transpose)):
    method(_name)(property(_function))  # type: ignore[type-var]
