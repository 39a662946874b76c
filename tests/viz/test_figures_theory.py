"""What the figures of theory show is what they are given, once, and told apart."""

from __future__ import annotations

import itertools
import math
from typing import Any

import pytest

from autocnn import flow, viz
from autocnn.errors import GraphError
from autocnn.viz.figures_theory import LEAST32

THETAS = (0.1, 0.5, 1.0, 2.0)


@pytest.fixture(scope="module")
def axes() -> list[Any]:
    found = flow.toy(THETAS, readings=["power"])
    return list(viz.toy(found.curves(), dots=found.curves(engine=True)).figure.axes)


def test_a_line_for_each_depth_and_dots_on_it(axes: list[Any]) -> None:
    found = flow.toy(THETAS, readings=["power"]).curves()
    assert len(axes) == 6
    for axis, (at, skip) in zip(axes, itertools.product(found, found["theta"]), strict=True):
        drawn = [line for line in axis.get_lines() if len(line.get_xdata()) == len(THETAS)]
        solid = [line for line in drawn if line.get_linestyle() != "None"]
        for line, (n, values) in zip(solid, found[at][skip].items(), strict=True):
            for height, value in zip(line.get_ydata(), values.values(), strict=True):
                assert math.isnan(height) if abs(value) < 1e-50 else height == abs(value), (at, skip, n)
        assert axis.get_yscale() == "log"
        colors = [line.get_color() for line in solid]
        assert len(set(colors)) == len(colors)
    assert [axis.get_title("left") for axis in axes[:3]] == ["none", "long", "every"]
    assert [axis.get_ylabel() for axis in axes] == ["theta", "", "", "first weight", "", ""]


def test_where_float32_ends_is_said_once_a_row(axes: list[Any]) -> None:
    said = [sum("float32" in text.get_text() for text in axis.texts) for axis in axes]
    assert said == [0, 0, 1, 0, 0, 1]
    assert all(any(list(line.get_ydata()) == [LEAST32] * 2 for line in axis.get_lines()) for axis in axes)
    chain = viz.toy(flow.toy(THETAS, readings=["chain"]).curves("chain")).figure
    assert not any("float32" in text.get_text() for axis in chain.axes for text in axis.texts)


def test_lines_that_cannot_be_told_apart_have_one_name(axes: list[Any]) -> None:
    names = [[text.get_text() for text in axis.texts] for axis in axes]
    assert names[1] == ["n = 1 to 100"]
    assert [len(several) for several in names] == [5, 1, 6, 5, 5, 6]
    for axis in axes:
        heights = sorted(text.get_window_extent().y0 for text in axis.texts)
        assert all(b - a > 8 for a, b in itertools.pairwise(heights))  # none on another


def test_theory_shows_predictions_as_lines_and_draws_as_dots() -> None:
    panels = {
        "tanh": {"plain": ([1e-6, 1e-3, 1.0], [[2e-6, 1e-3, 1.0], [1e-6, 0.0, 1.0]])},
        "relu": {"plain": ([0.5, 0.7, 1.0], [[0.4, 0.6, 1.0]]), "residual": ([3.0, 2.0, 1.0], [[3.0, 2.0, 1.0]])},
    }
    first, second = viz.theory(panels, title="Both").figure.axes
    dots, gap, line = first.get_lines()
    assert (dots.get_linestyle(), line.get_linestyle(), line.get_color()) == ("None", "--", "#D55E00")
    assert list(line.get_ydata()) == [1e-6, 1e-3, 1.0]
    assert math.isnan(gap.get_ydata()[1])
    assert [text.get_text() for text in first.texts] == ["plain"]
    assert {text.get_text() for text in second.texts} == {"plain", "residual"}
    assert second.get_ylim()[1] / second.get_ylim()[0] > 500  # so that little looks little
    assert first.get_xlabel().startswith("layer")


def test_nothing_to_draw_is_said() -> None:
    with pytest.raises(GraphError, match="toy: curves is empty; give at least one row with one column"):
        viz.toy({})
    with pytest.raises(GraphError, match="theory: panels is empty; give at least one"):
        viz.theory({})
