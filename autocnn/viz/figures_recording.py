"""A training as it went: the gradient by layer and step, and how far each step moved the weights."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from typing import Any

from autocnn.errors import GraphError
from autocnn.viz.figures import _INK, _MUTED, Figure, _blank, _dress, _finished, _loss_axis

GUIDE = 1e-3
"""An update a thousandth of its weight: a rule of thumb, not a law."""
_ROWS = 26
"""Layers that have their name written beside the picture; of more, some."""
_NAN = float("nan")


def recording(numbers: Mapping[str, Any], *, title: str = "Gradients while it trains") -> Figure:
    """The picture of what `flow.watch` recorded, from its `to_dict()`.

    Left the gradient's root mean square by layer (the input's end at the bottom) and step: a colour is a size,
    white is where nothing was measured, red what is not finite, a cross exactly 0. Right each weight's update over
    the weight itself, from the input's end (dark) to the loss's (light), beside 1e-3; below it the loss.

    Raises GraphError if no step was recorded.

    >>> layer = {"name": "conv1", "op": "conv", "rms": [0.1, 0.2]}
    >>> weight = {"name": "conv1.weight", "ratio": [0.01, 0.002]}
    >>> numbers = {"step": [1, 2], "loss": [2.3, 2.0], "vertices": [layer], "parameters": [weight]}
    >>> recording(numbers).bytes("png")[1:4]
    b'PNG'
    """
    steps = list(numbers["step"])
    if not steps:
        raise GraphError("recording: step is empty; nothing was recorded")
    figure = _blank(12.8, 7.2)
    figure.get_layout_engine().set(w_pad=0.15)  # small letters are wider in a PNG than in the layout
    grid = figure.add_gridspec(2, 2, width_ratios=(1.45, 1), height_ratios=(1.9, 1))
    _sizes(figure, figure.add_subplot(grid[:, 0]), steps, numbers["vertices"])
    moves = figure.add_subplot(grid[0, 1])
    _updates(moves, steps, numbers["parameters"])
    loss = figure.add_subplot(grid[1, 1], sharex=moves)
    losses = [_number(x) for x in numbers["loss"]]
    loss.plot(steps, losses, color="#0072B2", linewidth=1.8, marker=_mark(steps), markersize=3.5)
    _dress(loss, "")
    _loss_axis(loss, [x for x in losses if math.isfinite(x)])
    if loss.get_yscale() == "linear":
        loss.set_ylim(top=1.1 * loss.get_ylim()[1])
    _heading(loss, "loss")
    loss.set_xlabel("step", color=_MUTED, fontsize=9)
    moves.tick_params(labelbottom=False)
    for axis in (moves, loss):
        _by_step(axis, steps)
    return _finished(figure, title)


def _sizes(figure: Any, axis: Any, steps: Sequence[int], layers: Sequence[Mapping[str, Any]]) -> None:
    """The map: a column for each step, as wide as the time until the next on a log axis."""
    table = [[_number(x) for x in layer["rms"]] for layer in layers]
    exponents = [[math.log10(x) if 0 < x < math.inf else _NAN for x in row] for row in table]
    known = [x for row in exponents for x in row if not math.isnan(x)]
    low, high = (min(known), max(known)) if known else (-1.0, 0.0)
    low, high = math.floor(low), max(math.ceil(high), math.floor(low) + 1)
    edges = _edges(steps)
    mesh = axis.pcolormesh(edges, range(len(layers) + 1), exponents, cmap="viridis", vmin=low, vmax=high)
    zeros = [(s, y + 0.5) for y, row in enumerate(table) for s, x in zip(steps, row, strict=True) if x == 0]
    if zeros:
        axis.plot(*zip(*zeros, strict=True), linestyle="none", marker="x", color=_INK, markersize=4)
    strange = [[float(x or 0) for x in layer.get("strange", [0] * len(steps))] for layer in layers]
    words = "gradient RMS by layer, the input's end at the bottom"
    if any(x for row in strange for x in row):
        red = [[x if x else _NAN for x in row] for row in strange]
        axis.pcolormesh(edges, range(len(layers) + 1), red, cmap=_red(), vmin=0, vmax=1)
        words += "; red: not finite"
    _dress(axis, "")
    axis.grid(False)
    axis.set_facecolor("white")
    every = max(1, math.ceil(len(layers) / _ROWS))
    named = range(0, len(layers), every)
    axis.set_yticks([y + 0.5 for y in named], [layers[y]["name"] for y in named])
    axis.tick_params(axis="y", labelsize=7.5)
    _by_step(axis, steps)
    axis.set_xlabel("step", color=_MUTED, fontsize=9)
    _heading(axis, words)
    bar = figure.colorbar(mesh, ax=axis, pad=0.015, aspect=40)
    ticks = range(low, high + 1, max(1, (high - low) // 8))
    bar.set_ticks(list(ticks), labels=[f"$10^{{{t}}}$" for t in ticks])
    bar.ax.tick_params(colors=_MUTED, labelsize=8.5)
    bar.outline.set_visible(False)


def _updates(axis: Any, steps: Sequence[int], parameters: Sequence[Mapping[str, Any]]) -> None:
    """A line for each weight; vectors (biases, norms) are left out where there are weights."""
    from matplotlib import colormaps

    weights = [p for p in parameters if p["name"].rpartition(".")[2] == "weight"] or list(parameters)
    weights = [p for p in weights if any(_number(x) > 0 for x in p["ratio"])]
    axis.set_yscale("log")
    for place, p in enumerate(weights):
        color = colormaps["viridis"](0.9 * place / max(len(weights) - 1, 1))
        ratios = [x if x > 0 else _NAN for x in map(_number, p["ratio"])]
        axis.plot(steps, ratios, color=color, linewidth=1.0, alpha=0.85, marker=_mark(steps), markersize=2.5)
    if not weights:  # no optimiser has moved any
        axis.set_ylim(GUIDE / 10, GUIDE * 10)
    axis.axhline(GUIDE, color="#D55E00", linestyle="--", linewidth=1.2)
    axis.annotate(
        "1e-3, a rule of thumb", (1.0, GUIDE), (-2, 4), xycoords=("axes fraction", "data"),
        textcoords="offset points", ha="right", fontsize=8.5, color="#D55E00",
        bbox={"boxstyle": "square,pad=0.15", "facecolor": "white", "edgecolor": "none", "alpha": 0.8},
    )  # fmt: skip
    _dress(axis, "")
    _heading(axis, "update over weight, input's end dark")


def _red() -> Any:
    from matplotlib.colors import ListedColormap

    return ListedColormap(["#D55E00"])


def _heading(axis: Any, text: str) -> None:
    axis.set_title(text, loc="left", fontsize=10, color=_INK)


def _by_step(axis: Any, steps: Sequence[int]) -> None:
    """A log axis of whole steps, unless there are few."""
    edges = _edges(steps)
    axis.set_xlim(edges[0], edges[-1])
    if steps[-1] > 20 * steps[0]:
        axis.set_xscale("log")
        axis.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    else:
        axis.xaxis.get_major_locator().set_params(integer=True)


def _edges(steps: Sequence[int]) -> list[float]:
    """Between which places each step's column lies: halfway to its neighbours, on the axis that is drawn."""
    far = steps[-1] > 20 * steps[0]
    places = [math.log(step) if far else float(step) for step in steps]
    middles = [(a + b) / 2 for a, b in itertools.pairwise(places)] or [places[0] + 0.5]
    edges = [2 * places[0] - middles[0], *middles[: len(places) - 1], 2 * places[-1] - middles[-1]]
    if len(places) == 1:
        edges = [places[0] - 0.5, places[0] + 0.5]
    return [math.exp(edge) for edge in edges] if far else edges


def _mark(steps: Sequence[int]) -> str | None:
    return "o" if len(steps) <= 30 else None


def _number(value: Any) -> float:
    """A number of strict JSON."""
    return _NAN if value is None else float(value)
