"""Relu and softmax by NumPy: the quick layouts give what the formulas say, in the layout that came in."""

from __future__ import annotations

import numpy as np
import pytest

from autocnn.backend.kernels import activation

LAYOUTS = {
    "short rows": lambda x: x(50, 3),
    "one row": lambda x: x(1, 3),
    "one class": lambda x: x(5, 1),
    "columns": lambda x: x(3, 50).T,
    "long rows": lambda x: x(4, 100),
    "channels last": lambda x: x(2, 5, 4, 3).transpose(0, 3, 1, 2),
    "channels first": lambda x: x(2, 3, 5, 4),
    "every other": lambda x: x(50, 6)[:, ::2],
    "backwards": lambda x: x(50, 3)[::-1],
}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
def test_softmax(layout, dtype, rng):
    x = layout(lambda *shape: rng.standard_normal(shape).astype(dtype))
    e = np.exp(x.astype(np.float64))
    expected = e / e.sum(1, keepdims=True)
    close = {"rtol": 1e-5 if dtype == "float32" else 1e-12, "atol": 1e-6 if dtype == "float32" else 1e-12}
    for kernel, value in ((activation.softmax, expected), (activation.log_softmax, np.log(expected))):
        z = kernel(np, x, axis=1)
        assert z.dtype == dtype
        assert z.strides == np.empty_like(x).strides
        np.testing.assert_allclose(z, value, **close)


@pytest.mark.parametrize("classes", [3, 100])
def test_softmax_neither_overflows_nor_loses_what_is_not_finite(classes):
    x = np.zeros((4, classes), np.float32)
    x[0, 0], x[1, 0], x[2, 0] = 1e30, -np.inf, np.nan
    with np.errstate(all="ignore"):
        z, logs = activation.softmax(np, x, axis=1), activation.log_softmax(np, x, axis=1)
    assert (z[0, 0], z[1, 0], logs[0, 0], logs[1, 0]) == (1, 0, 0, -np.inf)
    assert np.isnan(z[2]).all()
    assert np.isnan(logs[2]).all()


@pytest.mark.parametrize("n", [5, 1 << 13])
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "int64"])
def test_relu(n, dtype, rng):
    x = (10 * rng.standard_normal((2, n))).astype(dtype)
    if x.dtype.kind == "f":
        x[:, :4] = np.nan, np.inf, -np.inf, -0.0
    for layout in (x, x.T, x[:, ::2], np.broadcast_to(x[0], (3, n))):
        z = activation.relu(np, layout)
        assert z.dtype == dtype
        np.testing.assert_array_equal(z, np.where(layout <= 0, 0, layout))
