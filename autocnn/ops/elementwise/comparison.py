"""Comparisons, logic, bits, and tests of what kind a number is. None has a derivative."""

from __future__ import annotations

from typing import Any

from autocnn.engine import Tensor, as_tensor, binary, method, primitive, promote
from autocnn.errors import DTypeError, OperandError
from autocnn.ops.elementwise.casts import quiet


@method("eq")
def eq(input: Any, other: Any) -> Tensor:
    """input == other, elementwise.

    >>> eq(Tensor([1.0, 2.0]), 2).tolist()
    [False, True]
    """
    return binary(_eq, input, other)


@method("__eq__")
def _equals(x: Any, other: Any) -> Any:
    try:
        return binary(_eq, x, other)
    except OperandError:  # no number: let the other side speak, as `x == None` must be answered
        return NotImplemented


@primitive(differentiable=False)
def _eq(xp: Any, x: Any, y: Any) -> Any:
    return xp.equal(x, y)


@method("ne", "not_equal")
def ne(input: Any, other: Any) -> Tensor:
    """input != other, elementwise.

    >>> ne(Tensor([1.0, 2.0]), 2).tolist()
    [True, False]
    """
    return binary(_ne, input, other)


@method("__ne__")
def _differs(x: Any, other: Any) -> Any:
    try:
        return binary(_ne, x, other)
    except OperandError:
        return NotImplemented


@primitive(differentiable=False)
def _ne(xp: Any, x: Any, y: Any) -> Any:
    return xp.not_equal(x, y)


@method("lt", "less", "__lt__")
def lt(input: Any, other: Any) -> Tensor:
    """input < other, elementwise.

    >>> lt(Tensor([1.0, 2.0]), 2).tolist()
    [True, False]
    """
    return binary(_lt, input, other)


@primitive(differentiable=False)
def _lt(xp: Any, x: Any, y: Any) -> Any:
    return xp.less(x, y)


@method("le", "less_equal", "__le__")
def le(input: Any, other: Any) -> Tensor:
    """input <= other, elementwise.

    >>> le(Tensor([1.0, 3.0]), 2).tolist()
    [True, False]
    """
    return binary(_le, input, other)


@primitive(differentiable=False)
def _le(xp: Any, x: Any, y: Any) -> Any:
    return xp.less_equal(x, y)


@method("gt", "greater", "__gt__")
def gt(input: Any, other: Any) -> Tensor:
    """input > other, elementwise.

    >>> gt(Tensor([1.0, 3.0]), 2).tolist()
    [False, True]
    """
    return binary(_gt, input, other)


@primitive(differentiable=False)
def _gt(xp: Any, x: Any, y: Any) -> Any:
    return xp.greater(x, y)


@method("ge", "greater_equal", "__ge__")
def ge(input: Any, other: Any) -> Tensor:
    """input >= other, elementwise.

    >>> ge(Tensor([1.0, 2.0]), 2).tolist()
    [False, True]
    """
    return binary(_ge, input, other)


@primitive(differentiable=False)
def _ge(xp: Any, x: Any, y: Any) -> Any:
    return xp.greater_equal(x, y)


# Kinds of number ---------------------------------------------------------------------------------------------


@method("isnan")
def isnan(input: Any) -> Tensor:
    """Whether each element is NaN.

    >>> isnan(Tensor([float("nan"), 1.0])).tolist()
    [True, False]
    """
    return _isnan(as_tensor(input))


@primitive(differentiable=False)
def _isnan(xp: Any, x: Any) -> Any:
    return xp.isnan(x)


@method("isinf")
def isinf(input: Any) -> Tensor:
    """Whether each element is infinite.

    >>> isinf(Tensor([float("-inf"), 1.0])).tolist()
    [True, False]
    """
    return _isinf(as_tensor(input))


@primitive(differentiable=False)
def _isinf(xp: Any, x: Any) -> Any:
    return xp.isinf(x)


@method("isfinite")
def isfinite(input: Any) -> Tensor:
    """Whether each element is neither infinite nor NaN.

    >>> isfinite(Tensor([float("inf"), 1.0])).tolist()
    [False, True]
    """
    return _isfinite(as_tensor(input))


@primitive(differentiable=False)
def _isfinite(xp: Any, x: Any) -> Any:
    return xp.isfinite(x)


@method("isclose")
def isclose(input: Any, other: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> Tensor:
    """Whether |input - other| <= atol + rtol |other|, elementwise; equal infinities are close.

    >>> isclose(Tensor([1.0, 1.1]), Tensor([1.0, 1.0])).tolist()
    [True, False]
    """
    input, other = promote(as_tensor(input), as_tensor(other))
    if input.dtype.kind == "b":
        return _eq(input, other)
    return _isclose(input, other, rtol=float(rtol), atol=float(atol), equal_nan=bool(equal_nan))


@primitive(differentiable=False)
@quiet
def _isclose(xp: Any, x: Any, y: Any, *, rtol: float, atol: float, equal_nan: bool) -> Any:
    close = (xp.absolute(x - y) <= atol + rtol * xp.absolute(y)) & xp.isfinite(y)
    close = close | (x == y)
    return close | (xp.isnan(x) & xp.isnan(y)) if equal_nan else close


@method("allclose")
def allclose(input: Any, other: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> bool:
    """Whether all elements are close: see `isclose`.

    >>> allclose(Tensor([1.0]), Tensor([1.0 + 1e-7]))
    True
    """
    return bool(isclose(input, other, rtol, atol, equal_nan)._array.all())


@method("equal")
def equal(input: Any, other: Any) -> bool:
    """Whether two tensors have the same shape and the same elements.

    >>> equal(Tensor([1.0, 2.0]), Tensor([1.0, 2.0]))
    True
    """
    input, other = as_tensor(input), as_tensor(other)
    return input.shape == other.shape and bool(binary(_eq, input, other)._array.all())


# Logic -------------------------------------------------------------------------------------------------------


@method("logical_and")
def logical_and(input: Any, other: Any) -> Tensor:
    """Whether both are other than 0.

    >>> logical_and(Tensor([True, True]), Tensor([True, False])).tolist()
    [True, False]
    """
    return binary(_logical_and, input, other)


@primitive(differentiable=False)
def _logical_and(xp: Any, x: Any, y: Any) -> Any:
    return xp.logical_and(x, y)


@method("logical_or")
def logical_or(input: Any, other: Any) -> Tensor:
    """Whether one of them is other than 0.

    >>> logical_or(Tensor([False, True]), Tensor([False, False])).tolist()
    [False, True]
    """
    return binary(_logical_or, input, other)


@primitive(differentiable=False)
def _logical_or(xp: Any, x: Any, y: Any) -> Any:
    return xp.logical_or(x, y)


@method("logical_xor")
def logical_xor(input: Any, other: Any) -> Tensor:
    """Whether exactly one of them is other than 0.

    >>> logical_xor(Tensor([True, True]), Tensor([True, False])).tolist()
    [False, True]
    """
    return binary(_logical_xor, input, other)


@primitive(differentiable=False)
def _logical_xor(xp: Any, x: Any, y: Any) -> Any:
    return xp.logical_xor(x, y)


@method("logical_not")
def logical_not(input: Any) -> Tensor:
    """Whether each element is 0.

    >>> logical_not(Tensor([0.0, 2.0])).tolist()
    [True, False]
    """
    return _logical_not(as_tensor(input))


@primitive(differentiable=False)
def _logical_not(xp: Any, x: Any) -> Any:
    return xp.logical_not(x)


# Bits --------------------------------------------------------------------------------------------------------


def _bits(name: str, x: Any, y: Any) -> tuple[Any, Any]:
    x, y = promote(x, y)
    dtype = (x if isinstance(x, Tensor) else y).dtype
    if dtype.kind == "f":
        raise DTypeError(f"{name}: dtype is {dtype}; only integers and bools have bits")
    return x, y


@method("bitwise_and", "__and__", "__rand__")
def bitwise_and(input: Any, other: Any) -> Tensor:
    """input & other, on integers and bools.

    >>> bitwise_and(Tensor([6]), 3).tolist()
    [2]
    """
    return binary(_bitwise_and, *_bits("bitwise_and", input, other))


@primitive(differentiable=False)
def _bitwise_and(xp: Any, x: Any, y: Any) -> Any:
    return xp.bitwise_and(x, y)


@method("bitwise_or", "__or__", "__ror__")
def bitwise_or(input: Any, other: Any) -> Tensor:
    """input | other, on integers and bools.

    >>> bitwise_or(Tensor([6]), 3).tolist()
    [7]
    """
    return binary(_bitwise_or, *_bits("bitwise_or", input, other))


@primitive(differentiable=False)
def _bitwise_or(xp: Any, x: Any, y: Any) -> Any:
    return xp.bitwise_or(x, y)


@method("bitwise_xor", "__xor__", "__rxor__")
def bitwise_xor(input: Any, other: Any) -> Tensor:
    """input ^ other, on integers and bools.

    >>> bitwise_xor(Tensor([6]), 3).tolist()
    [5]
    """
    return binary(_bitwise_xor, *_bits("bitwise_xor", input, other))


@primitive(differentiable=False)
def _bitwise_xor(xp: Any, x: Any, y: Any) -> Any:
    return xp.bitwise_xor(x, y)


@method("bitwise_not", "__invert__")
def bitwise_not(input: Any) -> Tensor:
    """~input: every bit flipped; of bools, their opposites.

    >>> bitwise_not(Tensor([True, False])).tolist()
    [False, True]
    """
    input = as_tensor(input)
    if input.dtype.kind == "f":
        raise DTypeError(f"bitwise_not: dtype is {input.dtype}; only integers and bools have bits")
    return _bitwise_not(input)


@primitive(differentiable=False)
def _bitwise_not(xp: Any, x: Any) -> Any:
    return xp.invert(x)


@method("bitwise_left_shift", "__lshift__")
def bitwise_left_shift(input: Any, other: Any) -> Tensor:
    """input << other, on integers.

    >>> bitwise_left_shift(Tensor([1]), 3).tolist()
    [8]
    """
    return binary(_left_shift, *_bits("bitwise_left_shift", input, other))


@method("__rlshift__")
def _left_shift_of(x: Any, other: Any) -> Tensor:
    return bitwise_left_shift(other, x)


@primitive(differentiable=False)
def _left_shift(xp: Any, x: Any, y: Any) -> Any:
    return xp.left_shift(x, y)


@method("bitwise_right_shift", "__rshift__")
def bitwise_right_shift(input: Any, other: Any) -> Tensor:
    """input >> other, on integers.

    >>> bitwise_right_shift(Tensor([8]), 3).tolist()
    [1]
    """
    return binary(_right_shift, *_bits("bitwise_right_shift", input, other))


@method("__rrshift__")
def _right_shift_of(x: Any, other: Any) -> Tensor:
    return bitwise_right_shift(other, x)


@primitive(differentiable=False)
def _right_shift(xp: Any, x: Any, y: Any) -> Any:
    return xp.right_shift(x, y)


not_equal, less, less_equal, greater, greater_equal = ne, lt, le, gt, ge
