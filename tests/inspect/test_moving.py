"""Accuracy under shifts: by hand where a network knows only where, constant where it knows only what."""

from __future__ import annotations

import json

import numpy as np
import pytest

import autocnn as ac
from autocnn import nn, viz
from autocnn.errors import ArgumentError, GraphError, OperandError, ShapeError
from autocnn.inspect import accuracy_under_shift, equivariance, shift


def dots(count: int = 6, size: int = 8) -> tuple[np.ndarray, np.ndarray]:
    """Image k has one bright pixel, at (k, k)."""
    x = np.zeros((count, 1, size, size), np.float32)
    for k in range(count):
        x[k, 0, k, k] = 1
    return x, np.arange(count)


def column(x: ac.Tensor) -> ac.Tensor:
    """Scores that say in which column the pixel is."""
    return x[:, 0].sum(1)


def test_a_network_that_knows_only_the_place_is_wrong_after_any_shift():
    x, y = dots()
    found = accuracy_under_shift(column, x, y, range(-2, 3))
    assert found.accuracy == {-2: 0, -1: 0, 0: 1, 1: 0, 2: 0}
    down = accuracy_under_shift(column, x, y, range(-2, 3), axis="vertical")
    assert set(down.accuracy.values()) == {1.0}


@pytest.mark.parametrize("batch", [1, 4, 100])
def test_batches_change_nothing_and_the_count_is_that_of_the_argmax(batch):
    ac.manual_seed(0)
    net = nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(144, 6))
    x, y = np.random.default_rng(0).normal(size=(10, 1, 8, 8)).astype(np.float32), np.arange(10) % 6
    found = accuracy_under_shift(net, x, y, [0, 3], batch=batch)
    assert net.training  # as it was
    net.eval()
    for pixels in (0, 3):
        right = net(ac.tensor(np.roll(x, pixels, 3))).array.argmax(1) == y
        assert found[pixels] == right.mean()
        assert found.rows()[bool(pixels)]["correct"] == right.sum()


def test_a_global_average_without_strides_keeps_its_answers_while_the_border_is_far():
    """Three 3x3 convolutions see three pixels to each side: a thing further from the border moves freely."""
    ac.manual_seed(1)
    layers = [part for before, after in [(1, 4), (4, 4), (4, 8)]
              for part in (nn.Conv2d(before, after, 3, padding=1), nn.ReLU())]  # fmt: skip
    net = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 5))
    x = np.zeros((20, 1, 18, 18), np.float32)
    x[:, :, 7:11, 7:11] = np.random.default_rng(2).normal(size=(20, 1, 4, 4))
    y = net(ac.tensor(x)).array.argmax(1)
    far = range(-4, 5)
    assert set(accuracy_under_shift(net, x, y, far).accuracy.values()) == {1.0}
    assert all(equivariance(net, shift(right=d), x).layers[-1].invariance < 1e-5 for d in far)
    pooled = nn.Sequential(nn.MaxPool2d(2), *net)
    assert equivariance(pooled, shift(right=1), x).layers[-1].invariance > 1e-3


def test_it_says_itself():
    found = accuracy_under_shift(column, *dots(4), [0, 1])
    assert str(found) == "pixels to the right  accuracy of 4 images\n" + (
        "                  0    100.0%\n                  1      0.0%"
    )
    assert json.loads(json.dumps(found.to_dict()))["rows"][0] == {
        "axis": "horizontal", "shift": 0, "images": 4, "correct": 4, "accuracy": 1.0,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("change", "kind", "words"),
    [
        ({"axis": "right"}, ArgumentError, "axis is 'right'; 'horizontal' or 'vertical'"),
        ({"shifts": []}, ArgumentError, r"shifts is \[\], batch 256; both need one"),
        ({"batch": 0}, ArgumentError, r"batch 0; both need one"),
        ({"y": [0, 1]}, ShapeError, r"x has shape \(6, 1, 8, 8\), y \(2,\); they must be"),
        ({"x": np.zeros((6, 8), np.float32)}, ShapeError, r"x has shape \(6, 8\)"),
        ({"x": np.zeros((6, 1, 8, 8), int)}, OperandError, "a batch .* of floating numbers is needed"),
        ({"model": lambda x: x}, ShapeError, r"the model gave \(6, 1, 8, 8\); scores \(N, classes\) are needed"),
        ({"model": lambda x: [x]}, ShapeError, "the model gave list; scores"),
    ],
)
def test_what_does_not_fit_is_said(change, kind, words):
    x, y = dots()
    with pytest.raises(kind, match=words):
        accuracy_under_shift(**({"model": column, "x": x, "y": y} | change))
    with pytest.raises(ArgumentError, match=r"no shift by 9; there is \[0\]"):
        accuracy_under_shift(column, x, y, [0])[9]


def test_the_figure_has_a_line_and_a_band_for_each_network():
    runs = {"MLP": [{0: 0.9, 1: 0.5}, {0: 0.8, 1: 0.1}], "CNN": [{0: 0.97, 1: 0.95}]}
    figure = viz.accuracy_under_shift(runs, chance=0.1, notes={"MLP": "26 parameters"}, title="moved")
    (panel,) = figure.figure.axes
    assert [list(line.get_ydata()) for line in panel.get_lines()[:2]] == [[85, 30], [97, 95]]
    assert {text.get_text() for text in panel.texts} == {"MLP (26 parameters)", "CNN", "guessing"}
    low, high = panel.collections[0].get_datalim(panel.transData).get_points()[:, 1]
    assert (low, high) == pytest.approx((10, 90))
    assert panel.get_xlabel() == "shift to the right [pixels]; bands from the lowest to the highest training"
    with pytest.raises(GraphError, match="runs is empty, or a network has no training"):
        viz.accuracy_under_shift({"MLP": []})
