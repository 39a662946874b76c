"""A profile in plain text, and as JSON."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import asdict

from autocnn.profiling.rows import Row, total

_BY_OP = ("op", "pass", "calls", "time", "share", "memory", "GB/s", "GFLOP/s")
_BY_MODULE = ("module", "calls", "time", "forward", "backward", "share", "memory", "GFLOP/s")
_WIDEST = 120
_NARROWEST = 12
"""The fewest characters of a name: the table is wider than the screen rather than that."""


def table(rows: Sequence[Row], by: str, limit: int | None, width: int | None, elapsed: float, threads: int) -> str:
    """Rows as a table with a sum, and what share of the elapsed time they are."""
    whole = total(rows)
    heads = _BY_OP if by == "op" else _BY_MODULE
    lines = _ops(rows, whole) if by == "op" else _modules(rows, whole)
    shown = lines if limit is None else lines[: max(limit, 0)]
    if len(lines) > len(shown):
        shown.append((f"... {len(lines) - len(shown)} more", *[""] * (len(heads) - 1)))
    last = _ops([whole], whole) if by == "op" else _modules([whole], whole)
    shown.append(("total", *last[0][1:]))
    if width is None:
        width = min(shutil.get_terminal_size((100, 24)).columns, _WIDEST)
    left = 2 if by == "op" else 1
    return "\n".join([*_columns(heads, shown, left, width), _rest(whole.seconds, elapsed, threads)])


def _ops(rows: Sequence[Row], whole: Row) -> list[tuple[str, ...]]:
    return [
        (
            row.op, row.phase, f"{row.calls:,}", duration(row.seconds), _share(row.seconds, whole),
            size(row.bytes), _rate(row.bytes_per_second), _rate(row.flops_per_second),
        )
        for row in rows
    ]  # fmt: skip


def _modules(rows: Sequence[Row], whole: Row) -> list[tuple[str, ...]]:
    """One line for each module, its passes side by side."""
    names: dict[str, list[Row]] = {}
    for row in rows:
        names.setdefault(row.phase if row.phase == "optimizer" else row.module, []).append(row)
    lines = []
    for name, same in sorted(names.items(), key=lambda item: -sum(row.seconds for row in item[1])):
        one = total(same)
        passes = [
            sum(row.seconds for row in same if row.phase in phases)
            for phases in (("forward",), ("backward", "second"))
        ]
        lines.append(
            (
                name or "-", f"{one.calls:,}", duration(one.seconds), *(duration(t) if t else "" for t in passes),
                _share(one.seconds, whole), size(one.bytes), _rate(one.flops_per_second),
            )
        )  # fmt: skip
    return lines


def _columns(heads: Sequence[str], lines: Sequence[Sequence[str]], left: int, width: int) -> list[str]:
    """Aligned columns: the first `left` to the left, the first cut where the width asks for it."""
    widths = [max(len(line[i]) for line in (heads, *lines)) for i in range(len(heads))]
    room = width - sum(widths[1:]) - 2 * (len(heads) - 1)
    widths[0] = min(widths[0], max(room, _NARROWEST))
    text = []
    for line in (heads, *lines):
        cells = [_cut(line[0], widths[0]), *line[1:]]
        aligned = [
            cell.ljust(w) if i < left else cell.rjust(w)
            for i, (cell, w) in enumerate(zip(cells, widths, strict=True))
        ]
        text.append("  ".join(aligned).rstrip())
    rule = "-" * (sum(widths) + 2 * (len(widths) - 1))
    return [text[0], rule, *text[1:-1], rule, text[-1]]


def _cut(name: str, width: int) -> str:
    """A name's end: of a path that is what tells it apart."""
    return name if len(name) <= width else "…" + name[len(name) - width + 1 :]


def _rest(inside: float, elapsed: float, threads: int) -> str:
    if not inside:
        return f"nothing ran in {duration(elapsed)}"
    if threads > 1:
        return f"kernels on {threads} threads took {duration(inside)}; {duration(elapsed)} went by"
    share = min(inside / elapsed, 1.0) if elapsed else 1.0
    return f"kernels took {share:.0%} of {duration(elapsed)}; the rest is Python around them, and this profile"


def _share(seconds: float, whole: Row) -> str:
    return f"{seconds / whole.seconds:.1%}" if whole.seconds else "-"


def _rate(per_second: float) -> str:
    giga = per_second / 1e9
    return "" if not giga else f"{giga:.1f}" if giga < 100 else f"{giga:.0f}"


def duration(seconds: float) -> str:
    """A time as people read it.

    >>> duration(2.5), duration(0.0123), duration(4.2e-05)
    ('2.50 s', '12.3 ms', '42.0 µs')
    """
    for unit, scale in (("s", 1.0), ("ms", 1e3)):
        if seconds * scale >= 1:
            return f"{_three(seconds * scale)} {unit}"
    return f"{seconds * 1e6:.1f} µs"


def size(count: int) -> str:
    """Bytes as people read them.

    >>> size(0), size(512), size(3_456_000)
    ('', '512 B', '3.46 MB')
    """
    value, units = float(count), ["B", "kB", "MB", "GB", "TB"]
    while value >= 999.5 and len(units) > 1:
        value, units = value / 1000, units[1:]
    if not count:
        return ""
    return f"{count} B" if units[0] == "B" else f"{_three(value)} {units[0]}"


def _three(value: float) -> str:
    """Three digits, trailing zeros among them."""
    return f"{value:.0f}" if value >= 99.5 else f"{value:#.3g}"


def to_json(rows: Sequence[Row], elapsed: float) -> str:
    """Rows as JSON text, one a line."""
    head = {"format": "autocnn.profile", "version": 1, "seconds": elapsed, "kernel_seconds": total(rows).seconds}
    lines = ",\n  ".join(json.dumps(asdict(row), ensure_ascii=False) for row in rows)
    return f'{json.dumps(head)[:-1]}, "rows": [\n  {lines}]}}\n'
