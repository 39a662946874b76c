"""Trigonometric and hyperbolic functions, their inverses, and the logistic function."""

from __future__ import annotations

from typing import Any

from autocnn.backend import kernels
from autocnn.engine import Tensor, binary, method, primitive
from autocnn.ops.broadcast import unbroadcast
from autocnn.ops.elementwise.arithmetic import _add, _div, _divide_or_zero, _mul, _neg, _square, _sub
from autocnn.ops.elementwise.casts import floating, floats, quiet, tensors
from autocnn.ops.elementwise.exponential import _rsqrt


@method("sin")
def sin(input: Any) -> Tensor:
    """The sine of input in radians.

    >>> sin(Tensor([0.0])).tolist()
    [0.0]
    """
    return _sin(floating(input))


@primitive(saves=("x",))
@quiet
def _sin(xp: Any, x: Any) -> Any:
    return xp.sin(x)


@method("cos")
def cos(input: Any) -> Tensor:
    """The cosine of input in radians.

    >>> cos(Tensor([0.0])).tolist()
    [1.0]
    """
    return _cos(floating(input))


@primitive(saves=("x",))
@quiet
def _cos(xp: Any, x: Any) -> Any:
    return xp.cos(x)


_sin.vjp(lambda g, z, x: _mul(g, _cos(x)))
_cos.vjp(lambda g, z, x: _neg(_mul(g, _sin(x))))


@method("tan")
def tan(input: Any) -> Tensor:
    """The tangent of input in radians.

    >>> tan(Tensor([0.0])).tolist()
    [0.0]
    """
    return _tan(floating(input))


@primitive(saves=("z",))
@quiet
def _tan(xp: Any, x: Any) -> Any:
    return xp.tan(x)


_tan.vjp(lambda g, z, x: _mul(g, _add(_square(z), 1.0)))


@method("asin", "arcsin")
def asin(input: Any) -> Tensor:
    """The angle whose sine is input; NaN outside -1..1.

    >>> asin(Tensor([0.0])).tolist()
    [0.0]
    """
    return _asin(floating(input))


@primitive(saves=("x",))
@quiet
def _asin(xp: Any, x: Any) -> Any:
    return xp.arcsin(x)


_asin.vjp(lambda g, z, x: _mul(g, _rsqrt(_sub(1.0, _square(x)))))


@method("acos", "arccos")
def acos(input: Any) -> Tensor:
    """The angle whose cosine is input; NaN outside -1..1.

    >>> acos(Tensor([1.0])).tolist()
    [0.0]
    """
    return _acos(floating(input))


@primitive(saves=("x",))
@quiet
def _acos(xp: Any, x: Any) -> Any:
    return xp.arccos(x)


_acos.vjp(lambda g, z, x: _neg(_mul(g, _rsqrt(_sub(1.0, _square(x))))))


@method("atan", "arctan")
def atan(input: Any) -> Tensor:
    """The angle whose tangent is input.

    >>> atan(Tensor([0.0])).tolist()
    [0.0]
    """
    return _atan(floating(input))


@primitive(saves=("x",))
def _atan(xp: Any, x: Any) -> Any:
    return xp.arctan(x)


_atan.vjp(lambda g, z, x: _div(g, _add(_square(x), 1.0)))


@method("atan2", "arctan2")
def atan2(input: Any, other: Any) -> Tensor:
    """The angle of the point (other, input): atan(input / other) in the right quadrant.

    At (0, 0) its derivative is 0.

    >>> atan2(Tensor([0.0]), Tensor([1.0])).tolist()
    [0.0]
    """
    return binary(_atan2, *tensors(*floats(input, other)))


@primitive(saves=("x", "y"))
def _atan2(xp: Any, x: Any, y: Any) -> Any:
    return xp.arctan2(x, y)


def _over_square_radius(g: Any, x: Any, y: Any) -> Any:
    return _divide_or_zero(g, _add(_square(x), _square(y)))


_atan2.vjp(
    lambda g, z, x, y: unbroadcast(_mul(_over_square_radius(g, x, y), y), x),
    lambda g, z, x, y: unbroadcast(_neg(_mul(_over_square_radius(g, x, y), x)), y),
)


@method("sinh")
def sinh(input: Any) -> Tensor:
    """The hyperbolic sine.

    >>> sinh(Tensor([0.0])).tolist()
    [0.0]
    """
    return _sinh(floating(input))


@primitive(saves=("x",))
@quiet
def _sinh(xp: Any, x: Any) -> Any:
    return xp.sinh(x)


@method("cosh")
def cosh(input: Any) -> Tensor:
    """The hyperbolic cosine.

    >>> cosh(Tensor([0.0])).tolist()
    [1.0]
    """
    return _cosh(floating(input))


@primitive(saves=("x",))
@quiet
def _cosh(xp: Any, x: Any) -> Any:
    return xp.cosh(x)


_sinh.vjp(lambda g, z, x: _mul(g, _cosh(x)))
_cosh.vjp(lambda g, z, x: _mul(g, _sinh(x)))


@method("tanh")
def tanh(input: Any) -> Tensor:
    """The hyperbolic tangent: (e ** 2x - 1) / (e ** 2x + 1), in -1..1.

    Its slope is 1 - tanh(input) ** 2, at most 1.

    >>> tanh(Tensor([0.0])).tolist()
    [0.0]
    """
    return _tanh(floating(input))


@primitive(saves=("z",))
def _tanh(xp: Any, x: Any) -> Any:
    return xp.tanh(x)


@primitive(saves=(("y",), ("x", "y")))
def _tanh_backward(xp: Any, x: Any, y: Any) -> Any:
    """x * (1 - y ** 2): a cotangent x through tanh, of which y is the value."""
    return kernels.tanh_backward(xp, x, y)


_tanh.vjp(lambda g, z, x: _tanh_backward(g, z))
_tanh_backward.vjp(
    lambda g, z, x, y: _tanh_backward(g, y),
    lambda g, z, x, y: _mul(_mul(g, x), _mul(y, -2.0)),
)


@method("asinh", "arcsinh")
def asinh(input: Any) -> Tensor:
    """The inverse of sinh.

    >>> asinh(Tensor([0.0])).tolist()
    [0.0]
    """
    return _asinh(floating(input))


@primitive(saves=("x",))
def _asinh(xp: Any, x: Any) -> Any:
    return xp.arcsinh(x)


_asinh.vjp(lambda g, z, x: _mul(g, _rsqrt(_add(_square(x), 1.0))))


@method("acosh", "arccosh")
def acosh(input: Any) -> Tensor:
    """The inverse of cosh; NaN below 1.

    >>> acosh(Tensor([1.0])).tolist()
    [0.0]
    """
    return _acosh(floating(input))


@primitive(saves=("x",))
@quiet
def _acosh(xp: Any, x: Any) -> Any:
    return xp.arccosh(x)


_acosh.vjp(lambda g, z, x: _mul(g, _rsqrt(_sub(_square(x), 1.0))))


@method("atanh", "arctanh")
def atanh(input: Any) -> Tensor:
    """The inverse of tanh; infinite at -1 and 1, NaN outside.

    >>> atanh(Tensor([0.0])).tolist()
    [0.0]
    """
    return _atanh(floating(input))


@primitive(saves=("x",))
@quiet
def _atanh(xp: Any, x: Any) -> Any:
    return xp.arctanh(x)


_atanh.vjp(lambda g, z, x: _div(g, _sub(1.0, _square(x))))


@method("sigmoid")
def sigmoid(input: Any) -> Tensor:
    """1 / (1 + e ** -input): in 0..1, its slope at most 1/4.

    >>> sigmoid(Tensor([0.0])).tolist()
    [0.5]
    """
    return _sigmoid(floating(input))


@primitive(saves=("z",))
@quiet
def _sigmoid(xp: Any, x: Any) -> Any:
    return kernels.sigmoid(xp, x)


@primitive(saves=(("y",), ("x", "y")))
def _sigmoid_backward(xp: Any, x: Any, y: Any) -> Any:
    """x * y * (1 - y): a cotangent x through the logistic function, of which y is the value."""
    return kernels.sigmoid_backward(xp, x, y)


_sigmoid.vjp(lambda g, z, x: _sigmoid_backward(g, z))
_sigmoid_backward.vjp(
    lambda g, z, x, y: _sigmoid_backward(g, y),
    lambda g, z, x, y: _mul(_mul(g, x), _sub(1.0, _mul(y, 2.0))),
)


arcsin, arccos, arctan, arctan2 = asin, acos, atan, atan2
arcsinh, arccosh, arctanh = asinh, acosh, atanh
