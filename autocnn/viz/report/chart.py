"""Numbers as charts in the page's own colours: lines, bars and grids, as SVG that follows light and dark.

A figure is a mapping: `kind` is "lines", "bars", "grid" or "image"; `title` and `caption` are words. Lines have
`x` and `y` (mappings with `label`, and `log`, `low`, `high` where wished) and `series`, each with `name`, `x` and
`y`, and `color` (plain, skip, third ...), `dash`, `marks`, `low`, `high`, `thin` where wished; `rules` are level
lines with words; `names` is "end" where names must stand at the right. Bars have `categories` and `series`; a grid
has `rows`, `columns`, `values`; an image has `svg`.
"""

from __future__ import annotations

import base64
import html
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from autocnn.viz.report.axis import Axis, fitted
from autocnn.viz.report.first import marked
from autocnn.viz.report.summary import number

WIDE, TALL = 560, 315
"""16:9, in picture points."""

_CYCLE = ("skip", "plain", "third", "fourth", "fifth", "sixth", "seventh")
_LEFT, _TOP, _BOTTOM = 62, 14, 46
_LETTER = 7.4
_RAISED = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")


def figure(words: Mapping[str, Any]) -> str:
    """A figure as HTML.

    >>> line = {"name": "a", "x": [1, 2], "y": [1e-3, 1.0]}
    >>> figure({"kind": "lines", "title": "t", "y": {"log": True}, "series": [line]}).count('class="line"')
    1
    """
    kind = words["kind"]
    drawn = {"lines": _lines, "bars": _bars, "grid": _grid, "image": _image}[kind](words)
    title = f'<div class="title">{marked(words["title"])}</div>' if words.get("title") else ""
    caption = f"<figcaption>{marked(words['caption'])}</figcaption>" if words.get("caption") else ""
    return f"<figure>{title}{drawn}{caption}</figure>"


def color_of(series: Mapping[str, Any], place: int) -> str:
    """The name of a series' colour: its own, or the next of the cycle."""
    return str(series.get("color") or _CYCLE[place % len(_CYCLE)])


def raised(text: str) -> str:
    """Powers of ten for a picture's text.

    >>> raised("10^-18")
    '10⁻¹⁸'
    """
    return re.sub(r"(\d)\^(-?\d+)", lambda found: found[1] + found[2].translate(_RAISED), text)


def _lines(words: Mapping[str, Any]) -> str:
    series = words["series"]
    right = max((len(s.get("name", "")) for s in series), default=0) * _LETTER + 14
    box = (_LEFT, WIDE - min(right, 220), _TOP, TALL - _BOTTOM)
    rules = words.get("rules") or []
    across = fitted([number(v) for s in series for v in s["x"]], words.get("x", {}), box[0], box[1])
    heights = [number(v) for s in series for key in ("y", "low", "high") for v in s.get(key) or ()]
    up = fitted([*heights, *(r["y"] for r in rules)], words.get("y", {}), box[3], box[2])
    parts = _frame(across, up, words, box)
    for rule in rules:
        y = up.place(rule["y"])
        if y is not None:
            parts.append(f'<path class="rule" d="M{box[0]} {y:.1f}H{box[1]:.1f}"/>')
            parts.append(_text(box[0] + 5, y - 4, rule.get("label", ""), "rule axis"))
    for place, each in enumerate(series):
        parts += _series(each, color_of(each, place), across, up)
    parts += _named(series, across, up, box, words.get("names", ""))
    return _svg(parts, words)


def _series(each: Mapping[str, Any], color: str, across: Axis, up: Axis) -> list[str]:
    xs = [across.place(number(v)) for v in each["x"]]
    parts = []
    if each.get("low") and each.get("high"):
        edges = [[(x, up.place(number(v))) for x, v in zip(xs, each[key], strict=True)] for key in ("low", "high")]
        known = [(a, b) for a, b in zip(*edges, strict=True) if None not in (*a, *b)]
        if len(known) > 1:
            loop = [a for a, _ in known] + [b for _, b in reversed(known)]
            parts.append(f'<path fill="var(--{color})" fill-opacity=".16" d="{_path(loop)}Z"/>')
    points = list(zip(xs, (up.place(number(v)) for v in each["y"]), strict=True))
    dash = ' stroke-dasharray="6 4"' if each.get("dash") else ""
    if each.get("marks") != "only":
        look = "line thin" if each.get("thin") else "line"
        parts.append(f'<path class="{look}" stroke="var(--{color})"{dash} d="{_path(points)}"/>')
    if each.get("marks"):
        spots = (
            f'<circle class="mark" fill="var(--{color})" cx="{x:.1f}" cy="{y:.1f}" r="3.2"/>'
            for x, y in points
            if x is not None and y is not None
        )
        parts.append("".join(spots))
    return parts


def _path(points: Sequence[tuple[float | None, float | None]]) -> str:
    text, open_ = [], False
    for x, y in points:
        if x is None or y is None:
            open_ = False
            continue
        text.append(f"{'L' if open_ else 'M'}{x:.1f} {y:.1f}")
        open_ = True
    return "".join(text)


def _named(
    series: Sequence[Mapping[str, Any]], across: Axis, up: Axis, box: Sequence[float], names: str
) -> list[str]:
    """Names at the right ends of their lines, or where all end together at the left ones, moved apart."""
    ends, starts = ([_end(e, color_of(e, i), across, up, at) for i, e in enumerate(series)] for at in (-1, 0))
    right = names == "end" or _crowding(ends) <= max(8.0, _crowding(starts)) if len(series) > 1 else True
    chosen = sorted(filter(None, ends if right else starts), key=lambda end: end[0])
    if not right:
        chosen = [(max(y - 14, box[2] + 4), name, color) for y, name, color in chosen]
    places = _apart([y for y, _, _ in chosen], box[3] + 4)
    x = box[1] + 7 if right else box[0] + 8
    return [
        _text(x, y + 4, name, f"named ink-{color}") for y, (_, name, color) in zip(places, chosen, strict=True)
    ]


def _end(each: Mapping[str, Any], color: str, across: Axis, up: Axis, at: int) -> tuple[float, str, str] | None:
    """How high a line ends, or begins, and whose name stands there."""
    heights = [
        up.place(number(y))
        for x, y in zip(each["x"], each["y"], strict=True)
        if across.place(number(x)) is not None
    ]
    known = [y for y in heights if y is not None]
    return (known[at], each["name"], color) if known and each.get("name") else None


def _crowding(ends: Sequence[tuple[float, str, str] | None]) -> float:
    """How far names must be moved, all together, to be apart."""
    heights = sorted(end[0] for end in ends if end)
    return sum(abs(a - b) for a, b in zip(heights, _apart(heights, math.inf), strict=True))


def _apart(heights: Sequence[float], limit: float) -> list[float]:
    """Heights, rising, at least a line of text from each other, none below the limit."""
    found: list[float] = []
    for height in heights:
        found.append(max(height, found[-1] + 14) if found else height)
    for i in reversed(range(len(found))):
        found[i] = min(found[i], limit)
        limit = found[i] - 14
    return found


def _bars(words: Mapping[str, Any]) -> str:
    names, series = words["categories"], words["series"]
    box = (_LEFT, WIDE - 14, _TOP + (18 if len(series) > 1 else 0), TALL - _BOTTOM)
    values = [number(v) for s in series for v in s["y"]]
    scale = dict(words.get("y", {}))
    if not scale.get("log"):
        scale.setdefault("low", min(0.0, *values))
        scale.setdefault("high", max(0.0, *values) * 1.05 or 1.0)
    up = fitted(values, scale, box[3], box[2])
    parts = _upright(up, words, box)
    room = (box[1] - box[0]) / len(names)
    wide = min(40.0, room * 0.8 / len(series))
    base = up.place(up.low if up.log else 0.0) or box[3]
    for place, each in enumerate(series):
        color = color_of(each, place)
        for i, value in enumerate(each["y"]):
            y = up.place(number(value))
            if y is None:
                continue
            x = box[0] + (i + 0.5) * room + (place - len(series) / 2) * wide
            top, tall = min(y, base), max(abs(y - base), 0.8)
            parts.append(_bar(color, x, top, wide * 0.94, tall))
        if len(series) > 1:
            before = sum(len(s.get("name", "")) + 3 for s in series[:place]) * _LETTER
            parts.append(_text(box[0] + before, 12, each.get("name", ""), f"named ink-{color}"))
    every = max(1, math.ceil(len(names) * max(len(str(n)) for n in names) * _LETTER / (box[1] - box[0])))
    for i, name in enumerate(names):
        if i % every == 0:
            parts.append(_text(box[0] + (i + 0.5) * room, box[3] + 15, str(name), "axis", "middle"))
    parts.append(_text((box[0] + box[1]) / 2, TALL - 8, words.get("x", {}).get("label", ""), "axis", "middle"))
    return _svg(parts, words)


def _bar(color: str, x: float, y: float, wide: float, tall: float) -> str:
    return f'<rect fill="var(--{color})" x="{x:.1f}" y="{y:.1f}" width="{wide:.1f}" height="{tall:.1f}"/>'


def _grid(words: Mapping[str, Any]) -> str:
    """Values as squares: from nothing to `high` in one colour, below zero in the other."""
    rows, columns, values = words["rows"], words["columns"], words["values"]
    left = max(len(str(r)) for r in rows) * _LETTER + 14
    wide, tall = (WIDE - left - 8) / len(columns), (TALL - _BOTTOM - 8) / len(rows)
    largest = max((abs(number(v)) for row in values for v in row if v is not None), default=1.0)
    most = float(words.get("high") or largest) or 1.0
    parts = []
    for i, row in enumerate(values):
        parts.append(_text(left - 6, 8 + (i + 0.5) * tall + 4, str(rows[i]), "axis", "end"))
        for j, value in enumerate(row):
            v = number(value)
            if math.isnan(v):
                continue
            color, depth = ("skip" if v >= 0 else "plain"), min(1.0, abs(v) / most)
            x, y = left + j * wide, 8 + i * tall
            parts.append(
                f'<rect fill="var(--{color})" fill-opacity="{depth:.2f}" x="{x:.1f}" y="{y:.1f}" '
                f'width="{wide:.2f}" height="{tall:.2f}"><title>{v:.3g}</title></rect>'
            )
    every = max(1, math.ceil(max(len(str(c)) for c in columns) * _LETTER / wide))
    for j, name in enumerate(columns):
        if j % every == 0:
            parts.append(_text(left + (j + 0.5) * wide, TALL - _BOTTOM + 15, str(name), "axis", "middle"))
    parts.append(_text((left + WIDE) / 2, TALL - 8, words.get("x", {}).get("label", ""), "axis", "middle"))
    return _svg(parts, words)


def _image(words: Mapping[str, Any]) -> str:
    """A drawing made elsewhere, as a picture of its own: nothing in it can act on the page."""
    data = base64.b64encode(words["svg"].encode()).decode()
    return f'<img alt="{html.escape(_said(words), quote=True)}" src="data:image/svg+xml;base64,{data}">'


def _frame(across: Axis, up: Axis, words: Mapping[str, Any], box: Sequence[float]) -> list[str]:
    parts = _upright(up, words, box)
    for value, text in across.ticks():
        x = across.place(value)
        if x is not None:
            parts.append(f'<path class="grid" d="M{x:.1f} {box[3]}v4"/>')
            parts.append(_text(x, box[3] + 16, text, "axis", "middle"))
    label = words.get("x", {}).get("label", "")
    return [*parts, _text((box[0] + box[1]) / 2, TALL - 8, label, "axis", "middle")]


def _upright(up: Axis, words: Mapping[str, Any], box: Sequence[float]) -> list[str]:
    parts = []
    for value, text in up.ticks():
        y = up.place(value)
        if y is not None:
            parts.append(f'<path class="grid" d="M{box[0]} {y:.1f}H{box[1]:.1f}"/>')
            parts.append(_text(box[0] - 6, y + 4, text, "axis", "end"))
    label = words.get("y", {}).get("label", "")
    middle = (box[2] + box[3]) / 2
    turned = f' transform="rotate(-90 13 {middle:.0f})"'
    return [*parts, _text(13, middle, label, "axis", "middle", turned)] if label else parts


def _text(x: float, y: float, text: str, look: str, anchor: str = "start", more: str = "") -> str:
    if not text:
        return ""
    place = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{more}'
    return f'<text class="{look}" {place}>{html.escape(raised(text))}</text>'


def _svg(parts: Sequence[str], words: Mapping[str, Any]) -> str:
    said = html.escape(_said(words), quote=True)
    return f'<svg class="chart" role="img" aria-label="{said}" viewBox="0 0 {WIDE} {TALL}">{"".join(parts)}</svg>'


def _said(words: Mapping[str, Any]) -> str:
    """What a reader hears who does not see the figure."""
    names = [str(each["name"]) for each in words.get("series") or [] if each.get("name")]
    axes = [words[axis]["label"] for axis in ("y", "x") if words.get(axis, {}).get("label")]
    told = " by ".join(axes)
    return ". ".join(filter(None, [str(words.get("title", "Figure")), told, ", ".join(names)]))
