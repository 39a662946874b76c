"""Matrix products and softmax, which need no windows."""

from __future__ import annotations

from autocnn.types import Array, Namespace


def matmul(xp: Namespace, x: Array, y: Array, bias: Array | None = None) -> Array:
    """The product of matrices, or stacks of them: (..., m, k) (..., k, n) + bias (n,) -> (..., m, n)."""
    z = xp.matmul(regular(xp, x), regular(xp, y))
    if bias is not None:
        z += bias
    return z


def regular(xp: Namespace, x: Array) -> Array:
    """x with rows or columns that lie together, as BLAS wants them; a copy where they do not."""
    (n, k), (down, along), size = x.shape[-2:], x.strides[-2:], x.itemsize
    rows = along == size and down >= k * size
    columns = down == size and along >= n * size
    return x if rows or columns else xp.ascontiguousarray(x)


def softmax(xp: Namespace, x: Array, *, axis: int) -> Array:
    """e ** x over its sum along an axis."""
    z = xp.exp(x - xp.max(x, axis=axis, keepdims=True))
    z /= xp.sum(z, axis=axis, keepdims=True)
    return z


def softmax_backward(xp: Namespace, g: Array, z: Array, *, axis: int) -> Array:
    """The cotangent of x from that of z = softmax(x): z (g - sum(g z))."""
    gx = g * z
    total = xp.sum(gx, axis=axis, keepdims=True)
    gx -= z * total
    return gx


def log_softmax(xp: Namespace, x: Array, *, axis: int) -> Array:
    """x less the logarithm of the sum of e ** x along an axis, without overflow."""
    z = x - xp.max(x, axis=axis, keepdims=True)
    z -= xp.log(xp.sum(xp.exp(z), axis=axis, keepdims=True))
    return z


def log_softmax_backward(xp: Namespace, g: Array, z: Array, *, axis: int) -> Array:
    """The cotangent of x from that of z = log_softmax(x): g - e ** z sum(g)."""
    return g - xp.exp(z) * xp.sum(g, axis=axis, keepdims=True)
