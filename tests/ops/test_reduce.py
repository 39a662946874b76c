"""Reductions beside PyTorch's: axes, ties, zeros, emptiness, dtypes."""

from __future__ import annotations

import numpy as np
import pytest

import autocnn as ac
from autocnn.errors import ArgumentError, DTypeError, OutOfRangeError, ShapeError
from autocnn.ops import logsumexp, vector_norm
from tests.ops.oracle import agree, alike

torch = pytest.importorskip("torch")
pytestmark = [pytest.mark.torch, pytest.mark.filterwarnings("ignore:(var|std).*degrees of freedom")]

AXES = (None, 0, 1, -1, (0, 2), (-1, 0), (0, 1, 2))
INF = float("inf")


def varied(rng, *shape):
    return rng.standard_normal(shape)


def tied(rng, *shape):
    return rng.integers(0, 3, shape).astype(float)


def strided(rng):
    """A value whose axes are neither in order nor dense."""
    return rng.standard_normal((4, 6, 3)).transpose(2, 0, 1)[:, :, ::2]


@pytest.mark.parametrize("name", ["sum", "mean", "amax", "amin", "var", "std", "logsumexp", "norm", "nansum"])
@pytest.mark.parametrize("dim", AXES)
@pytest.mark.parametrize("keepdim", [False, True])
def test_over_axes(rng, name, dim, keepdim):
    every = (0, 1, 2) if dim is None and name in ("amax", "amin", "logsumexp") else dim
    theirs = torch.linalg.vector_norm if name == "norm" else getattr(torch, name)
    for x in (strided(rng), varied(rng, 2, 1, 3)):
        agree(
            lambda x: getattr(x, name)(dim=dim, keepdim=keepdim),
            lambda x: theirs(x, dim=every, keepdim=keepdim),
            [x],
        )


@pytest.mark.parametrize("name", ["sum", "mean", "prod", "max", "min", "amax", "amin", "std", "var", "norm"])
def test_whole(rng, name):
    shapes = [(3,), (2, 3)] if name in ("std", "var") else [(), (3,), (2, 3), (1, 1)]
    for shape in shapes:
        agree(lambda x: getattr(x, name)(), lambda x: getattr(x, name)(), [varied(rng, *shape)])


@pytest.mark.parametrize("name", ["sum", "mean", "prod", "amax", "amin", "logsumexp", "cumsum"])
def test_of_no_axes(rng, name):
    for dim in (0, -1):
        alike(name, [varied(rng)], dim)


def test_in_the_words_of_numpy(rng):
    x = ac.tensor(varied(rng, 2, 3))
    assert x.sum(axis=0, keepdims=True).shape == (1, 3)
    assert x.max(axis=1).values.shape == (2,)
    assert x.std(axis=(0, 1), keepdims=True).shape == (1, 1)
    assert x.max(np.int64(1)).values.shape == x.sum(np.int64(1)).shape == (2,)
    assert x.sum([0, -1]).shape == ()
    with pytest.raises(ArgumentError, match=r"^sum: dim and axis are given; they are the same$"):
        x.sum(dim=0, axis=0)


@pytest.mark.parametrize("name", ["amax", "amin"])
@pytest.mark.parametrize("dim", [None, 0, 1, (0, 2)])
def test_ties_share_evenly(rng, name, dim):
    dims = () if dim is None else dim
    agree(lambda x: getattr(x, name)(dim), lambda x: getattr(x, name)(dims), [tied(rng, 3, 4, 2)])


@pytest.mark.parametrize("name", ["max", "min"])
def test_extremes(rng, name):
    agree(lambda x: getattr(x, name)(), lambda x: getattr(x, name)(), [tied(rng, 3, 4)])
    for dim in (0, 1, -1):
        for keepdim in (False, True):
            x = varied(rng, 3, 4)
            alike(name, [x], dim, keepdim, part=0)
            ours = getattr(ac, name)(ac.tensor(x), dim, keepdim)
            theirs = getattr(torch, name)(torch.tensor(x), dim, keepdim)
            np.testing.assert_array_equal(ours.indices.array, theirs.indices.numpy())
            assert ours[1].dtype == np.int64
    agree(
        lambda x, y: getattr(ac, name)(x, y),
        lambda x, y: getattr(torch, name)(x, y),
        [tied(rng, 3, 4), tied(rng, 4)],
    )
    agree(lambda x: getattr(x, name)(0).values, lambda x: getattr(x, name)(0).values, [varied(rng)])


def test_the_returned_index_gets_the_gradient():
    x = ac.tensor([[1.0, 3.0, 3.0]], requires_grad=True)
    x.max(dim=1).values.sum().backward()
    assert x.grad.tolist() == [[0.0, 1.0, 0.0]]


def test_nan_is_extreme(rng):
    x = varied(rng, 2, 3)
    x[0, 1] = np.nan
    for name in ("max", "min", "amax", "amin"):
        np.testing.assert_array_equal(getattr(ac.tensor(x), name)().array, np.nan)
    assert ac.tensor(x).argmax().item() == 1
    leaf = ac.tensor(x, requires_grad=True)
    leaf.amax().backward()
    assert leaf.grad.tolist() == [[0.0, 1.0, 0.0], [0.0, 0.0, 0.0]]


@pytest.mark.parametrize("name", ["argmax", "argmin"])
def test_positions(rng, name):
    x = varied(rng, 3, 4)
    for args in ((), (0,), (1,), (-1, True), (0, False)):
        alike(name, [x], *args)


@pytest.mark.parametrize("zeros", [0, 1, 2, 3])
@pytest.mark.parametrize("dim", [None, 0, 1, -1])
def test_product_with_zeros(rng, zeros, dim):
    x = varied(rng, 3, 4)
    x.ravel()[rng.permutation(12)[:zeros]] = 0
    if dim is None:
        agree(lambda x: x.prod(), lambda x: x.prod(), [x])
    else:
        agree(lambda x: x.prod(dim), lambda x: x.prod(dim), [x])
        agree(lambda x: x.prod(dim, keepdim=True), lambda x: x.prod(dim, keepdim=True), [x])


def test_third_derivative_of_a_product_with_zeros():
    """d3 (x y z) / dx dy dz = 1, also where all three are 0."""
    x = ac.tensor([0.0, 0.0, 0.0], requires_grad=True)
    (g,) = ac.autograd.grad(x.prod(), x, create_graph=True)
    (g,) = ac.autograd.grad(g[0], x, create_graph=True)
    (g,) = ac.autograd.grad(g[1], x)
    assert g.tolist() == [0.0, 0.0, 1.0]


@pytest.mark.parametrize("name", ["var", "std"])
def test_corrections(rng, name):
    x = varied(rng, 4, 3)
    for args, kw in [
        ((), {"correction": 0}), ((0,), {"correction": 2}), ((False,), {}), ((1, False), {}),
        ((0, True, True), {}),
        ((0,), {"unbiased": False}), (((0, 1),), {"correction": 0.5}),
    ]:  # fmt: skip
        alike(name, [x], *args, **kw)
    for part in (0, 1):
        alike(f"{name}_mean", [x], 0, part=part)
        alike(f"{name}_mean", [x], False, part=part)


def test_deviation_of_equal_elements_has_derivative_zero():
    x = ac.ones(3, requires_grad=True)
    x.std().backward()
    assert x.grad.tolist() == [0.0, 0.0, 0.0]
    assert np.isnan(ac.ones(1).var().item())


@pytest.mark.parametrize("p", [2, 1, INF, -INF, 3, 1.5, 0.5, -1, -2.5])
@pytest.mark.parametrize("dim", [None, 1, (0, 1)])
def test_norms(rng, p, dim):
    agree(
        lambda x: vector_norm(x, p, dim),
        lambda x: torch.linalg.vector_norm(x, p, dim),
        [varied(rng, 3, 4)],
        atol=1e-9,
    )
    agree(
        lambda x: ac.norm(x, p, dim, True), lambda x: torch.norm(x, p, dim, True), [varied(rng, 3, 4)], atol=1e-9
    )


@pytest.mark.parametrize("p", [2, 1, INF, 3, 1.5])
def test_norms_at_zero(p):
    x = ac.tensor([[0.0, 0.0], [3.0, 0.0]], requires_grad=True)
    t = torch.tensor([[0.0, 0.0], [3.0, 0.0]], requires_grad=True)
    vector_norm(x, p, 1).sum().backward()
    torch.linalg.vector_norm(t, p, 1).sum().backward()
    np.testing.assert_allclose(x.grad.array, t.grad.numpy(), rtol=1e-6)


def test_zero_norm_counts(rng):
    x = ac.tensor([[0.0, 2.0], [3.0, 4.0]], requires_grad=True)
    assert vector_norm(x, 0, 1).tolist() == [1.0, 2.0]
    vector_norm(x, 0).backward()
    assert x.grad.tolist() == [[0.0, 0.0], [0.0, 0.0]]


def test_norm_by_name(rng):
    x = varied(rng, 3, 4)
    agree(lambda x: x.norm(), lambda x: x.norm(), [x])
    agree(lambda x: x.norm("fro", (0, 1)), lambda x: x.norm("fro", (0, 1)), [x])
    with pytest.raises(ArgumentError, match=r"^norm: p is 'nuc'; it must be 'fro' or a number$"):
        ac.tensor(x).norm("nuc")


def test_logsumexp_of_infinities():
    x = np.array([[-INF, -INF], [-INF, 1.0], [INF, 1.0], [1000.0, 1000.0]])
    np.testing.assert_allclose(logsumexp(ac.tensor(x), 1).array, torch.logsumexp(torch.tensor(x), 1).numpy())
    assert logsumexp(ac.zeros(2, 0), 1).tolist() == [-INF, -INF]


def test_running_sums(rng):
    for dim in (0, 1, -1):
        alike("cumsum", [varied(rng, 3, 4)], dim)
    alike("cumsum", [np.array([True, True, False])], 0)


@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("shape", [(3, 300, 9), (5, 4, 100), (70, 70, 1), (2, 3, 0)], ids=str)
def test_running_sums_of_long_rows(rng, shape, axis):
    values = rng.standard_normal(shape).astype(np.float32)
    for array in (values, np.asfortranarray(values), values[::-1]):
        x = ac.tensor(array).requires_grad_()
        z = ac.cumsum(x, axis)
        np.testing.assert_array_equal(z.array, np.cumsum(array, axis))
        z.backward(ac.tensor(values))
        np.testing.assert_array_equal(x.grad.array, np.flip(np.cumsum(np.flip(values, axis), axis), axis))


@pytest.mark.parametrize("dtype", ["bool", "uint8", "int32", "int64", "float32", "float16"])
def test_dtypes(rng, dtype):
    x = rng.integers(0, 2, (3, 4)).astype(dtype)
    for name in ("sum", "prod", "amax", "count_nonzero", "argmin"):
        if (name, dtype) == ("argmin", "bool"):  # PyTorch has none
            continue
        ours, theirs = getattr(ac.tensor(x), name)(), getattr(torch.tensor(x), name)()
        assert ours.item() == theirs.item()
        assert str(ours.dtype) == str(theirs.dtype).removeprefix("torch.")
    for name in ("any", "all"):
        ours = getattr(ac.tensor(x), name)(dim=0)
        assert ours.dtype == ("uint8" if dtype == "uint8" else bool)
        np.testing.assert_array_equal(ours.array, getattr(torch.tensor(x != 0), name)(dim=0).numpy())
    assert ac.tensor(x).sum(dtype="float64").dtype == np.float64
    assert ac.tensor(x).mean(dtype="float64").item() == x.mean(dtype="float64")


def test_sums_of_nothing():
    empty = ac.zeros(0, 3)
    assert empty.sum().item() == 0
    assert empty.prod().item() == 1
    assert np.isnan(empty.mean().item())
    assert empty.sum(0).tolist() == [0, 0, 0]
    assert empty.amax(1).shape == (0,)
    assert empty.max(1).indices.shape == (0,)
    assert empty.norm().item() == 0
    assert (empty.all().item(), empty.any().item()) == (True, False)
    leaf = ac.zeros(0, 3, requires_grad=True)
    (leaf.sum() + leaf.prod() + leaf.norm()).backward()
    assert leaf.grad.shape == (0, 3)


@pytest.mark.parametrize("name", ["max", "min", "amax", "amin", "argmax", "argmin"])
def test_nothing_has_no_extreme(name):
    law = rf"^{name}: x is empty \(0, 3\); nothing has no {name}. Reduce an axis with elements$"
    with pytest.raises(ShapeError, match=law):
        getattr(ac.zeros(0, 3), name)()
    with pytest.raises(ShapeError, match=law):
        getattr(ac.zeros(0, 3), name)(0)


def test_messages():
    x = ac.zeros(2, 3)
    with pytest.raises(OutOfRangeError, match=r"^sum: dim is 2; must be from -2 to 1$"):
        x.sum(2)
    with pytest.raises(ArgumentError, match=r"^sum: dim is \(0, -2\); each axis at most once$"):
        x.sum((0, -2))
    with pytest.raises(ArgumentError, match=r"^max: dim is \(0, 1\); it must be one axis. Use amax for several$"):
        x.max((0, 1))
    with pytest.raises(DTypeError, match=r"^mean: x is int64; its mean is no integer. Cast it to a float$"):
        ac.tensor([1, 2]).mean()
    with pytest.raises(DTypeError, match=r"^std: x is int64; its std is no integer. Cast it to a float$"):
        ac.tensor([1, 2]).std()
    with pytest.raises(ArgumentError, match=r"^var: unbiased and correction are given;"):
        x.var(0, True, correction=1)


HALF = {
    "sum": lambda x: x.sum(0),
    "mean": lambda x: (x + 100).mean(),
    "var": lambda x: (x * 1000).var(0),
    "std": lambda x: (x * 1000).std(),
    "norm": lambda x: (x * 1000).norm(),
    "p": lambda x: x.norm(3, 0),
    "logsumexp": lambda x: x.logsumexp(0),
    "cumsum": lambda x: x.cumsum(0)[-1],
}


@pytest.mark.parametrize("name", HALF)
def test_half_precision_is_added_up_in_single(name):
    x = np.random.default_rng(0).uniform(0.0, 0.2, (4096, 3)).astype(np.float16)
    found = HALF[name](ac.tensor(x)).numpy()
    assert found.dtype == np.float16
    np.testing.assert_allclose(found, HALF[name](torch.tensor(x)).numpy(), rtol=2e-3)


def test_half_precision_gradients_of_what_was_broadcast_are_added_up_in_single():
    x = ac.zeros(3, dtype=ac.float16, requires_grad=True)
    (ac.full((4096, 3), 0.1, dtype=ac.float16) * x).sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), 409.5, rtol=1e-3)


@pytest.mark.parametrize("dtype", ["int32", "int8", "bool", "float64"])
@pytest.mark.parametrize("name", ["sum", "prod", "cumsum", "nansum"])
def test_sums_have_the_dtype_that_was_asked_for(name, dtype):
    x, dims = ac.tensor([[1.0, 2.0], [3.0, 0.0]]), (0,) if name == "cumsum" else ()
    assert getattr(ac, name)(x, *dims, dtype=dtype).dtype == dtype
    assert getattr(ac, name)(x, 1, dtype=dtype).dtype == dtype


def test_the_truth_of_uint8_is_uint8():
    x = ac.tensor([[1, 0], [2, 3]], dtype="uint8")
    assert (x.all().dtype, x.any(0).dtype) == ("uint8", "uint8")
    assert x.all(1).tolist() == [0, 1]
