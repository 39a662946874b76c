"""Max and average pooling in 1, 2 and 3 dimensions, with their adjoints.

Max pooling remembers for each window *which of its kernel offsets won*: one byte instead of an eight-byte
flat index, and enough to send cotangents back (:func:`max_scatter`) or to look values up (:func:`max_take`)
without indexed access.

Average pooling is a sum along one axis after another, so a k x k window costs 2 k passes.
"""

from __future__ import annotations

from collections.abc import Sequence

from autocnn.backend.geometry import Pads, images_per_block, pool_windows, volume
from autocnn.backend.kernels.windows import channels_last, frames, inner, logical, needed, taps
from autocnn.backend.select import select
from autocnn.types import Array, Namespace, Shape

CACHE = 1 << 18
"""Bytes that a block's output may take."""


def max_pool(
    xp: Namespace,
    x: Array,
    *,
    kernel: Sequence[int],
    stride: Sequence[int],
    padding: Sequence[int],
    dilation: Sequence[int],
    ceil_mode: bool,
) -> tuple[Array, Array]:
    """Largest value of each window, and its winner: x (N, C, *spatial) -> two arrays (N, C, *counts).

    A winner is the row-major number of the kernel offset; the first of equals wins. NaN wins over everything.
    """
    n, c, *space = x.shape
    counts = pool_windows(space, kernel, stride, padding, dilation, ceil_mode)
    small = xp.uint8 if volume(kernel) <= 256 else xp.int32
    z, winners = xp.empty((n, *counts, c), x.dtype), xp.empty((n, *counts, c), small)
    first = _first(xp, kernel, stride, padding, dilation, counts, small)
    extent, pairs = needed(counts, kernel, stride, dilation), _pairs(padding)
    for block, frame in frames(xp, channels_last(xp, x), pairs, extent, _step(z), _lowest(xp, x)):
        best, winner = z[block], winners[block]
        better, number = xp.empty(best.shape, bool), xp.empty(best.shape, small)
        for k, (_, place) in enumerate(taps(counts, kernel, stride, dilation)):
            value = frame[place]
            if k == 0:
                best[...], winner[...] = value, first
                continue
            xp.greater(value, best, out=better)
            if x.dtype.kind == "f":
                xp.logical_or(better, xp.isnan(value), out=better)
            xp.maximum(best, value, out=best)
            xp.multiply(better, small(k), out=number, dtype=small, casting="unsafe")
            xp.maximum(winner, number, out=winner)  # offsets rise, so the larger number is the later winner
    return logical(xp, z), logical(xp, winners)


def max_scatter(
    xp: Namespace,
    g: Array,
    winners: Array,
    *,
    shape: Shape,
    kernel: Sequence[int],
    stride: Sequence[int],
    padding: Sequence[int],
    dilation: Sequence[int],
) -> Array:
    """Add each cotangent to its window's winner: g (N, C, *counts) -> ``shape`` (N, C, *spatial)."""
    n, c, *space = shape
    gl, wl = channels_last(xp, g), channels_last(xp, winners)
    counts = g.shape[2:]
    extent = needed(counts, kernel, stride, dilation)
    mine, framed = inner(space, _pairs(padding), extent)
    apart = all(s >= d * (k - 1) + 1 for k, s, d in zip(kernel, stride, dilation, strict=True))
    direct = apart and not any(padding) and extent == tuple(space) and tuple(kernel) == tuple(stride)
    gx = (xp.empty if direct else xp.zeros)((n, *space, c), g.dtype)
    step = _step(gl)
    for start in range(0, n, step):
        block = slice(start, min(start + step, n))
        part, winner = gl[block], wl[block]
        frame = gx[block] if direct else xp.zeros((part.shape[0], *extent, c), g.dtype)
        for k, (_, place) in enumerate(taps(counts, kernel, stride, dilation)):
            won = select(xp, xp.equal(winner, k), part, 0.0)
            if apart:
                frame[place] = won
            else:
                xp.add(frame[place], won, out=frame[place])
        if not direct:
            gx[block][mine] = frame[framed]
    return logical(xp, gx)


def max_take(
    xp: Namespace,
    x: Array,
    winners: Array,
    *,
    kernel: Sequence[int],
    stride: Sequence[int],
    padding: Sequence[int],
    dilation: Sequence[int],
) -> Array:
    """The values at the winners, adjoint of :func:`max_scatter`: x (N, C, *spatial) -> (N, C, *counts)."""
    wl = channels_last(xp, winners)
    counts = winners.shape[2:]
    z = xp.zeros(wl.shape, x.dtype)
    extent = needed(counts, kernel, stride, dilation)
    for block, frame in frames(xp, channels_last(xp, x), _pairs(padding), extent, _step(z)):
        for k, (_, place) in enumerate(taps(counts, kernel, stride, dilation)):
            z[block] = select(xp, xp.equal(wl[block], k), frame[place], z[block])
    return logical(xp, z)


def max_flat_indices(
    xp: Namespace,
    winners: Array,
    *,
    space: Sequence[int],
    kernel: Sequence[int],
    stride: Sequence[int],
    padding: Sequence[int],
    dilation: Sequence[int],
) -> Array:
    """Winners as PyTorch's indices: positions in the input's flattened spatial axes, int64."""
    counts = winners.shape[2:]
    steps = [volume(space[axis + 1 :]) for axis in range(len(space))]
    base, offsets = xp.zeros((), xp.int64), xp.zeros((), xp.int64)
    for count, k, s, p, d, step in zip(counts, kernel, stride, padding, dilation, steps, strict=True):
        base = xp.add(base[..., None], xp.multiply(xp.subtract(xp.multiply(xp.arange(count), s), p), step))
        offsets = xp.add(offsets[..., None], xp.multiply(xp.arange(k), d * step))
    table = xp.reshape(offsets, (volume(kernel),))
    return logical(xp, xp.add(xp.take(table, channels_last(xp, winners)), base[..., None]))


def average(
    xp: Namespace,
    x: Array,
    *,
    kernel: Sequence[int],
    stride: Sequence[int],
    padding: Sequence[int],
    ceil_mode: bool,
    count_include_pad: bool,
    divisor: int | None,
) -> Array:
    """Mean of each window: x (N, C, *spatial) -> (N, C, *counts).

    It divides by the window's part inside the padded input (inside the input without ``count_include_pad``),
    or by ``divisor``.
    """
    n, _, *space = x.shape
    unit = (1,) * len(space)
    counts = pool_windows(space, kernel, stride, padding, unit, ceil_mode)
    extent = needed(counts, kernel, stride, unit)
    scale = _scale(xp, space, counts, kernel, stride, padding, count_include_pad, divisor, x.dtype)
    z = xp.empty((n, *counts, x.shape[1]), x.dtype)
    for block, frame in frames(xp, channels_last(xp, x), _pairs(padding), extent, _step(z)):
        total = frame
        for axis, count in enumerate(counts):
            total = _sum_windows(xp, total, axis + 1, count, kernel[axis], stride[axis])
        xp.multiply(total, scale, out=z[block])
    return logical(xp, z)


def average_spread(
    xp: Namespace,
    g: Array,
    *,
    shape: Shape,
    kernel: Sequence[int],
    stride: Sequence[int],
    padding: Sequence[int],
    count_include_pad: bool,
    divisor: int | None,
) -> Array:
    """Adjoint of :func:`average`: each cotangent shared out over its window, (N, C, *counts) -> ``shape``."""
    n, c, *space = shape
    counts, unit = g.shape[2:], (1,) * len(space)
    scale = _scale(xp, space, counts, kernel, stride, padding, count_include_pad, divisor, g.dtype)
    extent = needed(counts, kernel, stride, unit)
    mine, framed = inner(space, _pairs(padding), extent)
    gl = channels_last(xp, g)
    gx = xp.zeros((n, *space, c), g.dtype)
    step = _step(gl)
    for start in range(0, n, step):
        part = xp.multiply(gl[start : start + step], scale)
        for axis in reversed(range(len(space))):  # the short inner runs first, while there are few of them
            part = _spread_windows(xp, part, axis + 1, extent[axis], kernel[axis], stride[axis])
        gx[start : start + step][mine] = part[framed]
    return logical(xp, gx)


def _sum_windows(xp: Namespace, x: Array, axis: int, count: int, k: int, s: int) -> Array:
    """Sums of the ``count`` windows along one axis."""
    if count == 1:
        return xp.sum(x[_along(axis, slice(0, k))], axis=axis, keepdims=True)
    total = x[_along(axis, slice(0, s * (count - 1) + 1, s))]
    for offset in range(1, k):
        term = x[_along(axis, slice(offset, offset + s * (count - 1) + 1, s))]
        total = xp.add(total, term) if offset == 1 else xp.add(total, term, out=total)
    return total


def _spread_windows(xp: Namespace, g: Array, axis: int, size: int, k: int, s: int) -> Array:
    """Adjoint of :func:`_sum_windows`, onto ``size`` places."""
    count, shape = g.shape[axis], list(g.shape)
    shape[axis] = size
    if count == 1:
        return xp.broadcast_to(g, tuple(shape))
    x = (xp.empty if k == s else xp.zeros)(tuple(shape), g.dtype)
    for offset in range(k):
        place = _along(axis, slice(offset, offset + s * (count - 1) + 1, s))
        if k <= s:
            x[place] = g
        else:
            xp.add(x[place], g, out=x[place])
    return x


def _scale(
    xp: Namespace,
    space: Sequence[int],
    counts: Sequence[int],
    kernel: Sequence[int],
    stride: Sequence[int],
    padding: Sequence[int],
    count_include_pad: bool,
    divisor: int | None,
    dtype: object,
) -> Array:
    """One over the number that each window divides by, (*counts, 1), or a scalar where all agree."""
    if divisor is not None:
        return xp.asarray(1.0 / divisor, dtype=dtype)
    size: list[list[int]] = []
    for n, count, k, s, p in zip(space, counts, kernel, stride, padding, strict=True):
        low, high = (-p, n + p) if count_include_pad else (0, n)
        size.append([min(i * s - p + k, high) - max(i * s - p, low) for i in range(count)])
    if all(len(set(sizes)) == 1 for sizes in size):
        return xp.asarray(1.0 / volume([sizes[0] for sizes in size]), dtype=dtype)
    scale = xp.ones((), dtype)
    for sizes in size:
        scale = xp.divide(scale[..., None], xp.asarray(sizes, dtype=dtype))
    return scale[..., None]


def _first(
    xp: Namespace,
    kernel: Sequence[int],
    stride: Sequence[int],
    padding: Sequence[int],
    dilation: Sequence[int],
    counts: Sequence[int],
    dtype: object,
) -> Array:
    """Each window's first offset inside the input, (*counts, 1): the winner if all values are lowest."""
    first = xp.zeros((), dtype)
    if not any(padding):
        return first
    for k, s, p, d, count in zip(kernel, stride, padding, dilation, counts, strict=True):
        inside = xp.asarray([max(0, -((i * s - p) // d)) if i * s < p else 0 for i in range(count)], dtype=dtype)
        first = xp.add(xp.multiply(first[..., None], xp.asarray(k, dtype=dtype)), inside)
    return first[..., None]


def _lowest(xp: Namespace, x: Array) -> float:
    """What padding holds so that it never wins."""
    if x.dtype.kind == "f":
        return -float("inf")
    return 0 if x.dtype.kind == "b" else int(xp.iinfo(x.dtype).min)


def _along(axis: int, index: slice) -> tuple[slice, ...]:
    return (slice(None),) * axis + (index,)


def _pairs(padding: Sequence[int]) -> Pads:
    return tuple((p, p) for p in padding)


def _step(z: Array) -> int:
    """Images in a block, for ``z`` with channels last."""
    return images_per_block(z.shape[0], volume(z.shape[1:]) * z.dtype.itemsize, CACHE)
