"""Shrinking activations, random slopes, dropout for selu and of branches."""

from __future__ import annotations

import numpy as np
import pytest

from autocnn import ops
from autocnn.engine import Tensor, grad
from autocnn.errors import ArgumentError, ShapeError
from tests.ops.oracle import alike

X = np.array([[-2.0, -0.5, -0.1, 0.0], [0.2, 0.5, 0.7, 3.0]])


@pytest.mark.torch
@pytest.mark.parametrize("name", ["hardshrink", "softshrink"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_shrinks_are_pytorchs(name, dtype):
    for lambd in (0.5, 0.0, 0.3):
        alike(name, [X.astype(dtype)], lambd)
    alike(name, [np.zeros((0, 3), dtype)])


@pytest.mark.torch
def test_slopes_outside_training_are_the_mean():
    alike("rrelu", [X], 0.1, 0.4)


def test_slopes_are_drawn_between_the_limits_and_their_gradient_is_them():
    ops.manual_seed(0)
    x = Tensor(-np.ones(2000)).requires_grad_()
    z = ops.rrelu(x, 0.25, 0.75, training=True)
    slopes = -z.detach().array
    assert 0.25 <= slopes.min() < 0.3
    assert 0.7 < slopes.max() <= 0.75
    assert abs(slopes.mean() - 0.5) < 0.02
    np.testing.assert_array_equal(grad(z.sum(), x)[0].array, slopes)
    y = Tensor(X) * 1
    assert ops.rrelu(y, inplace=True) is y


@pytest.mark.parametrize("name", ["alpha_dropout", "feature_alpha_dropout"])
def test_dropout_for_selu_keeps_mean_and_variance(name):
    ops.manual_seed(1)
    x = ops.randn(300, 300, dtype="float64")
    z = getattr(ops, name)(x, 0.3, training=True).array
    assert abs(z.mean()) < 0.02
    assert abs(z.var() - 1) < 0.03
    values, counts = np.unique(z.round(9), return_counts=True)
    assert 0.25 < counts.max() / z.size < 0.35
    assert values[counts.argmax()] < -1
    assert getattr(ops, name)(x, 0.3) is x
    assert not getattr(ops, name)(x, 1.0, training=True).array.any()


def test_channels_are_dropped_whole():
    ops.manual_seed(2)
    x = np.random.default_rng(0).standard_normal((8, 16, 5))
    z = ops.feature_alpha_dropout(x, 0.5, training=True).array
    same = np.ptp(z, axis=2) < 1e-12
    assert 30 < same.sum() < 98


@pytest.mark.parametrize(("mode", "kinds"), [("row", 2), ("batch", 1)])
def test_branches_are_left_out_by_image_or_for_all(mode, kinds):
    ops.manual_seed(0)
    x = Tensor(np.ones((200, 2, 3))).requires_grad_()
    z = ops.stochastic_depth(x, 0.25, mode)
    per_image = z.detach().array.reshape(200, 6)
    assert np.ptp(per_image, axis=1).max() == 0
    assert len(np.unique(per_image)) == kinds
    assert set(np.unique(per_image)) <= {0.0, 1 / 0.75}
    np.testing.assert_array_equal(grad(z.sum(), x)[0].array, z.detach().array)
    assert ops.stochastic_depth(x, 0.25, mode, training=False) is x
    assert not ops.stochastic_depth(x, 1.0, mode).array.any()
    if mode == "row":
        assert 0.65 < (per_image[:, 0] > 0).mean() < 0.85


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (
            lambda x: ops.stochastic_depth(x, 0.5, "image"),
            ArgumentError,
            "stochastic_depth: mode is 'image'; it must be 'batch' or 'row'",
        ),
        (
            lambda x: ops.stochastic_depth(x, 1.5, "row"),
            ArgumentError,
            "stochastic_depth: p is 1.5; it must be from 0 to 1",
        ),
        (
            lambda x: ops.stochastic_depth(x[0], 0.5, "row"),
            ShapeError,
            "stochastic_depth: x is 0-d; it must be (N, ...)",
        ),
        (lambda x: ops.rrelu(x, 0.5, 0.1), ArgumentError, "rrelu: lower is 0.5; it must not be above upper 0.1"),
        (lambda x: ops.softshrink(x, -1), ArgumentError, "softshrink: lambd is -1; it must not be below 0"),
        (
            lambda x: ops.alpha_dropout(x, 2.0, training=True),
            ArgumentError,
            "alpha_dropout: p is 2.0; it must be from 0 to 1",
        ),
        (
            lambda x: ops.feature_alpha_dropout(x),
            ShapeError,
            "feature_alpha_dropout: x is 1-d (3,); it must be (N, C, ...)",
        ),
    ],
)
def test_what_is_refused(call, error, text):
    with pytest.raises(error) as caught:
        call(np.ones(3))
    assert str(caught.value) == text
