"""Batch, layer and group norm against PyTorch to the second derivative; running statistics; refusals."""

from __future__ import annotations

import numpy as np
import pytest

from autocnn import ops
from autocnn.engine import Tensor, grad
from autocnn.errors import ArgumentError, DTypeError, ShapeError
from tests.ops.oracle import agree

SHAPES = [(5, 3), (4, 3, 7), (3, 4, 5, 2), (2, 3, 3, 2, 4), (1, 2, 3, 3)]


def arrays(*shapes):
    rng = np.random.default_rng(2)
    return [rng.standard_normal(shape) for shape in shapes]


@pytest.mark.torch
@pytest.mark.parametrize("shape", SHAPES)
def test_batch_norm_in_training_equals_pytorch(shape):
    torch = pytest.importorskip("torch")
    theirs = torch.nn.functional.batch_norm
    x, w, b = arrays(shape, (shape[1],), (shape[1],))
    agree(
        lambda x, w, b: ops.batch_norm(x, None, None, w, b, training=True),
        lambda x, w, b: theirs(x, None, None, w, b, training=True),
        [x, w, b],
    )
    agree(
        lambda x: ops.batch_norm(x, None, None, training=True),
        lambda x: theirs(x, None, None, training=True),
        [x],
    )


@pytest.mark.torch
@pytest.mark.parametrize("shape", SHAPES)
def test_batch_norm_in_evaluation_equals_pytorch(shape):
    torch = pytest.importorskip("torch")
    theirs = torch.nn.functional.batch_norm
    x, w, b, mean = arrays(shape, *[(shape[1],)] * 3)
    var = np.abs(mean) + 0.5
    agree(
        lambda x, w, b: ops.batch_norm(x, Tensor(mean), Tensor(var), w, b, eps=1e-3),
        lambda x, w, b: theirs(x, torch.tensor(mean), torch.tensor(var), w, b, eps=1e-3),
        [x, w, b],
    )


@pytest.mark.torch
@pytest.mark.parametrize("momentum", [0.1, 0.7])
def test_running_statistics_move_as_pytorchs(momentum):
    torch = pytest.importorskip("torch")
    x, mean = arrays((3, 4, 5, 2), (4,))
    mine = [Tensor(mean.copy()), Tensor(np.abs(mean))]
    theirs = [torch.tensor(mean), torch.tensor(np.abs(mean))]
    memory = mine[0].array
    for _ in range(2):
        ops.batch_norm(Tensor(x).requires_grad_(), *mine, training=True, momentum=momentum)
        torch.nn.functional.batch_norm(torch.tensor(x), *theirs, training=True, momentum=momentum)
    for a, b in zip(mine, theirs, strict=True):
        np.testing.assert_allclose(a.array, b.numpy(), rtol=1e-12)
        assert not a.requires_grad
    assert mine[0].array is memory


def test_only_the_cotangents_that_are_needed():
    x, w, b = (Tensor(a) for a in arrays((4, 3, 5), (3,), (3,)))
    for wanted in ([w], [b], [x], [w, b]):
        for t in (x, w, b):
            t.requires_grad_(any(t is other for other in wanted))
        z = ops.batch_norm(x, None, None, w, b, training=True)
        seed = Tensor(np.ones(z.shape))
        plain = grad(z, wanted, seed, retain_graph=True)
        slow = grad(z, wanted, seed, create_graph=True)
        for a, c in zip(plain, slow, strict=True):
            np.testing.assert_allclose(a.array, c.array, atol=1e-10)


def test_float32_stays_float32_and_channels_last():
    x = Tensor(np.random.default_rng(0).standard_normal((2, 3, 4, 5)).astype(np.float32)).requires_grad_()
    z = ops.batch_norm(x, None, None, training=True)
    (gx,) = grad(z, x, Tensor(z.array))
    for t in (z, gx):
        assert t.dtype == np.float32
        assert t.array.transpose(0, 2, 3, 1).flags.c_contiguous


@pytest.mark.torch
@pytest.mark.parametrize(("shape", "last"), [((4, 6), (6,)), ((2, 3, 4, 5), (4, 5)), ((2, 3, 4), (2, 3, 4))])
def test_layer_norm_equals_pytorch(shape, last):
    torch = pytest.importorskip("torch")
    x, w, b = arrays(shape, last, last)
    agree(
        lambda x, w, b: ops.layer_norm(x, last, w, b),
        lambda x, w, b: torch.nn.functional.layer_norm(x, last, w, b),
        [x, w, b],
    )
    agree(lambda x: ops.layer_norm(x, last), lambda x: torch.nn.functional.layer_norm(x, last), [x])


@pytest.mark.torch
@pytest.mark.parametrize("shape", [(2, 6), (3, 6, 5), (2, 6, 4, 3)])
@pytest.mark.parametrize("groups", [1, 2, 6])
def test_group_norm_equals_pytorch(shape, groups):
    torch = pytest.importorskip("torch")
    if shape == (2, 6) and groups == 6:
        shape = (2, 12)
    x, w, b = arrays(shape, (shape[1],), (shape[1],))
    agree(
        lambda x, w, b: ops.group_norm(x, groups, w, b),
        lambda x, w, b: torch.nn.functional.group_norm(x, groups, w, b),
        [x, w, b],
    )


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (
            lambda x: ops.batch_norm(x, None, None),
            ArgumentError,
            "batch_norm: running_mean or running_var is None; evaluation needs both",
        ),
        (
            lambda x: ops.batch_norm(x, None, None, np.ones(4), training=True),
            ShapeError,
            "batch_norm: weight is (4,); it must be (3,), as x has channels",
        ),
        (
            lambda x: ops.batch_norm(x[:1, :, :1], None, None, training=True),
            ShapeError,
            "batch_norm: x is (1, 3, 1); training needs more than 1 value for each channel",
        ),
        (
            lambda x: ops.batch_norm(np.ones(3), None, None, training=True),
            ShapeError,
            "batch_norm: x is 1-d (3,); it must be (N, C, ...)",
        ),
        (
            lambda x: ops.batch_norm(x, None, None, np.ones(3, np.float32), training=True),
            DTypeError,
            "batch_norm: x is float64 (2, 3, 4), weight is float32 (3,); they must agree."
            " Convert one with to(dtype)",
        ),
        (
            lambda x: ops.layer_norm(x, (3, 5)),
            ShapeError,
            "layer_norm: x is (2, 3, 4); its last axes must be normalized_shape (3, 5)",
        ),
        (
            lambda x: ops.layer_norm(x, 4, bias=np.ones(3)),
            ShapeError,
            "layer_norm: bias is (3,); it must be (4,)",
        ),
        (
            lambda x: ops.group_norm(x, 2),
            ArgumentError,
            "group_norm: num_groups is 2; it must divide the 3 channels of (2, 3, 4)",
        ),
    ],
)
def test_normalisation_says_what_does_not_fit(call, error, text):
    with pytest.raises(error) as caught:
        call(np.ones((2, 3, 4)))
    assert str(caught.value) == text


def test_a_batch_of_nothing_leaves_the_running_statistics():
    mean, var = Tensor(np.array([1.0, 2.0])), Tensor(np.array([3.0, 4.0]))
    assert ops.batch_norm(Tensor(np.ones((0, 2, 3))), mean, var, training=True).shape == (0, 2, 3)
    assert (mean.tolist(), var.tolist()) == ([1.0, 2.0], [3.0, 4.0])
