"""Batch normalisation on channels-last memory: statistics along rows, then one scale and shift per channel.

Blocks of rows stay in cache while they are read more than once, and a row is as many pixels as make a long
inner loop, however few the channels are.
"""

from __future__ import annotations

from collections.abc import Iterator

from autocnn.backend.kernels.windows import channels_last, logical, tile
from autocnn.types import Array, Namespace

CACHE = 1 << 18
"""Bytes that one operand's block may take."""

ROW = 512
"""Elements that make an inner loop long enough."""


def batch_norm(
    xp: Namespace, x: Array, w: Array | None, b: Array | None, *, eps: float
) -> tuple[Array, Array, Array]:
    """Each channel to mean 0 and variance 1, then scaled and shifted: x (N, C, ...) -> z, mean, invstd.

    z = (x - mean) invstd w + b,  invstd = 1 / sqrt(var + eps), var the biased variance.
    """
    rows, width = _rows(xp, x)
    mean, invstd = _statistics(xp, rows, x.shape[1], eps)
    scale = invstd if w is None else xp.multiply(invstd, w)
    z = _affine(xp, rows, width, mean, scale, b)
    return _shaped(xp, z, x.shape), mean, invstd


def batch_norm_inference(
    xp: Namespace, x: Array, w: Array | None, b: Array | None, mean: Array, invstd: Array
) -> Array:
    """The same with given statistics: x (N, C, ...), all else (C,)."""
    rows, width = _rows(xp, x)
    scale = invstd if w is None else xp.multiply(invstd, w)
    return _shaped(xp, _affine(xp, rows, width, mean, scale, b), x.shape)


def batch_norm_backward(
    xp: Namespace, g: Array, x: Array, w: Array | None, mean: Array, invstd: Array
) -> tuple[Array, Array, Array]:
    """Cotangents of :func:`batch_norm`: g, x (N, C, ...) -> gx (N, C, ...), gw (C,), gb (C,).

    gb = sum g,  gw = sum g y,  gx = w invstd (g - gb / m - y gw / m)
    with y = (x - mean) invstd and m the number of elements per channel.
    """
    rows, width = _rows(xp, x)
    grads, _ = _rows(xp, g)
    channels, count = x.shape[1], rows.shape[0] * width
    gb, gw = xp.zeros((channels,), g.dtype), xp.zeros((channels,), g.dtype)
    centre = tile(xp, mean, width)
    for block in _blocks(rows):
        part = grads[block]
        product = xp.subtract(rows[block], centre)
        xp.multiply(product, part, out=product)
        xp.add(gb, _column_sums(xp, part, channels), out=gb)
        xp.add(gw, _column_sums(xp, product, channels), out=gw)
    gw = xp.multiply(gw, invstd)
    scale = invstd if w is None else xp.multiply(invstd, w)
    share = 1.0 / max(count, 1)
    slope = xp.multiply(xp.multiply(xp.multiply(scale, invstd), gw), -share)  # of x - mean
    offset = xp.multiply(xp.multiply(scale, gb), -share)
    gx = xp.empty(rows.shape, g.dtype)
    by_g, by_x, shift = tile(xp, scale, width), tile(xp, slope, width), tile(xp, offset, width)
    for block in _blocks(rows):
        out = gx[block]
        product = xp.subtract(rows[block], centre)
        xp.multiply(product, by_x, out=product)
        xp.add(product, shift, out=product)
        xp.multiply(grads[block], by_g, out=out)
        xp.add(out, product, out=out)
    return _shaped(xp, gx, x.shape), gw, gb


def _statistics(xp: Namespace, rows: Array, channels: int, eps: float) -> tuple[Array, Array]:
    """Mean and 1 / sqrt(var + eps) per channel, block by block.

    Blocks are merged by their means and squared deviations (Chan, Golub and LeVeque 1983), which keeps
    float32 exact enough for any mean and number of rows.
    """
    mean, spread = xp.zeros((channels,), rows.dtype), xp.zeros((channels,), rows.dtype)
    width, seen = rows.shape[1] // max(channels, 1), 0
    for block in _blocks(rows):
        part = rows[block]
        count = part.shape[0] * width
        middle = xp.divide(_column_sums(xp, part, channels), count)
        off = xp.subtract(part, tile(xp, middle, width))
        xp.multiply(off, off, out=off)
        gap = xp.subtract(middle, mean)
        weight = count / (seen + count)
        xp.add(spread, _column_sums(xp, off, channels), out=spread)
        xp.add(spread, xp.multiply(xp.multiply(gap, gap), seen * weight), out=spread)
        xp.add(mean, xp.multiply(gap, weight), out=mean)
        seen += count
    variance = xp.divide(spread, max(seen, 1))
    return mean, xp.divide(1.0, xp.sqrt(xp.add(variance, eps)))


def _affine(xp: Namespace, rows: Array, width: int, mean: Array, scale: Array, b: Array | None) -> Array:
    """(rows - mean) scale + b, in one visit of each block."""
    z = xp.empty(rows.shape, rows.dtype)
    centre, factor = tile(xp, mean, width), tile(xp, scale, width)
    shift = None if b is None else tile(xp, b, width)
    for block in _blocks(rows):
        out = z[block]
        xp.subtract(rows[block], centre, out=out)
        xp.multiply(out, factor, out=out)
        if shift is not None:
            xp.add(out, shift, out=out)
    return z


def _rows(xp: Namespace, x: Array) -> tuple[Array, int]:
    """x (N, C, ...) as (rows, width * C) with ``width`` pixels to a row; a view of channels-last memory."""
    flat = channels_last(xp, x) if 3 <= x.ndim <= 5 else xp.ascontiguousarray(x)
    *outer, channels = flat.shape
    width = 1
    while outer and outer[-1] and width * channels < ROW:
        width *= outer.pop()
    rows = 1
    for size in outer:
        rows *= size
    return xp.reshape(flat, (rows, width * channels)), width


def _shaped(xp: Namespace, rows: Array, shape: tuple[int, ...]) -> Array:
    """Rows back as (N, C, ...)."""
    if not 3 <= len(shape) <= 5:
        return xp.reshape(rows, shape)
    n, c, *space = shape
    return logical(xp, xp.reshape(rows, (n, *space, c)))


def _blocks(rows: Array) -> Iterator[slice]:
    step = max(1, CACHE // max(1, rows.shape[1] * rows.dtype.itemsize))
    return (slice(start, start + step) for start in range(0, rows.shape[0], step))


def _column_sums(xp: Namespace, rows: Array, channels: int) -> Array:
    """Sums per channel of (rows, width * C), by one matrix-vector product."""
    ones = xp.ones((1, rows.shape[0]), rows.dtype)
    return xp.sum(xp.reshape(xp.matmul(ones, rows), (rows.shape[1] // channels, channels)), axis=0)
