"""Kernels that go through large arrays piece by piece give what they give of the whole."""

from __future__ import annotations

import numpy as np
import pytest

from autocnn.backend.kernels import pieces, rectifiers, smooth

KERNELS = [
    smooth.gelu_backward, smooth.gelu_tanh_backward, smooth.mish_backward, rectifiers.hardswish_backward,
]  # fmt: skip
LAYOUTS = {
    "c_order": lambda x: x,
    "channels_last": lambda x: x.transpose(0, 3, 1, 2),
    "transposed": lambda x: x.T,
    "every other": lambda x: x[:, ::2],
    "repeated": lambda x: np.broadcast_to(x[:1], x.shape),
    "one axis of 1": lambda x: x[:, None],
}


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
@pytest.mark.parametrize("kernel", KERNELS)
def test_the_whole_and_its_pieces(kernel, layout, rng, monkeypatch):
    x, g = (layout(rng.standard_normal((3, 4, 5, 7), dtype=np.float32)) for _ in range(2))
    expected = kernel.__wrapped__(np, g, x)
    monkeypatch.setattr(pieces, "PIECE", 100)
    z = kernel(np, g, x)
    np.testing.assert_array_equal(z, expected)
    assert z.strides == expected.strides
    np.testing.assert_array_equal(kernel(np, g.copy("C"), x), expected)


@pytest.mark.parametrize("kernel", [smooth.mish, smooth.gelu, smooth.gelu_tanh])
def test_pieces_of_one_array(kernel, rng, monkeypatch):
    x = rng.standard_normal((5, 11, 7)).transpose(2, 0, 1)
    expected = kernel(np, x)
    monkeypatch.setattr(pieces, "PIECE", 50)
    np.testing.assert_array_equal(kernel(np, x), expected)
