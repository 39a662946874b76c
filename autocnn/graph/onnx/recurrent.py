"""Recurrent layers as ONNX, which has its own order of gates, and an axis for the directions."""

from __future__ import annotations

from typing import Any

import numpy as np

from autocnn.graph.data import Vertex
from autocnn.graph.onnx.writer import Writer, attribute, writes


@writes("lstm")
def _lstm(w: Writer, v: Vertex, xs: list[str]) -> Any:
    x, h, c, weight, hidden, bias = xs
    order, width = _rows(w, v, (0, 3, 1, 2)), _width(w, v)
    none = w.constant(np.zeros(4 * width), w.sources(v)[0].dtype)
    matrices = [_ordered(w, name, order) for name in (weight, hidden)]
    biases = _ahead(w, w.node("Concat", w.node("Gather", bias, order, axis=0), none, axis=0))
    states = [_ahead(w, name) for name in (h, c)]
    y, _, later = w.node(
        "LSTM", x, *matrices, biases, "", *states, outputs=3, hidden_size=width, direction=_direction(v)
    )
    return _squeezed(w, y, 1), _squeezed(w, later, 0)


@writes("gru")
def _gru(w: Writer, v: Vertex, xs: list[str]) -> Any:
    x, h, weight, hidden, *biases = xs
    order = _rows(w, v, (1, 0, 2))
    matrices = [_ordered(w, name, order) for name in (weight, hidden)]
    both = w.node("Concat", *[w.node("Gather", name, order, axis=0) for name in biases], axis=0)
    y, _ = w.node(
        "GRU", x, *matrices, _ahead(w, both), "", _ahead(w, h), outputs=2, hidden_size=_width(w, v),
        direction=_direction(v), linear_before_reset=1,
    )  # fmt: skip
    return _squeezed(w, y, 1)


def _width(w: Writer, v: Vertex) -> int:
    return w.sources(v)[1].shape[1]


def _rows(w: Writer, v: Vertex, gates: tuple[int, ...]) -> str:
    """The rows of a matrix, gate by gate in another order."""
    width = _width(w, v)
    return w.constant(np.concatenate([np.arange(width) + gate * width for gate in gates]))


def _ordered(w: Writer, matrix: str, order: str) -> str:
    return _ahead(w, w.node("Gather", matrix, order, axis=0))


def _ahead(w: Writer, x: str) -> str:
    """x with an axis for the one direction in front."""
    made: str = w.node("Unsqueeze", x, w.constant([0]))
    return made


def _squeezed(w: Writer, x: str, axis: int) -> str:
    made: str = w.node("Squeeze", x, w.constant([axis]))
    return made


def _direction(v: Vertex) -> str:
    return "reverse" if attribute(v, "reverse") else "forward"
