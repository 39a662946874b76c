"""Activations beside PyTorch's: values, corners, both derivatives, in place."""

from __future__ import annotations

import numpy as np
import pytest

import autocnn as ac
from autocnn import ops
from autocnn.errors import ArgumentError, OutOfRangeError, ShapeError
from tests.ops.oracle import agree, alike

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.torch

# numbers that single precision holds exactly, to which PyTorch rounds them
SIMPLE = [
    ("relu", ()), ("relu6", ()), ("leaky_relu", (0.25,)), ("leaky_relu", (-0.125,)),
    ("elu", ()), ("elu", (0.75,)), ("selu", ()), ("celu", ()), ("celu", (2.0,)), ("gelu", ()), ("silu", ()),
    ("mish", ()), ("softplus", ()), ("softplus", (2.0, 1.5)), ("softsign", ()), ("hardtanh", ()),
    ("hardtanh", (-0.4, 1.2)), ("hardsigmoid", ()), ("hardswish", ()), ("logsigmoid", ()), ("tanhshrink", ()),
    ("threshold", (0.2, -3.0)), ("sigmoid", ()), ("tanh", ()),
]  # fmt: skip
# PyTorch has no second derivative of it, and rounds 1/6 to single precision
LIMITS = {"hardsigmoid": {"order": 1, "rtol": 1e-7}}
IN_PLACE = [
    "relu", "relu6", "leaky_relu", "elu", "selu", "celu", "silu", "mish", "hardtanh", "hardsigmoid", "hardswish",
]  # fmt: skip


@pytest.mark.parametrize(("name", "args"), SIMPLE)
@pytest.mark.parametrize("shape", [(), (5,), (2, 3, 4), (0, 3)])
def test_values_and_derivatives(rng, name, args, shape):
    alike(name, [2 * rng.standard_normal(shape)], *args, **LIMITS.get(name, {}))


@pytest.mark.parametrize(("name", "args"), SIMPLE)
def test_not_contiguous(rng, name, args):
    alike(name, [rng.standard_normal((6, 4)).T[::2, ::-1]], *args, **LIMITS.get(name, {}))


@pytest.mark.parametrize(("name", "args"), SIMPLE)
def test_far_out(name, args):
    x = np.array([-1000.0, -50.0, -7.0, -3.0, -1.0, -0.0, 0.0, 1.0, 3.0, 6.0, 7.0, 50.0, 1000.0])
    ours, theirs = getattr(ops, name), getattr(torch.nn.functional, name)
    a, t = ac.tensor(x, requires_grad=True), torch.tensor(x, requires_grad=True)
    z, tz = ours(a, *args), theirs(t, *args)
    np.testing.assert_allclose(z.array, tz.detach().numpy(), rtol=1e-12, atol=1e-300)
    z.sum().backward()
    tz.sum().backward()
    np.testing.assert_allclose(
        a.grad.array, t.grad.numpy(), rtol=LIMITS.get(name, {}).get("rtol", 1e-11), atol=1e-300
    )


@pytest.mark.parametrize(("name", "args"), SIMPLE)
def test_single_precision(rng, name, args):
    x = (3 * rng.standard_normal((4, 5))).astype(np.float32)
    z = getattr(ops, name)(ac.tensor(x), *args)
    assert z.dtype == np.float32
    expected = getattr(torch.nn.functional, name)(torch.tensor(x), *args)
    np.testing.assert_allclose(z.array, expected.numpy(), rtol=2e-6, atol=2e-6)


KINKS = [0.0, -3.0, 3.0, 6.0, -1.0, 1.0, 20.0, -60.0, 60.0]


@pytest.mark.parametrize(("name", "args"), [*SIMPLE, ("gelu", ("tanh",))])
def test_large_ones(rng, name, args):
    x = 2 * rng.standard_normal((4, 8, 9, 60), dtype=np.float32)
    close = {"rtol": 6e-6, "atol": 6e-6}
    more = {**LIMITS.get(name, {}), **close}
    theirs = getattr(torch.nn.functional, name)

    def like(t):
        return theirs(t, approximate="tanh") if args == ("tanh",) else theirs(t, *args)

    def ours(a):
        return getattr(ops, name)(a, *args)

    agree(ours, like, [x.transpose(0, 3, 1, 2)], **more)
    x.reshape(-1)[: len(KINKS)] = KINKS
    agree(ours, like, [x], **{**close, "order": 1})


def test_gelu_by_tanh(rng):
    x = rng.standard_normal((3, 4))
    agree(
        lambda x: ops.gelu(x, "tanh"),
        lambda x: torch.nn.functional.gelu(x, approximate="tanh"),
        [x],
    )
    with pytest.raises(ArgumentError, match=r"^gelu: approximate is 'erf'; it must be 'none' or 'tanh'$"):
        ops.gelu(x, "erf")


@pytest.mark.parametrize(
    ("shape", "count"), [((3,), 1), ((2, 3), 3), ((2, 3, 4), 3), ((2, 3, 4, 2), 3), ((2, 3, 2), 1)]
)
def test_prelu(rng, shape, count):
    alike("prelu", [rng.standard_normal(shape), rng.standard_normal(count)])


def test_prelu_of_other_channels():
    law = r"^prelu: weight has 4 elements, x \(2, 3\) has 3 channels; give 1 or 3$"
    with pytest.raises(ShapeError, match=law):
        ops.prelu(ac.zeros(2, 3), ac.zeros(4))


@pytest.mark.parametrize("name", ["softmax", "log_softmax", "softmin"])
@pytest.mark.parametrize("dim", [0, 1, -1, -2])
def test_along_an_axis(rng, name, dim):
    alike(name, [rng.standard_normal((3, 4))], dim=dim)
    alike(name, [rng.standard_normal((2, 3, 1, 4)).transpose(3, 1, 0, 2)], dim=dim)


@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
def test_softmax_at_the_edges(rng, name):
    alike(name, [np.array(2.0)], dim=0)
    alike(name, [rng.standard_normal((0, 3))], dim=1)
    alike(name, [rng.standard_normal((3, 0))], dim=1)
    alike(name, [np.array([1000.0, 0.0, -1000.0])], dim=0)
    assert getattr(ops, name)(ac.tensor([1, 2]), 0).dtype == np.float32
    assert getattr(ops, name)(ac.tensor([1, 2]), 0, dtype="float64").dtype == np.float64
    with pytest.raises(OutOfRangeError, match=rf"^{name}: dim is 2; must be from -2 to 1$"):
        getattr(ops, name)(ac.zeros(2, 2), 2)


@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
@pytest.mark.parametrize("shape", [(3,), (2, 3), (2, 3, 4), (2, 3, 4, 2)])
@pytest.mark.filterwarnings("ignore:Implicit dimension choice")
def test_softmax_without_an_axis(rng, name, shape):
    x = rng.standard_normal(shape)
    with pytest.warns(UserWarning, match=rf"^{name}: dim is None, [01] is taken; name the axis"):
        z = getattr(ops, name)(ac.tensor(x))
    np.testing.assert_allclose(z.array, getattr(torch.nn.functional, name)(torch.tensor(x)).numpy())


def test_softmax_of_minus_infinity():
    x = np.array([[-np.inf, 1.0], [-np.inf, -np.inf]])
    for name in ("softmax", "log_softmax"):
        np.testing.assert_allclose(
            getattr(ops, name)(ac.tensor(x), 1).array, getattr(torch, name)(torch.tensor(x), 1).numpy()
        )


@pytest.mark.parametrize("dim", [0, -1])
def test_gate(rng, dim):
    alike("glu", [rng.standard_normal((4, 6))], dim=dim)
    with pytest.raises(
        ShapeError, match=r"^glu: dim is -1 \(x \(2, 3\)\); it is halved, so its length must be even$"
    ):
        ops.glu(ac.zeros(2, 3))


@pytest.mark.parametrize("name", IN_PLACE)
def test_in_place(rng, name):
    data = rng.standard_normal((3, 4))
    leaf, apart = ac.tensor(data, requires_grad=True), ac.tensor(data, requires_grad=True)
    x = leaf * 1.0
    z = getattr(ops, name)(x, inplace=True)
    assert z is x
    (z * z).sum().backward()
    y = getattr(ops, name)(apart)
    (y * y).sum().backward()
    np.testing.assert_array_equal(leaf.grad.array, apart.grad.array)
    np.testing.assert_array_equal(x.array, y.array)
