"""The plain twin of any model: the same network, its skips left out."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any, TypeVar

from autocnn.errors import ArgumentError, GraphError, OperandError
from autocnn.flow.blocks import residual_joins
from autocnn.flow.surgery import HAND_ON, Action, graph_in_use, operate
from autocnn.graph.data import Graph
from autocnn.nn import Module
from autocnn.ops import zeros

Net = TypeVar("Net", bound=Module)


def without_skips(model: Net, x: Any = None, blocks: Sequence[str] | None = None) -> Net:
    """A copy of a model in which no shortcut is added: at every residual join the branch alone goes on.

    x is an example input, in whose graph the joins are found; models that say their `in_channels` and `side` need
    none. The copy shares nothing with the model and has the same state dict; it trains, and runs at every batch
    size. Parameters that only a shortcut used (projections) get no gradient: `unused_parameters` names them.
    Hooks are not copied. ``blocks`` names the blocks where they cannot be told from the graph.

    Raises GraphError if there is no skip.

    >>> import autocnn as ac
    >>> from autocnn import nn
    >>> class Block(nn.Module):
    ...     def forward(self, x):
    ...         return x + (10.0 * x).relu()
    >>> x = ac.ones(1, 1)
    >>> without_skips(nn.Sequential(Block(), Block()), x)(x).item()
    100.0
    """
    if not isinstance(model, Module):
        raise OperandError(f"without_skips: model is a {type(model).__name__}; a Module is needed")
    example = _example(model) if x is None else x
    graph = graph_in_use(model, example)
    found = residual_joins(graph, blocks)
    if not found:
        raise GraphError(
            f"without_skips: {type(model).__name__} has no skips: nowhere in its graph does a way without an "
            "activation meet, in an addition, a branch that left the same value. Name modules if you know of one: "
            "blocks=['layer1.0', ...]"
        )
    plan: dict[Any, Action] = {
        join.address: HAND_ON if len(graph.out_edges(join.branch)) == 1 else "remove skip" for join in found
    }
    twin = copy.deepcopy(model)
    operate(twin, plan, f"Plain{type(model).__name__}")
    used = _parameters(graph_in_use(twin, example))
    twin.unused_parameters = tuple(
        name for name, _ in model.named_parameters() if name in _parameters(graph) and name not in used
    )
    return twin


def _example(model: Any) -> Any:
    channels, side = getattr(model, "in_channels", None), getattr(model, "side", None)
    if not isinstance(channels, int) or not isinstance(side, int):
        raise ArgumentError(
            f"without_skips: x is None, and {type(model).__name__} does not say its in_channels and side; "
            "give an example input"
        )
    first = next(model.parameters(), None)
    where = {} if first is None else {"dtype": first.dtype, "device": first.device}
    return zeros(1, channels, side, side, **where)


def _parameters(graph: Graph) -> set[str | None]:
    return {vertex.name for vertex in graph.vertices if vertex.kind == "parameter"}
