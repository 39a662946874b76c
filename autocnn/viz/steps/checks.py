"""What a page of one convolution takes, and how much of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from typing import Any

import numpy as np

from autocnn.errors import GraphError

FORMAT, VERSION = "autocnn.convolution", 1
SIDE, CELLS, NUMBERS = 64, 16_384, 120_000
"""Rows and columns of the padded input at most, cells of all its channels, and numbers in all arrays."""


def check(numbers: Any) -> None:
    """Refuse what is no convolution, whose shapes do not fit, or which is too large."""
    found = numbers.get("format") if isinstance(numbers, Mapping) else type(numbers).__name__
    if found != FORMAT:
        raise GraphError(
            f"convolution_steps: numbers are {found!r}, not {FORMAT!r}. "
            "Make them: inspect.convolution_steps(x, w).to_dict()"
        )
    if numbers.get("version") != VERSION:
        raise GraphError(f"convolution_steps: version is {numbers.get('version')!r}; this one reads {VERSION}")
    shapes = {name: shape_of(numbers.get(name)) for name in ("x", "w", "z", "g", "dx", "dw")}
    x, w, z = shapes["x"], shapes["w"], shapes["z"]
    if (len(x), len(w), len(z)) != (3, 4, 3) or (z[0], x[0]) != (w[0], w[1] * numbers["groups"]):
        raise GraphError(
            f"convolution_steps: x, w and z are {x}, {w} and {z}; "
            "they must be (C, H, W), (O, C / groups, kh, kw) and (O, oh, ow)"
        )
    for name, other in (("g", "z"), ("dx", "x"), ("dw", "w")):
        if shapes[name] != shapes[other]:
            raise GraphError(
                f"convolution_steps: {name} is {shapes[name]}; like {other} it must be {shapes[other]}"
            )
    bias = shape_of(numbers.get("bias"))
    if bias not in ((), (w[0],)) or shape_of(numbers.get("db")) != bias:
        raise GraphError(f"convolution_steps: bias is {bias}; with {w[0]} filters it must be ({w[0]},) or None")
    _check_windows(numbers, x, w, z)
    _check_size(numbers["padding"], x, list(shapes.values()))


def shape_of(values: Any) -> tuple[int, ...]:
    """The shape of nested lists; () for None.

    >>> shape_of([[1, "inf"], [None, 2]])
    (2, 2)
    """
    return () if values is None else tuple(np.array(values, dtype=object).shape)


def _check_windows(numbers: Mapping[str, Any], x: Sequence[int], w: Sequence[int], z: Sequence[int]) -> None:
    windows = zip(x[1:], w[2:], z[1:], *(numbers[name] for name in ("stride", "padding", "dilation")), strict=True)
    for n, k, out, s, (before, after), d in windows:
        count = (n + before + after - d * (k - 1) - 1) // s + 1
        if count != out:
            raise GraphError(
                f"convolution_steps: z is {tuple(z)}; x, w, stride and padding give {count}, not {out}"
            )


def _check_size(padding: Sequence[Sequence[int]], x: Sequence[int], shapes: Sequence[Sequence[int]]) -> None:
    rows, columns = (n + sum(pair) for n, pair in zip(x[1:], padding, strict=True))
    cells, count = x[0] * rows * columns, sum(map(prod, shapes))
    if max(rows, columns) > SIDE:
        raise GraphError(
            f"convolution_steps: the padded input has {rows}×{columns} pixels; a page shows {SIDE}×{SIDE} "
            "at most. Crop the image or make it smaller"
        )
    if cells > CELLS:
        raise GraphError(
            f"convolution_steps: the padded input has {x[0]} channels of {rows}×{columns}, {cells:,} pixels; "
            f"a page shows {CELLS:,} at most. Make the image smaller, or take a layer with fewer channels"
        )
    if count > NUMBERS:
        raise GraphError(
            f"convolution_steps: the page would hold {count:,} numbers; {NUMBERS:,} at most. "
            "Take a layer with fewer filters, or a smaller image"
        )
