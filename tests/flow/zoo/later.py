"""Rows of layers of other kinds, written after the diagnosis was finished: a test that it was not made for."""

from __future__ import annotations

from collections.abc import Callable

import autocnn as ac
from autocnn import Tensor, models, nn
from autocnn.nn import functional as F

from .entry import entry, features, images
from .parts import (
    Net,
    Through,
    cnn,
    glorot,
    he,
    lecun,
    mlp,
    of_blocks,
    orthogonal,
    replaced,
    scaled,
    set_to,
    started,
    times,
)

BUILT = "by construction: "
RELU, TANH = nn.ReLU, nn.Tanh


class Maxout(nn.Module):
    """The larger of two linear functions."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.a, self.b = nn.Linear(width, width), nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        """The maximum."""
        return ac.maximum(self.a(x), self.b(x))


class RootMeanSquare(nn.Module):
    """x over its root mean square, per example."""

    def forward(self, x: Tensor) -> Tensor:
        """The quotient."""
        return x / (x.square().mean(1, keepdim=True) + 1e-6).sqrt()


class Standardized(nn.Module):
    """Batch norm by hand: (x - mean) / std."""

    def forward(self, x: Tensor) -> Tensor:
        """The standardised batch."""
        x = x - x.mean(0, keepdim=True)
        return x / (x.square().mean(0, keepdim=True) + 1e-5).sqrt()


class WeightNorm(nn.Module):
    """A linear layer with weights g v / |v|, row by row (Salimans and Kingma 2016); g = sqrt 2."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.v, self.g = nn.Parameter(ac.randn(width, width)), nn.Parameter(ac.full((width, 1), 2**0.5))

    def forward(self, x: Tensor) -> Tensor:
        """x W^T."""
        w = self.g * self.v / self.v.square().sum(1, keepdim=True).sqrt()
        return F.linear(x, w)


class Binary(nn.Module):
    """A linear layer with weights of one size, whose signs learn straight through (Courbariaux et al. 2015)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.w, self.size = nn.Parameter(ac.randn(width, width)), (2 / width) ** 0.5

    def forward(self, x: Tensor) -> Tensor:
        """x W^T."""
        signs = self.w + (self.w.sign() - self.w).detach()
        return F.linear(x, signs * self.size)


class Again(nn.Module):
    """One layer, many times."""

    def __init__(self, gain: float, count: int) -> None:
        super().__init__()
        self.layer, self.count, self.head = nn.Linear(16, 16), count, nn.Linear(16, 4)
        orthogonal(self.layer.weight)
        self.layer.weight.array[...] *= gain

    def forward(self, x: Tensor) -> Tensor:
        """The scores."""
        for _ in range(self.count):
            x = self.layer(x).tanh()
        return self.head(x)


def row(count: int, make: Callable[[], nn.Module], act: Callable[[], nn.Module] | None = None) -> nn.Module:
    layers = [nn.Sequential(make(), *([act()] if act else [])) for _ in range(count)]
    return Net(nn.Linear(16, 16), list(layers), nn.Linear(16, 4))


def widths(*sizes: int, act: Callable[[], nn.Module] = RELU) -> Callable[[], nn.Module]:
    """A row of layers of these widths, He's start."""

    def make() -> nn.Module:
        layers: list[nn.Module] = []
        for a, b in zip((16, *sizes), sizes, strict=False):
            layers += [nn.Linear(a, b), act()]
        return started(nn.Sequential(*layers, nn.Linear(sizes[-1], 4)), he)

    return make


def mixed() -> nn.Module:
    layers: list[nn.Module] = []
    for i in range(12):
        layers += [nn.Linear(16, 16), TANH() if i % 2 else RELU()]
    return started(nn.Sequential(*layers, nn.Linear(16, 4)), glorot)


def after_activation(depth: int) -> nn.Module:
    layers: list[nn.Module] = []
    for _ in range(depth):
        layers += [nn.Linear(16, 16), RELU(), nn.BatchNorm1d(16)]
    return started(nn.Sequential(*layers, nn.Linear(16, 4)), he)


def pruned(factor: float) -> Callable[[Tensor], None]:
    """He's start with nine tenths of the weights at zero, the rest times a factor."""

    def start(w: Tensor) -> None:
        he(w)
        w.array[...] *= (ac.rand(*w.shape).array < 0.1) * factor

    return start


def siren() -> nn.Module:
    layers: list[nn.Module] = []
    for _ in range(5):
        layers += [nn.Linear(32 if layers else 16, 32), Through(lambda x: x.sin())]
    return started(
        nn.Sequential(*layers, nn.Linear(32, 4)), lambda w: nn.init.uniform_(w, -((6 / 32) ** 0.5), 0.43)
    )


def gated() -> nn.Module:
    layers: list[nn.Module] = []
    for _ in range(5):
        layers += [nn.Linear(16, 32), nn.GLU(1)]
    return started(nn.Sequential(*layers, nn.Linear(16, 4)), scaled(glorot, 2.0))


def separable() -> nn.Module:
    layers: list[nn.Module] = [nn.Conv2d(3, 8, 3, padding=1)]
    for _ in range(5):
        layers += [nn.Conv2d(8, 8, 3, padding=1, groups=8), nn.BatchNorm2d(8), RELU(), nn.Conv2d(8, 8, 1),
                   nn.BatchNorm2d(8), RELU()]  # fmt: skip
    return nn.Sequential(*layers, nn.GlobalAvgPool(), nn.Flatten(), nn.Linear(8, 4))


def dilated() -> nn.Module:
    layers: list[nn.Module] = []
    for i in range(4):
        layers += [nn.Conv2d(3 if i == 0 else 8, 8, 3, padding=1 << i, dilation=1 << i), RELU()]
    return started(nn.Sequential(*layers, nn.Flatten(), nn.Linear(8 * 256, 4)), he)


def strided() -> nn.Module:
    layers: list[nn.Module] = []
    for i in range(4):
        layers += [nn.Conv2d(3 << i, 3 << (i + 1), 3, stride=2, padding=1), nn.LeakyReLU(0.2)]
    return started(nn.Sequential(*layers, nn.Flatten(), nn.Linear(48, 4)), he)


def averaging() -> nn.Module:
    layers: list[nn.Module] = []
    for i in range(4):
        layers += [nn.Conv2d(8 if i else 3, 8, 3, padding=1), RELU(), nn.AvgPool2d(2)]
    return started(nn.Sequential(*layers, nn.Flatten(), nn.Linear(8, 4)), he)


def small_vgg() -> nn.Module:
    layers: list[nn.Module] = []
    for a, b in ((3, 8), (8, 16), (16, 32)):
        layers += [nn.Conv2d(a, b, 3, padding=1), RELU(), nn.Conv2d(b, b, 3, padding=1), RELU(), nn.MaxPool2d(2)]
    layers += [nn.Flatten(), nn.Linear(128, 64), RELU(), nn.Dropout(), nn.Linear(64, 64), RELU(), nn.Dropout()]
    return started(nn.Sequential(*layers, nn.Linear(64, 4)), he)


def sequence() -> nn.Module:
    layers: list[nn.Module] = []
    for i in range(6):
        layers += [nn.Conv1d(8 if i else 3, 8, 3, padding=1), RELU()]
    return started(nn.Sequential(*layers, nn.Flatten(), nn.Linear(8 * 12, 4)), he)


def volume() -> nn.Module:
    layers: list[nn.Module] = []
    for i in range(3):
        layers += [nn.Conv3d(4 if i else 1, 4, 3, padding=1), RELU()]
    return started(nn.Sequential(*layers, nn.Flatten(), nn.Linear(4 * 125, 4)), he)


def raw() -> nn.Module:
    weights = [ac.randn(16, 16, requires_grad=True) for _ in range(12)]

    def network(x: Tensor) -> Tensor:
        for w in weights:
            x = (x @ w * 0.25).sigmoid()
        return x[:, :4]

    return Through(network)


def double() -> nn.Module:
    return mlp(20, nn.Sigmoid)().double()


def conv_row(m: nn.Module) -> list[nn.Module]:
    """The chain of a row of one-dimensional or three-dimensional convolutions."""
    parts = list(m.children())
    heavy = [i for i, p in enumerate(parts) if hasattr(p, "weight") and p.weight.ndim > 1]
    return [parts[i - 1] for i in heavy[1:]] + [parts[-1]]


LATER = [
    entry("mish 20", mlp(20, nn.Mish, he, width=48)),
    entry("softplus 8", mlp(8, nn.Softplus, he, width=32)),
    entry("hardswish 10", mlp(10, nn.Hardswish, he, width=32)),
    entry("softsign 15", mlp(15, nn.Softsign, glorot, width=32)),
    entry("hardtanh 20 orthogonal", mlp(20, nn.Hardtanh, orthogonal, width=32)),
    entry("relu6 8", mlp(8, nn.ReLU6, he, width=32)),
    entry("logsigmoid 10", mlp(10, nn.LogSigmoid, glorot, width=32)),
    entry("relu 40 he times 0.95", mlp(40, RELU, scaled(he, 0.95), width=64)),
    entry("relu 60 he times 0.8", mlp(60, RELU, scaled(he, 0.8), width=64), "vanishing"),
    entry("relu 60 he times 1.25", mlp(60, RELU, scaled(he, 1.25), width=64), "exploding"),
    entry("leaky 0.2, 60 layers, gain for relu", mlp(60, lambda: nn.LeakyReLU(0.2), he, width=64)),
    entry("tanh 20 gain 5", mlp(20, TANH, scaled(glorot, 5.0), width=64), "saturated", "exploding"),
    entry("sigmoid 3 default", mlp(3, nn.Sigmoid)),
    entry("tanh 40 layer norm", mlp(40, TANH, glorot, norm=nn.LayerNorm, width=32)),
    entry("tanh 50 batch norm", mlp(50, TANH, glorot, norm=nn.BatchNorm1d, width=32)),
    entry("batch norm after the activation", lambda: after_activation(12)),
    entry("alternating tanh and relu", mixed),
    entry("hourglass", widths(64, 8, 64, 8, 64), data=features()),
    entry("widening", widths(16, 32, 64, 128, 256)),
    entry("narrowing to one", widths(32, 16, 8, 4, act=TANH)),
    entry("maxout 8", lambda: started(row(8, lambda: Maxout(16)), glorot), stations=of_blocks),
    entry("sine 6", siren),
    entry("gated linear units 6", gated),
    entry("the same orthogonal layer 25 times", lambda: Again(1.0, 25), data=lambda: ac.randn(32, 16) * 0.1,
          reason=BUILT + "orthogonal, and tanh of small values is nearly linear"),
    entry("the same layer halved, 25 times", lambda: Again(0.5, 25), "vanishing",
          reason=BUILT + "each time at most half is left"),
    entry("root mean square norm 15", lambda: started(row(15, lambda: nn.Sequential(nn.Linear(16, 16), RELU(),
          RootMeanSquare())), he), stations=of_blocks),
    entry("standardised by hand 10", lambda: started(row(10, lambda: nn.Sequential(nn.Linear(16, 16),
          Standardized(), TANH())), glorot), stations=of_blocks),
    entry("weight norm 10", lambda: row(10, lambda: WeightNorm(16), RELU), stations=of_blocks),
    entry("binary weights 8", lambda: Net(nn.Linear(16, 32),
          [nn.Sequential(Binary(32), RELU()) for _ in range(8)], nn.Linear(32, 4)), stations=of_blocks),
    entry("pruned 12", mlp(12, RELU, pruned(1.0), width=64), "vanishing"),
    entry("pruned and rescaled 12", mlp(12, RELU, pruned(10**0.5), width=64)),
    entry("dropout 0.5, 8 layers", mlp(8, RELU, he, dropout=0.5, width=64)),
    entry("separable convolutions", separable, data=images(8), reason=BUILT + "ten layers with batch norm"),
    entry("dilated convolutions", dilated, data=images(4, 3, 16)),
    entry("strided convolutions", strided, data=images(8, 3, 16)),
    entry("average pools", averaging, data=images(8, 3, 16)),
    entry("one-dimensional convolutions", sequence, data=lambda: ac.randn(8, 3, 12), stations=conv_row),
    entry("three-dimensional convolutions", volume, data=lambda: ac.randn(4, 1, 5, 5, 5), stations=conv_row),
    entry("instance norm 10", cnn(10, RELU, he, norm=lambda c: nn.GroupNorm(c, c)), data=images()),
    entry("delta convolutions, tanh 40", cnn(40, TANH, lambda w: nn.init.dirac_(w) if w.ndim > 2 else glorot(w)),
          data=lambda: ac.randn(8, 3, 8, 8) * 0.3),
    entry("convolutions, he times 3", cnn(10, RELU, scaled(he, 3.0)), "exploding", data=images()),
    entry("plain functions", raw, "vanishing", reason=BUILT + "sigmoid's derivative is at most 1/4"),
    entry("float64", double, "vanishing", data=lambda: ac.tensor(ac.randn(32, 16).array.astype("float64")),
          reason=BUILT + "sigmoid's derivative is at most 1/4"),
    entry("vgg, small", small_vgg, data=images(4, 3, 16)),
    entry("resnet50 on four images of 16x16", models.resnet50, "exploding", data=images(4, 3, 16),
          stations=lambda m: [m.maxpool, *m.layer1, *m.layer2, *m.layer3, *m.layer4, m.fc]),
    entry("plain34 on four images of 16x16", models.plain34, "exploding", data=images(4, 3, 16),
          stations=lambda m: [m.maxpool, *m.layer1, *m.layer2, *m.layer3, *m.layer4, m.fc]),
    entry("tiny head", times(mlp(10, RELU, he, width=32), _18_weight=1e-6), "vanishing", place="linear in 18",
          reason=BUILT + "the head times 1e-6"),
    entry("tiny first layer", times(mlp(10, RELU, he, width=32), _0_weight=1e-4),
          reason=BUILT + "no layer lies below the first"),
    entry("two small layers", times(mlp(16, RELU, he, width=32), _8_weight=4e-3, _20_weight=4e-3), "vanishing",
          reason=BUILT + "2^-8 twice"),
    entry("small kernel before batch norm", times(cnn(8, RELU, he, norm=nn.BatchNorm2d), _9_weight=0.1),
          reason=BUILT + "batch norm undoes a scale", data=images()),
    entry("gamma 0 in a plain row", set_to(mlp(6, RELU, he, norm=nn.BatchNorm1d), _4_weight=0.0), "dead",
          reason=BUILT + "all units are relu(0)", place="batch_norm in 4"),
    entry("half of the units dead", lambda: half_dead(), reason=BUILT + "the others carry on"),
    entry("all scores behind a relu", lambda: nn.Sequential(*set_to(mlp(4, RELU, he, width=32),
          _6_bias=-100.0)().children(), RELU()), "dead", reason=BUILT + "a bias of -100", place="relu in 7"),
    entry("sigmoid, bias -20", set_to(mlp(5, nn.Sigmoid, glorot, width=32), _4_bias=-20.0), "saturated",
          reason=BUILT + "sigmoid(-20)", place="sigmoid in 5"),
    entry("softsign, bias 1000", set_to(mlp(5, nn.Softsign, glorot, width=32), _4_bias=1e3), "saturated",
          reason=BUILT + "softsign'(1000) = 1e-6", place="softsign in 5"),
    entry("relu6, bias 100", set_to(mlp(5, nn.ReLU6, he, width=32), _4_bias=100.0), "saturated",
          reason=BUILT + "all above 6", place="in 5"),
    entry("clamp from 0 to 1, bias 100", replaced(set_to(mlp(5, RELU, he, width=32), _4_bias=100.0), 5,
          lambda: Through(lambda x: x.clamp(0, 1))), "saturated", reason=BUILT + "all over 1", place="clamp in 5"),
    entry("leaky relu 0.3, bias -100", set_to(mlp(6, lambda: nn.LeakyReLU(0.3), he, width=32), _4_bias=-100.0),
          reason=BUILT + "every derivative is 0.3"),
    entry("prelu with slope 0, bias -100", lambda: prelu_closed(), "dead", place="prelu in 5",
          reason=BUILT + "zeros for every image"),
    entry("silu, bias -300", set_to(mlp(6, nn.SiLU, lecun, width=32), _4_bias=-300.0), "dead",
          reason=BUILT + "exp(-300) is 0 in float32", place="silu in 5"),
]  # fmt: skip


def half_dead() -> nn.Module:
    model = mlp(6, RELU, he, width=32)()
    dict(model.named_parameters())["4.bias"].array[:16] = -100
    return model


def prelu_closed() -> nn.Module:
    model = set_to(mlp(6, nn.PReLU, he, width=32), _4_bias=-100.0)()
    dict(model.named_parameters())["5.weight"].array[...] = 0
    return model
