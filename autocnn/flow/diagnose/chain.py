"""The way from the input to the loss: the vertices that every path passes, and the trend of sizes along them."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from autocnn.flow.reach import between, descendants
from autocnn.graph.data import Graph

WEIGHTED = frozenset({
    "linear", "project", "matmul", "conv", "conv_bias", "conv_bias_relu", "conv_input", "einsum",
})  # fmt: skip
"""Ops that are a layer where one of their operands does not depend on the input: it is their weight."""

BITS = 10
"""A per-layer factor vanishes where its depth-th power is under 2^-10, and explodes where it is over 2^10."""

_FEW = 5
"""With fewer steps than these nothing is told apart from the trend."""
_JUMP = 5.0
"""A step further than this many bits, and nine median deviations, from the others is no part of the trend."""


@dataclass(frozen=True, slots=True)
class Chain:
    """Vertices that every path from one vertex to another passes: the last one at each depth, the first one first.

    The depth of a vertex is the number of weight layers on the longest path to it.
    """

    stations: tuple[int, ...]
    depths: tuple[int, ...]
    layers: int
    """Weight layers from the one end to the other."""
    source: int
    target: int


@dataclass(frozen=True, slots=True)
class Trend:
    """A line through sizes on a log scale, fitted to all steps but those that stand out.

    All in bits (log2), in the direction of the backward pass: -1 is a halving.
    """

    step: float
    """Per layer."""
    layers: int
    jumps: tuple[tuple[int, float], ...] = ()
    """Steps that stand out: the place of the station behind each, and how far it is from the trend."""

    @property
    def total(self) -> float:
        """The per-layer step times the depth: the factor's depth-th power."""
        return self.step * self.layers if self.layers else 0.0


def depths(graph: Graph, source: int) -> list[int]:
    """The number of layers on the longest path to each vertex that depends on `source`; 0 for the others.

    Layers are products with weights. Where there are not two of those, every op that is no mere move is a layer.
    """
    data = descendants(graph, source)
    weighted = [v.op in WEIGHTED and _has_weight(graph, v.id, data) for v in graph.vertices]
    if sum(weighted) < 2:
        weighted = [v.kind == "op" and v.op not in _MOVES and data[v.id] for v in graph.vertices]
    depth = [0] * len(graph)
    for v in graph.vertices:
        if data[v.id] and v.id != source:
            before = [depth[edge.source] for edge in graph.in_edges(v.id) if data[edge.source]]
            depth[v.id] = max(before, default=0) + weighted[v.id]
    return depth


_MOVES = frozenset({"item", "reshape", "permute", "contiguous", "clone", "alias", "gate", "cast", "broadcast_to"})


def _has_weight(graph: Graph, vertex: int, data: Sequence[bool]) -> bool:
    sources = [edge.source for edge in graph.in_edges(vertex)]
    return any(data[s] for s in sources) and any(not data[s] and len(graph.vertices[s].shape) > 1 for s in sources)


def chain(graph: Graph, source: int, target: int, depth: Sequence[int]) -> Chain:
    """The stations on every path from `source` to `target`, one for each depth: the last, but the first of all at
    the end, where the layers are over.

    >>> from autocnn.graph.data import Edge, Vertex
    >>> net = [Vertex(i, "linear" if i in (1, 3) else "tanh", "op", {}, (1,), "float32") for i in range(1, 5)]
    >>> x = Vertex(0, "", "input", {}, (1,), "float32")
    >>> chain(Graph((x, *net), tuple(Edge(i, i + 1) for i in range(4))), 0, 4, [0, 1, 1, 2, 2]).stations
    (2, 3)
    """
    passed = list(_passed(graph, source, target))
    first, last = depth[source], depth[target]
    chosen: dict[int, int] = {}
    for v in passed:
        if depth[v] > first and (depth[v] < last or last not in chosen):
            chosen[depth[v]] = v
    return Chain(tuple(chosen.values()), tuple(d - first for d in chosen), last - first, source, target)


def _passed(graph: Graph, source: int, target: int) -> Iterator[int]:
    """The vertices that no path from source to target avoids: no edge leads past them."""
    inside = between(graph, source, target)
    reach = source
    for v in range(source, target + 1):
        if inside[v]:
            if reach <= v:
                yield v
            reach = max([reach, *(e.target for e in graph.out_edges(v) if inside[e.target])])


def branches(graph: Graph, main: Chain, depth: Sequence[int], least: int = 8) -> Iterator[Chain]:
    """The chains inside long branches, which paths around them avoid, as far as they have `least` layers."""
    for start, stop in itertools.pairwise([main.source, *_passed(graph, main.source, main.target)]):
        if depth[stop] - depth[start] >= least:
            inside = between(graph, start, stop)
            for edge in graph.in_edges(stop):
                long = inside[edge.source] and depth[edge.source] - depth[start] >= least
                if long and edge.source != start:
                    yield _deepest(graph, start, edge.source, depth)


def _deepest(graph: Graph, start: int, stop: int, depth: Sequence[int]) -> Chain:
    """A chain inside a branch. Where again no path may be avoided at first, as in time unrolled, go on inside."""
    parts, end = [], stop
    while True:
        part = chain(graph, start, end, depth)
        parts.append(part)
        first = next(v for v in _passed(graph, start, end) if v != start)
        if first == stop or depth[first] - depth[start] < 2:
            break
        sources = [edge.source for edge in graph.in_edges(first) if depth[edge.source] > depth[start]]
        end = max(sources, key=lambda v: depth[v])
    places = dict(pair for p in parts for pair in zip(p.depths, p.stations, strict=True))
    ordered = sorted(places.items())
    return Chain(tuple(v for _, v in ordered), tuple(d for d, _ in ordered), parts[0].layers, start, stop)


def trend(places: Sequence[int], bits: Sequence[float], layers: int, apart: frozenset[int] = frozenset()) -> Trend:
    """Fit a line to sizes (in bits) at depths: one slope, and a new start behind each step that stands out.

    The steps to the places `apart` are left out unless they are most of them: something else explains them.

    >>> round(trend(range(1, 11), [2.0 * d for d in range(1, 11)], 10).total, 6)
    -20.0
    >>> once = trend(range(10), [0, 0, 0, 0, 30, 30, 30, 30, 30, 30], 10)
    >>> once.step, once.jumps
    (0.0, ((4, -30.0),))
    """
    steps = [(b - a, y - z) for a, b, y, z in zip(places, places[1:], bits, bits[1:], strict=False)]
    if not steps:
        return Trend(0.0, layers)
    if 2 * len(apart) > len(steps):
        apart = frozenset()
    rest = [step for place, step in enumerate(steps, start=1) if place not in apart]
    jumps: list[int] = []
    if len(rest) >= _FEW:
        usual = median(change / length for length, change in rest)
        spread = median(abs(change / length - usual) for length, change in rest)
        for place, (length, change) in enumerate(steps, start=1):
            far = abs(change - usual * length) > max(_JUMP, 9 * spread * length)
            if far and place not in apart:
                jumps.append(place)
    cuts = [0, *sorted({*jumps, *apart}), len(places)]
    top = bottom = 0.0
    for start, stop in itertools.pairwise(cuts):
        xs, ys = places[start:stop], bits[start:stop]
        middle, mean = sum(xs) / len(xs), sum(ys) / len(ys)
        top += sum((x - middle) * (y - mean) for x, y in zip(xs, ys, strict=True))
        bottom += sum((x - middle) ** 2 for x in xs)
    slope = top / bottom if bottom else 0.0
    behind = [(p, bits[p - 1] - bits[p] + slope * (places[p] - places[p - 1])) for p in jumps]
    return Trend(-slope or 0.0, layers, tuple(behind))


def milder(first: Trend, second: Trend) -> Trend:
    """The trend of two whose total is nearer to 0; none where they go opposite ways."""
    if first.total * second.total < 0:
        return Trend(0.0, first.layers, first.jumps)
    return first if abs(first.total) <= abs(second.total) else second


def finite(bits: Mapping[int, float], stations: Sequence[int]) -> list[int]:
    """Places of the stations, from the end, up to the first one whose size is zero or no number."""
    known: list[int] = []
    for place in reversed(range(len(stations))):
        if not math.isfinite(bits.get(stations[place], -math.inf)):
            break
        known.append(place)
    return known[::-1]
