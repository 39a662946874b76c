"""A figure of equivariance: layers by motions, how far f(Tx) is from T f(x)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from autocnn.errors import GraphError
from autocnn.viz.figures import _INK, _MUTED, Figure, _blank, _finished
from autocnn.viz.figures_seen import POSITIVE

_ROUNDING = 1e-5
"""An error below is what float32 leaves of 0."""


def equivariance(
    errors: Mapping[str, Mapping[str, float]], *, notes: Mapping[str, str] | None = None, title: str = ""
) -> Figure:  # fmt: skip
    """A table in colours: a row for each layer, the input's end at the top, a column for each motion.

    ``errors`` maps the name of a motion ("shift by 1") to the layers' errors as shares of T f(x), by name. White
    is 0; what is below 1e-5 is rounding and written as 0; an error of 1 or more has the full colour; NaN is left
    empty. ``notes`` adds words to the name of a layer; "-" is what runs outside of every module.

    >>> equivariance({"shift by 1": {"conv": 0.0, "pool": 0.3}}).bytes("png")[1:4]
    b'PNG'
    """
    if not errors or not all(errors.values()):
        raise GraphError("equivariance: errors is empty, or a motion has no layer; give at least one of each")
    layers = list(dict.fromkeys(layer for each in errors.values() for layer in each))
    figure = _blank(0.62 * len(errors) + 2.4, 0.3 * len(layers) + 1.4)
    axis = figure.subplots()
    for column, each in enumerate(errors.values()):
        for row, layer in enumerate(layers):
            _cell(axis, column, row, each.get(layer, math.nan))
    axis.set_xlim(-0.5, len(errors) - 0.5)
    axis.set_ylim(len(layers) - 0.5, -0.5)
    axis.set_xticks(range(len(errors)), list(errors), rotation=35, ha="left", rotation_mode="anchor")
    axis.set_yticks(range(len(layers)), [_called(x, notes or {}) for x in layers])
    axis.xaxis.tick_top()
    axis.tick_params(length=0, labelsize=8.5, labelcolor=_INK)
    axis.spines[:].set_visible(False)
    measured = "|f(Tx) - T f(x)| / |T f(x)|"
    empty = any(math.isnan(each.get(layer, math.nan)) for each in errors.values() for layer in layers)
    axis.set_xlabel(
        f"{measured}\n· nothing to compare: all elements see a border" if empty else measured,
        color=_MUTED,
        fontsize=9,
    )
    return _finished(figure, title)


def _called(layer: str, notes: Mapping[str, str]) -> str:
    name = "outside of modules" if layer == "-" else layer
    return f"{name} ({notes[layer]})" if layer in notes else name


def _cell(axis: Any, column: int, row: int, error: float) -> None:
    if math.isnan(error):
        axis.text(column, row, "·", ha="center", va="center", fontsize=8, color=_MUTED)
        return
    strength = min(error, 1.0) ** 0.5 if error >= _ROUNDING else 0.0
    color = tuple(1 - strength * (1 - part / 255) for part in POSITIVE)
    axis.fill_between([column - 0.48, column + 0.48], row - 0.46, row + 0.46, color=color, linewidth=0)
    written = (
        "0"
        if error < _ROUNDING
        else f"{error:.0e}"
        if error < 0.0005
        else f"{error:.3f}"
        if error < 0.005
        else f"{error:.2f}"
    )
    axis.text(column, row, written, ha="center", va="center", fontsize=8, color=_INK)
