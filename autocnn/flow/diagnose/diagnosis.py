"""Verdicts on a network: what is wrong, where, why, with which numbers, and what would mend it."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field
from typing import Any

KINDS = ("non-finite", "cut", "dead", "saturated", "vanishing", "exploding")


@dataclass(frozen=True)
class Verdict:
    """One thing that is wrong: where, why, with which numbers, and what would mend it."""

    kind: str
    """One of non-finite, cut, dead, saturated, vanishing, exploding."""
    places: tuple[str, ...]
    """Ops, with the paths of their modules, the one nearest the input first."""
    cause: str
    mend: str
    numbers: dict[str, float] = field(default_factory=dict)

    def __str__(self) -> str:
        more = f" and {len(self.places) - 3} more" if len(self.places) > 3 else ""
        at = f" at {', '.join(self.places[:3])}{more}" if self.places else ""
        return f"{self.kind}{at}: {self.cause}. Mend: {self.mend}."


@dataclass(frozen=True)
class Diagnosis:
    """The verdicts on a network, none if it is healthy, and the sizes that they rest on."""

    verdicts: tuple[Verdict, ...]
    notes: tuple[str, ...]
    """What is unusual and not ill by itself."""
    layers: tuple[dict[str, Any], ...]
    """One for each depth, input first: place, log2 of the RMS of gradient and value."""

    @property
    def healthy(self) -> bool:
        """Whether there is no verdict."""
        return not self.verdicts

    @property
    def kinds(self) -> frozenset[str]:
        """The kinds of the verdicts."""
        return frozenset(v.kind for v in self.verdicts)

    def __str__(self) -> str:
        lines = [str(v) for v in self.verdicts] or ["healthy: gradients hold, no layer is dead or saturated"]
        return "\n".join([*lines, *(f"note: {note}" for note in self.notes)])

    def rows(self) -> list[dict[str, Any]]:
        """A tidy table: a row for each layer."""
        return [dict(layer) for layer in self.layers]

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain values, ready for JSON."""
        clean = [{k: _plain(x) for k, x in layer.items()} for layer in self.layers]
        verdicts = [
            {**asdict(v), "places": list(v.places), "numbers": {k: _plain(x) for k, x in v.numbers.items()}}
            for v in self.verdicts
        ]
        return {"healthy": self.healthy, "verdicts": verdicts, "notes": list(self.notes), "layers": clean}


def _plain(x: Any) -> Any:
    if isinstance(x, float) and not math.isfinite(x):
        return None if math.isnan(x) else "inf" if x > 0 else "-inf"
    return x
