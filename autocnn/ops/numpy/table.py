"""The table of NumPy's functions that work on Tensors, and how a call finds its entry.

Dtypes follow NumPy's rule, not PyTorch's: 0-d arrays count like others, float32 with int64 is float64, and
functions of integers give float64. Python numbers are weak in both.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import numpy as np

from autocnn.backend.arrays import is_array, to_numpy
from autocnn.engine import Tensor
from autocnn.errors import OperandError, OutOfRangeError
from autocnn.ops.axes import many_axes
from autocnn.ops.elementwise import cast
from autocnn.types import DType

F = TypeVar("F", bound=Callable[..., Any])

FUNCTIONS: dict[Callable[..., Any], Callable[..., Any]] = {}
"""What does the work of each of NumPy's functions."""

_NUMBERS = (bool, int, float)


def stands_for(*functions: Callable[..., Any]) -> Callable[[F], F]:
    """Enter a function into the table in the place of NumPy's."""

    def enter(ours: F) -> F:
        for function in functions:
            FUNCTIONS[function] = ours
        return ours

    return enter


def call(function: Callable[..., Any], args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
    """Run one of NumPy's functions on Tensors, traced.

    Raises OperandError for a function, or an argument of it, that does not work on tensors.
    """
    ours = FUNCTIONS.get(function)
    name = name_of(function)
    if ours is None:
        raise OperandError(f"{name}: does not work on tensors; use np.asarray(x.detach()) for their bare values")
    known = inspect.signature(ours).parameters
    given = {key: value for key, value in kwargs.items() if value is not np._NoValue}
    if not any(p.kind is p.VAR_KEYWORD for p in known.values()):
        refuse(name, {key: value for key, value in given.items() if key not in known or key == "out"})
        given = {key: value for key, value in given.items() if key in known}
        by_place = [key for key, p in known.items() if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
        if "out" in by_place[: len(args)]:
            refuse(name, {"out": args[by_place.index("out")]})
    return ours(*args, **given)


def refuse(name: str, arguments: dict[str, Any]) -> None:
    """Raise OperandError for arguments that have no meaning on tensors; `None` means that none was given."""
    for key, value in arguments.items():
        if value is None or (key == "where" and value is True) or key in ("order", "subok", "copy"):
            continue
        if key == "out":
            raise OperandError(f"{name}: out is given; a traced result cannot go there. Assign what is returned")
        raise OperandError(f"{name}: {key} is {value!r}; does not work on tensors")


def name_of(function: Callable[..., Any]) -> str:
    """A function's name as users write it.

    >>> name_of(np.linalg.norm), name_of(np.add)
    ('numpy.linalg.norm', 'numpy.add')
    """
    return f"{getattr(function, '__module__', None) or 'numpy'}.{function.__name__}"


# Operands --------------------------------------------------------------------------------------------------------


def tensor_of(x: Any) -> Tensor:
    """An operand as a Tensor, with NumPy's dtypes: lists of floats are float64."""
    if isinstance(x, Tensor):
        return x
    if isinstance(x, (list, tuple)) and any(isinstance(part, Tensor) for part in x):
        return FUNCTIONS[np.stack](x)
    return Tensor(x if is_array(x) else np.asarray(x))


def bare(x: Any) -> Any:
    """The values of a Tensor, or of those in a list or tuple, as NumPy arrays; anything else as it is."""
    if isinstance(x, Tensor):
        return to_numpy(x.array)
    return type(x)(map(bare, x)) if type(x) in (list, tuple) else x


def operand(x: Any) -> Any:
    """An operand: a Python number as it is, everything else as a Tensor."""
    return x if type(x) in _NUMBERS else tensor_of(x)


def common(*operands: Any) -> list[Tensor]:
    """Operands in the dtype that NumPy promotes them to, as Tensors."""
    xs = [operand(x) for x in operands]
    dtype = np.result_type(*[x.dtype if isinstance(x, Tensor) else x for x in xs])
    return [in_dtype(x, dtype) for x in xs]


def in_dtype(x: Any, dtype: Any) -> Tensor:
    """x as a Tensor of this dtype; None leaves it as it is."""
    if not isinstance(x, Tensor):
        return Tensor(np.asarray(x, dtype))
    return x if dtype is None else cast(x, np.dtype(dtype))


def inexact(x: Tensor) -> Tensor:
    """x as a floating point tensor: integers and bools as float64, as NumPy's functions take them."""
    return x if x.dtype.kind == "f" else cast(x, np.dtype(np.float64))


def axes_tuple(axis: Any, ndim: int) -> tuple[int, ...]:
    """NumPy's axis argument as a tuple; all axes for None."""
    if axis is None:
        return tuple(range(ndim))
    return tuple(axis) if isinstance(axis, (tuple, list)) else (int(axis),)


def real_axes(op: str, axis: Any, ndim: int) -> tuple[int, ...]:
    """NumPy's axis argument, checked: a 0-d array has no axis, not even 0."""
    axes = axes_tuple(axis, ndim)
    if axes and not ndim:
        raise OutOfRangeError(f"{op}: axis is {axis}; a 0-d tensor has no axes")
    return many_axes(op, axes, ndim, "axis")


def dtype_of(x: Any) -> DType | type:
    """What decides about promotion: a tensor's dtype, a Python number's type."""
    if isinstance(x, Tensor):
        return x.dtype
    return np.dtype(bool) if type(x) is bool else type(x)
