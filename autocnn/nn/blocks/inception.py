"""Filters of several sizes beside each other."""

from __future__ import annotations

from functools import partial

from autocnn.engine import Tensor
from autocnn.nn import functional as F
from autocnn.nn.containers import Sequential
from autocnn.nn.conv import Conv2d
from autocnn.nn.module import Module
from autocnn.nn.normalization import BatchNorm2d
from autocnn.nn.pooling import MaxPool2d
from autocnn.ops import cat


class BasicConv2d(Module):
    """x (N, C, H, W) -> relu(bn(conv(x))), or relu(conv(x) + bias) without ``batch_norm``.

    >>> [name for name, _ in BasicConv2d(1, 2, 3).named_parameters()]
    ['conv.weight', 'bn.weight', 'bn.bias']
    """

    def __init__(
        self, in_channels: int, out_channels: int, kernel_size: int, stride: int = 1, padding: int = 0, *,
        batch_norm: bool = True,
    ) -> None:  # fmt: skip
        self.conv = Conv2d(in_channels, out_channels, kernel_size, stride, padding, bias=not batch_norm)
        self.bn = BatchNorm2d(out_channels, eps=0.001) if batch_norm else None

    def forward(self, x: Tensor) -> Tensor:
        """x (N, C, H, W) -> (N, out_channels, H', W')."""
        y = self.conv(x)
        return F.relu(y if self.bn is None else self.bn(y))


class Inception(Module):
    """Four branches, joined: x (N, C, H, W) -> (N, ch1x1 + ch3x3 + ch5x5 + pool_proj, H, W).

    1x1; 1x1 and 3x3; 1x1 and ``large`` x ``large`` (5 in the paper, 3 in torchvision); 3x3 maximum and 1x1.
    Source: Szegedy et al. (2015), figure 2b.

    >>> Inception(3, 1, 1, 2, 1, 2, 1).eval()(Tensor([[[[1.0]]] * 3])).shape
    (1, 6, 1, 1)
    """

    def __init__(
        self, in_channels: int, ch1x1: int, ch3x3red: int, ch3x3: int, ch5x5red: int, ch5x5: int, pool_proj: int,
        *, large: int = 3, batch_norm: bool = True,
    ) -> None:  # fmt: skip
        conv = partial(BasicConv2d, batch_norm=batch_norm)
        self.branch1 = conv(in_channels, ch1x1, 1)
        self.branch2 = Sequential(conv(in_channels, ch3x3red, 1), conv(ch3x3red, ch3x3, 3, padding=1))
        self.branch3 = Sequential(conv(in_channels, ch5x5red, 1), conv(ch5x5red, ch5x5, large, padding=large // 2))
        self.branch4 = Sequential(MaxPool2d(3, 1, padding=1, ceil_mode=True), conv(in_channels, pool_proj, 1))
        self.width = ch1x1 + ch3x3 + ch5x5 + pool_proj

    def forward(self, x: Tensor) -> Tensor:
        """x (N, C, H, W) -> (N, width, H, W)."""
        return cat([self.branch1(x), self.branch2(x), self.branch3(x), self.branch4(x)], dim=1)
