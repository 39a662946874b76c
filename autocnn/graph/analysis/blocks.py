"""Residual blocks, found from forks and joins alone."""

from __future__ import annotations

from dataclasses import dataclass

from autocnn.graph.data import Graph, Vertex


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
    tree, depth = Dominators(len(graph)), [0] * len(graph)
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


class Dominators:
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
