"""Pooling against PyTorch over a grid, to the second derivative; the words of every refusal."""

from __future__ import annotations

import numpy as np
import pytest

from autocnn import ops
from autocnn.engine import Tensor, grad
from autocnn.errors import ArgumentError, ShapeError
from tests.ops.oracle import agree

GRID = [
    {"kernel_size": 2},
    {"kernel_size": 3, "stride": 1},
    {"kernel_size": 3, "stride": 2, "padding": 1},
    {"kernel_size": 3, "stride": 2, "padding": 1, "ceil_mode": True},
    {"kernel_size": 2, "stride": 3},
    {"kernel_size": 2, "ceil_mode": True},
]


def image(ndim, seed=0):
    return np.random.default_rng(seed).standard_normal((2, 3, *(7, 6, 5)[:ndim]))


@pytest.mark.torch
@pytest.mark.parametrize("ndim", [1, 2, 3])
@pytest.mark.parametrize("dilation", [1, 2])
@pytest.mark.parametrize("how", GRID)
def test_max_pool_equals_pytorch(ndim, dilation, how):
    torch = pytest.importorskip("torch")
    name = f"max_pool{ndim}d"
    mine, theirs = getattr(ops, name), getattr(torch.nn.functional, name)
    agree(
        lambda x: mine(x, dilation=dilation, **how),
        lambda x: theirs(x, dilation=dilation, **how),
        [image(ndim)],
    )
    z, indices = mine(image(ndim), dilation=dilation, return_indices=True, **how)
    tz, expected = theirs(torch.tensor(image(ndim)), dilation=dilation, return_indices=True, **how)
    np.testing.assert_array_equal(z.array, tz.numpy())
    np.testing.assert_array_equal(indices.array, expected.numpy())
    assert indices.dtype == np.int64


@pytest.mark.torch
@pytest.mark.parametrize("ndim", [1, 2, 3])
@pytest.mark.parametrize("count_include_pad", [True, False])
@pytest.mark.parametrize("divisor", [None, 3])
@pytest.mark.parametrize("how", GRID)
def test_avg_pool_equals_pytorch(ndim, count_include_pad, divisor, how):
    torch = pytest.importorskip("torch")
    name = f"avg_pool{ndim}d"
    mine, theirs = getattr(ops, name), getattr(torch.nn.functional, name)
    how = how | {"count_include_pad": count_include_pad}
    how |= {} if ndim == 1 else {"divisor_override": divisor}
    agree(lambda x: mine(x, **how), lambda x: theirs(x, **how), [image(ndim)])


@pytest.mark.torch
@pytest.mark.parametrize("ndim", [1, 2, 3])
@pytest.mark.parametrize("size", [1, 2, 3, 5, 8])
def test_adaptive_avg_pool_equals_pytorch(ndim, size):
    torch = pytest.importorskip("torch")
    name = f"adaptive_avg_pool{ndim}d"
    mine, theirs = getattr(ops, name), getattr(torch.nn.functional, name)
    agree(lambda x: mine(x, size), lambda x: theirs(x, size), [image(ndim)])


@pytest.mark.torch
def test_adaptive_size_none_keeps_an_axis_and_the_batch_axis_may_be_left_out():
    torch = pytest.importorskip("torch")
    x = image(2)[0]
    theirs = torch.nn.functional
    agree(lambda x: ops.adaptive_avg_pool2d(x, (None, 2)), lambda x: theirs.adaptive_avg_pool2d(x, (None, 2)), [x])
    agree(lambda x: ops.max_pool2d(x, 2), lambda x: theirs.max_pool2d(x, 2), [x])
    agree(lambda x: ops.avg_pool2d(x, (2, 3)), lambda x: theirs.avg_pool2d(x, (2, 3)), [x])
    _, indices = ops.max_pool2d(x, 2, return_indices=True)
    assert indices.shape == (3, 3, 3)


def test_global_avg_pool_is_the_mean_over_space():
    x = image(3)
    z = ops.global_avg_pool(x)
    np.testing.assert_allclose(z.array, x.mean((2, 3, 4), keepdims=True))


def test_the_gradient_goes_to_the_first_winner():
    x = Tensor(np.ones((1, 1, 2, 2))).requires_grad_()
    (gx,) = grad(ops.max_pool2d(x, 2), x)
    assert gx.tolist() == [[[[1, 0], [0, 0]]]]


def test_the_gradient_is_the_same_with_the_indices_asked_for():
    x = Tensor(image(2)).requires_grad_()
    z, indices = ops.max_pool2d(x, 2, return_indices=True)
    assert not indices.requires_grad
    (expected,) = grad(ops.max_pool2d(x, 2).square().sum(), x)
    (gx,) = grad(z.square().sum(), x, create_graph=True)
    np.testing.assert_array_equal(gx.detach().array, expected.array)


def test_max_pool_of_integers_and_an_empty_batch():
    assert ops.max_pool1d(np.array([[[1, 5, -3, -4]]]), 2).tolist() == [[[5, -3]]]
    assert ops.max_pool2d(np.ones((0, 2, 4, 4)), 2).shape == (0, 2, 2, 2)
    assert ops.avg_pool2d(np.ones((0, 2, 4, 4)), 2).shape == (0, 2, 2, 2)
    assert ops.adaptive_avg_pool2d(np.ones((0, 2, 4, 4)), 3).shape == (0, 2, 3, 3)


def test_max_pool_saves_only_one_byte_per_window():
    x = Tensor(np.ones((2, 3, 8, 8), np.float32)).requires_grad_()
    kept = [s for s in ops.max_pool2d(x, 2).node().saved if s is not None]
    assert [k.nbytes for k in kept] == [2 * 3 * 4 * 4]


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (
            lambda x: ops.max_pool2d(x, 6),
            ShapeError,
            "max_pool2d: kernel 6x6 (dilation 1) does not fit in 5x5 padded by 0",
        ),
        (
            lambda x: ops.max_pool2d(x, 3, padding=2),
            ArgumentError,
            "max_pool2d: padding is 2; at most half of kernel 3 (dilation 1) can be padding",
        ),
        (
            lambda x: ops.avg_pool2d(x, 0),
            ArgumentError,
            "avg_pool2d: kernel_size is 0; every number must be at least 1",
        ),
        (
            lambda x: ops.avg_pool2d(x, 2, divisor_override=0),
            ArgumentError,
            "avg_pool2d: divisor_override is 0; it must not be",
        ),
        (
            lambda x: ops.max_pool1d(x, 2),
            ShapeError,
            "max_pool1d: x is 4-d (1, 2, 5, 5); it must be (N, C, L) or (C, L)",
        ),
        (
            lambda x: ops.adaptive_avg_pool2d(x, (1, 2, 3)),
            ArgumentError,
            "adaptive_avg_pool2d: output_size is (1, 2, 3); one integer or 2 of them are needed",
        ),
    ],
)
def test_pooling_says_what_does_not_fit(call, error, text):
    with pytest.raises(error) as caught:
        call(np.ones((1, 2, 5, 5)))
    assert str(caught.value) == text
