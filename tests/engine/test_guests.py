"""A primitive from outside the library is held to what it promises."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autocnn as ac
from autocnn.autograd import primitive
from autocnn.engine import Primitive
from autocnn.errors import ArgumentError, GradientError, ShapeError
from autocnn.testing import gradgradcheck


def square(*rules: Callable[..., Any]) -> Primitive:
    """x^2 with a rule of one's own."""

    @primitive(saves=("x",))
    def guest_square(xp: Any, x: Any) -> Any:
        return x * x

    if rules:
        guest_square.vjp(*rules)
    return guest_square


def slope(p: Any, x: ac.Tensor) -> ac.Tensor:
    """The gradient of sum(p(x)) at x, in a plain backward pass."""
    x = x.detach().requires_grad_()
    p(x).sum().backward()
    assert x.grad is not None
    return x.grad


RULES: dict[str, Callable[..., Any]] = {
    "operators": lambda g, z, x: g * 2 * x,
    "NumPy's functions": lambda g, z, x: np.multiply(g, np.add(x, x)),
    "public functions": lambda g, z, x: ac.mul(g, ac.add(x, x)),
    "another dtype": lambda g, z, x: g * (np.float64(2) * x),
}


@pytest.mark.parametrize("how", RULES)
@pytest.mark.parametrize("values", [3.0, [1.0, 2.0]], ids=["0-d", "1-d"])
def test_a_rule_may_be_written_in_many_ways(how: str, values: Any) -> None:
    p, x = square(RULES[how]), ac.tensor(values)
    found = slope(p, x)
    assert (found.shape, found.dtype) == (x.shape, x.dtype)
    assert found.tolist() == (2 * x).tolist()
    assert slope(lambda x: p(p(x)) + p(x), x).tolist() == (4 * x**3 + 2 * x).tolist()
    assert ac.func.grad(ac.func.grad(lambda x: p(x).sum()))(ac.tensor(3.0)).item() == 2
    assert gradgradcheck(p, [x])


@pytest.mark.parametrize("create_graph", [False, True])
def test_a_gradient_of_another_shape_is_refused(create_graph: bool) -> None:
    x = ac.ones(2, 3, requires_grad=True)
    with pytest.raises(ShapeError) as said:
        ac.autograd.grad(square(lambda g, z, x: g.sum())(x).sum(), x, create_graph=create_graph)
    assert str(said.value) == (
        "guest_square: the rule of input 0 gave a gradient of shape (); the input has (2, 3), "
        "and its gradient must too"
    )


def test_the_rule_of_any_input_and_the_fused_rule_are_held_too() -> None:
    @primitive()
    def guest_sum(xp: Any, *xs: Any) -> Any:
        return sum(xs)

    guest_sum.vjp_each(lambda i, g, z, *xs: g[:i])
    x, y = (ac.ones(1, requires_grad=True) for _ in range(2))
    with pytest.raises(ShapeError, match=r"^guest_sum: the rule of input 0 gave a gradient of shape \(0,\)"):
        guest_sum(x, y).sum().backward()

    fused = square(lambda g, z, x: g * 2 * x)
    fused.fast(lambda g, z, x, need: (ac.sum(g),))
    with pytest.raises(ShapeError, match="guest_square: the rule of input 0"):
        slope(fused, ac.ones(2))
    fused.fast(lambda g, z, x, need: (ac.mul(g, 2 * x),))
    assert slope(fused, ac.ones(2)).tolist() == [2, 2]


def test_a_rule_that_is_missing() -> None:
    with pytest.raises(GradientError) as said:
        slope(square(), ac.ones(2))
    assert str(said.value) == (
        "guest_square: it has no rule for its derivative. Give one with guest_square.vjp(...)"
    )


def test_saves_names_what_there_is() -> None:
    with pytest.raises(ArgumentError) as said:

        @primitive(saves=(("x",), ("w",)))
        def guest_sum_of_two(xp: Any, x: Any, y: Any) -> Any:
            return x + y

    assert str(said.value) == "primitive: saves of guest_sum_of_two names 'w'; it has x, y, z"


def test_one_name_may_stand_alone() -> None:
    @primitive(saves="value")
    def guest_cube(xp: Any, value: Any) -> Any:
        return value**3

    guest_cube.vjp(lambda g, z, value: g * 3 * value**2)
    assert slope(guest_cube, ac.tensor(2.0)).item() == 12
