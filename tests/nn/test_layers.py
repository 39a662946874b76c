"""What layers refuse, and what PyTorch's have no counterpart for."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from autocnn import nn
from autocnn.engine import Tensor
from autocnn.errors import ArgumentError, ShapeError


def x(*shape: int) -> Tensor:
    return Tensor(np.zeros(shape, np.float32))


@pytest.mark.parametrize(
    ("act", "error", "text"),
    [
        (
            lambda: nn.Conv2d(0, 3, 3),
            ArgumentError,
            "Conv2d: in_channels is 0; it must be a whole number of at least 1",
        ),
        (lambda: nn.Conv2d(3, 4, 3, groups=2), ArgumentError, "Conv2d: in_channels is 3; groups 2 must divide it"),
        (
            lambda: nn.Conv1d(4, 3, 3, groups=2),
            ArgumentError,
            "Conv1d: out_channels is 3; groups 2 must divide it",
        ),
        (
            lambda: nn.Conv2d(3, 4, (3, 3, 3)),
            ArgumentError,
            "Conv2d: kernel_size is (3, 3, 3); one number or 2 are needed",
        ),
        (
            lambda: nn.Conv2d(3, 4, 3, padding_mode="mirror"),
            ArgumentError,
            "Conv2d: padding_mode is 'mirror'; it is 'zeros' or 'reflect' or 'replicate' or 'circular'",
        ),
        (
            lambda: nn.ConvTranspose2d(3, 4, 3, padding_mode="reflect"),
            ArgumentError,
            "ConvTranspose2d: padding_mode is 'reflect'; it is 'zeros'",
        ),
        (
            lambda: nn.Conv2d(3, 4, 3, padding="full"),
            ArgumentError,
            "Conv2d: padding is 'full'; the words for it are 'same' and 'valid'",
        ),
        (
            lambda: nn.Conv2d(3, 4, 3, padding="same", stride=(1, 2)),
            ArgumentError,
            "Conv2d: padding is 'same', stride (1, 2); it is for a stride of 1",
        ),
        (
            lambda: nn.Hardtanh(2.0, 1.0),
            ArgumentError,
            "Hardtanh: max_val is 1.0; it must be above min_val, 2.0",
        ),
        (
            lambda: nn.ConvTranspose2d(1, 1, 3, 2)(x(1, 1, 4, 4), output_size=(12, 9)),
            ArgumentError,
            "ConvTranspose2d: output_size is (12, 9); "
            "it must lie from (9, 9) to (10, 10) for an input of (1, 1, 4, 4)",
        ),
        (lambda: nn.Dropout(1.5), ArgumentError, "Dropout: p is 1.5; it must be from 0 to 1"),
        (
            lambda: nn.BatchNorm2d(3)(x(2, 4, 5, 5)),
            ShapeError,
            "BatchNorm2d: x has shape (2, 4, 5, 5); it must have 4 axes, and 3 channels on axis 1",
        ),
        (
            lambda: nn.BatchNorm1d(3)(x(3)),
            ShapeError,
            "BatchNorm1d: x has shape (3,); it must have 2 or 3 axes, and 3 channels on axis 1",
        ),
        (lambda: nn.GroupNorm(3, 4), ArgumentError, "GroupNorm: num_channels is 4; num_groups 3 must divide it"),
    ],
)
def test_errors_say_what_is_wrong(act: Any, error: type[Exception], text: str) -> None:
    with pytest.raises(error) as caught:
        act()
    assert str(caught.value) == text


def test_an_error_in_a_network_says_where() -> None:
    net = nn.Sequential(nn.Sequential(nn.Conv2d(1, 2, 3), nn.Conv2d(3, 2, 3)))
    with pytest.raises(ShapeError) as caught:
        net(x(1, 1, 8, 8))
    assert caught.value.__notes__ == ["in 0/1"]


def test_dropout_acts_in_training_only() -> None:
    ones = Tensor(np.ones((4, 1000), np.float32))
    layer = nn.Dropout(0.25)
    y = layer(ones).array
    np.testing.assert_allclose(np.unique(y), [0, 4 / 3], rtol=1e-6)
    assert (y == 0).mean() == pytest.approx(0.25, abs=0.03)
    assert layer.eval()(ones) is ones


def test_global_average_pooling_keeps_the_axes() -> None:
    values = np.arange(24.0).reshape(1, 2, 3, 4)
    assert nn.GlobalAvgPool()(Tensor(values)).tolist() == [[[[5.5]], [[17.5]]]]


def test_a_layer_without_inputs_is_its_bias() -> None:
    layer = nn.Linear(0, 3)
    assert layer.weight.shape == (3, 0)
    assert layer(x(2, 0)).tolist() == [[0.0] * 3] * 2


def test_layers_take_dtype_and_device() -> None:
    for layer in (nn.Linear(2, 3, dtype="float64"), nn.Conv2d(1, 2, 3, device="cpu", dtype="float64")):
        assert {p.dtype for p in layer.parameters()} == {np.dtype("float64")}
    norm = nn.BatchNorm2d(2, dtype="float64")
    assert [b.dtype for b in norm.buffers()] == [np.float64, np.float64, np.int64]


def test_settings_may_be_whole_numbers_of_numpys() -> None:
    layer = nn.Conv2d(np.int64(2), np.int32(3), np.int64(1), stride=np.int64(2))
    assert layer.kernel_size == (1, 1)
    assert layer.stride == (2, 2)
    assert nn.BatchNorm2d(np.int64(3)).weight.shape == (3,)
    with pytest.raises(TypeError):
        nn.Conv2d(1, 1, 2.5)
