"""Copies of arrays from one memory layout into another."""

from __future__ import annotations

import numpy as np

from autocnn.backend.copies import Copies
from autocnn.backend.onednn.execute import Plan, plan, reorder
from autocnn.backend.onednn.memory import TO_LAST, describe, describe_channels_last, empty_last, fits, steps_of
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
    seen = x.transpose(TO_LAST[x.ndim])
    if seen.flags.c_contiguous:
        return seen
    Copies.number += 1
    steps = steps_of(x) if applies(x) else None
    ready = plan(("reorder", x.shape, steps), _make, x.shape, steps) if steps is not None else None
    if ready is None:
        return np.ascontiguousarray(seen)
    z = empty_last(x.shape, past=0)
    ready(x, z)
    return z


def _make(shape: Shape, steps: Shape) -> Plan:
    return reorder(describe(shape, steps), describe_channels_last(shape))
