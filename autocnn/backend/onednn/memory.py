"""Arrays as oneDNN sees them: which it can take in place, their descriptions, and results to fill.

Activations are channels-last in memory, described as they lie; everything else is made so first.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Sequence
from functools import cache, partial
from math import prod
from typing import Any

import numpy as np

from autocnn.backend.aligned import maker
from autocnn.backend.onednn import header
from autocnn.backend.onednn.library import Unserved, serving
from autocnn.types import Array, Shape

FLOAT = np.dtype(np.float32)
_NUMBERS = {FLOAT: header.FLOAT, np.dtype(np.uint8): header.BYTE, np.dtype(np.int32): header.INT}
TO_LAST = {2: (0, 1), 3: (0, 2, 1), 4: (0, 2, 3, 1), 5: (0, 2, 3, 4, 1)}
_TO_FIRST = {2: (0, 1), 3: (0, 2, 1), 4: (0, 3, 1, 2), 5: (0, 4, 1, 2, 3)}
_at, _byte = ctypes.addressof, ctypes.c_char.from_buffer
MOST = 2**31 - 1
"""The library counts in 32 bits in places: more elements than this it does not get."""


class Handle:
    """An object of the library, destroyed with this one; ctypes takes it for its pointer."""

    __slots__ = ("_as_parameter_", "_destroy")

    def __init__(self, pointer: ctypes.c_void_p, destroy: Any) -> None:
        self._as_parameter_ = pointer
        self._destroy = destroy

    def __del__(self) -> None:
        self._destroy(self._as_parameter_)


def create(function: str, *arguments: Any) -> Handle:
    """Have the library make an object: by its function's name without prefix, with what follows the result.

    Raises Unserved where it declines.
    """
    library = serving()
    if library is None:
        raise Unserved("oneDNN is not there")
    made = ctypes.c_void_p()
    status = getattr(library.calls, f"dnnl_{function}")(ctypes.byref(made), *arguments)
    if status:
        raise Unserved(f"{function}: {header.STATUS.get(status, status)}")
    kind = function.partition("_create")[0]
    kind = "primitive_desc" if kind.endswith("primitive_desc") else kind
    return Handle(made, getattr(library.quick, f"dnnl_{kind}_destroy"))


def check(status: int, what: str) -> None:
    """Raise Unserved unless a call went well."""
    if status:
        raise Unserved(f"{what}: {header.STATUS.get(status, status)}")


def dims(sizes: Sequence[int]) -> Any:
    """Integers as the library reads them."""
    return row_of(ctypes.c_int64, len(sizes))(*sizes)


@cache
def row_of(kind: Any, count: int) -> Any:
    """The type of so many of a kind in a row, kept: ctypes would make a new one each time, a reference cycle."""
    return kind * count


def address(x: Array) -> int:
    """Where an array's memory begins, the quick way for one that is channels-last, in C or Fortran order."""
    flags = x.flags
    if flags.writeable:
        if flags.forc:
            return _at(_byte(x if flags.c_contiguous else x.T))
        if x.ndim in TO_LAST and (last := x.transpose(TO_LAST[x.ndim])).flags.c_contiguous:
            return _at(_byte(last))
    return int(x.__array_interface__["data"][0])


def describe(shape: Sequence[int], strides: Sequence[int] | None = None, number: int = header.FLOAT) -> Handle:
    """A description of memory by shape and strides in elements; rows behind one another where none are given."""
    steps = dense(shape) if strides is None else strides
    return create("memory_desc_create_with_strides", len(shape), dims(shape), number, dims(steps))


def describe_any(shape: Sequence[int], number: int = header.FLOAT) -> Handle:
    """A description that leaves the layout to the library."""
    return create("memory_desc_create_with_tag", len(shape), dims(shape), number, header.ANY)


def describe_channels_last(shape: Sequence[int], number: int = header.FLOAT) -> Handle:
    """A description of a logical (N, C, *spatial) whose channels come last in memory."""
    n, c, *space = shape
    steps = dense((n, *space, c))
    return describe(shape, (steps[0], steps[-1], *steps[1:-1]), number)


def dense(shape: Sequence[int]) -> Shape:
    """Strides of C order, in elements.

    >>> dense((2, 3, 4))
    (12, 4, 1)
    """
    return tuple(prod(shape[i + 1 :]) for i in range(len(shape)))


def fits(*arrays: Array | None) -> bool:
    """Whether all are plain NumPy arrays of aligned 32-bit floats, neither empty nor huge; None is passed over.

    >>> fits(np.ones(3, np.float32)), fits(np.ones(3)), fits(np.ones(0, np.float32))
    (True, False, False)
    """
    for x in arrays:
        if x is None:
            continue
        if type(x) is not np.ndarray or x.dtype != FLOAT or not 0 < x.size <= MOST or not x.flags.aligned:
            return False
    return True


def logical(x: Array) -> Array:
    """The (N, C, *spatial) view of an (N, *spatial, C) array."""
    return x.transpose(_TO_FIRST[x.ndim])


def empty_last(shape: Sequence[int], dtype: Any = FLOAT, past: int | None = None) -> Array:
    """A result to fill: logically (N, C, *spatial) of this shape, returned as its (N, *spatial, C) memory.

    Where it matters, `past` is how far past a line of the cache a large one begins, in bytes.
    """
    return maker_last(shape, dtype, past)()


def maker_last(shape: Sequence[int], dtype: Any = FLOAT, past: int | None = None) -> Callable[[], Array]:
    """What makes such results, for a plan to keep: to settle shape and size takes longer than to make one."""
    n, c, *space = shape
    inner = (n, *space, c)
    return partial(np.empty, inner, dtype) if past is None else maker(inner, dtype, past)


def is_dense(x: Array) -> bool:
    """Whether an array fills the memory between its ends, in some order of its axes; quick for the usual orders.

    >>> x = np.ones((4, 4, 2), np.float32)
    >>> is_dense(x), is_dense(x.transpose(0, 2, 1)), is_dense(x[::2])
    (True, True, False)
    """
    if x.flags.forc or (x.ndim in TO_LAST and x.transpose(TO_LAST[x.ndim]).flags.c_contiguous):
        return True
    return steps_of(x) is not None


def steps_of(x: Array) -> Shape | None:
    """Strides in elements if the library can take the array as it lies: dense in some order of its axes.

    >>> steps_of(np.ones((2, 3), np.float32).T), steps_of(np.ones((4, 4), np.float32)[::2])
    ((1, 3), None)
    """
    size = x.dtype.itemsize
    expected = size
    for step, n in sorted(zip(x.strides, x.shape, strict=True)):
        if n == 1:
            continue
        if step != expected:
            return None
        expected *= n
    return tuple([step // size if n > 1 else 1 for step, n in zip(x.strides, x.shape, strict=True)])


def number_of(dtype: Any) -> int:
    """The library's number of an element type."""
    return _NUMBERS[np.dtype(dtype)]
