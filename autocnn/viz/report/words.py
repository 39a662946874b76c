"""What a study shows, in sentences that are computed from its numbers, whatever these are."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from autocnn.viz.report.outcomes import mixed, percent
from autocnn.viz.report.summary import Network, fate, network, number

GROWN = 1.05
"""A share above this has grown; from 0.95 up to it, all of the signal is there, as far as anybody cares."""

Part = tuple[str, str]
"""A piece of a sentence, and whose it is: "plain", "skip" or nobody's."""

_OPENING = "The loss sends a learning signal backwards. "
_CURES = {"good init": "good first weights", "both": "both together", "default": "nothing else"}
_NAMES = {"plain": "Without skip connections", "skip": "With them"}


def headline(document: Mapping[str, Any]) -> list[Part]:
    """What the study shows, in pieces, so that the page can give each network its colour.

    >>> runs = [
    ...     {"network": "plain", "steps": [1], "gradient": [[1.2e-18, 1.0]], "accuracy": [[9, 0.1]]},
    ...     {"network": "skip", "steps": [1], "gradient": [[0.15, 1.0]], "accuracy": [[9, 0.85]]},
    ... ]
    >>> for text, whose in headline({"runs": runs, "about": {"chance": 0.1}})[1:]:
    ...     print(whose or "-", text.strip())
    plain Without skip connections
    - 1 part in 10^18 reaches the first layers and the network never learns (10 %, a guess).
    skip With them
    - 1 part in 7 arrives and it learns (85 % right).
    """
    chance = float(document.get("about", {}).get("chance", 0))
    steps = int(document.get("about", {}).get("steps", 0))
    found = {name: network(document, name) for name in _NAMES}
    if not all(each.shares for each in found.values()):
        text = "The study was stopped before both networks had taken a step: there is nothing to compare yet."
        return [("Partial. ", "partial"), (text, "")]
    parts: list[Part] = [("Partial. ", "partial")] if document.get("partial") else []
    parts.append((_OPENING, ""))
    for name, opening in _NAMES.items():
        parts.append((f"{opening} ", name))
        strange = (document.get("strange") or {}).get(name)
        parts.append((_half(found[name], name, chance, steps) if strange is None else _strange(strange), ""))
    if document.get("strange"):
        return parts
    moral = _moral(found["plain"], found["skip"], chance, steps)
    return [*parts, (moral, "")] if moral else parts


def sentence(document: Mapping[str, Any]) -> str:
    """The headline as plain text."""
    return "".join(text for text, _ in headline(document)).strip()


def _strange(place: str) -> str:
    """What is to be said of a network whose numbers are not finite before any step."""
    first = f", first at {place}" if place else ""
    return f"there is no signal to speak of: from the start numbers are not finite{first}. "


def _half(found: Network, name: str, chance: float, steps: int) -> str:
    arrives = "arrives" if name == "skip" else "reaches the first layers"
    signal = _signal(found.arrives, arrives, found.rounded)
    if not found.finished and not found.diverged:
        so_far = "" if math.isnan(found.learnt) else f" ({percent(found.learnt)} so far)"
        return f"{signal}; its training was stopped at step {found.reached:,} of {steps:,}{so_far}. "
    unlike = mixed(found.outcomes, chance, steps)
    return f"{signal}; {unlike}. " if unlike else f"{signal}{_ending(found, name, chance, steps)}. "


def _ending(found: Network, name: str, chance: float, steps: int) -> str:
    """How training ended, where it did so in the same way for every seed."""
    kind = _kind(found, chance, steps)
    score = percent(found.learnt)
    if kind == "breaks down":
        return f" and training breaks down: from step {found.diverged[0]} on its numbers are no longer finite"
    if kind == "blows up":
        most = max(outcome.most for outcome in found.outcomes)
        return f", but training blows up: its loss rises to {_large(most)} ({score} right)"
    if kind == "too early":
        count = "one step is" if steps == 1 else f"{steps} steps are"
        return f"; {score} right, but {count} too few to say whether it learns"
    joined = " and" if (kind == "learns") == (fate(found.arrives) == "holds") else ", yet"
    who = "it" if name == "skip" else "the network"
    if kind == "guesses":
        return f"{joined} {who} never learns ({score}, a guess)"
    little = " a little" if found.learnt < 0.5 else ""
    return f"{joined} {who} learns{little} ({score} right)"


def _kind(found: Network, chance: float, steps: int) -> str:
    """What became of all seeds, in a word; nothing where it is not the same."""
    kinds = {outcome.kind(chance, steps) for outcome in found.outcomes}
    return kinds.pop() if len(kinds) == 1 else ""


def _large(value: float) -> str:
    """A loss that has grown: 240, or 10^9."""
    return f"{value:,.0f}" if value < 1e4 else f"10^{round(math.log10(value))}"


def _signal(share: float, arrives: str, rounded: bool) -> str:
    kind = fate(share)
    if kind == "no signal":
        return "no signal leaves the loss"
    if math.isinf(share):
        return "it outgrows every number before it arrives"
    if share == 0:
        return f"nothing at all {arrives} ({'float32 rounds it to zero' if rounded else 'it is exactly zero'})"
    return f"{part_of(share)} {arrives}" if share <= GROWN else f"it has grown {times(share)} by the first layers"


def _moral(plain: Network, skip: Network, chance: float, steps: int) -> str:
    """What is to be said where a run does not show that skips save learning."""
    if not (plain.finished and skip.finished):
        return ""
    kinds = _kind(plain, chance, steps), _kind(skip, chance, steps)
    if "blows up" in kinds and "learns" not in kinds:
        return "A lower learning rate would tell more."
    if not {*kinds} <= {"learns", "guesses", "blows up"}:
        return ""  # not a word of skips where seeds disagree, or nothing can be said yet
    ways = kinds[0] == "learns", kinds[1] == "learns"
    if ways == (True, False):
        return "Here skips do harm."
    if ways == (False, False):
        return "Here skips do not help: neither learns."
    if ways == (True, True) and fate(plain.arrives) == fate(skip.arrives) == "holds":
        return "Here nothing needs mending: both learn."
    if ways == (True, True):
        return "Here both learn all the same."
    return ""


def part_of(share: float) -> str:
    """How much is left, in words; 10^n is for the page to raise.

    >>> part_of(1.2e-18), part_of(0.00042), part_of(0.15), part_of(0.74), part_of(1.04)
    ('1 part in 10^18', '1 part in 2,400', '1 part in 7', '74 %', 'all of it')
    """
    if share < 1e-4:
        return f"1 part in 10^{round(-math.log10(share))}"
    if share < 0.2:
        return f"1 part in {_two_digits(1 / share):,}"
    return percent(share) if share < 0.95 else "all of it"


def times(share: float) -> str:
    """How much it has grown.

    >>> times(4321.0), times(2.5), times(3e9)
    ('4,300-fold', '2.5-fold', '10^9-fold')
    """
    if share >= 1e6:
        return f"10^{round(math.log10(share))}-fold"
    return f"{_two_digits(share):,}-fold" if share >= 10 else f"{share:.2g}-fold"


def size_words(share: float, rounded: bool = False) -> str:
    """A share for a cell or a tip; `rounded` says that a zero is so in float32 alone.

    >>> size_words(1e-14), size_words(4300.0), size_words(0.0), size_words(1.2)
    ('1 part in 10^14', '4,300-fold', 'exactly zero', '1.2-fold')
    """
    if math.isnan(share):
        return "not measured"
    if math.isinf(share):
        return "beyond every number"
    if share == 0:
        return "rounded to zero" if rounded else "exactly zero"
    return part_of(share) if share <= GROWN else times(share)


def brief(share: float) -> str:
    """A share for a narrow cell.

    >>> brief(1e-14), brief(0.038), brief(4300.0), brief(0.61), brief(1.02)
    ('1 in 10^14', '1 in 26', '×4,300', '61 %', 'all of it')
    """
    if not 0 < share < math.inf:
        return size_words(share)
    return part_of(share).replace("part ", "") if share <= GROWN else f"×{times(share).removesuffix('-fold')}"


def cures_sentence(cells: Sequence[Mapping[str, Any]]) -> str:
    """The answer to "Is a skip the only cure?".

    >>> cells = [
    ...     {"skips": False, "column": "default", "ratio": 1e-14},
    ...     {"skips": False, "column": "batch norm", "ratio": 0.3},
    ...     {"skips": True, "column": "default", "ratio": 4300.0},
    ... ]
    >>> cures_sentence(cells)
    'No: batch norm carries it, too. And skips alone can explode.'
    """
    if not any(cell["column"] != "default" for cell in cells):
        return "Other cures were not tried in this run."
    fates = {
        (bool(cell["skips"]), str(cell["column"])): cell.get("verdict") or fate(number(cell["ratio"]))
        for cell in cells
    }
    others = [column for (skips, column), kind in fates.items() if not skips and kind == "holds"]
    if "good init" in others and "batch norm" in others:
        others = ["good init", "batch norm"]  # that both together do, too, goes without saying
    ill, alone = fates.get((False, "default")), fates.get((True, "default"))
    if ill == "holds":
        first = "Nothing needs a cure here: without skips, too, the signal holds."
    elif others:
        verb = "carry" if len(others) > 1 or others == ["good init"] else "carries"
        first = f"No: {_listed(others)} {verb} it, too."
    elif alone == "holds":
        first = "Here it is: nothing else that was tried holds the signal."
    else:
        first = "Here it is no cure, and nothing else that was tried is."
    grown = [column for (skips, column), kind in fates.items() if skips and kind == "explodes"]
    if alone == "explodes":
        return f"{first} And skips alone can explode."
    return f"{first} And skips can explode: with {_listed(grown)}." if grown else first


def _listed(names: Sequence[str]) -> str:
    said = [_CURES.get(name, name) for name in names]
    return said[0] if len(said) == 1 else f"{', '.join(said[:-1])} and {said[-1]}"


def _two_digits(value: float) -> int:
    """A number to two digits that count."""
    digits = max(0, math.floor(math.log10(value)) - 1)
    return int(round(value / 10**digits) * 10**digits)
