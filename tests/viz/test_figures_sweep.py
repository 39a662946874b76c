"""The figure of a sweep shows the medians, the spread, the zeros, and names at the ends of the lines."""

from __future__ import annotations

import math

import pytest

from autocnn.errors import GraphError
from autocnn.viz import sweep_lines

NAMES = {False: "plain", True: "skip"}


def rows(values, **more):
    return [
        {
            "depth": depth,
            "skips": skips,
            "norm": None,
            "ratio": r,
            "ratio_least": r / 3,
            "ratio_most": 3 * r,
            **more,
        }
        for depth, skips, r in values
    ]


def test_lines_bands_and_zeros():
    values = [(56, False, 1e-14), (8, False, 1e-2), (80, False, 0.0), (8, True, 0.9), (56, True, math.inf)]
    found = sweep_lines(rows(values), "depth", "ratio", "skips", ["norm"], names=NAMES)
    (axis,) = found.figure.get_axes()
    plain, zeros, skip, nothing, *levels = axis.get_lines()
    assert (list(plain.get_xdata()), list(plain.get_ydata())) == ([8, 56], [1e-2, 1e-14])
    assert (plain.get_color(), plain.get_linestyle()) == ("#D55E00", "--")
    assert (list(zeros.get_xdata()), list(zeros.get_ydata())) == ([80], [1e-16])
    assert (list(skip.get_ydata()), skip.get_color(), skip.get_linestyle()) == ([0.9], "#0072B2", "-")
    assert not len(nothing.get_xdata())
    assert [line.get_ydata()[0] for line in levels] == [2.0**-10, 2.0**10]
    band = axis.collections[0].get_paths()[0].vertices
    assert (min(band[:, 1]), max(band[:, 1])) == (pytest.approx(1e-14 / 3), pytest.approx(3e-2))
    ends = {text.get_text(): text.xy for text in axis.texts}
    assert ends == {"plain": (80, 1e-16), "skip": (8, 0.9)}


def test_a_panel_for_each_combination_and_no_empty_ones():
    several = [
        row for act in ("tanh", "relu", "gelu") for row in rows([(8, False, 0.1), (16, False, 0.2)], act=act)
    ]
    found = sweep_lines(several, "depth", "ratio", "skips", ["act", "norm"], columns=2, labels=("layers", "share"))
    axes = [axis for axis in found.figure.get_axes() if axis.get_visible()]
    assert [axis.get_title("left") for axis in axes] == ["tanh", "relu", "gelu"]
    assert {text.get_text() for axis in axes for text in axis.texts} == {"False"}
    assert (found.figure._supxlabel.get_text(), found.figure._supylabel.get_text()) == ("layers", "share")


def test_nothing_is_refused():
    with pytest.raises(GraphError, match="sweep_lines: rows is empty; give those of a sweep"):
        sweep_lines([], "depth", "ratio", "skips", [])
