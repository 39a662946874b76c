"""Images of another size: weighted sums of slices, one axis after the other, and the adjoint."""

from __future__ import annotations

import numpy as np

from autocnn.backend.kernels.taps import Taps, Way, taps, transposed
from autocnn.types import Array, Namespace, Shape

_BLOCK = 1 << 17
"""Elements that stay in the cache while they are added up."""


def resize(
    xp: Namespace, x: Array, *, axes: Shape, lengths: Shape, mode: str, steps: tuple[float, ...], corners: bool,
    smooth: bool,
) -> Array:  # fmt: skip
    """x with other lengths on some axes, in the layout of x.

    >>> import numpy as np
    >>> how = {"mode": "nearest", "steps": (0.0,), "corners": False, "smooth": False}
    >>> resize(np, np.array([1.0, 2.0]), axes=(0,), lengths=(4,), **how).tolist()
    [1.0, 1.0, 2.0, 2.0]
    """
    for axis, length, step in zip(axes, lengths, steps, strict=True):
        way = Way(mode, step, corners, smooth, x.dtype == "float64")
        x = _mixed(xp, x, axis, length, taps(x.shape[axis], length, way))
    return x


def unresize(
    xp: Namespace, g: Array, *, axes: Shape, lengths: Shape, mode: str, steps: tuple[float, ...], corners: bool,
    smooth: bool,
) -> Array:  # fmt: skip
    """Each cotangent added to what its element was made of, in axes of these lengths.

    >>> import numpy as np
    >>> how = {"mode": "nearest", "steps": (0.0,), "corners": False, "smooth": False}
    >>> unresize(np, np.array([1.0, 2.0, 3.0, 4.0]), axes=(0,), lengths=(2,), **how).tolist()
    [3.0, 7.0]
    """
    for axis, length, step in zip(axes[::-1], lengths[::-1], steps[::-1], strict=True):
        way = Way(mode, step, corners, smooth, g.dtype == "float64")
        g = _mixed(xp, g, axis, length, transposed(length, g.shape[axis], way))
    return g


def _mixed(xp: Namespace, x: Array, axis: int, length: int, parts: Taps) -> Array:
    """Weighted sums of the slices along an axis, in the layout of x: in blocks of memory."""
    order = sorted(range(x.ndim), key=lambda i: -abs(x.strides[i]))
    rows, place = x.transpose(order), order.index(axis)
    z = xp.empty((*rows.shape[:place], length, *rows.shape[place + 1 :]), x.dtype)
    step = max(_BLOCK * rows.shape[0] // max(z.size, 1), 1) if place and isinstance(x, np.ndarray) else len(rows)
    for start in range(0, rows.shape[0], step):
        block = slice(start, start + step) if place else slice(None)
        _mix(xp, rows[block], z[block], place, parts)
    return z.transpose(sorted(range(x.ndim), key=order.__getitem__))


def _mix(xp: Namespace, x: Array, z: Array, axis: int, parts: Taps) -> None:
    """Fill z with the weighted sums of slices of x."""
    behind = (1,) * (x.ndim - axis - 1)
    for turn, (places, sources, weights) in enumerate(parts):
        part = xp.take(x, xp.asarray(sources), axis=axis)
        whole = len(places) == z.shape[axis]
        if any(w != 1.0 for w in weights):
            shares = xp.asarray(weights, dtype=x.dtype).reshape(-1, *behind)
            part = xp.multiply(part, shares, out=part if turn or not whole else z)
        if part is z:
            continue
        if not turn:
            z[...] = part if whole else 0
        if turn or not whole:
            _add(xp, z, part, axis, places)


def _add(xp: Namespace, z: Array, part: Array, axis: int, places: tuple[int, ...]) -> None:
    """Add to some slices of z; in place where they follow one another at a fixed distance."""
    before, step = (slice(None),) * axis, places[1] - places[0] if len(places) > 1 else 1
    row = range(places[0], places[-1] + 1, step)
    if tuple(row) == places:
        rows = z[(*before, slice(row.start, row.stop, step))]
        rows += part
    else:
        z[(*before, xp.asarray(places))] += part
