"""An ONNX graph while it grows: nodes, constants, names, and where the free batch axis is."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from autocnn.errors import GraphError
from autocnn.graph.data import Graph, Vertex

Rule = Callable[["Writer", Vertex, list[str]], Any]
"""Writes the nodes of one vertex, whose arguments have these names; the name of its value, or of its values."""

RULES: dict[str, Rule] = {}

END = 2**63 - 1
"""Where a slice ends that goes on to the end, however long the axis is."""


def writes(*ops: str) -> Callable[[Rule], Rule]:
    """Make a rule the one for these ops."""

    def register(rule: Rule) -> Rule:
        RULES.update(dict.fromkeys(ops, rule))
        return rule

    return register


@dataclass(slots=True)
class Node:
    """One node of an ONNX graph."""

    op: str
    inputs: list[str]
    outputs: list[str]
    name: str
    attributes: dict[str, Any] = field(default_factory=dict)


class Writer:
    """Collects the nodes and constants of one graph."""

    def __init__(self, graph: Graph, free: Sequence[int | None], batch: int | None) -> None:
        self.graph = graph
        self.free = free
        """For each vertex the axis whose size is the number of images, free to change; None if there is none."""
        self.batch = batch
        """The number of images with which the graph was traced, if it is to be free."""
        self.nodes: list[Node] = []
        self.constants: dict[str, Any] = {}
        self._taken: dict[str, int] = {}
        self._known: dict[tuple[str, tuple[int, ...], bytes], str] = {}
        self._prefix = "value"

    def begin(self, vertex: Vertex) -> None:
        """What is written from now on belongs to this vertex."""
        self._prefix = f"{vertex.scope}/{vertex.op}" if vertex.scope else vertex.op

    def fresh(self, wish: str) -> str:
        """A name that nothing has yet, as wished if possible."""
        count = self._taken.get(wish, 0)
        self._taken[wish] = count + 1
        return wish if not count else self.fresh(f"{wish}_{count}")

    def node(self, op: str, *inputs: str, outputs: int = 1, **attributes: Any) -> Any:
        """Write a node; the name of its output, or a tuple of their names if there are several."""
        name = self.fresh(self._prefix)
        names = [name] if outputs == 1 else [self.fresh(f"{name}.{place}") for place in range(outputs)]
        self.nodes.append(Node(op, list(inputs), names, name, attributes))
        return names[0] if outputs == 1 else tuple(names)

    def constant(self, value: Any, dtype: str = "int64") -> str:
        """The name of a constant array; equal ones are written once."""
        array = np.ascontiguousarray(value, dtype).reshape(np.shape(value))
        key = str(array.dtype), array.shape, array.tobytes()
        if key not in self._known:
            text = str(array.item()) if array.size == 1 else "constant"
            self._known[key] = self.leaf(text, array)
        return self._known[key]

    def leaf(self, wish: str, array: Any) -> str:
        """Write an array down under a name."""
        name = self.fresh(wish)
        self.constants[name] = array
        return name

    def sources(self, vertex: Vertex) -> list[Vertex]:
        """The vertices that a vertex takes its arguments from."""
        return [self.graph.vertices[edge.source] for edge in self.graph.in_edges(vertex.id)]

    def fits(self, vertex: Vertex, axes: Sequence[int], what: str) -> None:
        """Refuse what cannot be written for a number of images that is free."""
        axis = self.free[self.sources(vertex)[0].id]
        if axis is not None and axis in axes:
            raise free_axis(vertex, what)


def free_axis(vertex: Vertex, what: str) -> GraphError:
    """What to raise where an op depends on the very number of images."""
    return GraphError(
        f"to_onnx: %{vertex.id} {vertex.op} {what}, which depends on the number of images; "
        "pass batch=None to write the graph for the number that it was traced with"
    )


def attribute(vertex: Vertex, name: str) -> Any:
    """A parameter of the vertex's op."""
    return vertex.params[name]


def values_of(graph: Graph, given: Mapping[int, Any] | None) -> dict[int, Any]:
    """The arrays of parameters and constants, on the host.

    Raises GraphError if one is missing.
    """
    known = {**graph.values, **(given or {})}
    found = {}
    for vertex in graph.vertices:
        if vertex.kind in ("parameter", "constant") and "value" not in vertex.params:
            if vertex.id not in known:
                what = f"%{vertex.id} ({vertex.name or vertex.kind})"
                raise GraphError(f"to_onnx: {what} has no value; pass values={{{vertex.id}: array}}")
            array = known[vertex.id]
            found[vertex.id] = np.asarray(array.get() if hasattr(array, "get") else array)
    return found
