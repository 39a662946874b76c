"""What stands below the first screen: a section for every question, each with its answer, pictures and numbers."""

from __future__ import annotations

import html
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from autocnn.viz.report.chart import figure
from autocnn.viz.report.first import marked
from autocnn.viz.report.summary import NAMES, network

SHORT = 9
"""Rows of a table that needs no folding."""

TITLES = {
    "toy": "a toy model",
    "ledger": "where two gradients meet",
    "paths": "through how many blocks does it travel",
    "theory": "cures and theory",
    "depth": "other depths",
    "shattered": "are gradients smooth, or shattered into noise",
    "lesion": "remove a block",
    "spectra": "spectra",
    "sizes": "residual sizes over training",
    "verdicts": "verdicts",
    "graph": "the graphs, drawn",
    "methods": "methods and definitions",
}
"""The sections that a study may have, in their order, and their names in the list of contents."""


def contents(document: Mapping[str, Any]) -> str:
    """Links to the sections, for the foot of the first screen."""
    found = [section["id"] for section in _ordered(document)]
    if not found:
        return ""
    return '<span class="more"><a href="#below">more below</a></span>'


def sections(document: Mapping[str, Any]) -> str:
    """Every section that the study has, what it has not by name, and the first screen's numbers as a table."""
    found = _ordered(document)
    have = {section["id"] for section in found}
    links = " · ".join(f'<a href="#{name}">{TITLES.get(name, name)}</a>' for name in (s["id"] for s in found))
    reasons = document.get("missing") or {}
    missing = [
        f"{title} ({reasons[name]})" if name in reasons else title
        for name, title in TITLES.items()
        if name not in have and (name in reasons or name != "depth")  # one depth is no omission
    ]
    left_out = marked(f"Not computed in this run: {'; '.join(missing)}.") if missing else ""
    parts = (
        [f'<nav aria-label="Sections">{". ".join(filter(None, (links, left_out)))}</nav>']
        if links or left_out
        else []
    )
    parts += [_section(section) for section in found]
    return "\n".join([*parts, numbers(document)])


def _ordered(document: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    places = {name: place for place, name in enumerate(TITLES)}
    return sorted(document.get("sections") or [], key=lambda section: places.get(section["id"], len(places)))


def _section(section: Mapping[str, Any]) -> str:
    name = html.escape(section["id"], quote=True)
    parts = [f'<section id="{name}"><h2>{marked(section["question"])}</h2>']
    parts.append(f'<p class="answer">{marked(section["answer"])}</p>')
    figures = [figure(each) for each in section.get("figures") or []]
    if figures:
        one = " one" if len(figures) == 1 else ""
        parts.append(f'<div class="figures{one}">{"".join(figures)}</div>')
    if section.get("table"):
        parts.append(_folded(section["table"], section.get("caption", "")))
    if section.get("terms"):
        parts.append(_terms(section["terms"]))
    if section.get("note"):
        parts.append(f'<p class="note">{marked(section["note"])}</p>')
    return "".join([*parts, "</section>"])


def _folded(rows: Sequence[Mapping[str, Any]], caption: str) -> str:
    """A table, closed where it is long."""
    made = table(rows, caption)
    if len(rows) <= SHORT:
        return made
    return f"<details><summary>The numbers: {len(rows):,} rows</summary>{made}</details>"


def _terms(terms: Mapping[str, str]) -> str:
    rows = "".join(f"<dt>{marked(name)}</dt><dd>{marked(text)}</dd>" for name, text in terms.items())
    return f"<dl>{rows}</dl>"


def table(rows: Sequence[Mapping[str, Any]], caption: str = "") -> str:
    """Rows of equal keys as a table that scrolls by itself where it is too wide.

    >>> table([{"block": 1, "share": 0.25}]).count("<td")
    2
    """
    names = list(dict.fromkeys(name for row in rows for name in row))
    words = {name for name in names if any(isinstance(row.get(name), str) for row in rows)}
    look = {name: ' class="text"' if name in words else "" for name in names}
    head = "".join(f'<th scope="col"{look[name]}>{marked(name)}</th>' for name in names)
    body = "".join(
        "<tr>" + "".join(f"<td{look[name]}>{written(row.get(name))}</td>" for name in names) + "</tr>"
        for row in rows
    )
    said = f"<caption>{marked(caption)}</caption>" if caption else ""
    return (
        '<div class="scroll" tabindex="0" role="region" aria-label="Table">'
        f"<table>{said}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def written(value: Any) -> str:
    """A cell's text.

    >>> written(1.23456e-18), written(0.5), written(1200), written(None), written(float("inf"))
    ('1.23 × 10<sup>−18</sup>', '0.5', '1,200', '–', '∞')
    """
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if not isinstance(value, float):
        return marked(str(value))
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    if value and not 1e-3 <= abs(value) < 1e5:
        digits, exponent = f"{value:.2e}".split("e")
        return marked(f"{digits} × 10^{int(exponent)}")
    return f"{value:.3g}" if abs(value) < 1000 else f"{value:,.0f}"


def numbers(document: Mapping[str, Any]) -> str:
    """The first screen's curves as text, for whoever cannot see them."""
    found = {name: network(document, name) for name in NAMES}
    steps = sorted({step for each in found.values() for step in (*each.steps, *(at for at, _ in each.accuracy))})
    rows = [{"step": step, **_row(found, step)} for step in steps]
    if not rows:
        return ""
    return (
        f"<details><summary>The curves of the first screen as a table</summary>"
        f"{table(rows, 'Gradient at the first block over the last, and test accuracy; medians over the seeds')}"
        "</details>"
    )


def _row(found: Mapping[str, Any], step: int) -> dict[str, Any]:
    row: dict[str, Any] = {}
    for name, words in (("plain", "without skips"), ("skip", "with skips")):
        each = found[name]
        here: Iterable[Any] = (r[0].middle for at, r in zip(each.steps, each.shares, strict=True) if at == step)
        row[f"gradient {words}"] = next(iter(here), None)
        score = next((score.middle for at, score in each.accuracy if at == step), None)
        row[f"accuracy {words}"] = None if score is None else f"{100 * score:.1f} %"
    return row
