"""What `torch` itself says otherwise than `autocnn` does, while it is run as torch."""

from __future__ import annotations

from autocnn.compat.kinds import Kind

VERSION = "2.0.0"
"""The version that files are told which ask for one."""


class Tensor(metaclass=Kind):
    """Our Tensor, made as PyTorch makes one: `Tensor([1, 2])` is floating point."""


__all__ = ["VERSION", "Tensor"]
