"""A computation as data: frozen vertices and edges, and no arrays."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from math import prod
from typing import Any

from autocnn.errors import GraphError

KINDS = ("input", "parameter", "constant", "op", "module", "output")
PHASES = ("forward", "backward", "second")
LEAVES = frozenset({"input", "parameter", "constant"})
SEVERAL = "several"
"""The dtype of an op with several outputs, which are picked by :data:`ITEM` and have their own."""

ITEM = "item"
"""The op that picks one output, number ``params["index"]``, of an op with several."""


@dataclass(frozen=True, slots=True)
class Vertex:
    """One value of a computation: a leaf, the result of an op, or a marked output.

    ``kind`` is one of :data:`KINDS`; ``module`` stands for many ops (see ``transform.collapse``).
    ``twin`` is the earlier vertex that a backward vertex differentiates; ``saved`` holds the argument
    positions that the op keeps for its backward pass, -1 for its own result, -2 and below for what else it
    keeps; ``saved_sizes`` the bytes of each.

    >>> Vertex(0, "", "input", {}, (2, 3), "float32", name="x").nbytes
    24
    """

    id: int
    op: str
    kind: str
    params: Mapping[str, object]
    shape: tuple[int, ...]
    dtype: str
    device: str = "cpu"
    scope: str = ""
    phase: str = "forward"
    twin: int | None = None
    name: str | None = None
    saved: tuple[int, ...] = ()
    saved_sizes: tuple[int, ...] = ()
    line: str | None = None

    @property
    def size(self) -> int:
        """Number of elements."""
        return prod(self.shape)

    @property
    def nbytes(self) -> int:
        """Bytes of the value."""
        return self.size * itemsize(self.dtype)


@dataclass(frozen=True, slots=True)
class Edge:
    """The value of ``source`` is argument number ``position`` of ``target``."""

    source: int
    target: int
    position: int = 0


@dataclass(frozen=True)
class Graph:
    """Vertices 0..n-1 in the order in which they were computed, and the edges between them.

    Edges are sorted by target, then position. ``inputs`` are in argument order, ``outputs`` in return order.

    ``values`` holds arrays of parameters and constants by vertex; it takes no part in equality, text and JSON.

    >>> x = Vertex(0, "", "input", {}, (), "float32", name="x")
    >>> y = Vertex(1, "", "output", {}, (), "float32")
    >>> Graph((x, y), (Edge(0, 1),), inputs=(0,), outputs=(1,)).check().out_edges(0)
    (Edge(source=0, target=1, position=0),)
    """

    vertices: tuple[Vertex, ...]
    edges: tuple[Edge, ...]
    inputs: tuple[int, ...] = field(default=(), kw_only=True)
    outputs: tuple[int, ...] = field(default=(), kw_only=True)
    values: Mapping[int, Any] = field(default_factory=dict, kw_only=True, compare=False, repr=False)

    def __len__(self) -> int:
        return len(self.vertices)

    def __repr__(self) -> str:
        return f"Graph({len(self.vertices):,} vertices, {len(self.edges):,} edges)"

    def in_edges(self, vertex: int) -> tuple[Edge, ...]:
        """The edges into a vertex, by argument position."""
        return self.edges[self._in_starts[vertex] : self._in_starts[vertex + 1]]

    def out_edges(self, vertex: int) -> tuple[Edge, ...]:
        """The edges out of a vertex, by target and position."""
        starts, order = self._out_index
        return tuple(self.edges[place] for place in order[starts[vertex] : starts[vertex + 1]])

    def forward_twin(self, vertex: int) -> int | None:
        """The forward vertex that a vertex of a backward pass, of whatever order, belongs to, if to any.

        The twin of a second-order vertex may itself be of the backward pass.
        """
        at: int | None = vertex
        while at is not None and self.vertices[at].phase != "forward":
            at = self.vertices[at].twin
        return at

    @cached_property
    def _in_starts(self) -> list[int]:
        return _starts((edge.target for edge in self.edges), len(self.vertices))

    @cached_property
    def _out_index(self) -> tuple[list[int], list[int]]:
        starts = _starts((edge.source for edge in self.edges), len(self.vertices))
        free, order = starts[:], [0] * len(self.edges)
        for place, edge in enumerate(self.edges):
            order[free[edge.source]] = place
            free[edge.source] += 1
        return starts, order

    def check(self) -> Graph:
        """This graph, if it is well formed.

        Raises GraphError at the first vertex, edge or list that is not.
        """
        for place, vertex in enumerate(self.vertices):
            _check_vertex(place, vertex)
        _check_edges(self)
        for vertex in self.vertices:
            _check_arity(self, vertex)
        _check_ends("inputs", self.inputs, {v.id for v in self.vertices if v.kind == "input"})
        _check_ends("outputs", self.outputs, {v.id for v in self.vertices if v.kind == "output"})
        return self


def itemsize(dtype: str) -> int:
    """Bytes of one element of a dtype given by name.

    >>> itemsize("float32"), itemsize("bool"), itemsize("complex128")
    (4, 1, 16)
    """
    digits = re.search(r"(\d+)$", dtype)
    return int(digits.group(1)) // 8 if digits else int(dtype == "bool")


def _starts(keys: object, count: int) -> list[int]:
    """Where the run of each key 0..count-1 begins, were the keys sorted."""
    starts = [0] * (count + 1)
    for key in keys:  # type: ignore[attr-defined]
        starts[key + 1] += 1
    for place in range(count):
        starts[place + 1] += starts[place]
    return starts


def _check_vertex(place: int, vertex: Vertex) -> None:
    if vertex.id != place:
        raise GraphError(f"graph: the vertex at place {place} has id {vertex.id}; ids are places")
    if vertex.kind not in KINDS:
        raise GraphError(f"graph: %{place} has kind {vertex.kind!r}; one of {', '.join(KINDS)}")
    if vertex.phase not in PHASES:
        raise GraphError(f"graph: %{place} has phase {vertex.phase!r}; one of {', '.join(PHASES)}")
    if (vertex.op != "") != (vertex.kind in ("op", "module")):
        raise GraphError(f"graph: %{place} is of kind {vertex.kind} with op {vertex.op!r}; only ops have one")
    if vertex.twin is not None and not 0 <= vertex.twin < place:
        raise GraphError(f"graph: %{place} has twin {vertex.twin}; a twin comes earlier")
    if any(size < 0 for size in vertex.shape):
        raise GraphError(f"graph: %{place} has shape {vertex.shape}; sizes are not negative")


def _check_edges(graph: Graph) -> None:
    count, last = len(graph.vertices), (-1, -1)
    for edge in graph.edges:
        text = f"graph: the edge {edge.source} -> {edge.target} at position {edge.position}"
        if not 0 <= edge.source < edge.target < count:
            raise GraphError(f"{text} does not lead to a later one of {count} vertices; ids are the order")
        if edge.position < 0 or (edge.target, edge.position) <= last:
            raise GraphError(f"{text} is out of order; edges are sorted by target and position")
        last = (edge.target, edge.position)


def _check_arity(graph: Graph, vertex: Vertex) -> None:
    incoming = len(graph.in_edges(vertex.id))
    if vertex.kind in LEAVES and incoming:
        raise GraphError(f"graph: %{vertex.id} has {incoming} arguments; a leaf ({vertex.kind}) has none")
    single = vertex.kind == "output" or vertex.op == ITEM
    if single and incoming != 1:
        what = vertex.op or vertex.kind
        raise GraphError(f"graph: %{vertex.id} is an {what} of {incoming} values; it takes exactly one")
    if vertex.op == ITEM and not isinstance(vertex.params.get("index"), int):
        raise GraphError(f"graph: %{vertex.id} is an item without params['index']; it picks an output")
    if vertex.kind == "output" and graph.out_edges(vertex.id):
        raise GraphError(f"graph: %{vertex.id} is an output that others use; they use its source")


def _check_ends(name: str, given: tuple[int, ...], found: set[int]) -> None:
    if len(given) != len(found) or set(given) != found:
        raise GraphError(f"graph: {name} are {list(given)}, of that kind are {sorted(found)}; list each once")
