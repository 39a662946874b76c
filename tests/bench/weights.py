"""The numbers that everybody starts from: made by NumPy, the same for the same name in every process."""

from __future__ import annotations

import math
import zlib
from typing import Any

import numpy as np

from .cases import CLASSES, Case

Numbers = np.ndarray[Any, np.dtype[Any]]


def normal(name: str, shape: tuple[int, ...]) -> Numbers:
    """Standard normal numbers that depend on the name and the shape alone."""
    return np.random.default_rng(zlib.crc32(name.encode())).standard_normal(shape, dtype=np.float32)


def state(case: Case) -> dict[str, Numbers]:
    """The parameters and running statistics of the case's network, by the names of its state dict."""
    return {name: _values(name, shape) for name, shape in case.shapes().state.items()}


def images(case: Case) -> Numbers:
    """The input."""
    return normal("images", case.shape)


def labels(case: Case) -> Numbers:
    """A class for each image."""
    return np.random.default_rng(1).integers(0, CLASSES, case.shape[0], dtype=np.int64)


def cotangent(case: Case) -> Numbers:
    """What comes in from behind, where a layer is measured alone."""
    return normal("cotangent", case.output())


def matrices(case: Case) -> tuple[Numbers, Numbers]:
    """The two factors of a product (m, k, n)."""
    m, k, n = case.shape
    return normal("left", (m, k)), normal("right", (k, n))


def _values(name: str, shape: tuple[int, ...]) -> Numbers:
    """He's deviation for matrices; near one or near nought, but never at it, for what has one number a channel."""
    numbers = normal(name, shape)
    if len(shape) > 1:
        return numbers * np.float32(math.sqrt(2 / math.prod(shape[1:])))
    if name.endswith("running_var"):
        return np.float32(0.5) + np.abs(numbers)
    numbers *= np.float32(0.1)
    return numbers + np.float32(1) if name.endswith("weight") else numbers
