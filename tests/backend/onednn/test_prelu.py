"""A learned slope below 0, through oneDNN, against the NumPy kernel."""

from __future__ import annotations

import numpy as np
import pytest

from autocnn.backend.onednn import prelu

from . import reference as kernels


@pytest.mark.parametrize(
    "shape", [(8, 16, 16, 16), (3, 5, 41, 37), (64, 1, 329), (2, 17, 9, 8, 13), (20, 1, 33, 33)]
)
@pytest.mark.parametrize("one", [True, False], ids=["one", "each"])
@pytest.mark.parametrize("last", [True, False], ids=["channels_last", "c_order"])
def test_a_slope_for_all_or_for_each_channel(shape, one, last, draw):
    x, slopes = draw(*shape, last=last), draw() if one else draw(shape[1], *(1,) * (len(shape) - 2))
    x[0, 0].flat[:4] = np.nan, np.inf, -np.inf, 0.0
    z = prelu.prelu(x, slopes)
    np.testing.assert_array_equal(z, kernels.prelu(np, x, slopes))


def test_what_it_leaves_to_numpy(draw):
    x, slopes = draw(8, 4, 32, 32), draw(4, 1, 1)
    assert prelu.prelu(x, slopes) is not None
    assert prelu.prelu(x.astype(np.float64), slopes) is None
    assert prelu.prelu(x[:1], slopes) is None  # few elements
    slopes[2] = np.nan
    assert prelu.prelu(x, slopes) is None  # it would reach what lies above 0
