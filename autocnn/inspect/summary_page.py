"""The table of a summary in HTML, with bars that show where parameters, work and memory are."""

from __future__ import annotations

import html
from collections.abc import Sequence

from autocnn.inspect.by_hand import Formula

_INK, _MUTED, _LINE, _BAR = "#22303C", "#5B6B7A", "#DDE3E8", "#D3E6F5"
_FONT = "Helvetica,Arial,'DejaVu Sans',sans-serif"
_TABLE = (
    f"border-collapse:separate;border-spacing:0;font:13px/1.4 {_FONT};color:{_INK};background:#FFFFFF;"
    "font-variant-numeric:tabular-nums;white-space:nowrap"
)
_CELL = "padding:3px 10px;text-align:"

Bars = Sequence[Sequence[int | None]]
"""For each row and column the number behind a cell whose share is drawn."""


def table(
    title: str, heads: Sequence[str], lines: Sequence[Sequence[str]], total: Sequence[str], left: int,
    bars: Bars, note: str,
) -> str:  # fmt: skip
    """Rows below heads that stay in sight, with the total at the bottom; the first ``left`` columns hold words.

    >>> table("T", ["layer", "steps"], [["a", "3"]], ["total", "3"], 1, [[None, 3]], "").count("<tr>")
    3
    """
    top = f"position:sticky;top:0;background:#FFFFFF;border-bottom:2px solid {_MUTED};"
    bottom = f"border-top:2px solid {_MUTED};"
    most = [max((row[i] or 0 for row in bars), default=0) for i in range(len(heads))]
    sums = [sum(row[i] or 0 for row in bars) for i in range(len(heads))]
    body = [
        [_bar(count, most[i], sums[i]) for i, count in enumerate(counts)] for counts in bars
    ]  # fmt: skip
    rows = [
        _row(line, left, "td", f"border-bottom:1px solid {_LINE};", more)
        for line, more in zip(lines, body, strict=True)
    ]
    return (
        f'<div style="background:#FFFFFF">\n<table style="{_TABLE}">\n'
        f'<caption style="text-align:left;font-weight:bold;font-size:15px;padding:6px 10px">{html.escape(title)}'
        f"</caption>\n<thead>\n{_row(heads, left, 'th', top)}\n</thead>\n<tbody>\n"
        + "\n".join(rows)
        + "\n</tbody>\n"
        f"<tfoot>\n{_row(total, left, 'th', bottom)}\n</tfoot>\n</table>\n{paragraph(note)}\n</div>\n"
    )


def paragraph(text: str) -> str:
    """Small print.

    >>> paragraph("a < b").endswith(">a &lt; b</p>")
    True
    """
    style = f"margin:6px 10px;max-width:60em;font:12px/1.5 {_FONT};color:{_MUTED}"
    return f'<p style="{style}">{html.escape(text)}</p>' if text else ""


def formula_table(formulas: Sequence[Formula]) -> str:
    """Each formula with its numbers, its value, and what the engine counted.

    >>> formula_table([Formula("c1", "parameters", "(1·5·5 + 1)·6", 156, 156)]).count("156")
    2
    """
    lines = [
        [one.layer or "-", one.what, one.text, f"{one.value:,}", f"{one.engine:,}" + ("" if one.agrees else " ≠")]
        for one in formulas
    ]
    wrong = sum(not one.agrees for one in formulas)
    total = ["all equal" if not wrong else f"{wrong} differ", "", "", "", ""]
    heads = ["layer", "number", "formula", "by hand", "engine"]
    return table("By hand", heads, lines, total, 3, [[None] * 5 for _ in lines], "")


def page(title: str, parts: Sequence[str]) -> str:
    """A whole document, to be opened in a browser.

    >>> page("LeNet5", ["<p>a</p>"]).splitlines()[0]
    '<!doctype html>'
    """
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<title>{html.escape(title)}</title>\n</head>\n<body style="margin:16px;background:#FFFFFF">\n'
        + "\n".join(parts)
        + "</body>\n</html>\n"
    )


def _bar(count: int | None, most: int, total: int) -> tuple[str, str]:
    """The style and the tip of a cell: a bar as long as the number is beside the largest of its column."""
    if not count:
        return "", ""
    long = f"{94 * count / most:.1f}%"  # the longest stays clear of the next column
    return (
        f"background:linear-gradient(to right,{_BAR} {long},transparent {long});",
        f"{100 * count / total:.1f} % of all",
    )


def _row(
    cells: Sequence[str], left: int, tag: str, style: str, more: Sequence[tuple[str, str]] | None = None
) -> str:  # fmt: skip
    written = []
    for i, cell in enumerate(cells):
        bar, tip = more[i] if more else ("", "")
        said = f' title="{tip}"' if tip else ""
        side = "left" if i < left else "right"
        written.append(f'<{tag} style="{style}{bar}{_CELL}{side}"{said}>{html.escape(cell)}</{tag}>')
    return f"<tr>{''.join(written)}</tr>"
