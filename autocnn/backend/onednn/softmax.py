"""Softmax and its logarithm along one axis, with their derivatives.

Of a row that holds a NaN or +infinity the library makes NaN in that place alone, and 0 beside it; from a NaN of
the logarithm its derivative makes infinity. Such arrays, known from their largest element, are left to NumPy.
"""

from __future__ import annotations

import numpy as np

from autocnn.backend.onednn import header
from autocnn.backend.onednn.elementwise import below
from autocnn.backend.onednn.execute import Plan, attributes, described, plan
from autocnn.backend.onednn.memory import describe, fits, steps_of
from autocnn.types import Array

_KINDS = {False: header.SOFTMAX, True: header.LOG_SOFTMAX}


SHORT = 16
"""Places along an axis up to which NumPy is quicker to find the logarithm, many rows at once."""


def applies(x: Array, axis: int) -> bool:
    """Whether oneDNN may take x: float32, not empty, dense, and the axis is the one that is contiguous in memory.

    >>> applies(np.ones((2, 3), np.float32), 1), applies(np.ones((2, 3), np.float32), 0)
    (True, False)
    """
    if x.ndim == 0 or not fits(x):
        return False
    steps = steps_of(x)
    return steps is not None and steps[axis] == 1 and x.shape[axis] > 1


def softmax(x: Array, *, axis: int) -> Array | None:
    """e ** x over its sum along an axis; None where oneDNN does not serve."""
    return _run(x, axis, log=False)


def log_softmax(x: Array, *, axis: int) -> Array | None:
    """The logarithm of softmax(x), without overflow; None where oneDNN does not serve, or NumPy is quicker."""
    return _run(x, axis, log=True) if x.ndim and x.shape[axis] > SHORT else None


def softmax_backward(g: Array, z: Array, *, axis: int) -> Array | None:
    """The cotangent of x from that of z = softmax(x); None where oneDNN does not serve."""
    return _run_backward(g, z, axis, log=False)


def log_softmax_backward(g: Array, z: Array, *, axis: int) -> Array | None:
    """The cotangent of x from that of z = log_softmax(x); None where oneDNN does not serve."""
    return _run_backward(g, z, axis, log=True)


def _run(x: Array, axis: int, log: bool) -> Array | None:
    if not applies(x, axis) or not below(x):
        return None
    rows = (x.size // x.shape[axis], x.shape[axis])
    ready = plan(("softmax", rows, log), _forward, rows, log)
    if ready is None:
        return None
    z = np.empty_like(x)
    ready(x, z)
    return z


def _run_backward(g: Array, z: Array, axis: int, log: bool) -> Array | None:
    if not applies(z, axis) or not applies(g, axis) or g.strides != z.strides or g.shape != z.shape:
        return None
    if log and not below(z):
        return None
    rows = (z.size // z.shape[axis], z.shape[axis])
    ready = plan(("softmax_backward", rows, log), _backward, rows, log)
    if ready is None:
        return None
    gx = np.empty_like(z)
    ready(g, z, gx)
    return gx


def _forward(rows: tuple[int, int], log: bool) -> Plan:
    data = describe(rows)
    made = described("softmax_forward", header.TRAINING, _KINDS[log], data, data, 1, attributes())
    return Plan(made, [(header.SRC, data), (header.DST, data)])


def _backward(rows: tuple[int, int], log: bool) -> Plan:
    data = describe(rows)
    hint = described("softmax_forward", header.TRAINING, _KINDS[log], data, data, 1, attributes())
    made = described("softmax_backward", _KINDS[log], data, data, data, 1, hint, attributes())
    return Plan(made, [(header.DST_GRADIENT, data), (header.DST, data), (header.SRC_GRADIENT, data)])
