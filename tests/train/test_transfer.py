"""Frozen parts stay to the bit, new heads fit, groups have their own rates."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest

import autocnn as ac
from autocnn import models, nn, optim
from autocnn.errors import ArgumentError, OperandError, StateError, UsageError
from autocnn.train import freeze, parameter_groups, replace_head, unfreeze
from autocnn.train.recipes import settings


def small() -> nn.Sequential:
    return nn.Sequential(
        {
            "conv": nn.Conv2d(1, 2, 3, bias=False),
            "bn": nn.BatchNorm2d(2),
            "relu": nn.ReLU(),
            "flat": nn.Flatten(),
            "fc": nn.Linear(2 * 16, 3),
        }
    )


def learning(net: nn.Module) -> list[str]:
    return [name for name, p in net.named_parameters() if p.requires_grad]


def moved(net: nn.Module, **options: Any) -> set[str]:
    """What a step of training changes in the state of a network."""
    before = {name: value.numpy().copy() for name, value in net.train().state_dict().items()}
    optimizer = optim.SGD([p for p in net.parameters() if p.requires_grad], lr=0.1, **options)
    nn.functional.cross_entropy(net(ac.randn(4, 1, 6, 6)), ac.tensor([0, 1, 2, 0])).backward()
    optimizer.step()
    return {name for name, value in net.state_dict().items() if not np.array_equal(value.numpy(), before[name])}


def test_what_is_frozen_stays_to_the_bit_statistics_too() -> None:
    net = freeze(small(), "conv", "bn")
    assert learning(net) == ["fc.weight", "fc.bias"]
    assert moved(net) == {"fc.weight", "fc.bias"}
    assert net.training
    assert not net.bn.training
    freeze(net)
    assert learning(net) == []
    unfreeze(net, "bn", "fc.bias")
    assert moved(net) == {
        "bn.weight", "bn.bias", "bn.running_mean", "bn.running_var", "bn.num_batches_tracked", "fc.bias",
    }  # fmt: skip
    assert moved(unfreeze(net)) == set(net.state_dict())


def test_a_frozen_trunk_works_with_running_statistics() -> None:
    net = small()
    x = ac.randn(4, 1, 6, 6)
    expected = net.eval()(x).detach().numpy()
    assert np.array_equal(freeze(net).train()(x).detach().numpy(), expected)
    assert not np.array_equal(unfreeze(net).train()(x).detach().numpy(), expected)


def test_normalisation_without_a_weight_of_its_own_is_frozen_with_what_holds_it() -> None:
    net = nn.Sequential({"a": nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2, affine=False))})
    freeze(net, "a").train()(ac.randn(4, 1, 6, 6))
    assert net.a[1].num_batches_tracked.item() == 0
    unfreeze(net).train()(ac.randn(4, 1, 6, 6))
    assert net.a[1].num_batches_tracked.item() == 1


def test_a_copy_stays_frozen() -> None:
    net = copy.deepcopy(freeze(small(), "conv", "bn"))
    assert moved(net) == {"fc.weight", "fc.bias"}


def test_a_shared_parameter_is_frozen_by_either_name() -> None:
    net = nn.Sequential({"a": nn.Linear(2, 2), "b": nn.Linear(2, 2)})
    net.b.weight = net.a.weight
    freeze(net, "b")
    assert learning(net) == ["a.bias"]
    (first,) = parameter_groups(net, 0.1, {"b": 0.5})
    assert first["lr"] == 0.1
    unfreeze(net)
    assert [len(g["params"]) for g in parameter_groups(net, 0.1, {"b": 0.5})] == [2, 1]


@pytest.mark.usefixtures("thin")
@pytest.mark.parametrize(
    ("name", "head"),
    [
        ("lenet5", "output"), ("resnet18", "fc"), ("vgg11", "classifier.6"), ("alexnet", "classifier.6"),
        ("googlenet", "fc"), ("resnet20", "fc"), ("residual", "head"), ("squeezenet1_1", "classifier.1"),
        ("wrn16_4", "fc"), ("nin", "features.20"),
    ],
)  # fmt: skip
def test_a_new_head(name: str, head: str) -> None:
    net = models.get(name)().eval()
    assert replace_head(net, 4) == head
    x = ac.zeros(1, net.in_channels, *[min(net.side, 67)] * 2)
    assert net(x).shape == (1, 4)
    assert learning(unfreeze(freeze(net), head)) == [f"{head}.weight", f"{head}.bias"]


def test_heads_of_their_own() -> None:
    net = models.Detector(num_classes=10).double().eval()
    sides = net.sides.weight.detach().numpy().copy()
    assert replace_head(net, 3) == "scores"
    assert net(ac.zeros(1, 1, 8, 8).double()).shape == (1, 3 + 4, 2, 2)
    assert (net.num_classes, net.training, net.scores.training) == (3, False, False)
    assert np.array_equal(net.sides.weight.detach().numpy(), sides)
    with pytest.raises(ArgumentError, match=r"LeNet1998 are distances to drawn digits. LeNet5 has a head"):
        replace_head(models.LeNet1998(), 3)
    for wrong in (0, "3", 2.0):
        with pytest.raises(ArgumentError, match=r"replace_head: num_classes is .*; it is at least 1"):
            replace_head(small(), wrong)  # type: ignore[arg-type]


def test_a_new_head_is_as_the_old_one() -> None:
    net = nn.Sequential(nn.Linear(3, 5), nn.Linear(5, 2, bias=False)).double().eval()
    replace_head(net, 7)
    assert net[1].weight.dtype == np.float64
    assert net[1].bias is None
    assert not net[1].training
    for wrong in (nn.Linear(2, 2), nn.ReLU(), nn.Sequential(nn.ReLU())):
        with pytest.raises(ArgumentError, match=r"replace_head: \w+ contains no linear layer or convolution"):
            replace_head(wrong, 2)


def test_groups_have_their_own_rates_and_options() -> None:
    net = freeze(small(), "bn.bias")
    groups = parameter_groups(net, 0.01, {"fc": 0.1, "fc.bias": 0.2, "conv": 0.0}, momentum=0.9)
    names = {id(p): name for name, p in net.named_parameters()}
    assert [([names[id(p)] for p in g["params"]], g["lr"], g["momentum"]) for g in groups] == [
        (["fc.weight"], 0.1, 0.9),
        (["fc.bias"], 0.2, 0.9),
        (["conv.weight"], 0.0, 0.9),
        (["bn.weight"], 0.01, 0.9),
    ]
    optim.SGD(groups, lr=0.5)


def test_a_detector_is_not_trained_on_classes() -> None:
    with pytest.raises(UsageError, match="it learns from boxes, and data sets have classes"):
        settings("detector", "digits")


@pytest.mark.parametrize(
    ("call", "op"),
    [
        (lambda net: freeze(net, "fcc"), "freeze"),
        (lambda net: unfreeze(net, "fcc"), "unfreeze"),
        (lambda net: parameter_groups(net, 0.1, {"fcc": 1.0}), "parameter_groups"),
    ],
)
def test_a_path_that_leads_nowhere(call: Any, op: str) -> None:
    with pytest.raises(StateError) as caught:
        call(small())
    assert str(caught.value) == f"{op}: 'fcc' leads to no parameter of Sequential; its parts are conv, bn, fc"


def test_parts_are_paths() -> None:
    net = small()
    with pytest.raises(OperandError) as caught:
        freeze(net, net.conv)  # type: ignore[arg-type]
    assert str(caught.value) == 'freeze: a part is a Conv2d; paths are needed, such as "layer1"'
