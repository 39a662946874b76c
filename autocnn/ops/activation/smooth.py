"""Smooth activations."""

from __future__ import annotations

import math
from typing import Any

from autocnn.backend import kernels
from autocnn.backend.kernels.smooth import CUBIC, ROOT
from autocnn.engine import Tensor, primitive
from autocnn.errors import ArgumentError
from autocnn.ops.activation.rectifiers import kept
from autocnn.ops.elementwise.arithmetic import _abs, _add, _div, _mul, _neg, _square, _sub
from autocnn.ops.elementwise.casts import floating, quiet
from autocnn.ops.elementwise.comparison import _gt
from autocnn.ops.elementwise.error_function import _erf
from autocnn.ops.elementwise.exponential import _exp
from autocnn.ops.elementwise.selection import _where
from autocnn.ops.elementwise.trigonometry import _sigmoid, _tanh
from autocnn.ops.precision import adding


def gelu(input: Any, approximate: str = "none") -> Tensor:
    """input times the probability that a normal variable lies below it; `approximate` is ``"none"`` or ``"tanh"``.

    Raises ArgumentError for another approximation.
    Source: Hendrycks and Gimpel (2016), "Gaussian error linear units".

    >>> gelu(Tensor([0.0])).tolist()
    [0.0]
    """
    if approximate not in ("none", "tanh"):
        raise ArgumentError(f"gelu: approximate is {approximate!r}; it must be 'none' or 'tanh'")
    return (_gelu if approximate == "none" else _gelu_tanh)(floating(input))


@primitive(saves=("x",))
@quiet
@adding
def _gelu(xp: Any, x: Any) -> Any:
    return kernels.gelu(xp, x)


def _gelu_rule(g: Any, z: Any, x: Any) -> Any:
    """The normal distribution, and x times its density."""
    below = _mul(_add(_erf(_mul(x, math.sqrt(0.5))), 1.0), 0.5)
    density = _mul(_exp(_mul(_square(x), -0.5)), math.sqrt(0.5 / math.pi))
    return _mul(g, _add(below, _mul(x, density)))


@primitive(saves=("x",))
@quiet
@adding
def _gelu_tanh(xp: Any, x: Any) -> Any:
    return kernels.gelu_tanh(xp, x)


def _gelu_tanh_rule(g: Any, z: Any, x: Any) -> Any:
    square = _square(x)
    t = _tanh(_mul(_mul(x, _add(_mul(square, CUBIC), 1.0)), ROOT))
    inner = _mul(_add(_mul(square, 3 * CUBIC), 1.0), ROOT)
    slope = _mul(_mul(x, _sub(1.0, _square(t))), inner)
    return _mul(g, _mul(_add(_add(t, 1.0), slope), 0.5))


@primitive(differentiable=False)
@quiet
@adding
def _gelu_backward(xp: Any, g: Any, x: Any) -> Any:
    return kernels.gelu_backward(xp, g, x)


@primitive(differentiable=False)
@quiet
@adding
def _gelu_tanh_backward(xp: Any, g: Any, x: Any) -> Any:
    return kernels.gelu_tanh_backward(xp, g, x)


_gelu.vjp(_gelu_rule)
_gelu.fast(lambda g, z, x, need: (_gelu_backward(g, x),))
_gelu_tanh.vjp(_gelu_tanh_rule)
_gelu_tanh.fast(lambda g, z, x, need: (_gelu_tanh_backward(g, x),))


def silu(input: Any, inplace: bool = False) -> Tensor:
    """input sigmoid(input), also called swish.

    >>> silu(Tensor([0.0])).tolist()
    [0.0]
    """
    return kept(input, _silu(floating(input)), inplace, "silu")


@primitive(saves=("x",))
@quiet
@adding
def _silu(xp: Any, x: Any) -> Any:
    return kernels.silu(xp, x)


def _silu_rule(g: Any, z: Any, x: Any) -> Any:
    s = _sigmoid(x)
    return _mul(g, _mul(s, _add(_mul(x, _sub(1.0, s)), 1.0)))


@primitive(differentiable=False)
@quiet
@adding
def _silu_backward(xp: Any, g: Any, x: Any) -> Any:
    return kernels.silu_backward(xp, g, x)


_silu.vjp(_silu_rule)
_silu.fast(lambda g, z, x, need: (_silu_backward(g, x),))


def mish(input: Any, inplace: bool = False) -> Tensor:
    """input tanh(softplus(input)).

    Source: Misra (2019), "Mish: a self regularized non-monotonic activation function".

    >>> mish(Tensor([0.0])).tolist()
    [0.0]
    """
    return kept(input, _mish(floating(input)), inplace, "mish")


@primitive(saves=("x",))
@quiet
@adding
def _mish(xp: Any, x: Any) -> Any:
    return kernels.mish(xp, x)


def _mish_rule(g: Any, z: Any, x: Any) -> Any:
    t = _tanh(_softplus(x, beta=1.0, threshold=20.0))
    return _mul(g, _add(t, _mul(_mul(x, _sigmoid(x)), _sub(1.0, _square(t)))))


def softplus(input: Any, beta: float = 1.0, threshold: float = 20.0) -> Tensor:
    """log(1 + e ** (beta input)) / beta: a smooth relu; input itself where beta input is above the threshold.

    >>> round(softplus(Tensor([0.0])).item(), 4)
    0.6931
    """
    return _softplus(floating(input), beta=float(beta), threshold=float(threshold))


@primitive(saves=("x",))
@quiet
@adding
def _softplus(xp: Any, x: Any, *, beta: float, threshold: float) -> Any:
    return kernels.softplus(xp, x, beta=beta, threshold=threshold)


@primitive(differentiable=False)
@quiet
@adding
def _mish_backward(xp: Any, g: Any, x: Any) -> Any:
    return kernels.mish_backward(xp, g, x)


@primitive(differentiable=False)
@quiet
@adding
def _softplus_backward(xp: Any, g: Any, x: Any, *, beta: float, threshold: float) -> Any:
    return kernels.softplus_backward(xp, g, x, beta=beta, threshold=threshold)


_softplus.vjp(
    lambda g, z, x, beta, threshold: _where(_gt(_mul(x, beta), threshold), g, _mul(g, _sigmoid(_mul(x, beta))))
)
_softplus.fast(lambda g, z, x, need, beta, threshold: (_softplus_backward(g, x, beta=beta, threshold=threshold),))
_mish.vjp(_mish_rule)
_mish.fast(lambda g, z, x, need: (_mish_backward(g, x),))


def softsign(input: Any) -> Tensor:
    """input / (1 + |input|).

    >>> softsign(Tensor([1.0, -3.0])).tolist()
    [0.5, -0.75]
    """
    return _softsign(floating(input))


@primitive(saves=("x",))
@quiet
@adding
def _softsign(xp: Any, x: Any) -> Any:
    return x / (1.0 + xp.absolute(x))


_softsign.vjp(lambda g, z, x: _div(g, _square(_add(_abs(x), 1.0))))


def logsigmoid(input: Any) -> Tensor:
    """log(sigmoid(input)), without overflow.

    >>> round(logsigmoid(Tensor([0.0])).item(), 4)
    -0.6931
    """
    return _logsigmoid(floating(input))


@primitive(saves=("x",))
@quiet
@adding
def _logsigmoid(xp: Any, x: Any) -> Any:
    return xp.minimum(x, 0.0) - xp.log1p(xp.exp(-xp.absolute(x)))


_logsigmoid.vjp(lambda g, z, x: _mul(g, _sigmoid(_neg(x))))


def tanhshrink(input: Any) -> Tensor:
    """input - tanh(input).

    >>> tanhshrink(Tensor([0.0])).tolist()
    [0.0]
    """
    return _tanhshrink(floating(input))


@primitive(saves=("x",))
@adding
def _tanhshrink(xp: Any, x: Any) -> Any:
    return x - xp.tanh(x)


_tanhshrink.vjp(lambda g, z, x: _mul(g, _square(_tanh(x))))
