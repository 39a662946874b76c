"""MobileNetV2 for images of 32x32: inverted residuals, depthwise convolutions, relu6.

77.2 million multiply-adds an image, 1.6 million parameters. Source: Sandler et al. (2018), table 2, without its
last stage, and with less strides, which is the field's habit for images of 32x32.
"""

from __future__ import annotations

from typing import Any

from .formula import Conv, Formula

STEM, LAST = 32, 1280
STAGES = ((1, 16, 1, 1), (6, 24, 2, 1), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2))
"""How many times wider a block is inside, its channels, how many there are, the stride of the first."""


def define(torch: Any) -> Any:
    """A convolution, sixteen blocks, a convolution, one linear layer."""
    nn = torch.nn

    def normed(before: int, channels: int, kernel: int, stride: int = 1, groups: int = 1) -> Any:
        conv = nn.Conv2d(before, channels, kernel, stride, kernel // 2, groups=groups, bias=False)
        return nn.Sequential(conv, nn.BatchNorm2d(channels), nn.ReLU6(inplace=True))

    class Block(nn.Module):  # type: ignore[misc, name-defined]
        def __init__(self, before: int, channels: int, stride: int, wider: int) -> None:
            super().__init__()
            inside = before * wider
            self.skips = stride == 1 and before == channels
            self.expand = normed(before, inside, 1) if wider > 1 else nn.Identity()
            self.depthwise = normed(inside, inside, 3, stride, inside)
            self.project = nn.Conv2d(inside, channels, 1, bias=False)
            self.norm = nn.BatchNorm2d(channels)

        def forward(self, x: Any) -> Any:
            z = self.norm(self.project(self.depthwise(self.expand(x))))
            return x + z if self.skips else z

    layers, before = [normed(3, STEM, 3)], STEM
    for wider, channels, count, stride in STAGES:
        for number in range(count):
            layers.append(Block(before, channels, stride if number == 0 else 1, wider))
            before = channels
    layers += [normed(before, LAST, 1), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(LAST, 10)]
    return nn.Sequential(*layers)


def formula(f: Formula, x: Any) -> Any:
    """x (N, 3, 32, 32) -> (N, 10)."""
    x, place, before = _normed(f, "0", x, Conv(STEM, 3, 1, 1, bias=False)), 1, STEM
    for wider, channels, count, stride in STAGES:
        for number in range(count):
            x = _block(f, str(place), x, before, channels, stride if number == 0 else 1, wider)
            before, place = channels, place + 1
    x = _normed(f, str(place), x, Conv(LAST, 1, bias=False))
    return f.linear(str(place + 3), f.global_pool(x), 10)


def _block(f: Formula, name: str, x: Any, before: int, channels: int, stride: int, wider: int) -> Any:
    inside, z = before * wider, x
    if wider > 1:
        z = _normed(f, f"{name}.expand", z, Conv(inside, 1, bias=False))
    z = _normed(f, f"{name}.depthwise", z, Conv(inside, 3, stride, 1, inside, bias=False))
    z = f.batch_norm(f"{name}.norm", f.conv(f"{name}.project", z, Conv(channels, 1, bias=False)))
    return f.add(x, z) if stride == 1 and before == channels else z


def _normed(f: Formula, name: str, x: Any, conv: Conv) -> Any:
    return f.activation("relu6", f.batch_norm(f"{name}.1", f.conv(f"{name}.0", x, conv)))
