"""Recorded steps as numbers: rows of vertices, parameters and blocks, packed into arrays."""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from autocnn.flow.observe import Asleep, Key, Seen, Step
from autocnn.flow.statistics import Moments, quartiles

AT_VERTEX = (
    "rms", "error", "largest", "zeros", "strange", "norm_low", "norm_median", "norm_high",
    "value_rms", "value_largest", "value_zeros", "saturated",
)  # fmt: skip
"""What is kept of a vertex at a step. Without a prefix it is of the gradient N dL/dv."""
OF_PARAMETER = ("rms", "largest", "zeros", "strange", "norm", "weight", "update", "ratio")
"""What is kept of a parameter: of its gradient dL/dw before clipping; 2-norms of the weight and its update."""


@dataclass(slots=True)
class Shot:
    """A recorded step: numbers by vertex, parameter and block, each row after row in one array."""

    step: int
    exact: bool
    images: int
    loss: float
    before: float
    after: float
    vertices: array[float]
    parameters: array[float]
    blocks: array[float]


@dataclass(slots=True)
class Channels:
    """Since when the channels of an activation sleep (0: awake), and how many images each has kept silent for."""

    since: Any
    silent: Any
    recoveries: dict[int, int] = field(default_factory=dict)

    def heard(self, step: int, seen: Asleep) -> None:
        """Take a look at them into account."""
        for began in self.since[(self.since > 0) & ~seen.low].tolist():
            power = (step - began).bit_length() - 1
            self.recoveries[power] = self.recoveries.get(power, 0) + 1
        self.since[~seen.low] = 0
        self.since[seen.low & (self.since == 0)] = step
        self.silent[:] = np.where(seen.none, self.silent + seen.images, 0)


def at_vertex(several: Sequence[Seen], step: Step) -> tuple[float, ...]:
    """The numbers of a vertex at a step, over all passes that it was part of."""
    parts = [(seen.gradient, float(seen.call.images or len(seen.gradient.squares))) for seen in several]
    values = [m for seen in several if (m := step.values.get(seen.serial)) is not None]
    shares = [seen.asleep.share for seen in several if seen.asleep is not None]
    size = sum(m.size for m, _ in parts) or 1
    norms = quartiles([norm * n for m, n in parts for norm in m.norms()])
    return (
        *_pooled(parts), max(m.largest * n for m, n in parts), sum(m.zeros for m, _ in parts) / size,
        float(sum(m.strange for m, _ in parts)), *norms,
        _pooled([(m, 1.0) for m in values])[0] if values else math.nan,
        max((m.largest for m in values), default=math.nan),
        sum(m.zeros for m in values) / (sum(m.size for m in values) or 1) if values else math.nan,
        average(shares),
    )  # fmt: skip


def _pooled(parts: Sequence[tuple[Moments, float]]) -> tuple[float, float]:
    """The RMS, and its standard error, of several lots of numbers, each times a number, as one."""
    if len(parts) == 1:
        m, n = parts[0]
        return m.rms * n, m.error(int(n)) * n
    weights = [max(m.size, 1) for m, _ in parts]
    sizes = [m.rms * n for m, n in parts]
    top = max(sizes)
    if not 0 < top < math.inf:
        return top, 0.0
    rms = top * math.sqrt(sum(w * (s / top) ** 2 for w, s in zip(weights, sizes, strict=True)) / sum(weights))
    errors = [w * s * m.error(int(n)) * n for w, s, (m, n) in zip(weights, sizes, parts, strict=True)]
    return rms, math.hypot(*(e / rms for e in errors)) / sum(weights)


def of_parameter(position: int, step: Step) -> tuple[float, ...]:
    """The numbers of a parameter at a step."""
    m, moved = step.gradients[position], step.moved.get(position)
    weight, update = (moved.weight, moved.update) if moved is not None else (math.nan, math.nan)
    ratio = update / weight if weight else math.nan
    return (m.rms, m.largest, m.zeros / max(m.size, 1), float(m.strange), m.norms()[0], weight, update, ratio)


def block_ratio(several: Sequence[Seen], branch: int, step: Step) -> float:
    """RMS(F) / RMS(x) of a block, from the values of the join's operands."""
    sides = [[step.values.get(seen.sources[i]) for seen in several] for i in (branch, 1 - branch)]
    known = [[m.rms for m in side if m is not None] for side in sides]
    if not all(known) or not max(known[1]):
        return math.nan
    return math.hypot(*known[0]) / math.hypot(*known[1])


def norm_of_all(gradients: Iterable[Moments]) -> float:
    """The 2-norm of several arrays as one long vector."""
    return math.hypot(*(m.norms()[0] for m in gradients))


def average(values: Sequence[float]) -> float:
    """The mean; NaN of nothing."""
    return sum(values) / len(values) if values else math.nan


def label(key: Key) -> str:
    """What a vertex is called: the path of its module, and which call of it, if it is not the first."""
    name, _, call = key
    return name if call == 1 else f"{name} ({call})"


def packed(columns: Sequence[str], count: int, rows: Mapping[int, tuple[float, ...]]) -> array[float]:
    """Rows by place, one after the other; NaN in those that are missing."""
    missing = (math.nan,) * len(columns)
    return array("d", [x for place in range(count) for x in rows.get(place, missing)])


def unpacked(table: array[float], columns: Sequence[str], place: int) -> dict[str, float] | None:
    """One row by column; None if there is none, or nothing in it."""
    width = len(columns)
    numbers = table[place * width : (place + 1) * width]
    if not numbers or all(math.isnan(x) for x in numbers):
        return None
    return dict(zip(columns, numbers, strict=True))


def by_step(tables: Sequence[array[float]], columns: Sequence[str], place: int) -> dict[str, list[float]]:
    """One row of several tables, as a list for each column; NaN where it is missing."""
    rows = [unpacked(table, columns, place) or {} for table in tables]
    return {name: [row.get(name, math.nan) for row in rows] for name in columns}
