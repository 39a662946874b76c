"""What was measured, as data that JSON can hold."""

from __future__ import annotations

import json
import statistics
from collections.abc import Collection
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from .marks import agree
from .peers import TORCH


@dataclass(frozen=True)
class Run:
    """Some steps in one go: milliseconds a step, peak of resident bytes, cores that others used meanwhile."""

    steps: int
    best: float
    median: float
    memory: int
    others: float
    quiet: bool


@dataclass
class Entry:
    """One library on one case: its runs, or why it failed."""

    marks: list[list[float]] = field(default_factory=list)
    runs: list[Run] = field(default_factory=list)
    failed: str = ""

    @property
    def counted(self) -> list[Run]:
        """The quiet runs; all of them where none was quiet."""
        return [run for run in self.runs if run.quiet] or self.runs

    @property
    def disturbed(self) -> int:
        """How many runs were not quiet."""
        return sum(not run.quiet for run in self.runs)

    @property
    def noisy(self) -> bool:
        """Whether no run was quiet."""
        return 0 < len(self.runs) == self.disturbed

    @property
    def time(self) -> float:
        """Milliseconds a step: the median over rounds of the median over steps."""
        return statistics.median(run.median for run in self.counted)

    @property
    def spread(self) -> tuple[float, float]:
        """The quickest and the slowest round."""
        times = [run.median for run in self.counted]
        return min(times), max(times)

    @property
    def memory(self) -> int:
        """The highest peak of its runs."""
        return max(run.memory for run in self.runs)


@dataclass
class Row:
    """All libraries on one case; flops is 0 where there is nothing to count."""

    flops: int
    entries: dict[str, Entry] = field(default_factory=dict)

    def measured(self) -> dict[str, Entry]:
        """The libraries that ran."""
        return {name: entry for name, entry in self.entries.items() if entry.runs}

    def reference(self) -> str:
        """The quickest mode of PyTorch; the first library where PyTorch did not run; empty where nobody ran."""
        ran = self.measured()
        modes = [name for name in TORCH if name in ran]
        return min(modes, key=lambda name: ran[name].time) if modes else next(iter(ran), "")

    def judge(self) -> str:
        """Whose numbers are the right ones: PyTorch's as it is, or else the reference's."""
        return next((name for name in TORCH if name in self.measured()), self.reference())

    def disagreeing(self) -> list[str]:
        """The libraries whose numbers are not the judge's."""
        ran = self.measured()
        return [name for name, entry in ran.items() if not agree(entry.marks, ran[self.judge()].marks)]


@dataclass
class Peer:
    """A library that answered the roll call; the cases that are not for it, and why."""

    version: str
    refused: dict[str, str] = field(default_factory=dict)


@dataclass
class Results:
    """One run of the command."""

    date: str
    machine: dict[str, str]
    threads: int
    peers: dict[str, Peer] = field(default_factory=dict)
    rows: dict[str, Row] = field(default_factory=dict)

    def only(self, names: Collection[str]) -> Results:
        """The same with these rows alone."""
        return replace(self, rows={name: row for name, row in self.rows.items() if name in names})

    def joined(self, other: Results) -> Results:
        """With the rows and libraries that only the other has."""
        return replace(self, rows=other.rows | self.rows, peers=other.peers | self.peers)

    def gemm(self) -> float:
        """The most flops a second at which anybody multiplied matrices; 0 where nobody did."""
        rates = [
            row.flops / min(run.best for run in entry.runs) * 1e3
            for name, row in self.rows.items()
            if name.startswith("SGEMM")
            for entry in row.measured().values()
        ]
        return max(rates, default=0.0)

    def save(self, path: Path) -> None:
        """As JSON."""
        path.write_text(json.dumps(asdict(self), indent=1) + "\n", encoding="utf-8")


def load(path: Path) -> Results:
    """What `save` wrote."""
    text: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    text["peers"] = {name: Peer(**peer) for name, peer in text["peers"].items()}
    text["rows"] = {
        name: Row(row["flops"], {peer: _entry(entry) for peer, entry in row["entries"].items()})
        for name, row in text["rows"].items()
    }
    return Results(**text)


def _entry(text: dict[str, Any]) -> Entry:
    return Entry(**text | {"runs": [Run(**run) for run in text["runs"]]})
