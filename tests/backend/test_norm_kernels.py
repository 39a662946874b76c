"""Batch norm and fold kernels against PyTorch."""

from __future__ import annotations

import numpy as np
import pytest

from autocnn.backend import kernels

SHAPES = [(5, 3), (4, 3, 7), (3, 5, 6, 4), (2, 3, 3, 4, 5), (1, 2, 3, 3), (130, 70, 9, 9), (3, 600, 2, 1)]


@pytest.mark.torch
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("affine", [True, False])
def test_batch_norm_equals_pytorch(shape, affine):
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(0)
    x, g = rng.standard_normal(shape) * 3 + 5, rng.standard_normal(shape)
    w, b = (rng.standard_normal(shape[1]) for _ in range(2)) if affine else (None, None)
    z, mean, var = kernels.batch_norm(np, x, w, b, eps=1e-5)
    gx, gw, gb = kernels.batch_norm_backward(np, g, x, w, mean, var, eps=1e-5)
    tx = torch.tensor(x, requires_grad=True)
    tw, tb = (torch.tensor(a, requires_grad=True) if affine else None for a in (w, b))
    tz = torch.nn.functional.batch_norm(tx, None, None, tw, tb, training=True)
    np.testing.assert_allclose(z, tz.detach().numpy(), atol=1e-10)
    inputs = (tx, tw, tb) if affine else (tx,)
    expected = torch.autograd.grad(tz, inputs, torch.tensor(g))
    for mine, theirs in zip((gx, gw, gb), expected, strict=False):
        np.testing.assert_allclose(mine, theirs.numpy(), atol=1e-9)


def test_statistics_survive_a_large_mean_in_float32():
    x = (np.random.default_rng(0).standard_normal((64, 2, 32, 32)) + 1e4).astype(np.float32)
    _, mean, var = kernels.batch_norm(np, x, None, None, eps=0.0)
    exact = x.astype(np.float64)
    np.testing.assert_allclose(mean, exact.mean((0, 2, 3)), rtol=1e-6)
    np.testing.assert_allclose(var, exact.var((0, 2, 3)), rtol=1e-3)


def test_inference_uses_the_given_statistics():
    x = np.arange(12.0).reshape(2, 3, 2)
    w, b, mean, var = np.ones(3) * 2, np.ones(3), np.arange(3.0), np.ones(3) * 4
    z = kernels.batch_norm_inference(np, x, w, b, mean, var, eps=0.0)
    np.testing.assert_allclose(z, x - mean[:, None] + 1)


@pytest.mark.parametrize("shape", [(0, 3, 4, 4), (0, 3)])
def test_empty_batch(shape):
    x = np.ones(shape, np.float32)
    z, mean, var = kernels.batch_norm(np, x, None, None, eps=1e-5)
    gx, gw, _ = kernels.batch_norm_backward(np, z, x, None, mean, var, eps=1e-5)
    assert (z.shape, gx.shape, gw.shape) == (shape, shape, (3,))


@pytest.mark.torch
@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("padding", [0, 1])
@pytest.mark.parametrize("dilation", [1, 2])
def test_unfold_and_fold_equal_pytorch(stride, padding, dilation):
    torch = pytest.importorskip("torch")
    x = np.random.default_rng(0).standard_normal((2, 3, 7, 6))
    how = {
        "kernel": (3, 2),
        "stride": (stride,) * 2,
        "padding": ((padding, padding),) * 2,
        "dilation": (dilation,) * 2,
    }
    names = {"dilation": dilation, "padding": padding, "stride": stride}
    columns = kernels.unfold(np, x, **how)
    expected = torch.nn.functional.unfold(torch.tensor(x), (3, 2), **names)
    np.testing.assert_array_equal(columns, expected.numpy())
    back = kernels.fold(np, columns, shape=x.shape, **how)
    np.testing.assert_allclose(back, torch.nn.functional.fold(expected, (7, 6), (3, 2), **names).numpy())


@pytest.mark.torch
@pytest.mark.parametrize("axes", [(1,), (2, 3), (1, 2, 3), (3,)])
def test_standardize_equals_its_formula_and_pytorchs_gradient(axes):
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(0)
    x, g = rng.standard_normal((3, 4, 5, 6)), rng.standard_normal((3, 4, 5, 6))
    z, (mean, invstd) = kernels.standardize(np, x, axes=axes, eps=1e-5)
    tx = torch.tensor(x, requires_grad=True)
    tz = (tx - tx.mean(axes, keepdim=True)) / (tx.var(axes, keepdim=True, correction=0) + 1e-5).sqrt()
    np.testing.assert_allclose(z, tz.detach().numpy(), atol=1e-12)
    (expected,) = torch.autograd.grad(tz, tx, torch.tensor(g))
    gx = kernels.standardize_backward(np, g, x, mean, invstd, axes=axes)
    np.testing.assert_allclose(gx, expected.numpy(), atol=1e-12)


@pytest.mark.parametrize("shape", SHAPES)
def test_channel_sum(shape):
    x = np.random.default_rng(0).standard_normal(shape)
    expected = x.sum(tuple(axis for axis in range(len(shape)) if axis != 1))
    np.testing.assert_allclose(kernels.channel_sum(np, x), expected, atol=1e-9)
