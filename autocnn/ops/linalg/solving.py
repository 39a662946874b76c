"""Systems of linear equations, inverses and determinants."""

from __future__ import annotations

from typing import Any

import numpy as np

from autocnn.backend.arrays import namespace
from autocnn.engine import Tensor, primitive, promote
from autocnn.errors import ArgumentError, ShapeError
from autocnn.ops.broadcast import broadcast_shapes, broadcast_to
from autocnn.ops.elementwise.arithmetic import _mul
from autocnn.ops.elementwise.casts import floating
from autocnn.ops.linalg.products import _matmul
from autocnn.ops.linalg.triangles import _undiagonal
from autocnn.ops.precision import adding
from autocnn.ops.reduce.sums import _spread
from autocnn.ops.shape.views import _permute, reshape, unsqueeze


def solve(A: Any, B: Any) -> Tensor:
    """X with A @ X = B, for each of the matrices: A (..., n, n), B (..., n, k) or (n) -> as B.

    Raises ShapeError unless they fit, ArgumentError for a matrix that is singular.

    >>> solve(Tensor([[2.0, 0.0], [0.0, 4.0]]), Tensor([2.0, 2.0])).tolist()
    [1.0, 0.5]
    """
    a, b = promote(_square("solve", A), floating(B))
    vector = b.ndim == 1
    columns = unsqueeze(b, 1) if vector else b
    if not b.ndim or columns.shape[-2] != a.shape[-1]:
        raise ShapeError(f"solve: A is {a.shape}, B {b.shape}; B must have {a.shape[-1]} rows")
    stack = broadcast_shapes("solve", a.shape[:-2], columns.shape[:-2])
    x = _solve(broadcast_to(a, (*stack, *a.shape[-2:])), broadcast_to(columns, (*stack, *columns.shape[-2:])))
    return reshape(x, x.shape[:-1]) if vector else x


def inv(A: Any) -> Tensor:
    """The inverse of each of the matrices: A (..., n, n).

    Raises ShapeError unless they are square, ArgumentError for one that is singular.

    >>> inv(Tensor([[2.0, 0.0], [0.0, 4.0]])).tolist()
    [[0.5, 0.0], [0.0, 0.25]]
    """
    a = _square("inv", A)
    unit = Tensor(namespace(a.array).eye(a.shape[-1], dtype=a.dtype))
    return _solve(a, broadcast_to(unit, a.shape))


def det(A: Any) -> Tensor:
    """The determinant of each of the matrices: A (..., n, n) -> (...).

    Raises ShapeError unless they are square. The derivative raises ArgumentError for one that is singular.

    >>> round(det(Tensor([[2.0, 1.0], [0.0, 4.0]])).item(), 4)
    8.0
    """
    return _det(_square("det", A))


def _square(op: str, x: Any) -> Tensor:
    a = floating(x)
    if a.ndim < 2 or a.shape[-1] != a.shape[-2]:
        raise ShapeError(f"{op}: A is {a.shape}; its last two axes must be of one length")
    return a


def _turned(x: Any) -> Any:
    """Each matrix transposed."""
    return _permute(x, dims=(*range(x.ndim - 2), x.ndim - 1, x.ndim - 2))


@primitive(saves=(("a",), ("a", "z")))
@adding
def _unsolve(xp: Any, g: Any, a: Any) -> Any:
    """What solving with the transposed matrices makes of g."""
    return _solved(xp, xp.swapaxes(a, -1, -2), g)


@primitive(saves=(("a", "z"), ("a",)))
@adding
def _solve(xp: Any, a: Any, b: Any) -> Any:
    return _solved(xp, a, b)


def _solved(xp: Any, a: Any, b: Any) -> Any:
    try:
        return xp.linalg.solve(a, b)
    except np.linalg.LinAlgError:
        raise ArgumentError(f"solve: A {a.shape} is singular; no X, or more than one, has A @ X = B") from None


def _minus_product(x: Any, y: Any) -> Any:
    return _mul(_matmul(x, _turned(y)), -1.0)


_solve.vjp(lambda g, z, a, b: _minus_product(_unsolve(g, a), z), lambda g, z, a, b: _unsolve(g, a))
_unsolve.vjp(lambda h, z, g, a: _solve(a, h), lambda h, z, g, a: _minus_product(z, _solve(a, h)))


@primitive(saves=("a", "z"))
@adding
def _det(xp: Any, a: Any) -> Any:
    return xp.asarray(xp.linalg.det(a))


def _det_rule(g: Any, z: Any, a: Any) -> Any:
    """g z times the transposed inverse."""
    shares = _spread(_mul(g, z), shape=a.shape[:-1], axes=(a.ndim - 2,))
    return _unsolve(_undiagonal(shares, offset=0, shape=a.shape), a)


_det.vjp(_det_rule)
