"""Diagonals and triangles of matrices."""

from __future__ import annotations

from typing import Any

from autocnn.engine import Tensor, as_tensor, method, primitive
from autocnn.errors import ArgumentError, ShapeError
from autocnn.ops.axes import one_axis
from autocnn.ops.reduce import sum as total
from autocnn.ops.shape.views import clone, movedim
from autocnn.types import Array, Shape


@method("diagonal")
def diagonal(input: Any, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Tensor:
    """The diagonal of the matrices in two axes of input, as a last axis: (n, m) -> (min(n, m),). A view.

    `offset` counts diagonals above the main one.

    Raises ArgumentError unless the axes are two.

    >>> diagonal(Tensor([[1.0, 2.0], [3.0, 4.0]])).tolist()
    [1.0, 4.0]
    """
    input = as_tensor(input)
    axes = one_axis("diagonal", dim1, input.ndim, "dim1"), one_axis("diagonal", dim2, input.ndim, "dim2")
    if axes[0] == axes[1]:
        raise ArgumentError(f"diagonal: dim1 and dim2 are {dim1} and {dim2} of x {input.shape}; must be two axes")
    return _diagonal(movedim(input, axes, (-2, -1)), offset=offset)


@primitive(view=True)
def _diagonal(xp: Any, x: Any, *, offset: int) -> Any:
    """(..., n, m) -> (..., d)"""
    z = xp.diagonal(x, offset, -2, -1)
    if getattr(x.flags, "writeable", False):
        z.flags.writeable = True  # NumPy's is read-only, for a reason long gone
    return z


@primitive()
def _undiagonal(xp: Any, x: Any, *, offset: int, shape: Shape) -> Any:
    """(..., d) -> (..., n, m), zero off the diagonal."""
    z = xp.zeros(shape, x.dtype)
    i = xp.arange(x.shape[-1])
    z[..., i + max(-offset, 0), i + max(offset, 0)] = x
    return z


_diagonal.vjp(lambda g, z, x, offset: _undiagonal(g, offset=offset, shape=x.shape))
_undiagonal.vjp(lambda g, z, x, offset, shape: _diagonal(g, offset=offset))


@method("trace")
def trace(input: Any) -> Tensor:
    """The sum of the diagonal of a matrix: (n, m) -> ().

    Raises ShapeError for anything but a matrix.

    >>> trace(Tensor([[1.0, 2.0], [3.0, 4.0]])).item()
    5.0
    """
    input = as_tensor(input)
    if input.ndim != 2:
        raise ShapeError(f"trace: x is {input.shape}; must be a matrix")
    return total(diagonal(input))


@method("diag")
def diag(input: Any, diagonal: int = 0) -> Tensor:
    """The matrix with a vector on its diagonal, or the diagonal of a matrix.

    Raises ShapeError for anything else.

    >>> diag(Tensor([1.0, 2.0])).tolist()
    [[1.0, 0.0], [0.0, 2.0]]
    """
    input = as_tensor(input)
    if input.ndim == 2:
        return clone(_diagonal(input, offset=diagonal))
    if input.ndim != 1:
        raise ShapeError(f"diag: x is {input.shape}; must be a vector or a matrix")
    n = input.shape[0] + abs(diagonal)
    return _undiagonal(input, offset=diagonal, shape=(n, n))


@method("diag_embed")
def diag_embed(input: Any, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Tensor:
    """Matrices, in two new axes, with the last axis of input on their diagonals: (b, n) -> (b, n, n).

    Raises ArgumentError unless the axes are two.

    >>> diag_embed(Tensor([1.0, 2.0])).tolist()
    [[1.0, 0.0], [0.0, 2.0]]
    """
    input = as_tensor(input)
    axes = (
        one_axis("diag_embed", dim1, input.ndim + 1, "dim1"),
        one_axis("diag_embed", dim2, input.ndim + 1, "dim2"),
    )
    if axes[0] == axes[1]:
        raise ArgumentError(f"diag_embed: dim1 and dim2 are {dim1} and {dim2}; must be two axes")
    n = input.shape[-1] + abs(offset)
    return movedim(_undiagonal(input, offset=offset, shape=(*input.shape[:-1], n, n)), (-2, -1), axes)


@method("tril")
def tril(input: Any, diagonal: int = 0) -> Tensor:
    """The matrices of input with zeros above the diagonal, or above the one `diagonal` further up.

    Raises ShapeError for fewer than two axes.

    >>> tril(Tensor([[1.0, 2.0], [3.0, 4.0]])).tolist()
    [[1.0, 0.0], [3.0, 4.0]]
    """
    return _tril(_matrices("tril", input), diagonal=diagonal)


@method("triu")
def triu(input: Any, diagonal: int = 0) -> Tensor:
    """The matrices of input with zeros below the diagonal, or below the one `diagonal` further up.

    Raises ShapeError for fewer than two axes.

    >>> triu(Tensor([[1.0, 2.0], [3.0, 4.0]])).tolist()
    [[1.0, 2.0], [0.0, 4.0]]
    """
    return _triu(_matrices("triu", input), diagonal=diagonal)


def _matrices(op: str, x: Any) -> Tensor:
    x = as_tensor(x)
    if x.ndim < 2:
        raise ShapeError(f"{op}: x is {x.shape}; must have at least 2 axes")
    return x


@primitive()
def _tril(xp: Any, x: Any, *, diagonal: int) -> Any:
    return _masked(xp, x, xp.tri(x.shape[-2], x.shape[-1], diagonal, bool))


@primitive()
def _triu(xp: Any, x: Any, *, diagonal: int) -> Any:
    return _masked(xp, x, xp.logical_not(xp.tri(x.shape[-2], x.shape[-1], diagonal - 1, bool)))


def _masked(xp: Any, x: Array, mask: Array) -> Array:
    return xp.where(mask, x, xp.zeros((), x.dtype))


_tril.vjp(lambda g, z, x, diagonal: _tril(g, diagonal=diagonal))
_triu.vjp(lambda g, z, x, diagonal: _triu(g, diagonal=diagonal))
