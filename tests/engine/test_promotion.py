"""Promotion: the dtype of every pair and triple of operands is PyTorch's, 0-d tensors and numbers included."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest

import autocnn as ac
from autocnn.engine import Tensor, promote, result_type

DTYPES = ["bool", "uint8", "int8", "int16", "int32", "int64", "float32", "float64"]
NUMBERS = [True, 2, 2.5]
KINDS = [*[(dtype, ndim) for dtype in DTYPES for ndim in (0, 1, 2)], *NUMBERS]


def ours(kind: Any) -> Any:
    return Tensor(np.ones((1,) * kind[1], kind[0])) if isinstance(kind, tuple) else kind


def theirs(torch: Any, kind: Any) -> Any:
    return torch.ones((1,) * kind[1], dtype=getattr(torch, kind[0])) if isinstance(kind, tuple) else kind


@pytest.mark.torch
def test_pairs_promote_as_pytorch_promotes() -> None:
    torch = pytest.importorskip("torch")
    wrong = []
    for a, b in product(KINDS, KINDS):
        expected = str(torch.result_type(theirs(torch, a), theirs(torch, b))).removeprefix("torch.")
        found = str(result_type(ours(a), ours(b)))
        if found != expected:
            wrong.append((a, b, found, expected))
    assert wrong == []


OPERATIONS = {
    "add": lambda x, y: x + y,
    "subtract": lambda x, y: x - y,
    "multiply": lambda x, y: x * y,
    "divide": lambda x, y: x / y,
    "floor_divide": lambda x, y: x // y,
    "remainder": lambda x, y: x % y,
    "power": lambda x, y: x**y,
    "equal": lambda x, y: x == y,
    "less": lambda x, y: x < y,
}


@pytest.mark.torch
@pytest.mark.parametrize("name", OPERATIONS)
def test_operators_give_pytorchs_dtypes_and_values(name: str) -> None:
    torch = pytest.importorskip("torch")
    operate = OPERATIONS[name]
    wrong = []
    for a, b in product(KINDS, KINDS):
        if not isinstance(a, tuple) and not isinstance(b, tuple):
            continue
        answers = []
        for make in (ours, lambda kind: theirs(torch, kind)):
            try:
                z = operate(make(a), make(b))
                answers.append((str(z.dtype).removeprefix("torch."), tuple(z.shape), z.tolist()))
            except (TypeError, RuntimeError, ValueError, NotImplementedError) as error:
                answers.append((type(error).__name__,))
        if answers[0] != answers[1] and len(answers[1]) > 1:  # theirs refuses some bools that ours takes
            wrong.append((a, b, *answers))
    assert wrong == []


@pytest.mark.torch
@pytest.mark.parametrize("name", ["where", "maximum", "cat"])
def test_functions_of_two_tensors_promote_too(name: str) -> None:
    torch = pytest.importorskip("torch")
    wrong = []
    for a, b in product(KINDS[:-3], KINDS[:-3]):
        answers = []
        for lib, make in ((ac.ops, ours), (torch, lambda kind: theirs(torch, kind))):
            x, y = make(a), make(b)
            try:
                if name == "where":
                    z = lib.where(x.bool(), x, y)
                else:
                    z = lib.cat([x, y]) if name == "cat" else lib.maximum(x, y)
                answers.append(str(z.dtype).removeprefix("torch."))
            except (TypeError, RuntimeError, ValueError):
                answers.append("error")
        if answers[0] != answers[1]:
            wrong.append((a, b, *answers))
    assert wrong == []


def test_numbers_are_weak() -> None:
    x = Tensor(np.ones(2, np.float32))
    for z in (x + 1, x * 2.5, 2.5 - x, x**2, x / 3, np.float32(2.0) * x):
        assert z.dtype == np.float32
    assert (Tensor(np.ones(2, np.int8)) + 1).dtype == np.int8
    assert (Tensor(np.ones(2, np.int8)) + 1.5).dtype == np.float32
    assert (Tensor(np.ones(2, np.int64)) / 2).dtype == np.float32


def test_a_0d_tensor_is_weak_beside_axes() -> None:
    x = Tensor(np.ones(2, np.float32))
    assert (x + Tensor(np.array(1.0))).dtype == np.float32
    assert (Tensor(np.ones(2, np.int32)) + Tensor(np.array(1.0))).dtype == np.float64
    assert (Tensor(np.ones((), np.float32)) + Tensor(np.array(1.0))).dtype == np.float64


def test_gradients_go_back_to_the_operands_dtypes() -> None:
    x = Tensor(np.ones(2, np.float32)).requires_grad_()
    y = Tensor(np.array(2.0)).requires_grad_()
    z = Tensor(np.ones(2)).requires_grad_()
    (x * y * z).sum().backward()
    assert [t.grad.dtype for t in (x, y, z)] == [np.float32, np.float64, np.float64]


def test_promote_leaves_numbers_beside_tensors() -> None:
    x, n = promote(Tensor(np.ones(2, np.float32)), 2)
    assert n == 2.0
    assert x.dtype == np.float32
    a, b = promote(1, 2.5)
    assert a.dtype == b.dtype == np.float32


@pytest.mark.torch
def test_integers_that_do_not_fit_are_refused_or_wrapped_as_in_pytorch() -> None:
    torch = pytest.importorskip("torch")
    x, t = Tensor(np.array([1, 2], np.int8)), torch.tensor([1, 2], dtype=torch.int8)
    for operate in (lambda v: v + 100, lambda v: v * 100, lambda v: v - 100):
        assert operate(x).tolist() == operate(t).tolist()
