"""Residual networks for ImageNet, and the same networks without skips."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from autocnn import nn
from autocnn.errors import ArgumentError

if TYPE_CHECKING:
    from autocnn.engine import Tensor


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

    The stride is in the 3x3 convolution, as in torchvision ("v1.5"), or with ``v1`` in the first 1x1, as in the
    paper. The 3x3 has ``inner`` channels, by default as many as ``width``.

    >>> Bottleneck(8, 2, 1).eval()(nn.Parameter([[[[1.0]]] * 8])).shape
    (1, 8, 1, 1)
    """

    expansion = 4

    def __init__(
        self, channels: int, width: int, stride: int, downsample: nn.Module | None = None, *,
        skip: bool = True, v1: bool = False, inner: int | None = None,
    ) -> None:  # fmt: skip
        super().__init__()
        self.skip = skip
        inner = inner or width
        self.conv1 = nn.Conv2d(channels, inner, 1, stride if v1 else 1, bias=False)
        self.bn1 = nn.BatchNorm2d(inner)
        self.conv2 = nn.Conv2d(inner, inner, 3, 1 if v1 else stride, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(inner)
        self.conv3 = nn.Conv2d(inner, width * self.expansion, 1, bias=False)
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
Shortcut = Callable[[int, int, int], nn.Module | None]

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
    normalisation. ``skips=False`` gives the plain network. From 50 layers on, ``v1`` puts strides where the paper
    has them, and ``widen`` multiplies the channels of the 3x3 convolutions (2 for "Wide ResNet-50-2").
    First values: He et al. (2015), fan_out. Source: He, Zhang, Ren and Sun (2016), table 1.

    Raises ArgumentError for another depth, or for an option that the blocks of this depth do not have.

    >>> sum(p.array.size for p in ResNet(18).parameters())
    11689512
    """

    side = 224
    """Height and width of the images that it was made for."""

    def __init__(
        self, depth: int, num_classes: int = 1000, in_channels: int = 3, *,
        skips: bool = True, v1: bool = False, widen: int = 1,
    ) -> None:  # fmt: skip
        super().__init__()
        if depth not in _COUNTS:
            known = ", ".join(map(str, _COUNTS))
            raise ArgumentError(f"ResNet: depth is {depth}; one of {known}. CifarResNet has others")
        block, counts = _COUNTS[depth]
        if block is BasicBlock and (v1 or widen != 1):
            said = "v1 is True" if v1 else f"widen is {widen}"
            raise ArgumentError(f"ResNet: {said}; a ResNet-{depth} has no 1x1 convolutions. Take 50, 101 or 152")
        self.in_channels = in_channels
        self.conv1 = nn.Conv2d(in_channels, WIDTH, 7, 2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(WIDTH)
        self.relu = nn.ReLU()
        self.maxpool = nn.MaxPool2d(3, 2, padding=1)
        channels = WIDTH
        for place, count in enumerate(counts):
            width, stride = WIDTH << place, 1 if place == 0 else 2
            options: dict[str, Any] = {"v1": v1, "inner": widen * width} if block is Bottleneck else {}
            make = partial(_block, block, width, skip=skips, **options)
            out, shortcut = width * block.expansion, projected if skips else nothing
            setattr(self, f"layer{place + 1}", stage(make, shortcut, channels, out, count, stride))
            channels = out
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(channels, num_classes)
        start(self)

    def forward(self, x: Tensor) -> Tensor:
        """x (N, in_channels, H, W) -> scores (N, num_classes)."""
        x = self.maxpool(self.relu(self.bn1(self.conv1(x))))
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return self.fc(self.avgpool(x).flatten(1))  # type: ignore[no-any-return]


def _block(
    block: Block, width: int, channels: int, stride: int, downsample: nn.Module | None, **options: Any
) -> nn.Module:
    return block(channels, width, stride, downsample, **options)


def stage(
    make: Callable[[int, int, nn.Module | None], nn.Module], shortcut: Shortcut,
    channels: int, out: int, count: int, stride: int,
) -> nn.Sequential:  # fmt: skip
    """Blocks one after another: the first brings ``channels`` to ``out`` with the stride, the others keep both.

    ``make(channels, stride, downsample)`` makes a block, ``shortcut(channels, out, stride)`` its ``downsample``.

    >>> len(stage(lambda c, s, d: BasicBlock(c, 4, s, d), projected, 2, 4, 3, 2))
    3
    """
    blocks = []
    for place in range(count):
        step = stride if place == 0 else 1
        extra = shortcut(channels, out, step)
        blocks.append(make(channels, step, extra))
        channels = out
    return nn.Sequential(*blocks)


def projection(channels: int, out: int, stride: int) -> nn.Module:
    """A 1x1 convolution with normalisation.

    >>> [name for name, _ in projection(1, 2, 1).named_parameters()]
    ['0.weight', '1.weight', '1.bias']
    """
    return nn.Sequential(nn.Conv2d(channels, out, 1, stride, bias=False), nn.BatchNorm2d(out))


def projected(channels: int, out: int, stride: int) -> nn.Module | None:
    """A projection where the shape changes.

    >>> projected(4, 4, 1) is None, projected(4, 8, 1) is None
    (True, False)
    """
    return None if stride == 1 and channels == out else projection(channels, out, stride)


def nothing(channels: int, out: int, stride: int) -> nn.Module | None:
    """What stands in the shortcut of a block that has none.

    >>> nothing(4, 8, 2) is None
    True
    """
    return None


def start(model: nn.Module) -> None:
    """First values of the convolutions: normal, with the variance that keeps gradients in size through relu.

    >>> start(BasicBlock(1, 1, 1))
    """
    for module in model.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")


resnet18, resnet34, resnet50, resnet101, resnet152 = (partial(ResNet, depth) for depth in _COUNTS)
wide_resnet50_2, wide_resnet101_2 = (partial(ResNet, depth, widen=2) for depth in (50, 101))
plain18, plain34 = (partial(ResNet, depth, skips=False) for depth in (18, 34))
