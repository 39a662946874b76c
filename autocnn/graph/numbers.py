"""Values and gradients of a graph that has already run, recomputed from its leaves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from autocnn.engine import Tensor, enable_grad, grad
from autocnn.errors import AutocnnError
from autocnn.graph.data import ITEM, Graph, Vertex
from autocnn.graph.params import known, live
from autocnn.graph.trace import Parameters, recorded


@dataclass(frozen=True)
class Numbers:
    """A graph with arrays by vertex: values, and gradients where a backward pass has left some."""

    graph: Graph
    values: Mapping[int, Any]
    gradients: Mapping[int, Any]


def numbers_of(*tensors: Tensor, parameters: Parameters | None = None) -> Numbers:
    """The graph that made some tensors, with its values; with its gradients too if ``backward`` has run.

    A leaf has the gradient that it accumulated, everything else that of the first tensor. What was made from a
    tensor that is gone is not there.

    >>> import autocnn as ac
    >>> x = ac.Tensor(3.0).requires_grad_()
    >>> y = (x * x).tanh()
    >>> y.backward()
    >>> found = numbers_of(y)
    >>> [float(found.values[i]) for i in (0, 1)], sorted(found.gradients)
    ([3.0, 9.0], [0, 1, 2, 3])
    """
    graph, leaves, _ = recorded(*tensors, parameters=parameters)
    with enable_grad():
        made = _again(graph, leaves)
    values = {number: tensor.array for number, tensor in made.items()}
    for number, tensor in zip(graph.outputs, tensors, strict=True):
        values[number] = values[graph.in_edges(number)[0].source] = tensor.array
    seen = {number: leaf.grad.array for number, leaf in leaves.items() if leaf.grad is not None}
    return Numbers(graph, values, {**_gradients(graph, made), **seen} if seen else {})


def _again(graph: Graph, leaves: Mapping[int, Tensor]) -> dict[int, Tensor]:
    """Every value that can be computed again, from copies of the leaves."""
    made: dict[int, Any] = {}
    for vertex in graph.vertices:
        sources = [edge.source for edge in graph.in_edges(vertex.id)]
        if vertex.id in leaves:
            leaf = leaves[vertex.id]
            made[vertex.id] = leaf.detach().clone().requires_grad_(leaf.requires_grad)
        elif "value" in vertex.params:
            made[vertex.id] = vertex.params["value"]
        elif sources and all(source in made for source in sources):
            result = _run(vertex, [made[source] for source in sources])
            if result is not None:
                made[vertex.id] = result
    return {number: value for number, value in made.items() if isinstance(value, Tensor)}


def _run(vertex: Vertex, arguments: list[Any]) -> Any:
    if vertex.kind == "output":
        return arguments[0]
    if vertex.op == ITEM:
        return None if vertex.params.get("residual") else arguments[0][vertex.params["index"]]
    return known(vertex.op)(*arguments, **live(vertex.params))


def _gradients(graph: Graph, made: Mapping[int, Tensor]) -> dict[int, Any]:
    root = made.get(graph.outputs[0])
    wanted = {number: tensor for number, tensor in made.items() if tensor.requires_grad}
    if root is None or not wanted or not root.requires_grad or root.array.size != 1:
        return {}
    try:
        found = grad([root], list(wanted.values()), allow_unused=True)
    except AutocnnError:  # an op without a rule: the leaves still have what they got
        return {}
    return {number: g.array for number, g in zip(wanted, found, strict=True) if g is not None}
