"""The names of element types, and PyTorch's names for some of them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autocnn.errors import ArgumentError, DTypeError
from autocnn.types import DType

float16 = half = np.dtype("float16")
float32 = float = np.dtype("float32")
float64 = double = np.dtype("float64")
uint8 = np.dtype("uint8")
int8 = np.dtype("int8")
int16 = short = np.dtype("int16")
int32 = int = np.dtype("int32")
int64 = long = np.dtype("int64")
bool = np.dtype("bool")

_NAMES: dict[str, DType] = {
    str(d): d for d in (float16, float32, float64, uint8, int8, int16, int32, int64, bool)
}  # fmt: skip
TYPES: dict[str, DType] = {
    "FloatTensor": float, "DoubleTensor": double, "HalfTensor": half, "LongTensor": long, "IntTensor": int,
    "ShortTensor": short, "CharTensor": int8, "ByteTensor": uint8, "BoolTensor": bool,
}  # fmt: skip
"""PyTorch's older names of types of tensors, as in "torch.FloatTensor"."""
_NAMES |= {"half": half, "float": float, "double": double, "short": short, "int": int, "long": long}


def as_dtype(op: str, dtype: Any) -> DType:
    """An element type by its name, NumPy's or Python's type.

    Raises DTypeError for one that tensors cannot have.

    >>> as_dtype("zeros", "double"), as_dtype("zeros", "torch.LongTensor")
    (dtype('float64'), dtype('int64'))
    """
    if isinstance(dtype, str):
        name = dtype.removeprefix("torch.").removeprefix("cuda.")
        if name in _NAMES:
            return _NAMES[name]
        if name in TYPES:
            return TYPES[name]
    try:
        found = np.dtype(dtype)
    except TypeError:
        found = None
    if found is None or dtype is None or found.kind not in "fiub":
        raise DTypeError(f"{op}: dtype is {dtype!r}; must be one of {', '.join(_NAMES)}")
    return found


def fitting(op: str, name: str, value: Any, dtype: DType) -> Any:
    """A Python number as one of a dtype: floats lose their fraction, what is below 0 wraps where there is no sign.

    Raises ArgumentError where the dtype has no such number.

    >>> fitting("fill_", "value", 2.7, int8), fitting("fill_", "value", -1, uint8)
    (2, 255)
    """
    if dtype.kind == "f":
        return value
    if dtype.kind == "b":
        return value != 0
    limits = np.iinfo(dtype)
    whole = math.trunc(value) if math.isfinite(value) else None
    if whole is not None and limits.min == 0 > whole >= -limits.max:
        whole += limits.max + 1
    if whole is None or not limits.min <= whole <= limits.max:
        raise ArgumentError(f"{op}: {name} is {value}; {dtype} goes from {limits.min} to {limits.max}")
    return whole
