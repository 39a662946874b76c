"""Residual networks and VGG beside the same networks written with PyTorch's functions, by torchvision's names."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pytest

import autocnn as ac
from autocnn import inspect, models, nn
from autocnn.errors import ArgumentError
from autocnn.graph import trace
from autocnn.graph.analysis import multiply_adds

PARAMETERS = {
    "resnet20": 269_722, "resnet32": 464_154, "resnet44": 658_586, "resnet56": 853_018, "resnet110": 1_727_962,
    "preresnet20": 269_722, "preresnet110": 1_727_962,
    "wrn16_4": 2_748_890, "wrn28_10": 36_479_194, "wrn40_2": 2_243_546,
    "wide_resnet50_2": 68_883_240, "wide_resnet101_2": 126_886_696,
    "lenet1998": 60_000, "alexnet": 61_100_840, "alexnet2012": 60_965_224, "nin": 966_986, "googlenet": 6_624_904,
    "squeezenet1_0": 1_248_424, "squeezenet1_1": 1_235_496,
    "plain20": 269_722, "plain110": 1_727_962,
    "resnet18": 11_689_512, "resnet34": 21_797_672, "resnet50": 25_557_032, "resnet101": 44_549_160,
    "resnet152": 60_192_808, "plain34": 21_623_848,
    "vgg11": 132_863_336, "vgg13": 133_047_848, "vgg16": 138_357_544, "vgg19": 143_667_240,
    "vgg19_bn": 143_678_248,
}  # fmt: skip


@pytest.fixture
def unfilled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Weights without first values: counting them needs none, and drawing 140 million takes seconds."""
    for name in ("kaiming_uniform_", "kaiming_normal_", "normal_", "trunc_normal_", "uniform_"):
        monkeypatch.setattr(nn.init, name, lambda tensor, *args, **more: tensor)


@pytest.mark.usefixtures("unfilled")
@pytest.mark.parametrize("name", PARAMETERS)
def test_parameters(name: str) -> None:
    assert sum(p.array.size for p in models.get(name)().parameters()) == PARAMETERS[name]


@pytest.mark.usefixtures("unfilled")
def test_parameters_of_other_forms() -> None:
    for model, count in (
        (models.GoogLeNet(aux_logits=True), 13_004_888),
        (models.GoogLeNet(original=True), 6_998_552),
        (models.ResNet(50, v1=True), 25_557_032),
        *((models.CifarResNet(depth, shortcut="B"), PARAMETERS[f"resnet{depth}"] + 2_752) for depth in (20, 110)),
    ):
        assert sum(p.array.size for p in model.parameters()) == count


@pytest.mark.usefixtures("unfilled")
@pytest.mark.parametrize(
    ("make", "count"),
    [
        (models.LeNet5, 416_520),
        (models.AlexNet, 714_188_480),
        (models.AlexNet2012, 724_406_816),
        (models.vgg16, 15_470_264_320),
        (models.resnet20, 40_551_040),
        (models.resnet110, 252_887_680),
        (models.resnet50, 4_089_184_256),
        (partial(models.resnet50, v1=True), 3_857_973_248),
    ],
)
def test_multiply_adds_at_full_size(make: Any, count: int) -> None:
    model = make().eval()
    rows = inspect.summary(model, ac.zeros(1, model.in_channels, model.side, model.side))
    assert sum(row.multiply_adds for row in rows) == count


@pytest.mark.usefixtures("thin")
@pytest.mark.parametrize("name", models.names())
def test_a_summary_adds_up_to_the_graph(name: str) -> None:
    model = models.get(name)().eval()
    x = ac.zeros(1, model.in_channels, *[min(model.side, 67)] * 2)
    rows, graph = inspect.summary(model, x), trace(model, x)
    assert sum(row.multiply_adds for row in rows) == sum(
        multiply_adds(graph, v.id) for v in graph.vertices if v.kind == "op"
    )
    assert sum(row.parameters for row in rows) == sum(p.array.size for p in model.parameters())


@pytest.mark.parametrize(
    "name", ["resnet20", "resnet50", "plain20", "plain34", "vgg11_bn", "preresnet20", "wrn16_4"]
)
@pytest.mark.usefixtures("unfilled")
def test_other_classes_and_channels(name: str) -> None:
    model = models.get(name)(num_classes=7, in_channels=1)
    last = list(model.state_dict().values())[-1]
    assert last.shape == (7,)
    assert next(model.parameters()).shape[1] == model.in_channels == 1


def test_plain_twins_start_equal() -> None:
    states = []
    for make in (models.resnet20, models.plain20):
        ac.manual_seed(3)
        states.append(make().state_dict())
    assert list(states[0]) == list(states[1])
    assert all(np.array_equal(states[0][key].array, states[1][key].array) for key in states[0])


def test_wrong_depths() -> None:
    for make, depth, text in (
        (models.ResNet, 20, "ResNet: depth is 20; one of 18, 34, 50, 101, 152. CifarResNet has others"),
        (models.VGG, 20, "VGG: depth is 20; one of 11, 13, 16, 19"),
        (models.SqueezeNet, "2.0", "SqueezeNet: version is '2.0'; it is '1.0' or '1.1'"),
        (
            partial(models.WideResNet, widen=2),
            20,
            "WideResNet: depth is 20; three stages of blocks make 6n + 4: 10, 16, 22 ...",
        ),
        (
            partial(models.ResNet, v1=True),
            18,
            "ResNet: v1 is True; a ResNet-18 has no 1x1 convolutions. Take 50, 101 or 152",
        ),
        (partial(models.CifarResNet, shortcut="D"), 20, "CifarResNet: shortcut is 'D'; it is 'A', 'B' or 'C'"),
        (models.LeNet1998, 11, "LeNet1998: num_classes is 11; ten digits are drawn. LeNet5 takes any"),
        (
            models.CifarResNet,
            21,
            "CifarResNet: depth is 21; stem, head and three stages of blocks of two layers make 6n + 2: "
            "8, 14, 20 ...",
        ),
    ):
        with pytest.raises(ArgumentError) as caught:
            make(depth)
        assert str(caught.value) == text


# Beside PyTorch --------------------------------------------------------------------------------------------------


class Twin:
    """The same networks with PyTorch's functions alone, reading a state dict by torchvision's names."""

    def __init__(self, state: dict[str, Any], training: bool) -> None:
        import torch

        self.F, self.state, self.training = torch.nn.functional, state, training

    def normal(self, x: Any, name: str) -> Any:
        s = self.state
        return self.F.batch_norm(
            x, s[f"{name}.running_mean"], s[f"{name}.running_var"], s[f"{name}.weight"], s[f"{name}.bias"],
            self.training, 0.1, 1e-5,
        )  # fmt: skip

    def block(self, x: Any, name: str, stride: int, skip: bool) -> Any:
        deep = f"{name}.conv3.weight" in self.state
        y, kernels = x, (1, 3, 1) if deep else (3, 3)
        for i, k in enumerate(kernels, 1):
            step = stride if i == (2 if deep else 1) else 1
            y = self.F.conv2d(y, self.state[f"{name}.conv{i}.weight"], stride=step, padding=k // 2)
            y = self.normal(y, f"{name}.bn{i}")
            y = y.relu() if i < len(kernels) else y
        if not skip:
            return y.relu()
        if f"{name}.downsample.0.weight" in self.state:
            x = self.F.conv2d(x, self.state[f"{name}.downsample.0.weight"], stride=stride)
            x = self.normal(x, f"{name}.downsample.1")
        elif stride > 1:
            x = self.F.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, 0, y.shape[1] - x.shape[1]))
        return (y + x).relu()

    def resnet(self, x: Any, large: bool, skip: bool) -> Any:
        x = self.F.conv2d(x, self.state["conv1.weight"], stride=1 + large, padding=3 if large else 1)
        x = self.normal(x, "bn1").relu()
        x = self.F.max_pool2d(x, 3, 2, 1) if large else x
        blocks = dict.fromkeys(k.rsplit(".conv1", 1)[0] for k in self.state if k.endswith(".conv1.weight"))
        for name in blocks:
            x = self.block(x, name, 2 if name.endswith(".0") and name != "layer1.0" else 1, skip)
        return x.mean((2, 3)) @ self.state["fc.weight"].T + self.state["fc.bias"]

    def vgg(self, x: Any, counts: tuple[int, ...]) -> Any:
        place, per = 0, 3 if "features.1.running_mean" in self.state else 2
        for count in counts:
            for _ in range(count):
                x = self.F.conv2d(
                    x, self.state[f"features.{place}.weight"], self.state[f"features.{place}.bias"], padding=1
                )
                x = (self.normal(x, f"features.{place + 1}") if per == 3 else x).relu()
                place += per
            x, place = self.F.max_pool2d(x, 2), place + 1
        x = self.F.adaptive_avg_pool2d(x, 7).flatten(1)
        for i in (0, 3, 6):
            x = self.F.linear(x, self.state[f"classifier.{i}.weight"], self.state[f"classifier.{i}.bias"])
            x = x.relu() if i < 6 else x
        return x


def compare(model: nn.Module, shape: tuple[int, ...], call: Any) -> None:
    """Scores and the gradients of all parameters, with both in float64."""
    import torch

    model.double()
    x = np.random.default_rng(1).normal(size=shape)
    state = {k: torch.from_numpy(v.detach().numpy().copy()) for k, v in model.state_dict().items()}
    for name, _ in model.named_parameters():
        state[name].requires_grad_()
    theirs = call(Twin(state, model.training), torch.from_numpy(x))
    ours = model(ac.tensor(x))
    np.testing.assert_allclose(ours.detach().numpy(), theirs.detach().numpy(), rtol=1e-7, atol=1e-9)
    ours.square().sum().backward()
    theirs.square().sum().backward()
    for name, p in model.named_parameters():
        right = state[name].grad.numpy()
        np.testing.assert_allclose(
            p.grad.numpy(), right, rtol=1e-5, atol=1e-12 + 1e-7 * abs(right).max(), err_msg=name
        )


@pytest.mark.torch
@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("name", ["resnet20", "plain20", "resnet18", "plain18", "resnet50"])
def test_residual_networks_beside_pytorch(name: str, training: bool) -> None:
    pytest.importorskip("torch")
    model = models.get(name)(num_classes=5).train(training)
    large, skip = isinstance(model, models.ResNet), "plain" not in name
    compare(model, (3, 3, 40, 40) if large else (3, 3, 32, 32), lambda twin, x: twin.resnet(x, large, skip))


@pytest.mark.torch
@pytest.mark.parametrize("batch_norm", [False, True])
@pytest.mark.usefixtures("thin")
def test_vgg_beside_pytorch(batch_norm: bool) -> None:
    pytest.importorskip("torch")
    model = models.VGG(11, 5, batch_norm=batch_norm, dropout=0.0)
    compare(model, (2, 3, 64, 64), lambda twin, x: twin.vgg(x, (1, 1, 2, 2, 2)))
