"""Small networks with skips, functions and in-place spellings, as one writes them for either library."""

from __future__ import annotations

from typing import Any

import numpy as np


def made(nn: Any, F: Any) -> Any:
    """The classes of a residual network from one library: torch's names, whichever it is."""

    class Block(nn.Module):
        def __init__(self, before: int, after: int, stride: int = 1) -> None:
            super().__init__()
            self.conv1 = nn.Conv2d(before, after, 3, stride, padding=1, bias=False)
            self.bn1 = nn.BatchNorm2d(after)
            self.conv2 = nn.Conv2d(after, after, 3, padding=1)
            self.relu = nn.ReLU(inplace=True)  # one module, visited twice
            self.down = nn.Conv2d(before, after, 1, stride) if stride > 1 or before != after else None

        def forward(self, x: Any) -> Any:
            identity = x if self.down is None else self.down(x)
            out = self.relu(self.bn1(self.conv1(x)))
            out = self.conv2(out)
            out += identity
            return self.relu(out)

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.stem = nn.Conv2d(2, 4, 3, padding=1)
            self.layer1 = Block(4, 4)
            self.layer2 = Block(4, 6, 2)
            self.fc = nn.Linear(6, 3)

        def features(self, x: Any) -> Any:
            x = F.relu(self.stem(x), inplace=True)
            return self.layer2(self.layer1(F.max_pool2d(x, 2)))

        def forward(self, x: Any) -> Any:
            return self.fc(self.features(x).mean((2, 3)))

    return Net


def weights(names: dict[str, tuple[int, ...]]) -> dict[str, np.ndarray]:
    """Values for every entry of a state dict, by its shape; variances are above 0."""
    draw = np.random.default_rng(7)
    found = {}
    for name, shape in names.items():
        values = draw.normal(size=shape).astype(np.float32)
        found[name] = abs(values) + 0.5 if name.endswith("var") else values / max(values[0].size, 1) ** 0.5
    return found
