"""Tensors from values, from a rule, and from other libraries."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autocnn.backend.arrays import device_namespace, device_of, is_array, namespace, to_device
from autocnn.engine import Tensor, slots
from autocnn.engine.tensor import as_array, get_default_dtype
from autocnn.errors import ArgumentError, OperandError
from autocnn.ops.axes import as_int, as_sizes, by_name
from autocnn.ops.dtypes import as_dtype, fitting
from autocnn.types import Array, DType, Shape

# From values -----------------------------------------------------------------------------------------------------


def tensor(data: Any, *, dtype: Any = None, device: str | None = None, requires_grad: bool = False) -> Tensor:
    """A new tensor of numbers, nested lists, or a copy of an array or tensor.

    Python floats become the default dtype (float32), ints int64; arrays keep theirs.
    Raises OperandError for what is not numeric, ShapeError for rows of different lengths.

    >>> tensor([[1.0, 2.0]], requires_grad=True)
    tensor([[1., 2.]], requires_grad=True)
    """
    array = _values(data, None if dtype is None else as_dtype("tensor", dtype))
    source = data.array if isinstance(data, Tensor) else data
    if array is source or getattr(array, "base", None) is not None:
        array = array.copy(order="K")
    return _finished(array, device, requires_grad)


def as_tensor(data: Any, dtype: Any = None, device: str | None = None) -> Tensor:
    """A tensor of values, sharing memory wherever dtype and device let it; a tensor as it is.

    >>> a = np.zeros(2, np.float32)
    >>> np.shares_memory(as_tensor(a).array, a)
    True
    """
    if isinstance(data, Tensor):
        wanted = data.dtype if dtype is None else as_dtype("as_tensor", dtype)
        x = data if data.dtype == wanted else slots.cast(data, wanted)
        return x if device is None or x.device == device else Tensor(to_device(x.array, device))
    return _finished(_values(data, None if dtype is None else as_dtype("as_tensor", dtype)), device, False)


def from_numpy(array: Any) -> Tensor:
    """A tensor on the memory of a NumPy array.

    Raises OperandError for anything else.

    >>> a = np.zeros(2)
    >>> from_numpy(a).dtype, np.shares_memory(from_numpy(a).array, a)
    (dtype('float64'), True)
    """
    if not isinstance(array, np.ndarray):
        raise OperandError(f"from_numpy: {type(array).__name__} is no NumPy array. Use tensor")
    return Tensor(array)


def from_dlpack(ext_tensor: Any) -> Tensor:
    """A tensor on the memory of another library's array or tensor, through DLPack.

    >>> from_dlpack(np.zeros(2)).shape
    (2,)
    """
    if isinstance(ext_tensor, Tensor):
        return ext_tensor.detach()
    if is_array(ext_tensor):
        return Tensor(ext_tensor)
    kind = ext_tensor.__dlpack_device__()[0]
    return Tensor(device_namespace("cpu" if int(kind) == 1 else "cuda").from_dlpack(ext_tensor))


def _values(data: Any, dtype: DType | None) -> Array:
    if dtype is not None and not isinstance(data, Tensor) and not is_array(data):
        raw = as_array(data)  # says what is wrong with it
        if dtype.kind in "iu" and raw.dtype.kind in "iuf" and not _holds(dtype, raw):
            data = [fitting("tensor", "data", v, dtype) for v in raw.ravel().tolist()]
        return np.asarray(data, dtype).reshape(raw.shape)
    array = as_array(data)
    return array if dtype is None or array.dtype == dtype else array.astype(dtype)


def _holds(dtype: DType, numbers: Array) -> bool:
    limits = np.iinfo(dtype)
    return not numbers.size or bool(limits.min <= numbers.min() and numbers.max() <= limits.max)


def _finished(array: Array, device: str | None, requires_grad: bool) -> Tensor:
    x = Tensor(array if device is None else to_device(array, device))
    return x.requires_grad_() if requires_grad else x


# Filled ----------------------------------------------------------------------------------------------------------


def full(
    size: Any, fill_value: Any, *, dtype: Any = None, device: str | None = None, requires_grad: bool = False
) -> Tensor:
    """A tensor of one value; its dtype is that of the value: bool, int64 or the default.

    >>> full((2,), 7).tolist()
    [7, 7]
    """
    shape = _size("full", (size,))
    kind = as_array(fill_value).dtype if dtype is None else as_dtype("full", dtype)
    value = _fitted("full", fill_value, kind, device or "cpu")
    made = device_namespace(device or "cpu").full(shape, value, kind)
    return _finished(made, None, requires_grad)


def _fitted(op: str, value: Any, dtype: DType, device: Any) -> Any:
    """What fills an array on a device: a number that the dtype has, or values to broadcast."""
    if type(value) not in (int, float, bool):
        array = as_array(value)
        if array.shape:
            return to_device(array, device)
        value = array.item()
    return fitting(op, "fill_value", value, dtype)


@by_name("size")
def zeros(*size: Any, dtype: Any = None, device: str | None = None, requires_grad: bool = False) -> Tensor:
    """A tensor of zeros: `zeros(2, 3)` or `zeros((2, 3))`.

    >>> zeros(2).tolist()
    [0.0, 0.0]
    """
    return _finished(_allocate("zeros", size, dtype, device), None, requires_grad)


@by_name("size")
def ones(*size: Any, dtype: Any = None, device: str | None = None, requires_grad: bool = False) -> Tensor:
    """A tensor of ones: `ones(2, 3)` or `ones((2, 3))`.

    >>> ones(2).tolist()
    [1.0, 1.0]
    """
    return _finished(_allocate("ones", size, dtype, device), None, requires_grad)


@by_name("size")
def empty(*size: Any, dtype: Any = None, device: str | None = None, requires_grad: bool = False) -> Tensor:
    """A tensor of whatever the memory holds: to be written before it is read.

    >>> empty(2, 3).shape
    (2, 3)
    """
    return _finished(_allocate("empty", size, dtype, device), None, requires_grad)


def _allocate(name: str, size: tuple[Any, ...], dtype: Any, device: str | None) -> Array:
    kind = get_default_dtype() if dtype is None else as_dtype(name, dtype)
    return getattr(device_namespace(device or "cpu"), name)(_size(name, size), kind)


def _size(op: str, given: tuple[Any, ...]) -> Shape:
    shape = as_sizes(op, "size", given)
    if any(n < 0 for n in shape):
        raise ArgumentError(f"{op}: size is {shape}; lengths are not negative")
    return shape


def full_like(
    input: Any, fill_value: Any, *, dtype: Any = None, device: str | None = None, requires_grad: bool = False
) -> Tensor:
    """One value in the shape, dtype, device and memory layout of input.

    >>> full_like(zeros(2), 3).tolist()
    [3.0, 3.0]
    """
    like = as_array(input)
    kind = like.dtype if dtype is None else as_dtype("full_like", dtype)
    made = namespace(like).full_like(like, _fitted("full_like", fill_value, kind, device_of(like)), dtype=kind)
    return _finished(made, device, requires_grad)


def zeros_like(input: Any, *, dtype: Any = None, device: str | None = None, requires_grad: bool = False) -> Tensor:
    """Zeros in the shape, dtype, device and memory layout of input.

    >>> zeros_like(ones(2)).tolist()
    [0.0, 0.0]
    """
    return full_like(input, 0, dtype=dtype, device=device, requires_grad=requires_grad)


def ones_like(input: Any, *, dtype: Any = None, device: str | None = None, requires_grad: bool = False) -> Tensor:
    """Ones in the shape, dtype, device and memory layout of input.

    >>> ones_like(zeros(2)).tolist()
    [1.0, 1.0]
    """
    return full_like(input, 1, dtype=dtype, device=device, requires_grad=requires_grad)


def empty_like(input: Any, *, dtype: Any = None, device: str | None = None, requires_grad: bool = False) -> Tensor:
    """Whatever the memory holds, in the shape, dtype, device and memory layout of input.

    >>> empty_like(zeros(2, 3)).shape
    (2, 3)
    """
    like = as_array(input)
    kind = like.dtype if dtype is None else as_dtype("empty_like", dtype)
    return _finished(namespace(like).empty_like(like, dtype=kind), device, requires_grad)


def _zeros(shape: Shape, dtype: DType, device: str) -> Array:
    return device_namespace(device).zeros(shape, dtype)


# Rows and diagonals ----------------------------------------------------------------------------------------------


_LONGEST = 2**48
"""More numbers than any memory holds."""


def arange(
    start: Any, end: Any = None, step: Any = 1, *,
    dtype: Any = None, device: str | None = None, requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """start, start + step, ... before `end`; `arange(end)` starts at 0.

    int64, or the default dtype where one of the three is a float.

    Raises ArgumentError where the steps do not lead from start to end.

    >>> arange(3).tolist(), arange(1, 2, 0.5).tolist()
    ([0, 1, 2], [1.0, 1.5])
    """
    if end is None:
        start, end = 0, start
    start, end, step = (x.item() if hasattr(x, "item") else x for x in (start, end, step))
    if not step or (end - start) / step < 0:
        raise ArgumentError(f"arange: step is {step}; must lead from {start} to {end}")
    if not (end - start) / step <= _LONGEST:
        raise ArgumentError(f"arange: start is {start}, end {end} and step {step}; no memory holds so many")
    whole = all(isinstance(x, int) for x in (start, end, step))
    kind = as_dtype("arange", dtype) if dtype is not None else np.dtype(np.int64) if whole else get_default_dtype()
    count = -((start - end) // step) if whole else math.ceil((end - start) / step)
    values = start + np.arange(count, dtype=np.int64 if whole else np.float64) * step
    return _finished(values.astype(kind), device, requires_grad)


def linspace(
    start: Any, end: Any, steps: int, *,
    dtype: Any = None, device: str | None = None, requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """`steps` numbers at equal distances, from start to end, both included.

    >>> linspace(0, 1, 3).tolist()
    [0.0, 0.5, 1.0]
    """
    count = as_int("linspace", "steps", steps)
    if count < 0:
        raise ArgumentError(f"linspace: steps is {count}; must not be negative")
    kind = get_default_dtype() if dtype is None else as_dtype("linspace", dtype)
    return _finished(np.linspace(float(start), float(end), count).astype(kind), device, requires_grad)


def logspace(
    start: Any, end: Any, steps: int, base: float = 10.0, *,
    dtype: Any = None, device: str | None = None, requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """`steps` numbers at equal ratios, from base^start to base^end, both included.

    >>> logspace(0, 2, 3).tolist()
    [1.0, 10.0, 100.0]
    """
    count = as_int("logspace", "steps", steps)
    if count < 0:
        raise ArgumentError(f"logspace: steps is {count}; must not be negative")
    kind = get_default_dtype() if dtype is None else as_dtype("logspace", dtype)
    values = np.power(float(base), np.linspace(float(start), float(end), count))
    return _finished(values.astype(kind), device, requires_grad)


def eye(
    n: int, m: int | None = None, *, dtype: Any = None, device: str | None = None, requires_grad: bool = False
) -> Tensor:
    """Ones on the diagonal, zeros elsewhere: (n, m), m = n.

    >>> eye(2).tolist()
    [[1.0, 0.0], [0.0, 1.0]]
    """
    rows, columns = _size("eye", (n, n if m is None else m))
    kind = get_default_dtype() if dtype is None else as_dtype("eye", dtype)
    return _finished(np.eye(rows, columns, dtype=kind), device, requires_grad)


slots.ones_like = ones_like
slots.zeros = _zeros
