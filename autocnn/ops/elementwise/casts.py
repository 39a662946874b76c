"""Element types and devices: casts, moves, copies."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from autocnn.backend.arrays import as_device, namespace, to_device
from autocnn.engine import Tensor, as_tensor, method, primitive, promote, result_type, slots
from autocnn.errors import DTypeError
from autocnn.ops.dtypes import TYPES, as_dtype
from autocnn.ops.shape.views import clone, contiguous
from autocnn.types import DType

quiet = np.errstate(all="ignore")
"""Decorator of forwards for which infinities and NaN are ordinary values: no warning, as in PyTorch."""

# sums and products are spared the cost of that decorator: what they overflow to is quiet by this filter
warnings.filterwarnings("ignore", category=RuntimeWarning, module=r"autocnn\.")


@primitive()
@quiet
def _cast(xp: Any, x: Any, *, dtype: str) -> Any:
    return x.astype(dtype)


_cast.vjp(lambda g, z, x, dtype: _cast(g, dtype=str(x.dtype)))


def cast(x: Any, dtype: DType) -> Tensor:
    """x in another dtype; itself where it has it already."""
    x = as_tensor(x)
    return x if x.dtype == dtype else _cast(x, dtype=str(np.dtype(dtype)))


def floating(x: Any) -> Tensor:
    """x as a floating point tensor: integers and bools in the default dtype, as PyTorch's functions take them."""
    x = as_tensor(x)
    return x if x.dtype.kind == "f" else cast(x, result_type(x, 1.0))


def floats(x: Any, y: Any) -> tuple[Any, Any]:
    """Two operands of a floating point function: integers and bools, where there is nothing else, as floats."""
    dtype = result_type(*[v if type(v) in (int, float, bool) else as_tensor(v) for v in (x, y)])
    return (x, y) if dtype.kind == "f" else (floating(x), floating(y))


def tensors(x: Any, y: Any) -> tuple[Any, Any]:
    """Promoted operands, Python numbers as 0-d tensors: for rules that take a function of one operand alone."""
    x, y = promote(x, y)
    if not isinstance(x, Tensor):
        return Tensor(namespace(y._array).asarray(x, dtype=y.dtype)), y
    return x, y if isinstance(y, Tensor) else Tensor(namespace(x._array).asarray(y, dtype=x.dtype))


@primitive()
def _to_device(xp: Any, x: Any, *, device: str) -> Any:
    return to_device(x, device)


_to_device.vjp(lambda g, z, x, device: _to_device(g, device=str(x.device)))


@method("to")
def to(
    input: Tensor,
    *target: Any,
    dtype: Any = None,
    device: str | None = None,
    non_blocking: bool = False,
    copy: bool = False,
    memory_format: Any = None,
) -> Tensor:
    """input in another dtype, on another device, or both as another tensor has them; itself where nothing changes.

    `memory_format` is as in :func:`contiguous`. Raises DTypeError or DeviceError for a name that is neither.

    >>> to(Tensor([1.7]), "int64").tolist()
    [1]
    """
    for goal in target:
        if isinstance(goal, Tensor):
            dtype, device = goal.dtype, goal.device
        elif isinstance(goal, str) and not _names_dtype(goal):
            device = goal
        elif not isinstance(goal, bool):
            dtype = goal
    result = input if dtype is None else cast(input, as_dtype("to", dtype))
    if device is not None and as_device(device) != result.device:
        result = _to_device(result, device=str(as_device(device)))
    if memory_format not in (None, "preserve_format"):
        result = contiguous(result, memory_format)
    return clone(input) if copy and result is input else result


def _names_dtype(name: str) -> bool:
    try:
        as_dtype("to", name)
    except DTypeError:
        return False
    return True


@method("type")
def type_(input: Tensor, dtype: Any = None, non_blocking: bool = False) -> Any:
    """input in another dtype; without one, the name that PyTorch has for its type.

    >>> type_(Tensor([1.0])), type_(Tensor([1.0]), "int64").dtype
    ('torch.FloatTensor', dtype('int64'))
    """
    if dtype is not None:
        return cast(input, as_dtype("to", dtype))
    name = next(name for name, kind in TYPES.items() if kind == input.dtype)
    return f"torch.cuda.{name}" if input.device.type == "cuda" else f"torch.{name}"


@method("type_as")
def type_as(input: Tensor, other: Tensor) -> Tensor:
    """input in the dtype and on the device of another tensor.

    >>> type_as(Tensor([1]), Tensor([1.0])).dtype
    dtype('float32')
    """
    return to(input, other)


def _caster(name: str, dtype: str) -> Any:
    def convert(x: Tensor, memory_format: Any = None) -> Tensor:
        return cast(x, np.dtype(dtype))

    convert.__name__ = convert.__qualname__ = name
    convert.__doc__ = f"x as {dtype}."
    return method(name)(convert)


for _name, _dtype in (
    ("float", "float32"), ("double", "float64"), ("half", "float16"), ("int", "int32"), ("long", "int64"),
    ("short", "int16"), ("char", "int8"), ("byte", "uint8"), ("bool", "bool"),
):  # fmt: skip
    _caster(_name, _dtype)

slots.cast = cast
