"""One activation, by its name among PyTorch's functions."""

from __future__ import annotations

from typing import Any

from .formula import Formula


def define(torch: Any, name: str) -> Any:
    """As a layer."""

    class Activation(torch.nn.Module):  # type: ignore[misc, name-defined]
        def forward(self, x: Any) -> Any:
            return getattr(torch.nn.functional, name)(x)

    return Activation()


def formula(f: Formula, x: Any, name: str) -> Any:
    """x -> the same shape."""
    return f.activation(name, x)
