"""Every edge of a traced graph is there and none is invented: compared with a tracer that knows arrays only."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autocnn as ac
from autocnn import models, nn, ops
from autocnn.backend.random import manual_seed
from autocnn.engine import Tensor
from autocnn.graph import Edge, Graph, trace
from tests.graph.witness import rows_of, witnessed


def tensor(*shape: int, grad: bool = False, seed: int = 0) -> Tensor:
    return Tensor(np.random.default_rng(seed).normal(size=shape).astype(np.float32)).requires_grad_(grad)


W, V = tensor(3, 3, grad=True, seed=1), tensor(3, 3, grad=True, seed=2)
NAMES = {"W": W, "V": V}
MASK = tensor(3, 3, seed=3)


def shared(x):
    y = ac.tanh(x @ W)
    return y * y + y + x * x


def tied(x):
    return ac.sigmoid(ac.tanh(x @ W) @ W) @ W.T


def looped(x):
    for _ in range(5):
        x = x + ac.tanh(x @ W)
    return x


def several(x):
    a, b = ac.split(ac.tanh(x @ W), [1, 2], dim=0)
    rows = ac.unbind(b)
    return a * rows[0], rows[1] + 1, x * 2


def residual_last(x):
    return x + (ac.tanh(x @ W) @ V)


def updated(x):
    h = x @ W
    h += 1
    h *= h
    return ac.tanh(h) * h


def partly_updated(x):
    h = x @ W
    h[0] = 0.5
    h[:, 1] = x[:, 0]
    return ac.tanh(h) * h


def updated_in_a_loop(x):
    total = ac.zeros(3, 3)
    for _ in range(3):
        total += x @ W
    return total


def indexed(x):
    h = x @ W
    picked = h[np.array([1, 0, 1])]
    return ac.cat([h[:, 1:], picked[..., :1], ac.flip(h, [0])[:, :2].reshape(3, 2)], 1)


def detached(x):
    h = x @ W
    return h + ac.tanh(h.detach()) + x.detach()


def constants(x):
    return x * MASK + MASK - MASK[0] + x**2 + 2**x + ac.where(x > 0.5, x, 0.0)


def dropped(x):
    return ops.dropout(x @ W, 0.5) + ops.dropout(x, 0.5)


def with_numpy(x):
    return np.maximum(x @ W, 0) + np.sqrt(np.abs(x))


def normalised(x):
    return ops.layer_norm(x @ W, 3) + ops.batch_norm(x @ W, None, None, training=True)


def pooled(x):
    image = ops.reshape(x @ W, (1, 1, 3, 3))
    best, places = ops.max_pool2d(image, 2, 1, return_indices=True)
    return best * ops.avg_pool2d(image, 2, 1), places


FUNCTIONS = [
    shared, tied, looped, several, residual_last, updated, partly_updated, updated_in_a_loop, indexed, detached,
    constants, dropped, with_numpy, normalised, pooled,
]  # fmt: skip


def agree(function: Callable[..., Any], x: Tensor, parameters: dict[str, Tensor], order: int) -> Graph:
    manual_seed(0)
    rows, outputs = witnessed(function, [x], parameters, order)
    manual_seed(0)
    graph = trace(function, x, order=order, parameters=parameters)
    assert rows_of(graph) == (rows, outputs)
    return graph


@pytest.mark.parametrize("order", [0, 1, 2])
@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.__name__)
def test_functions(function, order):
    graph = agree(function, tensor(3, 3, grad=True), NAMES, order)
    phases = {v.phase for v in graph.vertices if v.kind == "op"}
    assert len(phases) <= order + 1


@pytest.mark.parametrize("name", models.names())
@pytest.mark.parametrize("order", [0, 1])
@pytest.mark.parametrize("training", [False, True])
@pytest.mark.usefixtures("thin")
def test_models(name, order, training):
    network = models.get(name)(num_classes=10).train(training)
    side = min(network.side, 67)
    graph = agree(network, tensor(2, network.in_channels, side, side), dict(network.named_parameters()), order)
    assert len(graph) > 10


def test_a_second_derivative_of_a_network():
    network = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten())
    agree(network, tensor(2, 1, 6, 6), dict(network.named_parameters()), 2)


# The witness is no rubber stamp ---------------------------------------------------------------------------------


def rewired(graph: Graph, place: int, source: int) -> Graph:
    edges = list(graph.edges)
    edges[place] = Edge(source, edges[place].target, edges[place].position)
    return Graph(graph.vertices, tuple(edges), inputs=graph.inputs, outputs=graph.outputs)


def test_every_edge_that_is_moved_or_lost_is_noticed():
    x = tensor(3, 3)
    graph = trace(shared, x, parameters=NAMES)
    seen = witnessed(shared, [x], NAMES)
    for place, edge in enumerate(graph.edges):
        for source in range(edge.target):
            if source != edge.source:
                assert rows_of(rewired(graph, place, source)) != seen
    for place, edge in enumerate(graph.edges):
        if graph.vertices[edge.target].kind == "op":
            fewer = graph.edges[:place] + graph.edges[place + 1 :]
            assert rows_of(Graph(graph.vertices, fewer, inputs=graph.inputs, outputs=graph.outputs)) != seen
