"""One batch norm, in training."""

from __future__ import annotations

from typing import Any

from .formula import Formula


def define(torch: Any, channels: int) -> Any:
    """As a layer."""
    return torch.nn.BatchNorm2d(channels)


def formula(f: Formula, x: Any, channels: int) -> Any:
    """x (N, C, H, W) -> the same shape."""
    return f.batch_norm("", x)
