"""Witnesses of a backward pass: they see every whole gradient, and nothing changes for it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import autocnn as ac
from autocnn import nn
from autocnn.engine import Tensor
from autocnn.engine.gradient import Ahead
from autocnn.engine.tape import Node
from autocnn.engine.witness import passed, witnessing
from autocnn.nn import functional as F


class Seen:
    """Keeps copies of what it is shown."""

    def __init__(self) -> None:
        self.gradients: dict[int, Any] = {}
        self.ahead: list[str] = []
        self.roots: list[float] = []

    def arrived(self, node: Node, g: Any) -> None:
        if type(g) is Ahead:
            self.ahead.append(node.name)
            half = passed(g, slice(1, None, 2))
            g = passed(g, slice(None))
            np.testing.assert_array_equal(half, g[1::2])
        self.gradients[node.serial] = np.array(g)

    def finished(self, root: Tensor) -> None:
        self.roots.append(root.item())


def network() -> nn.Sequential:
    ac.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(2, 16, 3, bias=False), nn.BatchNorm2d(16), nn.ReLU(), nn.Flatten(), nn.Linear(576, 3)
    )


def step(net: nn.Sequential, x: Tensor) -> Tensor:
    loss = F.cross_entropy(net(x), ac.tensor([0, 1, 2, 0]))
    net.zero_grad()
    loss.backward()
    return loss


def test_what_training_computes_is_the_same_to_the_bit() -> None:
    x = ac.tensor(np.random.default_rng(0).normal(size=(4, 2, 8, 8)).astype(np.float32))
    alone, shown = network(), network()
    for _ in range(2):  # from the second pass on the batch norm's kernel goes on to the relu
        a = step(alone, x)
        with witnessing(seen := Seen()):
            b = step(shown, x)
        assert a.item() == b.item() == seen.roots[0]
        for p, q in zip(alone.parameters(), shown.parameters(), strict=True):
            assert p.grad is not None
            assert q.grad is not None
            np.testing.assert_array_equal(p.grad.array, q.grad.array)


def test_it_sees_what_hooks_see_also_ahead_of_a_relu() -> None:
    x = ac.tensor(np.random.default_rng(0).normal(size=(4, 2, 8, 8)).astype(np.float32))
    net = network()
    step(net, x)
    with witnessing(seen := Seen()):
        step(net, x)
    hooked: dict[str, Any] = {}

    def listen(name: str) -> Any:
        def after(module: Any, args: Any, output: Tensor) -> None:
            output.register_hook(lambda g: hooked.update({name: g.array}))

        return after

    for name, layer in net.named_children():
        layer.register_forward_hook(listen(name))
    step(net, x)
    shown = [g for _, g in sorted(seen.gradients.items()) if g.shape == (4, 16, 6, 6)]
    for name, g in zip("012", shown, strict=True):
        np.testing.assert_allclose(g, hooked[name], rtol=1e-5, atol=1e-8)


def test_a_recorded_pass_is_shown_as_well_and_autograd_grad_is_not() -> None:
    x = ac.tensor([1.0, 2.0], requires_grad=True)
    with witnessing(seen := Seen()):
        (x * x).sum().backward(create_graph=True)
        assert len(seen.gradients) == 3
        ac.autograd.grad((x * x).sum(), x)
        assert len(seen.gradients) == 3
    (x * x).sum().backward()
    assert len(seen.gradients) == 3
    assert seen.roots == [5.0]


def test_a_profile_and_a_witness_may_look_at_one_pass() -> None:
    x = ac.ones(64, 64, requires_grad=True)
    with ac.profile() as p, witnessing(seen := Seen()):
        (x @ x).sum().backward()
    assert {row.phase for row in p.rows} == {"forward", "backward"}
    assert len(seen.gradients) == 3


def test_a_witness_is_gone_after_an_error() -> None:
    x = ac.tensor([1.0], requires_grad=True)
    seen = Seen()
    with pytest.raises(KeyError), witnessing(seen):
        raise KeyError
    (x * x).sum().backward()
    assert not seen.gradients
