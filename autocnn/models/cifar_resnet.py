"""Residual networks for images of 32x32, with shortcuts A, B and C, pre-activation, or wide; and plain twins."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from autocnn import nn
from autocnn.errors import ArgumentError
from autocnn.models.resnet import BasicBlock, Shortcut, nothing, projected, projection, stage, start
from autocnn.nn import functional as F

if TYPE_CHECKING:
    from autocnn.engine import Tensor


class Subsample(nn.Module):
    """x (N, C, H, W) -> (N, channels, H/stride, W/stride): every stride-th pixel, and zeros for new channels.

    The shortcut without parameters. Source: He, Zhang, Ren and Sun (2016), section 4.2, option A.

    >>> Subsample(2, stride=2)(nn.Parameter([[[[1.0, 2.0], [3.0, 4.0]]]])).tolist()
    [[[[1.0]], [[0.0]]]]
    """

    def __init__(self, channels: int, stride: int) -> None:
        super().__init__()
        self.channels, self.stride = channels, stride

    def forward(self, x: Tensor) -> Tensor:
        """x (N, C, H, W) -> (N, channels, H/stride, W/stride)."""
        picked = x[:, :, :: self.stride, :: self.stride]
        return F.pad(picked, (0, 0, 0, 0, 0, self.channels - x.shape[1]))

    def extra_repr(self) -> str:
        """Channels and stride."""
        return f"{self.channels}, stride={self.stride}"


class PreBlock(nn.Module):
    """x (N, C, H, W) -> (N, width, H/stride, W/stride): x + F(x); F normalises and activates, then convolves.

    A ``downsample`` with parameters sees x normalised and activated, as F does; one without sees x itself, so that
    x goes from block to block unchanged. Without ``skip`` nothing is added.
    Source: He, Zhang, Ren and Sun (2016), "Identity Mappings in Deep Residual Networks", figure 4e.

    >>> PreBlock(2, 2, 1).eval()(nn.Parameter([[[[1.0]], [[2.0]]]])).shape
    (1, 2, 1, 1)
    """

    def __init__(
        self, channels: int, width: int, stride: int, downsample: nn.Module | None = None, *,
        skip: bool = True, dropout: float = 0.0,
    ) -> None:  # fmt: skip
        super().__init__()
        self.skip = skip
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv1 = nn.Conv2d(channels, width, 3, stride, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.dropout = nn.Dropout(dropout) if dropout else None
        self.conv2 = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.relu = nn.ReLU()
        self.downsample = downsample

    def forward(self, x: Tensor) -> Tensor:
        """x (N, C, H, W) -> (N, width, H/stride, W/stride)."""
        active = self.relu(self.bn1(x))
        y = self.relu(self.bn2(self.conv1(active)))
        y = self.conv2(y if self.dropout is None else self.dropout(y))
        if not self.skip:
            return y  # type: ignore[no-any-return]
        if self.downsample is not None:
            x = self.downsample(x if isinstance(self.downsample, Subsample) else active)
        return y + x  # type: ignore[no-any-return]


class CifarResNet(nn.Module):
    """The network for images of 32x32, x (N, in_channels, 32, 32) -> (N, num_classes), of 6n + 2 layers.

    Three stages of n blocks with 16, 32 and 64 channels. Shortcuts of option "A" have no parameters: they leave
    pixels out and add channels of zeros; in "B" those that change the shape are projections, in "C" all of them.
    ``pre_activation`` puts normalisation and activation before the convolutions. ``skips=False`` gives the plain
    network, which has the parameters of option A. Source: He, Zhang, Ren and Sun (2016), sections 3.3 and 4.2.

    Raises ArgumentError for another depth or option.

    >>> [sum(p.array.size for p in CifarResNet(20, shortcut=option).parameters()) for option in "ABC"]
    [269722, 272474, 283962]
    """

    side = 32
    """Height and width of the images that it was made for."""

    def __init__(
        self, depth: int, num_classes: int = 10, in_channels: int = 3, *,
        skips: bool = True, shortcut: str = "A", pre_activation: bool = False,
    ) -> None:  # fmt: skip
        super().__init__()
        if depth < 8 or depth % 6 != 2:
            raise ArgumentError(
                f"CifarResNet: depth is {depth}; stem, head and three stages of blocks of two layers make 6n + 2: "
                "8, 14, 20 ..."
            )
        count = depth // 6
        option = _option(shortcut, pre_activation) if skips else nothing
        block = PreBlock if pre_activation else BasicBlock
        self.in_channels = in_channels
        self.conv1 = nn.Conv2d(in_channels, 16, 3, padding=1, bias=False)
        self.bn1 = None if pre_activation else nn.BatchNorm2d(16)
        self.relu = nn.ReLU()
        self.layer1 = _stage(partial(block, skip=skips), option, 16, 16, count, 1)
        self.layer2 = _stage(partial(block, skip=skips), option, 16, 32, count, 2)
        self.layer3 = _stage(partial(block, skip=skips), option, 32, 64, count, 2)
        self.norm = nn.BatchNorm2d(64) if pre_activation else None
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(64, num_classes)
        start(self)

    def forward(self, x: Tensor) -> Tensor:
        """x (N, in_channels, 32, 32) -> scores (N, num_classes)."""
        x = self.conv1(x)
        x = x if self.bn1 is None else self.relu(self.bn1(x))
        x = self.layer3(self.layer2(self.layer1(x)))
        x = x if self.norm is None else self.relu(self.norm(x))
        return self.fc(self.avgpool(x).flatten(1))  # type: ignore[no-any-return]


WIDTH = 16
"""Channels of the stem of a wide network; its stages have 1, 2 and 4 times as many, times what widens it."""


class WideResNet(nn.Module):
    """x (N, in_channels, 32, 32) -> (N, num_classes): "WRN-depth-widen", of 6n + 4 layers, pre-activated.

    Three stages of n blocks with 16, 32 and 64 times ``widen`` channels; ``dropout`` stands between the two
    convolutions of a block. WRN-28-10 has 36,479,194 parameters. Source: Zagoruyko and Komodakis (2016).

    Raises ArgumentError for another depth.

    >>> sum(p.array.size for p in WideResNet(16, 4).parameters())
    2748890
    """

    side = 32
    """Height and width of the images that it was made for."""

    def __init__(
        self, depth: int, widen: int, num_classes: int = 10, in_channels: int = 3, *, dropout: float = 0.0
    ) -> None:
        super().__init__()
        if depth < 10 or depth % 6 != 4:
            raise ArgumentError(
                f"WideResNet: depth is {depth}; three stages of blocks make 6n + 4: 10, 16, 22 ..."
            )
        count, block = depth // 6, partial(PreBlock, dropout=dropout)
        self.in_channels = in_channels
        a, b, c = (WIDTH * widen * times for times in (1, 2, 4))
        self.conv1 = nn.Conv2d(in_channels, WIDTH, 3, padding=1, bias=False)
        self.layer1 = _stage(block, _bare_projection, WIDTH, a, count, 1)
        self.layer2 = _stage(block, _bare_projection, a, b, count, 2)
        self.layer3 = _stage(block, _bare_projection, b, c, count, 2)
        self.norm = nn.BatchNorm2d(c)
        self.relu = nn.ReLU()
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(c, num_classes)
        start(self)

    def forward(self, x: Tensor) -> Tensor:
        """x (N, in_channels, 32, 32) -> scores (N, num_classes)."""
        x = self.layer3(self.layer2(self.layer1(self.conv1(x))))
        return self.fc(self.avgpool(self.relu(self.norm(x))).flatten(1))  # type: ignore[no-any-return]


def _stage(
    block: Callable[..., nn.Module], option: Shortcut, channels: int, width: int, count: int, stride: int
) -> nn.Sequential:
    def make(channels: int, stride: int, downsample: nn.Module | None) -> nn.Module:
        return block(channels, width, stride, downsample)

    return stage(make, option, channels, width, count, stride)


def _option(name: str, pre_activation: bool) -> Shortcut:
    """The shortcuts of options A, B and C. A projection of what is normalised already needs no normalisation."""
    whole = _bare if pre_activation else projection
    options = {"A": _free, "B": _bare_projection if pre_activation else projected, "C": whole}
    if name not in options:
        raise ArgumentError(f"CifarResNet: shortcut is {name!r}; it is 'A', 'B' or 'C'")
    return options[name]


def _free(channels: int, out: int, stride: int) -> nn.Module | None:
    return None if stride == 1 and channels == out else Subsample(out, stride)


def _bare(channels: int, out: int, stride: int) -> nn.Module:
    return nn.Conv2d(channels, out, 1, stride, bias=False)


def _bare_projection(channels: int, out: int, stride: int) -> nn.Module | None:
    return None if stride == 1 and channels == out else _bare(channels, out, stride)


_DEPTHS = (20, 32, 44, 56, 110)

resnet20, resnet32, resnet44, resnet56, resnet110 = (partial(CifarResNet, depth) for depth in _DEPTHS)
plain20, plain32, plain44, plain56, plain110 = (partial(CifarResNet, depth, skips=False) for depth in _DEPTHS)
preresnet20, preresnet32, preresnet44, preresnet56, preresnet110 = (
    partial(CifarResNet, depth, pre_activation=True) for depth in _DEPTHS
)
wrn16_4, wrn28_10, wrn40_2 = (partial(WideResNet, depth, widen) for depth, widen in ((16, 4), (28, 10), (40, 2)))
