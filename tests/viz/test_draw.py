"""What `draw` says on request: numbers, facts, values, and how it looks."""

from __future__ import annotations

import re
import sys
import time

import pytest

import autocnn as ac
from autocnn import models, nn, ops
from autocnn.errors import GraphError
from autocnn.graph import trace
from autocnn.viz import draw, style
from autocnn.viz.render import positions
from tests.graph import made
from tests.viz.test_dot import HOSTILE, strokes, texts


def product(**more):
    """w and x, and z = tanh(w x) + x."""
    w, x = ac.tensor(0.5, requires_grad=True), ac.tensor(2.0, requires_grad=True)
    return (w * x).tanh() + x, {"w": w, "x": x}


def said(picture) -> list[str]:
    return texts(picture.svg)


def test_a_graph_of_scalars_shows_values_and_after_backward_gradients():
    z, names = product()
    before = said(ac.draw(z, names=names))
    assert {"w", "x", "value 0.5", "value 0.7616", "value 2.762"} <= set(before)
    assert not any("gradient" in text for text in before)
    assert any("no backward pass recorded" in text for text in before)
    z.backward()
    after = set(said(ac.draw(z, names=names)))
    assert {"value 0.5 · gradient 0.8399", "value 2 · gradient 1.21", "value 1 · gradient 0.42"} <= after
    assert "value 0.7616 · gradient 1" in after


def test_numbers_among_scalars_are_shown_and_nothing_behind_them_is_missing():
    x = ac.tensor(2.0, requires_grad=True)
    z = (1 + x * 0.25) ** 2 - 3 * x
    z.backward()
    after = said(ac.draw(z, names={"x": x}))
    assert {
        "value 2 · gradient -2.25",
        "value 1.5 · gradient 3",
        "0.25",
        "1",
        "3",
        "value 2.25 · gradient 1",
    } <= set(after)
    assert after.count("number") == 3


def test_an_accumulated_gradient_is_shown_as_it_is():
    z, names = product()
    z.backward(retain_graph=True)
    z.backward()
    assert "value 2 · gradient 2.42" in said(draw(z, names=names))


def test_a_tensor_that_is_no_scalar_is_drawn_with_shapes_instead():
    x = ops.ones((2, 3)).requires_grad_()
    shown = said(draw(x * x + x))
    assert "2×3" in shown
    assert not any(text.startswith("value 1") for text in shown)


def test_numbers_become_colours_with_a_scale():
    graph = made.block()
    picture = draw(graph, numbers={2: 0.001, 3: 1.0}, unit="RMS")
    fill = {name: re.search(rf"\bv{name} \[.*fillcolor=\"(#\w+)\"", picture.dot)[1] for name in (2, 3, 5)}
    assert fill[2] == "#F7FBFF"
    assert fill[3] == "#08306B"
    assert fill[5] == style.FAMILIES["convolution"].fill  # it has no number
    assert {"0.001", "1", "on vertices · RMS · logarithmic"} <= set(said(picture))
    assert 'color="#FFFFFF"><b>tanh' in picture.dot  # light text on dark ground


def test_edge_numbers_become_width_colour_and_label():
    graph = made.block()
    picture = draw(graph, edge_numbers={(0, 6): -1.0, (5, 6, 1): 0.5})
    skip, branch = strokes(picture.dot, "v0 -> v6"), strokes(picture.dot, "v5 -> v6")
    assert "penwidth=6.0" in skip
    assert '"#B35806"' in skip
    assert '" -1 "' in skip
    assert "penwidth=3.3" in branch
    assert "on edges" in said(picture)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"numbers": {99: 1.0}}, "draw: numbers has 99; the graph has vertices 0 to 8"),
        ({"labels": {-1: "a"}}, "draw: labels has -1; the graph has vertices 0 to 8"),
        ({"edge_numbers": {(0, 1): 1.0}}, r"draw: edge_numbers has \(0, 1\); the graph has no such edge"),
        ({"show": "flops"}, "draw: show has 'flops'; there are multiply-adds, bytes, saved, parameters"),
        ({"numbers": {2: 1.0}, "scale": "root"}, "scale: kind is 'root'; one of auto, linear, log, signed"),
        ({"numbers": {2: 1.0}, "depth": 1}, r"draw: labels and numbers are by vertex of the graph, and depth"),
        ({"size": "B5"}, r"draw: size is 'B5'; one of A3, A4, A5, letter, or \(width, height\) in inches"),
        ({"size": (0, 5)}, r"draw: size is \(0, 5\); a width and a height in inches, above 0"),
        ({"numbers": [1.0]}, "draw: numbers is a list; it is a mapping from the id of a vertex"),
        ({"numbers": {2: "much"}}, r"draw: numbers\[2\] is no number that fits a float"),
        ({"numbers": {2: 10**400}}, r"draw: numbers\[2\] is no number that fits a float"),
        ({"labels": {"conv": "a"}}, "draw: labels has 'conv'; the graph has vertices 0 to 8"),
        (
            {"edge_numbers": {3: 1.0}},
            r"draw: edge_numbers has 3; \(source, target\), \(source, target, position\)",
        ),
        ({"show": 3}, "draw: show has 3; there are"),
        ({"names": {"w": 3}}, r"draw: names\['w'\] is no tensor; names are of tensors"),
        ({"size": 3}, "draw: size is 3; a width and a height in inches, above 0"),
        ({"theme": "blue"}, "to_dot: theme is 'blue'; 'light' or 'dark'"),
    ],
)
def test_what_it_does_not_know(arguments, message):
    with pytest.raises(GraphError, match=message):
        draw(made.block(), **arguments)


def test_facts_on_request():
    graph = trace(models.LeNet5(), ops.zeros((1, 1, 32, 32)), order=1)
    shown = said(draw(graph, show=("multiply-adds", "bytes", "saved", "parameters")))
    assert {"118 k multiply-adds", "18.4 KiB", "keeps 4 KiB", "150 parameters"} <= set(shown)
    assert "4 KiB" not in said(draw(graph))


def test_labels_are_text():
    shown = said(draw(made.block(), labels={2: HOSTILE}))
    assert any(text.startswith('"]; evil [label="x"') for text in shown)
    assert len(shown) == len(said(draw(made.block(), labels={2: "a"})))


def test_numbers_keep_their_vertex_when_others_are_hidden():
    graph = trace(lambda x: (x.reshape(4) * 2.0).tanh(), ops.ones((2, 2)))
    tanh = next(vertex.id for vertex in graph.vertices if vertex.op == "tanh")
    dot = draw(graph, labels={tanh: "here"}).dot
    line = next(line for line in dot.splitlines() if "here" in line)
    assert "<b>tanh</b>" in line
    assert f'tooltip="%{tanh}: ' in line  # the number that it has in the listing


def test_by_night_every_colour_changes_and_no_text_does():
    b = made.Builder()
    b.output(b.op('tanh color="#FFFFFF"', (b.leaf("input", (2,), 'color="#D55E00"'),), (2,)))
    day, night = draw(b.graph()), draw(b.graph(), theme="dark")
    assert said(day) == said(night)
    assert 'bgcolor="#12181E"' in night.dot
    light = {kind.fill for kind in style.FAMILIES.values()} | {p.line for p in style.PASSES.values()}
    used = set(re.findall(r'color="(#\w+)"', night.dot))
    assert not used & light


def test_contrast_of_text_by_day_and_night():
    def bright(color: str) -> float:
        parts = (int(color[i : i + 2], 16) / 255 for i in (1, 3, 5))
        linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    def contrast(one: str, two: str) -> float:
        low, high = sorted((bright(one), bright(two)))
        return (high + 0.05) / (low + 0.05)

    for shown in (str, style.by_night):
        for name, kind in style.FAMILIES.items():
            if name != "output":
                assert contrast(shown(style.INK), shown(kind.fill)) > 4.5, name
        for phase in style.PASSES.values():
            assert contrast(shown(phase.line), shown(phase.ground)) > 3


def test_page_size_font_and_direction():
    graph = made.block()
    picture = draw(graph, size="A4", font="Courier New")
    assert 'size="7.5,10.9"' in picture.dot
    assert 'fontname="Courier New"' in picture.dot
    assert 'size="10.9,7.5"' in draw(graph, size="A4", direction="LR").dot
    width, height = re.search(r'width="(\d+)pt" height="(\d+)pt"', draw(graph, size=(3, 3)).svg).groups()
    assert max(int(width), int(height)) <= 3 * 72 + 1


def test_a_stack_of_layers_is_drawn_straight():
    graph = trace(models.LeNet5(), ops.zeros((1, 1, 32, 32)))
    (plain,) = positions([draw(graph, legend=False, views=True).dot])
    middle = {name: float(x) for name, x in re.findall(r"^node v(\d+) ([\d.]+)", plain, re.MULTILINE)}
    column = [
        middle[str(vertex.id)] for vertex in graph.vertices if vertex.kind == "op" and str(vertex.id) in middle
    ]
    assert max(column) - min(column) < 0.05  # inches


def test_in_a_notebook_without_graphviz_it_is_text(monkeypatch):
    picture = draw(made.block())
    assert picture._repr_mimebundle_()["image/svg+xml"].startswith("<svg")
    monkeypatch.setattr("shutil.which", lambda name: None)
    monkeypatch.setitem(sys.modules, "pygraphviz", None)
    bundle = draw(made.block())._repr_mimebundle_()
    assert list(bundle) == ["text/plain"]
    assert bundle["text/plain"].startswith("render: Graphviz is not installed")
    assert '\n%0: f32[2,4,8,8] = input "x"' in bundle["text/plain"]


def test_repeats_are_one_box_that_says_how_often():
    net = nn.Sequential(*(nn.Sequential(nn.Conv2d(2, 2, 1), nn.Tanh()) for _ in range(5)))
    shown = said(draw(trace(net, ops.zeros((1, 2, 4, 4))), depth=1, repeats=True))
    assert any("×5, own weights" in text for text in shown)


def test_what_the_forward_pass_keeps_can_be_left_out():
    graph = made.block(order=1)
    assert "style=dashed" in draw(graph, legend=False).dot
    left = draw(graph, legend=False, kept=False).dot
    assert not [line for line in left.splitlines() if "->" in line and "style=dashed" in line]


def test_gradients_of_a_tensor_are_not_said_to_be_missing():
    z, _ = product()
    z.backward()
    assert any("gradients that backward left" in text for text in said(draw(z)))


def test_kept_values_that_run_along_the_whole_picture_are_left_out_and_it_says_so():
    short, long = (trace(models.residual(depth, 2), ops.zeros((1, 1, 8, 8)), order=2) for depth in (6, 42))
    words = "what passes keep for later ones is left out"
    assert "penwidth=0.8 style=dashed" in draw(short, depth=2).dot
    assert words not in draw(short, depth=2).dot
    picture = draw(long, depth=2)
    assert words in picture.dot
    assert not [line for line in picture.dot.splitlines() if re.match(r"  v\d+ -> v\d+ .*style=dashed", line)]
    assert words not in draw(long, depth=2, kept=True).dot
    started = time.process_time()
    assert picture.svg
    assert time.process_time() - started < 15  # about 2; with them minutes


def test_beside_each_other_passes_show_what_they_keep_however_deep():
    picture = draw(trace(models.residual(42, 2), ops.zeros((1, 1, 8, 8)), order=1), depth=2)
    assert "penwidth=0.8 style=dashed" in picture.dot
