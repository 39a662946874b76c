"""Pooling beyond the square of equals: averages that favour a window's centre, and windows of channels."""

from __future__ import annotations

import math
from typing import Any

from autocnn.backend import geometry
from autocnn.engine import Tensor, as_tensor
from autocnn.errors import ArgumentError, DTypeError, ShapeError
from autocnn.ops.attributes import is_floating_point
from autocnn.ops.channels import batched, unbatched
from autocnn.ops.conv import conv2d
from autocnn.ops.create import ones, tensor
from autocnn.ops.elementwise import div
from autocnn.ops.pool import avg_pool2d, max_pool2d
from autocnn.ops.shape import reshape
from autocnn.types import Size


def distance_avg_pool2d(
    input: Any, kernel_size: Size, stride: Size | None = None, padding: Size = 0, power: float = 1.0
) -> Tensor:
    """Mean of each window, weighted by (1 + distance to its centre) ** -power: (N, C, H, W) -> (N, C, oh, ow).

    oh = (H + 2 ph - kh) // sh + 1. With power 0 the plain average, towards infinity the pixel at the centre. Only
    pixels of the image count, none of the padding: a constant image stays as it is.
    Raises ShapeError if a window does not fit, ArgumentError if padding exceeds half a kernel or power is not
    finite, DTypeError for integers.

    >>> distance_avg_pool2d(Tensor([[[0.0, 4.0, 0.0]]]), (1, 3)).tolist()
    [[[2.0]]]
    """
    op = "distance_avg_pool2d"
    x, alone = batched(op, input, 2)
    if not is_floating_point(x):
        raise DTypeError(f"{op}: x is {x.dtype} {x.shape}; means need fractions. Convert it with float()")
    if not math.isfinite(power):
        raise ArgumentError(f"{op}: power is {power}; it must be a finite number")
    sizes = geometry.per_axis(op, "kernel_size", kernel_size, 2)
    pads = geometry.per_axis(op, "padding", padding, 2, least=0)
    steps = sizes if stride is None else geometry.per_axis(op, "stride", stride, 2)
    for k, p in zip(sizes, pads, strict=True):
        if 2 * p > k:
            raise ArgumentError(f"{op}: padding is {p}; at most half of kernel {k} can be padding")
    space = geometry.pads(op, pads, sizes, steps, (1, 1))
    counts = geometry.windows(x.shape[2:], sizes, steps, space, (1, 1))
    geometry.check_fit(op, x.shape[2:], sizes, space, (1, 1), counts)
    weight = tensor([[_centred(sizes, power)]], dtype=x.dtype, device=x.device)
    images = reshape(x, (x.shape[0] * x.shape[1], 1, *x.shape[2:]))
    total = conv2d(images, weight, None, steps, pads)
    there = conv2d(ones((1, 1, *x.shape[2:]), dtype=x.dtype, device=x.device), weight, None, steps, pads)
    return unbatched(reshape(div(total, there), (*x.shape[:2], *counts)), alone)


def _centred(sizes: tuple[int, ...], power: float) -> list[list[float]]:
    """The weights of one window (kh, kw)."""
    high, wide = ((k - 1) / 2 for k in sizes)
    return [
        [(1 + math.hypot(i - high, j - wide)) ** -power for j in range(sizes[1])] for i in range(sizes[0])
    ]  # fmt: skip


def depth_max_pool(input: Any, kernel_size: int | None = None, stride: int | None = None) -> Tensor:
    """Largest of each `kernel_size` channels at every pixel: (N, C, *) -> (N, (C - k) // s + 1, *).

    Without `kernel_size` of all channels, to one. `stride` is the kernel size unless given. The gradient goes to
    the first winner. Raises ShapeError if x has fewer than two axes, or fewer channels than that.

    >>> depth_max_pool(Tensor([[[1.0, 5.0], [2.0, 4.0], [0.0, 9.0], [3.0, 8.0]]]), 2).tolist()
    [[[2.0, 5.0], [3.0, 9.0]]]
    """
    return _over_channels("depth_max_pool", max_pool2d, input, kernel_size, stride)


def depth_avg_pool(input: Any, kernel_size: int | None = None, stride: int | None = None) -> Tensor:
    """Mean of each `kernel_size` channels at every pixel: (N, C, *) -> (N, (C - k) // s + 1, *).

    As :func:`depth_max_pool`.

    >>> depth_avg_pool(Tensor([[[1.0, 5.0], [2.0, 4.0]]])).tolist()
    [[[1.5, 4.5]]]
    """
    return _over_channels("depth_avg_pool", avg_pool2d, input, kernel_size, stride)


def _over_channels(op: str, pool: Any, x: Any, kernel: int | None, stride: int | None) -> Tensor:
    x = as_tensor(x)
    if x.ndim < 2:
        raise ShapeError(f"{op}: x is {x.ndim}-d {x.shape}; it must be (N, C, ...)")
    images, channels, *space = x.shape
    (k,) = geometry.per_axis(op, "kernel_size", channels if kernel is None else kernel, 1)
    (s,) = (k,) if stride is None else geometry.per_axis(op, "stride", stride, 1)
    if k > channels:
        raise ShapeError(f"{op}: kernel_size is {k}; x {x.shape} has {channels} channels")
    rows = reshape(x, (images, 1, channels, math.prod(space)))
    return reshape(pool(rows, (k, 1), (s, 1)), (images, (channels - k) // s + 1, *space))
