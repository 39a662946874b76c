"""Leads the workers through the rounds."""

from __future__ import annotations

import datetime
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field

from . import machine, noise
from .cases import Case
from .process import Process, WorkerError
from .results import Entry, Peer, Results, Row, Run

MOST = 5000
"""Steps in one run at most."""


@dataclass(frozen=True)
class Plan:
    """How thoroughly to measure.

    rounds    how often each library has its turn in a case
    seconds   about how long a turn is; at least one step
    tries     how often a turn is repeated while others use the machine
    limit     seconds that one library may take for the timed turns of one case; the turns after that fall away
    pythons   the interpreter of a peer, where it is not this one
    pause     seconds before a turn: pools of threads spin for a tenth of a second after their last work
    """

    rounds: int = 5
    seconds: float = 1.0
    tries: int = 5
    limit: float = 60.0
    threads: int = 2
    pythons: Mapping[str, str] = field(default_factory=dict)
    pause: float = 0.2

    def process(self, peer: str) -> Process:
        """A worker for a peer."""
        return Process(peer, self.threads, self.pythons.get(peer, sys.executable))

    def steps(self, seconds: float) -> int:
        """How many steps make a turn, if one takes so many seconds.

        >>> Plan(seconds=1.0).steps(0.25), Plan(seconds=1.0).steps(16.0)
        (4, 1)
        """
        return max(1, min(MOST, round(self.seconds / max(seconds, 1e-9))))


Say = Callable[[str], None]
Keep = Callable[[Results], None]


def conduct(cases: Sequence[Case], peers: Sequence[str], plan: Plan, say: Say, keep: Keep) -> Results:
    """All cases, all peers that answer; `say` hears how far it is, `keep` gets what is known after each case."""
    now = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d %H:%M UTC")
    results = Results(now, machine.described(), plan.threads)
    results.peers = roll_call(peers, cases, plan, say)
    for case in cases:
        say(case.name)
        serving = [name for name, peer in results.peers.items() if case.name not in peer.refused]
        row = results.rows[case.name] = measure(case, serving, plan, say)
        wrong = row.disagreeing()
        for name, entry in row.measured().items():
            say(f"  {name}: {entry.time:.3g} ms{f', not what {row.judge()} computed' if name in wrong else ''}")
        keep(results)
    return results


def roll_call(peers: Sequence[str], cases: Sequence[Case], plan: Plan, say: Say) -> dict[str, Peer]:
    """The peers that are here, with their versions."""
    wanted = [case.write() for case in cases]
    found = {}
    for name in peers:
        try:
            with plan.process(name) as process:
                found[name] = Peer(**process.ask("hello", cases=wanted))
                say(f"{name} {found[name].version}")
        except WorkerError as error:
            say(f"{name}: {error}")
    return found


def measure(case: Case, peers: Sequence[str], plan: Plan, say: Say) -> Row:
    """One case: every peer in a process of its own, turn by turn; each round begins with another."""
    row = Row(case.flops())
    with ExitStack() as stack:
        turns = []
        for name in peers:
            entry = row.entries[name] = Entry()
            process = stack.enter_context(plan.process(name))
            seconds = prepare(case, process, entry)
            if entry.failed:
                say(f"  {name}: {entry.failed}")
            else:
                turns.append(Turns(process, entry, plan, plan.steps(seconds), say))
        for number in range(plan.rounds):
            first = number % max(1, len(turns))
            for turn in turns[first:] + turns[:first]:
                turn.take()
    return row


def prepare(case: Case, process: Process, entry: Entry) -> float:
    """Have the case prepared and its first steps done; how long a step takes."""
    try:
        answer = process.ask("prepare", case=case.write())
    except WorkerError as error:
        entry.failed = str(error)
        return 0.0
    entry.marks = answer["marks"]
    return float(answer["seconds"])


class Turns:
    """The turns of one worker in one case."""

    def __init__(self, process: Process, entry: Entry, plan: Plan, steps: int, say: Say) -> None:
        self.process, self.entry, self.plan, self.steps, self.say = process, entry, plan, steps, say
        self.spent = 0.0

    def take(self) -> None:
        """One turn, repeated while others disturb it; the last try is kept, and known as disturbed.

        Nothing where the worker has had its time, or has failed before.
        """
        if self.entry.failed or self.spent > self.plan.limit:
            return
        for _ in range(self.plan.tries):
            try:
                run = self.run()
            except WorkerError as error:
                self.entry.failed = str(error)
                return
            if run.quiet:
                break
        else:
            self.say(
                f"  {self.process.peer}: disturbed in {self.plan.tries} tries, at last by {run.others:.2f} cores"
            )
        self.entry.runs.append(run)

    def run(self) -> Run:
        """The steps once, between two readings of the kernel's clocks."""
        time.sleep(self.plan.pause)
        before = self.process.reading()
        answer = self.process.ask("run", steps=self.steps)
        others = noise.others(before, self.process.reading())
        self.spent += answer.pop("seconds")
        return Run(steps=self.steps, others=round(others, 3), quiet=others <= noise.LIMIT, **answer)
