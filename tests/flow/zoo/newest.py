"""A second set that was written after the diagnosis had been mended: kinds that the first one had not."""

from __future__ import annotations

from collections.abc import Callable

import autocnn as ac
from autocnn import Tensor, models, nn
from autocnn.nn import functional as F

from .entry import entry, features, images
from .parts import (
    Block,
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
    residual,
    scaled,
    set_to,
    started,
    times,
)

BUILT = "by construction: "
RELU, TANH = nn.ReLU, nn.Tanh


class Gate(nn.Module):
    """A gated recurrent unit over time (Cho et al. 2014); the last state is classified."""

    def __init__(self, width: int = 16) -> None:
        super().__init__()
        self.reset, self.update, self.new = (nn.Linear(4 + width, width) for _ in range(3))
        self.update.bias.array[...] = -3
        self.head = nn.Linear(width, 4)

    def forward(self, x: Tensor) -> Tensor:
        """x (N, T, 4) -> scores."""
        h = ac.zeros(x.shape[0], 16)
        for t in range(x.shape[1]):
            both = ac.cat([x[:, t], h], 1)
            r, u = self.reset(both).sigmoid(), self.update(both).sigmoid()
            h = (1 - u) * h + u * self.new(ac.cat([x[:, t], r * h], 1)).tanh()
        return self.head(h)


class Mixer(nn.Module):
    """Tokens mixed, then channels, each beside a skip (Tolstikhin et al. 2021)."""

    def __init__(self, tokens: int, channels: int) -> None:
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(channels), nn.LayerNorm(channels)
        self.tokens = nn.Sequential(nn.Linear(tokens, 16), nn.GELU(), nn.Linear(16, tokens))
        self.channels = nn.Sequential(nn.Linear(channels, 32), nn.GELU(), nn.Linear(32, channels))

    def forward(self, x: Tensor) -> Tensor:
        """x (N, tokens, channels) -> the same."""
        x = x + self.tokens(self.norm1(x).transpose(1, 2)).transpose(1, 2)
        return x + self.channels(self.norm2(x))


class Mean(nn.Module):
    """The mean over an axis."""

    def __init__(self, axis: int) -> None:
        super().__init__()
        self.axis = axis

    def forward(self, x: Tensor) -> Tensor:
        """One axis less."""
        return x.mean(self.axis)


class Bilinear(nn.Module):
    """The product of two linear functions, and a third one beside it."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b, self.c = (nn.Linear(16, 16) for _ in range(3))

    def forward(self, x: Tensor) -> Tensor:
        """The sum."""
        return (self.a(x) * self.b(x) * 0.3 + self.c(x)).tanh()


class Variational(nn.Module):
    """An encoder to a mean and a spread, a draw, a decoder (Kingma and Welling 2014)."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder, self.mean, self.spread = mlp(3, RELU, he, classes=16)(), nn.Linear(16, 4), nn.Linear(16, 4)
        self.decoder = mlp(3, RELU, he, d=4)()

    def forward(self, x: Tensor) -> Tensor:
        """The decoded draw."""
        h = self.encoder(x).relu()
        mean = self.mean(h)
        return self.decoder(mean + (0.5 * self.spread(h)).exp() * ac.randn(*mean.shape))


class Shuffle(nn.Module):
    """Pixels into channels (Shi et al. 2016), a convolution."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(12, 8, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """x (N, 3, H, W) -> (N, 8, H/2, W/2)."""
        n, c, h, w = x.shape
        parts = x.reshape(n, c, h // 2, 2, w // 2, 2).permute(0, 1, 3, 5, 2, 4)
        return self.conv(parts.reshape(n, 4 * c, h // 2, w // 2)).relu()


class Graph(nn.Module):
    """Neighbours on a ring averaged, then a linear layer (Kipf and Welling 2017)."""

    def __init__(self, a: int, b: int) -> None:
        super().__init__()
        self.layer = nn.Linear(a, b)

    def forward(self, x: Tensor) -> Tensor:
        """x (N, nodes, a) -> (N, nodes, b)."""
        around = (x + x.roll(1, 1) + x.roll(-1, 1)) * 3**-0.5
        return self.layer(around).relu()


class Equilibrium(nn.Module):
    """x <- tanh(W x + U input), twelve times the same."""

    def __init__(self) -> None:
        super().__init__()
        self.w, self.u, self.head = nn.Linear(16, 16), nn.Linear(16, 16), nn.Linear(16, 4)
        orthogonal(self.w.weight)
        self.w.weight.array[...] *= 0.3

    def forward(self, x: Tensor) -> Tensor:
        """The scores."""
        h, given = ac.zeros(*x.shape), self.u(x)
        for _ in range(12):
            h = (self.w(h) + given).tanh()
        return self.head(h)


class Overwriting(nn.Module):
    """A layer whose result is set to zero in place."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(16, 16)

    def forward(self, x: Tensor) -> Tensor:
        """Zeros."""
        y = self.layer(x) * 1.0
        y[:] = 0
        return y


class Teacher(nn.Module):
    """A student's scores, and those of a frozen teacher."""

    def __init__(self) -> None:
        super().__init__()
        self.student, self.teacher = mlp(4, RELU, he, width=32)(), mlp(6, TANH, glorot)()
        for p in self.teacher.parameters():
            p.requires_grad_(False)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Both."""
        with ac.no_grad():
            goal = self.teacher(x).softmax(1)
        return self.student(x), goal


class Features(nn.Module):
    """Scores, and features that nobody uses."""

    def __init__(self) -> None:
        super().__init__()
        self.body, self.head, self.aside = mlp(4, RELU, he, classes=16)(), nn.Linear(16, 4), nn.Linear(16, 8)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Both."""
        h = self.body(x)
        return self.head(h), self.aside(h)


class Named(nn.Module):
    """Scores in a dict."""

    def __init__(self) -> None:
        super().__init__()
        self.body = mlp(4, RELU, he, width=32)()

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        """The scores by name."""
        return {"scores": self.body(x)}


def distilled(out: tuple[Tensor, Tensor], y: Tensor) -> Tensor:
    return -(out[1] * out[0].log_softmax(1)).sum(1).mean()


def of_first(out: tuple[Tensor, Tensor], y: Tensor) -> Tensor:
    return F.cross_entropy(out[0], y)


def of_scores(out: dict[str, Tensor], y: Tensor) -> Tensor:
    return F.cross_entropy(out["scores"], y)


def with_penalty(out: Tensor, y: Tensor) -> Tensor:
    return F.cross_entropy(out, y) + 1e-2 * out.square().mean()


def contrast(out: Tensor, y: Tensor) -> Tensor:
    unit = out / out.square().sum(1, keepdim=True).sqrt()
    return F.cross_entropy(unit @ unit.roll(1, 0).t() * 5, ac.arange(out.shape[0]))


def logarithm(out: Tensor, y: Tensor) -> Tensor:
    return -(out.softmax(1) * 0).log().mean()


def absolute(out: Tensor, y: Tensor) -> Tensor:
    return (out[:, 0] - y.float()).abs().mean()


def of_each(factors: dict[int, float], depth: int = 12) -> Callable[[], nn.Module]:
    """A relu row, he's start, some layers' weights times factors."""

    def make() -> nn.Module:
        model = mlp(depth, RELU, he, width=32)()
        for place, factor in factors.items():
            model[2 * place].weight.array[...] *= factor
        return model

    return make


def graph_net(count: int) -> Callable[[], nn.Module]:
    def make() -> nn.Module:
        layers = [Graph(4 if i == 0 else 16, 16) for i in range(count)]
        return started(nn.Sequential(*layers, Mean(1), nn.Linear(16, 4)), he)

    return make


def in_time() -> Tensor:
    return ac.randn(16, 24, 4)


def tokens() -> Tensor:
    return ac.randn(8, 6, 16)


NEWEST = [
    entry("gated recurrent unit", Gate, data=in_time, reason=BUILT + "a gate nearly closed keeps 95 % a step"),
    entry("mixer 6", lambda: nn.Sequential(*(Mixer(6, 16) for _ in range(6)), Mean(1), nn.Linear(16, 4)),
          data=tokens, reason=BUILT + "norms before, skips around everything"),
    entry("bilinear 5", lambda: started(Net(nn.Linear(16, 16), [Bilinear() for _ in range(5)], nn.Linear(16, 4)),
          glorot), stations=of_blocks),
    entry("variational", Variational, reason=BUILT + "eight layers, he's start"),
    entry("pixels into channels", lambda: started(nn.Sequential(Shuffle(), nn.Conv2d(8, 8, 3), RELU(),
          nn.Flatten(), nn.Linear(32, 4)), he), data=images(8, 3, 8), reason=BUILT + "three layers"),
    entry("graph network 3", graph_net(3), data=lambda: ac.randn(8, 10, 4), reason=BUILT + "four layers"),
    entry("equilibrium, contracting", Equilibrium, reason=BUILT
          + "the input is read at every step; what matters is the last few"),
    entry("overwritten in place", replaced(mlp(6, TANH, glorot), 5, Overwriting), "dead",
          reason=BUILT + "zeros written over it"),
    entry("distilled from a frozen teacher", Teacher, loss=distilled,
          reason=BUILT + "the teacher is meant to rest"),
    entry("features that nobody uses", Features, loss=of_first, reason=BUILT + "an output left aside"),
    entry("scores in a dict", Named, loss=of_scores, reason=BUILT + "four layers, he's start"),
    entry("loss with a penalty", mlp(5, RELU, he, width=32), loss=with_penalty),
    entry("contrastive", mlp(4, RELU, he, width=32, classes=8), loss=contrast),
    entry("absolute errors", mlp(5, TANH, lecun, width=32), loss=absolute),
    entry("logarithm of zero", mlp(4, RELU, he, width=32), "non-finite", loss=logarithm, place="log",
          reason=BUILT + "log 0"),
    entry("a large layer and a tiny one", of_each({3: 1e5, 7: 1e-5}), "vanishing", "exploding",
          reason=BUILT + "2^17 at one layer, 2^-17 at another"),
    entry("three layers of a twentieth", of_each({2: 0.05, 5: 0.05, 8: 0.05}), "vanishing",
          reason=BUILT + "2^-13 together"),
    entry("every other layer halved, rest doubled", of_each({i: 0.5 if i % 2 else 2.0 for i in range(12)}),
          reason=BUILT + "they cancel in pairs"),
    entry("first half shrinks, second grows", of_each({i: 0.7 if i < 8 else 1 / 0.7 for i in range(16)}, 16),
          reason=BUILT + "they cancel"),
    entry("relu 100 he wide", mlp(100, RELU, he, width=96), seed=1),
    entry("tanh 100 orthogonal small", mlp(100, TANH, orthogonal, width=32), data=lambda: ac.randn(32, 16) * 0.01,
          reason="computed in float64"),
    entry("tanh 6 gain 0.1", mlp(6, TANH, scaled(glorot, 0.1), width=32), "vanishing"),
    entry("uniform from 0 to 1", mlp(8, RELU, lambda w: nn.init.uniform_(w, 0, 1), width=32), "exploding"),
    entry("all weights the same but the head's", mlp(5, TANH, lambda w: glorot(w) if w.shape[0] == 4
          else nn.init.constant_(w, 1 / 16), width=16)),
    entry("sparse start", mlp(8, RELU, lambda w: nn.init.sparse_(w, 0.5, 0.3), width=32)),
    entry("identity start", mlp(20, RELU, lambda w: nn.init.eye_(w), width=16)),
    entry("two activations in a row", lambda: doubled(), "vanishing"),
    entry("sigmoid gain 16", mlp(8, nn.Sigmoid, scaled(glorot, 16.0), width=32), "saturated"),
    entry("batch norm in eval mode, trained statistics", mlp(12, RELU, he, norm=nn.BatchNorm1d, width=32),
          train=False),
    entry("group norm, sigmoid", cnn(10, nn.Sigmoid, glorot, norm=lambda c: nn.GroupNorm(4, c)), data=images()),
    entry("one pixel", cnn(6, RELU, he, side=1), data=images(16, 3, 1)),
    entry("large batch", mlp(6, RELU, he, width=32), data=features(512)),
    entry("residual, branches times zero", residual(5, lambda: [nn.Linear(16, 16), Through(lambda x: x * 0)]),
          "dead", reason=BUILT + "what is multiplied by 0 never learns", place="mul"),
    entry("residual, one branch saturated", set_to(residual(5, lambda: [nn.Linear(16, 16), TANH(),
          nn.Linear(16, 16)], glorot), _blocks_2_branch_0_bias=60.0), "saturated", place="blocks/2/branch/1",
          reason=BUILT + "tanh(60)"),
    entry("residual, one branch huge", times(residual(12, lambda: [nn.Linear(16, 16), RELU(), nn.Linear(16, 16)],
          lecun), _blocks_5_branch_2_weight=1e5), "exploding", reason=BUILT + "one branch times 1e5"),
    entry("deep network of one study", lambda: models.DeepNet(20, 4, skips=True, activation="relu", norm="batch",
          init="he"), data=images(8, 1, 8), stations=lambda m: [m.stem, *m.blocks, m.head]),
    entry("its plain twin, default start", lambda: models.DeepNet(40, 4, skips=False, activation="relu"),
          "vanishing", "dead", data=images(8, 1, 8), stations=lambda m: [m.stem, *m.blocks, m.head]),
    entry("blocks with norms after", lambda: Net(nn.Linear(16, 16), [nn.Sequential(Block(nn.Linear(16, 16),
          TANH()), nn.BatchNorm1d(16)) for _ in range(20)], nn.Linear(16, 4)), stations=of_blocks),
]  # fmt: skip


def doubled() -> nn.Module:
    layers: list[nn.Module] = []
    for _ in range(8):
        layers += [nn.Linear(16, 16), nn.Sigmoid(), TANH()]
    return started(nn.Sequential(*layers, nn.Linear(16, 4)), glorot)
