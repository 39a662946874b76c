"""What `diff` says of two graphs, and that it says everything."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some

import autocnn as ac
from autocnn.graph import Edge, Graph, Vertex, diff, trace
from tests.graph import made

W = ac.tensor(np.eye(3, dtype=np.float32)).requires_grad_()
X = ac.tensor(np.ones((2, 3), np.float32))


def said(first, second, **given) -> list[str]:
    before, after = (trace(f, X, parameters={"W": W}, **given) for f in (first, second))
    return str(diff(before, after)).splitlines()


def test_equal_graphs():
    for graph in (made.block(order=1), made.lenet(), made.doubling(60), Graph((), ())):
        assert not diff(graph, graph)
        assert str(diff(graph, graph)) == "equal"
        assert diff(graph, graph).pairs == tuple((i, i) for i in range(len(graph)))


def test_an_op_put_in_between():
    assert said(lambda x: ac.tanh(x @ W) + x, lambda x: ac.tanh(ac.exp(x @ W)) + x) == [
        "added   %3: f32[2,3] = exp(%2)",
        "changed %3 tanh: argument 0 %2 matmul -> %3 exp",
    ]
    assert said(lambda x: ac.tanh(ac.exp(x @ W)) + x, lambda x: ac.tanh(x @ W) + x) == [
        "removed %3: f32[2,3] = exp(%2)",
        "changed %4 tanh: argument 0 %3 exp -> %2 matmul",
    ]


def test_another_setting_and_other_shapes():
    assert said(lambda x: ac.sum(x, 0) * 2, lambda x: ac.sum(x, 1) * 2) == [
        "changed %1 sum: f32[3] -> f32[2]; axes (0,) -> (1,)",
        "changed %3 mul: f32[3] -> f32[2]",
        "changed %4 output: f32[3] -> f32[2]",
    ]


def test_a_skip_taken_away():
    before, after = made.block(), made.block(skip=False)
    assert str(diff(before, after)).splitlines() == [
        "removed %6: f32[2,4,8,8] = add(%0, %5)  # block",
        "changed %7 tanh in block/act: argument 0 %6 add -> %5 conv",
    ]


def test_arguments_the_other_way_round():
    assert said(lambda x: ac.exp(x) - ac.tanh(x), lambda x: ac.tanh(x) - ac.exp(x)) == [
        "changed %3 sub: argument 0 %1 exp -> %1 tanh; argument 1 %2 tanh -> %2 exp",
        "what is in both is computed in another order",
    ]


def test_another_parameter_and_a_renamed_input():
    first = trace(lambda x: x @ W, X, parameters={"W": W})
    second = trace(lambda y: y @ W, X, parameters={"V": W})
    assert str(diff(first, second)).splitlines() == [
        "changed %0 input x: name x -> y",
        "changed %1 parameter W: name W -> V",
    ]


def test_a_backward_pass_added():
    one, two = (trace(lambda x: ac.tanh(x @ W), X, order=order, parameters={"W": W}) for order in (0, 1))
    found = diff(one, two)
    assert not found.removed
    assert not found.changed
    assert {two.vertices[j].phase for j in found.added} == {"backward"}


def test_two_insertions_apart():
    def chain(*ops):
        b = made.Builder()
        h = b.leaf("input", (2,), "x")
        for op in ops:
            h = b.op(op, (h,), (2,))
        b.output(h)
        return b.graph()

    before = chain("tanh", "exp", "tanh", "exp", "tanh")
    after = chain("tanh", "log", "exp", "tanh", "exp", "log", "tanh")
    found = diff(before, after)
    assert [after.vertices[j].op for j in found.added] == ["log", "log"]
    assert len(found.changed) == 2
    assert not found.removed


# Everything that differs is said --------------------------------------------------------------------------------


@some.composite
def graphs(draw) -> Graph:
    """Small graphs of a few ops, so that much looks alike."""
    vertices, edges = [Vertex(0, "", "input", {}, (2,), "float32", name="x")], []
    for number in range(1, draw(some.integers(1, 9))):
        op = draw(some.sampled_from(["add", "tanh"]))
        sources = draw(some.lists(some.integers(0, number - 1), min_size=1, max_size=2))
        params = {"k": draw(some.integers(0, 1))} if op == "tanh" else {}
        twin = draw(some.none() | some.integers(0, number - 1))
        scope = draw(some.sampled_from(["", "a", "a/b"]))
        sizes = draw(some.sampled_from([(8,), (16,)]))
        vertices.append(
            Vertex(
                number, op, "op", params, (2,), "float32", scope=scope, twin=twin, saved=(0,), saved_sizes=sizes
            )
        )
        edges += [Edge(source, number, position) for position, source in enumerate(sources)]
    last = len(vertices)
    for place in range(draw(some.integers(1, 2))):
        source = draw(some.integers(0, last - 1))
        vertices.append(Vertex(last + place, "", "output", {}, (2,), "float32"))
        edges.append(Edge(source, last + place))
    ends = tuple(range(last, len(vertices)))
    return Graph(tuple(vertices), tuple(edges), inputs=(0,), outputs=ends).check()


@given(graphs(), graphs())
def test_everything_is_said_and_nothing_else(a, b):
    found = diff(a, b)
    assert bool(found) == (a != b)
    of_a, of_b = dict(found.pairs), {j: i for i, j in found.pairs}
    assert len(of_a) == len(of_b) == len(found.pairs)
    assert sorted([*of_a, *found.removed]) == list(range(len(a)))
    assert sorted([*of_b, *found.added]) == list(range(len(b)))
    changed = {i for i, _, _ in found.changed}
    for i, j in found.pairs:
        x, y = a.vertices[i], b.vertices[j]
        same = replace(x, id=j, twin=None if x.twin is None else of_a.get(x.twin)) == y
        arguments = [(of_a.get(edge.source), edge.position) for edge in a.in_edges(i)]
        same &= arguments == [(edge.source, edge.position) for edge in b.in_edges(j)]
        assert same == (i not in changed)


@given(graphs())
def test_a_graph_and_its_copy(graph):
    copy = Graph(
        tuple(replace(v) for v in graph.vertices), graph.edges, inputs=graph.inputs, outputs=graph.outputs
    )
    assert not diff(graph, copy)
    assert graph == copy


@pytest.mark.parametrize("order", [0, 1])
def test_what_differs_between_a_plain_and_a_residual_network(order):
    plain, residual = (made.block(skip=skip, order=order) for skip in (False, True))
    found = diff(plain, residual)
    ops = [(residual.vertices[j].op, residual.vertices[j].phase) for j in found.added]
    assert ("add", "forward") in ops
    assert (("add", "backward") in ops) == bool(order)
