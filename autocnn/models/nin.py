"""Network in Network: small perceptrons that slide over the image, and no linear layer at the end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from autocnn import nn

if TYPE_CHECKING:
    from autocnn.engine import Tensor


WIDTHS = ((192, 160, 96), (192, 192, 192), (192, 192))
"""Channels of the three convolutions and of the 1x1 convolutions behind each; the last one's are the classes."""


class NiN(nn.Module):
    """x (N, in_channels, 32, 32) -> (N, num_classes): three convolutions, each with two of 1x1 behind it.

    A 1x1 convolution is a linear layer for every pixel. The last one makes a map for each class, and the mean of a
    map is the score. 966,986 parameters for ten classes. Source: Lin, Chen and Yan (2014), section 4.2.

    >>> sum(p.array.size for p in NiN().parameters())
    966986
    """

    side = 32
    """Height and width of the images that it was made for."""

    def __init__(self, num_classes: int = 10, in_channels: int = 3, *, dropout: float = 0.5) -> None:
        super().__init__()
        first, second, third = WIDTHS
        self.in_channels = in_channels
        self.features = nn.Sequential(
            *_perceptrons(in_channels, first, 5), nn.MaxPool2d(3, 2, padding=1), nn.Dropout(dropout),
            *_perceptrons(first[-1], second, 5), nn.AvgPool2d(3, 2, padding=1), nn.Dropout(dropout),
            *_perceptrons(second[-1], (*third, num_classes), 3),
        )  # fmt: skip
        self.avgpool = nn.AdaptiveAvgPool2d(1)

    def forward(self, x: Tensor) -> Tensor:
        """x (N, in_channels, H, W) -> scores (N, num_classes)."""
        return self.avgpool(self.features(x)).flatten(1)  # type: ignore[no-any-return]


def _perceptrons(channels: int, widths: tuple[int, ...], kernel: int) -> list[nn.Module]:
    layers: list[nn.Module] = []
    for width, size in zip(widths, (kernel, 1, 1), strict=True):
        conv = nn.Conv2d(channels, width, size, padding=size // 2)
        nn.init.kaiming_normal_(conv.weight, nonlinearity="relu")
        nn.init.zeros_(conv.get_parameter("bias"))
        layers += [conv, nn.ReLU()]
        channels = width
    return layers
