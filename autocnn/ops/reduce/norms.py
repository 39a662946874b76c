"""Norms, and the logarithm of a sum of exponentials."""

from __future__ import annotations

import math
from typing import Any

from autocnn.backend import kernels
from autocnn.engine import Tensor, as_tensor, method, primitive
from autocnn.errors import ArgumentError
from autocnn.ops.dtypes import as_dtype
from autocnn.ops.elementwise.arithmetic import _abs, _divide_or_zero, _mul, _sign, _sub, abs, sign, square
from autocnn.ops.elementwise.casts import cast, floating, quiet
from autocnn.ops.elementwise.comparison import _eq
from autocnn.ops.elementwise.exponential import _exp, _power
from autocnn.ops.elementwise.selection import _where
from autocnn.ops.precision import adding
from autocnn.ops.reduce.axes import axes_of, count_of, numpy_names
from autocnn.ops.reduce.extremes import amax, amin
from autocnn.ops.reduce.sums import _spread, needs_float, sum
from autocnn.types import Axes, Shape


@method("norm")
@numpy_names
def norm(input: Any, p: Any = "fro", dim: Axes = None, keepdim: bool = False, dtype: Any = None) -> Tensor:
    """The p-norm of the elements over axes, all by default; ``"fro"`` is the 2-norm.

    Raises ArgumentError for another name.

    >>> norm(Tensor([3.0, 4.0])).item()
    5.0
    """
    if isinstance(p, str):
        if p != "fro":
            raise ArgumentError(f"norm: p is {p!r}; it must be 'fro' or a number")
        p = 2
    return vector_norm(input, 2 if p is None else p, dim, keepdim, dtype=dtype)


@numpy_names
def vector_norm(x: Any, ord: float = 2, dim: Axes = None, keepdim: bool = False, *, dtype: Any = None) -> Tensor:
    """The p-norm of the elements over axes: sum(|x| ** ord) ** (1 / ord); its derivative at 0 is 0.

    ord inf is the greatest |x|, -inf the least, 0 the number of elements other than 0.
    Raises DTypeError for integers.

    >>> vector_norm(Tensor([3.0, -4.0]), 1).item(), vector_norm(Tensor([3.0, -4.0]), float("inf")).item()
    (7.0, 4.0)
    """
    x = needs_float("norm", as_tensor(x) if dtype is None else cast(x, as_dtype("norm", dtype)))
    if ord == 2:
        return _norm2(x, axes=axes_of("norm", dim, x.shape), keepdims=bool(keepdim))
    if ord == 1:
        return sum(abs(x), dim, keepdim)
    if ord == 0:
        return sum(square(sign(x)), dim, keepdim)
    if math.isinf(ord):
        return (amax if ord > 0 else amin)(abs(x), dim, keepdim)
    return _norm(x, p=float(ord), axes=axes_of("norm", dim, x.shape), keepdims=bool(keepdim))


@primitive(saves=("x", "z"))
@quiet
@adding
def _norm2(xp: Any, x: Any, *, axes: Shape, keepdims: bool) -> Any:
    return xp.sqrt(kernels.total(xp, xp.square(x), axes, keepdims))


@primitive(saves=("x", "z"))
@quiet
@adding
def _norm(xp: Any, x: Any, *, p: float, axes: Shape, keepdims: bool) -> Any:
    return xp.power(kernels.total(xp, xp.power(xp.absolute(x), p), axes, keepdims), 1 / p)


def _norm_rule(g: Any, z: Any, x: Any, p: float, axes: Shape, keepdims: bool) -> Any:
    """g sign(x) (|x| / z) ** (p - 1), and 0 where x is 0."""
    share = _divide_or_zero(_abs(x), _spread(z, shape=x.shape, axes=axes))
    slope = _power(_where(_eq(share, 0.0), 1.0, share), exponent=p - 1)
    return _mul(_spread(g, shape=x.shape, axes=axes), _mul(_sign(x), slope))


_norm2.vjp(lambda g, z, x, axes, keepdims: _mul(x, _spread(_divide_or_zero(g, z), shape=x.shape, axes=axes)))
_norm.vjp(_norm_rule)


@method("logsumexp")
@numpy_names
def logsumexp(input: Any, dim: Axes, keepdim: bool = False) -> Tensor:
    """log(sum(exp(input))) over axes, without overflow; -inf over nothing.

    >>> round(logsumexp(Tensor([1000.0, 1000.0]), dim=0).item(), 3)
    1000.693
    """
    input = floating(input)
    return _logsumexp(input, axes=axes_of("logsumexp", dim, input.shape), keepdims=bool(keepdim))


@primitive(saves=("x", "z"))
@quiet
@adding
def _logsumexp(xp: Any, x: Any, *, axes: Shape, keepdims: bool) -> Any:
    if count_of(x.shape, axes) == 0:
        top = xp.zeros_like(xp.sum(x, axis=axes, keepdims=True))
    else:
        top = xp.max(x, axis=axes, keepdims=True)
    top = xp.where(xp.isfinite(top), top, 0.0)
    z = xp.log(xp.sum(xp.exp(x - top), axis=axes, keepdims=True)) + top
    return z if keepdims else z.reshape([n for i, n in enumerate(x.shape) if i not in axes])


_logsumexp.vjp(
    lambda g, z, x, axes, keepdims: _mul(
        _spread(g, shape=x.shape, axes=axes), _exp(_sub(x, _spread(z, shape=x.shape, axes=axes)))
    )
)
