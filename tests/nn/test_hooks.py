"""Hooks around the forward pass, and exact gradients of a module's inputs and outputs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from autocnn import autograd, nn, relu
from autocnn.engine import Tensor, no_grad
from autocnn.engine.inplace import write
from autocnn.errors import GradientError, InPlaceError

Seen = list[tuple[list[Any], list[Any]]]


def doubles(*values: float) -> Tensor:
    return Tensor(np.array(values)).requires_grad_()


def note(seen: Seen) -> Any:
    """A backward hook that writes down what it sees."""

    def hook(module: nn.Module, grad_input: Any, grad_output: Any) -> None:
        values = [[None if g is None else g.tolist() for g in gs] for gs in (grad_input, grad_output)]
        seen.append((values[0], values[1]))

    return hook


class Times(nn.Module):
    """x times a weight."""

    def __init__(self, factor: float) -> None:
        self.weight = nn.Parameter(np.array([factor]))

    def forward(self, x: Any) -> Any:
        return x * self.weight


class InPlaceReLU(nn.Module):
    """max(x, 0), written over x."""

    def forward(self, x: Tensor) -> Tensor:
        return write(x, relu(x), "relu_")


class Weigh(nn.Module):
    """Two inputs, two outputs: 2 a + 3 b and 5 a."""

    def forward(self, a: Any, b: Any) -> Any:
        return 2 * a + 3 * b, 5 * a


# Forward -------------------------------------------------------------------------------------------------------


def test_forward_hooks_see_and_replace() -> None:
    module = Times(2.0)
    calls: list[str] = []
    first = module.register_forward_pre_hook(lambda m, args: calls.append("pre") or (args[0] + 1,))
    module.register_forward_pre_hook(lambda m, args: calls.append("before"), prepend=True)
    module.register_forward_hook(lambda m, args, y: calls.append(f"{args[0].item()}") or y * 10)
    assert module(doubles(1.0)).tolist() == [40.0]
    assert calls == ["before", "pre", "2.0"]
    first.remove()
    first.remove()
    assert module(doubles(1.0)).tolist() == [20.0]
    with module.register_forward_pre_hook(lambda m, args: args[0] * 0):
        assert module(doubles(1.0)).tolist() == [0.0]
    assert module(doubles(1.0)).tolist() == [20.0]


def test_forward_hooks_see_keywords_if_asked() -> None:
    module = Times(2.0)
    module.register_forward_pre_hook(lambda m, args, kw: ((), {"x": kw["x"] + 1}), with_kwargs=True)
    module.register_forward_hook(lambda m, args, kw, y: y * kw["x"], with_kwargs=True)
    assert module(x=doubles(1.0)).tolist() == [8.0]


# Backward ------------------------------------------------------------------------------------------------------


def test_grad_input_is_what_passes_through_the_module_alone() -> None:
    x, seen = doubles(1.0), []
    block = nn.Residual(Times(3.0))
    block.body.register_full_backward_hook(note(seen))
    (block(x) * 7).backward()
    assert seen == [([[21.0]], [[7.0]])]
    assert x.grad is not None
    assert x.grad.tolist() == [28.0]


def test_an_in_place_relu_behind_or_inside_changes_nothing() -> None:
    first: Seen = []
    second: Seen = []
    net = nn.Sequential(Times(2.0), InPlaceReLU(), Times(5.0))
    net[0].register_full_backward_hook(note(first))
    net[1].register_full_backward_hook(note(second))
    x = doubles(1.0, -1.0)
    (net(x) * Tensor(np.array([1.0, 10.0]))).sum().backward()
    assert second == [([[5.0, 0.0]], [[5.0, 50.0]])]
    assert first == [([[10.0, 0.0]], [[5.0, 0.0]])]
    assert x.grad is not None
    assert x.grad.tolist() == [10.0, 0.0]


def test_identity_has_the_same_gradient_on_both_sides() -> None:
    x, seen = doubles(1.0), []
    module = nn.Identity()
    module.register_full_backward_hook(note(seen))
    (module(x) * 3 + x * 4).backward()
    assert seen == [([[3.0]], [[3.0]])]
    assert x.grad is not None
    assert x.grad.tolist() == [7.0]


def test_several_inputs_and_outputs_come_together() -> None:
    a, b, seen = doubles(1.0), doubles(1.0), []
    module = Weigh()
    module.register_full_backward_hook(note(seen))
    y, z = module(a, b)
    (y * 10 + z + a).backward()
    assert seen == [([[25.0], [30.0]], [[10.0], [1.0]])]
    assert a.grad is not None
    assert a.grad.tolist() == [26.0]
    seen.clear()
    module(a, 1.0)[1].backward()
    assert seen == [([[5.0], None], [None, [1.0]])]
    seen.clear()
    module(a, b)[1].backward()
    assert seen == [([[5.0], [0.0]], [None, [1.0]])]


def test_hooks_replace_gradients() -> None:
    x = doubles(1.0)
    module = Times(3.0)
    module.register_full_backward_pre_hook(lambda m, go: (go[0] * 10,))
    module.register_full_backward_hook(lambda m, gi, go: (gi[0] + go[0],))
    module(x).backward()
    assert x.grad is not None
    assert module.weight.grad is not None
    assert module.weight.grad.tolist() == [10.0]
    assert x.grad.tolist() == [40.0]
    a, b, both = doubles(1.0), doubles(1.0), Weigh()
    both.register_full_backward_hook(lambda m, gi, go: (gi[0] * 2, gi[1] * 3))
    both(a, b)[0].backward()
    assert a.grad is not None
    assert b.grad is not None
    assert (a.grad.tolist(), b.grad.tolist()) == ([4.0], [9.0])


def test_without_a_gradient_of_the_input_the_output_s_is_still_seen() -> None:
    seen: Seen = []
    module = Times(3.0)
    module.register_full_backward_hook(note(seen))
    module(Tensor(np.array([1.0]))).backward()
    assert seen == [([None], [[1.0]])]
    with no_grad():
        module(doubles(1.0))
    module.requires_grad_(False)(Tensor(np.array([1.0])))
    assert len(seen) == 1


def test_hooks_work_in_a_recorded_backward_pass() -> None:
    a, b, seen = doubles(2.0), doubles(1.0), []
    module = Weigh()
    module.register_full_backward_hook(lambda m, gi, go: seen.append(gi))
    y, z = module(a * a, b)
    (g,) = autograd.grad(y * z, [a], create_graph=True)  # 40 a^3 + 30 a b
    assert isinstance(seen[0][0], Tensor)
    assert seen[0][0].requires_grad
    assert g.tolist() == [380.0]
    assert autograd.grad(g, [a])[0].tolist() == [510.0]  # 120 a^2 + 30 b


def test_a_wrong_answer_is_refused() -> None:
    module = Weigh()
    module.register_full_backward_hook(lambda m, gi, go: gi[:1])
    with pytest.raises(GradientError) as caught:
        module(doubles(1.0), doubles(1.0))[0].backward()
    assert str(caught.value) == "backward hook: returned 1 gradients, the module has 2"
    module = Weigh()
    module.register_full_backward_hook(lambda m, gi, go: (3, gi[1]))
    with pytest.raises(GradientError) as caught:
        module(doubles(1.0), doubles(1.0))[0].backward()
    assert str(caught.value) == "hook of gate: returned int, the gradient is float64 (1,)"


def test_one_of_several_watched_inputs_cannot_be_overwritten() -> None:
    class Over(nn.Module):
        def forward(self, a: Tensor, b: Tensor) -> Any:
            return write(a, a + b, "add_")

    module = Over()
    module.register_full_backward_hook(lambda m, gi, go: None)
    with pytest.raises(InPlaceError, match="one of several views"):
        module(doubles(1.0) * 1, doubles(1.0))


def test_a_hook_may_ask_to_be_called_where_forward_raises():
    class Broken(nn.Module):
        def forward(self, x):
            raise ValueError("broken")

    module, seen = Broken(), []
    module.register_forward_hook(lambda m, args, output: seen.append("ordinary"))
    module.register_forward_hook(lambda m, args, output: seen.append(output), always_call=True)
    with pytest.raises(ValueError, match="broken"):
        module(Tensor([1.0]))
    assert seen == [None]
