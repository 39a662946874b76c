"""Arithmetic with broadcasting and PyTorch's promotion: Python numbers and 0-d tensors are weak."""

from __future__ import annotations

from typing import Any

from autocnn.backend import kernels
from autocnn.engine import Tensor, as_tensor, binary, method, primitive, promote, result_type, slots
from autocnn.errors import ArgumentError, DTypeError
from autocnn.ops.broadcast import unbroadcast
from autocnn.ops.dtypes import fitting
from autocnn.ops.elementwise.casts import cast, floating, floats, quiet
from autocnn.ops.out import into
from autocnn.ops.precision import adding

_FEW = 4096
"""Elements up to which nothing is quicker than NumPy's own addition."""


@method("__add__", "__radd__")
def _plus(x: Any, y: Any) -> Tensor:
    return binary(_add, x, y)


@method("add")
def add(input: Any, other: Any, *, alpha: float = 1, out: Tensor | None = None) -> Tensor:
    """input + alpha * other, written into `out` where one is given.

    Raises DTypeError where alpha would make floats of integers.

    >>> add(Tensor([1.0, 2.0]), 1).tolist()
    [2.0, 3.0]
    """
    z = binary(_add, *_times("add", input, other, alpha))
    return z if out is None else into(out, z, "add")


def _times(op: str, x: Any, y: Any, alpha: float) -> tuple[Any, Any]:
    """x and alpha * y in their common dtype, which alpha does not change."""
    if type(alpha) is int and alpha == 1:
        return x, y
    x, y = promote(x, y)
    dtype = (x if isinstance(x, Tensor) else y).dtype
    if dtype.kind != "f" and type(alpha) is float:
        raise DTypeError(f"{op}: alpha is {alpha}, the result {dtype}; alpha must be an integer. Cast to a float")
    return x, cast(mul(y, alpha), dtype) if isinstance(y, Tensor) else y * alpha


@primitive()
def _add(xp: Any, x: Any, y: Any) -> Any:
    return kernels.add(xp, x, y) if _is_large(x, y) else xp.add(x, y)


def _is_large(x: Any, y: Any) -> bool:
    """Whether one of two operands has so many elements that a kernel is worth asking."""
    try:
        return bool(x.size > _FEW or y.size > _FEW)
    except AttributeError:  # a number
        return False


_add.vjp(
    lambda g, z, x, y: g if g.shape == x.shape else unbroadcast(g, x),
    lambda g, z, x, y: g if g.shape == y.shape else unbroadcast(g, y),
)


@method("neg", "negative", "__neg__")
def neg(input: Any) -> Tensor:
    """-input.

    >>> neg(Tensor([1.0, -2.0])).tolist()
    [-1.0, 2.0]
    """
    return _neg(as_tensor(input))


@primitive()
def _neg(xp: Any, x: Any) -> Any:
    return kernels.neg(xp, x) if x.size > _FEW else xp.negative(x)


_neg.vjp(lambda g, z, x: _neg(g))


@method("__sub__")
def _minus(x: Any, y: Any) -> Tensor:
    return binary(_sub, x, y)


@method("__rsub__")
def _minus_from(x: Any, y: Any) -> Tensor:
    return binary(_sub, y, x)


@method("sub", "subtract")
def sub(input: Any, other: Any, *, alpha: float = 1, out: Tensor | None = None) -> Tensor:
    """input - alpha * other, written into `out` where one is given.

    Raises DTypeError where alpha would make floats of integers.

    >>> sub(Tensor([1.0, 2.0]), 1).tolist()
    [0.0, 1.0]
    """
    z = binary(_sub, *_times("sub", input, other, alpha))
    return z if out is None else into(out, z, "sub")


def rsub(input: Any, other: Any, *, alpha: float = 1) -> Tensor:
    """other - alpha * input.

    >>> rsub(Tensor([1.0, 2.0]), 1).tolist()
    [0.0, -1.0]
    """
    return sub(other, input, alpha=alpha)


@primitive()
def _sub(xp: Any, x: Any, y: Any) -> Any:
    return kernels.sub(xp, x, y) if _is_large(x, y) else xp.subtract(x, y)


_sub.vjp(
    lambda g, z, x, y: g if g.shape == x.shape else unbroadcast(g, x),
    lambda g, z, x, y: unbroadcast(_neg(g), y),
)


@method("positive", "__pos__")
def positive(input: Any) -> Tensor:
    """input itself."""
    return as_tensor(input)


@method("__mul__", "__rmul__")
def _product_of(x: Any, y: Any) -> Tensor:
    return binary(_mul, x, y)


@method("mul", "multiply")
def mul(input: Any, other: Any, *, out: Tensor | None = None) -> Tensor:
    """input * other, written into `out` where one is given.

    >>> mul(Tensor([1.0, 2.0]), 3).tolist()
    [3.0, 6.0]
    """
    z = binary(_mul, input, other)
    return z if out is None else into(out, z, "mul")


@primitive(saves=(("y",), ("x",)))
def _mul(xp: Any, x: Any, y: Any) -> Any:
    return kernels.mul(xp, x, y) if _is_large(x, y) else xp.multiply(x, y)


_mul.vjp(
    lambda g, z, x, y: _mul(g, y) if g.shape == x.shape else unbroadcast(_mul(g, y), x),
    lambda g, z, x, y: _mul(g, x) if g.shape == y.shape else unbroadcast(_mul(g, x), y),
)


@method("__truediv__", "true_divide")
def true_divide(input: Any, other: Any) -> Tensor:
    """input / other, in floating point also for integers.

    >>> true_divide(Tensor([1, 3]), 2).tolist()
    [0.5, 1.5]
    """
    if isinstance(input, Tensor) and input._array.dtype.kind == "f":
        return binary(_div, input, other)
    return binary(_div, *floats(input, other))


@method("__rtruediv__")
def _divide_into(x: Any, other: Any) -> Tensor:
    return true_divide(other, x)


@method("div", "divide")
def div(input: Any, other: Any, *, rounding_mode: str | None = None, out: Tensor | None = None) -> Tensor:
    """input / other, if asked for rounded down or towards 0; written into `out` where one is given.

    With `rounding_mode` ``"floor"`` or ``"trunc"`` integers stay integers.
    Raises ArgumentError for another mode, and for an integer divided by 0 when rounding.

    >>> div(Tensor([-7, 7]), 2, rounding_mode="trunc").tolist()
    [-3, 3]
    """
    if out is not None:
        return into(out, div(input, other, rounding_mode=rounding_mode), "div")
    if rounding_mode is None:
        return true_divide(input, other)
    if rounding_mode == "floor":
        return floor_divide(input, other)
    if rounding_mode == "trunc":
        return binary(_trunc_divide, *_nonzero_divisor("div", input, other))
    raise ArgumentError(f"div: rounding_mode is {rounding_mode!r}; it must be None, 'floor' or 'trunc'")


@primitive(saves=(("y",), ("y", "z")))
@quiet
def _div(xp: Any, x: Any, y: Any) -> Any:
    return kernels.div(xp, x, y) if _is_large(x, y) else xp.divide(x, y)


_div.vjp(
    lambda g, z, x, y: unbroadcast(_div(g, y), x),
    lambda g, z, x, y: unbroadcast(_neg(_mul(g, _div(z, y))), y),
)


@primitive(saves=(("y",), ("y", "z")))
@quiet
def _divide_or_zero(xp: Any, x: Any, y: Any) -> Any:
    """x / y, but 0 where y is 0: the subgradient of a root or a norm at 0."""
    return xp.where(y == 0, 0.0, xp.divide(x, y))


_divide_or_zero.vjp(
    lambda g, z, x, y: _divide_or_zero(g, y),
    lambda g, z, x, y: _neg(_divide_or_zero(_mul(g, z), y)),
)


def _nonzero_divisor(name: str, x: Any, y: Any) -> tuple[Any, Any]:
    """Promoted operands of an integer division; raises ArgumentError where it would divide by 0."""
    x, y = promote(x, y)
    if (x if isinstance(x, Tensor) else y).dtype.kind in "iub" and not as_tensor(y)._array.all():
        raise ArgumentError(f"{name}: the integer divisor is 0; integers have no infinity. Divide floats")
    return x, y


@method("reciprocal")
def reciprocal(input: Any) -> Tensor:
    """1 / input.

    >>> reciprocal(Tensor([2.0, 4.0])).tolist()
    [0.5, 0.25]
    """
    return _reciprocal(floating(input))


@primitive(saves=("z",))
@quiet
def _reciprocal(xp: Any, x: Any) -> Any:
    return xp.reciprocal(x)


_reciprocal.vjp(lambda g, z, x: _neg(_mul(g, _mul(z, z))))


# Rounding divisions: piecewise constant, or piecewise linear --------------------------------------------------


@primitive(differentiable=False)
def _zeros_like(xp: Any, x: Any) -> Any:
    return xp.zeros_like(x)


@method("floor_divide", "__floordiv__")
def floor_divide(input: Any, other: Any) -> Tensor:
    """input / other rounded down; the derivative is 0.

    Raises ArgumentError where an integer is divided by 0.

    >>> floor_divide(Tensor([-7.0, 7.0]), 2).tolist()
    [-4.0, 3.0]
    """
    return binary(_floor_divide, *_nonzero_divisor("floor_divide", input, other))


@method("__rfloordiv__")
def _floor_divide_into(x: Any, other: Any) -> Tensor:
    return floor_divide(other, x)


@primitive()
@quiet
def _floor_divide(xp: Any, x: Any, y: Any) -> Any:
    return xp.floor_divide(x, y)


@primitive()
@quiet
def _trunc_divide(xp: Any, x: Any, y: Any) -> Any:
    if (x if hasattr(x, "dtype") else y).dtype.kind == "f":
        return xp.trunc(xp.divide(x, y))
    down = xp.floor_divide(x, y)
    return down + ((down < 0) & (xp.multiply(down, y) != x))


for _step in (_floor_divide, _trunc_divide):
    _step.vjp(
        lambda g, z, x, y: unbroadcast(_zeros_like(g), x),
        lambda g, z, x, y: unbroadcast(_zeros_like(g), y),
    )


@method("remainder", "__mod__")
def remainder(input: Any, other: Any) -> Tensor:
    """input - other * floor(input / other): the sign of the divisor, as Python's %.

    >>> remainder(Tensor([-3.0, 3.0]), 2).tolist()
    [1.0, 1.0]
    """
    return binary(_remainder, *_nonzero_divisor("remainder", input, other))


@method("__rmod__")
def _remainder_of(x: Any, other: Any) -> Tensor:
    return remainder(other, x)


@primitive(saves=((), ("x", "y")))
@quiet
def _remainder(xp: Any, x: Any, y: Any) -> Any:
    return xp.remainder(x, y)


_remainder.vjp(
    lambda g, z, x, y: unbroadcast(g, x),
    lambda g, z, x, y: unbroadcast(_neg(_mul(g, _floor_divide(x, y))), y),
)


@method("fmod")
def fmod(input: Any, other: Any) -> Tensor:
    """input - other * trunc(input / other): the sign of input, as C's fmod.

    >>> fmod(Tensor([-3.0, 3.0]), 2).tolist()
    [-1.0, 1.0]
    """
    return binary(_fmod, *_nonzero_divisor("fmod", input, other))


@primitive(saves=((), ("x", "y")))
@quiet
def _fmod(xp: Any, x: Any, y: Any) -> Any:
    return xp.fmod(x, y)


_fmod.vjp(
    lambda g, z, x, y: unbroadcast(g, x),
    lambda g, z, x, y: unbroadcast(_neg(_mul(g, _trunc_divide(x, y))), y),
)


@method("__divmod__")
def _divide_with_rest(x: Any, other: Any) -> tuple[Tensor, Tensor]:
    return floor_divide(x, other), remainder(x, other)


@method("__rdivmod__")
def _divide_into_with_rest(x: Any, other: Any) -> tuple[Tensor, Tensor]:
    return _divide_with_rest(other, x)


# Size and sign ------------------------------------------------------------------------------------------------


@method("sign")
def sign(input: Any) -> Tensor:
    """-1, 0 or 1, and 0 for a NaN; the derivative is 0.

    >>> sign(Tensor([-3.0, 0.0, 2.0])).tolist()
    [-1.0, 0.0, 1.0]
    """
    return _sign(as_tensor(input))


@primitive()
def _sign(xp: Any, x: Any) -> Any:
    if x.dtype.kind == "b":
        return x.copy()
    return xp.subtract((x > 0).view("int8"), (x < 0).view("int8")).astype(x.dtype)  # bytes are quick to subtract


_sign.vjp(lambda g, z, x: _zeros_like(g))


@method("abs", "absolute", "__abs__")
def abs(input: Any) -> Tensor:
    """|input|; the derivative at 0 is 0.

    >>> abs(Tensor([-1.0, 2.0])).tolist()
    [1.0, 2.0]
    """
    return _abs(as_tensor(input))


@primitive(saves=("x",))
def _abs(xp: Any, x: Any) -> Any:
    return xp.absolute(x)


_abs.vjp(lambda g, z, x: _mul(g, _sign(x)))


@method("square")
def square(input: Any) -> Tensor:
    """input * input.

    >>> square(Tensor([3.0])).tolist()
    [9.0]
    """
    input = as_tensor(input)
    return _square(input if input.dtype.kind != "b" else cast(input, result_type(input, 1)))


@primitive(saves=("x",))
@quiet
def _square(xp: Any, x: Any) -> Any:
    return xp.square(x)


_square.vjp(lambda g, z, x: _mul(g, _mul(x, 2.0)))


# Fused forms --------------------------------------------------------------------------------------------------


@method("lerp")
def lerp(input: Any, end: Any, weight: Any) -> Tensor:
    """input + weight * (end - input): from input, where the weight is 0, to end, where it is 1.

    >>> lerp(Tensor([0.0]), Tensor([10.0]), 0.3).tolist()
    [3.0]
    """
    return _lerp(*promote(input, end, weight))


@primitive(saves=(("w",), ("w",), ("x", "y")))
@quiet
@adding
def _lerp(xp: Any, x: Any, y: Any, w: Any) -> Any:
    """From the end that is nearer, so that both ends are met exactly."""
    step = y - x
    return xp.where(xp.absolute(w) < 0.5, x + w * step, y - step * (1.0 - w))


_lerp.vjp(
    lambda g, z, x, y, w: unbroadcast(_sub(g, _mul(g, w)), x),
    lambda g, z, x, y, w: unbroadcast(_mul(g, w), y),
    lambda g, z, x, y, w: unbroadcast(_mul(g, _sub(y, x)), w),
)


@method("addcmul")
def addcmul(input: Any, tensor1: Any, tensor2: Any, *, value: float = 1) -> Tensor:
    """input + value * tensor1 * tensor2.

    >>> addcmul(Tensor([1.0]), Tensor([2.0]), Tensor([3.0]), value=0.5).tolist()
    [4.0]
    """
    input, a, b = promote(input, tensor1, tensor2)
    return add(input, mul(a, b), alpha=_whole("addcmul", value, input, a, b))


@method("addcdiv")
def addcdiv(input: Any, tensor1: Any, tensor2: Any, *, value: float = 1) -> Tensor:
    """input + value * tensor1 / tensor2.

    >>> addcdiv(Tensor([1.0]), Tensor([3.0]), Tensor([2.0]), value=2).tolist()
    [4.0]
    """
    input, a, b = promote(input, tensor1, tensor2)
    return add(input, true_divide(a, b), alpha=value)


def _whole(op: str, value: float, *operands: Any) -> Any:
    """A factor, without its fraction where the operands are integers."""
    floats = any(isinstance(x, Tensor) and x.dtype.kind == "f" for x in operands)
    return value if floats else fitting(op, "value", value, result_type(0))


subtract, multiply, divide, negative, absolute = sub, mul, div, neg, abs

slots.add = _plus
