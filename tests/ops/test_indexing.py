"""Indexing beside PyTorch's and NumPy's: what is read, what is written, gradients of both, and what is said."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import autocnn as ac
from autocnn.engine import Tensor, grad
from autocnn.errors import ArgumentError, DTypeError, InPlaceError, OutOfRangeError, ShapeError
from tests.ops.oracle import agree

RNG = np.random.default_rng(5)
X = RNG.standard_normal((3, 4, 5))
PICK, J = np.array([2, 0, 2]), np.array([[1], [0]])
ROWS = RNG.random(3) < 0.6
PLANE = RNG.random((3, 4)) < 0.5
FULL = RNG.random((3, 4, 5)) < 0.3

BASIC = [
    0,
    -1,
    (0, 1),
    (0, 1, 2),
    (-1, -1, -1),
    slice(None),
    slice(1, None),
    slice(None, -1),
    slice(None, None, 2),
    slice(5, 2),
    slice(-9, 9),
    (slice(1, 3), 0),
    (..., 0),
    (0, ..., 1),
    ...,
    None,
    (None, 0),
    (0, None, slice(2), None),
    (slice(None), None),
    (),
    (slice(0, 0), 1),
    (np.int64(1), slice(None, None, 3)),
    (..., None),
    (Ellipsis, slice(1, 4, 2)),
]
ADVANCED = [
    PICK,
    J,
    (PICK, 0),
    (0, PICK),
    (slice(None), PICK),
    (..., PICK),
    (PICK, PICK),
    (PICK, slice(None), PICK),
    (PICK, J),
    (J, PICK[:1], slice(1, 3)),
    (slice(None), PICK, J),
    (slice(1), PICK),
    (None, PICK),
    (PICK, None),
    ([0, 2],),
    ([[0], [2]], [1, 3]),
    [1, 1],
    (0, [1, 2]),
    (slice(None, None, 2), [0, 1], slice(1, 4)),
    (np.array([-1, -3]),),
    (np.array([], int),),
    (slice(None), np.zeros((0, 2), int)),
]
MASKS = [
    ROWS,
    PLANE,
    FULL,
    (ROWS, 0),
    (slice(None), np.array([True, False, True, True])),
    (ROWS, slice(1, 3)),
    (..., X[0, 0] > 0),
    (0, PLANE[0]),
    (PLANE, 0),
    (None, ROWS),
    np.zeros(3, bool),
    np.zeros((3, 4, 5), bool),
]


def as_torch(key):
    """The same key with PyTorch's index tensors."""
    import torch

    if isinstance(key, tuple):
        return tuple(as_torch(k) for k in key)
    return torch.tensor(key) if isinstance(key, np.ndarray) else int(key) if isinstance(key, np.integer) else key


def as_ours(key):
    """The same key with our index tensors."""
    if isinstance(key, tuple):
        return tuple(as_ours(k) for k in key)
    return Tensor(key) if isinstance(key, np.ndarray) else key


@pytest.mark.torch
@pytest.mark.parametrize("key", [*BASIC, *ADVANCED, *MASKS], ids=str)
def test_reading(key):
    agree(lambda x: x[key], lambda x: x[as_torch(key)], [X])
    agree(lambda x: x.permute(2, 0, 1)[as_ours(key)] if not _covers(key) else x[as_ours(key)],
          lambda x: x.permute(2, 0, 1)[as_torch(key)] if not _covers(key) else x[as_torch(key)], [X])  # fmt: skip


def _covers(key):
    """Whether a key is tied to the lengths of the axes."""
    parts = key if isinstance(key, tuple) else (key,)
    arrays = [np.asarray(k) for k in parts if isinstance(k, (np.ndarray, list))]
    return any(a.dtype == bool or a.max(initial=0) > 2 for a in arrays)


@pytest.mark.parametrize("rows", [[3, 1, 6], [3, 1, 3], [-1, 6], [0, -1, -7], []], ids=str)
@pytest.mark.parametrize("axis", [0, 1, 2, -1])
def test_slices_of_images_stay_channels_last(rows, axis, rng):
    memory = rng.standard_normal((7, 7, 7, 7))
    x = Tensor(memory.transpose(0, 3, 1, 2)).requires_grad_()
    z = ac.index_select(x, axis, np.array(rows, dtype=np.int64))
    np.testing.assert_array_equal(z.array, np.take(x.array, np.array(rows, dtype=np.int64), axis))
    g = rng.standard_normal(z.array.transpose(0, 2, 3, 1).shape).transpose(0, 3, 1, 2)
    expected = np.zeros(x.shape)
    for i, row in enumerate(rows):
        expected.swapaxes(0, axis)[row] += g.swapaxes(0, axis)[i]
    z.backward(Tensor(g))
    np.testing.assert_allclose(x.grad.array, expected, rtol=1e-12)
    assert z.is_contiguous()


@pytest.mark.parametrize("key", BASIC, ids=str)
def test_basic_indexing_gives_views(key):
    x = Tensor(X.copy())
    assert np.shares_memory(x[key].array, x.array) or not x[key].numel()


def test_numbers_of_every_kind_are_basic():
    x = Tensor(X.copy())
    for one in (1, np.int64(1), np.array(1), ac.tensor(1)):
        np.testing.assert_array_equal(x[one].array, X[1])
        assert np.shares_memory(x[one].array, x.array)
    np.testing.assert_array_equal(x[True].array, X[None])
    assert x[Tensor(False)].shape == (0, 3, 4, 5)


def test_zero_axes():
    x = ac.tensor(3.0, requires_grad=True)
    assert x[()].item() == x[...].item() == 3
    assert x[None].shape == x[True].shape == (1,)
    assert x[False].shape == (0,)
    (g,) = grad(x[x > 2].sum(), [x])
    assert g.item() == 1


@pytest.mark.torch
@pytest.mark.parametrize("key", [*BASIC, *ADVANCED, *MASKS], ids=str)
def test_writing(key):
    import torch

    shape = X[key if not isinstance(key, list) else np.array(key)].shape
    for values in (np.array(1.5), RNG.standard_normal(shape), RNG.standard_normal((1, *shape[1:]))[..., :1]):
        if 0 in shape and values.ndim:
            continue
        agree(lambda x, v: written(x * 1, key, v), lambda x, v: written(x * 1, as_torch(key), v), [X, values])
    mine, his = Tensor(X.copy()), torch.tensor(X)
    mine[key], his[as_torch(key)] = 7, 7
    np.testing.assert_array_equal(mine.array, his.numpy())


def written(x, key, value):
    """x with x[key] = value, in place."""
    x[key] = value
    return x


@pytest.mark.torch
def test_writing_to_a_view_reaches_the_base():
    def chain(x):
        y = x * 2
        z = y[1:]
        z[:, 0] = x[0, 0] * 3
        z[z > 1] = 0.5
        return y * y

    agree(chain, chain, [X[:, :2, 0]])


def test_writing_keeps_dtype_and_numbers_versions():
    x = Tensor(np.zeros(3, np.int64))
    x[0] = 1.7
    assert x.tolist() == [1, 0, 0]
    w = ac.tensor([1.0, 2.0], requires_grad=True)
    h = w * w
    y = (h * h).sum()
    h[0] = 3.0
    with pytest.raises(InPlaceError, match="has overwritten since"):
        y.backward()


# Picking and scattering ------------------------------------------------------------------------------------------

Q = np.array([[0, 2], [1, 1], [3, 0]])


@pytest.mark.torch
@pytest.mark.parametrize("dim", [0, 1, -1])
@pytest.mark.parametrize("shape", [(3, 2), (1, 1), (0, 2), (2, 4)], ids=str)
def test_gather_and_its_adjoint(shape, dim):
    import torch

    index = RNG.integers(0, 4, shape)
    x, src = RNG.standard_normal((4, 4)), RNG.standard_normal(shape)
    t = torch.tensor(index)
    agree(lambda x: x.gather(dim, Tensor(index)), lambda x: x.gather(dim, t), [x])
    agree(lambda x, s: x.scatter_add(dim, index, s), lambda x, s: x.scatter_add(dim, t, s), [x, src])
    agree(lambda x: x.scatter(dim, index, 2.5), lambda x: x.scatter(dim, t, 2.5), [x])
    once = np.argsort(RNG.random((4, 4)), axis=dim)[: shape[0], : shape[1]]
    agree(lambda x, s: x.scatter(dim, once, s), lambda x, s: x.scatter(dim, torch.tensor(once), s), [x, src])


@pytest.mark.torch
@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (lambda x: x.take(Q), lambda x, t: x.take(t(Q))),
        (lambda x: x.take([-1, 0]), lambda x, t: x.take(t([-1, 0]))),
        (lambda x: x.index_select(1, PICK), lambda x, t: x.index_select(1, t(PICK))),
        (lambda x: x.index_select(-1, [0]), lambda x, t: x.index_select(-1, t([0]))),
        (lambda x: x.index_add(0, PICK, x, alpha=3), lambda x, t: x.index_add(0, t(PICK), x, alpha=3)),
        (lambda x: x.index_fill(1, PICK, 2.0), lambda x, t: x.index_fill(1, t(PICK), 2.0)),
        (lambda x: x.index_copy(0, [2, 0], x[:2]), lambda x, t: x.index_copy(0, t([2, 0]), x[:2])),
        (lambda x: x.masked_select(FULL), lambda x, t: x.masked_select(t(FULL))),
        (lambda x: x.masked_select(X[0, 0] > 0), lambda x, t: x.masked_select(t(X[0, 0] > 0))),
        (lambda x: x.take_along_dim(Q[:, :, None], 1), lambda x, t: x.take_along_dim(t(Q[:, :, None]), 1)),
        (lambda x: x.take_along_dim(PICK), lambda x, t: x.take_along_dim(t(PICK))),
        (lambda x: x.repeat_interleave(2), lambda x, t: x.repeat_interleave(2)),
        (lambda x: x.repeat_interleave(3, 1), lambda x, t: x.repeat_interleave(3, 1)),
        (lambda x: x.repeat_interleave([1, 0, 2], 0), lambda x, t: x.repeat_interleave(t([1, 0, 2]), 0)),
    ],
)
def test_picking(ours, theirs):
    import torch

    agree(ours, lambda x: theirs(x, torch.tensor), [X])


@pytest.mark.torch
def test_spellings_in_place():
    import torch

    def chain(x, t):
        y = x * 2
        y.index_add_(0, t([1]), x[:1])
        y.index_fill_(1, t([0]), 1.0)
        y.index_copy_(1, t([2]), x[:, :1] * x[:, 1:2])
        y.scatter_(2, t([[[1]]]), 3.0)
        y[0].tril_()
        return y * y

    agree(lambda x: chain(x, np.array), lambda x: chain(x, torch.tensor), [X])


@pytest.mark.torch
def test_positions():
    import torch

    for x in (FULL, X * FULL, np.zeros((2, 0)), np.array(3.0), np.array(0.0), np.array([0, 2, 0])):
        mine, his = Tensor(x), torch.tensor(x)
        for found, expected in [(mine.nonzero(), his.nonzero()), (ac.argwhere(mine), torch.argwhere(his))]:
            assert found.shape == tuple(expected.shape)
            np.testing.assert_array_equal(found.array, expected.numpy())
        pairs = itertools.zip_longest(mine.nonzero(as_tuple=True), his.nonzero(as_tuple=True))
        assert all(np.array_equal(m.array, h.numpy()) for m, h in pairs)
    for x, count in [(PICK, -1), (J, 4), (np.array(2), 3)]:
        expected = torch.nn.functional.one_hot(torch.tensor(x), count)
        found = ac.ops.one_hot(Tensor(x), count)
        assert found.dtype == np.int64
        np.testing.assert_array_equal(found.array, expected.numpy())


# What is said ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda x: x[5], OutOfRangeError, "getitem: index is 5, axis 0 of x (2, 3) has length 2"),
        (lambda x: x[:, -4], OutOfRangeError, "getitem: index is -4, axis 1 of x (2, 3) has length 3"),
        (lambda x: x[0, 0, 0], OutOfRangeError, "getitem: 3 indices for x (2, 3); it has 2 axes"),
        (lambda x: x[..., ...], ArgumentError, "getitem: 2 ellipses; at most one"),
        (lambda x: x[::-1], ArgumentError, "getitem: step is -1; must be positive. Use flip to reverse an axis"),
        (lambda x: x[[0, 3]], OutOfRangeError, "getitem: index is 3, axis 0 of x (2, 3) has length 2"),
        (lambda x: x[[0, 1], [0, -4]], OutOfRangeError, "getitem: index is -4, axis 1 of x (2, 3) has length 3"),
        (lambda x: x[[0, 1], [0, 1, 2]], ShapeError, "getitem: shapes (2,) and (3,) do not broadcast"),
        (lambda x: x[Tensor([True])], ShapeError, "getitem: mask is (1,), the axes it covers are (2,)"),
        (lambda x: x[Tensor([0.5])], DTypeError, "getitem: an index of dtype float32; must be integers or bools"),
        (
            lambda x: x["a"],
            ArgumentError,
            "getitem: 'a' is no index; use integers, slices, None, ..., or tensors of integers or bools",
        ),
        (
            lambda x: written(x, 0, np.zeros(2)),
            ShapeError,
            "setitem: value is (2,); must broadcast to (3,), what the index names",
        ),
        (lambda x: written(x, [9], 0), OutOfRangeError, "setitem: index is 9, axis 0 of x (2, 3) has length 2"),
        (
            lambda x: x.gather(0, [[5]]),
            OutOfRangeError,
            "gather: index is 5; must be from 0 to 1, axis 0 of x (2, 3)",
        ),
        (lambda x: x.gather(0, [0]), ShapeError, "gather: index is (1,), x (2, 3); must have as many axes"),
        (
            lambda x: x.gather(0, np.zeros((2, 4), int)),
            ShapeError,
            "gather: index is (2, 4), x (2, 3); no axis may be longer, save dim",
        ),
        (lambda x: x.gather(0, [[0.5]]), DTypeError, "gather: index is float32; must be integers"),
        (
            lambda x: x.scatter(0, [[0]]),
            ArgumentError,
            "scatter: src and value; exactly one of them must be given",
        ),
        (
            lambda x: x.scatter_add(0, [[0, 1]], [[1.0]]),
            ShapeError,
            "scatter_add: index is (1, 2), src (1, 1); no axis may be longer, save dim",
        ),
        (
            lambda x: x.index_select(0, [[0]]),
            ShapeError,
            "index_select: index is (1, 1); must be a vector, of length 1 for a 0-d x",
        ),
        (lambda x: x.index_add(0, [0], x), ShapeError, "index_add: source is (2, 3), index (1,); must be (1, 3)"),
        (lambda x: x.masked_select([1, 0, 1]), DTypeError, "masked_select: mask is int64; must be bool"),
        (lambda x: x.take([6]), OutOfRangeError, "take: index is 6, axis 0 of x (6,) has length 6"),
        (
            lambda x: x.repeat_interleave([1, 2, 3], 0),
            ShapeError,
            "repeat_interleave: repeats is (3,); must be a number, or (2,)",
        ),
        (
            lambda x: ac.ops.one_hot([3], 2),
            OutOfRangeError,
            "one_hot: index is 3; must be from 0 to 1, axis 0 of x (2,)",
        ),
        (lambda x: ac.ops.one_hot([]), ArgumentError, "one_hot: x is empty; num_classes must be given"),
    ],
)
def test_what_is_said(call, error, text):
    with pytest.raises(error) as caught:
        call(Tensor(np.zeros((2, 3))))
    assert str(caught.value) == text


def test_out_of_range_is_an_index_error():
    with pytest.raises(IndexError):
        Tensor([1.0])[1]
    assert next(reversed(Tensor([1.0, 2.0]))).item() == 2


def test_a_read_only_array_is_not_written():
    a = np.zeros(2)
    a.flags.writeable = False
    with pytest.raises(InPlaceError, match=r"setitem: the array of shape .* is read-only; clone it first"):
        Tensor(a)[0] = 1.0


def test_on_another_device():
    """Where a position out of range would not be noticed, and data must not move unasked."""
    from autocnn.testing import standin

    here, there = Tensor(X), Tensor(standin.asarray(X))
    for key in (0, (slice(1, 3), ..., None), PICK, (PICK, J), PLANE, [0, 2]):
        moved = tuple(map(_moved, key)) if isinstance(key, tuple) else _moved(key)
        assert there[moved].device == there.device
        np.testing.assert_array_equal(there[moved].cpu().array, here[key].array)
    index = Tensor(standin.asarray(Q))
    for name, args in [
        ("gather", (1, index[:, :, None])),
        ("take", (index,)),
        ("index_select", (0, index[:, 0] - index[:, 0])),
    ]:
        bare = [Tensor(a.array.get()) if isinstance(a, Tensor) else a for a in args]
        np.testing.assert_array_equal(getattr(there, name)(*args).cpu().array, getattr(here, name)(*bare).array)
    with pytest.raises(OutOfRangeError, match="getitem: index is 9, axis 0"):
        there[_moved(np.array([0, 9]))]
    assert "device='standin:0'" in repr(there)


def _moved(key):
    from autocnn.testing import standin

    return Tensor(standin.asarray(np.asarray(key))) if isinstance(key, (np.ndarray, list)) else key


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int32", "int64"])
def test_gradients_of_rows_by_short_integers(dtype: str) -> None:
    """Places are counted in 64 bits, whatever the index has; repeated rows add up, negative ones are wrapped."""
    x = ac.zeros(100, 50, dtype="float64").requires_grad_()
    rows = [99, 3, 99, 0] if dtype == "uint8" else [99, -97, -1, 0]
    g = np.arange(200.0).reshape(4, 50)
    x[ac.tensor(np.array(rows, dtype))].backward(ac.tensor(g))
    expected = np.zeros((100, 50))
    np.add.at(expected, rows, g)
    assert x.grad is not None
    np.testing.assert_array_equal(x.grad.numpy(), expected)
