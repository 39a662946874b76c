import os
import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from autocnn import models, nn, ops
from autocnn.errors import GraphError
from autocnn.graph import trace, transform
from autocnn.viz import draw, render, to_dot
from tests.graph import made

GOLDEN = Path(__file__).parents[1] / "golden"
SVG = "{http://www.w3.org/2000/svg}"
PICTURES = {
    "block.dot": lambda: draw(made.block(), title="a residual block").dot,
    "block_backward.dot": lambda: draw(made.block(order=1), title="a residual block").dot,
    "backward_alone.dot": lambda: draw(transform.backward(made.block(order=1))).dot,
    "lenet.dot": lambda: draw(made.lenet(), depth=2).dot,
    "numbers.dot": lambda: (
        draw(
            made.block(),
            numbers={2: 0.5, 5: -2.0},
            edge_numbers={(0, 6): 3.0},
            labels={3: "here"},
            unit="RMS",
            show=("bytes", "multiply-adds", "saved", "parameters"),
            theme="dark",
            direction="LR",
            size="A4",
        ).dot
    ),
}
HOSTILE = '"]; evil [label="x"]; <script>alert(1)</script> \\N \\G &amp; </td> \x00\x1b\ud800 \n end'


@pytest.mark.parametrize("name", PICTURES)
def test_golden(name):
    assert PICTURES[name]() == (GOLDEN / name).read_text("utf-8")


@pytest.mark.parametrize("seed", range(4))
def test_equal_graphs_give_equal_text_under_any_hash_seed(seed):
    code = "from tests.viz.test_dot import PICTURES; print(*(make() for make in PICTURES.values()))"
    root = Path(__file__).parents[2]
    environment = {**os.environ, "PYTHONHASHSEED": str(seed), "PYTHONPATH": str(root)}
    run = subprocess.run(
        [sys.executable, "-c", code],
        cwd=root,
        env=environment,
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    assert run.stdout == " ".join((GOLDEN / name).read_text("utf-8") for name in PICTURES) + "\n"


def texts(svg: str) -> list[str]:
    return [
        "".join(found.itertext()).strip().replace("\u2060", "")
        for found in ElementTree.fromstring(svg).iter(f"{SVG}text")
    ]


def nodes(svg: str) -> list[str]:
    groups = ElementTree.fromstring(svg).iter(f"{SVG}g")
    titles = [group.findtext(f"{SVG}title", "") for group in groups if group.get("class") == "node"]
    return [title for title in titles if not title.startswith("legend")]


def edges(svg: str) -> list[str]:
    groups = ElementTree.fromstring(svg).iter(f"{SVG}g")
    titles = [group.findtext(f"{SVG}title", "") for group in groups if group.get("class") == "edge"]
    return [title for title in titles if not title.startswith("legend")]


def test_every_vertex_and_edge_is_in_the_picture():
    graph = made.block(order=1)
    svg = draw(graph).svg
    assert sorted(nodes(svg)) == sorted(f"v{vertex.id}" for vertex in graph.vertices)
    drawn = sorted(tuple(sorted(map(int, edge.replace("v", "").split("->")))) for edge in edges(svg))
    assert drawn == sorted((edge.source, edge.target) for edge in graph.edges)


def test_what_the_picture_says():
    said = texts(draw(made.block(), title="a block").svg)
    for text in (
        "a block",
        "block",
        "conv1",
        "act (visit 2)",
        "conv",
        "padding 1",
        "weight",
        "4×4×3×3",
        "Legend",
    ):
        assert text in said
    assert said.count("2×4×8×8") == 6  # input, output, and one on each edge between ops, the skip's end included
    assert "5 ops · 288 parameters · forward pass · no backward pass recorded" in said


def strokes(dot: str, ends: str) -> str:
    return next(line for line in dot.splitlines() if line.strip().startswith(ends + " ["))


def test_skips_stand_out_forward_and_backward():
    dot = draw(made.block(order=1)).dot
    assert "penwidth=3.4" in strokes(dot, "v0 -> v6")
    assert "#0072B2" in strokes(dot, "v0 -> v6")
    assert "penwidth=3.4" in strokes(dot, "v15 -> v9")
    assert "penwidth=1.1" in strokes(dot, "v5 -> v6")


def test_ops_with_several_gradients_leave_no_stray_vertex():
    net = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.ReLU())
    graph = trace(net, ops.rand((2, 1, 4, 4)), order=1)
    assert any(vertex.op == "item" and vertex.phase == "backward" for vertex in graph.vertices)
    picture = draw(graph)
    declared = set(re.findall(r"^ *(v\d+) \[label", picture.dot, re.MULTILINE))
    assert set(nodes(picture.svg)) == declared
    assert "[2]" in texts(picture.svg)  # the op's note, since the ReLU has no name but its number


def test_deep_residual_networks_stay_two_columns():
    def width(depth: int) -> float:
        net = models.residual(depth, 2)
        svg = draw(trace(net, ops.zeros((1, 1, 8, 8)), order=1), legend=False).svg
        return float(re.search(r'width="([\d.]+)pt"', svg)[1])

    assert width(12) < 1.2 * width(6)


def test_a_skip_into_the_last_add_is_drawn():
    b = made.Builder()
    x = b.leaf("input", (2,), "x")
    b.op("add", (x, b.op("tanh", (x,), (2,))), (2,))
    assert "skip connection" in draw(b.graph()).dot


def test_hostile_names_stay_text():
    b = made.Builder()
    x = b.leaf("input", (2,), HOSTILE)
    w = b.leaf("parameter", (2,), HOSTILE, HOSTILE)
    b.output(b.op(HOSTILE, (x, w), (2,), HOSTILE, line=HOSTILE, mode=HOSTILE), HOSTILE)
    picture = draw(b.graph(), title=HOSTILE)
    assert sorted(nodes(picture.svg)) == ["v0", "v1", "v2", "v3"]
    assert not list(ElementTree.fromstring(picture.svg).iter(f"{SVG}script"))
    assert any(
        text.startswith('"]; evil [label="x"]; <script>alert(1)</script> \\N \\G &amp; ')
        for text in texts(picture.svg)
    )


def test_items_are_folded_into_the_edges():
    b = made.Builder()
    x = b.leaf("input", (4, 3), "x")
    pair = b.op("split", (x,), (), sizes=(2, 2))
    parts = [b.op("item", (pair,), (2, 3), index=place) for place in (0, 1)]
    b.op("mul", tuple(parts), (2, 3))
    svg = draw(b.graph()).svg
    assert nodes(svg) == ["v0", "v1", "v4"]
    assert edges(svg) == ["v0->v1", "v1->v4", "v1->v4"]
    assert texts(svg).count("2×3") == 2


def test_a_module_of_one_op_is_no_box_but_a_name_on_the_op():
    b = made.Builder()
    h = b.leaf("input", (2,), "x")
    for scope in ("net/act", "net/deep/er", "net/pair", "net/pair", "net/act"):
        h = b.op("tanh", (h,), (2,), scope)
    dot = draw(b.graph()).dot
    assert re.findall(r'graph \[label="(.*?)"', dot) == ["net", "pair", "Legend"]
    said = texts(draw(b.graph()).svg)
    assert [said.count(name) for name in ("act", "er", "act (visit 2)")] == [1, 1, 1]


def test_a_numbered_module_is_named_with_what_it_is_counted_in():
    b = made.Builder()
    h = b.leaf("input", (2,), "x")
    for scope in ("blocks/0", "blocks/0", "blocks/1/2", "blocks/1/2"):
        h = b.op("tanh", (h,), (2,), scope)
    assert re.findall(r'graph \[label="(.*?)"', draw(b.graph()).dot) == [
        "blocks", "blocks.0", "blocks.1", "blocks.1.2", "Legend",
    ]  # fmt: skip
    assert {"blocks.0", "blocks.1"} <= set(texts(draw(b.graph(), depth=2).svg))


def test_passes_of_modules_alone_stand_beside_each_other_too():
    net = nn.Sequential(*[nn.Sequential(nn.Linear(2, 2), nn.Tanh()) for _ in range(100)])
    graph = transform.collapse(trace(net, ops.zeros((1, 2)), order=1), 1)
    assert {vertex.kind for vertex in graph.vertices} == {"input", "module", "output"}
    both, forward = (
        float(ElementTree.fromstring(draw(each).svg).attrib["height"].removesuffix("pt"))
        for each in (graph, transform.forward(graph))
    )
    assert both < 1.2 * forward  # one below the other, Graphviz would not come to an end


def test_a_module_that_gives_several_values_has_no_shape_on_its_edges():
    graph = trace(models.resnet20(), ops.zeros((1, 3, 32, 32)), order=1)
    assert "several" in {vertex.dtype for vertex in transform.collapse(graph, 1).vertices}
    assert not [text for text in texts(draw(graph, depth=1).svg) if "several" in text]


def test_sizes_that_are_no_trouble():
    assert len(nodes(draw(made.doubling(60)).svg)) == 62
    b = made.Builder()
    scope = "/".join(["deep"] * 300)
    b.output(b.op("tanh", (b.op("tanh", (b.leaf("input", (2,), "x"),), (2,), scope),), (2,), scope))
    assert draw(b.graph()).dot.count("subgraph") == 301
    assert to_dot(made.chain(100_000)).count(" -> ") > 100_000


def test_refusals():
    with pytest.raises(GraphError) as caught:
        render(to_dot(made.chain(10_000)))
    assert str(caught.value) == (
        "render: the picture has 20,024 vertices and edges; Graphviz lays out about 20,000. "
        "Collapse modules (depth=1), draw a part (graph.transform), or save as .dot or .json"
    )
    with pytest.raises(GraphError, match="render: format is 'gif'; one of svg, png, pdf"):
        render("digraph {}", "gif")
    with pytest.raises(
        GraphError, match="to_dot: direction is 'UP'; 'TB' \\(top-down\\) or 'LR' \\(left to right\\)"
    ):
        to_dot(made.block(), direction="UP")
    with pytest.raises(GraphError, match=r"^render: Graphviz failed"):
        render("digraph {")


@pytest.mark.parametrize(
    ("suffix", "start"),
    [("svg", b"<?xml"), ("png", b"\x89PNG"), ("pdf", b"%PDF"), ("dot", b"digraph"), ("json", b"{")],
)
def test_files(tmp_path, suffix, start):
    path = draw(made.block()).save(tmp_path / f"graph.{suffix}")
    assert path.read_bytes().startswith(start)


def test_a_file_of_another_kind_is_refused_and_not_written(tmp_path):
    with pytest.raises(
        GraphError, match=r"save: graph\.gif ends in 'gif'; one of \.svg, \.png, \.pdf, \.html, \.dot, \.json"
    ):
        draw(made.block()).save(tmp_path / "graph.gif")
    assert not list(tmp_path.iterdir())


def test_in_a_notebook_it_is_svg():
    assert draw(made.block())._repr_svg_().startswith("<svg")


def test_without_graphviz_the_sentence_says_what_to_install(monkeypatch):
    monkeypatch.setattr("shutil.which", lambda name: None)
    monkeypatch.setitem(sys.modules, "pygraphviz", None)
    with pytest.raises(GraphError) as caught:
        render("digraph {}")
    assert str(caught.value) == (
        "render: Graphviz is not installed; install it as a program (dot), or pip install pygraphviz"
    )


def program(folder: Path, text: str, code: int) -> str:
    """A folder with a program `dot` that reads its input, says this, and ends so."""
    script = folder / "dot"
    script.write_text(f"#!/bin/sh\ncat > {folder}/given\nprintf '{text}'\nprintf 'no layout' >&2\nexit {code}\n")
    script.chmod(0o755)
    return f"{folder}{os.pathsep}{os.environ['PATH']}"


def test_the_program_is_used_where_there_is_one(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", program(tmp_path, "<?xml from the program", 0))
    assert render("digraph {é}") == b"<?xml from the program"
    assert (tmp_path / "given").read_text("utf-8").strip() == "digraph {é}"


def test_what_the_program_complains_of_is_passed_on(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", program(tmp_path, "", 1))
    with pytest.raises(
        GraphError, match=r"^render: Graphviz failed \(.*no layout.*\); save as \.dot to see its input"
    ):
        render("digraph {}")


def test_png_has_twice_the_dots():
    assert int.from_bytes(render("digraph { a }", "png")[16:20], "big") > 100


def test_a_tensor_is_no_graph_and_the_message_says_how_to_make_one():
    with pytest.raises(GraphError) as error:
        draw(3)
    assert str(error.value) == (
        "draw: graph is a int; it must be a Graph or a Tensor. "
        "Make one: graph.trace(net, x), or graph.graph_of(loss)"
    )
