"""Outlines: few boxes that hold every op once, and wires that hold every edge between them."""

from __future__ import annotations

import pytest

import autocnn as ac
from autocnn import models
from autocnn.errors import GraphError
from autocnn.graph import trace, transform
from tests.graph import made


def graph_of(name: str, side: int = 32, channels: int = 3):
    return trace(models.get(name)(), ac.zeros(1, channels, side, side))


GRAPHS = {
    "block": made.block,
    "lenet": made.lenet,
    "doubling": lambda: made.doubling(5),
    "chain": lambda: made.chain(20),
    "resnet20": lambda: graph_of("resnet20"),
    "residual": lambda: graph_of("residual", 8, 1),
    "plain": lambda: graph_of("plain", 8, 1),
}


@pytest.mark.parametrize("blocks", [None, 1, 4])
@pytest.mark.parametrize("name", GRAPHS)
def test_every_op_is_in_one_part_and_every_edge_within_one_or_on_a_wire(name, blocks):
    graph = GRAPHS[name]()
    found = transform.outline(graph, blocks=blocks)
    inside = [place for part in found.parts for place in part.vertices]
    assert inside == sorted(set(inside))
    fed = transform.descendants(graph, *graph.inputs)  # weights are turned and reshaped outside
    assert {v.id for v in graph.vertices if v.kind == "op" and v.id in fed} <= set(inside)
    home = {place: number for number, part in enumerate(found.parts) for place in part.vertices}
    on_wires = [place for wire in found.wires for place in wire.edges]
    assert len(on_wires) == len(set(on_wires))
    between = [
        place for place, edge in enumerate(graph.edges)
        if edge.source in home and edge.target in home and home[edge.source] != home[edge.target]
    ]  # fmt: skip
    past = [wire for wire in found.wires if wire.skips > 1]
    assert len(set(between) - set(on_wires)) == len(past)  # where the last of the folded skips ends
    for wire in found.wires:
        assert wire.source < wire.target
        assert all(graph.edges[place].source == wire.value for place in wire.edges)


def test_what_is_around_an_addition_is_apart():
    found = transform.outline(made.block())
    assert [(part.kind, part.name) for part in found.parts] == [
        ("input", "x"), ("box", "block"), ("join", "add"), ("box", "tanh"),
    ]  # fmt: skip
    assert [(wire.source, wire.target, wire.skip) for wire in found.wires] == [
        (0, 1, False), (0, 2, True), (1, 2, False), (2, 3, False),
    ]  # fmt: skip


def test_blocks_in_the_middle_fold_and_their_skips_become_one_wire():
    found = transform.outline(graph_of("residual", 8, 1), blocks=4)
    names = [part.name for part in found.parts if part.kind == "box" and "blocks" in part.name]
    assert names == ["blocks.0", "blocks.1", "blocks.2 … blocks.24", "blocks.25", "blocks.26"]
    assert [wire.skips for wire in found.wires if wire.skip] == [1, 1, 23, 1, 1]
    (past,) = [wire for wire in found.wires if wire.skips > 1]
    around = [part.name for part in found.parts[past.source : past.target + 1]]
    assert around == ["tanh", "blocks.2 … blocks.24", "add"]


def test_twins_fold_alike():
    plain, residual = (transform.outline(graph_of(name, 8, 1), blocks=6) for name in ("plain", "residual"))

    def boxes(found):
        return [(part.name, part.blocks) for part in found.parts if part.name.startswith("blocks")]

    assert boxes(plain) == boxes(residual)
    assert boxes(plain)[3] == ("blocks.3 … blocks.23", 21)


def test_one_block_is_not_worth_a_fold():
    assert not any(part.blocks for part in transform.outline(graph_of("resnet20"), blocks=8).parts)


def test_a_shortcut_with_ops_of_its_own_is_a_part_on_the_skip():
    found = transform.outline(graph_of("resnet20"))
    (first, _) = [number for number, part in enumerate(found.parts) if part.name == "downsample"]
    assert [wire.skip for wire in found.wires if first in (wire.source, wire.target)] == [True, True]


def test_deeper_modules():
    names = [part.name for part in transform.outline(made.block(), depth=2).parts]
    assert names == ["x", "conv", "tanh", "conv", "add", "tanh"]


def test_an_end_that_is_named():
    graph = trace(lambda x: (x.tanh() * 2, x.exp()), ac.zeros(3))
    assert [part.name for part in transform.outline(graph).parts] == ["x", "exp"]
    tanh = next(v.id for v in graph.vertices if v.op == "tanh")
    assert [part.name for part in transform.outline(graph, loss=tanh).parts] == ["x", "tanh"]


def test_refusals():
    with pytest.raises(GraphError, match="outline: depth is 0; at least 1 is needed"):
        transform.outline(made.block(), depth=0)
    with pytest.raises(GraphError, match="outline: loss is 99; the graph has vertices 0 to 8"):
        transform.outline(made.block(), loss=99)
    with pytest.raises(GraphError, match="outline: nothing leads from an input of floating-point numbers to %0"):
        transform.outline(trace(lambda x: x + 1, ac.zeros(3, dtype="int64")), loss=0)
