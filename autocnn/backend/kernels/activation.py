"""Softmax and its logarithm, relu, tanh's adjoint, and sums."""

from __future__ import annotations

from collections.abc import Callable

from autocnn.backend.onednn.softmax import SHORT
from autocnn.backend.select import select
from autocnn.types import Array, Namespace

_FEW = 1 << 12
"""Elements below which a number is as quick an operand as an array."""


def relu(xp: Namespace, x: Array) -> Array:
    """max(x, 0); NaN stays."""
    if x.size < _FEW:
        return xp.maximum(x, 0)
    zeros = xp.zeros_like(
        x
    )  # beside a number NumPy takes one element after the other, beside an array many at once
    return xp.maximum(x, zeros, out=zeros)


def relu_backward(xp: Namespace, g: Array, z: Array) -> Array:
    """The cotangent g where relu's value z is not 0; a NaN lets it pass."""
    return select(xp, z <= 0, 0.0, g)


def prelu(xp: Namespace, x: Array, slopes: Array) -> Array:
    """x above 0, slopes times x below."""
    return select(xp, x > 0, x, x * slopes)


def softmax(xp: Namespace, x: Array, *, axis: int) -> Array:
    """e ** x over its sum along an axis."""
    return _laid_out(xp, _softmax, x, axis)


def _softmax(xp: Namespace, x: Array, axis: int) -> Array:
    z = x - x.max(axis=axis, keepdims=True)
    xp.exp(z, out=z)
    z /= z.sum(axis=axis, keepdims=True)
    return z


def softmax_backward(xp: Namespace, g: Array, z: Array, *, axis: int) -> Array:
    """The cotangent of x from that of z = softmax(x): z (g - sum(g z))."""
    gx = g * z
    total = xp.sum(gx, axis=axis, keepdims=True)
    gx -= z * total
    return gx


def log_softmax(xp: Namespace, x: Array, *, axis: int) -> Array:
    """x less the logarithm of the sum of e ** x along an axis, without overflow."""
    return _laid_out(xp, _log_softmax, x, axis)


def _log_softmax(xp: Namespace, x: Array, axis: int) -> Array:
    z = x - x.max(axis=axis, keepdims=True)
    z -= xp.log(xp.exp(z).sum(axis=axis, keepdims=True))
    return z


def _laid_out(xp: Namespace, kernel: Callable[..., Array], x: Array, axis: int) -> Array:
    """What a kernel makes of x along an axis: in columns where that is a short row of memory."""
    if x.ndim == 1 or x.shape[axis] > SHORT or x.strides[axis] != x.itemsize:
        return kernel(xp, x, axis)
    z = xp.empty_like(x)
    z[...] = kernel(xp, xp.ascontiguousarray(x.swapaxes(0, axis)), 0).swapaxes(0, axis)
    return z


def log_softmax_backward(xp: Namespace, g: Array, z: Array, *, axis: int) -> Array:
    """The cotangent of x from that of z = log_softmax(x): g - e ** z sum(g)."""
    return g - xp.exp(z) * xp.sum(g, axis=axis, keepdims=True)


def add(xp: Namespace, x: Array, y: Array) -> Array:
    """x + y."""
    return xp.add(x, y)


def add_into(xp: Namespace, x: Array, y: Array) -> Array:
    """x, to which y has been added."""
    x += y
    return x


def add_relu(xp: Namespace, x: Array, y: Array) -> None:
    """Nothing: who has no kernel for max(x + y, 0) does one after the other."""


def tanh_backward(xp: Namespace, g: Array, z: Array) -> Array:
    """g (1 - z ** 2): the cotangent g through tanh, which gave z."""
    slope = xp.multiply(z, z)
    slope = xp.subtract(1.0, slope)
    return xp.multiply(g, slope)
