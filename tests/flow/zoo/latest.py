"""Other ways, losses and accidents, written after the diagnosis was finished: a test that it was not made for."""

from __future__ import annotations

from collections.abc import Callable

import autocnn as ac
from autocnn import Tensor, nn, optim
from autocnn.nn import functional as F

from .entry import entry, features, images
from .parts import (
    Block,
    Net,
    Through,
    cnn,
    glorot,
    he,
    mlp,
    of_blocks,
    replaced,
    residual,
    scaled,
    set_to,
    started,
)

BUILT = "by construction: "
RELU, TANH = nn.ReLU, nn.Tanh


class Rezero(nn.Module):
    """x + a F(x), a learned number that starts at 0 (Bachlechner et al. 2020)."""

    def __init__(self, *branch: nn.Module) -> None:
        super().__init__()
        self.branch, self.a = nn.Sequential(*branch), nn.Parameter(ac.zeros(1))

    def forward(self, x: Tensor) -> Tensor:
        """The sum."""
        return x + self.a * self.branch(x)


class Fading(nn.Module):
    """x / 2 + F(x) / 100: a skip that halves."""

    def __init__(self) -> None:
        super().__init__()
        self.branch = nn.Linear(16, 16)

    def forward(self, x: Tensor) -> Tensor:
        """The sum."""
        return x * 0.5 + self.branch(x) * 0.01


class Dropped(nn.Module):
    """x + F(x), F dropped for half of the images (Huang et al. 2016)."""

    def __init__(self, *branch: nn.Module) -> None:
        super().__init__()
        self.branch = nn.Sequential(*branch)

    def forward(self, x: Tensor) -> Tensor:
        """The sum."""
        return x + self.branch(x) * F.dropout(ac.ones(x.shape[0], 1), 0.5)


class Squeeze(nn.Module):
    """Channels weighed by a small network of their means (Hu et al. 2018)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.down, self.up = nn.Linear(channels, 4), nn.Linear(4, channels)

    def forward(self, x: Tensor) -> Tensor:
        """x times its weights."""
        weights = self.up(self.down(x.mean((2, 3))).relu()).sigmoid()
        return x * weights.unsqueeze(2).unsqueeze(3) * 2


class Inception(nn.Module):
    """Kernels of three sizes side by side."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.parts = nn.ModuleList(nn.Conv2d(channels, 4, k, padding=k // 2) for k in (1, 3, 5))
        self.norm = nn.BatchNorm2d(12)

    def forward(self, x: Tensor) -> Tensor:
        """All twelve channels."""
        return self.norm(ac.cat([part(x) for part in self.parts], 1)).relu()


class FromInput(nn.Module):
    """Every layer reads the input too."""

    def __init__(self, layers: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(32, 16) for _ in range(layers))
        self.head = nn.Linear(16, 4)
        started(self, glorot)

    def forward(self, x: Tensor) -> Tensor:
        """The scores."""
        h = x
        for layer in self.layers:
            h = layer(ac.cat([h, x], 1)).tanh()
        return self.head(h)


class Closed(nn.Module):
    """t * tanh(F(x)) + (1 - t) * x, the gate's bias -8."""

    def __init__(self) -> None:
        super().__init__()
        self.gate, self.value = nn.Linear(16, 16), nn.Linear(16, 16)
        self.gate.bias.array[...] = -8

    def forward(self, x: Tensor) -> Tensor:
        """The mixture."""
        t = self.gate(x).sigmoid()
        return t * self.value(x).tanh() + (1 - t) * x


class Siamese(nn.Module):
    """One encoder for two inputs; how far their codes are apart is classified."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder, self.head = mlp(5, RELU, he, classes=16)(), nn.Linear(16, 4)

    def forward(self, x: Tensor) -> Tensor:
        """x (N, 2, 16) -> scores."""
        return self.head((self.encoder(x[:, 0]) - self.encoder(x[:, 1])).abs())


class Experts(nn.Module):
    """One of two networks for each example, by the sign of its first feature."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b = mlp(4, TANH, glorot)(), mlp(4, TANH, glorot)()

    def forward(self, x: Tensor) -> Tensor:
        """The scores."""
        return ac.where(x[:, :1] > 0, self.a(x), self.b(x))


class Supervised(nn.Module):
    """A second head halfway; both sets of scores."""

    def __init__(self, act: Callable[[], nn.Module]) -> None:
        super().__init__()
        self.low, self.high = mlp(5, act, glorot, classes=16)(), mlp(5, act, glorot)()
        self.aside = nn.Linear(16, 4)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Scores, and scores."""
        h = self.low(x)
        return self.high(h), self.aside(h)


class Copied(nn.Module):
    """A step through a copy in NumPy."""

    def forward(self, x: Tensor) -> Tensor:
        """tanh, computed elsewhere."""
        return ac.tensor(x.detach().numpy() * 2.0).tanh()


class Data(nn.Module):
    """A linear layer that uses `.data` of its weight."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(ac.randn(16, 16) * 0.25)

    def forward(self, x: Tensor) -> Tensor:
        """x W^T."""
        return F.linear(x, self.weight.data)


def trained(rate: float, steps: int) -> Callable[[], nn.Module]:
    """A network after steps of gradient descent."""

    def make() -> nn.Module:
        model = mlp(4, RELU, he, width=32)()
        optimizer = optim.SGD(model.parameters(), lr=rate)
        x, y = ac.randn(32, 16), ac.arange(32) % 4
        for _ in range(steps):
            optimizer.zero_grad()
            F.cross_entropy(model(x), y).backward()
            optimizer.step()
        return model

    return make


def middle_frozen() -> nn.Module:
    model = mlp(6, RELU, he, width=32)()
    for p in model[4].parameters():
        p.requires_grad_(False)
    return model


def both(out: tuple[Tensor, Tensor], y: Tensor) -> Tensor:
    return F.cross_entropy(out[0], y) + 0.3 * F.cross_entropy(out[1], y)


def smoothed(out: Tensor, y: Tensor) -> Tensor:
    goal = F.one_hot(y, 4).float() * 0.9 + 0.025
    return -(goal * out.log_softmax(1)).sum(1).mean()


def huber(out: Tensor, y: Tensor) -> Tensor:
    return F.huber_loss(out[:, 0], y.float())


def logits(out: Tensor, y: Tensor) -> Tensor:
    return F.binary_cross_entropy_with_logits(out[:, 0], (y % 2).float())


def times_million(out: Tensor, y: Tensor) -> Tensor:
    return F.cross_entropy(out, y) * 1e6


def times_little(out: Tensor, y: Tensor) -> Tensor:
    return F.cross_entropy(out, y) * 1e-25


def quotient(out: Tensor, y: Tensor) -> Tensor:
    silent = out.relu() * 0
    return (silent / silent).mean()


def triples(n: int = 32) -> Tensor:
    return ac.randn(n, 2, 16)


def linear() -> nn.Module:
    return nn.Linear(16, 16)


LATEST = [
    entry("rezero 20", lambda: Net(linear(), [Rezero(linear(), RELU(), linear()) for _ in range(20)],
          nn.Linear(16, 4)), stations=of_blocks),
    entry("skips that halve, 30", lambda: Net(linear(), [Fading() for _ in range(30)], nn.Linear(16, 4)),
          "vanishing", stations=of_blocks),
    entry("stochastic depth 10", lambda: Net(linear(), [Dropped(nn.LayerNorm(16), linear(), RELU(), linear())
          for _ in range(10)], nn.Linear(16, 4)), stations=of_blocks),
    entry("branches times 3", residual(15, lambda: [linear(), TANH(), linear()], glorot, scale=3.0), "saturated",
          stations=of_blocks),
    entry("norm after the sum 15", residual(15, lambda: [linear(), RELU(), linear()], he,
          after=lambda: nn.LayerNorm(16)), stations=of_blocks),
    entry("residual with dropout", residual(10, lambda: [nn.LayerNorm(16), linear(), RELU(), nn.Dropout(0.5),
          linear()]), stations=of_blocks),
    entry("residual 60 small scale", residual(60, lambda: [RELU(), linear()], he, scale=0.05), stations=of_blocks),
    entry("residual 40 linear", residual(40, lambda: [linear()], scaled(glorot, 1.0)), "exploding",
          stations=of_blocks),
    entry("closed highway", lambda: Net(linear(), [Closed() for _ in range(5)], nn.Linear(16, 4)), "saturated",
          reason=BUILT + "sigmoid(-8)"),
    entry("squeeze and excite", lambda: nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), RELU(), Squeeze(8),
          nn.Conv2d(8, 8, 3, padding=1), RELU(), Squeeze(8), nn.GlobalAvgPool(), nn.Flatten(), nn.Linear(8, 4)),
          data=images(), reason=BUILT + "three layers"),
    entry("inception 6", lambda: nn.Sequential(nn.Conv2d(3, 12, 3, padding=1), *(Inception(12) for _ in range(6)),
          nn.GlobalAvgPool(), nn.Flatten(), nn.Linear(12, 4)), data=images(),
          reason=BUILT + "six layers with batch norm"),
    entry("every layer reads the input", lambda: FromInput(12), reason=BUILT + "glorot's start on tanh"),
    entry("siamese", Siamese, data=triples, reason=BUILT + "six layers, he's start"),
    entry("two experts", Experts, reason=BUILT + "four layers, glorot's start"),
    entry("two heads, tanh", lambda: Supervised(TANH), loss=both, reason=BUILT + "ten layers, glorot's start"),
    entry("two heads, sigmoid", lambda: Supervised(nn.Sigmoid), "vanishing", loss=both,
          reason=BUILT + "the upper head is ten sigmoids away, the lower five"),
    entry("label smoothing", mlp(5, RELU, he, width=32), loss=smoothed),
    entry("huber", mlp(5, RELU, he, width=32), loss=huber),
    entry("logits of two classes", mlp(5, RELU, he, width=32), loss=logits),
    entry("loss times a million", mlp(8, TANH, glorot, width=32), loss=times_million),
    entry("loss times 1e-25", mlp(8, TANH, glorot, width=32), loss=times_little),
    entry("zero over zero", mlp(4, RELU, he, width=32), "non-finite", loss=quotient, place="div",
          reason=BUILT + "0 / 0"),
    entry("division by zero weights", replaced(mlp(4, RELU, he), 1, lambda: Through(lambda x: x / (x * 0))),
          "non-finite", reason=BUILT + "x / 0", place="div in 1"),
    entry("reciprocal of relu", replaced(mlp(4, RELU, he), 3, lambda: Through(lambda x: 1 / x.relu())),
          "non-finite", reason=BUILT + "1 / 0", place="in 3"),
    entry("power overflows", replaced(mlp(4, RELU, he), 3, lambda: Through(lambda x: (x * 1e4) ** 12)),
          "non-finite", reason=BUILT + "1e48", place="in 3"),
    entry("infinite running variance", set_to(mlp(5, RELU, he), _0_bias=float("nan")), "non-finite",
          reason=BUILT + "NaN in a bias", place="0.bias"),
    entry("trained 30 steps", trained(0.05, 30), reason=BUILT + "what learns is healthy"),
    entry("trained at a rate of 1e6", trained(1e6, 12), "non-finite", reason=BUILT + "weights overflow"),
    entry("one frozen layer", middle_frozen, reason=BUILT + "frozen on purpose"),
    entry("a weight's .data", lambda: Net(linear(), [Data(), TANH(), Data(), TANH()], nn.Linear(16, 4)), "cut",
          reason=BUILT + ".data has no gradient"),
    entry("through a copy in NumPy", replaced(mlp(6, TANH, glorot), 5, Copied), "cut",
          reason=BUILT + "what NumPy copies is not recorded"),
    entry("long integers in the middle", replaced(mlp(6, TANH, glorot), 5,
          lambda: Through(lambda x: (x * 10).long().float() / 10)), "cut", reason=BUILT + "integers"),
    entry("sign in the middle", replaced(mlp(6, TANH, glorot), 5, lambda: Through(lambda x: x.sign())), "dead",
          reason=BUILT + "a step function", place="sign in 5"),
    entry("largest of nothing", replaced(mlp(5, RELU, he, width=32), 3,
          lambda: Through(lambda x: ac.maximum(x, x.detach() + 1))), "dead", place="maximum in 3",
          reason=BUILT + "the other operand is always larger"),
    entry("one image, layer norm", mlp(6, RELU, he, norm=nn.LayerNorm, width=64), data=features(1),
          reason=BUILT + "six layers with norms", seed=3),
    entry("two images, batch norm", mlp(5, TANH, glorot, norm=nn.BatchNorm1d, width=32), data=features(6)),
    entry("residual convolutions", lambda: Net(nn.Conv2d(3, 8, 3, padding=1), [Block(nn.BatchNorm2d(8), RELU(),
          nn.Conv2d(8, 8, 3, padding=1)) for _ in range(20)], nn.Sequential(nn.GlobalAvgPool(), nn.Flatten(),
          nn.Linear(8, 4))), data=images(), stations=of_blocks),
    entry("wide images", cnn(6, RELU, he, gap=True), data=images(2, 3, 24)),
]  # fmt: skip
