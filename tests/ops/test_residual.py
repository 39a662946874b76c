"""A sum whose kernel goes on to the relu behind: nobody can tell, but by the clock."""

from __future__ import annotations

import numpy as np
import pytest

import autocnn as ac
from autocnn import nn
from autocnn.backend import onednn
from autocnn.errors import InPlaceError
from autocnn.graph import trace
from autocnn.nn import functional as F
from autocnn.ops.activation.rectifiers import Foreseen

pytestmark = pytest.mark.skipif(onednn.serving() is None, reason="needs oneDNN, whose kernel does both")
SHAPE = (4, 8, 24, 24)


class Block(nn.Module):
    """relu(norm1(x)), and the sum of it with norm2(x)."""

    def __init__(self):
        super().__init__()
        self.norm1, self.norm2 = nn.BatchNorm2d(SHAPE[1]), nn.BatchNorm2d(SHAPE[1])

    def parts(self, x):
        return self.norm2(x), F.relu(self.norm1(x))

    def forward(self, x):
        y, shortcut = self.parts(x)
        return y + shortcut


@pytest.fixture
def block():
    """A block that has seen a relu behind its sum."""
    ac.manual_seed(0)
    module = Block()
    with ac.no_grad():
        for parameter in module.parameters():
            parameter.uniform_(0.5, 2.0)
    for _ in range(2):
        F.relu(module(images()))
    assert type(module(images())) is Foreseen
    return module


def forgetting(module):
    module.norm2.weight.__dict__.pop("_relu_behind_sum", None)
    return module


def images(requires_grad=True):
    drawn = np.random.default_rng(1).standard_normal(SHAPE, dtype=np.float32)
    return ac.tensor(drawn).requires_grad_(requires_grad)


def outcome(module, use):
    """Value and gradients of a use of a block."""
    x = images()
    z = use(module, x)
    module.zero_grad()
    (z * ac.linspace(-1, 1, z.numel()).reshape(z.shape)).sum().backward()
    return [each.array.copy() for each in (z, x.grad, *(p.grad for p in module.norm2.parameters()))]


def reversed_sum(module, x):
    y, shortcut = module.parts(x)
    return F.relu(shortcut + y)


def chain(module, x):
    return F.relu(module(F.relu(module(x))))


def between(module, x):
    total = module(x)
    return F.relu(total) + total.tanh()


def hooked(module, x):
    total = module(x)
    total.register_hook(lambda g: g * 2)
    return F.relu(total)


def added_in_place(module, x):
    y, shortcut = module.parts(x)
    y += shortcut
    return F.relu(y, inplace=True)


def added_in_place_under_a_view(module, x):
    y, shortcut = module.parts(x)
    flat = y.reshape(-1)
    y += shortcut
    return F.relu(flat)


def added_in_place_and_kept(module, x):
    y, shortcut = module.parts(x)
    y.retain_grad()
    y += shortcut
    z = F.relu(y)
    z.sum().backward(retain_graph=True)
    return z * y.grad


USES = {
    "relu": lambda m, x: F.relu(m(x)),
    "in place twice": added_in_place,
    "in place under a view": added_in_place_under_a_view,
    "in place, gradient kept": added_in_place_and_kept,
    "method": lambda m, x: m(x).relu(),
    "in place": lambda m, x: F.relu(m(x), inplace=True),
    "other order": reversed_sum,
    "several": chain,
    "value between": between,
    "hook": hooked,
    "no relu": lambda m, x: m(x).tanh(),
    "a number": lambda m, x: F.relu(m.norm2(x) + 1.0),
    "a vector": lambda m, x: F.relu(m.norm2(x) + ac.ones(SHAPE[-1])),
}


@pytest.mark.parametrize("use", USES.values(), ids=USES)
def test_to_the_bit(block, use):
    made = outcome(block, use)
    for a, b in zip(made, outcome(forgetting(block), use), strict=True):
        np.testing.assert_array_equal(a, b)


def test_it_is_learned_and_forgotten(block):
    block(images()).tanh()
    assert type(block(images())) is not Foreseen
    F.relu(block(images()))
    assert type(block(images())) is Foreseen
    y, shortcut = block.parts(images())
    y += shortcut
    assert type(y) is Foreseen


def test_second_order(block):
    def penalty(module):
        x = images()
        (g,) = ac.autograd.grad(F.relu(module(x)).square().sum(), [x], create_graph=True)
        return ac.autograd.grad(g.square().sum(), [x, module.norm2.weight])

    for a, b in zip(penalty(block), penalty(forgetting(block)), strict=True):
        np.testing.assert_allclose(a.array, b.array, rtol=1e-4, atol=1e-4 * np.abs(b.array).max())


def poisoned_input(block, value):
    x = images(False)
    x[0, 3, 2, 2] = value
    return block.parts(x)


def poisoned_weight(block, value):
    with ac.no_grad():
        block.norm2.weight[3] = value
    return block.parts(images(False))


def poisoned_bias(block, value):
    with ac.no_grad():
        block.norm2.bias[3] = value
    return block.parts(images(False))


def poisoned_shortcut(block, value):
    y, shortcut = block.parts(images(False))
    shortcut[0, 3, 2, 2] = value
    return y, shortcut


def another_shortcut(block, value):
    y, _ = block.parts(images(False))
    other = y.detach() * 0
    other[0, 3, 2, 2] = value
    return y, other


def exchanged_data(block, value):
    y, shortcut = block.parts(images(False))
    shortcut.data = another_shortcut(block, value)[1]
    return y, shortcut


def constant_channel(block, value):
    """With eps 0 a channel of variance 0 divides 0 by 0."""
    block.norm2.eps = 0.0
    x = images(False)
    x[:, 3] = 1.0
    return block.parts(x)


POISONS = [
    poisoned_input, poisoned_weight, poisoned_bias, poisoned_shortcut, another_shortcut, exchanged_data,
    constant_channel,
]  # fmt: skip


@pytest.mark.parametrize("poison", POISONS)
@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf"), 3e38])
def test_nan_is_not_lost(block, poison, value):
    with np.errstate(all="ignore"):
        y, shortcut = poison(block, value)
        z = F.relu(y + shortcut).array
        expected = np.maximum(y.array + shortcut.array, 0)
    np.testing.assert_array_equal(z, expected)


def test_its_own_values_are_there_when_asked_for(block):
    total = block(images())
    z = F.relu(total)
    assert (total.shape, total.ndim, str(total.dtype)) == (SHAPE, 4, "float32")
    np.testing.assert_array_equal(np.maximum(total.array, 0), z.array)
    assert type(total) is ac.Tensor
    assert total.array.min() < 0


def test_an_operand_that_was_overwritten(block):
    y, shortcut = block.parts(images(False))
    total = y + shortcut
    F.relu(total)
    shortcut.zero_()
    with pytest.raises(InPlaceError, match=r"^add: its result \(4, 8, 24, 24\) was not kept, for a relu"):
        total.tanh()


def test_a_graph_shows_both(block):
    graph = trace(lambda x: F.relu(block(x)), images(), order=1)
    ops = [vertex.op for vertex in graph.vertices if vertex.kind == "op" and vertex.phase == "forward"]
    assert [op for op in ops if op != "item"] == ["batch_norm", "batch_norm", "relu", "add", "relu"]


def test_a_profile_names_it(block):
    with ac.profile() as seen:
        F.relu(block(images()))
    assert {"batch_norm_relu", "add_relu"} <= {row.op for row in seen.rows}
