"""How alike two inputs stay on their way through wide rectifier layers: the arc-cosine kernels.

Source: Cho and Saul (2009), "Kernel methods for deep learning", equations 1, 3 and 6.
"""

from __future__ import annotations

import math

import numpy as np

from autocnn.errors import ArgumentError
from autocnn.types import Array

ROUNDING = 1e-6
"""How far past 1 a correlation may lie that was computed from measured numbers."""


def relu_correlation(rho: Array, slope: float = 0.0) -> Array:
    """The correlation of ReLU(u) and ReLU(v) about 0, where u and v are normal with correlation rho.

    (sqrt(1 - rho^2) + rho (pi - arccos rho)) / pi, the kernel of degree 1: with weights of mean 0 and no bias it
    takes the correlation of two inputs at one layer to that at the next, whatever the variance of the weights.
    `slope` is the negative slope of a leaky ReLU. rho is a number, or an array of any shape.

    Raises ArgumentError for what is no correlation.

    >>> relu_correlation(1.0), round(relu_correlation(0.0) * math.pi, 12), relu_correlation(-1.0)
    (1.0, 1.0, 0.0)
    """
    rho = _correlation("relu_correlation", rho)
    kernel = (np.sqrt((1 - rho) * (1 + rho)) + rho * (math.pi - np.arccos(rho))) / math.pi
    return _plain((2 * slope * rho + (1 - slope) ** 2 * kernel) / (1 + slope**2))


def relu_slopes(rho: Array, slope: float = 0.0) -> Array:
    """The correlation about 0 of ReLU'(u) and ReLU'(v), where u and v are normal with correlation rho.

    1 - arccos(rho) / pi, the kernel of degree 0, and the derivative of `relu_correlation`: with He et al.'s
    weights the covariance of the gradients at two inputs is multiplied by it at every layer. It is 1/2 at rho = 0
    (two gates that know nothing of each other are both open for one unit in four, one gate for one in two).

    >>> relu_slopes(1.0), relu_slopes(0.0), relu_slopes(-1.0)
    (1.0, 0.5, 0.0)
    """
    rho = _correlation("relu_slopes", rho)
    return _plain(1 - (1 - slope) ** 2 / (1 + slope**2) * np.arccos(rho) / math.pi)


def _correlation(name: str, rho: Array) -> Array:
    rho = np.asarray(rho, np.float64)
    if not bool((np.abs(rho) <= 1 + ROUNDING).all()):
        raise ArgumentError(f"{name}: rho is {rho}; a correlation is between -1 and 1")
    return np.clip(rho, -1.0, 1.0)


def _plain(value: Array) -> Array:
    return value if np.ndim(value) else float(value)
