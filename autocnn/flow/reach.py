"""What depends on what in a graph, and what lies between two vertices."""

from __future__ import annotations

from collections.abc import Callable

from autocnn.graph.data import Graph


def descendants(graph: Graph, source: int) -> list[bool]:
    """For each vertex whether it depends on one, which does itself."""
    found = [False] * len(graph)
    found[source] = True
    for edge in graph.edges:  # sorted by target
        found[edge.target] |= found[edge.source]
    return found


def ancestors(graph: Graph, target: int, avoiding: int | None = None) -> list[bool]:
    """For each vertex whether one depends on it, by a path that avoids another."""
    found = [False] * len(graph)
    found[target] = True
    for edge in reversed(graph.edges):
        found[edge.source] |= found[edge.target] and avoiding not in (edge.source, edge.target)
    return found


def between(
    graph: Graph, source: int, target: int, open_to: Callable[[int], bool] = lambda vertex: True
) -> list[bool]:
    """For each vertex whether it is on a path from one vertex to another, over vertices that are open to it."""
    after, found = [False] * len(graph), [False] * len(graph)
    after[source] = open_to(source)
    for edge in graph.edges:  # sorted by target
        if after[edge.source] and not after[edge.target]:
            after[edge.target] = open_to(edge.target)
    found[target] = after[target]
    for edge in reversed(graph.edges):
        found[edge.source] |= found[edge.target] and after[edge.source]
    return found
