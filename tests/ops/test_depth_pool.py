"""Averages that favour the centre, pooling over channels, L2 and global pooling: each against NumPy's windows."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view

from autocnn import nn, ops
from autocnn.engine import Tensor, grad
from autocnn.errors import ArgumentError, DTypeError, ShapeError
from autocnn.testing import gradcheck


def image(*shape):
    return np.random.default_rng(3).standard_normal(shape)


def windows(x, kernel, stride, padding=(0, 0), fill=0.0):
    """Every window of the two last axes: (..., oh, ow, kh, kw)."""
    sides = [(0, 0)] * (x.ndim - 2) + [(p, p) for p in padding]
    found = sliding_window_view(np.pad(x, sides, constant_values=fill), kernel, axis=(-2, -1))
    return found[..., :: stride[0], :: stride[1], :, :]


@pytest.mark.parametrize("power", [0.0, 0.5, 1.0, 3.0])
@pytest.mark.parametrize(
    ("kernel", "stride", "padding"), [((3, 3), (3, 3), (0, 0)), ((2, 3), (1, 2), (1, 1)), ((4, 1), (2, 1), (2, 0))]
)
def test_distance_weighted_average_is_numpys(kernel, stride, padding, power):
    x = image(2, 3, 7, 8)
    i, j = np.indices(kernel)
    weight = (1 + np.hypot(i - (kernel[0] - 1) / 2, j - (kernel[1] - 1) / 2)) ** -power
    seen = windows(x, kernel, stride, padding, fill=np.nan)
    expected = np.nansum(seen * weight, axis=(-2, -1)) / np.where(np.isnan(seen), 0, weight).sum((-2, -1))
    z = ops.distance_avg_pool2d(x, kernel, stride, padding, power)
    np.testing.assert_allclose(z.array, expected, rtol=1e-12, atol=1e-14)
    np.testing.assert_array_equal(ops.distance_avg_pool2d(x[0], kernel, stride, padding, power).array, z.array[0])


def test_power_0_is_the_average_and_a_large_one_the_centre():
    x = image(1, 2, 9, 9)
    plain = ops.avg_pool2d(x, 3, 2, 1, count_include_pad=False)
    np.testing.assert_allclose(ops.distance_avg_pool2d(x, 3, 2, 1, power=0).array, plain.array, rtol=1e-12)
    np.testing.assert_allclose(ops.distance_avg_pool2d(x, 3, power=200).array, x[:, :, 1::3, 1::3], rtol=1e-12)
    flat = ops.distance_avg_pool2d(np.full((1, 1, 5, 5), 7.0), 3, 1, 1)
    np.testing.assert_allclose(flat.array, 7.0, rtol=1e-14)
    assert ops.distance_avg_pool2d(np.ones((0, 2, 6, 6)), 3).shape == (0, 2, 2, 2)
    assert ops.distance_avg_pool2d(np.ones((1, 1, 4, 4), np.float32), 2).dtype == np.float32


@pytest.mark.parametrize(("kernel", "stride"), [(None, None), (2, None), (3, 1), (2, 3)])
@pytest.mark.parametrize("space", [(), (5,), (3, 4), (2, 3, 2)])
def test_pooling_over_channels_is_numpys(kernel, stride, space):
    x = image(2, 6, *space)
    k = kernel or 6
    seen = sliding_window_view(x, k, axis=1)[:, :: stride or k]
    np.testing.assert_array_equal(ops.depth_max_pool(x, kernel, stride).array, seen.max(-1))
    np.testing.assert_allclose(ops.depth_avg_pool(x, kernel, stride).array, seen.mean(-1), rtol=1e-12)


def test_l2_and_global_pooling_are_numpys():
    x = image(2, 3, 6, 6)
    norm = np.sqrt((windows(x, (2, 3), (2, 3)) ** 2).sum((-2, -1)))
    np.testing.assert_allclose(nn.LPPool2d(2, (2, 3))(Tensor(x)).array, norm, rtol=1e-12)
    np.testing.assert_allclose(ops.global_avg_pool(x).array, x.mean((2, 3), keepdims=True), rtol=1e-12)


def test_gradients_are_differences_to_second_order():
    x = Tensor(image(2, 4, 5, 5)).requires_grad_()
    for pool in (
        lambda x: ops.distance_avg_pool2d(x, 3, 2, 1, 1.5), lambda x: ops.depth_max_pool(x, 2),
        lambda x: ops.depth_avg_pool(x, 3, 1),
    ):  # fmt: skip
        assert gradcheck(pool, (x,))
    best = Tensor([[[1.0], [1.0], [0.0]]]).requires_grad_()
    assert grad(ops.depth_max_pool(best).sum(), best)[0].tolist() == [[[1.0], [0.0], [0.0]]]  # the first winner


def test_layers_do_what_the_functions_do():
    x = Tensor(image(2, 4, 6, 6))
    for layer, expected, said in (
        (nn.DistanceAvgPool2d(3, 1, 1, 2.0), ops.distance_avg_pool2d(x, 3, 1, 1, 2.0),
         "DistanceAvgPool2d(kernel_size=3, stride=1, padding=1, power=2.0)"),
        (nn.DepthMaxPool(2), ops.depth_max_pool(x, 2), "DepthMaxPool(kernel_size=2, stride=None)"),
        (nn.DepthAvgPool(), ops.depth_avg_pool(x), "DepthAvgPool(kernel_size=None, stride=None)"),
    ):  # fmt: skip
        np.testing.assert_array_equal(layer(x).array, expected.array)
        assert repr(layer) == said


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: ops.distance_avg_pool2d(np.ones((1, 1, 4, 4), int), 2), DTypeError, "means need fractions"),
        (lambda: ops.distance_avg_pool2d(np.ones((1, 1, 4, 4)), 2, padding=2), ArgumentError, "half of kernel 2"),
        (lambda: ops.distance_avg_pool2d(np.ones((1, 1, 4, 4)), 5), ShapeError, "kernel 5x5"),
        (lambda: ops.distance_avg_pool2d(np.ones((1, 1, 4, 4)), 2, power=np.inf), ArgumentError, "power is inf"),
        (lambda: ops.depth_max_pool(np.ones((1, 2, 3)), 3), ShapeError, "kernel_size is 3; x (1, 2, 3) has 2"),
        (lambda: ops.depth_avg_pool(np.ones(3)), ShapeError, "x is 1-d (3,); it must be (N, C, ...)"),
    ],
)  # fmt: skip
def test_what_is_refused(call, error, words):
    with pytest.raises(error) as caught:
        call()
    assert words in str(caught.value)
