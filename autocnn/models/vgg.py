"""VGG: small convolutions, one after another."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from autocnn import nn
from autocnn.errors import ArgumentError

if TYPE_CHECKING:
    from autocnn.engine import Tensor

_COUNTS = {11: (1, 1, 2, 2, 2), 13: (2, 2, 2, 2, 2), 16: (2, 2, 3, 3, 3), 19: (2, 2, 4, 4, 4)}
WIDTHS = (64, 128, 256, 512, 512)
"""Channels of the five stages."""

HIDDEN = 4096
"""Width of the linear layers."""


class VGG(nn.Module):
    """x (N, in_channels, H, W) -> (N, num_classes): 11, 13, 16 or 19 layers, of 3x3 convolutions and three linear.

    Parameters have torchvision's names; with ``batch_norm`` a normalisation follows each convolution. VGG-19 has
    143,667,240 parameters, that is 548 MiB.
    Source: Simonyan and Zisserman (2015), table 1, configurations A, B, D and E.

    Raises ArgumentError for another depth.

    >>> VGG(12)
    Traceback (most recent call last):
    autocnn.errors.ArgumentError: VGG: depth is 12; one of 11, 13, 16, 19
    """

    side = 224
    """Height and width of the images that it was made for."""

    def __init__(
        self,
        depth: int,
        num_classes: int = 1000,
        in_channels: int = 3,
        *,
        batch_norm: bool = False,
        dropout: float = 0.5,
    ) -> None:
        super().__init__()
        if depth not in _COUNTS:
            raise ArgumentError(f"VGG: depth is {depth}; one of {', '.join(map(str, _COUNTS))}")
        self.in_channels = in_channels
        self.features = nn.Sequential(*_features(_COUNTS[depth], in_channels, batch_norm))
        self.avgpool = nn.AdaptiveAvgPool2d(7)
        self.classifier = nn.Sequential(
            nn.Linear(WIDTHS[-1] * 7 * 7, HIDDEN), nn.ReLU(), nn.Dropout(dropout),
            nn.Linear(HIDDEN, HIDDEN), nn.ReLU(), nn.Dropout(dropout),
            nn.Linear(HIDDEN, num_classes),
        )  # fmt: skip
        _start(self)

    def forward(self, x: Tensor) -> Tensor:
        """x (N, in_channels, H, W), H and W at least 32 -> scores (N, num_classes)."""
        return self.classifier(self.avgpool(self.features(x)).flatten(1))  # type: ignore[no-any-return]


def _features(counts: tuple[int, ...], channels: int, batch_norm: bool) -> list[nn.Module]:
    layers: list[nn.Module] = []
    for count, width in zip(counts, WIDTHS, strict=True):
        for _ in range(count):
            normal = [nn.BatchNorm2d(width)] if batch_norm else []
            layers += [nn.Conv2d(channels, width, 3, padding=1), *normal, nn.ReLU()]
            channels = width
        layers.append(nn.MaxPool2d(2, 2))
    return layers


def _start(model: nn.Module) -> None:
    for module in model.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
        elif isinstance(module, nn.Linear):
            nn.init.normal_(module.weight, 0.0, 0.01)
        if isinstance(module, nn.Conv2d | nn.Linear) and module.bias is not None:
            nn.init.zeros_(module.bias)


vgg11, vgg13, vgg16, vgg19 = (partial(VGG, depth) for depth in _COUNTS)
vgg11_bn, vgg13_bn, vgg16_bn, vgg19_bn = (partial(VGG, depth, batch_norm=True) for depth in _COUNTS)
