"""In-place writes, views and versions: equal to PyTorch, in values, gradients and refusals."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import autocnn as ac
from autocnn.errors import DTypeError, InPlaceError


def T(lib: Any, values: Any) -> Any:
    return lib.tensor(values, requires_grad=True)


def a_view_follows_a_write_to_its_base(lib: Any) -> Any:
    a = T(lib, [[1.0, 2.0], [3.0, 4.0]])
    h = a * 1
    v = h[0]
    h.mul_(3)
    v.sum().backward()
    return a.grad.tolist()


def a_base_follows_a_write_to_its_view(lib: Any) -> Any:
    w = T(lib, [1.0, 2.0, 3.0])
    buf = lib.zeros(2, 3)
    row = buf[0]
    row.add_(w)
    buf.sum().backward()
    return w.grad.tolist()


def an_augmented_column(lib: Any) -> Any:
    a = T(lib, [[1.0, 2.0], [3.0, 4.0]])
    b = T(lib, [5.0, 6.0])
    h = a * 2
    h[:, 0] += b
    (h * h).sum().backward()
    return [*a.grad.tolist(), b.grad.tolist()]


def a_view_of_a_leaf_is_refused(lib: Any) -> Any:
    a = T(lib, [[1.0, 2.0], [3.0, 4.0]])
    v = a[0]
    v.mul_(2)


def a_write_rescues_what_its_own_op_saved(lib: Any) -> Any:
    a = T(lib, [1.0, 2.0])
    b = T(lib, [3.0, 4.0])
    h = a * 2
    h *= b
    h.sum().backward()
    return a.grad.tolist(), b.grad.tolist()


def a_number_into_one_element(lib: Any) -> Any:
    a = T(lib, [1.0, 2.0, 3.0])
    h = a * 2
    h[1] = 5.0
    (h * h).sum().backward()
    return a.grad.tolist()


def a_tensor_into_chosen_elements(lib: Any) -> Any:
    a = T(lib, [1.0, 2.0, 3.0])
    w = T(lib, [7.0, 8.0])
    h = a * 2
    h[lib.tensor([0, 2])] = w
    (h * h).sum().backward()
    return a.grad.tolist() + w.grad.tolist()


def a_write_to_a_saved_input_is_refused(lib: Any) -> Any:
    a = T(lib, [1.0, 2.0, 3.0])
    h = a * 2
    z = h * h
    h.add_(1)
    z.sum().backward()


def a_view_through_reshape_and_transpose(lib: Any) -> Any:
    a = T(lib, [1.0, 2.0, 3.0])
    h = a * 2
    t = h.view(3, 1).transpose(0, 1)
    t.mul_(a)
    h.sum().backward()
    return a.grad.tolist()


def a_loop_that_fills_a_buffer(lib: Any) -> Any:
    x = lib.zeros(3)

    w = T(lib, [1.0, 2.0, 3.0])
    for i in range(3):
        x[i] = w[i] * w[i]
    (x * x).sum().backward()
    return w.grad.tolist()


def a_leaf_is_refused(lib: Any) -> Any:
    a = T(lib, [1.0, 2.0, 3.0])
    a.add_(1)


def a_leaf_without_recording(lib: Any) -> Any:
    a = T(lib, [1.0, 2.0, 3.0])

    with lib.no_grad():
        a.add_(1)
        a -= 0.5
        a[0] = 9.0
    return a.tolist()


def a_write_without_recording_is_noticed(lib: Any) -> Any:
    w = T(lib, [1.0, 2.0])
    y = w * w

    with lib.no_grad():
        w.add_(1)
    y.sum().backward()


def retained_gradients_follow_the_tensor(lib: Any) -> Any:
    a = T(lib, [1.0, 2.0])
    h = a * 1
    h.retain_grad()
    h.mul_(3)
    h.sum().backward()
    return h.grad.tolist() + a.grad.tolist()


def unbind_gives_views(lib: Any) -> Any:
    a = T(lib, [[1.0, 2.0], [3.0, 4.0]])
    h = a * 1
    x, y = h.unbind(0)
    return [(x * y).sum().item()]


def a_detached_alias_writes_the_same_memory(lib: Any) -> Any:
    a = T(lib, [1.0, 2.0, 3.0])
    h = a * 2
    d = h.detach()
    d.mul_(2)
    z = (h * h).sum()
    z.backward()
    return a.grad.tolist()


def a_detached_alias_moves_the_same_version(lib: Any) -> Any:
    a = T(lib, [1.0, 2.0, 3.0])
    h = a * 2
    z = h * h
    h.detach().mul_(2)
    z.sum().backward()


def a_transposed_view_writes_its_base(lib: Any) -> Any:
    x = lib.arange(6).reshape(2, 3)
    y = x.T
    y[0, 0] = 7
    return x.tolist()


ALLOWED = [
    a_view_follows_a_write_to_its_base,
    a_base_follows_a_write_to_its_view,
    an_augmented_column,
    a_write_rescues_what_its_own_op_saved,
    a_number_into_one_element,
    a_tensor_into_chosen_elements,
    a_view_through_reshape_and_transpose,
    a_loop_that_fills_a_buffer,
    a_leaf_without_recording,
    retained_gradients_follow_the_tensor,
    unbind_gives_views,
    a_detached_alias_writes_the_same_memory,
    a_transposed_view_writes_its_base,
]
REFUSED = [
    a_view_of_a_leaf_is_refused,
    a_write_to_a_saved_input_is_refused,
    a_leaf_is_refused,
    a_write_without_recording_is_noticed,
    a_detached_alias_moves_the_same_version,
]


@pytest.mark.torch
@pytest.mark.parametrize("program", ALLOWED, ids=lambda f: f.__name__)
def test_values_and_gradients_are_pytorchs(program: Any) -> None:
    torch = pytest.importorskip("torch")
    np.testing.assert_allclose(np.hstack(program(ac)), np.hstack(program(torch)))


@pytest.mark.parametrize("program", REFUSED, ids=lambda f: f.__name__)
def test_refused(program: Any) -> None:
    with pytest.raises(InPlaceError):
        program(ac)


@pytest.mark.torch
@pytest.mark.parametrize("program", REFUSED, ids=lambda f: f.__name__)
def test_pytorch_refuses_too(program: Any) -> None:
    torch = pytest.importorskip("torch")
    with pytest.raises(RuntimeError, match=r"in-?place"):
        program(torch)


def test_an_overwritten_array_is_named_with_both_ops() -> None:
    a = T(ac, [1.0, 2.0, 3.0])
    h = a * 2
    z = h * h
    h.add_(1)
    with pytest.raises(InPlaceError) as error:
        z.sum().backward()
    assert str(error.value) == (
        "backward: mul saved an array of shape (3,) that add_ has overwritten since; "
        "clone it before, or write to a copy"
    )


def test_a_long_chain_of_views_stays_linear() -> None:
    x = T(ac, [1.0])
    base = x * 1.0
    view = base
    for _ in range(20_000):
        view = view.reshape(1)
    view.mul_(3)
    base.backward()
    assert x.grad.tolist() == [3.0]


@pytest.mark.parametrize(
    ("spelled", "pure"),
    [
        (lambda h, a, b: h.clamp_(a, b), lambda h, a, b: h.clamp(a, b)),
        (lambda h, a, b: h.lerp_(a, b), lambda h, a, b: h.lerp(a, b)),
        (lambda h, a, b: h.addcmul_(h, a), lambda h, a, b: h.addcmul(h, a)),
        (lambda h, a, b: h.addcdiv_(a, h), lambda h, a, b: h.addcdiv(a, h)),
        (lambda h, a, b: h.hypot_(h), lambda h, a, b: h.hypot(h)),
    ],
    ids=["clamp", "lerp", "addcmul", "addcdiv", "hypot"],
)
def test_what_several_ops_in_one_spelling_saved_is_rescued(spelled: Any, pure: Any) -> None:
    found = []
    for function in (spelled, pure):
        x, a, b = (ac.tensor(v, requires_grad=True) for v in ([0.5, 2.0, -1.0], [0.2, 0.3, 0.4], [0.8, 0.9, 1.0]))
        z = function(x * 2.0, a, b)
        z.sum().backward()
        found.append([None if t.grad is None else t.grad.tolist() for t in (x, a, b)])
    assert found[0] == found[1]


def test_an_empty_tensor_takes_any_writing_since_no_elements_share_memory() -> None:
    x = ac.zeros(2, 0)
    x[[1, 0]] = 3
    x.add_(1)
    assert (x * 1).relu_().shape == (2, 0)
    y = ac.zeros(0, 3) * 1
    y[:] = 2.0
    assert y.shape == (0, 3)


@pytest.mark.parametrize(
    "write",
    [lambda y: y.zero_(), lambda y: y.fill_(3.0), lambda y: y.copy_(ac.ones(2)), lambda y: y.eq_(0)],
    ids=["zero", "fill", "copy", "eq"],
)
def test_what_buries_a_graph_keeps_it_with_gradients_of_zero(write: Any) -> None:
    x = ac.tensor([1.0, 2.0], requires_grad=True)
    y = x * 2.0
    y.retain_grad()
    write(y)
    assert y.requires_grad
    (y * y).sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [0.0, 0.0]
    assert y.grad is not None
    assert y.grad.tolist() == (2 * y.detach()).tolist()
    with ac.no_grad():
        assert write(x * 2.0).requires_grad is False


def test_bools_hold_no_numbers() -> None:
    with pytest.raises(DTypeError, match=r"^add_: the result is int64, which does not fit in place into bool$"):
        ac.tensor([True]).add_(1)
    assert ac.tensor([True]).logical_not_().tolist() == [False]


def test_a_leaf_is_not_written_by_index() -> None:
    with pytest.raises(InPlaceError, match=r"its value must survive. Write under no_grad\(\), or into a clone$"):
        ac.ones(2, requires_grad=True)[0] = 1.0


def test_a_copy_of_a_leaf_is_no_leaf() -> None:
    x = ac.tensor([1.0, 2.0], requires_grad=True)
    for y in (ac.zeros(2), ac.zeros(2) * x):
        y.copy_(x)
        assert not y.is_leaf
        y.add_(1.0)
        (y * y).sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [8.0, 12.0]


def grown(count: int = 8) -> Any:
    """A result that requires a gradient, and whose memory is its own."""
    return ac.arange(float(count)).requires_grad_() * 2.0 - 3.0


HOLDERS = {
    "NumPy": lambda y: y.numpy(force=True),
    "an array": lambda y: y.array,
    "a view of the array": lambda y: y.array[2:],
    "a memory view": lambda y: memoryview(y.array),
    "detached": lambda y: y.detach(),
    "a view": lambda y: y[1:],
    "a reshaped one": lambda y: y.reshape(2, 4),
}


@pytest.mark.parametrize("held", HOLDERS.values(), ids=HOLDERS)
@pytest.mark.parametrize("change", [lambda y: y.relu_(), lambda y: y.add_(1.0), lambda y: y.mul_(y.detach())])
def test_whoever_holds_the_memory_sees_the_writing(held: Any, change: Any) -> None:
    y = grown()
    alias = held(y)
    expected = held(change(grown()))
    change(y)
    np.testing.assert_array_equal(np.asarray(alias), np.asarray(expected))
    np.testing.assert_array_equal(np.asarray(alias), np.asarray(held(y)))


def test_a_result_whose_memory_is_its_own_takes_that_of_the_value() -> None:
    y = grown().relu_()
    assert y.node().saved[1] is y.array
    y = grown()
    before = y.array
    assert y.relu_().array is before


def test_a_value_that_others_have_is_copied() -> None:
    y, other = grown(), grown()
    y.copy_(other)
    other.add_(100.0)
    assert y.tolist() == grown().tolist()
