"""The page as a file: what is in it, how large it is, and that nothing in it can act."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from importlib.resources import files
from pathlib import Path

import pytest

import autocnn
from autocnn import models, ops
from autocnn.engine.primitive import primitives
from autocnn.errors import GraphError
from autocnn.graph import listing, trace, transform
from autocnn.viz import draw, html
from autocnn.viz.page import SCRIPTS
from autocnn.viz.page.data import _sizes, page_data
from autocnn.viz.page.formulas import FORMULAS
from autocnn.viz.page.layout import layouts
from autocnn.viz.page.nest import ROOT, Nest
from tests.graph import made
from tests.viz.test_dot import HOSTILE


def data(page: str) -> dict:
    """What the page's program reads."""
    return json.loads(re.search(r'<script id="data" type="application/json">(.*?)</script>', page, re.DOTALL)[1])


def rows(page: str) -> list[dict]:
    """The vertices, their texts looked up."""
    found = data(page)
    return [
        {
            name: found["texts"][value] if name in found["textFields"] else value
            for name, value in zip(found["fields"], row, strict=True)
        }
        for row in found["vertices"]
    ]


def test_it_holds_every_vertex_edge_and_listing_line():
    graph = made.block(order=1)
    page = html(graph, title="a block")
    assert [row["id"] for row in rows(page)] == list(range(len(graph)))
    lines = data(page)["lines"]
    drawn = {(lines[at], lines[at + 1], lines[at + 2]) for at in range(0, len(lines), 4)}
    assert drawn == {(edge.source, edge.target, edge.position) for edge in graph.edges}
    text = re.search(r'<pre id="listing".*?>(.*?)</pre>', page, re.DOTALL)[1]
    assert text.replace("&quot;", '"') == listing(graph)


def test_what_is_hidden_keeps_its_number_and_its_line():
    graph = trace(lambda x: (x.reshape(4) * 2.0).tanh(), ops.ones((2, 2)))
    page = html(graph)
    assert [row["id"] for row in rows(page)] == [
        v.id for v in graph.vertices if v.kind != "constant" and v.op != "reshape"
    ]
    assert "reshape" in page
    assert len(rows(html(graph, views=True, constants=True))) == len(graph)


def test_it_refers_to_nothing_outside_itself():
    page = html(made.block(order=1))
    assert not re.search(r"""(?:src|href)\s*=|@import|url\((?!["']?#)|fetch\(|XMLHttpRequest|import\(""", page)
    assert "http://www.w3.org/2000/svg" in page  # the name of SVG; it is not fetched
    assert set(re.findall(r"https?://[^\s\"'<]+", page)) == {"http://www.w3.org/2000/svg"}


def test_its_program_never_reads_text_as_markup():
    for name in SCRIPTS:
        program = (files("autocnn.viz.page") / name).read_text("utf-8")
        assert not re.search(r"innerHTML|outerHTML|insertAdjacent|document\.write|eval\(|new Function", program), (
            name
        )


def test_hostile_text_cannot_end_an_element():
    b = made.Builder()
    x = b.leaf("input", (2,), HOSTILE)
    b.output(b.op(HOSTILE, (x,), (2,), HOSTILE, line=HOSTILE, mode=HOSTILE), HOSTILE)
    page = html(b.graph(), title=HOSTILE)
    assert page.count("</script>") == 2
    assert page.count("<script") == 2
    assert "alert(1)</" not in page
    page.encode()


def test_equal_graphs_give_equal_pages_under_any_hash_seed():
    code = "from tests.graph import made; from autocnn.viz import html; print(html(made.block(order=1)))"
    root = Path(autocnn.__file__).parents[1]
    for seed in "0", "3":
        run = subprocess.run(
            [sys.executable, "-c", code], cwd=root, capture_output=True, encoding="utf-8", check=True,
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(root), "PYTHONIOENCODING": "utf-8"},
        )  # fmt: skip
        assert run.stdout == html(made.block(order=1)) + "\n"


def deep(blocks: int) -> Nest:
    """A residual network of so many equal blocks, with its backward pass."""
    net = models.residual(2 * blocks + 2, 2)
    return Nest(transform.hide(trace(net, ops.zeros((1, 1, 8, 8)), order=1)))


def test_equal_blocks_share_a_layout_and_work_grows_with_the_modules():
    made_of = []
    for blocks in (8, 16, 32):
        nest = deep(blocks)
        found, chosen = layouts(nest, page_sizes(nest))
        parts = sum(len(layout.places) for layout in found)
        made_of.append((len(nest.boxes), len(found), parts, sum(len(box.links) for box in nest.boxes)))
        assert len(chosen) == len(nest.boxes)
    boxes, different, parts, links = zip(*made_of, strict=True)
    assert boxes[2] - boxes[1] == 2 * (boxes[1] - boxes[0])
    assert different[2] == different[0]
    assert parts[2] - parts[1] == 2 * (parts[1] - parts[0])
    assert links[2] - links[1] == 2 * (links[1] - links[0])


def page_sizes(nest: Nest):
    from autocnn.viz.page.data import _sizes

    return _sizes(nest)


def test_a_deep_network_with_its_backward_pass_stays_small():
    graph = trace(models.resnet110(), ops.zeros((1, 3, 32, 32)), order=1)
    assert len(graph) > 1900
    assert len(html(graph).encode()) < 1_000_000


def test_the_passes_stand_side_by_side_and_open_level():
    nest = Nest(transform.hide(made.block(order=1)))
    assert nest.both
    assert not nest.upward(nest.boxes[ROOT])
    backward = [box for box in nest.boxes if box.path[0] == "backward"]
    assert backward
    assert all(nest.upward(box) for box in backward)
    assert all(nest.boxes[nest.mirror(box)].path[1] == box.path[1] for box in backward)


def test_what_a_vertex_tells():
    graph = trace(models.LeNet5(), ops.zeros((1, 1, 32, 32)), order=1)
    found = rows(html(graph))
    conv = next(row for row in found if row["op"] == "conv_bias")
    assert conv["type"] == "1×6×28×28 float32"
    assert conv["bytes"] == 4 * 6 * 28 * 28
    assert conv["scope"] == "c1"
    assert [kept[0] for kept in conv["saved"]] == [0]  # the image wants no gradient, so the weight is not kept
    assert conv["params"].splitlines() == ["dilation = 1", "groups = 1", "padding = 0", "stride = 1"]
    weight = next(row for row in found if row["op"] == "conv_weight" and row["scope"] == "c1")
    assert found[weight["twin"]] == conv


def test_an_op_with_several_outputs_tells_them_all():
    graph = trace(lambda x: ops.split(x, 2)[0] * 2, ops.ones((4, 3)))
    shown, ids = transform.hidden(graph)
    row = next(row for row in rows(html(graph)) if row["op"] == "split")
    assert row["type"].startswith("(0: f32[2,3]")
    assert page_data(graph, shown, ids)["vertices"]


@pytest.mark.parametrize(
    "view",
    [
        transform.backward,
        transform.with_blocks,
        transform.readable,
        lambda g: transform.collapse(g, 2, repeats=True),
    ],
)
def test_every_view_of_a_graph_is_a_page(view):
    net = models.resnet20()
    graph = view(trace(net, ops.zeros((1, 3, 32, 32)), order=1))
    assert len(rows(html(graph, views=True, constants=True))) == len(graph)


def test_every_primitive_of_ours_has_its_formula():
    ours = {name for name, p in primitives().items() if p.forward.__module__.startswith("autocnn.")}
    assert sorted(ours - FORMULAS.keys()) == []


def test_without_vertices_it_is_an_empty_page():
    from autocnn.graph import Graph

    assert data(html(Graph((), ())))["vertices"] == []


def test_what_is_no_graph_is_refused(tmp_path):
    with pytest.raises(GraphError, match=r"html: graph is a list; it must be a Graph or a Tensor\. Make one"):
        html([], tmp_path / "a.html")
    assert not list(tmp_path.iterdir())


def test_the_file_is_what_is_returned(tmp_path):
    page = html(made.block(), tmp_path / "graph.html")
    assert (tmp_path / "graph.html").read_text("utf-8") == page


def test_a_tensor_and_a_picture_are_pages_too(tmp_path):
    x = ops.ones(3).requires_grad_()
    y = (x * x).sum()
    assert {row["op"] for row in rows(html(y))} == {"", "mul", "sum"}
    path = draw(y, title="a tensor").save(tmp_path / "a.html")
    assert "<title>a tensor</title>" in path.read_text("utf-8")


def test_what_passes_a_border_takes_little_room():
    shown = transform.hide(trace(models.resnet20(), ops.zeros((1, 3, 32, 32)), order=2))
    nest = Nest(shown)
    found, chosen = layouts(nest, _sizes(nest))
    widths = {box.path: found[chosen[box.number]].size[0] for box in nest.boxes}
    assert max(wide for (_, steps), wide in widths.items() if len(steps) < 2) < 1500
    stage = next(box for box in nest.boxes if box.path == ("backward", (("layer2", 1),)))
    assert len(stage.ins) + len(stage.outs) > 80
