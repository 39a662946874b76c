"""A perceptron, 784-256-128-10."""

from __future__ import annotations

from typing import Any

from .formula import Formula


def define(torch: Any) -> Any:
    """Three linear layers, ReLU between them."""
    nn = torch.nn
    return nn.Sequential(nn.Linear(784, 256), nn.ReLU(), nn.Linear(256, 128), nn.ReLU(), nn.Linear(128, 10))


def formula(f: Formula, x: Any) -> Any:
    """x (N, 784) -> (N, 10)."""
    x = f.relu(f.linear("0", x, 256))
    x = f.relu(f.linear("2", x, 128))
    return f.linear("4", x, 10)
