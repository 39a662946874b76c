"""In-place spellings of the pure ops: `x.add_(y)`, `x += y`, `x.zero_()`. What they promise: `engine.inplace`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import autocnn.ops.activation
import autocnn.ops.composites
import autocnn.ops.elementwise
import autocnn.ops.indexing
import autocnn.ops.linalg
import autocnn.ops.reduce  # noqa: F401 (these fill the table of methods, from which the spellings are made)
from autocnn.engine import METHODS, Tensor, as_tensor, method, write
from autocnn.engine.tape import next_serial
from autocnn.ops.dtypes import fitting
from autocnn.ops.elementwise.casts import to

_SPELLED = (
    "abs", "absolute", "acos", "acosh", "add", "addcdiv", "addcmul", "addmm", "addmv", "arccos", "arccosh",
    "arcsin", "arcsinh", "arctan", "arctan2", "arctanh", "asin", "asinh", "atan", "atan2", "atanh", "baddbmm",
    "bitwise_and", "bitwise_left_shift", "bitwise_not", "bitwise_or", "bitwise_right_shift", "bitwise_xor", "ceil",
    "clamp", "clamp_max", "clamp_min", "clip", "cos", "cosh", "cumprod", "cumsum", "div", "divide", "eq", "erf",
    "erfc", "erfinv", "exp", "exp2", "expm1", "fix", "float_power", "floor", "floor_divide", "fmod", "frac", "ge",
    "greater", "greater_equal", "gt", "hypot", "index_add", "index_copy", "index_fill", "index_put", "le", "lerp",
    "less", "less_equal", "log", "log10", "log1p", "log2", "logical_and", "logical_not", "logical_or",
    "logical_xor", "lt", "masked_fill", "masked_scatter", "mul", "multiply", "nan_to_num", "ne", "neg", "negative",
    "not_equal", "pow", "reciprocal", "relu", "remainder", "round", "rsqrt", "scatter", "scatter_add",
    "scatter_reduce", "sigmoid", "sign", "sin", "sinh", "sqrt", "square", "sub", "subtract", "tan", "tanh", "tril",
    "triu", "true_divide", "trunc", "where", "xlogy",
)  # fmt: skip
_OPERATORS = {
    "__iadd__": "__add__", "__isub__": "__sub__", "__imul__": "__mul__", "__itruediv__": "__truediv__",
    "__ifloordiv__": "__floordiv__", "__imod__": "__mod__", "__ipow__": "__pow__", "__iand__": "__and__",
    "__ior__": "__or__", "__ixor__": "__xor__",
}  # fmt: skip


def _in_place(pure: Callable[..., Tensor], spelling: str) -> Callable[..., Tensor]:
    def spelled(self: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        since = next_serial()
        value = pure(self, *args, **kwargs)
        given = any(value is x for x in (self, *args))
        return write(self, value, spelling, since=since, fresh=not given)

    spelled.__name__ = spelling
    spelled.__qualname__ = f"Tensor.{spelling}"
    spelled.__doc__ = f"`{pure.__name__}`, written into the tensor's own memory; returns the tensor."
    return spelled


for _name in _SPELLED:
    if _name in METHODS:
        method(f"{_name}_")(_in_place(METHODS[_name], f"{_name}_"))
for _name, _pure in _OPERATORS.items():
    if _pure in METHODS:
        method(_name)(_in_place(METHODS[_pure], f"{_name.strip('_')[1:]}_"))


@method("zero_")
def zero_(self: Tensor) -> Tensor:
    """Write 0 into every element.

    >>> Tensor([1.0, 2.0]).zero_().tolist()
    [0.0, 0.0]
    """
    return fill_(self, 0)


@method("fill_")
def fill_(self: Tensor, value: Any) -> Tensor:
    """Write one value into every element.

    >>> Tensor([1.0, 2.0]).fill_(3).tolist()
    [3.0, 3.0]
    """
    return (
        write(self, to(value, self.device), "fill_", cast=True)
        if isinstance(value, Tensor)
        else _filled(self, value)
    )


@method("copy_")
def copy_(self: Tensor, src: Any, non_blocking: bool = False) -> Tensor:
    """Write the values of another tensor, broadcast and cast, into this one; their gradient follows.

    >>> Tensor([1.0, 2.0]).copy_(Tensor([5])).tolist()
    [5.0, 5.0]
    """
    return write(self, to(as_tensor(src, self), self.device), "copy_", cast=True)


def _filled(self: Tensor, value: Any) -> Tensor:
    value = fitting("fill_", "value", value, self.dtype)
    return write(self, as_tensor(self.dtype.type(value), self), "fill_")
