"""The size of a gradient, beside that at the loss, as a line: its width, its colour, and the words for it.

One scale for every picture, so that pictures can be set side by side. Colours are C. Brewer's PuOr.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite, log10

from autocnn.viz.scale import between

WIDEST, THINNEST, HAIR = 8.0, 1.0, 0.6
"""Pixels of a line as at the loss, of a millionth of that, and of all that is smaller."""
DECADES = 6
POINT = 0.75
"""Points to a pixel: Graphviz measures in points."""

SAME, NONE, WRONG = "#8C8C8C", "#9AA7B3", "#CC0000"
_SMALLER = ("#B2ABD2", "#8073AC", "#542788", "#2D004B")
_LARGER = ("#FDB863", "#E08214", "#B35806", "#7F3B08")
_POWERS = (
    "as at the loss", "a tenth", "a hundredth", "a thousandth", "a ten-thousandth", "a hundred-thousandth",
    "a millionth",
)  # fmt: skip
_TIMES = ("ten times", "a hundred times", "a thousand times", "ten thousand times", "a hundred thousand times")


@dataclass(frozen=True, slots=True)
class Line:
    """How a line is drawn."""

    color: str
    pixels: float
    style: str = "solid"
    sign: str = ""
    """What stands beside it, if it is not a plain size."""

    @property
    def points(self) -> float:
        """Its width as Graphviz takes it."""
        return round(self.pixels * POINT, 2)


def line(ratio: float | None) -> Line:
    """The line of a gradient so many times as large as at the loss; None where no gradient has come yet.

    The width is linear in the number of decades: it is size, never share.

    >>> line(1.0).pixels, line(1e-3).pixels, line(1e-6).pixels, line(1e-9).style, line(0.0).sign
    (8.0, 4.5, 1.0, 'dotted', '∅')
    """
    if ratio is None:
        return Line(NONE, THINNEST)
    if not isfinite(ratio):
        return Line(WRONG, 2 * THINNEST, sign="✕")
    if ratio == 0:
        return Line(color(-DECADES - 1), HAIR, "dotted", "∅")
    if ratio < 10**-DECADES * (1 - 1e-9):
        return Line(color(decade(ratio)), HAIR, "dotted")
    slope = (WIDEST - THINNEST) / DECADES
    return Line(color(decade(ratio)), round(WIDEST + slope * min(log10(ratio), DECADES), 2))


def decade(ratio: float) -> int:
    """The nearest power of ten of a positive ratio, within what has a colour.

    >>> decade(0.04), decade(2.0), decade(1e-30)
    (-1, 0, -7)
    """
    return max(-DECADES - 1, min(DECADES, round(log10(ratio))))


def color(power: int) -> str:
    """The colour of a decade: grey as at the loss, purple below, orange above.

    >>> color(0), color(-1), color(-7), color(6)
    ('#8C8C8C', '#B2ABD2', '#2D004B', '#7F3B08')
    """
    if power == 0:
        return SAME
    colors, last = (_SMALLER, DECADES + 1) if power < 0 else (_LARGER, DECADES)
    at = (abs(power) - 1) / (last - 1) * (len(colors) - 1)
    first = min(int(at), len(colors) - 2)
    return between(colors[first], colors[first + 1], at - first)


def words(power: int) -> str:
    """A decade in words.

    >>> words(-3), words(1), words(6), words(-7)
    ('a thousandth', 'ten times', 'a million times and more', 'less')
    """
    if power < -DECADES:
        return "less"
    if power >= DECADES:
        return "a million times and more"
    return _POWERS[-power] if power <= 0 else _TIMES[power - 1]


def written(ratio: float) -> str:
    """A ratio in few characters.

    >>> written(0.2416), written(1.6e-14), written(4300.0), written(0.0)
    ('0.24', '1.6e-14', '4.3e3', '0')
    """
    if ratio == 0 or not isfinite(ratio):
        return "0" if ratio == 0 else str(ratio)
    if 0.01 <= abs(ratio) < 1000:
        return f"{ratio:.2g}" if abs(ratio) < 100 else f"{ratio:.0f}"
    digits, power = f"{ratio:.1e}".split("e")
    return f"{digits}e{int(power)}"
