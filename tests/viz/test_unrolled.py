"""The paths through residual blocks, apart: as a graph, with numbers, and as a picture."""

from __future__ import annotations

import re

import pytest

import autocnn as ac
from autocnn import models, viz
from autocnn.errors import GraphError
from autocnn.graph import trace, transform
from autocnn.graph.analysis import count_paths, residual_blocks
from autocnn.inspect import draw_paths
from autocnn.viz.flow import grade
from tests.graph import made
from tests.viz.test_dot import texts


def traced(depth: int, skips: bool = True):
    return trace((models.residual if skips else models.plain)(depth, 2), ac.zeros(2, 1, 8, 8))


@pytest.mark.parametrize("blocks", [1, 2, 3, 4])
def test_as_many_paths_as_subsets_of_blocks(blocks):
    graph = traced(2 * blocks + 2)
    found = transform.unroll(graph)
    assert len(found.paths) == 2**blocks
    assert len(found.graph.in_edges(found.join)) == 2**blocks
    assert count_paths(found.graph, found.fork, found.join) == 2**blocks
    for crossed, way in found.paths.items():
        branches = [way[2 * number] for number in range(blocks)]
        assert [number for number, at in enumerate(branches) if at is not None] == list(crossed)
        names = [found.graph.vertices[at].op for at in branches if at is not None]
        assert names == [found.blocks[number] for number in crossed]
        assert [at for at in way[1:-1:2] if at is None] == []  # tanh after an addition is on every path
    assert len(residual_blocks(found.graph)) == (blocks == 1)
    assert graph.vertices[found.at].op == "tanh"


def test_what_is_before_and_behind_is_there_once():
    found = transform.unroll(traced(6))
    ops = [vertex.op for vertex in found.graph.vertices]
    assert ops.count("blocks.0") == ops.count("blocks.1") == 2
    assert [ops.count(name) for name in ("stem", "tanh … linear", "add", "tanh")] == [1, 1, 1, 4]


def test_a_shortcut_with_ops_of_its_own_is_on_every_path_that_does_not_cross():
    graph = trace(models.resnet20(), ac.zeros(1, 3, 32, 32))
    joins = [block.join for block in residual_blocks(graph)][2:4]
    found = transform.unroll(graph, joins)
    with_shortcut = [
        crossed for crossed, way in found.paths.items()
        if any(at is not None and found.graph.vertices[at].op == "downsample" for at in way)
    ]  # fmt: skip
    assert with_shortcut == [(), (0,)]
    assert found.blocks == ("layer1.2", "layer2.0")


def test_refusals():
    with pytest.raises(
        GraphError, match=r"the graph has 5 residual blocks, and 2\^5 = 32 paths; at most 4 blocks"
    ):
        transform.unroll(traced(12))
    with pytest.raises(GraphError, match="unroll: the graph has no residual block, and so but one path"):
        transform.unroll(traced(8, skips=False))
    with pytest.raises(GraphError, match="unroll: joins has 3; the graph's skips end in 6"):
        transform.unroll(made.block(), [3])
    with pytest.raises(GraphError, match=r"the block that ends in %\d+ lies in the one that ends in %\d+"):
        transform.unroll(trace(lambda x: x + ac.tanh(ac.exp(x) + ac.tanh(ac.exp(x))), ac.zeros(3)))


# The picture -----------------------------------------------------------------------------------------------------

NORMS = {(): 0.9, (0,): 0.09, (1,): 9e-4, (0, 1): 0.0}
SHARES = {(): 0.95, (0,): 0.06, (1,): -0.01, (0, 1): 0.0}


def test_every_path_says_what_it_crosses_and_brings():
    said = texts(viz.unrolled(transform.unroll(traced(6)), NORMS, SHARES, title="two blocks").svg)
    for words in (
        "two blocks",
        "2 residual blocks, 4 paths. Exact for the gradient, only a picture for the function.",
        "Checked: the signed shares sum to 1.000000",
        "crosses no branch",
        "norm 0.9 · 95 % of the sum",
        "crosses blocks.0, blocks.1",
        "norm 9.0e-4 · −1 % of the sum",
    ):
        assert words in said


def test_a_path_is_as_wide_as_its_norm():
    dot = viz.unrolled(transform.unroll(traced(6)), NORMS, SHARES).dot
    rows = [re.search(rf"plus:c -> said{row}:w \[.*penwidth=([\d.]+)", dot)[1] for row in range(4)]
    assert [float(width) for width in rows] == [grade.line(norm).points for norm in NORMS.values()]


def test_without_numbers_there_is_no_gradient_yet():
    picture = viz.unrolled(transform.unroll(traced(6)))
    assert texts(picture.svg).count("no gradient yet") == 4
    assert not re.search(r"plus:c -> said.*arrowsize", picture.dot)


def test_numbers_that_are_not_of_these_paths():
    found = transform.unroll(traced(6))
    with pytest.raises(GraphError, match=r"unrolled: norms lacks \(\); there are 4 paths"):
        viz.unrolled(found, {(0,): 1.0})
    with pytest.raises(GraphError, match=r"unrolled: shares has \(5,\); there are 4 paths"):
        viz.unrolled(found, None, {**SHARES, (5,): 0.0})
    with pytest.raises(GraphError, match=r"unrolled: the shares sum to 1.05; those of all paths sum to 1"):
        viz.unrolled(found, None, {**SHARES, (0, 1): 0.05})
    with pytest.raises(GraphError, match=r"unrolled: norms has -1.0; a norm is 0 or more"):
        viz.unrolled(found, {**NORMS, (0, 1): -1.0})


# From a model ----------------------------------------------------------------------------------------------------


def linear(size: int):
    """x + a x, twice, with a number for a: every gradient in closed form."""

    class Net(ac.nn.Module):
        def __init__(self) -> None:
            self.a, self.b = ac.nn.Parameter([3.0]), ac.nn.Parameter([-0.5])

        def forward(self, x):
            x = x * 1.0
            x = x + x * self.a
            return x + x * self.b

    return Net(), ac.ones(2, size), ac.zeros(2)


def test_paths_of_a_linear_network_in_closed_form():
    model, x, y = linear(3)
    picture = draw_paths(model, x, y, loss=lambda z, y: z.mean())
    said = texts(picture.svg)
    # dz/dx = (1 + 3) (1 - 1/2) = 2, by ways of 1, 3, -1/2 and -3/2
    assert [text for text in said if text.startswith("norm")] == [
        "norm 0.5 · 50 % of the sum",
        "norm 1.5 · 150 % of the sum",
        "norm 0.25 · −25 % of the sum",
        "norm 0.75 · −75 % of the sum",
    ]


def test_paths_of_a_network():
    ac.manual_seed(0)
    picture = draw_paths(models.residual(8, 4), ac.randn(4, 1, 8, 8), ac.tensor([3, 1, 4, 1]), title="three")
    assert len([text for text in texts(picture.svg) if text.startswith("norm")]) == 8
    with pytest.raises(GraphError, match=r"2\^5 = 32 paths"):
        draw_paths(models.residual(12, 4), ac.randn(4, 1, 8, 8), ac.tensor([3, 1, 4, 1]))
