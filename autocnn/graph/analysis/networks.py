"""A graph in networkx's hands, and what its algorithms say."""

from __future__ import annotations

from typing import Any

from autocnn.errors import GraphError
from autocnn.graph.analysis.costs import multiply_adds, saved_bytes
from autocnn.graph.data import Graph, Vertex


def to_networkx(graph: Graph) -> Any:
    """The graph as a networkx MultiDiGraph; an edge's key is its position.

    Fields of vertices become attributes, and with them ``nbytes``, ``multiply_adds`` and ``saved_bytes``.

    >>> from autocnn.graph.data import Edge
    >>> x = Vertex(0, "", "input", {}, (2, 3), "float32", name="x")
    >>> y = Vertex(1, "tanh", "op", {}, (2, 3), "float32", saved=(-1,), saved_sizes=(24,))
    >>> to_networkx(Graph((x, y), (Edge(0, 1),), inputs=(0,))).nodes[1]["saved_bytes"]
    24
    """
    import networkx

    result = networkx.MultiDiGraph(inputs=graph.inputs, outputs=graph.outputs)
    for vertex in graph.vertices:
        fields = {name: getattr(vertex, name) for name in Vertex.__slots__ if name != "id"}
        fields["nbytes"] = vertex.nbytes
        fields["multiply_adds"] = multiply_adds(graph, vertex.id)
        fields["saved_bytes"] = saved_bytes(graph, vertex.id)
        result.add_node(vertex.id, **fields)
    result.add_edges_from((edge.source, edge.target, edge.position) for edge in graph.edges)
    return result


def dominators(graph: Graph, source: int) -> dict[int, int]:
    """For each vertex that ``source`` leads to, the nearest one before it that every way there goes through.

    Following them back gives all that every way goes through.
    Source: Cooper, Harvey and Kennedy (2001), as networkx has it.

    >>> from autocnn.graph.data import Edge
    >>> fork = [Vertex(i, "tanh" if i else "", "op" if i else "input", {}, (), "float32") for i in range(5)]
    >>> edges = (Edge(0, 1), Edge(1, 2), Edge(1, 3), Edge(2, 4), Edge(3, 4, 1))
    >>> dominators(Graph(tuple(fork), edges, inputs=(0,)), 0)
    {1: 0, 2: 1, 3: 1, 4: 1}
    """
    import networkx

    _check(graph, source, "dominators")
    plain = networkx.DiGraph((edge.source, edge.target) for edge in graph.edges)
    plain.add_node(source)
    found = networkx.immediate_dominators(plain, source)
    return {vertex: found[vertex] for vertex in sorted(found) if vertex != source}


def articulation_points(graph: Graph) -> tuple[int, ...]:
    """The vertices without which the graph, directions apart, would fall into more pieces.

    >>> from autocnn.graph.data import Edge
    >>> chain = [Vertex(i, "tanh" if i else "", "op" if i else "input", {}, (), "float32") for i in range(4)]
    >>> articulation_points(Graph(tuple(chain), (Edge(0, 1), Edge(1, 2), Edge(2, 3)), inputs=(0,)))
    (1, 2)
    """
    import networkx

    plain = networkx.Graph((edge.source, edge.target) for edge in graph.edges)
    return tuple(sorted(networkx.articulation_points(plain)))


def _check(graph: Graph, vertex: int, what: str) -> None:
    if not 0 <= vertex < len(graph):
        raise GraphError(f"{what}: vertex is {vertex}; the graph has vertices 0 to {len(graph) - 1}")
