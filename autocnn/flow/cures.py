"""Is a skip the only cure? Networks with and without skips, as they are and cured otherwise, at initialisation."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import median_low
from typing import Any

import numpy as np

from autocnn.engine import Tensor
from autocnn.errors import ArgumentError
from autocnn.flow.measure import sizes_at
from autocnn.flow.strict import strict
from autocnn.nn.init import by_path
from autocnn.ops.loss import cross_entropy

VANISHES, EXPLODES = 2.0**-10, 2.0**10
"""Beyond these, the depth-th power of the factor per layer, a gradient has vanished or exploded."""

ROWS: dict[str, dict[str, Any]] = {"plain": {"skips": False}, "skip": {"skips": True}}
COLUMNS: dict[str, dict[str, Any]] = {
    "default": {},
    "good init": {"init": "he"},
    "batch norm": {"norm": "batch"},
    "both": {"init": "he", "norm": "batch"},
}
"""Options of the networks in the rows and columns of the table."""


@dataclass(frozen=True)
class Cure:
    """One network of the table, over its seeds.

    `ratio` is the gradient's RMS at the first block over that at the last, the median of the seeds (of an even
    number the lower), `least` and `most` their range; `factor` what a layer multiplies it by, on the way back, in
    the fit through all blocks, and `power` its depth-th power, which the verdict goes by: "vanishes" under 2^-10,
    "explodes" over 2^10, otherwise "holds"; "not finite" where a gradient is not.
    """

    row: str
    column: str
    skips: bool
    ratio: float
    least: float
    most: float
    factor: float
    power: float
    verdict: str


@dataclass(frozen=True)
class Cures:
    """The table, row by row."""

    cells: tuple[Cure, ...]
    depth: int
    seeds: tuple[int, ...]

    def __getitem__(self, place: tuple[str, str]) -> Cure:
        """A cell by its row and column."""
        for cell in self.cells:
            if (cell.row, cell.column) == place:
                return cell
        raise ArgumentError(f"Cures: there is no cell {place}; give a row and a column")

    def rows(self) -> list[dict[str, Any]]:
        """A tidy table: a row for each cell."""
        return [asdict(cell) for cell in self.cells]

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain numbers, ready for strict JSON."""
        return strict({"depth": self.depth, "seeds": self.seeds, "cells": self.rows()})  # type: ignore[no-any-return]

    def __str__(self) -> str:
        columns = list(dict.fromkeys(cell.column for cell in self.cells))
        table = [["", *columns]]
        for row in dict.fromkeys(cell.row for cell in self.cells):
            cells = [self[row, column] for column in columns]
            table.append([row, *(f"{cell.verdict} {cell.ratio:.2g}" for cell in cells)])
        widths = [max(map(len, column)) for column in zip(*table, strict=True)]
        lines = ["  ".join(text.ljust(n) for text, n in zip(line, widths, strict=True)).rstrip() for line in table]
        return "\n".join(lines)


def cures(
    make: Callable[..., Any],
    x: Tensor,
    y: Tensor,
    *,
    seeds: Sequence[int] = (0, 1, 2),
    rows: Mapping[str, Mapping[str, Any]] = ROWS,
    columns: Mapping[str, Mapping[str, Any]] = COLUMNS,
    blocks: Callable[[Any], Sequence[Any]] = lambda model: list(model.blocks),
    layers: int = 2,
    depth: int | None = None,
    loss: Callable[[Tensor, Tensor], Tensor] = cross_entropy,
) -> Cures:
    """What becomes of the gradient on its way to the first block, in networks of every row and column.

    `make(**options)` gives the network with the options of a row and a column; its first values are drawn by
    `nn.init.by_path`, so that all networks of a seed share what they have in common. One backward pass of the
    mean loss over the images x, in train mode, is measured at the outputs of `blocks(model)`, of `layers` weight
    layers each. `depth`, the number of weight layers, is by default theirs, a stem and a head.

    Raises ArgumentError if there is no seed, or a network has fewer than two blocks.

    >>> import autocnn as ac
    >>> from autocnn import models
    >>> from functools import partial
    >>> _ = ac.manual_seed(0)
    >>> x, y = ac.randn(16, 1, 8, 8), ac.arange(16) % 10
    >>> table = cures(partial(models.DeepNet, 56, 4), x, y, seeds=[0])
    >>> [table[row, "default"].verdict for row in ("plain", "skip")]
    ['vanishes', 'holds']
    """
    if not seeds:
        raise ArgumentError("cures: seeds is empty; give at least one")
    cells = []
    for row, options in rows.items():
        for column, more in columns.items():
            chosen = {**options, **more}
            found = [_sizes(make, chosen, seed, x, y, blocks, loss) for seed in seeds]
            depth = depth or layers * len(found[0]) + 2
            cells.append(_cell(row, column, bool(chosen.get("skips")), found, layers, depth))
    return Cures(tuple(cells), depth or 0, tuple(seeds))


def _sizes(
    make: Callable[..., Any], options: Mapping[str, Any], seed: int, x: Tensor, y: Tensor,
    blocks: Callable[[Any], Sequence[Any]], loss: Callable[[Tensor, Tensor], Tensor],
) -> list[float]:  # fmt: skip
    """The gradient's size at each block; NaN where it is not finite, or there is none."""
    model = by_path(lambda: make(**options), seed)
    watched = blocks(model)
    if len(watched) < 2:
        raise ArgumentError(f"cures: blocks are {len(watched)}; a way from the last to the first needs two")
    with sizes_at(watched) as sizes, np.errstate(over="ignore", invalid="ignore"):  # the verdict says it
        loss(model(x), y).backward()
    return [math.nan if size is None else size.rms for size in sizes]


def _cell(row: str, column: str, skips: bool, found: Sequence[Sequence[float]], layers: int, depth: int) -> Cure:
    factors = [factor_per_layer(sizes, layers) for sizes in found]
    factor = math.nan if any(map(math.isnan, factors)) else median_low(factors)
    ratios = [sizes[0] / sizes[-1] if sizes[-1] else math.nan for sizes in found]
    known = [ratio for ratio in ratios if not math.isnan(ratio)] or [math.nan]
    spread = (median_low(known), min(known), max(known))
    power = factor**depth
    return Cure(row, column, skips, *spread, factor, power, verdict(power))


def factor_per_layer(sizes: Sequence[float], layers: int = 1) -> float:
    """What a layer multiplies the gradient by on its way back: the slope of a line through log2 of the sizes.

    The sizes are those after every `layers` layers, the one nearest the input first. 0 where one is exactly 0,
    NaN where one is not finite.

    >>> factor_per_layer([1.0, 4.0, 16.0], layers=2)
    0.5
    """
    if not all(math.isfinite(size) for size in sizes):
        return math.nan
    if not all(sizes):
        return 0.0
    heights = [math.log2(size) for size in sizes]
    middle, mean = (len(heights) - 1) / 2, math.fsum(heights) / len(heights)
    rise = math.fsum((i - middle) * (height - mean) for i, height in enumerate(heights))
    run = math.fsum((i - middle) ** 2 for i in range(len(heights)))
    return math.exp2(-rise / run / layers)


def verdict(power: float) -> str:
    """In a word, what a factor per layer to the power of the depth does.

    >>> verdict(1e-14), verdict(0.24), verdict(4300.0)
    ('vanishes', 'holds', 'explodes')
    """
    if math.isnan(power):
        return "not finite"
    if power < VANISHES:
        return "vanishes"
    return "explodes" if power > EXPLODES else "holds"
