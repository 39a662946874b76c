"""Every number of a convolution is the sum written down for it: the engine's, PyTorch's, and the page's."""

from __future__ import annotations

import json
import re
from itertools import product

import numpy as np
import pytest

import autocnn as ac
from autocnn import models, nn
from autocnn.errors import ArgumentError, ShapeError
from autocnn.inspect import convolution_steps, convolution_steps_of
from autocnn.nn import functional as F

# input, filters, how
CASES = [
    ((1, 3, 3), (1, 1, 2, 2), {}),
    ((3, 5, 6), (2, 3, 3, 2), {"padding": 1}),
    ((2, 7, 6), (3, 2, 3, 3), {"stride": 2, "padding": (2, 1)}),
    ((2, 8, 7), (2, 2, 3, 2), {"dilation": (2, 3), "padding": (1, 2)}),
    ((4, 6, 5), (6, 2, 2, 3), {"groups": 2, "stride": (1, 2)}),
    ((3, 5, 5), (3, 1, 3, 3), {"groups": 3, "stride": 3, "padding": 1}),
    ((2, 4, 5), (1, 2, 2, 4), {"padding": "same"}),
    ((1, 6, 6), (2, 1, 2, 2), {"stride": 3, "dilation": 2, "padding": 2}),
]


def made(case, dtype="float64", bias=True):
    shape, filters, how = case
    rng = np.random.default_rng(3)
    x, w, b = (rng.standard_normal(size).astype(dtype) for size in (shape, filters, filters[0]))
    z = F.conv2d(x[None], w, b if bias else None, **how)
    g = rng.standard_normal(z.shape[1:]).astype(dtype)
    return convolution_steps(x, w, b if bias else None, gradient=g, **how)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("case", CASES, ids=str)
def test_every_sum_is_what_the_engine_computed(case, bias):
    steps = made(case, bias=bias)
    for sums, array in ((steps.outputs(), steps.z), (steps.weights(), steps.dw), (steps.pixels(), steps.dx)):
        found = list(sums)
        assert [each.engine for each in found] == array.ravel().tolist()
        np.testing.assert_allclose([each.value for each in found], array.ravel(), rtol=0, atol=1e-12)
    if bias:
        np.testing.assert_allclose(steps.db, steps.g.sum((1, 2)), rtol=0, atol=1e-12)


@pytest.mark.torch
@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel")
@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_numbers_are_those_of_pytorch(case):
    torch = pytest.importorskip("torch")
    steps = made(case)
    x, w, b = (torch.tensor(array, requires_grad=True) for array in (steps.x, steps.w, steps.bias))
    z = torch.nn.functional.conv2d(x[None], w, b, **case[2])
    z.backward(torch.tensor(steps.g)[None])
    for mine, theirs in ((steps.z, z[0]), (steps.dx, x.grad), (steps.dw, w.grad), (steps.db, b.grad)):
        np.testing.assert_allclose(mine, theirs.detach().numpy(), rtol=0, atol=1e-12)


def embedded(page: str) -> dict:
    """What the page's program reads."""
    return json.loads(re.search(r'<script id="data" type="application/json">(.*?)</script>', page, re.DOTALL)[1])


def by_formula(data: dict) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """z, dw and dx from the x, w, bias and g on a page, by the formulas that stand on it, nothing else."""
    x, w, g = (np.array(data[name], dtype=float) for name in "xwg")
    (sh, sw), (dh, dw_), ((top, _), (left, _)) = data["stride"], data["dilation"], data["padding"]
    bias = np.zeros(len(w)) if data["bias"] is None else np.array(data["bias"], dtype=float)
    z, dw, dx = np.zeros_like(g) + bias[:, None, None], np.zeros_like(w), np.zeros_like(x)
    per_group = len(w) // data["groups"]
    for (o, i, j), (c, a, b) in product(np.ndindex(*g.shape), np.ndindex(*w.shape[1:])):
        k, m, n = o // per_group * w.shape[1] + c, sh * i + dh * a - top, sw * j + dw_ * b - left
        if 0 <= m < x.shape[1] and 0 <= n < x.shape[2]:
            z[o, i, j] += w[o, c, a, b] * x[k, m, n]
            dw[o, c, a, b] += g[o, i, j] * x[k, m, n]
            dx[k, m, n] += g[o, i, j] * w[o, c, a, b]
    return z, dw, dx


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_data_of_the_page_add_up(case, dtype):
    steps = made(case, dtype)
    data = embedded(steps.html())
    for name in ("x", "w", "bias", "z", "g", "dx", "dw", "db"):
        np.testing.assert_array_equal(np.array(data[name], dtype=dtype), getattr(steps, name))  # to the bit
    for found, name in zip(by_formula(data), ("z", "dw", "dx"), strict=True):
        np.testing.assert_allclose(found, data[name], rtol=0, atol=1e-12 if dtype == "float64" else 1e-5)


def test_three_by_three_and_two_by_two_in_numbers():
    steps = convolution_steps(
        [[1, 2, 3], [4, 5, 6], [7, 8, 9]], [[1, 2], [3, 4]], gradient=[[1, -1], [0, 2]], bias=[10]
    )
    assert str(steps.output(0, 0, 0)) == (
        "z[0,0] = x[0,0]·w[0,0] + x[0,1]·w[0,1] + x[1,0]·w[1,0] + x[1,1]·w[1,1] + bias"
        " = 1·1 + 2·2 + 4·3 + 5·4 + 10 = 47"
    )
    assert str(steps.weight(0, 0, 1, 0)) == (
        "dL/dw[1,0] = x[1,0]·g[0,0] + x[1,1]·g[0,1] + x[2,0]·g[1,0] + x[2,1]·g[1,1]"
        " = 4·1 + 5·(-1) + 7·0 + 8·2 = 15"
    )
    assert str(steps.pixel(0, 0, 2)) == "dL/dx[0,2] = g[0,1]·w[0,1] = (-1)·2 = -2"
    assert steps.dx[0].tolist() == [[1, 1, -2], [3, 3, 0], [0, 6, 8]]
    data = steps.to_dict()["sums"]
    assert {kind: len(rows) for kind, rows in data.items()} == {"outputs": 4, "weights": 4, "inputs": 9}
    assert steps.html().count("<li ") == 17


def test_an_input_that_no_window_reaches():
    steps = convolution_steps(np.ones((1, 4, 4)), np.ones((1, 1, 1, 1)), stride=2)
    assert str(steps.pixel(0, 1, 1)) == "dL/dx[1,1] = 0 = 0 = 0"
    assert steps.of == "the sum of the outputs"
    assert steps.g.tolist() == [[[1, 1], [1, 1]]]


def test_a_layer_at_work_in_a_model():
    net = models.CifarResNet(8, in_channels=1)
    x = ac.rand(1, 1, 16, 16)
    steps = convolution_steps_of(net, x, "layer2.0.conv1", target=3)
    assert (steps.stride, steps.padding, steps.name) == ((2, 2), ((1, 1), (1, 1)), "layer2.0.conv1")
    assert steps.of == "the score of class 3"
    net.eval()
    net(x)[0, 3].backward()
    weight = net.get_parameter("layer2.0.conv1.weight")
    np.testing.assert_allclose(steps.dw, weight.grad.array, rtol=1e-4, atol=1e-6)
    np.testing.assert_array_equal(steps.w, weight.array)
    first = convolution_steps_of(net, x[0], target=lambda z: z.sum(1))
    assert (first.name, first.of) == ("conv1", "the score of the target")
    np.testing.assert_array_equal(first.x, x.array[0])


class Fused(nn.Module):
    """A convolution and its ReLU by one kernel, then a second visit, and one with a border that repeats."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(2, 2, 3, padding=1)
        self.border = nn.Conv2d(2, 3, 3, padding=1, padding_mode="replicate")

    def forward(self, x):
        """(N, 3) scores."""
        x = ac.ops.conv.conv_relu(x, self.conv.weight, self.conv.bias, padding=1)
        return self.border(self.conv(self.conv(x))).mean((2, 3))


def test_before_a_fused_relu_at_each_visit_and_with_other_borders():
    net, x = Fused(), ac.rand(1, 2, 5, 5)
    first = convolution_steps_of(net, x, target=0)
    assert (first.z < 0).any()
    assert (first.g[first.z < 0] == 0).all()
    np.testing.assert_allclose(first.z, F.conv2d(x, net.conv.weight, net.conv.bias, padding=1).array[0], rtol=1e-6)
    visits = [convolution_steps_of(net, x, name, target=0) for name in ("conv#1", "conv#2")]
    net(x)[0, 0].backward()
    np.testing.assert_allclose(
        sum(s.dw for s in (first, *visits)), net.conv.weight.grad.array, rtol=1e-4, atol=1e-6
    )
    border = convolution_steps_of(net, x, "border", target=0)
    assert border.x.shape == (2, 7, 7)  # the border is part of what the op saw
    assert border.padding == ((0, 0), (0, 0))


def test_integers_and_mixed_kinds_of_numbers():
    assert convolution_steps([[1, 2], [3, 4]], np.ones((1, 1))).z.dtype == np.float64
    assert convolution_steps([[1, 2], [3, 4]], [[2]]).z.tolist() == [[[2.0, 4.0], [6.0, 8.0]]]


X, W = np.ones((1, 3, 3), np.float32), np.ones((1, 1, 2, 2), np.float32)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: convolution_steps(np.ones((2, 1, 3, 3)), W), ShapeError, "x is (2, 1, 3, 3); one image is"),
        (lambda: convolution_steps(X, np.ones((2, 2, 2))), ShapeError, "w is (2, 2, 2); filters (O, C / groups,"),
        (lambda: convolution_steps(X, W, gradient=np.ones(4)), ShapeError, "gradient is (4,); the output is (1,"),
        (lambda: convolution_steps(X, np.ones((1, 2, 2, 2), np.float32)), ShapeError, "w expects 2"),
        (lambda: convolution_steps(X, np.ones((4, 4), np.float32)), ShapeError, "does not fit in 3x3"),
        (lambda: convolution_steps_of(models.LeNet5(), ac.rand(1, 1, 32, 32), "c4"), ArgumentError,
         "no convolution of images ran in 'c4'; there is c"),
        (lambda: convolution_steps_of(models.CifarResNet(8), ac.rand(1, 3, 8, 8), "layer1"), ArgumentError,
         "2 convolutions ran in 'layer1'; name one: layer1.0.conv1, layer1.0.conv2"),
        (lambda: convolution_steps_of(nn.Sequential(nn.Flatten(), nn.Linear(4, 2)), X[:, :2, :2]), ArgumentError,
         "no convolution of images ran in the model; there is none"),
    ],
)  # fmt: skip
def test_what_is_refused(call, error, words):
    with pytest.raises(error) as caught:
        call()
    assert words in str(caught.value)
