"""Copies of arrays from one memory layout into another, and side by side into one array."""

from __future__ import annotations

import numpy as np

from autocnn.backend.copies import Copies
from autocnn.backend.onednn.execute import Plan, plan, reorder
from autocnn.backend.onednn.library import Unserved
from autocnn.backend.onednn.memory import FLOAT, TO_LAST, describe, empty_last, fits, logical, steps_of
from autocnn.types import Array, Shape

FEW = 1 << 14
"""Elements below which NumPy is done before the library has been called."""

MANY = 1 << 18
"""Elements from which two threads join arrays more quickly than one: memory is what both wait for."""

_MOST_AXES = 6
"""Axes of what the library has machine code to copy."""


def applies(x: Array) -> bool:
    """Whether oneDNN may copy x into another layout: large, float32, images or volumes, or a part of such.

    >>> applies(np.ones((8, 3, 32, 32), np.float32)), applies(np.ones((1, 3, 4, 4), np.float32))
    (True, False)
    """
    return x.size >= FEW and 3 <= x.ndim <= 5 and fits(x)


def channels_last(x: Array) -> Array:
    """x (N, C, *spatial) as a C-contiguous (N, *spatial, C): the same memory where it lies so, else a copy.

    >>> channels_last(np.ones((1, 2, 3), np.float32)).shape
    (1, 3, 2)
    """
    seen = x.transpose(TO_LAST[x.ndim])
    if seen.flags.c_contiguous:
        return seen
    Copies.number += 1
    if applies(x):
        z = empty_last(x.shape, past=0)
        if _copied(x, logical(z)):
            return z
    return np.ascontiguousarray(seen)


def cat(*xs: Array, dim: int) -> Array | None:
    """Images or volumes one after the other along an axis; None unless all are channels-last, and many."""
    shape = list(xs[0].shape)
    if not 3 <= len(shape) <= 5 or not fits(*xs):
        return None
    shape[dim] = sum([x.shape[dim] for x in xs])
    if sum([x.size for x in xs]) < MANY or not all(x.transpose(TO_LAST[x.ndim]).flags.c_contiguous for x in xs):
        return None
    z = logical(empty_last(shape, past=0))
    start, before = 0, (slice(None),) * dim
    for x in xs:
        part = z[(*before, slice(start, start := start + x.shape[dim]))]
        if x.size < FEW or not _copied(x, part):
            part[...] = x
    return z


def reshape(x: Array, *, shape: Shape) -> Array | None:
    """The elements of x in another shape, where that takes a copy; None where not, or oneDNN does not serve.

    >>> x = np.ones((64, 8, 64), np.float32).transpose(0, 2, 1)
    >>> reshape(x, shape=(64, 512)).shape, reshape(x, shape=(8, 8, 64, 8))
    ((64, 512), None)
    """
    if x.size < FEW or x.flags.c_contiguous or x.ndim > _MOST_AXES or not fits(x):
        return None
    if steps_of(x) is None or _is_seen(x.shape, x.strides, shape):
        return None
    z = np.empty(x.shape, x.dtype)
    return z.reshape(shape) if _copied(x, z) else None


def _is_seen(old: Shape, steps: Shape, new: Shape) -> bool:
    """Whether memory with these lengths and steps can be seen in a new shape of as many elements."""
    lengths, steps = zip(*[(n, s) for n, s in zip(old, steps, strict=True) if n > 1], strict=True)
    others = iter([n for n in new if n > 1])
    i = 0
    while i < len(lengths):
        first, there, here = i, lengths[i], next(others)
        i += 1
        while there != here:
            if there < here:
                there, i = there * lengths[i], i + 1
            else:
                here *= next(others)
        if any(steps[k] != lengths[k + 1] * steps[k + 1] for k in range(first, i - 1)):
            return False
    return True


def _copied(x: Array, z: Array) -> bool:
    """Have the library copy x into z of the same shape; False where it does not serve."""
    ready = plan(("reorder", x.shape, x.strides, z.strides), _make, x.shape, x.strides, z.strides)
    if ready is None:
        return False
    ready(x, z)
    return True


def _make(shape: Shape, one: Shape, other: Shape) -> Plan:
    return reorder(describe(shape, _steps(shape, one)), describe(shape, _steps(shape, other)))


def _steps(shape: Shape, strides: Shape) -> Shape:
    """Strides in elements; raises Unserved for those that go backwards, or nowhere, or into an element."""
    steps = [step if n > 1 else FLOAT.itemsize for step, n in zip(strides, shape, strict=True)]
    if any(step <= 0 or step % FLOAT.itemsize for step in steps):
        raise Unserved("reorder: the library wants to go forwards, in whole elements")
    return tuple([step // FLOAT.itemsize for step in steps])
