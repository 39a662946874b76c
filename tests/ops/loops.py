"""Windowed ops by their definitions, in plain loops: slow, and plain enough to be trusted."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any

import numpy as np

from autocnn.backend import geometry

Place = tuple[int, ...]


def touched(
    space: Place, kernel: Place, stride: Place, padding: Any, dilation: Place, counts: Place
) -> Iterator[tuple[Place, Place, Place]]:
    """Every (window, kernel offset, input position) that lies inside the input."""
    pairs = [p if isinstance(p, tuple) else (p, p) for p in padding]
    for i in product(*map(range, counts)):
        for k in product(*map(range, kernel)):
            at = tuple(
                a * s - lo + b * d for a, b, s, (lo, _), d in zip(i, k, stride, pairs, dilation, strict=True)
            )
            if all(0 <= p < n for p, n in zip(at, space, strict=True)):
                yield i, k, at


def correlations(x: Any, w: Any, shape: Place, groups: int, counts: Place, how: Any) -> Iterator[Any]:
    """Every (output channel, window, input channel, input position, kernel position) of a convolution."""
    o, share, *kernel = w
    for channel in range(o):
        first = channel // (o // groups) * share
        for i, k, at in touched(tuple(shape[2:]), tuple(kernel), counts=counts, **how):
            for c in range(share):
                yield (channel, *i), (first + c, *at), (channel, c, *k)


def conv(x: Any, w: Any, *, groups: int, **how: Any) -> Any:
    counts = geometry.windows(x.shape[2:], w.shape[2:], **how)
    z = np.zeros((x.shape[0], w.shape[0], *counts))
    for out, here, tap in correlations(x, w.shape, x.shape, groups, counts, how):
        z[(slice(None), *out)] += x[(slice(None), *here)] * w[tap]
    return z


def conv_input(g: Any, w: Any, *, shape: Place, groups: int, **how: Any) -> Any:
    x = np.zeros(shape)
    for out, here, tap in correlations(x, w.shape, shape, groups, g.shape[2:], how):
        x[(slice(None), *here)] += g[(slice(None), *out)] * w[tap]
    return x


def conv_weight(g: Any, x: Any, *, shape: Place, groups: int, **how: Any) -> Any:
    w = np.zeros(shape)
    for out, here, tap in correlations(x, shape, x.shape, groups, g.shape[2:], how):
        w[tap] += np.sum(g[(slice(None), *out)] * x[(slice(None), *here)])
    return w


def maxima(x: Any, *, kernel: Place, stride: Place, padding: Place, dilation: Place, ceil_mode: bool) -> Any:
    counts = geometry.pool_windows(x.shape[2:], kernel, stride, padding, dilation, ceil_mode)
    z = np.full((*x.shape[:2], *counts), -np.inf)
    for i, _, at in touched(x.shape[2:], kernel, stride, padding, dilation, counts):
        z[(..., *i)] = np.maximum(z[(..., *i)], x[(..., *at)])
    return z


def averages(
    x: Any, *, kernel: Place, stride: Place, padding: Place, ceil_mode: bool, count_include_pad: bool, divisor: Any
) -> Any:
    one = (1,) * len(kernel)
    counts = geometry.pool_windows(x.shape[2:], kernel, stride, padding, one, ceil_mode)
    z, size = np.zeros((*x.shape[:2], *counts)), np.zeros(counts)
    for i, _, at in touched(x.shape[2:], kernel, stride, padding, one, counts):
        z[(..., *i)] += x[(..., *at)]
        size[i] += 1
    if count_include_pad:
        frame = tuple(n + 2 * p for n, p in zip(x.shape[2:], padding, strict=True))
        size[...] = 0
        for i, _, _ in touched(frame, kernel, stride, (0,) * len(kernel), one, counts):
            size[i] += 1
    return z / (divisor or size)


def scattered(g: Any, winners: Any, *, shape: Place, **how: Any) -> Any:
    x = np.zeros(shape)
    for i, k, at in touched(shape[2:], counts=g.shape[2:], **how):
        number = np.ravel_multi_index(k, how["kernel"])
        x[(..., *at)] += np.where(winners[(..., *i)] == number, g[(..., *i)], 0)
    return x


def taken(x: Any, winners: Any, **how: Any) -> Any:
    z = np.zeros(winners.shape)
    for i, k, at in touched(x.shape[2:], counts=winners.shape[2:], **how):
        number = np.ravel_multi_index(k, how["kernel"])
        z[(..., *i)] += np.where(winners[(..., *i)] == number, x[(..., *at)], 0)
    return z


def positions(winners: Any, *, space: Place, **how: Any) -> Any:
    z = np.zeros(winners.shape, np.int64)
    for i, k, at in touched(space, counts=winners.shape[2:], **how):
        number = np.ravel_multi_index(k, how["kernel"])
        z[(..., *i)] += np.where(winners[(..., *i)] == number, np.ravel_multi_index(at, space), 0)
    return z


def columns(x: Any, **how: Any) -> Any:
    counts = geometry.windows(x.shape[2:], **how)
    z = np.zeros((*x.shape[:2], *how["kernel"], *counts))
    for i, k, at in touched(x.shape[2:], counts=counts, **how):
        z[(slice(None), slice(None), *k, *i)] = x[(..., *at)]
    return z.reshape(x.shape[0], -1, int(np.prod(counts)))


def adjoint(function: Any, shape: Place, **how: Any) -> Any:
    """The adjoint of a linear function on arrays of `shape`, by the images of all unit arrays."""

    def transposed(g: Any) -> Any:
        x = np.zeros(shape)
        for at in np.ndindex(shape):
            unit = np.zeros(shape)
            unit[at] = 1
            x[at] = np.sum(function(unit, **how) * g)
        return x

    return transposed


def means(x: Any, *, size: Place) -> Any:
    z = np.zeros((*x.shape[:2], *size))
    for i in np.ndindex(*size):
        window = tuple(
            slice(a * n // o, -(-(a + 1) * n // o)) for a, n, o in zip(i, x.shape[2:], size, strict=True)
        )
        z[(..., *i)] = x[(..., *window)].mean(axis=tuple(range(2, x.ndim)))
    return z


def first_largest(x: Any, *, size: Place) -> Any:
    z = np.zeros((*x.shape[:2], *size), np.int64)
    places = np.arange(int(np.prod(x.shape[2:]))).reshape(x.shape[2:])
    for i in np.ndindex(*z.shape):
        window = tuple(
            slice(a * n // o, -(-(a + 1) * n // o)) for a, n, o in zip(i[2:], x.shape[2:], size, strict=True)
        )
        values = x[(*i[:2], *window)].ravel()
        z[i] = places[window].ravel()[list(values).index(max(values))]
    return z
