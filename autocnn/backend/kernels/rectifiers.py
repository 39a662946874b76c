"""Piecewise activations, limits and their adjoints, for any namespace and dtype.

Numbers limit a large array through `clip`: it takes many elements at once, as `maximum` beside a number does not.
"""

from __future__ import annotations

import math

from autocnn.backend.kernels.pieces import in_pieces
from autocnn.backend.select import select
from autocnn.types import Array, Namespace

_FEW = 1 << 12
"""Elements below which `clip` has not begun when `maximum` is done."""


def clamp(xp: Namespace, x: Array, *, low: float | None, high: float | None) -> Array:
    """x, at least low and at most high; NaN stays."""
    if x.size < _FEW or x.dtype.kind != "f":
        x = x if low is None else xp.maximum(x, low)
        return x if high is None else xp.minimum(x, high)
    return xp.clip(x, -math.inf if low is None else low, math.inf if high is None else high)


def clamp_backward(xp: Namespace, g: Array, x: Array, *, low: float | None, high: float | None) -> Array:
    """g where x lay within the limits."""
    inside = x <= high if low is None else x >= low if high is None else (x >= low) & (x <= high)
    return select(xp, inside, g, 0.0)


def hardtanh_backward(xp: Namespace, g: Array, x: Array, *, low: float, high: float) -> Array:
    """g where x lay between the limits."""
    return select(xp, (x > low) & (x < high), g, 0.0)


def hardsigmoid(xp: Namespace, x: Array) -> Array:
    """min(max(x / 6 + 1 / 2, 0), 1)."""
    z = clamp(xp, x + 3.0, low=0.0, high=6.0)
    z /= 6.0
    return z


def hardswish(xp: Namespace, x: Array) -> Array:
    """x hardsigmoid(x)."""
    z = clamp(xp, x + 3.0, low=0.0, high=6.0)
    z /= 6.0
    z *= x
    return z


@in_pieces
def hardswish_backward(xp: Namespace, g: Array, x: Array) -> Array:
    """g (x / 3 + 1 / 2) between -3 and 3, g above, 0 below."""
    slope = x / 3.0
    slope += 0.5
    slope *= g
    return select(xp, x <= -3.0, 0.0, select(xp, x < 3.0, slope, g))


def leaky_relu(xp: Namespace, x: Array, *, slope: float) -> Array:
    """x above 0, slope times x below."""
    return xp.maximum(x, x * slope) if 0 < slope <= 1 else select(xp, x > 0, x, x * slope)


@in_pieces
def leaky_relu_backward(xp: Namespace, g: Array, x: Array, *, slope: float) -> Array:
    """g where x was above 0, slope times it elsewhere."""
    return select(xp, x > 0, g, g * slope)


def elu(xp: Namespace, x: Array, *, alpha: float, scale: float, rate: float) -> Array:
    """scale x above 0, scale alpha (e ** (rate x) - 1) below."""
    z = clamp(xp, x, low=None, high=0.0)
    z = xp.expm1(z if rate == 1 else z * rate)
    z *= alpha * scale
    above = clamp(xp, x, low=0.0, high=None)
    above *= scale
    z += above
    return z


def elu_backward(xp: Namespace, g: Array, x: Array, *, alpha: float, scale: float, rate: float) -> Array:
    """scale g above 0, scale alpha rate e ** (rate x) g elsewhere."""
    below = clamp(xp, x, low=None, high=0.0)
    below = xp.exp(below if rate == 1 else below * rate)
    below *= alpha * scale * rate
    below *= g
    return below if alpha * rate == 1 else select(xp, x > 0, g * scale, below)
