"""Functions made of a line of others: values and gradients are PyTorch's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autocnn as ac
from autocnn.errors import ArgumentError, AutocnnError, OutOfRangeError, ShapeError

RNG = np.random.default_rng(0)
X, Y, M = RNG.normal(size=(3, 4)), RNG.normal(size=(3, 4)), RNG.normal(size=(4, 4))
GAPS = np.where(X > 0.8, np.nan, X)
CALLS: dict[str, Callable[[Any, Any], Any]] = {
    "dist": lambda lib, x: lib.dist(x, lib.tensor(Y)),
    "dist 1": lambda lib, x: x.dist(lib.tensor(Y), 1),
    "kron": lambda lib, x: lib.kron(x, lib.tensor(Y[:2])),
    "kron of unlike ranks": lambda lib, x: x.kron(lib.tensor(Y[0])),
    "nanmean": lambda lib, x: (x * lib.tensor(np.where(GAPS == GAPS, 1, np.nan))).nanmean(),
    "nanmean by row": lambda lib, x: lib.nanmean(x * lib.tensor(np.where(GAPS == GAPS, 1, np.nan)), 1, True),
    "quantile": lambda lib, x: lib.quantile(x, 0.3),
    "quantile by row": lambda lib, x: x.quantile(lib.tensor([0.1, 0.5, 1.0], dtype=lib.float64), 1),
    "quantile kept": lambda lib, x: x.quantile(0.4, dim=0, keepdim=True),
    "quantile of all kept": lambda lib, x: x.quantile(0.4, keepdim=True),
    **{
        f"quantile {how}": lambda lib, x, how=how: lib.quantile(x, 0.3, dim=1, interpolation=how)
        for how in ("lower", "higher", "nearest", "midpoint")
    },
    "index_put": lambda lib, x: x.index_put((lib.tensor([0, 2]),), lib.tensor(Y[:2])),
    "index_put of elements": lambda lib, x: x.index_put(
        (lib.tensor([0, 2]), lib.tensor([1, -1])), lib.tensor(Y[0, :2])
    ),
    "index_put added": lambda lib, x: x.index_put((lib.tensor([0, 0, -1]),), lib.tensor(Y), accumulate=True),
    "index_put added to elements": lambda lib, x: (2 * x).index_put_(
        (lib.tensor([[0], [1]]), lib.tensor([1, 1])), lib.tensor(3.0, dtype=lib.float64), accumulate=True
    ),
    "masked_scatter": lambda lib, x: x.masked_scatter(lib.tensor(Y > 0), lib.tensor(M)),
    "masked_scatter_": lambda lib, x: (2 * x).masked_scatter_(lib.tensor(Y[0] > 0), lib.tensor(M)),
    "fill_diagonal_": lambda lib, x: (2 * x).fill_diagonal_(7),
    "fill_diagonal_ of a tall matrix": lambda lib, x: (2 * x.T[:, :2]).fill_diagonal_(7),
    "fill_diagonal_ over and over": lambda lib, x: (2 * x.reshape(6, 2)).fill_diagonal_(7, wrap=True),
    "aminmax": lambda lib, x: lib.aminmax(x, dim=1).max - x.aminmax().min,
    "cdist": lambda lib, x: lib.cdist(x, lib.tensor(Y)),
    "cdist to itself": lambda lib, x: lib.cdist(x[None], x[None], p=1.0),
    "dstack": lambda lib, x: lib.dstack([x, lib.tensor(Y)]),
    "dstack of rows": lambda lib, x: lib.dstack((x[0], x[1])),
    "cartesian_prod": lambda lib, x: lib.cartesian_prod(x[0], x[1], x[2]),
    "tril_indices": lambda lib, x: x[:, :3][tuple(lib.tril_indices(3, 3, -1))],
    "triu_indices": lambda lib, x: x[tuple(lib.triu_indices(3, 4, 1))],
    "addmm_": lambda lib, x: (2 * x).addmm_(lib.tensor(Y), lib.tensor(M), beta=0.5, alpha=2),
    "baddbmm_": lambda lib, x: (2 * x[None]).baddbmm_(lib.tensor(Y[None]), lib.tensor(M[None])),
}


@pytest.mark.torch
@pytest.mark.parametrize("name", CALLS)
def test_values_and_gradients_are_pytorchs(name: str) -> None:
    given = []
    for lib in (ac, pytest.importorskip("torch")):
        x = lib.tensor(X, requires_grad=True)
        z = CALLS[name](lib, x)
        (z * lib.linspace(1, 2, z.numel(), dtype=lib.float64).reshape(z.shape)).sum().backward()
        given.append((z.detach().numpy(), x.grad.numpy()))
    for own, theirs in zip(*given, strict=True):
        assert own.shape == theirs.shape
        np.testing.assert_allclose(own, theirs, rtol=1e-12, atol=1e-14)


def test_a_tensor_takes_another_shape() -> None:
    x = ac.tensor([[1.0, 2.0], [3.0, 4.0]])
    assert x.resize_(3).tolist() == [1.0, 2.0, 3.0]
    assert x.resize_as_(ac.zeros(2, 2)).tolist() == [[1.0, 2.0], [3.0, 0.0]]
    assert x.resize_((1, 1)).tolist() == [[1.0]]
    assert x.resize_(0).shape == (0,)


def test_draws_of_waits_have_their_mean() -> None:
    ac.manual_seed(0)
    assert ac.zeros(10_000).exponential_(4.0).mean().item() == pytest.approx(0.25, rel=0.05)


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda x: x.quantile(0.5, interpolation="cubic"), ArgumentError, "quantile: interpolation is 'cubic'"),
        (lambda x: x.quantile(1.5), OutOfRangeError, "quantile: q is 1.5; shares lie from 0 to 1"),
        (lambda x: x.index_put((ac.tensor([0]),) * 3, 1.0), ShapeError, "index_put: 3 indices for x (3, 4);"),
        (
            lambda x: x.masked_scatter(x == x, ac.ones(2)),
            ShapeError,
            "masked_scatter: source has 2 elements; the mask asks for 12",
        ),
        (lambda x: x[0].fill_diagonal_(1), ShapeError, "fill_diagonal_: x is (4,); must be a matrix"),
    ],
)
def test_what_cannot_be_done_is_said(call: Any, error: type[AutocnnError], text: str) -> None:
    with pytest.raises(error) as caught:
        call(ac.tensor(X))
    assert str(caught.value).startswith(text)
