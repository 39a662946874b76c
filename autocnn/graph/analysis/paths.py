"""The ways through a graph: how many, how long, and what lies on all of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from autocnn.errors import GraphError
from autocnn.graph.data import Graph, Vertex

Length = Callable[[Vertex], int]


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


def longest_path(graph: Graph, source: int, target: int, length: Length | None = None) -> tuple[int, ...]:
    """The vertices of a longest path from one vertex to another; empty if there is none.

    ``length`` is as in `path_lengths`. Of equally long ones, the one through the earlier arguments. Linear.

    >>> from autocnn.graph.data import Edge
    >>> skip = [Vertex(i, "tanh" if i else "", "op" if i else "input", {}, (), "float32") for i in range(3)]
    >>> longest_path(Graph(tuple(skip), (Edge(0, 1), Edge(0, 2), Edge(1, 2, 1)), inputs=(0,)), 0, 2)
    (0, 1, 2)
    """
    _check_pair(graph, source, target)
    best: dict[int, int] = {source: 0}
    before: dict[int, int] = {}
    for edge in graph.edges:  # sorted by target, so best[edge.source] is final
        if edge.source in best and edge.target <= target:
            reached = best[edge.source] + (1 if length is None else length(graph.vertices[edge.target]))
            if edge.target not in before or reached > best[edge.target]:
                best[edge.target], before[edge.target] = reached, edge.source
    if target not in best:
        return ()
    path = [target]
    while path[-1] != source:
        path.append(before[path[-1]])
    return tuple(reversed(path))


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
