"""PyTorch's old tensor types: `FloatTensor(2, 3)` makes tensors, and says what a tensor is."""

from __future__ import annotations

from typing import Any

import numpy as np

from autocnn.engine import Tensor
from autocnn.engine.tensor import as_array, get_default_dtype


class Kind(type):
    """A type whose instances are tensors of one dtype, and which otherwise is Tensor itself."""

    def __instancecheck__(cls, instance: Any) -> bool:
        dtype = vars(cls).get("dtype")
        return isinstance(instance, Tensor) and (dtype is None or instance.dtype == dtype)

    def __subclasscheck__(cls, subclass: type) -> bool:
        return issubclass(subclass, Tensor) if "dtype" not in vars(cls) else type.__subclasscheck__(cls, subclass)

    def __getattr__(cls, name: str) -> Any:
        return getattr(Tensor, name)

    def __call__(cls, *args: Any) -> Any:
        dtype = vars(cls).get("dtype", get_default_dtype())
        if all(type(a) is int for a in args):
            return Tensor(np.zeros(args or (0,), dtype))
        data = as_array(args[0])
        return Tensor(data if data.dtype == dtype else data.astype(dtype))


def _kind(name: str, dtype: str) -> Any:
    return Kind(name, (), {"dtype": np.dtype(dtype), "__module__": __name__, "__doc__": f"Tensors of {dtype}."})


FloatTensor = _kind("FloatTensor", "float32")
DoubleTensor = _kind("DoubleTensor", "float64")
HalfTensor = _kind("HalfTensor", "float16")
LongTensor = _kind("LongTensor", "int64")
IntTensor = _kind("IntTensor", "int32")
ShortTensor = _kind("ShortTensor", "int16")
CharTensor = _kind("CharTensor", "int8")
ByteTensor = _kind("ByteTensor", "uint8")
BoolTensor = _kind("BoolTensor", "bool")

__all__ = [
    "BoolTensor", "ByteTensor", "CharTensor", "DoubleTensor", "FloatTensor", "HalfTensor", "IntTensor",
    "LongTensor", "ShortTensor",
]  # fmt: skip
