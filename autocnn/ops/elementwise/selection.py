"""Choosing between values: where, maximum, minimum, clip."""

from __future__ import annotations

from typing import Any

import numpy as np

from autocnn.backend import kernels
from autocnn.backend.select import select
from autocnn.engine import Tensor, as_tensor, binary, method, primitive, promote, result_type
from autocnn.errors import ArgumentError, DTypeError
from autocnn.ops.broadcast import unbroadcast
from autocnn.ops.dtypes import fitting
from autocnn.ops.elementwise.casts import cast
from autocnn.ops.elementwise.comparison import _ge, _isfinite, _lt

_NUMBERS = (int, float, bool)


def where(condition: Any, input: Any = None, other: Any = None) -> Any:
    """input where the condition holds, other elsewhere; with a condition alone, the indices at which it holds.

    Raises DTypeError unless the condition is boolean.

    >>> where(Tensor([True, False]), Tensor([1.0, 2.0]), 0.0).tolist()
    [1.0, 0.0]
    """
    condition = as_tensor(condition)
    if condition.dtype == "uint8":  # what bools were before there were bools
        condition = cast(condition, np.dtype(bool))
    if input is None or other is None:
        if input is not None or other is not None:
            raise ArgumentError("where: one of input and other is missing; give both, or the condition alone")
        return tuple(map(Tensor, condition._array.nonzero()))
    if condition.dtype.kind != "b":
        raise DTypeError(f"where: condition is {condition.dtype}; it must be bool. Compare with 0 first")
    return _where(condition, *promote(input, other))


@method("where")
def _where_method(x: Tensor, condition: Any, other: Any) -> Tensor:
    """The tensor where the condition holds, other elsewhere."""
    return where(condition, x, other)


@primitive(saves=("condition",))
def _where(xp: Any, condition: Any, x: Any, y: Any) -> Any:
    return select(xp, condition, x, y)


_where.vjp(
    None,
    lambda g, z, condition, x, y: unbroadcast(_where(condition, g, 0.0), x),
    lambda g, z, condition, x, y: unbroadcast(_where(condition, 0.0, g), y),
)


@method("masked_fill")
def masked_fill(input: Any, mask: Any, value: Any) -> Tensor:
    """value where the mask holds, input elsewhere.

    >>> masked_fill(Tensor([1.0, 2.0]), Tensor([True, False]), -1.0).tolist()
    [-1.0, 2.0]
    """
    input, mask = as_tensor(input), as_tensor(mask)
    if mask.dtype.kind != "b":
        raise DTypeError(f"masked_fill: mask is {mask.dtype}; it must be bool. Compare with 0 first")
    value = (
        fitting("masked_fill", "value", value, input.dtype)
        if type(value) in _NUMBERS
        else cast(value, input.dtype)
    )
    return _where(mask, value, input)


# The greater, the lesser -------------------------------------------------------------------------------------


@method("maximum")
def maximum(input: Any, other: Any) -> Tensor:
    """The greater of input and other, elementwise; a NaN in either stays. Ties share the gradient evenly.

    >>> maximum(Tensor([1.0, 4.0]), Tensor([3.0, 2.0])).tolist()
    [3.0, 4.0]
    """
    return binary(_maximum, input, other)


@primitive(saves=("x", "y"))
def _maximum(xp: Any, x: Any, y: Any) -> Any:
    return xp.maximum(x, y)


@method("minimum")
def minimum(input: Any, other: Any) -> Tensor:
    """The lesser of input and other, elementwise; a NaN in either stays. Ties share the gradient evenly.

    >>> minimum(Tensor([1.0, 4.0]), Tensor([3.0, 2.0])).tolist()
    [1.0, 2.0]
    """
    return binary(_minimum, input, other)


@primitive(saves=("x", "y"))
def _minimum(xp: Any, x: Any, y: Any) -> Any:
    return xp.minimum(x, y)


@primitive(saves=("x", "y"))
def _greater_share(xp: Any, g: Any, x: Any, y: Any) -> Any:
    """What x gets of the cotangent of max(x, y): all, half at a tie, nothing where it is the lesser."""
    return select(xp, x == y, g * 0.5, select(xp, x < y, 0.0, g))


_greater_share.vjp(lambda g, z, _, x, y: _greater_share(g, x, y), None, None)
_maximum.vjp(
    lambda g, z, x, y: unbroadcast(_greater_share(g, x, y), x),
    lambda g, z, x, y: unbroadcast(_greater_share(g, y, x), y),
)
_minimum.vjp(
    lambda g, z, x, y: unbroadcast(_greater_share(g, y, x), x),
    lambda g, z, x, y: unbroadcast(_greater_share(g, x, y), y),
)


@method("fmax")
def fmax(input: Any, other: Any) -> Tensor:
    """The greater of input and other, elementwise, or the one that is no NaN; a tie gives input the gradient.

    >>> fmax(Tensor([1.0, float("nan")]), Tensor([3.0, 2.0])).tolist()
    [3.0, 2.0]
    """
    return binary(_fmax, input, other)


@primitive(saves=("x", "y"))
def _fmax(xp: Any, x: Any, y: Any) -> Any:
    return xp.fmax(x, y)


@method("fmin")
def fmin(input: Any, other: Any) -> Tensor:
    """The lesser of input and other, elementwise, or the one that is no NaN; a tie gives input the gradient.

    >>> fmin(Tensor([1.0, float("nan")]), Tensor([3.0, 2.0])).tolist()
    [1.0, 2.0]
    """
    return binary(_fmin, input, other)


@primitive(saves=("x", "y"))
def _fmin(xp: Any, x: Any, y: Any) -> Any:
    return xp.fmin(x, y)


@primitive(differentiable=False)
def _takes_first(xp: Any, x: Any, y: Any, *, greater: bool) -> Any:
    """Whether fmax, or fmin, chose x."""
    return (x >= y if greater else x <= y) | xp.isnan(y)


_fmax.vjp(
    lambda g, z, x, y: unbroadcast(_where(_takes_first(x, y, greater=True), g, 0.0), x),
    lambda g, z, x, y: unbroadcast(_where(_takes_first(x, y, greater=True), 0.0, g), y),
)
_fmin.vjp(
    lambda g, z, x, y: unbroadcast(_where(_takes_first(x, y, greater=False), g, 0.0), x),
    lambda g, z, x, y: unbroadcast(_where(_takes_first(x, y, greater=False), 0.0, g), y),
)


# Limits ------------------------------------------------------------------------------------------------------


@method("clamp", "clip")
def clamp(input: Any, min: Any = None, max: Any = None) -> Tensor:
    """input kept between min and max, numbers or tensors; where it was cut off its derivative is 0.

    Raises ArgumentError where neither is given.

    >>> clamp(Tensor([-1.0, 0.5, 2.0]), 0, 1).tolist()
    [0.0, 0.5, 1.0]
    """
    if min is None and max is None:
        raise ArgumentError("clamp: min and max are None; give at least one")
    if type(min) in _NUMBERS or type(max) in _NUMBERS:  # beside a number, a 0-d tensor counts as one
        min, max = (_as_number(b) for b in (min, max))
    input, bounds = as_tensor(input), [b for b in (min, max) if b is not None]
    input = cast(input, result_type(input, *[b if type(b) in _NUMBERS else as_tensor(b) for b in bounds]))
    low, high = (_limit(name, b, input) for name, b in (("min", min), ("max", max)))
    if not isinstance(low, Tensor) and not isinstance(high, Tensor):
        return _clamp(input, low=low, high=high)
    if low is not None:
        input = binary(_clamp_min, input, low)
    return input if high is None else binary(_clamp_max, input, high)


def _as_number(bound: Any) -> Any:
    return bound.item() if isinstance(bound, Tensor) and not bound.shape and not bound.requires_grad else bound


def _limit(name: str, bound: Any, x: Tensor) -> Any:
    """A limit as a number of x's dtype, or as a tensor."""
    if bound is None:
        return None
    return fitting("clamp", name, bound, x.dtype) if type(bound) in _NUMBERS else as_tensor(bound)


clip = clamp


@primitive(saves=("x",))
def _clamp(xp: Any, x: Any, *, low: float | None, high: float | None) -> Any:
    return kernels.clamp(xp, x, low=low, high=high)


@primitive(saves=("x",))
def _clamp_backward(xp: Any, g: Any, x: Any, *, low: float | None, high: float | None) -> Any:
    """The cotangent g where x lay within the limits."""
    return kernels.clamp_backward(xp, g, x, low=low, high=high)


_clamp.vjp(lambda g, z, x, low, high: _clamp_backward(g, x, low=low, high=high))
_clamp_backward.vjp(lambda g, z, _, x, low, high: _clamp_backward(g, x, low=low, high=high), None)


@method("clamp_min")
def clamp_min(input: Any, min: Any) -> Tensor:
    """input, but at least min.

    >>> clamp_min(Tensor([-1.0, 2.0]), 0).tolist()
    [0.0, 2.0]
    """
    return clamp(input, min=min)


@method("clamp_max")
def clamp_max(input: Any, max: Any) -> Tensor:
    """input, but at most max.

    >>> clamp_max(Tensor([-1.0, 2.0]), 0).tolist()
    [-1.0, 0.0]
    """
    return clamp(input, max=max)


@primitive(saves=("x", "y"))
def _clamp_min(xp: Any, x: Any, y: Any) -> Any:
    return xp.maximum(x, y)


@primitive(saves=("x", "y"))
def _clamp_max(xp: Any, x: Any, y: Any) -> Any:
    return xp.minimum(x, y)


_clamp_min.vjp(
    lambda g, z, x, y: unbroadcast(_where(_ge(x, y), g, 0.0), x),
    lambda g, z, x, y: unbroadcast(_where(_lt(x, y), g, 0.0), y),
)
_clamp_max.vjp(
    lambda g, z, x, y: unbroadcast(_where(_ge(y, x), g, 0.0), x),
    lambda g, z, x, y: unbroadcast(_where(_lt(y, x), g, 0.0), y),
)


@method("nan_to_num")
def nan_to_num(
    input: Any, nan: float | None = 0.0, posinf: float | None = None, neginf: float | None = None
) -> Tensor:
    """input with NaN, inf and -inf replaced by numbers: 0, and the largest finite ones of the dtype.

    >>> nan_to_num(Tensor([float("nan"), 1.0])).tolist()
    [0.0, 1.0]
    """
    return _nan_to_num(as_tensor(input), nan=0.0 if nan is None else nan, posinf=posinf, neginf=neginf)


@primitive(saves=("x",))
def _nan_to_num(xp: Any, x: Any, *, nan: float, posinf: float | None, neginf: float | None) -> Any:
    return xp.nan_to_num(x, nan=nan, posinf=posinf, neginf=neginf)


_nan_to_num.vjp(lambda g, z, x, **params: _where(_isfinite(x), g, 0.0))
