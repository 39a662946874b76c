"""Measure AutoCNN beside its peers, each in a process of its own, in turns."""

from __future__ import annotations

import argparse
import functools
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from . import growth, page
from .cases import CASES, chosen
from .conductor import Plan, conduct
from .peers import PEERS
from .results import Results, load
from .tables import Table, remarks


def arguments(words: Sequence[str]) -> argparse.Namespace:
    """What the command line says."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    add = parser.add_argument
    add("--cases", type=listed, default=[], help="names of cases or words from them, with commas; all if none")
    add("--peers", type=listed, default=[], help=f"the libraries; all that are installed of {', '.join(PEERS)}")
    add("--rounds", type=int, default=5, help="turns of each library in each case")
    add("--seconds", type=float, default=1.0, help="length of a turn, about")
    add("--tries", type=int, default=5, help="how often a disturbed turn is repeated")
    add("--limit", type=float, default=60.0, help="seconds of a library's turns in one case")
    add("--threads", type=int, default=2)
    add("--python", nargs="+", default=[], metavar="PEERS=PATH", help="another interpreter for some libraries")
    add("--growth", action="store_true", help="measure how time grows, in place of the usual cases")
    add("-o", "--output", type=Path, help="write what was measured as JSON, after each case")
    add("--read", type=Path, nargs="+", help="read such files in place of measuring")
    add("--report", action="store_true", help=f"write the figures into {page.PAGE.name}")
    said = parser.parse_args(words)
    try:
        said.cases = chosen(said.cases, growth.cases() if said.growth else CASES)
        said.peers = named(said.peers or (growth.USUAL if said.growth else PEERS))
        said.python = {peer: path for word in said.python for peer, path in interpreters(word)}
    except ValueError as error:
        parser.error(str(error))
    return said


def listed(text: str) -> list[str]:
    """Words between commas.

    >>> listed("autocnn, pytorch")
    ['autocnn', 'pytorch']
    """
    return [word.strip() for word in text.split(",")]


def named(peers: Iterable[str]) -> list[str]:
    """The same names; ValueError for one that is nobody's."""
    for peer in (found := list(peers)):
        if peer not in PEERS:
            raise ValueError(f"no library is called {peer!r}; there are {', '.join(PEERS)}")
    return found


def interpreters(text: str) -> list[tuple[str, str]]:
    """Who is to run by which interpreter.

    >>> interpreters("mygrad,dezero=old/bin/python")
    [('mygrad', 'old/bin/python'), ('dezero', 'old/bin/python')]
    """
    peers, found, path = text.partition("=")
    if not found:
        raise ValueError(f"--python is {text!r}; it must be PEERS=PATH")
    return [(peer, path) for peer in named(listed(peers))]


def say(line: str) -> None:
    """Progress, beside the tables."""
    print(line, file=sys.stderr, flush=True)


def measured(said: argparse.Namespace) -> Results:
    """A run, by the command line."""
    plan = Plan(said.rounds, said.seconds, said.tries, said.limit, said.threads, said.python)
    return conduct(said.cases, said.peers, plan, say, lambda results: kept(results, said.output))


def kept(results: Results, file: Path | None) -> None:
    """Saved, if there is a file to save it in."""
    if file:
        results.save(file)


def read(files: Sequence[Path]) -> Results:
    """Earlier runs as one; the first is right where two have the same case."""
    return functools.reduce(Results.joined, map(load, files))


def show(table: Table) -> None:
    """A table in the terminal."""
    from rich.console import Console
    from rich.table import Table as Shown

    shown = Shown(title=table.title, title_justify="left")
    for place, head in enumerate(table.heads):
        shown.add_column(head, justify="right" if place else "left", no_wrap=not place)
    for row in table.rows:
        shown.add_row(*row)
    console = Console()
    console = console if console.is_terminal else Console(width=400)
    console.print(shown)


def main(words: Sequence[str]) -> int:
    """Measure, show, keep; 1 if two libraries disagreed on a case."""
    said = arguments(words)
    found = read(said.read) if said.read else measured(said)
    kept(found, said.output)
    for table in page.shown(found):
        show(table)
    for remark in remarks(found):
        print(remark)
    if said.report:
        text = page.PAGE.read_text(encoding="utf-8")
        page.PAGE.write_text(page.rewrite(text, page.section(found)), encoding="utf-8")
    return int(any(row.disagreeing() for row in found.rows.values()))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
