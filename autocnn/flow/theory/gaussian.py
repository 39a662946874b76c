"""What an activation makes of normal numbers: means over its values and slopes, by quadrature."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeAlias

import numpy as np

from autocnn.engine import Tensor, grad
from autocnn.errors import ArgumentError
from autocnn.nn import functional
from autocnn.types import Array

Activation: TypeAlias = str | Callable[[Tensor], Tensor]
"""The name of a function in `nn.functional`, or "linear"; or any function, or module, of one number at a time."""

KINKS = (-6.0, -3.0, -1.0, 0.0, 1.0, 3.0, 6.0)
"""Where activations bend: panels of the quadrature end there, and integrate what lies between as if smooth."""

REACH = 12
"""Deviations to either side of the mean; what lies beyond has weight 1e-32."""


@dataclass(frozen=True)
class Moments:
    """Means over h = mean + sqrt(variance) z, z standard normal, of an activation f: numbers, or arrays."""

    mean: Array
    """E f(h)."""
    second: Array
    """E f(h)^2."""
    slope: Array
    """E f'(h)^2."""
    tilt: Array
    """E f'(h)."""

    @property
    def variance(self) -> Array:
        """E f(h)^2 - (E f(h))^2."""
        return self.second - self.mean**2


def moments(activation: Activation, variance: Array, mean: Array = 0.0) -> Moments:
    """Mean, second moment and mean squared slope of an activation of normal numbers.

    By 16 Gauss-Legendre nodes on each panel between deviations and between the places where activations bend:
    Gauss-Hermite nodes know neither a kink nor a step that is narrow beside the deviation. `variance` and `mean`
    are numbers, or arrays of one shape. The slopes are the engine's.

    Raises ArgumentError for a negative variance, and for an unknown name.

    >>> m = moments("relu", 4.0)
    >>> round(m.second, 12), round(m.slope, 12)
    (2.0, 0.5)
    """
    q, mu = np.broadcast_arrays(np.asarray(variance, np.float64), np.asarray(mean, np.float64))
    if not bool((q >= 0).all()):
        raise ArgumentError(f"moments: variance is {variance}; it is at least 0")
    pairs, places = np.unique(np.stack([q.ravel(), mu.ravel()]), axis=1, return_inverse=True)
    nodes, weights = _nodes(pairs[0], pairs[1])
    value, slope = _evaluated(_function(activation), nodes)
    found = [(weights * x).sum(-1) for x in (value, value**2, slope**2, slope)]
    shaped = [x[places.ravel()].reshape(q.shape) for x in found]
    return Moments(*(x if x.ndim else float(x) for x in shaped))


def _nodes(q: Array, mean: Array) -> tuple[Array, Array]:
    """Places and weights (pairs, nodes): of each normal, its panels one after the other."""
    deviation = np.sqrt(q)
    with np.errstate(divide="ignore", invalid="ignore"):
        bends = (np.asarray(KINKS) - mean[:, None]) / deviation[:, None]
    bends = np.clip(np.nan_to_num(bends), -REACH, REACH)
    whole = np.broadcast_to(np.arange(-REACH, REACH + 1.0), (len(q), 2 * REACH + 1))
    borders = np.sort(np.concatenate([whole, bends], axis=1), axis=1)
    x, w = _legendre()
    half = np.diff(borders, axis=1)[..., None] / 2
    z = (borders[:, :-1, None] + half) + half * x
    density = np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi)
    shape = (len(q), -1)
    return (mean[:, None, None] + deviation[:, None, None] * z).reshape(shape), (half * w * density).reshape(shape)


@cache
def _legendre() -> tuple[Array, Array]:
    return np.polynomial.legendre.leggauss(16)


def _function(activation: Activation) -> Callable[[Tensor], Tensor]:
    if not isinstance(activation, str):
        return activation
    if activation in ("linear", "identity"):
        return lambda x: x * 1
    found: Any = getattr(functional, activation, None)
    if found is None:
        raise ArgumentError(f"moments: activation is {activation!r}; a function of nn.functional, or 'linear'")
    return found  # type: ignore[no-any-return]


def _evaluated(function: Callable[[Tensor], Tensor], nodes: Array) -> tuple[Array, Array]:
    x = Tensor(nodes).requires_grad_()
    value = function(x)
    if value.shape != x.shape:
        raise ArgumentError(f"moments: activation made {value.shape} of {x.shape}; it must keep the shape")
    (slope,) = grad(value.sum(), [x], allow_unused=True) if value.requires_grad else (None,)
    return value.array, np.zeros_like(nodes) if slope is None else slope.array
