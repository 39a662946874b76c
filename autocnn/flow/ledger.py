"""The ledger of a backward pass: what every consumer of a value contributes to its gradient.

A tensor's gradient g is the sum of its consumers' contributions c_i; they meet at the fork. Signed share
<c_i, g>/<g, g>, norm ratio |c_i|/|g| and cosines say how they make it up, or cancel.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from autocnn.backend.arrays import namespace
from autocnn.engine.gradient import Gradient, Parts
from autocnn.engine.tape import Node
from autocnn.flow.blocks import Join, joins_in
from autocnn.flow.cotangents import Rescaled, Scaled
from autocnn.flow.run import Run
from autocnn.types import Array

CANCELLING = 100.0
"""Above this sum of norms over the norm of the sum, shares mean nothing, and norms are given instead."""


@dataclass(frozen=True)
class Quartiles:
    """The spread of a number over the images of a batch."""

    low: float
    median: float
    high: float


@dataclass(frozen=True)
class Contribution:
    """What one side of a fork adds to the gradient there."""

    side: str
    """``skip`` and ``branch`` at a residual fork; elsewhere the op that took the value, and its module."""
    consumers: tuple[int, ...]
    """The vertices that it comes from."""
    share: float
    """Its part of the gradient with its sign, <c, g>/<g, g>: the shares of a fork sum to 1."""
    ratio: float
    """|c|/|g|."""
    log2_norm: float
    """log2 of |c|, times N: of the gradient of an image's own loss."""
    by_image: Quartiles | None
    """The share, image by image; None where the value has no axis of images."""


@dataclass(frozen=True)
class Fork:
    """A value that several ops took, and the gradient that they send back to it."""

    vertex: int
    name: str
    log2_norm: float
    """log2 of |g|, times N."""
    contributions: tuple[Contribution, ...]
    cosines: tuple[tuple[float, ...], ...]
    """Between contributions, each with each."""
    cancellation: float
    """Sum of the |c_i| over |g|: 1 where all point the same way, large where they cancel."""
    join: int | None
    """Of a residual fork, the vertex of the sum; else None."""

    def __str__(self) -> str:
        if math.isnan(self.log2_norm) or self.log2_norm == math.inf:
            return f"{self.name}: the gradient is not finite"
        if self.log2_norm == -math.inf and all(c.log2_norm == -math.inf for c in self.contributions):
            return f"{self.name}: no gradient arrives, it is exactly 0"
        if not self.cancellation <= CANCELLING:
            norms = ", ".join(f"{c.side} 2^{c.log2_norm:.1f}" for c in self.contributions)
            if self.log2_norm == -math.inf:
                return f"{self.name}: they cancel exactly; norms {norms}"
            return (
                f"{self.name}: they cancel {self.cancellation:.0f}-fold; norms {norms}, sum 2^{self.log2_norm:.1f}"
            )
        shares = ", ".join(f"{c.side} {c.share:.0%}" for c in self.contributions)
        ratios = " and ".join(f"{c.ratio:.2f}" for c in self.contributions)
        if len(self.contributions) != 2:
            return f"{self.name}: {shares} (norms {ratios} of the sum)"
        return f"{self.name}: {shares} (norms {ratios} of the sum, cosine {self.cosines[0][1]:.2f})"


@dataclass(frozen=True)
class Ledger:
    """All forks of a network, the one nearest the input first, and the size of the gradient at every vertex."""

    forks: tuple[Fork, ...]
    log2_norms: Mapping[int, float]
    """log2 of N |dL/dv| at every vertex that a gradient reaches."""
    training: bool
    """In train mode batch statistics couple the images: the shares are of the batch's gradient."""
    lost: int
    """Elements that were 2^-126 below the largest of their tensor, and are not exact."""

    @property
    def residual(self) -> tuple[Fork, ...]:
        """The forks where a skip and a branch part."""
        return tuple(fork for fork in self.forks if fork.join is not None)

    def __getitem__(self, vertex: int) -> Fork:
        """The fork at a vertex."""
        return next(fork for fork in self.forks if fork.vertex == vertex)

    def __str__(self) -> str:
        return "\n".join(map(str, self.forks)) or "no value has two consumers: there is nothing to share"

    def rows(self) -> list[dict[str, Any]]:
        """A tidy table: one row for each contribution."""
        return [
            {
                "vertex": fork.vertex, "fork": fork.name, "side": c.side, "share": c.share, "norm_ratio": c.ratio,
                "log2_norm": c.log2_norm, "cancellation": fork.cancellation,
                "share_low": c.by_image.low if c.by_image else math.nan,
                "share_median": c.by_image.median if c.by_image else math.nan,
                "share_high": c.by_image.high if c.by_image else math.nan,
            }
            for fork in self.forks
            for c in fork.contributions
        ]  # fmt: skip

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain numbers."""
        mode = "train" if self.training else "eval"
        return {"mode": mode, "lost": self.lost, "forks": [asdict(fork) for fork in self.forks]}

    def sentence(self) -> str:
        """What the residual forks say together."""
        if not self.residual:
            return "This network has no skip connection: every gradient takes the one way there is."
        shares = (c.share for f in self.residual for c in f.contributions if c.side == "skip")
        skips = sorted(share for share in shares if not math.isnan(share))
        if not skips:
            return "At no fork is there a gradient to share: it is exactly 0, or not finite."
        middle = skips[len(skips) // 2]
        return (
            f"At {len(skips)} forks the gradient comes back over the skip and through the branch; of the sum "
            f"the skip carries {middle:.0%} in the median ({skips[0]:.0%} to {skips[-1]:.0%})."
        )


def ledger(r: Run, joins: Sequence[Join | str] | None = None) -> Ledger:
    """Who contributes what to the gradient, at every value that has several consumers.

    At residual forks contributions are added up by side, skip and branch. Residual blocks are found by themselves;
    ``joins`` gives them instead, as `residual_joins` does or by the paths of their modules.

    >>> import autocnn as ac
    >>> from autocnn import nn
    >>> from autocnn.flow import run
    >>> class Block(nn.Module):
    ...     def __init__(self):
    ...         self.branch = nn.Linear(2, 2)
    ...     def forward(self, x):
    ...         return x * 3.0 + self.branch(x * 3.0).tanh()
    >>> book = ledger(run(Block(), ac.ones(4, 2), ac.tensor([0, 1, 1, 0])))
    >>> round(sum(c.share for c in book.forks[0].contributions), 6)
    1.0
    """
    sides = _Sides(r, joins_in(r.graph, joins))
    book = _Book(r, sides)
    r.sweep(book)
    forks = sorted(book.forks, key=lambda fork: fork.vertex)
    return Ledger(tuple(forks), dict(sorted(book.norms.items())), r.training, book.lost)


class _Book(Gradient):
    """The algebra: contributions stay apart until all have come."""

    def __init__(self, r: Run, sides: _Sides) -> None:
        super().__init__(None, {}, True, "a study")
        self.watch = None
        self.every = True
        self.base = Rescaled()
        self.run = r
        self.sides = sides
        self.forks: list[Fork] = []
        self.norms: dict[int, float] = {}
        self.lost = 0
        self.places = {node.serial: vertex for vertex, node in r.nodes.items()}

    def seed(self, root: Node) -> Any:
        """What begins at the loss comes from nobody."""
        return [(-1, 0, self.base.seed(root))]

    def apply(self, node: Node, g: Any) -> Sequence[Any]:
        """The contributions of a node, each with its name on it."""
        consumer = self.places[node.serial]
        parts = self.base.apply(node, g)
        return [
            part if part is None or type(part) is Parts else [(consumer, place, part)]
            for place, part in enumerate(parts)
        ]

    def join(self, old: Any, new: Any, edge: Node) -> Any:
        """They are only collected."""
        return old.joined(new) if type(old) is Parts else old + new

    def done(self, node: Node, g: Any) -> Any:
        """All have come: write the fork down, and go on with the sum."""
        if type(g) is Parts:
            return g
        total = g[0][2]
        for _, _, part in g[1:]:
            total = self.base.join(total, part, node)
        vertex = self.places[node.serial]
        self.norms[vertex] = _log2_norm(total, self.run.images)
        self.lost = max(self.lost, total.lost)
        if len(g) > 1:
            self.forks.append(self._fork(vertex, g, total))
        return total

    def _fork(self, vertex: int, g: Sequence[tuple[int, int, Scaled]], total: Scaled) -> Fork:
        images = self.run.images
        shape = self.run.graph.vertices[vertex].shape
        grouped: dict[str, list[tuple[int, Scaled]]] = {}
        for consumer, _, part in g:
            grouped.setdefault(self.sides.side(vertex, consumer), []).append((consumer, part))
        top = max(part.exponent for _, _, part in g)
        whole = total.wide(top)
        parts = {side: sum(part.wide(top) for _, part in some) for side, some in grouped.items()}
        by_image = shape[:1] == (images,) and images > 1
        contributions = tuple(
            Contribution(
                side, tuple(consumer for consumer, _ in grouped[side]),
                _ratio(_dot(c, whole), _dot(whole, whole)), _ratio(_norm(c), _norm(whole)),
                _log2(_norm(c)) + top + math.log2(images), _quartiles(c, whole) if by_image else None,
            )
            for side, c in parts.items()
        )  # fmt: skip
        cosines = tuple(
            tuple(_ratio(_dot(a, b), _norm(a) * _norm(b)) for b in parts.values()) for a in parts.values()
        )
        cancellation = _ratio(sum(_norm(c) for c in parts.values()), _norm(whole))
        name, join = self.sides.fork(vertex)
        return Fork(vertex, name, self.norms[vertex], contributions, cosines, cancellation, join)


class _Sides:
    """Which side of a fork a contribution comes from."""

    def __init__(self, r: Run, joins: Sequence[Join]) -> None:
        self.graph = r.graph
        self.joins: dict[int, Join] = {}
        self.on_shortcut: dict[int, set[int]] = {}
        for join in joins:
            self.joins.setdefault(join.fork, join)
            self.on_shortcut.setdefault(join.fork, set(self._between(join.shortcut, join.fork)))

    def side(self, vertex: int, consumer: int) -> str:
        """``skip`` or ``branch``, or the consumer's own name."""
        join = self.joins.get(vertex)
        if join is None:
            made = self.graph.vertices[consumer]
            return f"{made.op} %{consumer} in {made.scope}" if made.scope else f"{made.op} %{consumer}"
        direct = consumer == join.join and join.shortcut == vertex
        return "skip" if direct or consumer in self.on_shortcut[vertex] else "branch"

    def fork(self, vertex: int) -> tuple[str, int | None]:
        """What a fork is called, and the sum that it leads to."""
        join = self.joins.get(vertex)
        made = self.graph.vertices[vertex]
        own = made.name or (f"{made.op} in {made.scope}" if made.scope else f"{made.op} %{vertex}")
        return (own, None) if join is None else (join.name, join.join)

    def _between(self, end: int, fork: int) -> Iterator[int]:
        """The vertices from a fork, itself not among them, to the end of a shortcut."""
        todo, seen = [end], {fork}
        while todo:
            at = todo.pop()
            if at not in seen:
                seen.add(at)
                yield at
                todo.extend(edge.source for edge in self.graph.in_edges(at) if edge.source > fork)


# Numbers -------------------------------------------------------------------------------------------------------


def _dot(a: Array, b: Array) -> float:
    return float(a.ravel() @ b.ravel())


def _norm(a: Array) -> float:
    return math.sqrt(_dot(a, a))


def _ratio(a: float, b: float) -> float:
    return a / b if b else math.nan


def _log2(x: float) -> float:
    return math.log2(x) if x else -math.inf


def _log2_norm(g: Scaled, images: int) -> float:
    return g.log2_rms() + math.log2(max(g.array.size, 1)) / 2 + math.log2(images)


def _quartiles(c: Array, whole: Array) -> Quartiles | None:
    """The share by image, of the images that have a gradient."""
    xp = namespace(whole)
    a, b = c.reshape(len(c), -1), whole.reshape(len(whole), -1)
    squares = (b * b).sum(1)
    some = squares > 0
    if not bool(some.any()):
        return None
    shares = (a * b).sum(1)[some] / squares[some]
    return Quartiles(*map(float, xp.percentile(shares, xp.asarray([25.0, 50.0, 75.0]))))
