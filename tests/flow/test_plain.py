"""The plain twin of any model, made from its graph, is the plain network to the bit."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest

import autocnn as ac
from autocnn import models, nn
from autocnn.errors import ArgumentError, GraphError, OperandError
from autocnn.flow import residual_joins
from autocnn.flow.plain import without_skips
from autocnn.flow.surgery import joins_of, lesioned
from autocnn.graph import listing, trace
from autocnn.nn import functional as F
from autocnn.optim import SGD, Adam

IMAGES = (3, 32, 32)

PAIRS = {
    "cifar": lambda skips: models.CifarResNet(14, skips=skips),
    "tanh": lambda skips: models.DeepNet(8, 4, skips=skips, channels=3, size=32),
    "normalised": lambda skips: models.DeepNet(
        8, 4, skips=skips, activation="relu", norm="batch", stages=2, channels=3, size=32
    ),
    "pre-activation": lambda skips: models.DeepNet(
        8, 4, skips=skips, activation="relu", norm="batch", pre_activation=True, channels=3, size=32
    ),
}


def pair(name):
    """The plain network as the models make it, and as it is made from the residual one; with the same weights."""
    plain, residual = PAIRS[name](False), PAIRS[name](True)
    residual.load_state_dict(plain.state_dict())
    return plain, without_skips(residual)


@pytest.mark.parametrize("name", PAIRS)
def test_values_gradients_and_training_are_equal_to_the_bit(name):
    ac.manual_seed(1)
    plain, twin = pair(name)
    optimizers = [SGD(net.parameters(), 0.02, momentum=0.9) for net in (plain, twin)]
    for images in (4, 3):
        x, y = ac.randn(images, *IMAGES), ac.tensor(list(range(images)))
        for net, optimizer in zip((plain, twin), optimizers, strict=True):
            optimizer.zero_grad()
            F.cross_entropy(net(x), y).backward()
            optimizer.step()
        for (key, p), q in zip(plain.named_parameters(), twin.parameters(), strict=True):
            assert np.array_equal(p.grad.array, q.grad.array), key
    for (key, a), b in zip(plain.state_dict().items(), twin.state_dict().values(), strict=True):
        assert np.array_equal(a.array, b.array), key
    x = ac.randn(1, *IMAGES)
    assert np.array_equal(plain.eval()(x).array, twin.eval()(x).array)


@pytest.mark.parametrize("name", PAIRS)
def test_the_graphs_are_the_same(name):
    plain, twin = pair(name)
    x = ac.ones(2, *IMAGES)
    assert listing(trace(plain, x, order=1)) == listing(trace(twin, x, order=1))
    assert residual_joins(trace(twin, x)) == ()


@pytest.mark.parametrize(("make", "twin"), [(models.resnet20, models.plain20), (models.resnet56, models.plain56)])
def test_the_named_networks(make, twin):
    net = make().eval()
    plain = twin().eval()
    plain.load_state_dict(net.state_dict())
    x = ac.randn(2, *IMAGES)
    assert np.array_equal(without_skips(net)(x).array, plain(x).array)


def test_projections_stay_in_the_state_and_are_named():
    net = models.resnet18(num_classes=10)
    twin = without_skips(net, ac.ones(1, 3, 64, 64))
    assert list(twin.state_dict()) == list(net.state_dict())
    assert {name.rsplit(".", 2)[0] for name in twin.unused_parameters} == {
        "layer2.0.downsample", "layer3.0.downsample", "layer4.0.downsample"
    }  # fmt: skip
    F.cross_entropy(twin(ac.randn(2, 3, 64, 64)), ac.tensor([0, 1])).backward()
    assert {name for name, p in twin.named_parameters() if p.grad is None} == set(twin.unused_parameters)
    plain = models.plain18(num_classes=10).eval()
    plain.load_state_dict({k: v for k, v in twin.state_dict().items() if "downsample" not in k})
    x = ac.randn(1, 3, 64, 64)
    assert np.array_equal(plain(x).array, twin.eval()(x).array)


def test_it_shares_nothing_and_leaves_the_model_alone():
    net = models.CifarResNet(8)
    state = {key: t.array.copy() for key, t in net.state_dict().items()}
    x, y = ac.randn(4, *IMAGES), ac.tensor([0, 1, 2, 3])
    before = copy.deepcopy(net).eval()(x).array
    twin = without_skips(net)
    optimizer = Adam(twin.parameters())
    F.cross_entropy(twin(x), y).backward()
    optimizer.step()
    assert type(net) is models.CifarResNet
    assert all(np.array_equal(state[key], t.array) for key, t in net.state_dict().items())
    assert np.array_equal(net.eval()(x).array, before)
    assert not np.array_equal(net.bn1.running_mean.array, twin.bn1.running_mean.array)


def test_copies_of_a_twin_are_twins_and_modes_go_through():
    net = models.DeepNet(6, skips=True)
    twin = without_skips(net)
    again = copy.deepcopy(twin)
    x = ac.randn(2, 1, 8, 8)
    assert isinstance(again, models.DeepNet)
    assert np.array_equal(again(x).array, twin(x).array)
    assert not np.array_equal(again(x).array, net(x).array)
    assert again.eval().training is False
    assert repr(again).startswith("PlainDeepNet")


def test_a_twin_can_be_sent_to_another_process():
    twin = without_skips(models.CifarResNet(8)).eval()
    again = pickle.loads(pickle.dumps(twin))
    x = ac.randn(2, *IMAGES)
    assert np.array_equal(again(x).array, twin(x).array)
    assert again.unused_parameters == twin.unused_parameters


class InPlace(nn.Module):
    """tanh, which keeps its result for the gradient, or not; then what is done with it and x."""

    def __init__(self, change, activation) -> None:
        self.conv = nn.Conv2d(2, 2, 3, padding=1)
        self.change, self.activation = change, activation

    def forward(self, x):
        return self.change(self.activation(self.conv(x)), x)


def added(y, x):
    y += x
    return y.relu_()


CHANGES = [
    (added, lambda y: y),
    (lambda y, x: (x + y).relu_(), ac.tanh),
    (lambda y, x: (y + x).mul_(2.0), ac.tanh),
    (lambda y, x: (y.reshape(x.shape) + x).relu_(), ac.tanh),
]


@pytest.mark.parametrize(("change", "activation"), CHANGES)
def test_ops_in_place_behind_the_join_write_to_no_ones_memory(change, activation):
    net = nn.Sequential(InPlace(change, activation), InPlace(change, activation))
    x = ac.randn(2, 2, 4, 4, requires_grad=True)
    kept = x.array.copy()
    twin = without_skips(net, x)
    y = twin(x)
    y.sum().backward()
    assert np.array_equal(x.array, kept)
    other = x.detach().requires_grad_()
    z = other
    for block in net:
        z = activation(block.conv(z))
        z = z * 2.0 if "mul_" in change.__code__.co_names else z.relu()
    z.sum().backward()
    np.testing.assert_allclose(y.array, z.array, rtol=1e-6)
    np.testing.assert_allclose(x.grad.array, other.grad.array, rtol=1e-5, atol=1e-7)


def test_a_twin_can_be_operated_on_where_skips_are_left():
    class Two(nn.Module):
        def __init__(self):
            self.a, self.b = nn.Conv2d(2, 2, 1), nn.Conv2d(2, 2, 1)

        def forward(self, x):
            return x + self.b((x + self.a(x).tanh()).relu())

    net, x = Two().eval(), ac.randn(1, 2, 3, 3)
    assert len(joins_of(net, x)) == 2
    inner = without_skips(net, x, blocks=["a"])
    assert len(joins_of(inner, x)) == 1
    with lesioned(inner, {joins_of(inner, x)[0]: "remove branch"}):
        assert np.array_equal(inner(x).array, x.array)
    assert np.array_equal(inner(x).array, (x + net.b(net.a(x).tanh().relu())).array)
    assert np.array_equal(without_skips(inner, x)(x).array, net.b(net.a(x).tanh().relu()).array)


def test_what_it_refuses():
    with pytest.raises(GraphError, match="CifarResNet has no skips: nowhere in its graph"):
        without_skips(models.plain20())
    with pytest.raises(ArgumentError, match="Sequential does not say its in_channels and side"):
        without_skips(nn.Sequential(nn.Conv2d(1, 1, 1)))
    with pytest.raises(OperandError, match="model is a function"):
        without_skips(lambda x: x)
