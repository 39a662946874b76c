"""Which deep networks lose their gradient, and which learn: a sweep that is resumed where it was stopped."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from contextlib import nullcontext
from functools import partial
from typing import Any

import autocnn as ac
from autocnn import data, flow, models

GRID = {
    "depth": [20, 56],
    "activation": ["tanh", "relu"],
    "init": ["default", "he"],
    "norm": [None, "batch"],
    "skips": [False, True],
    "seed": [0, 1, 2],
}


def digits(seed: int) -> tuple[Iterator[Any], Any]:
    """Batches in the order of a seed, without end, and what to test with: scikit-learn's digits."""
    train, held_out = data.load("digits"), data.load("digits", split="test")
    prepare = data.Normalize(train.mean, train.std, train.scale)
    loader = data.DataLoader(train, 64, shuffle=True, seed=seed, transform=prepare, drop_last=True, prefetch=0)
    test = (ac.tensor(prepare(held_out.images)), ac.tensor(held_out.labels))
    return itertools.chain.from_iterable(iter(loader) for _ in itertools.count()), test


def main(
    grid: dict[str, list[Any]] = GRID, width: int = 8, steps: int = 40, folder: str = "out/sweep", workers: int = 0
) -> list[dict[str, Any]]:
    """Train every network of the grid, here or in `workers` processes; returns a row for each, over its seeds."""
    cell = partial(flow.trial, models.DeepNet, digits, width=width, steps=steps)
    with flow.processes(workers) if workers else nullcontext() as executor:
        found = flow.sweep(cell, grid, folder, executor, progress=say)
    for row in found.spread():
        network = " ".join(f"{row[name] or 'none':<8}" for name in ("depth", "activation", "init", "norm"))
        learnt = f"{row['accuracy']:5.0%}" if math.isnan(row["diverged"]) else "diverged"
        print(network, "skip " if row["skips"] else "plain", f"{row['ratio']:9.2g}  {row['fate']:<9} {learnt}")
    return found.spread()


def say(finished: int, total: int, settings: dict[str, Any]) -> None:
    """How far it is."""
    print(f"{finished} of {total}", end="\r")


if __name__ == "__main__":
    main(workers=2)
