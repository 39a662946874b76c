"""The axes of a reduction: `dim` and `keepdim` in PyTorch's words, `axis` and `keepdims` in NumPy's."""

from __future__ import annotations

from collections.abc import Sequence

from autocnn.ops.axes import many_axes
from autocnn.ops.axes import numpy_names as numpy_names
from autocnn.types import Axes, Shape


def axes_of(name: str, dim: Axes, shape: Shape) -> tuple[int, ...]:
    """The axes to reduce, in rising order: all of them for None or an empty sequence."""
    if dim is None or (isinstance(dim, Sequence) and not dim):
        return tuple(range(len(shape)))
    axes = many_axes(name, dim, len(shape))
    return tuple(sorted(axes)) if shape else ()


def count_of(shape: Shape, axes: tuple[int, ...]) -> int:
    """How many elements a reduction over these axes takes together."""
    n = 1
    for axis in axes:
        n *= shape[axis]
    return n


def reduced(shape: Shape, axes: tuple[int, ...]) -> Shape:
    """The shape with the given axes of length 1."""
    return tuple(1 if i in axes else n for i, n in enumerate(shape))
