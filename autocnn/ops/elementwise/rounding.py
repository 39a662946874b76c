"""Rounding: piecewise constant, so that the derivative is 0."""

from __future__ import annotations

from typing import Any

from autocnn.engine import Tensor, as_tensor, method, primitive
from autocnn.ops.elementwise.arithmetic import _zeros_like
from autocnn.ops.elementwise.casts import quiet
from autocnn.ops.precision import adding


@method("floor")
def floor(input: Any) -> Tensor:
    """The largest whole number <= input.

    >>> floor(Tensor([-1.5, 1.5])).tolist()
    [-2.0, 1.0]
    """
    return _floor(as_tensor(input))


@primitive()
def _floor(xp: Any, x: Any) -> Any:
    return xp.floor(x)


@method("ceil")
def ceil(input: Any) -> Tensor:
    """The smallest whole number >= input.

    >>> ceil(Tensor([-1.5, 1.5])).tolist()
    [-1.0, 2.0]
    """
    return _ceil(as_tensor(input))


@primitive()
def _ceil(xp: Any, x: Any) -> Any:
    return xp.ceil(x)


@method("trunc", "fix")
def trunc(input: Any) -> Tensor:
    """input rounded towards 0.

    >>> trunc(Tensor([-1.5, 1.5])).tolist()
    [-1.0, 1.0]
    """
    return _trunc(as_tensor(input))


@primitive()
def _trunc(xp: Any, x: Any) -> Any:
    return xp.trunc(x)


@method("round")
def round(input: Any, *, decimals: int = 0) -> Tensor:
    """input rounded to the nearest number of so many decimals, halves to even.

    >>> round(Tensor([0.5, 1.5, 2.25]), decimals=0).tolist()
    [0.0, 2.0, 2.0]
    """
    return _round(as_tensor(input), decimals=int(decimals))


@primitive()
@adding
def _round(xp: Any, x: Any, *, decimals: int) -> Any:
    return xp.round(x, decimals)


for _step in (_floor, _ceil, _trunc, _round):
    _step.vjp(lambda g, z, x, **params: _zeros_like(g))


@method("frac")
def frac(input: Any) -> Tensor:
    """input - trunc(input): what stands behind the point; its derivative is 1.

    >>> frac(Tensor([-1.5, 1.25])).tolist()
    [-0.5, 0.25]
    """
    return _frac(as_tensor(input))


@primitive()
@quiet
def _frac(xp: Any, x: Any) -> Any:
    return xp.subtract(x, xp.trunc(x))


_frac.vjp(lambda g, z, x: g)


fix = trunc
