from math import comb

import networkx
import pytest

from autocnn.errors import GraphError
from autocnn.graph import analysis, transform
from tests.graph import made


def resnet(blocks: int) -> made.Graph:
    """h = h + tanh(exp(h)), again and again."""
    b = made.Builder()
    h = b.leaf("input", (2,), "x")
    for place in range(blocks):
        branch = b.op("tanh", (b.op("exp", (h,), (2,), f"{place}"),), (2,), f"{place}")
        h = b.op("add", (h, branch), (2,))
    return b.graph()


def skips(graph) -> set[tuple[int, int]]:
    return {(graph.edges[i].source, graph.edges[i].target) for i in analysis.skip_edges(graph)}


def test_paths_through_54_blocks_are_binomial():
    graph = resnet(54)
    last = len(graph) - 1
    assert analysis.count_paths(graph, 0, last) == 2**54
    crossed = analysis.path_lengths(graph, 0, last, lambda vertex: vertex.op == "tanh")
    assert crossed == {length: comb(54, length) for length in range(55)}
    edges = analysis.path_lengths(graph, 0, last)
    assert edges == {54 + 2 * branches: comb(54, branches) for branches in range(55)}


def test_path_lengths_agree_with_networkx():
    graph = made.block(order=1)
    simple = networkx.DiGraph(analysis.to_networkx(graph))
    for target in range(len(graph)):
        lengths = [len(path) - 1 for path in networkx.all_simple_paths(simple, 0, target)] if target else [0]
        expected = {length: lengths.count(length) for length in lengths}
        assert analysis.path_lengths(graph, 0, target) == expected
        assert analysis.count_paths(graph, 0, target) == len(lengths)


def test_diamonds_and_chains_are_linear(collector_off):
    assert analysis.count_paths(made.doubling(60), 0, 60) == 2**60
    assert analysis.path_lengths(made.doubling(60), 0, 60) == {60: 2**60}
    chain = made.chain(1_000_000)
    assert analysis.count_paths(chain, 0, 1_000_000) == 1
    assert analysis.path_lengths(chain, 0, 1_000_000) == {1_000_000: 1}
    assert analysis.skip_edges(chain) == frozenset()


def test_no_path():
    assert analysis.count_paths(made.block(), 7, 0) == 0
    assert analysis.path_lengths(made.block(), 7, 0) == {}
    with pytest.raises(GraphError, match="paths: target is 9; the graph has vertices 0 to 8"):
        analysis.count_paths(made.block(), 0, 9)


def test_networkx_has_every_edge_and_field():
    graph = made.doubling(3)
    given = analysis.to_networkx(graph)
    assert given.number_of_edges(0, 1) == 2
    assert given.nodes[1]["op"] == "add"


def test_the_skip_is_found_forward_and_backward():
    assert skips(made.block()) == {(0, 6)}
    assert skips(made.block(order=1)) == {(0, 6), (9, 15)}
    assert skips(transform.backward(made.block(order=1))) == {(6, 12)}
    assert skips(made.block(skip=False, order=1)) == set()
    assert len(skips(resnet(54))) == 54


def test_a_final_add_keeps_its_skip():
    graph = resnet(1)
    assert skips(graph) == {(0, 3)}


def test_a_projected_shortcut_is_found_whole():
    b = made.Builder()
    x = b.leaf("input", (1, 2, 8, 8), "x")
    w, v = (b.leaf("parameter", (4, 2, 3, 3), name) for name in "wv")
    body = b.op("conv", (x, w), (1, 4, 4, 4))
    body = b.op("tanh", (body,), (1, 4, 4, 4))
    body = b.op("norm", (body,), (1, 4, 4, 4))
    short = b.op("norm", (b.op("conv", (x, v), (1, 4, 4, 4)),), (1, 4, 4, 4))
    b.output(b.op("add", (body, short), (1, 4, 4, 4)))
    graph = b.graph()
    assert skips(graph) == {(0, 6), (6, 7), (7, 8)}


def test_what_is_no_shortcut():
    assert skips(made.doubling(3)) == set()  # h + h: both ways are alike
    assert skips(made.lenet()) == set()  # adding a bias
    b = made.Builder()
    x, y = b.leaf("input", (2,), "x"), b.leaf("input", (2,), "y")
    b.output(b.op("add", (b.op("tanh", (x,), (2,)), y), (2,)))
    assert skips(b.graph()) == set()  # the branches have no fork in common


def test_shortcuts_into_a_long_sum_are_found_in_time():
    b = made.Builder()
    h = total = b.leaf("input", (2,), "x")
    for _ in range(20_000):
        h = b.op("tanh", (b.op("exp", (h,), (2,)),), (2,))
        total = b.op("add", (total, h), (2,))
    assert len(skips(b.graph())) == 20_000


def test_counts():
    graph = made.lenet()
    counts = analysis.count_parameters(graph)
    assert sum(counts.values()) == 61_706
    assert counts["lenet5/c1"] == 156
    work = {v.scope: analysis.multiply_adds(graph, v.id) for v in graph.vertices if v.op in ("conv", "matmul")}
    assert work == {
        "lenet5/c1": 28 * 28 * 6 * 25,
        "lenet5/c2": 10 * 10 * 16 * 150,
        "lenet5/c5": 400 * 120,
        "lenet5/f6": 120 * 84,
        "lenet5/output": 84 * 10,
    }
    both = made.block(order=1)
    one = 2 * 8 * 8 * 4 * 4 * 9
    assert [analysis.multiply_adds(both, v.id) for v in both.vertices if "conv" in v.op] == [one] * 6
