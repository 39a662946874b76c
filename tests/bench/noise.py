"""How much of the machine others used while a worker worked, from what the kernel counts."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path

LIMIT = 0.2
"""Cores: a run during which others used more is thrown away. Contention for one core makes runs on two threads 10
to 50 times slower."""
PROC = Path("/proc")
_USER, _NICE, _SYSTEM, _IRQ, _SOFTIRQ, _STEAL = 0, 1, 2, 5, 6, 7


@dataclass(frozen=True)
class Reading:
    """Seconds: by the clock on the wall, of processor time of all, and of processor time of the worker's own."""

    wall: float
    all: float
    own: float


def take(process: int) -> Reading | None:
    """A reading now; None on a machine that does not count (no /proc)."""
    ticks = os.sysconf("SC_CLK_TCK")
    try:
        every = (PROC / "stat").read_text(encoding="utf-8")
        own = (PROC / str(process) / "stat").read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    return Reading(time.monotonic(), busy(every) / ticks, used(own) / ticks)


def busy(text: str) -> int:
    """Ticks that all cores worked for anybody since the machine started, from /proc/stat.

    What a host took away (steal) is work of others; waiting for a disk is none.

    >>> busy("cpu  100 10 20 9999 7 1 2 3 50 0\\ncpu0 1 1 1 1 1 1 1 1 1 1\\n")
    136
    """
    counts = [int(word) for word in text.splitlines()[0].split()[1:]]
    return sum(counts[i] for i in (_USER, _NICE, _SYSTEM, _IRQ, _SOFTIRQ, _STEAL) if i < len(counts))


def used(text: str) -> int:
    """Ticks that one process worked, its threads and its ended children, from /proc/PID/stat.

    Its name may hold anything.

    >>> used("7 (a) b) S 1 7 7 0 -1 4194304 98 0 0 0 250 30 4 1 20 0 3 0 1 1 1")
    285
    """
    fields = text.rpartition(")")[2].split()
    return sum(map(int, fields[11:15]))


def others(before: Reading | None, after: Reading | None) -> float:
    """Cores that others used between two readings; nought where nobody counts.

    >>> others(Reading(10.0, 100.0, 50.0), Reading(12.0, 104.0, 53.5))
    0.25
    """
    if before is None or after is None:
        return 0.0
    theirs = (after.all - before.all) - (after.own - before.own)
    return max(0.0, theirs / (after.wall - before.wall))
