"""A gradient by the paths that it takes: how much of it has crossed 0, 1, 2 ... residual branches.

With n residual blocks there are 2^n paths. One backward sweep that carries a polynomial in the number of
branches crossed gives, for every degree, the sum of all paths of that degree, exactly. It splits the gradient,
linearised at the full network's activations; it does not split the function.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from random import Random
from typing import Any

from autocnn.errors import ArgumentError, GraphError
from autocnn.flow.blocks import Join, joins_in
from autocnn.flow.cotangents import Coefficients, Exact, Rescaled, Row, Scaled
from autocnn.flow.run import Run
from autocnn.types import Array


@dataclass(frozen=True)
class Mean:
    """A mean over draws, with its standard error."""

    mean: float
    error: float
    draws: int


@dataclass(frozen=True)
class Degree:
    """All paths that cross this many branches, together."""

    degree: int
    paths: int
    """How many they are: n over k."""
    share: float
    """Of the gradient, with its sign: <g_k, g>/|g|^2. The shares of all degrees sum to 1."""
    ratio: float
    """|g_k|/|g|."""
    incoherent: Mean | None = None
    """Root of the sum over paths of |path|^2, over |g|: their size if they did not cooperate."""
    coherence: float = math.nan
    """|g_k|^2 over the sum of |path|^2: 1 where paths are as good as unrelated, above it where they cooperate."""
    product: Mean | None = None
    """Number of paths times the mean size of sampled single ones, over |g| (Veit, Wilber and Belongie 2016)."""


@dataclass(frozen=True)
class Crossing:
    """The part of the gradient that has crossed one branch, whatever else it crossed."""

    name: str
    share: float
    ratio: float


@dataclass(frozen=True)
class Paths:
    """The gradient at one vertex by the number of branches crossed on the way from the loss."""

    vertex: int
    marks: tuple[str, ...]
    degrees: tuple[Degree, ...]
    gain: float
    """|g_0| over the gradient at the last join: what the way that crosses no branch does. 1 for the identity."""
    log2_norm: float
    """log2 of N |g|."""
    remainder: float
    """|g - sum of all g_k| over the sum of |g_k|: what rounding has left."""
    training: bool
    """In train mode batch statistics couple the images: the shares are of the batch's gradient."""
    lost: int
    crossings: tuple[Crossing, ...] = ()
    """By branch, on request. They overlap: their shares sum to the mean length."""

    @property
    def mean_length(self) -> float:
        """Branches crossed on the average, weighted by signed share."""
        return sum(d.degree * d.share for d in self.degrees)

    def range(self, share: float = 0.95) -> tuple[int, int]:
        """The shortest run of degrees whose shares, by size, sum to at least this part of all of them."""
        sizes = [abs(d.share) for d in self.degrees]
        aim, best = share * sum(sizes), (0, len(sizes) - 1)
        for low in range(len(sizes)):
            total = 0.0
            for high in range(low, len(sizes)):
                total += sizes[high]
                if total >= aim:
                    best = min(best, (low, high), key=lambda run: run[1] - run[0])
                    break
        return best

    def sentence(self) -> str:
        """Through how many blocks the gradient travels."""
        low, high = self.range()
        n = len(self.marks)
        return (
            f"Of {n} residual branches the gradient crosses {self.mean_length:.1f} on the average; 95 % of it has "
            f"crossed {low} to {high}. The 2^{n} paths cross {n / 2:g} on the average."
        )

    def __str__(self) -> str:
        lines = [self.sentence(), f"{'degree':>6} {'paths':>12} {'share':>8} {'|g_k|/|g|':>10} {'coherence':>10}"]
        for d in self.degrees:
            together = "" if math.isnan(d.coherence) else f"{d.coherence:10.3g}"
            lines.append(f"{d.degree:6} {d.paths:12,} {d.share:8.2%} {d.ratio:10.3g} {together:>10}")
        return "\n".join(lines)

    def rows(self) -> list[dict[str, Any]]:
        """A tidy table: one row for each degree."""
        return [
            {
                "degree": d.degree, "paths": d.paths, "share": d.share, "norm_ratio": d.ratio,
                "incoherent": d.incoherent.mean if d.incoherent else math.nan,
                "incoherent_error": d.incoherent.error if d.incoherent else math.nan,
                "coherence": d.coherence,
                "product": d.product.mean if d.product else math.nan,
                "product_error": d.product.error if d.product else math.nan,
            }
            for d in self.degrees
        ]  # fmt: skip

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain numbers."""
        return {**asdict(self), "mode": "train" if self.training else "eval", "mean_length": self.mean_length}


def paths(
    r: Run, vertex: int | None = None, joins: Sequence[Join | str] | None = None, *,
    marks: Mapping[str, int] | None = None, signs: int = 0, samples: int = 0, crossings: bool = False,
    seed: int = 0,
) -> Paths:  # fmt: skip
    """Split the gradient at a vertex (default: where the first residual block begins) by branches crossed.

    ``joins`` are the residual blocks, by the paths of their modules or as `residual_joins` gives them, and found
    by themselves if not given; ``marks`` counts crossings of any vertices instead, by name. ``signs`` sweeps with
    random signs on the branches give the incoherent sizes, ``samples`` single paths for each of up to 12 degrees
    Veit's product, ``crossings`` the part that each branch carries.
    Raises GraphError where there is nothing to cross, ArgumentError for samples of marks that are no joins.

    >>> import autocnn as ac
    >>> from autocnn import models
    >>> from autocnn.flow import run
    >>> _ = ac.manual_seed(0)
    >>> split = paths(run(models.residual(8, width=4), ac.randn(4, 1, 8, 8), ac.arange(4)))
    >>> [d.paths for d in split.degrees], round(sum(d.share for d in split.degrees), 6)
    ([1, 3, 3, 1], 1.0)
    """
    road = _Road(r, vertex, joins, marks)
    rows = road.sweep(dict.fromkeys(road.marks, _further))
    sizes = _Sizes(rows, r.scaled_gradients([road.vertex])[road.vertex])
    turned = _squares(road, sizes, signs, seed) if signs else []
    products = _products(road, sizes, samples, seed) if samples else {}
    n = len(road.marks)
    degrees = tuple(
        _degree(k, math.comb(n, k), sizes, turned[k] if turned else None, products.get(k)) for k in range(n + 1)
    )
    crossed = _crossings(road) if crossings else ()
    names = tuple(road.marks.values())
    log2 = sizes.log2 + math.log2(r.images)
    return Paths(
        road.vertex, names, degrees, road.gain(rows), log2, sizes.remainder, r.training, sizes.lost, crossed
    )


def each_path(
    r: Run, vertex: int | None = None, joins: Sequence[Join | str] | None = None
) -> dict[tuple[str, ...], Scaled]:
    """The gradient of every single path, by the branches that it crosses: 2^n, so n is at most 12.

    Their sum is dL/dv, of the mean loss; norms of `paths` and `ledger` are times N, those of an image's own loss.

    Raises ArgumentError for more.
    """
    road = _Road(r, vertex, joins, None)
    names = list(road.marks.values())
    if len(names) > 12:
        raise ArgumentError(f"each_path: there are {len(names)} blocks, 2^{len(names)} paths; at most 12 blocks")
    order: list[int] = []

    def double(mark: int) -> Callable[[Row], Row]:
        def turn(row: Row) -> Row:
            order.append(mark)
            return [None] * (1 << (len(order) - 1)) + row

        return turn

    rows = road.sweep({mark: double(mark) for mark in road.marks})
    zero = Rescaled().nothing(r.node(road.vertex))
    crossed = [
        [road.marks[m] for i, m in enumerate(order) if number >> i & 1] for number in range(1 << len(names))
    ]
    padded = [*rows, *[None] * ((1 << len(names)) - len(rows))]
    keyed = {tuple(sorted(some, key=names.index)): g or zero for some, g in zip(crossed, padded, strict=True)}
    return keyed


class _Road:
    """The stretch between a vertex and the loss, with the branches that lie on it."""

    def __init__(
        self, r: Run, vertex: int | None, joins: Sequence[Join | str] | None, marks: Mapping[str, int] | None
    ) -> None:
        self.run = r
        found = () if marks and joins is None else joins_in(r.graph, joins)
        if not found and not marks:
            raise GraphError(
                "paths: the network has no residual block; name the vertices to cross with marks={...}"
            )
        self.vertex = vertex if vertex is not None else found[0].fork if found else r.input
        if not r.node(self.vertex).requires_grad:
            raise GraphError(f"paths: no gradient reaches %{self.vertex}")
        self.joins = {join.branch: join for join in found if join.fork >= self.vertex}
        named = {v: name for name, v in marks.items()} if marks else {b: j.name for b, j in self.joins.items()}
        self.marks: dict[int, str] = {v: name for v, name in sorted(named.items()) if v >= self.vertex}

    def sweep(self, turns: Mapping[int, Callable[[Row], Row]], base: Exact | None = None) -> Row:
        """The row of cotangents that arrives at the vertex."""
        nodes = self.run.nodes
        arrived: list[Row] = []
        goal = nodes[self.vertex].serial
        algebra = Coefficients(
            base or Rescaled(), {nodes[v].serial: turn for v, turn in turns.items()},
            seen=lambda node, row: arrived.append(row) if node.serial == goal else None,
        )  # fmt: skip
        self.run.sweep(algebra, [self.vertex])
        return arrived[0] if arrived else []

    def gain(self, rows: Row) -> float:
        """What the way around all branches does to a gradient, between the last join and the vertex."""
        if not self.joins or not rows or rows[0] is None:
            return math.nan if not self.joins else 0.0
        last = max(join.join for join in self.joins.values())
        start = self.run.scaled_gradients([last])[last]
        return _norm_over(rows[0], start)

    def one_path(self, crossed: Iterable[int]) -> Row:
        """The gradient of the one path that crosses these branches and no other."""
        chosen, nodes = set(crossed), self.run.nodes
        cut = {v: _stopped for v in self.marks if v not in chosen}
        around = {(nodes[j.join].serial, j.shortcut_position): 0.0 for v, j in self.joins.items() if v in chosen}
        return self.sweep(cut, Rescaled(edges=around))


def _further(row: Row) -> Row:
    """One branch more has been crossed."""
    return [None, *row]


def _stopped(row: Row) -> Row:
    """Nothing goes on through this branch."""
    return [None] * len(row)


class _Sizes:
    """Cotangents by degree as float64, at a common power of two, beside the gradient that they sum to."""

    def __init__(self, rows: Row, whole: Scaled) -> None:
        present = [g for g in rows if g is not None]
        if not present or not bool(whole.array.any()):
            raise GraphError("paths: the gradient at the vertex is exactly 0; there is nothing to split")
        self.top = max(g.exponent for g in present)
        self.lost = max(g.lost for g in present)
        self.parts = [None if g is None else g.wide(self.top) for g in rows]
        self.total = whole.wide(self.top)
        self.square = _dot(self.total, self.total)
        if not math.isfinite(self.square):
            raise GraphError("paths: the gradient at the vertex is not finite; there is nothing to split")
        self.log2 = math.log2(self.square) / 2 + self.top
        rest = self.total - sum(part for part in self.parts if part is not None)
        sizes = sum(math.sqrt(_dot(part, part)) for part in self.parts if part is not None)
        self.remainder = math.sqrt(_dot(rest, rest)) / sizes

    def of(self, k: int) -> Array | None:
        """The part of a degree."""
        return self.parts[k] if k < len(self.parts) else None


def _degree(k: int, count: int, sizes: _Sizes, squares: list[float] | None, product: Mean | None) -> Degree:
    part = sizes.of(k)
    if part is None:
        return Degree(k, count, 0.0, 0.0, None, math.nan, product)
    own = _dot(part, part)
    share, ratio = _dot(part, sizes.total) / sizes.square, math.sqrt(own / sizes.square)
    if squares is None:
        return Degree(k, count, share, ratio, None, math.nan, product)
    mean = _mean(squares)
    root = math.sqrt(mean.mean)
    incoherent = Mean(root, mean.error / (2 * root) if root else 0.0, mean.draws)
    return Degree(
        k, count, share, ratio, incoherent, own / sizes.square / mean.mean if root else math.nan, product
    )


def _squares(road: _Road, sizes: _Sizes, draws: int, seed: int) -> list[list[float]]:
    """For each degree |g_k|^2/|g|^2 under random signs on the branches: its mean is the sum over paths."""
    found: list[list[float]] = [[] for _ in range(len(road.marks) + 1)]
    for draw in range(draws):
        chance = Random(f"{seed}/{draw}")
        base = Rescaled()
        turns = {mark: _signed(chance.choice((-1.0, 1.0)), base) for mark in road.marks}
        for k, g in enumerate(road.sweep(turns, base)):
            if g is not None:
                wide = g.wide(sizes.top)
                found[k].append(_dot(wide, wide) / sizes.square)
    return found


def _signed(sign: float, base: Exact) -> Callable[[Row], Row]:
    return lambda row: [None, *(g if g is None or sign > 0 else base.times(g, sign) for g in row)]


def _products(road: _Road, sizes: _Sizes, samples: int, seed: int) -> dict[int, Mean]:
    """Number of paths times the mean size of some, by degree, over |g|."""
    if not road.joins:
        raise ArgumentError(
            "paths: single paths need residual blocks; marks alone do not say what goes around them"
        )
    n, chance = len(road.marks), Random(seed)
    chosen = sorted({round(i * n / 11) for i in range(12)})
    found = {}
    for k in chosen:
        several = 1 if k in (0, n) else samples
        drawn = [road.one_path(chance.sample(list(road.marks), k)) for _ in range(several)]
        norms = [math.sqrt(_square(row[0], sizes.top) / sizes.square) if row and row[0] else 0.0 for row in drawn]
        mean = _mean(norms)
        found[k] = Mean(math.comb(n, k) * mean.mean, math.comb(n, k) * mean.error, mean.draws)
    return found


def _crossings(road: _Road) -> tuple[Crossing, ...]:
    """What has crossed each branch, all in one sweep: place 0 is the whole, the others one branch each."""
    order: list[int] = []

    def take(mark: int) -> Callable[[Row], Row]:
        def turn(row: Row) -> Row:
            order.append(mark)
            return row + [None] * (len(order) - len(row)) + [row[0]]

        return turn

    rows = road.sweep({mark: take(mark) for mark in road.marks})
    whole = rows[0]
    total = whole.wide(whole.exponent)
    square = _dot(total, total)
    found = {}
    for mark, g in zip(order, rows[1:] + [None] * len(order), strict=False):
        part = 0 * total if g is None else g.wide(whole.exponent)
        found[mark] = Crossing(road.marks[mark], _dot(part, total) / square, math.sqrt(_dot(part, part) / square))
    return tuple(found[mark] for mark in road.marks if mark in found)


# Numbers -------------------------------------------------------------------------------------------------------


def _dot(a: Any, b: Any) -> float:
    return float(a.ravel() @ b.ravel())


def _square(g: Scaled, top: int) -> float:
    wide = g.wide(top)
    return _dot(wide, wide)


def _norm_over(a: Scaled, b: Scaled) -> float:
    return math.sqrt(_square(a, a.exponent) / _square(b, b.exponent)) * 2.0 ** (a.exponent - b.exponent)


def _mean(values: Sequence[float]) -> Mean:
    n = len(values)
    mean = sum(values) / n if n else math.nan
    spread = sum((v - mean) ** 2 for v in values) / (n - 1) if n > 1 else math.nan if n == 0 else 0.0
    return Mean(mean, math.sqrt(spread / n) if n else math.nan, n)
