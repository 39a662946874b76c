"""Activations that take small values to 0, and relu with slopes drawn at random."""

from __future__ import annotations

from typing import Any

from autocnn.backend import random as draws
from autocnn.backend.arrays import as_device
from autocnn.backend.select import select
from autocnn.engine import Tensor, as_tensor, method, primitive
from autocnn.errors import ArgumentError
from autocnn.ops.activation.rectifiers import kept, leaky_relu
from autocnn.ops.elementwise.arithmetic import abs, sub
from autocnn.ops.elementwise.casts import floating
from autocnn.ops.elementwise.comparison import le
from autocnn.ops.elementwise.selection import clamp, where


@method("hardshrink")
def hardshrink(input: Any, lambd: float = 0.5) -> Tensor:
    """input, 0 where it lies between -lambd and lambd.

    >>> hardshrink(Tensor([-1.0, 0.25])).tolist()
    [-1.0, 0.0]
    """
    x = as_tensor(input)
    return where(le(abs(x), lambd), 0.0, x)


def softshrink(input: Any, lambd: float = 0.5) -> Tensor:
    """input drawn towards 0 by lambd, 0 where it lies nearer than that.

    Raises ArgumentError for a lambd below 0.

    >>> softshrink(Tensor([-1.0, 0.25])).tolist()
    [-0.5, 0.0]
    """
    if lambd < 0:
        raise ArgumentError(f"softshrink: lambd is {lambd}; it must not be below 0")
    x = floating(input)
    return sub(x, clamp(x, -float(lambd), float(lambd)))


def rrelu(
    input: Any, lower: float = 1 / 8, upper: float = 1 / 3, training: bool = False, inplace: bool = False
) -> Tensor:
    """input above 0; below, input times a slope drawn for each element, or outside training times the mean slope.

    Raises ArgumentError where lower is above upper.
    Source: Xu et al. (2015), "Empirical evaluation of rectified activations", section 2.4.

    >>> rrelu(Tensor([-2.0, 2.0]), 0.25, 0.75).tolist()
    [-1.0, 2.0]
    """
    if lower > upper:
        raise ArgumentError(f"rrelu: lower is {lower}; it must not be above upper {upper}")
    if not training:
        return leaky_relu(input, (lower + upper) / 2, inplace)
    x = floating(input)
    key, counter = draws.default_generator(as_device(x.device)).next_key()
    return kept(input, _rrelu(x, key=key, counter=counter, low=float(lower), high=float(upper)), inplace, "rrelu")


@primitive(saves=("x",))
def _rrelu(xp: Any, x: Any, *, key: int, counter: int, low: float, high: float) -> Any:
    return select(xp, x > 0, x, x * _slopes(xp, x, key, counter, low, high))


@primitive(saves=(("x",), ()))
def _rrelu_backward(xp: Any, g: Any, x: Any, *, key: int, counter: int, low: float, high: float) -> Any:
    """The cotangent g where x was above 0, elsewhere times the same slope."""
    return select(xp, x > 0, g, g * _slopes(xp, x, key, counter, low, high))


def _slopes(xp: Any, x: Any, key: int, counter: int, low: float, high: float) -> Any:
    return draws.uniform(key, counter, x.shape, x.dtype, xp) * x.dtype.type(high - low) + x.dtype.type(low)


_rrelu.vjp(lambda g, z, x, **drawn: _rrelu_backward(g, x, **drawn))
_rrelu_backward.vjp(lambda u, z, g, x, **drawn: _rrelu_backward(u, x, **drawn), None)
