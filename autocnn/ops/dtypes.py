"""The names of element types, and PyTorch's names for some of them."""

from __future__ import annotations

from typing import Any

import numpy as np

from autocnn.errors import DTypeError
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
_NAMES |= {"half": half, "float": float, "double": double, "short": short, "int": int, "long": long}


def as_dtype(op: str, dtype: Any) -> DType:
    """An element type by its name, NumPy's or Python's type.

    Raises DTypeError for one that tensors cannot have.

    >>> as_dtype("zeros", "double"), as_dtype("zeros", np.int64)
    (dtype('float64'), dtype('int64'))
    """
    if isinstance(dtype, str) and dtype in _NAMES:
        return _NAMES[dtype]
    try:
        found = np.dtype(dtype)
    except TypeError:
        found = None
    if found is None or dtype is None or found.kind not in "fiub":
        raise DTypeError(f"{op}: dtype is {dtype!r}; must be one of {', '.join(_NAMES)}")
    return found
