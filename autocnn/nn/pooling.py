"""Pooling layers in 1, 2 and 3 dimensions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from autocnn.engine import Tensor
from autocnn.nn import functional as F
from autocnn.nn.settings import Layer, per_axis
from autocnn.types import Size


class _MaxPool(Layer):
    _function: ClassVar[Callable[..., Any]]

    def __init__(
        self, kernel_size: Size, stride: Size | None = None, padding: Size = 0, dilation: Size = 1,
        return_indices: bool = False, ceil_mode: bool = False,
    ) -> None:  # fmt: skip
        self.kernel_size = kernel_size
        self.stride = kernel_size if stride is None else stride
        self.padding = padding
        self.dilation = dilation
        self.return_indices = return_indices
        self.ceil_mode = ceil_mode

    def forward(self, input: Tensor) -> Any:
        """The largest value of each window, and its place if asked for."""
        return type(self)._function(
            input, self.kernel_size, self.stride, self.padding, self.dilation, self.ceil_mode, self.return_indices
        )  # fmt: skip

    def extra_repr(self) -> str:
        """The settings."""
        return (
            f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}, "
            f"dilation={self.dilation}, ceil_mode={self.ceil_mode}"
        )


class MaxPool1d(_MaxPool):
    """The largest value of each window: x (N, C, L) -> (N, C, l).

    >>> MaxPool1d(2)(Tensor([[[1.0, 3.0, 2.0, 0.0]]])).tolist()
    [[[3.0, 2.0]]]
    """

    _function = F.max_pool1d


class MaxPool2d(_MaxPool):
    """The largest value of each window: x (N, C, H, W) -> (N, C, oh, ow).

    >>> MaxPool2d(2)
    MaxPool2d(kernel_size=2, stride=2, padding=0, dilation=1, ceil_mode=False)
    """

    _function = F.max_pool2d


class MaxPool3d(_MaxPool):
    """The largest value of each window: x (N, C, D, H, W) -> (N, C, od, oh, ow).

    >>> MaxPool3d(2, 1)
    MaxPool3d(kernel_size=2, stride=1, padding=0, dilation=1, ceil_mode=False)
    """

    _function = F.max_pool3d


class _AvgPool(Layer):
    _function: ClassVar[Callable[..., Tensor]]

    def __init__(
        self, kernel_size: Size, stride: Size | None = None, padding: Size = 0, ceil_mode: bool = False,
        count_include_pad: bool = True, divisor_override: int | None = None,
    ) -> None:  # fmt: skip
        self.kernel_size = kernel_size
        self.stride = kernel_size if stride is None else stride
        self.padding = padding
        self.ceil_mode = ceil_mode
        self.count_include_pad = count_include_pad
        self.divisor_override = divisor_override

    def forward(self, input: Tensor) -> Tensor:
        """The mean of each window."""
        return type(self)._function(
            input, self.kernel_size, self.stride, self.padding, self.ceil_mode, self.count_include_pad,
            self.divisor_override,
        )  # fmt: skip

    def extra_repr(self) -> str:
        """The settings."""
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class AvgPool1d(_AvgPool):
    """The mean of each window: x (N, C, L) -> (N, C, l).

    >>> AvgPool1d(2)(Tensor([[[1.0, 3.0, 2.0, 0.0]]])).tolist()
    [[[2.0, 1.0]]]
    """

    def __init__(
        self, kernel_size: Size, stride: Size | None = None, padding: Size = 0, ceil_mode: bool = False,
        count_include_pad: bool = True,
    ) -> None:  # fmt: skip
        super().__init__(kernel_size, stride, padding, ceil_mode, count_include_pad)
        for name in ("kernel_size", "stride", "padding"):
            setattr(self, name, per_axis("AvgPool1d", name, getattr(self, name), 1))

    def forward(self, input: Tensor) -> Tensor:
        """The mean of each window."""
        return F.avg_pool1d(
            input, self.kernel_size, self.stride, self.padding, self.ceil_mode, self.count_include_pad
        )


class AvgPool2d(_AvgPool):
    """The mean of each window: x (N, C, H, W) -> (N, C, oh, ow).

    >>> AvgPool2d(2)
    AvgPool2d(kernel_size=2, stride=2, padding=0)
    """

    _function = F.avg_pool2d


class AvgPool3d(_AvgPool):
    """The mean of each window: x (N, C, D, H, W) -> (N, C, od, oh, ow).

    >>> AvgPool3d(2, 1)
    AvgPool3d(kernel_size=2, stride=1, padding=0)
    """

    _function = F.avg_pool3d


class _Adaptive(Layer):
    _function: ClassVar[Callable[..., Tensor]]

    def __init__(self, output_size: Any) -> None:
        self.output_size = output_size

    def forward(self, input: Tensor) -> Tensor:
        """Means of as many windows as were asked for."""
        return type(self)._function(input, self.output_size)


class AdaptiveAvgPool1d(_Adaptive):
    """Means of windows that divide the axis into `output_size`: x (N, C, L) -> (N, C, l).

    >>> AdaptiveAvgPool1d(2)(Tensor([[[1.0, 3.0, 2.0, 0.0]]])).tolist()
    [[[2.0, 1.0]]]
    """

    _function = F.adaptive_avg_pool1d


class AdaptiveAvgPool2d(_Adaptive):
    """Means of windows that divide the image into `output_size`: x (N, C, H, W) -> (N, C, oh, ow).

    >>> AdaptiveAvgPool2d((1, 1))
    AdaptiveAvgPool2d(output_size=(1, 1))
    """

    _function = F.adaptive_avg_pool2d


class AdaptiveAvgPool3d(_Adaptive):
    """Means of windows that divide the volume into `output_size`: x (N, C, D, H, W) -> (N, C, od, oh, ow).

    >>> AdaptiveAvgPool3d(1)
    AdaptiveAvgPool3d(output_size=1)
    """

    _function = F.adaptive_avg_pool3d


class GlobalAvgPool(Layer):
    """The mean over all spatial axes, kept with length 1: x (N, C, ...) -> (N, C, 1, ...).

    Source: Lin, Chen and Yan (2014), section 3.2.

    >>> GlobalAvgPool()(Tensor([[[[1.0, 3.0]]]])).tolist()
    [[[[2.0]]]]
    """

    def forward(self, x: Tensor) -> Tensor:
        """The mean of every channel."""
        return F.global_avg_pool(x)
