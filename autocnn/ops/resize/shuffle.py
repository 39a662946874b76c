"""Channels that become pixels, pixels that become channels, and channels in another order.

Images are seen with their channels last, as they lie in memory: the result lies so too, and is copied once.
"""

from __future__ import annotations

from typing import Any

from autocnn.engine import Tensor, as_tensor
from autocnn.errors import ArgumentError, ShapeError
from autocnn.ops.axes import as_int
from autocnn.ops.shape import permute, reshape


def pixel_shuffle(input: Any, upscale_factor: int) -> Tensor:
    """Each r r channels as one, r times as large on both axes: (..., C r r, H, W) -> (..., C, H r, W r).

    Raises ShapeError unless r r divides the channels.
    Source: Shi et al. (2016), "Real-time single image and video super-resolution", equation 4.

    >>> pixel_shuffle(Tensor([[[1.0]], [[2.0]], [[3.0]], [[4.0]]]), 2).tolist()
    [[[1.0, 2.0], [3.0, 4.0]]]
    """
    x, r = _image("pixel_shuffle", "upscale_factor", input, upscale_factor)
    *first, c, h, w = x.shape
    if c % (r * r):
        raise ShapeError(f"pixel_shuffle: x is {x.shape}; its {c} channels must be a multiple of {r} x {r}")
    n, before = len(first), (*range(len(first)),)
    pixels = reshape(permute(x, (*before, n + 1, n + 2, n)), (*first, h, w, c // (r * r), r, r))
    grown = permute(pixels, (*before, n, n + 3, n + 1, n + 4, n + 2))
    return permute(reshape(grown, (*first, h * r, w * r, c // (r * r))), (*before, n + 2, n, n + 1))


def pixel_unshuffle(input: Any, downscale_factor: int) -> Tensor:
    """Every r-th pixel as a channel of its own: (..., C, H r, W r) -> (..., C r r, H, W), undoes `pixel_shuffle`.

    Raises ShapeError unless r divides height and width.

    >>> pixel_unshuffle(Tensor([[[1.0, 2.0], [3.0, 4.0]]]), 2).tolist()
    [[[1.0]], [[2.0]], [[3.0]], [[4.0]]]
    """
    x, r = _image("pixel_unshuffle", "downscale_factor", input, downscale_factor)
    *first, c, h, w = x.shape
    if h % r or w % r:
        raise ShapeError(f"pixel_unshuffle: x is {x.shape}; its last two axes must be multiples of {r}")
    n, before = len(first), (*range(len(first)),)
    pixels = reshape(permute(x, (*before, n + 1, n + 2, n)), (*first, h // r, r, w // r, r, c))
    shrunk = permute(pixels, (*before, n, n + 2, n + 4, n + 1, n + 3))
    return permute(reshape(shrunk, (*first, h // r, w // r, c * r * r)), (*before, n + 2, n, n + 1))


def _image(op: str, name: str, x: Any, factor: int) -> tuple[Tensor, int]:
    x, r = as_tensor(x), as_int(op, name, factor)
    if x.ndim < 3:
        raise ShapeError(f"{op}: x is {x.ndim}-d {x.shape}; it must be (..., C, H, W)")
    if r < 1:
        raise ArgumentError(f"{op}: {name} is {r}; it must be at least 1")
    return x, r


def channel_shuffle(input: Any, groups: int) -> Tensor:
    """The first channel of every group, then every second, and so on: (N, C, ...) -> the same shape.

    Raises ArgumentError unless `groups` divides the channels.
    Source: Zhang et al. (2018), "ShuffleNet", figure 1.

    >>> channel_shuffle(Tensor([[[1.0], [2.0], [3.0], [4.0]]]), 2).flatten().tolist()
    [1.0, 3.0, 2.0, 4.0]
    """
    x, groups = as_tensor(input), as_int("channel_shuffle", "groups", groups)
    if x.ndim < 3:
        raise ShapeError(f"channel_shuffle: x is {x.ndim}-d {x.shape}; it must be (N, C, ...)")
    n, c, *space = x.shape
    if groups < 1 or c % groups:
        raise ArgumentError(f"channel_shuffle: groups is {groups}; it must divide the {c} channels of {x.shape}")
    parts = reshape(x, (n, groups, c // groups, *space))
    return reshape(permute(parts, (0, 2, 1, *range(3, parts.ndim))), x.shape)
