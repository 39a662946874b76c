"""`flow.why`: where a gradient died, and how, in the texts that a user reads."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autocnn as ac
from autocnn import Tensor, flow, nn
from autocnn.errors import ArgumentError, ReleasedGraphError
from autocnn.nn import functional as F

ZERO = "The gradient is zero. Counting back from the loss, it died at "
CUT = "The gradient is missing. Counting back from the loss, the record was cut: "


def network() -> nn.Sequential:
    """Linear, relu, linear, tanh, linear: 4 features to 3 classes."""
    ac.manual_seed(0)
    return nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 8), nn.Tanh(), nn.Linear(8, 3))


def loss_of(model: Callable[[Tensor], Tensor]) -> Tensor:
    ac.manual_seed(1)
    return F.cross_entropy(model(ac.randn(5, 4)), ac.tensor([0, 1, 2, 0, 1]))


def spoil(parameter: Tensor, value: float) -> None:
    parameter.array[...] = value


class Through(nn.Module):
    """A module of a function."""

    def __init__(self, function: Callable[[Tensor], Any]) -> None:
        super().__init__()
        self.function = function

    def forward(self, x: Tensor) -> Any:
        """What the function gives."""
        return self.function(x)


def under_no_grad(x: Tensor) -> Tensor:
    with ac.no_grad():
        return x * 2


@pytest.mark.parametrize(
    ("layer", "value", "kind", "text"),
    [
        ("0.bias", -100, "mask", "relu in 1: its relu lets nothing through: all 40 inputs are 0 or less."),
        (
            "2.bias", 50, "saturation",
            "tanh in 3: tanh is saturated: its derivative is 0 in float32, its values in [1, 1].",
        ),
        (
            "4.weight", 0, "zero weight",
            "linear in 4: linear multiplies it by a parameter (3, 8), which is all zeros.",
        ),
    ],
)  # fmt: skip
def test_zero_gradients_in_a_network(layer: str, value: float, kind: str, text: str) -> None:
    model = network()
    parameters = dict(model.named_parameters())
    spoil(parameters[layer], value)
    loss = loss_of(model)
    found = flow.why(parameters["0.weight"], loss)
    assert (found.kind, str(found)) == (kind, ZERO + text)
    loss.backward()
    assert not parameters["0.weight"].grad.array.any()  # what it says is so
    assert flow.why(parameters["0.weight"], lambda: loss_of(model)) == found


@pytest.mark.parametrize(
    ("function", "kind", "text"),
    [
        (
            lambda x: x.detach(), "detach",
            "before linear in 4, a value of shape (5, 8) was detached (detach(), .data, or its array).",
        ),
        (
            lambda x: Tensor(x.detach().numpy()), "detach",
            "before linear in 4, a value of shape (5, 8) was detached (detach(), .data, or its array).",
        ),
        (under_no_grad, "no_grad", "mul in 3 was computed under no_grad(), and linear in 4 uses its result."),
        (
            lambda x: x.argmax(1).float().unsqueeze(1).expand(5, 8), "no derivative",
            "argmax in 3 has no derivative, and cast in 3 uses its result.",
        ),
        (
            lambda x: x.long().float(), "integer",
            "cast in 3 gives int64, which has no gradient, and cast in 3 uses it.",
        ),
    ],
)  # fmt: skip
def test_missing_gradients_in_a_network(function: Any, kind: str, text: str) -> None:
    model = network()
    model[3] = Through(function)
    found = flow.why(model[0].weight, lambda: loss_of(model))
    assert (found.kind, str(found)) == (kind, CUT + text)
    after = flow.why(model[0].weight, loss_of(model))
    assert after.kind == "unused"
    assert "at values of shape (5, 8) used by linear in 4" in after.text


@pytest.mark.parametrize(
    ("function", "kind", "text"),
    [
        (lambda w: (w - w).sum(), "cancelling", "sub (%1): the 2 gradients that meet here cancel exactly."),
        (lambda w: (w * 0).sum(), "zero weight", "mul (%2): it is multiplied by 0."),
        (
            lambda w: (w * 1e-30 * 1e-30).sum(), "underflow",
            "mul (%2): float32 rounds it to zero: it is 2^-199, and the smallest number is 2^-149.",
        ),
        (
            lambda w: ac.where(w > 5, w, w.detach()).sum(), "mask",
            "where (%3): where takes the other operand at every one of 2 elements.",
        ),
        (lambda w: F.dropout(w, 1.0).sum(), "mask", "dropout (%1): dropout (p = 1.0) drops every element."),
        (
            lambda w: w.round().sum(), "step",
            "round (%1): round is a step function: its derivative is 0 everywhere.",
        ),
        (
            lambda w: w.clamp(5.0, 6.0).sum(), "mask",
            "clamp (%1): clamp is flat there: all inputs in [1, 2] lie outside of [5.0, 6.0].",
        ),
        (
            lambda w: (w - w.detach()).abs().sum(), "zero",
            "abs (%3): the derivative of abs is 0 at every element in [0, 0].",
        ),
    ],
)  # fmt: skip
def test_zero_gradients_of_a_tensor(function: Any, kind: str, text: str) -> None:
    w = ac.tensor([1.0, 2.0], requires_grad=True)
    loss = function(w)
    found = flow.why(w, loss)
    assert (found.kind, found.text) == (kind, ZERO + text)
    loss.backward()
    assert not w.grad.array.any()


def test_what_was_overwritten() -> None:
    w = ac.tensor([1.0, 2.0], requires_grad=True)
    z = w * 2
    z[:] = 0
    assert flow.why(w, z.sum()).text.endswith("all of it was overwritten in place afterwards.")


def test_zero_input() -> None:
    w = ac.ones(2, 3, requires_grad=True)
    found = flow.why(w, F.linear(ac.zeros(4, 3), w).sum())
    assert found.text == ZERO + "linear (%2): the input of linear, (4, 3), is all zeros, for every image."


def test_a_loss_without_slope() -> None:
    x = ac.tensor([[1000.0, 0.0]], requires_grad=True)
    found = flow.why(x, F.cross_entropy(x, ac.tensor([0])))
    assert found.kind == "loss"
    assert "every prediction is exactly right" in found.text


def test_the_first_of_two_deaths_counts() -> None:
    model = network()
    spoil(model[0].bias, -100)
    spoil(model[2].bias, 50)
    assert flow.why(model[0].weight, loss_of(model)).place == "tanh in 3"


def test_parameters_that_are_used_detached() -> None:
    w = ac.ones(2, 3, requires_grad=True)
    b = ac.zeros(2, requires_grad=True)
    found = flow.why(w, lambda: F.linear(ac.ones(4, 3), w.data, b).sum())
    assert (found.kind, found.place) == ("detach", "linear")


def test_living_gradients() -> None:
    w = ac.tensor([1.0, 2.0], requires_grad=True)
    z = w * 2
    loss = (z * z).sum()
    assert "call retain_grad() before backward()" in flow.why(z, loss).text
    assert "backward() has not run" in flow.why(w, loss).text
    loss.backward(retain_graph=True)
    assert flow.why(w, loss).text == "It has a gradient, which is not zero: its root mean square is 2^3.7."
    assert flow.why(w).kind == "alive"


def test_a_gradient_that_is_not_finite_and_since_where() -> None:
    net = network()
    spoil(net[2].weight, float("nan"))
    found = flow.why(net[0].weight, lambda: loss_of(net))
    assert found.kind == "non-finite"
    assert found.place.startswith("cross_entropy")
    assert str(found) == (
        f"The gradient is not finite. Counting back from the loss, it is so since {found.place}. The loss is nan; "
        "counting forward, the first value found not finite is the parameter (8, 8) of linear in 2."
    )
    w = ac.tensor([0.0, 1.0], requires_grad=True)
    loss = w.sqrt().sum()
    loss.backward(retain_graph=True)
    assert "give the loss" in str(flow.why(w))
    text = "The gradient is not finite. Counting back from the loss, it is so since sqrt (%1)."
    assert str(flow.why(w, loss)) == text
    large = "it is so since mul (%4): its root mean square is 2^132.9, too large for float32."
    zero = ac.tensor([0.0, 0.0], requires_grad=True)
    with np.errstate(over="ignore"):
        assert large in str(flow.why(zero, lambda: (zero * 1e20 * 1e20 * 1e20).sum()))


def test_hooks() -> None:
    w = ac.tensor([1.0, 2.0], requires_grad=True)
    z = w * 2
    z.register_hook(lambda g: g * 0)
    loss = z.sum()
    loss.backward(retain_graph=True)
    assert flow.why(w, loss).text.endswith("a hook that was registered on mul (%2) changes it.")


def test_what_cannot_have_a_gradient() -> None:
    assert flow.why(ac.tensor([1, 2])).text == "It has no gradient: it is int64, and only floating point has one."
    assert "requires_grad is False" in flow.why(ac.tensor([1.0])).text


def test_after_the_arrays_are_gone() -> None:
    model = network()
    loss = loss_of(model)
    loss.backward()
    model.zero_grad()
    with pytest.raises(ReleasedGraphError, match="released by backward; call that one with retain_graph=True, or"):
        flow.why(model[0].weight, loss)


def test_misuse() -> None:
    w = ac.tensor([1.0], requires_grad=True)
    loss = (w * 2).sum()
    with pytest.raises(ArgumentError, match=r"why: tensor is a int; the tensor whose gradient is in question"):
        flow.why(3)  # type: ignore[arg-type]
    with pytest.raises(ArgumentError, match=r"why: \.grad is None, and without the loss there is nothing"):
        flow.why(w)
    with pytest.raises(ArgumentError, match=r"give the tensor first, then the loss"):
        flow.why(loss, w)
    with pytest.raises(ArgumentError, match=r"why: loss is a int; a tensor, or a function that computes it"):
        flow.why(w, 3)  # type: ignore[arg-type]
    with pytest.raises(ArgumentError, match=r"why: loss\(\) is a NoneType; a tensor is needed"):
        flow.why(w, lambda: None)  # type: ignore[arg-type,return-value]
    assert flow.why(w, loss).rows() == [flow.why(w, loss).to_dict()]
