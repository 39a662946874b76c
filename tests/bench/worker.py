"""One library in a process of its own: `python -m tests.bench.worker PEER THREADS`.

Commands come in as lines of JSON, and each is answered by one:

{"do": "hello", "cases": [...]}    {"version": ..., "refused": {name of a case: why}}
{"do": "prepare", "case": {...}}   {"marks": [[...], ...], "seconds": of one step}
{"do": "run", "steps": 10}         {"best": ms, "median": ms, "seconds": of all, "memory": peak of resident bytes}

What goes wrong is answered by {"error": "what"}. What a library prints goes to the standard error.
"""

from __future__ import annotations

import json
import os
import re
import statistics
import sys
import time
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO

from .cases import Case
from .marks import marks
from .peers import installed, open_peer, release
from .peers.peer import Peer, Ready

FIRST = 3
"""Steps before any is timed, by which the libraries are compared. The third loss is the first to know momentum."""
ENOUGH = 10.0
"""Seconds after which no further one of them begins."""
SELF = Path("/proc/self")

Answer = dict[str, Any]


class Worker:
    """The library, and the case that it works on."""

    def __init__(self, name: str, peer: Peer) -> None:
        self.name, self.peer = name, peer
        self.ready: Ready | None = None

    def hello(self, cases: list[dict[str, Any]]) -> Answer:
        """Who is here, and which cases are not for it."""
        refused = {case["name"]: self.peer.refuses(Case.read(case)) for case in cases}
        return {
            "version": self.peer.version(release(self.name)),
            "refused": {name: why for name, why in refused.items() if why},
        }

    def prepare(self, case: dict[str, Any]) -> Answer:
        """Make a case ready, and do its first steps."""
        given = Case.read(case)
        self.ready = self.peer.prepare(given)
        found, begun = [], time.perf_counter()
        for step in range(FIRST):
            before = time.perf_counter()
            result = self.ready.step()
            seconds = time.perf_counter() - before
            if step < given.checked:
                found.append(marks(self.ready.read(result)))
            if time.perf_counter() - begun > ENOUGH:
                break
        return {"marks": found, "seconds": seconds}

    def run(self, steps: int) -> Answer:
        """So many steps, each by the clock; the memory is what these steps took at most."""
        if self.ready is None:
            raise ValueError("run: nothing is prepared")
        step = self.ready.step
        forget_peak()
        times = []
        for _ in range(steps):
            before = time.perf_counter()
            step()
            times.append(time.perf_counter() - before)
        return {
            "best": 1e3 * min(times),
            "median": 1e3 * statistics.median(times),
            "seconds": sum(times),
            "memory": peak(),
        }


def forget_peak() -> None:
    """Begin to watch the peak of resident memory anew, where the system can."""
    file = SELF / "clear_refs"
    if file.exists():
        file.write_text("5", encoding="utf-8")


def peak() -> int:
    """Bytes that were resident at most; 0 where the system does not say."""
    file = SELF / "status"
    found = re.search(r"VmHWM:\s+(\d+) kB", file.read_text(encoding="utf-8")) if file.exists() else None
    return 1024 * int(found.group(1)) if found else 0


def answers(commands: Iterator[str], worker: Any) -> Iterator[str]:
    """A line for each line: what the method that `do` names has answered, or what went wrong."""
    for line in commands:
        command = json.loads(line)
        try:
            answer: Answer = getattr(worker, command.pop("do"))(**command)
        except Exception as error:
            traceback.print_exc()
            answer = {"error": f"{type(error).__name__}: {error}"}
        yield json.dumps(answer)


def own_output() -> TextIO:
    """The standard output, kept for the answers: whoever prints from now on prints to the standard error."""
    kept = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return kept


def main(name: str, threads: int) -> None:
    """Serve until the commands end."""
    out = own_output()
    if not installed(name):
        print(json.dumps({"error": "not installed"}), file=out, flush=True)
        return
    worker = Worker(name, open_peer(name, threads))
    for answer in answers(iter(sys.stdin), worker):
        print(answer, file=out, flush=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
