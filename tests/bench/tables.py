"""What was measured, as tables: rows of words, shown by the terminal or by the page."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from .peers import PEERS, TORCH
from .results import Entry, Results, Row

NOTHING = ""
NOISY = "~"


@dataclass(frozen=True)
class Table:
    """A title, the heads of the columns, and rows of as many words."""

    title: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def markdown(self) -> str:
        """For a page.

        >>> print(Table("Sizes", ("what", "size"), (("house", "12"),)).markdown())
        ### Sizes
        <BLANKLINE>
        | what | size |
        |---|---:|
        | house | 12 |
        """
        lines = [self.heads, *self.rows]
        said = [f"| {' | '.join(line)} |" for line in lines]
        rule = "|---" + "|---:" * (len(self.heads) - 1) + "|"
        return "\n".join([f"### {self.title}", "", said[0], rule, *said[1:]])


def tables(results: Results) -> list[Table]:
    """All of them: ratios, milliseconds, the share of the GEMM peak, memory; who took part."""
    peak = results.gemm()
    made = [ratios(results), times(results)]
    if peak:
        made.append(shares(results, peak))
    return [*made, memory(results), libraries(results)]


def ratios(results: Results) -> Table:
    """Each library's time as a multiple of the reference's, and in brackets the extremes over the rounds."""

    def cell(row: Row, entry: Entry) -> str:
        base = row.measured()[row.reference()].time
        low, high = entry.spread
        return f"{ratio(entry.time / base)} ({ratio(low / base)}-{ratio(high / base)})"

    judges = {row.reference() for row in results.rows.values()} - {""}
    against = (
        "the best mode of PyTorch" if judges & {*TORCH} else f"{PEERS[min(judges)].label}'s" if judges else "none"
    )
    return _grid(f"Time, as a multiple of {against}", results, cell, reference=True)


def times(results: Results) -> Table:
    """Milliseconds a step."""
    return _grid("Milliseconds a step (median)", results, lambda row, entry: digits(entry.time))


def shares(results: Results, peak: float) -> Table:
    """The flops a second of each case that has flops, of the most that anybody reached in a matrix product."""

    def cell(row: Row, entry: Entry) -> str:
        return f"{100 * row.flops / (entry.time / 1e3) / peak:.0f} %" if row.flops else NOTHING

    return _grid(f"Share of the GEMM peak, {peak / 1e9:.0f} GFLOP/s", results, cell)


def memory(results: Results) -> Table:
    """What the whole process held at most during the steps."""
    return _grid("Peak resident memory, MiB", results, lambda row, entry: f"{entry.memory / 2**20:.0f}")


def libraries(results: Results) -> Table:
    """Everybody's version."""
    rows = [(PEERS[name].label, peer.version) for name, peer in results.peers.items() if name not in TORCH[1:]]
    return Table("Libraries", ("library", "version"), tuple(rows))


def remarks(results: Results) -> list[str]:
    """What the tables do not say: who disagreed, who failed, what was disturbed.

    Where every run of a library was disturbed they count all the same, and a ~ stands before the figure.
    """
    found = []
    for name, row in results.rows.items():
        for peer, entry in row.entries.items():
            who = f"{name}, {PEERS[peer].label}"
            if peer in row.disagreeing():
                found.append(f"{who}: computed something else than {PEERS[row.judge()].label}")
            if entry.failed:
                found.append(f"{who}: failed, {entry.failed.splitlines()[-1]}")
        loud = [f"{PEERS[p].label} {n} of {len(e.runs)}" for p, e in row.entries.items() if (n := e.disturbed)]
        if loud:
            found.append(f"{name}: disturbed by others to the last try: {', '.join(loud)}")
    return found


def _grid(title: str, results: Results, cell: Callable[[Row, Entry], str], reference: bool = False) -> Table:
    """A row for each case, a column for each library that ran at all."""
    columns = [name for name in PEERS if any(name in row.measured() for row in results.rows.values())]
    rows = []
    for name, row in results.rows.items():
        ran = row.measured()
        best = row.reference()
        said = [f"{PEERS[best].label}, {digits(ran[best].time)} ms" if best else NOTHING] if reference else []
        for peer in columns:
            entry = ran.get(peer)
            word = cell(row, entry) if entry else NOTHING
            said.append(NOISY + word if word and entry and entry.noisy else word)
        rows.append((name, *said))
    heads = ("case", *(["reference"] if reference else []), *(PEERS[name].label for name in columns))
    return Table(title, heads, tuple(rows))


def digits(number: float) -> str:
    """Three digits that count, and thousands by commas.

    >>> digits(0.01234), digits(5.849), digits(255.3), digits(3184.2)
    ('0.0123', '5.85', '255', '3,184')
    """
    if number >= 100:
        return f"{number:,.0f}"
    return f"{number:#.3g}"


def ratio(number: float) -> str:
    """Two places behind the point, as long as they count.

    >>> ratio(0.8512), ratio(12.34), ratio(312.4)
    ('0.85', '12.3', '312')
    """
    places = 2 if number < 10 else 1 if number < 100 else 0
    return f"{number:,.{places}f}"
