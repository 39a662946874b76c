"""A graph without what only hands values on."""

from __future__ import annotations

from autocnn.graph.data import ITEM, Edge, Graph, Vertex
from autocnn.graph.transform.parts import as_leaf, renumbered

VIEWS = frozenset(
    {
        "alias",
        "broadcast_to",
        "cast",
        "channel_spread",
        "clone",
        "contiguous",
        "permute",
        "reshape",
        "same",
        "spread",
    }
)
"""Ops that hand on all elements of their first argument, and no others."""


def hide(graph: Graph, *, views: bool = True, constants: bool = True) -> Graph:
    """The graph without view ops, which pass their source on, and without constants but a seed of gradients."""
    return hidden(graph, views=views, constants=constants)[0]


def hidden(graph: Graph, *, views: bool = True, constants: bool = True) -> tuple[Graph, list[int]]:
    """What `hide` gives, and the number that each of its vertices has in ``graph``."""
    stands_for: list[int | None] = list(range(len(graph)))
    for vertex in graph.vertices:
        if views and vertex.op in VIEWS:
            stands_for[vertex.id] = stands_for[graph.in_edges(vertex.id)[0].source]
        elif constants and vertex.kind == "constant" and not _is_seed(vertex):
            stands_for[vertex.id] = None
    edges = []
    for edge in graph.edges:
        source = stands_for[edge.source]
        if stands_for[edge.target] == edge.target and source is not None:
            edges.append(Edge(source, edge.target, edge.position))
    fed = {edge.target for edge in edges}
    kept = [v for v in graph.vertices if stands_for[v.id] == v.id and (v.kind != "output" or v.id in fed)]
    kept = [as_leaf(v) if v.op == ITEM and v.id not in fed else v for v in kept]
    return renumbered(graph, kept, edges), [v.id for v in kept]


def _is_seed(vertex: Vertex) -> bool:
    """Whether a constant is where a backward pass begins."""
    return vertex.phase != "forward" and vertex.name is not None
