"""The axes of a reduction: `dim` and `keepdim` in PyTorch's words, `axis` and `keepdims` in NumPy's."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any, TypeVar, cast

from autocnn.errors import ArgumentError
from autocnn.ops.axes import many_axes
from autocnn.types import Axes, Shape

F = TypeVar("F", bound=Callable[..., Any])


def numpy_names(function: F) -> F:
    """Let a function of `dim` and `keepdim` take NumPy's names `axis` and `keepdims` too."""

    @functools.wraps(function)
    def either(*args: Any, **kwargs: Any) -> Any:
        for theirs, ours in (("axis", "dim"), ("keepdims", "keepdim")):
            if theirs in kwargs:
                if ours in kwargs:
                    raise ArgumentError(f"{function.__name__}: {ours} and {theirs} are given; they are the same")
                kwargs[ours] = kwargs.pop(theirs)
        return function(*args, **kwargs)

    return cast(F, either)


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
