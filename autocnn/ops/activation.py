"""Activation functions."""

from __future__ import annotations

from typing import Any

from autocnn.engine import Tensor, as_tensor, method, primitive
from autocnn.ops.axes import one_axis
from autocnn.ops.dtypes import as_dtype
from autocnn.ops.elementwise.arithmetic import _mul, _sub
from autocnn.ops.elementwise.casts import cast, floating, quiet
from autocnn.ops.elementwise.exponential import _exp
from autocnn.ops.reduce.sums import _spread, _sum


@method("relu")
def relu(x: Any) -> Tensor:
    """max(x, 0); the derivative at 0 is 0.

    >>> relu(Tensor([-1.0, 2.0])).tolist()
    [0.0, 2.0]
    """
    return _relu(as_tensor(x))


@primitive(saves=("z",))
def _relu(xp: Any, x: Any) -> Any:
    return xp.maximum(x, 0)


@primitive(saves=(("y",), ()))
def _relu_backward(xp: Any, x: Any, y: Any) -> Any:
    """The cotangent x where relu's value y is not 0; a NaN lets it pass."""
    return xp.where(y <= 0, 0.0, x)


_relu.vjp(lambda g, z, x: _relu_backward(g, z))
_relu_backward.vjp(lambda g, z, x, y: _relu_backward(g, y), None)


@method("softmax")
def softmax(x: Any, dim: int, dtype: Any = None) -> Tensor:
    """e ** x over its sum along an axis: positive, and 1 in sum.

    >>> softmax(Tensor([0.0, 0.0]), dim=0).tolist()
    [0.5, 0.5]
    """
    x = floating(x) if dtype is None else cast(x, as_dtype("softmax", dtype))
    return _softmax(x, axis=one_axis("softmax", dim, x.ndim))


@primitive(saves=("z",))
@quiet
def _softmax(xp: Any, x: Any, *, axis: int) -> Any:
    if x.size == 0 or x.ndim == 0:
        return xp.ones_like(x)
    z = xp.exp(x - xp.max(x, axis=axis, keepdims=True))
    z /= xp.sum(z, axis=axis, keepdims=True)
    return z


def _softmax_rule(g: Any, z: Any, x: Any, axis: int) -> Any:
    axes = (axis,) if x.ndim else ()
    return _mul(z, _sub(g, _spread(_sum(_mul(g, z), axes=axes, keepdims=True), shape=x.shape, axes=axes)))


@primitive(differentiable=False)
def _softmax_backward(xp: Any, g: Any, z: Any, *, axis: int) -> Any:
    if z.ndim == 0:
        return xp.zeros_like(g)
    gx = g * z
    total = xp.sum(gx, axis=axis, keepdims=True)
    gx -= z * total
    return gx


_softmax.vjp(_softmax_rule)
_softmax.fast(lambda g, z, x, need, axis: (_softmax_backward(g, z, axis=axis),))


@method("log_softmax")
def log_softmax(x: Any, dim: int, dtype: Any = None) -> Tensor:
    """log(softmax(x)), without overflow: x - log(sum(e ** x)).

    >>> log_softmax(Tensor([0.0]), dim=0).tolist()
    [0.0]
    """
    x = floating(x) if dtype is None else cast(x, as_dtype("softmax", dtype))
    return _log_softmax(x, axis=one_axis("log_softmax", dim, x.ndim))


@primitive(saves=("z",))
@quiet
def _log_softmax(xp: Any, x: Any, *, axis: int) -> Any:
    if x.size == 0 or x.ndim == 0:
        return xp.zeros_like(x)
    z = x - xp.max(x, axis=axis, keepdims=True)
    z -= xp.log(xp.sum(xp.exp(z), axis=axis, keepdims=True))
    return z


def _log_softmax_rule(g: Any, z: Any, x: Any, axis: int) -> Any:
    axes = (axis,) if x.ndim else ()
    total = _spread(_sum(g, axes=axes, keepdims=True), shape=x.shape, axes=axes)
    return _sub(g, _mul(_exp(z), total))


@primitive(differentiable=False)
def _log_softmax_backward(xp: Any, g: Any, z: Any, *, axis: int) -> Any:
    if z.ndim == 0:
        return xp.zeros_like(g)
    return g - xp.exp(z) * xp.sum(g, axis=axis, keepdims=True)


_log_softmax.vjp(_log_softmax_rule)
_log_softmax.fast(lambda g, z, x, need, axis: (_log_softmax_backward(g, z, axis=axis),))
