"""Systems of equations against PyTorch; the words of every refusal."""

from __future__ import annotations

import numpy as np
import pytest

from autocnn import ops
from autocnn.engine import Tensor, grad
from autocnn.errors import ArgumentError, ShapeError
from tests.ops.oracle import agree

rng = np.random.default_rng(0)


def steady(*shape):
    return rng.standard_normal(shape) + 3 * np.eye(shape[-1])


@pytest.mark.torch
@pytest.mark.parametrize(
    ("a", "b"),
    [((3, 3), (3,)), ((3, 3), (3, 2)), ((2, 3, 3), (2, 3, 1)), ((2, 1, 3, 3), (4, 3, 2)), ((0, 2, 2), (0, 2, 2))],
)
def test_solutions_are_pytorchs(a, b):
    torch = pytest.importorskip("torch")
    agree(ops.solve, torch.linalg.solve, [steady(*a), rng.standard_normal(b)])


@pytest.mark.torch
@pytest.mark.parametrize("shape", [(1, 1), (3, 3), (2, 2, 3, 3)])
@pytest.mark.parametrize("name", ["inv", "det"])
def test_inverses_and_determinants_are_pytorchs(name, shape):
    torch = pytest.importorskip("torch")
    agree(getattr(ops, name), getattr(torch.linalg, name), [steady(*shape)])


def test_precision_stays():
    for dtype in (np.float16, np.float32):
        assert ops.inv(np.eye(2, dtype=dtype)).dtype == dtype
        assert ops.det(np.eye(2, dtype=dtype)).dtype == dtype


def refused(error, text, call):
    with pytest.raises(error) as caught:
        call()
    assert str(caught.value) == text


def test_what_has_no_solution_is_refused():
    singular = np.ones((2, 2))
    text = "solve: A (2, 2) is singular; no X, or more than one, has A @ X = B"
    refused(ArgumentError, text, lambda: ops.solve(singular, np.ones(2)))
    refused(ArgumentError, text, lambda: ops.inv(singular))
    x = Tensor(singular).requires_grad_()
    refused(ArgumentError, text, lambda: grad(ops.det(x), x))
    refused(
        ShapeError,
        "inv: A is (2, 3); its last two axes must be of one length",
        lambda: ops.inv(np.ones((2, 3))),
    )
    refused(ShapeError, "solve: A is (2, 2), B (3,); B must have 2 rows", lambda: ops.solve(np.eye(2), np.ones(3)))
