"""Mean-field theory: variances and gradients in wide networks of equal layers, h <- W f(h) + b.

W has variance `weight` / fan_in and b has variance `bias`. Sources: Poole, Lahiri, Raghu, Sohl-Dickstein and
Ganguli (2016), "Exponential expressivity in deep neural networks through transient chaos"; Schoenholz, Gilmer,
Ganguli and Sohl-Dickstein (2017), "Deep information propagation".
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from autocnn.errors import ArgumentError
from autocnn.flow.theory.gaussian import Activation, moments

LEAST, MOST = 1e-12, 1e12
"""Variances between which a fixed point is looked for: below it is 0, above it infinite."""


def next_variance(activation: Activation, q: float, weight: float, bias: float = 0.0) -> float:
    """The variance of the next layer's h: weight E f(sqrt(q) z)^2 + bias.

    >>> next_variance("relu", 3.0, weight=2.0)
    3.0
    """
    return weight * float(moments(activation, q).second) + bias


def chi(activation: Activation, q: float, weight: float) -> float:
    """What a layer multiplies the mean square of a gradient by: weight E f'(sqrt(q) z)^2.

    Below 1 gradients vanish on their way back, above it they explode. With chi at the fixed point of the variance,
    the mean square at layer l is chi^(L - l) of that at layer L.

    >>> round(chi("relu", 5.0, weight=2.0), 12), chi("tanh", 0.0, weight=0.9)
    (1.0, 0.9)
    """
    return weight * float(moments(activation, q).slope)


def fixed_point(activation: Activation, weight: float, bias: float = 0.0, start: float = 1.0) -> float:
    """The variance q* that deep layers settle at: 0 or infinity if they never do.

    Found by bisection, in which q below q* grows and q above it shrinks; that is so for activations that saturate
    and for rectifiers. Where every variance is kept (ReLU with weight 2 and no bias) it is `start`.

    Raises ArgumentError for a negative weight or bias.

    >>> fixed_point("tanh", weight=0.9), round(fixed_point("tanh", weight=2.25), 4)
    (0.0, 0.7934)
    """
    if weight < 0 or bias < 0:
        raise ArgumentError(f"fixed_point: weight is {weight} and bias {bias}; variances are at least 0")

    def grows(q: float) -> float:
        return next_variance(activation, q, weight, bias) / q - 1

    if max(abs(grows(q * start)) for q in (0.01, 1.0, 100.0)) < 1e-12:
        return start
    low, high = math.log(LEAST), math.log(MOST)
    if grows(LEAST) <= 1e-11:  # as far as it can be told from 1
        return 0.0
    if grows(MOST) > 0:
        return math.inf
    while high - low > 1e-15 * max(1.0, abs(low)):
        middle = (low + high) / 2
        if middle in (low, high):
            break
        low, high = (middle, high) if grows(math.exp(middle)) > 0 else (low, middle)
    return math.exp((low + high) / 2)


def critical(activation: Activation, q: float) -> tuple[float, float]:
    """The weight and bias on the critical line, where chi is 1 at the fixed point, whose fixed point is q.

    Raises ArgumentError if no bias gives that fixed point.

    >>> weight, bias = critical("tanh", 0.5)
    >>> round(fixed_point("tanh", weight, bias), 9), round(chi("tanh", 0.5, weight), 12)
    (0.5, 1.0)
    """
    weight = 1 / float(moments(activation, q).slope)
    bias = q - next_variance(activation, q, weight)
    if bias < -1e-12 * max(q, 1.0):
        raise ArgumentError(
            f"critical: q is {q}, with chi = 1 the bias would have variance {bias}; it is at least 0"
        )
    return weight, max(bias, 0.0)


def critical_weight(activation: Activation, bias: float) -> float:
    """The weight at which chi is 1 at the fixed point, for a given bias.

    Raises ArgumentError if there is none with a variance between 1e-12 and 1e12.

    >>> round(critical_weight("tanh", 0.05), 2)
    1.76
    """
    low, high = math.log(LEAST), math.log(MOST)

    def excess(q: float) -> float:
        weight = 1 / float(moments(activation, q).slope)
        return q - next_variance(activation, q, weight) - bias

    if bias == 0 and 0 < excess(LEAST) < LEAST:  # the fixed point is 0 itself
        return 1 / float(moments(activation, 0.0).slope)
    if not excess(LEAST) <= 0 <= excess(MOST):
        raise ArgumentError(f"critical_weight: bias is {bias}; no weight makes chi 1 at a fixed point")
    while (middle := (low + high) / 2) not in (low, high):
        low, high = (middle, high) if excess(math.exp(middle)) < 0 else (low, middle)
    return 1 / float(moments(activation, math.exp(middle)).slope)


def depth_scale(factor: float) -> float:
    """In how many layers the mean square of a gradient changes e-fold: 1 / |ln chi|.

    >>> depth_scale(1.0), round(depth_scale(math.exp(-0.1)), 9)
    (inf, 10.0)
    """
    return 1 / abs(math.log(factor)) if factor not in (0.0, 1.0) else (0.0 if factor == 0 else math.inf)


@dataclass(frozen=True)
class Profile:
    """Layer by layer, from the first to the last: the variance of h, and the gradient's mean square at h.

    The gradient is relative to that at the last layer.
    """

    variance: tuple[float, ...]
    gradient: tuple[float, ...]

    def rows(self) -> list[dict[str, float]]:
        """One row for each layer, numbered from 1; `rms` is the root of the gradient's mean square."""
        return [
            {"layer": layer, "variance": q, "gradient": g, "rms": math.sqrt(g)}
            for layer, (q, g) in enumerate(zip(self.variance, self.gradient, strict=True), 1)
        ]


def profile(activation: Activation, depth: int, weight: float, bias: float = 0.0, start: float = 1.0) -> Profile:
    """The variance recursion, and the products of chi along it: not at the fixed point, but on the way there.

    `start` is the variance of h at the first of `depth` layers. Where chi is 1 at q* = 0, as for tanh with
    weight 1 and no bias, the variance falls as 1 / (2 l) and the gradient's mean square as 1 / L, a power of the
    depth; elsewhere exponentially.

    Raises ArgumentError for a depth below 1.

    >>> round(profile("relu", 3, weight=1.0).rows()[0]["gradient"], 12)
    0.25
    """
    if depth < 1:
        raise ArgumentError(f"profile: depth is {depth}; it is at least 1")
    variance, factors = [float(start)], []
    for _ in range(depth - 1):
        found = moments(activation, variance[-1])
        factors.append(weight * float(found.slope))
        variance.append(weight * float(found.second) + bias)
    gradient = [1.0]
    for factor in reversed(factors):
        gradient.append(gradient[-1] * factor)
    return Profile(tuple(variance), tuple(reversed(gradient)))
