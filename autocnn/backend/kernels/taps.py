"""Which elements of an axis each element of a longer or shorter one is made of, and with what weights."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from math import floor
from typing import Any, NamedTuple

import numpy as np


class Way(NamedTuple):
    """How an axis is resampled: everything that decides about its weights, besides the two lengths."""

    mode: str
    """nearest, nearest-exact, linear or cubic."""
    step: float = 0.0
    """How far the next element lies away in the input; 0 where the lengths say it."""
    corners: bool = False
    """Whether the outermost elements lie on each other; otherwise the outer edges of the pixels do."""
    smooth: bool = False
    """Whether what becomes smaller is averaged over (antialiasing)."""
    double: bool = False
    """Whether the elements are float64: then PyTorch counts in it as well, which decides where two are as near."""


Taps = tuple[tuple[tuple[int, ...], tuple[int, ...], tuple[float, ...]], ...]
"""In each: places of the output, each at most once, the places of the input that they take, and the weights."""


@lru_cache(maxsize=256)
def taps(inputs: int, outputs: int, way: Way) -> Taps:
    """What makes each of the outputs, of as many inputs.

    >>> taps(2, 4, Way("nearest"))
    (((0, 1, 2, 3), (0, 0, 1, 1), (1.0, 1.0, 1.0, 1.0)),)
    """
    return _grouped((i, j, w) for i in range(outputs) for j, w in _weights(i, inputs, outputs, way))


@lru_cache(maxsize=256)
def transposed(inputs: int, outputs: int, way: Way) -> Taps:
    """The other way round: which outputs each input went to.

    >>> transposed(1, 2, Way("nearest"))
    (((0,), (0,), (1.0,)), ((0,), (1,), (1.0,)))
    """
    whole = [(j, i, w) for places in taps(inputs, outputs, way) for i, j, w in zip(*places, strict=True)]
    return _grouped(iter(sorted(whole)))


def _grouped(found: Iterator[tuple[int, int, float]]) -> Taps:
    """The first element that each output takes, then the second of each that takes a second, and so on."""
    rounds: list[dict[int, tuple[int, float]]] = []
    seen: dict[int, int] = {}
    for place, source, weight in found:
        turn = seen[place] = seen.get(place, -1) + 1
        if turn == len(rounds):
            rounds.append({})
        rounds[turn][place] = (source, weight)
    return tuple(
        (tuple(turn), tuple(source for source, _ in turn.values()), tuple(weight for _, weight in turn.values()))
        for turn in rounds
    )


def _weights(i: int, inputs: int, outputs: int, way: Way) -> Iterator[tuple[int, float]]:
    """The elements that output i is made of, each once and with a weight other than 0."""
    step = _step(inputs, outputs, way)
    if way.smooth:
        yield from _averaged(i, inputs, step, way.mode)
        return
    if way.mode.startswith("nearest"):
        number = np.float64 if way.double else np.float32
        place = number(i) + number(0.5) if way.mode == "nearest-exact" else number(i)
        yield min(floor(place * number(step)), inputs - 1), 1.0
        return
    at = i * step if way.corners else (i + 0.5) * step - 0.5
    at = max(at, 0.0) if way.mode == "linear" else at
    first, reach = floor(at), 1 if way.mode == "linear" else 2
    total: dict[int, float] = {}
    for j in range(first - reach + 1, first + reach + 1):
        held = min(max(j, 0), inputs - 1)  # beyond the edge its element goes on
        total[held] = total.get(held, 0.0) + _KERNELS[way.mode](at - j)
    yield from ((j, weight) for j, weight in total.items() if weight)


def _step(inputs: int, outputs: int, way: Way) -> float:
    if way.corners:
        return (inputs - 1) / (outputs - 1) if outputs > 1 else 0.0
    return way.step or inputs / outputs


def _averaged(i: int, inputs: int, step: float, mode: str) -> Iterator[tuple[int, float]]:
    """The kernel as wide as a pixel of the output is in the input, its weights 1 in sum."""
    wide, centre = max(step, 1.0), (i + 0.5) * step
    reach = wide * (1 if mode == "linear" else 2)
    places = range(max(int(centre - reach + 0.5), 0), min(int(centre + reach + 0.5), inputs))
    weights = [_KERNELS[f"{mode} smooth"]((j + 0.5 - centre) / wide) for j in places]
    yield from ((j, w / sum(weights)) for j, w in zip(places, weights, strict=True) if w)


def _linear(d: float) -> float:
    return max(1.0 - abs(d), 0.0)


def _cubic(d: float, a: float) -> float:
    """Cubic convolution. Source: Keys (1981), equation 15, with another a."""
    d = abs(d)
    if d <= 1:
        return ((a + 2) * d - (a + 3)) * d * d + 1
    return (((d - 5) * d + 8) * d - 4) * a if d < 2 else 0.0


_KERNELS: dict[str, Any] = {
    "linear": _linear,
    "linear smooth": _linear,
    "cubic": lambda d: _cubic(d, -0.75),
    "cubic smooth": lambda d: _cubic(d, -0.5),
}
