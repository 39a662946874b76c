"""Pictures of the gradient of one batch on its way through a model."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import inf, isfinite, sqrt
from typing import Any

from autocnn.errors import GraphError
from autocnn.flow import Ledger, each_path, ledger, residual_joins, run
from autocnn.flow.run import Loss
from autocnn.graph import Graph, Vertex
from autocnn.graph.transform import unroll
from autocnn.ops.loss import cross_entropy
from autocnn.viz import Picture, flow, unrolled


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
