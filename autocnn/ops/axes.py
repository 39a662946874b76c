"""Axes and sizes as users write them, made canonical: counted from 0, in range, each once."""

from __future__ import annotations

import functools
import inspect
import math
import operator
from collections.abc import Callable, Sequence
from typing import Any, TypeVar, cast

from autocnn.errors import ArgumentError, OutOfRangeError, ShapeError
from autocnn.types import Shape

F = TypeVar("F", bound=Callable[..., Any])


def one_axis(op: str, dim: Any, ndim: int, name: str = "dim", needed: bool = False) -> int:
    """An axis counted from 0; a 0-d tensor has the axes 0 and -1, as in PyTorch, unless its length is `needed`.

    Raises OutOfRangeError where there is no such axis.

    >>> one_axis("sum", -1, 3)
    2
    """
    axis = as_int(op, name, dim)
    if needed and not ndim:
        raise OutOfRangeError(f"{op}: {name} is {axis}; a 0-d tensor has no axes")
    count = max(ndim, 1)
    if not -count <= axis < count:
        raise OutOfRangeError(f"{op}: {name} is {axis}; must be from {-count} to {count - 1}")
    return axis % count


def many_axes(op: str, dim: Any, ndim: int, name: str = "dim") -> tuple[int, ...]:
    """Axes counted from 0 in the order given: of one number, a sequence, or None (all).

    Raises OutOfRangeError where there is no such axis, ArgumentError where one is named twice.

    >>> many_axes("sum", (-1, 0), 3), many_axes("sum", None, 2)
    ((2, 0), (0, 1))
    """
    if dim is None:
        return tuple(range(ndim))
    axes = tuple(one_axis(op, d, ndim, name) for d in (dim if isinstance(dim, Sequence) else (dim,)))
    if len(set(axes)) != len(axes):
        raise ArgumentError(f"{op}: {name} is {dim}; each axis at most once")
    return axes


def as_int(op: str, name: str, value: Any) -> int:
    """A Python int of anything that is a whole number; raises ArgumentError for the rest."""
    try:
        return operator.index(value)
    except TypeError:
        raise ArgumentError(f"{op}: {name} is {value!r}; must be an integer") from None


def as_sizes(op: str, name: str, given: Sequence[Any]) -> Shape:
    """The lengths of `f(2, 3)` or `f((2, 3))`, as ints."""
    if len(given) == 1:
        only = given[0]
        if type(only) is tuple or (not hasattr(only, "__index__") and isinstance(only, Sequence)):
            given = only
        elif getattr(only, "ndim", 0) == 1:
            given = only.tolist()
    return tuple([n if type(n) is int else as_int(op, name, n) for n in given])


def fill_one(op: str, name: str, sizes: Shape, total: int, of: Shape) -> Shape:
    """The sizes with a -1 replaced by what makes them `total` elements.

    Raises ShapeError where the elements cannot be laid out so.

    >>> fill_one("reshape", "shape", (-1, 2), 6, (6,))
    (3, 2)
    """
    if math.prod(sizes) == total and min(sizes, default=0) >= 0:
        return sizes
    if any(n < -1 for n in sizes) or sizes.count(-1) > 1:
        raise ShapeError(f"{op}: {name} is {sizes}; lengths are not negative, save one -1 to be worked out")
    known = math.prod(n for n in sizes if n != -1)
    if -1 not in sizes:
        raise ShapeError(f"{op}: {name} is {sizes} with {known} elements, x {of} has {total}")
    if not known or total % known:
        raise ShapeError(f"{op}: {name} is {sizes}, x {of} has {total} elements; no length fits -1")
    return tuple([total // known if n == -1 else n for n in sizes])


def numpy_names(function: F) -> F:
    """Let a function of `dim` and `keepdim` take NumPy's names `axis` and `keepdims` too."""

    @functools.wraps(function)
    def either(*args: Any, **kwargs: Any) -> Any:
        for theirs, ours in (("axis", "dim"), ("keepdims", "keepdim")) if kwargs else ():
            if theirs in kwargs:
                if ours in kwargs:
                    raise ArgumentError(f"{function.__name__}: {ours} and {theirs} are given; they are the same")
                kwargs[ours] = kwargs.pop(theirs)
        return function(*args, **kwargs)

    return cast(F, either)


def by_name(name: str) -> Callable[[F], F]:
    """Let a function of `*sizes` take them by name too: `flip(x, dims=(0, 1))` beside `flip(x, 0, 1)`."""

    def decorate(function: F) -> F:
        first = next(iter(inspect.signature(function).parameters))

        @functools.wraps(function)
        def spread(*args: Any, **kwargs: Any) -> Any:
            if kwargs and not args and first in kwargs:
                args = (kwargs.pop(first),)
            if kwargs and name in kwargs:
                args = (*args, kwargs.pop(name))
            return function(*args, **kwargs)

        spread.named = name  # type: ignore[attr-defined]
        return cast(F, spread)

    return decorate
