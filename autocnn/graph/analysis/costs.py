"""What a graph costs: parameters, multiply-adds, bytes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import prod

from autocnn.graph.data import ITEM, LEAVES, Graph

Shape = tuple[int, ...]

VIEWS = frozenset({"alias", "broadcast_to", "channel_spread", "detach", "permute", "reshape", "same", "spread"})
"""Ops whose result shares the memory of their argument."""


def count_parameters(graph: Graph) -> dict[str, int]:
    """Number of parameter elements by scope."""
    counts: dict[str, int] = {}
    for vertex in graph.vertices:
        if vertex.kind == "parameter":
            counts[vertex.scope] = counts.get(vertex.scope, 0) + vertex.size
    return counts


def multiply_adds(graph: Graph, vertex: int) -> int:
    """Multiply-and-add steps of one op, from shapes; 0 but of convolutions, products, recurrent layers."""
    result = graph.vertices[vertex]
    return work(result.op, result.shape, [graph.vertices[edge.source].shape for edge in graph.in_edges(vertex)])


def work(op: str, shape: Shape, sources: Sequence[Shape]) -> int:
    """Multiply-and-add steps of an op by its name, the shape of its result and those of its operands.

    conv:         z (N, O, *out), w (O, C/groups, *kernel):  size(z) * C/groups * prod(kernel)
    conv_input:   as the convolution whose cotangent g it takes; conv_weight alike
    matmul:       z (..., n, m), x (..., n, k):  size(z) * k
    lstm, gru:    x (T, N, I), weights w and v:  T * N * (size(w) + size(v)), twice that backward

    >>> work("matmul", (2, 3), [(2, 4), (4, 3)])
    24
    """
    rule = _MULTIPLY_ADDS.get(op)
    return rule(shape, sources) if rule is not None and len(sources) >= 2 else 0


def _conv(shape: Shape, sources: Sequence[Shape]) -> int:
    return prod(shape) * prod(sources[1][1:])


def _conv_input(shape: Shape, sources: Sequence[Shape]) -> int:
    return prod(sources[0]) * prod(sources[1][1:])


def _conv_weight(shape: Shape, sources: Sequence[Shape]) -> int:
    return prod(sources[0]) * prod(shape[1:])


def _matmul(shape: Shape, sources: Sequence[Shape]) -> int:
    return prod(shape) * (sources[0][-1] if sources[0] else 1)


def _recurrent(weights: int, times: int) -> Callable[[Shape, Sequence[Shape]], int]:
    """Of an op whose two weights are operands from this number on."""
    return lambda _, sources: times * prod(sources[0][:2]) * sum(map(prod, sources[weights : weights + 2]))


_MULTIPLY_ADDS: Mapping[str, Callable[[Shape, Sequence[Shape]], int]] = {
    "conv": _conv,
    "conv_bias": _conv,
    "conv_bias_relu": _conv,
    "conv_input": _conv_input,
    "conv_weight": _conv_weight,
    "matmul": _matmul,
    "linear": _matmul,
    "project": _matmul,
    "lstm": _recurrent(3, 1),
    "lstm_backward": _recurrent(5, 2),
    "gru": _recurrent(2, 1),
    "gru_backward": _recurrent(3, 2),
}


def saved_bytes(graph: Graph, vertex: int) -> int:
    """Bytes of the arrays that an op keeps for its backward pass, whoever else keeps them too."""
    return sum(graph.vertices[vertex].saved_sizes)


def memory_of(graph: Graph) -> list[int]:
    """For each vertex the one whose memory its value lies in: a view has none of its own."""
    memory = list(range(len(graph)))
    for vertex in graph.vertices:
        if vertex.op in VIEWS:
            memory[vertex.id] = memory[graph.in_edges(vertex.id)[0].source]
    return memory


@dataclass(frozen=True, slots=True)
class Memory:
    """Bytes of activations and gradients that are alive while each op runs, its own result included."""

    alive: tuple[int, ...]
    """By vertex."""

    @property
    def peak(self) -> int:
        """The most that is alive at a time."""
        return max(self.alive, default=0)

    @property
    def at(self) -> int:
        """The first op during which that much is."""
        return self.alive.index(self.peak) if self.alive else 0


def activation_memory(graph: Graph, *, training: bool = False) -> Memory:
    """What is alive along the schedule, if every value is let go after its last use.

    Inputs, parameters and constants are not counted: the caller has them anyway. A graph with its backward pass
    keeps what that uses. With ``training`` a forward pass alone keeps what it saves for the backward pass to
    come. Outputs stay. Each memory is counted once, however many views look into it.

    >>> from autocnn.graph.data import Edge, Vertex
    >>> steps = [Vertex(i, "tanh" if i else "", "op" if i else "input", {}, (8,), "float32") for i in range(4)]
    >>> activation_memory(Graph(tuple(steps), (Edge(0, 1), Edge(1, 2), Edge(2, 3)), inputs=(0,))).alive
    (0, 32, 64, 64)
    """
    memory, last = memory_of(graph), list(range(len(graph)))
    for edge in graph.edges:
        target = graph.vertices[edge.target]
        if not (target.op == ITEM and target.params.get("residual")):  # which has memory of its own
            until = len(graph) if target.kind == "output" else edge.target
            last[memory[edge.source]] = max(last[memory[edge.source]], until)
    for vertex in graph.vertices if training else ():
        sources = [edge.source for edge in graph.in_edges(vertex.id)]
        for position in vertex.saved:
            if position >= -1:
                last[memory[vertex.id if position < 0 else sources[position]]] = len(graph)
    over: dict[int, int] = {}
    alive, now = [], 0
    for vertex in graph.vertices:
        own = memory[vertex.id] == vertex.id and vertex.kind not in LEAVES and vertex.kind != "output"
        size = vertex.nbytes if own else 0
        now += size
        over[last[vertex.id]] = over.get(last[vertex.id], 0) + size
        alive.append(now)
        now -= over.pop(vertex.id, 0)
    return Memory(tuple(alive))
