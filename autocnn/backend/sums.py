"""Sums over leading axes, in stages.

NumPy adds pairwise along the axis that is contiguous in memory, but one row after the other along all others: over
100,000 rows of single precision the error grows to 1e-5. Adding up rows in blocks, and then the blocks, costs the
same and keeps it at 1e-6 and below.
"""

from __future__ import annotations

from math import prod
from typing import Any

from autocnn.types import Array, Namespace, Shape

_BLOCK = 256
_FEW = 1024


def total(xp: Namespace, x: Array, axes: Shape, keepdims: bool = False) -> Array:
    """The sum of floats over axes, in their own dtype.

    >>> import numpy as np
    >>> total(np, np.ones((3, 2), np.float32), (0,)).tolist()
    [3.0, 3.0]
    """
    if _is_easy(x, axes):
        return x.sum(axis=axes, keepdims=keepdims, dtype=x.dtype)
    kept = tuple([n for i, n in enumerate(x.shape) if i not in axes])
    for axis in axes:
        x = _along(xp, x, axis)
    return x if keepdims else x.reshape(kept)


def _is_easy(x: Array, axes: Shape) -> bool:
    """Whether few numbers are added, or NumPy adds them pairwise: along the axis of the smallest step."""
    if x.size <= _FEW or x.dtype.itemsize == 8 or prod([x.shape[i] for i in axes]) <= 2 * _BLOCK:
        return True
    steps = [(abs(step), i) for i, (step, n) in enumerate(zip(x.strides, x.shape, strict=True)) if n > 1]
    return min(steps)[1] in axes


def _along(xp: Namespace, x: Array, axis: int) -> Array:
    n = x.shape[axis]
    whole = n - n % _BLOCK
    if n <= 2 * _BLOCK:
        return xp.sum(x, axis=axis, keepdims=True, dtype=x.dtype)
    before = (slice(None),) * axis
    head, tail = x[(*before, slice(None, whole))], x[(*before, slice(whole, None))]
    blocks = head.reshape((*x.shape[:axis], whole // _BLOCK, _BLOCK, *x.shape[axis + 1 :]))
    parts: list[Any] = [_along(xp, xp.sum(blocks, axis=axis + 1, dtype=x.dtype), axis)]
    if whole < n:
        parts.append(xp.sum(tail, axis=axis, keepdims=True, dtype=x.dtype))
    return parts[0] if len(parts) == 1 else parts[0] + parts[1]
