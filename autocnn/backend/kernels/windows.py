"""Channels-last memory and the views on it that every windowed kernel shares.

Arrays are logically ``(N, C, *spatial)``; in memory the channels come last. The kernels work on the
C-contiguous ``(N, *spatial, C)`` view of that memory, so a pixel's channels are one run, an image one block.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product

import numpy as np

from autocnn.backend import aligned
from autocnn.backend.copies import Copies
from autocnn.backend.geometry import Pads
from autocnn.types import Array, DType, Namespace, Shape

_TO_LAST = {3: (0, 2, 1), 4: (0, 2, 3, 1), 5: (0, 2, 3, 4, 1)}
_TO_FIRST = {3: (0, 2, 1), 4: (0, 3, 1, 2), 5: (0, 4, 1, 2, 3)}


def empty(shape: Sequence[int], dtype: DType, xp: Namespace) -> Array:
    """An uninitialised array; ranks 3 to 5 are channels-last in memory.

    >>> empty((2, 3, 4, 5), np.dtype("f4"), np).strides
    (240, 4, 60, 12)
    """
    new = aligned.empty if xp is np else xp.empty
    if len(shape) not in _TO_FIRST:
        return new(tuple(shape), dtype)
    n, c, *space = shape
    return logical(xp, new((n, *space, c), dtype))


def channels_last(xp: Namespace, x: Array) -> Array:
    """``x`` (N, C, *spatial) as a C-contiguous (N, *spatial, C) array: a view if memory allows, else a copy.

    >>> x = empty((2, 3, 4, 5), np.dtype("f4"), np)
    >>> np.shares_memory(channels_last(np, x), x)
    True
    """
    if not xp.transpose(x, _TO_LAST[x.ndim]).flags.c_contiguous:
        Copies.number += 1
    return weights_last(xp, x)


def weights_last(xp: Namespace, w: Array) -> Array:
    """The same of weights (O, C, *kernel), which are small, and copied each time."""
    return xp.ascontiguousarray(xp.transpose(w, _TO_LAST[w.ndim]))


def cat(xp: Namespace, *xs: Array, dim: int) -> Array:
    """Arrays one after the other along an axis, laid out as they are."""
    return xp.concatenate(xs, axis=dim)


def logical(xp: Namespace, x: Array) -> Array:
    """The (N, C, *spatial) view of an (N, *spatial, C) array.

    >>> logical(np, np.zeros((2, 4, 5, 3))).shape
    (2, 3, 4, 5)
    """
    return xp.transpose(x, _TO_FIRST[x.ndim])


def reshape(xp: Namespace, x: Array, *, shape: Shape) -> Array:
    """The elements of ``x``, in C order, in another shape: a view if memory allows, else a copy."""
    return x.reshape(shape)


def sliding(
    xp: Namespace,
    x: Array,
    counts: Sequence[int],
    kernel: Sequence[int],
    stride: Sequence[int],
    dilation: Sequence[int],
) -> Array:
    """A view of all windows: x (N, *spatial, C) -> (N, *counts, *kernel, C). Nothing is copied.

    >>> sliding(np, np.arange(4.0).reshape(1, 4, 1), (3,), (2,), (1,), (1,))[0, :, :, 0].tolist()
    [[0.0, 1.0], [1.0, 2.0], [2.0, 3.0]]
    """
    first, *steps, last = x.strides
    shape = (x.shape[0], *counts, *kernel, x.shape[-1])
    across = [step * s for step, s in zip(steps, stride, strict=True)]
    within = [step * d for step, d in zip(steps, dilation, strict=True)]
    return xp.lib.stride_tricks.as_strided(x, shape, (first, *across, *within, last))


def taps(
    counts: Sequence[int], kernel: Sequence[int], stride: Sequence[int], dilation: Sequence[int]
) -> Iterator[tuple[tuple[int, ...], tuple[slice, ...]]]:
    """For each kernel offset, in row-major order: it, and the slices of (N, *spatial, C) that it touches.

    >>> [(k, s[1]) for k, s in taps((3,), (2,), (1,), (1,))]
    [((0,), slice(0, 3, 1)), ((1,), slice(1, 4, 1))]
    """
    for offset in product(*map(range, kernel)):
        yield (
            offset,
            (
                slice(None),
                *(
                    slice(k * d, k * d + s * (count - 1) + 1, s)
                    for k, count, s, d in zip(offset, counts, stride, dilation, strict=True)
                ),
            ),
        )


def needed(counts: Sequence[int], kernel: Sequence[int], stride: Sequence[int], dilation: Sequence[int]) -> Shape:
    """The extent that ``counts`` windows cover: ``(count - 1) s + d (k - 1) + 1`` along each axis.

    >>> needed((3,), (2,), (2,), (1,))
    (6,)
    """
    return tuple(
        (count - 1) * s + d * (k - 1) + 1 for count, k, s, d in zip(counts, kernel, stride, dilation, strict=True)
    )


def inner(
    space: Sequence[int], padding: Pads, extent: Sequence[int]
) -> tuple[tuple[slice, ...], tuple[slice, ...]]:
    """Where the input and its padded frame of size ``extent`` meet: slices into the one and into the other.

    A negative padding crops the input; so does a frame that ends before the input does.

    >>> inner((5,), ((1, 0),), (4,))
    ((slice(None, None, None), slice(0, 3, None)), (slice(None, None, None), slice(1, 4, None)))
    """
    mine, frame = [slice(None)], [slice(None)]
    for n, (lo, _), size in zip(space, padding, extent, strict=True):
        start = max(0, -lo)
        length = max(0, min(n - start, size - max(0, lo)))
        mine.append(slice(start, start + length))
        frame.append(slice(max(0, lo), max(0, lo) + length))
    return tuple(mine), tuple(frame)


def frames(
    xp: Namespace, x: Array, padding: Pads, extent: Sequence[int], step: int, fill: float = 0
) -> Iterator[tuple[slice, Array]]:
    """Blocks of ``step`` images in padded frames: x (N, *spatial, C) -> (slice, (step, *extent, C)) each.

    Without padding a frame is a view of ``x`` (perhaps larger than ``extent``); else one buffer serves all
    blocks, its border filled once, so a frame must neither be kept nor written to.

    >>> [f[0, :, 0].tolist() for _, f in frames(np, np.ones((1, 2, 1)), ((1, 1),), (4,), 1)]
    [[0.0, 1.0, 1.0, 0.0]]
    """
    images, *space, channels = x.shape
    bare = all(lo == 0 and size <= n for n, (lo, _), size in zip(space, padding, extent, strict=True))
    if not bare:
        buffer = xp.full((min(step, images), *extent, channels), fill, x.dtype)
        mine, frame = inner(space, padding, extent)
    for start in range(0, images, step):
        block = slice(start, min(start + step, images))
        if bare:
            yield block, x[block]
        else:
            view = buffer[: block.stop - start]
            view[frame] = x[block][mine]
            yield block, view


def tile(xp: Namespace, v: Array, times: int) -> Array:
    """A per-channel vector (C,) repeated to (times * C,), so that whole image rows are one inner loop.

    >>> tile(np, np.array([1, 2]), 2).tolist()
    [1, 2, 1, 2]
    """
    return xp.reshape(xp.broadcast_to(v, (times, v.shape[0])), (times * v.shape[0],))
