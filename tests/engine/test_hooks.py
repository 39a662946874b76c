"""Hooks on tensors: when they run, what they may return, and what an exception in one leaves behind."""

from __future__ import annotations

import numpy as np
import pytest

from autocnn.autograd import grad, no_grad
from autocnn.engine import Tensor
from autocnn.errors import GradientError, InPlaceError
from autocnn.graph import trace
from autocnn.testing.standin import asarray


def leaf(*values: float) -> Tensor:
    return Tensor(np.array(values)).requires_grad_()


def test_hooks_run_in_the_order_they_were_set() -> None:
    x = leaf(2.0)
    seen: list[tuple[str, float]] = []
    x.register_hook(lambda g: seen.append(("first", g.item())))
    x.register_hook(lambda g: g * 10.0)
    x.register_hook(lambda g: seen.append(("third", g.item())))
    (x * x).backward()
    assert seen == [("first", 4.0), ("third", 40.0)]
    assert x.grad.item() == 40.0


def test_a_hook_sees_the_whole_gradient_once() -> None:
    x = leaf(2.0)
    seen: list[float] = []
    x.register_hook(lambda g: seen.append(g.item()))
    y = x * 2.0
    (y + x * x + x).backward()
    assert seen == [7.0]


def test_what_a_hook_returns_goes_on() -> None:
    x = leaf(2.0)
    y = x * 3.0
    y.register_hook(lambda g: g * 0.0 + 5.0)
    (y * y).backward()
    assert x.grad.item() == 15.0


def test_a_hook_can_be_taken_away() -> None:
    x = leaf(2.0)
    handle = x.register_hook(lambda g: g * 10.0)
    handle.remove()
    handle.remove()
    (x * x).backward()
    assert x.grad.item() == 4.0


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        (Tensor(np.ones((2, 1))), r"^hook of leaf: returned float64 \(2, 1\), the gradient is float64 \(2,\)"),
        (
            Tensor(np.ones(2, np.float32)),
            r"^hook of leaf: returned float32 \(2,\), the gradient is float64 \(2,\)",
        ),
        (3.0, r"^hook of leaf: returned float, the gradient is float64 \(2,\)"),
    ],
)
def test_what_a_hook_returns_must_fit(answer: object, text: str) -> None:
    x = leaf(1.0, 2.0)
    x.register_hook(lambda g: answer)
    with pytest.raises(GradientError, match=text):
        (x * x).sum().backward()
    assert x.grad is None


def test_what_a_hook_returns_must_be_on_the_same_device() -> None:
    x = leaf(1.0, 2.0)
    x.register_hook(lambda g: Tensor(asarray(np.ones(2))))
    with pytest.raises(
        GradientError,
        match=r"^hook of leaf: returned float64 \(2,\) on standin:0, the gradient is float64 \(2,\)$",
    ):
        (x * x).sum().backward()


def test_an_exception_in_a_hook_leaves_gradients_untouched() -> None:
    x, w = leaf(2.0), leaf(3.0)
    (x * w).backward()

    def fail(g: Tensor) -> None:
        raise ValueError("no")

    w.register_hook(fail)
    with pytest.raises(ValueError, match="no"):
        (x * w).backward()
    assert x.grad.item() == 3.0
    assert w.grad.item() == 2.0


def test_an_exception_in_a_hook_leaves_kept_gradients_untouched() -> None:
    x = leaf(2.0)
    y = x * 3.0
    y.retain_grad()

    def fail(g: Tensor) -> None:
        raise ValueError("no")

    x.register_hook(fail)
    with pytest.raises(ValueError, match="no"):
        y.backward()
    assert y.grad is None


@pytest.mark.parametrize("create_graph", [False, True])
def test_a_hook_may_write_to_its_gradient_and_to_nothing_else(create_graph: bool) -> None:
    x, y = leaf(1.0, 2.0), leaf(1.0, 2.0)
    seed = Tensor(np.ones(2))

    def clamp(g: Tensor) -> Tensor:
        return g.clamp_(max=0.5)

    x.register_hook(clamp)
    (x + y).backward(seed, create_graph=create_graph)
    assert [t.tolist() for t in (x.grad, y.grad, seed)] == [[0.5, 0.5], [1.0, 1.0], [1.0, 1.0]]


def test_a_hook_that_overwrites_what_the_pass_still_needs_is_seen() -> None:
    x, w = leaf(2.0), leaf(3.0)
    y = x * w

    def step(g: Tensor) -> None:
        with no_grad():
            w.mul_(2.0)

    y.register_hook(step)
    with pytest.raises(InPlaceError, match="mul_ has overwritten"):
        (y * y).backward()


def test_what_a_hook_computes_belongs_to_the_backward_pass() -> None:
    def hooked(x: Tensor) -> Tensor:
        y = x * x
        y.register_hook(lambda g: g.tanh())
        return y.exp()

    graph = trace(hooked, leaf(1.0), order=1)
    (tanh,) = [v for v in graph.vertices if v.op == "tanh"]
    assert tanh.phase == "backward"


def test_hooks_run_in_grad_too_and_on_recorded_passes() -> None:
    x = leaf(2.0)
    x.register_hook(lambda g: g * 2.0)
    assert grad(x * x, x)[0].item() == 8.0
    (g,) = grad(x * x, x, create_graph=True)
    assert g.item() == 8.0
    assert grad(g, x)[0].item() == 8.0  # 2 (2 x)' = 4, and the hook once more


def test_a_kept_gradient_is_what_the_hooks_made_of_it() -> None:
    y = leaf(2.0) * 3.0
    y.retain_grad()
    y.register_hook(lambda g: g * 2.0)
    (y * y).backward()
    assert y.grad.item() == 24.0


def test_hooks_need_a_gradient() -> None:
    with pytest.raises(GradientError, match=r"^register_hook: the tensor does not require a gradient"):
        Tensor(np.ones(1)).register_hook(lambda g: None)
    with pytest.raises(GradientError, match=r"^retain_grad: the tensor does not require a gradient"):
        Tensor(np.ones(1)).retain_grad()
