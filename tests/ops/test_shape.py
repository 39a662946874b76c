"""Shape, joining, padding and repeating beside PyTorch's, and what is said when sizes do not fit."""

from __future__ import annotations

import math

import numpy as np
import pytest

import autocnn as ac
from autocnn import ops
from autocnn.engine import Tensor, grad
from autocnn.errors import ArgumentError, OutOfRangeError, ShapeError
from tests.ops.oracle import agree

SHAPES = [(), (3,), (1,), (0,), (2, 3), (1, 4), (3, 0), (2, 3, 4), (2, 1, 3), (2, 3, 2, 1)]


def numbers(*shape: int) -> np.ndarray:
    return np.random.default_rng(1).standard_normal(shape)


@pytest.mark.torch
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_views_of_every_shape(shape):
    x, n = numbers(*shape), len(shape)
    agree(lambda x: x.reshape(-1) if x.numel() else x.reshape(0), lambda x: x.reshape(x.numel()), [x])
    agree(lambda x: x.flatten(), lambda x: x.flatten(), [x])
    agree(lambda x: x.ravel(), lambda x: x.ravel(), [x])
    agree(lambda x: x.squeeze(), lambda x: x.squeeze(), [x])
    agree(lambda x: x.clone(), lambda x: x.clone(), [x])
    agree(lambda x: x.permute(tuple(range(n)[::-1])), lambda x: x.permute(tuple(range(n)[::-1])), [x])
    for dim in range(-n - 1, n + 1):
        agree(lambda x, d=dim: x.unsqueeze(d), lambda x, d=dim: x.unsqueeze(d), [x])
    for dim in range(-n, n):
        agree(lambda x, d=dim: x.squeeze(d), lambda x, d=dim: x.squeeze(d), [x])
        agree(lambda x, d=dim: x.transpose(d, 0), lambda x, d=dim: x.transpose(d, 0), [x])
        agree(lambda x, d=dim: x.movedim(d, 0), lambda x, d=dim: x.movedim(d, 0), [x])
        agree(lambda x, d=dim: x.flatten(d), lambda x, d=dim: x.flatten(d), [x])


@pytest.mark.torch
@pytest.mark.parametrize(
    ("ours", "theirs", "shape"),
    [
        (lambda x: x.reshape(4, -1), None, (2, 3, 2)),
        (lambda x: x.view((6, 2)), None, (2, 3, 2)),
        (lambda x: x.unflatten(1, (3, -1)), None, (2, 6)),
        (lambda x: x.T, None, (2, 3)),
        (lambda x: x.mT, None, (4, 2, 3)),
        (lambda x: x.t(), None, (2, 3)),
        (lambda x: x.swapaxes(0, 2), None, (2, 3, 4)),
        (lambda x: x.movedim((0, 1), (2, 0)), None, (2, 3, 4)),
        (lambda x: x.expand(4, -1, 3), None, (2, 1)),
        (lambda x: x.expand(2, 0), None, (2, 1)),
        (lambda x: x.squeeze((0, 2)), None, (1, 3, 1)),
        (lambda x: x.flatten(1, 2), None, (2, 3, 4, 5)),
        (lambda x: x.roll(1), None, (2, 3)),
        (lambda x: x.roll((1, -5), (0, 1)), None, (2, 3)),
        (lambda x: x.roll((1, 1), (1, 1)), None, (2, 3)),
        (lambda x: x.flip(0, 1), None, (2, 3)),
        (lambda x: x.flip(-1), None, (2, 0)),
        (lambda x: x.fliplr(), None, (2, 3)),
        (lambda x: x.repeat(2, 1, 3), None, (2, 3)),
        (lambda x: x.tile(2), None, (2, 3)),
        (lambda x: x.tile(2, 3, 1), None, (2,)),
        (lambda x: x.narrow(1, 1, 2), None, (2, 3)),
        (lambda x: x.diagonal(1, 0, 2), None, (2, 3, 4)),
        (lambda x: x.contiguous(), None, (2, 3)),
        (lambda x: x.select(1, -1), None, (2, 3)),
        (lambda x: x.hsplit(3)[1], None, (2, 3)),
        (lambda x: x.vsplit((1,))[1], None, (2, 3)),
        (lambda x: x.split_with_sizes((1, 2), 1)[1], None, (2, 3)),
        (lambda x: x.diag_embed(1), None, (2, 3)),
        (lambda x: x.diag_embed(-1, 0, 2), None, (2, 3)),
    ],
)
def test_one_tensor(ours, theirs, shape):
    agree(ours, theirs or ours, [numbers(*shape)])
    agree(
        lambda x: ours(x.permute(tuple(range(x.ndim)[::-1])).clone().permute(tuple(range(x.ndim)[::-1]))),
        ours,
        [numbers(*shape)],
    )


@pytest.mark.torch
@pytest.mark.parametrize(
    "widths", [(1, 2), (0, 0), (1, 0, 2, 3), (-1, 1), (1, -2, -1, 0), (-1, -1), (0, 1, 0, 0, 2, 0)], ids=str
)
def test_pad_with_a_constant(widths):
    from torch.nn import functional

    for value in (0.0, 1.5):
        agree(
            lambda x, v=value: ops.pad(x, widths, value=v),
            lambda x, v=value: functional.pad(x, widths, value=v),
            [numbers(2, 3, 4)],
        )


@pytest.mark.torch
def test_joining():
    import torch

    for shapes, dim in [
        ([(2, 3), (1, 3)], 0),
        ([(2, 3), (2, 0), (2, 1)], 1),
        ([(2, 2, 2)] * 3, 2),
    ]:
        agree(lambda *xs, d=dim: ac.cat(xs, d), lambda *xs, d=dim: torch.cat(xs, d), [numbers(*s) for s in shapes])
    for shape, dim in [((2, 3), 0), ((2, 3), -1), ((), 0), ((0,), 1)]:
        xs = [numbers(*shape), numbers(*shape)]
        agree(lambda *xs, d=dim: ac.stack(xs, d), lambda *xs, d=dim: torch.stack(xs, d), xs)
    for shape in [(), (3,), (2, 3)]:
        xs = [numbers(*shape), numbers(*shape)]
        agree(lambda *xs: ac.hstack(xs), lambda *xs: torch.hstack(xs), xs)
        agree(lambda *xs: ac.vstack(xs), lambda *xs: torch.vstack(xs), xs)


@pytest.mark.torch
@pytest.mark.parametrize(
    "take",
    [
        lambda x: x.split(2),
        lambda x: x.split(2, 1),
        lambda x: x.split([1, 0, 4], -1),
        lambda x: x.chunk(3, 1),
        lambda x: x.chunk(9, 1),
        lambda x: x.tensor_split(3, 1),
        lambda x: x.tensor_split((1, 1, 4), 1),
        lambda x: x.unbind(),
        lambda x: x.unbind(1),
    ],
)
def test_taking_apart(take):
    import torch

    x = numbers(3, 5)
    assert len(take(Tensor(x))) == len(take(torch.tensor(x)))
    for i in range(len(take(Tensor(x)))):
        agree(lambda x, i=i: take(x)[i], lambda x, i=i: take(x)[i], [x])
    agree(lambda x: take(x)[0] * take(x)[0], lambda x: take(x)[0] * take(x)[0], [x])


@pytest.mark.torch
@pytest.mark.parametrize("indexing", ["ij", "xy"])
def test_meshgrid(indexing):
    import torch

    xs = [numbers(2), numbers(3), numbers(4)]
    for count in (1, 2, 3):
        for i in range(count):
            agree(
                lambda *ts, i=i: ac.meshgrid(*ts, indexing=indexing)[i] * sum(t.sum() for t in ts),
                lambda *ts, i=i: torch.meshgrid(*ts, indexing=indexing)[i] * sum(t.sum() for t in ts),
                xs[:count],
            )


def test_pieces_are_views_and_iteration_too():
    x = Tensor(np.zeros((2, 4)))
    for piece in (*x.split(2, 1), *x.unbind(), *x, *x.chunk(2)):
        assert np.shares_memory(piece.array, x.array)


def test_gradient_of_pieces_is_one_sum_not_an_array_of_zeros_each():
    x = ac.tensor(numbers(200, 3), requires_grad=True)
    rows = list(x)
    total = rows[0]
    for row in rows[1:]:
        total = total + row
    names = set()
    node = total.grad_fn
    while node is not None and node.edges:
        names.add(node.name)
        node = node.edges[-1]
    assert names == {"add", "item", "unbind"}
    (g,) = grad(total, [x], ac.ones(3, dtype="float64"))
    np.testing.assert_array_equal(g.array, np.ones((200, 3)))


def test_gradients_of_parts_add_up():
    x = ac.tensor(numbers(5, 3), requires_grad=True)
    h = x * 2
    seen = []
    h.register_hook(lambda g: seen.append(g.array.copy()))
    y = h[0] + h[1:2].sum(0) + h[0] + h[[1, 1]].sum(0) + h.narrow(0, 4, 1).sum(0) + h[np.arange(5) == 3].sum(0)
    y = y + h.gather(0, [[2, 2, 2]])[0]
    (g,) = grad(y, [x], ac.ones(3, dtype="float64"), retain_graph=True)
    (slow,) = grad(y, [x], ac.ones(3, dtype="float64"), create_graph=True)
    np.testing.assert_array_equal(g.array, np.array([4, 6, 2, 2, 2.0])[:, None] * np.ones(3))
    np.testing.assert_array_equal(slow.array, g.array)
    np.testing.assert_array_equal(seen[0], g.array / 2)
    y.sum().backward()
    np.testing.assert_array_equal(x.grad.array, g.array)


def test_cat_promotes_and_passes_over_empty_vectors():
    assert ac.cat([Tensor([1]), Tensor([0.5])]).dtype == np.float32
    nothing = ac.zeros(0, requires_grad=True)
    z = ac.cat([nothing, ac.ones(2, 2)], 1)
    assert z.shape == (2, 2)
    assert grad(z, [nothing], ac.ones(2, 2))[0].shape == (0,)


@pytest.mark.torch
@pytest.mark.parametrize(
    ("shape", "name"), [((2, 3, 4, 5), "channels_last"), ((2, 3, 4, 5, 6), "channels_last_3d")]
)
def test_channels_last_is_where_pytorch_has_it(shape, name):
    torch = pytest.importorskip("torch")
    values = np.arange(math.prod(shape), dtype=np.float32).reshape(shape)
    x = ac.tensor(values, requires_grad=True)
    theirs = torch.tensor(values).to(memory_format=getattr(torch, name))
    made = x.to(memory_format=name)
    np.testing.assert_array_equal(made.array, values)
    assert [step // 4 for step in made.array.strides] == list(theirs.stride())
    assert made.contiguous(memory_format=name) is made
    assert made.to("float64", memory_format=name).array.strides == tuple(8 * step for step in theirs.stride())
    (made * made).sum().backward()
    np.testing.assert_array_equal(x.grad.array, 2 * values)


def test_channels_last_needs_channels():
    with pytest.raises(ShapeError, match=r"contiguous: x is 2-d \(2, 3\); channels_last is for 4 axes"):
        ac.ones(2, 3).contiguous("channels_last")
    with pytest.raises(
        ArgumentError, match="memory_format is 'rows'; it is one of contiguous_format, preserve_format"
    ):
        ac.ones(2, 3).contiguous("rows")


def test_layout_and_questions():
    x = Tensor(np.zeros((2, 3, 4, 5), np.float32))
    assert x.is_contiguous()
    assert Tensor(np.zeros((2, 4, 5, 3)).transpose(0, 3, 1, 2)).is_contiguous()
    assert not x.transpose(2, 3).is_contiguous()
    assert x.transpose(2, 3).contiguous().is_contiguous()
    assert x.size() == (2, 3, 4, 5)
    assert x.size(-1) == 5
    assert (x.dim(), x.numel(), x.nelement()) == (4, 120, 120)
    assert [t.shape for t in ac.broadcast_tensors(Tensor([[1.0], [2.0]]), Tensor([1.0]))] == [(2, 1), (2, 1)]


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda x: x.reshape(4), ShapeError, "reshape: shape is (4,) with 4 elements, x (2, 3) has 6"),
        (
            lambda x: x.reshape(4, -1),
            ShapeError,
            "reshape: shape is (4, -1), x (2, 3) has 6 elements; no length fits -1",
        ),
        (
            lambda x: x.reshape(-1, -1),
            ShapeError,
            "reshape: shape is (-1, -1); lengths are not negative, save one -1 to be worked out",
        ),
        (lambda x: x.reshape(1.5), ArgumentError, "reshape: shape is 1.5; must be an integer"),
        (lambda x: x.unsqueeze(3), OutOfRangeError, "unsqueeze: dim is 3; must be from -3 to 2"),
        (lambda x: x.flatten(1, 0), ArgumentError, "flatten: start_dim is 1 after end_dim 0 of x (2, 3)"),
        (
            lambda x: x.permute(0),
            ArgumentError,
            "permute: dims is (0,); must name each of the 2 axes of x (2, 3) once",
        ),
        (lambda x: x.permute(0, 0), ArgumentError, "permute: dims is (0, 0); each axis at most once"),
        (lambda x: x[None].t(), ShapeError, "t: x is 3-d (1, 2, 3); must have at most 2 axes. Use mT or permute"),
        (lambda x: x[0].mT, ShapeError, "mT: x is 1-d (3,); must have at least 2 axes"),
        (
            lambda x: x.movedim((0, 1), 0),
            ArgumentError,
            "movedim: source is (0, 1), destination 0; must be as many of both",
        ),
        (lambda x: x.expand(4, 3), ShapeError, "broadcast_to: x (2, 3) does not broadcast to (4, 3)"),
        (
            lambda x: x.expand(3),
            ShapeError,
            "expand: sizes is (3,), x (2, 3); must have a length for each axis, -1 for old ones only",
        ),
        (
            lambda x: ops.pad(x, (1,)),
            ArgumentError,
            "pad: pad is (1,); must be (before, after) of at most 2 axes, x is (2, 3)",
        ),
        (
            lambda x: ops.pad(x, (1, 1), "edge"),
            ArgumentError,
            "pad: mode is 'edge'; must be 'constant', 'reflect', 'replicate', 'circular'",
        ),
        (
            lambda x: ops.pad(x, (1, 1), "reflect", 2.0),
            ArgumentError,
            "pad: value is 2.0, mode 'reflect'; only a constant border has a value",
        ),
        (
            lambda x: ops.pad(x.reshape(-1)[:2], (2, 1), "reflect"),
            ArgumentError,
            "pad: pad is (2, 1) on axis 0, x is (2,); 'reflect' takes at most 1",
        ),
        (
            lambda x: ops.pad(x.reshape(-1)[:2], (-2, -1), "replicate"),
            ShapeError,
            "pad: pad is (-2, -1) on axis 0, x is (2,); more is cut off than is there",
        ),
        (
            lambda x: ops.pad(x, (-2, -2)),
            ShapeError,
            "pad: pad is ((0, 0), (-2, -2)), x (2, 3); more is cut off than there is",
        ),
        (lambda x: x.roll((1, 2)), ArgumentError, "roll: shifts is (1, 2) without dims; must be one number"),
        (
            lambda x: x.roll((1, 2), 0),
            ArgumentError,
            "roll: shifts is (1, 2), dims 0; as many of one as of the other",
        ),
        (lambda x: ac.cat([]), ArgumentError, "cat: tensors is empty; must hold at least one"),
        (lambda x: ac.cat(x), ArgumentError, "cat: tensors is a Tensor; must be a list or tuple of tensors"),
        (
            lambda x: ac.cat([x, x[:, :1]]),
            ShapeError,
            "cat: shapes (2, 3) and (2, 1) differ in another axis than dim 0",
        ),
        (lambda x: ac.cat([x[0, 0]]), ShapeError, "cat: a 0-d tensor cannot be joined along an axis. Use stack"),
        (lambda x: ac.stack([x, x[0]]), ShapeError, "stack: shapes (2, 3) and (3,) differ; must be the same"),
        (lambda x: x.split(0), ArgumentError, "split: split_size is 0; must be positive"),
        (
            lambda x: x.split([1, 2]),
            ShapeError,
            "split: sections is (1, 2); must add to 2, the length of dim 0 of x",
        ),
        (lambda x: x.chunk(0), ArgumentError, "chunk: chunks is 0; must be at least 1"),
        (lambda x: x[0, 0].unbind(), ShapeError, "unbind: x is 0-d; there is no axis to take apart"),
        (lambda x: x.narrow(1, 2, 2), ShapeError, "narrow: start 2 and length 2 do not fit in dim 1 of x (2, 3)"),
        (
            lambda x: x.repeat(2),
            ArgumentError,
            "repeat: repeats is (2,); must be at least 0 for each axis of x (2, 3)",
        ),
        (
            lambda x: x.unflatten(1, (2, 2)),
            ShapeError,
            "unflatten: sizes is (2, 2) with 4 elements, x (2, 3) has 3",
        ),
    ],
)
def test_what_is_said(call, error, text):
    with pytest.raises(error) as caught:
        call(Tensor(np.zeros((2, 3))))
    assert str(caught.value) == text


def test_axis_is_dim():
    x = Tensor(numbers(2, 3))
    np.testing.assert_array_equal(ac.cat([x, x], axis=1).array, ac.cat([x, x], 1).array)
    assert ac.stack([x, x], axis=1).shape == x.unsqueeze(axis=1).repeat(1, 2, 1).shape
    assert x.squeeze(axis=0).shape == (2, 3)
    with pytest.raises(ArgumentError, match="unsqueeze: dim and axis are given; they are the same"):
        x.unsqueeze(dim=0, axis=1)


def test_padding_and_slicing_keep_the_layout():
    x = ac.tensor(np.zeros((2, 4, 5, 3)).transpose(0, 3, 1, 2), requires_grad=True)
    assert ops.pad(x, (1, 1)).array.transpose(0, 2, 3, 1).flags.c_contiguous
    assert ac.cat([x, x], 1).array.transpose(0, 2, 3, 1).flags.c_contiguous
    y = x[:, :2] * 2
    (g,) = grad(y, [x], ac.ones_like(y))
    assert g.array.transpose(0, 2, 3, 1).flags.c_contiguous


@pytest.mark.torch
def test_sizes_by_name():
    import torch

    x, t = Tensor(numbers(2, 3)), torch.tensor(numbers(2, 3))
    for name, named in [
        ("reshape", {"shape": (3, 2)}),
        ("permute", {"dims": (1, 0)}),
        ("flip", {"dims": [0]}),
        ("tile", {"dims": (2, 1)}),
    ]:
        expected = getattr(torch, name)(t, **named)
        np.testing.assert_array_equal(getattr(x, name)(**named).array, expected.numpy())
        np.testing.assert_array_equal(getattr(ac, name)(x, **named).array, expected.numpy())
    assert x.expand(size=(4, 2, 3)).shape == (4, 2, 3)
    assert x.repeat(repeats=(2, 1)).shape == (4, 3)
    for make in (ac.zeros, ac.ones, ac.empty, ac.rand, ac.randn):
        assert make(size=(2, 1)).shape == (2, 1)


@pytest.mark.parametrize(
    ("op", "arguments"),
    [
        ("size", (0,)),
        ("select", (0, 0)),
        ("narrow", (0, 0, 1)),
        ("roll", (1, 0)),
        ("unflatten", (0, (1, 1))),
        ("repeat_interleave", (2, 0)),
    ],
)
def test_a_0d_tensor_has_no_axis_with_a_length(op, arguments):
    with pytest.raises(OutOfRangeError, match=rf"^{op}: dims? is 0; a 0-d tensor has no axes$"):
        getattr(ac.tensor(1.0), op)(*arguments)


@pytest.mark.parametrize(("op", "shape"), [("hsplit", (2, 3)), ("hsplit", (3,)), ("vsplit", (3, 2))])
def test_sections_of_one_length_fill_the_axis(op, shape):
    with pytest.raises(ShapeError, match=rf"^{op}: sections is 2; must divide length 3 of dim \d$"):
        getattr(ac, op)(ac.ones(shape), 2)


@pytest.mark.parametrize("op", ["hstack", "vstack"])
def test_numbers_that_are_stacked_promote_as_vectors(op):
    number, vector = ac.tensor(1.0, dtype="float64"), ac.tensor([1.0])
    assert getattr(ac, op)((vector, number)).dtype == "float64"
