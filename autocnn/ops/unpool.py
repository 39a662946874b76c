"""What max pooling took away put back: each value where it came from, zeros elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

from autocnn.backend import geometry
from autocnn.backend.arrays import namespace
from autocnn.engine import Tensor, as_tensor
from autocnn.errors import ArgumentError, DTypeError, ShapeError
from autocnn.ops.channels import batched, unbatched
from autocnn.ops.indexing import scatter
from autocnn.ops.shape import reshape
from autocnn.types import Shape, Size


def max_unpool1d(
    input: Any,
    indices: Any,
    kernel_size: Size,
    stride: Size | None = None,
    padding: Size = 0,
    output_size: Sequence[int] | None = None,
) -> Tensor:
    """Values where `max_pool1d` found them, zeros elsewhere: (N, C, l) -> (N, C, L). As :func:`max_unpool2d`.

    >>> max_unpool1d(Tensor([[3.0, 2.0]]), [[1, 2]], 2).tolist()
    [[0.0, 3.0, 2.0, 0.0]]
    """
    return _unpooled("max_unpool1d", 1, input, indices, kernel_size, stride, padding, output_size)


def max_unpool2d(
    input: Any,
    indices: Any,
    kernel_size: Size,
    stride: Size | None = None,
    padding: Size = 0,
    output_size: Sequence[int] | None = None,
) -> Tensor:
    """Values where `max_pool2d` found them, zeros elsewhere: (N, C, oh, ow) -> (N, C, H, W).

    `indices` are those that max pooling returned. Several heights and widths are pooled to the same; H is
    (oh - 1) sh - 2 ph + kh unless `output_size` says which.
    Raises ArgumentError for an output size that pools to another, OutOfRangeError for an index beyond the image.
    Source: Zeiler and Fergus (2014), section 2.1.

    >>> max_unpool2d(Tensor([[[3.0]]]), [[[1]]], 2).tolist()
    [[[0.0, 3.0], [0.0, 0.0]]]
    """
    return _unpooled("max_unpool2d", 2, input, indices, kernel_size, stride, padding, output_size)


def max_unpool3d(
    input: Any,
    indices: Any,
    kernel_size: Size,
    stride: Size | None = None,
    padding: Size = 0,
    output_size: Sequence[int] | None = None,
) -> Tensor:
    """Values where `max_pool3d` found them, zeros elsewhere: (N, C, od, oh, ow) -> (N, C, D, H, W).

    >>> max_unpool3d(Tensor([[[[3.0]]]]), [[[[1]]]], (1, 1, 2)).tolist()
    [[[[0.0, 3.0]]]]
    """
    return _unpooled("max_unpool3d", 3, input, indices, kernel_size, stride, padding, output_size)


def _unpooled(
    op: str, ndim: int, x: Any, indices: Any, kernel: Size, stride: Size | None, padding: Size, size: Any
) -> Tensor:
    places = as_tensor(indices)
    x = as_tensor(x)
    if places.shape != x.shape:
        raise ShapeError(f"{op}: indices is {places.shape}, x {x.shape}; they must be of one shape")
    if places.dtype != "int64":
        raise DTypeError(f"{op}: indices is {places.dtype}; it must be int64, as max pooling returns it")
    x, alone = batched(op, x, ndim)
    space = _space(op, x.shape[2:], kernel, stride, padding, size)
    rows = (*x.shape[:2], prod(x.shape[2:]))
    blank = Tensor(namespace(x.array).zeros((*x.shape[:2], prod(space)), dtype=x.dtype))
    z = scatter(blank, 2, reshape(places, rows), reshape(x, rows))
    return unbatched(reshape(z, (*x.shape[:2], *space)), alone)


def _space(op: str, pooled: Shape, kernel: Size, stride: Size | None, padding: Size, size: Any) -> Shape:
    """The lengths of the image: those asked for, if they can be, or the least that max pooling makes these of."""
    ndim = len(pooled)
    sizes = geometry.per_axis(op, "kernel_size", kernel, ndim)
    steps = sizes if stride is None else geometry.per_axis(op, "stride", stride, ndim)
    pads = geometry.per_axis(op, "padding", padding, ndim, least=0)
    usual = tuple([(n - 1) * s + k - 2 * p for n, s, k, p in zip(pooled, steps, sizes, pads, strict=True)])
    if size is None:
        return usual
    given = tuple(size)[-ndim:]
    if len(size) not in (ndim, ndim + 2) or any(
        not n - s < wanted < n + s for wanted, n, s in zip(given, usual, steps, strict=True)
    ):
        low, high = (tuple([n + sign * (s - 1) for n, s in zip(usual, steps, strict=True)]) for sign in (-1, 1))
        raise ArgumentError(f"{op}: output_size is {tuple(size)}; it must lie from {low} to {high}")
    return given
