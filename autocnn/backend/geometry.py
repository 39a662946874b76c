"""The arithmetic of windows: sizes, paddings and their checks, in plain integers.

A *window* is described for every spatial axis by its kernel size ``k``, stride ``s``, padding ``(lo, hi)``
and dilation ``d``. No arrays here, so that convolution, pooling and ``unfold`` share one truth.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import TypeAlias

from autocnn.errors import ArgumentError, ShapeError
from autocnn.types import Shape

Pads: TypeAlias = tuple[tuple[int, int], ...]
"""Zeros before and after each spatial axis; a negative number crops."""


def per_axis(op: str, name: str, value: int | Sequence[int], ndim: int, least: int = 1) -> tuple[int, ...]:
    """One integer per spatial axis, from one number or a sequence of them.

    Raises ArgumentError if there are too many or too few, or one is below ``least``.

    >>> per_axis("conv2d", "stride", 2, 2)
    (2, 2)
    """
    if isinstance(value, Sequence) and not isinstance(value, str):
        sizes = tuple(int(v) for v in value)
        sizes = sizes * ndim if len(sizes) == 1 else sizes
    else:
        sizes = (integer(op, name, value),) * ndim
    if len(sizes) != ndim:
        raise ArgumentError(f"{op}: {name} is {value!r}; one integer or {ndim} of them are needed")
    if any(size < least for size in sizes):
        raise ArgumentError(f"{op}: {name} is {value!r}; every number must be at least {least}")
    return sizes


def integer(op: str, name: str, value: object) -> int:
    """``value`` as a Python int, if it is one (NumPy integers included).

    Raises ArgumentError for everything else.

    >>> integer("conv2d", "groups", 3)
    3
    """
    try:
        return int(value.__index__())  # type: ignore[attr-defined]
    except AttributeError:
        raise ArgumentError(f"{op}: {name} is {value!r}; an integer is needed") from None


def pads(
    op: str,
    padding: int | str | Sequence[int] | Sequence[Sequence[int]],
    kernel: Sequence[int],
    stride: Sequence[int],
    dilation: Sequence[int],
) -> Pads:
    """Padding as a ``(lo, hi)`` pair per axis.

    Takes a number, a number per axis, a pair per axis, ``"valid"`` (none), ``"same"`` (output as large as the
    input, the odd zero behind) or ``"full"`` (every overlap of kernel and input).
    Raises ArgumentError for anything else, and for ``"same"`` with a stride.

    >>> pads("conv2d", "same", (3, 4), (1, 1), (1, 1))
    ((1, 1), (1, 2))
    """
    reach = [d * (k - 1) for k, d in zip(kernel, dilation, strict=True)]
    if isinstance(padding, str):
        if padding == "valid":
            return ((0, 0),) * len(reach)
        if padding == "full":
            return tuple((r, r) for r in reach)
        if padding != "same":
            raise ArgumentError(f"{op}: padding is {padding!r}; it must be numbers, 'same', 'valid' or 'full'")
        if any(s != 1 for s in stride):
            raise ArgumentError(f"{op}: padding is 'same' with stride {by(stride)}; 'same' needs stride 1")
        return tuple((r // 2, r - r // 2) for r in reach)
    if isinstance(padding, Sequence) and any(isinstance(p, Sequence) for p in padding):
        return _paired(op, padding, len(reach))
    return tuple((p, p) for p in per_axis(op, "padding", padding, len(reach), least=0))  # type: ignore[arg-type]


def _paired(op: str, padding: Sequence[object], ndim: int) -> Pads:
    pairs = tuple(tuple(p) if isinstance(p, Sequence) else (p, p) for p in padding)
    if len(pairs) != ndim or any(len(pair) != 2 for pair in pairs):
        raise ArgumentError(
            f"{op}: padding is {padding!r}; one (before, after) pair for each of {ndim} axes is needed"
        )
    if any(integer(op, "padding", p) < 0 for pair in pairs for p in pair):
        raise ArgumentError(f"{op}: padding is {padding!r}; every number must be at least 0")
    return tuple((int(lo), int(hi)) for lo, hi in pairs)


def windows(
    space: Sequence[int],
    kernel: Sequence[int],
    stride: Sequence[int],
    padding: Pads,
    dilation: Sequence[int],
) -> Shape:
    """Number of windows along each axis: ``floor((n + lo + hi - d (k - 1) - 1) / s) + 1``.

    >>> windows((32, 32), (5, 5), (2, 2), ((0, 0), (0, 0)), (1, 1))
    (14, 14)
    """
    return tuple(
        (n + lo + hi - d * (k - 1) - 1) // s + 1
        for n, k, s, (lo, hi), d in zip(space, kernel, stride, padding, dilation, strict=True)
    )


def pool_windows(
    space: Sequence[int],
    kernel: Sequence[int],
    stride: Sequence[int],
    padding: Sequence[int],
    dilation: Sequence[int],
    ceil_mode: bool,
) -> Shape:
    """Number of pooling windows along each axis; with ``ceil_mode`` a last window may hang over the end.

    A window that would start beyond the input and its left padding is dropped, as PyTorch does.

    >>> pool_windows((5,), (2,), (2,), (0,), (1,), True)
    (3,)
    """
    sizes = []
    for n, k, s, p, d in zip(space, kernel, stride, padding, dilation, strict=True):
        room = n + 2 * p - d * (k - 1) - 1
        count = (-(-room // s) if ceil_mode else room // s) + 1
        if ceil_mode and (count - 1) * s >= n + p:
            count -= 1
        sizes.append(count)
    return tuple(sizes)


def check_fit(
    op: str,
    space: Sequence[int],
    kernel: Sequence[int],
    padding: Pads,
    dilation: Sequence[int],
    counts: Sequence[int],
) -> None:
    """Refuse a window that does not fit.

    Raises ShapeError if any of ``counts`` is below 1.
    """
    if any(count < 1 for count in counts):
        raise ShapeError(
            f"{op}: kernel {by(kernel)} (dilation {_one_or_all(dilation)}) does not fit in {by(space)}"
            f" padded by {_one_or_all([lo if lo == hi else (lo, hi) for lo, hi in padding])}"
        )


def transposed(
    space: Sequence[int],
    kernel: Sequence[int],
    stride: Sequence[int],
    padding: Pads,
    dilation: Sequence[int],
) -> Shape:
    """Size of what a transposed convolution gives: ``(n - 1) s - lo - hi + d (k - 1) + 1``.

    >>> transposed((4,), (3,), (2,), ((1, 1),), (1,))
    (7,)
    """
    return tuple(
        (n - 1) * s - lo - hi + d * (k - 1) + 1
        for n, k, s, (lo, hi), d in zip(space, kernel, stride, padding, dilation, strict=True)
    )


def by(sizes: Sequence[int]) -> str:
    """Sizes as people write them.

    >>> by((3, 5))
    '3x5'
    """
    return "x".join(str(size) for size in sizes)


def _one_or_all(values: Sequence[object]) -> str:
    return str(values[0]) if len(set(values)) == 1 else "x".join(str(v) for v in values)


def images_per_block(images: int, bytes_per_image: int, budget: int) -> int:
    """How many images to work on at once, so that their working set stays within ``budget`` bytes of cache.

    >>> images_per_block(100, 1000, 30_000)
    25
    """
    most = max(1, budget // max(1, bytes_per_image))
    blocks = max(1, -(-images // most))
    return max(1, -(-images // blocks))  # blocks of nearly equal size


def volume(sizes: Sequence[int]) -> int:
    """Product of sizes, 1 for none.

    >>> volume((2, 3))
    6
    """
    return prod(sizes)
