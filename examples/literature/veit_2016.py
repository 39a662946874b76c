"""Veit, Wilber and Belongie (2016): a residual network by the lengths of its paths, beside the exact split."""

from __future__ import annotations

import math
from collections.abc import Iterable
from itertools import pairwise
from statistics import mean, median
from typing import Any

from autocnn import flow

from .digits import held_out, train
from .he_2016 import network
from .row import Row, near

PAPER = "Veit et al. 2016"
BLOCKS = 54


def share_of_paths(low: int, high: int) -> float:
    """The share of the 2^54 paths that cross so many blocks."""
    return sum(math.comb(BLOCKS, k) for k in range(low, high + 1)) / 2**BLOCKS


def decay(split: flow.Paths) -> tuple[float, float]:
    """The factor of a single path's gradient for every block that it crosses, and R^2 of that fit."""
    points = [
        (d.degree, math.log(d.product.mean / d.paths)) for d in split.degrees if d.product and d.product.mean > 0
    ]
    n = len(points)
    mx, my = (sum(p[i] for p in points) / n for i in (0, 1))
    sxy, sxx = sum((x - mx) * (y - my) for x, y in points), sum((x - mx) ** 2 for x, _ in points)
    syy = sum((y - my) ** 2 for _, y in points)
    return math.exp(sxy / sxx), sxy**2 / (sxx * syy)


def split(net: Any, samples: int = 6, signs: int = 8) -> flow.Paths:
    """The gradient at the stem by blocks crossed, on 16 test images.

    In train mode: before training, running statistics are not yet those of any image.
    """
    x, y = held_out()
    net.train()
    return flow.paths(flow.run(net, x[:16], y[:16]), samples=samples, signs=signs)


def effective(found: flow.Paths) -> float:
    """The mean length of paths, weighted by number times size of one, as the paper weights them."""
    known = [(d.degree, d.product.mean) for d in found.degrees if d.product]
    return sum(k * v for k, v in known) / sum(v for _, v in known)


def coherent(found: flow.Paths) -> float:
    """Coherence over all degrees, weighted by their incoherent squares."""
    squares = [(d.ratio**2, d.incoherent.mean**2) for d in found.degrees if d.incoherent and d.incoherent.mean]
    return sum(a for a, _ in squares) / sum(b for _, b in squares)


def removed(found: flow.Lesions) -> list[float]:
    """The mean error by the number of blocks removed at random."""
    counts = sorted({one.count for one in found.sets})
    return [mean(one.error for one in found.sets if one.count == count) for count in counts]


def claim(text: str, theirs: str, ours: Iterable[float], low: float = -math.inf, high: float = math.inf) -> Row:
    """A claim of this paper, or beside it."""
    return Row(PAPER, text, theirs, tuple(ours), low, high)


def of_paths(fresh: list[flow.Paths], trained: list[flow.Paths]) -> list[Row]:
    """What single paths, and the exact split, say of networks before and after training."""
    fits = [decay(found) for found in trained]
    together = [coherent(b) / coherent(a) for a, b in zip(fresh, trained, strict=True)]
    one, none = "trained: factor of a single path's gradient for each block crossed", "not in the paper"
    return [
        near(
            PAPER, "share of the paths that cross 19 to 35 of 54 blocks", 0.980166, [share_of_paths(19, 35)], 1e-5
        ),
        near(
            PAPER, "share of the paths that cross 5 to 17 of 54 blocks", 0.00453667, [share_of_paths(5, 17)], 1e-5
        ),
        claim(one, "below 1: it decays", (factor for factor, _ in fits), 0.0, 0.9),
        claim("trained: R² of that exponential", "near 1", (square for _, square in fits), 0.9, 1.0),
        claim(
            "trained: mean length, by number times size of one",
            "well below 27",
            map(effective, trained),
            1.0,
            22.0,
        ),
        claim("trained: exact mean length, by signed share", none, (found.mean_length for found in trained)),
        claim("at initialisation: coherence of the paths", none, map(coherent, fresh), 0.8, 1.25),
        claim("coherence, trained over at initialisation: they cooperate", none, together, 1.1),
    ]


def of_lesions(deep: list[flow.Lesions], shallow: list[flow.Lesions]) -> list[Row]:
    """What removing blocks of residual networks, and layers of plain ones, does to the error."""
    harm = (median(one.error for one in found.each) - found.error for found in deep)
    plain = (median(one.error for one in found.each) for found in shallow)
    rises = (min(b - a for a, b in pairwise(removed(found))) for found in deep)
    many = "error with 1, 5, 10 and 20 random blocks removed: smallest rise between two of them"
    return [
        claim("trained: median rise of the error where one block is removed", "small", harm, -0.02, 0.02),
        claim("plain-20: median error where one layer is removed (a guess: 0.90)", "a guess", plain, 0.6, 1.0),
        claim(many, "rises smoothly", rises, 0.0, 0.9),
    ]


def reproduce(seeds: int = 3, steps: int = 400) -> list[Row]:
    """The claims, each with its value over some seeds."""
    x, y = held_out()
    fresh, trained, deep, shallow = [], [], [], []
    for seed in range(seeds):
        net = network(2 * BLOCKS + 2, True, seed)
        fresh.append(split(net))
        train({"skip": net}, steps, 0.005, seed)
        trained.append(split(net))
        deep.append(flow.lesions(net, x, y, counts=(1, 5, 10, 20), swaps=()))
        plain = network(20, False, seed)
        train({"plain": plain}, steps, 0.005, seed)
        shallow.append(flow.lesions(plain, x, y, counts=(), swaps=()))
    return of_paths(fresh, trained) + of_lesions(deep, shallow)
