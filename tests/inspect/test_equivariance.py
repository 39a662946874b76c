"""Shifts, flips and turns: exact where they must be, and known by hand where they cannot."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

import autocnn as ac
from autocnn import models, nn
from autocnn.errors import ArgumentError
from autocnn.inspect import equivariance, flip, shift, turn


def images(*shape: int) -> np.ndarray:
    return np.random.default_rng(3).normal(size=shape or (2, 1, 16, 16)).astype(np.float32)


def test_shifts_are_exact_inside_and_only_where_strides_divide_them():
    net = nn.Sequential(
        nn.Conv2d(1, 4, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(4, 4, 3, stride=2, padding=1),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 3),
    )  # fmt: skip
    exact = {d: equivariance(net, shift(right=d), images(2, 1, 24, 24)) for d in range(9)}
    assert all(layer.error == 0 for layer in exact[0].layers)
    assert exact[0].same_class == 1
    for d in range(1, 9):
        found = exact[d]
        assert [layer.stride for layer in found.layers] == [(1, 1), (1, 1), (2, 2), (4, 4), (24, 24), (), ()]
        assert [found[path].inside == 0 for path in "0123"] == [True, True, d % 2 == 0, d % 4 == 0]
        assert all(found[path].inside > 0.05 for path in "23" if found[path].inside)
        assert found["0"].error > 0.1  # borders
        assert found["6"].error == found["6"].invariance > 0
        assert math.isnan(found["6"].inside)
    assert exact[1]["0"].share == (22 - 1) * 22 / 24**2  # rows and columns of zeros around, and the seam


def test_down_and_right():
    conv = nn.Conv2d(1, 2, 3, stride=(1, 2))
    for down, right, exact in ((3, 2, True), (1, 1, False), (2, 0, True)):
        found = equivariance(conv, shift(down, right), images()).layers[0]
        assert (found.inside < 1e-6) == exact
        assert found.stride == (1, 2)


def test_circular_padding_commutes_with_every_shift_and_averages_to_invariance():
    class Net(nn.Module):
        def __init__(self):
            self.conv = nn.Conv2d(1, 3, 3, padding=1, padding_mode="circular")

        def forward(self, x):
            return self.conv(x).relu().mean((2, 3))

    net = Net()
    found = equivariance(net, shift(5, 3), images())
    assert found.layers[-1].invariance < 1e-6
    plain = nn.Sequential(nn.Conv2d(1, 3, 3, padding=1), nn.Flatten(), nn.Linear(768, 2))
    assert equivariance(plain, shift(5, 3), images())["2"].invariance > 0.1


def test_flips_and_turns_commute_with_kernels_of_their_own_symmetry():
    conv = nn.Conv2d(1, 1, 3, padding=1)
    even = ac.tensor([[[[1.0, 2.0, 1.0], [3.0, 4.0, 3.0], [5.0, 6.0, 5.0]]]])
    with ac.no_grad():
        conv.weight.copy_(even)
    assert equivariance(conv, flip(), images()).layers[0].error < 1e-6
    assert equivariance(conv, flip("vertical"), images()).layers[0].error > 0.1
    assert equivariance(conv, turn(), images()).layers[0].error > 0.1
    with ac.no_grad():
        conv.weight.copy_(ac.tensor([[[[1.0, 2.0, 1.0], [2.0, 4.0, 2.0], [1.0, 2.0, 1.0]]]]))
    for quarters in (1, 2, 3):
        assert equivariance(conv, turn(quarters), images(2, 1, 8, 11)).layers[0].error < 1e-6
    stridden = nn.Conv2d(1, 1, 3, stride=2, padding=1)  # on 16 pixels its grid is not its own mirror image
    with ac.no_grad():
        stridden.weight.copy_(even)
    assert equivariance(stridden, flip(), images()).layers[0].inside > 0.1


def test_a_part_of_an_element_is_interpolated():
    """Averages over pairs of a ramp lie on a line: half a step is exact; those of its square do not."""
    ramp = np.broadcast_to(np.arange(16, dtype=np.float32), (1, 1, 16, 16))
    assert equivariance(nn.AvgPool2d(2), shift(right=1), ramp).layers[0].inside < 1e-6
    assert equivariance(nn.AvgPool2d(2), shift(right=1), ramp**2).layers[0].inside > 1e-3
    third = shift(right=1)(np.arange(6.0)[None], (1, 3))[0]
    np.testing.assert_allclose(third, [5 / 3, 2 / 3, 5 / 3, 8 / 3, 11 / 3, 14 / 3])


def test_numbers_by_hand():
    """x + 1 at place 0 only: f(Tx) and T f(x) differ at two places by 1."""

    class Mark(nn.Module):
        def forward(self, x):
            return x + ac.tensor([[1.0, 0.0], [0.0, 0.0]])

    found = equivariance(Mark(), shift(right=1), [[[[0.0, 2.0], [0.0, 0.0]]]]).layers[0]
    assert found.error == pytest.approx(math.sqrt(2 / 5))  # T f(x) = [2, 1], f(Tx) = [3, 0]
    assert found.invariance == pytest.approx(math.sqrt(8 / 5))  # f(x) = [1, 2]


def test_what_comes_of_it():
    net = models.resnet20()
    found = equivariance(net, shift(1, 1), ac.rand(2, 3, 32, 32))
    assert found["layer1"].inside == 0
    assert found["layer3/0/relu#1"].stride == (4.0, 4.0)
    assert net.training
    data = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert data["layers"][-1]["inside"] is None
    text = str(found).splitlines()
    assert text[0] == "shift by 1 down, 1 right: f(Tx) against T f(x), as a share of it, 2 images"
    assert text[2].split()[:2] == ["conv1", "1"]
    assert found.errors()["layer1.0.conv1"] == 0 < found.errors(inside=False)["layer1.0.conv1"]
    assert list(found.errors())[-2:] == ["-", "fc"]
    with pytest.raises(ArgumentError, match="equivariance: no layer 'layer9'; there is conv1, bn1"):
        found["layer9"]
    with pytest.raises(ArgumentError, match=r"x has shape \(2, 3\); images \(N, C, H, W\) are needed"):
        equivariance(nn.Linear(3, 3), shift(1), ac.rand(2, 3))
    with pytest.raises(ArgumentError, match="flip: axis is 'left'; 'horizontal' or 'vertical'"):
        flip("left")
