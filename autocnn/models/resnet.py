"""Residual networks for ImageNet and CIFAR, and the same networks without skips."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from autocnn import nn
from autocnn.errors import ArgumentError
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


class BasicBlock(nn.Module):
    """x (N, C, H, W) -> (N, width, H/stride, W/stride): relu(F(x) + shortcut(x)), F of two 3x3 convolutions.

    ``downsample`` is the shortcut where it is not x itself. Without ``skip`` nothing is added.

    >>> BasicBlock(2, 2, 1).eval()(nn.Parameter([[[[1.0]], [[2.0]]]])).shape
    (1, 2, 1, 1)
    """

    expansion = 1

    def __init__(
        self, channels: int, width: int, stride: int, downsample: nn.Module | None = None, *, skip: bool = True
    ) -> None:
        super().__init__()
        self.skip = skip
        self.conv1 = nn.Conv2d(channels, width, 3, stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.relu = nn.ReLU()
        self.downsample = downsample

    def forward(self, x: Tensor) -> Tensor:
        """x (N, C, H, W) -> (N, width, H/stride, W/stride)."""
        y = self.relu(self.bn1(self.conv1(x)))
        y = self.bn2(self.conv2(y))
        if self.skip:
            y = y + (x if self.downsample is None else self.downsample(x))
        return self.relu(y)  # type: ignore[no-any-return]


class Bottleneck(nn.Module):
    """x (N, C, H, W) -> (N, 4 width, H/stride, W/stride): as BasicBlock, with F of 1x1, 3x3 and 1x1 convolutions.

    The stride is in the 3x3 convolution, as in torchvision.

    >>> Bottleneck(8, 2, 1).eval()(nn.Parameter([[[[1.0]]] * 8])).shape
    (1, 8, 1, 1)
    """

    expansion = 4

    def __init__(
        self, channels: int, width: int, stride: int, downsample: nn.Module | None = None, *, skip: bool = True
    ) -> None:
        super().__init__()
        self.skip = skip
        self.conv1 = nn.Conv2d(channels, width, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, stride, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = nn.Conv2d(width, width * self.expansion, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(width * self.expansion)
        self.relu = nn.ReLU()
        self.downsample = downsample

    def forward(self, x: Tensor) -> Tensor:
        """x (N, C, H, W) -> (N, 4 width, H/stride, W/stride)."""
        y = self.relu(self.bn1(self.conv1(x)))
        y = self.relu(self.bn2(self.conv2(y)))
        y = self.bn3(self.conv3(y))
        if self.skip:
            y = y + (x if self.downsample is None else self.downsample(x))
        return self.relu(y)  # type: ignore[no-any-return]


Block = type[BasicBlock] | type[Bottleneck]

WIDTH = 64
"""Channels of the stem for ImageNet, and of its first stage."""

_COUNTS: dict[int, tuple[Block, tuple[int, ...]]] = {
    18: (BasicBlock, (2, 2, 2, 2)),
    34: (BasicBlock, (3, 4, 6, 3)),
    50: (Bottleneck, (3, 4, 6, 3)),
    101: (Bottleneck, (3, 4, 23, 3)),
    152: (Bottleneck, (3, 8, 36, 3)),
}


class ResNet(nn.Module):
    """The network for ImageNet, x (N, in_channels, H, W) -> (N, num_classes), of 18, 34, 50, 101 or 152 layers.

    Parameters have torchvision's names. Where a block changes the shape, its shortcut is a 1x1 convolution with
    normalisation. ``skips=False`` gives the plain network. First values: He et al. (2015), fan_out.
    Source: He, Zhang, Ren and Sun (2016), table 1.

    Raises ArgumentError for another depth.

    >>> sum(p.array.size for p in ResNet(18).parameters())
    11689512
    """

    side = 224
    """Height and width of the images that it was made for."""

    def __init__(self, depth: int, num_classes: int = 1000, in_channels: int = 3, *, skips: bool = True) -> None:
        super().__init__()
        if depth not in _COUNTS:
            known = ", ".join(map(str, _COUNTS))
            raise ArgumentError(f"ResNet: depth is {depth}; one of {known}. CifarResNet has others")
        block, counts = _COUNTS[depth]
        self.in_channels = in_channels
        self.conv1 = nn.Conv2d(in_channels, WIDTH, 7, 2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(WIDTH)
        self.relu = nn.ReLU()
        self.maxpool = nn.MaxPool2d(3, 2, padding=1)
        channels = WIDTH
        for stage, count in enumerate(counts):
            width, stride = WIDTH << stage, 1 if stage == 0 else 2
            setattr(self, f"layer{stage + 1}", _stage(block, channels, width, count, stride, skips))
            channels = width * block.expansion
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(channels, num_classes)
        _start(self)

    def forward(self, x: Tensor) -> Tensor:
        """x (N, in_channels, H, W) -> scores (N, num_classes)."""
        x = self.maxpool(self.relu(self.bn1(self.conv1(x))))
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return self.fc(self.avgpool(x).flatten(1))  # type: ignore[no-any-return]


class CifarResNet(nn.Module):
    """The network for images of 32x32, x (N, in_channels, 32, 32) -> (N, num_classes), of 6n + 2 layers.

    Three stages of n blocks with 16, 32 and 64 channels; shortcuts have no parameters. ``skips=False`` gives the
    plain network, which has the same parameters. Source: He, Zhang, Ren and Sun (2016), section 4.2.

    Raises ArgumentError for another depth.

    >>> sum(p.array.size for p in CifarResNet(20).parameters())
    269722
    """

    side = 32
    """Height and width of the images that it was made for."""

    def __init__(self, depth: int, num_classes: int = 10, in_channels: int = 3, *, skips: bool = True) -> None:
        super().__init__()
        if depth < 8 or depth % 6 != 2:
            raise ArgumentError(
                f"CifarResNet: depth is {depth}; stem, head and three stages of blocks of two layers make 6n + 2: "
                "8, 14, 20 ..."
            )
        count = depth // 6
        self.in_channels = in_channels
        self.conv1 = nn.Conv2d(in_channels, 16, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(16)
        self.relu = nn.ReLU()
        self.layer1 = _stage(BasicBlock, 16, 16, count, 1, skips, free=True)
        self.layer2 = _stage(BasicBlock, 16, 32, count, 2, skips, free=True)
        self.layer3 = _stage(BasicBlock, 32, 64, count, 2, skips, free=True)
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(64, num_classes)
        _start(self)

    def forward(self, x: Tensor) -> Tensor:
        """x (N, in_channels, 32, 32) -> scores (N, num_classes)."""
        x = self.relu(self.bn1(self.conv1(x)))
        x = self.layer3(self.layer2(self.layer1(x)))
        return self.fc(self.avgpool(x).flatten(1))  # type: ignore[no-any-return]


def _stage(
    block: Block, channels: int, width: int, count: int, stride: int, skip: bool, *, free: bool = False
) -> nn.Sequential:
    """Blocks of one width; the first brings its input to it. Shortcuts that are ``free`` have no parameters."""
    wide = width * block.expansion
    shortcut: nn.Module | None = None
    if skip and (stride != 1 or channels != wide):
        shortcut = Subsample(wide, stride) if free else _projection(channels, wide, stride)
    first = block(channels, width, stride, shortcut, skip=skip)
    return nn.Sequential(first, *(block(wide, width, 1, skip=skip) for _ in range(count - 1)))


def _projection(channels: int, width: int, stride: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(channels, width, 1, stride, bias=False), nn.BatchNorm2d(width))


def _start(model: nn.Module) -> None:
    """First values of the convolutions: normal, with the variance that keeps gradients in size through relu."""
    for module in model.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")


_CIFAR = (20, 32, 44, 56, 110)

resnet18, resnet34, resnet50, resnet101, resnet152 = (partial(ResNet, depth) for depth in _COUNTS)
resnet20, resnet32, resnet44, resnet56, resnet110 = (partial(CifarResNet, depth) for depth in _CIFAR)
plain18, plain34 = (partial(ResNet, depth, skips=False) for depth in (18, 34))
plain20, plain32, plain44, plain56, plain110 = (partial(CifarResNet, depth, skips=False) for depth in _CIFAR)
