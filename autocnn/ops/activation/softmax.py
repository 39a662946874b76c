"""Softmax and its kin: activations along an axis."""

from __future__ import annotations

import warnings
from typing import Any

from autocnn.backend import kernels
from autocnn.engine import Tensor, method, primitive
from autocnn.errors import ShapeError
from autocnn.ops.axes import one_axis
from autocnn.ops.dtypes import as_dtype
from autocnn.ops.elementwise.arithmetic import _mul, _sub, mul, neg
from autocnn.ops.elementwise.casts import cast, floating, quiet
from autocnn.ops.elementwise.exponential import _exp
from autocnn.ops.elementwise.trigonometry import sigmoid
from autocnn.ops.precision import adding
from autocnn.ops.reduce.sums import _spread, _sum
from autocnn.ops.shape.joining import chunk


@method("softmax")
def softmax(input: Any, dim: int | None = None, dtype: Any = None) -> Tensor:
    """e ** input over its sum along an axis: positive, and 1 in sum.

    >>> softmax(Tensor([0.0, 0.0]), dim=0).tolist()
    [0.5, 0.5]
    """
    input = floating(input) if dtype is None else cast(input, as_dtype("softmax", dtype))
    return _softmax(input, axis=_axis("softmax", dim, input.ndim))


def _axis(name: str, dim: int | None, ndim: int) -> int:
    """The axis; where none is named the one that PyTorch takes, with a warning as it gives."""
    if dim is None:
        dim = 0 if ndim in (0, 1, 3) else 1
        warnings.warn(f"{name}: dim is None, {dim} is taken; name the axis that shall sum to 1", stacklevel=3)
    return one_axis(name, dim, ndim)


@primitive(saves=("z",))
@quiet
@adding
def _softmax(xp: Any, x: Any, *, axis: int) -> Any:
    if x.size == 0 or x.ndim == 0:
        return xp.ones_like(x)
    return kernels.softmax(xp, x, axis=axis)


def _softmax_rule(g: Any, z: Any, x: Any, axis: int) -> Any:
    axes = (axis,) if x.ndim else ()
    return _mul(z, _sub(g, _spread(_sum(_mul(g, z), axes=axes, keepdims=True), shape=x.shape, axes=axes)))


@primitive(differentiable=False)
@adding
def _softmax_backward(xp: Any, g: Any, z: Any, *, axis: int) -> Any:
    if z.ndim == 0:
        return xp.zeros_like(g)
    return kernels.softmax_backward(xp, g, z, axis=axis)


_softmax.vjp(_softmax_rule)
_softmax.fast(lambda g, z, x, need, axis: (_softmax_backward(g, z, axis=axis),))


@method("log_softmax")
def log_softmax(input: Any, dim: int | None = None, dtype: Any = None) -> Tensor:
    """log(softmax(input)), without overflow: input - log(sum(e ** input)).

    >>> log_softmax(Tensor([0.0]), dim=0).tolist()
    [0.0]
    """
    input = floating(input) if dtype is None else cast(input, as_dtype("softmax", dtype))
    return _log_softmax(input, axis=_axis("log_softmax", dim, input.ndim))


@primitive(saves=("z",))
@quiet
@adding
def _log_softmax(xp: Any, x: Any, *, axis: int) -> Any:
    if x.size == 0 or x.ndim == 0:
        return xp.zeros_like(x)
    return kernels.log_softmax(xp, x, axis=axis)


def _log_softmax_rule(g: Any, z: Any, x: Any, axis: int) -> Any:
    axes = (axis,) if x.ndim else ()
    total = _spread(_sum(g, axes=axes, keepdims=True), shape=x.shape, axes=axes)
    return _sub(g, _mul(_exp(z), total))


@primitive(differentiable=False)
@adding
def _log_softmax_backward(xp: Any, g: Any, z: Any, *, axis: int) -> Any:
    if z.ndim == 0:
        return xp.zeros_like(g)
    return kernels.log_softmax_backward(xp, g, z, axis=axis)


_log_softmax.vjp(_log_softmax_rule)
_log_softmax.fast(lambda g, z, x, need, axis: (_log_softmax_backward(g, z, axis=axis),))


def softmin(input: Any, dim: int | None = None, dtype: Any = None) -> Tensor:
    """softmax(-input): the least element gets the most.

    >>> softmin(Tensor([1.0, 1.0]), dim=0).tolist()
    [0.5, 0.5]
    """
    return softmax(neg(input), dim, dtype)


def glu(input: Any, dim: int = -1) -> Tensor:
    """The first half along an axis, gated by the logistic function of the second: a * sigmoid(b).

    Raises ShapeError where the axis cannot be halved.

    >>> glu(Tensor([3.0, 0.0])).tolist()
    [1.5]
    """
    input = floating(input)
    axis = one_axis("glu", dim, input.ndim)
    if not input.ndim or input.shape[axis] % 2:
        raise ShapeError(f"glu: dim is {dim} (x {input.shape}); it is halved, so its length must be even")
    a, b = chunk(input, 2, axis)
    return mul(a, sigmoid(b))
