import dataclasses

import pytest

from autocnn.errors import GraphError
from autocnn.graph import Edge, Graph, Vertex, listing
from tests.graph import made

X = Vertex(0, "", "input", {}, (2,), "float32", name="x")
Y = Vertex(1, "tanh", "op", {}, (2,), "float32")


def test_edges_by_vertex():
    graph = made.doubling(3)
    assert graph.in_edges(2) == (Edge(1, 2, 0), Edge(1, 2, 1))
    assert graph.out_edges(0) == (Edge(0, 1, 0), Edge(0, 1, 1))
    assert graph.in_edges(0) == () == graph.out_edges(4)


def test_vertices_and_graphs_are_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        X.op = "tanh"
    with pytest.raises(dataclasses.FrozenInstanceError):
        made.chain(1).vertices = ()


def broken(**changes) -> Graph:
    """A sound graph of two vertices, changed."""
    whole = {"vertices": (X, Y), "edges": (Edge(0, 1),), "inputs": (0,), "outputs": ()}
    return Graph(**{**whole, **changes})


def vertex(**changes) -> dict[str, object]:
    return {"vertices": (X, dataclasses.replace(Y, **changes))}


OUT = Vertex(1, "", "output", {}, (2,), "float32")

FAULTS = [
    (vertex(id=2), "graph: the vertex at place 1 has id 2; ids are places"),
    (
        vertex(kind="thing"),
        "graph: %1 has kind 'thing'; one of input, parameter, constant, op, module, output",
    ),
    (vertex(phase="sideways"), "graph: %1 has phase 'sideways'; one of forward, backward, second"),
    (vertex(op=""), "graph: %1 is of kind op with op ''; only ops have one"),
    (vertex(twin=1), "graph: %1 has twin 1; a twin comes earlier"),
    (vertex(shape=(-1,)), "graph: %1 has shape (-1,); sizes are not negative"),
    (
        {"edges": (Edge(1, 0),)},
        "graph: the edge 1 -> 0 at position 0 does not lead to a later one of 2 vertices; ids are the order",
    ),
    (
        {"edges": (Edge(0, 2),)},
        "graph: the edge 0 -> 2 at position 0 does not lead to a later one of 2 vertices; ids are the order",
    ),
    (
        {"edges": (Edge(0, 1), Edge(0, 1))},
        "graph: the edge 0 -> 1 at position 0 is out of order; edges are sorted by target and position",
    ),
    ({"vertices": (X, dataclasses.replace(X, id=1))}, "graph: %1 has 1 arguments; a leaf (input) has none"),
    ({"vertices": (X, OUT), "edges": ()}, "graph: %1 is an output of 0 values; it takes exactly one"),
    (vertex(op="item"), "graph: %1 is an item without params['index']; it picks an output"),
    ({"inputs": ()}, "graph: inputs are [], of that kind are [0]; list each once"),
    ({"inputs": (0, 0)}, "graph: inputs are [0, 0], of that kind are [0]; list each once"),
    ({"outputs": (1,)}, "graph: outputs are [1], of that kind are []; list each once"),
]


@pytest.mark.parametrize(("changes", "text"), FAULTS, ids=[text[:40] for _, text in FAULTS])
def test_check_names_the_fault(changes, text):
    with pytest.raises(GraphError) as caught:
        broken(**changes).check()
    assert str(caught.value) == text


def test_an_output_is_not_used():
    after = Vertex(2, "tanh", "op", {}, (2,), "float32")
    graph = Graph((X, OUT, after), (Edge(0, 1), Edge(1, 2)), inputs=(0,), outputs=(1,))
    with pytest.raises(GraphError, match="graph: %1 is an output that others use; they use its source"):
        graph.check()


def test_listing_of_a_block():
    assert listing(made.block()) == "\n".join(
        [
            '%0: f32[2,4,8,8] = input "x"',
            '%1: f32[4,4,3,3] = parameter "block.conv1.weight"  # block/conv1',
            "%2: f32[2,4,8,8] = conv(%0, %1, padding=1, stride=1)  # block/conv1",
            "%3: f32[2,4,8,8] = tanh(%2)  # block/act",
            '%4: f32[4,4,3,3] = parameter "block.conv2.weight"  # block/conv2',
            "%5: f32[2,4,8,8] = conv(%3, %4, padding=1, stride=1)  # block/conv2",
            "%6: f32[2,4,8,8] = add(%0, %5)  # block",
            "%7: f32[2,4,8,8] = tanh(%6)  # block/act",
            "%8: f32[2,4,8,8] = output(%7)",
        ]
    )


def test_listing_of_a_backward_pass():
    lines = listing(made.block(order=1)).splitlines()
    assert lines[8:10] == [
        '%8: f32[2,4,8,8] = input "grad z"  # backward',
        "%9: f32[2,4,8,8] = tanh_grad(%8, %7)  # backward of %7, block/act",
    ]
    assert lines[15] == "%15: f32[2,4,8,8] = add(%9, %13)  # backward of %0"


def test_listing_folds_items_and_spells_out_control_characters():
    b = made.Builder()
    x = b.leaf("input", (4, 3), 'x"\n\x1b')
    pair = b.op("split", (x,), (), "", sizes=(2, 2), dim=0)
    second = b.op("item", (pair,), (2, 3), "", index=1)
    b.op("tanh", (second,), (2, 3), line="net.py:3")
    assert listing(b.graph()).splitlines() == [
        '%0: f32[4,3] = input "x\\"\\n\\x1b"',
        "%1: f32[] = split(%0, dim=0, sizes=(2, 2))",
        "%3: f32[2,3] = tanh(%1.1)  # net.py:3",
    ]
