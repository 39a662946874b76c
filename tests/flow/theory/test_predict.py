"""Predictions against networks drawn at random, and against what is known exactly."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest

from autocnn import nn, ops
from autocnn.engine import Tensor
from autocnn.errors import ArgumentError
from autocnn.flow.theory import Prediction, batch_norm_growth, padding_gain, predict, residual_growth
from autocnn.models.deep import DeepNet
from autocnn.nn import init
from autocnn.testing.standin import StandIn

LABELS = Tensor(np.arange(16) % 10)


def images(*shape: int, seed: int = 0) -> Tensor:
    return Tensor(np.random.default_rng(seed).standard_normal(shape).astype(np.float32))


def drawn(seed: int, **options: Any) -> Prediction:
    ops.manual_seed(seed)
    net = DeepNet(12, 48, size=6, **options)
    return predict(net, images(16, 1, 6, 6), LABELS)


NETWORKS = {
    "tanh": {"activation": "tanh", "skips": False},
    "tanh, skips": {"activation": "tanh", "skips": True},
    "tanh, pre-activation": {"activation": "tanh", "skips": True, "pre_activation": True},
    "tanh, LeCun": {"activation": "tanh", "init": "lecun", "skips": False},
    "ReLU, He": {"activation": "relu", "init": "he", "skips": False},
    "ReLU, He, skips": {"activation": "relu", "init": "he", "skips": True},
    "ReLU, He, pre-activation": {"activation": "relu", "init": "he", "skips": True, "pre_activation": True},
    "ReLU, He, scaled": {"activation": "relu", "init": "he", "skips": True, "scale": 0.3},
    "ReLU, batch norm": {"activation": "relu", "init": "he", "norm": "batch", "skips": False},
    "ReLU, batch norm, skips": {"activation": "relu", "init": "he", "norm": "batch", "skips": True},
    "ReLU, layer norm, skips": {"activation": "relu", "init": "he", "norm": "layer", "skips": True},
    "stages": {"activation": "relu", "init": "he", "norm": "batch", "skips": True, "stages": 2},
    "projections": {"activation": "tanh", "init": "lecun", "skips": True, "stages": 2, "projection": True},
    "GELU": {"activation": "gelu", "init": "he", "skips": True},
    "sigmoid": {"activation": "sigmoid", "skips": False},
}


@pytest.mark.parametrize("options", NETWORKS.values(), ids=NETWORKS)
def test_predictions_meet_networks_of_some_width(options: dict[str, Any]) -> None:
    """Depth 12, width 48, the mean over 4 draws: gradients and values within 15 % at every layer.

    A mean square has a standard error of sqrt(5 L / n) or less in one draw, which is 1.1 at the far end: 0.28 for
    its root over 4 draws; taps and positions average over much of that. The last layer has but 10 values. Behind
    one channel of images batch norm divides by spreads of 9 weights each: E 1/s^2 is 9 / 7 of 1 / E s^2.
    """
    found = [drawn(seed, **options).weights() for seed in range(4)]
    for place, layers in enumerate(zip(*found, strict=True)):
        few = math.sqrt(9 / 7) if place == 0 and options.get("norm") == "batch" else 1.0
        for name in ("gradient", "value") if place < 11 else ("gradient",):
            ratios = [getattr(x, f"{name}_measured") / getattr(x, name) for x in layers]
            mean = math.sqrt(np.mean(np.square(ratios))) / (few if name == "gradient" else 1.0)
            assert abs(math.log(mean)) < 0.15, (layers[0].path, name, ratios)


def linear(depth: int, width: int) -> nn.Sequential:
    layers = [nn.Conv2d(width, width, 3, padding=1, bias=False) for _ in range(depth)]
    for layer in layers:
        init.normal_(layer.weight, std=1 / math.sqrt(9 * width))
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(25 * width, 10, bias=False))


def test_zero_padding_is_in_it_and_no_power_of_the_first_layer_s_share() -> None:
    """Told the rule by which weights are drawn, theory has the closed form; gradients start alike everywhere."""
    net = linear(12, 8)
    found = predict(net, images(16, 8, 5, 5), LABELS, init="lecun").weights()
    for place, layer in enumerate(found[:12]):
        expected = math.sqrt(padding_gain((5, 5), 11 - place))
        assert layer.gradient / found[11].gradient == pytest.approx(expected, rel=1e-9), place


def test_padding_is_all_that_he_s_weights_lose_behind_relu() -> None:
    net = DeepNet(20, 6, skips=False, activation="relu", init="he", size=8)
    layers = predict(net, images(16, 1, 8, 8), LABELS, init="he").weights()[:-1]
    expected = math.sqrt(padding_gain((8, 8), len(layers) - 1))
    assert layers[0].gradient / layers[-1].gradient == pytest.approx(expected, rel=1e-9)
    assert math.sqrt(padding_gain((8, 8), 55)) == pytest.approx(0.094, abs=0.0006)  # of depth 56, as measured


def test_isometries_lose_nothing_to_padding() -> None:
    ops.manual_seed(0)
    net = linear(10, 8)
    for layer in list(net)[:10]:
        init.delta_orthogonal_(layer.weight)  # type: ignore[arg-type]
    layers = predict(net, images(16, 8, 5, 5), LABELS).weights()
    for layer in layers[:10]:
        assert layer.gradient == pytest.approx(layers[9].gradient, rel=1e-6)
        assert layer.gradient_measured == pytest.approx(layers[9].gradient_measured, rel=1e-5)
        assert layer.value == pytest.approx(layer.value_measured, rel=1e-5)


def test_batch_norm_explodes_at_the_closed_form_s_rate() -> None:
    """Fully connected, batch norm and ReLU: pi / (pi - 1) a layer."""
    ops.manual_seed(0)
    layers: list[nn.Module] = []
    for _ in range(10):
        layers += [nn.Linear(64, 64, bias=False), nn.BatchNorm1d(64), nn.ReLU()]
    found = predict(nn.Sequential(*layers), images(64, 64), Tensor(np.arange(64) % 10), init="he").weights()
    rate = (found[2].gradient / found[8].gradient) ** (2 / 6)
    assert rate == pytest.approx(batch_norm_growth("relu"), rel=1e-3)


def test_pre_activation_residual_networks_double() -> None:
    class Block(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.linear = nn.Linear(32, 32, bias=False)

        def forward(self, x: Tensor) -> Tensor:
            return x + self.linear(x.relu())  # type: ignore[no-any-return]

    net = nn.Sequential(nn.Linear(32, 32, bias=False), *(Block() for _ in range(9)), nn.Linear(32, 10))
    found = predict(net, images(16, 32), LABELS, init="he")
    stem, head = found.weights()[0], found.weights()[-1]
    sums = [layer for layer in found.layers if layer.op == "add"]
    assert (sums[-1].value / stem.value) ** 2 == pytest.approx(residual_growth(9), rel=0.02)
    assert (stem.gradient / sums[-1].gradient) ** 2 == pytest.approx(residual_growth(9), rel=0.02)
    assert head.path == "10"


def test_a_new_batch_norm_in_eval_mode_does_nothing() -> None:
    net = DeepNet(12, 24, size=6, skips=True, activation="relu", init="he", norm="batch").eval()
    found = predict(net, images(16, 1, 6, 6), LABELS)
    assert not found.training
    last = {layer.path: layer for layer in found.layers}
    for layer in found.layers:
        if layer.op == "batch_norm_fixed":
            before = last[layer.path.replace("norm", "conv").replace("stem.1", "stem.0")]
            assert layer.value == pytest.approx(before.value, rel=1e-4)
            assert layer.gradient == pytest.approx(before.gradient, rel=1e-4)
    assert found.ratio() == pytest.approx(found.ratio(measured=True), rel=0.5)


def test_it_works_where_arrays_do_not_convert_by_themselves() -> None:
    ops.manual_seed(0)
    net = DeepNet(6, 4, skips=True, activation="relu", init="he", norm="batch", size=4)
    x, y = images(8, 1, 4, 4), Tensor(np.arange(8) % 4)
    here = predict(net, x, y)
    there = predict(*(moved.to(str(StandIn.device)) for moved in (net, x, y)))
    assert [layer.gradient for layer in there.layers] == pytest.approx([layer.gradient for layer in here.layers])
    assert [layer.gradient_measured for layer in there.layers] == pytest.approx(
        [layer.gradient_measured for layer in here.layers], rel=1e-4
    )


def test_a_gradient_far_below_float32_is_predicted_and_measured() -> None:
    ops.manual_seed(0)
    found = predict(DeepNet(160, 8, skips=False, size=4), images(16, 1, 4, 4), LABELS)
    first = found.weights()[0]
    assert first.gradient_measured < 1e-45
    assert abs(math.log10(first.gradient / first.gradient_measured)) < 2


def test_what_is_said_is_tidy_and_strict_json() -> None:
    found = drawn(0, skips=True)
    written = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert written["training"] is True
    assert len(written["layers"]) == len(found.rows()) == len(found.layers)
    assert [layer.path for layer in found.weights()][:2] == ["stem.0", "blocks.0.conv1"]
    assert [layer.op for layer in found.blocks("blocks")] == ["tanh"] * 5
    with pytest.raises(
        ArgumentError, match="blocks: nothing ran in 'layers'; there is stem, blocks, flatten, head"
    ):
        found.blocks("layers")
    lines = str(found).splitlines()
    assert len(lines) == 12 + 2
    assert lines[-1].startswith("First over last: ")
    assert found.ratio(measured=True) == pytest.approx(found.ratio(), rel=0.5)
    assert 0 < found.error < 0.3


def test_the_model_and_the_stream_of_chance_stay_as_they_are() -> None:
    net = DeepNet(6, 4, skips=True, norm="batch", size=4)
    before = {name: value.array.copy() for name, value in net.state_dict().items()}
    ops.manual_seed(5)
    first = predict(net, images(4, 1, 4, 4), Tensor(np.arange(4)))
    expected = ops.rand(1).tolist()
    ops.manual_seed(5)
    assert ops.rand(1).tolist() == expected
    assert all(np.array_equal(value.array, before[name]) for name, value in net.state_dict().items())
    assert predict(net, images(4, 1, 4, 4), Tensor(np.arange(4))) == first


class Written(nn.Module):
    """x + conv(tanh(x)), the sum written into the convolution's tensor."""

    def __init__(self, channels: int, inplace: bool) -> None:
        super().__init__()
        self.conv, self.inplace = nn.Conv2d(channels, channels, 3, padding=1), inplace

    def forward(self, x: Tensor) -> Tensor:
        y = self.conv(x.tanh())
        if self.inplace:
            y += x
            return y
        return y + x


def test_sums_written_in_place_are_predicted_like_others() -> None:
    found = []
    for inplace in (False, True):
        ops.manual_seed(0)
        net = nn.Sequential(Written(8, inplace), Written(8, inplace), nn.Flatten(), nn.Linear(128, 10))
        found.append(predict(net, images(16, 8, 4, 4), LABELS))
    plain, written = found
    assert written.ratio() == pytest.approx(plain.ratio())
    assert written.ratio(measured=True) == pytest.approx(plain.ratio(measured=True))


class Mean(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x.mean((2, 3))


def convolutions(*behind: nn.Module, channels: int = 64) -> nn.Sequential:
    layers: list[nn.Module] = []
    for place, module in enumerate(behind):
        layers += [nn.Conv2d(channels if place else 8, channels, 3, padding=1, bias=False), nn.Tanh(), module]
    net = nn.Sequential(*layers, Mean(), nn.Linear(channels, 10))
    for layer in layers[::3]:
        init.normal_(layer.weight, std=1 / math.sqrt(9 * layer.weight.shape[1]))
    return net


REDUCING = {
    "mean": lambda: convolutions(nn.Identity(), nn.Identity()),
    "average pooling": lambda: convolutions(nn.AvgPool2d(2), nn.Identity()),
    "windows far apart": lambda: convolutions(nn.AvgPool2d(2, stride=3), nn.Identity()),
    "dropout": lambda: convolutions(nn.Dropout(0.4), nn.Dropout(0.2)),
    "dropout of channels": lambda: convolutions(nn.Dropout2d(0.5), nn.Identity()),
    "dropout in eval mode": lambda: convolutions(nn.Dropout(0.4), nn.Dropout(0.2)).eval(),
}


@pytest.mark.parametrize("make", REDUCING.values(), ids=REDUCING)
def test_means_pooling_and_dropout_meet_networks(make: Any) -> None:
    """The mean over 6 draws of values and gradients, of every value that a network makes, within 15 %."""
    found = []
    for seed in range(6):
        ops.manual_seed(seed)
        found.append(predict(make(), images(32, 8, 8, 8, seed=seed), Tensor(np.arange(32) % 10)).layers)
    for layers in zip(*found, strict=True):
        for name in ("value", "gradient"):
            ratios = [getattr(x, f"{name}_measured") / getattr(x, name) for x in layers]
            assert abs(math.log(math.sqrt(np.mean(np.square(ratios))))) < 0.15, (layers[0], name, ratios)


@pytest.mark.parametrize(("module", "text"), [
    (nn.AvgPool2d(2, padding=1), r"avg_pool in 2 has windows of \(2, 2\) at .* padded by \(1, 1\)"),
    (nn.AvgPool2d(3, stride=1), r"avg_pool in 2 has .* there is a rule for means over windows apart"),
    (nn.MaxPool2d(2), r"there is no rule for max_pool in 2"),
    (nn.Dropout(1.0), r"dropout in 2 drops everything"),
])  # fmt: skip
def test_other_poolings_are_named(module: nn.Module, text: str) -> None:
    with pytest.raises(ArgumentError, match=text):
        predict(convolutions(module), images(4, 8, 8, 8), Tensor(np.arange(4)))


def test_what_has_no_rule_is_named() -> None:
    net = nn.Sequential(nn.Conv2d(1, 4, 3), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(16, 10))
    with pytest.raises(ArgumentError, match=r"predict: there is no rule for max_pool in 1; there is for abs, "):
        predict(net, images(16, 1, 6, 6), LABELS)
    gated = nn.Sequential(nn.Linear(4, 10))
    with pytest.raises(ArgumentError, match="predict: mul takes two values that both change; there is no rule"):
        predict(lambda x: gated(x) * gated(x), images(16, 4), LABELS)
    with pytest.raises(ArgumentError) as caught:
        predict(nn.Sequential(nn.Conv2d(1, 2, 3, padding=1), nn.Flatten()), images(16, 1, 130, 130), LABELS)
    assert str(caught.value) == ("predict: there are 16900 positions; 16384 can be followed. Give smaller images")
