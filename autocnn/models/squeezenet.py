"""SqueezeNet: as accurate as AlexNet with a fiftieth of its parameters."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from autocnn import nn
from autocnn.errors import ArgumentError
from autocnn.ops import cat

if TYPE_CHECKING:
    from autocnn.engine import Tensor

WIDTH = 16
"""Channels of the narrowest squeeze layer; all others are multiples of it."""

_STEMS = {"1.0": (6, 7), "1.1": (4, 3)}
_POOLS = {"1.0": (3, 7), "1.1": (2, 4)}


class Fire(nn.Module):
    """x (N, C, H, W) -> (N, 2 expand, H, W): squeezed by a 1x1, then a 1x1 and a 3x3 beside each other.

    >>> Fire(4, 1, 2)(nn.Parameter([[[[1.0]]] * 4])).shape
    (1, 4, 1, 1)
    """

    def __init__(self, channels: int, squeeze: int, expand: int) -> None:
        super().__init__()
        self.squeeze = nn.Conv2d(channels, squeeze, 1)
        self.squeeze_activation = nn.ReLU()
        self.expand1x1 = nn.Conv2d(squeeze, expand, 1)
        self.expand1x1_activation = nn.ReLU()
        self.expand3x3 = nn.Conv2d(squeeze, expand, 3, padding=1)
        self.expand3x3_activation = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        """x (N, C, H, W) -> (N, 2 expand, H, W)."""
        x = self.squeeze_activation(self.squeeze(x))
        parts = [self.expand1x1_activation(self.expand1x1(x)), self.expand3x3_activation(self.expand3x3(x))]
        return cat(parts, dim=1)


class SqueezeNet(nn.Module):
    """x (N, in_channels, H, W) -> (N, num_classes), version "1.0" or "1.1" (a smaller stem, earlier pooling).

    1,248,424 and 1,235,496 parameters, by torchvision's names. Source: Iandola et al. (2016).

    Raises ArgumentError for another version.

    >>> sum(p.array.size for p in SqueezeNet("1.1").parameters())
    1235496
    """

    side = 224
    """Height and width of the images that it was made for."""

    def __init__(
        self, version: str = "1.1", num_classes: int = 1000, in_channels: int = 3, *, dropout: float = 0.5
    ) -> None:
        super().__init__()
        if version not in _STEMS:
            raise ArgumentError(f"SqueezeNet: version is {version!r}; it is '1.0' or '1.1'")
        times, kernel = _STEMS[version]
        self.in_channels = in_channels
        channels = times * WIDTH
        layers: list[nn.Module] = [nn.Conv2d(in_channels, channels, kernel, 2), nn.ReLU(), _pool()]
        for place, squeeze in enumerate((1, 1, 2, 2, 3, 3, 4, 4)):
            layers += [_pool()] if place in _POOLS[version] else []
            layers.append(Fire(channels, squeeze * WIDTH, 4 * squeeze * WIDTH))
            channels = 8 * squeeze * WIDTH
        self.features = nn.Sequential(*layers)
        last = nn.Conv2d(channels, num_classes, 1)
        self.classifier = nn.Sequential(nn.Dropout(dropout), last, nn.ReLU(), nn.AdaptiveAvgPool2d(1))
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_uniform_(module.weight, nonlinearity="relu")
                nn.init.zeros_(module.get_parameter("bias"))
        nn.init.normal_(last.weight, 0.0, 0.01)

    def forward(self, x: Tensor) -> Tensor:
        """x (N, in_channels, H, W) -> scores (N, num_classes)."""
        return self.classifier(self.features(x)).flatten(1)  # type: ignore[no-any-return]


def _pool() -> nn.MaxPool2d:
    return nn.MaxPool2d(3, 2, ceil_mode=True)


squeezenet1_0, squeezenet1_1 = (partial(SqueezeNet, version) for version in _STEMS)
