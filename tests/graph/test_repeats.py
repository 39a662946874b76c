"""Repeats folded, structure found without modules, and views of a readable size."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import autocnn as ac
from autocnn import nn
from autocnn.engine import Tensor
from autocnn.errors import GraphError
from autocnn.graph import Graph, diff, listing, trace, transform
from autocnn.graph.analysis import path_lengths, residual_blocks, skip_edges
from autocnn.models import plain, residual
from autocnn.viz import draw
from tests.graph import made
from tests.graph.work import lines_run

W = ac.tensor(np.eye(3, dtype=np.float32)).requires_grad_()
X = ac.ones(3, 3)


class Block(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(2, 2, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        return x + ac.tanh(self.conv(x))


class Chain(nn.Module):
    """The same work again and again, with weights of its own, with the same ones, or with some of each."""

    def __init__(self, times: int, share: Callable[[int], bool]) -> None:
        super().__init__()
        first = Block()
        self.blocks = nn.ModuleList([first if share(i) else Block() for i in range(times)])
        self.order = [0 if share(i) else i for i in range(times)]

    def forward(self, x: Tensor) -> Tensor:
        for place in self.order:
            x = self.blocks[place](x)
        return x


def image() -> Tensor:
    return ac.zeros(1, 2, 4, 4)


def boxes(graph: Graph) -> list[tuple[object, ...]]:
    found = [v for v in graph.check().vertices if v.kind == "module"]
    return [(v.op, v.phase, v.params.get("repeats"), v.params.get("weights")) for v in found]


@pytest.mark.parametrize(
    ("share", "expected"),
    [
        (lambda i: False, [("blocks.0..8", "forward", 9, "own")]),
        (lambda i: True, [("blocks.0", "forward", 9, "shared")]),
        (lambda i: i < 4, [("blocks.0..8", "forward", 9, "partly shared")]),
    ],
)
def test_nine_blocks(share, expected):
    graph = trace(Chain(9, share), image())
    folded = transform.collapse(graph, 2, repeats=True)
    assert boxes(folded) == expected
    (box,) = [v for v in folded.vertices if v.kind == "module"]
    assert box.params["ops"] == 27
    assert box.params["parameters"] == 38 * len(set(Chain(9, share).order))
    assert len(folded) == 3


def test_the_backward_pass_folds_too():
    graph = trace(Chain(9, lambda i: False), image().requires_grad_(), order=1)
    folded = transform.collapse(graph, 2, repeats=True)
    assert [(phase, times, weights) for _, phase, times, weights in boxes(folded)] == [
        ("forward", 9, "own"),
        ("backward", None, None),
        ("backward", 8, "own"),
    ]
    assert draw(folded).svg.count("×9, own weights") == 1


class Twisted(nn.Module):
    """A skip around each step, and one weight for all: the gradient of both is a sum of many."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(np.ones(3, np.float32))

    def forward(self, x: Tensor) -> Tensor:
        for _ in range(4):
            x = x + ac.tanh(x * self.weight)
        return x


def test_where_gradients_meet_is_in_the_box_of_what_they_are_gradients_of():
    graph = trace(nn.Sequential(Twisted(), Twisted()), X, order=1)
    assert {v.scope for v in graph.vertices if v.op == "add"} == {"0", "1"}
    assert listing(transform.collapse(graph).check()).splitlines() == [
        '%0: f32[3,3] = input "input"',
        "%1: f32[3,3] = [0](%0, ops=12, parameters=3)",
        "%2: f32[3,3] = [1](%1, ops=12, parameters=3)",
        "%3: f32[3,3] = [1](%2, %1, ops=22)  # backward of %2",
        "%4: f32[3] = [0](%3, %1, %0, ops=22)  # backward of %1",
        "%5: f32[3,3] = output(%2)",
    ]


def test_a_box_that_needs_what_comes_behind_it_is_two():
    first, second = Twisted(), Twisted()
    net = nn.ModuleDict({"first": first, "second": second})
    net.forward = lambda x: first(second(first(x)))
    found = boxes(transform.collapse(trace(net, X, order=1)))
    assert [(name, phase) for name, phase, _, _ in found] == [
        *((name, "forward") for name in ("first", "second", "first")),
        *((name, "backward") for name in ("first", "second", "first")),
    ]


def test_what_is_no_repeat_stays_apart():
    def between(x):
        features = []
        for _ in range(4):
            x = ac.tanh(ac.exp(x))
            features.append(x)
        return tuple(features)

    assert boxes(transform.collapse(trace(between, X), repeats=True)) == []  # every step is an output

    def from_the_start(x):
        h = x
        for _ in range(4):
            h = ac.tanh(h) + x
        return h

    folded = transform.collapse(trace(from_the_start, X), repeats=True)
    assert boxes(folded) == [("tanh, add", "forward", 4, "no")]
    assert len(folded.in_edges(1)) == 1

    def crossed(x):
        a, b = x, ac.exp(x)
        for _ in range(4):
            a, b = b, ac.tanh(a)
        return a + b

    assert all(
        times is None or times < 4 for _, _, times, _ in boxes(transform.collapse(trace(crossed, X), repeats=True))
    )


def test_other_settings_and_shapes_are_no_repeats():
    def function(x):
        for axis in (0, 1, 0, 1):
            x = ac.flip(x, [axis])
        return ac.sum(ac.sum(x, 0), 0)

    folded = transform.collapse(trace(function, X), repeats=True)
    assert boxes(folded) == [("flip", "forward", 2, "no")]
    assert [v.op for v in folded.vertices if v.kind == "op"] == ["sum", "sum"]


def test_a_loop_without_modules():
    def looped(x):
        for _ in range(5):
            x = x + ac.tanh(x @ W)
        return x

    graph = trace(looped, X, parameters={"W": W})
    assert listing(transform.collapse(graph, repeats=True).check()).splitlines() == [
        '%0: f32[3,3] = input "x"',
        "%1: f32[3,3] = matmul, tanh, add(%0, ops=15, parameters=9, repeats=5, weights='shared')",
        "%2: f32[3,3] = output(%1)",
    ]


def test_modules_by_predicate():
    graph = trace(residual(6), ac.zeros(1, 1, 8, 8))
    view = transform.collapse(graph, where=lambda path: path in ("stem", "blocks/1")).check()
    assert [v.op for v in view.vertices if v.kind == "module"] == ["stem", "blocks.1"]
    assert [v.scope for v in view.vertices if v.op == "blocks.1"] == ["blocks"]
    assert {v.scope for v in view.vertices if v.kind == "op"} >= {"blocks/0/conv1", "blocks/0"}
    assert not diff(transform.collapse(graph, where=lambda path: "/" not in path), transform.collapse(graph, 1))


# Without modules -----------------------------------------------------------------------------------------------


def unnamed(graph: Graph) -> Graph:
    return replace(graph, vertices=tuple(replace(v, scope="") for v in graph.vertices))


def test_residual_blocks_without_modules():
    graph = trace(residual(110), ac.zeros(1, 1, 8, 8), order=1)
    bare = unnamed(graph)
    blocks = residual_blocks(bare)
    forward = [b for b in blocks if graph.vertices[b.join].phase == "forward"]
    assert len(forward) == len(blocks) / 2 == 54
    assert {place for b in blocks for place in b.shortcut} == skip_edges(graph) == skip_edges(bare)
    found = transform.with_blocks(bare)
    for number, block in enumerate(forward):
        assert graph.vertices[block.join].scope == f"blocks/{number}"
        assert found.vertices[block.join].scope == f"block{number}"
    for before, after in zip(graph.vertices, found.vertices, strict=True):
        if before.kind == "op" and after.scope:
            assert before.scope.startswith(f"blocks/{after.scope.removeprefix('block')}")
    view = transform.collapse(found, 1, repeats=True).check()
    assert ("block0", "forward") not in [box[:2] for box in boxes(view)]


def test_paths_through_the_blocks_of_a_folded_and_an_unfolded_network():
    graph = trace(residual(110), ac.zeros(1, 1, 8, 8))
    crossed = path_lengths(graph, 0, graph.outputs[0], lambda v: v.scope.endswith("/conv2"))
    assert sum(crossed.values()) == 2**54


# A readable size -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("boxes", [3, 10, 25, 60, 1000])
@pytest.mark.parametrize("order", [0, 1])
@pytest.mark.parametrize("make", [plain, residual])
def test_readable(boxes, order, make):
    graph = trace(make(20), ac.zeros(1, 1, 8, 8), order=order)
    view = transform.readable(graph, boxes).check()
    assert len(view) <= max(boxes, 12)
    assert view.inputs
    with pytest.raises(GraphError, match="readable: boxes is 0; at least 1 is needed"):
        transform.readable(graph, 0)


def test_the_second_order_in_boxes():
    graph = trace(residual(10), ac.zeros(1, 1, 8, 8), order=2)
    assert {v.scope for v in graph.vertices if v.phase == "second" and v.kind == "op"} > {
        "stem/0",
        "blocks/1/conv1",
    }
    view = transform.collapse(graph, 1).check()
    assert len(view) < 40
    coarse = transform.readable(graph, 20).check()
    assert 10 < len(coarse) <= 20


def test_readable_without_modules_or_repeats():
    b = made.Builder()
    h = b.leaf("input", (2,), "x")
    for place in range(1000):
        h = b.op("tanh" if place % 17 else "exp", (h,), (2,), k=place)
    b.output(h)
    view = transform.readable(b.graph(), 20).check()
    assert 10 < len(view) <= 20
    assert sum(v.params["ops"] for v in view.vertices if v.kind == "module") == 1000
    assert view.vertices[1].op == "%1 to %56"


# Linear --------------------------------------------------------------------------------------------------------


def long(length: int, order: int = 0) -> Graph:
    b = made.Builder()
    x = h = b.leaf("input", (2,), "x")
    w = b.leaf("parameter", (2,), "w")
    for place in range(length):
        h = b.op(
            "add", (h, b.op("mul", (b.op("tanh", (h,), (2,), f"a/{place}"), w), (2,), f"a/{place}")), (2,), "a"
        )
        h = b.op("reshape", (b.op("add", (h, x), (2,)),), (2,))
    b.output(h)
    return b.graph()


WORK: dict[str, Callable[[Graph], object]] = {
    "hide": transform.hide,
    "collapse": transform.collapse,
    "collapse, deep": lambda graph: transform.collapse(graph, 2),
    "collapse, repeats": lambda graph: transform.collapse(graph, 2, repeats=True),
    "collapse, where": lambda graph: transform.collapse(graph, where=lambda path: path.endswith("7")),
    "readable": transform.readable,
    "with_blocks": transform.with_blocks,
    "forward": transform.forward,
    "module": lambda graph: transform.module(graph, "a"),
    "between": lambda graph: transform.between(graph, 5, len(graph) - 5),
    "diff": lambda graph: diff(graph, long(len(graph) // 5 - 3)),
    "listing": listing,
}


@pytest.mark.parametrize("name", WORK)
def test_twice_the_size_is_twice_the_work(name):
    small, large = long(300), long(600)
    once, twice = (lines_run(lambda graph=graph: WORK[name](graph)) for graph in (small, large))
    assert once > 300
    assert twice < 2.3 * once


# Stable --------------------------------------------------------------------------------------------------------

STABLE = """
import autocnn as ac
from autocnn import models
from autocnn.graph import listing, to_json, trace, transform
from autocnn.graph.analysis import residual_blocks, skip_edges
graph = trace(models.resnet20(), ac.zeros(1, 3, 32, 32), order=1)
views = [graph, transform.collapse(graph, 2, repeats=True), transform.readable(graph), transform.hide(graph)]
views += [transform.with_blocks(graph), transform.module(graph, "layer2/0"), transform.backward(graph)]
for view in views:
    print(listing(view), to_json(view), residual_blocks(view), sorted(skip_edges(view)))
"""


def test_everything_is_the_same_under_any_hash_seed():
    root = Path(__file__).parents[2]
    runs = [
        subprocess.run(
            [sys.executable, "-c", STABLE],
            cwd=root,
            env={**os.environ, "PYTHONHASHSEED": str(seed), "PYTHONPATH": str(root)},
            capture_output=True,
            check=True,
        )
        for seed in range(4)
    ]
    assert len({run.stdout for run in runs}) == 1
    assert len(runs[0].stdout) > 100_000
