"""Very deep tanh networks, plain and residual, for the study of vanishing gradients."""

from __future__ import annotations

from typing import TYPE_CHECKING

from autocnn import nn
from autocnn.errors import ArgumentError

if TYPE_CHECKING:
    from autocnn.engine import Tensor


class DeepTanh(nn.Module):
    """A convolutional network of `depth` weight layers: a stem, blocks of two 3x3 convolutions, a linear head.

    x (N, C, size, size) -> (N, classes). A block is tanh(F(x)), or tanh(x + F(x)) with `skips`, where
    F = conv, tanh, conv (He et al. 2016, section 3.3, without normalisation). Twins of one seed have the same
    parameters, under the same names: a skip adds none.

    Raises ArgumentError if the depth is odd, or leaves no block.

    >>> net = DeepTanh(6, width=4, skips=True)
    >>> len(net.blocks), sum(p.array.ndim > 1 for p in net.parameters())
    (2, 6)
    """

    def __init__(
        self, depth: int = 56, width: int = 16, *, skips: bool, channels: int = 1, size: int = 8, classes: int = 10
    ) -> None:
        super().__init__()
        if depth % 2 or depth < 4:
            raise ArgumentError(
                f"DeepTanh: depth is {depth}; stem, head and blocks of two layers make an even number, 4 or more"
            )
        self.side = size
        """Height and width of the images."""
        self.in_channels = channels
        self.stem = nn.Sequential(nn.Conv2d(channels, width, 3, padding=1), nn.Tanh())
        self.blocks = nn.Sequential(*(TanhBlock(width, skip=skips) for _ in range(depth // 2 - 1)))
        self.flatten = nn.Flatten()
        self.head = nn.Linear(width * size * size, classes)

    def forward(self, x: Tensor) -> Tensor:
        """x (N, C, size, size) -> logits (N, classes)."""
        return self.head(self.flatten(self.blocks(self.stem(x))))  # type: ignore[no-any-return]


class TanhBlock(nn.Module):
    """x (N, C, H, W) -> tanh(F(x)), or tanh(x + F(x)) with `skip`; F = 3x3 convolution, tanh, 3x3 convolution."""

    def __init__(self, width: int, *, skip: bool) -> None:
        super().__init__()
        self.skip = skip
        self.conv1 = nn.Conv2d(width, width, 3, padding=1)
        self.conv2 = nn.Conv2d(width, width, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """x (N, C, H, W) -> the same shape."""
        branch = self.conv2(self.conv1(x).tanh())
        return (x + branch if self.skip else branch).tanh()  # type: ignore[no-any-return]


def plain(depth: int = 56, width: int = 16, num_classes: int = 10, in_channels: int = 1) -> DeepTanh:
    """The network without skips, for 8x8 images.

    >>> plain(4, width=2)(nn.Parameter([[[[0.0] * 8] * 8]])).shape
    (1, 10)
    """
    return DeepTanh(depth, width, skips=False, channels=in_channels, classes=num_classes)


def residual(depth: int = 56, width: int = 16, num_classes: int = 10, in_channels: int = 1) -> DeepTanh:
    """The network with a skip around every block, for 8x8 images.

    >>> list(residual(4).state_dict()) == list(plain(4).state_dict())
    True
    """
    return DeepTanh(depth, width, skips=True, channels=in_channels, classes=num_classes)
