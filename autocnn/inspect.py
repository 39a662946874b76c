"""What a network is made of and how its gradient flows: layers, shapes, work, memory, and a picture."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import inf, isfinite, sqrt
from typing import Any

from autocnn.errors import GraphError
from autocnn.flow import Ledger, each_path, ledger, residual_joins, run
from autocnn.flow.run import Loss
from autocnn.graph import Graph, Vertex, trace
from autocnn.graph.analysis import memory_of, multiply_adds
from autocnn.graph.data import LEAVES
from autocnn.graph.transform import unroll
from autocnn.ops.loss import cross_entropy
from autocnn.viz import Picture, flow, unrolled


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


def draw_flow(
    model: Callable[..., Any] | Mapping[str, Callable[..., Any]],
    x: Any,
    y: Any,
    loss: Loss = cross_entropy,
    **options: Any,
) -> Picture:
    """A picture of the gradient of one batch on its way through a model, or through several, side by side by name.

    ``loss(model(x), y)`` is the mean over the images; ``options`` are those of `viz.flow`. The sizes are exact: no
    gradient underflows on the way that float32 could hold.

    >>> import autocnn as ac
    >>> from autocnn import models
    >>> nets = {"plain": models.plain(8, 4), "residual": models.residual(8, 4)}
    >>> picture = draw_flow(nets, ac.rand(4, 1, 8, 8), ac.tensor([3, 1, 4, 1]), title="Twins")
    >>> "skip" in picture.dot
    True
    """
    if not isinstance(model, Mapping):
        return flow(*_flows(model, x, y, loss), **options)
    graphs, sizes, shares = {}, {}, {}
    for name, each in model.items():
        graphs[name], sizes[name], shares[name] = _flows(each, x, y, loss)
    return flow(graphs, sizes, shares, **options)


def draw_paths(
    model: Callable[..., Any],
    x: Any,
    y: Any,
    loss: Loss = cross_entropy,
    blocks: Sequence[str] | None = None,
    **options: Any,
) -> Picture:
    """A picture of every path that the gradient of one batch takes through at most 4 residual blocks.

    ``blocks`` names the modules that are meant (``layer3.1``), by default all; ``options`` are those of
    `viz.unrolled`. That the paths sum to the gradient is checked, element by element.
    Raises GraphError for more blocks, and if the paths do not sum to the gradient.

    >>> import autocnn as ac
    >>> from autocnn import models
    >>> picture = draw_paths(models.residual(8, 4), ac.rand(4, 1, 8, 8), ac.tensor([3, 1, 4, 1]))
    >>> "3 residual blocks, 8 paths" in picture.dot
    True
    """
    measured = run(model, x, y, loss)
    joins = residual_joins(measured.graph, blocks)
    found = unroll(measured.graph, [join.join for join in joins])
    number = {join.name: place for place, join in enumerate(joins)}
    each = each_path(measured, found.at, joins)
    single = {tuple(sorted(number[name] for name in path)): gradient for path, gradient in each.items()}
    whole = measured.scaled_gradients([found.at])[found.at]
    total = whole.wide(whole.exponent).ravel()
    arrays = {path: gradient.wide(whole.exponent).ravel() for path, gradient in single.items()}
    size = sqrt(float(total @ total))
    norms = {path: sqrt(float(array @ array)) for path, array in arrays.items()}
    rest = total - sum(arrays.values())
    if not size or sqrt(float(rest @ rest)) > 1e-4 * sum(norms.values()):
        raise GraphError(
            "draw_paths: the gradient is 0, or the paths do not sum to it; other ways lead around them"
        )
    shares = {path: float(array @ total) / size**2 for path, array in arrays.items()}
    return unrolled(found, {path: norm / size for path, norm in norms.items()}, shares, **options)


def _flows(model: Callable[..., Any], x: Any, y: Any, loss: Loss) -> tuple[Graph, Places, Places]:
    measured = run(model, x, y, loss)
    return measured.graph, *flow_numbers(measured.graph, ledger(measured))


Places = dict[Any, float]
"""Numbers by vertex and by edge, as `viz.flow` takes them."""


def flow_numbers(graph: Graph, book: Ledger) -> tuple[Places, Places]:
    """A ledger as `viz.flow` takes it: gradient RMS by vertex and by edge, and signed shares by edge."""
    sizes: Places = {vertex: _rms(log2, graph.vertices[vertex]) for vertex, log2 in book.log2_norms.items()}
    shares: Places = {}
    for fork in book.forks:
        for part in fork.contributions:
            edges = fork.vertex, tuple(sorted(set(part.consumers)))
            sizes[edges] = _rms(part.log2_norm, graph.vertices[fork.vertex])
            if isfinite(part.share):
                shares[edges] = part.share
    return sizes, shares


def _rms(log2_norm: float, vertex: Vertex) -> float:
    """The RMS of an array whose norm is so large; what a float cannot hold is its smallest number, but not 0."""
    if not log2_norm < 1023:  # NaN too
        return inf
    smallest = 0.0 if log2_norm == -inf else 5e-324
    return max(float(2.0**log2_norm) / sqrt(max(vertex.size, 1)), smallest)


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
