"""Residual blocks unrolled: every way from before the first to behind the last, drawn apart.

y = x + F(x) hands a gradient back by two ways, and n blocks in a row by 2^n. The derivative is the sum over them,
exactly, each linearised where the network stands. The function is no such sum, since F is not linear: of it the
unrolled graph is only a picture.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations, pairwise

from autocnn.errors import GraphError
from autocnn.graph.analysis import Block, residual_blocks
from autocnn.graph.data import ITEM, Edge, Graph, Vertex
from autocnn.graph.transform.collapsing import module_name
from autocnn.graph.transform.hiding import VIEWS
from autocnn.graph.transform.outline import Outline, common, outline

MOST = 4
"""Blocks whose paths can still be looked at: 16."""


@dataclass(frozen=True, slots=True)
class Unrolled:
    """A graph with the paths through residual blocks apart, and where they are in it."""

    graph: Graph
    blocks: tuple[str, ...]
    """Their names, the one nearest the input first."""
    paths: Mapping[tuple[int, ...], tuple[int | None, ...]]
    """The vertices of each path, by the numbers of the blocks whose branch it crosses: two for each block, its
    branch or shortcut and what stands behind its addition; None where that is nothing."""
    fork: int
    """The vertex that all paths leave."""
    join: int
    """The vertex that all paths lead to."""
    at: int
    """The fork in the graph that was unrolled: the paths' gradients are those there."""


def unroll(graph: Graph, joins: Sequence[int] | None = None) -> Unrolled:
    """The 2^n paths through n residual blocks in a row, one beside the other, each a chain of boxes.

    ``joins`` are the additions of the blocks that are meant, by vertex; by default all. What stands between two
    blocks, such as an activation after an addition, belongs to every path.
    Raises GraphError for more than 4 blocks, for none, and for blocks that lie in one another.

    >>> import autocnn as ac
    >>> from autocnn.graph import listing, trace
    >>> print(listing(unroll(trace(lambda x: ac.sum(x + x.tanh()), ac.ones(3))).graph))
    %0: f32[3] = input "x"
    %1: f32[3] = tanh(%0)
    %2: f32[3] = add(%0, %1)
    %3: f32[] = sum(%2, axes=(0,))
    %4: f32[] = output(%3)
    """
    found = outline(graph)
    return _Copy(found, _chosen(found, joins)).unrolled()


def _chosen(found: Outline, joins: Sequence[int] | None) -> list[Block]:
    """The blocks that are meant, in a row."""
    known = {block.join: block for block in residual_blocks(found.graph)}
    there = [part.vertices[0] for part in found.parts if part.kind == "join"]
    wrong = next((join for join in joins or () if join not in there), None)
    if wrong is not None:
        raise GraphError(
            f"unroll: joins has {wrong!r}; the graph's skips end in {', '.join(map(str, there)) or 'none'}"
        )
    chosen = [known[join] for join in there if joins is None or join in joins]
    if not chosen:
        raise GraphError("unroll: the graph has no residual block, and so but one path; draw it as it is")
    if len(chosen) > MOST:
        raise GraphError(
            f"unroll: the graph has {len(chosen)} residual blocks, and 2^{len(chosen)} = {2 ** len(chosen):,} "
            f"paths; at most {MOST} blocks can be drawn. Say which by their additions, as in joins={there[:MOST]}"
        )
    for before, after in pairwise(chosen):
        if after.fork < before.join:
            raise GraphError(
                f"unroll: the block that ends in %{before.join} lies in the one that ends in %{after.join}; "
                "say with joins which are meant"
            )
    return chosen


class _Copy:
    """The unrolled graph while it is made."""

    def __init__(self, found: Outline, blocks: list[Block]) -> None:
        self.found, self.source, self.blocks = found, found.graph, blocks
        self.vertices: list[Vertex] = []
        self.edges: list[Edge] = []

    def unrolled(self) -> Unrolled:
        """Stem, paths, sum and tail."""
        first, last = self.blocks[0].fork, self.blocks[-1].join
        shown = [place for part in self.found.parts for place in part.vertices]
        at = -1
        for place in (p for p in shown if p <= first and self.source.vertices[p].kind != "op"):
            at = self._add(self.source.vertices[place], ())
        fork = self._segment([p for p in shown if p <= first], at)
        paths: dict[tuple[int, ...], tuple[int | None, ...]] = {}
        ends = []
        count = len(self.blocks)
        for crossed in (chosen for degree in range(count + 1) for chosen in combinations(range(count), degree)):
            end, way = fork, list[int | None]()
            for number, block in enumerate(self.blocks):
                for places in self._steps(shown, block, number in crossed):
                    before, end = end, self._segment(places, end)
                    way.append(end if end != before else None)
            paths[crossed] = tuple(way)
            ends.append(end)
        join = self._add(self.source.vertices[last], ends)
        end = self._segment([place for place in shown if place > last], join)
        self._add(
            replace(self.source.vertices[self.found.loss], op="", kind="output", params={}, scope=""), (end,)
        )
        inputs = tuple(v.id for v in self.vertices if v.kind == "input")
        graph = Graph(tuple(self.vertices), tuple(self.edges), inputs=inputs, outputs=(len(self.vertices) - 1,))
        return Unrolled(graph.check(), self._names(), paths, fork, join, first)

    def _steps(self, shown: list[int], block: Block, crosses: bool) -> tuple[list[int], list[int]]:
        """The branch or the shortcut of a block, and what stands behind its addition on every path."""
        shortcut = {self.source.edges[place].source for place in block.shortcut} - {block.fork}
        inside = [p for p in shown if block.fork < p < block.join and (p in shortcut) != crosses]
        later = next((after.fork for after in self.blocks if after.join > block.join), block.join)
        return inside, [p for p in shown if block.join < p <= later]

    def _segment(self, places: list[int], at: int) -> int:
        """A chain of ops as one vertex; ``at`` is what it works on."""
        ops = [self.source.vertices[place] for place in places if self.source.vertices[place].kind == "op"]
        said = [vertex for vertex in ops if vertex.op != ITEM and vertex.op not in VIEWS]
        if not said:
            return at
        if len(said) == 1:
            return self._add(said[0], (at,))
        names = [part.name for part in self.found.parts if part.vertices[-1] in places and part.kind != "input"]
        steps = said[0].scope.split("/")[: common(said)] if said[0].scope else []
        name = module_name(steps) if steps else names[0] if len(names) == 1 else f"{names[0]} … {names[-1]}"
        last = ops[-1]
        box = Vertex(0, name, "module", {"ops": len(said)}, last.shape, last.dtype, last.device)
        return self._add(box, (at,))

    def _add(self, like: Vertex, sources: Sequence[int]) -> int:
        """A vertex like another one, that works on others."""
        number = len(self.vertices)
        self.vertices.append(replace(like, id=number, twin=None, saved=(), saved_sizes=(), line=None))
        self.edges += [Edge(source, number, position) for position, source in enumerate(sources)]
        return number

    def _names(self) -> tuple[str, ...]:
        scopes = [self.source.vertices[block.join].scope for block in self.blocks]
        different = len(set(scopes)) == len(scopes) and all(scopes)
        return tuple(module_name(s.split("/")) if different else f"block {n}" for n, s in enumerate(scopes))
