"""A batch norm whose kernel goes on to the relu behind: nobody can tell, but by the clock."""

from __future__ import annotations

import numpy as np
import pytest

import autocnn as ac
from autocnn import nn
from autocnn.backend import onednn
from autocnn.errors import InPlaceError
from autocnn.graph import trace
from autocnn.nn import functional as F
from autocnn.ops.activation.rectifiers import Foreseen

pytestmark = pytest.mark.skipif(onednn.serving() is None, reason="needs oneDNN, whose kernel does both")
SHAPE = (4, 8, 24, 24)


@pytest.fixture
def norm():
    """A batch norm that has seen a relu behind it, some images, and a function that makes it forget."""
    ac.manual_seed(0)
    module = nn.BatchNorm2d(SHAPE[1])
    with ac.no_grad():
        module.weight.uniform_(0.5, 2.0)
        module.bias.normal_()
    x = ac.randn(SHAPE)
    F.relu(module(x.clone().requires_grad_()))
    assert type(module(x)) is Foreseen
    return module


def forgetting(module):
    module.weight.__dict__.pop("_relu_behind", None)
    return module


def images(requires_grad=True):
    drawn = np.random.default_rng(1).standard_normal(SHAPE, dtype=np.float32)
    return ac.tensor(drawn).requires_grad_(requires_grad)


def outcome(module, use):
    """Value and gradients of a use of a batch norm, and its statistics afterwards."""
    state = {name: value.clone() for name, value in module.state_dict().items()}
    x = images()
    z = use(module, x)
    module.zero_grad()
    (z * ac.linspace(-1, 1, z.numel()).reshape(z.shape)).sum().backward()
    made = [z, x.grad, module.weight.grad, module.bias.grad, module.running_mean, module.running_var]
    made = [each.array.copy() for each in made]
    module.load_state_dict(state)
    return made


USES = {
    "relu": lambda m, x: F.relu(m(x)),
    "method": lambda m, x: m(x).relu(),
    "in place": lambda m, x: F.relu(m(x), inplace=True),
    "module": lambda m, x: nn.Sequential(m, nn.ReLU(inplace=True))(x),
    "twice": lambda m, x: (lambda y: F.relu(y) + 2 * F.relu(y))(m(x)),
    "beside": lambda m, x: (lambda y: F.relu(y) + y)(m(x)),
    "before": lambda m, x: (lambda y: y * 3 + F.relu(y))(m(x)),
    "detached": lambda m, x: (lambda y: F.relu(y) * y.detach())(m(x)),
    "written": lambda m, x: F.relu(m(x).mul_(2)),
    "a view": lambda m, x: F.relu(m(x).reshape(-1)),
    "tanh": lambda m, x: m(x).tanh(),
    "relu of relu": lambda m, x: F.relu(F.relu(m(x))),
}


@pytest.mark.parametrize("use", USES.values(), ids=USES)
def test_the_same_to_the_bit(norm, use):
    with_relu = outcome(norm, use)
    without = outcome(forgetting(norm), use)
    for a, b in zip(with_relu, without, strict=True):
        np.testing.assert_array_equal(a, b)


def test_it_is_remembered_and_forgotten(norm):
    assert type(F.relu(norm(images()))) is ac.Tensor
    norm(images()).tanh()
    assert type(norm(images())) is ac.Tensor
    F.relu(norm(images()))
    assert type(norm(images())) is Foreseen


def test_its_own_values_are_there_when_asked_for(norm):
    y = norm(images())
    z = F.relu(y)
    assert (y.shape, y.ndim, str(y.dtype)) == (SHAPE, 4, "float32")
    with ac.no_grad():
        norm.weight.mul_(7)  # as a step of training would
    now = y.array
    assert type(y) is ac.Tensor
    np.testing.assert_array_equal(np.maximum(now, 0), z.array)
    assert now.min() < 0
    assert "batch_norm" in repr(y) or "tensor" in repr(y)


def test_hooks_and_gradients_of_the_value_between(norm):
    def seen(module):
        x, found = images(), []
        y = module(x)
        z = F.relu(y)
        y.retain_grad()
        y.register_hook(lambda g: found.append(g.array.copy()) or g * 2)
        z.sum().backward()
        w = module(x)
        (asked,) = ac.autograd.grad(F.relu(w).square().sum(), [w])
        return [y.grad.array, *found, x.grad.array, asked.array]

    for a, b in zip(seen(norm), seen(forgetting(norm)), strict=True):
        np.testing.assert_array_equal(a, b)


def test_second_order(norm):
    def penalty(module):
        x = images()
        (g,) = ac.autograd.grad(F.relu(module(x)).square().sum(), [x], create_graph=True)
        return ac.autograd.grad(g.square().sum(), [x, module.weight])

    for a, b in zip(penalty(norm), penalty(forgetting(norm)), strict=True):
        np.testing.assert_allclose(a.array, b.array, rtol=1e-4, atol=1e-4 * np.abs(b.array).max())


def test_nan_is_not_lost(norm):
    x = images(False)
    x[0, 3, 2, 2] = float("nan")
    z = F.relu(norm(x)).array
    assert np.isnan(z[:, 3]).all()
    assert not np.isnan(np.delete(z, 3, axis=1)).any()


def test_an_input_that_was_overwritten(norm):
    x = images(False)
    y = norm(x)
    F.relu(y)
    x.zero_()
    with pytest.raises(InPlaceError, match=r"^batch_norm: its result \(4, 8, 24, 24\) was not kept, for a relu"):
        y.tanh()


def test_a_graph_shows_both(norm):
    graph = trace(lambda x: F.relu(norm(x)), images(), order=1)
    ops = [vertex.op for vertex in graph.vertices if vertex.kind == "op"]
    assert {"batch_norm", "relu", "relu_backward", "batch_norm_backward"} <= set(ops)


@pytest.mark.parametrize("channels", [1, 3, 4, 5, 8, 12, 16, 24, 32])
def test_any_number_of_channels(channels):
    """Where the library has another kernel for both, it is not used: its sums would be rounded otherwise."""
    ac.manual_seed(0)
    module = nn.BatchNorm2d(channels)
    x = ac.randn(2, channels, 96, 96)

    def gradients():
        given = x.clone().requires_grad_()
        z = F.relu(module(given))
        return [z.array, *(g.array for g in ac.autograd.grad(z.square().sum(), [given, module.weight]))]

    without = gradients()
    for a, b in zip(gradients(), without, strict=True):
        np.testing.assert_array_equal(a, b)
