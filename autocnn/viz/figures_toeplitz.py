"""A figure of a convolution's matrix: where its weights stand, and that they are shared."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np

from autocnn.errors import GraphError
from autocnn.viz.figures import _GRID, _INK, _MUTED, Figure, _blank, _finished
from autocnn.viz.figures_seen import _BLUE, _VERMILION, NEGATIVE, POSITIVE, _explain


def toeplitz(
    matrix: Any, shape: Sequence[int] = (), output: Sequence[int] = (), *, names: Any = None, title: str = ""
) -> Figure:
    """The matrix of a convolution in colours, zeros white, weights blue to vermilion by sign and size.

    ``shape`` (C, H, W) and ``output`` (O, oh, ow) part it into blocks: dark lines between channels, light ones
    between rows of pixels. In a matrix of at most 30 by 30 stand its numbers, or ``names`` of the same shape.

    >>> toeplitz([[1.0, 2.0, 0.0], [0.0, 1.0, 2.0]]).bytes("png")[1:4]
    b'PNG'
    """
    array = np.asarray(matrix, dtype=float)
    if array.ndim != 2 or not array.size:
        raise GraphError(f"toeplitz: matrix has shape {array.shape}; it must have rows and columns")
    for name, parts, count in (("shape", shape, array.shape[1]), ("output", output, array.shape[0])):
        if parts and prod(parts) != count:
            raise GraphError(f"toeplitz: {name} is {tuple(parts)}; the matrix {array.shape} has {count} of them")
    rows, columns = array.shape
    scale = 8.0 / max(rows, columns)
    figure = _blank(max(columns * scale, 2.5) + 1.0, max(rows * scale, 1.5) + 1.3)
    axis = figure.subplots()
    axis.imshow(_colors(array), interpolation="nearest", aspect="equal")
    for along, parts in (("x", shape), ("y", output)):
        _lines(axis, along, tuple(parts))
    if max(rows, columns) <= 30:
        _numbers(axis, array, names)
    axis.set_xticks([])
    axis.set_yticks([])
    axis.spines[:].set_color(_MUTED)
    axis.set_xlabel(f"input: {_said('C', shape, columns)}", color=_INK, fontsize=9)
    axis.set_ylabel(f"output: {_said('O', output, rows)}", color=_INK, fontsize=9)
    zeros = float((array == 0).mean())
    distinct = len(np.unique(array[array != 0]))
    axis.set_title(f"{rows}×{columns}, {zeros:.0%} zeros, {distinct} distinct weights", fontsize=9, color=_MUTED)
    most = f"{abs(array).max():.2g}"
    _explain(figure, ((_BLUE, f"-{most}"), ("#FFFFFF", "0"), (_VERMILION, most)))
    return _finished(figure, title)


def _said(letter: str, parts: Sequence[int], count: int) -> str:
    if not parts:
        return f"{count} numbers"
    axes = (letter, "D", "H", "W")[:1] + ("D", "H", "W")[4 - len(parts) :] if len(parts) > 1 else (letter,)
    return " ".join(axes) + " = " + "×".join(map(str, parts))


def _colors(array: Any) -> Any:
    most = float(np.abs(array).max()) or 1.0
    strength = np.where(array == 0, 0.0, 0.2 + 0.8 * np.abs(array) / most)[..., None]
    full = np.where(array[..., None] > 0, np.array(POSITIVE) / 255, np.array(NEGATIVE) / 255)
    return 1 - strength * (1 - full)


def _lines(axis: Any, along: str, parts: tuple[int, ...]) -> None:
    """Between channels and between rows of pixels, where there are any."""
    line = axis.axvline if along == "x" else axis.axhline
    every = {prod(parts[1:]): (_INK, 1.2), (parts[-1] if len(parts) > 2 else 0): (_GRID, 0.8)}
    total = prod(parts)
    for step, (color, width) in reversed(every.items()):
        if step and total // step <= 160:
            for place in range(step, total, step):
                line(place - 0.5, color=color, linewidth=width)


def _numbers(axis: Any, array: Any, names: Any) -> None:
    rows, columns = array.shape
    size = min(9.0, 190 / max(rows, columns))
    most = float(np.abs(array).max())
    for row, column in zip(*np.nonzero(array), strict=True):
        value = float(array[row, column])
        text = str(names[row][column]) if names is not None else f"{value:.2g}"
        color = "white" if abs(value) > 0.7 * most else _INK
        axis.text(column, row, text, ha="center", va="center", fontsize=size, color=color)
