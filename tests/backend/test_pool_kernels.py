"""Pooling kernels against PyTorch and against their own adjoint laws."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autocnn.backend import kernels


@st.composite
def pools(draw, dilated=True):
    """An input and the parameters of a pooling that PyTorch accepts."""
    ndim = draw(st.integers(1, 3))
    kernel = tuple(draw(st.integers(1, 3)) for _ in range(ndim))
    stride = tuple(draw(st.integers(1, 3)) for _ in range(ndim))
    dilation = tuple(draw(st.integers(1, 2)) if dilated else 1 for _ in range(ndim))
    padding = tuple(draw(st.integers(0, k // 2)) for k in kernel)
    space = tuple(d * (k - 1) + 1 + draw(st.integers(0, 4)) for k, d in zip(kernel, dilation, strict=True))
    rng = np.random.default_rng(draw(st.integers(0, 99)))
    x = rng.integers(-3, 3, (draw(st.integers(1, 3)), draw(st.integers(1, 4)), *space)).astype(float)
    how = {"kernel": kernel, "stride": stride, "padding": padding, "ceil_mode": draw(st.booleans())}
    return (x, how | {"dilation": dilation}) if dilated else (x, how)


def max_by_torch(x, how):
    torch = pytest.importorskip("torch")
    op = getattr(torch.nn.functional, f"max_pool{x.ndim - 2}d")
    tx = torch.tensor(x, requires_grad=True)
    z, indices = op(
        tx,
        how["kernel"],
        how["stride"],
        how["padding"],
        how["dilation"],
        how["ceil_mode"],
        return_indices=True,
    )
    return tx, z, indices


def without_ceil(how):
    return {key: value for key, value in how.items() if key != "ceil_mode"}


@pytest.mark.torch
@settings(max_examples=120, deadline=None)
@given(pools())
def test_max_pool_equals_pytorch_in_values_winners_and_gradients(problem):
    torch = pytest.importorskip("torch")
    x, how = problem
    tx, tz, indices = max_by_torch(x, how)
    z, winners = kernels.max_pool(np, x, **how)
    np.testing.assert_array_equal(z, tz.detach().numpy())
    flat = kernels.max_flat_indices(np, winners, space=x.shape[2:], **without_ceil(how))
    assert flat.dtype == np.int64
    np.testing.assert_array_equal(flat, indices.numpy())
    g = np.random.default_rng(1).standard_normal(z.shape)
    (expected,) = torch.autograd.grad(tz, tx, torch.tensor(g))
    gx = kernels.max_scatter(np, g, winners, shape=x.shape, **without_ceil(how))
    np.testing.assert_allclose(gx, expected.numpy(), atol=1e-12)


@settings(max_examples=80, deadline=None)
@given(pools())
def test_max_scatter_and_take_are_adjoint_and_take_gives_the_maxima(problem):
    x, how = problem
    z, winners = kernels.max_pool(np, x, **how)
    rest = without_ceil(how)
    np.testing.assert_array_equal(kernels.max_take(np, x, winners, **rest), z)
    g = np.random.default_rng(1).standard_normal(z.shape)
    gx = kernels.max_scatter(np, g, winners, shape=x.shape, **rest)
    np.testing.assert_allclose(np.vdot(gx, x), np.vdot(g, z), atol=1e-9)


@pytest.mark.torch
@settings(max_examples=120, deadline=None)
@given(pools(dilated=False), st.booleans(), st.sampled_from([None, 3]))
def test_average_equals_pytorch_and_its_adjoint(problem, count_include_pad, divisor):
    torch = pytest.importorskip("torch")
    x, how = problem
    tx = torch.tensor(x, requires_grad=True)
    op = getattr(torch.nn.functional, f"avg_pool{x.ndim - 2}d")
    extra = () if x.ndim == 3 else (divisor,)
    divisor = None if x.ndim == 3 else divisor
    tz = op(tx, how["kernel"], how["stride"], how["padding"], how["ceil_mode"], count_include_pad, *extra)
    rest = {"count_include_pad": count_include_pad, "divisor": divisor}
    z = kernels.average(np, x, **how, **rest)
    np.testing.assert_allclose(z, tz.detach().numpy(), atol=1e-12)
    g = np.random.default_rng(1).standard_normal(z.shape)
    (expected,) = torch.autograd.grad(tz, tx, torch.tensor(g))
    gx = kernels.average_spread(np, g, shape=x.shape, **without_ceil(how), **rest)
    np.testing.assert_allclose(gx, expected.numpy(), atol=1e-12)


HALVES = {"kernel": (2, 2), "stride": (2, 2), "padding": (0, 0), "dilation": (1, 1)}


def test_a_nan_wins_its_window():
    x = np.array([[3.0, np.nan], [5.0, 4.0]]).reshape(1, 1, 2, 2)
    z, winners = kernels.max_pool(np, x, ceil_mode=False, **HALVES)
    assert np.isnan(z).all()
    assert winners.item() == 1


def test_the_first_of_equals_wins():
    _, winners = kernels.max_pool(np, np.ones((1, 1, 2, 2)), ceil_mode=False, **HALVES)
    assert winners.item() == 0


@pytest.mark.parametrize("value", [-np.inf, np.iinfo(np.int8).min])
def test_padding_never_wins_even_over_the_lowest_value(value):
    x = np.full((1, 1, 3), value, np.int8 if value > -1000 else np.float64)
    how = {"kernel": (2,), "stride": (2,), "padding": (1,), "dilation": (1,)}
    _, winners = kernels.max_pool(np, x, ceil_mode=False, **how)
    flat = kernels.max_flat_indices(np, winners, space=(3,), **how)
    assert flat.ravel().tolist() == [0, 1]


def test_an_infinite_cotangent_stays_at_its_winner():
    x = np.arange(4.0).reshape(1, 1, 2, 2)
    _, winners = kernels.max_pool(np, x, ceil_mode=False, **HALVES)
    gx = kernels.max_scatter(np, np.full((1, 1, 1, 1), np.inf), winners, shape=x.shape, **HALVES)
    assert gx.ravel().tolist() == [0, 0, 0, np.inf]


def test_windows_of_more_than_256_offsets():
    x = np.arange(400.0).reshape(1, 1, 20, 20)
    how = {"kernel": (20, 20), "stride": (20, 20), "padding": (0, 0), "dilation": (1, 1)}
    z, winners = kernels.max_pool(np, x, ceil_mode=False, **how)
    assert (z.item(), winners.item()) == (399, 399)


def test_results_are_channels_last_and_keep_float32():
    x = np.ones((2, 3, 4, 4), np.float32)
    z, winners = kernels.max_pool(np, x, ceil_mode=False, **HALVES)
    mean = kernels.average(
        np,
        x,
        kernel=(2, 2),
        stride=(2, 2),
        padding=(0, 0),
        ceil_mode=False,
        count_include_pad=True,
        divisor=None,
    )
    gx = kernels.max_scatter(np, z, winners, shape=x.shape, **HALVES)
    for array in (z, mean, gx):
        assert array.dtype == np.float32
        assert np.shares_memory(array, kernels.channels_last(np, array))


def test_empty_batch():
    x = np.ones((0, 3, 4, 4))
    z, winners = kernels.max_pool(np, x, ceil_mode=False, **HALVES)
    assert z.shape == (0, 3, 2, 2)
    assert kernels.max_scatter(np, z, winners, shape=x.shape, **HALVES).shape == x.shape
