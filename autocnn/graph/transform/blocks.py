"""Structure that a graph has without modules: residual blocks, and runs of a bearable length."""

from __future__ import annotations

from dataclasses import replace

from autocnn.errors import GraphError
from autocnn.graph.analysis import residual_blocks
from autocnn.graph.data import LEAVES, Graph, Vertex
from autocnn.graph.transform.collapsing import collapse
from autocnn.graph.transform.hiding import hide


def with_blocks(graph: Graph) -> Graph:
    """The graph with its residual blocks, found from forks and joins alone, for modules: "block0", "block1" ...

    Of blocks inside of one another the inner ones count. The backward pass of an op belongs to the op's block.
    """
    scope: list[str] = [""] * len(graph)
    for number, block in enumerate(_apart(graph)):
        for place in block:
            scope[place] = f"block{number}"
    for vertex in graph.vertices:
        twin = graph.forward_twin(vertex.id)
        if vertex.phase != "forward" and twin is not None and vertex.kind not in LEAVES:
            scope[vertex.id] = scope[twin]
    return _rescoped(graph, scope)


def _apart(graph: Graph) -> list[list[int]]:
    """The forward ops of each innermost block."""
    found: list[list[int]] = []
    behind = -1
    for block in residual_blocks(graph):
        fork, join = block.fork, block.join
        if graph.vertices[join].phase == "forward" and fork >= behind:
            inside, reached = [], {fork}
            for vertex in graph.vertices[fork + 1 : join + 1]:
                if any(edge.source in reached for edge in graph.in_edges(vertex.id)) and vertex.kind != "output":
                    reached.add(vertex.id)
                    inside.append(vertex.id)
            found.append(inside)
            behind = join
    return found


def _rescoped(graph: Graph, scope: list[str]) -> Graph:
    vertices = tuple(replace(v, scope=name) for v, name in zip(graph.vertices, scope, strict=True))
    return replace(graph, vertices=vertices)


def readable(graph: Graph, boxes: int = 40) -> Graph:
    """The finest view of a graph of at most so many boxes, or as few vertices as its inputs and outputs allow.

    Tried in turn: all ops; repeats as one; modules, ever coarser; residual blocks, where there are no modules;
    runs of ops of equal length.
    Raises GraphError if boxes is below 1.
    """
    if boxes < 1:
        raise GraphError(f"readable: boxes is {boxes}; at least 1 is needed")
    shown = hide(graph)
    if len(shown) <= boxes:
        return shown
    scopes = {vertex.scope for vertex in shown.vertices if vertex.scope}
    named = shown if scopes else with_blocks(shown)
    deepest = max((scope.count("/") + 1 for scope in scopes), default=1)
    for depth in range(deepest + 1, 0, -1):
        view = collapse(named, depth, repeats=True)
        if len(view) <= boxes:
            return view
    ends = sum(_stays(shown, vertex) for vertex in shown.vertices)
    return collapse(_in_runs(shown, max(1, (boxes - ends) // len({v.phase for v in shown.vertices}))))


def _stays(graph: Graph, vertex: Vertex) -> bool:
    """Whether a vertex is an end that no box takes in, as it takes in the gradients of parameters."""
    of_parameter = vertex.twin is not None and graph.vertices[vertex.twin].kind == "parameter"
    return vertex.kind == "input" or (vertex.kind == "output" and not of_parameter)


def _in_runs(graph: Graph, count: int) -> Graph:
    """The graph with so many runs of ops in each pass for modules, named by the ops that they reach to."""
    scope: list[str] = [""] * len(graph)
    for phase in {vertex.phase for vertex in graph.vertices}:
        ops = [v.id for v in graph.vertices if v.kind in ("op", "module") and v.phase == phase]
        length = -(-len(ops) // count)
        for start in range(0, len(ops), max(length, 1)):
            run = ops[start : start + length]
            for place in run:
                scope[place] = f"%{run[0]} to %{run[-1]}"
    return _rescoped(graph, scope)
