"""Figures of lesions: the error without each block, without many, and in another order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from statistics import median
from typing import Any

from autocnn.errors import GraphError
from autocnn.viz.figures import _GRID, _INK, _MUTED, Figure, _blank, _dress, _finished, _looks

_MOST_NAMES = 32
"""Bars that still have room for their names."""


def lesions(networks: Mapping[str, Mapping[str, Any]], *, title: str = "") -> Figure:
    """The test error after lesions: bars by removed block, and lines by number removed and by order.

    ``networks`` maps a name ("residual", "plain") to what `flow.lesions(...).to_dict()` gives. Each has a panel of
    bars, with lines at the error of the whole network and at that of a guess; below, the error by number of blocks
    removed (every draw a dot, a line through the medians) and, where blocks changed places, by Kendall's tau.

    >>> one = {"kind": "remove", "blocks": ["a"], "count": 1, "tau": 1.0, "error": 0.2}
    >>> whole = {"network": "residual", "accuracy": 0.9, "chance": 0.1, "blocks": ["a"], "each": [one]}
    >>> whole |= {"sets": [], "orders": [], "meaningless": False}
    >>> lesions({"residual": whole}).bytes("png")[1:4]
    b'PNG'
    """
    if not networks or not any(network["each"] for network in networks.values()):
        raise GraphError("lesions: networks is empty, or of none a block was removed; give at least one")
    figure = _blank(12.8, 7.2)
    top, below = figure.subfigures(2, 1)
    looks = [(name, network, look[0]) for (name, network), look in _with_looks(networks)]
    bars = top.subplots(1, len(networks), sharey=True, squeeze=False)[0]
    for axis, (name, network, color) in zip(bars, looks, strict=True):
        _each(axis, name, network, color)
    bars[0].set_ylabel("test error [%]", color=_MUTED, fontsize=9)
    ordered = any(network["orders"] for network in networks.values())
    lines = below.subplots(1, 2 if ordered else 1, sharey=True, squeeze=False)[0]
    _by_number(lines[0], looks)
    if ordered:
        _by_order(lines[1], looks)
    lines[0].set_ylabel("test error [%]", color=_MUTED, fontsize=9)
    return _finished(figure, title)


def _with_looks(networks: Mapping[str, Any]) -> Any:
    return zip(networks.items(), _looks(dict.fromkeys(networks, ())), strict=True)


def _each(axis: Any, name: str, network: Mapping[str, Any], color: str) -> None:
    errors = [100 * lesion["error"] for lesion in network["each"]]
    names = [lesion["blocks"][0] for lesion in network["each"]]
    axis.bar(range(len(errors)), errors, color=color, width=0.8)
    _dress(axis, "")
    axis.grid(False, axis="x")
    axis.set_ylim(0, 105)
    axis.set_xlim(-0.7, max(len(errors), 1) - 0.3)
    _levels(axis, network)
    _names(axis, names)
    what = "block" if network["network"] == "residual" else "layer"
    untrained = " (has not learned: this means nothing)" if network["meaningless"] else ""
    axis.set_title(f"{name}: without one {what}{untrained}", loc="left", fontsize=10, color=_INK)


def _levels(axis: Any, network: Mapping[str, Any]) -> None:
    """Lines at the error of the whole network and of a guess, named at their right end."""
    whole, guess = 100 * (1 - network["accuracy"]), 100 * (1 - network["chance"])
    for height, dash in ((whole, "-"), (guess, ":")):
        axis.axhline(height, color=_INK, linewidth=1.1, linestyle=dash)
    texts = {f"nothing removed\n{whole:.1f} %": whole, f"a guess\n{guess:.1f} %": guess}
    for text, height in _apart(texts, 15).items():
        place = {"xycoords": ("axes fraction", "data"), "textcoords": "offset points", "annotation_clip": False}
        axis.annotate(text, (1.0, height), xytext=(4, 0), **place, fontsize=8.5, color=_INK, va="center")


def _apart(heights: Mapping[str, float], least: float) -> dict[str, float]:
    """Heights of labels, moved apart to a least distance, the lowest where it is."""
    placed: dict[str, float] = {}
    for name, height in sorted(heights.items(), key=lambda item: item[1]):
        placed[name] = max(height, *(other + least for other in placed.values())) if placed else height
    top = max(placed.values(), default=0.0)
    return {name: height - max(0.0, top - 104) for name, height in placed.items()}


def _names(axis: Any, names: Sequence[str]) -> None:
    """The bars' names; of many bars, the names of the groups that they belong to, between lines."""
    if len(names) <= _MOST_NAMES:
        axis.set_xticks(range(len(names)), names, rotation=90, fontsize=7.5)
        return
    places, groups, start = [], [], 0
    for group, members in groupby(name.partition("/")[0] for name in names):
        count = len(list(members))
        axis.axvline(start - 0.5, color=_GRID, linewidth=0.8, zorder=0)
        places.append(start + (count - 1) / 2)
        groups.append(group)
        start += count
    axis.set_xticks(places, groups, fontsize=8.5)
    axis.tick_params(axis="x", length=0)


def _by_number(axis: Any, looks: Sequence[tuple[str, Mapping[str, Any], str]]) -> None:
    _dress(axis, "")
    axis.set_title("without several, drawn at random", loc="left", fontsize=10, color=_INK)
    axis.set_xlabel("share of its blocks or layers removed [%]", color=_MUTED, fontsize=9)
    axis.set_ylim(0, 105)
    axis.set_xlim(0, 114)
    ends: dict[str, float] = {}
    for name, network, color in looks:
        count = max(len(network["blocks"]), 1)
        draws = [(lesion["count"], 100 * lesion["error"]) for lesion in [*network["each"], *network["sets"]]]
        axis.plot([100 * k / count for k, _ in draws], [e for _, e in draws], "o", color=color, ms=3, alpha=0.45)
        numbers = sorted({k for k, _ in draws})
        middles = [median([e for k, e in draws if k == number]) for number in numbers]
        where = [0.0, *(100 * number / count for number in numbers)]
        heights = [100 * (1 - network["accuracy"]), *middles]
        dash = "--" if network["network"] == "plain" else "-"
        axis.plot(where, heights, color=color, linestyle=dash, linewidth=1.8, label=name)
        ends[name] = heights[-1]
    colors = {name: color for name, _, color in looks}
    for name, height in _apart(ends, 8).items():
        axis.annotate(f"  {name}", (101, height), color=colors[name], fontsize=9.5, va="center")
    guess = [100 * (1 - network["chance"]) for _, network, _ in looks]
    axis.plot([0, 100], [guess[0]] * 2, color=_INK, linewidth=1.1, linestyle=":")


def _by_order(axis: Any, looks: Sequence[tuple[str, Mapping[str, Any], str]]) -> None:
    _dress(axis, "")
    axis.set_title("in another order (blocks of one shape swapped)", loc="left", fontsize=10, color=_INK)
    axis.set_xlabel("Kendall's rank correlation with the order that was trained", color=_MUTED, fontsize=9)
    for _, network, color in looks:
        shown = network["orders"]
        axis.plot([o["tau"] for o in shown], [100 * o["error"] for o in shown], "o", color=color, ms=4, alpha=0.7)
        if shown:
            axis.plot([1.0], [100 * (1 - network["accuracy"])], "o", mfc="white", color=color, ms=7)
            place = {"xytext": (-8, 9), "textcoords": "offset points", "ha": "right"}
            axis.annotate("as trained", (1.0, 100 * (1 - network["accuracy"])), **place, fontsize=8.5, color=color)
