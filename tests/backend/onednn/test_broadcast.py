"""Sums and products of large arrays with what is broadcast to them, and sums over axes, against NumPy."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

import autocnn as ac
from autocnn.backend import kernels, onednn
from autocnn.backend.onednn import broadcast, sums

FUNCTIONS = {"add": np.add, "sub": np.subtract, "mul": np.multiply, "div": np.divide}

PAIRS = {
    "channels, channels last": ((8, 64, 16, 17), (1, 64, 1, 1), True),
    "channels without the batch axis": ((8, 64, 16, 17), (64, 1, 1), True),
    "images and channels": ((8, 64, 16, 17), (8, 64, 1, 1), True),
    "pixels": ((8, 64, 16, 17), (8, 1, 16, 17), True),
    "images": ((8, 64, 16, 17), (8, 1, 1, 1), True),
    "one image": ((8, 64, 16, 17), (1, 64, 16, 17), True),
    "few channels": ((3, 3, 128, 129), (1, 3, 1, 1), True),
    "odd lengths": ((7, 5, 101, 97), (1, 5, 1, 1), True),
    "channels, channels first": ((8, 64, 16, 17), (1, 64, 1, 1), False),
    "images and channels, channels first": ((8, 64, 16, 17), (8, 64, 1, 1), False),
    "columns": ((2048, 100), (100,), False),
    "rows": ((2048, 100), (2048, 1), False),
    "positions": ((8, 196, 96), (196, 96), False),
    "one number": ((2048, 100), (), False),
    "one number, in one axis": ((2048, 100), (1,), False),
}


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("case", PAIRS.values(), ids=PAIRS)
def test_what_is_broadcast(name, case, draw):
    shape, small, last = case
    x, v = draw(*shape, last=last), draw(*small, last=False)
    x[..., 0], x[..., 1], v.reshape(-1)[-1] = np.nan, np.inf, 0.0
    with np.errstate(all="ignore"):
        expected = FUNCTIONS[name](x, v)
    z = broadcast.binary(name, x, v)
    assert z is not None, "oneDNN did not serve"
    np.testing.assert_array_equal(z, expected)
    assert z.strides == x.strides


def test_a_repeated_view_is_taken_for_what_it_repeats(draw):
    x, v = draw(8, 64, 16, 17), draw(64, last=False).reshape(1, 64, 1, 1)
    np.testing.assert_array_equal(broadcast.mul(x, np.broadcast_to(v, x.shape)), x * v)
    np.testing.assert_array_equal(broadcast.mul(np.broadcast_to(v, x.shape), x), x * v)
    np.testing.assert_array_equal(broadcast.mul(v, x), x * v)
    np.testing.assert_array_equal(broadcast.add(v, x), x + v)


@pytest.mark.parametrize("number", [2.0, -0.1, float("inf"), float("nan"), 1e300, 3])
def test_numbers(number, draw):
    x = draw(64, 2048)
    with np.errstate(all="ignore"):
        np.testing.assert_array_equal(kernels.mul(np, x, number), x * number)
        np.testing.assert_array_equal(kernels.sub(np, x, number), x - number)
        np.testing.assert_array_equal(kernels.sub(np, number, x), number - x)
    np.testing.assert_array_equal(np.signbit(kernels.neg(np, x * 0)), np.signbit(-(x * 0)))


def test_what_is_not_broadcast_here(draw):
    x, v = draw(8, 64, 16, 17), draw(1, 64, 1, 1)
    few, shared = draw(2, 64, 16, 17), draw(16, 2, 64, 16, 17, last=False)
    assert broadcast.binary("add", few, v) is None, "NumPy is as quick"
    assert broadcast.binary("add", x.astype(float), v) is None
    assert broadcast.binary("add", x, v.astype(float)) is None
    assert broadcast.binary("add", shared[:, 0], v) is None, "there are gaps"
    assert broadcast.binary("add", x, v[:, :32]) is None, "NumPy says what is wrong"
    assert broadcast.binary("add", x, draw(1, 1, 64, 1, 1, last=False)) is None
    assert broadcast.binary("add", draw(131101, 3, last=False), v.ravel()[:3]) is None, "a prime number of rows"
    assert broadcast.sub(v, x) is None
    assert broadcast.mul(2.0, 3.0) is None
    with onednn.disabled():
        assert broadcast.add(x, v) is None


def test_operators_take_the_fast_way_and_its_gradients(draw):
    x, v, g = draw(8, 64, 16, 17), draw(1, 64, 1, 1), draw(8, 64, 16, 17)

    def run(op):
        a, b = ac.tensor(x, requires_grad=True), ac.tensor(v, requires_grad=True)
        z = op(a, b)
        z.backward(ac.tensor(g))
        return z.array, a.grad.array, b.grad.array

    for op in (lambda a, b: a * b, lambda a, b: b * a, lambda a, b: a + b, lambda a, b: a - b, lambda a, b: a / b):
        quick = run(op)
        with onednn.disabled():
            slow = run(op)
        for mine, expected in zip(quick, slow, strict=True):
            np.testing.assert_allclose(mine, expected, rtol=2e-5, atol=2e-4)


# Sums over axes -----------------------------------------------------------------------------------------------

SUMMED = {
    "channels last": ((16, 64, 16, 16), True),
    "channels first": ((16, 64, 16, 16), False),
    "few channels": ((3, 3, 128, 129), True),
    "many channels": ((64, 512, 3, 4), True),
    "odd lengths": ((3, 5, 7, 11, 130), False),
    "a row": ((131101,), False),
    "long rows": ((3, 131072), False),
    "short rows": ((32768, 5), False),
}


def every(ndim):
    return [axes for n in range(1, ndim + 1) for axes in combinations(range(ndim), n)]


@pytest.mark.parametrize("case", SUMMED.values(), ids=SUMMED)
def test_sums_are_as_exact_as_numpys(case, draw):
    shape, last = case
    x = np.abs(draw(*shape, last=last)) + 0.1
    served = 0
    for axes in every(x.ndim):
        exact = x.sum(axes, dtype=np.float64)
        z = sums.total(x, axes)
        if z is None:
            continue
        served += 1
        assert z.shape == exact.shape
        np.testing.assert_allclose(z, exact, rtol=1.5e-6)
        kept = sums.total(x, axes, keepdims=True)
        np.testing.assert_array_equal(kept, z.reshape(x.sum(axes, keepdims=True).shape))
    assert served, "oneDNN did not serve"


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_sums_lose_neither_nan_nor_infinity(bad, draw):
    for last in (True, False):
        x = draw(16, 64, 16, 17, last=last)
        x[3, 5, 7, 9] = bad
        for axes in every(4):
            z = kernels.total(np, x, axes)
            np.testing.assert_array_equal(np.isfinite(z), np.isfinite(x.sum(axes)))
            here = tuple(i for n, i in enumerate((3, 5, 7, 9)) if n not in axes)
            np.testing.assert_array_equal(z[here], bad)


def test_what_is_not_summed_here(draw):
    x = draw(16, 64, 16, 16)
    assert sums.total(x[:2], (0,)) is None, "few"
    assert sums.total(x.astype(float), (0,)) is None
    assert sums.total(draw(32, 64, 16, 16)[::2], (0,)) is None, "there are gaps"
    assert sums.total(np.broadcast_to(x[:1], x.shape), (0,)) is None
    assert sums.total(x, ()) is None
    assert sums.total(x[:, :0], (0,)) is None


# Masks --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(8, 64, 16, 17), (131101,), (512, 300)])
def test_masks(shape, draw):
    x, mask = draw(*shape), draw(*shape) > 0.5
    x.reshape(-1)[:2] = np.inf, np.nan
    z = broadcast.masked(x, mask, scale=1.25)
    with np.errstate(invalid="ignore"):
        np.testing.assert_array_equal(z, x * (mask * np.float32(1.25)))
    assert z.strides == x.strides


def test_what_is_not_masked_here(draw):
    x = draw(8, 64, 16, 17)
    mask = x > 0
    assert broadcast.masked(x, np.ascontiguousarray(mask), scale=2.0) is None, "they lie otherwise"
    assert broadcast.masked(x, mask[:, :1], scale=2.0) is None
    assert broadcast.masked(x, mask.view(np.int8), scale=2.0) is None
    assert broadcast.masked(x[:2], mask[:2], scale=2.0) is None, "few"
    assert broadcast.masked(x.astype(float), mask, scale=2.0) is None
