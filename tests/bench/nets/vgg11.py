"""The small VGG that is usual on CIFAR: configuration A, 11 layers, with batch norm and one linear layer.

152.7 million multiply-adds an image, 9.2 million parameters.
Source: Simonyan and Zisserman (2015), table 1, column A; batch norm and the single linear layer are the field's
habit for images of 32x32, of which five poolings leave one pixel.
"""

from __future__ import annotations

from typing import Any

from .formula import Conv, Formula

POOL = 0
CHANNELS = (64, POOL, 128, POOL, 256, 256, POOL, 512, 512, POOL, 512, 512, POOL)


def define(torch: Any) -> Any:
    """Eight convolutions, five poolings, one linear layer."""
    nn = torch.nn
    layers, before = [], 3
    for channels in CHANNELS:
        if channels == POOL:
            layers.append(nn.MaxPool2d(2))
        else:
            conv = nn.Conv2d(before, channels, 3, padding=1)
            layers += [conv, nn.BatchNorm2d(channels), nn.ReLU()]
            before = channels
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(512, 10))


def formula(f: Formula, x: Any) -> Any:
    """x (N, 3, 32, 32) -> (N, 10)."""
    place = 0
    for channels in CHANNELS:
        if channels == POOL:
            x = f.max_pool(x, 2)
            place += 1
        else:
            x = f.conv(str(place), x, Conv(channels, 3, padding=1))
            x = f.relu(f.batch_norm(str(place + 1), x))
            place += 3
    return f.linear(str(place + 1), f.flatten(x), 10)
