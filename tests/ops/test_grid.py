"""Images read at given places, against PyTorch; the words of every refusal."""

from __future__ import annotations

import numpy as np
import pytest

from autocnn import ops
from autocnn.errors import ArgumentError, DTypeError, ShapeError
from autocnn.testing import gradcheck, gradgradcheck
from tests.ops.oracle import agree, alike

rng = np.random.default_rng(0)
SPACE = {2: (4, 5), 3: (3, 2, 4)}
GRID = {2: (3, 6), 3: (2, 3, 2)}


@pytest.mark.torch
@pytest.mark.parametrize("ndim", [2, 3])
@pytest.mark.parametrize("padding_mode", ["zeros", "border", "reflection"])
@pytest.mark.parametrize("align_corners", [False, True])
@pytest.mark.parametrize("mode", ["bilinear", "nearest", "bicubic"])
def test_values_at_places_are_pytorchs(ndim, padding_mode, align_corners, mode):
    if mode == "bicubic" and ndim == 3:  # of volumes PyTorch has none
        return
    x = rng.standard_normal((2, 3, *SPACE[ndim]))
    grid = rng.uniform(-2.5, 2.5, (2, *GRID[ndim], ndim))
    options = {"mode": mode, "padding_mode": padding_mode, "align_corners": align_corners}
    if mode != "nearest":
        alike("grid_sample", [x, grid], order=1, **options)
    else:  # of a place that is rounded there is no gradient; PyTorch says 0
        torch = pytest.importorskip("torch")
        theirs = torch.nn.functional.grid_sample
        agree(
            lambda x: ops.grid_sample(x, grid, **options),
            lambda x: theirs(x, torch.tensor(grid), **options),
            [x],
            order=1,
        )


@pytest.mark.parametrize("padding_mode", ["zeros", "border", "reflection"])
@pytest.mark.parametrize("align_corners", [False, True])
def test_derivatives_are_right_twice(padding_mode, align_corners):
    x, grid = rng.standard_normal((1, 2, 3, 4)), rng.uniform(-1.3, 1.3, (1, 2, 3, 2))
    assert gradcheck(lambda *a: ops.grid_sample(*a, "bilinear", padding_mode, align_corners), [x, grid])
    assert gradgradcheck(lambda *a: ops.grid_sample(*a, "bilinear", padding_mode, align_corners), [x, grid])


@pytest.mark.torch
@pytest.mark.parametrize("size", [(2, 3, 4, 5), (2, 1, 2, 3), (2, 2, 3, 2, 4)])
@pytest.mark.parametrize("align_corners", [False, True])
def test_grids_are_pytorchs(size, align_corners):
    ndim = len(size) - 2
    alike("affine_grid", [rng.standard_normal((2, ndim, ndim + 1))], size, align_corners, atol=1e-7, rtol=1e-6)


def test_the_identity_leaves_an_image_and_a_mirror_turns_it():
    x = rng.standard_normal((2, 3, 4, 5))
    for align_corners in (False, True):
        for first in (1.0, -1.0):
            theta = np.array([[[first, 0, 0], [0, 1.0, 0]]] * 2)
            grid = ops.affine_grid(theta, x.shape, align_corners)
            z = ops.grid_sample(x, grid, align_corners=align_corners)
            np.testing.assert_allclose(z.array, x if first > 0 else x[..., ::-1], atol=1e-12)


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (
            lambda x, g: ops.grid_sample(x, g, "area"),
            ArgumentError,
            "grid_sample: mode is 'area'; it must be 'bilinear', 'nearest' or 'bicubic'",
        ),
        (
            lambda x, g: ops.grid_sample(x[:, :, None], g, "bicubic"),
            ShapeError,
            "grid_sample: x is (1, 1, 1, 2, 2); mode 'bicubic' reads images (N, C, H, W) alone",
        ),
        (
            lambda x, g: ops.grid_sample(x, g, padding_mode="wrap"),
            ArgumentError,
            "grid_sample: padding_mode is 'wrap'; it must be one of 'zeros', 'border', 'reflection'",
        ),
        (
            lambda x, g: ops.grid_sample(x, g[..., :1]),
            ShapeError,
            "grid_sample: x is (1, 1, 2, 2), grid (1, 3, 3, 1); "
            "they must be (N, C, H, W) and (N, oh, ow, 2), or (N, C, D, H, W) and (N, od, oh, ow, 3)",
        ),
        (
            lambda x, g: ops.grid_sample(x, g.astype(np.float32)),
            DTypeError,
            "grid_sample: x is float64, grid float32; they must be one floating point dtype",
        ),
        (
            lambda x, g: ops.grid_sample(x[:, :, :0], g),
            ShapeError,
            "grid_sample: x is (1, 1, 0, 2); there is nothing to read",
        ),
        (
            lambda x, g: ops.affine_grid(g[0], (1, 1, 2, 2)),
            ShapeError,
            "affine_grid: theta is (3, 3, 2), size (1, 1, 2, 2); "
            "they must be (N, 2, 3) and (N, C, H, W), or (N, 3, 4) and (N, C, D, H, W)",
        ),
    ],
)
def test_what_cannot_be_read_is_refused(call, error, text):
    with pytest.raises(error) as caught:
        call(np.ones((1, 1, 2, 2)), np.zeros((1, 3, 3, 2)))
    assert str(caught.value) == text
