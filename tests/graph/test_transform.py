import pytest
from hypothesis import given
from hypothesis import strategies as some

from autocnn.errors import GraphError
from autocnn.graph import Graph, Vertex, listing, transform
from tests.graph import made


def lines(graph: Graph) -> list[str]:
    return listing(graph.check()).splitlines()


def test_hide_passes_the_source_of_views_on():
    b = made.Builder()
    x = b.leaf("input", (4, 3), "x")
    two = b.leaf("constant", ())
    flat = b.op("reshape", (b.op("permute", (x,), (3, 4)),), (12,))
    b.output(b.op("mul", (flat, two), (12,)))
    graph = b.graph()
    assert lines(transform.hide(graph)) == [
        '%0: f32[4,3] = input "x"',
        "%1: f32[12] = mul(%0)",
        "%2: f32[12] = output(%1)",
    ]
    assert transform.hide(graph, views=False, constants=False) == graph


def test_collapse_counts_what_is_inside():
    assert lines(transform.collapse(made.lenet(), 2))[:4] == [
        '%0: f32[1,1,32,32] = input "x"',
        "%1: f32[1,6,28,28] = c1(%0, ops=1, parameters=156)  # lenet5",
        "%2: f32[1,6,28,28] = tanh(%1)  # lenet5",
        "%3: f32[1,6,14,14] = s1(%2, ops=1)  # lenet5",
    ]
    whole = transform.collapse(made.lenet(), 1)
    assert [v.params for v in whole.vertices if v.kind == "module"] == [{"ops": 18, "parameters": 61_706}]


def test_collapse_keeps_the_skip_around_a_module_and_the_passes_apart():
    b = made.Builder()
    x = b.leaf("input", (2,), "x")
    inner = b.op("tanh", (b.op("exp", (x,), (2,), "body"),), (2,), "body")
    b.output(b.op("add", (x, inner), (2,)))
    assert lines(transform.collapse(b.graph())) == [
        '%0: f32[2] = input "x"',
        "%1: f32[2] = body(%0, ops=2)",
        "%2: f32[2] = add(%0, %1)",
        "%3: f32[2] = output(%2)",
    ]
    both = transform.collapse(made.block(order=1))
    assert lines(both)[1:4] == [
        "%1: f32[2,4,8,8] = block(%0, ops=5, parameters=288)",
        '%2: f32[2,4,8,8] = input "grad z"  # backward',
        "%3: f32[2,4,8,8] = block(%2, %1, %0, ops=6)  # backward of %1",
    ]


def test_a_module_visited_twice_is_two_boxes_and_its_parameters_are_no_edge_between_them():
    b = made.Builder()
    x = b.leaf("input", (2, 2), "x")
    w = b.leaf("parameter", (2, 2), "layer.weight", "layer")
    h = b.op("matmul", (x, w), (2, 2), "layer")
    h = b.op("tanh", (h,), (2, 2))
    b.output(b.op("matmul", (h, w), (2, 2), "layer"))
    assert lines(transform.collapse(b.graph())) == [
        '%0: f32[2,2] = input "x"',
        "%1: f32[2,2] = layer(%0, ops=1, parameters=4)",
        "%2: f32[2,2] = tanh(%1)",
        "%3: f32[2,2] = layer(%2, ops=1)",
        "%4: f32[2,2] = output(%3)",
    ]


def test_a_parameter_that_others_use_stays():
    b = made.Builder()
    x = b.leaf("input", (2, 2), "x")
    w = b.leaf("parameter", (2, 2), "layer.weight", "layer")
    b.output(b.op("add", (b.op("matmul", (x, w), (2, 2), "layer"), w), (2, 2)))
    assert lines(transform.collapse(b.graph()))[1:4] == [
        '%1: f32[2,2] = parameter "layer.weight"  # layer',
        "%2: f32[2,2] = layer(%0, %1, ops=1)",
        "%3: f32[2,2] = add(%2, %1)",
    ]


def test_passes_apart():
    both = made.block(order=1)
    assert transform.forward(both) == made.block()
    back = transform.backward(both).check()
    assert {v.phase for v in back.vertices if v.kind == "op"} == {"backward"}
    assert [v.name for v in back.vertices if v.kind == "input"] == ["x", "tanh result", "tanh result", "grad z"]
    assert len(back.outputs) == 3


def test_between_two_vertices():
    graph = made.block()
    part = transform.between(graph, 2, 5).check()
    assert [v.op or v.name for v in part.vertices] == [
        *("x", "block.conv1.weight", "conv", "tanh", "block.conv2.weight", "conv")
    ]
    assert len(transform.between(graph, 5, 2)) == 0


def test_refusals():
    with pytest.raises(GraphError, match="collapse: depth is 0; the outermost modules have depth 1"):
        transform.collapse(made.block(), 0)
    with pytest.raises(GraphError, match="subgraph: keep has 99; the graph has vertices 0 to 8"):
        transform.subgraph(made.block(), [99])


def test_a_million_vertices(collector_off):
    graph = made.chain(1_000_000).check()
    assert len(transform.hide(graph)) == len(transform.collapse(graph)) == 1_000_001
    assert len(transform.ancestors(graph, 500_000)) == 500_001


def test_a_long_chain_of_views_is_hidden_at_once():
    vertices = [Vertex(0, "", "input", {}, (1,), "float32", name="x")]
    chain = made.chain(50_000)
    vertices += [Vertex(i, "reshape", "op", {}, (1,), "float32") for i in range(1, 50_001)]
    assert len(transform.hide(Graph(tuple(vertices), chain.edges, inputs=(0,)))) == 1


def test_a_module_alone_with_what_flows_in_and_out():
    part = transform.module(made.block(order=1), "block").check()
    inputs = [part.vertices[i].name for i in part.inputs]
    outputs = [part.vertices[i].name for i in part.outputs]
    assert inputs == ["x", "grad z"]
    assert outputs == ["grad block.conv1.weight", "grad block.conv2.weight", "result", "grad input"]
    inner = transform.module(made.block(order=1), "block/conv2").check()
    assert [v.op for v in inner.vertices if v.kind == "op"] == ["conv", "conv_input", "conv_weight"]
    assert [inner.vertices[i].name for i in inner.inputs] == ["tanh result", "gradient"]
    assert [inner.vertices[i].name for i in inner.outputs] == ["grad block.conv2.weight", "result", "grad input"]
    with pytest.raises(GraphError, match=r"module: scope is 'blok'; no op lies there. The outermost are block"):
        transform.module(made.block(), "blok")


def test_vertices_that_are_not_there():
    graph = made.block()
    for ask, name in (
        (transform.ancestors, "ancestors"),
        (transform.descendants, "descendants"),
        (lambda graph, vertex: transform.between(graph, 0, vertex), "between"),
    ):
        with pytest.raises(GraphError) as caught:
            ask(graph, 9)
        assert str(caught.value) == f"{name}: vertex is 9; the graph has vertices 0 to 8"


@some.composite
def passes(draw) -> Graph:
    """Ops of three passes in modules, wired at random."""
    b = made.Builder()
    b.leaf("input", (2,), "x")
    weights = [b.leaf("parameter", (2,), f"w{place}", draw(some.sampled_from(["a", "b/c"]))) for place in range(2)]
    for phase in ("forward", "backward", "second"):
        for _ in range(draw(some.integers(0, 8))):
            sources = draw(some.lists(some.integers(0, len(b.vertices) - 1), min_size=1, max_size=3))
            twin = draw(some.none() | some.integers(0, len(b.vertices) - 1)) if phase != "forward" else None
            where = draw(some.sampled_from(["", "a", "b", "a/c", "b/c"]))
            b.op(draw(some.sampled_from(["add", "tanh"])), tuple(sources), (2,), where, phase=phase, twin=twin)
    last = len(b.vertices) - 1
    b.output(draw(some.integers(0, last)))
    b.output(draw(some.integers(0, last)), "grad w0", "a", phase="backward", twin=weights[0])
    return b.graph()


@given(passes())
def test_views_of_any_graph_are_graphs(graph):
    for depth in (1, 2):
        for repeats in (False, True):
            view = transform.collapse(graph, depth, repeats=repeats).check()
            inside = sum(v.params["ops"] for v in view.vertices if v.kind == "module")
            assert inside + sum(v.kind == "op" for v in view.vertices) == sum(
                v.kind == "op" for v in graph.vertices
            )
    for view in (transform.readable(graph, 5), transform.hide(graph), transform.with_blocks(graph)):
        view.check()
    for part in (transform.forward, transform.backward, transform.second):
        part(graph).check()
