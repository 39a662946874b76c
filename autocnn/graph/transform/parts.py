"""Parts of a graph: passes, modules, and what lies before, behind or between vertices."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from autocnn.errors import GraphError
from autocnn.graph.data import ITEM, LEAVES, Edge, Graph, Vertex


def subgraph(graph: Graph, keep: Iterable[int]) -> Graph:
    """The vertices in ``keep``; what they take from outside becomes leaves.

    An op outside becomes an input, named after it; parameters and constants stay what they are.

    >>> x = Vertex(0, "", "input", {}, (), "float32", name="x")
    >>> y = Vertex(1, "tanh", "op", {}, (), "float32")
    >>> subgraph(Graph((x, y), (Edge(0, 1),), inputs=(0,)), [1])
    Graph(2 vertices, 1 edges)
    """
    chosen = set(keep)
    wrong = next((i for i in chosen if not 0 <= i < len(graph)), None)
    if wrong is not None:
        raise GraphError(f"subgraph: keep has {wrong}; the graph has vertices 0 to {len(graph) - 1}")
    edges = [edge for edge in graph.edges if edge.target in chosen]
    border = {edge.source for edge in edges} - chosen
    vertices = [
        as_leaf(vertex) if vertex.id in border else vertex
        for vertex in graph.vertices
        if vertex.id in chosen or vertex.id in border
    ]
    return renumbered(graph, vertices, edges)


def forward(graph: Graph) -> Graph:
    """The forward pass alone, as if it had been traced so."""

    def only_for_backward(vertex: Vertex) -> bool:
        users = [graph.vertices[edge.target].phase for edge in graph.out_edges(vertex.id)]
        return vertex.op == ITEM and "forward" not in users

    return subgraph(graph, (v.id for v in graph.vertices if v.phase == "forward" and not only_for_backward(v)))


def backward(graph: Graph) -> Graph:
    """The backward pass alone; the forward values that it uses become inputs."""
    return subgraph(graph, (v.id for v in graph.vertices if v.phase == "backward"))


def second(graph: Graph) -> Graph:
    """The backward pass of the gradients alone; the earlier values that it uses become inputs."""
    return subgraph(graph, (v.id for v in graph.vertices if v.phase == "second"))


def ancestors(graph: Graph, *vertices: int) -> set[int]:
    """All vertices from which one of ``vertices`` can be reached, themselves included."""
    _known(graph, "ancestors", *vertices)
    reached = set(vertices)
    for edge in reversed(graph.edges):  # sorted by target: all uses of a value come before its making
        if edge.target in reached:
            reached.add(edge.source)
    return reached


def descendants(graph: Graph, *vertices: int) -> set[int]:
    """All vertices that can be reached from one of ``vertices``, themselves included."""
    _known(graph, "descendants", *vertices)
    reached = set(vertices)
    for edge in graph.edges:
        if edge.source in reached:
            reached.add(edge.target)
    return reached


def _known(graph: Graph, what: str, *vertices: int) -> None:
    wrong = next((i for i in vertices if not 0 <= i < len(graph)), None)
    if wrong is not None:
        raise GraphError(f"{what}: vertex is {wrong}; the graph has vertices 0 to {len(graph) - 1}")


def between(graph: Graph, source: int, target: int) -> Graph:
    """Everything on a path from ``source`` to ``target``, with the leaves that it needs."""
    _known(graph, "between", source, target)
    return subgraph(graph, descendants(graph, source) & ancestors(graph, target))


def module(graph: Graph, scope: str) -> Graph:
    """One module in every pass: its ops, what flows in and out, and where the gradients of its input meet.

    Raises GraphError if no op lies in this scope.
    """
    inside = {v.id for v in graph.vertices if v.kind not in LEAVES and f"{v.scope}/".startswith(f"{scope}/")}
    if not inside:
        scopes = sorted({v.scope.split("/")[0] for v in graph.vertices if v.scope})
        raise GraphError(f"module: scope is {scope!r}; no op lies there. The outermost are {', '.join(scopes)}")
    passes = [graph.vertices[edge.source].phase for edge in graph.edges]
    given = {e.source for e in graph.edges if e.target in inside and graph.vertices[e.target].phase == "forward"}
    given -= inside
    for edge in graph.edges:
        target = graph.vertices[edge.target]
        meets = target.twin in given and target.op.split("_")[0] == "add"
        if edge.source in inside and meets and target.phase != "forward":
            inside.add(edge.target)
    leaving = {
        edge.source: phase
        for edge, phase in zip(graph.edges, passes, strict=True)
        if edge.source in inside and edge.target not in inside and graph.vertices[edge.target].phase == phase
    }
    ends = [
        replace(
            graph.vertices[source], id=len(graph) + place, op="", kind="output", params={}, scope="", twin=None,
            name="result" if phase == "forward" else "grad input", saved=(), saved_sizes=(), line=None,
        )
        for place, (source, phase) in enumerate(leaving.items())
    ]  # fmt: skip
    whole = replace(
        graph,
        vertices=(*graph.vertices, *ends),
        edges=(*graph.edges, *(Edge(source, end.id) for source, end in zip(leaving, ends, strict=True))),
        outputs=(*graph.outputs, *(end.id for end in ends)),
    )
    return subgraph(whole, inside | {end.id for end in ends})


def as_leaf(vertex: Vertex) -> Vertex:
    """What is left of a vertex at the border of a part: an input, outside of every module."""
    if vertex.kind in LEAVES:
        return vertex
    name = vertex.name or (f"{vertex.op} result" if vertex.phase == "forward" else "gradient")
    return replace(
        vertex, op="", kind="input", params={}, scope="", name=name, saved=(), saved_sizes=(), twin=None
    )


def renumbered(
    graph: Graph,
    vertices: list[Vertex],
    edges: list[Edge],
    stands_for: list[int] | None = None,
) -> Graph:
    """The graph of these vertices and edges, with ids that are places again."""
    place = {vertex.id: number for number, vertex in enumerate(vertices)}

    def moved(vertex: Vertex) -> Vertex:
        number, twin = place[vertex.id], vertex.twin
        if twin is not None:
            found = place.get(twin if stands_for is None else stands_for[twin])
            twin = found if found is not None and found < number else None
        unchanged = number == vertex.id and twin == vertex.twin
        return vertex if unchanged else replace(vertex, id=number, twin=twin)

    renumbered = tuple(moved(vertex) for vertex in vertices)
    edges = [Edge(place[edge.source], place[edge.target], edge.position) for edge in edges]
    edges.sort(key=lambda edge: (edge.target, edge.position))
    new_inputs = [v.id for v in renumbered if v.kind == "input"]
    old_inputs = [place[i] for i in graph.inputs if i in place]
    inputs = (*old_inputs, *(i for i in new_inputs if i not in set(old_inputs)))
    outputs = tuple(place[i] for i in graph.outputs if i in place)
    values = {place[i]: value for i, value in graph.values.items() if i in place}
    return Graph(renumbered, tuple(edges), inputs=inputs, outputs=outputs, values=values)
