"""Smooth activations and their adjoints, for any namespace and dtype: few passes, most of them in place.

Each adjoint takes the cotangent g of the value, and x, or the value z where that suffices.
"""

from __future__ import annotations

import math

from autocnn.backend.kernels.error_function import erf
from autocnn.backend.kernels.pieces import in_pieces
from autocnn.backend.select import select
from autocnn.types import Array, Namespace

ROOT = math.sqrt(2 / math.pi)
CUBIC = 0.044715
"""The two numbers of gelu's approximation by tanh."""

_FLAT = 20.0
"""Where mish has become its argument: a larger one need not be raised to the power of e, which would overflow."""


def sigmoid(xp: Namespace, x: Array) -> Array:
    """1 / (1 + e ** -x)."""
    z = xp.exp(xp.negative(x))
    z += 1.0
    return xp.reciprocal(z)


def sigmoid_backward(xp: Namespace, g: Array, z: Array) -> Array:
    """g z (1 - z), where the logistic function gave z."""
    slope = xp.subtract(1.0, z)
    slope *= z
    slope *= g
    return slope


def silu(xp: Namespace, x: Array) -> Array:
    """x / (1 + e ** -x)."""
    z = xp.exp(xp.negative(x))
    z += 1.0
    return xp.divide(x, z)


def silu_backward(xp: Namespace, g: Array, x: Array) -> Array:
    """g s (1 + x (1 - s)), where s = sigmoid(x)."""
    s = sigmoid(xp, x)
    slope = xp.subtract(1.0, s)
    slope *= x
    slope += 1.0
    slope *= s
    slope *= g
    return slope


@in_pieces
def gelu(xp: Namespace, x: Array) -> Array:
    """x times the normal distribution at x."""
    z = _normal(xp, x)
    z *= x
    return z


@in_pieces
def gelu_backward(xp: Namespace, g: Array, x: Array) -> Array:
    """g times the normal distribution at x and x times its density."""
    slope = xp.square(x)
    slope *= -0.5
    slope = xp.exp(slope)
    slope *= math.sqrt(0.5 / math.pi)
    slope *= x
    slope += _normal(xp, x)
    slope *= g
    return slope


def _normal(xp: Namespace, x: Array) -> Array:
    below = erf(xp, x * math.sqrt(0.5))
    below += 1.0
    below *= 0.5
    return below


@in_pieces
def gelu_tanh(xp: Namespace, x: Array) -> Array:
    """x (1 + tanh(u)) / 2, where u = sqrt(2 / pi) (x + 0.044715 x ** 3)."""
    z = _bent(xp, x, xp.square(x))
    z += 1.0
    z *= 0.5
    z *= x
    return z


@in_pieces
def gelu_tanh_backward(xp: Namespace, g: Array, x: Array) -> Array:
    """g ((1 + t) + x (1 - t ** 2) u') / 2, where t = tanh(u)."""
    square = xp.square(x)
    t = _bent(xp, x, square)
    slope = xp.subtract(1.0, xp.square(t))
    slope *= x
    square *= 3 * CUBIC * ROOT
    square += ROOT
    slope *= square
    slope += t
    slope += 1.0
    slope *= 0.5
    slope *= g
    return slope


def _bent(xp: Namespace, x: Array, square: Array) -> Array:
    """tanh(u)."""
    u = square * CUBIC
    u += 1.0
    u *= x
    u *= ROOT
    return xp.tanh(u)


@in_pieces
def mish(xp: Namespace, x: Array) -> Array:
    """x tanh(log(1 + e ** x)): that hyperbolic tangent is n / (n + 2), where n = e ** x (e ** x + 2)."""
    e = xp.exp(xp.minimum(x, _FLAT))
    n = e + 2.0
    n *= e
    z = xp.divide(n, n + 2.0)
    z *= x
    return z


@in_pieces
def mish_backward(xp: Namespace, g: Array, x: Array) -> Array:
    """g (n + 4 x e ** x (e ** x + 1) / (n + 2)) / (n + 2); beyond what is flat the second term is 0."""
    limited = xp.minimum(x, _FLAT)
    e = xp.exp(limited)
    n = e + 2.0
    n *= e
    below = n + 2.0
    slope = e + 1.0
    slope *= e
    slope /= below
    slope *= limited
    slope *= 4.0
    slope += n
    slope /= below
    slope *= g
    return slope


def softplus(xp: Namespace, x: Array, *, beta: float, threshold: float) -> Array:
    """log(1 + e ** (beta x)) / beta, and x where beta x is above the threshold."""
    scaled = x if beta == 1 else x * beta
    z = xp.log1p(xp.exp(scaled))
    if beta != 1:
        z /= beta
    return _beyond(xp, scaled > threshold, x, z)


def softplus_backward(xp: Namespace, g: Array, x: Array, *, beta: float, threshold: float) -> Array:
    """g sigmoid(beta x), and g where beta x is above the threshold."""
    scaled = x if beta == 1 else x * beta
    slope = sigmoid(xp, scaled)
    slope *= g
    return _beyond(xp, scaled > threshold, g, slope)


def _beyond(xp: Namespace, mask: Array, x: Array, z: Array) -> Array:
    """x where the mask holds, z elsewhere: often it holds nowhere."""
    return select(xp, mask, x, z) if mask.any() else z
