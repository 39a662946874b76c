"""Batch norm and standardisation through oneDNN against the NumPy kernels."""

from __future__ import annotations

import numpy as np
import pytest

from autocnn.backend.onednn import normalization, pixels

from . import reference as kernels

SHAPES = [(5, 3), (4, 3, 7), (3, 5, 6, 4), (2, 3, 3, 4, 5), (1, 2, 3, 3), (13, 16, 9, 9), (3, 600, 2, 1)]
EPS = 1e-5


@pytest.fixture
def problem(draw):
    def made(shape, affine=True, last=True):
        x, g = draw(*shape, last=last) * 3 + 5, draw(*shape, last=last)
        return x, g, *((draw(shape[1]), draw(shape[1])) if affine else (None, None))

    return made


def close(mine, kernel, atol=2e-5):
    assert mine is not None, "oneDNN did not serve"
    np.testing.assert_allclose(mine, kernel, rtol=2e-4, atol=atol)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("affine", [True, False])
@pytest.mark.parametrize("last", [True, False], ids=["channels_last", "c_order"])
def test_batch_norm(shape, affine, last, problem):
    x, g, w, b = problem(shape, affine, last)
    expected = kernels.batch_norm(np, x, w, b, eps=EPS)
    for mine, kernel in zip(normalization.batch_norm(x, w, b, eps=EPS), expected, strict=True):
        close(mine, kernel)
    _, mean, var = expected
    backward = normalization.batch_norm_backward(g, x, w, mean, var, eps=EPS)
    for mine, kernel in zip(backward, kernels.batch_norm_backward(np, g, x, w, mean, var, eps=EPS), strict=True):
        close(mine, kernel, 1e-4)


def test_results_of_batch_norm_survive_the_next_one(problem):
    x, g, w, b = problem((3, 5, 6, 4))
    z, mean, var = normalization.batch_norm(x, w, b, eps=EPS)
    results = (z, mean, var, *normalization.batch_norm_backward(g, x, w, mean, var, eps=EPS))
    before = [result.copy() for result in results]
    normalization.batch_norm(x + 1, -w, -b, eps=EPS)
    normalization.batch_norm_backward(-g, x + 1, -w, mean + 1, var, eps=EPS)
    for result, kept in zip(results, before, strict=True):
        np.testing.assert_array_equal(result, kept)


@pytest.mark.parametrize("shape", SHAPES)
def test_batch_norm_with_relu(shape, problem):
    x, g, w, b = problem(shape)
    expected, mean, var = kernels.batch_norm(np, x, w, b, eps=EPS)
    z, _, _, positive = normalization.batch_norm(x, w, b, eps=EPS, relu=True)
    close(z, np.maximum(expected, 0))
    backward = normalization.batch_norm_backward(g, x, w, mean, var, eps=EPS, positive=positive)
    slow = kernels.batch_norm_backward(np, g * (z > 0), x, w, mean, var, eps=EPS)
    for mine, kernel in zip(backward, slow, strict=True):
        close(mine, kernel, 1e-4)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("relu", [True, False])
def test_batch_norm_with_given_statistics(shape, relu, problem):
    x, _, w, b = problem(shape)
    mean, var = np.full_like(b, 4.0), np.abs(w) + 1
    z = kernels.batch_norm_inference(np, x, w, b, mean, var, eps=EPS)
    mine = normalization.batch_norm_inference(x, w, b, mean, var, eps=EPS, relu=relu)
    close(mine, np.maximum(z, 0) if relu else z)


def test_batch_norm_leaves_channels_far_from_zero(draw):
    assert normalization.batch_norm(draw(8, 3, 4, 4) + 100, None, None, eps=EPS) is None


def test_batch_norm_does_not_make_zeros_of_nan(draw):
    x, w = draw(8, 3, 4, 4), draw(3)
    x[0, 0, 0, 0] = np.nan
    assert normalization.batch_norm(x, None, None, eps=EPS, relu=True) is None
    w[0] = np.nan
    assert normalization.batch_norm(draw(8, 3, 4, 4), w, None, eps=EPS, relu=True) is None


def test_what_batch_norm_does_not_serve(draw):
    x, w = draw(8, 3, 4, 4), draw(3)
    assert normalization.batch_norm(x[:0], w, w, eps=EPS) is None
    assert normalization.batch_norm(x.astype(np.float64), None, None, eps=EPS) is None
    assert normalization.batch_norm(x, draw(4), None, eps=EPS) is None
    assert normalization.batch_norm_inference(x, w, w, w, draw(2), eps=EPS) is None
    assert normalization.batch_norm_backward(x[:1], x, w, w, w, eps=EPS) is None
    assert normalization.batch_norm_backward(x, x, w, w, w, eps=EPS, positive=np.zeros(1, np.uint8)) is None


FOLDED = [
    (4, 36, 32, 18),
    (64, 28, 7, 9),
    (32, 6, 19, 19),
    (100, 9, 4, 4, 5),
    (16, 3, 1600),
    (16384, 5),
    (65536, 1),
]


@pytest.mark.parametrize("shape", FOLDED)
@pytest.mark.parametrize("last", [True, False], ids=["channels_last", "c_order"])
@pytest.mark.parametrize("offset", [0.0, 20.0])
def test_pixels_seen_as_one_give_what_a_formula_in_float64_gives(shape, last, offset, draw):
    x, g = 2 * draw(*shape, last=last) + np.float32(offset), draw(*shape, last=last)
    w, b = draw(shape[1]), draw(shape[1])
    assert pixels.folded(shape)[0] > 1
    for relu in (False, True):
        z, mean, var, *positive = normalization.batch_norm(x, w, b, eps=EPS, relu=relu)
        upstream = np.where(z > 0, g, 0) if relu else g
        back = normalization.batch_norm_backward(
            g, x, w, mean, var, eps=EPS, positive=positive[0] if relu else None
        )
        expected = exactly(upstream, x, w, b)
        expected[0] = np.maximum(expected[0], 0) if relu else expected[0]
        for mine, exact in zip((z, mean, var, *back), expected, strict=True):
            assert mine.shape == exact.shape
            assert np.abs(mine - exact).max() <= 2e-5 * np.abs(exact).max()
    given = normalization.batch_norm_inference(x, w, b, mean, var, eps=EPS, relu=True)
    assert np.abs(given - z).max() <= 2e-5 * np.abs(z).max()


def exactly(g, x, w, b):
    """Batch norm and its cotangents in float64: z, mean, var, gx, gw, gb."""
    axes = (0, *range(2, x.ndim))
    g, x = g.astype(np.float64), x.astype(np.float64)
    w, b = (v.reshape(-1, *(1,) * (x.ndim - 2)) for v in (w, b))
    mean, var = x.mean(axes, keepdims=True), x.var(axes, keepdims=True)
    invstd = 1 / np.sqrt(var + EPS)
    y = (x - mean) * invstd
    gx = w * invstd * (g - g.mean(axes, keepdims=True) - y * (g * y).mean(axes, keepdims=True))
    return [w * y + b, mean.ravel(), var.ravel(), gx, (g * y).sum(axes), g.sum(axes)]


@pytest.mark.parametrize("shape", FOLDED[:3])
def test_pixels_seen_as_one_with_relu_are_what_they_are_without(shape, draw):
    x, g, w, b = draw(*shape), draw(*shape), draw(shape[1]), draw(shape[1])
    z, mean, var = normalization.batch_norm(x, w, b, eps=EPS)
    rectified, *same, positive = normalization.batch_norm(x, w, b, eps=EPS, relu=True)
    for mine, plain in zip((rectified, *same), (np.maximum(z, 0), mean, var), strict=True):
        np.testing.assert_array_equal(mine, plain)
    both = normalization.batch_norm_backward(g, x, w, mean, var, eps=EPS, positive=positive)
    apart = normalization.batch_norm_backward(np.where(z > 0, g, 0), x, w, mean, var, eps=EPS)
    for mine, plain in zip(both, apart, strict=True):
        np.testing.assert_array_equal(mine, plain)


@pytest.mark.parametrize("strange", [np.nan, np.inf, -np.inf, 3e38])
def test_pixels_seen_as_one_lose_nothing_strange(strange, draw):
    x, g, w, b = draw(*FOLDED[0]), draw(*FOLDED[0]), draw(36), draw(36)
    _, mean, var = normalization.batch_norm(x, w, b, eps=EPS)
    g[1, 7, 3, 2] = strange
    mine = normalization.batch_norm_backward(g, x, w, mean, var, eps=EPS)
    with np.errstate(all="ignore"):
        slow = kernels.batch_norm_backward(np, g, x, w, mean, var, eps=EPS)
    for one, other in zip(mine, slow, strict=True):
        np.testing.assert_array_equal(np.isfinite(one), np.isfinite(other))
    x[1, 7, 3, 2] = strange
    with np.errstate(over="ignore", invalid="ignore"):
        assert normalization.batch_norm(x, w, b, eps=EPS) is None
        assert normalization.batch_norm(x, w, b, eps=EPS, relu=True) is None


@pytest.mark.parametrize("shape", [(3, 36, 25, 25), (64, 24, 32, 2), (2, 3, 8, 8)])
def test_pixels_that_are_odd_in_number_or_few_or_fill_registers_stay_alone(shape):
    assert pixels.folded(shape) == (1, shape)


def test_pixels_of_channels_far_from_zero_are_not_seen_as_one(draw):
    x, g, w = draw(*FOLDED[0]) + 100, draw(*FOLDED[0]), draw(36)
    _, mean, var = kernels.batch_norm(np, x, w, w, eps=EPS)
    assert normalization.batch_norm(x, w, w, eps=EPS) is None
    assert normalization.batch_norm_backward(g, x, w, mean, var, eps=EPS) is None


@pytest.mark.parametrize(("shape", "axes"), [((4, 7), (1,)), ((3, 4, 5), (1, 2)), ((2, 3, 4, 5), (1, 2, 3))])
def test_standardisation_over_the_last_axes(shape, axes, draw):
    x, g = draw(*shape, last=False) * 2 + 3, draw(*shape, last=False)
    z, (mean, invstd) = kernels.standardize(np, x, axes=axes, eps=EPS)
    mine, (my_mean, my_invstd) = normalization.standardize(x, axes=axes, eps=EPS)
    for one, other in ((mine, z), (my_mean, mean), (my_invstd, invstd)):
        close(one, other)
    gx = kernels.standardize_backward(np, g, x, mean, invstd, axes=axes)
    close(normalization.standardize_backward(g, x, mean, invstd, axes=axes), gx)


def test_standardisation_of_constant_rows(draw):
    x, g = np.ones((3, 8), np.float32), draw(3, 8)
    _, (mean, invstd) = normalization.standardize(x, axes=(1,), eps=EPS)
    gx = normalization.standardize_backward(g, x, mean, invstd, axes=(1,))
    close(gx, kernels.standardize_backward(np, g, x, mean, invstd, axes=(1,)), 1e-3)


def test_standardisation_over_other_axes_is_not_served(draw):
    assert normalization.standardize(draw(3, 4, 5), axes=(1,), eps=EPS) is None
    assert normalization.standardize(draw(3, 4, 5)[:0], axes=(2,), eps=EPS) is None
