"""Values, how often there are, and between which others; draws with given chances."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import autocnn as ac
from autocnn.errors import ArgumentError, AutocnnError, DTypeError, ShapeError

NUMBERS = np.random.default_rng(0).integers(0, 5, (3, 4))
CALLS = [
    ("unique", (NUMBERS,), {}),
    ("unique", (NUMBERS,), {"return_inverse": True, "return_counts": True}),
    ("unique", (NUMBERS % 2,), {"dim": 1, "return_inverse": True, "return_counts": True}),
    ("bincount", (NUMBERS.ravel(),), {}),
    ("bincount", (NUMBERS.ravel(),), {"minlength": 9}),
    ("bincount", (NUMBERS.ravel(), np.linspace(0, 1, 12)), {}),
    ("bincount", (np.zeros(0, "int64"),), {"minlength": 2}),
    ("bucketize", (np.linspace(-1, 5, 7), np.arange(4.0)), {}),
    ("bucketize", (np.linspace(-1, 5, 7), np.arange(4.0)), {"right": True, "out_int32": True}),
]


@pytest.mark.torch
@pytest.mark.parametrize(("name", "args", "kwargs"), CALLS, ids=[f"{n}-{i}" for i, (n, _, _) in enumerate(CALLS)])
def test_counts_are_pytorchs(name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    torch = pytest.importorskip("torch")
    own, theirs = (getattr(lib, name)(*map(lib.tensor, args), **kwargs) for lib in (ac, torch))
    pairs = zip(own, theirs, strict=True) if isinstance(theirs, tuple) else [(own, theirs)]
    for a, b in pairs:
        assert str(b.dtype) == f"torch.{a.dtype}"
        np.testing.assert_array_equal(a.numpy(), b.numpy())


@pytest.mark.parametrize("replacement", [True, False])
def test_places_are_drawn_as_often_as_their_weights_say(replacement: bool) -> None:
    weights = np.array([[1.0, 0.0, 3.0, 4.0], [2.0, 2.0, 0.0, 0.0]])
    rows = ac.tensor(np.repeat(weights, 4000, axis=0))
    drawn = ac.multinomial(rows, 2, replacement, generator=ac.Generator().manual_seed(5)).numpy()
    first = drawn[:, 0].reshape(2, 4000)
    shares = [np.bincount(row, minlength=4) / 4000 for row in first]
    np.testing.assert_allclose(shares, weights / weights.sum(1, keepdims=True), atol=0.03)
    assert (drawn[:, 0] == drawn[:, 1]).any() == replacement
    assert ac.tensor([0.0, 1.0]).multinomial(3, True).tolist() == [1, 1, 1]


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (
            lambda: ac.multinomial([1.0, -1.0], 1),
            ArgumentError,
            "multinomial: x holds a weight that is",
        ),
        (
            lambda: ac.multinomial([1.0, 0.0], 2),
            ArgumentError,
            "multinomial: num_samples is 2; a row has 1 weights above 0, replacement is False. Draw fewer, or",
        ),
        (
            lambda: ac.multinomial([0.0], 1, True),
            ArgumentError,
            "multinomial: num_samples is 1; a row has 0",
        ),
        (lambda: ac.multinomial([1, 2], 1), ShapeError, "multinomial: x is int64 (2,); weights are floating"),
        (lambda: ac.bincount(NUMBERS), ShapeError, "bincount: x has shape (3, 4); it must have one axis."),
        (lambda: ac.bincount([1.0]), DTypeError, "bincount: x is float32; must hold whole numbers"),
        (lambda: ac.bincount([-1]), ArgumentError, "bincount: x holds -1; numbers are at least 0"),
        (
            lambda: ac.bucketize([1.0], [[1.0]]),
            ShapeError,
            "bucketize: boundaries have shape (1, 1);",
        ),
    ],
)
def test_what_cannot_be_counted_is_refused(call: Any, error: type[AutocnnError], text: str) -> None:
    with pytest.raises(error) as caught:
        call()
    assert str(caught.value).startswith(text)


def test_whole_numbers_are_written_into_a_tensor() -> None:
    ac.manual_seed(0)
    drawn = ac.zeros(1000, dtype=ac.long).random_(10)
    assert (drawn.dtype, int(drawn.min()), int(drawn.max())) == (np.int64, 0, 9)
    assert set(ac.zeros(100).random_(3, 5).tolist()) == {3.0, 4.0}
    wide = ac.zeros(100).random_()
    assert (wide == wide.round()).all()
    assert 2**20 < wide.max().item() <= 2**24
