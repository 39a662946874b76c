"""How an array lies in memory: its axes from the slowest to the quickest, neighbours of one kind as one run."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from autocnn.types import Array, Shape


class Runs(NamedTuple):
    """Axes in the order of memory, and runs of them that are marked alike: the length of each, and its mark."""

    order: Shape
    lengths: Shape
    marks: tuple[bool, ...]


@lru_cache(4096)
def runs(shape: Shape, strides: Shape, itemsize: int, marked: Shape) -> Runs | None:
    """The runs of a dense array, some of whose axes are marked; None where there are gaps, or nothing.

    An axis of length 1 joins whichever run it comes by.

    >>> runs((2, 3, 4, 5), (240, 4, 60, 12), 4, (0, 2, 3))
    Runs(order=(0, 2, 3, 1), lengths=(40, 3), marks=(True, False))
    """
    order = sorted(range(len(shape)), key=lambda i: (-strides[i], i))
    expected = itemsize
    for i in reversed(order):
        if shape[i] != 1:
            if strides[i] != expected or not shape[i]:
                return None
            expected *= shape[i]
    lengths: list[int] = []
    marks: list[bool] = []
    for i in order:
        if shape[i] == 1:
            continue
        if marks and marks[-1] is (i in marked):
            lengths[-1] *= shape[i]
        else:
            lengths.append(shape[i])
            marks.append(i in marked)
    return Runs(tuple(order), tuple(lengths), tuple(marks)) if lengths else None


def reduced(parts: Array, found: Runs, shape: Shape, axes: Shape, keepdims: bool) -> Array:
    """What a reduction over axes gives, in their own order: from what it left of the runs that are not marked.

    >>> import numpy as np
    >>> found = runs((2, 3, 4, 5), (240, 4, 60, 12), 4, (2, 3))
    >>> reduced(np.zeros((2, 3)), found, (2, 3, 4, 5), (2, 3), True).shape
    (2, 3, 1, 1)
    """
    kept = [i for i in found.order if i not in axes]
    z = parts.reshape([shape[i] for i in kept]).transpose([kept.index(i) for i in sorted(kept)])
    return z.reshape([1 if i in axes else n for i, n in enumerate(shape)]) if keepdims else z


def repeats(rows: int, columns: int, enough: int) -> int:
    """How many rows to take as one, so that there are `enough` columns: a number that divides the rows, or 1.

    >>> repeats(1024, 64, 512), repeats(49, 64, 512), repeats(7, 1024, 512)
    (8, 49, 1)
    """
    least = -(-enough // columns)
    return next((k for k in _divisors(rows) if k >= least), 1)


@lru_cache(1024)
def _divisors(n: int) -> Sequence[int]:
    small = [k for k in range(1, int(n**0.5) + 1) if n % k == 0]
    return sorted({*small, *(n // k for k in small)})
