"""Adaptive max pooling, unpooling and power means against PyTorch; the words of every refusal."""

from __future__ import annotations

import numpy as np
import pytest

from autocnn import ops
from autocnn.engine import Tensor, grad
from autocnn.errors import ArgumentError, DTypeError, OutOfRangeError, ShapeError
from autocnn.nn import functional as F
from tests.ops.oracle import alike

SPACE = (7, 6, 5)


def image(ndim, seed=0, batch=(2, 3)):
    return np.random.default_rng(seed).standard_normal((*batch, *SPACE[:ndim]))


@pytest.mark.torch
@pytest.mark.parametrize("ndim", [1, 2, 3])
@pytest.mark.parametrize("size", [1, 2, 3, 5, 8])
@pytest.mark.parametrize("batch", [(2, 3), (3,)])
def test_adaptive_max_pool_is_pytorchs(ndim, size, batch):
    torch = pytest.importorskip("torch")
    name = f"adaptive_max_pool{ndim}d"
    x = image(ndim, batch=batch)
    alike(name, [x], size)
    z, indices = getattr(ops, name)(x, size, return_indices=True)
    expected = getattr(torch.nn.functional, name)(torch.tensor(x), size, return_indices=True)
    np.testing.assert_array_equal(z.array, expected[0].numpy())
    np.testing.assert_array_equal(indices.array, expected[1].numpy())
    assert indices.dtype == np.int64


def test_adaptive_max_pool_of_ties_nan_and_an_empty_batch():
    x = Tensor(np.ones((1, 1, 4))).requires_grad_()
    z, indices = ops.adaptive_max_pool1d(x, 2, return_indices=True)
    assert indices.tolist() == [[[0, 2]]]
    assert grad(z.sum(), x)[0].tolist() == [[[1, 0, 1, 0]]]
    assert np.isnan(ops.adaptive_max_pool1d(np.array([[[np.nan, 1.0]]]), 1).item())
    assert ops.adaptive_max_pool2d(np.ones((0, 2, 4, 4)), (None, 3)).shape == (0, 2, 4, 3)


@pytest.mark.torch
@pytest.mark.parametrize("ndim", [1, 2, 3])
@pytest.mark.parametrize("how", [{}, {"stride": 1}, {"stride": 3}, {"ceil_mode": True}])
@pytest.mark.parametrize("p", [1, 2, 3.5])
def test_lp_pool_is_pytorchs(ndim, how, p):
    alike(f"lp_pool{ndim}d", [np.abs(image(ndim)) + 0.1], p, 2, **how)
    if p == 2:
        alike(f"lp_pool{ndim}d", [image(ndim)], 2, 3 if ndim == 1 else (3, 2, 1)[:ndim], **how)


def test_a_window_of_zeros_has_a_gradient_of_zeros():
    x = Tensor([[[0.0, 0.0, 3.0, 4.0]]]).requires_grad_()
    z = ops.lp_pool1d(x, 2, 2)
    assert z.tolist() == [[[0.0, 5.0]]]
    (gx,) = grad(z.sum(), x)
    np.testing.assert_allclose(gx.array, [[[0.0, 0.0, 0.6, 0.8]]], rtol=1e-6)


@pytest.mark.torch
@pytest.mark.parametrize("ndim", [1, 2, 3])
@pytest.mark.parametrize(
    ("how", "space", "asked"),
    [
        ({}, (6, 9, 3), False),
        ({"stride": 2, "padding": 1}, (7, 5, 3), False),
        ({"stride": 1}, (4, 3, 5), False),
        ({"stride": 3}, SPACE, True),
        ({}, SPACE, True),
    ],
)
@pytest.mark.parametrize("batch", [(2, 3), (3,), (0, 2)])
def test_unpooling_is_pytorchs(ndim, how, space, asked, batch):
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(0)
    x = rng.permutation(np.arange(np.prod((*batch, *space[:ndim])))).reshape(*batch, *space[:ndim]).astype(float)
    pooled, places = getattr(ops, f"max_pool{ndim}d")(x, 3, return_indices=True, **how)
    size = space[:ndim] if asked else None
    # where windows overlap an element may be wanted twice: with one value, for it is not said which would win
    values = pooled.array if "stride" in how else rng.standard_normal(places.shape)
    name = f"max_unpool{ndim}d"
    mine, theirs = getattr(ops, name), getattr(torch.nn.functional, name)
    found, expected = Tensor(values).requires_grad_(), torch.tensor(values, requires_grad=True)
    z = mine(found, places, 3, output_size=size, **how)
    tz = theirs(expected, torch.tensor(places.array), 3, output_size=size, **how)
    np.testing.assert_array_equal(z.detach().array, tz.detach().numpy())
    g = rng.standard_normal(z.shape)
    z.backward(Tensor(g))
    if g.size:  # PyTorch fails
        tz.backward(torch.tensor(g))
        np.testing.assert_array_equal(found.grad.array, expected.grad.numpy())


def test_unpooling_undoes_pooling_where_the_largest_stood():
    x = image(2)
    z, places = ops.max_pool2d(x, 2, return_indices=True)
    back = ops.max_unpool2d(z, places, 2, output_size=x.shape)
    assert back.shape == x.shape
    kept = back.array != 0
    np.testing.assert_array_equal(back.array[kept], x[kept])
    assert kept.sum() == z.array.size


@pytest.mark.parametrize("name", ["max_pool2d", "adaptive_max_pool2d"])
def test_the_places_of_the_largest_have_a_name_of_their_own(name):
    found = getattr(F, f"{name}_with_indices")(image(2), 2)
    for mine, same in zip(found, getattr(F, name)(image(2), 2, return_indices=True), strict=True):
        np.testing.assert_array_equal(mine.array, same.array)


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (
            lambda x, i: ops.max_unpool2d(x, i[..., :1], 2),
            ShapeError,
            "max_unpool2d: indices is (1, 1, 2, 1), x (1, 1, 2, 2); they must be of one shape",
        ),
        (
            lambda x, i: ops.max_unpool2d(x, i.astype(np.int32), 2),
            DTypeError,
            "max_unpool2d: indices is int32; it must be int64, as max pooling returns it",
        ),
        (
            lambda x, i: ops.max_unpool2d(x, i, 2, output_size=(7, 4)),
            ArgumentError,
            "max_unpool2d: output_size is (7, 4); it must lie from (3, 3) to (5, 5)",
        ),
        (
            lambda x, i: ops.max_unpool2d(x, i + 99, 2),
            OutOfRangeError,
            "scatter: index is 102; must be from 0 to 15, axis 2 of x (1, 1, 16)",
        ),
        (
            lambda x, i: ops.lp_pool2d(x, 0, 2),
            ArgumentError,
            "lp_pool2d: norm_type is 0; 1 / norm_type is an exponent, it must not be 0",
        ),
        (
            lambda x, i: ops.adaptive_max_pool2d(x, (1, 2, 3)),
            ArgumentError,
            "adaptive_max_pool2d: output_size is (1, 2, 3); one integer or 2 of them are needed",
        ),
        (
            lambda x, i: ops.adaptive_max_pool2d(x[..., :0], 1),
            ShapeError,
            "adaptive_max_pool2d: x is (1, 1, 2, 0); there is nothing to pool",
        ),
        (
            lambda x, i: ops.adaptive_max_pool2d(x, 0),
            ArgumentError,
            "adaptive_max_pool2d: output_size is (0, 0); every number must be at least 1",
        ),
    ],
)
def test_what_cannot_be_pooled_is_refused(call, error, text):
    with pytest.raises(error) as caught:
        call(np.ones((1, 1, 2, 2)), np.arange(4).reshape(1, 1, 2, 2))
    assert str(caught.value) == text
