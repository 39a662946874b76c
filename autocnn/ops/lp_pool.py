"""Pooling by a power mean, between the average (p = 1) and the maximum (p towards infinity)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from autocnn.backend import geometry
from autocnn.engine import Tensor, as_tensor
from autocnn.errors import ArgumentError
from autocnn.ops.elementwise import eq, mul, pow, where
from autocnn.ops.pool import avg_pool1d, avg_pool2d, avg_pool3d
from autocnn.types import Size

_AVERAGES: dict[int, Callable[..., Tensor]] = {1: avg_pool1d, 2: avg_pool2d, 3: avg_pool3d}


def lp_pool1d(
    input: Any, norm_type: float, kernel_size: Size, stride: Size | None = None, ceil_mode: bool = False
) -> Tensor:
    """(sum of x ** p) ** (1 / p) of each window: (N, C, L) -> (N, C, l). As :func:`lp_pool2d`.

    >>> lp_pool1d(Tensor([[3.0, 4.0]]), 2, 2).tolist()
    [[5.0]]
    """
    return _power_mean("lp_pool1d", 1, input, norm_type, kernel_size, stride, ceil_mode)


def lp_pool2d(
    input: Any, norm_type: float, kernel_size: Size, stride: Size | None = None, ceil_mode: bool = False
) -> Tensor:
    """(sum of x ** p) ** (1 / p) of each window, p = `norm_type`: (N, C, H, W) -> (N, C, oh, ow).

    With p = 1 the sum, with p = 2 the norm. A window that hangs over the end (`ceil_mode`) counts as if it went on
    with its mean, as in PyTorch. The derivative where the sum is 0 is 0.
    Raises ArgumentError for p = 0, ShapeError if a window does not fit.

    >>> lp_pool2d(Tensor([[[3.0, 0.0], [0.0, 4.0]]]), 2, 2).tolist()
    [[[5.0]]]
    """
    return _power_mean("lp_pool2d", 2, input, norm_type, kernel_size, stride, ceil_mode)


def lp_pool3d(
    input: Any, norm_type: float, kernel_size: Size, stride: Size | None = None, ceil_mode: bool = False
) -> Tensor:
    """(sum of x ** p) ** (1 / p) of each window: (N, C, D, H, W) -> (N, C, od, oh, ow). As :func:`lp_pool2d`.

    >>> lp_pool3d(Tensor([[[[3.0, 4.0]]]]), 2, (1, 1, 2)).tolist()
    [[[[5.0]]]]
    """
    return _power_mean("lp_pool3d", 3, input, norm_type, kernel_size, stride, ceil_mode)


def _power_mean(
    op: str, ndim: int, x: Any, p: float, kernel: Size, stride: Size | None, ceil_mode: bool
) -> Tensor:
    if p == 0:
        raise ArgumentError(f"{op}: norm_type is {p}; 1 / norm_type is an exponent, it must not be 0")
    x = as_tensor(x)
    sizes = geometry.per_axis(op, "kernel_size", kernel, ndim)
    average = _AVERAGES[ndim](pow(x, p), sizes, stride, 0, ceil_mode)
    total = mul(average, float(geometry.volume(sizes)))
    nothing = eq(total, 0.0)
    return where(nothing, 0.0, pow(where(nothing, 1.0, total), 1.0 / p))
