"""A graph as boxes within boxes: what each module holds, and what flows between its parts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TypeAlias

from autocnn.graph import Graph, Vertex
from autocnn.graph.analysis import skip_edges
from autocnn.graph.data import ITEM
from autocnn.viz import clusters, style

Child: TypeAlias = int
"""Something in a box: a vertex by its number, a box by the complement ``~number`` of its."""

End: TypeAlias = tuple[str, int]
"""Where a link begins or ends: at a child, or at the value that comes "in" to the box or goes "out" of it."""

ROOT = 0


@dataclass(slots=True)
class Box:
    """A visit to a module, in one pass; box 0 is the whole graph."""

    number: int
    path: clusters.Path
    parent: int | None
    depth: int
    children: list[Child] = field(default_factory=list)
    ins: set[int] = field(default_factory=set)
    outs: set[int] = field(default_factory=set)
    links: dict[tuple[End, End], str] = field(default_factory=dict)
    """The strokes between two ends; of several the one that stands least out, since a skip is all skip."""


@dataclass(frozen=True, slots=True)
class Line:
    """An edge as it is drawn: outputs picked from an op come from the op itself."""

    source: int
    target: int
    position: int
    stroke: str


class Nest:
    """The boxes of a graph, the lines between its vertices, and which of them pass which border."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        paths, self.alone = clusters.without_lone(graph, clusters.paths(graph))
        self.boxes: list[Box] = [Box(ROOT, ("forward", ()), None, 0)]
        self.home: list[int] = []
        """The box that each vertex lies in directly."""
        numbers: dict[clusters.Path, int] = {}
        for vertex, path in zip(graph.vertices, paths, strict=True):
            self.home.append(self._box(path, numbers))
            if vertex.op != ITEM:
                self.boxes[self.home[-1]].children.append(vertex.id)
        self.numbers = numbers
        passes = {vertex.phase for vertex in graph.vertices if vertex.kind in ("op", "module")}
        self.both = "forward" in passes and len(passes) > 1
        self.lines = list(self._lines())
        for line in self.lines:
            if not self.kept(line):
                self._link(line)

    def kept(self, line: Line) -> bool:
        """Whether a line is a value of the forward pass that a later pass reads: it crosses over."""
        ends = self.graph.vertices[line.source], self.graph.vertices[line.target]
        return self.both and ends[0].phase == "forward" and ends[1].phase != "forward"

    def upward(self, box: Box) -> bool:
        """Whether values flow upwards in a box: beside a forward pass, a backward pass stands on its head."""
        return self.both and box.number != ROOT and box.path[0] != "forward"

    def vertices(self, box: Box) -> Iterable[Vertex]:
        """All vertices in a box, those in its inner boxes too."""
        todo = list(reversed(box.children))
        while todo:
            child = todo.pop()
            if child >= 0:
                yield self.graph.vertices[child]
            else:
                todo.extend(reversed(self.boxes[~child].children))

    def mirror(self, box: Box) -> int | None:
        """The box of the same module in the other pass: forward for backward, and back."""
        phase, steps = box.path
        others = ("forward",) if phase != "forward" else ("backward", "second")
        return next((self.numbers[other, steps] for other in others if (other, steps) in self.numbers), None)

    def child(self, vertex: int) -> Child:
        """The child of the root that a vertex is, or lies in."""
        child, home = vertex, self.home[vertex]
        while home != ROOT:
            child, home = ~home, self._parent(home)
        return child

    def _parent(self, number: int) -> int:
        return self.boxes[number].parent or ROOT

    def _box(self, path: clusters.Path, numbers: dict[clusters.Path, int]) -> int:
        """The number of the box at a path; it and those around it are made if they are not there."""
        phase, steps = path
        parent = ROOT
        for depth in range(1, len(steps) + 1):
            part = phase, steps[:depth]
            if part not in numbers:
                numbers[part] = len(self.boxes)
                self.boxes.append(Box(numbers[part], part, parent, depth))
                self.boxes[parent].children.append(~numbers[part])
            parent = numbers[part]
        return parent

    def _lines(self) -> Iterable[Line]:
        vertices, skips = self.graph.vertices, skip_edges(self.graph)
        origin = list(range(len(vertices)))
        for place, edge in enumerate(self.graph.edges):
            source, target = vertices[edge.source], vertices[edge.target]
            if target.op == ITEM:
                origin[target.id] = origin[source.id]
            else:
                stroke = style.stroke(source, target, place in skips)
                yield Line(origin[source.id], target.id, edge.position, stroke)

    def _link(self, line: Line) -> None:
        """Lead a line out of the boxes around its source, across, and into those around its target."""
        start, home = line.source, self.boxes[self.home[line.source]]
        end, goal = line.target, self.boxes[self.home[line.target]]
        while home is not goal:
            if home.depth >= goal.depth:
                home.outs.add(line.source)
                _note(home, ("child", start), ("out", line.source), line.stroke)
                start, home = ~home.number, self.boxes[self._parent(home.number)]
            else:
                goal.ins.add(line.source)
                _note(goal, ("in", line.source), ("child", end), line.stroke)
                end, goal = ~goal.number, self.boxes[self._parent(goal.number)]
        _note(home, ("child", start), ("child", end), line.stroke)


def _note(box: Box, start: End, end: End, stroke: str) -> None:
    before = box.links.get((start, end), stroke)
    box.links[start, end] = min(before, stroke, key=_loudness)


def _loudness(stroke: str) -> int:
    return 2 if stroke.startswith("skip") else int(stroke not in style.PASSES)
