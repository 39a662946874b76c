"""What is recorded: grad modes as contexts, decorators and on threads; scopes; detaching; copies of leaves."""

from __future__ import annotations

import copy
import pickle
import threading
from typing import Any

import numpy as np
import pytest

import autocnn as ac
from autocnn.autograd import checkpoint, enable_grad, grad, no_grad, set_grad_enabled
from autocnn.engine import Tensor, is_grad_enabled, scope
from autocnn.errors import DTypeError, GradientError, InPlaceError
from autocnn.testing.standin import StandIn, asarray


def leaf(*values: float) -> Tensor:
    return Tensor(np.array(values)).requires_grad_()


# Modes ----------------------------------------------------------------------------------------------------------


def test_no_grad_records_nothing() -> None:
    x = leaf(1.0)
    with no_grad():
        y = x * 2.0
        assert not is_grad_enabled()
    assert is_grad_enabled()
    assert not y.requires_grad
    assert y.is_leaf
    assert y.grad_fn is None


def test_enable_grad_records_again() -> None:
    x = leaf(1.0)
    with no_grad():
        with enable_grad():
            assert (x * 2.0).requires_grad
        assert not (x * 2.0).requires_grad


@pytest.mark.parametrize("decorate", [no_grad, no_grad()])
def test_as_a_decorator(decorate: object) -> None:
    @decorate
    def double(x: Tensor) -> Tensor:
        """Twice x."""
        return x * 2.0

    assert double.__doc__ == "Twice x."
    assert not double(leaf(1.0)).requires_grad
    assert is_grad_enabled()


@pytest.mark.parametrize("decorate", [enable_grad, enable_grad()])
def test_enable_grad_as_a_decorator(decorate: Any) -> None:
    @decorate
    def double(x: Tensor) -> Tensor:
        return x * 2.0

    with no_grad():
        assert double(leaf(1.0)).requires_grad


def test_a_mode_survives_recursion() -> None:
    @no_grad()
    def down(n: int) -> bool:
        return is_grad_enabled() if n == 0 else down(n - 1)

    assert not down(5)
    assert is_grad_enabled()


def test_set_grad_enabled_as_a_call_and_as_a_context() -> None:
    set_grad_enabled(False)
    assert not is_grad_enabled()
    set_grad_enabled(True)
    with set_grad_enabled(False):
        assert not is_grad_enabled()
        with set_grad_enabled(True):
            assert is_grad_enabled()
        assert not is_grad_enabled()
    assert is_grad_enabled()


def test_set_grad_enabled_as_a_decorator() -> None:
    @set_grad_enabled(False)
    def double(x: Tensor) -> Tensor:
        return x * 2.0

    assert is_grad_enabled()
    assert not double(leaf(1.0)).requires_grad
    assert is_grad_enabled()


def test_an_exception_restores_the_mode() -> None:
    with pytest.raises(ValueError, match="out"), no_grad(), enable_grad(), no_grad():
        raise ValueError("out")
    assert is_grad_enabled()


def test_a_mode_belongs_to_its_thread() -> None:
    found: list[bool] = []
    with no_grad():
        thread = threading.Thread(target=lambda: found.append(is_grad_enabled()))
        thread.start()
        thread.join()
        assert not is_grad_enabled()
    assert found == [True]


def test_one_object_may_be_entered_on_two_threads() -> None:
    mode, ready, go, found = no_grad(), threading.Event(), threading.Event(), []

    def work() -> None:
        with mode:
            ready.set()
            go.wait()
        found.append(is_grad_enabled())

    thread = threading.Thread(target=work)
    thread.start()
    ready.wait()
    with no_grad():
        with mode:
            go.set()
            thread.join()
            assert not is_grad_enabled()
        assert not is_grad_enabled()
    assert is_grad_enabled()
    assert found == [True]


# Detaching ------------------------------------------------------------------------------------------------------


def test_detach_shares_memory_and_no_graph() -> None:
    x = leaf(1.0, 2.0)
    y = (x * 2.0).detach()
    assert not y.requires_grad
    assert np.shares_memory(x.detach().array, x.array)
    assert np.shares_memory(x.data.array, x.array)


def test_values_with_a_graph_are_shown_read_only() -> None:
    x = leaf(1.0, 2.0)
    for shown in (np.asarray(x), x.numpy(force=True)):
        assert np.shares_memory(shown, x.array)
        assert not shown.flags.writeable
    assert x.detach().numpy().flags.writeable


def test_data_with_a_gradient_stay_floating_point() -> None:
    x = leaf(1.0)
    with pytest.raises(DTypeError, match=r"^data: dtype is int64; only floating point has a gradient$"):
        x.data = np.array([1])


def test_swapping_data_keeps_identity() -> None:
    x = leaf(1.0, 2.0)
    x.register_hook(lambda g: g * 10.0)
    y = x * x
    x.data = Tensor(np.array([5.0, 6.0, 7.0]))
    assert x.shape == (3,)
    y.sum().backward()
    assert x.grad.tolist() == [20.0, 40.0], "the older graph keeps the old array"
    x.grad = None
    (x * x).sum().backward()
    assert x.grad.tolist() == [100.0, 120.0, 140.0]


# Scopes ---------------------------------------------------------------------------------------------------------


def test_a_node_knows_the_scope_that_made_it() -> None:
    x = leaf(1.0)
    with scope("stem"):
        a = x * 2.0
        with scope("conv"):
            b = a * 2.0
    c = b * 2.0
    assert [t.grad_fn.place.scope for t in (a, b, c)] == ["stem", "stem/conv", ""]


def test_a_backward_node_knows_scope_and_twin() -> None:
    x = leaf(2.0)
    with scope("block"):
        y = x.exp()
    (g,) = grad(y, x, create_graph=True)
    assert g.grad_fn.place.scope == "block"
    assert g.grad_fn.place.twin == y.grad_fn.serial
    assert (y.grad_fn.place.order, g.grad_fn.place.order) == (0, 1)
    (second,) = grad(g, x, create_graph=True)
    assert second.grad_fn.place.order == 2


def test_an_exception_leaves_the_scope() -> None:
    with pytest.raises(ValueError, match="out"), scope("inside"):
        raise ValueError("out")
    assert (leaf(1.0) * 2.0).grad_fn.place.scope == ""


def test_a_scope_belongs_to_its_thread() -> None:
    found: list[str] = []
    with scope("mine"):
        thread = threading.Thread(target=lambda: found.append((leaf(1.0) * 2.0).grad_fn.place.scope))
        thread.start()
        thread.join()
    assert found == [""]


# Copies ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))])
def test_leaves_are_copied_without_gradient_and_hooks(how: object) -> None:
    x = leaf(1.0, 2.0)
    x.register_hook(lambda g: g * 10.0)
    x.sum().backward()
    y = how(x)
    assert y.tolist() == x.tolist()
    assert y.requires_grad
    assert y.grad is None
    assert not np.shares_memory(x.array, y.array)
    (y * y).sum().backward()
    assert y.grad.tolist() == [2.0, 4.0]
    assert not how(Tensor(np.ones(1))).requires_grad


def test_a_shallow_copy_shares_memory() -> None:
    x = leaf(1.0, 2.0)
    y = copy.copy(x)
    assert y is not x
    assert np.shares_memory(x.array, y.array)
    assert y.requires_grad


def test_what_an_op_made_is_not_copied() -> None:
    y = leaf(1.0) * 2.0
    with pytest.raises(GradientError, match=r"^copy: only a leaf can be copied; use detach\(\) or clone\(\)"):
        copy.deepcopy(y)
    with pytest.raises(GradientError, match=r"^pickle: only a leaf can be sent elsewhere; use detach\(\)"):
        pickle.dumps(y)
    assert copy.deepcopy(y.detach()).tolist() == [2.0]


def test_a_copy_of_a_view_is_no_view() -> None:
    base = Tensor(np.zeros(3))
    twin = copy.deepcopy(base[:2])
    twin.add_(leaf(1.0, 1.0))
    assert twin.requires_grad
    assert not base.requires_grad
    assert base.tolist() == [0.0, 0.0, 0.0]


def test_copies_keep_layout_and_device() -> None:
    x = Tensor(np.zeros((2, 3, 4, 5)).transpose(0, 3, 1, 2))
    assert copy.deepcopy(x).array.strides == x.array.strides
    there = Tensor(asarray([1.0]))
    for twin in (copy.deepcopy(there), pickle.loads(pickle.dumps(there))):
        assert type(twin.array) is StandIn


def test_a_shared_tensor_stays_shared_in_a_copy() -> None:
    x = leaf(1.0)
    a, b = copy.deepcopy([x, x])
    assert a is b


# Checkpointing --------------------------------------------------------------------------------------------------


def test_checkpointing_changes_no_gradient() -> None:
    x, w = leaf(0.5, 1.0), leaf(2.0, 3.0)

    def block(x: Tensor) -> Tensor:
        return (x * w).tanh() * x

    expected = grad(block(x).sum(), [x, w])
    found = grad(checkpoint(block, x).sum(), [x, w])
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_array_equal(a.array, b.array)


def test_checkpointing_keeps_inputs_only() -> None:
    x = leaf(0.5)
    y = checkpoint(lambda v: v.exp().exp().exp(), x)
    assert type(y.grad_fn.saved) is not tuple
    y.backward()
    assert x.grad is not None


def test_a_checkpoint_of_random_draws_repeats_them() -> None:
    ac.manual_seed(1)
    x = Tensor(np.ones(100)).requires_grad_()
    y = checkpoint(lambda v: ac.ops.dropout(v * v, 0.5), x)
    y.sum().backward()
    np.testing.assert_array_equal(x.grad.array, y.detach().array * 2.0)


def test_a_retained_checkpoint_serves_again_and_in_part() -> None:
    x, w = leaf(0.5), leaf(2.0)
    y = checkpoint(lambda v: (v.exp() * w.exp()).tanh(), x)
    for _ in range(2):
        (gx,) = grad(y, x, retain_graph=True)
        (gw,) = grad(y, w, retain_graph=True)
    product = np.exp(2.5)
    slope = product / np.cosh(product) ** 2
    np.testing.assert_allclose([gx.item(), gw.item()], [slope, slope], atol=1e-12)


def test_a_checkpoint_of_ops_with_several_outputs() -> None:
    x = Tensor(np.arange(1.0, 7.0).reshape(2, 3)).requires_grad_()

    def block(x: Tensor) -> Tensor:
        a, b = (x * x).unbind(0)
        return a * b.exp().sqrt()

    expected = grad(block(x).sum(), x)[0]
    np.testing.assert_array_equal(grad(checkpoint(block, x).sum(), x)[0].array, expected.array)


def test_a_checkpoint_of_writes_in_place_and_of_checkpoints() -> None:
    x = Tensor(np.arange(1.0, 7.0).reshape(2, 3)).requires_grad_()

    def block(x: Tensor) -> Tensor:
        c = x * 2.0
        c[1:] = c[1:] * c[:1]
        first = c[0]
        first.mul_(3.0)
        return checkpoint(lambda v: (v * v).sqrt(), c) * c

    (expected,) = grad(block(x).sum(), x)
    np.testing.assert_array_equal(grad(checkpoint(block, x).sum(), x)[0].array, expected.array)


def test_a_checkpoint_whose_input_was_overwritten_inside_raises() -> None:
    x, b = leaf(1.0), Tensor(np.array([2.0]))

    def block(x: Tensor) -> Tensor:
        y = x * (b + 1.0)
        b.add_(1.0)
        return y

    y = checkpoint(block, x)
    with pytest.raises(InPlaceError) as caught:
        y.backward()
    assert str(caught.value) == (
        "backward: an input of a checkpoint, of shape (1,), was overwritten by add_ since; clone it before"
    )


def test_a_checkpoint_forgets_what_no_gradient_asks_for() -> None:
    x, count = leaf(2.0), Tensor(np.array([0.0]))

    def block(x: Tensor) -> Tensor:
        count.add_(x.detach() + 1.0)  # as running statistics are
        return x * x

    checkpoint(block, x).backward()
    assert x.grad.tolist() == [4.0]
    assert count.tolist() == [3.0]


def test_two_threads_ask_a_checkpoint_at_once() -> None:
    x = Tensor(np.ones(50)).requires_grad_()
    errors: list[BaseException] = []

    def work(y: Tensor) -> None:
        try:
            for _ in range(20):
                grad(y, x, retain_graph=True)
        except BaseException as error:
            errors.append(error)

    h = checkpoint(lambda v: (v * v).exp().sin().tanh(), x)
    threads = [threading.Thread(target=work, args=((h * float(k)).sum(),)) for k in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors


def test_a_checkpoint_can_be_differentiated_twice() -> None:
    x = leaf(2.0)
    (g,) = grad(checkpoint(lambda v: v * v * v, x), x, create_graph=True)
    assert grad(g, x)[0].item() == 12.0


@pytest.mark.parametrize("decorate", [no_grad, no_grad(), lambda f: set_grad_enabled(False)(f)])
def test_a_decorated_generator_has_the_mode_inside_only(decorate: Any) -> None:
    seen = []

    @decorate
    def steps() -> Any:
        try:
            while True:
                seen.append((yield is_grad_enabled()))
        except KeyError:
            seen.append("thrown")
            yield is_grad_enabled()
        finally:
            seen.append(is_grad_enabled())
        return "end"

    running = steps()
    assert [next(running), is_grad_enabled(), running.send("sent"), is_grad_enabled()] == [
        False,
        True,
        False,
        True,
    ]
    assert running.throw(KeyError()) is False
    with pytest.raises(StopIteration, match="end"):
        next(running)
    assert seen == ["sent", "thrown", False]
    early = steps()
    next(early)
    early.close()
    assert seen[-1] is False
    assert is_grad_enabled()


def test_a_tensor_of_whole_numbers_has_that_shape_as_in_pytorch() -> None:
    assert Tensor(2, 3).shape == (2, 3)
    assert Tensor(4, 1, 1, 2).shape == (4, 1, 1, 2)
    assert Tensor(5).shape == (5,)
    assert Tensor().shape == (0,)
    assert Tensor(5.0).shape == ()
    assert ac.as_tensor(5).shape == ()


def test_a_missing_name_of_a_tensor_says_the_nearest() -> None:
    x = Tensor([1.0])
    with pytest.raises(AttributeError, match=r"^Tensor has no attribute 'meen'; the nearest is 'mean'$"):
        x.meen()
    assert not hasattr(x, "zzzz")
