"""A convolution is a sparse dense layer; 1x1 is dense at every pixel; unshared, shared, and what each costs."""

from __future__ import annotations

import numpy as np
import pytest

import autocnn as ac
from autocnn import nn
from autocnn.errors import ArgumentError, ShapeError
from autocnn.inspect import by_hand, layers_of, sharing, toeplitz
from autocnn.nn import functional as F
from autocnn.nn.blocks import LocallyConnected2d
from autocnn.testing import gradcheck

CASES = [
    (nn.Conv2d, (2, 3, 3), {}, (2, 5, 6)),
    (nn.Conv2d, (4, 6, (3, 2)), {"stride": (2, 1), "padding": (1, 0), "groups": 2}, (4, 7, 5)),
    (nn.Conv2d, (3, 3, 3), {"dilation": 2, "padding": 2, "groups": 3, "bias": False}, (3, 6, 6)),
    (nn.Conv2d, (1, 2, (2, 3)), {"padding": "same", "dilation": (3, 1)}, (1, 5, 5)),
    (nn.Conv2d, (2, 2, 3), {"padding": 2, "padding_mode": "reflect", "stride": 3}, (2, 6, 5)),
    (nn.Conv2d, (2, 2, 3), {"padding": 1, "padding_mode": "replicate"}, (2, 4, 3)),
    (nn.Conv2d, (2, 2, 4), {"padding": 3, "padding_mode": "circular", "dilation": 2}, (2, 4, 5)),
    (nn.Conv1d, (2, 4, 3), {"stride": 2, "padding": 1, "groups": 2}, (2, 9)),
    (nn.Conv3d, (2, 3, 2), {"padding": (1, 0, 1), "stride": (1, 2, 1)}, (2, 3, 4, 3)),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "args", "how", "shape"), CASES)
def test_the_matrix_does_what_the_convolution_does(kind, args, how, shape):
    layer = kind(*args, **how, dtype="float64")
    x = np.random.default_rng(0).standard_normal((3, *shape))
    matrix = toeplitz(layer, shape)
    z = layer(ac.tensor(x))
    bias = 0 if layer.bias is None else np.repeat(layer.bias.array, z[0, 0].numel())
    np.testing.assert_allclose(x.reshape(3, -1) @ matrix.T + bias, z.array.reshape(3, -1), rtol=0, atol=1e-13)
    if layer.padding_mode == "zeros":
        assert set(np.unique(matrix)) <= {0.0, *layer.weight.array.ravel()}  # the same few weights everywhere


def test_the_transposed_matrix_is_the_way_back():
    layer = nn.Conv2d(2, 3, 3, stride=2, padding=1, dtype="float64")
    x = ac.rand(1, 2, 5, 6, dtype="float64", requires_grad=True)
    z = layer(x)
    g = np.random.default_rng(0).standard_normal(z.shape)
    z.backward(ac.tensor(g))
    back = toeplitz(layer, (2, 5, 6)).T @ g.ravel()
    np.testing.assert_allclose(back, x.grad.array.ravel(), rtol=0, atol=1e-13)


def test_it_is_a_toeplitz_matrix_of_toeplitz_blocks():
    layer = nn.Conv2d(1, 1, 3, padding=1, bias=False)
    blocks = toeplitz(layer, (1, 4, 5)).reshape(4, 5, 4, 5)
    np.testing.assert_array_equal(blocks[1:, :, 1:], blocks[:-1, :, :-1])
    np.testing.assert_array_equal(blocks[:, 1:, :, 1:], blocks[:, :-1, :, :-1])


def test_one_by_one_is_a_dense_layer_at_every_pixel():
    conv = nn.Conv2d(5, 3, 1, dtype="float64")
    dense = nn.Linear(5, 3, dtype="float64")
    dense.weight.data.copy_(conv.weight.data.reshape(3, 5))
    dense.bias.data.copy_(conv.bias.data)
    x = ac.rand(2, 5, 4, 6, dtype="float64")
    by_pixel = dense(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
    np.testing.assert_allclose(by_pixel.array, conv(x).array, rtol=0, atol=1e-14)
    assert sum(p.numel() for p in dense.parameters()) == sum(p.numel() for p in conv.parameters()) == 18


@pytest.mark.parametrize(
    "how", [{}, {"stride": 2, "padding": 1}, {"padding": (0, 2), "dilation": (2, 1), "bias": False}]
)
def test_unshared_with_equal_filters_is_the_convolution(how):
    conv = nn.Conv2d(2, 4, 3, **how, dtype="float64")
    local = LocallyConnected2d(2, 4, (7, 6), 3, **how, dtype="float64")
    local.weight.data.copy_(conv.weight.data.reshape(1, 4, -1).expand(*local.weight.shape))
    if local.bias is not None:
        local.bias.data.copy_(conv.bias.data.reshape(4, 1, 1).expand(*local.bias.shape))
    x = ac.rand(3, 2, 7, 6, dtype="float64")
    np.testing.assert_allclose(local(x).array, conv(x).array, rtol=0, atol=1e-13)


def test_unshared_gradients_and_that_the_shared_one_is_their_sum():
    local = LocallyConnected2d(1, 2, 4, 3, dtype="float64")
    x = ac.rand(2, 1, 4, 4, dtype="float64")
    assert gradcheck(lambda w: F.unfold(x, 3).permute(0, 2, 1).unsqueeze(2).mul(w).sum(3), (local.weight,))
    conv = nn.Conv2d(1, 2, 3, dtype="float64")
    local.weight.data.copy_(conv.weight.data.reshape(1, 2, 9).expand(4, 2, 9))
    g = ac.rand(2, 2, 2, 2, dtype="float64")
    local(x).backward(g)
    conv(x).backward(g)
    np.testing.assert_allclose(local.weight.grad.array.sum(0), conv.weight.grad.array.reshape(2, 9), atol=1e-13)


def test_the_numbers_of_the_notes():
    steps = sharing((3, 128, 128), 32, 5, padding=2)
    assert steps["dense"].weights == 25_769_803_776 == 3 * 2**33
    assert steps["convolution"].parameters == 2_432
    assert steps["convolution"].weights == 2_400
    assert steps["dense"].weights // steps["convolution"].parameters == 10_596_136
    assert steps["convolution"].multiply_adds == 39_321_600
    assert [row["layer"] for row in steps.rows()] == ["dense", "locally connected", "convolution"]


@pytest.mark.parametrize("bias", [True, False])
def test_the_table_counts_what_layers_hold_and_do(bias):
    steps = sharing((2, 6, 5), 3, (3, 2), stride=(2, 1), padding=(1, 0), bias=bias)
    conv = nn.Conv2d(2, 3, (3, 2), (2, 1), (1, 0), bias=bias)
    made = {
        "dense": nn.Linear(60, int(np.prod(steps.output)), bias=bias),
        "locally connected": LocallyConnected2d(2, 3, (6, 5), (3, 2), (2, 1), (1, 0), bias=bias),
        "convolution": conv,
    }
    for name, layer in made.items():
        assert sum(p.numel() for p in layer.parameters()) == steps[name].parameters
    assert steps.output == conv(ac.zeros(1, 2, 6, 5)).shape[1:]
    found = {f.what: f.engine for f in by_hand(layers_of(conv, ac.zeros(1, 2, 6, 5)))}
    assert found["multiply-adds"] == steps["convolution"].multiply_adds


def test_the_corner_that_gives_94():
    x = ac.arange(1.0, 10.0).reshape(1, 1, 3, 3)
    layer = nn.Conv2d(1, 1, 3, padding=1, bias=False)
    layer.weight.data.copy_(x)
    crossed = (toeplitz(layer, (1, 3, 3)) @ x.array.ravel()).reshape(3, 3)
    assert crossed.tolist() == [[94, 154, 106], [186, 285, 186], [106, 154, 94]] == layer(x)[0, 0].tolist()
    layer.weight.data.copy_(ac.flip(x, (2, 3)))
    assert layer(x)[0, 0].tolist() == [[26, 56, 54], [84, 165, 144], [134, 236, 186]]


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: toeplitz(nn.Linear(2, 2), (2,)), ArgumentError, "layer is a Linear"),
        (lambda: toeplitz(nn.blocks.WSConv2d(1, 1, 2), (1, 3, 3)), ArgumentError, "layer is a WSConv2d"),
        (lambda: toeplitz(nn.Conv2d(2, 1, 2), (1, 3, 3)), ShapeError, "it must be (2, ...) with 2 more axes"),
        (lambda: toeplitz(nn.Conv2d(1, 1, 4), (1, 3, 3)), ShapeError, "does not fit in 3x3"),
        (lambda: sharing((1, 3, 3), 1, 4), ShapeError, "does not fit in 3x3"),
        (lambda: sharing((1, 3, 3), 1, 2)["Dense"], ArgumentError, "no 'Dense'; there is dense, locally"),
        (lambda: LocallyConnected2d(1, 1, 4, 5), ShapeError, "(5, 5); it does not fit in size (4, 4)"),
        (lambda: LocallyConnected2d(1, 1, 4, 3)(ac.zeros(1, 1, 5, 4)), ShapeError, "it must be (N, 1, 4, 4)"),
    ],
)  # fmt: skip
def test_what_is_refused(call, error, words):
    with pytest.raises(error) as caught:
        call()
    assert words in str(caught.value)
