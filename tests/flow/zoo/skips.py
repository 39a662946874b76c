"""Networks whose ways part and meet: residual, dense, gated, with one long skip; and those of the papers."""

from __future__ import annotations

import autocnn as ac
from autocnn import Tensor, models, nn

from .entry import entry, images
from .parts import Net, glorot, he, mlp, of_blocks, residual, started


def linear(width: int = 16) -> nn.Module:
    return nn.Linear(width, width)


def two(act: type[nn.Module]) -> list[nn.Module]:
    return [linear(), act(), linear()]


def pre(act: type[nn.Module]) -> list[nn.Module]:
    return [act(), linear(), act(), linear()]


def normed(act: type[nn.Module]) -> list[nn.Module]:
    return [nn.BatchNorm1d(16), act(), linear(), nn.BatchNorm1d(16), act(), linear()]


def zeroed(make: object, suffix: str) -> object:
    """The same network, the parameters with a suffix at zero."""

    def changed() -> nn.Module:
        model = make()  # type: ignore[operator]
        for name, p in model.named_parameters():
            if name.endswith(suffix):
                p.array[...] = 0
        return model

    return changed


class Dense(nn.Module):
    """Every layer reads all before it (Huang et al. 2017): x <- cat(x, relu(conv(norm(x))))."""

    def __init__(self, layers: int, growth: int, start: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList(
            nn.Sequential(nn.BatchNorm2d(start + i * growth), nn.ReLU(),
                          nn.Conv2d(start + i * growth, growth, 3, padding=1))
            for i in range(layers)
        )  # fmt: skip

    def forward(self, x: Tensor) -> Tensor:
        """All features."""
        for layer in self.layers:
            x = ac.cat([x, layer(x)], 1)
        return x


def dense_net() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(3, 8, 3, padding=1), Dense(6, 4, 8), nn.Conv2d(32, 8, 1), nn.AvgPool2d(2), Dense(6, 4, 8),
        nn.BatchNorm2d(32), nn.ReLU(), nn.GlobalAvgPool(), nn.Flatten(), nn.Linear(32, 4),
    )  # fmt: skip


class Gated(nn.Module):
    """x * sigmoid(linear(x)), and a linear layer."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.gate, self.value = nn.Linear(width, width), nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        """The gated value."""
        return self.value(x) * self.gate(x).sigmoid() * 2


class Highway(nn.Module):
    """t * tanh(linear(x)) + (1 - t) * x, with a gate t that starts nearly closed (Srivastava et al. 2015)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.gate, self.value = nn.Linear(width, width), nn.Linear(width, width)
        self.gate.bias.array[...] = -2

    def forward(self, x: Tensor) -> Tensor:
        """The mixture."""
        t = self.gate(x).sigmoid()
        return t * self.value(x).tanh() + (1 - t) * x


class LongSkip(nn.Module):
    """One skip around everything: x + F(x)."""

    def __init__(self, body: nn.Module) -> None:
        super().__init__()
        self.stem, self.body, self.head = nn.Linear(16, 16), body, nn.Linear(16, 4)

    def forward(self, x: Tensor) -> Tensor:
        """The scores."""
        x = self.stem(x).tanh()
        return self.head(x + self.body(x))


def stages(m: nn.Module) -> list[nn.Module]:
    """The chain of a network for CIFAR."""
    return [m.relu, *m.layer1, *m.layer2, *m.layer3, m.fc]


def deep(**settings: object) -> object:
    return lambda: models.DeepNet(30, 4, **settings)  # type: ignore[arg-type]


SMALL = {"data": images(4, 3, 16)}
RELU, TANH = nn.ReLU, nn.Tanh

SKIPS = [
    entry("res 12 post relu bn", residual(12, lambda: [linear(), nn.BatchNorm1d(16), RELU(), linear(),
          nn.BatchNorm1d(16)], he, after=RELU), stations=of_blocks),
    entry("res 27 tanh default", residual(27, lambda: two(TANH), after=TANH), stations=of_blocks),
    entry("res 25 pre relu he", residual(25, lambda: pre(RELU), he), "exploding", stations=of_blocks),
    entry("res 25 pre relu he scaled", residual(25, lambda: pre(RELU), he, scale=0.2), stations=of_blocks),
    entry("res 25 pre bn relu", residual(25, lambda: normed(RELU), he), stations=of_blocks),
    entry("res 25 zero last weight", zeroed(residual(25, lambda: pre(RELU), he), "branch.3.weight"),
          stations=of_blocks),
    entry("res 25 zero last weight and head", zeroed(residual(25, lambda: pre(RELU), he), ("3.weight",
          "head.0.weight")), reason="by construction: Fixup, every zero gets a gradient"),
    entry("res 8 zero gamma", zeroed(residual(8, lambda: [linear(), nn.BatchNorm1d(16), RELU(), linear(),
          nn.BatchNorm1d(16)], he, after=RELU), "branch.4.weight"), stations=of_blocks),
    entry("res 40 sigmoid", residual(40, lambda: two(nn.Sigmoid), glorot), stations=of_blocks),
    entry("res 20 layer norm gelu", residual(20, lambda: [nn.LayerNorm(16), linear(), nn.GELU(), linear()],
          head=lambda: [nn.LayerNorm(16)]), stations=of_blocks),
    entry("res 10 post sigmoid", residual(10, lambda: two(nn.Sigmoid), after=nn.Sigmoid), "vanishing",
          stations=of_blocks),
    entry("highway 20", lambda: Net(nn.Linear(16, 16), [Highway(16) for _ in range(20)], nn.Linear(16, 4)),
          stations=of_blocks),
    entry("gated 10 he", lambda: started(Net(nn.Linear(16, 16), [Gated(16) for _ in range(6)], nn.Linear(16, 4)),
          glorot), stations=of_blocks),
    entry("long skip over 20 sigmoid layers", lambda: LongSkip(mlp(20, nn.Sigmoid, classes=16)()), "vanishing",
          reason="by construction: sigmoid's derivative is at most 1/4, twenty times over"),
    entry("long skip over 12 tanh layers", lambda: LongSkip(mlp(12, TANH, glorot, classes=16)()),
          reason="by construction: glorot's start on tanh holds sizes"),
    entry("dense 12", dense_net, reason="by construction: a layer is one step from the transition", **SMALL),
    entry("lenet", models.LeNet5, data=images(8, 1, 32)),
    entry("resnet20", models.resnet20, stations=stages, **SMALL),
    entry("plain20", models.plain20, stations=stages, **SMALL),
    entry("plain110", models.plain110, "exploding", stations=lambda m: stages(m)[:-1], **SMALL),
    entry("resnet56", models.resnet56, stations=stages, **SMALL),
    entry("resnet18", models.resnet18, data=images(4, 3, 16),
          stations=lambda m: [m.maxpool, *m.layer1, *m.layer2, *m.layer3, *m.layer4, m.fc]),
    entry("deep tanh plain 30", deep(skips=False), "vanishing", data=images(8, 1, 8),
          stations=lambda m: [m.stem, *m.blocks, m.head]),
    entry("deep tanh residual 30", deep(skips=True), data=images(8, 1, 8),
          stations=lambda m: [m.stem, *m.blocks, m.head]),
]  # fmt: skip
