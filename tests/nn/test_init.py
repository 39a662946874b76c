"""First values: their distributions, their errors, and that a seed repeats them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from autocnn import autograd, nn, ops
from autocnn.engine import Tensor
from autocnn.engine.tape import version
from autocnn.errors import ArgumentError, ShapeError
from autocnn.nn import init


def blank(*shape: int) -> Tensor:
    return Tensor(np.full(shape, 9.0))


def filled(name: str, *args: Any, shape: tuple[int, ...] = (200, 30, 3, 3), **kwargs: Any) -> Any:
    ops.manual_seed(1)
    tensor = blank(*shape)
    assert getattr(init, name)(tensor, *args, **kwargs) is tensor
    return tensor.array


FAN_IN, FAN_OUT = 270, 1800
BOUNDS = [
    ("uniform_", (-2.0, 3.0), 2.5, 0.5),
    ("xavier_uniform_", (1.5,), 1.5 * math.sqrt(6 / (FAN_IN + FAN_OUT)), 0.0),
    ("kaiming_uniform_", (), math.sqrt(6 / FAN_IN), 0.0),
    ("kaiming_uniform_", (math.sqrt(5),), 1 / math.sqrt(FAN_IN), 0.0),
    ("kaiming_uniform_", (0, "fan_out", "tanh"), 5 / 3 * math.sqrt(3 / FAN_OUT), 0.0),
    ("lecun_uniform_", (), math.sqrt(3 / FAN_IN), 0.0),
]
DEVIATIONS = [
    ("normal_", (2.0, 0.5), 2.0, 0.5),
    ("xavier_normal_", (), 0.0, math.sqrt(2 / (FAN_IN + FAN_OUT))),
    ("kaiming_normal_", (0, "fan_in", "relu"), 0.0, math.sqrt(2 / FAN_IN)),
    ("kaiming_normal_", (0, "fan_out", "linear"), 0.0, math.sqrt(1 / FAN_OUT)),
    ("lecun_normal_", (), 0.0, math.sqrt(1 / FAN_IN)),
    ("trunc_normal_", (), 0.0, 0.8796),  # of N(0, 1) within 2 deviations
    ("trunc_normal_", (1.0, 2.0, 1.0, 9.0), 1.0 + 2 * 0.7976, 2 * 0.6024),  # nearly half a normal
]


@pytest.mark.parametrize(("name", "args", "bound", "middle"), BOUNDS)
def test_uniform_draws_fill_their_interval(name: str, args: Any, bound: float, middle: float) -> None:
    values = filled(name, *args) - middle
    assert abs(values).max() <= bound
    assert abs(values).max() > 0.999 * bound
    assert values.std() == pytest.approx(bound / math.sqrt(3), rel=0.01)
    assert values.mean() == pytest.approx(0, abs=0.01 * bound)


@pytest.mark.parametrize(("name", "args", "mean", "std"), DEVIATIONS)
def test_normal_draws_have_their_deviation(name: str, args: Any, mean: float, std: float) -> None:
    values = filled(name, *args)
    assert values.std() == pytest.approx(std, rel=0.01)
    assert values.mean() == pytest.approx(mean, abs=0.01 * std)


def test_truncated_draws_stay_within() -> None:
    values = filled("trunc_normal_", 1.0, 2.0, 1.0, 3.0)
    assert values.min() >= 1.0
    assert values.max() <= 3.0
    with pytest.raises(ArgumentError) as caught:
        init.trunc_normal_(blank(2), a=10.0, b=11.0)
    assert str(caught.value) == (
        "trunc_normal_: [a, b] is [10.0, 11.0]; at least a thousandth of N(0.0, 1.0^2) must lie in it"
    )


@pytest.mark.parametrize("shape", [(4, 7), (7, 4), (5, 2, 3)])
def test_orthogonal_rows_or_columns(shape: tuple[int, ...]) -> None:
    w = filled("orthogonal_", 2.0, shape=shape).reshape(shape[0], -1)
    small = w @ w.T if w.shape[0] <= w.shape[1] else w.T @ w
    np.testing.assert_allclose(small, 4 * np.eye(len(small)), atol=1e-12)


@pytest.mark.parametrize("kernel", [3, 5])
@pytest.mark.parametrize("gain", [1.0, 0.5])
def test_a_delta_orthogonal_convolution_is_an_isometry(kernel: int, gain: float, rng: np.random.Generator) -> None:
    x = Tensor(rng.standard_normal((2, 6, 8, 8))).requires_grad_()
    layer = nn.Conv2d(6, 9, kernel, padding=kernel // 2, bias=False, dtype="float64")
    init.delta_orthogonal_(layer.weight, gain)
    for padding in ("zeros", "circular"):
        pad = kernel // 2
        shown = x if padding == "zeros" else Tensor(np.pad(x.array, [(0, 0)] * 2 + [(pad, pad)] * 2, mode="wrap"))
        z = nn.functional.conv2d(shown, layer.weight, padding=pad if padding == "zeros" else 0)
        np.testing.assert_allclose((z.array**2).sum((1, 2, 3)), gain**2 * (x.array**2).sum((1, 2, 3)), rtol=1e-12)
    (g,) = autograd.grad((layer(x) ** 2).sum() / 2, x)  # J^T J x = gain^2 x: every singular value is the gain
    np.testing.assert_allclose(g.array, gain**2 * x.array, rtol=1e-12, atol=1e-12)


def test_delta_orthogonal_with_fewer_outputs_keeps_gradients(rng: np.random.Generator) -> None:
    x = Tensor(rng.standard_normal((2, 8, 5, 5))).requires_grad_()
    w = init.delta_orthogonal_(blank(4, 8, 3, 3))
    g = rng.standard_normal((2, 4, 5, 5))
    (found,) = autograd.grad(nn.functional.conv2d(x, w, padding=1), x, Tensor(g))
    np.testing.assert_allclose((found.array**2).sum((1, 2, 3)), (g**2).sum((1, 2, 3)), rtol=1e-12)


def test_delta_orthogonal_holds_in_every_group_and_number_of_axes() -> None:
    for shape, groups in (((6, 3, 3), 1), ((8, 2, 3, 5), 2), ((4, 4, 3, 1, 3), 1), ((4, 1, 4), 4)):
        w = init.delta_orthogonal_(blank(*shape), groups=groups).array
        centre = w[(slice(None), slice(None), *(k // 2 for k in shape[2:]))]
        assert (w != 0).sum() == (centre != 0).sum()  # nothing beside the centre tap
        for own in np.split(centre, groups):
            np.testing.assert_allclose(own.T @ own, np.eye(shape[1]), atol=1e-12)
    assert init.delta_orthogonal_(blank(0, 3, 3)).shape == (0, 3, 3)


def test_delta_orthogonal_draws_are_uniform() -> None:
    """Over all orthonormal columns the mean of an element is 0 and of its square 1 / outputs."""
    draws = np.stack([init.delta_orthogonal_(blank(4, 3, 1)).array[:, :, 0] for _ in range(3000)])
    error = 4 * math.sqrt(3 / (4 * 6) - 1 / 16) / math.sqrt(3000)  # E x^4 = 3 / (n (n + 2))
    np.testing.assert_allclose((draws**2).mean(0), 0.25, atol=error)
    np.testing.assert_allclose(draws.mean(0), 0, atol=4 * 0.5 / math.sqrt(3000))


def test_values_that_are_no_draws() -> None:
    assert filled("constant_", 0.5, shape=(2,)).tolist() == [0.5, 0.5]
    assert filled("ones_", shape=(1,)).tolist() == [1.0]
    assert filled("zeros_", shape=(1,)).tolist() == [0.0]
    assert filled("eye_", shape=(2, 3)).tolist() == [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]
    x = Tensor(np.random.default_rng(0).standard_normal((1, 4, 5, 5)))
    weight = init.dirac_(blank(4, 2, 3, 3), groups=2)
    np.testing.assert_array_equal(nn.functional.conv2d(x, weight, padding=1, groups=2).array, x.array)
    assert ((filled("sparse_", 0.3, shape=(10, 6)) == 0).sum(axis=0) == 3).all()


def test_a_seed_repeats_and_a_write_is_known() -> None:
    ops.manual_seed(3)
    first = nn.Conv2d(2, 3, 3).weight
    ops.manual_seed(3)
    second = nn.Conv2d(2, 3, 3).weight
    third = nn.Conv2d(2, 3, 3).weight
    assert np.array_equal(first.array, second.array)
    assert not np.array_equal(second.array, third.array)
    before = version(first.array)
    assert init.zeros_(first).requires_grad
    assert first.is_leaf
    assert version(first.array) > before


def test_layers_start_within_their_bound() -> None:
    ops.manual_seed(0)
    for layer, fan_in in (
        (nn.Linear(400, 300), 400),
        (nn.Conv2d(20, 50, 4), 320),
        (nn.Conv1d(40, 500, 5, groups=2), 100),
    ):
        for parameter in (layer.weight, layer.bias):
            assert parameter is not None
            assert abs(parameter.array).max() <= 1 / math.sqrt(fan_in)
            assert abs(parameter.array).max() > 0.9 / math.sqrt(fan_in)
    assert nn.BatchNorm2d(3).weight.tolist() == [1.0, 1.0, 1.0]  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("act", "error", "text"),
    [
        (
            lambda: init.xavier_uniform_(blank(3)),
            ShapeError,
            "xavier_uniform_: tensor has shape (3,); a fan needs at least two axes",
        ),
        (lambda: init.eye_(blank(3)), ShapeError, "eye_: tensor has shape (3,); it must have 2 axes"),
        (
            lambda: init.dirac_(blank(3, 3)),
            ShapeError,
            "dirac_: tensor has shape (3, 3); it must have 3 or 4 or 5 axes",
        ),
        (
            lambda: init.dirac_(blank(3, 3, 3), groups=2),
            ArgumentError,
            "dirac_: groups is 2; it must divide the 3 outputs",
        ),
        (
            lambda: init.delta_orthogonal_(blank(3, 3)),
            ShapeError,
            "delta_orthogonal_: tensor has shape (3, 3); it must have 3 or 4 or 5 axes",
        ),
        (
            lambda: init.delta_orthogonal_(blank(3, 3, 3), groups=2),
            ArgumentError,
            "delta_orthogonal_: groups is 2; it must divide the 3 outputs",
        ),
        (
            lambda: init.kaiming_normal_(blank(3, 3), mode="fan"),
            ArgumentError,
            "kaiming_normal_: mode is 'fan'; must be 'fan_in' or 'fan_out'",
        ),
        (
            lambda: init.calculate_gain("swish"),
            ArgumentError,
            "calculate_gain: nonlinearity is 'swish'; known are leaky_relu, linear, relu, selu, sigmoid, tanh",
        ),
    ],
)
def test_errors_say_what_is_wrong(act: Any, error: type[Exception], text: str) -> None:
    with pytest.raises(error) as caught:
        act()
    assert str(caught.value) == text


@pytest.mark.torch
def test_gains_are_pytorch_s() -> None:
    torch = pytest.importorskip("torch")
    for name in ("linear", "conv1d", "conv_transpose3d", "sigmoid", "tanh", "relu", "leaky_relu", "selu"):
        assert init.calculate_gain(name) == torch.nn.init.calculate_gain(name)
    assert init.calculate_gain("leaky_relu", 0.3) == torch.nn.init.calculate_gain("leaky_relu", 0.3)
