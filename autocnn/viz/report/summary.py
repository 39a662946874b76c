"""What the page shows of a study: over the seeds the median and the range, by network, step and block."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median_low
from typing import Any

from autocnn.viz.report.outcomes import Outcome

NAMES = ("plain", "skip")
VANISHES, EXPLODES = 2.0**-10, 2.0**10
"""Beyond these, what is left of the gradient at the first block has vanished or exploded."""


@dataclass(frozen=True)
class Range:
    """The median of some seeds, the lower one of an even number, their lowest and their highest."""

    middle: float
    low: float
    high: float


@dataclass(frozen=True)
class Network:
    """One network over its seeds.

    `shares[step][block]` is the gradient at a block over the gradient at the last one, where the loss's signal
    enters; `accuracy` are pairs of a step and the share of test images it gets right. `diverged` holds the step of
    each seed whose loss ceased to be finite, `reached` the last step that every seed has taken.
    """

    steps: tuple[int, ...]
    shares: tuple[tuple[Range, ...], ...]
    accuracy: tuple[tuple[int, Range], ...]
    seeds: int
    diverged: tuple[int, ...]
    finished: bool
    reached: int
    floor: float
    outcomes: tuple[Outcome, ...]
    rounded: bool
    """Whether it is float32 that makes zeros of this network's small gradients."""

    @property
    def arrives(self) -> float:
        """The share that arrives at the first block, before anything is learnt."""
        return self.shares[0][0].middle if self.shares and self.shares[0] else math.nan

    @property
    def learnt(self) -> float:
        """The accuracy at the end, or as far as it came."""
        return self.accuracy[-1][1].middle if self.accuracy else math.nan


def network(document: Mapping[str, Any], name: str) -> Network:
    """The runs of one network, of all its seeds, in one.

    >>> run = {"network": "plain", "seed": 0, "steps": [1], "gradient": [[1e-9, 1e-3]], "accuracy": [[1, 0.1]]}
    >>> found = network({"runs": [run]}, "plain")
    >>> round(found.arrives, 9), found.learnt, found.seeds
    (1e-06, 0.1, 1)
    """
    begun = [run for run in document["runs"] if run["network"] == name and run["steps"]]
    runs = [run for run in begun if run.get("finished", True)] or begun
    steps = tuple(sorted({step for run in runs for step in run["steps"]}))
    rows = [_at_step(runs, step) for step in steps]
    marked = sorted({int(step) for run in runs for step, _ in run["accuracy"]})
    scores = [(step, spread(_scores(runs, step))) for step in marked]
    batch = float(document.get("about", {}).get("batch", 1))
    last = [number(run["gradient"][0][-1]) for run in runs if run["gradient"][0]]
    return Network(
        steps, tuple(rows), tuple(scores), len(runs),
        tuple(sorted(run["diverged"] for run in runs if run.get("diverged"))),
        bool(runs) and all(run.get("finished", True) for run in runs),
        min((run["steps"][-1] for run in runs), default=0),
        2.0**-149 * batch / spread(last).middle if last and spread(last).middle else math.nan,
        tuple(_outcome(run) for run in runs),
        name in (document.get("rounded") or ()) or any(_is_tiny(value) for run in runs for value in _sizes(run)),
    )  # fmt: skip


def _sizes(run: Mapping[str, Any]) -> list[float]:
    return [number(value) for row in run["gradient"] for value in row]


def _is_tiny(value: float) -> bool:
    """Whether a gradient is so small that the next block's may be zero because float32 ends."""
    return 0 < value < 1e-30


def _outcome(run: Mapping[str, Any]) -> Outcome:
    losses = [value for value in map(number, run.get("loss") or ()) if not math.isnan(value)] or [math.nan]
    accuracy = number(run["accuracy"][-1][1]) if run["accuracy"] else math.nan
    return Outcome(accuracy, losses[0], max(losses), run.get("diverged"), losses[-1])


def _at_step(runs: Sequence[Mapping[str, Any]], step: int) -> tuple[Range, ...]:
    rows = [shares(run["gradient"][run["steps"].index(step)]) for run in runs if step in run["steps"]]
    return tuple(spread(values) for values in zip(*rows, strict=True))


def _scores(runs: Sequence[Mapping[str, Any]], step: int) -> list[float]:
    return [number(score) for run in runs for at, score in run["accuracy"] if at == step]


def shares(sizes: Sequence[Any]) -> list[float]:
    """The gradient's size at every block over its size at the last one.

    >>> shares([1e-6, 1e-3]), shares(["inf", 2.0]), shares([0.0, 0.0])
    ([0.001, 1.0], [inf, 1.0], [nan, nan])
    """
    values = [number(size) for size in sizes]
    last = values[-1] if values else math.nan
    if not last or math.isnan(last):
        return [math.nan] * len(values)
    if math.isinf(last):
        return [math.nan if math.isinf(value) else 0.0 for value in values]
    return [value / last for value in values]


def number(value: Any) -> float:
    """A number as strict JSON keeps it: null for NaN, and "inf" in words.

    >>> number(None), number("-inf"), number(2)
    (nan, -inf, 2.0)
    """
    return math.nan if value is None else float(value)


def spread(values: Iterable[float]) -> Range:
    """The median and the range of what is a number; NaN where nothing is. No mean: it would be nobody's.

    >>> spread([3.0, 1.0, 2.0, float("nan")])
    Range(middle=2.0, low=1.0, high=3.0)
    >>> spread([0.92, 0.1]).middle
    0.1
    """
    known = sorted(value for value in values if not math.isnan(value))
    return Range(median_low(known), known[0], known[-1]) if known else Range(math.nan, math.nan, math.nan)


def fate(share: float) -> str:
    """What becomes of the gradient on its way, in one word.

    >>> fate(1e-14), fate(0.24), fate(4300.0), fate(float("inf")), fate(float("nan"))
    ('vanishes', 'holds', 'explodes', 'explodes', 'no signal')
    """
    if math.isnan(share):
        return "no signal"
    if share < VANISHES:
        return "vanishes"
    return "explodes" if share > EXPLODES else "holds"
