"""Questions about a graph that need its shape and its ops, not its values."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

from autocnn.errors import GraphError
from autocnn.graph.data import Graph, Vertex

Length = Callable[[Vertex], int]
Shape = tuple[int, ...]


def to_networkx(graph: Graph) -> Any:
    """The graph as a networkx MultiDiGraph; fields become attributes, an edge's key is its position."""
    import networkx

    result = networkx.MultiDiGraph(inputs=graph.inputs, outputs=graph.outputs)
    for vertex in graph.vertices:
        fields = {name: getattr(vertex, name) for name in Vertex.__slots__ if name != "id"}
        result.add_node(vertex.id, **fields)
    result.add_edges_from((edge.source, edge.target, edge.position) for edge in graph.edges)
    return result


def count_paths(graph: Graph, source: int, target: int) -> int:
    """The number of different paths from one vertex to another, exactly.

    Parallel edges are different paths: in ``x + x`` there are two. Linear in the size of the graph.

    >>> from autocnn.graph.data import Edge
    >>> double = [Vertex(i, "add" if i else "", "op" if i else "input", {}, (), "float32") for i in range(61)]
    >>> edges = [Edge(i, i + 1, position) for i in range(60) for position in (0, 1)]
    >>> count_paths(Graph(tuple(double), tuple(edges), inputs=(0,)), 0, 60) == 2**60
    True
    """
    _check_pair(graph, source, target)
    counts = [0] * len(graph)
    counts[source] = 1
    for edge in graph.edges:  # sorted by target, so counts[edge.source] is complete
        if counts[edge.source]:
            counts[edge.target] += counts[edge.source]
    return counts[target]


def path_lengths(graph: Graph, source: int, target: int, length: Length | None = None) -> dict[int, int]:
    """How many paths from one vertex to another have each length.

    ``length`` says what passing through a vertex adds (0 or more; the source is not passed); by default 1,
    so that a path's length is its number of edges. Work: edges times different lengths.
    """
    _check_pair(graph, source, target)
    wanted = _on_a_path(graph, source, target)
    spectra: dict[int, _Spectrum] = {source: _Spectrum(0, (1,))}
    uses = dict.fromkeys(wanted, 0)
    for edge in graph.edges:
        if edge.target in wanted and edge.source in wanted:
            uses[edge.source] += 1
    for vertex in graph.vertices[source + 1 : target + 1]:
        if vertex.id in wanted:
            step = 1 if length is None else length(vertex)
            spectrum = _NOTHING
            for edge in graph.in_edges(vertex.id):
                if edge.source in wanted:
                    spectrum = spectrum.plus(spectra[edge.source])
                    uses[edge.source] -= 1
                    if not uses[edge.source]:
                        del spectra[edge.source]
            spectra[vertex.id] = spectrum.shifted(step)
    return spectra[target].counts() if target in spectra else {}


@dataclass(frozen=True, slots=True)
class _Spectrum:
    """Numbers of paths by length: ``numbers[i]`` of length ``base + i``."""

    base: int
    numbers: tuple[int, ...]

    def plus(self, other: _Spectrum) -> _Spectrum:
        if not self.numbers or not other.numbers:
            return self if self.numbers else other
        base = min(self.base, other.base)
        top = max(self.base + len(self.numbers), other.base + len(other.numbers))
        total = [0] * (top - base)
        for spectrum in (self, other):
            for place, number in enumerate(spectrum.numbers, spectrum.base - base):
                total[place] += number
        return _Spectrum(base, tuple(total))

    def shifted(self, step: int) -> _Spectrum:
        return _Spectrum(self.base + step, self.numbers)

    def counts(self) -> dict[int, int]:
        return {length: number for length, number in enumerate(self.numbers, self.base) if number}


_NOTHING = _Spectrum(0, ())


@dataclass(frozen=True, slots=True)
class Block:
    """A residual block: two branches of unlike length that leave one value and meet again."""

    fork: int
    """The vertex that both branches leave."""
    join: int
    """The addition or concatenation in which they meet."""
    shortcut: tuple[int, ...]
    """Places in ``graph.edges`` of the edges of the shorter branch, the last one first."""


def residual_blocks(graph: Graph) -> tuple[Block, ...]:
    """The residual blocks of a graph, by their joins: found from forks and joins alone, in every pass.

    The shorter branch is the shortcut: one edge if it is the value itself, all its edges if it holds a projection.
    Parameters and their gradients make no branches.
    """
    data = _data_edges(graph)
    uses = [0] * len(graph)
    for places in data:
        for place in places:
            uses[graph.edges[place].source] += 1
    tree, depth = _Dominators(len(graph)), [0] * len(graph)
    found: list[Block] = []
    for vertex in graph.vertices:
        sources = [graph.edges[place].source for place in data[vertex.id]]
        depth[vertex.id] = 1 + max((depth[source] for source in sources), default=-1)
        fork = tree.add(vertex.id, sources)
        if (
            len(sources) == 2
            and fork is not None
            and _joins(graph, vertex)
            and depth[sources[0]] != depth[sources[1]]
        ):
            shorter = min(data[vertex.id], key=lambda place: depth[graph.edges[place].source])
            found.append(Block(fork, vertex.id, tuple(_branch(graph, data, uses, shorter, fork))))
    return tuple(found)


def skip_edges(graph: Graph) -> frozenset[int]:
    """Places in ``graph.edges`` of the edges that carry a shortcut into an addition or concatenation."""
    return frozenset(place for block in residual_blocks(graph) for place in block.shortcut)


def _data_edges(graph: Graph) -> list[list[int]]:
    """For each vertex the places of the edges that carry data of its own pass: what comes from the inputs, or
    from the first cotangent, and not from parameters, constants or saved values alone."""
    carries = [vertex.kind == "input" for vertex in graph.vertices]
    for phase in ("backward", "second"):
        first = next((vertex.id for vertex in graph.vertices if vertex.phase == phase), None)
        if first is not None:
            carries[first] = True
    data: list[list[int]] = [[] for _ in graph.vertices]
    for place, edge in enumerate(graph.edges):  # sorted by target, so carries[edge.source] is known
        if carries[edge.source] and graph.vertices[edge.source].phase == graph.vertices[edge.target].phase:
            data[edge.target].append(place)
            carries[edge.target] = True
    return data


def _joins(graph: Graph, vertex: Vertex) -> bool:
    of_parameter = vertex.twin is not None and graph.vertices[vertex.twin].kind == "parameter"
    return vertex.op.split("_")[0] in ("add", "cat") and not of_parameter


def _branch(graph: Graph, data: list[list[int]], uses: list[int], place: int, fork: int) -> list[int]:
    """The edges from the fork to here, if nothing enters or leaves on the way; else the last one alone."""
    places = [place]
    while graph.edges[places[-1]].source != fork:
        source = graph.edges[places[-1]].source
        if len(data[source]) != 1 or uses[source] != 1:
            return places[:1]
        places.append(data[source][0])
    return places


class _Dominators:
    """The tree of immediate dominators, grown in topological order.

    Every vertex keeps a jump to a far ancestor (E. W. Myers, "An applicative random-access stack", 1983),
    so that the common ancestor of two vertices is found in logarithmic time.
    """

    def __init__(self, count: int) -> None:
        self.parent: list[int] = list(range(count))
        self.jump: list[int] = list(range(count))
        self.level: list[int] = [0] * count

    def add(self, vertex: int, sources: list[int]) -> int | None:
        """Place a vertex under the nearest one on every way to it, and return that; None for a root."""
        if not sources:
            return None
        common: int | None = sources[0]
        for source in sources[1:]:
            common = None if common is None else self._meet(common, source)
        if common is None:
            return None
        jump = self.jump[common]
        even = self.level[common] - self.level[jump] == self.level[jump] - self.level[self.jump[jump]]
        self.parent[vertex], self.level[vertex] = common, self.level[common] + 1
        self.jump[vertex] = self.jump[jump] if even else common
        return common

    def _meet(self, a: int, b: int) -> int | None:
        if self.level[a] < self.level[b]:
            a, b = b, a
        while self.level[a] > self.level[b]:
            a = self.jump[a] if self.level[self.jump[a]] >= self.level[b] else self.parent[a]
        while a != b:
            if self.level[a] == 0:
                return None
            if self.jump[a] != self.jump[b]:
                a, b = self.jump[a], self.jump[b]
            else:
                a, b = self.parent[a], self.parent[b]
        return a


def count_parameters(graph: Graph) -> dict[str, int]:
    """Number of parameter elements by scope."""
    counts: dict[str, int] = {}
    for vertex in graph.vertices:
        if vertex.kind == "parameter":
            counts[vertex.scope] = counts.get(vertex.scope, 0) + vertex.size
    return counts


def multiply_adds(graph: Graph, vertex: int) -> int:
    """Multiply-and-add steps of one op, from shapes; 0 unless it is a convolution or a matrix product."""
    result = graph.vertices[vertex]
    return work(result.op, result.shape, [graph.vertices[edge.source].shape for edge in graph.in_edges(vertex)])


def work(op: str, shape: Shape, sources: Sequence[Shape]) -> int:
    """Multiply-and-add steps of an op by its name, the shape of its result and those of its operands.

    conv:         z (N, O, *out), w (O, C/groups, *kernel):  size(z) * C/groups * prod(kernel)
    conv_input:   as the convolution whose cotangent g it takes; conv_weight alike
    matmul:       z (..., n, m), x (..., n, k):  size(z) * k

    >>> work("matmul", (2, 3), [(2, 4), (4, 3)])
    24
    """
    rule = _MULTIPLY_ADDS.get(op)
    return rule(shape, sources) if rule is not None and len(sources) >= 2 else 0


def _conv(shape: Shape, sources: Sequence[Shape]) -> int:
    return prod(shape) * prod(sources[1][1:])


def _conv_input(shape: Shape, sources: Sequence[Shape]) -> int:
    return prod(sources[0]) * prod(sources[1][1:])


def _conv_weight(shape: Shape, sources: Sequence[Shape]) -> int:
    return prod(sources[0]) * prod(shape[1:])


def _matmul(shape: Shape, sources: Sequence[Shape]) -> int:
    return prod(shape) * (sources[0][-1] if sources[0] else 1)


_MULTIPLY_ADDS: Mapping[str, Callable[[Shape, Sequence[Shape]], int]] = {
    "conv": _conv,
    "conv_bias": _conv,
    "conv_bias_relu": _conv,
    "conv_input": _conv_input,
    "conv_weight": _conv_weight,
    "matmul": _matmul,
    "linear": _matmul,
    "project": _matmul,
}


def _on_a_path(graph: Graph, source: int, target: int) -> set[int]:
    forward = {source}
    for edge in graph.edges:
        if edge.source in forward:
            forward.add(edge.target)
    both = {target} & forward
    for edge in reversed(graph.edges):
        if edge.target in both and edge.source in forward:
            both.add(edge.source)
    return both


def _check_pair(graph: Graph, source: int, target: int) -> None:
    for name, vertex in (("source", source), ("target", target)):
        if not 0 <= vertex < len(graph):
            raise GraphError(f"paths: {name} is {vertex}; the graph has vertices 0 to {len(graph) - 1}")
