"""What a network is made of: its layers, with their windows, work, memory and receptive fields."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from autocnn.flow.run import untouched
from autocnn.graph import Graph, Vertex, trace
from autocnn.graph.analysis import Field, memory_of, multiply_adds, receptive_fields
from autocnn.graph.data import LEAVES

Shape = tuple[int, ...]

_WEIGHTED = {"conv": 1, "conv_bias": 1, "conv_bias_relu": 1, "conv_input": 1}
"""Ops whose kernel is that of an operand, which."""


@dataclass(frozen=True, slots=True)
class Window:
    """What slides over an input in one op: a filter, or the window of a pooling."""

    op: str
    kernel: Shape
    stride: Shape
    padding: tuple[tuple[int, int], ...]
    """Before and after each axis."""
    dilation: Shape
    groups: int
    ceil: bool
    """Whether a window that only begins inside counts too."""
    given: Shape
    """The shape that it slides over, (N, C, ...)."""
    made: Shape
    """The shape of what it makes."""


@dataclass(frozen=True, slots=True)
class Layer:
    """One visit to a module, or a run of ops outside of any.

    ``path`` has dots, as parameter names have. ``kept`` is the bytes of the activations that stay in memory for
    the backward pass: values that an op saves, each counted once, where it is first saved; parameters are not
    counted. ``gradients`` is the bytes of the gradients of its parameters, which stay until the step, and of its
    result, which pass.
    """

    path: str
    ops: tuple[str, ...]
    shape: Shape
    dtype: str
    parameters: int
    multiply_adds: int
    kept: int
    gradients: int = 0
    windows: tuple[Window, ...] = ()
    field: Field | None = None
    """What an element of the result sees of the input; None where the input has no spatial axes."""
    given: Shape = ()
    """The shape of what its first op takes from the layer before."""
    shapes: tuple[Shape, ...] = ()
    """The shapes of its parameters, where they are first used."""


def layers(graph: Graph) -> tuple[Layer, ...]:
    """The layers of a graph's forward pass, in the order in which they run.

    >>> import autocnn as ac
    >>> w = ac.ones(4, 3).requires_grad_()
    >>> [layer.multiply_adds for layer in layers(trace(lambda x: x @ w, ac.ones(2, 4)))]
    [24]
    """
    kept, fields = _kept(graph), fields_of(graph)
    counted: set[int] = set()
    return tuple(_layer(graph, run, kept, fields, counted) for run in visits(graph))


def visits(graph: Graph) -> list[list[Vertex]]:
    """The ops of the forward pass, cut where another module begins."""
    runs: list[list[Vertex]] = []
    for vertex in graph.vertices:
        if vertex.kind == "op" and vertex.phase == "forward":
            if not runs or runs[-1][0].scope != vertex.scope:
                runs.append([])
            runs[-1].append(vertex)
    return runs


def layers_of(model: Callable[..., Any], *inputs: Any) -> tuple[Layer, ...]:
    """The layers of a model, from running it once on these inputs; it stays as it is."""
    with untouched(model):
        return layers(trace(model, *inputs))


def fields_of(graph: Graph) -> Mapping[int, Field]:
    """What each vertex sees of the first input (N, C, *spatial); nothing where that has no spatial axes."""
    if not graph.inputs or len(graph.vertices[graph.inputs[0]].shape) < 3:
        return {}
    return receptive_fields(graph)


def _layer(
    graph: Graph, run: list[Vertex], kept: dict[int, int], fields: Mapping[int, Field], counted: set[int]
) -> Layer:  # fmt: skip
    sources = [edge.source for vertex in run for edge in graph.in_edges(vertex.id)]
    parameters = sorted({place for place in sources if graph.vertices[place].kind == "parameter"} - counted)
    counted.update(parameters)
    last = run[-1]
    return Layer(
        last.scope.replace("/", "."),
        tuple(dict.fromkeys(vertex.op for vertex in run if vertex.op != "item")),
        last.shape,
        last.dtype,
        sum(graph.vertices[place].size for place in parameters),
        sum(multiply_adds(graph, vertex.id) for vertex in run),
        sum(kept.get(vertex.id, 0) for vertex in run),
        last.nbytes + sum(graph.vertices[place].nbytes for place in parameters),
        tuple(window for vertex in run if (window := _window(graph, vertex)) is not None),
        fields.get(last.id),
        graph.vertices[sources[0]].shape if sources else (),
        tuple(graph.vertices[place].shape for place in parameters),
    )


def _window(graph: Graph, vertex: Vertex) -> Window | None:
    sources = [graph.vertices[edge.source].shape for edge in graph.in_edges(vertex.id)]
    params: Mapping[str, Any] = vertex.params
    if vertex.op in _WEIGHTED:
        kernel = tuple(sources[_WEIGHTED[vertex.op]][2:])
    elif isinstance(params.get("kernel"), tuple) and "stride" in params:
        kernel = params["kernel"]
    else:
        return None
    padding = [(p, p) if isinstance(p, int) else (int(p[0]), int(p[1])) for p in params["padding"]]
    dilation = params.get("dilation") or (1,) * len(kernel)
    return Window(
        vertex.op, kernel, tuple(params["stride"]), tuple(padding), tuple(dilation), params.get("groups", 1),
        bool(params.get("ceil_mode")), sources[0], vertex.shape,
    )  # fmt: skip


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
