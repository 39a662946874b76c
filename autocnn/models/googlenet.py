"""GoogLeNet: filters of several sizes beside each other."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from autocnn import nn
from autocnn.nn import functional as F
from autocnn.nn.blocks import BasicConv2d, Inception

if TYPE_CHECKING:
    from collections.abc import Callable

    from autocnn.engine import Tensor

Widths = tuple[int, int, int, int, int, int]

STEM = (64, 64, 192)
"""Channels of the three convolutions at the beginning."""

INCEPTIONS: dict[str, Widths] = {
    "3a": (64, 96, 128, 16, 32, 32), "3b": (128, 128, 192, 32, 96, 64),
    "4a": (192, 96, 208, 16, 48, 64), "4b": (160, 112, 224, 24, 64, 64), "4c": (128, 128, 256, 24, 64, 64),
    "4d": (112, 144, 288, 32, 64, 64), "4e": (256, 160, 320, 32, 128, 128),
    "5a": (256, 160, 320, 32, 128, 128), "5b": (384, 192, 384, 48, 128, 128),
}  # fmt: skip
"""Channels of the 1x1, the 3x3 with its 1x1 before it, the 5x5 with its 1x1 before it, the 1x1 after pooling."""

AUXILIARY = (128, 1024)
"""Channels of the convolution and of the linear layer in an auxiliary head."""


class InceptionAux(nn.Module):
    """x (N, C, H, W) -> (N, num_classes): a head for training, which sends gradients into the middle.

    >>> InceptionAux(3, 2).eval()(nn.Parameter([[[[1.0]]] * 3])).shape
    (1, 2)
    """

    def __init__(self, channels: int, num_classes: int, *, dropout: float = 0.7, batch_norm: bool = True) -> None:
        super().__init__()
        width, hidden = AUXILIARY
        self.conv = BasicConv2d(channels, width, 1, batch_norm=batch_norm)
        self.fc1 = nn.Linear(width * 4 * 4, hidden)
        self.fc2 = nn.Linear(hidden, num_classes)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        """x (N, C, H, W) -> scores (N, num_classes)."""
        x = self.conv(F.adaptive_avg_pool2d(x, 4)).flatten(1)
        return self.fc2(self.dropout(F.relu(self.fc1(x))))  # type: ignore[no-any-return]


class GoogLeNetOutputs(NamedTuple):
    """The scores of the head and of the two auxiliary heads, the later one first."""

    logits: Tensor
    aux_logits2: Tensor
    aux_logits1: Tensor


class GoogLeNet(nn.Module):
    """x (N, in_channels, H, W) -> (N, num_classes): nine inception blocks.

    By default torchvision's form, with its parameter names: batch normalisation, and 3x3 where the paper has 5x5;
    6,624,904 parameters. ``original=True`` has 5x5 and local response normalisation, as published: 6,998,552. With
    ``aux_logits`` a network in training returns GoogLeNetOutputs (`auxiliary` makes a loss of them); torchvision's
    file has weights for these heads too. Source: Szegedy et al. (2015), table 1.

    >>> sum(p.array.size for p in GoogLeNet().parameters())
    6624904
    """

    side = 224
    """Height and width of the images that it was made for."""

    def __init__(
        self, num_classes: int = 1000, in_channels: int = 3, *,
        aux_logits: bool = False, original: bool = False, dropout: float = 0.2, dropout_aux: float = 0.7,
    ) -> None:  # fmt: skip
        super().__init__()
        conv = partial(BasicConv2d, batch_norm=not original)
        self.in_channels, self.aux_logits = in_channels, aux_logits
        a, b, channels = STEM
        self.norm = nn.LocalResponseNorm(5) if original else None
        self.conv1 = conv(in_channels, a, 7, stride=2, padding=3)
        self.maxpool1 = nn.MaxPool2d(3, 2, ceil_mode=True)
        self.conv2 = conv(a, b, 1)
        self.conv3 = conv(b, channels, 3, padding=1)
        self.maxpool2 = nn.MaxPool2d(3, 2, ceil_mode=True)
        seen: dict[str, int] = {}
        for place, widths in INCEPTIONS.items():
            block = Inception(channels, *widths, large=5 if original else 3, batch_norm=not original)
            setattr(self, f"inception{place}", block)
            seen[place] = channels = block.width
        self.maxpool3 = nn.MaxPool2d(3, 2, ceil_mode=True)
        self.maxpool4 = nn.MaxPool2d(2, 2, ceil_mode=True) if not original else nn.MaxPool2d(3, 2, ceil_mode=True)
        aux = partial(InceptionAux, num_classes=num_classes, dropout=dropout_aux, batch_norm=not original)
        self.aux1 = aux(seen["4a"]) if aux_logits else None
        self.aux2 = aux(seen["4d"]) if aux_logits else None
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.dropout = nn.Dropout(dropout)
        self.fc = nn.Linear(channels, num_classes)
        _start(self, original)

    def forward(self, x: Tensor) -> Tensor | GoogLeNetOutputs:
        """x (N, in_channels, H, W) -> scores (N, num_classes), in training with ``aux_logits`` three of them."""
        x = self.maxpool1(self.conv1(x))
        x = self.conv3(self.conv2(x if self.norm is None else self.norm(x)))
        x = self.maxpool2(x if self.norm is None else self.norm(x))
        x = self.inception4a(self.maxpool3(self.inception3b(self.inception3a(x))))
        y = self.inception4d(self.inception4c(self.inception4b(x)))
        z = self.inception5b(self.inception5a(self.maxpool4(self.inception4e(y))))
        scores: Tensor = self.fc(self.dropout(self.avgpool(z).flatten(1)))
        if self.aux1 is None or self.aux2 is None or not self.training:
            return scores
        return GoogLeNetOutputs(scores, self.aux2(y), self.aux1(x))


def auxiliary(loss: Callable[[Tensor, Tensor], Tensor], weight: float = 0.3) -> Callable[..., Tensor]:
    """A loss for GoogLeNetOutputs: that of the head, and ``weight`` times that of each auxiliary head.

    >>> scores = nn.Parameter([[0.0, 0.0]])
    >>> total = auxiliary(F.cross_entropy)(GoogLeNetOutputs(scores, scores, scores), nn.Parameter([[1.0, 0.0]]))
    >>> round(total.item(), 4)  # 1.6 log 2
    1.109
    """

    def total(outputs: Tensor | GoogLeNetOutputs, target: Tensor) -> Tensor:
        if not isinstance(outputs, tuple):
            return loss(outputs, target)
        main, late, early = (loss(scores, target) for scores in outputs)
        return main + weight * (late + early)

    return total


def _start(model: nn.Module, original: bool) -> None:
    """Truncated normal, as torchvision; without normalisation the variance that keeps values in size."""
    for module in model.modules():
        if isinstance(module, nn.Conv2d) and original:
            nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
            nn.init.constant_(module.get_parameter("bias"), 0.2)
        elif isinstance(module, nn.Conv2d | nn.Linear):
            nn.init.trunc_normal_(module.weight, std=0.01, a=-2.0, b=2.0)
