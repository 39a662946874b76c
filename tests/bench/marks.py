"""Did two libraries compute the same? A few numbers stand for each array."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from .weights import Numbers, normal

TOLERANCE = 2e-3
"""Relative, and absolute for numbers below 1: float32, other orders of summation, 56 layers, three steps."""


def marks(arrays: Iterable[Numbers]) -> list[float]:
    """A number stands for itself; an array for its root mean square and for its direction, seen along a fixed one.

    Two arrays with the same numbers in other places differ in the second.

    >>> marks([np.array(2.5)])
    [2.5]
    >>> a = np.arange(6.0).reshape(2, 3)
    >>> same, other = marks([a]), marks([np.ascontiguousarray(a.T)])
    >>> same[0] == other[0], abs(same[1] - other[1]) > 0.1
    (True, True)
    """
    found: list[float] = []
    for array in arrays:
        numbers = np.asarray(array, dtype=np.float64)
        if numbers.size == 1:
            found.append(float(numbers.item()))
            continue
        size = float(np.linalg.norm(numbers))
        along = float(numbers.ravel() @ normal("direction", (numbers.size,)))
        found += [size / numbers.size**0.5, along / size if size else 0.0]
    return found


def agree(found: list[list[float]], expected: list[list[float]], tolerance: float = TOLERANCE) -> bool:
    """Whether the marks are near in each step that both have taken, at least one.

    >>> agree([[1.0], [2.0]], [[1.0]]), agree([[1.0]], [[1.1]]), agree([], [[1.0]])
    (True, False, False)
    """
    pairs = list(zip(found, expected, strict=False))
    return bool(pairs) and all(
        len(a) == len(b) and np.allclose(a, b, rtol=tolerance, atol=tolerance) for a, b in pairs
    )
