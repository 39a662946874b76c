"""Normalisation. Batch norm on channels-last memory: statistics along rows, one scale and shift per channel.

Blocks of rows stay in cache while they are read more than once, and a row is as many pixels as make a long
inner loop, however few the channels are.
"""

from __future__ import annotations

from collections.abc import Iterator

from autocnn.backend.kernels.activation import relu_backward
from autocnn.backend.kernels.windows import channels_last, logical, tile
from autocnn.types import Array, Namespace

CACHE = 1 << 18
"""Bytes that one operand's block may take."""

ROW = 512
"""Elements that make an inner loop long enough."""


def batch_norm(
    xp: Namespace, x: Array, w: Array | None, b: Array | None, *, eps: float
) -> tuple[Array, Array, Array]:
    """Each channel to mean 0 and variance 1, then scaled and shifted: x (N, C, ...) -> z, mean (C,), var (C,).

    z = (x - mean) / sqrt(var + eps) w + b,  var the biased variance.
    """
    rows, width = _rows(xp, x)
    mean, var = _statistics(xp, rows, x.shape[1])
    z = _affine(xp, rows, width, mean, _scale(xp, w, var, eps), b)
    return _shaped(xp, z, x.shape), mean, var


def batch_norm_inference(
    xp: Namespace, x: Array, w: Array | None, b: Array | None, mean: Array, var: Array, *, eps: float
) -> Array:
    """The same with given statistics: x (N, C, ...), all else (C,)."""
    rows, width = _rows(xp, x)
    return _shaped(xp, _affine(xp, rows, width, mean, _scale(xp, w, var, eps), b), x.shape)


def batch_norm_relu(xp: Namespace, x: Array, w: Array, b: Array, *, eps: float) -> None:
    """A kernel that goes on to the relu behind would gain nothing here: there is none."""


def batch_norm_relu_backward(
    xp: Namespace, g: Array, x: Array, w: Array, mean: Array, var: Array, positive: Array, z: Array, *, eps: float
) -> tuple[Array, Array, Array]:
    """Cotangents of a batch norm from that of the relu behind, whose value is z."""
    return batch_norm_backward(xp, relu_backward(xp, g, z), x, w, mean, var, eps=eps)


def batch_norm_backward(
    xp: Namespace, g: Array, x: Array, w: Array | None, mean: Array, var: Array, *, eps: float
) -> tuple[Array, Array, Array]:
    """Cotangents of :func:`batch_norm`: g, x (N, C, ...) -> gx (N, C, ...), gw (C,), gb (C,).

    gb = sum g,  gw = sum g y,  gx = w invstd (g - gb / m - y gw / m)
    with y = (x - mean) invstd, invstd = 1 / sqrt(var + eps) and m the number of elements per channel.
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
    invstd, scale = _scale(xp, None, var, eps), _scale(xp, w, var, eps)
    gw = xp.multiply(gw, invstd)
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


def channel_sum(xp: Namespace, x: Array) -> Array:
    """Sum over all axes but the channels': x (N, C, ...) -> (C,)."""
    rows, _ = _rows(xp, x)
    total = xp.zeros((x.shape[1],), x.dtype)
    for block in _blocks(rows):
        xp.add(total, _column_sums(xp, rows[block], x.shape[1]), out=total)
    return total


def standardize(
    xp: Namespace, x: Array, *, axes: tuple[int, ...], eps: float
) -> tuple[Array, tuple[Array, Array]]:
    """x to mean 0 and variance 1 over ``axes``, in its own layout -> z, (mean, invstd) with those axes kept."""
    mean = xp.mean(x, axis=axes, keepdims=True, dtype=x.dtype)
    z = xp.subtract(x, mean)
    var = xp.mean(xp.multiply(z, z), axis=axes, keepdims=True, dtype=x.dtype)
    invstd = xp.divide(1.0, xp.sqrt(xp.add(var, eps)))
    return xp.multiply(z, invstd, out=z), (mean, invstd)


def standardize_backward(
    xp: Namespace, g: Array, x: Array, mean: Array, invstd: Array, *, axes: tuple[int, ...]
) -> Array:
    """Cotangent of :func:`standardize`: gx = invstd (g - mean(g) - y mean(g y)),  y = (x - mean) invstd."""
    y = xp.subtract(x, mean)
    xp.multiply(y, invstd, out=y)
    slope = xp.mean(xp.multiply(g, y), axis=axes, keepdims=True, dtype=g.dtype)
    xp.multiply(y, slope, out=y)
    xp.subtract(g, y, out=y)
    xp.subtract(y, xp.mean(g, axis=axes, keepdims=True, dtype=g.dtype), out=y)
    return xp.multiply(y, invstd, out=y)


def _scale(xp: Namespace, w: Array | None, var: Array, eps: float) -> Array:
    """w / sqrt(var + eps), w 1 where there is none."""
    root = xp.sqrt(xp.add(var, eps))
    return xp.divide(1.0, root) if w is None else xp.divide(w, root)


def _statistics(xp: Namespace, rows: Array, channels: int) -> tuple[Array, Array]:
    """Mean and biased variance per channel, block by block.

    Blocks are merged by their means and squared deviations (Chan, Golub and LeVeque 1983), which keeps float32
    exact enough for any mean and number of rows.
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
    return mean, xp.divide(spread, max(seen, 1))


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
    width = rows.shape[1] // max(channels, 1)
    return xp.sum(xp.reshape(xp.matmul(ones, rows), (width, channels)), axis=0, dtype=rows.dtype)
