"""Convolution through oneDNN against the NumPy kernels."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autocnn.backend import geometry
from autocnn.backend.onednn import convolution

from . import reference as kernels

# x, w, stride, padding, dilation, groups
CASES = {
    "same": ((2, 16, 8, 8), (16, 16, 3, 3), (1, 1), ((1, 1), (1, 1)), (1, 1), 1),
    "strided": ((2, 16, 9, 8), (32, 16, 3, 3), (2, 2), ((1, 1), (1, 1)), (1, 1), 1),
    "colours": ((3, 3, 9, 8), (16, 3, 5, 3), (1, 2), ((2, 2), (1, 1)), (1, 1), 1),
    "odd": ((1, 5, 7, 6), (7, 5, 2, 3), (3, 1), ((0, 1), (2, 0)), (1, 2), 1),
    "groups": ((2, 6, 9, 8), (4, 3, 3, 2), (1, 1), ((1, 1), (1, 1)), (1, 1), 2),
    "depthwise": ((2, 6, 9, 8), (6, 1, 3, 3), (1, 1), ((1, 1), (1, 1)), (2, 2), 6),
    "multiplier": ((2, 6, 9, 8), (12, 1, 3, 3), (2, 2), ((1, 1), (1, 1)), (1, 1), 6),
    "pointwise": ((2, 16, 8, 8), (8, 16, 1, 1), (2, 2), ((0, 0), (0, 0)), (1, 1), 1),
    "line": ((1, 5, 7), (4, 5, 3), (2,), ((1, 1),), (1,), 1),
    "volume": ((2, 4, 5, 6, 7), (6, 4, 3, 2, 3), (1, 1, 1), ((1, 1), (0, 0), (1, 1)), (1, 1, 1), 1),
    "one pixel": ((2, 8, 1, 1), (4, 8, 1, 1), (1, 1), ((0, 0), (0, 0)), (1, 1), 1),
}


def close(mine, kernel, scale=1.0):
    assert mine is not None, "oneDNN did not serve"
    assert mine.shape == kernel.shape
    assert mine.dtype == np.float32
    np.testing.assert_allclose(mine, kernel, rtol=1e-4, atol=2e-5 * scale)


def described(case):
    x, w, stride, padding, dilation, groups = case
    how = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
    counts = geometry.windows(x[2:], w[2:], stride, padding, dilation)
    return x, w, (x[0], w[0], *counts), how


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
@pytest.mark.parametrize("last", [True, False], ids=["channels_last", "c_order"])
def test_the_trio_equals_the_numpy_kernels(case, last, draw):
    x_shape, w_shape, z_shape, how = described(case)
    x, w, b, g = draw(*x_shape, last=last), draw(*w_shape, last=last), draw(w_shape[0]), draw(*z_shape, last=last)
    close(convolution.conv(x, w, b, **how), kernels.conv(np, x, w, b, **how))
    close(convolution.conv(x, w, **how), kernels.conv(np, x, w, **how))
    close(convolution.conv_input(g, w, shape=x.shape, **how), kernels.conv_input(np, g, w, shape=x.shape, **how))
    gw, gb = convolution.conv_weight(g, x, shape=w.shape, bias=True, **how)
    close(gw, kernels.conv_weight(np, g, x, shape=w.shape, **how), 10)
    close(gb, kernels.channel_sum(np, g), 10)
    close(convolution.conv_weight(g, x, shape=w.shape, **how), gw)


def test_results_are_channels_last(draw):
    x_shape, w_shape, _, how = described(CASES["same"])
    z = convolution.conv(draw(*x_shape), draw(*w_shape), **how)
    assert z.strides == kernels.empty(z.shape, z.dtype, np).strides


def test_a_relu_may_follow(draw):
    x_shape, w_shape, _, how = described(CASES["strided"])
    x, w, b = draw(*x_shape), draw(*w_shape), draw(w_shape[0])
    z = convolution.conv(x, w, b, relu=True, **how)
    close(z, np.maximum(kernels.conv(np, x, w, b, **how), 0))


@given(
    st.tuples(st.integers(1, 3), st.integers(1, 4), st.integers(1, 3), st.integers(1, 3)),
    st.tuples(*[st.tuples(st.integers(1, 9), st.integers(1, 4), st.integers(1, 3), st.integers(1, 2))] * 2),
    st.tuples(*[st.tuples(st.integers(0, 3), st.integers(0, 3))] * 2),
)
def test_any_window_is_served_rightly_or_not_at_all(sizes, axes, padding):
    (n, c, o, groups), (space, kernel, stride, dilation) = sizes, zip(*axes, strict=True)
    counts = geometry.windows(space, kernel, stride, padding, dilation)
    if min(counts) < 1:
        return
    rng = np.random.default_rng(0)
    x = rng.standard_normal((n, c * groups, *space), dtype=np.float32)
    w = rng.standard_normal((o * groups, c, *kernel), dtype=np.float32)
    g = rng.standard_normal((n, o * groups, *counts), dtype=np.float32)
    how = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
    pairs = [
        (convolution.conv(x, w, **how), kernels.conv(np, x, w, **how)),
        (
            convolution.conv_input(g, w, shape=x.shape, **how),
            kernels.conv_input(np, g, w, shape=x.shape, **how),
        ),
        (
            convolution.conv_weight(g, x, shape=w.shape, **how),
            kernels.conv_weight(np, g, x, shape=w.shape, **how),
        ),
    ]
    for mine, kernel in pairs:
        if mine is not None:
            close(mine, kernel)


@pytest.mark.parametrize("name", ["every other", "reversed", "broadcast", "overlapping", "unaligned"])
def test_arrays_of_any_layout(name, draw):
    x_shape, _, _, how = described(CASES["same"])
    big = draw(2, 32, 16, 16)
    raw = np.zeros(np.prod(x_shape) * 4 + 1, np.uint8)
    x = {
        "every other": big[:, ::2, ::2, 4:12],
        "reversed": big[:, 15::-1, 7::-1, :8],
        "broadcast": np.broadcast_to(big[:1, :1, :8, :8], x_shape),
        "overlapping": np.lib.stride_tricks.as_strided(big, x_shape, (16, 4, 32, 4)),
        "unaligned": raw[1:].view(np.float32).reshape(x_shape),
    }[name]
    w = draw(32, 16, 3, 3)[::2]
    mine = convolution.conv(x, w, **how)
    if name == "unaligned":
        assert mine is None
    else:
        close(mine, kernels.conv(np, x, w, **how))


def test_what_is_not_served(draw):
    x_shape, w_shape, z_shape, how = described(CASES["same"])
    x, w, g = draw(*x_shape), draw(*w_shape), draw(*z_shape)
    assert convolution.conv(x.astype(np.float64), w, **how) is None
    assert convolution.conv(x, w.astype(np.float64), **how) is None
    assert convolution.conv(x.astype(">f4"), w, **how) is None
    assert convolution.conv(x[:0], w, **how) is None
    cropped = {**how, "padding": ((1, -1), (1, 1))}
    assert convolution.conv(x, w, **cropped) is None
    assert convolution.conv_input(g[:0], w, shape=(0, *x.shape[1:]), **how) is None
    assert convolution.conv_weight(g[:0], x[:0], shape=w.shape, **how) is None


def test_shapes_that_do_not_fit_never_reach_the_library(draw):
    x_shape, w_shape, z_shape, how = described(CASES["same"])
    x, w, g = draw(*x_shape), draw(*w_shape), draw(*z_shape)
    assert convolution.conv(x[:, :8], w, **how) is None
    assert convolution.conv(x, w, draw(w_shape[0] + 1), **how) is None
    assert convolution.conv_input(g[:, :, 1:], w, shape=x.shape, **how) is None
    assert convolution.conv_weight(g[:1], x, shape=w.shape, **how) is None
    assert convolution.conv_weight(g, x, shape=(*w.shape[:2], 5, 5), **how) is None


def test_weights_may_change_between_calls(draw):
    x_shape, w_shape, _, how = described(CASES["same"])
    x, w = draw(*x_shape), draw(*w_shape)
    before = convolution.conv(x, w, **how)
    w *= 2
    close(convolution.conv(x, w, **how), before * 2)


def test_weights_of_one_shape_may_be_frozen_and_not(draw):
    x_shape, w_shape, _, how = described(CASES["same"])
    x, several = draw(*x_shape), [draw(*w_shape) for _ in range(4)]
    for w in several[1:3]:
        w.flags.writeable = False
    for w in several * 2:
        close(convolution.conv(x, w, **how), kernels.conv(np, x, w, **how))
        gx = kernels.conv_input(np, x, w, shape=x.shape, **how)
        close(convolution.conv_input(x, w, shape=x.shape, **how), gx, 10)


NARROW = {
    "grey": ((16, 1, 20, 20), (8, 1, 5, 5), (1, 1), ((0, 0), (0, 0)), (1, 1), 1),
    "colours": ((16, 3, 18, 20), (8, 3, 3, 3), (1, 1), ((1, 1), (1, 1)), (1, 1), 1),
    "strided": ((16, 2, 33, 40), (16, 2, 3, 7), (2, 2), ((1, 0), (3, 3)), (1, 1), 1),
    "steps longer than the kernel": ((16, 2, 20, 61), (16, 2, 3, 2), (1, 3), ((1, 1), (0, 0)), (1, 1), 1),
    "far apart": ((16, 1, 20, 30), (8, 1, 3, 4), (1, 2), ((0, 2), (5, 1)), (2, 3), 1),
    "more padding than image": ((64, 1, 24, 3), (8, 1, 3, 3), (1, 1), ((0, 0), (7, 6)), (1, 1), 1),
    "line": ((16, 1, 300), (8, 1, 9), (1,), ((4, 4),), (1,), 1),
    "volume": ((4, 2, 8, 9, 20), (8, 2, 3, 2, 5), (1, 1, 1), ((1, 1), (0, 0), (2, 2)), (1, 1, 1), 1),
}


@pytest.mark.parametrize("case", NARROW.values(), ids=NARROW)
def test_the_adjoint_for_few_channels(case, draw, monkeypatch):
    x_shape, w_shape, z_shape, how = described(case)
    w, g = draw(*w_shape, last=False), draw(*z_shape)
    assert g.size >= convolution._FEW
    by_taps = convolution.conv_input(g, w, shape=x_shape, **how)
    close(by_taps, kernels.conv_input(np, g, w, shape=x_shape, **how), scale=4)
    monkeypatch.setattr(convolution, "_FEW", 1 << 40)
    close(by_taps, convolution.conv_input(g, w, shape=x_shape, **how), scale=4)
