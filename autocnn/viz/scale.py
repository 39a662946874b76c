"""Numbers as colours and widths, with a scale that says which is which.

One hue that darkens for numbers of one sign; two hues that meet in white for both signs. Orange and blue stay
apart for colour-blind readers (C. Brewer's PuOr and Blues, thinned out).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import isfinite, log10
from typing import Literal

from autocnn.errors import GraphError

Kind = Literal["auto", "linear", "log", "signed"]

ONE_SIGN = ("#F7FBFF", "#C6DBEF", "#6BAED6", "#2171B5", "#08306B")
TWO_SIGNS = ("#B35806", "#FDB863", "#F7F7F7", "#92C5DE", "#2166AC")
MISSING = "#FF00FF"
WIDEST, NARROWEST = 6.0, 0.6
STEPS = 9


@dataclass(frozen=True)
class Scale:
    """A way from numbers to places between 0 and 1, and from there to colours and widths."""

    low: float
    high: float
    kind: str
    unit: str = ""

    def place(self, value: float) -> float:
        """Where a number stands; what is off the scale stands at its end.

        >>> Scale(1, 100, "log").place(10)
        0.5
        """
        if value != value:
            return 0.0
        if self.kind == "log" and value <= 0:
            return 0.0
        if not isfinite(value):
            return float(value > 0)
        low, high, at = (log10(v) for v in (self.low, self.high, value)) if self.kind == "log" else (
            self.low, self.high, value,
        )  # fmt: skip
        return min(1.0, max(0.0, (at - low) / (high - low))) if high > low else 0.5

    def color(self, value: float) -> str:
        """The colour of a number; one that stands out for what is no number.

        >>> Scale(0, 1, "linear").color(1.0)
        '#08306B'
        """
        if value != value:
            return MISSING
        colors = TWO_SIGNS if self.kind == "signed" else ONE_SIGN
        at = self.place(value) * (len(colors) - 1)
        first = min(int(at), len(colors) - 2)
        return between(colors[first], colors[first + 1], at - first)

    def width(self, value: float) -> float:
        """How wide a line of this number is; of signed ones, by size."""
        at = self.place(value)
        at = abs(2 * at - 1) if self.kind == "signed" else at
        return round(NARROWEST + (WIDEST - NARROWEST) * at, 2)

    def samples(self) -> Sequence[float]:
        """Numbers spread evenly over the scale; one, if it has but one."""
        if self.low == self.high:
            return [self.low]
        places = [step / (STEPS - 1) for step in range(STEPS)]
        if self.kind == "log":
            low, high = log10(self.low), log10(self.high)
            return [10 ** (low + place * (high - low)) for place in places]
        return [self.low + place * (self.high - self.low) for place in places]


def scale_of(values: Iterable[float], kind: Kind = "auto", unit: str = "") -> Scale:
    """The scale that fits some numbers: of both signs, of many magnitudes, or plain.

    Raises GraphError for an unknown kind.

    >>> scale_of([1e-6, 1.0]).kind, scale_of([-1.0, 3.0]).kind, scale_of([1.0, 3.0]).kind
    ('log', 'signed', 'linear')
    """
    if kind not in ("auto", "linear", "log", "signed"):
        raise GraphError(f"scale: kind is {kind!r}; one of auto, linear, log, signed")
    found = [float(value) for value in values if isfinite(value)] or [0.0]
    low, high = min(found), max(found)
    if kind == "auto":
        positive = [value for value in found if value > 0]
        many = low >= 0 and bool(positive) and max(positive) > 100 * min(positive)
        kind = "signed" if low < 0 < high else "log" if many else "linear"
    if kind == "log":
        positive = [value for value in found if value > 0] or [1.0]
        return Scale(min(positive), max(positive), kind, unit)
    if kind == "signed":
        end = max(abs(low), abs(high))
        return Scale(-end, end, kind, unit)
    return Scale(low, high, kind, unit)


def written(value: float) -> str:
    """A number, short.

    >>> written(0.000123456), written(12.0), written(float("nan"))
    ('0.000123', '12', 'nan')
    """
    if isfinite(value) and value == round(value) and abs(value) < 1e6:
        return f"{round(value):,}"
    return f"{value:.3g}"


def ink_on(color: str, dark: str = "#22303C") -> str:
    """The colour of text that can be read on a colour.

    >>> ink_on("#08306B")
    '#FFFFFF'
    """
    red, green, blue = (int(color[i : i + 2], 16) for i in (1, 3, 5))
    return "#FFFFFF" if 0.299 * red + 0.587 * green + 0.114 * blue < 140 else dark


def between(first: str, second: str, share: float) -> str:
    """The colour a share of the way from one colour to another.

    >>> between("#000000", "#FFFFFF", 0.5)
    '#808080'
    """
    parts = ((int(first[i : i + 2], 16), int(second[i : i + 2], 16)) for i in (1, 3, 5))
    return "#" + "".join(f"{round(a + (b - a) * share):02X}" for a, b in parts)
