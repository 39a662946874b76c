"""LeNet-5 in its modern form, with tanh and average pooling: twice differentiable everywhere.

Source: LeCun, Bottou, Bengio and Haffner (1998), figure 2.
"""

from __future__ import annotations

from typing import Any

from .formula import Conv, Formula


def define(torch: Any) -> Any:
    """Three convolutions and two linear layers; 61,706 parameters."""
    nn = torch.nn
    F = torch.nn.functional

    class LeNet5(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.c1 = nn.Conv2d(1, 6, 5)
            self.c3 = nn.Conv2d(6, 16, 5)
            self.c5 = nn.Conv2d(16, 120, 5)
            self.f6 = nn.Linear(120, 84)
            self.output = nn.Linear(84, 10)

        def forward(self, x: Any) -> Any:
            x = F.avg_pool2d(torch.tanh(self.c1(x)), 2)
            x = F.avg_pool2d(torch.tanh(self.c3(x)), 2)
            x = torch.flatten(torch.tanh(self.c5(x)), 1)
            return self.output(torch.tanh(self.f6(x)))

    return LeNet5()


def formula(f: Formula, x: Any) -> Any:
    """x (N, 1, 32, 32) -> (N, 10)."""
    x = f.avg_pool(f.tanh(f.conv("c1", x, Conv(6, 5))), 2)
    x = f.avg_pool(f.tanh(f.conv("c3", x, Conv(16, 5))), 2)
    x = f.flatten(f.tanh(f.conv("c5", x, Conv(120, 5))))
    return f.linear("output", f.tanh(f.linear("f6", x, 84)), 10)
