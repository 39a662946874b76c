"""Products and sums of products beside PyTorch's, and what is said when lengths differ."""

from __future__ import annotations

import itertools
import warnings

import numpy as np
import pytest

import autocnn as ac
from autocnn import ops
from autocnn.engine import Tensor
from autocnn.errors import ArgumentError, OutOfRangeError, ShapeError
from tests.ops.oracle import agree

RNG = np.random.default_rng(6)


def numbers(*shape):
    return RNG.standard_normal(shape)


LEADS = [
    ((), ()),
    ((2,), ()),
    ((), (2,)),
    ((2,), (2,)),
    ((1,), (2,)),
    ((4, 1), (2,)),
    ((0,), ()),
    ((4, 2), (4, 2)),
]


@pytest.mark.torch
@pytest.mark.parametrize("leads", LEADS, ids=str)
@pytest.mark.parametrize(("n", "k", "m"), list(itertools.product((0, 1, 3), (0, 1, 4), (1, 2))))
def test_matmul_of_stacks(leads, n, k, m):
    agree(lambda x, y: x @ y, lambda x, y: x @ y, [numbers(*leads[0], n, k), numbers(*leads[1], k, m)])


@pytest.mark.torch
@pytest.mark.parametrize(
    "shapes",
    [((3,), (3,)), ((2, 3), (3,)), ((3,), (3, 2)), ((5, 2, 3), (3,)), ((3,), (5, 3, 2)), ((0,), (0,))],
    ids=str,
)
def test_matmul_of_vectors(shapes):
    agree(lambda x, y: x @ y, lambda x, y: x @ y, [numbers(*s) for s in shapes])
    agree(lambda x, y: x.matmul(y), lambda x, y: x.matmul(y), [numbers(*s) for s in shapes])


@pytest.mark.torch
def test_products_by_name():
    agree(lambda x, y: x.inner(y), lambda x, y: x.inner(y), [numbers(2, 3), numbers(4, 3)])
    three = [numbers(1, 2), numbers(5, 2, 3), numbers(5, 3, 2)]
    agree(
        lambda c, x, y: c.baddbmm(x, y, beta=0.5, alpha=2),
        lambda c, x, y: c.baddbmm(x, y, beta=0.5, alpha=2),
        [np.tile(three[0], (5, 2, 1)), *three[1:]],
    )
    three = [numbers(2), numbers(2, 3), numbers(3)]
    agree(lambda c, x, y: c.addmv(x, y, alpha=2), lambda c, x, y: c.addmv(x, y, alpha=2), three)
    a, b, s, t, v, w = numbers(2, 3), numbers(3, 4), numbers(5, 2, 3), numbers(5, 3, 4), numbers(3), numbers(4)
    agree(lambda x, y: x.mm(y), lambda x, y: x.mm(y), [a, b])
    agree(lambda x, y: x.bmm(y), lambda x, y: x.bmm(y), [s, t])
    agree(lambda x, y: x.mv(y), lambda x, y: x.mv(y), [a, v])
    agree(lambda x, y: x.dot(y), lambda x, y: x.dot(y), [v, v])
    agree(lambda x, y: x.outer(y), lambda x, y: x.outer(y), [v, w])
    agree(lambda c, x, y: c.addmm(x, y), lambda c, x, y: c.addmm(x, y), [w, a, b])
    agree(
        lambda c, x, y: c.addmm(x, y, beta=0.5, alpha=2),
        lambda c, x, y: c.addmm(x, y, beta=0.5, alpha=2),
        [w, a, b],
    )


@pytest.mark.torch
@pytest.mark.parametrize("lead", [(), (4,), (2, 3), (0,), (2, 0)], ids=str)
def test_linear(lead):
    from torch.nn import functional

    agree(ops.linear, functional.linear, [numbers(*lead, 3), numbers(5, 3), numbers(5)])
    agree(ops.linear, functional.linear, [numbers(*lead, 3), numbers(5, 3)])
    agree(ops.linear, functional.linear, [numbers(*lead, 3), numbers(5, 0 + 3), numbers(1)])


@pytest.mark.torch
def test_operands_that_do_not_lie_as_rows():
    x, y = numbers(6, 8), numbers(8, 6)
    agree(lambda x, y: x[::2, ::2] @ y[::2, ::3], lambda x, y: x[::2, ::2] @ y[::2, ::3], [x, y])
    agree(lambda x, y: x.T @ y.T, lambda x, y: x.T @ y.T, [x, y])
    agree(
        lambda x, y: x[0].expand(3, 8) @ y[:, :1].expand(8, 2),
        lambda x, y: x[0].expand(3, 8) @ y[:, :1].expand(8, 2),
        [x, y],
    )
    agree(lambda x, y: x.flip(0) @ y.roll(1, 0), lambda x, y: x.flip(0) @ y.roll(1, 0), [x, y])


def test_operands_promote_and_numpy_stands_left():
    assert (Tensor([[1]]) @ Tensor([[0.5]])).dtype == np.float32
    z = np.ones((2, 3)) @ Tensor(np.ones((3, 1)))
    assert isinstance(z, Tensor)
    assert z.tolist() == [[3.0], [3.0]]
    assert (Tensor([[1, 2]]) @ Tensor([[3], [4]])).tolist() == [[11]]


def test_linear_is_one_node():
    z = ops.linear(ac.ones(2, 3, requires_grad=True), ac.ones(4, 3), ac.ones(4))
    assert z.grad_fn.name == "linear"
    assert [e.name for e in z.grad_fn.edges] == ["leaf"] * 3


# Sums of products ------------------------------------------------------------------------------------------------

EQUATIONS = {
    "ij,jk->ik": ((2, 3), (3, 4)),
    "ij,jk": ((2, 3), (3, 4)),
    "ba": ((2, 3),),
    "ij->": ((2, 3),),
    "ij->j": ((2, 3),),
    "ij->ji": ((2, 3),),
    "ii->i": ((3, 3),),
    "ii": ((3, 3),),
    "iji->j": ((3, 2, 3),),
    "iii->i": ((2, 2, 2),),
    "...ij,...jk->...ik": ((5, 2, 3), (3, 4)),
    "...ij,jk": ((5, 2, 3), (3, 4)),
    "...,...->...": ((2, 3), (3,)),
    "a...,...->a...": ((2, 3), (3,)),
    "i...->...": ((2, 3, 4),),
    "bij,bjk->bik": ((5, 2, 3), (5, 3, 4)),
    "i,j->ij": ((2,), (3,)),
    "i,i->": ((3,), (3,)),
    "i,i->i": ((3,), (3,)),
    "i, j , k -> k i j": ((2,), (3,), (4,)),
    "ij,kl,jk->il": ((2, 3), (4, 5), (3, 4)),
    "bhqd,bhkd->bhqk": ((2, 3, 4, 5), (2, 3, 6, 5)),
    "ij,ij->i": ((1, 3), (2, 3)),
    "ij,jk->ik ": ((2, 1), (3, 4)),
    "iij,jk->k": ((3, 3, 2), (2, 4)),
    "nchw,oc->nohw": ((2, 3, 4, 5), (6, 3)),
    "i,i,i->": ((3,), (3,), (3,)),
    "ij,k->i": ((2, 3), (4,)),
    "ij,j->i": ((0, 3), (3,)),
    "ij,jk->ki": ((2, 0), (0, 4)),
    ",ij->ij": ((), (2, 3)),
    ",": ((), ()),
    "ZaA,aA->Z": ((2, 3, 4), (3, 4)),
}


@pytest.mark.torch
@pytest.mark.parametrize("equation", EQUATIONS)
def test_einsum(equation):
    import torch

    arrays = [numbers(*s) for s in EQUATIONS[equation]]
    agree(lambda *xs: ac.einsum(equation, *xs), lambda *xs: torch.einsum(equation, *xs), arrays)
    agree(lambda *xs: ac.einsum(equation, xs), lambda *xs: torch.einsum(equation, *xs), arrays)


@pytest.mark.torch
@pytest.mark.parametrize(
    ("shapes", "dims"),
    [
        (((2, 3, 4), (3, 4, 5)), 2),
        (((2, 3), (3,)), 1),
        (((2,), (3,)), 0),
        (((2, 3, 4), (3, 4, 2)), ([0, 1], [2, 0])),
        (((2, 3, 4), (4, 3)), ((-1, 1), (0, 1))),
    ],
    ids=str,
)
def test_tensordot(shapes, dims):
    import torch

    agree(
        lambda a, b: ac.tensordot(a, b, dims),
        lambda a, b: torch.tensordot(a, b, dims),
        [numbers(*s) for s in shapes],
    )


def test_a_large_sum_of_products_is_a_matrix_product():
    """numpy.einsum would take seconds for this; the derivative follows the same way."""
    x = Tensor(numbers(64, 128, 96).astype(np.float32), None).requires_grad_()
    y = Tensor(numbers(64, 96, 128).astype(np.float32), None).requires_grad_()
    z = ac.einsum("bij,bjk->bik", x, y)
    np.testing.assert_allclose(z.array, x.array @ y.array, rtol=1e-3, atol=1e-3)
    z.sum().backward()
    assert x.grad.dtype == np.float32


@pytest.mark.torch
@pytest.mark.parametrize("k", [-3, -1, 0, 1, 4])
def test_diagonals_and_triangles(k):
    for shape in [(3, 4), (4, 3), (2, 3, 3), (0, 2)]:
        x = numbers(*shape)
        agree(lambda x: x.tril(k), lambda x: x.tril(k), [x])
        agree(lambda x: x.triu(k), lambda x: x.triu(k), [x])
    for shape in [(5, 5), (4, 6), (2, 5, 5)]:
        x = numbers(*shape)
        agree(lambda x: x.diagonal(k), lambda x: x.diagonal(k), [x]) if k > -3 else None
        agree(lambda x: x.diagonal(k, -1, -2), lambda x: x.diagonal(k, -1, -2), [x])
    agree(lambda x: x.diag(k), lambda x: x.diag(k), [numbers(5, 5)])
    agree(lambda x: x.diag(k), lambda x: x.diag(k), [numbers(3)])
    agree(lambda x: x.trace(), lambda x: x.trace(), [numbers(3, 4)])


# What is said ----------------------------------------------------------------------------------------------------

A = Tensor(np.zeros((2, 3)))


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda: A @ A, ShapeError, "matmul: x (2, 3) has inner length 3, other (2, 3) has 2"),
        (
            lambda: A @ 2.0,
            ShapeError,
            "matmul: x is (2, 3), other (); both need an axis. Use mul for a number",
        ),
        (
            lambda: A[None].expand(2, 2, 3) @ Tensor(np.zeros((3, 3, 1))),
            ShapeError,
            "matmul: shapes (2,) and (3,) do not broadcast",
        ),
        (lambda: ac.mm(A, A[0]), ShapeError, "mm: mat2 is 1-d (3,); must be 2-d"),
        (lambda: ac.mm(A, A), ShapeError, "mm: x (2, 3) has inner length 3, other (2, 3) has 2"),
        (lambda: ac.bmm(A[None], A), ShapeError, "bmm: mat2 is 2-d (2, 3); must be 3-d"),
        (
            lambda: ac.bmm(ac.ones(2, 1, 1), ac.ones(3, 1, 1)),
            ShapeError,
            "bmm: x (2, 1, 1) has 2 matrices, mat2 (3, 1, 1) 3",
        ),
        (lambda: ops.linear(A, A.T), ShapeError, "linear: x (2, 3) has 3 features, weight (3, 2) expects 2"),
        (
            lambda: ops.linear(A, A[None]),
            ShapeError,
            "linear: x is (2, 3), weight (1, 2, 3); must be (..., in) and (out, in)",
        ),
        (lambda: ops.linear(A, A, ac.ones(3)), ShapeError, "linear: shapes (2, 2) and (3,) do not broadcast"),
        (lambda: ac.einsum("ij,jk", A), ArgumentError, "einsum: equation 'ij,jk' names 2 operands, 1 are given"),
        (lambda: ac.einsum("ijk", A), ShapeError, "einsum: equation 'ijk' names 3 axes of an operand (2, 3)"),
        (
            lambda: ac.einsum("ij,ik->jk", A, A[:, :1].expand(2, 2)[:1].expand(5, 2)),
            ShapeError,
            "einsum: equation 'ij,ik->jk'; axis 'i' has lengths 2 and 5",
        ),
        (
            lambda: ac.einsum("ii", A[:1]),
            ShapeError,
            "einsum: axis 'i' stands twice in an operand (1, 3); must have one length",
        ),
        (
            lambda: ac.einsum("i1", A),
            ArgumentError,
            "einsum: equation 'i1' has 'i1'; must be letters, and one '...'",
        ),
        (
            lambda: ac.einsum("ij->k", A),
            ArgumentError,
            "einsum: equation 'ij->k'; the result must be letters of operands, each once",
        ),
        (
            lambda: ac.tensordot(A, A, 1),
            ShapeError,
            "tensordot: axes (1,) of a (2, 3) and (0,) of b (2, 3) differ in length",
        ),
        (lambda: ac.tensordot(A, A, 3), ArgumentError, "tensordot: dims is 3; must be 0 to 2"),
        (
            lambda: ac.diagonal(A, 0, 1, 1),
            ArgumentError,
            "diagonal: dim1 and dim2 are 1 and 1 of x (2, 3); must be two axes",
        ),
        (lambda: ac.diagonal(A, 0, 1, 2), OutOfRangeError, "diagonal: dim2 is 2; must be from -2 to 1"),
        (lambda: ac.trace(A[0]), ShapeError, "trace: x is (3,); must be a matrix"),
        (lambda: ac.tril(A[0]), ShapeError, "tril: x is (3,); must have at least 2 axes"),
        (lambda: ac.diag(A[None]), ShapeError, "diag: x is (1, 2, 3); must be a vector or a matrix"),
    ],
)
def test_what_is_said(call, error, text):
    with pytest.raises(error) as caught:
        call()
    assert str(caught.value) == text


def test_a_diagonal_is_a_view_and_diag_a_copy():
    x = ac.zeros(3, 4)
    x.diagonal().fill_(1.0)
    x.diagonal(1)[0] = 5.0
    ac.ops.diag(x).fill_(7.0)
    assert x.tolist() == [[1.0, 5.0, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0]]


def test_a_write_to_a_diagonal_reaches_the_gradient():
    x = ac.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
    d = ac.tensor([5.0, 6.0], requires_grad=True)
    h = x * 2.0
    h.diagonal().mul_(d)
    h.sum().backward()
    assert x.grad.tolist() == [[10.0, 2.0], [2.0, 12.0]]
    assert d.grad.tolist() == [2.0, 8.0]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("size", [2, 128])
def test_products_of_what_is_not_finite_pass_in_silence(dtype, size):
    x = np.full((size, size), np.inf, dtype)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        z = ops.matmul(x, np.zeros_like(x)), ops.linear(x, np.zeros_like(x), np.ones(size, dtype))
    assert all(np.isnan(each.array).all() for each in z)
