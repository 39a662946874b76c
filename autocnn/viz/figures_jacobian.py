"""Figures of Jacobians: singular values block by block, and gains of blocks and of all that lies behind them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from autocnn.errors import GraphError
from autocnn.viz.figures import _INK, _MUTED, Figure, Series, _blank, _dress, _looks, _points
from autocnn.viz.line_ends import End, named


def spectra(
    networks: Mapping[str, Sequence[Sequence[float]]], *, title: str = "", what: str = "of one block"
) -> Figure:
    """The largest singular values of every block: a dot each, a line through the largest, one colour a network.

    ``networks`` maps a name to the blocks' singular values, block 1 first, falling. The grey line at 1 is a block
    that passes a gradient unchanged.

    >>> spectra({"plain": [[0.8, 0.7], [0.9, 0.6]], "residual": [[1.8, 1.7], [1.9, 1.6]]}).bytes("png")[1:4]
    b'PNG'
    """
    if not networks or not all(networks.values()):
        raise GraphError("spectra: networks is empty, or one has no block; give at least one of each")
    figure = _blank(9.6, 5.4)
    axis = figure.subplots()
    ends = []
    count = len(networks)
    most = max(map(len, networks.values()))
    for i, ((name, blocks), (color, dash, _)) in enumerate(
        zip(networks.items(), _looks(dict.fromkeys(networks, ())), strict=True)
    ):
        shift = (i - (count - 1) / 2) * 0.25
        where = [number + shift for number in range(1, len(blocks) + 1)]
        top = [values[0] for values in blocks]
        axis.plot(where, top, color=color, linestyle=dash, linewidth=1.6)
        dots = [(x, s) for x, values in zip(where, blocks, strict=True) for s in values if s > 0]
        axis.plot([x for x, _ in dots], [s for _, s in dots], "o", color=color, markersize=3, alpha=0.75)
        ends.append(End(where[-1], top[-1], name, color))
    every = [s for blocks in networks.values() for values in blocks for s in values if s > 0]
    if every and max(every) > 20 * min(every):
        axis.set_yscale("log")
    else:
        axis.set_ylim(bottom=0)
    _dress(axis, f"{len(next(iter(networks.values()))[0])} largest singular values {what}")
    _unchanged(axis, 1.0)
    _blocks(axis, most)
    return named(figure, {axis: ends}, title)


def gains(panels: Mapping[str, Mapping[str, Series]], *, title: str = "") -> Figure:
    """Backward gains by block, |J|_F^2 / d_out, on a log axis: a panel for each span, a line for each network.

    ``panels`` maps a span ("one block", "from the output back to the block") to networks to values by block
    number. The grey line at 1 is a squared norm that passes unchanged; a gain of 0 is an open triangle.

    >>> one = {"plain": [0.1, 0.08, 0.1], "residual": [1.1, 1.0, 1.2]}
    >>> gains({"one block": one}).bytes("png")[1:4]
    b'PNG'
    """
    if not panels or not all(panels.values()):
        raise GraphError("gains: panels is empty, or one has no network; give at least one of each")
    figure = _blank(4.8 * len(panels) if len(panels) > 1 else 9.6, 5.4)
    axes = figure.subplots(1, len(panels), sharex=True, squeeze=False)[0]
    ends: dict[Any, list[End]] = {}
    for axis, (span, networks) in zip(axes, panels.items(), strict=True):
        axis.set_yscale("log")
        ends[axis] = list(_gain_lines(axis, networks))
        _dress(axis, "")
        axis.set_title(span, loc="left", fontsize=10, color=_INK)
        _unchanged(axis, 1.0)
        _blocks(axis, max(max(_points(series)[0]) for series in networks.values()))
    axes[0].set_ylabel("backward gain, factor of the squared norm", color=_MUTED, fontsize=9)
    return named(figure, ends, title)


def _gain_lines(axis: Any, networks: Mapping[str, Series]) -> Any:
    positive = [v for series in networks.values() for v in _points(series)[1] if v > 0]
    floor = min(positive, default=1.0) / 10
    for (name, series), (color, dash, mark) in zip(networks.items(), _looks(networks), strict=True):
        where, values = _points(series)
        every = max(1, len(where) // 14)
        look = {"color": color, "linestyle": dash, "marker": mark, "markersize": 4, "markevery": every}
        axis.plot(where, [v if v > 0 else math.nan for v in values], linewidth=1.8, **look)
        lost = [x for x, v in zip(where, values, strict=True) if v == 0]
        axis.plot(lost, [floor] * len(lost), "v", color=color, markerfacecolor="white")
        yield End(where[-1], values[-1] if values[-1] > 0 else floor, name, color, before=values[len(values) // 2])


def _unchanged(axis: Any, height: float) -> None:
    axis.axhline(height, color=_MUTED, linewidth=0.9, linestyle=(0, (1, 2)), zorder=1)


def _blocks(axis: Any, most: float) -> None:
    axis.set_xlabel("block (1 is nearest the input)", color=_MUTED, fontsize=9)
    axis.set_xlim(0.4, most + 0.6)
    axis.xaxis.get_major_locator().set_params(integer=True)
