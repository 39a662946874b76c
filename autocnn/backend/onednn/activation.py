"""Activations and their adjoints through oneDNN.

Values differ from NumPy's by 4e-7 of what is larger, x or 1, and so do the factors of g; below the least normal
number, 1.2e-38, they may be 0. Where the library would lose a NaN or an infinity of x, None is returned: that is
known from the largest element. An adjoint is a product: of an infinite g it makes NaN where the derivative is 0.
Not used are the library's softplus and logarithm, wrong by 8e-6 and 3e-6, its mish, wrong by 1e-6, and its
exponential, which makes infinity of NaN.
"""

from __future__ import annotations

import math

import numpy as np

from autocnn.backend.onednn.elementwise import FEW, applies, below, unary, unary_backward, unary_backward_of_result
from autocnn.types import Array

_HUGE = 1e38
"""From here on twice a number overflows, as it does within the library's gelu."""

_STEEP = 17.4
"""Where the logistic function has become 1 in single precision."""


def sigmoid(x: Array) -> Array | None:
    """1 / (1 + e ** -x)."""
    return unary("sigmoid", x)


def sigmoid_backward(g: Array, z: Array) -> Array | None:
    """g z (1 - z), where the logistic function gave z."""
    return unary_backward_of_result("sigmoid", g, z)


def silu(x: Array) -> Array | None:
    """x sigmoid(x)."""
    return unary("silu", x, 1.0)


def silu_backward(g: Array, x: Array) -> Array | None:
    """g times the derivative of silu at x."""
    return unary_backward("silu", g, x, 1.0)


def gelu(x: Array) -> Array | None:
    """x times the normal distribution at x; None where an element is NaN or huge: infinity would become NaN."""
    return unary("gelu", x) if applies(x) and below(x, _HUGE) else None


def gelu_backward(g: Array, x: Array) -> Array | None:
    """g times the derivative of gelu at x."""
    return unary_backward("gelu", g, x)


def gelu_tanh(x: Array) -> Array | None:
    """gelu by the approximation with a hyperbolic tangent."""
    return unary("gelu_tanh", x)


def gelu_tanh_backward(g: Array, x: Array) -> Array | None:
    """g times the derivative of that approximation at x."""
    return unary_backward("gelu_tanh", g, x)


def softplus_backward(g: Array, x: Array, *, beta: float, threshold: float) -> Array | None:
    """g sigmoid(beta x); None where that is below 1 at the threshold, from which on it shall be 1."""
    return unary_backward("softplus", g, x, beta) if beta > 0 and threshold >= _STEEP else None


def leaky_relu(x: Array, *, slope: float) -> Array | None:
    """x above 0, slope times x below; None for slope 0, of which the library knows a NaN-losing relu."""
    return unary("relu", x, slope) if slope else None


def leaky_relu_backward(g: Array, x: Array, *, slope: float) -> Array | None:
    """g where x was above 0, slope times it elsewhere; None where x holds a NaN, which would count as above."""
    return unary_backward("relu", g, x, slope) if applies(x, g) and below(x) else None


def hardswish(x: Array) -> Array | None:
    """x min(max(x / 6 + 1 / 2, 0), 1)."""
    return unary("hardswish", x, 1 / 6, 0.5)


def hardswish_backward(g: Array, x: Array) -> Array | None:
    """g times the derivative of hardswish at x: 0 at -3, 1 at 3."""
    return unary_backward("hardswish", g, x, 1 / 6, 0.5)


def hardtanh_backward(g: Array, x: Array, *, low: float, high: float) -> Array | None:
    """g where x lay between the limits."""
    return unary_backward("between", g, x, low, high) if low < high else None


def clamp_backward(g: Array, x: Array, *, low: float | None, high: float | None) -> Array | None:
    """g where x lay within the limits: the library leaves the lower one out, so it gets the number before it."""
    if low is None or x.size < FEW:
        return None
    before = float(np.nextafter(np.float32(low), np.float32(-np.inf)))
    limit = math.inf if high is None else high
    return unary_backward("within", g, x, before, limit) if before < low <= limit else None


def elu(x: Array, *, alpha: float, scale: float, rate: float) -> Array | None:
    """scale x above 0, scale alpha (e ** x - 1) below, which is exact to 2e-7; None for another rate of x."""
    z = unary("elu", x, alpha) if rate == 1 else None
    return _scaled(z, scale)


def elu_backward(g: Array, x: Array, *, alpha: float, scale: float, rate: float) -> Array | None:
    """scale g above 0, scale alpha e ** x g elsewhere; None for another rate of x, and where x holds a NaN."""
    gx = unary_backward("elu", g, x, alpha) if rate == 1 and applies(x, g) and below(x) else None
    return _scaled(gx, scale)


def _scaled(z: Array | None, scale: float) -> Array | None:
    if z is not None and scale != 1:
        z *= scale
    return z
