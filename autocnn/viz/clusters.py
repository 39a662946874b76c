"""Modules as nested boxes: which box each vertex of a graph lies in."""

from __future__ import annotations

from typing import TypeAlias

from autocnn.graph import Graph
from autocnn.graph.data import ITEM, LEAVES
from autocnn.graph.transform import module_name

Step: TypeAlias = tuple[str, int]
Path: TypeAlias = tuple[str, tuple[Step, ...]]
"""A pass, and the modules from the outermost inwards, each with the number of the visit to it."""


def paths(graph: Graph) -> list[Path]:
    """The box of every vertex.

    A module that is visited again after other work is another box, so that no box lies around what it does
    not hold. A backward vertex lies in the mirror of its forward twin's box. A parameter lies in the box of
    the first visit to its module; without a forward pass, whatever comes from it lies with its first user.
    """
    visits = _Visits()
    boxes: list[Path | None] = [None] * len(graph)
    for vertex in graph.vertices:
        if vertex.op == ITEM:
            boxes[vertex.id] = boxes[graph.in_edges(vertex.id)[0].source]
        elif vertex.kind not in LEAVES and vertex.kind != "output" and vertex.phase == "forward":
            boxes[vertex.id] = ("forward", visits.enter(vertex.scope))
    if not any(boxes):
        return _without_forward(graph)
    found: list[Path] = []
    for vertex, box in zip(graph.vertices, boxes, strict=True):
        twin = found[vertex.twin] if vertex.twin is not None and vertex.phase != "forward" else None
        if box is None:
            box = vertex.phase, _first(vertex.scope) if twin is None else twin[1]
        found.append(box)
    return found


def without_lone(graph: Graph, found: list[Path]) -> tuple[list[Path], dict[int, str]]:
    """The boxes without those around one op alone, and for such an op the name that its box would have had."""
    counts: dict[Path, int] = {}
    for vertex, (phase, steps) in zip(graph.vertices, found, strict=True):
        for depth in range(1, len(steps) + 1) if vertex.op != ITEM else ():
            box = phase, steps[:depth]
            counts[box] = counts.get(box, 0) + 1
    kept, names = [], {}
    for vertex, (phase, steps) in zip(graph.vertices, found, strict=True):
        depth = len(steps)
        while depth and vertex.kind == "op" and counts.get((phase, steps[:depth])) == 1:
            depth -= 1
        if depth < len(steps):
            names[vertex.id] = title((phase, steps))
        kept.append((phase, steps[:depth]))
    return kept, names


def title(path: Path) -> str:
    """The name of a box: of its module, and which visit it is, if not the first.

    >>> title(("forward", (("blocks", 1), ("3", 1)))), title(("forward", (("act", 2),)))
    ('blocks.3', 'act (visit 2)')
    """
    phase, steps = path
    name, visit = module_name([name for name, _ in steps]), steps[-1][1]
    return f"{name} (visit {visit})" if visit > 1 and phase == "forward" else name


def _without_forward(graph: Graph) -> list[Path]:
    visits = _Visits()
    found: list[Path] = []
    for vertex in graph.vertices:
        ends = vertex.kind in LEAVES or vertex.kind == "output"
        found.append((vertex.phase, _first(vertex.scope) if ends else visits.enter(vertex.scope)))
    for edge in reversed(graph.edges):
        source = graph.vertices[edge.source]
        if source.kind in LEAVES and source.phase == "forward":
            found[edge.source] = found[edge.target]
    for edge in graph.edges:
        if graph.vertices[edge.target].kind == "output" and graph.vertices[edge.target].scope:
            found[edge.target] = found[edge.source]
    return found


def _first(scope: str) -> tuple[Step, ...]:
    return tuple((name, 1) for name in scope.split("/")) if scope else ()


class _Visits:
    """Counts the visits to each module, in the order of computing."""

    def __init__(self) -> None:
        self._current: tuple[Step, ...] = ()
        self._counts: dict[tuple[tuple[Step, ...], str], int] = {}

    def enter(self, scope: str) -> tuple[Step, ...]:
        """The steps to a scope: boxes that are open stay the same visit, others are a new one."""
        names = scope.split("/") if scope else []
        common = 0
        while common < min(len(names), len(self._current)) and names[common] == self._current[common][0]:
            common += 1
        steps = self._current[:common]
        for name in names[common:]:
            visit = self._counts[steps, name] = self._counts.get((steps, name), 0) + 1
            steps += ((name, visit),)
        self._current = steps
        return steps
