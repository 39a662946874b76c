"""What the makers of networks share, and what they refuse."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest

import autocnn as ac
from autocnn import models
from autocnn.errors import ArgumentError


def test_plain_twins_start_equal() -> None:
    states = []
    for make in (models.resnet20, models.plain20):
        ac.manual_seed(3)
        states.append(make().state_dict())
    assert list(states[0]) == list(states[1])
    assert all(np.array_equal(states[0][key].array, states[1][key].array) for key in states[0])


def test_wrong_depths() -> None:
    for make, depth, text in (
        (models.ResNet, 20, "ResNet: depth is 20; one of 18, 34, 50, 101, 152. CifarResNet has others"),
        (models.VGG, 20, "VGG: depth is 20; one of 11, 13, 16, 19"),
        (models.SqueezeNet, "2.0", "SqueezeNet: version is '2.0'; it is '1.0' or '1.1'"),
        (
            partial(models.WideResNet, widen=2),
            20,
            "WideResNet: depth is 20; three stages of blocks make 6n + 4: 10, 16, 22 ...",
        ),
        (
            partial(models.ResNet, v1=True),
            18,
            "ResNet: v1 is True; a ResNet-18 has no 1x1 convolutions. Take 50, 101 or 152",
        ),
        (partial(models.CifarResNet, shortcut="D"), 20, "CifarResNet: shortcut is 'D'; it is 'A', 'B' or 'C'"),
        (models.LeNet1998, 11, "LeNet1998: num_classes is 11; ten digits are drawn. LeNet5 takes any"),
        (
            models.CifarResNet,
            21,
            "CifarResNet: depth is 21; stem, head and three stages of blocks of two layers make 6n + 2: "
            "8, 14, 20 ...",
        ),
    ):
        with pytest.raises(ArgumentError) as caught:
            make(depth)
        assert str(caught.value) == text
