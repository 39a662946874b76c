"""Sorting, running products and scattering with reductions against PyTorch; the words of every refusal."""

from __future__ import annotations

import numpy as np
import pytest

from autocnn import ops
from autocnn.engine import Tensor, grad
from autocnn.errors import ArgumentError, OutOfRangeError, ShapeError
from tests.ops.oracle import agree, alike

rng = np.random.default_rng(0)
NAN = float("nan")
SHAPES = [((5,), 0), ((3, 4), 1), ((3, 4), 0), ((2, 3, 5), 1), ((0, 3), 1), ((2, 3, 5), -1), ((), 0)]


def draw(*shape):
    return rng.standard_normal(shape)


@pytest.mark.torch
@pytest.mark.parametrize(("shape", "dim"), SHAPES)
@pytest.mark.parametrize("descending", [False, True])
def test_order_is_pytorchs(shape, dim, descending):
    torch = pytest.importorskip("torch")
    for x in (draw(*shape), rng.integers(0, 3, shape), draw(*shape).astype(np.float32), draw(*shape) > 0):
        expected = torch.sort(torch.tensor(x), dim=dim, descending=descending, stable=True)
        found = ops.sort(x, dim, descending, stable=True)
        np.testing.assert_array_equal(found.values.array, expected.values.numpy())
        np.testing.assert_array_equal(found.indices.array, expected.indices.numpy())
        np.testing.assert_array_equal(ops.argsort(x, dim, descending).array, expected.indices.numpy())
        assert found.indices.dtype == np.int64
        assert found.values.dtype == np.asarray(x).dtype
    alike("sort", [draw(*shape)], dim, descending, part=0)


@pytest.mark.torch
def test_nan_is_the_largest_as_in_pytorch():
    torch = pytest.importorskip("torch")
    x = np.array([[NAN, 1.0, 3.0, NAN], [2.0, NAN, -1.0, np.inf]])
    for descending in (False, True):
        expected = torch.sort(torch.tensor(x), descending=descending, stable=True)
        np.testing.assert_array_equal(ops.sort(x, descending=descending).indices.array, expected.indices.numpy())
    np.testing.assert_array_equal(ops.topk(x, 2).values.array, torch.topk(torch.tensor(x), 2).values.numpy())
    for name in ("median", "nanmedian"):
        found, expected = getattr(ops, name)(x, 1), getattr(torch, name)(torch.tensor(x), 1)
        np.testing.assert_array_equal(found.values.array, expected.values.numpy())
        np.testing.assert_array_equal(found.indices.array, expected.indices.numpy())
        whole = getattr(ops, name)(x).item(), getattr(torch, name)(torch.tensor(x)).item()
        np.testing.assert_equal(*whole)


@pytest.mark.torch
@pytest.mark.parametrize(("shape", "dim"), [s for s in SHAPES if s[0] != ()])
@pytest.mark.parametrize("largest", [False, True])
def test_topk_is_pytorchs(shape, dim, largest):
    for k in {0, 1, 2, shape[dim]}:
        alike("topk", [draw(*shape)], k, dim, largest, part=0)
        alike("topk", [draw(*shape)], k, dim, largest, part=1)
    assert ops.topk(np.float64(2.0), 1).values.shape == ()


@pytest.mark.torch
@pytest.mark.parametrize(("shape", "dim"), [s for s in SHAPES if 0 not in s[0]])
@pytest.mark.parametrize("keepdim", [False, True])
def test_one_of_the_order_is_pytorchs(shape, dim, keepdim):
    for part in (0, 1):
        alike("kthvalue", [draw(*shape)], 1 if not shape else 2, dim, keepdim, part=part)
        for name in ("median", "nanmedian"):
            alike(name, [draw(*shape)], dim, keepdim, part=part)
    alike("median", [draw(*shape)])
    alike("median", [np.ones(shape)])
    alike("nanmedian", [draw(*shape)])
    alike("msort", [draw(*(shape or (3,)))])


@pytest.mark.torch
@pytest.mark.parametrize(("shape", "dim"), SHAPES)
def test_running_products_and_extremes_are_pytorchs(shape, dim):
    torch = pytest.importorskip("torch")
    alike("cumprod", [draw(*shape)], dim)
    zeros = draw(*shape) * (rng.random(shape) < 0.6)
    alike("cumprod", [zeros], dim)
    ints = rng.integers(0, 4, shape)
    np.testing.assert_array_equal(ops.cumprod(ints, dim).array, torch.cumprod(torch.tensor(ints), dim).numpy())
    for name in ("cummax", "cummin"):
        for x in (draw(*shape), ints):
            found, expected = getattr(ops, name)(x, dim), getattr(torch, name)(torch.tensor(x), dim)
            np.testing.assert_array_equal(found.values.array, expected.values.numpy())
            np.testing.assert_array_equal(found.indices.array, expected.indices.numpy())
        alike(name, [draw(*shape)], dim, part=0)


def test_running_product_of_half_precision_and_of_another_dtype():
    x = np.full(3, 2.0, np.float16)
    assert ops.cumprod(x, 0).dtype == np.float16
    assert ops.cumprod(np.array([1, 2, 3]), 0, dtype="float32").tolist() == [1.0, 2.0, 6.0]
    y = Tensor([2.0, 3.0])
    assert y.cumprod_(0) is y
    assert y.tolist() == [2.0, 6.0]


INDEX = np.array([[0, 2, 0, 2], [1, 2, 0, 0]])


@pytest.mark.torch
@pytest.mark.parametrize("reduce", ["sum", "mean", "prod", "amax", "amin"])
@pytest.mark.parametrize("include_self", [False, True])
def test_scattering_with_reductions_is_pytorchs(reduce, include_self):
    torch = pytest.importorskip("torch")
    ties = np.round(draw(3, 4))
    # where input is left out, but equals the extreme, PyTorch gives it a share, which is then lost
    for values in (draw(3, 4), ties if include_self else ties + 0.25):
        source = np.round(values[:2]) + 1.0
        agree(
            lambda x, s: ops.scatter_reduce(x, 0, INDEX, s, reduce, include_self=include_self),
            lambda x, s: torch.scatter_reduce(x, 0, torch.tensor(INDEX), s, reduce, include_self=include_self),
            [values, source],
            order=2 if reduce in ("sum", "mean") else 1,
        )
    ints = rng.integers(-4, 5, (3, 4))
    expected = torch.scatter_reduce(
        torch.tensor(ints), 0, torch.tensor(INDEX), torch.tensor(ints[:2]), reduce, include_self=include_self
    )
    found = ops.scatter_reduce(ints, 0, INDEX, ints[:2], reduce, include_self=include_self)
    np.testing.assert_array_equal(found.array, expected.numpy())
    assert found.dtype == np.int64


@pytest.mark.torch
@pytest.mark.filterwarnings("ignore:The reduce argument of torch.scatter")
@pytest.mark.parametrize(("way", "same"), [("add", "sum"), ("multiply", "prod")])
def test_scatter_adds_and_multiplies(way, same):
    torch = pytest.importorskip("torch")
    x, source = draw(3, 4), draw(2, 4)
    expected = torch.scatter(torch.tensor(x), 0, torch.tensor(INDEX), torch.tensor(source), reduce=way)
    np.testing.assert_allclose(ops.scatter(x, 0, INDEX, source, reduce=way).array, expected.numpy())
    numbers = torch.scatter(torch.tensor(x), 0, torch.tensor(INDEX), 2.0, reduce=way)
    np.testing.assert_allclose(ops.scatter(x, 0, INDEX, value=2.0, reduce=way).array, numbers.numpy())
    y = Tensor(x.copy())
    assert y.scatter_reduce_(0, INDEX, source, same) is y
    np.testing.assert_allclose(y.array, expected.numpy())


def test_derivatives_of_products_know_zeros():
    from autocnn.testing import gradcheck, gradgradcheck

    x, source = np.array([0.0, 2.0, 3.0]), np.array([0.0, 4.0, 5.0, 0.0])
    index = np.array([0, 0, 2, 2])
    for reduce in ("prod", "mean"):
        call = lambda x, s, r=reduce: ops.scatter_reduce(x, 0, index, s, r)  # noqa: E731
        assert gradcheck(call, [x, source])
        assert gradgradcheck(call, [x, source])


def test_equal_extremes_share_the_gradient():
    x = Tensor([3.0, 0.0]).requires_grad_()
    source = Tensor([3.0, 1.0, 3.0, 3.0]).requires_grad_()
    z = ops.scatter_reduce(x, 0, [0, 0, 0, 1], source, "amax")
    gx, gs = grad(z.sum(), [x, source])
    np.testing.assert_allclose(gx.array, [1 / 3, 0.0], rtol=1e-6)
    np.testing.assert_allclose(gs.array, [1 / 3, 0.0, 1 / 3, 1.0], rtol=1e-6)


def test_nothing_scattered_changes_nothing():
    z = ops.scatter_reduce(np.ones(3), 0, np.zeros(0, int), np.zeros(0), "prod", include_self=False)
    assert z.tolist() == [1.0, 1.0, 1.0]


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (
            lambda x: ops.topk(x, 4),
            OutOfRangeError,
            "topk: k is 4; must be from 0 to 3, axis 1 of x (2, 3)",
        ),
        (
            lambda x: ops.kthvalue(x, 0, 0),
            OutOfRangeError,
            "kthvalue: k is 0; must be from 1 to 2, axis 0 of x (2, 3)",
        ),
        (
            lambda x: ops.median(x[:0], 0),
            ShapeError,
            "median: x is empty (0, 3); nothing has no median. Reduce an axis with elements",
        ),
        (lambda x: ops.sort(x, 2), OutOfRangeError, "sort: dim is 2; must be from -2 to 1"),
        (
            lambda x: ops.scatter_reduce(x, 0, INDEX[:, :3], x, "max"),
            ArgumentError,
            "scatter_reduce: reduce is 'max'; it must be 'sum', 'mean', 'prod', 'amax' or 'amin'",
        ),
        (
            lambda x: ops.scatter(x, 0, INDEX[:, :3], x, reduce="sum"),
            ArgumentError,
            "scatter: reduce is 'sum'; it must be 'add' or 'multiply'",
        ),
        (
            lambda x: ops.scatter_reduce(x, 0, INDEX[:, :3], x, "amax"),
            OutOfRangeError,
            "scatter_reduce: index is 2; must be from 0 to 1, axis 0 of x (2, 3)",
        ),
    ],
)
def test_what_cannot_be_ordered_is_refused(call, error, text):
    with pytest.raises(error) as caught:
        call(np.ones((2, 3)))
    assert str(caught.value) == text
