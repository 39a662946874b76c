"""One max pooling."""

from __future__ import annotations

from typing import Any

from .formula import Formula


def define(torch: Any, size: int) -> Any:
    """As a layer."""
    return torch.nn.MaxPool2d(size)


def formula(f: Formula, x: Any, size: int) -> Any:
    """x (N, C, H, W) -> (N, C, oh, ow)."""
    return f.max_pool(x, size)
