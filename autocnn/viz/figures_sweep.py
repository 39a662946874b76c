"""The figure of a sweep: one number by one setting, a line for each network, a panel for each of the rest."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from autocnn.errors import GraphError
from autocnn.viz.figures import _INK, _MUTED, Figure, _blank, _dress, _looks
from autocnn.viz.line_ends import End, named

Row = Mapping[str, Any]
_HOLDS = 2.0**10


def sweep_lines(
    rows: Sequence[Row],
    x: str,
    y: str,
    line: str,
    panels: Sequence[str],
    *,
    names: Mapping[Any, str] | None = None,
    columns: int = 4,
    labels: tuple[str, str] | None = None,
    title: str = "",
) -> Figure:
    """Rows of `Sweep.spread()`: medians of ``y`` by ``x`` on a log axis, with a band from the least to the most.

    There is a line for each value of the setting ``line``, named by ``names`` ({False: "plain", True: "skip"}),
    and a panel for each combination of the settings ``panels``, ``columns`` of them side by side. Between the
    grey lines, 2^-10 and 2^10, a gradient holds. A value of 0 is an open triangle below all others; what is not
    finite is left out. ``labels`` are the words at the axes.

    >>> rows = [
    ...     {"depth": d, "skips": s, "act": "tanh", "ratio": r, "ratio_least": r / 2, "ratio_most": 2 * r}
    ...     for d, s, r in [(8, False, 1e-2), (56, False, 1e-14), (8, True, 0.9), (56, True, 0.5)]
    ... ]
    >>> figure = sweep_lines(rows, "depth", "ratio", "skips", ["act"], names={False: "plain", True: "skip"})
    >>> figure.bytes("png")[1:4]
    b'PNG'
    """
    groups = _by(rows, panels)
    if not groups:
        raise GraphError("sweep_lines: rows is empty; give those of a sweep")
    across = min(columns, len(groups))
    down = math.ceil(len(groups) / across)
    figure = _blank(12.8, 1.2 + 3.0 * down)
    axes = figure.subplots(down, across, sharex=True, sharey=True, squeeze=False)
    floor = min((row[y] for row in rows if row[y] > 0), default=1.0) / 100
    ends: dict[Any, list[End]] = {}
    for axis, (values, members) in zip(axes.flat, groups.items(), strict=False):
        axis.set_yscale("log")
        _dress(axis, "")
        axis.set_title(", ".join(_said(v) for v in values if v is not None), loc="left", fontsize=10, color=_INK)
        ends[axis] = _lines(axis, _by(members, [line]), x, y, names or {}, floor)
    for axis in axes.flat[len(groups) :]:
        axis.set_visible(False)
    _levels(axes.flat[: len(groups)])
    below, beside = labels or (x, y)
    figure.supxlabel(below, fontsize=9.5, color=_MUTED)
    figure.supylabel(beside, fontsize=9.5, color=_MUTED)
    figure.draw_without_rendering()  # the names are set by the final limits
    return named(figure, ends, title)


def _by(rows: Iterable[Row], keys: Sequence[str]) -> dict[tuple[Any, ...], list[Row]]:
    groups: dict[tuple[Any, ...], list[Row]] = {}
    for row in rows:
        groups.setdefault(tuple(row[key] for key in keys), []).append(row)
    return groups


def _said(value: Any) -> str:
    return value if isinstance(value, str) else f"{value:g}"


def _lines(
    axis: Any, groups: Mapping[tuple[Any, ...], Sequence[Row]], x: str, y: str, names: Mapping[Any, str],
    floor: float,
) -> list[End]:  # fmt: skip
    """Draws every line with its band, and gives where it ends and what it is called."""
    shown = {names.get(value, str(value)): members for (value,), members in groups.items()}
    ends = []
    for (name, members), (color, dash, mark) in zip(shown.items(), _looks(dict.fromkeys(shown, ())), strict=True):
        known = sorted((row for row in members if math.isfinite(row[y])), key=lambda row: float(row[x]))
        drawn = [row for row in known if row[y] > 0]
        where, heights = [row[x] for row in drawn], [row[y] for row in drawn]
        axis.plot(where, heights, color=color, linestyle=dash, marker=mark, markersize=3.5, linewidth=1.8)
        low = [row.get(f"{y}_least") or row[y] for row in drawn]
        high = [min(row.get(f"{y}_most", row[y]), 1e300) for row in drawn]
        axis.fill_between(where, low, high, color=color, alpha=0.18, linewidth=0)
        lost = [row[x] for row in known if row[y] == 0]
        axis.plot(lost, [floor] * len(lost), "v", color=color, markerfacecolor="white")
        if known:
            ends.append(End(known[-1][x], known[-1][y] or floor, name, color, known[0][y]))
    return ends


def _levels(axes: Iterable[Any]) -> None:
    """Grey lines between which a gradient holds."""
    for axis in axes:
        for level in (1 / _HOLDS, _HOLDS):
            axis.axhline(level, color=_MUTED, linewidth=0.9, linestyle=":", zorder=1)
