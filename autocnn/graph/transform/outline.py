"""The outline of a forward pass: few boxes, every fork and join, and for each line the edges it stands for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from math import ceil
from typing import TypeVar

from autocnn.errors import GraphError
from autocnn.graph.analysis import Block, residual_blocks
from autocnn.graph.data import ITEM, Graph, Vertex
from autocnn.graph.transform.collapsing import module_name
from autocnn.graph.transform.hiding import VIEWS
from autocnn.graph.transform.parts import ancestors, descendants

T = TypeVar("T")
Key = tuple[object, ...]
"""What vertices of one box, which follow one another, have in common."""


@dataclass(frozen=True, slots=True)
class Part:
    """One vertex of an outline: an input, a box of one or more ops, or the addition where a skip ends."""

    kind: str
    """"input", "box" or "join"."""
    vertices: tuple[int, ...]
    """Those of the graph that it stands for, in order."""
    name: str
    blocks: int = 0
    """How many blocks are folded into it, if any."""


@dataclass(frozen=True, slots=True)
class Wire:
    """A value on its way from one part to another."""

    value: int
    """The vertex of the graph whose value it is."""
    source: int
    target: int
    edges: tuple[int, ...]
    """Places in ``graph.edges``."""
    skip: bool = False
    skips: int = 1
    """How many skips in a row it stands for, if it leads past folded blocks."""


@dataclass(frozen=True, slots=True)
class Outline:
    """Parts in the order of computing, and the wires between them."""

    graph: Graph
    parts: tuple[Part, ...]
    wires: tuple[Wire, ...]
    loss: int
    """The vertex of the graph that all of it leads to."""

    def users(self, value: int) -> tuple[Wire, ...]:
        """The wires that take a value somewhere: two or more make it a fork."""
        return tuple(wire for wire in self.wires if wire.value == value)


def outline(
    graph: Graph, *, depth: int | None = None, blocks: int | None = None, loss: int | None = None
) -> Outline:
    """What lies between the inputs of a forward pass and its last output, or ``loss``, with blocks as boxes.

    Modules at ``depth`` are boxes; by default those that hold the additions where skips end, or else those that
    hold the innermost modules. Of a box around an addition, what comes before it, the addition itself, and what
    comes behind it are apart, so that no skip is folded away. With ``blocks`` at most so many blocks in a row
    stay, half of them at either end; those in the middle are one part, and their skips one wire past it.

    Raises GraphError if depth or blocks is not positive, or nothing leads from an input to the end.

    >>> from autocnn.graph import Edge
    >>> x = Vertex(0, "", "input", {}, (2,), "float32")
    >>> ops = [Vertex(i, op, "op", {}, (2,), "float32") for i, op in ((1, "tanh"), (2, "add"))]
    >>> found = outline(Graph((x, *ops), (Edge(0, 1), Edge(0, 2), Edge(1, 2, 1)), inputs=(0,)))
    >>> [part.name for part in found.parts], [wire.skip for wire in found.wires]
    (['input', 'tanh', 'add'], [False, True, False])
    """
    for name, value in (("depth", depth), ("blocks", blocks)):
        if value is not None and value < 1:
            raise GraphError(f"outline: {name} is {value}; at least 1 is needed")
    end = _end(graph, loss)
    shown = _between(graph, end)
    joins = {
        block.join: block for block in residual_blocks(graph)
        if block.join in shown and graph.vertices[block.join].op.split("_")[0] == "add"
    }  # fmt: skip
    sketch = _Sketch(graph, shown, joins, depth)
    sketch.fold(blocks)
    parts, part_of = sketch.parts()
    return Outline(graph, parts, tuple(_wires(graph, sketch, part_of)), end)


def _end(graph: Graph, loss: int | None) -> int:
    if loss is not None:
        if not 0 <= loss < len(graph):
            raise GraphError(f"outline: loss is {loss}; the graph has vertices 0 to {len(graph) - 1}")
        end = loss
    else:
        outputs = [place for place in graph.outputs if graph.vertices[place].phase == "forward"]
        ops = [vertex.id for vertex in graph.vertices if vertex.kind == "op" and vertex.phase == "forward"]
        if not outputs and not ops:
            raise GraphError("outline: the graph has no op of a forward pass; trace a model")
        end = outputs[-1] if outputs else ops[-1]
    return graph.in_edges(end)[0].source if graph.vertices[end].kind == "output" else end


def _between(graph: Graph, end: int) -> set[int]:
    """What lies on a way from an input to the end; in a graph without inputs, from a parameter."""
    before = {place for place in ancestors(graph, end) if graph.vertices[place].phase == "forward"}
    for kind in ("input", "parameter"):
        starts = [place for place in sorted(before) if graph.vertices[place].kind == kind]
        starts = [place for place in starts if "float" in graph.vertices[place].dtype]
        if starts:
            return before & descendants(graph, *starts)
    raise GraphError(
        f"outline: nothing leads from an input of floating-point numbers to %{end}; name another loss"
    )


class _Sketch:
    """What is to be in one box, decided vertex by vertex."""

    def __init__(self, graph: Graph, shown: set[int], joins: dict[int, Block], depth: int | None) -> None:
        self.graph, self.joins = graph, joins
        self.shown = sorted(shown)
        self.depth = _depth(graph, self.shown, joins) if depth is None else depth
        self.skips = {place for block in joins.values() for place in block.shortcut}
        self.keys: dict[int, Key] = {v: (None, *self._alone(v), self._module(v)) for v in self.shown}
        for block in sorted(joins.values(), key=lambda block: block.fork - block.join):  # the inner ones last
            self._split(block)
        for join in joins:
            self.keys[join] = ("join", join)
        for place in self.shown:  # what only reshapes is no box of its own
            source = self.graph.in_edges(place)[0].source if self.graph.vertices[place].op in VIEWS else place
            if self.keys.get(source, ("join",))[0] != "join":
                self.keys[place] = self.keys[source]
        self.folded: list[Block] = []
        self.run: tuple[int, int] = (0, 0)
        """The first and last vertex of what is folded into one part."""
        self.count = 0

    def _alone(self, place: int) -> tuple[int, ...]:
        """What sets an op outside of all modules apart: itself."""
        return () if self.graph.vertices[place].scope else (place,)

    def _module(self, place: int) -> tuple[str, ...]:
        scope = self.graph.vertices[place].scope
        return tuple(scope.split("/")[: self.depth]) if scope else ()

    def _split(self, block: Block) -> None:
        """Tell the branch and the shortcut of a block from each other, and from what is around them."""
        shortcut = {self.graph.edges[place].source for place in block.shortcut} - {block.fork}
        inside = {block.fork}
        for place in self.shown:
            if block.fork < place < block.join and any(e.source in inside for e in self.graph.in_edges(place)):
                inside.add(place)
                self.keys[place] = ("skip" if place in shortcut else "branch", block.join, self._module(place))

    # Folding ---------------------------------------------------------------------------------------------------

    def fold(self, most: int | None) -> None:
        """Make one part of the blocks in the middle, if there are more than so many in a row."""
        if most is None:
            return
        if self.joins:
            row: list[Block] = []
            for join in sorted(self.joins):
                if not row or self.joins[join].fork >= row[-1].join:
                    row.append(self.joins[join])
            self.folded = _middle(row, most)
            if self.folded:
                self.run = self.folded[0].fork + 1, self.folded[-1].join - 1
                self.count = len(self.folded)
        else:
            paths = [key[-1] for key in self.keys.values() if _numbered(key[-1], self.depth)]
            middle = set(_middle([path for path, ops in Counter(paths).items() if ops > 1], most))
            if middle:
                inside = [place for place in self.shown if self.keys[place][-1] in middle]
                self.run, self.count = (inside[0], inside[-1]), len(middle)
        for place in self.shown:
            if self.count and self.run[0] <= place <= self.run[1]:
                self.keys[place] = ("run",)

    def parts(self) -> tuple[tuple[Part, ...], dict[int, int]]:
        """The parts, and the number of the one that each vertex is in."""
        groups: list[list[int]] = []
        part_of: dict[int, int] = {}
        before: Key | None = None
        for place in self.shown:
            vertex, key = self.graph.vertices[place], self.keys[place]
            if vertex.op == ITEM:
                part_of[place] = part_of[self.graph.in_edges(place)[0].source]
                groups[part_of[place]].append(place)
                continue
            leaf = vertex.kind != "op"
            if leaf or key != before:
                groups.append([])
            groups[-1].append(place)
            part_of[place] = len(groups) - 1
            before = None if leaf else key
        return tuple(self._part(group) for group in groups), part_of

    def _part(self, group: list[int]) -> Part:
        first = self.graph.vertices[group[0]]
        if first.kind != "op":
            return Part("input", tuple(group), first.name or first.kind)
        if self.keys[first.id] == ("run",):
            return Part("box", tuple(group), self._run_name(group), self.count)
        kind = "join" if self.keys[first.id][0] == "join" else "box"
        inside = [self.graph.vertices[place] for place in group]
        depth = common(inside) if self.keys[first.id][0] == "skip" else self.depth
        return Part(kind, tuple(group), _name(inside, depth))

    def _run_name(self, group: list[int]) -> str:
        paths = [self._module(place) for place in group]
        named = [module_name(path) for path in paths if path]
        return f"{named[0]} … {named[-1]}" if named else f"{self.count} blocks"


def _depth(graph: Graph, shown: list[int], joins: Iterable[int]) -> int:
    """How deep the modules are that hold the additions, or else that hold the innermost modules."""
    found = [_level(graph.vertices[join]) for join in joins]
    if found:
        return max(1, max(set(found), key=lambda level: (found.count(level), level)))
    deepest = max((_level(graph.vertices[place]) for place in shown), default=1)
    for depth in range(max(1, deepest - 1), deepest):
        if len({tuple(graph.vertices[place].scope.split("/")[:depth]) for place in shown}) > 4:
            return depth
    return max(1, deepest)


def _level(vertex: Vertex) -> int:
    return vertex.scope.count("/") + 1 if vertex.scope else 0


def _numbered(path: object, depth: int) -> bool:
    return isinstance(path, tuple) and len(path) == depth and path[-1].isdecimal()


def _middle(row: list[T], most: int) -> list[T]:
    """What is left out of a row when so many stay, half of them at either end; nothing if that is but one."""
    left = row[ceil(most / 2) : len(row) - most // 2]
    return left if len(left) > 1 else []


def common(inside: list[Vertex]) -> int:
    """How many steps the scopes of vertices have in common.

    >>> common([Vertex(0, "relu", "op", {}, (), "float32", scope=scope) for scope in ("net/a/0", "net/a/1")])
    2
    """
    scopes = [vertex.scope.split("/") for vertex in inside]
    return next(
        (n for n, steps in enumerate(zip(*scopes, strict=False)) if len(set(steps)) > 1), min(map(len, scopes))
    )


def _name(inside: list[Vertex], depth: int) -> str:
    """The module that ops are in, or, of one op and of ops outside of all modules, their own names."""
    ops = [vertex for vertex in inside if vertex.op != ITEM and vertex.op not in VIEWS] or inside
    if len(ops) > 1 and ops[0].scope:
        return module_name(ops[0].scope.split("/")[:depth])
    names = list(dict.fromkeys(vertex.op for vertex in ops))
    return ", ".join(names) if len(names) < 4 else f"{names[0]} … {names[-1]}"


def _wires(graph: Graph, sketch: _Sketch, part_of: dict[int, int]) -> list[Wire]:
    found: dict[tuple[int, int, int, bool], list[int]] = {}
    past = _past(graph, sketch)
    for place, edge in enumerate(graph.edges):
        if edge.source not in part_of or edge.target not in part_of:
            continue
        source, target = part_of[edge.source], part_of[edge.target]
        if past is not None and place == past[0]:
            target = part_of[sketch.folded[-1].join]
        if source != target and (past is None or place != past[1]):
            found.setdefault((edge.source, source, target, place in sketch.skips), []).append(place)
    return [
        Wire(*key[:3], tuple(places), key[3], sketch.count if past is not None and past[0] in places else 1)
        for key, places in found.items()
    ]


def _past(graph: Graph, sketch: _Sketch) -> tuple[int, int] | None:
    """The edges with which the first folded skip begins and the last one ends: the wire past what is folded."""
    if not sketch.folded:
        return None
    return sketch.folded[0].shortcut[-1], sketch.folded[-1].shortcut[0]
