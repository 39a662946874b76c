"""The residual network for CIFAR, of any depth 6n + 2, and the plain one beside it.

Three stages of n blocks with 16, 32 and 64 channels; where the size halves the shortcut drops every second row and
column and fills the new channels with zeros (option A), so that it has no parameters. 20 layers: 40.6 million
multiply-adds an image. The plain network lacks the shortcuts and nothing else.
Source: He, Zhang, Ren and Sun (2016), section 4.2.
"""

from __future__ import annotations

from typing import Any

from .formula import Conv, Formula

STAGES = (16, 32, 64)


def define(torch: Any, depth: int, shortcuts: bool = True) -> Any:
    """The network of so many layers."""
    nn = torch.nn
    F = torch.nn.functional

    class Block(nn.Module):
        def __init__(self, before: int, channels: int, stride: int) -> None:
            super().__init__()
            self.conv1 = nn.Conv2d(before, channels, 3, stride=stride, padding=1, bias=False)
            self.bn1 = nn.BatchNorm2d(channels)
            self.conv2 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
            self.bn2 = nn.BatchNorm2d(channels)
            self.missing = channels - before

        def shortcut(self, x: Any) -> Any:
            if not self.missing:
                return x
            return F.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, self.missing // 2, self.missing // 2))

        def forward(self, x: Any) -> Any:
            z = F.relu(self.bn1(self.conv1(x)))
            z = self.bn2(self.conv2(z))
            return F.relu(z + self.shortcut(x) if shortcuts else z)

    class ResNet(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv1 = nn.Conv2d(3, 16, 3, padding=1, bias=False)
            self.bn1 = nn.BatchNorm2d(16)
            before = 16
            for stage, channels in enumerate(STAGES, 1):
                blocks = []
                for _ in range((depth - 2) // 6):
                    blocks.append(Block(before, channels, 1 if before == channels else 2))
                    before = channels
                setattr(self, f"layer{stage}", nn.Sequential(*blocks))
            self.fc = nn.Linear(64, 10)

        def forward(self, x: Any) -> Any:
            x = F.relu(self.bn1(self.conv1(x)))
            x = self.layer3(self.layer2(self.layer1(x)))
            return self.fc(x.mean((2, 3)))

    return ResNet()


def formula(f: Formula, x: Any, depth: int, shortcuts: bool = True) -> Any:
    """x (N, 3, 32, 32) -> (N, 10)."""
    x = f.relu(f.batch_norm("bn1", f.conv("conv1", x, _three(16))))
    before = 16
    for stage, channels in enumerate(STAGES, 1):
        for number in range((depth - 2) // 6):
            x = _block(f, f"layer{stage}.{number}", x, channels, halve=before != channels, shortcut=shortcuts)
            before = channels
    return f.linear("fc", f.global_pool(x), 10)


def _block(f: Formula, name: str, x: Any, channels: int, halve: bool, shortcut: bool) -> Any:
    z = f.relu(f.batch_norm(f"{name}.bn1", f.conv(f"{name}.conv1", x, _three(channels, 2 if halve else 1))))
    z = f.batch_norm(f"{name}.bn2", f.conv(f"{name}.conv2", z, _three(channels)))
    if shortcut:
        z = f.add(z, f.thin(x, channels) if halve else x)
    return f.relu(z)


def _three(channels: int, stride: int = 1) -> Conv:
    return Conv(channels, 3, stride, padding=1, bias=False)
