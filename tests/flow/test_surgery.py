"""Blocks are operated on by address: each action against the formula, in every mode, and nothing stays behind."""

from __future__ import annotations

import copy
import threading

import numpy as np
import pytest

import autocnn as ac
from autocnn import models, nn
from autocnn.engine.tape import local
from autocnn.errors import ArgumentError, GraphError, OperandError
from autocnn.flow.blocks import Address
from autocnn.flow.paths import paths
from autocnn.flow.run import run
from autocnn.flow.surgery import bypassed, joins_of, lesioned, swapped
from autocnn.nn import functional as F


class Block(nn.Module):
    """x + F(x) in one of several spellings."""

    def __init__(self, spelling: str = "plain") -> None:
        self.conv = nn.Conv2d(3, 3, 3, padding=1)
        self.norm = nn.BatchNorm2d(3)
        self.spelling = spelling

    def branch(self, x):
        return self.norm(self.conv(x))

    def forward(self, x):
        y = self.branch(x)
        if self.spelling == "in place":
            y += x
            return y.relu_()
        return (y + x if self.spelling == "branch first" else x + y).relu()


SPELLINGS = ["plain", "in place", "branch first"]
FORMULAS = {
    "remove branch": lambda x, f: x,
    "remove skip": lambda x, f: f,
    "cut gradient": lambda x, f: x + f.detach(),
    0.25: lambda x, f: x + f * 0.25,
    -2: lambda x, f: x + f * -2,
}


def network(spelling: str = "plain") -> nn.Module:
    ac.manual_seed(3)
    return nn.Sequential(*(Block(spelling) for _ in range(3)))


def by_hand(net, x, place, formula):
    for i, block in enumerate(net):
        f = block.branch(x)
        x = (formula(x, f) if i == place else x + f).relu()
    return x


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("action", FORMULAS)
@pytest.mark.parametrize("spelling", SPELLINGS)
def test_value_and_gradients_are_those_of_the_formula(spelling, action, training):
    net = network(spelling).train(training)
    same = copy.deepcopy(net)
    address = joins_of(net, ac.ones(1, 3, 5, 5))[1].address
    for images in (1, 4):  # another batch size than that of the graph
        x = ac.randn(images, 3, 5, 5, requires_grad=True)
        again = x.detach().requires_grad_()
        with lesioned(net, {address: action}):
            y = net(x)
        expected = by_hand(same, again, 1, FORMULAS[action])
        np.testing.assert_allclose(y.array, expected.array, rtol=1e-5, atol=1e-6)
        y.square().sum().backward()
        expected.square().sum().backward()
        np.testing.assert_allclose(x.grad.array, again.grad.array, rtol=1e-4, atol=1e-5)
        for (name, p), q in zip(net.named_parameters(), same.parameters(), strict=True):
            if q.grad is None:
                assert p.grad is None, name
            else:
                np.testing.assert_allclose(p.grad.array, q.grad.array, rtol=1e-3, atol=1e-3, err_msg=name)
        for buffer, other in zip(net.buffers(), same.buffers(), strict=True):
            np.testing.assert_allclose(buffer.array, other.array, rtol=1e-5)


def test_a_cut_gradient_changes_no_value():
    net, x = models.CifarResNet(14).eval(), ac.randn(2, 3, 32, 32)
    before = net(x).array
    with lesioned(net, dict.fromkeys(joins_of(net, x), "cut gradient")):
        assert np.array_equal(net(x).array, before)


def test_every_block_of_a_network_by_address_path_or_join():
    net, x = models.CifarResNet(20).eval(), ac.randn(2, 3, 32, 32)
    results = []
    for join in joins_of(net, x):
        with lesioned(net, {join: "remove branch"}):
            results.append(net(x).array)
        with lesioned(net, {join.path.replace("/", "."): "remove branch"}, x):
            assert np.array_equal(net(x).array, results[-1])
    assert len({result.tobytes() for result in results}) == 9


def test_a_number_of_zero_is_like_removing():
    net, x = network().eval(), ac.randn(2, 3, 5, 5)
    with lesioned(net, {"1": 0.0}, x):
        zero = net(x).array
    with lesioned(net, {"1": "remove branch"}, x):
        assert np.array_equal(net(x).array, zero)


def test_lesions_nest_and_the_inner_one_wins():
    net, x = network().eval(), ac.randn(2, 3, 5, 5)
    with lesioned(net, {"0": "remove branch", "1": "remove branch"}, x):
        with lesioned(net, {"1": "remove skip"}, x):
            y = net(x).array
        outer = net(x).array
    assert np.array_equal(y, net[2](net[1].branch(x.relu()).relu()).array)
    assert np.array_equal(outer, net[2](x.relu()).array)


def test_inside_another_network_addresses_are_those_of_the_part():
    net, x = network().eval(), ac.randn(2, 3, 5, 5)
    outer = nn.Sequential(nn.Identity(), net)
    with lesioned(net, {"1": "remove branch"}, x):
        assert np.array_equal(outer(x).array, net(x).array)
    assert not np.array_equal(outer(x).array, ac.zeros(1).array)


def test_calls_are_counted_anew_in_every_pass_and_thread():
    class Flat(nn.Module):
        def __init__(self):
            self.conv = nn.Conv2d(3, 3, 1)

        def forward(self, x):
            for _ in range(3):
                x = x + self.conv(x).tanh()
            return x

    net, x = Flat().eval(), ac.randn(2, 3, 4, 4)
    results = []
    with lesioned(net, {Address("", "add", 2, 1): "remove branch"}):
        results += [net(x).array, net(x).array]
        other = threading.Thread(target=lambda: results.append(net(x).array))
        other.start()
        other.join()
    step = x + net.conv(x).tanh()
    expected = (step + net.conv(step).tanh()).array
    assert all(np.array_equal(result, expected) for result in results)


def test_what_an_address_does_not_count():
    class Noisy(nn.Module):
        """Adds biases, numbers and running statistics beside the one sum that is meant."""

        def __init__(self):
            self.seen = ac.zeros(3)

        def forward(self, x):
            x = x + 1.0 + ac.ones(3, 1, 1)
            self.seen = self.seen + x.detach().mean((0, 2, 3))
            return x + x.tanh()

    net, x = Noisy().eval(), ac.ones(1, 3, 2, 2)
    (join,) = joins_of(net, x)
    assert join.address == Address("", "add", 1, 1)
    with lesioned(net, {join: "remove branch"}):
        assert float(net(x).array.max()) == 3.0


def interrupted(x):
    raise KeyboardInterrupt


def test_afterwards_the_model_is_as_before():
    net, x = network(), ac.randn(2, 3, 5, 5)
    state = {name: t.array.copy() for name, t in net.state_dict().items()}
    kind, attributes = type(net), set(vars(net))
    net.eval()
    before = net(x).array
    net[2].forward = interrupted
    with pytest.raises(KeyboardInterrupt), lesioned(net, {Address("0"): "remove branch"}):
        net(x)
    assert local.context.watch is None
    del net[2].forward
    assert (type(net), set(vars(net))) == (kind, attributes)
    assert np.array_equal(net(x).array, before)
    assert all(np.array_equal(state[name], t.array) for name, t in net.state_dict().items())


def test_finding_the_blocks_changes_nothing():
    net = network()
    net[1].eval()
    state = [t.array.copy() for t in net.state_dict().values()]
    ac.manual_seed(7)
    joins_of(net, ac.randn(2, 3, 5, 5))
    assert [m.training for m in net] == [True, False, True]
    assert all(np.array_equal(a, b.array) for a, b in zip(state, net.state_dict().values(), strict=True))


def test_what_it_refuses():
    net, x = network().eval(), ac.randn(2, 3, 5, 5)
    with pytest.raises(ArgumentError, match="'remove branch', 'cut gradient', 'remove skip', or a number"):
        lesioned(net, {"0": "delete"}, x).__enter__()
    with pytest.raises(ArgumentError, match="give an example input"):
        lesioned(net, {"0": "remove branch"}).__enter__()
    with pytest.raises(OperandError, match="model is a function"):
        lesioned(lambda x: x, {}).__enter__()
    with pytest.raises(GraphError, match="no module '7' adds"):
        lesioned(net, {"7": 0.5}, x).__enter__()
    with lesioned(net, {Address("0", "add", 2): 0.5}), pytest.raises(GraphError, match="come by add 2 of 0"):
        net(x)


def test_sums_that_nobody_uses_would_shift_the_count():
    class Wasteful(nn.Module):
        def forward(self, x):
            x + x.exp()
            return x + x.tanh()

    with pytest.raises(GraphError, match="of 2 additions in the model itself only 1 reach the output"):
        joins_of(Wasteful(), ac.ones(1, 2))


def test_in_training_a_block_that_was_dropped_is_no_error():
    class Dropped(Block):
        def forward(self, x):
            return x if self.training else super().forward(x)

    net, x = nn.Sequential(Dropped(), Block()), ac.randn(2, 3, 5, 5)
    with lesioned(net, {"0": "remove skip"}, x):
        net(x)


# Modules in other places --------------------------------------------------------------------------------------


def test_swapped_blocks():
    net, x = network().eval(), ac.randn(2, 3, 5, 5)
    a, b, c = net
    with swapped(net, ("0", "2"), ("0", "1")):
        assert np.array_equal(net(x).array, a(b(c(x)) if net[0] is c else c(b(x))).array)
        assert [net[0], net[1], net[2]] == [b, c, a]
    assert list(net) == [a, b, c]
    with pytest.raises(RuntimeError), swapped(net, ("0", "1")):
        raise RuntimeError
    assert list(net) == [a, b, c]
    with pytest.raises(AttributeError), swapped(net, ("0", "1"), ("0", "9")):
        pass
    assert list(net) == [a, b, c]
    with pytest.raises(ArgumentError, match="one in the other"), swapped(net, ("0", "0.conv")):
        pass


def test_bypassed_layers():
    net = nn.Sequential(nn.Conv2d(3, 3, 1), nn.ReLU(inplace=True), nn.Conv2d(3, 4, 1))
    x = ac.randn(2, 3, 4, 4)
    kept = x.array.copy()
    with bypassed(net, "0"):
        assert np.array_equal(net(x).array, net[2](x.relu()).array)
    assert np.array_equal(x.array, kept)  # the relu in place did not write to it
    with bypassed(net, "2"), pytest.raises(ArgumentError, match=r"'2' maps \(2, 3, 4, 4\) to \(2, 4, 4, 4\)"):
        net(x)
    assert net(x).shape == (2, 4, 4, 4)
    assert F.relu(net(x)).shape == (2, 4, 4, 4)


# Beside the decomposition of the gradient ---------------------------------------------------------------------


@pytest.mark.parametrize("training", [True, False])
def test_cutting_gradients_agrees_with_the_paths_of_one_sweep(training):
    ac.manual_seed(4)
    blocks = nn.Sequential(*(Block() for _ in range(4)))
    net = nn.Sequential(blocks, nn.Flatten(), nn.Linear(75, 5)).double().train(training)
    x, y = ac.randn(6, 3, 5, 5, dtype="float64"), ac.tensor([0, 1, 2, 3, 4, 0])

    def gradient(actions) -> np.ndarray:
        images = x.detach().requires_grad_()
        with lesioned(net, actions):
            F.cross_entropy(net(images), y).backward()
        return images.grad.array.reshape(-1)

    joins = joins_of(net, x)
    r = run(net, x, y)
    found = paths(r, r.input, crossings=True)
    whole = gradient({})
    for join, crossing in zip(joins, found.crossings, strict=True):
        carried = whole - gradient({join: "cut gradient"})
        assert crossing.name == join.name
        assert crossing.share == pytest.approx(carried @ whole / (whole @ whole), rel=1e-9)
        assert crossing.ratio == pytest.approx(np.linalg.norm(carried) / np.linalg.norm(whole), rel=1e-9)
    none = gradient(dict.fromkeys(joins, "cut gradient"))
    assert found.degrees[0].ratio == pytest.approx(np.linalg.norm(none) / np.linalg.norm(whole), rel=1e-9)
