"""AlexNet: the network that won ImageNet in 2012."""

from __future__ import annotations

from typing import TYPE_CHECKING

from autocnn import nn

if TYPE_CHECKING:
    from autocnn.engine import Tensor

WIDTHS = (64, 192, 384, 256, 256)
"""Channels of the five convolutions in one column."""

WIDTHS_2012 = (96, 256, 384, 384, 256)
"""Channels of the five convolutions in both columns together."""

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


class AlexNet2012(nn.Module):
    """x (N, in_channels, H, W) -> (N, num_classes): AlexNet as it won, in two columns that seldom see each other.

    The second, fourth and fifth convolutions have two groups, once one for each of two GPUs; the first two are
    followed by local response normalisation. 60,965,224 parameters. H and W are at least 67; first values are
    those of the paper: weights of deviation 0.01, and biases of 1 where that keeps units alive from the start.
    Source: Krizhevsky, Sutskever and Hinton (2012), sections 3 and 5.

    >>> [name for name, _ in AlexNet2012(num_classes=2).named_parameters()][2:4]
    ['features.4.weight', 'features.4.bias']
    """

    side = 227
    """Height and width of the images that it was made for."""

    def __init__(self, num_classes: int = 1000, in_channels: int = 3, *, dropout: float = 0.5) -> None:
        super().__init__()
        a, b, c, d, e = WIDTHS_2012
        self.in_channels = in_channels
        self.features = nn.Sequential(
            nn.Conv2d(in_channels, a, 11, 4), nn.ReLU(), _normalised(), nn.MaxPool2d(3, 2),
            nn.Conv2d(a, b, 5, padding=2, groups=2), nn.ReLU(), _normalised(), nn.MaxPool2d(3, 2),
            nn.Conv2d(b, c, 3, padding=1), nn.ReLU(),
            nn.Conv2d(c, d, 3, padding=1, groups=2), nn.ReLU(),
            nn.Conv2d(d, e, 3, padding=1, groups=2), nn.ReLU(), nn.MaxPool2d(3, 2),
        )  # fmt: skip
        self.avgpool = nn.AdaptiveAvgPool2d(6)
        self.classifier = nn.Sequential(
            nn.Linear(e * 6 * 6, HIDDEN), nn.ReLU(), nn.Dropout(dropout),
            nn.Linear(HIDDEN, HIDDEN), nn.ReLU(), nn.Dropout(dropout),
            nn.Linear(HIDDEN, num_classes),
        )  # fmt: skip
        learned = [part for part in self.modules() if isinstance(part, nn.Conv2d | nn.Linear)]
        for place, part in enumerate(learned):
            nn.init.normal_(part.weight, 0.0, 0.01)
            nn.init.constant_(part.get_parameter("bias"), 1.0 if place in (1, 3, 4, 5, 6) else 0.0)

    def forward(self, x: Tensor) -> Tensor:
        """x (N, in_channels, H, W), H and W at least 67 -> scores (N, num_classes)."""
        return self.classifier(self.avgpool(self.features(x)).flatten(1))  # type: ignore[no-any-return]


def _normalised() -> nn.LocalResponseNorm:
    """The paper's 2 + 1e-4 times the sum over five channels, all to the power 0.75."""
    return nn.LocalResponseNorm(5, alpha=5 * 1e-4, beta=0.75, k=2.0)
