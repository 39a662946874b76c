"""The error function and its kin."""

from __future__ import annotations

import math
from typing import Any

from autocnn.backend import kernels
from autocnn.engine import Tensor, method, primitive
from autocnn.ops.elementwise.arithmetic import _mul, _neg, _square
from autocnn.ops.elementwise.casts import floating, quiet
from autocnn.ops.elementwise.exponential import _exp
from autocnn.ops.precision import adding


@method("erf")
def erf(input: Any) -> Tensor:
    """The error function: 2 / sqrt(pi) times the integral of exp(-t ** 2) from 0 to input.

    Source: Cody (1969) in double precision.

    >>> erf(Tensor([0.0])).tolist()
    [0.0]
    """
    return _erf(floating(input))


@primitive(saves=("x",))
@quiet
@adding
def _erf(xp: Any, x: Any) -> Any:
    return kernels.erf(xp, x)


@method("erfc")
def erfc(input: Any) -> Tensor:
    """1 - erf(input), exact in the tail.

    Source: Cody (1969).

    >>> erfc(Tensor([0.0])).tolist()
    [1.0]
    """
    return _erfc(floating(input))


@primitive(saves=("x",))
@quiet
@adding
def _erfc(xp: Any, x: Any) -> Any:
    return kernels.erfc(xp, x)


@method("erfinv")
def erfinv(input: Any) -> Tensor:
    """The number whose error function is input: infinite at -1 and 1, NaN beyond.

    Source: S. Winitzki, "A handy approximation for the error function and its inverse" (2008), made exact by two
    steps of Halley's method.

    >>> erfinv(Tensor([0.0, 1.0])).tolist()
    [0.0, inf]
    """
    return _erfinv(floating(input))


@primitive(saves=("z",))
@quiet
@adding
def _erfinv(xp: Any, x: Any) -> Any:
    return kernels.erfinv(xp, x)


_erf.vjp(lambda g, z, x: _mul(g, _mul(_exp(_neg(_square(x))), 2 / math.sqrt(math.pi))))
_erfc.vjp(lambda g, z, x: _mul(g, _mul(_exp(_neg(_square(x))), -2 / math.sqrt(math.pi))))
_erfinv.vjp(lambda g, z, x: _mul(g, _mul(_exp(_square(z)), math.sqrt(math.pi) / 2)))
