"""Borders made of the numbers inside: mirrored, repeated or from the other end."""

from __future__ import annotations

from typing import Any

from autocnn.engine import Tensor, primitive
from autocnn.errors import ArgumentError, ShapeError

MODES = ("reflect", "replicate", "circular")


def border_axes(op: str, x: Tensor, widths: tuple[tuple[int, int], ...], mode: str) -> Tensor:
    """x with (before, after) more on each axis, by `mode`; what is cut off by "circular" is cut first."""
    for axis, (low, high) in enumerate(widths):
        if mode == "circular" and min(low, high) < 0:
            x = _border(x, axis=axis, low=min(low, 0), high=min(high, 0), mode="replicate")
            low, high = max(low, 0), max(high, 0)
        if low or high:
            _check(op, x, axis, low, high, mode)
            x = _border(x, axis=axis, low=low, high=high, mode=mode)
    return x


def _check(op: str, x: Tensor, axis: int, low: int, high: int, mode: str) -> None:
    n = x.shape[axis]
    most = {"reflect": n - 1, "circular": n, "replicate": max(low, high) if n else -1}[mode]
    if max(low, high) > most:
        raise ArgumentError(
            f"{op}: pad is ({low}, {high}) on axis {axis}, x is {x.shape}; {mode!r} takes at most {max(most, 0)}"
        )
    if n + low + high < 0:
        raise ShapeError(
            f"{op}: pad is ({low}, {high}) on axis {axis}, x is {x.shape}; more is cut off than is there"
        )


def _places(n: int, low: int, high: int, mode: str) -> list[int]:
    """Where each element of the longer axis comes from."""
    wanted = range(-low, n + high)
    if mode == "reflect":
        return [n - 1 - abs(n - 1 - abs(i)) for i in wanted]
    if mode == "circular":
        return [i % n for i in wanted]
    return [min(max(i, 0), n - 1) for i in wanted]


@primitive()
def _border(xp: Any, x: Any, *, axis: int, low: int, high: int, mode: str) -> Any:
    return xp.take(x, xp.asarray(_places(x.shape[axis], low, high, mode), dtype="int64"), axis)


@primitive()
def _fold_border(xp: Any, x: Any, *, axis: int, size: int, low: int, high: int, mode: str) -> Any:
    rows = xp.moveaxis(x, axis, 0)
    z = xp.zeros_like(rows, shape=(size, *rows.shape[1:]))
    inside = range(max(low, 0), len(rows) - max(high, 0))
    places = _places(size, low, high, mode)
    if inside:
        z[places[inside[0]] : places[inside[-1]] + 1] = rows[inside[0] : inside[-1] + 1]
    for i, place in enumerate(places):
        if i not in inside:
            z[place] += rows[i]
    return xp.moveaxis(z, 0, axis)


_border.vjp(
    lambda g, z, x, axis, low, high, mode: _fold_border(
        g, axis=axis, size=x.shape[axis], low=low, high=high, mode=mode
    )
)
_fold_border.vjp(lambda g, z, x, axis, size, low, high, mode: _border(g, axis=axis, low=low, high=high, mode=mode))
