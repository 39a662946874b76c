"""Constructors beside PyTorch's, how tensors are printed, and what is said."""

from __future__ import annotations

import numpy as np
import pytest

import autocnn as ac
from autocnn.engine import Tensor
from autocnn.errors import ArgumentError, DeviceError, DTypeError, OperandError, ShapeError

CALLS = [
    ("tensor", (3,), {}),
    ("tensor", (3.0,), {}),
    ("tensor", (True,), {}),
    ("tensor", ([[1, 2], [3, 4]],), {}),
    ("tensor", ([1.5, 2],), {}),
    ("tensor", ([],), {}),
    ("tensor", ([[]],), {}),
    ("tensor", ([1, 2],), {"dtype": "float32"}),
    ("tensor", ([0.1, 0.2],), {"dtype": "float64"}),
    ("tensor", ([1.7, -1.7],), {"dtype": "int32"}),
    ("tensor", ([0, 1],), {"dtype": "bool"}),
    ("zeros", (2, 3), {}),
    ("zeros", ((2, 3),), {}),
    ("zeros", (0, 2), {"dtype": "int64"}),
    ("ones", (2,), {}),
    ("ones", ([2, 1],), {"dtype": "float16"}),
    ("full", ((2, 3), 7), {}),
    ("full", ((2,), 1.5), {}),
    ("full", ((2,), True), {}),
    ("full", ((), 2), {"dtype": "float64"}),
    ("arange", (5,), {}),
    ("arange", (1, 5), {}),
    ("arange", (5, 1, -2), {}),
    ("arange", (0,), {}),
    ("arange", (0, 1, 0.1), {}),
    ("arange", (1.5,), {}),
    ("arange", (3,), {"dtype": "float64"}),
    ("arange", (2, 2.5, 0.125), {}),
    ("linspace", (0, 1, 5), {}),
    ("linspace", (3, -3, 4), {"dtype": "float64"}),
    ("linspace", (2, 5, 1), {}),
    ("linspace", (2, 5, 0), {}),
    ("logspace", (0, 3, 4), {}),
    ("logspace", (-1, 1, 5), {"base": 2.0, "dtype": "float64"}),
    ("eye", (3,), {}),
    ("eye", (2, 3), {"dtype": "int64"}),
    ("eye", (0,), {}),
]


@pytest.mark.torch
@pytest.mark.parametrize(("name", "args", "kwargs"), CALLS, ids=str)
def test_values_and_dtypes_are_pytorchs(name, args, kwargs):
    import torch

    theirs = {k: getattr(torch, v) if k == "dtype" else v for k, v in kwargs.items()}
    expected = getattr(torch, name)(*args, **theirs)
    found = getattr(ac, name)(*args, **kwargs)
    assert found.shape == tuple(expected.shape)
    assert str(found.dtype) == str(expected.dtype).removeprefix("torch.")
    np.testing.assert_allclose(found.array, expected.numpy(), rtol=1e-6)
    if found.dtype.kind == "f":
        assert getattr(ac, name)(*args, **kwargs, requires_grad=True).requires_grad


@pytest.mark.torch
@pytest.mark.parametrize("name", ["zeros_like", "ones_like", "full_like", "empty_like"])
def test_likeness(name):
    import torch

    extra = (3,) if name == "full_like" else ()
    for x in (np.zeros((2, 3), np.float32), np.zeros(3, np.int64), np.zeros((), bool), np.zeros((0, 2))):
        for kwargs in ({}, {"dtype": "float64"}):
            theirs = {k: getattr(torch, v) for k, v in kwargs.items()}
            expected = getattr(torch, name)(torch.tensor(x), *extra, **theirs)
            found = getattr(ac, name)(Tensor(x), *extra, **kwargs)
            assert found.shape == tuple(expected.shape)
            assert str(found.dtype) == str(expected.dtype).removeprefix("torch.")
            if name != "empty_like":
                np.testing.assert_array_equal(found.array, expected.numpy())


def test_likeness_keeps_the_layout():
    x = Tensor(np.zeros((2, 4, 5, 3)).transpose(0, 3, 1, 2))
    assert ac.zeros_like(x).array.strides == x.array.strides


def test_what_is_copied_and_what_is_shared():
    a = np.zeros((2, 2))
    x = Tensor(a)
    assert not np.shares_memory(ac.tensor(a).array, a)
    assert not np.shares_memory(ac.tensor(a[0]).array, a)
    assert not np.shares_memory(ac.tensor(x).array, a)
    assert np.shares_memory(ac.from_numpy(a).array, a)
    assert np.shares_memory(ac.as_tensor(a).array, a)
    assert ac.as_tensor(x) is x
    assert not np.shares_memory(ac.as_tensor(a, dtype="float32").array, a)
    assert np.shares_memory(ac.from_dlpack(a).array, a)
    assert np.shares_memory(ac.from_dlpack(x).array, a)
    assert np.shares_memory(np.from_dlpack(x), a)


@pytest.mark.torch
def test_memory_is_shared_with_pytorch():
    import torch

    t = torch.zeros(2, 3)
    x = ac.from_dlpack(t)
    t += 1
    assert x.tolist() == [[1.0] * 3] * 2
    assert torch.from_dlpack(x).data_ptr() == t.data_ptr()


def test_the_default_dtype():
    ac.set_default_dtype("float64")
    try:
        assert ac.get_default_dtype() == np.float64
        assert {
            f().dtype for f in (ac.zeros, ac.ones, lambda: ac.tensor(1.5), lambda: ac.eye(2), lambda: ac.rand(2))
        } == {np.dtype("float64")}
        assert ac.arange(0.5).dtype == ac.linspace(0, 1, 2).dtype == ac.full((), 1.5).dtype == np.float64
        assert ac.arange(2).dtype == np.int64
    finally:
        ac.set_default_dtype("float32")


def test_dtypes_have_pytorchs_names():
    assert (ac.float, ac.double, ac.half, ac.long, ac.int, ac.short) == (
        ac.float32, ac.float64, ac.float16, ac.int64, ac.int32, ac.int16,
    )  # fmt: skip
    for name in ("float", "double", "half", "long", "int", "short", "uint8", "bool"):
        assert ac.zeros(1, dtype=name).dtype == getattr(ac, name)
    assert ac.zeros(1, dtype=np.int8).dtype == ac.int8
    assert ac.zeros(1, dtype=float).dtype == ac.float64


# Printing --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("x", "text"),
    [
        (lambda: ac.tensor([[1.0, 2.0]], requires_grad=True), "tensor([[1., 2.]], requires_grad=True)"),
        (lambda: ac.tensor(3), "tensor(3)"),
        (lambda: ac.tensor(0.1), "tensor(0.1)"),
        (lambda: ac.tensor([True, False]), "tensor([ True, False])"),
        (lambda: ac.tensor([1, 2], dtype="int32"), "tensor([1, 2], dtype=int32)"),
        (lambda: ac.tensor([1 / 3], dtype="float64"), "tensor([0.3333], dtype=float64)"),
        (lambda: ac.tensor([]), "tensor([])"),
        (lambda: ac.zeros(2, 0), "tensor([], shape=(2, 0))"),
        (lambda: ac.zeros(0, dtype="int64"), "tensor([], dtype=int64)"),
        (lambda: ac.ones(2, requires_grad=True) * 2, "tensor([2., 2.], grad_fn=<mul>)"),
        (lambda: ac.ones(2, requires_grad=True).split(1)[0], "tensor([1.], grad_fn=<split>)"),
        (lambda: ac.tensor([float("nan"), float("inf"), -1e-9]), "tensor([    nan,     inf, -1.e-09])"),
        (lambda: ac.zeros(2000), "tensor([0., 0., 0., ..., 0., 0., 0.], shape=(2000,))"),
        (lambda: ac.tensor([[1, 20], [300, 4]]), "tensor([[  1,  20],\n        [300,   4]])"),
    ],
)
def test_printing(x, text):
    assert repr(x()) == str(x()) == text


@pytest.mark.parametrize(
    "shape",
    [(3, 4), (1000,), (40, 30), (200, 2), (10, 10, 10), (64, 3, 32, 32), (3, 3, 3, 3, 3), (1, 1, 500, 1)],
    ids=str,
)
def test_printing_fits_the_screen(shape):
    lines = repr(ac.rand(*shape)).splitlines()
    assert len(lines) <= 60
    assert max(map(len, lines)) <= 100


def test_a_parameter_says_its_name():
    class Weight(Tensor):
        pass

    assert repr(Weight(np.ones(1, np.float32))) == "Weight([1.])"


def test_formatting():
    assert f"{ac.tensor(1.25):.1f}" == "1.2"
    assert f"{ac.tensor([1.0])}" == "tensor([1.])"


# What is said ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda: ac.tensor("a"), OperandError, "tensor: 'a' is no tensor, array or number"),
        (lambda: ac.tensor([[1], [2, 3]]), ShapeError, "tensor: the nested lists have rows of different lengths"),
        (
            lambda: ac.tensor([1], requires_grad=True),
            DTypeError,
            "requires_grad: dtype is int64; only floating point has a gradient",
        ),
        (lambda: ac.from_numpy([1]), OperandError, "from_numpy: list is no NumPy array. Use tensor"),
        (lambda: ac.zeros(-1), ArgumentError, "zeros: size is (-1,); lengths are not negative"),
        (lambda: ac.zeros(1.5), ArgumentError, "zeros: size is 1.5; must be an integer"),
        (lambda: ac.arange(0, 3, -1), ArgumentError, "arange: step is -1; must lead from 0 to 3"),
        (lambda: ac.arange(0, 3, 0), ArgumentError, "arange: step is 0; must lead from 0 to 3"),
        (lambda: ac.linspace(0, 1, -1), ArgumentError, "linspace: steps is -1; must not be negative"),
        (lambda: ac.logspace(0, 1, 1.5), ArgumentError, "logspace: steps is 1.5; must be an integer"),
        (
            lambda: ac.zeros(1, dtype="complex64"),
            DTypeError,
            "zeros: dtype is 'complex64'; must be one of float16, float32, float64, uint8, int8, int16, int32, "
            "int64, bool, half, float, double, short, int, long",
        ),
        (lambda: ac.zeros(1, device="tpu"), DeviceError, "device: 'tpu' is not known; choose 'cpu' or 'cuda'"),
    ],
)
def test_what_is_said(call, error, text):
    with pytest.raises(error) as caught:
        call()
    assert str(caught.value) == text


# Questions, and likeness -----------------------------------------------------------------------------------------


@pytest.mark.torch
@pytest.mark.parametrize("dtype", ["float32", "float64", "int64", "uint8", "bool"])
def test_questions_are_answered_as_pytorch_does(dtype):
    import torch

    a = np.ones((2, 3), dtype)
    x, t = Tensor(a), torch.tensor(a)
    for name in (
        "is_floating_point",
        "is_complex",
        "is_signed",
        "element_size",
        "stride",
        "dim",
        "numel",
        "get_device",
    ):
        assert getattr(x, name)() == getattr(t, name)(), name
    for name in ("is_cuda", "itemsize", "nbytes", "ndim", "is_leaf", "requires_grad"):
        assert getattr(x, name) == getattr(t, name), name
    assert x.T.stride(0) == t.T.stride(0)
    assert x.is_same_size(x)
    assert x.data_ptr() == x.detach().data_ptr()
    assert x.cpu() is x
    assert x[:1, :1].is_nonzero()
    for name in ("new_zeros", "new_ones", "new_empty"):
        assert (
            getattr(x, name)(2, 1).shape == getattr(x, name)((2, 1)).shape == tuple(getattr(t, name)(2, 1).shape)
        )
        assert getattr(x, name)(2).dtype == x.dtype
    assert x.new_full((2,), 1).tolist() == t.new_full((2,), 1).tolist()
    assert x.new_tensor([1.0]).dtype == x.dtype
    for other in ("float32", "int64", "uint8", "bool", "float16"):
        expected = torch.promote_types(getattr(torch, dtype), getattr(torch, other))
        assert f"torch.{ac.promote_types(dtype, other)}" == str(expected)


def test_limits_and_names():
    assert ac.finfo("float32").eps == np.finfo(np.float32).eps
    assert ac.finfo().dtype == np.float32
    assert ac.iinfo("uint8").max == 255
    assert ac.is_tensor(ac.ones(1))
    assert not ac.is_tensor(np.ones(1))


@pytest.mark.parametrize(
    "make",
    [
        lambda z: ac.full((2,), 0.1, dtype="float64"),
        lambda z: ac.full_like(z, 0.1),
        lambda z: z.new_full((2,), 0.1),
        lambda z: ac.tensor([0.1], dtype="float64"),
        lambda z: z.new_tensor([0.1]),
        lambda z: z.clone().copy_(0.1),
        lambda z: z.clone().fill_(0.1),
        lambda z: z.index_fill(0, [1], 0.1),
        lambda z: z.scatter(0, ac.tensor([1]), 0.1),
        lambda z: z.scatter(0, ac.tensor([1]), value=0.1),
        lambda z: z.masked_fill(z == 0, 0.1),
        lambda z: ac.where(z == 0, 0.1, z),
        lambda z: ac.nn.init.constant_(z.clone(), 0.1),
        lambda z: z + 0.1,
        lambda z: ac.maximum(z, 0.1),
    ],
)
def test_python_numbers_are_as_exact_as_what_they_meet(make):
    assert make(ac.zeros(2, dtype="float64"))[-1].item() == 0.1


@pytest.mark.parametrize("key", [1, ..., slice(1, None), [1], (slice(None),)])
def test_they_are_so_when_written(key):
    z = ac.zeros(2, dtype="float64")
    z[key] = 0.1
    assert z[1].item() == 0.1
    z[key] = [0.1] if key == [1] else 0.1
    assert z[1].item() == 0.1


@pytest.mark.parametrize("end", [1e20, float("inf"), float("nan")])
def test_a_range_that_no_memory_holds_is_refused(end):
    with pytest.raises(
        ArgumentError,
        match=rf"^arange: start is 0, end {end} and step 1; no memory holds so many$".replace("+", r"\+"),
    ):
        ac.arange(end)


def test_numbers_fit_the_dtype_that_they_are_given():
    assert ac.tensor([-1, 2], dtype="uint8").tolist() == [255, 2]
    assert ac.full_like(ac.ones(2), -1, dtype="uint8").tolist() == [255, 255]
    with pytest.raises(ArgumentError, match=r"^tensor: data is 300; uint8 goes from 0 to 255$"):
        ac.tensor([[1, 300]], dtype="uint8")
    with pytest.raises(ArgumentError, match=r"^tensor: data is nan; int8 goes from -128 to 127$"):
        ac.tensor(float("nan"), dtype="int8")
    with pytest.raises(ArgumentError, match=r"^full_like: fill_value is 300; int8 goes from -128 to 127$"):
        ac.full_like(ac.ones(2), 300, dtype="int8")
