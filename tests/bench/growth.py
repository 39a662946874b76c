"""How time grows: by the ops of a chain, by the images of a batch, by the layers of a network."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from .cases import Case, chain, resnet
from .peers import PEERS
from .results import Results
from .tables import Table, digits

USUAL = ("autocnn", "pytorch")
"""Who is measured if nobody is named: the largest sizes take the slower libraries hours."""


@dataclass(frozen=True)
class Series:
    """Cases of growing size, and what a step is divided by."""

    title: str
    unit: str
    sizes: tuple[int, ...]
    case: Callable[[int], Case]
    scale: float = 1.0


SERIES = (
    Series("Microseconds an op, by the length of the chain", "ops", (10**3, 10**4, 10**5, 10**6), chain, 1e3),
    Series(
        "Milliseconds an image, ResNet-20 by the size of the batch",
        "images",
        (1, 2, 8, 32, 128, 512),
        lambda images: resnet(20, images),
    ),
    Series(
        "Milliseconds a layer, by the depth of a residual network at 4 images",
        "layers",
        (20, 56, 110, 302, 1202),
        lambda layers: resnet(layers, 4),
    ),
)


def cases() -> list[Case]:
    """All sizes of all series."""
    return [series.case(size) for series in SERIES for size in series.sizes]


def tables(results: Results) -> list[Table]:
    """One for each series of which at least two sizes were measured."""
    made = []
    for series in SERIES:
        rows = {size: results.rows.get(series.case(size).name) for size in series.sizes}
        ran = {size: row.measured() for size, row in rows.items() if row}
        peers = [name for name in PEERS if any(name in entries for entries in ran.values())]
        if len(ran) < 2 or not peers:
            continue
        said = [
            (
                f"{size:,}",
                *(digits(series.scale * ran[size][p].time / size) if p in ran[size] else "" for p in peers),
            )
            for size in ran
        ]
        made.append(Table(series.title, (series.unit, *(PEERS[name].label for name in peers)), tuple(said)))
    return made
