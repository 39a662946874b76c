"""Activations beyond relu and softmax, and the losses of numbers and probabilities."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tests.ops.case import Case, apart, exact, normal, positive
from tests.ops.cases.elementwise import Row, binary, share, unary

erf = np.vectorize(math.erf, otypes=[float])
WIDE = exact([-4.1, -2.7, -0.4, 0.3, 1.9, 2.9, 3.2, 7.0])
"""On both sides of every corner at -3, 0, 1, 3 and 6."""


def shaped(oracle: Any, **params: Any) -> Row:
    """An activation across its corners, and on the shapes of every unary function."""
    return (Case(oracle, (WIDE,), params), *unary(oracle, apart, params=params))


def through(slope: Any, **params: Any) -> Case:
    """The adjoint of an activation: a cotangent times the slope at x."""
    return Case(lambda g, x: g * slope(x), (normal(8), WIDE), params)


def elu(x: Any, alpha: float = 1.0, scale: float = 1.0, rate: float = 1.0) -> Any:
    """Linear above 0, exponential below."""
    return scale * np.where(x > 0, x, alpha * np.expm1(rate * x))


def gelu_tanh(x: Any) -> Any:
    """The approximation by tanh."""
    return 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))


def gelu_tanh_slope(x: Any) -> Any:
    """The derivative of that approximation."""
    root = math.sqrt(2 / math.pi)
    t = np.tanh(root * (x + 0.044715 * x**3))
    return (1 + t) / 2 + x / 2 * (1 - t**2) * root * (1 + 3 * 0.044715 * x**2)


def sigmoid(x: Any) -> Any:
    """1 / (1 + e ** -x)."""
    return 1 / (1 + np.exp(-x))


def mish_slope(x: Any) -> Any:
    """The derivative of mish."""
    t = np.tanh(softplus(x))
    return t + x * (1 - t**2) * sigmoid(x)


def softplus(x: Any) -> Any:
    """log(1 + e ** x)."""
    return np.log1p(np.exp(x))


def huber(d: Any, delta: float) -> Any:
    """Quadratic up to delta, linear beyond."""
    return np.where(np.abs(d) < delta, d**2 / 2, delta * (np.abs(d) - delta / 2))


PIECEWISE: dict[str, Row] = {
    "threshold": shaped(lambda x: np.where(x > 0.1, x, -1.5), at=0.1, value=-1.5),
    "hardtanh": shaped(lambda x: np.clip(x, -3.0, 6.0), low=-3.0, high=6.0),
    "hardtanh_backward": (
        Case(lambda g, x: g * ((x > -3) & (x < 6)), (normal(8), WIDE), {"low": -3.0, "high": 6.0}, linear=(0,)),
        Case(
            lambda g, x: np.array([0.0, 0.0, 3.0]),
            (exact([1.0, 2.0, 3.0]), exact([-3.0, 6.0, 0.0])),
            {"low": -3.0, "high": 6.0},
            order=0,
        ),
    ),
    "hardsigmoid": shaped(lambda x: np.clip(x / 6 + 0.5, 0, 1)),
    "hardswish": shaped(lambda x: x * np.clip(x / 6 + 0.5, 0, 1)),
    "hardswish_backward": (
        Case(
            lambda g, x: g * np.where(x < -3, 0, np.where(x > 3, 1, x / 3 + 0.5)),
            (normal(8), WIDE),
            linear=(0,),
        ),
    ),
    "leaky_relu": shaped(lambda x: np.where(x > 0, x, 0.1 * x), slope=0.1),
    "leaky_relu_backward": (
        Case(lambda g, x: g * np.where(x > 0, 1, 0.1), (normal(8), WIDE), {"slope": 0.1}, linear=(0,)),
    ),
    "prelu": binary(lambda x, w: np.where(x > 0, x, x * w), apart, normal)[:-1],
    "elu": (
        *shaped(elu, alpha=1.0, scale=1.0, rate=1.0),
        *shaped(lambda x: elu(x, 1.7, 1.1, 0.6), alpha=1.7, scale=1.1, rate=0.6),
    ),
    "elu_backward": (
        through(lambda x: np.where(x > 0, 1, np.exp(x)), alpha=1.0, scale=1.0, rate=1.0),
        through(lambda x: 1.1 * np.where(x > 0, 1, 1.7 * 0.6 * np.exp(0.6 * x)), alpha=1.7, scale=1.1, rate=0.6),
    ),
}

SMOOTH: dict[str, Row] = {
    "gelu": unary(lambda x: x * (1 + erf(x / math.sqrt(2))) / 2, normal),
    "gelu_tanh": unary(gelu_tanh, normal),
    "silu": unary(lambda x: x / (1 + np.exp(-x)), normal),
    "mish": unary(lambda x: x * np.tanh(softplus(x)), normal),
    "softplus": (
        *unary(softplus, normal, params={"beta": 1.0, "threshold": 20.0}),
        Case(
            lambda x: np.where(x * 2.0 > 5.0, x, softplus(x * 2.0) / 2.0),
            (WIDE,),
            {"beta": 2.0, "threshold": 5.0},
        ),
    ),
    "gelu_backward": (
        through(lambda x: (1 + erf(x / math.sqrt(2))) / 2 + x * np.exp(-(x**2) / 2) / math.sqrt(2 * math.pi)),
    ),
    "gelu_tanh_backward": (through(gelu_tanh_slope),),
    "silu_backward": (through(lambda x: sigmoid(x) * (1 + x * (1 - sigmoid(x)))),),
    "mish_backward": (through(mish_slope),),
    "softplus_backward": (
        through(sigmoid, beta=1.0, threshold=20.0),
        through(lambda x: np.where(2 * x > 5, 1, sigmoid(2 * x)), beta=2.0, threshold=5.0),
    ),
    "softsign": unary(lambda x: x / (1 + np.abs(x)), apart, order=1),
    "tanhshrink": unary(lambda x: x - np.tanh(x), normal),
    "logsigmoid": unary(lambda x: -softplus(-x), normal),
}

LOSSES: dict[str, Row] = {
    "huber": (
        *unary(lambda d: huber(d, 1.5), normal, params={"delta": 1.5}),
        Case(lambda d: huber(d, 1.0), (WIDE,), {"delta": 1.0}),
    ),
    "binary_cross_entropy": binary(lambda x, y: -y * np.log(x) - (1 - y) * np.log(1 - x), share, share)[:1],
    "logit_cross_entropy": binary(lambda x, y: softplus(x) - x * y, normal, share)[:-2],
    "xlogy": (
        *binary(lambda x, y: x * np.log(y), positive, positive)[:-2],
        Case(lambda x, y: np.zeros(2), (exact([0.0, 0.0]), exact([0.0, 2.0])), order=0),
    ),
    "log_or_zero": (
        Case(lambda x, y: np.log(y), (normal(2, 3), positive(2, 3))),
        Case(lambda x, y: np.array([0.0, math.log(2.0)]), (exact([0.0, 0.0]), exact([0.0, 2.0])), order=0),
    ),
}

ROWS: dict[str, Row] = {**PIECEWISE, **SMOOTH, **LOSSES}
