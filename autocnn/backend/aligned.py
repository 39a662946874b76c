"""New arrays to fill, of which large ones begin at a chosen place in a line of the processor's cache.

A vector register holds a line. Read from anywhere but its beginning it takes two of them, and kernels that do
little but read and write, as a depthwise convolution does, take half as long again. NumPy's own arrays begin at
any multiple of 16 bytes, as it happens.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Sequence
from functools import partial
from math import prod
from typing import Any

import numpy as np

from autocnn.types import Array, DType

LINE = 64
"""Bytes of a line."""

LARGE = 1 << 18
"""Bytes from which an array is placed: below, that would take as long as it saves."""

_FLOAT, _BYTE = np.dtype(np.float32), np.dtype(np.uint8)
_at: Any = ctypes.addressof
_first: Any = ctypes.c_char.from_buffer


def empty(shape: Sequence[int], dtype: Any = _FLOAT, past: int = 0) -> Array:
    """An array in C order, not filled; a large one begins so many bytes past a line.

    >>> z, y = empty((1000, 1000)), empty((1000, 1000), past=16)
    >>> z.shape, z.ctypes.data % LINE, y.ctypes.data % LINE
    ((1000, 1000), 0, 16)
    """
    return maker(shape, np.dtype(dtype), past)()


def maker(shape: Sequence[int], dtype: DType = _FLOAT, past: int = 0) -> Callable[[], Array]:
    """What makes such arrays, for those who make many of one shape.

    >>> maker((2, 3))().shape
    (2, 3)
    """
    size = prod(shape) * dtype.itemsize
    if size < LARGE:
        return partial(np.empty, shape, dtype)

    def placed() -> Array:
        room = np.empty(size + LINE, _BYTE)
        return np.ndarray(shape, dtype, room, (past - _at(_first(room))) % LINE)

    return placed


def is_whole(part: Array, memory: Array) -> bool:
    """Whether an array fills the memory that it lies in, but for the room to place it.

    >>> z = empty((1000, 1000))
    >>> is_whole(z, z.base), is_whole(z[:500], z.base)
    (True, False)
    """
    room: int = memory.nbytes - part.nbytes
    return 0 <= room <= LINE
