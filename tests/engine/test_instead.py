"""A watcher may replace what an op returns: forward, in place, under other watchers, without a trace."""

from __future__ import annotations

import numpy as np
import pytest

import autocnn as ac
from autocnn import nn
from autocnn.engine.checkpoint import checkpoint
from autocnn.engine.debug import debug
from autocnn.engine.tape import Watcher, local, watching
from autocnn.graph import trace


class Replaces(Watcher):
    """Returns the i-th operand of every call of an op."""

    notes = False

    def __init__(self, op: str = "add", operand: int = 0) -> None:
        self.op, self.operand, self.asked = op, operand, 0

    def instead(self, primitive, inputs, place):
        if primitive.name != self.op:
            return None
        self.asked += 1
        return inputs[self.operand]


def leaf(*values):
    return ac.tensor(values, requires_grad=True)


def test_what_is_returned_and_its_gradient():
    x, y = leaf(1.0, 2.0), leaf(5.0, 7.0)
    with watching(Replaces()):
        z = x * 2 + y * 3
    assert z.tolist() == [2.0, 4.0]
    z.sum().backward()
    assert x.grad.tolist() == [2.0, 2.0]
    assert y.grad is None


@pytest.mark.parametrize("add", [lambda x, y: x + y, ac.add, lambda x, y: x.add(y), np.add, lambda x, y: y + x])
def test_every_spelling_is_asked_about_once(add):
    watcher = Replaces()
    with watching(watcher):
        add(leaf(1.0), leaf(2.0))
    assert watcher.asked == 1


def test_in_place():
    y = leaf(5.0, 7.0)
    x = leaf(1.0, 2.0) * 2
    with watching(Replaces(operand=1)):
        x += y
        x.relu_()
    assert x.tolist() == [5.0, 7.0]
    x.sum().backward()
    assert y.grad.tolist() == [1.0, 1.0]
    assert y.tolist() == [5.0, 7.0]


def test_other_ops_and_ops_with_residuals():
    x = ac.randn(1, 1, 4, 4).requires_grad_()
    conv, norm = nn.Conv2d(1, 1, 3, padding=1), nn.BatchNorm2d(1)
    with watching(Replaces("batch_norm")), watching(Replaces("conv_bias")):
        assert norm(conv(x)) is x


def test_beside_a_trace_it_leaves_none():
    x, y = ac.ones(2, 2), ac.ones(2, 2)
    whole = trace(lambda x, y: (x.tanh() + y).relu(), x, y)
    with watching(Replaces()):
        part = trace(lambda x, y: (x.tanh() + y).relu(), x, y)
    assert [v.op for v in whole.vertices if v.kind == "op"] == ["tanh", "add", "relu"]
    assert [v.op for v in part.vertices if v.kind == "op"] == ["tanh", "relu"]


def test_the_first_of_several_watchers_answers():
    x, y = leaf(1.0), leaf(2.0)
    with watching(Replaces(operand=1)), watching(Replaces(operand=0)), debug():
        assert (x + y) is y


def test_a_checkpoint_recomputes_what_was_run():
    x, y = leaf(0.5), leaf(2.0)
    with watching(Replaces()):
        z = checkpoint(lambda a, b: (a.tanh() + b).exp(), x, y)
    z.backward(ac.ones(1))
    t = np.tanh(0.5)
    assert x.grad.item() == pytest.approx(np.exp(t) * (1 - t * t), rel=1e-6)


def test_a_watcher_that_wants_no_nodes_leaves_none_behind():
    norm = nn.BatchNorm2d(2)
    x = ac.randn(3, 2, 4, 4)
    with watching(Replaces()):
        for _ in range(3):
            norm(x).relu()
        with ac.no_grad():
            z = x * 2 * 3
    assert z._node is None
    assert norm.running_mean._node is None


def test_a_backward_pass_under_it_is_an_ordinary_one():
    x = leaf(1.0, 2.0)
    watcher = Replaces()
    with watching(watcher):
        (x * x).sum().backward()
    assert (x.grad.tolist(), watcher.asked) == ([2.0, 4.0], 0)


def test_nothing_is_left_of_it():
    with watching(Replaces()):
        pass
    assert local.context.watch is None
    assert (leaf(1.0) + leaf(2.0)).tolist() == [3.0]
