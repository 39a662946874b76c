"""Convolutional networks traced: replayed to the bit, compared with what training computes, found by structure."""

from __future__ import annotations

import numpy as np
import pytest

import autocnn as ac
from autocnn import nn, ops
from autocnn.backend.random import manual_seed
from autocnn.graph import from_json, replay, to_json, trace, transform
from autocnn.graph.analysis import count_paths, multiply_adds, path_lengths, skip_edges
from autocnn.inspect import layers
from autocnn.viz import draw


def parameter(*shape: int) -> nn.Parameter:
    values = np.random.default_rng(sum(shape)).normal(size=shape).astype(np.float32)
    return nn.Parameter(values / values[0].size ** 0.5)


class Conv(nn.Module):
    def __init__(self, before: int, after: int, size: int, stride: int = 1) -> None:
        self.weight = parameter(after, before, size, size)
        self.bias = nn.Parameter(np.zeros(after, np.float32))
        self.stride = stride

    def forward(self, x):
        padding = self.weight.shape[-1] // 2
        return ops.conv2d(x, self.weight, self.bias, stride=self.stride, padding=padding)


class Norm(nn.Module):
    def __init__(self, channels: int) -> None:
        self.weight = nn.Parameter(np.ones(channels, np.float32))
        self.bias = nn.Parameter(np.zeros(channels, np.float32))
        self.register_buffer("running_mean", ops.zeros(channels))
        self.register_buffer("running_var", ops.ones(channels))

    def forward(self, x):
        return ops.batch_norm(
            x, self.running_mean, self.running_var, self.weight, self.bias, training=self.training
        )


class Block(nn.Module):
    """relu(norm(conv(relu(norm(conv(x))))) + shortcut(x))."""

    def __init__(self, before: int, after: int, stride: int = 1) -> None:
        self.conv1, self.norm1 = Conv(before, after, 3, stride), Norm(after)
        self.conv2, self.norm2 = Conv(after, after, 3), Norm(after)
        self.shortcut = Conv(before, after, 1, stride) if stride > 1 else nn.Identity()

    def forward(self, x):
        h = ops.relu(self.norm1(self.conv1(x)))
        return ops.relu(self.norm2(self.conv2(h)) + self.shortcut(x))


class Resnet(nn.Module):
    def __init__(self, blocks: int = 2, drop: float = 0.0) -> None:
        self.stem = Conv(1, 4, 3)
        self.blocks = nn.Sequential(*[Block(4, 4) for _ in range(blocks - 1)], Block(4, 8, 2))
        self.weight = parameter(3, 8)
        self.drop = drop

    def forward(self, x):
        h = ops.max_pool2d(ops.relu(self.stem(x)), 2)
        h = ops.dropout(self.blocks(h), self.drop, training=self.training)
        return ops.linear(ops.mean(h, (2, 3)), self.weight)


class Plain(nn.Module):
    def __init__(self) -> None:
        self.conv = Conv(1, 2, 3)

    def forward(self, x):
        x = ops.avg_pool2d(ops.tanh(self.conv(x)), 2)
        return ops.softmax(ops.flatten(x, 1), 1)


def images(count: int = 2) -> ac.Tensor:
    return ac.tensor(np.random.default_rng(7).normal(size=(count, 1, 8, 8)).astype(np.float32))


def loss(scores):
    return ops.cross_entropy(scores, ops.arange(scores.shape[0]))


@pytest.mark.parametrize("make", [Plain, Resnet, lambda: Resnet(3, 0.5), lambda: Resnet().eval()])
def test_replay_equals_training_to_the_bit(make):
    network, x = make(), images()
    state = {name: value.clone() for name, value in network.state_dict().items()}
    manual_seed(0)
    graph = trace(network, x, order=1, loss=loss).check()
    network.load_state_dict(state)
    manual_seed(0)
    scores = network(x)
    root = loss(scores)
    root.backward()
    gradients = {f"grad {name}": p.grad for name, p in network.named_parameters()}
    expected = [scores, root, *(gradients[graph.vertices[i].name] for i in graph.outputs[2:])]
    assert len(expected) == 2 + len(gradients)
    for back in (graph, from_json(to_json(graph))):
        for array, right in zip(replay(back, [x], graph.values), expected, strict=True):
            assert np.array_equal(array, right.detach().numpy())


def test_the_skips_of_a_residual_network_are_found_in_both_passes():
    graph = trace(Resnet(3), images(), order=1, loss=loss)
    joins = {graph.edges[place].target for place in skip_edges(graph)}
    ops_of = [(graph.vertices[i].op.split("_")[0], graph.vertices[i].phase) for i in sorted(joins)]
    assert [phase for op, phase in ops_of if op == "add"] == ["forward"] * 3 + ["backward"] * 3


def test_paths_by_the_blocks_that_they_cross():
    graph = trace(Resnet(3), images())
    crossed = path_lengths(graph, 0, graph.outputs[0], lambda v: v.scope.endswith("/conv2"))
    assert crossed == {0: 1, 1: 3, 2: 3, 3: 1}
    assert count_paths(graph, 0, graph.outputs[0]) == 8


def test_work_and_memory_of_layers():
    graph = trace(Resnet(), images())
    found = {layer.path: layer for layer in layers(graph)}
    assert found["stem"].multiply_adds == 2 * 8 * 8 * 4 * 9
    assert found["blocks.1.shortcut"].multiply_adds == 2 * 2 * 2 * 8 * 4
    assert found["blocks.0.conv1"].parameters == 4 * 4 * 9 + 4
    assert sum(layer.parameters for layer in found.values()) == sum(p.numel() for p in Resnet().parameters())
    back = trace(Resnet(), images(), order=1, loss=loss)
    work = {"conv_input": 0, "conv_weight": 0, "conv_bias": 0}
    for vertex in back.vertices:
        if vertex.op in work:
            work[vertex.op] += multiply_adds(back, vertex.id)
    assert work["conv_weight"] == work["conv_bias"]


def test_pictures_of_it():
    graph = trace(Resnet(2), images(), order=1, loss=loss)
    assert draw(graph, depth=1).svg.count('class="node"') > 8
    block = transform.module(graph, "blocks/0").check()
    assert "gradient through a skip" in draw(block).dot
    assert len(skip_edges(block)) == 2
