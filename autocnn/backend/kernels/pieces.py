"""Long arrays in pieces that stay in a processor's cache, for kernels of many passes."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import numpy as np

from autocnn.backend.onednn.memory import is_dense
from autocnn.types import Array, Namespace

PIECE = 1 << 16
"""Elements of a piece: it and what is made of it on the way fit in a cache of the second level."""


def in_pieces(kernel: Callable[..., Array]) -> Callable[..., Array]:
    """A kernel of single elements that goes through large NumPy arrays piece by piece.

    >>> doubled = in_pieces(lambda xp, x: x + x)
    >>> int(doubled(np, np.ones((3, PIECE))).sum()) == 6 * PIECE
    True
    """

    @wraps(kernel)
    def run(xp: Namespace, *arrays: Array, **params: Any) -> Array:
        x = arrays[-1]
        if xp is not np or x.size < 2 * PIECE or not is_dense(x) or any(a.strides != x.strides for a in arrays):
            return kernel(xp, *arrays, **params)
        z = xp.empty_like(x)
        whole, parts = z.ravel("K"), [a.ravel("K") for a in arrays]
        for i in range(0, x.size, PIECE):
            whole[i : i + PIECE] = kernel(xp, *[a[i : i + PIECE] for a in parts], **params)
        return z

    return run
