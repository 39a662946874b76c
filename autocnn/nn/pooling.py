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


# The largest of as many windows as were asked for ---------------------------------------------------------------


class _AdaptiveMax(Layer):
    _function: ClassVar[Callable[..., Any]]

    def __init__(self, output_size: Any, return_indices: bool = False) -> None:
        self.output_size = output_size
        self.return_indices = return_indices

    def forward(self, input: Tensor) -> Any:
        """The largest value of each window, and its place if asked for."""
        return type(self)._function(input, self.output_size, self.return_indices)

    def extra_repr(self) -> str:
        """The size."""
        return f"output_size={self.output_size}"


class AdaptiveMaxPool1d(_AdaptiveMax):
    """The largest values of windows that divide the axis into `output_size`: x (N, C, L) -> (N, C, l).

    >>> AdaptiveMaxPool1d(2)(Tensor([[[1.0, 3.0, 2.0, 0.0]]])).tolist()
    [[[3.0, 2.0]]]
    """

    _function = F.adaptive_max_pool1d


class AdaptiveMaxPool2d(_AdaptiveMax):
    """The largest values of windows that divide the image into `output_size`: x (N, C, H, W) -> (N, C, oh, ow).

    >>> AdaptiveMaxPool2d((1, 1))
    AdaptiveMaxPool2d(output_size=(1, 1))
    """

    _function = F.adaptive_max_pool2d


class AdaptiveMaxPool3d(_AdaptiveMax):
    """The largest values of windows that divide the volume into `output_size`: x (N, C, D, H, W).

    >>> AdaptiveMaxPool3d(1)
    AdaptiveMaxPool3d(output_size=1)
    """

    _function = F.adaptive_max_pool3d


# Power means ----------------------------------------------------------------------------------------------------


class _LPPool(Layer):
    _function: ClassVar[Callable[..., Tensor]]

    def __init__(
        self, norm_type: float, kernel_size: Size, stride: Size | None = None, ceil_mode: bool = False
    ) -> None:
        self.norm_type = norm_type
        self.kernel_size = kernel_size
        self.stride = stride
        self.ceil_mode = ceil_mode

    def forward(self, input: Tensor) -> Tensor:
        """(sum of x ** p) ** (1 / p) of each window."""
        return type(self)._function(input, float(self.norm_type), self.kernel_size, self.stride, self.ceil_mode)


class LPPool1d(_LPPool):
    """(sum of x^p)^(1/p) of each window, p = `norm_type`: x (N, C, L) -> (N, C, l).

    >>> LPPool1d(2, 2)(Tensor([[[3.0, 4.0]]])).tolist()
    [[[5.0]]]
    """

    _function = F.lp_pool1d


class LPPool2d(_LPPool):
    """(sum of x^p)^(1/p) of each window, p = `norm_type`: x (N, C, H, W) -> (N, C, oh, ow).

    >>> LPPool2d(2, 3, stride=2)
    LPPool2d(norm_type=2, kernel_size=3, stride=2, ceil_mode=False)
    """

    _function = F.lp_pool2d


class LPPool3d(_LPPool):
    """(sum of x^p)^(1/p) of each window, p = `norm_type`: x (N, C, D, H, W) -> (N, C, od, oh, ow).

    >>> LPPool3d(1, 2)
    LPPool3d(norm_type=1, kernel_size=2, stride=None, ceil_mode=False)
    """

    _function = F.lp_pool3d


# Centres and channels -------------------------------------------------------------------------------------------


class DistanceAvgPool2d(Layer):
    """The mean of each window, weighted by (1 + distance to its centre)^-power: x (N, C, H, W) -> (N, C, oh, ow).

    >>> DistanceAvgPool2d((1, 3))(Tensor([[[[0.0, 4.0, 0.0]]]])).tolist()
    [[[[2.0]]]]
    """

    def __init__(
        self, kernel_size: Size, stride: Size | None = None, padding: Size = 0, power: float = 1.0
    ) -> None:
        self.kernel_size = kernel_size
        self.stride = kernel_size if stride is None else stride
        self.padding = padding
        self.power = power

    def forward(self, input: Tensor) -> Tensor:
        """The weighted mean of each window."""
        return F.distance_avg_pool2d(input, self.kernel_size, self.stride, self.padding, self.power)


class _DepthPool(Layer):
    _function: ClassVar[Callable[..., Tensor]]

    def __init__(self, kernel_size: int | None = None, stride: int | None = None) -> None:
        self.kernel_size = kernel_size
        self.stride = stride

    def forward(self, input: Tensor) -> Tensor:
        """One channel for each window of channels."""
        return type(self)._function(input, self.kernel_size, self.stride)


class DepthMaxPool(_DepthPool):
    """The largest of each `kernel_size` channels, or of all, at every pixel: x (N, C, *) -> (N, c, *).

    >>> DepthMaxPool(2)(Tensor([[[1.0, 5.0], [2.0, 4.0]]])).tolist()
    [[[2.0, 5.0]]]
    """

    _function = F.depth_max_pool


class DepthAvgPool(_DepthPool):
    """The mean of each `kernel_size` channels, or of all, at every pixel: x (N, C, *) -> (N, c, *).

    >>> DepthAvgPool(2)(Tensor([[[1.0, 5.0], [2.0, 4.0]]])).tolist()
    [[[1.5, 4.5]]]
    """

    _function = F.depth_avg_pool


# Pooling undone -------------------------------------------------------------------------------------------------


class _MaxUnpool(Layer):
    _function: ClassVar[Callable[..., Tensor]]
    dims: ClassVar[int]

    def __init__(self, kernel_size: Size, stride: Size | None = None, padding: Size = 0) -> None:
        name = self._get_name()
        self.kernel_size = per_axis(name, "kernel_size", kernel_size, self.dims)
        self.stride = per_axis(name, "stride", kernel_size if stride is None else stride, self.dims)
        self.padding = per_axis(name, "padding", padding, self.dims)

    def forward(self, input: Tensor, indices: Tensor, output_size: list[int] | None = None) -> Tensor:
        """The values at their places, zeros elsewhere."""
        return type(self)._function(input, indices, self.kernel_size, self.stride, self.padding, output_size)


class MaxUnpool1d(_MaxUnpool):
    """Values where max pooling found them, zeros elsewhere: x (N, C, l) -> (N, C, L).

    >>> MaxUnpool1d(2)(Tensor([[[3.0]]]), Tensor([[[1]]])).tolist()
    [[[0.0, 3.0]]]
    """

    _function = F.max_unpool1d
    dims = 1


class MaxUnpool2d(_MaxUnpool):
    """Values where max pooling found them, zeros elsewhere: x (N, C, oh, ow) -> (N, C, H, W).

    Source: Zeiler and Fergus (2014), section 2.1.

    >>> MaxUnpool2d(2)
    MaxUnpool2d(kernel_size=(2, 2), stride=(2, 2), padding=(0, 0))
    """

    _function = F.max_unpool2d
    dims = 2


class MaxUnpool3d(_MaxUnpool):
    """Values where max pooling found them, zeros elsewhere: x (N, C, od, oh, ow) -> (N, C, D, H, W).

    >>> MaxUnpool3d(2, 1)
    MaxUnpool3d(kernel_size=(2, 2, 2), stride=(1, 1, 1), padding=(0, 0, 0))
    """

    _function = F.max_unpool3d
    dims = 3
