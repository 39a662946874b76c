"""backward() and grad(): seeds, what is retained, what is unused, and where gradients are kept."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import pytest

import autocnn as ac
from autocnn.autograd import grad, no_grad
from autocnn.engine import Tensor, tape
from autocnn.errors import ArgumentError, DTypeError, GradientError, ReleasedGraphError, ShapeError


def leaf(*values: float) -> Tensor:
    return Tensor(np.array(values)).requires_grad_()


# Seeds ----------------------------------------------------------------------------------------------------------


def test_a_scalar_needs_no_seed() -> None:
    x = leaf(1.0, 2.0)
    (x * x).sum().backward()
    assert x.grad.tolist() == [2.0, 4.0]


def test_one_element_needs_no_seed_either() -> None:
    x = leaf(3.0)
    (x * x).backward()
    assert x.grad.tolist() == [6.0]


def test_anything_else_does() -> None:
    x = leaf(1.0, 2.0, 3.0)
    with pytest.raises(ShapeError) as caught:
        (x * x).backward()
    assert str(caught.value) == (
        "backward from shape (3,) needs a gradient of that shape; only a scalar has a default (1)"
    )
    with pytest.raises(ShapeError, match=r"^backward from shape \(3,\) was given a gradient of shape \(2,\)"):
        (x * x).backward(ac.tensor([1.0, 2.0]))


def test_a_seed_takes_the_dtype_of_the_root() -> None:
    x = Tensor(np.ones(2, np.float32)).requires_grad_()
    (x * 2.0).backward(Tensor(np.ones(2)))
    assert x.grad.dtype == np.float32


def test_several_roots_add_up() -> None:
    x = leaf(1.0, 2.0)
    (g,) = grad([x * x, x.sum()], x, [Tensor(np.ones(2)), Tensor(np.array(10.0))])
    assert g.tolist() == [12.0, 14.0]


def test_one_root_twice_counts_twice() -> None:
    x = leaf(3.0)
    y = x * x
    assert grad([y, y], x)[0].item() == 12.0


def test_a_root_may_be_an_input_of_another() -> None:
    x = leaf(3.0)
    y = x * x
    assert grad([y * y, y], x)[0].item() == pytest.approx(2 * 9 * 6 + 6)


def test_a_leaf_is_its_own_gradient() -> None:
    x = leaf(3.0)
    x.backward()
    assert x.grad.item() == 1.0
    assert grad(x, x)[0].item() == 1.0


def test_without_a_graph_there_is_nothing_to_do() -> None:
    text = "backward: the tensor of shape (1,) has no graph; no input of it requires a gradient"
    with pytest.raises(GradientError) as caught:
        Tensor(np.ones(1)).backward()
    assert str(caught.value) == text
    with pytest.raises(GradientError, match=r"^backward: the tensor of shape"), no_grad():
        (leaf(1.0) * 2.0).backward()


def test_only_floats_have_gradients() -> None:
    with pytest.raises(DTypeError) as caught:
        Tensor(np.array([1, 2])).requires_grad_()
    assert str(caught.value) == "requires_grad: dtype is int64; only floating point has a gradient"
    x = leaf(1.5, 2.5)
    assert not (x > 2.0).requires_grad
    assert not x.long().requires_grad


def test_only_a_leaf_waives_its_gradient() -> None:
    y = leaf(1.0) * 2.0
    with pytest.raises(GradientError, match=r"^requires_grad: only a leaf can waive its gradient; use detach"):
        y.requires_grad_(False)
    assert y.requires_grad_() is y
    x = leaf(1.0).requires_grad_(False)
    assert not (x * 2.0).requires_grad


# Retained and released ------------------------------------------------------------------------------------------


def test_a_second_pass_through_a_released_graph_names_the_first() -> None:
    x = leaf(2.0)
    y = x * x
    y.backward()
    with pytest.raises(ReleasedGraphError) as caught:
        y.backward()
    assert str(caught.value) == (
        "backward: the arrays of mul were released by backward; call that one with retain_graph=True"
    )
    z = x.exp()
    grad(z, x)
    with pytest.raises(ReleasedGraphError, match=r"of exp were released by autograd\.grad; call that one with"):
        grad(z, x)


def test_a_refused_pass_leaves_gradients_as_they_were() -> None:
    x, w = leaf(2.0), leaf(3.0)
    y = x * x
    y.backward()
    with pytest.raises(ReleasedGraphError):
        (w * y).backward()
    assert w.grad is None
    assert x.grad.item() == 4.0


def test_retained_graphs_go_again() -> None:
    x = leaf(2.0)
    y = x * x * x
    y.backward(retain_graph=True)
    y.backward()
    assert x.grad.item() == 24.0


def test_create_graph_retains() -> None:
    x = leaf(2.0)
    y = x * x * x
    grad(y, x, create_graph=True)
    assert grad(y, x)[0].item() == 12.0


def test_create_graph_may_release() -> None:
    x = leaf(2.0)
    y = x * x * x
    grad(y, x, create_graph=True, retain_graph=False)
    with pytest.raises(ReleasedGraphError):
        grad(y, x)


# Unused ---------------------------------------------------------------------------------------------------------


def test_what_is_not_reached_gets_none_if_asked_for() -> None:
    x, w = leaf(1.0), leaf(2.0, 3.0)
    with pytest.raises(GradientError) as caught:
        grad(x * 2.0, [x, w])
    assert str(caught.value) == (
        "grad: the outputs do not depend on an input of shape (2,); set allow_unused=True to get None for it"
    )
    g, nothing = grad(x * 2.0, [x, w], allow_unused=True)
    assert g.item() == 2.0
    assert nothing is None


def test_an_input_must_require_a_gradient() -> None:
    with pytest.raises(GradientError, match=r"^grad: an input of shape \(1,\) does not require a gradient"):
        grad(leaf(1.0) * 2.0, Tensor(np.ones(1)))


def test_with_respect_to_what_an_op_made() -> None:
    x = leaf(2.0)
    y = x * 3.0
    z = y * y
    gy, gx = grad(z, [y, x])
    assert (gy.item(), gx.item()) == (12.0, 36.0)
    assert x.grad is None


def test_a_root_that_leads_to_no_input_keeps_its_arrays() -> None:
    x, w = leaf(2.0), leaf(3.0)
    y = w * w
    assert grad([x * x, y], x)[0].item() == 4.0
    y.backward()
    assert w.grad.item() == 6.0


def test_a_seed_for_each_root() -> None:
    x = leaf(2.0)
    with pytest.raises(GradientError) as caught:
        grad([x * 2.0, x * 3.0], x, [Tensor(np.ones(()))])
    assert str(caught.value) == "grad: grad_outputs are 1; the outputs are 2, one for each"


def test_only_what_leads_to_the_inputs_is_visited() -> None:
    x, w = leaf(2.0), leaf(3.0)
    w.register_hook(lambda g: pytest.fail("not on the way"))
    y = x * 2.0
    z = y * w
    assert grad(z, y)[0].item() == 3.0


def test_backward_with_inputs_fills_only_theirs() -> None:
    x, w = leaf(2.0), leaf(3.0)
    (x * w).backward(inputs=[x])
    assert x.grad.item() == 3.0
    assert w.grad is None


# Where gradients are kept ---------------------------------------------------------------------------------------


def test_gradients_accumulate() -> None:
    x = leaf(2.0)
    (x * 3.0).backward()
    first = x.grad
    (x * 4.0).backward()
    assert x.grad is first
    assert x.grad.item() == 7.0


def test_what_was_put_into_grad_must_fit() -> None:
    x = Tensor(np.ones(1)).requires_grad_()
    x.grad = Tensor(np.ones(3))
    with pytest.raises(GradientError) as caught:
        (x * 2.0).backward()
    assert str(caught.value) == (
        "backward: .grad is float64 (3,) on cpu; the gradient to add to it is float64 (1,) on cpu. "
        "Set .grad to None, or to a tensor like its own"
    )


def test_a_read_only_grad_is_added_to_elsewhere() -> None:
    x = Tensor(np.ones(3)).requires_grad_()
    x.grad = Tensor(np.ones(1)).expand(3)
    (x * 2.0).sum().backward()
    assert x.grad.tolist() == [3.0, 3.0, 3.0]


SHARING = {
    "sum": lambda x, y: x + y,
    "difference": lambda x, y: x - y,
    "view": lambda x, y: x.reshape(-1) + y.detach(),
    "parts": lambda x, y: ac.stack([x, y]).unbind(0)[0],
    "leaf": lambda x, y: x,
    "twice": lambda x, y: (x + x) + y,
    "copy": lambda x, y: x.clone() * 1.0 + y,
}


@pytest.mark.parametrize("size", [3, 10_000])
@pytest.mark.parametrize("mode", ["plain", "watched", "create_graph"])
@pytest.mark.parametrize("name", SHARING)
def test_gradients_on_request_share_memory_with_nothing(name: str, mode: str, size: int) -> None:
    x, y = (Tensor(np.ones(size)).requires_grad_() for _ in range(2))
    z = SHARING[name](x, y)
    seed = Tensor(np.arange(float(size)))
    with tape.context(watch=tape.Watcher() if mode == "watched" else None):
        answers = grad(z, [x, y, z], seed, create_graph=mode == "create_graph", allow_unused=True)
    found = [g.array for g in ({id(g): g for g in answers if g is not None}).values()]
    arrays = [*found, *(t.array for t in (x, y, z, seed))]
    for i, a in enumerate(found):
        assert not any(np.shares_memory(a, b) for j, b in enumerate(arrays) if j != i)


@pytest.mark.parametrize("size", [3, 10_000])
@pytest.mark.parametrize("mode", ["plain", "watched", "create_graph"])
@pytest.mark.parametrize("name", SHARING)
def test_gradients_share_memory_with_nothing(name: str, mode: str, size: int) -> None:
    x, y = (Tensor(np.ones(size)).requires_grad_() for _ in range(2))
    z = SHARING[name](x, y)
    seed = Tensor(np.arange(float(size)))
    z.retain_grad()
    with tape.context(watch=tape.Watcher() if mode == "watched" else None):
        z.backward(seed, create_graph=mode == "create_graph")
    kept = list({id(t.grad): t.grad.array for t in (x, y, z) if t.grad is not None}.values())
    others = [t.array for t in (x, y, z, seed)]
    for i, a in enumerate(kept):
        assert not any(np.shares_memory(a, b) for b in [*others, *kept[:i]])


def test_the_gradient_of_what_an_op_made_is_kept_if_asked_for() -> None:
    x = leaf(2.0)
    y = x * 3.0
    y.retain_grad()
    z = y * y
    z.backward()
    assert y.grad.item() == 12.0
    assert z.grad is None


def test_a_gradient_is_kept_once_however_often_it_is_asked_for() -> None:
    y = leaf(2.0) * 3.0
    y.retain_grad()
    y.retain_grad()
    (y * y).backward()
    assert y.grad.item() == 12.0


def test_gradients_have_the_dtype_of_their_tensor() -> None:
    x = Tensor(np.ones(2, np.float32)).requires_grad_()
    y = Tensor(np.ones(2)).requires_grad_()
    (x * y).sum().backward()
    assert x.grad.dtype == np.float32
    assert y.grad.dtype == np.float64


def test_large_gradients_add_into_one_array() -> None:
    x = Tensor(np.ones(10_000)).requires_grad_()
    y = x * 2.0
    for _ in range(3):
        y = y + x * 3.0
    y.backward(Tensor(np.ones(10_000)))
    assert set(x.grad.tolist()) == {11.0}


def test_parts_add_up_in_the_layout_that_they_have() -> None:
    shape = (2, 3, 4, 5)
    x, w = (Tensor(channels_last(np.random.default_rng(k).random(shape))).requires_grad_() for k in range(2))
    h = x * w
    seen: list[Tensor] = []
    h.register_hook(seen.append)
    pieces = [h[:, :2] * w[:, :2], h[:, 1:] * w[:, 1:], h[:, :, 1:] * w[:, :, 1:]]
    sum(piece.sum() for piece in pieces).backward()
    assert seen[0].array.strides == x.array.strides


def channels_last(x: Any) -> Any:
    return np.ascontiguousarray(x.transpose(0, 2, 3, 1)).transpose(0, 3, 1, 2)


# Threads --------------------------------------------------------------------------------------------------------


def test_no_gradient_is_lost_between_threads() -> None:
    w = Tensor(np.zeros(100_000)).requires_grad_()

    def work() -> None:
        for _ in range(10):
            (w * 1.0).sum().backward()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(w.grad.tolist()) == {40.0}


def test_two_threads_sweep_two_graphs() -> None:
    x = leaf(1.0)
    made: list[float] = []

    def work(k: int) -> None:
        for _ in range(50):
            w = leaf(float(k))
            made.append(grad(w * w * x.detach(), w)[0].item() - 2.0 * k)

    threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert made == [0.0] * 200


def test_of_two_sweeps_over_one_graph_the_later_raises() -> None:
    x = leaf(2.0)
    y = x * x
    z = y * y
    errors: list[BaseException] = []

    def hook(g: Tensor) -> None:
        def other() -> None:
            try:
                z.backward(retain_graph=True)
            except GradientError as error:
                errors.append(error)

        thread = threading.Thread(target=other)
        thread.start()
        thread.join()

    y.register_hook(hook)
    z.backward(retain_graph=True)
    assert [str(e) for e in errors] == ["backward: another pass is sweeping this graph; let it finish first"]
    assert x.grad.item() == 32.0
    z.backward()
    assert x.grad.item() == 64.0


def test_what_is_not_reached_is_zero_where_that_is_asked_for() -> None:
    x, y = ac.tensor([1.0, 2.0], requires_grad=True), ac.tensor([[3.0]], requires_grad=True)
    gx, gy = grad((x * x).sum(), [x, y], None, True, False, True, True)
    assert (gx.tolist(), gy) == ([2.0, 4.0], None)
    gx, gy = grad((x * x).sum(), [x, y], only_inputs=True, materialize_grads=True)
    assert (gx.tolist(), gy.tolist()) == ([2.0, 4.0], [[0.0]])
    with pytest.raises(ArgumentError, match=r"^grad: is_grads_batched is True; must be False\. Use"):
        grad((x * x).sum(), x, is_grads_batched=True)
