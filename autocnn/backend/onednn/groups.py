"""Standardisation over any axes, as group norm wants it of images whose channels come last: pass by pass.

Each pass takes all threads; where the axes are the last ones, the library's own layer norm takes fewer.
"""

from __future__ import annotations

from math import prod

import numpy as np

from autocnn.backend.onednn import broadcast, elementwise, normalization, sums
from autocnn.backend.onednn.memory import FLOAT
from autocnn.types import Array, Shape


def standardize(x: Array, *, axes: Shape, eps: float) -> tuple[Array, tuple[Array, Array]] | None:
    """x to mean 0 and variance 1 over axes -> z, (mean, invstd) with those axes kept.

    None where oneDNN does not serve, or is no quicker.
    """
    return _standardized(x, axes, eps) or normalization.standardize(x, axes=axes, eps=eps)


def standardize_backward(g: Array, x: Array, mean: Array, invstd: Array, *, axes: Shape) -> Array | None:
    """Cotangent of :func:`standardize`; None where oneDNN does not serve, or is no quicker."""
    made = _cotangent(g, x, mean, invstd, axes)
    return normalization.standardize_backward(g, x, mean, invstd, axes=axes) if made is None else made


def _standardized(x: Array, axes: Shape, eps: float) -> tuple[Array, tuple[Array, Array]] | None:
    if x.flags.c_contiguous:
        return None
    mean = _mean(x, axes)
    z = None if mean is None else broadcast.binary("sub", x, mean)
    squares = None if z is None else elementwise.binary("mul", z, z)
    spread = None if squares is None else _mean(squares, axes)
    if z is None or mean is None or spread is None:
        return None
    spread += np.float32(eps)
    invstd = np.divide(np.float32(1), np.sqrt(spread, out=spread), out=spread)
    scaled = broadcast.binary("mul", z, invstd, out=z)
    return None if scaled is None else (scaled, (mean, invstd))


def _cotangent(g: Array, x: Array, mean: Array, invstd: Array, axes: Shape) -> Array | None:
    """gx = g invstd - c invstd^3 mean(g c) - invstd mean(g),  c = x - mean."""
    if x.flags.c_contiguous or g.dtype != FLOAT:
        return None
    centred = broadcast.binary("sub", x, mean)
    product = None if centred is None else elementwise.binary("mul", centred, g)
    along = None if product is None else _mean(product, axes)
    level = None if along is None else _mean(g, axes)
    if centred is None or product is None or along is None or level is None:
        return None
    along *= invstd
    along *= invstd
    if broadcast.binary("mul", centred, along, out=centred) is None:
        return None
    made = elementwise.binary("sub", g, centred, out=product)
    made = None if made is None else broadcast.binary("sub", made, level, out=product)
    return None if made is None else broadcast.binary("mul", made, invstd, out=product)


def _mean(x: Array, axes: Shape) -> Array | None:
    total = sums.total(x, axes, keepdims=True)
    if total is not None:
        total /= np.float32(prod(x.shape[i] for i in axes))
    return total
