"""Standardisation over any axes through oneDNN against the kernel that serves everywhere."""

from __future__ import annotations

import numpy as np
import pytest

from autocnn.backend.kernels import norm
from autocnn.backend.onednn import groups

IMAGES = {
    "eight groups": ((8, 64, 16, 17), 8),
    "every channel alone": ((8, 32, 24, 24), 32),
    "all channels together": ((8, 64, 24, 24), 1),
    "odd lengths": ((8, 30, 33, 31), 3),
    "volumes": ((4, 16, 16, 16, 16), 4),
}


def grouped(x, number):
    n, c, *space = x.shape
    return x.reshape(n, number, c // number, *space)


@pytest.mark.parametrize("case", IMAGES.values(), ids=IMAGES)
@pytest.mark.parametrize("shift", [0.0, 30.0])
def test_groups_of_channels_that_come_last(case, shift, draw):
    shape, number = case
    x, g = grouped(draw(*shape) * 3 + shift, number), grouped(draw(*shape), number)
    axes = tuple(range(2, x.ndim))
    made = groups._standardized(x, axes, 1e-5)
    assert made is not None, "oneDNN did not serve"
    z, (mean, invstd) = made
    exact = x.astype(float)
    expected, (centre, scale) = norm.standardize(np, exact, axes=axes, eps=1e-5)
    np.testing.assert_allclose(mean, centre, rtol=2e-6, atol=1e-5)
    np.testing.assert_allclose(invstd, scale, rtol=1e-5)
    np.testing.assert_allclose(z, expected, atol=2e-5)
    gx = groups._cotangent(g, x, mean, invstd, axes)
    assert gx is not None, "oneDNN did not serve"
    np.testing.assert_allclose(
        gx, norm.standardize_backward(np, g.astype(float), exact, centre, scale, axes=axes), atol=2e-5
    )


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_what_is_not_finite_spoils_its_own_group(bad, draw):
    x = draw(8, 64, 16, 17)
    x[3, 20, 5, 5] = bad
    with np.errstate(invalid="ignore"):
        z, _ = groups.standardize(grouped(x, 8), axes=(2, 3, 4), eps=1e-5)
    spoilt = np.isnan(z).all((2, 3, 4))
    assert spoilt[3, 2]
    assert spoilt.sum() == 1 == np.isnan(z).any((2, 3, 4)).sum()


def test_what_is_left_to_others(draw):
    x = grouped(draw(8, 64, 16, 17), 8)
    axes = (2, 3, 4)
    assert groups.standardize(x[:1], axes=axes, eps=1e-5) is not None, "the library's layer norm copies it"
    assert groups.standardize(x.astype(float), axes=axes, eps=1e-5) is None
    assert groups._standardized(np.ascontiguousarray(x), axes, 1e-5) is None
    mean = x.mean(axes, keepdims=True)
    other = groups.standardize_backward(np.ascontiguousarray(x), x, mean, mean * 0 + 1, axes=axes)
    np.testing.assert_allclose(
        other, norm.standardize_backward(np, x, x, mean, mean * 0 + 1, axes=axes), atol=2e-5
    )
