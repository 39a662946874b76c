"""What a graph is asked, beside answers that are found by trying: removing, walking, and looking at gradients."""

from __future__ import annotations

from itertools import pairwise
from math import ceil, comb

import numpy as np
import pytest

import autocnn as ac
from autocnn import models, nn
from autocnn.errors import GraphError
from autocnn.graph import Graph, trace, transform
from autocnn.graph.analysis import (
    Field,
    activation_memory,
    articulation_points,
    count_parameters,
    dominators,
    longest_path,
    multiply_adds,
    path_lengths,
    receptive_field,
    saved_bytes,
    to_networkx,
)
from tests.graph import made
from tests.graph.work import lines_run


def without(graph: Graph, lost: int, directed: bool, source: int = 0) -> set[int]:
    """What can still be reached from a vertex when another is gone."""
    near: dict[int, set[int]] = {}
    for edge in graph.edges:
        near.setdefault(edge.source, set()).add(edge.target)
        if not directed:
            near.setdefault(edge.target, set()).add(edge.source)
    reached, todo = set(), [source] if source != lost else []
    while todo:
        at = todo.pop()
        if at not in reached and at != lost:
            reached.add(at)
            todo.extend(near.get(at, ()))
    return reached


def residual_110() -> Graph:
    return trace(models.resnet110(), ac.zeros(1, 3, 32, 32))


# Paths -----------------------------------------------------------------------------------------------------------


def test_resnet_110_has_two_to_the_54_paths_of_binomial_length():
    graph = residual_110()
    lengths = path_lengths(
        graph, 0, graph.outputs[0], lambda v: int(v.scope.endswith("/conv2") and v.op == "conv")
    )
    assert lengths == {blocks: comb(54, blocks) for blocks in range(55)}
    assert sum(lengths.values()) == 2**54
    plain = trace(models.plain110(), ac.zeros(1, 3, 32, 32))
    assert list(path_lengths(plain, 0, plain.outputs[0]).values()) == [1]


def test_the_longest_path_goes_through_every_branch():
    graph = residual_110()
    path = longest_path(graph, 0, graph.outputs[0])
    assert len(path) - 1 == max(path_lengths(graph, 0, graph.outputs[0]))
    edges = {(edge.source, edge.target) for edge in graph.edges}
    assert all(pair in edges for pair in pairwise(path))
    assert sum(graph.vertices[place].op == "conv" for place in path) == 109

    def shorter(v):
        return 0 if "/conv1" in v.scope else 1

    by_work = longest_path(graph, 0, graph.outputs[0], shorter)
    assert sum(map(shorter, (graph.vertices[i] for i in by_work[1:]))) == max(
        path_lengths(graph, 0, graph.outputs[0], shorter)
    )
    assert longest_path(made.block(), 7, 0) == ()
    assert longest_path(made.block(), 3, 3) == (3,)
    with pytest.raises(GraphError, match="paths: source is 99; the graph has vertices 0 to 8"):
        longest_path(made.block(), 99, 0)


@pytest.mark.parametrize("graph", [made.block(), made.block(order=1), made.lenet(), made.doubling(5)], ids=len)
def test_dominators_and_articulation_points_by_removing_vertices(graph):
    before = dominators(graph, 0)
    reached = without(graph, -1, directed=True)
    assert before.keys() == reached - {0}
    for lost in range(1, len(graph)):
        cut = reached - without(graph, lost, directed=True)
        for vertex in before:
            chain = [vertex]
            while chain[-1] != 0:
                chain.append(before[chain[-1]])
            assert (lost in chain) == (vertex in cut)
    everything = set(range(len(graph)))
    for lost in everything:
        start = 0 if lost else 1
        falls_apart = without(graph, lost, directed=False, source=start) != everything - {lost}
        assert (lost in articulation_points(graph)) == falls_apart


def test_dominators_of_wrong_vertices():
    with pytest.raises(GraphError, match="dominators: vertex is -1; the graph has vertices 0 to 8"):
        dominators(made.block(), -1)


# Receptive fields ------------------------------------------------------------------------------------------------


def seen_by(network, x, place) -> list[tuple[int, int]]:
    """The lowest and highest positions, on each axis, of which one element of the output is a function."""
    x = ac.tensor(x).requires_grad_()
    z = network(x)
    z[(0, 0, *place)].backward()
    _, _, *axes = np.nonzero(x.grad.numpy())
    return [(int(axis.min()), int(axis.max())) for axis in axes if axis.size]


class Positive(nn.Module):
    """Layers whose weights are positive, so that nothing cancels out."""

    def __init__(self, *layers: nn.Module) -> None:
        super().__init__()
        self.layers = nn.Sequential(*layers)
        for p in self.parameters():
            p.data = abs(p.data) + 0.1

    def forward(self, x):
        return self.layers(x)


class Skip(nn.Module):
    def forward(self, x):
        wide = nn.functional.avg_pool2d(x, 5, stride=1, padding=2)
        return x[:, :, ::2, 1::2] * 2 + wide[:, :, ::2, 1::2]


WINDOWS = {
    "conv": [nn.Conv2d(1, 2, 3, padding=1), nn.ReLU(), nn.Conv2d(2, 1, (5, 3), stride=2)],
    "dilated": [nn.Conv2d(1, 1, 3, dilation=(2, 3))],
    "grouped": [nn.Conv2d(1, 4, 1), nn.Conv2d(4, 4, 3, groups=4), nn.Tanh(), nn.AvgPool2d(2)],
    "pooled": [nn.AvgPool2d(3, stride=2, padding=1), nn.Conv2d(1, 1, 3), nn.AvgPool2d(2, ceil_mode=True)],
    "transposed": [nn.ConvTranspose2d(1, 2, 3, stride=2, padding=1), nn.Conv2d(2, 1, 3)],
    "transposed wide": [nn.Conv2d(1, 1, 2, 2), nn.ConvTranspose2d(1, 1, 4, stride=3)],
    "skip": [nn.Conv2d(1, 1, 3, padding=1), Skip()],
    "upsampled": [nn.Conv2d(1, 1, 3), nn.Upsample(scale_factor=2), nn.Conv2d(1, 1, 3)],
    "upsampled to a size": [nn.Upsample((23, 9)), nn.Upsample((9, 21), mode="nearest-exact")],
    "upsampled by lines": [nn.Upsample(scale_factor=3, mode="bilinear"), nn.AvgPool2d(3)],
    "upsampled with corners": [nn.Upsample((21, 7), mode="bilinear", align_corners=True), nn.Conv2d(1, 1, 3)],
    "upsampled by cubes": [nn.Upsample(scale_factor=(0.5, 1.6), mode="bicubic")],
    "padded": [nn.ZeroPad2d((1, 2, 3, 0)), nn.Conv2d(1, 1, 3, stride=2)],
    "adaptive": [nn.Conv2d(1, 1, 3, padding=1), nn.AdaptiveAvgPool2d(4)],
    "global": [nn.Conv2d(1, 1, 3), nn.AdaptiveAvgPool2d(1)],
    "residual": [nn.Conv2d(1, 2, 3, padding=1), nn.Residual(nn.Conv2d(2, 2, 5, padding=2))],
}


@pytest.mark.parametrize("name", WINDOWS)
def test_receptive_fields_are_where_gradients_are(name):
    network, x = Positive(*WINDOWS[name]).eval(), np.ones((1, 1, 16, 16), np.float32)
    graph = trace(network, x)
    field = receptive_field(graph, graph.outputs[0])
    shape = graph.vertices[graph.outputs[0]].shape[2:]
    for place in np.ndindex(*shape):
        for axis, (low, high) in enumerate(seen_by(network, x, place)):
            first = ceil(field.offset[axis] + place[axis] * field.stride[axis])
            last = first + field.size[axis] - 1
            if (
                "transposed" in name or "upsampled" in name
            ):  # how many positions an element sees depends on where it lies
                assert first <= low <= high <= last
            else:
                assert (low, high) == (max(first, 0), min(last, 15))


def test_receptive_fields_of_known_networks():
    def size(network, place):
        graph = trace(network.eval(), ac.zeros(1, network.in_channels, 32, 32))
        last = max(v.id for v in graph.vertices if v.scope.startswith(place) and v.kind == "op")
        return receptive_field(graph, last)

    def chain(*layers):
        """Size and stride after layers of (kernel, stride)."""
        reach, step = 1, 1
        for kernel, stride in layers:
            reach, step = reach + (kernel - 1) * step, step * stride
        return reach, step

    lenet = size(models.LeNet5(), "c5")
    assert (lenet.size, lenet.stride, lenet.offset) == ((32, 32), (4, 4), (0, 0))
    basic = [(3, 1), (3, 1)], [(3, 2), (3, 1)]
    stages = [layer for n in range(3) for block in range(3) for layer in basic[int(n > 0 and block == 0)]]
    resnet20 = size(models.resnet20(), "layer3")
    assert (resnet20.size[0], resnet20.stride[0]) == chain((3, 1), *stages)


@pytest.mark.usefixtures("thin")
def test_receptive_field_of_vgg_16():
    graph = trace(models.vgg16(num_classes=10).eval(), ac.zeros(1, 3, 64, 64))
    last = max(v.id for v in graph.vertices if v.op == "max_pool")
    assert receptive_field(graph, last) == Field((212, 212), (32, 32), (-90, -90))
    assert receptive_field(graph, graph.outputs[0]).stride == (0, 0)


def test_receptive_fields_through_shapes():
    def function(x):
        turned = ac.permute(nn.functional.avg_pool2d(x, 2), (0, 3, 1, 2))
        shaped = turned.reshape(1, 4, 1, 3, 4)
        return turned, ac.mean(turned, 3), shaped, ac.cat([x, x], 2), ac.cumsum(x, 3), x[:, :, 3]

    graph = trace(function, np.zeros((1, 3, 8, 8), np.float32))
    found = [receptive_field(graph, place) for place in graph.outputs]
    assert found == [
        Field((2, 2), (2, 2), (0, 0)),
        Field((8, 2), (0, 2), (0, 0)),
        Field((2, 2), (2, 2), (0, 0)),
        Field((8, 1), (0, 1), (0, 0)),
        Field((8, 8), (0, 0), (0, 0)),
        Field((1, 1), (0, 1), (3, 0)),
    ]


def test_what_has_no_receptive_field():
    graph = trace(lambda x, y: (x * 2, y * 2), ac.zeros(1, 1, 4), ac.zeros(3))
    assert receptive_field(graph, graph.outputs[0]) == Field((1,), (1,), (0,))
    assert receptive_field(graph, graph.outputs[1]) is None
    with pytest.raises(GraphError, match=r"source %1 has shape \(3,\); spatial axes come after"):
        receptive_field(graph, graph.outputs[0], 1)
    with pytest.raises(GraphError, match="receptive_field: source is 0, vertex 99; of vertices 0 to"):
        receptive_field(graph, 99)


# Costs -----------------------------------------------------------------------------------------------------------


def test_bytes_that_are_saved_are_those_that_the_nodes_hold():
    network = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten())
    x = ac.ones(2, 1, 6, 6).requires_grad_()
    graph = trace(network, x)
    held, node = {}, network(x).node()
    while node.primitive is not None:
        arrays = [a for a in node.saved if a is not None] if isinstance(node.saved, tuple) else []
        held[node.primitive.name] = sum(a.nbytes for a in arrays)
        node = node.edges[0]
    found = {v.op: saved_bytes(graph, v.id) for v in graph.vertices if v.kind == "op" and v.op != "item"}
    assert {op: found[op] for op in held} == held
    assert found["batch_norm"] > 2 * 2 * 4 * 4 * 4
    given = to_networkx(graph).nodes
    assert all(given[v.id]["saved_bytes"] == saved_bytes(graph, v.id) for v in graph.vertices)
    assert sum(given[i]["multiply_adds"] for i in given) == 2 * 2 * 4 * 4 * 9


def test_running_statistics_are_no_parameters():
    network = models.resnet20()
    graph = trace(network.eval(), ac.zeros(1, 3, 32, 32))
    assert sum(count_parameters(graph).values()) == 269_722
    assert {v.name for v in graph.vertices if v.kind == "constant"} >= {"bn1.running_mean", "bn1.running_var"}
    assert sum(multiply_adds(graph, v.id) for v in graph.vertices) == pytest.approx(40.55e6, rel=1e-3)


def test_memory_along_the_schedule():
    graph = trace(lambda x: ac.tanh(ac.exp(ac.tanh(x).reshape(8))).sum(), ac.zeros(2, 4))
    alive = {graph.vertices[i].op: n for i, n in enumerate(activation_memory(graph).alive)}
    assert alive == {"": 4, "tanh": 64, "reshape": 32, "exp": 64, "sum": 36}
    chain = made.chain(100)
    assert activation_memory(chain).peak == 8
    kept = trace(models.resnet20(), ac.zeros(1, 3, 32, 32).requires_grad_())
    small, large = activation_memory(kept), activation_memory(kept, training=True)
    assert large.peak > 5 * small.peak
    both = trace(models.resnet20(), ac.zeros(1, 3, 32, 32), order=1)
    peak = activation_memory(both)
    assert small.peak < peak.peak < 2 * large.peak
    assert both.vertices[peak.at].phase == "backward" or peak.at == max(
        v.id for v in both.vertices if v.phase == "forward" and v.kind == "op"
    )


@pytest.mark.parametrize(
    "ask",
    [
        lambda graph: longest_path(graph, 0, len(graph) - 1),
        lambda graph: receptive_field(graph, len(graph) - 1),
        activation_memory,
        to_networkx,
        lambda graph: trace(lambda x: run(x, len(graph)), ac.zeros(1, 1, 3), order=0),
        lambda graph: trace(lambda x: run(x, len(graph)), ac.zeros(1, 1, 3).requires_grad_(), order=1),
    ],
)
def test_twice_the_size_is_twice_the_work(ask):
    graphs = [trace(lambda x, n=n: run(x, n), ac.zeros(1, 1, 3)) for n in (200, 400)]
    once, twice = (lines_run(lambda graph=graph: ask(graph)) for graph in graphs)
    assert once > 200
    assert twice < 2.3 * once


def run(x, length):
    for _ in range(length):
        x = x + ac.tanh(x)
    return x


def test_questions_to_parts_of_a_graph():
    graph = trace(models.resnet20().eval(), ac.zeros(1, 3, 32, 32))
    part = transform.module(graph, "layer2/0").check()
    assert receptive_field(part, part.outputs[0]).size == (7, 7)
    assert len(articulation_points(part)) > 0
