"""What became of each seed's training, and words for all together: no mean of a success and a failure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median_low

GUESSING = 0.05
"""An accuracy no further above chance than this is a guess."""

FEW = 50
"""With fewer training steps than this nobody can say that a network never learns."""

BLOWN = 10.0
"""A loss that has grown by this factor has blown up."""


@dataclass(frozen=True)
class Outcome:
    """How one seed's training ended: its accuracy, first, largest and last loss, where it broke down."""

    accuracy: float
    first: float = math.nan
    most: float = math.nan
    diverged: int | None = None
    last: float = math.nan

    def kind(self, chance: float, steps: int) -> str:
        """In a word: "learns", "guesses", "blows up", "breaks down", or "too early" to say.

        >>> Outcome(0.1).kind(0.1, 600), Outcome(0.1).kind(0.1, 2), Outcome(0.1, 2.3, 8e8).kind(0.1, 600)
        ('guesses', 'too early', 'blows up')
        """
        if self.diverged is not None:
            return "breaks down"
        if self.last > BLOWN * self.first:
            return "blows up"  # whatever it gets right is luck
        if learns(self.accuracy, chance):
            return "learns"
        if self.most > BLOWN * self.first:
            return "blows up"
        return "too early" if 0 < steps < FEW else "guesses"


def learns(accuracy: float, chance: float) -> bool:
    """Whether an accuracy is better than a guess."""
    return accuracy > chance + GUESSING


def percent(share: float) -> str:
    """A share as a reader writes it.

    >>> percent(0.101), percent(float("nan"))
    ('10 %', 'not measured')
    """
    return "not measured" if math.isnan(share) else f"{100 * share:.0f} %"


def reached(accuracies: Sequence[float], chance: float) -> str:
    """The accuracy of several seeds: the median where they agree, and otherwise all of them.

    >>> reached([0.92, 0.10], 0.1), reached([0.85, 0.86, 0.91], 0.1), reached([0.1, 0.1, 0.1, 0.9], 0.1)
    ('10 % and 92 %', '86 %', '10 % to 90 %')
    """
    known = sorted(value for value in accuracies if not math.isnan(value))
    if not known:
        return percent(math.nan)
    if len({learns(value, chance) for value in known}) == 1:
        return percent(median_low(known))
    if len(known) > 3:
        return f"{percent(known[0])} to {percent(known[-1])}"
    return f"{', '.join(map(percent, known[:-1]))} and {percent(known[-1])}"


def mixed(outcomes: Sequence[Outcome], chance: float, steps: int) -> str:
    """What is to be said where the seeds do not agree; nothing where they do.

    >>> mixed([Outcome(0.92), Outcome(0.1)], 0.1, 600)
    '1 of 2 seeds learns (10 % and 92 %)'
    >>> mixed([Outcome(0.9), Outcome(0.0, diverged=3), Outcome(0.8)], 0.1, 600)
    '2 of 3 seeds learn (80 %), and training breaks down in 1'
    """
    kinds = [outcome.kind(chance, steps) for outcome in outcomes]
    if len(set(kinds)) < 2:
        return ""
    good = kinds.count("learns")
    scores = reached([o.accuracy for o in outcomes if o.diverged is None], chance)
    who = f"{good or 'none'} of {len(kinds)} seeds {'learn' if good > 1 else 'learns'}"
    ill = [kind for kind in ("breaks down", "blows up") if kind in kinds]
    return f"{who} ({scores})" + "".join(f", and training {kind} in {kinds.count(kind)}" for kind in ill)
