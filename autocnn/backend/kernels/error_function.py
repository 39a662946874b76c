"""The error function, by rational approximation: NumPy has none.

W. J. Cody, "Rational Chebyshev approximations for the error function", Mathematics of Computation 23 (1969),
631-637: three intervals, each with a relative error below 2 ** -53 in exact arithmetic.
"""

from __future__ import annotations

import math

from autocnn.backend.select import select
from autocnn.types import Array, Namespace

_SMALL = 0.46875
# erf(x) = x P(x^2) / Q(x^2) for |x| <= 0.46875
_P1 = (1.85777706184603153e-1, 3.16112374387056560e0, 1.13864154151050156e2, 3.77485237685302021e2,
       3.20937758913846947e3)  # fmt: skip
_Q1 = (1.0, 2.36012909523441209e1, 2.44024637934444173e2, 1.28261652607737228e3, 2.84423683343917062e3)
# erfc(x) = exp(-x^2) P(x) / Q(x) for 0.46875 <= x <= 4
_P2 = (2.15311535474403846e-8, 5.64188496988670089e-1, 8.88314979438837594e0, 6.61191906371416295e1,
       2.98635138197400131e2, 8.81952221241769090e2, 1.71204761263407058e3, 2.05107837782607147e3,
       1.23033935479799725e3)  # fmt: skip
_Q2 = (1.0, 1.57449261107098347e1, 1.17693950891312499e2, 5.37181101862009858e2, 1.62138957456669019e3,
       3.29079923573345963e3, 4.36261909014324716e3, 3.43936767414372164e3, 1.23033935480374942e3)  # fmt: skip
# erfc(x) = exp(-x^2) / x (1 / sqrt(pi) - P(x^-2) / (x^2 Q(x^-2))) for x > 4
_P3 = (1.63153871373020978e-2, 3.05326634961232344e-1, 3.60344899949804439e-1, 1.25781726111229246e-1,
       1.60837851487422766e-2, 6.58749161529837803e-4)  # fmt: skip
_Q3 = (1.0, 2.56852019228982242e0, 1.87295284992346047e0, 5.27905102951428412e-1, 6.05183413124413191e-2,
       2.33520497626869185e-3)  # fmt: skip

# erf(x) = x P(x^2) / Q(x^2) for |x| <= 3.925, beyond which it is 1 in single precision: our own fit by reweighted
# least squares (Lawson's iteration on 4,000 Chebyshev points), relative error 1.9e-8
_SINGLE = 3.925
_P4 = (2.04599437e-6, 2.84825601e-4, 3.77210607e-3, 5.27678947e-2, 1.90584547e-1, 1.12837915)
_Q4 = (3.80464927e-5, 1.16373537e-3, 1.49823122e-2, 1.14178748e-1, 5.02233890e-1, 1.0)


def erf(xp: Namespace, x: Array) -> Array:
    """The error function of float32 or float64."""
    if x.dtype.itemsize <= 4:
        x = xp.clip(x, -_SINGLE, _SINGLE)
        z = x * _ratio(xp.square(x), _P4, _Q4)
        return xp.clip(z, -1.0, 1.0)
    size = xp.absolute(x)
    tail = xp.copysign(1.0 - _tail(xp, size), x)
    return select(xp, size <= _SMALL, _core(xp, x), tail)


def erfc(xp: Namespace, x: Array) -> Array:
    """1 - erf(x), exact in the tail."""
    size = xp.absolute(x)
    tail = _tail(xp, size)
    return select(xp, size <= _SMALL, 1.0 - _core(xp, x), select(xp, x < 0, 2.0 - tail, tail))


def erfinv(xp: Namespace, x: Array) -> Array:
    """The inverse of erf: a first guess, and two steps of Halley's method."""
    y = xp.absolute(x).astype("float64")
    half = (xp.log1p(-y) + xp.log1p(y)) / 2
    middle = 2 / (math.pi * 0.147) + half
    z = xp.sqrt(xp.maximum(xp.sqrt(middle * middle - half / (0.147 / 2)) - middle, 0.0))
    for _ in range(2):
        inner = xp.minimum(z, 6.0)  # what lies above is infinite
        over = select(xp, inner <= _SMALL, _core(xp, inner) - y, (1 - y) - _tail(xp, inner))
        step = over * xp.exp(inner * inner) * (math.sqrt(math.pi) / 2)
        z = z - step / (1 + inner * step)
    z = select(xp, y == 1.0, xp.full_like(y, math.inf), z)
    return xp.copysign(z, x).astype(x.dtype)


def _core(xp: Namespace, x: Array) -> Array:
    """erf for |x| <= 0.46875."""
    square = xp.minimum(x * x, _SMALL**2)
    return x * _ratio(square, _P1, _Q1)


def _tail(xp: Namespace, x: Array) -> Array:
    """erfc for x >= 0.46875; exp(-x^2) in two factors, since x^2 would lose digits."""
    middle = _ratio(xp.minimum(x, 4.0), _P2, _Q2)
    inverse = 1.0 / xp.square(xp.maximum(x, 4.0))
    far = (1 / math.sqrt(math.pi) - inverse * _ratio(inverse, _P3, _Q3)) / xp.maximum(x, 4.0)
    coarse = xp.trunc(xp.minimum(x, 32.0) * 16.0) / 16.0
    rest = (xp.minimum(x, 32.0) - coarse) * (xp.minimum(x, 32.0) + coarse)
    return xp.exp(-coarse * coarse) * xp.exp(-rest) * select(xp, x <= 4.0, middle, far)


def _ratio(x: Array, above: tuple[float, ...], below: tuple[float, ...]) -> Array:
    return _polynomial(x, above) / _polynomial(x, below)


def _polynomial(x: Array, coefficients: tuple[float, ...]) -> Array:
    """Horner's rule, the highest power first."""
    y = x * coefficients[0]
    for c in coefficients[1:-1]:
        y += c
        y *= x
    y += coefficients[-1]
    return y
