"""What several questions need: both networks as they begin and as they end, and a few images."""

from __future__ import annotations

import math
from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from autocnn.cli.study.networks import twins_of
from autocnn.errors import GraphError

if TYPE_CHECKING:
    from autocnn.cli.study.document import Study

LOOKS = {"plain": ("without skips", "plain", True), "skip": ("with skips", "skip", False)}
FEW = 16
"""Images that a single look takes."""


def untrained(study: Study) -> dict[str, Any]:
    """The twins of the first seed before any step, in train mode; those alone whose numbers are finite."""
    nets = twins_of(study.settings, study.images, study.settings.seeds[0])
    return _sound(study, nets, study.strange, "untrained")


def trained(study: Study) -> dict[str, Any]:
    """The twins of the first seed as training left them; those alone that did not break down."""
    broken = [name for name in study.last if study.twins.of(name)[0].diverged is not None]
    return _sound(study, study.last, broken, f"after {study.settings.steps:,} steps")


def _sound(study: Study, nets: dict[str, Any], ill: Collection[str], when: str) -> dict[str, Any]:
    study.left_out += [f"{LOOKS[name][0]}, {when}" for name in nets if name in ill]
    kept = {name: net for name, net in nets.items() if name not in ill}
    if not kept:
        raise GraphError(f"the numbers are not finite {when}")
    return kept


def batch(study: Study, count: int = FEW) -> tuple[Any, Any]:
    """The first images that training sees."""
    x, y = next(study.images.batches(study.settings.seeds[0]))
    return x[:count], y[:count]


def states(study: Study) -> dict[str, Any]:
    """The network with skips, untrained and trained, as far as its numbers are finite."""
    if "skip" in study.strange:
        raise GraphError("the numbers are not finite")
    found = {"untrained": twins_of(study.settings, study.images, study.settings.seeds[0])["skip"]}
    after = f"after {study.settings.steps:,} steps"
    if study.twins.of("skip")[0].diverged is None:
        return {**found, after: study.last["skip"]}
    study.left_out.append(f"{LOOKS['skip'][0]}, {after}")
    return found


def series(name: str, y: Any, network: str = "", **more: Any) -> dict[str, Any]:
    """A line by block, 1, 2, 3 ...; of a network, in its colour."""
    look = {"color": LOOKS[network][1], "dash": LOOKS[network][2]} if network else {}
    values = list(y)
    return {"name": name, "x": list(range(1, len(values) + 1)), "y": values, **look, **more}


def percent(share: float) -> str:
    """A share in words.

    >>> percent(0.784), percent(float("nan"))
    ('78 %', 'nothing')
    """
    return "nothing" if math.isnan(share) else f"{100 * share:.0f} %"


def capital(text: str) -> str:
    """A sentence that begins as sentences do.

    >>> capital("at 27 forks")
    'At 27 forks'
    """
    return text[:1].upper() + text[1:]
