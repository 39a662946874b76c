"""The convolution trio against brute force, against PyTorch, and against each other's adjoint law."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autocnn.backend import geometry, kernels


def brute(x, w, stride, padding, dilation, groups):
    """Cross-correlation by its definition, one output element at a time."""
    counts = geometry.windows(x.shape[2:], w.shape[2:], stride, padding, dilation)
    frame = np.pad(x, ((0, 0), (0, 0), *padding))
    z = np.zeros((x.shape[0], w.shape[0], *counts), x.dtype)
    share, per_group = w.shape[1], w.shape[0] // groups
    for o, place in product(range(w.shape[0]), product(*map(range, counts))):
        first = o // per_group * share
        window = tuple(
            slice(i * s, i * s + d * (k - 1) + 1, d)
            for i, s, d, k in zip(place, stride, dilation, w.shape[2:], strict=True)
        )
        part = frame[(slice(None), slice(first, first + share), *window)]
        z[(slice(None), o, *place)] = (part * w[o]).sum(tuple(range(1, x.ndim)))
    return z


@st.composite
def problems(draw):
    """An input, a kernel and the parameters of a convolution that fits."""
    ndim = draw(st.integers(1, 3))
    each = st.integers(1, 3)
    kernel, stride, dilation = (tuple(draw(each) for _ in range(ndim)) for _ in range(3))
    padding = tuple((draw(st.integers(0, 3)), draw(st.integers(0, 3))) for _ in range(ndim))
    space = tuple(
        max(1, d * (k - 1) + 1 - lo - hi) + draw(st.integers(0, 4))
        for k, d, (lo, hi) in zip(kernel, dilation, padding, strict=True)
    )
    groups, share, per_group = draw(each), draw(st.sampled_from([1, 2, 9])), draw(each)
    rng = np.random.default_rng(draw(st.integers(0, 99)))
    x = rng.standard_normal((draw(st.integers(0, 3)), groups * share, *space))
    w = rng.standard_normal((groups * per_group, share, *kernel))
    if draw(st.booleans()):
        x = kernels.logical(np, kernels.channels_last(np, x))
    return x, w, {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}


@settings(max_examples=150, deadline=None)
@given(problems())
def test_conv_is_its_definition_and_the_trio_is_adjoint(problem):
    x, w, how = problem
    z = kernels.conv(np, x, w, **how)
    np.testing.assert_allclose(z, brute(x, w, **how), rtol=1e-12, atol=1e-12)
    g = np.random.default_rng(1).standard_normal(z.shape)
    gx = kernels.conv_input(np, g, w, shape=x.shape, **how)
    gw = kernels.conv_weight(np, g, x, shape=w.shape, **how)
    assert gx.shape == x.shape
    assert gw.shape == w.shape
    whole = np.vdot(z, g)
    np.testing.assert_allclose(np.vdot(gx, x), whole, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(np.vdot(gw, w), whole, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("ndim", [1, 2, 3])
@pytest.mark.parametrize("groups", [1, 2, 4])
def test_results_are_channels_last_and_keep_float32(ndim, groups):
    how = {"stride": (1,) * ndim, "padding": ((1, 1),) * ndim, "dilation": (1,) * ndim, "groups": groups}
    x = np.ones((2, 4, *(5,) * ndim), np.float32)
    w = np.ones((8, 4 // groups, *(3,) * ndim), np.float32)
    z = kernels.conv(np, x, w, np.ones(8, np.float32), **how)
    gx = kernels.conv_input(np, z, w, shape=x.shape, **how)
    gw = kernels.conv_weight(np, z, x, shape=w.shape, **how)
    for array in (z, gx):
        assert array.dtype == np.float32
        assert np.shares_memory(array, kernels.channels_last(np, array))
    assert gw.dtype == np.float32
    assert gw.flags.c_contiguous, "as weights are"


def test_bias_is_added_to_every_pixel():
    rng = np.random.default_rng(0)
    x, w, b = rng.standard_normal((3, 2, 5, 4)), rng.standard_normal((4, 2, 3, 3)), rng.standard_normal(4)
    how = {"stride": (1, 1), "padding": ((0, 0), (0, 0)), "dilation": (1, 1)}
    z = kernels.conv(np, x, w, b, groups=1, **how)
    np.testing.assert_allclose(z, kernels.conv(np, x, w, groups=1, **how) + b[:, None, None], rtol=1e-12)
    deep = kernels.conv(np, x, w[:, :1], b, groups=2, **how)
    bare = kernels.conv(np, x, w[:, :1], groups=2, **how)
    np.testing.assert_allclose(deep, bare + b[:, None, None], rtol=1e-12)


def test_negative_padding_crops():
    rng = np.random.default_rng(0)
    x, w = rng.standard_normal((2, 3, 7)), rng.standard_normal((4, 3, 3))
    how = {"stride": (1,), "dilation": (1,), "groups": 1}
    z = kernels.conv(np, x, w, padding=((-1, -2),), **how)
    np.testing.assert_allclose(z, kernels.conv(np, x[..., 1:-2], w, padding=((0, 0),), **how))
    g = rng.standard_normal(z.shape)
    gx = kernels.conv_input(np, g, w, shape=x.shape, padding=((-1, -2),), **how)
    np.testing.assert_allclose(np.vdot(gx, x), np.vdot(z, g))


def test_the_notes_three_by_three_image():
    image = np.arange(1.0, 10).reshape(1, 1, 3, 3)
    z = kernels.conv(np, image, image, stride=(1, 1), padding=((1, 1),) * 2, dilation=(1, 1), groups=1)
    assert z[0, 0].tolist() == [[94, 154, 106], [186, 285, 186], [106, 154, 94]]


@pytest.mark.torch
@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("dilation", [1, 2])
@pytest.mark.parametrize("groups", [1, 2, 6])
@pytest.mark.parametrize("ndim", [1, 2, 3])
def test_the_trio_equals_pytorch(ndim, stride, dilation, groups):
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(0)
    x = rng.standard_normal((2, 6, *(9, 8, 7)[:ndim]))
    w = rng.standard_normal((12, 6 // groups, *(3, 2, 3)[:ndim]))
    tx, tw = (torch.tensor(a, requires_grad=True) for a in (x, w))
    op = getattr(torch.nn.functional, f"conv{ndim}d")
    tz = op(tx, tw, stride=stride, padding=1, dilation=dilation, groups=groups)
    g = rng.standard_normal(tz.shape)
    tgx, tgw = torch.autograd.grad(tz, (tx, tw), torch.tensor(g))
    how = {
        "stride": (stride,) * ndim,
        "padding": ((1, 1),) * ndim,
        "dilation": (dilation,) * ndim,
        "groups": groups,
    }
    np.testing.assert_allclose(kernels.conv(np, x, w, **how), tz.detach().numpy(), atol=1e-12)
    np.testing.assert_allclose(kernels.conv_input(np, g, w, shape=x.shape, **how), tgx.numpy(), atol=1e-12)
    np.testing.assert_allclose(kernels.conv_weight(np, g, x, shape=w.shape, **how), tgw.numpy(), atol=1e-12)
