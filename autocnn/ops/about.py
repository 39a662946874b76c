"""What a tensor is and how it lies in memory, asked in PyTorch's words; the limits of its dtypes."""

from __future__ import annotations

from typing import Any

import numpy as np

from autocnn.backend.arrays import CPU
from autocnn.engine import Tensor, method, result_type
from autocnn.engine.tensor import promote_types as promoted
from autocnn.ops.axes import one_axis
from autocnn.ops.dtypes import as_dtype
from autocnn.types import DType


@method("is_complex")
def is_complex(input: Tensor) -> bool:
    """Whether the elements are complex numbers: never.

    >>> is_complex(Tensor([1.0]))
    False
    """
    return False


@method("is_signed")
def is_signed(input: Tensor) -> bool:
    """Whether the elements can be negative.

    >>> is_signed(Tensor([1]))
    True
    """
    return input.dtype.kind in "fi"


@method("is_same_size")
def is_same_size(input: Tensor, other: Tensor) -> bool:
    """Whether two tensors have one shape.

    >>> is_same_size(Tensor([1.0]), Tensor([2]))
    True
    """
    return input.shape == other.shape


@method("is_nonzero")
def is_nonzero(input: Tensor) -> bool:
    """Whether the one element is not zero.

    >>> is_nonzero(Tensor([2.0]))
    True
    """
    return bool(input)


@method("stride")
def stride(input: Tensor, dim: int | None = None) -> Any:
    """How many elements apart neighbours on each axis, or on one, lie in memory.

    >>> stride(Tensor([[1.0, 2.0]]))
    (2, 1)
    """
    steps = tuple(n // input.dtype.itemsize for n in input.array.strides)
    return steps if dim is None else steps[one_axis("stride", dim, input.ndim)]


@method("data_ptr")
def data_ptr(input: Tensor) -> int:
    """The address of the first element in memory.

    >>> x = Tensor([1.0])
    >>> data_ptr(x) == data_ptr(x.detach())
    True
    """
    array = input.array
    return int(array.ctypes.data if isinstance(array, np.ndarray) else array.data.ptr)


@method("get_device")
def get_device(input: Tensor) -> int:
    """The number of the GPU that a tensor is on; -1 for the CPU.

    >>> get_device(Tensor([1.0]))
    -1
    """
    return -1 if input.device == CPU else input.device.index or 0


# Dtypes ----------------------------------------------------------------------------------------------------------


def finfo(dtype: Any = None) -> Any:
    """The limits of a floating point dtype: eps, max, min, tiny.

    >>> float(finfo("float64").eps)
    2.220446049250313e-16
    """
    return np.finfo(result_type(0.0) if dtype is None else as_dtype("finfo", dtype))


def iinfo(dtype: Any) -> Any:
    """The limits of an integer dtype: max, min.

    >>> iinfo("int8").max
    127
    """
    return np.iinfo(as_dtype("iinfo", dtype))


def promote_types(type1: Any, type2: Any) -> DType:
    """The dtype that two dtypes promote to.

    >>> promote_types("int64", "float32")
    dtype('float32')
    """
    return promoted(as_dtype("promote_types", type1), as_dtype("promote_types", type2))


_KINDS = ("meta", "mkldnn", "mps", "nested", "quantized", "sparse", "xla", "xpu")
"""Kinds of tensors that PyTorch has and that none is here."""

for _name, _get in (
    ("is_cpu", lambda x: x.device == CPU),
    ("itemsize", lambda x: x.dtype.itemsize),
    ("layout", lambda x: "strided"),
    *((f"is_{kind}", lambda x: False) for kind in _KINDS),
):
    method(_name)(property(_get))  # type: ignore[type-var]
