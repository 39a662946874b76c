"""Random tensors and dropout: repeatable, right on average, differentiable to any order."""

from __future__ import annotations

import numpy as np
import pytest

from autocnn import ops
from autocnn.backend.random import Generator
from autocnn.engine import Tensor, grad
from autocnn.errors import ArgumentError, DTypeError, ShapeError


def test_a_seed_repeats_everything():
    def draw():
        ops.manual_seed(4)
        x = Tensor(np.ones((3, 4), np.float32))
        return [
            t.tolist()
            for t in (
                ops.rand(3),
                ops.randn(2, 2),
                ops.rand_like(x),
                ops.randn_like(x),
                ops.randint(0, 9, (5,)),
                ops.randperm(6),
                ops.bernoulli(x * 0.5),
                ops.dropout(x),
            )
        ]

    first = draw()
    assert draw() == first
    ops.manual_seed(5)
    assert ops.rand(3).tolist() != first[0]


def test_a_generator_of_ones_own_leaves_the_default_alone():
    ops.manual_seed(0)
    expected = ops.rand(3).tolist()
    ops.manual_seed(0)
    mine = Generator(1)
    a, b = ops.randn(3, generator=mine), ops.randn(3, generator=mine)
    assert a.tolist() != b.tolist()
    assert ops.rand(3).tolist() == expected


def test_shapes_dtypes_and_requires_grad():
    x = ops.randn((2, 3), dtype="float64", requires_grad=True)
    assert (x.shape, x.dtype, x.requires_grad, x.is_leaf) == ((2, 3), np.float64, True, True)
    assert ops.rand().shape == ()
    assert ops.randint(7, (4,)).dtype == np.int64


@pytest.mark.parametrize("p", [0.2, 0.5, 0.9])
def test_dropout_keeps_the_mean_and_zeroes_the_right_share(p):
    x = Tensor(np.ones((100, 1000), np.float32))
    z = ops.dropout(x, p).array
    assert abs((z == 0).mean() - p) < 0.01
    np.testing.assert_allclose(np.unique(z[z != 0]), [1 / (1 - p)], rtol=1e-6)
    assert z.dtype == np.float32


def test_the_backward_pass_sees_the_same_mask():
    x = Tensor(np.random.default_rng(0).standard_normal((2, 5, 6, 6))).requires_grad_()
    z = ops.dropout(x, 0.4)
    assert sum(s.nbytes for s in z.node().saved if s is not None) == -(-x.array.size // 8), "a bit for each"
    (g,) = grad(z, x, Tensor(np.ones(x.shape)), create_graph=True)
    np.testing.assert_allclose(z.array, x.array * g.array)
    seed = Tensor(np.ones(x.shape)).requires_grad_()
    (g,) = grad(ops.dropout(x, 0.4), x, seed, create_graph=True)
    (gg,) = grad(g, seed, Tensor(np.ones(x.shape)))
    np.testing.assert_allclose(gg.array, g.array)


@pytest.mark.parametrize("shape", [(7,), (1000, 300), (3, 5, 7), (8, 64, 17, 17), (2, 3, 4, 5, 6), ()])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_mask_comes_back_from_its_bits(shape, dtype):
    draws = np.random.default_rng(0)
    for last in (True, False):
        a = draws.standard_normal(shape).astype(dtype)
        a = a if last or a.ndim < 3 else np.moveaxis(np.moveaxis(a, 1, -1).copy(), -1, 1)
        x, seed = Tensor(a).requires_grad_(), Tensor(draws.standard_normal(shape).astype(dtype))
        z = ops.dropout(x, 0.3)
        (plain,) = grad(z, x, seed, retain_graph=True)
        (defined,) = grad(z, x, seed, create_graph=True)
        np.testing.assert_array_equal(plain.array, defined.array)
        np.testing.assert_allclose(plain.array * a, z.array * seed.array, rtol=1e-6)


def test_what_is_dropped_and_not_finite_is_seen():
    x = Tensor(np.full((500, 500), np.inf, np.float32)).requires_grad_()
    z = ops.dropout(x, 0.5)
    z.backward(Tensor(x.array))
    for found in (z.array, x.grad.array):
        assert 0.49 < np.isnan(found).mean() < 0.51
        assert np.isinf(found[~np.isnan(found)]).all()


@pytest.mark.parametrize(("op", "shape"), [
    (ops.dropout1d, (8, 6, 5)), (ops.dropout2d, (8, 6, 4, 5)), (ops.dropout3d, (8, 6, 2, 2, 3)),
    (ops.dropout2d, (60, 4, 5)),
])  # fmt: skip
def test_channel_dropout_zeroes_whole_channels(op, shape):
    z = op(Tensor(np.ones(shape)), 0.5).array
    lead = shape[: 1 if len(shape) == 3 and op is ops.dropout2d else 2]
    flat = z.reshape(np.prod(lead), -1)
    assert (flat == flat[:, :1]).all()
    assert set(np.unique(flat[:, 0])) == {0.0, 2.0}


def test_dropout_in_place_writes_its_input():
    x = Tensor(np.ones(100, np.float32))
    z = ops.dropout(x, 0.5, inplace=True)
    assert z is x
    assert set(x.tolist()) == {0.0, 2.0}


def test_outside_training_and_at_the_ends():
    x = Tensor(np.ones(3))
    assert ops.dropout(x, 0.5, training=False) is x
    assert ops.dropout(x, 0.0) is x
    assert ops.dropout(x, 1.0).tolist() == [0, 0, 0]


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda: ops.dropout(np.ones(2), 1.5), ArgumentError, "dropout: p is 1.5; it must be from 0 to 1"),
        (
            lambda: ops.dropout2d(np.ones(2)),
            ShapeError,
            "dropout2d: x is 1-d (2,); it must have 3 or 4 axes",
        ),
        (
            lambda: ops.rand(2, -1),
            ShapeError,
            "rand: size is (2, -1); lengths are whole numbers of at least 0",
        ),
        (
            lambda: ops.randn(2, dtype="int64"),
            DTypeError,
            "randn: dtype is int64; it must be floating point",
        ),
        (lambda: ops.randint(3, 3, (1,)), ArgumentError, "randint: low is 3, high 3; low must be smaller"),
        (
            lambda: ops.randint(3, 5),
            ArgumentError,
            "randint: high is 5, size None; give (low, high, size) or (high, size)",
        ),
        (lambda: ops.randperm(-1), ArgumentError, "randperm: n is -1; it must be at least 0"),
    ],
)
def test_draws_say_what_is_wrong(call, error, text):
    with pytest.raises(error) as caught:
        call()
    assert str(caught.value) == text


def test_a_seed_is_a_number():
    for seed in ("a", None, float("inf")):
        with pytest.raises(ArgumentError, match=rf"^manual_seed: seed is {seed!r}; it must be an integer$"):
            ops.manual_seed(seed)


def test_no_device_is_the_cpu() -> None:
    place = {"device": None, "dtype": None}  # as modules hand their settings on
    for made in (
        ops.rand(2, **place), ops.randn((2,), **place), ops.normal(0.0, 1.0, (2,), **place),
        ops.randint(0, 3, (2,), device=None), ops.randperm(2, device=None),
    ):  # fmt: skip
        assert made.shape == (2,)
        assert made.device == "cpu"
