"""One convolution."""

from __future__ import annotations

from typing import Any

from .formula import Conv, Formula


def define(torch: Any, before: int, out: int, kernel: int, stride: int, padding: int, groups: int) -> Any:
    """As a layer."""
    return torch.nn.Conv2d(before, out, kernel, stride=stride, padding=padding, groups=groups)


def formula(f: Formula, x: Any, before: int, *conv: int) -> Any:
    """x (N, before, H, W) -> (N, out, oh, ow)."""
    return f.conv("", x, Conv(*conv))
