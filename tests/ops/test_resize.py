"""Interpolation and shuffles against PyTorch, to the second derivative; the words of every refusal."""

from __future__ import annotations

import numpy as np
import pytest

from autocnn import ops
from autocnn.engine import Tensor
from autocnn.errors import ArgumentError, DTypeError, ShapeError
from tests.ops.oracle import agree, alike

rng = np.random.default_rng(0)
SPACE = {1: (5,), 2: (5, 4), 3: (3, 4, 2)}
LINEAR = {1: "linear", 2: "bilinear", 3: "trilinear"}


def image(ndim, dtype=np.float64):
    return rng.standard_normal((2, 3, *SPACE[ndim])).astype(dtype)


@pytest.mark.torch
@pytest.mark.parametrize("ndim", [1, 2, 3])
@pytest.mark.parametrize("mode", ["nearest", "nearest-exact", "area"])
@pytest.mark.parametrize(
    "how", [{"size": 7}, {"size": 2}, {"scale_factor": 2}, {"scale_factor": 1.6}, {"scale_factor": 0.7}]
)
def test_nearest_and_area_are_pytorchs(ndim, mode, how):
    alike("interpolate", [image(ndim)], mode=mode, **how)


@pytest.mark.torch
@pytest.mark.parametrize("ndim", [1, 2, 3])
@pytest.mark.parametrize("align_corners", [None, False, True])
@pytest.mark.parametrize(
    "how",
    [
        {"size": 7},
        {"size": 1},
        {"scale_factor": 2.5},
        {"scale_factor": 1.1},
        {"scale_factor": 2.3, "recompute_scale_factor": True},
    ],
)
def test_linear_modes_are_pytorchs(ndim, align_corners, how):
    alike("interpolate", [image(ndim)], mode=LINEAR[ndim], align_corners=align_corners, **how)


@pytest.mark.torch
@pytest.mark.parametrize("mode", ["bilinear", "bicubic"])
@pytest.mark.parametrize("align_corners", [False, True])
@pytest.mark.parametrize("antialias", [False, True])
@pytest.mark.parametrize("size", [(3, 2), (9, 2), (5, 7), (2, 4)])
def test_two_axes_are_pytorchs(mode, align_corners, antialias, size):
    alike("interpolate", [image(2)], size, mode=mode, align_corners=align_corners, antialias=antialias)


@pytest.mark.torch
@pytest.mark.parametrize("mode", ["nearest", "nearest-exact"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_ties_between_two_nearest_go_where_pytorchs_go(mode, dtype):
    torch = pytest.importorskip("torch")
    for n in range(1, 14):
        x = np.arange(n, dtype=dtype)[None, None]
        for size in range(1, 40):
            expected = torch.nn.functional.interpolate(torch.tensor(x), size, mode=mode)
            np.testing.assert_array_equal(ops.interpolate(x, size, mode=mode).array, expected.numpy())


@pytest.mark.torch
@pytest.mark.parametrize("mode", ["nearest", "bilinear"])
@pytest.mark.parametrize("factor", [(1.3, 2.0), (1.1, 1.2), (2.3, 2.4), (0.5, 3.0)])
def test_factors_that_leave_a_length_or_double_it(mode, factor):
    alike("interpolate", [rng.standard_normal((1, 2, 4, 2))], scale_factor=factor, mode=mode)


@pytest.mark.torch
def test_what_is_single_precision_or_bytes_stays_so():
    torch = pytest.importorskip("torch")
    for mode in ("bilinear", "bicubic", "nearest"):
        x = image(2, np.float32)
        z, expected = (f(x, (8, 3), mode=mode) for f in (ops.interpolate, _theirs(torch)))
        assert z.dtype == np.float32
        np.testing.assert_allclose(z.array, expected, atol=1e-5)
    assert ops.interpolate(np.ones((1, 1, 2, 2), np.uint8), (3, 3)).dtype == np.uint8
    assert ops.interpolate(np.ones((0, 2, 2, 2)), (3, 3)).shape == (0, 2, 3, 3)


def _theirs(torch):
    return lambda x, *a, **k: torch.nn.functional.interpolate(torch.tensor(x), *a, **k).numpy()


@pytest.mark.torch
def test_old_names_mean_what_they_did():
    torch = pytest.importorskip("torch")
    theirs = torch.nn.functional.interpolate
    agree(lambda x: ops.upsample(x, scale_factor=2), lambda x: theirs(x, scale_factor=2), [image(2)])
    agree(lambda x: ops.upsample_nearest(x, 7), lambda x: theirs(x, 7), [image(2)])
    agree(
        lambda x: ops.upsample_bilinear(x, scale_factor=3),
        lambda x: theirs(x, scale_factor=3, mode="bilinear", align_corners=True),
        [image(2)],
    )


@pytest.mark.torch
@pytest.mark.parametrize("shape", [(8, 3, 2), (2, 4, 1, 3), (2, 3, 12, 2, 2)])
def test_pixels_and_channels_are_shuffled_as_pytorchs(shape):
    x = rng.standard_normal(shape)
    alike("pixel_shuffle", [x], 2)
    alike("pixel_unshuffle", [rng.standard_normal((*shape[:-2], 4, 6))], 2)
    if len(shape) > 3:
        alike("channel_shuffle", [x], shape[1] if shape[1] == 3 else 2)


def test_shuffled_pixels_stay_channels_last():
    x = Tensor(rng.standard_normal((2, 4, 6, 8)).transpose(0, 3, 1, 2)).requires_grad_()
    for shuffle in (ops.pixel_shuffle, ops.pixel_unshuffle):
        z = shuffle(x, 2)
        z.backward(z.detach())
        assert z.array.transpose(0, 2, 3, 1).flags.c_contiguous
        np.testing.assert_array_equal(x.grad.array, x.array)
        assert x.grad.array.strides == x.array.strides
        x.grad = None


def test_unshuffle_undoes_shuffle():
    x = rng.standard_normal((2, 9, 4, 5))
    np.testing.assert_array_equal(ops.pixel_unshuffle(ops.pixel_shuffle(x, 3), 3).array, x)
    c = rng.standard_normal((2, 6, 4))
    np.testing.assert_array_equal(ops.channel_shuffle(ops.channel_shuffle(c, 2), 3).array, c)


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (
            lambda x: ops.interpolate(x),
            ArgumentError,
            "interpolate: size and scale_factor; exactly one of them must be given",
        ),
        (
            lambda x: ops.interpolate(x, (1, 2, 3)),
            ArgumentError,
            "interpolate: size is (1, 2, 3); one number or 2 of them are needed",
        ),
        (
            lambda x: ops.interpolate(x, 2, mode="linear"),
            ArgumentError,
            "interpolate: mode is 'linear', x (1, 4, 5, 5); it needs 1 spatial axes",
        ),
        (
            lambda x: ops.interpolate(x, 2, mode="cubic"),
            ArgumentError,
            "interpolate: mode is 'cubic'; it must be one of "
            "nearest, nearest-exact, area, linear, bilinear, trilinear, bicubic",
        ),
        (
            lambda x: ops.interpolate(x, 2, align_corners=True),
            ArgumentError,
            "interpolate: align_corners is True, mode 'nearest'; leave it out here",
        ),
        (
            lambda x: ops.interpolate(x, 2, antialias=True),
            ArgumentError,
            "interpolate: antialias is True, mode 'nearest'; it is for 'bilinear' and 'bicubic'",
        ),
        (
            lambda x: ops.interpolate(x, 2, recompute_scale_factor=True),
            ArgumentError,
            "interpolate: size is given and recompute_scale_factor True; there is no factor",
        ),
        (
            lambda x: ops.interpolate(x, scale_factor=-1),
            ArgumentError,
            "interpolate: scale_factor is -1; it must be above 0",
        ),
        (
            lambda x: ops.interpolate(x, scale_factor=0.1),
            ShapeError,
            "interpolate: x is (1, 4, 5, 5), size (0, 0); neither may be without elements",
        ),
        (
            lambda x: ops.interpolate(x[0, 0], 2),
            ShapeError,
            "interpolate: x is 2-d (5, 5); it must be (N, C, *spatial), with 1 to 3 axes",
        ),
        (
            lambda x: ops.interpolate(x.astype(int), 2, mode="bilinear"),
            DTypeError,
            "interpolate: x is int64, mode 'bilinear'; a mean is no integer. Cast it to a float",
        ),
        (
            lambda x: ops.pixel_shuffle(x, 3),
            ShapeError,
            "pixel_shuffle: x is (1, 4, 5, 5); its 4 channels must be a multiple of 3 x 3",
        ),
        (
            lambda x: ops.pixel_shuffle(x, 0),
            ArgumentError,
            "pixel_shuffle: upscale_factor is 0; it must be at least 1",
        ),
        (
            lambda x: ops.pixel_unshuffle(x, 2),
            ShapeError,
            "pixel_unshuffle: x is (1, 4, 5, 5); its last two axes must be multiples of 2",
        ),
        (
            lambda x: ops.channel_shuffle(x, 3),
            ArgumentError,
            "channel_shuffle: groups is 3; it must divide the 4 channels of (1, 4, 5, 5)",
        ),
    ],
)
def test_what_cannot_be_resized_is_refused(call, error, text):
    with pytest.raises(error) as caught:
        call(np.ones((1, 4, 5, 5)))
    assert str(caught.value) == text


@pytest.mark.torch
@pytest.mark.parametrize("how", [{"scale_factor": 2}, {"scale_factor": 3}, {"size": (12, 20)}, {"size": (6, 31)}])
@pytest.mark.parametrize("mode", ["nearest", "bilinear"])
def test_large_images_are_pytorchs(how, mode):
    torch = pytest.importorskip("torch")
    values = np.random.default_rng(1).standard_normal((8, 24, 24, 32), dtype=np.float32).transpose(0, 3, 1, 2)
    x, y = Tensor(values).requires_grad_(), torch.tensor(values).requires_grad_()
    z, expected = ops.interpolate(x, mode=mode, **how), torch.nn.functional.interpolate(y, mode=mode, **how)
    np.testing.assert_allclose(z.array, expected.detach().numpy(), atol=1e-5)
    g = np.random.default_rng(2).standard_normal(z.shape, dtype=np.float32)
    z.backward(Tensor(g))
    expected.backward(torch.tensor(g))
    np.testing.assert_allclose(x.grad.array, y.grad.numpy(), atol=2e-5)
    assert z.array.transpose(0, 2, 3, 1).flags.c_contiguous
