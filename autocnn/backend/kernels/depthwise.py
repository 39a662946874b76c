"""Depthwise convolution: every channel is a group of its own, so there is nothing for a matrix product to do.

Each kernel offset is one multiply and one add over whole rows of pixels.
"""

from __future__ import annotations

from collections.abc import Sequence

from autocnn.backend.geometry import Pads, images_per_block, volume
from autocnn.backend.kernels.windows import frames, inner, needed, taps, weights_last
from autocnn.types import Array, Namespace, Shape

CACHE = 1 << 18
"""Bytes that a block's output may take; its input and one product lie beside it."""


def applies(channels: int, share: int, groups: int) -> bool:
    """Whether each channel is convolved alone.

    >>> applies(8, 1, 8)
    True
    """
    return share == 1 and groups == channels > 1


def conv(
    xp: Namespace,
    x: Array,
    w: Array,
    z: Array,
    *,
    stride: Sequence[int],
    padding: Pads,
    dilation: Sequence[int],
) -> None:
    """Fill z (N, *counts, C m) with x (N, *spatial, C) and w (C m, 1, *kernel), channel by channel."""
    counts, kernel = z.shape[1:-1], w.shape[2:]
    rows = _rows(xp, w, x.shape[-1], counts[-1])
    for block, frame in frames(xp, x, padding, needed(counts, kernel, stride, dilation), _step(z)):
        out = _split(xp, z[block], x.shape[-1])
        product = xp.empty(out.shape, z.dtype)
        for k, (_, place) in enumerate(taps(counts, kernel, stride, dilation)):
            pixels = _pixels(frame[place], out)
            if k == 0:
                xp.multiply(pixels, rows[k], out=out)
                continue
            xp.multiply(pixels, rows[k], out=product)
            xp.add(out, product, out=out)


def conv_input(
    xp: Namespace,
    g: Array,
    w: Array,
    *,
    shape: Shape,
    stride: Sequence[int],
    padding: Pads,
    dilation: Sequence[int],
) -> Array:
    """The adjoint in x: g (N, *counts, C m), w (C m, 1, *kernel) -> (N, *spatial, C)."""
    n, c, *space = shape
    counts, kernel = g.shape[1:-1], w.shape[2:]
    extent = needed(counts, kernel, stride, dilation)
    rows = _rows(xp, w, c, counts[-1])
    gx = xp.zeros((n, *space, c), g.dtype)
    mine, framed = inner(space, padding, extent)
    step = _step(g)
    for start in range(0, n, step):
        part = _split(xp, g[start : start + step], c)
        frame = xp.zeros((part.shape[0], *extent, c), g.dtype)
        for k, (_, place) in enumerate(taps(counts, kernel, stride, dilation)):
            product = xp.multiply(part, rows[k])
            if part.ndim > frame.ndim:
                product = xp.sum(product, axis=-1)
            xp.add(frame[place], product, out=frame[place])
        gx[start : start + step][mine] = frame[framed]
    return gx


def conv_weight(
    xp: Namespace,
    g: Array,
    x: Array,
    *,
    shape: Shape,
    stride: Sequence[int],
    padding: Pads,
    dilation: Sequence[int],
) -> Array:
    """The adjoint in w: g (N, *counts, C m), x (N, *spatial, C) -> (C m, *kernel, 1)."""
    o, _, *kernel = shape
    counts = g.shape[1:-1]
    gw = xp.zeros((volume(kernel), o), g.dtype)
    for block, frame in frames(xp, x, padding, needed(counts, kernel, stride, dilation), _step(g)):
        part = _split(xp, g[block], x.shape[-1])
        product = xp.empty(part.shape, g.dtype)
        pixels = product.shape[0] * volume(counts)
        ones = xp.ones((1, pixels), g.dtype)
        for k, (_, place) in enumerate(taps(counts, kernel, stride, dilation)):
            xp.multiply(part, _pixels(frame[place], part), out=product)
            total = xp.matmul(ones, xp.reshape(product, (pixels, o)))
            xp.add(gw[k], total[0], out=gw[k])
    return xp.reshape(xp.ascontiguousarray(xp.transpose(gw)), (o, *kernel, 1))


def _rows(xp: Namespace, w: Array, channels: int, width: int) -> Array:
    """w (C m, 1, *kernel) -> (taps, width, C[, m]): each tap's weights laid out for a whole row of pixels."""
    o, _, *kernel = w.shape
    last = (channels,) if o == channels else (channels, o // channels)
    flat = xp.reshape(weights_last(xp, w), (o, volume(kernel)))
    flat = xp.reshape(xp.transpose(flat), (volume(kernel), 1, *last))
    return xp.ascontiguousarray(xp.broadcast_to(flat, (volume(kernel), width, *last)))


def _split(xp: Namespace, z: Array, channels: int) -> Array:
    """(n, *counts, C m) -> (n, *counts, C, m), or itself where m is 1."""
    o = z.shape[-1]
    return z if o == channels else xp.reshape(z, (*z.shape[:-1], channels, o // channels))


def _pixels(frame: Array, like: Array) -> Array:
    """A slice of a frame, with an axis for the multiplier where ``like`` has one."""
    return frame if frame.ndim == like.ndim else frame[..., None]


def _step(z: Array) -> int:
    return images_per_block(z.shape[0], volume(z.shape[1:]) * z.dtype.itemsize, CACHE)
