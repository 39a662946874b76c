"""The published networks as PyTorch modules, with torchvision's names where it has them."""

from __future__ import annotations

from collections import OrderedDict
from functools import partial
from typing import Any

import torch
from torch import nn
from torch.nn import functional as F


class AlexNet(nn.Module):
    """One column."""

    def __init__(self, widths: tuple[int, ...], hidden: int, classes: int) -> None:
        super().__init__()
        a, b, c, d, e = widths
        self.features = nn.Sequential(
            nn.Conv2d(3, a, 11, 4, 2), nn.ReLU(inplace=True), nn.MaxPool2d(3, 2),
            nn.Conv2d(a, b, 5, padding=2), nn.ReLU(inplace=True), nn.MaxPool2d(3, 2),
            nn.Conv2d(b, c, 3, padding=1), nn.ReLU(inplace=True),
            nn.Conv2d(c, d, 3, padding=1), nn.ReLU(inplace=True),
            nn.Conv2d(d, e, 3, padding=1), nn.ReLU(inplace=True), nn.MaxPool2d(3, 2),
        )  # fmt: skip
        self.classifier = nn.Sequential(
            nn.Dropout(0), nn.Linear(e * 36, hidden), nn.ReLU(), nn.Dropout(0), nn.Linear(hidden, hidden),
            nn.ReLU(), nn.Linear(hidden, classes),
        )  # fmt: skip

    def forward(self, x: Any) -> Any:
        return self.classifier(torch.flatten(F.adaptive_avg_pool2d(self.features(x), (6, 6)), 1))


class AlexNet2012(nn.Module):
    """Two columns."""

    def __init__(self, widths: tuple[int, ...], hidden: int, classes: int) -> None:
        super().__init__()
        a, b, c, d, e = widths
        norm = {"size": 5, "alpha": 5e-4, "beta": 0.75, "k": 2.0}
        self.features = nn.Sequential(
            nn.Conv2d(3, a, 11, 4), nn.ReLU(), nn.LocalResponseNorm(**norm), nn.MaxPool2d(3, 2),
            nn.Conv2d(a, b, 5, padding=2, groups=2), nn.ReLU(), nn.LocalResponseNorm(**norm), nn.MaxPool2d(3, 2),
            nn.Conv2d(b, c, 3, padding=1), nn.ReLU(), nn.Conv2d(c, d, 3, padding=1, groups=2), nn.ReLU(),
            nn.Conv2d(d, e, 3, padding=1, groups=2), nn.ReLU(), nn.MaxPool2d(3, 2),
        )  # fmt: skip
        self.classifier = nn.Sequential(
            nn.Linear(e * 36, hidden), nn.ReLU(), nn.Dropout(), nn.Linear(hidden, hidden), nn.ReLU(), nn.Dropout(),
            nn.Linear(hidden, classes),
        )  # fmt: skip

    def forward(self, x: Any) -> Any:
        return self.classifier(torch.flatten(F.adaptive_avg_pool2d(self.features(x), (6, 6)), 1))


class NiN(nn.Module):
    """Nine convolutions, for CIFAR-10."""

    def __init__(self, widths: tuple[tuple[int, ...], ...], classes: int) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        before = 3
        for group, size in zip((*widths[:2], (*widths[2], classes)), (5, 5, 3), strict=True):
            for width, kernel in zip(group, (size, 1, 1), strict=True):
                layers += [nn.Conv2d(before, width, kernel, padding=kernel // 2), nn.ReLU()]
                before = width
            if len(layers) < 16:
                pool = nn.MaxPool2d if len(layers) < 8 else nn.AvgPool2d
                layers += [pool(3, stride=2, padding=1), nn.Dropout(0)]
        self.features = nn.Sequential(*layers)

    def forward(self, x: Any) -> Any:
        return self.features(x).mean((2, 3))


class Fire(nn.Module):
    """Squeeze, then expand twice."""

    def __init__(self, before: int, squeeze: int, expand: int) -> None:
        super().__init__()
        self.squeeze = nn.Conv2d(before, squeeze, 1)
        self.expand1x1 = nn.Conv2d(squeeze, expand, 1)
        self.expand3x3 = nn.Conv2d(squeeze, expand, 3, padding=1)

    def forward(self, x: Any) -> Any:
        x = F.relu(self.squeeze(x))
        return torch.cat([F.relu(self.expand1x1(x)), F.relu(self.expand3x3(x))], 1)


class SqueezeNet(nn.Module):
    """Versions 1.0 and 1.1; u is the unit of width, 16 as published."""

    def __init__(self, version: str, u: int, classes: int) -> None:
        super().__init__()
        pool = partial(nn.MaxPool2d, 3, 2, ceil_mode=True)
        fires = [
            Fire(6 * u if version == "1.0" else 4 * u, u, 4 * u), Fire(8 * u, u, 4 * u),
            Fire(8 * u, 2 * u, 8 * u), Fire(16 * u, 2 * u, 8 * u), Fire(16 * u, 3 * u, 12 * u),
            Fire(24 * u, 3 * u, 12 * u), Fire(24 * u, 4 * u, 16 * u), Fire(32 * u, 4 * u, 16 * u),
        ]  # fmt: skip
        if version == "1.0":
            stem = nn.Conv2d(3, 6 * u, 7, 2)
            layers = [stem, nn.ReLU(), pool(), *fires[:3], pool(), *fires[3:7], pool(), fires[7]]
        else:
            stem = nn.Conv2d(3, 4 * u, 3, 2)
            layers = [stem, nn.ReLU(), pool(), *fires[:2], pool(), *fires[2:4], pool(), *fires[4:]]
        self.features = nn.Sequential(*layers)
        self.classifier = nn.Sequential(nn.Dropout(0), nn.Conv2d(32 * u, classes, 1), nn.ReLU())

    def forward(self, x: Any) -> Any:
        return self.classifier(self.features(x)).mean((2, 3))


class Unit(nn.Module):
    """GoogLeNet's convolution."""

    def __init__(self, before: int, width: int, normal: bool, **options: Any) -> None:
        super().__init__()
        self.conv = nn.Conv2d(before, width, bias=not normal, **options)
        if normal:
            self.bn = nn.BatchNorm2d(width, eps=0.001)

    def forward(self, x: Any) -> Any:
        x = self.conv(x)
        return F.relu(self.bn(x) if hasattr(self, "bn") else x, inplace=True)


class Inception(nn.Module):
    """Four branches."""

    def __init__(self, before: int, widths: tuple[int, ...], normal: bool, large: int) -> None:
        super().__init__()
        a, b3, b, c5, c, d = widths
        self.branch1 = Unit(before, a, normal, kernel_size=1)
        self.branch2 = nn.Sequential(
            Unit(before, b3, normal, kernel_size=1), Unit(b3, b, normal, kernel_size=3, padding=1)
        )
        self.branch3 = nn.Sequential(
            Unit(before, c5, normal, kernel_size=1), Unit(c5, c, normal, kernel_size=large, padding=large // 2)
        )
        self.branch4 = nn.Sequential(
            nn.MaxPool2d(3, stride=1, padding=1, ceil_mode=True), Unit(before, d, normal, kernel_size=1)
        )

    def forward(self, x: Any) -> Any:
        return torch.cat([branch(x) for branch in (self.branch1, self.branch2, self.branch3, self.branch4)], 1)


class Auxiliary(nn.Module):
    """A head in the middle."""

    def __init__(self, before: int, sizes: tuple[int, int], classes: int, normal: bool) -> None:
        super().__init__()
        self.conv = Unit(before, sizes[0], normal, kernel_size=1)
        self.fc1 = nn.Linear(16 * sizes[0], sizes[1])
        self.fc2 = nn.Linear(sizes[1], classes)

    def forward(self, x: Any) -> Any:
        return self.fc2(F.relu(self.fc1(torch.flatten(self.conv(F.adaptive_avg_pool2d(x, (4, 4))), 1))))


class GoogLeNet(nn.Module):
    """Nine inception blocks; torchvision's form, or the published one."""

    def __init__(
        self, stem: Any, blocks: dict[str, Any], sizes: Any, classes: int, aux: bool, original: bool
    ) -> None:
        super().__init__()
        normal, (a, b, c) = not original, stem
        self.original = original
        self.conv1 = Unit(3, a, normal, kernel_size=7, stride=2, padding=3)
        self.conv2 = Unit(a, b, normal, kernel_size=1)
        self.conv3 = Unit(b, c, normal, kernel_size=3, padding=1)
        for place, widths in blocks.items():
            setattr(self, f"inception{place}", Inception(c, widths, normal, 5 if original else 3))
            c = widths[0] + widths[2] + widths[4] + widths[5]
            if aux and place in ("4a", "4d"):
                setattr(self, "aux1" if place == "4a" else "aux2", Auxiliary(c, sizes, classes, normal))
        self.fc = nn.Linear(c, classes)

    def forward(self, x: Any) -> Any:
        pool, heads = partial(F.max_pool2d, kernel_size=3, stride=2, ceil_mode=True), []
        norm = partial(F.local_response_norm, size=5) if self.original else nn.Identity()
        x = pool(norm(self.conv3(self.conv2(norm(pool(self.conv1(x)))))))
        x = self.inception4a(pool(self.inception3b(self.inception3a(x))))
        heads += [self.aux1(x)] if hasattr(self, "aux1") else []
        x = self.inception4d(self.inception4c(self.inception4b(x)))
        heads += [self.aux2(x)] if hasattr(self, "aux2") else []
        x = self.inception4e(x)
        x = pool(x) if self.original else F.max_pool2d(x, 2, 2, ceil_mode=True)
        x = self.fc(self.inception5b(self.inception5a(x)).mean((2, 3)))
        return (x, *heads[::-1]) if heads and self.training else x


class Post(nn.Module):
    """A residual block; of three convolutions if it has an inner width."""

    def __init__(
        self, before: int, width: int, stride: int, shortcut: str, inner: int = 0, v1: bool = False
    ) -> None:
        super().__init__()
        self.after, self.plain = 4 * width if inner else width, shortcut == "none"
        if inner:
            self.conv1 = nn.Conv2d(before, inner, 1, stride if v1 else 1, bias=False)
            self.conv2 = nn.Conv2d(inner, inner, 3, 1 if v1 else stride, 1, bias=False)
            self.conv3 = nn.Conv2d(inner, 4 * width, 1, bias=False)
            self.bn3 = nn.BatchNorm2d(4 * width)
        else:
            self.conv1 = nn.Conv2d(before, width, 3, stride, 1, bias=False)
            self.conv2 = nn.Conv2d(width, width, 3, 1, 1, bias=False)
        self.bn1, self.bn2 = nn.BatchNorm2d(inner or width), nn.BatchNorm2d(inner or width)
        self.stride = stride
        if shortcut == "C" or (shortcut == "B" and (stride > 1 or before != self.after)):
            self.downsample = nn.Sequential(
                nn.Conv2d(before, self.after, 1, stride, bias=False), nn.BatchNorm2d(self.after)
            )

    def forward(self, x: Any) -> Any:
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        y = self.bn3(self.conv3(F.relu(y))) if hasattr(self, "bn3") else y
        return F.relu(y if self.plain else y + shortened(self, x, x, self.after))


class Pre(nn.Module):
    """A residual block that normalises and activates first."""

    def __init__(self, before: int, width: int, stride: int, shortcut: str) -> None:
        super().__init__()
        self.bn1, self.bn2 = nn.BatchNorm2d(before), nn.BatchNorm2d(width)
        self.conv1 = nn.Conv2d(before, width, 3, stride, 1, bias=False)
        self.conv2 = nn.Conv2d(width, width, 3, 1, 1, bias=False)
        self.stride, self.after = stride, width
        if shortcut == "C" or (shortcut == "B" and (stride > 1 or before != width)):
            self.downsample = nn.Conv2d(before, width, 1, stride, bias=False)

    def forward(self, x: Any) -> Any:
        active = F.relu(self.bn1(x))
        return self.conv2(F.relu(self.bn2(self.conv1(active)))) + shortened(self, active, x, self.after)


def shortened(block: Any, projected: Any, left: Any, width: int) -> Any:
    """What goes through the shortcut of a block."""
    if hasattr(block, "downsample"):
        return block.downsample(projected)
    picked = left[:, :, :: block.stride, :: block.stride]
    return torch.cat([picked, picked.new_zeros(len(left), width - left.shape[1], *picked.shape[2:])], 1)


class Residual(nn.Module):
    """A ResNet: stages of blocks behind a stem of 7x7 with pooling (large), or of 3x3."""

    def __init__(
        self, block: Any, counts: Any, widths: Any, stem: int, classes: int, large: bool, pre: bool
    ) -> None:
        super().__init__()
        self.large, self.pre, before = large, pre, stem
        self.conv1 = nn.Conv2d(3, stem, 7, 2, 3, bias=False) if large else nn.Conv2d(3, stem, 3, 1, 1, bias=False)
        if not pre:
            self.bn1 = nn.BatchNorm2d(stem)
        for k, (count, width) in enumerate(zip(counts, widths, strict=True)):
            blocks = []
            for i in range(count):
                blocks.append(block(before, width, 2 if k and not i else 1))
                before = blocks[-1].after
            setattr(self, f"layer{k + 1}", nn.Sequential(*blocks))
        self.stages = len(counts)
        if pre:
            self.norm = nn.BatchNorm2d(before)
        self.fc = nn.Linear(before, classes)

    def forward(self, x: Any) -> Any:
        x = self.conv1(x) if self.pre else F.relu(self.bn1(self.conv1(x)))
        x = F.max_pool2d(x, 3, 2, 1) if self.large else x
        for k in range(self.stages):
            x = getattr(self, f"layer{k + 1}")(x)
        x = F.relu(self.norm(x)) if self.pre else x
        return self.fc(F.adaptive_avg_pool2d(x, 1).flatten(1))


class VGG(nn.Module):
    """VGG from the channels of its stages; "M" is pooling."""

    def __init__(self, layout: Any, hidden: int, classes: int, normal: bool = False) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        before = 3
        for width in layout:
            if width == "M":
                layers.append(nn.MaxPool2d(2, 2))
                continue
            layers += [nn.Conv2d(before, width, 3, padding=1)]
            layers += [nn.BatchNorm2d(width)] if normal else []
            layers += [nn.ReLU(inplace=True)]
            before = width
        self.features = nn.Sequential(*layers)
        self.classifier = nn.Sequential(
            nn.Linear(before * 49, hidden), nn.ReLU(True), nn.Dropout(0), nn.Linear(hidden, hidden), nn.ReLU(True),
            nn.Dropout(0), nn.Linear(hidden, classes),
        )  # fmt: skip

    def forward(self, x: Any) -> Any:
        return self.classifier(torch.flatten(F.adaptive_avg_pool2d(self.features(x), (7, 7)), 1))


def lenet5(classes: int) -> Any:
    """As it is taught."""
    layers = {
        "c1": nn.Conv2d(1, 6, 5), "t1": nn.Tanh(), "s2": nn.AvgPool2d(2),
        "c3": nn.Conv2d(6, 16, 5), "t3": nn.Tanh(), "s4": nn.AvgPool2d(2),
        "c5": nn.Conv2d(16, 120, 5), "t5": nn.Tanh(), "flat": nn.Flatten(),
        "f6": nn.Linear(120, 84), "t6": nn.Tanh(), "output": nn.Linear(84, classes),
    }  # fmt: skip
    return nn.Sequential(OrderedDict(layers))


class Detector(nn.Module):
    """Five convolutions and two heads."""

    def __init__(self, a: int, b: int, c: int, classes: int) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for before, after, stride in ((1, a, 2), (a, b, 1), (b, c, 2), (c, c, 1), (c, c, 1)):
            layers += [nn.Conv2d(before, after, 3, stride, 1, bias=False), nn.BatchNorm2d(after), nn.ReLU()]
        self.features = nn.Sequential(*layers)
        self.scores, self.sides = nn.Conv2d(c, classes, 3, padding=1), nn.Conv2d(c, 4, 3, padding=1)

    def forward(self, x: Any) -> Any:
        x = self.features(x)
        return torch.cat([self.scores(x), self.sides(x)], 1)


SEEN = """
X . . . X X X . . X X X X . X X
X X . . . X X X . . X X X X . X
X X X . . . X X X . . X . X X X
. X X X . . X X X X . . X . X X
. . X X X . . X X X X . X X . X
. . . X X X . . X X X X . X X X
"""
"""Table I: which map of S2 (rows) each map of C3 (columns) sees."""


class Subsampled(nn.Module):
    """What S2 and S4 learn."""

    def __init__(self, maps: int) -> None:
        super().__init__()
        self.weight, self.bias = nn.Parameter(torch.ones(maps)), nn.Parameter(torch.zeros(maps))


class LeNet1998(nn.Module):
    """LeNet-5 of the paper, as sums over maps; the drawn digits come with a state."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.c1, self.s2 = nn.Conv2d(1, 6, 5), Subsampled(6)
        self.c3 = nn.ModuleDict({f"of{n}": nn.Conv2d(n * k, k, 5, groups=k) for n, k in ((3, 6), (4, 9), (6, 1))})
        self.s4, self.c5, self.f6 = Subsampled(16), nn.Conv2d(16, 120, 5), nn.Linear(120, 84)
        self.output = nn.Module()
        self.output.register_buffer("codes", torch.zeros(classes, 84))

    def forward(self, x: Any) -> Any:
        x = self.pooled(self.squashed(self.c1(x)), self.s2)
        maps, place = [], {3: 0, 4: 0, 6: 0}
        for column in zip(*(line.split() for line in SEEN.split("\n")[1:-1]), strict=True):
            seen = [m for m, mark in enumerate(column) if mark == "X"]
            layer, k = self.c3[f"of{len(seen)}"], place[len(seen)]
            place[len(seen)] += 1
            maps.append(F.conv2d(x[:, seen], layer.weight[k : k + 1], layer.bias[k : k + 1]))
        x = self.pooled(self.squashed(torch.cat(maps, 1)), self.s4)
        x = self.squashed(self.f6(self.squashed(self.c5(x)).flatten(1)))
        return -((x[:, None] - self.output.codes[None]) ** 2).sum(2)

    def squashed(self, x: Any) -> Any:
        return 1.7159 * torch.tanh(2 / 3 * x)

    def pooled(self, x: Any, learned: Any) -> Any:
        four = x[:, :, ::2, ::2] + x[:, :, 1::2, ::2] + x[:, :, ::2, 1::2] + x[:, :, 1::2, 1::2]
        return self.squashed(four * learned.weight.reshape(1, -1, 1, 1) + learned.bias.reshape(1, -1, 1, 1))


class DeepBlock(nn.Module):
    """A block of the deep networks for the study of gradients."""

    def __init__(self, width: int, skip: bool) -> None:
        super().__init__()
        self.conv1, self.conv2 = (nn.Conv2d(width, width, 3, padding=1) for _ in range(2))
        self.skip = skip

    def forward(self, x: Any) -> Any:
        y = self.conv2(torch.tanh(self.conv1(x)))
        return torch.tanh(x + y if self.skip else y)


class Deep(nn.Module):
    """56 layers of 16 channels on images of 8x8, with a linear head on all of them."""

    def __init__(self, skip: bool, classes: int) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(1, 16, 3, padding=1))
        self.blocks = nn.Sequential(*(DeepBlock(16, skip) for _ in range(27)))
        self.head = nn.Linear(16 * 8 * 8, classes)

    def forward(self, x: Any) -> Any:
        return self.head(self.blocks(torch.tanh(self.stem(x))).flatten(1))
