"""One network of the zoo: how it is made, what ails it, and why that is known."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import autocnn as ac
from autocnn import Tensor, nn
from autocnn.nn import functional as F

Make = Callable[[], nn.Module]


@dataclass(frozen=True)
class Entry:
    """A network and the verdicts on it."""

    name: str
    make: Make
    expect: frozenset[str]
    reason: str
    """Why the verdicts are known: by construction, or that they are computed in float64."""
    data: Callable[[], Tensor]
    classes: int = 4
    stations: Callable[[nn.Module], list[nn.Module]] | None = None
    """The modules whose outputs make the chain, the first one first; None where only construction tells."""
    place: str = ""
    """What the first verdict's places must name, if construction says where the trouble is."""
    loss: Callable[[Any, Tensor], Tensor] = F.cross_entropy
    train: bool = True
    seed: int = 0

    def case(self) -> tuple[nn.Module, Tensor, Tensor]:
        """The network, images and labels; the same each time."""
        ac.manual_seed(self.seed)
        model = self.make()
        model.train(self.train)
        x = self.data()
        return model, x, ac.arange(x.shape[0]) % self.classes


def features(n: int = 32, d: int = 16) -> Callable[[], Tensor]:
    """Vectors of mean 0 and variance 1."""
    return lambda: ac.randn(n, d)


def images(n: int = 8, c: int = 3, side: int = 8) -> Callable[[], Tensor]:
    """Images of mean 0 and variance 1."""
    return lambda: ac.randn(n, c, side, side)


def before_weights(model: nn.Module) -> list[nn.Module]:
    """Of a flat row of layers those whose output a weight layer reads, and the last: the chain."""
    row = list(model.children())
    weighted = [i for i, layer in enumerate(row) if isinstance(layer, (nn.Linear, nn.Conv2d))]
    return [row[i - 1] for i in weighted if i > weighted[0]] + [row[weighted[-1]]]


def entry(name: str, make: Make, *expect: str, reason: str = "computed in float64", **more: Any) -> Entry:
    """An entry, of vectors unless it says otherwise; the chain of a flat row is known."""
    more.setdefault("data", features())
    if "stations" not in more and reason.startswith("computed"):
        more["stations"] = before_weights
    return Entry(name, make, frozenset(expect), reason, **more)
