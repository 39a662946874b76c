"""Is a skip the only cure? The same network with and without skips, good first values and batch norm."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict
from functools import partial
from statistics import median_low
from typing import TYPE_CHECKING, Any

from autocnn.cli.study.networks import built, good_init

if TYPE_CHECKING:
    from autocnn.cli.study.images import Images
    from autocnn.cli.study.settings import Settings

ROWS = {"plain": {"skips": False}, "skip": {"skips": True}}


def columns(activation: str) -> dict[str, dict[str, Any]]:
    """The options of each column.

    >>> columns("relu")["both"]
    {'init': 'he', 'norm': 'batch'}
    """
    good = good_init(activation)
    return {
        "default": {"init": "default", "norm": None},
        "good init": {"init": good, "norm": None},
        "batch norm": {"init": "default", "norm": "batch"},
        "both": {"init": good, "norm": "batch"},
    }


def _sizes(twins: Sequence[Any]) -> dict[str, float]:
    """What is left at the first block, untrained, over the seeds; nothing where one is no number."""
    ratios = [twin.moments[0].ratio for twin in twins if twin.moments]
    if not ratios or any(map(math.isnan, ratios)):
        return {}
    return {"ratio": median_low(ratios), "least": min(ratios), "most": max(ratios)}


def same(settings: Settings) -> str:
    """The column whose options are those of the settings; nothing if none's are."""
    own = {"init": settings.init, "norm": None if settings.norm == "none" else settings.norm}
    return next((name for name, options in columns(settings.activation).items() if options == own), "")


def names(activation: str) -> list[str]:
    """What the eight networks are called, the plain ones first."""
    return [f"{row}, {column}" for row in ROWS for column in columns(activation)]


def measured(settings: Settings, images: Images) -> Any:
    """What becomes of the gradient in all eight, untrained, over all seeds."""
    from autocnn import flow

    x, y = next(images.batches(settings.seeds[0]))
    return flow.cures(
        lambda **options: built(settings, images, **options), x, y,
        seeds=settings.seeds, rows=ROWS, columns=columns(settings.activation), depth=settings.depth,
    )  # fmt: skip


def by_depth(settings: Settings, images: Images) -> list[Any]:
    """The networks of the settings, untrained, at every depth that was asked for."""
    from autocnn import flow

    x, y = next(images.batches(settings.seeds[0]))
    return [
        flow.cures(
            partial(built, settings, images, depth=depth), x, y,
            seeds=settings.seeds, rows=ROWS, columns={"as asked": {}}, depth=depth,
        )
        for depth in sorted(set(settings.depths))
    ]  # fmt: skip


def networks(settings: Settings, images: Images, seed: int) -> dict[str, Any]:
    """All eight, untrained."""
    from autocnn import nn

    made = {}
    for row, skips in ROWS.items():
        for column, options in columns(settings.activation).items():
            make = partial(built, settings, images, **skips, **options)
            made[f"{row}, {column}"] = nn.init.by_path(make, seed)
    return made


def trained(settings: Settings, images: Images, progress: Any) -> Any:
    """What training makes of all eight; one seed."""
    from autocnn import flow, optim

    return flow.twins(
        partial(networks, settings, images), lambda net: list(net.blocks),
        lambda net: optim.SGD(net.parameters(), lr=settings.rate, momentum=0.9),
        images.batches, images.test, steps=settings.steps, record=[1], seeds=settings.seeds[:1], progress=progress,
    )  # fmt: skip


def table(settings: Settings, found: Any, training: Any, pair: Any) -> list[dict[str, Any]]:
    """What came out, a row for each network; what was not trained has no accuracy.

    The pair of the settings was trained with all seeds: its `accuracies` are all of these, and its sizes are those
    of its training, each seed on its own images, as the headline has them.
    """
    alike = same(settings)
    ends = {twin.name: twin for twin in training.twins} if training else {}
    cells = []
    for cell in found.cells:
        twin = ends.get(f"{cell.row}, {cell.column}")
        cells.append(
            {
                **asdict(cell),
                **(_sizes(pair.of(cell.row)) if cell.column == alike else {}),
                "accuracy": twin.accuracy if twin else None,
                "diverged": twin.diverged if twin else None,
                "accuracies": [each.accuracy for each in pair.of(cell.row)] if cell.column == alike else None,
            }
        )
    return cells
