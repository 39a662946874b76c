"""The figures of a study as files at 16:9, for slides and papers: what the page shows, drawn by matplotlib."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from autocnn.viz.figures import _INK, _MUTED, Figure, _blank, _dress, _finished
from autocnn.viz.line_ends import End, named
from autocnn.viz.report.chart import color_of, raised
from autocnn.viz.report.outcomes import reached
from autocnn.viz.report.summary import NAMES, Network, network, number
from autocnn.viz.report.theme import COLORS
from autocnn.viz.report.words import size_words

WIDE, TALL = 9.6, 5.4
_LOOKS = {"plain": ("without skips", "plain", "--"), "skip": ("with skips", "skip", "-")}


def figures(document: Mapping[str, Any]) -> Iterator[tuple[str, Figure]]:
    """Every figure of a study, with a name for its files.

    >>> list(figures({"runs": [], "sections": []}))
    []
    """
    found = {name: network(document, name) for name in NAMES}
    if all(each.shares for each in found.values()):
        yield "gradients", _gradients(found)
        yield "learning", _learning(found, float(document.get("about", {}).get("chance", 0)))
    for section in document.get("sections") or []:
        for place, words in enumerate(section.get("figures") or [], start=1):
            if words["kind"] in ("lines", "bars"):
                yield f"{section['id']}-{place}", drawn(words)


def _gradients(found: Mapping[str, Network]) -> Figure:
    """The gradient by block, untrained and at the end."""
    figure = _blank(WIDE, TALL)
    steps = sorted({step for each in found.values() for step in each.steps})
    moments = [steps[0]] if len(steps) == 1 else [steps[0], steps[-1]]
    axes = figure.subplots(1, len(moments), sharey=True, squeeze=False)[0]
    for axis, step in zip(axes, moments, strict=True):
        axis.set_yscale("log")
        for name, each in found.items():
            if step not in each.steps:
                continue
            row = each.shares[each.steps.index(step)]
            label, color, dash = _LOOKS[name]
            blocks = range(1, len(row) + 1)
            middle = [r.middle if r.middle > 0 else math.nan for r in row]
            axis.plot(blocks, middle, color=COLORS[color], linestyle=dash, linewidth=2.2)
            low, high = ([max(getattr(r, side), 1e-45) for r in row] for side in ("low", "high"))
            axis.fill_between(blocks, low, high, color=COLORS[color], alpha=0.16, linewidth=0)
            text = f"{label}: {raised(size_words(row[0].middle, each.rounded))}"
            axis.annotate(
                text, (1, middle[0]), (6, -15 if name == "plain" else 9), textcoords="offset points",
                color=COLORS[color], fontsize=10, fontweight="bold",
            )  # fmt: skip
        _dress(axis, "")
        axis.set_title(f"step {step}{' (untrained)' if step == 1 else ''}", loc="left", fontsize=11, color=_INK)
        axis.set_xlabel("block (1 is nearest the image)", color=_MUTED)
    axes[0].set_ylabel("gradient RMS over that of the last block", color=_MUTED)
    low, high = axes[0].get_ylim()
    axes[0].set_ylim(low / 30, high * 30)  # room for the words at the ends of the lines
    return _finished(figure, "How much of the gradient is left at each block")


def _learning(found: Mapping[str, Network], chance: float) -> Figure:
    figure = _blank(WIDE, TALL)
    axis = figure.subplots()
    for name, each in found.items():
        if not each.accuracy:
            continue
        label, color, dash = _LOOKS[name]
        steps = [step for step, _ in each.accuracy]
        middle, low, high = (
            [100 * getattr(score, side) for _, score in each.accuracy] for side in ("middle", "low", "high")
        )
        axis.plot(steps, middle, color=COLORS[color], linestyle=dash, linewidth=2.2)
        axis.fill_between(steps, low, high, color=COLORS[color], alpha=0.16, linewidth=0)
        ended = reached([outcome.accuracy for outcome in each.outcomes], chance)
        axis.annotate(
            f"{label} {ended}", (steps[-1], middle[-1]), (8, -4), textcoords="offset points",
            color=COLORS[color], fontsize=10, fontweight="bold", annotation_clip=False,
        )  # fmt: skip
    axis.axhline(100 * chance, color=_MUTED, linestyle=":", linewidth=1.4)
    axis.annotate("a guess", (0, 100 * chance), (4, 5), textcoords="offset points", color=_MUTED, fontsize=9)
    axis.set_ylim(0, 100)
    _dress(axis, "test accuracy [%]")
    axis.set_xlabel("training steps taken", color=_MUTED)
    return _finished(figure, "What that does to learning")


def drawn(words: Mapping[str, Any]) -> Figure:
    """A figure of a section, from the same mapping that the page draws."""
    figure = _blank(WIDE, TALL)
    axis = figure.subplots()
    across, up = words.get("x", {}), words.get("y", {})
    ends: list[End] = []
    if words["kind"] == "bars":
        _bars(axis, words)
    else:
        ends = _lines(axis, words)
        axis.set_xscale("log" if across.get("log") else "linear")
    axis.set_yscale("log" if up.get("log") else "linear")
    for rule in words.get("rules") or []:
        axis.axhline(rule["y"], color=_MUTED, linestyle=":", linewidth=1.2)
    axis.set_ylim(up.get("low"), up.get("high"))
    _dress(axis, raised(up.get("label", "")))
    axis.set_xlabel(raised(across.get("label", "")), color=_MUTED)
    return named(figure, {axis: ends}, raised(words.get("title", "")))


def _lines(axis: Any, words: Mapping[str, Any]) -> list[End]:
    """Draw every line; returns where they end, and their names."""
    log = words.get("y", {}).get("log")
    ends = []
    for place, each in enumerate(words["series"]):
        color = COLORS[color_of(each, place)]
        shown = [v if v > 0 or not log else math.nan for v in (number(v) for v in each["y"])]
        xs = [number(v) for v in each["x"]]
        only = each.get("marks") == "only"
        axis.plot(
            xs, shown, color=color, linestyle="none" if only else "--" if each.get("dash") else "-",
            linewidth=1.4 if each.get("thin") else 2.0, marker="o" if each.get("marks") else None, markersize=4,
        )  # fmt: skip
        if each.get("low") and each.get("high"):
            low, high = ([number(v) for v in each[side]] for side in ("low", "high"))
            axis.fill_between(xs, low, high, color=color, alpha=0.16, linewidth=0)
        known = [(x, y) for x, y in zip(xs, shown, strict=True) if math.isfinite(y)]
        if each.get("name") and known:
            ends.append(End(*known[-1], raised(each["name"]), color, known[0][1]))
    return ends


def _bars(axis: Any, words: Mapping[str, Any]) -> None:
    names, series = words["categories"], words["series"]
    wide = 0.8 / len(series)
    for place, each in enumerate(series):
        color = COLORS[color_of(each, place)]
        where = [i + (place - (len(series) - 1) / 2) * wide for i in range(len(names))]
        axis.bar(
            where, [number(v) for v in each["y"]], wide * 0.94, color=color, label=raised(each.get("name", ""))
        )
    axis.set_xticks(range(len(names)), [str(name) for name in names])
    if len(series) > 1:
        axis.legend(frameon=False, fontsize=9, labelcolor=_INK)
