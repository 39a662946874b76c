"""Figures of Jacobians and of shattered gradients: they show what they are given, and names do not meet."""

from __future__ import annotations

import itertools
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest

from autocnn.errors import GraphError
from autocnn.viz.figures_jacobian import gains, spectra
from autocnn.viz.figures_shatter import autocorrelation, cosines
from autocnn.viz.line_ends import apart

PLAIN, RESIDUAL = "#D55E00", "#0072B2"


def line(axis: Any, color: str, at: int = 0) -> Any:
    return [one for one in axis.get_lines() if one.get_color() == color and len(one.get_xdata())][at]


def words(figure: Any) -> list[str]:
    return [text.get_text() for axis in figure.axes for text in axis.texts]


def no_two_names_meet(figure: Any) -> bool:
    figure.draw_without_rendering()
    boxes = [text.get_window_extent() for axis in figure.axes for text in axis.texts]
    inside = all(box.x1 <= figure.bbox.x1 and box.y1 <= figure.bbox.y1 for box in boxes)
    return inside and not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[:i])


def test_spectra_show_every_singular_value() -> None:
    networks = {"plain": [[0.8, 0.5], [0.9, 0.6]], "residual": [[1.8, 1.5], [1.9, 1.6], [1.7, 1.6]]}
    figure = spectra(networks).figure
    (axis,) = figure.axes
    assert list(line(axis, PLAIN).get_ydata()) == [0.8, 0.9]
    assert line(axis, PLAIN).get_linestyle() == "--"
    assert list(line(axis, RESIDUAL).get_ydata()) == [1.8, 1.9, 1.7]
    assert list(line(axis, RESIDUAL, 1).get_ydata()) == [1.8, 1.5, 1.9, 1.6, 1.7, 1.6]
    assert axis.get_yscale() == "linear"
    assert axis.get_ylabel() == "2 largest singular values of one block"
    assert words(figure) == ["plain", "residual"]
    assert no_two_names_meet(figure)
    assert spectra({"plain": [[1.0, 1e-6]]}).figure.axes[0].get_yscale() == "log"


def test_gains_are_on_a_log_axis_and_mark_zeros() -> None:
    one = {"plain": [0.1, 0.0, 0.1], "residual": {1: 1.1, 2: 1.0, 3: 1.2}}
    back = {"plain": [1e-20, 1e-10, 0.3], "residual": [0.4, 0.35, 0.3]}
    figure = gains({"one block": one, "all": back}, title="x").figure
    first, last = figure.axes
    assert (first.get_title("left"), first.get_yscale()) == ("one block", "log")
    assert list(line(first, PLAIN, 1).get_xdata()) == [2]
    assert line(first, PLAIN, 1).get_marker() == "v"
    assert list(line(last, RESIDUAL).get_ydata()) == [0.4, 0.35, 0.3]
    assert no_two_names_meet(figure)
    heights = {text.get_text(): text.get_window_extent().y0 for text in last.texts}
    assert heights["residual"] > heights["plain"]  # they end together; residual was above


def test_autocorrelation_has_its_noise_behind_it() -> None:
    white = [1.0, -0.1, -0.1]
    networks = {"plain": [1.0, 0.0, 0.1], "residual": [1.0, 0.5, 0.1]}
    spread = {"plain": [0.0, 0.1, 0.1], "residual": [float("nan")] * 3}
    figure = autocorrelation(
        networks, floor=0.2, white=white, brown=[1, 0.9, 0.8], spread=spread, notes={"plain": "24 layers"}
    ).figure
    (axis,) = figure.axes
    band, errors = axis.collections
    assert band.get_datalim(axis.transData).y0 == pytest.approx(-0.3)
    assert band.get_datalim(axis.transData).y1 == pytest.approx(0.1)
    assert errors.get_datalim(axis.transData).y1 == pytest.approx(1.0)
    assert list(line(axis, PLAIN).get_ydata()) == networks["plain"]
    assert sorted(words(figure)) == ["brown noise", "plain (24 layers)", "residual", "white noise ± 0.2"]
    assert no_two_names_meet(figure)


def test_cosines_share_a_scale() -> None:
    matrix = np.array([[1.0, 0.5, float("nan")], [0.5, 1.0, 0.1], [float("nan"), 0.1, 1.0]])
    figure = cosines({"plain": np.eye(3).tolist(), "residual": matrix.tolist()}, notes={"plain": "x"}).figure
    first, second = figure.axes[:2]
    assert first.get_title("left") == "plain (x): neighbours 0.00"
    assert second.get_title("left") == "residual: neighbours 0.30"
    assert np.array_equal(second.images[0].get_array().filled(np.nan), matrix, equal_nan=True)
    assert first.images[0].get_clim() == second.images[0].get_clim() == (-1, 1)


def test_names_move_as_little_as_they_must() -> None:
    heights = [0.0, 0.0, 3.0, 9.0, 9.5]
    moved = apart(heights, 2.0)
    assert all(b - a >= 2.0 - 1e-12 for a, b in itertools.pairwise(moved))
    assert moved == pytest.approx([-1.0, 1.0, 3.0, 8.25, 10.25])
    assert apart([1.0, 5.0], 2.0) == [1.0, 5.0]


def test_formats_and_errors() -> None:
    figure = spectra({"plain": [[1.0, 0.5]]}, title="$x$ & <y>")
    ElementTree.fromstring(figure._repr_svg_())
    assert figure.bytes("svg") == spectra({"plain": [[1.0, 0.5]]}, title="$x$ & <y>").bytes("svg")
    for make, message in (
        (lambda: spectra({}), "spectra: networks is empty"),
        (lambda: gains({}), "gains: panels is empty"),
        (lambda: cosines({}), "cosines: networks is empty"),
        (lambda: autocorrelation({}, floor=0.1, white=[1.0]), "autocorrelation: networks is empty"),
    ):
        with pytest.raises(GraphError, match=message):
            make()
