"""Images read at any places: grids of positions, and the values there."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from itertools import product
from math import prod
from typing import Any

import numpy as np

from autocnn.backend.arrays import to_device
from autocnn.engine import Tensor, as_tensor
from autocnn.errors import ArgumentError, DTypeError, ShapeError
from autocnn.ops.activation import hardtanh
from autocnn.ops.elementwise import (
    abs,
    add,
    cast,
    clamp,
    eq,
    floor,
    fmod,
    ge,
    le,
    logical_and,
    mul,
    round,
    sub,
    where,
)
from autocnn.ops.indexing import gather
from autocnn.ops.linalg import matmul
from autocnn.ops.shape import expand, reshape, transpose, unbind, unsqueeze
from autocnn.types import Shape

_PADDINGS = ("zeros", "border", "reflection")


def grid_sample(
    input: Any, grid: Any, mode: str = "bilinear", padding_mode: str = "zeros", align_corners: bool | None = None
) -> Tensor:
    """Values of images at given places: input (N, C, H, W), grid (N, oh, ow, 2) -> (N, C, oh, ow).

    A place is (x, y), in volumes (x, y, z), from -1 to 1: the outer edges of the image or, with `align_corners`,
    the centres of its outermost pixels. `mode` is "bilinear" (weighted by distance; trilinear for volumes),
    "nearest" or, for images, "bicubic". Beyond the image there are zeros, the "border" goes on, or the image is
    mirrored ("reflection").
    Raises ArgumentError for another mode, ShapeError unless input and grid fit.
    Source: Jaderberg et al. (2015), "Spatial transformer networks", section 3.3.

    >>> grid_sample(Tensor([[[[1.0, 3.0]]]]), Tensor([[[[0.0, 0.0]]]])).tolist()
    [[[[2.0]]]]
    """
    x, places = as_tensor(input), as_tensor(grid)
    _check(x, places, mode, padding_mode)
    ndim, corners = x.ndim - 2, bool(align_corners)
    space = x.shape[2:]
    last_first = unbind(places, -1)[::-1]  # x belongs to the last axis
    raw = [_along(p, n, corners) for p, n in zip(last_first, space, strict=True)]
    flat = reshape(x, (*x.shape[:2], prod(space)))
    if mode == "bicubic":
        return _cubic(flat, raw, space, padding_mode, corners)
    at = [_inside(p, n, padding_mode, corners) for p, n in zip(raw, space, strict=True)]
    if mode == "nearest":
        return _read(flat, [round(p.detach()) for p in at], space, places.shape[1:-1])
    low = [floor(p.detach()) for p in at]
    parts = []
    for corner in product((0, 1), repeat=ndim):
        far = [sub(p, q) for p, q in zip(at, low, strict=True)]
        shares = [d if c else sub(1.0, d) for c, d in zip(corner, far, strict=True)]
        ends = [add(q, float(c)) for c, q in zip(corner, low, strict=True)]
        values = _read(flat, ends, space, places.shape[1:-1])
        parts.append(mul(values, unsqueeze(reduce(mul, shares), 1)))
    return reduce(add, parts)


def _cubic(flat: Tensor, at: list[Tensor], space: Shape, padding_mode: str, corners: bool) -> Tensor:
    """The mean of 4 x 4 pixels around each place, of which those outside lie where the padding mode puts them."""
    low = [floor(p.detach()) for p in at]
    shares = [_cubic_shares(sub(p, q)) for p, q in zip(at, low, strict=True)]
    parts = []
    for steps in product(range(4), repeat=2):
        ends = [
            _inside(add(q, step - 1.0), n, padding_mode, corners)
            for q, step, n in zip(low, steps, space, strict=True)
        ]
        values = _read(flat, ends, space, at[0].shape[1:])
        share = mul(shares[0][steps[0]], shares[1][steps[1]])
        parts.append(mul(values, unsqueeze(share, 1)))
    return reduce(add, parts)


def _cubic_shares(t: Tensor) -> list[Tensor]:
    """What pixels at -1, 0, 1 and 2 have of the value at t in 0..1, by Keys's kernel with a = -3/4."""

    def near(d: Tensor) -> Tensor:  # (a + 2) d^3 - (a + 3) d^2 + 1
        return add(mul(mul(d, d), sub(mul(d, 1.25), 2.25)), 1.0)

    def far(d: Tensor) -> Tensor:  # a d^3 - 5 a d^2 + 8 a d - 4 a
        return add(mul(sub(mul(sub(d, 5.0), d), -8.0), mul(d, -0.75)), 3.0)

    return [far(add(t, 1.0)), near(t), near(sub(1.0, t)), far(sub(2.0, t))]


def _check(x: Tensor, grid: Tensor, mode: str, padding_mode: str) -> None:
    if mode not in ("bilinear", "nearest", "bicubic"):
        raise ArgumentError(f"grid_sample: mode is {mode!r}; it must be 'bilinear', 'nearest' or 'bicubic'")
    if mode == "bicubic" and x.ndim != 4:
        raise ShapeError(f"grid_sample: x is {x.shape}; mode 'bicubic' reads images (N, C, H, W) alone")
    if padding_mode not in _PADDINGS:
        raise ArgumentError(
            f"grid_sample: padding_mode is {padding_mode!r}; it must be one of {', '.join(map(repr, _PADDINGS))}"
        )
    ndim = x.ndim - 2
    if ndim not in (2, 3) or grid.ndim != x.ndim or grid.shape[0] != x.shape[0] or grid.shape[-1] != ndim:
        raise ShapeError(
            f"grid_sample: x is {x.shape}, grid {grid.shape}; "
            "they must be (N, C, H, W) and (N, oh, ow, 2), or (N, C, D, H, W) and (N, od, oh, ow, 3)"
        )
    if 0 in x.shape[2:]:
        raise ShapeError(f"grid_sample: x is {x.shape}; there is nothing to read")
    if x.dtype != grid.dtype or x.dtype.kind != "f":
        raise DTypeError(f"grid_sample: x is {x.dtype}, grid {grid.dtype}; they must be one floating point dtype")


def _along(place: Tensor, n: int, corners: bool) -> Tensor:
    """A place from -1 to 1 as a position along an axis of n pixels."""
    return mul(add(place, 1.0), (n - 1) / 2) if corners else sub(mul(add(place, 1.0), n / 2), 0.5)


def _inside(p: Tensor, n: int, padding_mode: str, corners: bool) -> Tensor:
    """A position along an axis of n pixels, brought inside by the padding mode."""
    if padding_mode == "zeros":
        return p
    if padding_mode == "reflection":
        p = _mirrored(p, 0.0, n - 1.0) if corners else _mirrored(p, -0.5, n - 0.5)
    return hardtanh(p, 0.0, n - 1.0)


def _mirrored(p: Tensor, low: float, high: float) -> Tensor:
    span = high - low
    if not span:
        return mul(p, 0.0)
    away = abs(sub(p, low))
    turns = floor(mul(away.detach(), 1 / span))
    rest = fmod(away, span)
    return add(where(eq(fmod(turns, 2.0), 0.0), rest, sub(span, rest)), low)


def _read(flat: Tensor, at: list[Tensor], space: Shape, shape: Shape) -> Tensor:
    """flat (N, C, pixels) at whole positions along each axis (N, ...), 0 where they lie outside: (N, C, ...)."""
    inside = [logical_and(ge(p, 0.0), le(p, n - 1.0)) for p, n in zip(at, space, strict=True)]
    held = [cast(clamp(p, 0.0, n - 1.0), np.dtype("int64")) for p, n in zip(at, space, strict=True)]
    index = held[0]
    for p, n in zip(held[1:], space[1:], strict=True):
        index = add(mul(index, n), p)
    count, channels = flat.shape[:2]
    rows = expand(reshape(index, (count, 1, prod(shape))), (count, channels, prod(shape)))
    values = reshape(gather(flat, 2, rows), (count, channels, *shape))
    return where(unsqueeze(reduce(logical_and, inside), 1), values, 0.0)


def affine_grid(theta: Any, size: Sequence[int], align_corners: bool | None = None) -> Tensor:
    """Where an affine map leads to, for `grid_sample`: theta (N, 2, 3), size (N, C, H, W) -> (N, H, W, 2).

    Each place (x, y, 1) of the output, from -1 to 1, times theta. With theta (N, 3, 4) and a size of five numbers
    for volumes. Raises ShapeError unless they fit.

    >>> affine_grid(Tensor([[[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]]), (1, 1, 1, 2)).tolist()
    [[[[-0.5, 0.0], [0.5, 0.0]]]]
    """
    maps, lengths = as_tensor(theta), tuple(size)
    ndim = len(lengths) - 2
    if ndim not in (2, 3) or maps.shape != (lengths[0], ndim, ndim + 1):
        raise ShapeError(
            f"affine_grid: theta is {maps.shape}, size {lengths}; "
            "they must be (N, 2, 3) and (N, C, H, W), or (N, 3, 4) and (N, C, D, H, W)"
        )
    base = Tensor(to_device(_places(lengths[2:], bool(align_corners), maps.dtype), maps.device))
    rows = matmul(base, transpose(maps, 1, 2))
    return reshape(rows, (lengths[0], *lengths[2:], ndim))


def _places(space: Shape, corners: bool, dtype: Any) -> Any:
    """(x, y, 1) of every pixel, from -1 to 1: (pixels, axes + 1)."""
    lines = []
    for n in space:
        line = np.linspace(-1.0, 1.0, n) if n > 1 else np.zeros(1)
        lines.append(line if corners else line * (n - 1) / max(n, 1))
    grids = np.meshgrid(*lines, indexing="ij")
    return np.stack([*grids[::-1], np.ones(space)], -1).reshape(-1, len(space) + 1).astype(dtype)
