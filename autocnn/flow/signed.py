"""Numbers as a sign and a logarithm, so that 1e-400 is a number: for closed forms of deep products."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from autocnn.types import Array


@dataclass(frozen=True)
class Signed:
    """sign * exp(log), element by element; what float64 would round to 0 or to infinity keeps its value.

    >>> tiny = Signed.of(1e-300) * Signed.of(1e-300)
    >>> float(tiny.value), round(float(tiny.log10), 6)
    (0.0, -600.0)
    >>> round(float((tiny + tiny).log10), 6)
    -599.69897
    """

    sign: Array
    log: Array

    @classmethod
    def of(cls, x: Any) -> Signed:
        """Numbers as they are."""
        x = np.asarray(x, np.float64)
        with np.errstate(divide="ignore"):
            return cls(np.sign(x), np.log(np.abs(x)))

    def __mul__(self, other: Signed) -> Signed:
        return Signed(self.sign * other.sign, self.log + other.log)

    def __add__(self, other: Signed) -> Signed:
        top = np.maximum(self.log, other.log)
        top = np.where(np.isneginf(top), 0.0, top)
        total = self.sign * np.exp(self.log - top) + other.sign * np.exp(other.log - top)
        with np.errstate(divide="ignore"):
            return Signed(np.sign(total), top + np.log(np.abs(total)))

    def __pow__(self, k: int) -> Signed:
        if k == 0:  # also of 0, whose logarithm times 0 is no number
            return Signed.of(np.ones_like(self.log))
        return Signed(self.sign**k, k * self.log)

    def __getitem__(self, place: Any) -> Signed:
        return Signed(self.sign[place], self.log[place])

    @property
    def value(self) -> Array:
        """As float64: 0 or infinite where that has no such number."""
        with np.errstate(over="ignore"):
            return self.sign * np.exp(self.log)

    @property
    def log10(self) -> Array:
        """The decimal logarithm of the magnitude, -inf for 0."""
        return self.log / math.log(10)
