"""Figures of forks and paths: what is drawn is what the rows say."""

from __future__ import annotations

import math

import pytest

from autocnn import viz
from autocnn.errors import GraphError


def row(degree: int, **values: float) -> dict[str, float]:
    known = {
        "paths": 1,
        "share": 0.25,
        "norm_ratio": 0.5,
        "incoherent": 0.4,
        "coherence": 1.5,
        "product": math.nan,
    }
    return {"degree": degree, **known, **values}


def test_each_moment_has_its_column_and_its_mean() -> None:
    before = [row(k, share=0.25) for k in range(4)]
    after = [row(k, share=float(k == 1), coherence=math.nan) for k in range(4)]
    axes = viz.paths({"before": before, "after": after}).figure.axes
    assert [axis.get_title() for axis in axes[:2]] == ["before", "after"]
    assert [text.get_text() for axis in axes[2:4] for text in axis.texts] == ["mean 1.5", "mean 1.0"]
    assert [text.get_text() for text in axes[5].texts] == ["not measured"]
    assert [bar.get_height() for bar in axes[3].patches] == [0, 100, 0, 0]


def test_what_was_not_measured_has_no_curve() -> None:
    axis = viz.paths({"now": [row(k) for k in range(3)]}).figure.axes[0]
    assert {line.get_label() for line in axis.get_lines()} == {
        "all paths of a degree together", "the same if they did not cooperate",
    }  # fmt: skip


def test_sizes_too_small_to_see_are_left_out() -> None:
    axis = viz.paths({"now": [row(0), row(1), row(2, norm_ratio=1e-30)]}).figure.axes[0]
    [line] = [line for line in axis.get_lines() if line.get_label() == "all paths of a degree together"]
    assert list(line.get_xdata()) == [0, 1]


def test_shares_stand_side_by_side_and_what_cancels_is_marked() -> None:
    rows = [
        {"fork": fork, "side": side, "share": share, "cancellation": cancellation}
        for fork, cancellation in (("a", 1.5), ("b", 500.0))
        for side, share in (("skip", 0.8), ("branch", 0.2))
    ]
    [axis] = viz.shares(rows).figure.axes
    assert [round(bar.get_height()) for bar in axis.patches] == [80, 0, 20, 0]
    assert {text.get_text() for text in axis.texts} == {"skip", "branch"}
    assert [text.get_text() for text in axis.get_xticklabels()] == ["a", "b (they cancel)"]


def test_nothing_to_draw_is_said() -> None:
    with pytest.raises(GraphError, match="paths: moments is empty"):
        viz.paths({})
    with pytest.raises(GraphError, match="shares: forks is empty; the network has no residual fork"):
        viz.shares([])
