"""AlexNet: the network that won ImageNet in 2012."""

from __future__ import annotations

from typing import TYPE_CHECKING

from autocnn import nn

if TYPE_CHECKING:
    from autocnn.engine import Tensor

WIDTHS = (64, 192, 384, 256, 256)
"""Channels of the five convolutions in one column."""

HIDDEN = 4096
"""Width of the linear layers."""


class AlexNet(nn.Module):
    """x (N, in_channels, H, W) -> (N, num_classes): five convolutions and three linear layers, in one column.

    The form that torchvision has, with its parameter names: 61,100,840 parameters. H and W are at least 63.
    Source: Krizhevsky (2014), "One weird trick for parallelizing convolutional neural networks".

    >>> [name for name, _ in AlexNet(num_classes=2).named_parameters()][:2]
    ['features.0.weight', 'features.0.bias']
    """

    side = 224
    """Height and width of the images that it was made for."""

    def __init__(self, num_classes: int = 1000, in_channels: int = 3, *, dropout: float = 0.5) -> None:
        super().__init__()
        a, b, c, d, e = WIDTHS
        self.in_channels = in_channels
        self.features = nn.Sequential(
            nn.Conv2d(in_channels, a, 11, 4, padding=2), nn.ReLU(), nn.MaxPool2d(3, 2),
            nn.Conv2d(a, b, 5, padding=2), nn.ReLU(), nn.MaxPool2d(3, 2),
            nn.Conv2d(b, c, 3, padding=1), nn.ReLU(),
            nn.Conv2d(c, d, 3, padding=1), nn.ReLU(),
            nn.Conv2d(d, e, 3, padding=1), nn.ReLU(), nn.MaxPool2d(3, 2),
        )  # fmt: skip
        self.avgpool = nn.AdaptiveAvgPool2d(6)
        self.classifier = nn.Sequential(
            nn.Dropout(dropout), nn.Linear(e * 6 * 6, HIDDEN), nn.ReLU(),
            nn.Dropout(dropout), nn.Linear(HIDDEN, HIDDEN), nn.ReLU(),
            nn.Linear(HIDDEN, num_classes),
        )  # fmt: skip

    def forward(self, x: Tensor) -> Tensor:
        """x (N, in_channels, H, W), H and W at least 63 -> scores (N, num_classes)."""
        return self.classifier(self.avgpool(self.features(x)).flatten(1))  # type: ignore[no-any-return]
