"""Momenta that move against the rate, and numbers for each group."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from autocnn.errors import ArgumentError
from autocnn.optim.optimizer import Group, Optimizer


def each(schedule: str, optimizer: Optimizer, value: float | Sequence[float], name: str) -> list[float]:
    """One number for each group. Raises ArgumentError where there are more or fewer."""
    count = len(optimizer.param_groups)
    numbers = [value] * count if isinstance(value, int | float) else list(value)
    if len(numbers) != count:
        raise ArgumentError(
            f"{schedule}: {name} has {len(numbers)} numbers, the optimiser {count} groups. Give one for each"
        )
    return numbers


def set_momentum(schedule: str, group: Group, value: Any) -> None:
    """Set the momentum of a group, or its beta1. Raises ArgumentError where it has neither."""
    if "betas" in group:
        group["betas"] = (value, *group["betas"][1:])
    elif "momentum" in group:
        group["momentum"] = value
    else:
        raise ArgumentError(f"{schedule}: cycle_momentum is True; the optimiser has neither momentum nor betas")
