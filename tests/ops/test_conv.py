"""Convolutions against PyTorch over a grid, to the second derivative; the words of every refusal."""

from __future__ import annotations

import numpy as np
import pytest

from autocnn import ops
from autocnn.engine import Tensor, grad
from autocnn.errors import ArgumentError, DTypeError, ShapeError
from tests.ops.oracle import agree


def arrays(*shapes):
    rng = np.random.default_rng(1)
    return [rng.standard_normal(shape) for shape in shapes]


@pytest.mark.torch
@pytest.mark.parametrize("stride", [1, 2, (2, 3)])
@pytest.mark.parametrize("padding", [0, 1, (2, 1)])
@pytest.mark.parametrize("dilation", [1, (1, 2)])
@pytest.mark.parametrize(("channels", "groups", "out"), [(3, 1, 4), (4, 2, 6), (3, 3, 3), (2, 2, 6)])
def test_conv2d_equals_pytorch(stride, padding, dilation, channels, groups, out):
    torch = pytest.importorskip("torch")
    how = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
    x, w, b = arrays((2, channels, 7, 9), (out, channels // groups, 3, 2), (out,))
    agree(
        lambda x, w, b: ops.conv2d(x, w, b, **how),
        lambda x, w, b: torch.nn.functional.conv2d(x, w, b, **how),
        [x, w, b],
    )


@pytest.mark.torch
@pytest.mark.filterwarnings("ignore:Using padding=.same. with even kernel")
@pytest.mark.parametrize("kernel", [(1, 1), (7, 9), (1, 4), (5, 5)])
@pytest.mark.parametrize("padding", ["same", "valid", 0])
def test_conv2d_kernels_of_every_size(kernel, padding):
    torch = pytest.importorskip("torch")
    x, w = arrays((2, 3, 7, 9), (4, 3, *kernel))
    agree(
        lambda x, w: ops.conv2d(x, w, padding=padding),
        lambda x, w: torch.nn.functional.conv2d(x, w, padding=padding),
        [x, w],
    )


@pytest.mark.torch
@pytest.mark.parametrize("ndim", [1, 3])
@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("padding", [0, 1])
@pytest.mark.parametrize("groups", [1, 2])
def test_conv1d_and_conv3d_equal_pytorch(ndim, stride, padding, groups):
    torch = pytest.importorskip("torch")
    how = {"stride": stride, "padding": padding, "groups": groups}
    x, w, b = arrays((2, 4, *(6, 5, 7)[:ndim]), (6, 4 // groups, *(3, 2, 3)[:ndim]), (6,))
    mine, theirs = getattr(ops, f"conv{ndim}d"), getattr(torch.nn.functional, f"conv{ndim}d")
    agree(lambda x, w, b: mine(x, w, b, **how), lambda x, w, b: theirs(x, w, b, **how), [x, w, b])


@pytest.mark.torch
@pytest.mark.parametrize("ndim", [1, 2, 3])
@pytest.mark.parametrize(
    ("stride", "padding", "output_padding", "dilation", "groups"),
    [
        (1, 0, 0, 1, 1),
        (2, 1, 1, 1, 1),
        (3, 0, 2, 2, 2),
        (2, 2, 0, 1, 4),
        (1, 0, 1, 2, 1),
        (1, 1, 2, 3, 2),
        (2, 0, 1, 1, 4),
    ],
)
def test_conv_transpose_equals_pytorch(ndim, stride, padding, output_padding, dilation, groups):
    torch = pytest.importorskip("torch")
    how = {
        "stride": stride,
        "padding": padding,
        "output_padding": output_padding,
        "dilation": dilation,
        "groups": groups,
    }
    x, w, b = arrays((2, 4, *(4, 5, 3)[:ndim]), (4, 2, *(3, 2, 3)[:ndim]), (2 * groups,))
    mine = getattr(ops, f"conv_transpose{ndim}d")
    theirs = getattr(torch.nn.functional, f"conv_transpose{ndim}d")
    agree(lambda x, w, b: mine(x, w, b, **how), lambda x, w, b: theirs(x, w, b, **how), [x, w, b])


@pytest.mark.torch
@pytest.mark.parametrize("alone", [True, False])
def test_unfold_and_fold_equal_pytorch(alone):
    torch = pytest.importorskip("torch")
    x, columns = arrays((2, 3, 7, 6), (2, 12, 9))
    x, columns = (x[0], columns[0]) if alone else (x, columns)
    how = {"dilation": 2, "padding": 1, "stride": (1, 2)}
    agree(lambda x: ops.unfold(x, (3, 2), **how), lambda x: torch.nn.functional.unfold(x, (3, 2), **how), [x])
    agree(
        lambda x: ops.fold(x, (5, 4), 2, padding=(1, 0), stride=(2, 1)),
        lambda x: torch.nn.functional.fold(x, (5, 4), 2, padding=(1, 0), stride=(2, 1)),
        [columns],
    )


@pytest.mark.torch
def test_an_image_without_a_batch_axis():
    torch = pytest.importorskip("torch")
    x, w, b = arrays((3, 5, 5), (4, 3, 3, 3), (4,))
    agree(ops.conv2d, torch.nn.functional.conv2d, [x, w, b])
    x, w, b = arrays((3, 5), (3, 4, 3), (4,))
    agree(ops.conv_transpose1d, torch.nn.functional.conv_transpose1d, [x, w, b])


def test_asymmetric_and_full_padding():
    x, w = (Tensor(a) for a in arrays((1, 2, 4, 5), (3, 2, 2, 3)))
    frame = Tensor(np.pad(x.array, ((0, 0), (0, 0), (1, 0), (2, 3))))
    z = ops.conv2d(x, w, padding=((1, 0), (2, 3)))
    np.testing.assert_allclose(z.array, ops.conv2d(frame, w).array)
    assert ops.conv2d(x, w, padding="full").shape == (1, 3, 5, 7)


def test_float32_stays_float32_and_channels_last_through_both_passes():
    x, w = (Tensor(a.astype(np.float32)).requires_grad_() for a in arrays((2, 3, 8, 8), (4, 3, 3, 3)))
    z = ops.conv2d(x, w, padding=1)
    gx, gw = grad(z, [x, w], Tensor(z.array))
    for t in (z, gx, gw):
        assert t.dtype == np.float32
    for t in (z, gx):
        assert t.array.transpose(0, 2, 3, 1).flags.c_contiguous
    assert gw.array.flags.c_contiguous, "as its weight lies"


def test_only_what_the_rules_need_is_saved():
    x, w = (Tensor(a) for a in arrays((2, 3, 8, 8), (4, 3, 3, 3)))
    w.requires_grad_()
    z = ops.conv2d(x, w)
    assert [s is None for s in z.node().saved] == [False, True, True]


def test_an_empty_batch():
    x, w = Tensor(np.ones((0, 3, 5, 5))).requires_grad_(), Tensor(np.ones((4, 3, 3, 3))).requires_grad_()
    z = ops.conv2d(x, w)
    assert z.shape == (0, 4, 3, 3)
    gx, gw = grad(z, [x, w], Tensor(np.ones(z.shape)))
    assert gx.shape == x.shape
    assert not gw.array.any()


@pytest.mark.parametrize(
    ("x", "w", "how", "error", "text"),
    [
        (
            (1, 3, 5, 5),
            (2, 4, 3, 3),
            {},
            ShapeError,
            "conv2d: x has 3 channels (1, 3, 5, 5), w expects 4 (2, 4, 3, 3)",
        ),
        (
            (1, 1, 2, 2),
            (1, 1, 3, 3),
            {},
            ShapeError,
            "conv2d: kernel 3x3 (dilation 1) does not fit in 2x2 padded by 0",
        ),
        (
            (1, 1, 2, 4),
            (1, 1, 3, 3),
            {"padding": (0, 1), "dilation": (1, 2)},
            ShapeError,
            "conv2d: kernel 3x3 (dilation 1x2) does not fit in 2x4 padded by 0x1",
        ),
        ((5, 5), (1, 1, 3, 3), {}, ShapeError, "conv2d: x is 2-d (5, 5); it must be (N, C, H, W) or (C, H, W)"),
        ((1, 1, 5, 5), (1, 3, 3), {}, ShapeError, "conv2d: w is 3-d (1, 3, 3); it must have 4 axes"),
        ((1, 1, 5, 5), (1, 1, 3, 3), {"groups": 0}, ArgumentError, "conv2d: groups is 0; it must be at least 1"),
        (
            (1, 4, 5, 5),
            (3, 2, 3, 3),
            {"groups": 2},
            ShapeError,
            "conv2d: w has 3 output channels (3, 2, 3, 3); groups 2 must divide them",
        ),
        (
            (1, 1, 5, 5),
            (1, 1, 3, 3),
            {"stride": 0},
            ArgumentError,
            "conv2d: stride is 0; every number must be at least 1",
        ),
        (
            (1, 1, 5, 5),
            (1, 1, 3, 3),
            {"bias": np.ones(2)},
            ShapeError,
            "conv2d: bias is (2,); it must be (1,), one for each output channel",
        ),
        (
            (1, 1, 5, 5),
            (1, 1, 3, 3),
            {"bias": np.ones(1, np.float32)},
            DTypeError,
            "conv2d: x is float64 (1, 1, 5, 5), w is float64 (1, 1, 3, 3), bias is float32 (1,); they must agree."
            " Convert one with to(dtype)",
        ),
    ],
)
def test_conv2d_says_what_does_not_fit(x, w, how, error, text):
    with pytest.raises(error) as caught:
        ops.conv2d(np.ones(x), np.ones(w), **how)
    assert str(caught.value) == text


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (
            lambda: ops.conv_transpose1d(np.ones((1, 2, 4)), np.ones((3, 1, 2))),
            ShapeError,
            "conv_transpose1d: x has 2 channels (1, 2, 4), w expects 3 (3, 1, 2)",
        ),
        (
            lambda: ops.conv_transpose1d(np.ones((1, 2, 4)), np.ones((2, 1, 2)), output_padding=1),
            ArgumentError,
            "conv_transpose1d: output_padding is 1; it must be below stride 1 or dilation 1",
        ),
        (
            lambda: ops.conv_transpose1d(np.ones((1, 2, 1)), np.ones((2, 1, 2)), padding=1),
            ShapeError,
            "conv_transpose1d: the result of x (1, 2, 1), w (2, 1, 2) would be 0; pad less",
        ),
        (
            lambda: ops.fold(np.ones((1, 5, 9)), 4, 2),
            ShapeError,
            "fold: x is (1, 5, 9); output 4x4 and kernel 2x2 need a multiple of 4 rows and 9 columns",
        ),
        (
            lambda: ops.unfold(np.ones((1, 1, 2, 2)), 3),
            ShapeError,
            "unfold: kernel 3x3 (dilation 1) does not fit in 2x2 padded by 0",
        ),
    ],
)
def test_transpose_and_fold_say_what_does_not_fit(call, error, text):
    with pytest.raises(error) as caught:
        call()
    assert str(caught.value) == text
