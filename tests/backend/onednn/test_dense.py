"""Softmax, matrix products, functions of elements and reorders through oneDNN against NumPy."""

from __future__ import annotations

import numpy as np
import pytest

from autocnn.backend import kernels
from autocnn.backend.onednn import elementwise, matmul, memory, reorder, softmax, sums


def close(mine, expected, atol=1e-5):
    assert mine is not None, "oneDNN did not serve"
    assert mine.shape == expected.shape
    np.testing.assert_allclose(mine, expected, rtol=1e-4, atol=atol)


# Softmax ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("shape", "axis"), [((4, 7), 1), ((128, 10), -1), ((9,), 0), ((2, 5, 4, 3), 1)])
def test_softmax(shape, axis, draw):
    x, g = draw(*shape) * 3, draw(*shape)
    axis %= len(shape)
    shifted = np.exp(x - x.max(axis, keepdims=True))
    z = shifted / shifted.sum(axis, keepdims=True)
    close(softmax.softmax(x, axis=axis), z)
    close(softmax.softmax_backward(g, z, axis=axis), z * (g - (g * z).sum(axis, keepdims=True)))
    logs = softmax.log_softmax_backward(g, np.log(z), axis=axis)
    close(logs, g - z * g.sum(axis, keepdims=True))


@pytest.mark.parametrize("shape", [(4, 17), (2, 33, 4, 3)])
def test_log_softmax(shape, draw):
    x = draw(*shape) * 3
    close(softmax.log_softmax(x, axis=1), x - np.log(np.exp(x).sum(1, keepdims=True)))
    assert softmax.log_softmax(x[:, : softmax.SHORT], axis=1) is None, "NumPy is quicker"


@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize("function", [kernels.softmax, kernels.log_softmax])
def test_what_is_not_finite_fills_its_row(function, value, draw):
    x = draw(4, 33)
    x[2, 5] = value
    with np.errstate(invalid="ignore"):
        z = function(np, x, axis=1)
    assert np.isnan(z).all(1).tolist() == [False, False, True, False]
    assert np.isfinite(z[[0, 1, 3]]).all()


def test_a_row_of_nan_keeps_its_cotangent_nan(draw):
    z = np.log(np.full((4, 33), 1 / 33, np.float32))
    z[2] = np.nan
    assert np.isnan(kernels.log_softmax_backward(np, draw(4, 33), z, axis=1)).all(1).tolist() == [False] * 2 + [
        True,
        False,
    ]


def test_minus_infinity_hides_places_from_softmax(draw):
    x = draw(4, 33)
    x[:, 20:] = -np.inf
    seen = softmax.softmax(x, axis=1)
    close(seen[:, :20], softmax.softmax(x[:, :20].copy(), axis=1))
    assert not seen[:, 20:].any()


def test_what_softmax_does_not_serve(draw):
    x = draw(4, 7)
    assert softmax.softmax(x, axis=0) is None, "axis 0 is not contiguous"
    assert softmax.softmax(x[:0], axis=1) is None
    assert softmax.softmax(x[:, ::2], axis=1) is None
    assert softmax.softmax(np.float32(1.0), axis=0) is None
    assert softmax.log_softmax(np.float32(1.0), axis=0) is None
    assert softmax.softmax_backward(x[:2], x, axis=1) is None


# Matrix products ----------------------------------------------------------------------------------------------

PRODUCTS = {
    "rows": lambda d: (d(5, 7), d(7, 3)),
    "columns": lambda d: (d(7, 5).T, d(3, 7).T),
    "vectors": lambda d: (d(1, 7), d(7, 1)),
    "stack": lambda d: (d(2, 5, 7, last=False), d(7, 3)),
    "two stacks": lambda d: (d(2, 1, 5, 7, last=False), d(4, 7, 3, last=False)),
    "every other matrix": lambda d: (d(9, 5, 7, last=False)[::2], d(7, 3)),
    "every other column": lambda d: (d(5, 14)[:, ::2], d(7, 6)[:, :3]),
    "backwards": lambda d: (d(5, 7)[::-1], d(7, 3)[:, ::-1]),
    "broadcast": lambda d: (np.broadcast_to(d(7), (5, 7)), d(7, 3)),
    "channels last": lambda d: (d(2, 3, 5, 7), d(2, 3, 7, 4)),
    "large": lambda d: (d(64, 300), d(80, 300).T),
}


@pytest.mark.parametrize("operands", PRODUCTS.values(), ids=PRODUCTS)
def test_products(operands, draw):
    x, y = operands(draw)
    bias = draw(y.shape[-1])
    close(matmul.product(x, y), x @ y, 1e-4)
    close(matmul.product(x, y, bias), x @ y + bias, 1e-4)


def test_what_products_do_not_serve(draw):
    x, y = draw(5, 7), draw(7, 3)
    for _ in range(2):  # what was declined is remembered
        assert matmul.product(x, x) is None
        assert matmul.product(x, y, draw(4)) is None
        assert matmul.product(draw(2, 5, 7, last=False), draw(3, 7, 3, last=False)) is None
    assert matmul.product(x[:0], y) is None
    assert matmul.product(x[0], y) is None
    assert matmul.product(x, y.astype(np.float64)) is None


def test_small_products_are_numpys(draw):
    assert matmul.matmul(draw(64, 64), draw(64, 63)) is None
    x, y, bias = draw(64, 64), draw(64, 64), draw(64)
    close(matmul.matmul(x, y, bias), x @ y + bias, 1e-4)


# Functions of elements ----------------------------------------------------------------------------------------


def test_tanh_backward(draw):
    z, g = np.tanh(draw(8, 16, 16, 16)), draw(8, 16, 16, 16)
    close(elementwise.tanh_backward(g, z), g * (1 - z * z))


def test_relu(draw):
    x, g = draw(8, 16, 32, 32), draw(8, 16, 32, 32)
    z = elementwise.relu(x)
    np.testing.assert_array_equal(z, np.maximum(x, 0))
    z[0, 0, 0, 0] = x[0, 0, 0, 0] = np.nan
    assert elementwise.relu(x) is None, "the library makes 0 of NaN"
    np.testing.assert_array_equal(elementwise.relu_backward(g, z), np.where(z <= 0, 0, g))


@pytest.mark.parametrize("name", elementwise.BINARY)
def test_functions_of_two_arrays(name, draw):
    x, y = draw(8, 16, 16, 16), draw(8, 16, 16, 16)
    numpy = {"add": np.add, "sub": np.subtract, "mul": np.multiply, "div": np.divide}
    close(elementwise.binary(name, x, y), numpy[name](x, y))


def test_sums_in_place_and_rectified(draw):
    x, y = draw(16, 16, 32, 32), draw(16, 16, 32, 32)
    total = x + y
    np.testing.assert_array_equal(elementwise.add_relu(x, y), np.maximum(total, 0))
    assert elementwise.add_into(x, y) is x
    np.testing.assert_array_equal(x, total)
    assert elementwise.add_into(x, y.copy("C").astype(np.float64)) is None
    assert elementwise.add_into(x[:4], y[:4]) is None, "too few to pay"


def test_what_functions_of_elements_do_not_serve(draw):
    x = draw(8, 16, 16, 16)
    assert elementwise.unary("silu", x[:1]) is None, "too few to pay"
    assert elementwise.unary("silu", x[::2]) is None
    assert elementwise.binary("add", x, draw(8, 16, 16, 16, last=False)) is None, "the layouts differ"
    assert elementwise.binary("add", x, x[:4]) is None
    assert elementwise.binary("add", x, x.astype(np.float64)) is None


# Sums ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(64, 100), (8, 5, 200), (8, 7, 16, 16), (2, 3, 16, 9, 9)])
@pytest.mark.parametrize("last", [True, False], ids=["channels_last", "c_order"])
def test_sums_of_channels(shape, last, draw):
    x = draw(*shape, last=last) + 1
    axes = tuple(i for i in range(x.ndim) if i != 1)
    close(sums.channel_sum(x), x.sum(axes, dtype=np.float64).astype(np.float32))
    assert sums.channel_sum(x[:0]) is None


@pytest.mark.parametrize("size", [10, 5000, 100_000])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_is_found_anywhere(size, value, rng):
    x = rng.standard_normal(size, dtype=np.float32)
    assert sums.is_finite(x)
    for place in (0, size // 2, size - 1):
        y = x.copy()
        y[place] = value
        assert not sums.is_finite(y)
        y[place - 1] = -value
        assert not sums.is_finite(y)


# Layouts ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(8, 3, 32, 32), (4, 16, 512), (2, 3, 16, 16, 16), (1, 2, 3, 4)])
def test_reordering_to_channels_last(shape, draw):
    x = draw(*shape, last=False)
    z = memory.logical(reorder.channels_last(x))
    np.testing.assert_array_equal(z, x)
    assert z.transpose(memory.TO_LAST[z.ndim]).flags.c_contiguous
    assert np.shares_memory(reorder.channels_last(z), z)


STRANGE = np.array([np.nan, np.inf, -np.inf, 0.0, -0.0, 1e-42, 3e38], np.float32)
PARTS = {
    "channels": (lambda x: x[:, 3:15], True),
    "images": (lambda x: x[::2], True),
    "every other pixel": (lambda x: x[:, :, ::2, ::2], True),
    "one channel": (lambda x: x[:, 5:6, :, 1:], True),
    "backwards": (lambda x: x[:, ::-1], False),
    "broadcast": (lambda x: np.broadcast_to(x[:1], x.shape), False),
}


@pytest.mark.parametrize(("part", "served"), PARTS.values(), ids=PARTS)
@pytest.mark.parametrize("last", [True, False], ids=["channels_last", "c_order"])
def test_parts_of_arrays_reordered_to_channels_last(part, served, last, draw):
    x = draw(64, 20, 32, 32, last=last)
    x[0, 5, 0, 2 : 2 + 2 * len(STRANGE) : 2] = STRANGE
    x = part(x)
    z = reorder.channels_last(x)
    assert z.flags.c_contiguous
    np.testing.assert_array_equal(memory.logical(z).view(np.int32), x.view(np.int32))
    assert reorder._copied(x, memory.logical(z)) == served


@pytest.mark.parametrize("dim", [0, 1, 2, 3])
def test_joined_as_numpy_joins(dim, draw):
    xs = [draw(*[n + i * (axis == dim) for axis, n in enumerate((40, 24, 16, 10))]) for i in (0, 1, 5)]
    xs.append(draw(*[1 if axis == dim else n for axis, n in enumerate((40, 24, 16, 10))]))
    xs[1].transpose(0, 2, 3, 1).ravel()[: len(STRANGE)] = STRANGE
    z, expected = reorder.cat(*xs, dim=dim), np.concatenate(xs, dim)
    assert z is not None, "oneDNN did not serve"
    assert z.strides == expected.strides
    np.testing.assert_array_equal(z.view(np.int32), expected.view(np.int32))


def test_what_is_joined_by_numpy(draw):
    x = draw(64, 16, 16, 16)
    assert reorder.cat(x, x, dim=1) is not None
    assert reorder.cat(x, draw(64, 16, 16, 16, last=False), dim=1) is None, "layouts differ"
    assert reorder.cat(x, x[:, :4], dim=1) is None, "a part of an array"
    assert reorder.cat(x, x.astype(np.float64), dim=1) is None
    assert reorder.cat(x, x[:, :0], dim=1) is None
    assert reorder.cat(x[:2], x[:2], dim=1) is None, "few"
    assert reorder.cat(*[np.ones((1 << 20,), np.float32)] * 2, dim=0) is None
