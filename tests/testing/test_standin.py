"""The stand-in device refuses what a GPU refuses, and computes what NumPy computes."""

from __future__ import annotations

import weakref

import numpy as np
import pytest

from autocnn import ops
from autocnn.backend.arrays import device_of, namespace, owner, to_device, to_numpy
from autocnn.engine import Tensor, primitives
from autocnn.errors import DeviceError
from autocnn.testing.standin import StandIn, asarray, xp

X = np.arange(6.0).reshape(2, 3)


@pytest.fixture
def x() -> StandIn:
    return asarray(X)


def test_moves_and_is_known(x: StandIn) -> None:
    assert device_of(x) == "standin:0"
    assert namespace(x) is xp
    there = to_device(X, "standin")
    assert type(there) is StandIn
    np.testing.assert_array_equal(to_numpy(there), X)
    assert to_device(there, "standin:0") is there
    assert type(to_device(there, "cpu")) is np.ndarray


def test_the_host_is_out_of_reach(x: StandIn) -> None:
    there = to_device(X, "standin")
    there += 1.0
    assert X[0, 0] == 0.0
    here = to_numpy(x)
    here += 1.0
    np.testing.assert_array_equal(to_numpy(x), X)


@pytest.mark.parametrize(
    "call",
    [
        lambda x: np.asarray(x),
        lambda x: np.add(x, x),
        lambda x: np.exp(x),
        lambda x: np.sum(x),
        lambda x: np.concatenate([x, x]),
        lambda x: x + X,
        lambda x: X + x,
        lambda x: X * x[0, 0],
        lambda x: x.__iadd__(X),
        lambda x: xp.add(x, X),
        lambda x: xp.add(x, [1.0, 2.0, 3.0]),
        lambda x: xp.sum(X),
        lambda x: xp.concatenate([x, X]),
        lambda x: xp.where(x > 0, x, X),
        lambda x: x[np.array([0, 1])],
        lambda x: x.__setitem__(0, X[0]),
        lambda x: x.sum(where=x > 0),
        lambda x: xp.sum(x, where=x > 0),
        lambda x: xp.max(x, initial=0.0),
        lambda x: xp.add(x, x, where=x > 0),
        lambda x: xp.einsum("ij->i", X),
        lambda x: xp.stack([x, x], dtype=X),
        lambda x: float(x),
    ],
)
def test_refuses_what_would_move_data(x: StandIn, call: object) -> None:
    with pytest.raises(TypeError):
        call(x)


def test_text_of_the_refusal(x: StandIn) -> None:
    with pytest.raises(TypeError, match=r"^Implicit conversion to a NumPy array is not allowed"):
        np.asarray(x)
    with pytest.raises(TypeError, match=r"^Unsupported type <class 'numpy.ndarray'>"):
        xp.add(x, X)


@pytest.mark.parametrize("name", ["insert", "block", "errstate", "nditer", "vecdot", "unstack", "longdouble"])
def test_lacks_what_cupy_lacks(name: str) -> None:
    assert hasattr(np, name)
    with pytest.raises(AttributeError, match=f"a GPU's namespace has no attribute '{name}'"):
        getattr(xp, name)


def test_lacks_ufunc_methods_that_cupy_lacks(x: StandIn) -> None:
    with pytest.raises(AttributeError, match=r"^CuPy does not support maximum.reduce$"):
        xp.maximum.reduce(x)
    with pytest.raises(AttributeError):
        _ = x.flags.writeable
    with pytest.raises(AttributeError):
        _ = x.ctypes


def test_reductions_stay_arrays(x: StandIn) -> None:
    for total in (x.sum(), xp.sum(x), xp.max(x), x[0, 1], xp.add(x[0, 0], 1.0), xp.add.reduce(x[0])):
        assert type(total) is StandIn
        assert total.shape == ()
    assert float(x.sum()) == 15.0
    assert bool((x == x).all())


def test_numbers_are_welcome(x: StandIn) -> None:
    for z in (2 * x, np.float64(2) * x, x * np.float32(2), xp.multiply(2.0, x)):
        np.testing.assert_array_equal(to_numpy(z), 2 * X)


def test_computes_what_numpy_computes(x: StandIn) -> None:
    pairs = [
        (x @ x.T, X @ X.T),
        (xp.einsum("ij,kj->ik", x, x), X @ X.T),
        (xp.tensordot(x, x, axes=((1,), (1,))), X @ X.T),
        (-x + 1 - x / 2, -X + 1 - X / 2),
        (x[:, ::-1], X[:, ::-1]),
        (x[x > 2], X[X > 2]),
        (x[asarray([0, 1]), asarray([2, 0])], X[[0, 1], [2, 0]]),
        (xp.lib.stride_tricks.as_strided(x, (2, 2), (8, 8)), np.lib.stride_tricks.as_strided(X, (2, 2), (8, 8))),
        (xp.concatenate([x, x], axis=1), np.concatenate([X, X], axis=1)),
        (xp.pad(x, ((0, 1), (1, 0))), np.pad(X, ((0, 1), (1, 0)))),
        (x.mean(axis=0, keepdims=True), X.mean(axis=0, keepdims=True)),
        (xp.zeros((2, 0), "float32"), np.zeros((2, 0), "float32")),
    ]
    for ours, theirs in pairs:
        assert type(ours) is StandIn
        assert ours.dtype == theirs.dtype
        np.testing.assert_array_equal(to_numpy(ours), theirs)


def test_at_adds_repeated_indices(x: StandIn) -> None:
    xp.add.at(x, (asarray([0, 0]), asarray([1, 1])), 1.0)
    assert x[0, 1].item() == 3.0


def test_writes_in_place(x: StandIn) -> None:
    y = x
    y += 1
    y[0] = 7.0
    y[1, :2] = y[0, :2]
    assert y is x
    np.testing.assert_array_equal(to_numpy(x), [[7.0, 7.0, 7.0], [7.0, 7.0, 6.0]])
    out = xp.empty((2, 3))
    assert xp.add(x, 1.0, out=out) is out


def test_views_know_their_owner(x: StandIn) -> None:
    windows = xp.lib.stride_tricks.sliding_window_view(x, 2, 1)
    for view in (x[0], x.T, x.reshape(3, 2)[1:], x.ravel(), xp.broadcast_to(x, (4, 2, 3)), windows, x[0][1:]):
        assert owner(view) is x
        assert view.base is x
    for fresh in (x.copy(), x + 0, x[x > 0], x.astype("float32"), xp.ascontiguousarray(x.T)):
        assert owner(fresh) is fresh
    assert asarray(x) is x
    assert xp.ascontiguousarray(x) is x
    assert weakref.ref(x)() is x


def test_elementwise_results_lie_in_c_order() -> None:
    x = to_device(np.asfortranarray(X), "standin")
    assert x.strides == np.asfortranarray(X).strides
    assert (x + 1).flags.c_contiguous


def test_tensors_live_on_it() -> None:
    x = Tensor(asarray(X)).requires_grad_()
    y = x * x + 1.0
    y.backward(Tensor(asarray(np.ones_like(X))))
    assert y.device == x.grad.device == "standin:0"
    assert type(x.grad.array) is StandIn
    np.testing.assert_array_equal(to_numpy(x.grad.array), 2 * X)


def test_a_move_is_differentiable() -> None:
    x = Tensor(X.copy()).requires_grad_()
    y = primitives()["to_device"](x, device="standin:0")
    assert y.device == "standin:0"
    (y * y).backward(Tensor(asarray(np.ones_like(X))))
    assert type(x.grad.array) is np.ndarray
    np.testing.assert_array_equal(x.grad.array, 2 * X)


def test_devices_do_not_mix() -> None:
    with pytest.raises(DeviceError, match=r"arrays are on different devices: standin:0 \(2, 3\), cpu \(2, 3\)"):
        Tensor(asarray(X)) * Tensor(X)


@pytest.mark.parametrize("number", [2.0, np.float32(2.0), np.array(2.0), [2.0, 2.0, 2.0]])
@pytest.mark.parametrize("shape", [(2, 3), ()])
def test_numbers_go_where_the_other_operand_is(number: object, shape: tuple[int, ...]) -> None:
    if isinstance(number, list) and not shape:
        shape = (3,)
    x = Tensor(asarray(np.ones(shape)))
    for z in (x * number, number * x, x + number, ops.maximum(x, number), ops.where(x > 0, x, 1.0)):
        assert z.device == "standin:0"
    assert ops.where(x > 0, 1.0, 0.0).device == "standin:0"
