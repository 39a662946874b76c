"""PyTorch's old tensor types: `FloatTensor(2, 3)` makes tensors, and says what a tensor is."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np

from autocnn.backend.arrays import to_device
from autocnn.engine import Tensor
from autocnn.engine.tensor import as_array, get_default_dtype
from autocnn.ops.dtypes import TYPES


class Kind(type):
    """A type whose instances are tensors of one dtype, and which otherwise is Tensor itself."""

    def __instancecheck__(cls, instance: Any) -> bool:
        if not isinstance(instance, Tensor):
            return False
        dtype, device = vars(cls).get("dtype"), vars(cls).get("device")
        return dtype is None or (instance.dtype == dtype and instance.device.type == device)

    def __subclasscheck__(cls, subclass: type) -> bool:
        return issubclass(subclass, Tensor) if "dtype" not in vars(cls) else type.__subclasscheck__(cls, subclass)

    def __getattr__(cls, name: str) -> Any:
        return getattr(Tensor, name)

    def __eq__(cls, other: object) -> bool:
        """The type of all tensors is Tensor itself: `type(x) == torch.Tensor`."""
        return other is cls or (other is Tensor and "dtype" not in vars(cls))

    def __hash__(cls) -> int:
        return type.__hash__(cls if "dtype" in vars(cls) else Tensor)

    def __call__(cls, *args: Any) -> Any:
        dtype = vars(cls).get("dtype", get_default_dtype())
        data = np.zeros(args or (0,), dtype) if all(type(a) is int for a in args) else as_array(args[0])
        data = data if data.dtype == dtype else data.astype(dtype)
        return Tensor(data if vars(cls).get("device", "cpu") == "cpu" else to_device(data, "cuda"))


def _kind(name: str, dtype: Any, device: str = "cpu") -> Any:
    said = f"Tensors of {dtype} on the device {device}."
    return Kind(name, (), {"dtype": np.dtype(dtype), "device": device, "__module__": __name__, "__doc__": said})


FloatTensor, DoubleTensor, HalfTensor, LongTensor, IntTensor, ShortTensor, CharTensor, ByteTensor, BoolTensor = (
    _kind(name, dtype) for name, dtype in TYPES.items()
)
on_gpu = SimpleNamespace(**{name: _kind(name, dtype, "cuda") for name, dtype in TYPES.items()})
"""The same names in `torch.cuda`: tensors on a GPU."""

__all__ = [
    "BoolTensor", "ByteTensor", "CharTensor", "DoubleTensor", "FloatTensor", "HalfTensor", "IntTensor",
    "LongTensor", "ShortTensor",
]  # fmt: skip
