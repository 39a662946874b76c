"""`unsqueeze_` and its like change the shape of a tensor, which stays the same object on the same memory."""

from __future__ import annotations

import numpy as np
import pytest

import autocnn as ac
from autocnn.errors import InPlaceError

CALLS = [
    ("squeeze_", (), (1, 2, 1, 3)),
    ("squeeze_", (0,), (1, 2, 3)),
    ("unsqueeze_", (1,), (2, 3)),
    ("transpose_", (0, 1), (2, 3)),
    ("swapaxes_", (0, 1), (2, 3)),
    ("swapdims_", (0, 1), (2, 3)),
    ("t_", (), (2, 3)),
]


@pytest.mark.parametrize(("name", "args", "shape"), CALLS, ids=[f"{name}{args}" for name, args, _ in CALLS])
def test_it_is_the_pure_op_on_the_same_memory(name: str, args: tuple[int, ...], shape: tuple[int, ...]) -> None:
    values = np.arange(6.0).reshape(shape)
    x = ac.tensor(values, requires_grad=True)
    y = x * 1
    whole = y.view(-1)
    expected = getattr(y, name[:-1])(*args)
    assert getattr(y, name)(*args) is y
    assert y.shape == expected.shape
    assert y.tolist() == expected.tolist()
    y.mul_(2)
    assert whole.tolist() == (2 * values).reshape(-1).tolist()
    weights = ac.arange(6.0).reshape(whole.shape)
    (whole * weights).sum().backward()
    assert x.grad.tolist() == (2 * weights.numpy()).reshape(shape).tolist()


def test_gradients_flow_through_a_write_before_and_behind() -> None:
    x = ac.tensor([[1.0, 2.0]], requires_grad=True)
    y = x * 3
    row = y[0]
    row.mul_(2)
    y.unsqueeze_(0)
    row.add_(1)
    y.mul_(y.detach())
    y.sum().backward()
    assert y.shape == (1, 1, 2)
    assert x.grad.tolist() == [[6 * 7.0, 6 * 13.0]]


def test_a_leaf_that_requires_a_gradient_keeps_its_shape() -> None:
    x = ac.ones(2, requires_grad=True)
    with pytest.raises(InPlaceError, match=r"^unsqueeze_: the tensor is a leaf that requires a gradient; its"):
        x.unsqueeze_(0)
    with ac.no_grad():
        assert x.unsqueeze_(0).shape == (1, 2)


@pytest.mark.parametrize("times", [(3, 1), (2, 1, 1), (1, 1), (2, 2)])
def test_what_is_repeated_has_memory_of_its_own(times: tuple[int, ...]) -> None:
    x = ac.tensor([[1.0], [2.0]])
    for y in (x.repeat(*times), ac.tile(x, times), x.repeat_interleave(times[0], 1)):
        y.mul_(5)
        assert set(y.reshape(-1).tolist()) == {5.0, 10.0}
    assert x.tolist() == [[1.0], [2.0]]
