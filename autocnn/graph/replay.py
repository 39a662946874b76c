"""Recompute a graph: the same kernels on the same values give the same bits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from autocnn.engine import as_tensor
from autocnn.errors import GraphError
from autocnn.graph.data import ITEM, Graph, Vertex
from autocnn.graph.params import known, live
from autocnn.graph.text import value_type
from autocnn.types import Array


def replay(graph: Graph, inputs: Sequence[Any], values: Mapping[int, Array] | None = None) -> tuple[Array, ...]:
    """The arrays of the graph's outputs, recomputed from inputs and from the values of parameters and constants.

    ``values`` replaces entries of ``graph.values``. A value is let go after its last use.
    Raises GraphError if an input, a value or a primitive is missing or does not fit.

    >>> import autocnn as ac
    >>> from autocnn.graph import trace
    >>> graph = trace(lambda x: x * x + 1, ac.Tensor([1.0, 2.0]))
    >>> replay(graph, [[3.0, 4.0]])[0].tolist()
    [10.0, 17.0]
    """
    made = dict(_leaves(graph, inputs, {**graph.values, **(values or {})}))
    uses = [0] * len(graph)
    for edge in graph.edges:
        uses[edge.source] += 1
    results: dict[int, Array] = {}
    extra: dict[int, tuple[Array, ...]] = {}
    residual_of = {graph.in_edges(v.id)[0].source for v in graph.vertices if _is_residual(v)}
    for vertex in graph.vertices:
        sources = [edge.source for edge in graph.in_edges(vertex.id)]
        if vertex.kind == "output":
            results[vertex.id] = made[sources[0]]
        elif vertex.op == ITEM:
            place: Any = vertex.params["index"]
            made[vertex.id] = (extra if _is_residual(vertex) else made)[sources[0]][place]
        elif vertex.kind == "op":
            made[vertex.id], residuals = _run(vertex, [made[source] for source in sources])
            if vertex.id in residual_of:
                extra[vertex.id] = residuals
        for source in sources:
            uses[source] -= 1
            if not uses[source]:
                del made[source]
                extra.pop(source, None)
    return tuple(results[number] for number in graph.outputs)


def _is_residual(vertex: Vertex) -> bool:
    return vertex.op == ITEM and bool(vertex.params.get("residual"))


def _run(vertex: Vertex, arrays: list[Any]) -> tuple[Any, tuple[Array, ...]]:
    result: tuple[Any, tuple[Array, ...]] = known(vertex.op).run(arrays, live(vertex.params))
    return result


def _leaves(graph: Graph, inputs: Sequence[Any], values: Mapping[int, Array]) -> dict[int, Any]:
    if len(inputs) != len(graph.inputs):
        raise GraphError(f"replay: {len(inputs)} inputs were given; the graph has {len(graph.inputs)}")
    made: dict[int, Any] = {}
    for place, (number, given) in enumerate(zip(graph.inputs, inputs, strict=True)):
        array, vertex = as_tensor(given).array, graph.vertices[number]
        if (tuple(array.shape), str(array.dtype)) != (vertex.shape, vertex.dtype):
            got = f"{array.dtype} {tuple(array.shape)}"
            raise GraphError(f"replay: input {place} is {got}; the graph takes {value_type(vertex)}")
        made[number] = array
    for vertex in graph.vertices:
        if vertex.kind == "module":
            raise GraphError(f"replay: %{vertex.id} stands for a whole module; replay the graph it was made from")
        if vertex.kind in ("parameter", "constant"):
            number = vertex.id
            if number not in values and "value" not in vertex.params:
                what = f"%{number} ({vertex.name or vertex.kind})"
                raise GraphError(f"replay: {what} has no value; pass values={{{number}: array}}")
            made[number] = values[number] if number in values else vertex.params["value"]
    return made
