"""Channels weighted by what the whole image holds."""

from __future__ import annotations

from collections.abc import Callable

from autocnn.engine import Tensor
from autocnn.nn.activation import ReLU, Sigmoid
from autocnn.nn.conv import Conv2d
from autocnn.nn.module import Module
from autocnn.nn.pooling import AdaptiveAvgPool2d


class SqueezeExcitation(Module):
    """Each channel times a share that two layers make of the channels' means: x (N, C, H, W) -> the same shape.

    z = x scale_activation(fc2(activation(fc1(mean x)))), fc1 to `squeeze_channels`, fc2 back.
    Source: Hu, Shen and Sun (2018), "Squeeze-and-excitation networks", equations 2 to 4.

    >>> [name for name, _ in SqueezeExcitation(8, 2).named_parameters()]
    ['fc1.weight', 'fc1.bias', 'fc2.weight', 'fc2.bias']
    """

    def __init__(
        self, input_channels: int, squeeze_channels: int, activation: Callable[..., Module] = ReLU,
        scale_activation: Callable[..., Module] = Sigmoid,
    ) -> None:  # fmt: skip
        self.avgpool = AdaptiveAvgPool2d(1)
        self.fc1 = Conv2d(input_channels, squeeze_channels, 1)
        self.fc2 = Conv2d(squeeze_channels, input_channels, 1)
        self.activation = activation()
        self.scale_activation = scale_activation()

    def forward(self, input: Tensor) -> Tensor:
        """x with its channels weighted."""
        share = self.fc2(self.activation(self.fc1(self.avgpool(input))))
        return self.scale_activation(share) * input  # type: ignore[no-any-return]
