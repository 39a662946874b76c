"""Copies of arrays from one memory layout into another."""

from __future__ import annotations

from autocnn.backend.copies import Copies
from autocnn.backend.onednn import execute, memory
from autocnn.backend.onednn.memory import (
    describe,
    describe_channels_last,
    empty_last,
    fits,
    is_channels_last,
    steps_of,
)
from autocnn.types import Array, Shape

FEW = 1 << 14
"""Elements below which NumPy is done before the library has been called."""


def applies(x: Array) -> bool:
    """Whether oneDNN may copy x into another layout: large, float32, dense in some order, images or volumes.

    >>> import numpy as np
    >>> applies(np.ones((8, 3, 32, 32), np.float32)), applies(np.ones((1, 3, 4, 4), np.float32))
    (True, False)
    """
    return x.size >= FEW and 3 <= x.ndim <= 5 and fits(x) and steps_of(x) is not None


def channels_last(x: Array) -> Array:
    """x (N, C, *spatial) as a C-contiguous (N, *spatial, C): the same memory where it lies so, else a copy.

    >>> import numpy as np
    >>> channels_last(np.ones((1, 2, 3), np.float32)).shape
    (1, 3, 2)
    """
    last = memory.channels_last
    if x.size < FEW or is_channels_last(x) or not applies(x):
        return last(x)
    steps = steps_of(x)
    ready = execute.plan(("reorder", x.shape, steps), _make, x.shape, steps)
    if ready is None:
        return last(x)
    z = empty_last(x.shape)
    Copies.number += 1
    ready(x, z)
    return z


def _make(shape: Shape, steps: Shape) -> execute.Plan:
    return execute.reorder(describe(shape, steps), describe_channels_last(shape))
