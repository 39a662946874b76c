"""A claim of a paper beside what comes out here."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True)
class Row:
    """One claim: the paper's value, ours by seed, and whether ours agrees, by a bound that the claim states."""

    paper: str
    claim: str
    theirs: str
    ours: tuple[float, ...]
    """One value for each seed."""
    low: float
    high: float
    """The claim holds where the median of ours lies between these."""
    note: str = ""

    @property
    def holds(self) -> bool:
        """Whether it comes out."""
        return self.low <= median(self.ours) <= self.high

    def cells(self) -> tuple[str, ...]:
        """The row as text: claim, theirs, ours with its spread, seeds, and whether it comes out."""
        spread = "" if len(self.ours) == 1 else f" ({min(self.ours):.4g} to {max(self.ours):.4g})"
        verdict = "yes" if self.holds else "**no**"
        if math.isinf(self.low) and math.isinf(self.high):
            verdict = "no claim"
        note = f" {self.note}" if self.note else ""
        return self.claim, self.theirs, f"{median(self.ours):.4g}{spread}", str(len(self.ours)), verdict + note


def near(paper: str, claim: str, theirs: float, ours: Sequence[float], within: float, note: str = "") -> Row:
    """A row that holds where ours is within a share of theirs."""
    low, high = sorted((theirs * (1 - within), theirs * (1 + within)))
    return Row(paper, claim, f"{theirs:.5g}", tuple(ours), low, high, note)


def table(rows: Sequence[Row]) -> str:
    """Rows as Markdown; the paper of each is named where they come from several."""
    several = len({row.paper for row in rows}) > 1
    head = ("claim", "paper", "here, median (spread)", "seeds", "comes out")
    lines = [head, ("---",) * len(head), *(_named(row, several) for row in rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _named(row: Row, several: bool) -> tuple[str, ...]:
    claim, *rest = row.cells()
    return f"{row.paper}: {claim}" if several else claim, *rest
