"""Powers, roots, exponentials and logarithms."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autocnn.engine import Tensor, as_tensor, binary, method, primitive, result_type
from autocnn.errors import ArgumentError
from autocnn.ops.broadcast import unbroadcast
from autocnn.ops.dtypes import fitting
from autocnn.ops.elementwise.arithmetic import _add, _div, _mul, _sub, _zeros_like
from autocnn.ops.elementwise.casts import cast, floating, floats, quiet, tensors

_NUMBERS = (int, float, bool)


@method("pow", "__pow__")
def pow(input: Any, exponent: Any) -> Tensor:
    """input ** exponent. The derivative is finite wherever it has a limit: 0 ** 0 has the derivative 0.

    Raises ArgumentError for integers to a negative integer power.

    >>> pow(Tensor([2.0, 3.0]), 2).tolist()
    [4.0, 9.0]
    """
    if type(exponent) in _NUMBERS:
        if isinstance(input, Tensor) and input.dtype.kind == "f":
            return _power(input, exponent=exponent)
        input = as_tensor(input)
        dtype = result_type(input, exponent)
        if dtype.kind in "iu" and exponent < 0:
            raise ArgumentError(f"pow: exponent is {exponent} and x is {input.dtype}; its result is no integer")
        exponent = fitting("pow", "exponent", exponent, dtype)
        return cast(_power(cast(input, dtype), exponent=exponent), dtype)  # bools stay bools
    return binary(_pow, *tensors(input, exponent))


@method("__rpow__")
def _power_of(x: Any, base: Any) -> Tensor:
    return pow(base, x)


@method("float_power")
def float_power(input: Any, exponent: Any) -> Tensor:
    """input ** exponent in float64.

    >>> float_power(Tensor([2]), -1).tolist()
    [0.5]
    """
    double = np.dtype(np.float64)
    return pow(cast(as_tensor(input), double), exponent if type(exponent) in _NUMBERS else cast(exponent, double))


@primitive(saves=("x",))
@quiet
def _power(xp: Any, x: Any, *, exponent: float) -> Any:
    quick = _QUICK.get(exponent)
    return xp.power(x, exponent) if quick is None else quick(xp, x)


_QUICK: dict[float, Any] = {
    2: lambda xp, x: xp.square(x),
    3: lambda xp, x: xp.square(x) * x,
    0.5: lambda xp, x: xp.sqrt(x),
    -0.5: lambda xp, x: xp.reciprocal(xp.sqrt(x)),
    -1: lambda xp, x: xp.reciprocal(x),
    -2: lambda xp, x: xp.reciprocal(xp.square(x)),
}
"""Powers that have a function of their own, which is faster and exact."""


def _power_rule(g: Any, z: Any, x: Any, exponent: float) -> Any:
    if exponent == 0:
        return _zeros_like(g)
    return _mul(g, _mul(_power(x, exponent=exponent - 1), float(exponent)))


_power.vjp(_power_rule)


@primitive(saves=(("x", "y"), ("x", "y", "z")))
@quiet
def _pow(xp: Any, x: Any, y: Any) -> Any:
    return xp.power(x, y) if y.dtype.kind != "i" else _whole_power(xp, x, y)


def _whole_power(xp: Any, x: Any, y: Any) -> Any:
    """x ** y of integers, its fraction lost: a power below 0 is 0, but of 1 and -1."""
    z = xp.power(x, xp.where(y < 0, xp.bitwise_and(y, 1), y))
    return xp.where((y >= 0) | (x == 1) | (x == -1), z, 0)


@primitive(saves=("x", "y"))
def _lifted_base(xp: Any, x: Any, y: Any) -> Any:
    """x, but 1 where x ** y is 0 ** (y >= 0): there the derivative by y is 0, not 0 * log 0."""
    return xp.where((x == 0) & (y >= 0), 1.0, x)


@primitive(saves=("x", "y"))
def _lifted_exponent(xp: Any, x: Any, y: Any) -> Any:
    """y, but 1 where x and y are 0: there the derivative by x is 0, not 0 * 0 ** -1."""
    return xp.where((x == 0) & (y == 0), 1.0, y)


@primitive(differentiable=False)
def _not_lifted(xp: Any, x: Any, y: Any, *, least: float | None) -> Any:
    lifted = (x == 0) & ((y == 0) if least is None else (y >= least))
    return xp.logical_not(lifted).astype(x.dtype)


_lifted_base.vjp(lambda g, z, x, y: unbroadcast(_mul(g, _not_lifted(x, y, least=0.0)), x), None)
_lifted_exponent.vjp(None, lambda g, z, x, y: unbroadcast(_mul(g, _not_lifted(x, y, least=None)), y))


@method("sqrt")
def sqrt(input: Any) -> Tensor:
    """The square root; NaN below 0.

    >>> sqrt(Tensor([4.0, 9.0])).tolist()
    [2.0, 3.0]
    """
    return _sqrt(floating(input))


@primitive(saves=("z",))
@quiet
def _sqrt(xp: Any, x: Any) -> Any:
    return xp.sqrt(x)


_sqrt.vjp(lambda g, z, x: _div(g, _mul(z, 2.0)))


@method("rsqrt")
def rsqrt(input: Any) -> Tensor:
    """1 / sqrt(input).

    >>> rsqrt(Tensor([4.0])).tolist()
    [0.5]
    """
    return _rsqrt(floating(input))


@primitive(saves=("z",))
@quiet
def _rsqrt(xp: Any, x: Any) -> Any:
    return xp.reciprocal(xp.sqrt(x))


_rsqrt.vjp(lambda g, z, x: _mul(g, _mul(_power(z, exponent=3), -0.5)))


@primitive(saves=("z",))
def _cbrt(xp: Any, x: Any) -> Any:
    return xp.cbrt(x)


_cbrt.vjp(lambda g, z, x: _div(g, _mul(_power(z, exponent=2), 3.0)))


# Exponentials -------------------------------------------------------------------------------------------------


@method("exp")
def exp(input: Any) -> Tensor:
    """e ** input.

    >>> exp(Tensor([0.0])).tolist()
    [1.0]
    """
    return _exp(floating(input))


@primitive(saves=("z",))
@quiet
def _exp(xp: Any, x: Any) -> Any:
    return xp.exp(x)


_exp.vjp(lambda g, z, x: _mul(g, z))


@method("exp2")
def exp2(input: Any) -> Tensor:
    """2 ** input.

    >>> exp2(Tensor([3.0])).tolist()
    [8.0]
    """
    return _exp2(floating(input))


@primitive(saves=("z",))
@quiet
def _exp2(xp: Any, x: Any) -> Any:
    return xp.exp2(x)


_exp2.vjp(lambda g, z, x: _mul(g, _mul(z, math.log(2))))


@method("expm1")
def expm1(input: Any) -> Tensor:
    """e ** input - 1, exact near 0.

    >>> expm1(Tensor([0.0])).tolist()
    [0.0]
    """
    return _expm1(floating(input))


@primitive(saves=("z",))
@quiet
def _expm1(xp: Any, x: Any) -> Any:
    return xp.expm1(x)


_expm1.vjp(lambda g, z, x: _mul(g, _add(z, 1.0)))


# Logarithms ---------------------------------------------------------------------------------------------------


@method("log")
def log(input: Any) -> Tensor:
    """The natural logarithm; -inf at 0, NaN below.

    >>> log(Tensor([1.0])).tolist()
    [0.0]
    """
    return _log(floating(input))


@primitive(saves=("x",))
@quiet
def _log(xp: Any, x: Any) -> Any:
    return xp.log(x)


_log.vjp(lambda g, z, x: _div(g, x))


_pow.vjp(
    lambda g, z, x, y: unbroadcast(_mul(g, _mul(y, _pow(x, _sub(_lifted_exponent(x, y), 1.0)))), x),
    lambda g, z, x, y: unbroadcast(_mul(g, _mul(z, _log(_lifted_base(x, y)))), y),
)


@method("log2")
def log2(input: Any) -> Tensor:
    """The logarithm to base 2.

    >>> log2(Tensor([8.0])).tolist()
    [3.0]
    """
    return _log2(floating(input))


@primitive(saves=("x",))
@quiet
def _log2(xp: Any, x: Any) -> Any:
    return xp.log2(x)


_log2.vjp(lambda g, z, x: _div(g, _mul(x, math.log(2))))


@method("log10")
def log10(input: Any) -> Tensor:
    """The logarithm to base 10.

    >>> log10(Tensor([1.0])).tolist()
    [0.0]
    """
    return _log10(floating(input))


@primitive(saves=("x",))
@quiet
def _log10(xp: Any, x: Any) -> Any:
    return xp.log10(x)


_log10.vjp(lambda g, z, x: _div(g, _mul(x, math.log(10))))


@method("log1p")
def log1p(input: Any) -> Tensor:
    """log(1 + input), exact near 0.

    >>> log1p(Tensor([0.0])).tolist()
    [0.0]
    """
    return _log1p(floating(input))


@primitive(saves=("x",))
@quiet
def _log1p(xp: Any, x: Any) -> Any:
    return xp.log1p(x)


_log1p.vjp(lambda g, z, x: _div(g, _add(x, 1.0)))


@method("xlogy")
def xlogy(input: Any, other: Any) -> Tensor:
    """input log(other), and 0 where input is 0.

    >>> xlogy(Tensor([0.0, 2.0]), Tensor([0.0, 1.0])).tolist()
    [0.0, 0.0]
    """
    return binary(_xlogy, *tensors(*floats(input, other)))


@primitive(saves=("x", "y"))
@quiet
def _xlogy(xp: Any, x: Any, y: Any) -> Any:
    return xp.where((x == 0) & ~xp.isnan(y), 0.0, x * xp.log(y))


@primitive(saves=("y",))
@quiet
def _log_or_zero(xp: Any, x: Any, y: Any) -> Any:
    """log(y), but 0 where x is 0 and y is not above it: the derivative of x log(y) by x."""
    return xp.where((x == 0) & (y <= 0), 0.0, xp.log(y))


_xlogy.vjp(
    lambda g, z, x, y: unbroadcast(_mul(g, _log_or_zero(x, y)), x),
    lambda g, z, x, y: unbroadcast(_mul(g, _div(x, y)), y),
)
_log_or_zero.vjp(None, lambda g, z, x, y: unbroadcast(_div(g, y), y))


@method("logaddexp")
def logaddexp(input: Any, other: Any) -> Tensor:
    """log(e ** input + e ** other), without overflow.

    >>> logaddexp(Tensor([-float("inf")]), Tensor([1.0])).tolist()
    [1.0]
    """
    return binary(_logaddexp, *floats(input, other))


@primitive(saves=("x", "y"))
@quiet
def _logaddexp(xp: Any, x: Any, y: Any) -> Any:
    return xp.logaddexp(x, y)


_logaddexp.vjp(
    lambda g, z, x, y: unbroadcast(_div(g, _add(_exp(_sub(y, x)), 1.0)), x),
    lambda g, z, x, y: unbroadcast(_div(g, _add(_exp(_sub(x, y)), 1.0)), y),
)


@method("hypot")
def hypot(input: Any, other: Any) -> Tensor:
    """sqrt(input ** 2 + other ** 2), without overflow.

    >>> hypot(Tensor([3.0]), Tensor([4.0])).tolist()
    [5.0]
    """
    return binary(_hypot, *floats(input, other))


@primitive(saves=(("x", "z"), ("y", "z")))
@quiet
def _hypot(xp: Any, x: Any, y: Any) -> Any:
    return xp.hypot(x, y)


_hypot.vjp(
    lambda g, z, x, y: unbroadcast(_mul(g, _div(x, z)), x),
    lambda g, z, x, y: unbroadcast(_mul(g, _div(y, z)), y),
)
