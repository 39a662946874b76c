"""Convolutions in two steps: every channel alone, then every pixel alone."""

from __future__ import annotations

from collections.abc import Callable

from autocnn.engine import Tensor
from autocnn.errors import ArgumentError
from autocnn.nn.activation import ReLU, ReLU6
from autocnn.nn.containers import Sequential
from autocnn.nn.conv import Conv2d
from autocnn.nn.module import Module
from autocnn.nn.normalization import BatchNorm2d
from autocnn.nn.settings import per_axis
from autocnn.types import Size

Maker = Callable[..., Module]


class Conv2dNormActivation(Sequential):
    """Convolution, norm, activation: x (N, C, H, W) -> (N, out_channels, H', W'); norm and activation may be None.

    Without `padding` the size stays, save for the stride; without `bias` the convolution has one where no norm
    follows.

    >>> len(Conv2dNormActivation(1, 2)), len(Conv2dNormActivation(1, 2, activation_layer=None))
    (3, 2)
    """

    def __init__(
        self, in_channels: int, out_channels: int, kernel_size: Size = 3, stride: Size = 1,
        padding: Size | str | None = None, groups: int = 1, norm_layer: Maker | None = BatchNorm2d,
        activation_layer: Maker | None = ReLU, dilation: Size = 1, inplace: bool | None = True,
        bias: bool | None = None,
    ) -> None:  # fmt: skip
        if padding is None:
            sizes = per_axis("Conv2dNormActivation", "kernel_size", kernel_size, 2)
            gaps = per_axis("Conv2dNormActivation", "dilation", dilation, 2)
            padding = tuple([(k - 1) // 2 * d for k, d in zip(sizes, gaps, strict=True)])
        bias = norm_layer is None if bias is None else bias
        parts: list[Module] = [
            Conv2d(in_channels, out_channels, kernel_size, stride, padding, dilation, groups, bias)
        ]
        if norm_layer is not None:
            parts.append(norm_layer(out_channels))
        if activation_layer is not None:
            parts.append(activation_layer() if inplace is None else activation_layer(inplace=inplace))
        super().__init__(*parts)
        self.out_channels = out_channels


class DepthwiseSeparableConv2d(Sequential):
    """A filter for each channel, then 1x1 over the channels, each with norm and activation.

    x (N, C, H, W) -> (N, out_channels, H', W') for k k C + C out_channels multiplications at each place, not
    k k C out_channels. Source: Howard et al. (2017), "MobileNets", section 3.1 and figure 3.

    >>> block = DepthwiseSeparableConv2d(8, 16)
    >>> block.depthwise[0].weight.shape, block.pointwise[0].weight.shape
    ((8, 1, 3, 3), (16, 8, 1, 1))
    """

    def __init__(
        self, in_channels: int, out_channels: int, kernel_size: Size = 3, stride: Size = 1,
        padding: Size | str | None = None, norm_layer: Maker | None = BatchNorm2d,
        activation_layer: Maker | None = ReLU, dilation: Size = 1, inplace: bool | None = True,
        bias: bool | None = None,
    ) -> None:  # fmt: skip
        super().__init__()
        self.depthwise = Conv2dNormActivation(
            in_channels, in_channels, kernel_size, stride, padding, in_channels, norm_layer, activation_layer,
            dilation, inplace, bias,
        )  # fmt: skip
        self.pointwise = Conv2dNormActivation(
            in_channels, out_channels, 1, norm_layer=norm_layer, activation_layer=activation_layer,
            inplace=inplace, bias=bias,
        )  # fmt: skip


class InvertedResidual(Module):
    """1x1 to `expand_ratio` times the channels, 3x3 on each, 1x1 back without activation: x (N, inp, H, W).

    With a stride of 1 and as many channels as before x itself is added.
    Raises ArgumentError for strides other than 1 and 2.
    Source: Sandler et al. (2018), "MobileNetV2", table 1 and figure 3.

    >>> InvertedResidual(4, 4, 1, 6).use_res_connect, InvertedResidual(4, 8, 1, 6).use_res_connect
    (True, False)
    """

    def __init__(
        self, inp: int, oup: int, stride: int, expand_ratio: float, norm_layer: Maker | None = None
    ) -> None:
        if stride not in (1, 2):
            raise ArgumentError(f"InvertedResidual: stride is {stride}; it must be 1 or 2")
        norm = BatchNorm2d if norm_layer is None else norm_layer
        hidden = round(inp * expand_ratio)
        layers: list[Module] = []
        if expand_ratio != 1:
            layers.append(Conv2dNormActivation(inp, hidden, 1, norm_layer=norm, activation_layer=ReLU6))
        layers += [
            Conv2dNormActivation(
                hidden, hidden, stride=stride, groups=hidden, norm_layer=norm, activation_layer=ReLU6
            ),
            Conv2d(hidden, oup, 1, bias=False),
            norm(oup),
        ]
        self.stride = stride
        self.use_res_connect = stride == 1 and inp == oup
        self.conv = Sequential(*layers)
        self.out_channels = oup

    def forward(self, x: Tensor) -> Tensor:
        """x (N, inp, H, W) -> (N, oup, H / stride, W / stride)."""
        z = self.conv(x)
        return x + z if self.use_res_connect else z  # type: ignore[no-any-return]
