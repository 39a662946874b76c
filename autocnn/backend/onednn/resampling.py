"""Images of another size, by a nearest or by linearly weighted elements, and the adjoints.

The library aligns the edges of both images, and rounds to the nearest element: that is what is asked for where
every element becomes so many in a row, or where weights are linear. It weighs both neighbours also where an
element lies on one of them, and nothing times infinity would be NaN: such ratios are left to NumPy.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from math import prod

import numpy as np

from autocnn.backend.aligned import LARGE
from autocnn.backend.onednn import header
from autocnn.backend.onednn.convolution import conv
from autocnn.backend.onednn.execute import Plan, attributes, described, name_of, plan
from autocnn.backend.onednn.library import Unserved
from autocnn.backend.onednn.memory import FLOAT, TO_LAST, Handle, describe_channels_last, empty_last, fits, logical
from autocnn.backend.onednn.pooling import average
from autocnn.backend.onednn.reorder import channels_last
from autocnn.types import Array, Shape

_LANES = 16
"""Channels that fill a vector register: the library writes whole ones, to aligned memory alone."""


_LARGEST = 40
"""The factor up to which each element begins where a multiple of it says, divided in single precision or not."""


def applies(x: Array, size: int) -> bool:
    """Whether oneDNN may make so many elements of x: images of float32, whose channels fill registers.

    >>> applies(np.ones((1, 16, 8, 8), np.float32), 1 << 16), applies(np.ones((1, 3, 8, 8), np.float32), 1 << 16)
    (True, False)
    """
    return 3 <= x.ndim <= 5 and x.shape[1] % _LANES == 0 and size * x.itemsize >= LARGE and fits(x)


def resize(
    x: Array, *, axes: Shape, lengths: Shape, mode: str, steps: tuple[float, ...], corners: bool, smooth: bool
) -> Array | None:
    """x with other lengths on some axes, channels-last; None where oneDNN does not serve."""
    shape = _with(x.shape, axes, lengths)
    if corners or smooth or not applies(x, prod(shape)) or not _is_even(x.shape, shape, axes, steps):
        return None
    if not (_is_between(x.shape, shape) if mode == "linear" else mode != "cubic" and _factors(x.shape, shape)):
        return None
    ready = plan(("resize", mode, x.shape, shape), _forward, mode, x.shape, shape)
    if ready is None:
        return None
    z = empty_last(shape, past=0)
    ready(channels_last(x), z)
    return logical(z)


def unresize(
    g: Array, *, axes: Shape, lengths: Shape, mode: str, steps: tuple[float, ...], corners: bool, smooth: bool
) -> Array | None:
    """Adjoint of :func:`resize`, in axes of these lengths, channels-last; None where oneDNN does not serve."""
    shape = _with(g.shape, axes, lengths)
    if corners or smooth or mode == "cubic" or not applies(g, g.size) or not _is_even(shape, g.shape, axes, steps):
        return None
    factors = _factors(shape, g.shape)
    if factors:
        return _weighted_sums(g, factors) if mode == "linear" else _sums(g, factors)
    if mode != "linear" or prod(shape) * g.itemsize < LARGE or not _is_between(shape, g.shape):
        return None
    ready = plan(("unresize", shape, g.shape), _backward, shape, g.shape)
    if ready is None:
        return None
    gx = empty_last(shape, past=0)
    ready(channels_last(g), gx)
    return logical(gx)


def _sums(g: Array, factors: Sequence[int]) -> Array | None:
    """The sum of each window of so many elements: the adjoint of repeating them."""
    window, bare = tuple(factors), (0,) * len(factors)
    means = average(
        g, kernel=window, stride=window, padding=bare, ceil_mode=False, count_include_pad=True, divisor=None
    )
    if means is not None:
        means *= prod(factors)
    return means


def _weighted_sums(g: Array, factors: Sequence[int]) -> Array | None:
    """The adjoint of linear weights: a convolution, and what it gives beyond an edge belongs to that edge."""
    kernel = np.ones((), np.float64)
    for f in factors:
        kernel = np.multiply.outer(kernel, _triangle(f))
    channels = g.shape[1]
    wide = conv(
        g,
        np.broadcast_to(kernel.astype(FLOAT), (channels, 1, *kernel.shape)).copy(),
        stride=tuple(factors),
        padding=tuple([(f + f // 2, f + f // 2) if f > 1 else (0, 0) for f in factors]),
        dilation=(1,) * len(factors),
        groups=channels,
    )
    if wide is None:
        return None
    for axis, f in enumerate(factors, 2):
        if f > 1:
            rows = wide.swapaxes(0, axis)
            rows[1] += rows[0]
            rows[-2] += rows[-1]
    inner = tuple([slice(1, -1) if f > 1 else slice(None) for f in factors])
    return logical(np.ascontiguousarray(wide[:, :, *inner].transpose(TO_LAST[g.ndim])))


def _triangle(factor: int) -> Array:
    """What an element has of those that it becomes when its axis is made so many times as long.

    >>> _triangle(2).tolist()
    [0.25, 0.75, 0.75, 0.25]
    """
    count = 2 * factor - factor % 2
    return 1.0 - np.abs(np.arange(count) - (count - 1) / 2) / factor


def _with(shape: Shape, axes: Shape, lengths: Shape) -> Shape:
    new = list(shape)
    for axis, length in zip(axes, lengths, strict=True):
        new[axis] = length
    return tuple(new)


def _is_even(x: Shape, z: Shape, axes: Shape, steps: tuple[float, ...]) -> bool:
    """Whether the ratio of lengths is what positions are divided by, on axes of space."""
    return all(axis > 1 and step in (0.0, x[axis] / z[axis]) for axis, step in zip(axes, steps, strict=True))


def _factors(x: Shape, z: Shape) -> Shape:
    """How many elements each becomes along each axis of space; empty unless they are whole numbers, none large.

    PyTorch divides places by it in single precision, which is not exact for all numbers beyond.
    """
    factors = tuple([m // n for n, m in zip(x[2:], z[2:], strict=True)])
    whole = all(m == n * f for n, m, f in zip(x[2:], z[2:], factors, strict=True))
    return factors if whole and max(factors) <= _LARGEST else ()


_EXACT = 1 << 24
"""Whole numbers below which single precision holds each."""


@cache
def _is_between(x: Shape, z: Shape) -> bool:
    """Whether each element of the result lies between two of x, or beyond its edge, and on none.

    And its place is exact: the library multiplies lengths in single precision.
    """
    lengths = list(zip(x[2:], z[2:], strict=True))
    exact = all(2 * m * n < _EXACT for n, m in lengths)
    return exact and all(((2 * i + 1) * n - m) % (2 * m) for n, m in lengths for i in range(m))


def _forward(mode: str, x: Shape, z: Shape) -> Plan:
    made, src, dst = _described(mode, x, z)
    return Plan(made, [(header.SRC, src), (header.DST, dst)])


def _backward(x: Shape, z: Shape) -> Plan:
    hint, src, dst = _described("linear", x, z)
    made = described("resampling_backward", header.RESAMPLING_LINEAR, None, src, dst, hint, attributes())
    return Plan(_quick(made), [(header.DST_GRADIENT, dst), (header.SRC_GRADIENT, src)])


def _described(mode: str, x: Shape, z: Shape) -> tuple[Handle, Handle, Handle]:
    """The forward's description, with those of its source and its result."""
    kind = header.RESAMPLING_LINEAR if mode == "linear" else header.RESAMPLING_NEAREST
    src, dst = describe_channels_last(x), describe_channels_last(z)
    return _quick(described("resampling_forward", header.TRAINING, kind, None, src, dst, attributes())), src, dst


def _quick(description: Handle) -> Handle:
    """The description; raises Unserved unless the library wrote machine code for it: its plain one is slower."""
    if not name_of(description).startswith("jit"):
        raise Unserved("resampling: there is but a plain implementation")
    return description
