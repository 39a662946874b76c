"""Max and average pooling over windows, and their adjoints, in 1, 2 and 3 dimensions.

Max pooling keeps for each window the row-major number of the kernel offset that won, which is what the NumPy
kernels keep too: each can read what the other wrote.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from autocnn.backend.geometry import pool_windows, volume
from autocnn.backend.onednn import header
from autocnn.backend.onednn.execute import Plan, ask, attributes, described, plan, same
from autocnn.backend.onednn.library import Unserved
from autocnn.backend.onednn.memory import (
    Handle,
    describe_channels_last,
    dims,
    empty_last,
    fits,
    logical,
)
from autocnn.backend.onednn.reorder import channels_last
from autocnn.backend.onednn.sums import is_finite
from autocnn.types import Array, Shape

_BYTES = 256
"""Kernel offsets that one byte can number."""

_LONG = 256
"""Elements of a window whose mean is exact enough, though the library adds up one after the other."""


def applies(x: Array, kernel: Sequence[int], padding: Sequence[int]) -> bool:
    """Whether oneDNN may pool x: float32, 1-d to 3-d, not empty, no window in the padding alone.

    >>> applies(np.ones((1, 2, 6), np.float32), (2,), (1,)), applies(np.ones((1, 2, 6)), (2,), (1,))
    (True, False)
    """
    return 3 <= x.ndim <= 5 and fits(x) and all(map(int.__gt__, kernel, padding))


def max_pool(
    x: Array,
    *,
    kernel: Sequence[int],
    stride: Sequence[int],
    padding: Sequence[int],
    dilation: Sequence[int],
    ceil_mode: bool,
) -> tuple[Array, Array] | None:
    """Largest value of each window, and its winner: x (N, C, *spatial) -> two arrays (N, C, *counts).

    None where oneDNN does not serve, and where x is not finite: the library lets NaN lose, which must win, and
    makes minus infinity the lowest finite number.
    """
    if volume(kernel) > _BYTES or not applies(x, kernel, padding):
        return None
    key = ("max_pool", x.shape, kernel, stride, padding, dilation, ceil_mode)
    ready = plan(key, _max_forward, x.shape, key[2:])
    if ready is None:
        return None
    xl = channels_last(x)
    if not is_finite(xl):
        return None
    shape = (*x.shape[:2], *pool_windows(x.shape[2:], kernel, stride, padding, dilation, ceil_mode))
    z, winners = empty_last(shape), empty_last(shape, np.uint8)
    ready(xl, z, winners)
    return logical(z), logical(winners)


def max_scatter(
    g: Array,
    winners: Array,
    *,
    shape: Shape,
    kernel: Sequence[int],
    stride: Sequence[int],
    padding: Sequence[int],
    dilation: Sequence[int],
) -> Array | None:
    """Add each cotangent to its window's winner: g (N, C, *counts) -> `shape`; None if oneDNN does not serve."""
    if not applies(g, kernel, padding) or (winners.dtype, winners.shape) != (np.uint8, g.shape):
        return None
    key = ("max_scatter", shape, g.shape, kernel, stride, padding, dilation)
    ready = plan(key, _max_backward, shape, g.shape, key[3:])
    if ready is None:
        return None
    gx = empty_last(shape)
    ready(channels_last(g), channels_last(winners), gx)
    return logical(gx)


def average(
    x: Array,
    *,
    kernel: Sequence[int],
    stride: Sequence[int],
    padding: Sequence[int],
    ceil_mode: bool,
    count_include_pad: bool,
    divisor: int | None,
) -> Array | None:
    """Mean of each window: x (N, C, *spatial) -> (N, C, *counts); None where oneDNN does not serve."""
    if divisor is not None or volume(kernel) > _LONG or not applies(x, kernel, padding):
        return None
    key = ("average", x.shape, kernel, stride, padding, ceil_mode, count_include_pad)
    ready = plan(key, _mean_forward, x.shape, key[2:6], count_include_pad)
    if ready is None:
        return None
    unit = (1,) * len(kernel)
    z = empty_last((*x.shape[:2], *pool_windows(x.shape[2:], kernel, stride, padding, unit, ceil_mode)))
    ready(channels_last(x), z)
    return logical(z)


def average_spread(
    g: Array,
    *,
    shape: Shape,
    kernel: Sequence[int],
    stride: Sequence[int],
    padding: Sequence[int],
    count_include_pad: bool,
    divisor: int | None,
) -> Array | None:
    """Each cotangent shared out over its window, (N, C, *counts) -> `shape`; None where oneDNN does not serve."""
    if divisor is not None or not applies(g, kernel, padding):
        return None
    key = ("average_spread", shape, g.shape, kernel, stride, padding, count_include_pad)
    ready = plan(key, _mean_backward, shape, g.shape, key[3:6], count_include_pad)
    if ready is None:
        return None
    gx = empty_last(shape)
    ready(channels_last(g), gx)
    return logical(gx)


def adaptive_average(x: Array, *, size: Shape) -> Array | None:
    """Means over windows that cover each axis evenly; None where oneDNN does not serve, or windows differ.

    Those of large windows are means of means along the last axis.
    """
    how = _even(x.shape[2:], size)
    if how is None:
        return None
    if volume(how["kernel"]) <= _LONG or len(size) == 1:
        return average(x, **how, ceil_mode=False)
    lines = adaptive_average(x, size=(*x.shape[2:-1], size[-1]))
    return None if lines is None else adaptive_average(lines, size=size)


def adaptive_spread(g: Array, *, shape: Shape) -> Array | None:
    """Adjoint of :func:`adaptive_average`: g (N, C, *size) -> `shape`; None where oneDNN does not serve."""
    how = _even(shape[2:], g.shape[2:])
    return None if how is None else average_spread(g, shape=shape, **how)


def _even(lengths: Shape, counts: Shape) -> dict[str, Any] | None:
    """The windows of so many on each axis, beside one another, if they are as long as each other."""
    if any(n % count for n, count in zip(lengths, counts, strict=True)):
        return None
    window = tuple([n // count for n, count in zip(lengths, counts, strict=True)])
    padding = (0,) * len(window)
    return {"kernel": window, "stride": window, "padding": padding, "count_include_pad": True, "divisor": None}


def _max_forward(x: Shape, window: Any) -> Plan:
    kernel, stride, padding, dilation, ceil_mode = window
    counts = pool_windows(x[2:], kernel, stride, padding, dilation, ceil_mode)
    made, src, dst = _forward(header.MAX_POOLING, x, counts, kernel, stride, padding, dilation)
    return Plan(made, [(header.SRC, src), (header.DST, dst), (header.WORKSPACE, _winners(made, x, counts))])


def _max_backward(x: Shape, g: Shape, window: Any) -> Plan:
    made, hint, src, dst = _backward(header.MAX_POOLING, x, g, *window)
    winners = _winners(hint, x, g[2:])
    return Plan(made, [(header.DST_GRADIENT, dst), (header.WORKSPACE, winners), (header.SRC_GRADIENT, src)])


def _mean_forward(x: Shape, window: Any, with_padding: bool) -> Plan:
    kernel, stride, padding, ceil_mode = window
    unit = (1,) * len(kernel)
    counts = pool_windows(x[2:], kernel, stride, padding, unit, ceil_mode)
    made, src, dst = _forward(
        _mean(with_padding, x, counts, *window[:3]), x, counts, kernel, stride, padding, unit
    )
    return Plan(made, [(header.SRC, src), (header.DST, dst)])


def _mean_backward(x: Shape, g: Shape, window: Any, with_padding: bool) -> Plan:
    kernel, stride, padding = window
    kind = _mean(with_padding, x, g[2:], kernel, stride, padding)
    made, _, src, dst = _backward(kind, x, g, kernel, stride, padding, (1,) * len(kernel))
    return Plan(made, [(header.DST_GRADIENT, dst), (header.SRC_GRADIENT, src)])


def _mean(
    with_padding: bool,
    x: Shape,
    counts: Shape,
    kernel: Sequence[int],
    stride: Sequence[int],
    padding: Sequence[int],
) -> int:
    """Which mean: the library divides by the whole kernel, also where the last window hangs over the padding."""
    if not with_padding:
        return header.MEAN_WITHOUT_PADDING
    for n, count, k, s, p in zip(x[2:], counts, kernel, stride, padding, strict=True):
        if (count - 1) * s + k > n + 2 * p:
            raise Unserved("average: a window hangs over the padding")
    return header.MEAN_WITH_PADDING


def _forward(
    kind: int, x: Shape, counts: Shape, kernel: Sequence[int], stride: Sequence[int], padding: Sequence[int],
    dilation: Sequence[int],
) -> tuple[Handle, Handle, Handle]:  # fmt: skip
    """The forward's description, with those of its source and its result."""
    src, dst = describe_channels_last(x), describe_channels_last((*x[:2], *counts))
    window = _window(x, counts, kernel, stride, padding, dilation)
    return described("pooling_forward", header.TRAINING, kind, src, dst, *window, attributes()), src, dst


def _backward(
    kind: int, x: Shape, g: Shape, kernel: Sequence[int], stride: Sequence[int], padding: Sequence[int],
    dilation: Sequence[int],
) -> tuple[Handle, Handle, Handle, Handle]:  # fmt: skip
    """The backward's description and the forward's, with those of source and result."""
    possible = [pool_windows(x[2:], kernel, stride, padding, dilation, ceil) for ceil in (False, True)]
    if g[:2] != x[:2] or g[2:] not in possible:
        raise Unserved(f"pooling: windows of {x} are not {g}")
    hint, src, dst = _forward(kind, x, g[2:], kernel, stride, padding, dilation)
    window = _window(x, g[2:], kernel, stride, padding, dilation)
    return described("pooling_backward", kind, src, dst, *window, hint, attributes()), hint, src, dst


def _window(
    x: Shape, counts: Shape, kernel: Sequence[int], stride: Sequence[int], padding: Sequence[int],
    dilation: Sequence[int],
) -> tuple[Any, ...]:  # fmt: skip
    """Strides, kernel, gaps, and the padding before and behind, which reaches just as far as the windows do."""
    behind = [
        max(0, (count - 1) * s + d * (k - 1) + 1 - n - p)
        for n, count, k, s, p, d in zip(x[2:], counts, kernel, stride, padding, dilation, strict=True)
    ]
    gaps = [d - 1 for d in dilation]
    return dims(stride), dims(kernel), dims(gaps), dims(padding), dims(behind)


def _winners(made: Handle, x: Shape, counts: Shape) -> Handle:
    """A description of the winners; raises Unserved where the library's own notes are not of this form."""
    winners = describe_channels_last((*x[:2], *counts), header.BYTE)
    if not same(ask(made, header.ASK_WORKSPACE), winners):
        raise Unserved("max_pool: the library's workspace holds no winners, one byte each")
    return winners
