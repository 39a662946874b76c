"""x where it is above 0, a slope of its channel times x elsewhere."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from autocnn.backend.onednn import header
from autocnn.backend.onednn.execute import Plan, attributes, described, plan
from autocnn.backend.onednn.memory import describe, describe_channels_last, empty_last, fits, logical
from autocnn.backend.onednn.reorder import channels_last
from autocnn.types import Array, Shape

FEW = 1 << 14
"""Elements below which NumPy is done before the library has been called."""


def applies(x: Array, slopes: Array) -> bool:
    """Whether oneDNN may take images and slopes () or (C, 1, ...): many float32, slopes that are finite.

    A slope that is not would also reach what lies above 0.

    >>> x = np.ones((8, 4, 32, 32), np.float32)
    >>> applies(x, np.ones((4, 1, 1), np.float32)), applies(x, np.full((), np.inf, np.float32))
    (True, False)
    """
    if x.size < FEW or not 3 <= x.ndim <= 5 or not fits(x, slopes):
        return False
    fit = slopes.ndim == 0 or slopes.shape == (x.shape[1], *(1,) * (x.ndim - 2))
    return fit and bool(np.isfinite(slopes).all())


def prelu(x: Array, slopes: Array) -> Array | None:
    """x (N, C, *spatial) above 0, times slopes () or (C, 1, ...) below; None where oneDNN does not serve."""
    if not applies(x, slopes):
        return None
    ready = plan(("prelu", x.shape), _forward, x.shape)
    if ready is None:
        return None
    z = empty_last(x.shape)
    ready(channels_last(x), np.ascontiguousarray(np.broadcast_to(slopes.reshape(-1), x.shape[1])), z)
    return logical(z)


def _forward(shape: Shape) -> Plan:
    data = describe_channels_last(shape)
    row: Sequence[int] = (1, shape[1], *(1,) * (len(shape) - 2))
    slopes = describe(row)
    made = described("prelu_forward", header.TRAINING, data, slopes, data, attributes())
    return Plan(made, [(header.SRC, data), (header.WEIGHTS, slopes), (header.DST, data)])
