"""Products of vectors, matrices and stacks of matrices."""

from __future__ import annotations

from typing import Any

from autocnn.backend import kernels
from autocnn.engine import Tensor, as_tensor, method, primitive, promote
from autocnn.errors import ShapeError
from autocnn.ops.broadcast import broadcast_shapes, size_of, unbroadcast
from autocnn.ops.elementwise import add, mul
from autocnn.ops.out import into
from autocnn.ops.shape.views import _permute, _reshape, squeeze, swap_last, unsqueeze

# Matrix products -------------------------------------------------------------------------------------------------


@method("matmul", "__matmul__")
def matmul(input: Any, other: Any, *, out: Tensor | None = None) -> Tensor:
    """The matrix product input @ other, over broadcast leading axes; a vector is a row left, a column right.

    input (..., n, k), other (..., k, m) -> (..., n, m).
    Raises ShapeError where the inner lengths differ, or for a 0-d operand.

    >>> matmul(Tensor([[1.0, 2.0]]), Tensor([3.0, 4.0])).tolist()
    [11.0]
    """
    z = _product("matmul", input, other)
    return z if out is None else into(out, z, "matmul")


@method("__rmatmul__")
def _matmul_reflected(x: Any, other: Any) -> Tensor:
    return _product("matmul", other, x)


def _product(op: str, x: Any, y: Any) -> Tensor:
    a, b = _same_dtype(x, y)
    if not a.ndim or not b.ndim:
        raise ShapeError(f"{op}: x is {a.shape}, other {b.shape}; both need an axis. Use mul for a number")
    inner = b.shape[max(b.ndim - 2, 0)]
    if a.shape[-1] != inner:
        raise ShapeError(f"{op}: x {a.shape} has inner length {a.shape[-1]}, other {b.shape} has {inner}")
    broadcast_shapes(op, a.shape[:-2], b.shape[:-2])
    if a.ndim > 1 and b.ndim > 1:
        return _matmul(a, b)
    row, column = a.ndim == 1, b.ndim == 1
    z = _matmul(unsqueeze(a, 0) if row else a, unsqueeze(b, 1) if column else b)
    gone = ((-2,) if row else ()) + ((-1,) if column else ())
    return squeeze(z, gone)


def _same_dtype(*operands: Any) -> tuple[Tensor, ...]:
    xs = [as_tensor(x) for x in operands]
    return tuple(promote(*xs)) if len({x.dtype for x in xs}) > 1 else tuple(xs)


@primitive(saves=(("y",), ("x",)))
def _matmul(xp: Any, x: Any, y: Any) -> Any:
    """(..., n, k) @ (..., k, m): one product where y has no leading axes, instead of one for each matrix in x."""
    if y.ndim == 2 < x.ndim and x.size:
        rows = kernels.matmul(xp, x.reshape(-1, x.shape[-1]), y)
        return rows.reshape(*x.shape[:-1], y.shape[1])
    return kernels.matmul(xp, x, y)


def _matmul_x(g: Any, z: Any, x: Any, y: Any) -> Any:
    return unbroadcast(_matmul(g, _permute(y, dims=swap_last(y.ndim))), x)


def _matmul_y(g: Any, z: Any, x: Any, y: Any) -> Any:
    if y.ndim == 2 < x.ndim:
        x, g = _as_rows(x), _as_rows(g)
    return unbroadcast(_matmul(_permute(x, dims=swap_last(x.ndim)), g), y)


_matmul.vjp(_matmul_x, _matmul_y)


def _as_rows(x: Any) -> Any:
    return x if x.ndim == 2 else _reshape(x, shape=(size_of(x.shape[:-1]), x.shape[-1]))


@method("mm")
def mm(input: Any, mat2: Any, *, out: Tensor | None = None) -> Tensor:
    """The product of two matrices: (n, k), (k, m) -> (n, m).

    Raises ShapeError for anything but matrices that fit.

    >>> mm(Tensor([[1.0, 2.0]]), Tensor([[3.0], [4.0]])).tolist()
    [[11.0]]
    """
    _need_axes("mm", x=(input, 2), mat2=(mat2, 2))
    z = _product("mm", input, mat2)
    return z if out is None else into(out, z, "mm")


@method("bmm")
def bmm(input: Any, mat2: Any, *, out: Tensor | None = None) -> Tensor:
    """The products of two stacks of as many matrices: (b, n, k), (b, k, m) -> (b, n, m).

    Raises ShapeError for anything but such stacks.

    >>> bmm(Tensor([[[2.0]]]), Tensor([[[3.0]]])).tolist()
    [[[6.0]]]
    """
    _need_axes("bmm", x=(input, 3), mat2=(mat2, 3))
    if as_tensor(input).shape[0] != as_tensor(mat2).shape[0]:
        raise ShapeError(f"bmm: x {input.shape} has {input.shape[0]} matrices, mat2 {mat2.shape} {mat2.shape[0]}")
    z = _product("bmm", input, mat2)
    return z if out is None else into(out, z, "bmm")


@method("mv")
def mv(input: Any, vec: Any) -> Tensor:
    """The product of a matrix and a vector: (n, k), (k,) -> (n,).

    Raises ShapeError for other numbers of axes.

    >>> mv(Tensor([[1.0, 2.0]]), Tensor([3.0, 4.0])).tolist()
    [11.0]
    """
    _need_axes("mv", x=(input, 2), vec=(vec, 1))
    return _product("mv", input, vec)


@method("dot")
def dot(input: Any, tensor: Any) -> Tensor:
    """The inner product of two vectors: (k,), (k,) -> ().

    Raises ShapeError for other numbers of axes.

    >>> dot(Tensor([1.0, 2.0]), Tensor([3.0, 4.0])).item()
    11.0
    """
    _need_axes("dot", x=(input, 1), tensor=(tensor, 1))
    return _product("dot", input, tensor)


@method("outer", "ger")
def outer(input: Any, vec2: Any) -> Tensor:
    """Every product of an element of one vector and one of another: (n,), (m,) -> (n, m).

    Raises ShapeError for anything but vectors.

    >>> outer(Tensor([1.0, 2.0]), Tensor([3.0, 4.0])).tolist()
    [[3.0, 4.0], [6.0, 8.0]]
    """
    _need_axes("outer", x=(input, 1), vec2=(vec2, 1))
    return mul(unsqueeze(input, 1), unsqueeze(vec2, 0))


@method("addmm")
def addmm(input: Any, mat1: Any, mat2: Any, *, beta: float = 1, alpha: float = 1) -> Tensor:
    """beta input + alpha (mat1 @ mat2), input broadcast to (n, m).

    >>> addmm(Tensor([1.0]), Tensor([[2.0]]), Tensor([[3.0]])).tolist()
    [[7.0]]
    """
    product = mm(mat1, mat2)
    product = product if alpha == 1 else mul(product, alpha)
    return add(product, input if beta == 1 else mul(input, beta))


@method("addmv")
def addmv(input: Any, mat: Any, vec: Any, *, beta: float = 1, alpha: float = 1) -> Tensor:
    """beta input + alpha (mat @ vec), input broadcast to (n,).

    >>> addmv(Tensor([1.0]), Tensor([[2.0]]), Tensor([3.0])).tolist()
    [7.0]
    """
    return add(mul(mv(mat, vec), alpha), mul(input, beta))


@method("baddbmm")
def baddbmm(input: Any, batch1: Any, batch2: Any, *, beta: float = 1, alpha: float = 1) -> Tensor:
    """beta input + alpha (batch1 @ batch2), input broadcast to (b, n, m).

    >>> baddbmm(Tensor([1.0]), Tensor([[[2.0]]]), Tensor([[[3.0]]])).tolist()
    [[[7.0]]]
    """
    return add(mul(bmm(batch1, batch2), alpha), mul(input, beta))


def _need_axes(op: str, **operands: tuple[Any, int]) -> None:
    for name, (x, ndim) in operands.items():
        found = as_tensor(x)
        if found.ndim != ndim:
            raise ShapeError(f"{op}: {name} is {found.ndim}-d {found.shape}; must be {ndim}-d")


# The dense layer -------------------------------------------------------------------------------------------------


def linear(input: Any, weight: Any, bias: Any = None) -> Tensor:
    """input @ weight.T + bias: input (..., in), weight (out, in), bias (out,) -> (..., out).

    Raises ShapeError where lengths differ.

    >>> linear(Tensor([[1.0, 2.0]]), Tensor([[3.0, 4.0]]), Tensor([0.5])).tolist()
    [[11.5]]
    """
    operands = _same_dtype(input, weight) if bias is None else _same_dtype(input, weight, bias)
    input, w = operands[:2]
    if w.ndim not in (1, 2) or not input.ndim:
        raise ShapeError(f"linear: x is {input.shape}, weight {w.shape}; must be (..., in) and (out, in)")
    if input.shape[-1] != w.shape[-1]:
        raise ShapeError(
            f"linear: x {input.shape} has {input.shape[-1]} features, weight {w.shape} expects {w.shape[-1]}"
        )
    if w.ndim == 1:
        z = _product("linear", input, w)
        return z if bias is None else add(z, operands[2])
    if bias is None:
        return _project(input, w)
    b = operands[2]
    if b.shape != (w.shape[0],):
        z = _project(input, w)
        broadcast_shapes("linear", z.shape, b.shape)
        return add(z, b)
    return _linear(input, w, b)


@primitive(saves=(("w",), ("x",)))
def _project(xp: Any, x: Any, w: Any) -> Any:
    return _rows_by(xp, x, w, None)


@primitive(saves=(("w",), ("x",), ()))
def _linear(xp: Any, x: Any, w: Any, b: Any) -> Any:
    return _rows_by(xp, x, w, b)


def _rows_by(xp: Any, x: Any, w: Any, b: Any) -> Any:
    if x.ndim == 2:
        return kernels.matmul(xp, x, w.T, b)
    rows = x.reshape(size_of(x.shape[:-1]), x.shape[-1])
    return kernels.matmul(xp, rows, w.T, b).reshape(*x.shape[:-1], w.shape[0])


def _linear_w(g: Any, x: Any) -> Any:
    return _matmul(_permute(_as_rows(g), dims=(1, 0)), _as_rows(x))


_project.vjp(lambda g, z, x, w: _matmul_rows(g, w), lambda g, z, x, w: _linear_w(g, x))
_linear.vjp(
    lambda g, z, x, w, b: _matmul_rows(g, w),
    lambda g, z, x, w, b: _linear_w(g, x),
    lambda g, z, x, w, b: unbroadcast(g, b),
)


def _matmul_rows(g: Any, w: Any) -> Any:
    """g (..., out) @ w (out, in), for a vector g too."""
    if g.ndim > 1:
        return _matmul(g, w)
    return _reshape(_matmul(_as_rows(g), w), shape=(w.shape[1],))
