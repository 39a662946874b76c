"""The picture of a recorded training: what was measured is where it belongs, and what was not leaves room."""

from __future__ import annotations

from typing import Any

import pytest

from autocnn.errors import GraphError
from autocnn.viz import recording


def numbers(rms: list[Any], strange: list[float], steps: list[int]) -> dict[str, Any]:
    layer = {"name": "conv1", "op": "conv", "rms": rms, "strange": strange}
    ratio: list[float | None] = [None] * len(steps)
    weight = {"name": "conv1.weight", "ratio": ratio}
    return {"step": steps, "loss": [2.0] * len(steps), "vertices": [layer], "parameters": [weight]}


def test_a_column_for_each_step_as_wide_as_the_time_to_the_next() -> None:
    figure = recording(numbers([1e-3, 1e-2, 1e-1], [0, 0, 0], [1, 10, 100])).figure
    [mesh] = figure.axes[0].collections
    assert mesh.get_array().tolist() == [[-3.0, -2.0, -1.0]]
    edges = mesh.get_coordinates()[0, :, 0].tolist()
    assert edges == pytest.approx([10**-0.5, 10**0.5, 10**1.5, 10**2.5])
    assert "red" not in figure.axes[0].get_title(loc="left")


def test_zeros_are_crosses_and_what_is_not_finite_is_red() -> None:
    figure = recording(numbers([0.0, None, 1e-2, None], [0, 3, 0, 0], [1, 2, 3, 4])).figure
    axis = figure.axes[0]
    [crosses] = axis.get_lines()
    assert crosses.get_xydata().tolist() == [[1.0, 0.5]]
    _, red = axis.collections
    assert red.get_array().mask.tolist() == [[True, False, True, True]]
    assert "red: not finite" in axis.get_title(loc="left")


def test_one_step_without_an_optimiser_is_drawn_too() -> None:
    figure = recording(numbers([0.5], [0], [1])).figure
    low, high = next(a for a in figure.axes if "update" in a.get_title(loc="left")).get_ylim()
    assert low < 1e-3 < high


def test_nothing_recorded_is_refused() -> None:
    with pytest.raises(GraphError, match="recording: step is empty"):
        recording(numbers([], [], []))
