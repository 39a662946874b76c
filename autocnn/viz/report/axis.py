"""An axis of a chart: where values lie, and which of them are written."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

_MOST = 7


@dataclass(frozen=True)
class Axis:
    """Values from `low` to `high` along a stretch of `begin` to `end` picture points, linear or logarithmic."""

    low: float
    high: float
    begin: float
    end: float
    log: bool = False

    def place(self, value: float) -> float | None:
        """Where a value lies; None for what has no place, at the edge for what lies beyond it.

        >>> Axis(1, 100, 0, 10, log=True).place(10), Axis(0, 4, 8, 0).place(1)
        (5.0, 6.0)
        """
        if math.isnan(value) or (self.log and value <= 0):
            return None
        low, high, at = (math.log10(v) if self.log else v for v in (self.low, self.high, _inside(value, self)))
        return self.begin + (at - low) / (high - low) * (self.end - self.begin)

    def ticks(self) -> list[tuple[float, str]]:
        """The values that are written, and how; powers of ten stay as 10^n for the page to raise.

        >>> Axis(1e-6, 1, 0, 1, log=True).ticks()[0], [text for _, text in Axis(0, 1, 0, 1).ticks()]
        ((1e-06, '10^-6'), ['0', '0.2', '0.4', '0.6', '0.8', '1'])
        """
        if self.log:
            first, last = math.ceil(math.log10(self.low) - 1e-9), math.floor(math.log10(self.high) + 1e-9)
            if last - first < 2:
                return [(v, f"{v:g}") for v in _halves(self.low, self.high)]
            every = max(1, math.ceil((last - first) / (_MOST - 1)))
            return [(10.0**n, _power(n)) for n in range(first, last + 1) if n % every == 0]
        step = _step((self.high - self.low) / (_MOST - 2))
        first = math.ceil(self.low / step - 1e-9)
        last = math.floor(self.high / step + 1e-9)
        return [(n * step, f"{round(n * step, 12):,.6g}") for n in range(first, last + 1)]


def fitted(values: Iterable[float], words: Mapping[str, Any], begin: float, end: float) -> Axis:
    """An axis that holds the values; `words` may say `log`, `low` and `high`."""
    log = bool(words.get("log"))
    known = [v for v in values if math.isfinite(v) and (v > 0 or not log)] or [1.0]
    low, high = float(words.get("low", min(known))), float(words.get("high", max(known)))
    if log:
        low, high = (low / 1.5, high * 1.5) if high / low < 4 else (low / 1.15, high * 1.15)
    elif high == low:
        low, high = low - 0.5 * (abs(low) or 1), high + 0.5 * (abs(high) or 1)
    elif "low" not in words and "high" not in words:
        low, high = (0.0 if 0 <= low < 0.4 * high else low), high + 0.04 * (high - low)
    return Axis(low, high, begin, end, log)


def _inside(value: float, axis: Axis) -> float:
    return min(max(value, axis.low), axis.high)


def _halves(low: float, high: float) -> list[float]:
    tens = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    return [m * 10.0**n for n in tens for m in (1, 2, 5) if low <= m * 10.0**n <= high]


def _power(n: int) -> str:
    return f"{10**n:,}" if 0 <= n <= 3 else (f"{10.0**n:g}" if -2 <= n < 0 else f"10^{n}")


def _step(least: float) -> float:
    """The nearest of 1, 2, 5 times a power of ten that is not less."""
    ten = 10.0 ** math.floor(math.log10(least))
    return next(m * ten for m in (1, 2, 5, 10) if m * ten >= least * (1 - 1e-9))
