"""Long chains and shared sums: no recursion, each node once, nothing left behind."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import autocnn as ac
from autocnn.autograd import checkpoint, grad
from autocnn.engine import Tensor, primitive, primitives
from autocnn.graph import listing, trace

LONG = 1_000_000
_mul = primitives()["mul"]
calls = {"forward": 0, "rule": 0}


@primitive(saves=("x",))
def _counted_square(xp: Any, x: Any) -> Any:
    calls["forward"] += 1
    return xp.multiply(x, x)


def _counted_rule(g: Any, z: Any, x: Any) -> Any:
    calls["rule"] += 1
    return _mul(g, _mul(x, 2.0))


_counted_square.vjp(_counted_rule)


def leaf(value: float = 1.0) -> Tensor:
    return Tensor(np.array([value])).requires_grad_()


@pytest.fixture
def no_collector() -> Iterator[None]:
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def test_a_million_ops_forward_backward_and_freed(no_collector: None) -> None:
    x = leaf(2.0)
    y = x
    for _ in range(LONG // 2):
        y = (y + x) * 0.5
    first = weakref.ref(y.grad_fn)
    text = str(y)
    y.backward()
    # y = x (1 - 2 ** -n) + x 2 ** -n, so the gradient is 1 whatever n is
    assert x.grad.item() == pytest.approx(1.0)
    assert "2." in text
    del y
    assert first() is None, "freed at once, without the collector"


def test_a_million_ops_twice_differentiated() -> None:
    x = leaf(1.0)
    y = x
    for _ in range(LONG // 10):
        y = y * 1.0
    (g,) = grad(y * y, x, create_graph=True)
    assert grad(g, x)[0].item() == pytest.approx(2.0)


@pytest.mark.parametrize("length", [10, 1000])
def test_each_node_is_visited_once(length: int) -> None:
    calls.update(forward=0, rule=0)
    x = leaf(1.0)
    y = x
    for _ in range(length):
        y = _counted_square(y)
    y.backward()
    assert calls == {"forward": length, "rule": length}


def diamond(x: Tensor, depth: int) -> Tensor:
    """2 ** depth paths from x to the result."""
    y = _counted_square(x)
    for _ in range(depth):
        y = y + y
    return y


def test_a_diamond_of_sixty_shared_sums_is_linear() -> None:
    calls.update(forward=0, rule=0)
    x = leaf(3.0)
    y = diamond(x, 60)
    (g,) = grad(y, x, create_graph=True)
    assert g.item() == 6.0 * 2.0**60
    assert grad(g, x)[0].item() == 2.0**61
    assert calls["rule"] == 1


def test_a_diamond_through_checkpoint() -> None:
    x = leaf(3.0)
    checkpoint(lambda v: diamond(v, 60), x).backward()
    assert x.grad.item() == 6.0 * 2.0**60


def graphs() -> dict[str, Any]:
    """Functions of a leaf whose graphs must vanish with their results."""

    def hooked(x: Tensor) -> Tensor:
        y = x * 2.0
        y.register_hook(lambda g: g * 2.0)
        y.retain_grad()
        return y * y

    def parts(x: Tensor) -> Tensor:
        a, b = ac.stack([x, x * 2.0]).unbind(0)
        return a * b

    def views(x: Tensor) -> Tensor:
        y = (x * 2.0).reshape(1, 1)
        y[0] = x
        return y.reshape(1)

    def recorded(x: Tensor) -> Tensor:
        return grad(x * x * x, x, create_graph=True)[0]

    return {
        "product": lambda x: x * x + x,
        "hooks": hooked,
        "several outputs": parts,
        "in place": views,
        "second order": recorded,
        "checkpoint": lambda x: checkpoint(lambda v: v * v, x),
    }


@pytest.mark.parametrize("name", graphs())
@pytest.mark.parametrize("backward", [False, True])
def test_no_reference_cycles(name: str, backward: bool, no_collector: None) -> None:
    x = leaf(1.5)
    y = graphs()[name](x)
    dead = [weakref.ref(y), weakref.ref(y.grad_fn), weakref.ref(y.array)]
    if backward:
        y.backward()
    nodes = [weakref.ref(edge) for edge in y.grad_fn.edges if edge.primitive is not None]
    del y
    assert [reference() for reference in (*dead, *nodes)] == [None] * (len(dead) + len(nodes))
    leaves = [weakref.ref(x), weakref.ref(x.node()), weakref.ref(x.array)]
    del x
    assert [reference() for reference in leaves] == [None] * 3


def test_a_gradient_with_a_graph_makes_no_cycle(no_collector: None) -> None:
    x = leaf(2.0)
    (x * x * x).backward(create_graph=True)
    dead = weakref.ref(x)
    del x
    assert dead() is None


def test_saved_arrays_are_released_as_they_are_used() -> None:
    x = leaf(2.0)
    y = x.exp()
    kept = weakref.ref(y.array)
    z = y * 1.0
    del y
    assert kept() is not None
    z.backward()
    assert kept() is None


def test_saved_arrays_of_an_op_that_needs_none_are_not_kept() -> None:
    x = leaf(2.0)
    y = x * 3.0
    big = weakref.ref(y.array)
    z = y + 1.0
    del y
    assert big() is None
    assert z.requires_grad


@pytest.mark.parametrize("length", [100, 5000])
def test_traces_are_linear_and_do_not_recurse(length: int) -> None:
    def chain(x: Tensor) -> Tensor:
        for _ in range(length):
            x = x * 1.0001
        return x

    graph = trace(chain, leaf(1.0), order=1)
    assert sum(v.phase == "forward" and v.kind == "op" for v in graph.vertices) == length
    assert sum(v.phase == "backward" and v.op == "mul" for v in graph.vertices) == length
    assert listing(graph).count("\n") + 1 <= 2 * length + 10
    assert len(trace(lambda x: diamond(x, 60), leaf(1.0), order=1).vertices) < 200
