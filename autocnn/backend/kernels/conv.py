"""Cross-correlation in 1, 2 and 3 dimensions and its two adjoints: windows and one matrix product a group.

The three form a closed family, each linear in both operands::

    <conv(x, w), g>  =  <x, conv_input(g, w)>  =  <w, conv_weight(g, x)>

Images are worked on in blocks whose column matrix stays in cache. Loops run over blocks, groups and kernel
offsets only, never over pixels.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from autocnn.backend.geometry import Pads, images_per_block, volume, windows
from autocnn.backend.kernels import depthwise
from autocnn.backend.kernels.windows import (
    channels_last,
    frames,
    inner,
    logical,
    needed,
    sliding,
    taps,
    tile,
    weights_last,
)
from autocnn.types import Array, Namespace, Shape

CACHE = 1 << 20
"""Bytes that a block's column matrix may take."""

FEW = 16
"""Channels below which a pixel's channels are too short a run to add by."""

Taps: TypeAlias = Sequence[tuple[tuple[int, ...], tuple[slice, ...]]]


def conv(
    xp: Namespace,
    x: Array,
    w: Array,
    bias: Array | None = None,
    *,
    stride: Sequence[int],
    padding: Pads,
    dilation: Sequence[int],
    groups: int,
    relu: bool = False,
) -> Array:
    """Cross-correlation: x (N, C, *spatial), w (O, C / groups, *kernel), bias (O,) -> (N, O, *counts).

    z[n, o, i] = bias[o] + sum over c, k of x[n, c, s i + d k - lo] w[o, c, k], within each group; with `relu`,
    max(z, 0), block by block while it is in cache.
    """
    n, c, *space = x.shape
    o, share, *kernel = w.shape
    counts = windows(space, kernel, stride, padding, dilation)
    z = xp.empty((n, *counts, o), x.dtype)
    xl = channels_last(xp, x)
    if depthwise.applies(c, share, groups):
        depthwise.conv(xp, xl, w, z, stride=stride, padding=padding, dilation=dilation)
        _end(xp, z, bias, relu)
        return logical(xp, z)
    per_group = o // groups
    wide = _matrices(xp, w, groups)
    tall = _tall(counts, kernel, dilation, share)
    step = _step(n, counts, kernel, stride, share, x.dtype.itemsize)
    for block, frame in frames(xp, xl, padding, needed(counts, kernel, stride, dilation), step):
        out = z[block]
        rows = xp.reshape(out, (out.shape[0] * volume(counts), o))
        view = sliding(xp, frame, counts, kernel, stride, dilation)
        for k in range(groups):
            columns = _columns(xp, view[..., k * share : (k + 1) * share], len(counts), tall)
            xp.matmul(columns, xp.transpose(wide[k]), out=rows[:, k * per_group : (k + 1) * per_group])
        _end(xp, out, bias, relu)
    return logical(xp, z)


def conv_input(
    xp: Namespace,
    g: Array,
    w: Array,
    *,
    shape: Shape,
    stride: Sequence[int],
    padding: Pads,
    dilation: Sequence[int],
    groups: int,
) -> Array:
    """Adjoint of :func:`conv` in x, a transposed convolution: g (N, O, *counts), w -> ``shape`` (of x)."""
    o, share, *kernel = w.shape
    if depthwise.applies(shape[1], share, groups):
        gl = channels_last(xp, g)
        gx = depthwise.conv_input(xp, gl, w, shape=shape, stride=stride, padding=padding, dilation=dilation)
        return logical(xp, gx)
    if all(s == 1 for s in stride) and o <= 2 * shape[1]:
        # With stride 1 the adjoint is a convolution with the flipped kernel: cheaper than a scatter.
        reach = [d * (k - 1) for k, d in zip(kernel, dilation, strict=True)]
        rest = tuple((r - lo, r - hi) for r, (lo, hi) in zip(reach, padding, strict=True))
        return conv(xp, g, _flipped(xp, w, groups), stride=stride, padding=rest, dilation=dilation, groups=groups)
    return _scattered(xp, g, w, shape, stride, padding, dilation, groups)


def conv_weight(
    xp: Namespace,
    g: Array,
    x: Array,
    *,
    shape: Shape,
    stride: Sequence[int],
    padding: Pads,
    dilation: Sequence[int],
    groups: int,
) -> Array:
    """Adjoint of :func:`conv` in w: g (N, O, *counts), x (N, C, *spatial) -> ``shape`` (of w), as weights lie."""
    n, counts = g.shape[0], g.shape[2:]
    o, share, *kernel = shape
    gl, xl = channels_last(xp, g), channels_last(xp, x)
    if depthwise.applies(x.shape[1], share, groups):
        gw = depthwise.conv_weight(xp, gl, xl, shape=shape, stride=stride, padding=padding, dilation=dilation)
        return xp.ascontiguousarray(logical(xp, gw))
    per_group, depth = o // groups, volume(kernel) * share
    gw = xp.zeros((o, depth), g.dtype)
    part = xp.empty((per_group, depth), g.dtype)
    tall = _tall(counts, kernel, dilation, share)
    step = _step(n, counts, kernel, stride, share, g.dtype.itemsize)
    for block, frame in frames(xp, xl, padding, needed(counts, kernel, stride, dilation), step):
        rows = xp.reshape(gl[block], (frame.shape[0] * volume(counts), o))
        view = sliding(xp, frame, counts, kernel, stride, dilation)
        for k in range(groups):
            columns = _columns(xp, view[..., k * share : (k + 1) * share], len(counts), tall)
            mine = slice(k * per_group, (k + 1) * per_group)
            xp.matmul(xp.transpose(rows[:, mine]), columns, out=part)
            xp.add(gw[mine], part, out=gw[mine])
    return xp.ascontiguousarray(logical(xp, xp.reshape(gw, (o, *kernel, share))))


def _scattered(
    xp: Namespace,
    g: Array,
    w: Array,
    shape: Shape,
    stride: Sequence[int],
    padding: Pads,
    dilation: Sequence[int],
    groups: int,
) -> Array:
    """The adjoint in x for any stride: columns by matrix product, then added where they came from."""
    n, c, *space = shape
    _, share, *kernel = w.shape
    counts = g.shape[2:]
    extent = needed(counts, kernel, stride, dilation)
    wide = _matrices(xp, w, groups)
    step = _step(n, counts, kernel, stride, share, g.dtype.itemsize, alone=False)
    gl = channels_last(xp, g)
    gx = xp.zeros((n, *space, c), g.dtype)
    mine, framed = inner(space, padding, extent)
    scatter = _scatter_few if share < FEW else _scatter
    for start in range(0, n, step):
        block = slice(start, min(start + step, n))
        frame = scatter(xp, gl[block], wide, extent, list(taps(counts, kernel, stride, dilation)))
        gx[block][mine] = frame[framed]
    return logical(xp, gx)


def _scatter(xp: Namespace, g: Array, wide: Array, extent: Shape, places: Taps) -> Array:
    """Add g (n, *counts, O) times wide (groups, O / groups, K) at every window -> (n, *extent, C)."""
    n, *counts, o = g.shape
    groups, per_group, depth = wide.shape
    share = depth // len(places)
    rows = xp.reshape(g, (n * volume(counts), o))
    frame = xp.zeros((n, *extent, groups * share), g.dtype)
    for k in range(groups):
        target = frame[..., k * share : (k + 1) * share]
        columns = xp.matmul(rows[:, k * per_group : (k + 1) * per_group], wide[k])
        columns = xp.reshape(columns, (n, *counts, len(places), share))
        for i, (_, place) in enumerate(places):
            xp.add(target[place], columns[..., i, :], out=target[place])
    return frame


def _scatter_few(xp: Namespace, g: Array, wide: Array, extent: Shape, places: Taps) -> Array:
    """The same where channels are few: with the images innermost, whole rows of all images are one run."""
    n, *counts, o = g.shape
    groups, per_group, depth = wide.shape
    share = depth // len(places)
    last = g.ndim - 1
    rows = xp.reshape(xp.ascontiguousarray(xp.transpose(g, (last, *range(1, last), 0))), (o, volume(counts) * n))
    frame = xp.zeros((groups * share, *extent, n), g.dtype)
    for k in range(groups):
        target = frame[k * share : (k + 1) * share]
        columns = xp.matmul(xp.transpose(wide[k]), rows[k * per_group : (k + 1) * per_group])
        columns = xp.reshape(columns, (len(places), share, *counts, n))
        for i, (_, place) in enumerate(places):
            xp.add(target[place], columns[i], out=target[place])
    return xp.transpose(frame, (last, *range(1, last), 0))


def _columns(xp: Namespace, view: Array, ndim: int, tall: bool) -> Array:
    """Windows (n, *counts, *kernel, C) as a matrix (P, K); a copy only if memory is not one yet."""
    pixels, depth = volume(view.shape[: 1 + ndim]), volume(view.shape[1 + ndim :])
    if not tall:
        return xp.reshape(xp.ascontiguousarray(view), (pixels, depth))
    order = (*range(1 + ndim, view.ndim), *range(1 + ndim))
    columns = xp.ascontiguousarray(xp.transpose(view, order))
    return xp.transpose(xp.reshape(columns, (depth, pixels)))


def _matrices(xp: Namespace, w: Array, groups: int) -> Array:
    """w (O, C / groups, *kernel) -> (groups, O / groups, K), K over the kernel and then the channels."""
    o, share, *kernel = w.shape
    return xp.reshape(weights_last(xp, w), (groups, o // groups, volume(kernel) * share))


def _flipped(xp: Namespace, w: Array, groups: int) -> Array:
    """w (O, C / groups, *kernel) -> (C, O / groups, *kernel), the kernel reversed along every axis."""
    o, share, *kernel = w.shape
    parts = xp.reshape(w, (groups, o // groups, share, *kernel))
    parts = xp.transpose(parts, (0, 2, 1, *range(3, parts.ndim)))
    turned = parts[(slice(None),) * 3 + (slice(None, None, -1),) * len(kernel)]
    return xp.reshape(turned, (groups * share, o // groups, *kernel))


def _end(xp: Namespace, z: Array, bias: Array | None, relu: bool) -> None:
    """Add bias (O,) to z (n, *counts, O) in place, a row of pixels at a time; keep what is above 0, if asked."""
    if bias is not None:
        *outer, width, o = z.shape
        rows = xp.reshape(z, (volume(outer), width * o))
        xp.add(rows, tile(xp, bias, width), out=rows)
    if relu:
        xp.maximum(z, 0, out=z)


def _tall(counts: Sequence[int], kernel: Sequence[int], dilation: Sequence[int], share: int) -> bool:
    """Whether to gather columns channel by channel: better where a window's runs are shorter than a row."""
    run = share * (kernel[-1] if dilation[-1] == 1 else 1)
    return run < 16 and counts[-1] > run


def _step(
    images: int,
    counts: Sequence[int],
    kernel: Sequence[int],
    stride: Sequence[int],
    share: int,
    itemsize: int,
    alone: bool = True,
) -> int:
    """Images in a block: as many as keep the columns in cache, or all where no columns are copied."""
    if alone and (volume(counts) == 1 or (volume(kernel) == 1 and volume(stride) == 1)):
        return max(1, images)
    return images_per_block(images, volume(counts) * volume(kernel) * share * itemsize, CACHE)
