"""What a network is made of, read from its graph: layers, shapes, parameters, work and memory."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from autocnn.graph import Graph, Vertex, trace
from autocnn.graph.analysis import memory_of, multiply_adds
from autocnn.graph.data import LEAVES


@dataclass(frozen=True, slots=True)
class Layer:
    """One visit to a module, or a run of ops outside of any.

    ``kept`` is the bytes of the activations that stay in memory for the backward pass: values that an op saves,
    each counted once, where it is first saved; parameters are not counted.
    """

    path: str
    ops: tuple[str, ...]
    shape: tuple[int, ...]
    dtype: str
    parameters: int
    multiply_adds: int
    kept: int


def layers(graph: Graph) -> tuple[Layer, ...]:
    """The layers of a graph's forward pass, in the order in which they run.

    >>> import autocnn as ac
    >>> w = ac.ones(4, 3).requires_grad_()
    >>> [layer.multiply_adds for layer in layers(trace(lambda x: x @ w, ac.ones(2, 4)))]
    [24]
    """
    runs: list[list[Vertex]] = []
    for vertex in graph.vertices:
        if vertex.kind == "op" and vertex.phase == "forward":
            if not runs or runs[-1][0].scope != vertex.scope:
                runs.append([])
            runs[-1].append(vertex)
    kept = _kept(graph)
    counted: set[int] = set()
    return tuple(_layer(graph, run, kept, counted) for run in runs)


def summary(model: Callable[..., Any], *inputs: Any) -> tuple[Layer, ...]:
    """The layers of a model, from running it once on these inputs."""
    return layers(trace(model, *inputs))


def _layer(graph: Graph, run: list[Vertex], kept: dict[int, int], counted: set[int]) -> Layer:
    used = {edge.source for vertex in run for edge in graph.in_edges(vertex.id)} - counted
    parameters = {place for place in used if graph.vertices[place].kind == "parameter"}
    counted |= parameters
    last = run[-1]
    return Layer(
        last.scope,
        tuple(dict.fromkeys(vertex.op for vertex in run if vertex.op != "item")),
        last.shape,
        last.dtype,
        sum(graph.vertices[place].size for place in parameters),
        sum(multiply_adds(graph, vertex.id) for vertex in run),
        sum(kept.get(vertex.id, 0) for vertex in run),
    )


def _kept(graph: Graph) -> dict[int, int]:
    """Bytes that each op is the first to keep; a view keeps what it looks into."""
    memory = memory_of(graph)
    seen: set[int] = set()
    kept: dict[int, int] = {}
    for vertex in graph.vertices:
        if vertex.phase == "forward":
            sources = [edge.source for edge in graph.in_edges(vertex.id)]
            for position in vertex.saved:
                place = memory[vertex.id if position < 0 else sources[position]]
                value = graph.vertices[place]
                if place not in seen and (value.kind not in LEAVES or value.kind == "input"):
                    seen.add(place)
                    kept[vertex.id] = kept.get(vertex.id, 0) + value.nbytes
    return kept
