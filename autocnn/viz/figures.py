"""Figures of numbers: learning curves, and the gradient's size from block to block.

matplotlib is imported when a figure is made; its global state (pyplot, rcParams, backends) is left alone.
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

from autocnn.errors import GraphError
from autocnn.graph.store import write_whole
from autocnn.viz.render import FORMATS

Series: TypeAlias = Mapping[float, float] | Sequence[float]
"""Values by place (a mapping), or at the places 1, 2, 3 ... (a sequence)."""

_INK, _MUTED, _GRID = "#22303C", "#5B6B7A", "#DDE3E8"
_CYCLE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00")
_DASHES = ("-", "--", "-.", ":")
_SKIP = ("#0072B2", "-", "o")
_KNOWN = {"residual": _SKIP, "skip": _SKIP, "plain": ("#D55E00", "--", "s")}


@dataclass(frozen=True)
class Figure:
    """A finished matplotlib figure that saves itself, whole or not at all."""

    figure: Any = field(repr=False)

    def bytes(self, format: str) -> bytes:
        """The figure as svg, png or pdf; equal numbers give equal bytes."""
        if format not in FORMATS:
            raise GraphError(f"figure: format is {format!r}; one of {', '.join(FORMATS)}")
        buffer = io.BytesIO()
        dated = {"svg": "Date", "pdf": "CreationDate"}
        metadata = {dated[format]: None} if format in dated else None
        import matplotlib

        with matplotlib.rc_context({"svg.hashsalt": "autocnn"}):  # else names inside are drawn at random
            self.figure.savefig(buffer, format=format, dpi=150, metadata=metadata)
        return buffer.getvalue()

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the file whose suffix says the format: .svg, .png or .pdf."""
        return write_whole(path, self.bytes(Path(path).suffix.lower().lstrip(".")))

    def _repr_svg_(self) -> str:
        return self.bytes("svg").decode()


def learning_curve(
    loss: Mapping[str, Series],
    accuracy: Mapping[str, Series] | None = None,
    *,
    unit: str = "epoch",
    title: str = "",
) -> Figure:
    """Loss, and below it accuracy (fractions, shown in percent), by epoch or step; one line per name.

    The legend says the last values. A loss that falls to a twentieth or less has a log axis.

    >>> learning_curve({"training": [2.3, 0.9, 0.4]}, {"test": [0.4, 0.8, 0.9]}).bytes("svg")[:5]
    b'<?xml'
    """
    panels = [("loss", "{:.3g}", loss, 1.0)]
    if accuracy:
        panels.append(("accuracy [%]", "{:.2f} %", accuracy, 100.0))
    figure = _blank(6.4, 2.6 * len(panels) + 0.5)
    axes = figure.subplots(len(panels), 1, sharex=True, squeeze=False)[:, 0]
    for axis, (name, written, lines, factor) in zip(axes, panels, strict=True):
        for place, (label, series) in enumerate(lines.items()):
            where, values = _points(series)
            mark = "o" if len(where) <= 30 else None
            color, dash = _CYCLE[place % len(_CYCLE)], _DASHES[place % len(_DASHES)]
            heights = [value * factor for value in values]
            axis.plot(where, heights, color=color, linestyle=dash, marker=mark, markersize=3.5, label=label)
        _dress(axis, name)
        shown = list(_legend(axis))
        texts = [f"{text}  {written.format(line.get_ydata()[-1])}" for line, text in shown]
        axis.legend([line for line, _ in shown], texts, frameon=False, fontsize=9, labelcolor=_INK)
    _loss_axis(axes[0], [value for series in loss.values() for value in _points(series)[1]])
    axes[-1].set_xlabel(unit, color=_MUTED, fontsize=9)
    axes[-1].xaxis.get_major_locator().set_params(integer=True)
    return _finished(figure, title)


def _loss_axis(axis: Any, values: Sequence[float]) -> None:
    """Log, with plain numbers, where most of the way down would not be seen; else from zero."""
    if min(values, default=0.0) > 0 and max(values) > 20 * min(values):
        axis.set_yscale("log")
        axis.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
    else:
        axis.set_ylim(bottom=min(0.0, axis.get_ylim()[0]))


def gradient_flow(
    panels: Mapping[str, Mapping[str, Series]], *, title: str = "", notes: Mapping[str, str] | None = None
) -> Figure:
    """The gradient's root mean square by block, on a log axis: one panel per moment, one line per network.

    ``panels`` maps a moment ("first step") to networks ("plain", "residual") to values by block number. A
    value of zero is an open triangle on the floor. ``notes`` adds words to a network's name in the legend.

    >>> flow = {"first step": {"plain": [1e-9, 1e-6, 1e-3], "residual": [2e-3, 2e-3, 3e-3]}}
    >>> gradient_flow(flow).bytes("png")[1:4]
    b'PNG'
    """
    if not panels:
        raise GraphError("gradient_flow: panels is empty; give at least one moment with its networks")
    figure = _blank(4.1 * len(panels) + 0.9, 4.0)
    axes = figure.subplots(1, len(panels), sharex=True, sharey=True, squeeze=False)[0]
    floor = _floor(panels)
    for axis, (moment, networks) in zip(axes, panels.items(), strict=True):
        axis.set_yscale("log")
        for (label, series), (color, dash, mark) in zip(networks.items(), _looks(networks), strict=True):
            where, values = _points(series)
            text = f"{label} ({notes[label]})" if notes and label in notes else label
            shown = [value if value > 0 else float("nan") for value in values]
            every = max(1, len(where) // 14)
            look = {"color": color, "linestyle": dash, "marker": mark, "markersize": 4, "markevery": every}
            axis.plot(where, shown, linewidth=1.8, label=text, **look)
            lost = [place for place, value in zip(where, values, strict=True) if value == 0]
            zero = {"markerfacecolor": "white", "markevery": every, "linestyle": "none"}
            axis.plot(lost, [floor] * len(lost), marker="v", color=color, label=f"{label}: exactly 0", **zero)
        _dress(axis, "")
        axis.set_title(moment, loc="left", fontsize=10, color=_INK)
        axis.set_xlabel("block (1 is nearest the input)", color=_MUTED, fontsize=9)
    axes[0].set_ylabel("gradient, root mean square", color=_MUTED, fontsize=9)
    handles = {text: handle for axis in axes for handle, text in _legend(axis)}
    place = {"loc": "outside lower center", "ncols": 2, "frameon": False}
    figure.legend(handles.values(), handles.keys(), fontsize=9.5, labelcolor=_INK, **place)
    return _finished(figure, title)


def _blank(width: float, height: float) -> Any:
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure as Canvas
    except ImportError as error:
        raise GraphError("figures need matplotlib; pip install 'autocnn[examples]'") from error
    figure = Canvas(figsize=(width, height), layout="constrained", facecolor="white")
    FigureCanvasAgg(figure)
    return figure


def _finished(figure: Any, title: str) -> Figure:
    """Titled and laid out, once: laid out again, a figure would move a little with every format."""
    if title:
        figure.suptitle(title.replace("$", r"\$"), fontsize=12, fontweight="bold", color=_INK)
    figure.draw_without_rendering()
    figure.set_layout_engine("none")
    return Figure(figure)


def _dress(axis: Any, name: str) -> None:
    axis.spines[["top", "right"]].set_visible(False)
    axis.spines[["left", "bottom"]].set_color(_MUTED)
    axis.tick_params(colors=_MUTED, labelsize=8.5)
    axis.grid(True, color=_GRID, linewidth=0.7)
    axis.set_axisbelow(True)
    axis.set_ylabel(name, color=_MUTED, fontsize=9)


def _legend(axis: Any) -> Iterator[tuple[Any, str]]:
    """The lines of a panel that show something, with their names."""
    return ((line, line.get_label()) for line in axis.get_lines() if len(line.get_xdata()))


def _looks(networks: Mapping[str, Series]) -> Iterator[tuple[str, str, str]]:
    free = [color for color in _CYCLE if all(color != _KNOWN[name][0] for name in networks if name in _KNOWN)]
    place = 0
    for name in networks:
        if name in _KNOWN:
            yield _KNOWN[name]
        else:
            yield free[place % len(free)], _DASHES[place % len(_DASHES)], "o^Dx"[place % 4]
            place += 1


def _floor(panels: Mapping[str, Mapping[str, Series]]) -> float:
    """A height below every positive value, for zeros."""
    values = [v for networks in panels.values() for series in networks.values() for v in _points(series)[1]]
    return min((value for value in values if value > 0), default=1.0) / 10


def _points(series: Series) -> tuple[list[float], list[float]]:
    if isinstance(series, Mapping):
        return list(series.keys()), list(series.values())
    return [float(place) for place in range(1, len(series) + 1)], list(series)
