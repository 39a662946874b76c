"""The gradient-flow picture: what its lines, signs and bars say about the numbers that it is given."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest

import autocnn as ac
from autocnn import models, viz
from autocnn.errors import GraphError
from autocnn.graph import Edge, trace, transform
from autocnn.inspect import draw_flow
from autocnn.viz.flow import grade
from tests.graph import made
from tests.viz.test_dot import GOLDEN, HOSTILE, texts


def small():
    """s = sum(tanh(a + conv(a))), a = tanh(x): %0 x, %1 a, %2 w, %3 conv, %4 add, %5 tanh, %6 sum."""
    b = made.Builder()
    x = b.leaf("input", (2, 3), "x")
    a = b.op("tanh", (x,), (2, 3), "stem")
    w = b.leaf("parameter", (3, 3), "block.weight", "block")
    c = b.op("conv", (a, w), (2, 3), "block")
    d = b.op("add", (a, c), (2, 3), "block")
    e = b.op("tanh", (d,), (2, 3), "block")
    b.output(b.op("sum", (e,), ()), "loss")
    return b.graph()


SIZES = {0: 0.05, 1: 0.1, 3: 0.5, 4: 0.5, 5: 1.0, 6: 1.0, (1, 3): 0.04, (1, 4): 0.5, 2: 0.2}
SHARES = {(1, 3): 0.22, (1, 4): 0.78}


def flow(sizes=SIZES, shares=SHARES, **more):
    return viz.flow(small(), sizes, shares, **more)


def wire(picture, ends: str) -> str:
    """The statement of a wire, forward ends."""
    return next(text for text in picture.dot.splitlines() if text.strip().startswith(f"{ends} ["))


def points(picture, ends: str) -> float:
    return float(re.search(r"penwidth=([\d.]+)", wire(picture, ends))[1])


def test_golden():
    assert flow(title="gradients").dot == (GOLDEN / "flow.dot").read_text("utf-8")


# Widths and colours --------------------------------------------------------------------------------------------


def test_a_line_is_8_pixels_as_at_the_loss_and_1_pixel_at_a_millionth():
    picture = flow({5: 1.0, 4: 1e-3, 1: 1e-6, 0: 0.9e-6}, {})
    assert points(picture, "v5 -> v6") == 8 * 0.75  # a pixel is 3/4 of a point
    assert points(picture, "v4 -> v5") == pytest.approx(4.5 * 0.75, abs=0.01)
    assert points(picture, "v1 -> f1") == 0.75
    assert "style=solid" in wire(picture, "v1 -> f1")
    assert "style=dotted" in wire(picture, "v0 -> v1")
    assert points(picture, "v0 -> v1") < 0.75


def test_width_is_linear_in_decades_above_the_loss_too():
    widths = [grade.line(10.0**power).pixels for power in range(-6, 7)]
    steps = [after - before for before, after in pairwise(widths)]
    assert steps == pytest.approx([7 / 6] * 12, abs=0.011)
    assert grade.line(1e40).pixels == widths[-1]


def test_one_colour_a_decade_grey_at_the_loss_purple_below_orange_above():
    colors = [grade.color(power) for power in range(-7, 7)]
    assert len(set(colors)) == 14
    assert grade.line(3.0).color == grade.line(0.4).color == grade.SAME
    assert grade.line(0.3).color == grade.color(-1)
    parts = [[int(color[i : i + 2], 16) for i in (1, 3, 5)] for color in colors]
    assert all(blue > green for _, green, blue in parts[:7])
    assert all(red > blue for red, _, blue in parts[8:])
    light = [sum(color) for color in parts]
    assert light[:7] == sorted(light[:7])  # the smaller, the darker
    assert light[8:] == sorted(light[8:], reverse=True)


def test_the_scale_is_the_same_whatever_else_is_in_the_picture():
    one, other = flow({5: 1.0, 4: 0.01}, {}), flow({5: 1.0, 4: 0.01, 0: 1e-12, 1: 1e5}, {})
    assert wire(one, "v4 -> v5") == wire(other, "v4 -> v5")


def test_sizes_are_relative_to_the_value_nearest_the_loss():
    assert points(flow({6: 16.0, 5: 0.2, 4: 0.02}, {}), "v5 -> v6") == 6.0  # %6 is a single number
    assert points(flow({5: 0.2, 4: 0.02}, {}, at_loss=0.02), "v4 -> v5") == 6.0


# Signs ---------------------------------------------------------------------------------------------------------


def test_zero_and_what_is_not_finite_have_signs():
    picture = flow({5: 1.0, 4: float("nan"), 1: 0.0, 0: 1e-9}, {})
    assert "∅" in wire(picture, "v1 -> f1")
    assert "style=dotted" in wire(picture, "v1 -> f1")
    assert "✕" in wire(picture, "v4 -> v5")
    assert grade.WRONG in wire(picture, "v4 -> v5")
    assert "∅" not in wire(picture, "v0 -> v1")  # 1e-9 is small, but not zero
    assert {"∅", "✕", "zero", "not finite"} <= set(texts(picture.svg))


def test_before_the_backward_pass_nothing_has_a_colour_or_an_arrow():
    picture = flow({}, {})
    ends = [line for line in picture.dot.splitlines() if re.match(r"  \w+ -> (?!legend)", line)]
    assert len(ends) == 8
    assert all(f'color="{grade.NONE}"' in line and "arrowtail=none" in line for line in ends)
    assert texts(picture.svg).count("no gradient yet") == 2  # heading and legend


def test_arrows_run_the_gradients_way_over_the_forward_layout():
    picture, forward = flow(), flow(view="forward")
    for ends in ("v0 -> v1", "v1 -> f1", "f1 -> v3", "f1 -> v4", "v3 -> v4", "v4 -> v5", "v5 -> v6", "v6 -> loss"):
        assert "dir=back" in wire(picture, ends)
        assert "dir=forward" in wire(forward, ends)


def test_copy_and_plus_change_places():
    def node(picture, name):
        return next(text for text in picture.dot.splitlines() if text.strip().startswith(f"{name} [s"))

    assert 'label="+"' in node(flow(), "f1")  # the fork
    assert "shape=point" in node(flow(), "v4")  # the addition
    assert "shape=point" in node(flow(view="forward"), "f1")
    assert 'label="+"' in node(flow(view="forward"), "v4")


# Where two gradients meet --------------------------------------------------------------------------------------


def test_the_bar_says_who_brings_what():
    assert "skip 78 % + branch 22 %" in texts(flow().svg)
    widths = re.findall(r'bgcolor="(#\w+)" width="(\d+)"', wire(flow(), "v1 -> f1"))
    assert widths == [("#0072B2", "66"), ("#C9D1D8", "18")]  # of 84


def test_a_share_may_be_negative():
    picture = flow(shares={(1, 3): -0.05, (1, 4): 1.05})
    assert "skip 105 % − branch 5 %" in texts(picture.svg)
    assert re.findall(r'bgcolor="(#\w+)" width', wire(picture, "v1 -> f1")) == ["#0072B2", "#FFFFFF"]


def test_what_cancels_is_told_by_norms():
    sizes = {**SIZES, 1: 1e-3, (1, 3): 0.499, (1, 4): 0.5}
    said = texts(viz.flow(small(), sizes, {(1, 3): -200.0, (1, 4): 201.0}).svg)
    assert "skip 500 and branch 499 times their sum" in said
    assert not any("%" in text for text in said)


def test_an_addition_hands_its_gradient_to_the_skip_as_it_is():
    picture = flow({5: 1.0, 4: 0.01, 1: 0.02}, {})
    assert points(picture, "f1 -> v4") == points(picture, "v3 -> v4") == points(picture, "v4 -> v5")
    assert "arrowtail=none" in wire(picture, "f1 -> v3")  # what the branch brings is not known


def test_the_branch_is_known_from_the_skip_and_the_shares():
    given = {5: 1.0, 1: 0.1, (1, 4): 0.08}
    picture = flow(given, {(1, 4): 0.7, (1, 3): 0.3})
    rest = (0.1**2 * (1 - 2 * 0.7) + 0.08**2) ** 0.5
    assert points(picture, "f1 -> v3") == grade.line(rest).points


def test_edges_may_be_named_in_any_way():
    by_edge = {**{k: v for k, v in SIZES.items() if isinstance(k, int)}, Edge(1, 3): 0.04, (1, (4,)): 0.5}
    assert flow(by_edge, {(1, 3, 0): 0.22, Edge(1, 4): 0.78}).dot == flow().dot


@pytest.mark.parametrize("share", [1e-4, 0.01, 0.017, -0.01])
def test_thin_bars_are_drawn_without_a_warning(share, capfd):
    picture = flow(SIZES, {(1, 3): share, (1, 4): 1 - share})
    assert 'width="3" height="6"' in picture.dot
    assert "<svg" in picture.svg
    assert "too small" not in capfd.readouterr().err


# Folding -------------------------------------------------------------------------------------------------------


def deep(depth=12, skips=True):
    network = (models.residual if skips else models.plain)(depth, 2)
    return trace(network, ac.zeros(1, 1, 8, 8))


@pytest.mark.parametrize("blocks", [1, 2, 3, None])
def test_no_skip_is_folded_away(blocks):
    picture = viz.flow(deep(), {}, blocks=blocks)
    said = texts(picture.svg)
    folded = [int(text.split()[0]) for text in said if re.fullmatch(r"\d+ skips", text)]
    assert said.count("skip") + sum(folded) == 5
    assert folded == ([] if blocks is None else [5 - blocks])


def test_twins_stand_side_by_side_on_one_scale():
    graphs = {"plain": deep(skips=False), "residual": deep()}
    sizes = {name: {v.id: 0.1 for v in graph.vertices if v.kind == "op"} for name, graph in graphs.items()}
    picture = viz.flow(graphs, sizes, blocks=2, title="twins")
    assert {"plain", "residual", "twins"} <= set(texts(picture.svg))
    assert picture.dot.count("3 blocks") == 2
    assert "{rank=same; aloss; bloss;}" in picture.dot
    assert "{rank=same; av" in picture.dot
    with pytest.raises(GraphError, match=r"save: twins.json holds one graph, and this picture shows several"):
        picture.save("twins.json")


def test_parameters_are_hidden_until_asked():
    assert "3×3" not in flow().dot
    picture = flow(parameters=True)
    assert {"block.weight", "3×3", "0.2"} <= set(texts(picture.svg))


def test_a_dark_picture_has_the_same_lines():
    light, dark = flow(), flow(theme="dark")
    assert [points(dark, ends) for ends in ("v0 -> v1", "f1 -> v4")] == [
        points(light, ends) for ends in ("v0 -> v1", "f1 -> v4")
    ]
    assert "#FFFFFF" not in re.findall(r'bgcolor="(#\w+)"', dark.dot)


def test_the_legend_has_every_decade_in_words():
    said = texts(flow({5: 1.0, 4: 200.0}, {}).svg)
    for words in (
        "as at the loss",
        "a tenth of it",
        "a thousandth",
        "a millionth",
        "a hundred times",
        "exactly zero",
    ):
        assert words in said
    assert "a thousand times" not in said


def test_hostile_names_are_shown_as_they_are():
    graph = small()
    picture = viz.flow({HOSTILE: graph, "b": graph}, {HOSTILE: SIZES}, title=HOSTILE)
    assert "evil" in picture.svg
    assert "<script>" not in picture.svg


@pytest.mark.parametrize(
    ("sizes", "shares", "words"),
    [
        ({9: 1.0}, {}, r"flow: sizes has 9; the graph has vertices 0 to 7"),
        ({(0, 4): 1.0}, {}, r"flow: sizes has \(0, 4\); the graph has no such edge"),
        ({0: "much"}, {}, r"flow: sizes\[0\] is no number that fits a float"),
        ({0: -1.0}, {}, r"flow: sizes has -1.0; an RMS is 0 or more"),
        ({}, {(1, 3): 0.5, (1, 4): 0.6}, r"flow: the shares at %1 sum to 1.1; signed shares sum to 1"),
        ({"x": 1.0}, {}, r"flow: sizes has 'x'; a vertex, an Edge"),
    ],
)
def test_refusals(sizes, shares, words):
    with pytest.raises(GraphError, match=words):
        flow(sizes, shares)


def test_more_refusals():
    with pytest.raises(GraphError, match=r"flow: graph is a int; make one: graph.trace\(net, x\)"):
        viz.flow(3, {})
    with pytest.raises(GraphError, match=r"flow: sizes has \['b'\]; graphs by name take sizes by the same names"):
        viz.flow({"a": small()}, {"b": {}})
    with pytest.raises(GraphError, match=r"flow: view is 'up'; 'gradient' or 'forward'"):
        flow(view="up")
    with pytest.raises(GraphError, match=r"flow: the gradient's RMS at the loss is 0.0; give at_loss, above 0"):
        flow(at_loss=0.0)


# From a model --------------------------------------------------------------------------------------------------


def test_from_a_model_and_a_batch():
    ac.manual_seed(0)
    x, y = ac.randn(8, 1, 8, 8), ac.tensor([0, 1, 2, 3] * 2)
    nets = {"plain": models.plain(16, 4), "residual": models.residual(16, 4)}
    picture = draw_flow(nets, x, y, blocks=None)
    said = texts(picture.svg)
    shares = [text for text in said if re.fullmatch(r"skip \d+ % [+−] branch \d+ %", text)]
    assert len(shares) == 7
    heading = [text for text in said if "arrives at x" in text]
    plain, residual = (float(re.search(r"([\d.e-]+) of it", text)[1]) for text in heading)
    assert plain < 1e-3 < residual


def test_a_model_whose_parameters_are_frozen():
    """A frozen parameter is an input of the graph, and the images are another."""
    ac.manual_seed(0)
    x, y = ac.randn(8, 1, 8, 8), ac.tensor([0, 1, 2, 3] * 2)
    model = models.residual(8, 4)
    whole = re.findall(r"[\d.e-]+ of it arrives at x", draw_flow(model, x, y).dot)
    for parameter in (*model.stem.parameters(), *model.blocks[0].parameters()):
        parameter.requires_grad_(False)
    picture = draw_flow(model, x, y)
    assert "skip" in picture.dot
    assert re.findall(r"[\d.e-]+ of it arrives at x", picture.dot) == whole


def test_shares_survive_folding():
    ac.manual_seed(0)
    x, y = ac.randn(8, 1, 8, 8), ac.tensor([0, 1, 2, 3] * 2)
    model = models.residual(16, 4)
    whole, folded = draw_flow(model, x, y, blocks=None), draw_flow(model, x, y, blocks=2)

    def shares(picture):
        return [text for text in texts(picture.svg) if "% " in text]

    assert len(shares(folded)) == 3
    assert set(shares(folded)) <= set(shares(whole))


def test_the_outline_of_a_view_is_of_the_forward_pass():
    both = trace(models.residual(8, 2), ac.zeros(2, 1, 8, 8), order=1)
    parts = transform.outline(both).parts
    assert {both.vertices[place].phase for part in parts for place in part.vertices} == {"forward"}
