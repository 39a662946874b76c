"""Convolutions whose filters have mean 0 and variance 1, whatever is learned."""

from __future__ import annotations

from typing import Any

from autocnn.engine import Tensor
from autocnn.nn import functional as F
from autocnn.nn.conv import Conv1d, Conv2d, Conv3d, _Conv
from autocnn.types import Size


class _Standardized(_Conv):
    def __init__(
        self, in_channels: int, out_channels: int, kernel_size: Size, stride: Size = 1, padding: Size | str = 0,
        dilation: Size = 1, groups: int = 1, bias: bool = True, padding_mode: str = "zeros", device: Any = None,
        dtype: Any = None, *, eps: float = 1e-5,
    ) -> None:  # fmt: skip
        self.eps = eps
        super().__init__(
            in_channels, out_channels, kernel_size, stride, padding, dilation, groups, bias, padding_mode, device,
            dtype,
        )  # fmt: skip

    def forward(self, input: Tensor) -> Tensor:
        """The cross-correlation of x with every filter, standardised, plus bias."""
        weight = F.layer_norm(self.weight, self.weight.shape[1:], eps=self.eps)
        return self._conv_forward(input, weight, self.bias)

    def extra_repr(self) -> str:
        """Those of the convolution, and eps."""
        return f"{super().extra_repr()}, eps={self.eps}"


class WSConv1d(_Standardized, Conv1d):
    """Conv1d with standardised filters: x (N, C, L) -> (N, O, l). As :class:`WSConv2d`.

    >>> WSConv1d(1, 2, 3).eps
    1e-05
    """


class WSConv2d(_Standardized, Conv2d):
    """Conv2d with standardised filters: x (N, C, H, W) -> (N, O, oh, ow).

    Each filter w is (w - mean w) / sqrt(var w + eps), over its inputs and places; the gradient goes through it.
    Meant to go before a group norm. Source: Qiao et al. (2019), "Weight standardization", equations 6 and 7.

    >>> layer = WSConv2d(1, 1, (1, 2), bias=False)
    >>> abs(layer(Tensor([[[[1.0, 1.0]]]])).item()) < 1e-6
    True
    """


class WSConv3d(_Standardized, Conv3d):
    """Conv3d with standardised filters: x (N, C, D, H, W) -> (N, O, od, oh, ow). As :class:`WSConv2d`.

    >>> WSConv3d(1, 2, 3).weight.shape
    (2, 1, 3, 3, 3)
    """
