"""Figures of where gradients meet, and of the paths that they took."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from autocnn.errors import GraphError
from autocnn.viz.figures import _INK, _MUTED, Figure, _blank, _dress, _finished
from autocnn.viz.line_ends import End, named

SKIP, BRANCH = "#0072B2", "#E69F00"
_SHOWN = 1e-9
"""Sizes below this share of the gradient are not drawn."""

CURVES = {
    "norm_ratio": ("all paths of a degree together", "#0072B2", "-"),
    "incoherent": ("the same if they did not cooperate", "#009E73", "--"),
    "product": ("their number times the size of one", "#CC79A7", ":"),
}
"""The sizes by degree: what each curve is called, its colour and its dashes."""


def paths(moments: Mapping[str, Sequence[Mapping[str, Any]]], *, title: str = "") -> Figure:
    """A gradient by the number of residual branches crossed: sizes, signed shares and coherence, by moment.

    ``moments`` maps a name ("at initialisation") to the rows that `flow.paths(...).rows()` gives; each has a
    column, since what holds of a network at its start does not hold of the same one trained.

    >>> row = {"degree": 0, "paths": 1, "share": 1.0, "norm_ratio": 1.0, "coherence": 1.0}
    >>> paths({"at the start": [row, {**row, "degree": 1, "share": 0.0}]}).bytes("png")[1:4]
    b'PNG'
    """
    if not moments or not any(moments.values()):
        raise GraphError("paths: moments is empty; give the rows of at least one split")
    figure = _blank(12.8, 7.2)
    grid = figure.subplots(
        3, len(moments), squeeze=False, sharex=True, sharey="row", height_ratios=(2.2, 1.2, 1.2)
    )
    for column, (name, rows) in enumerate(moments.items()):
        sizes, shares, coherence = grid[:, column]
        _sizes(sizes, rows)
        _shares(shares, rows)
        _coherence(coherence, rows)
        sizes.set_title(name, fontsize=10.5, color=_INK)
        coherence.xaxis.get_major_locator().set_params(integer=True)
        coherence.set_xlabel("residual branches crossed", color=_MUTED, fontsize=9)
        if not column:
            for axis, said in ((sizes, "size, over the gradient's"), (shares, "signed share [%]"),
                               (coherence, "coherence")):  # fmt: skip
                axis.set_ylabel(said, color=_MUTED, fontsize=9)
    handles = {line.get_label(): line for axis in grid[0] for line in axis.get_lines()}
    figure.legend(handles=list(handles.values()), loc="outside lower center", ncols=3, frameon=False, fontsize=9.5)
    return _finished(figure, title)


def _sizes(axis: Any, rows: Sequence[Mapping[str, Any]]) -> None:
    _dress(axis, "")
    axis.set_yscale("log")
    for key, (name, color, dashes) in CURVES.items():
        points = [(row["degree"], value) for row in rows if (value := row.get(key, math.nan)) > _SHOWN]
        if points:
            marker = "o" if key == "product" else ""
            looks = {"color": color, "linewidth": 1.8, "marker": marker, "markersize": 4, "label": name}
            axis.plot(*zip(*points, strict=True), dashes, **looks)


def _shares(axis: Any, rows: Sequence[Mapping[str, Any]]) -> None:
    _dress(axis, "")
    axis.bar([row["degree"] for row in rows], [100 * row["share"] for row in rows], color=SKIP, width=0.8)
    axis.axhline(0, color=_MUTED, linewidth=0.8)
    mean = sum(row["degree"] * row["share"] for row in rows)
    axis.axvline(mean, color=_INK, linewidth=1, linestyle="--")
    place = {"xycoords": ("data", "axes fraction"), "va": "bottom", "ha": "center"}
    axis.annotate(f"mean {mean:.1f}", (mean, 1.0), fontsize=8.5, color=_INK, **place)


def _coherence(axis: Any, rows: Sequence[Mapping[str, Any]]) -> None:
    _dress(axis, "")
    points = [(row["degree"], row["coherence"]) for row in rows
              if row["norm_ratio"] > 1e-4 and not math.isnan(row["coherence"])]  # fmt: skip
    axis.axhline(1, color=_MUTED, linewidth=0.8)
    if points:
        axis.plot(*zip(*points, strict=True), color=CURVES["norm_ratio"][1], linewidth=1.8)
        axis.set_yscale("log", base=2)
        axis.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
    else:
        axis.annotate("not measured", (0.5, 0.5), xycoords="axes fraction", ha="center", fontsize=9, color=_MUTED)


def shares(forks: Sequence[Mapping[str, Any]], *, title: str = "") -> Figure:
    """What skip and branch bring to the gradient at every residual fork, from the input on.

    ``forks`` are the rows of residual forks that `flow.ledger(...).rows()` gives, two for each. Shares have a
    sign; where the two cancel more than 100-fold they are left out, and the fork's name says so.

    >>> rows = [{"fork": "a", "side": side, "share": 0.5, "cancellation": 1.4} for side in ("skip", "branch")]
    >>> shares(rows).bytes("png")[1:4]
    b'PNG'
    """
    names = list(dict.fromkeys(row["fork"] for row in forks))
    if not names:
        raise GraphError("shares: forks is empty; the network has no residual fork")
    figure = _blank(12.8, 7.2)
    axis = figure.subplots()
    _dress(axis, "signed share of the gradient at the fork [%]")
    axis.grid(False, axis="x")
    ends = []
    for side, color, step in (("skip", SKIP, -0.2), ("branch", BRANCH, 0.2)):
        bars = {row["fork"]: row for row in forks if row["side"] == side}
        heights = [_height(bars.get(name)) for name in names]
        axis.bar([place + step for place in range(len(names))], heights, width=0.4, color=color)
        ends.append(End(len(names) - 0.5, heights[-1], side, color))
    axis.axhline(0, color=_MUTED, linewidth=0.8)
    axis.set_xlim(-0.6, len(names) - 0.4)
    step = max(1, len(names) // 18)
    cancelling = {row["fork"] for row in forks if row["cancellation"] > 100}
    said = [f"{name} (they cancel)" if name in cancelling else name for name in names]
    axis.set_xticks(range(0, len(names), step), said[::step], rotation=45 if len(names) > 9 else 0, fontsize=8.5)
    axis.set_xlabel("residual block, input left", color=_MUTED, fontsize=9)
    return named(figure, {axis: ends}, title)


def _height(row: Mapping[str, Any] | None) -> float:
    return 100 * row["share"] if row and not row["cancellation"] > 100 else 0.0
