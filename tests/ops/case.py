"""What a row of the table of cases says, and how its inputs are made."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

Values = np.ndarray[Any, Any]
Maker = Callable[[np.random.Generator], Any]


@dataclass(frozen=True)
class Case:
    """A primitive at one point: what it should give, and which laws hold there."""

    oracle: Callable[..., Any] | None
    """(*arrays) -> the value, or a tuple of values, by NumPy, SciPy or plain Python; None where `law` says it."""
    inputs: tuple[Maker, ...] = ()
    params: Mapping[str, Any] = field(default_factory=dict)
    linear: tuple[int, ...] = ()
    """Inputs in each of which, the others held, the primitive is linear: there the adjoint law is exact."""
    order: int = 2
    """Highest order of derivative to check; 1 or 0 where finite differences cannot see further."""
    law: Callable[..., bool] | None = None
    """(value, *arrays) -> whether the value is right, where an oracle would be the function itself."""
    tied: bool = False
    """At a tie: only moving all elements of an input together has a derivative."""
    rtol: float = 1e-11
    """How close value and oracle must be in float64."""

    def arrays(self, name: str) -> list[Any]:
        """The inputs: the same in every run; floats are float64."""
        random = np.random.default_rng(zlib.crc32(name.encode()))
        return [make(random) for make in self.inputs]


# Makers of inputs -----------------------------------------------------------------------------------------------


def normal(*shape: int) -> Maker:
    """Numbers of both signs, around 1 in size."""
    return lambda random: np.asarray(random.standard_normal(shape))


def positive(*shape: int, low: float = 0.5, high: float = 2.0) -> Maker:
    """Numbers between `low` and `high`."""
    return lambda random: np.asarray(random.uniform(low, high, shape))


def between(low: float, high: float, *shape: int) -> Maker:
    """Numbers between two others."""
    return positive(*shape, low=low, high=high)


def apart(*shape: int, step: float = 0.25) -> Maker:
    """Numbers of both signs that differ by at least `step` from one another, and by half of it from 0."""

    def make(random: np.random.Generator) -> Values:
        count = int(np.prod(shape))
        return random.permutation((np.arange(count) - count // 2 + 0.5) * step).reshape(shape)

    return make


def whole(low: int, high: int, *shape: int) -> Maker:
    """Integers from `low` to `high`, `high` not included."""
    return lambda random: np.asarray(random.integers(low, high, shape))


def mask(*shape: int) -> Maker:
    """True or False."""
    return lambda random: np.asarray(random.random(shape) < 0.5)


def exact(values: Any, dtype: Any = None) -> Maker:
    """These very numbers."""
    return lambda random: np.array(values, dtype or (np.float64 if _holds_floats(values) else None))


def number(value: float) -> Maker:
    """A Python number, as it stands."""
    return lambda random: value


def _holds_floats(values: Any) -> bool:
    return np.asarray(values).dtype.kind == "f"
