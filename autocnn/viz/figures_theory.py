"""Figures of theory: the toy model of vanishing gradients, and predictions beside measurements."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from autocnn.errors import GraphError
from autocnn.viz.figures import _INK, _MUTED, Figure, Series, _blank, _dress, _looks, _points
from autocnn.viz.line_ends import End, named

Curves: TypeAlias = Mapping[str, Mapping[str, Mapping[int, Series]]]
"""By row, column and depth n: values by theta."""

SHADES = {
    "none": ("#F7B48A", "#EE8F55", "#E0702A", "#C65400", "#8F3C00"),
    "skip": ("#8CC4E8", "#56A6DA", "#2389CB", "#0068A8", "#004A79"),
}
"""From shallow to deep: vermilion without skips, blue with them."""

LEAST32 = 1.4e-45
"""The least positive float32."""


def toy(
    curves: Curves, *, dots: Curves | None = None, x: str = "θ", floor: float = 1e-50, title: str = ""
) -> Figure:
    """The toy model: rows of gradients, columns of skips, a line for each depth against theta, on one log axis.

    The first column is drawn dashed and vermilion, without skips; the others solid and blue. `dots` are marks on
    the lines, such as what an engine found. Values below `floor` are not shown; a grey line says where float32
    rounds to zero, if the axis goes that far.

    >>> row = {"no skip": {1: {0.1: 1.0, 1.0: 0.4}, 50: {0.1: 1e-48, 1.0: 3e-5}}}
    >>> toy({"gradient at θ": row}).bytes("png")[1:4]
    b'PNG'
    """
    if not curves or not all(curves.values()):
        raise GraphError("toy: curves is empty; give at least one row with one column")
    columns = max(map(len, curves.values()))
    figure = _blank(12.8, 7.2)
    axes = figure.subplots(len(curves), columns, sharex=True, sharey=True, squeeze=False)
    ends: dict[Any, list[End]] = {}
    for i, (row, panels) in enumerate(curves.items()):
        for j, (column, lines) in enumerate(panels.items()):
            axis = axes[i, j]
            axis.set_yscale("log")
            ends[axis] = _lines(axis, lines, j, floor)
            _dots(axis, (dots or {}).get(row, {}).get(column, {}), j, floor)
            _dress(axis, row if j == 0 else "")
            if i == 0:
                axis.set_title(column, loc="left", fontsize=11, color=_INK)
        axes[-1, -1].set_ylim(bottom=max(floor, axes[-1, -1].get_ylim()[0]))
    low, high = axes[0, 0].get_ylim()
    for axis in axes.flat:
        axis.label_outer()
        if low < LEAST32 / 10:
            axis.axhline(LEAST32, color=_MUTED, linewidth=0.9)
            if axis.get_subplotspec().is_last_col():
                ends[axis].append(End(axis.get_xlim()[1], LEAST32, "float32 is 0 below", _MUTED))
        ends[axis] = _one_for_all(axis, ends[axis], math.log10(high / low))
    for axis in axes[-1]:
        axis.set_xlabel(x, color=_MUTED, fontsize=10)
    return named(figure, ends, title)


def _one_for_all(axis: Any, ends: list[End], decades: float) -> list[End]:
    """One name for lines that cannot be told apart."""
    lines = [line.get_ydata() for line in axis.get_lines()[: len(ends)]]
    values = [value for line in lines for value in line if value > 0]
    depths = [end for end in ends if end.text.startswith("n = ")]
    if len(depths) < 3 or not values or math.log10(max(values) / min(values)) > decades / 100:
        return ends
    last = depths[-1]
    return [last._replace(text=f"{depths[0].text} to {last.text[4:]}"), *ends[len(depths) :]]


def _lines(axis: Any, lines: Mapping[int, Series], column: int, floor: float) -> list[End]:
    ends = []
    for place, (n, series) in enumerate(lines.items()):
        where, values = _points(series)
        shown = [abs(value) if abs(value) >= floor else math.nan for value in values]
        color = _shade(column, place, len(lines))
        axis.plot(where, shown, color=color, linestyle="-" if column else (0, (5, 1.6)), linewidth=1.7)
        ends.append(End(where[-1], max(abs(values[-1]), floor), f"n = {n}", color, before=abs(values[0])))
    return ends


def _dots(axis: Any, lines: Mapping[int, Series], column: int, floor: float) -> None:
    for place, series in enumerate(lines.values()):
        pairs = [(at, abs(value)) for at, value in zip(*_points(series), strict=True) if abs(value) >= floor]
        color = _shade(column, place, len(lines))
        axis.plot(*zip(*pairs, strict=True), linestyle="none", marker="o", markersize=3.2, color=color)


def _shade(column: int, place: int, count: int) -> str:
    shades = SHADES["skip" if column else "none"]
    return shades[min(len(shades) - 1, round(place * (len(shades) - 1) / max(1, count - 1)))]


def theory(
    panels: Mapping[str, Mapping[str, tuple[Series, Sequence[Series]]]],
    *,
    x: str = "layer (1 is nearest the input)",
    y: str = "gradient, root mean square",
    columns: int = 3,
    title: str = "",
) -> Figure:
    """Prediction beside measurement: a line for each network, and dots for every draw of its weights.

    `panels` maps a setting to networks ("plain", "residual"), each to what is predicted by layer and to what was
    measured, one series for each draw. The axis is logarithmic.

    >>> theory({"tanh": {"plain": ([1e-3, 1e-2, 1e-1], [[2e-3, 1e-2, 1e-1]])}}).bytes("png")[1:4]
    b'PNG'
    """
    if not panels:
        raise GraphError("theory: panels is empty; give at least one")
    columns = min(columns, len(panels))
    rows = math.ceil(len(panels) / columns)
    figure = _blank(12.8, 7.2)
    axes = list(figure.subplots(rows, columns, sharex=True, squeeze=False).flat)
    ends: dict[Any, list[End]] = {}
    for axis, (setting, networks) in zip(axes, panels.items(), strict=False):
        axis.set_yscale("log")
        _dress(axis, y if axis.get_subplotspec().is_first_col() else "")
        axis.set_title(setting, loc="left", fontsize=10.5, color=_INK)
        ends[axis] = _pairs(axis, networks)
        low, high = axis.get_ylim()
        if high / low < 100:  # a decade to either side, else noise fills the panel
            middle = math.sqrt(low * high)
            axis.set_ylim(middle / 30, middle * 30)
    for axis in axes[len(panels) :]:
        axis.remove()
    for axis in axes[max(0, len(panels) - columns) : len(panels)]:
        axis.tick_params(labelbottom=True)
        axis.set_xlabel(x, color=_MUTED, fontsize=9)
    return named(figure, ends, title)


def _pairs(axis: Any, networks: Mapping[str, tuple[Series, Sequence[Series]]]) -> list[End]:
    ends = []
    for (name, (predicted, measured)), (color, dash, _) in zip(
        networks.items(), _looks(_flat(networks)), strict=True
    ):
        for series in measured:
            where, values = _points(series)
            every = max(1, len(where) // 14)
            shown = [value if value > 0 else math.nan for value in values]
            axis.plot(
                where, shown, linestyle="none", marker="o", markersize=3.4, markevery=every, color=color,
                alpha=0.45, markeredgewidth=0,
            )  # fmt: skip
        where, values = _points(predicted)
        axis.plot(where, values, color=color, linestyle=dash, linewidth=1.8)
        ends.append(End(where[-1], values[-1], name, color, before=values[0]))
    return ends


def _flat(networks: Mapping[str, tuple[Series, Sequence[Series]]]) -> dict[str, Series]:
    return {name: predicted for name, (predicted, _) in networks.items()}


__all__ = ["Curves", "theory", "toy"]
