"""A third set, written after the second one had mended the diagnosis: ensembles, formulas by hand, accidents."""

from __future__ import annotations

from collections.abc import Callable

import autocnn as ac
from autocnn import Tensor, nn
from autocnn.nn import functional as F

from .entry import entry, features, images
from .parts import Block, Net, Through, cnn, glorot, he, mlp, of_blocks, replaced, residual, set_to, started

BUILT = "by construction: "
RELU, TANH = nn.ReLU, nn.Tanh


class Ensemble(nn.Module):
    """The mean of several networks' scores."""

    def __init__(self, *members: nn.Module) -> None:
        super().__init__()
        self.members = nn.ModuleList(members)

    def forward(self, x: Tensor) -> Tensor:
        """The mean."""
        total = self.members[0](x)
        for member in list(self.members)[1:]:
            total = total + member(x)
        return total / len(self.members)


class Rectified(nn.Module):
    """h <- relu(W x + U h), U the identity times a gain (Le et al. 2015)."""

    def __init__(self, gain: float) -> None:
        super().__init__()
        self.w, self.u, self.head = nn.Linear(4, 16), nn.Linear(16, 16), nn.Linear(16, 4)
        self.u.weight.array[...] = ac.eye(16).array * gain
        self.u.bias.array[...] = 0

    def forward(self, x: Tensor) -> Tensor:
        """x (N, T, 4) -> scores."""
        h = ac.zeros(x.shape[0], 16)
        for t in range(x.shape[1]):
            h = (self.w(x[:, t]) + self.u(h)).relu()
        return self.head(h)


class BothWays(nn.Module):
    """A contraction read forwards and backwards in time."""

    def __init__(self, gain: float) -> None:
        super().__init__()
        self.w, self.u, self.head = nn.Linear(4, 16), nn.Linear(16, 16), nn.Linear(32, 4)
        started(self.u, lambda w: nn.init.orthogonal_(w, gain))

    def forward(self, x: Tensor) -> Tensor:
        """x (N, T, 4) -> scores."""
        ends = []
        for order in (range(x.shape[1]), reversed(range(x.shape[1]))):
            h = ac.zeros(x.shape[0], 16)
            for t in order:
                h = (self.w(x[:, t]) + self.u(h)).tanh()
            ends.append(h)
        return self.head(ac.cat(ends, 1))


class DeepSet(nn.Module):
    """A network for each element, their sum, a network."""

    def __init__(self) -> None:
        super().__init__()
        self.each, self.all = mlp(3, RELU, he, d=4, classes=16)(), mlp(3, RELU, he)()

    def forward(self, x: Tensor) -> Tensor:
        """x (N, elements, 4) -> scores."""
        return self.all(self.each(x).sum(1) * 0.3)


class Weights(nn.Module):
    """A layer whose weights another layer makes from a learned code."""

    def __init__(self) -> None:
        super().__init__()
        self.code, self.make = nn.Parameter(ac.randn(8)), nn.Linear(8, 256)
        self.head = nn.Linear(16, 4)

    def forward(self, x: Tensor) -> Tensor:
        """The scores."""
        w = self.make(self.code).reshape(16, 16)
        return self.head(F.linear(x, w).tanh())


class LayerScale(nn.Module):
    """x + s F(x), s a number for each channel that starts at 1e-6 (Touvron et al. 2021)."""

    def __init__(self) -> None:
        super().__init__()
        self.branch = nn.Sequential(nn.LayerNorm(16), nn.Linear(16, 32), nn.GELU(), nn.Linear(32, 16))
        self.s = nn.Parameter(ac.full((16,), 1e-6))

    def forward(self, x: Tensor) -> Tensor:
        """The sum."""
        return x + self.s * self.branch(x)


class Trunk(nn.Module):
    """A trunk that runs under no_grad, a head that learns."""

    def __init__(self, frozen: bool) -> None:
        super().__init__()
        self.trunk, self.head = mlp(4, RELU, he, classes=16)(), nn.Linear(16, 4)
        for p in self.trunk.parameters():
            p.requires_grad_(not frozen)

    def forward(self, x: Tensor) -> Tensor:
        """The scores."""
        with ac.no_grad():
            h = self.trunk(x)
        return self.head(h)


def by_hand(formula: Callable[[Tensor], Tensor], factor: float) -> Callable[[], nn.Module]:
    """Four layers, the second activation a formula of `factor` times its input."""
    return replaced(mlp(4, TANH, glorot, width=32), 3, lambda: Through(lambda x: formula(x * factor)))


def tanh(x: Tensor) -> Tensor:
    e = (2 * x).exp()
    return (e - 1) / (e + 1)


def softmax(x: Tensor) -> Tensor:
    e = x.exp()
    return e / e.sum(1, keepdim=True)


def squareplus(x: Tensor) -> Tensor:
    return (x + (x * x + 4).sqrt()) / 2


def straight_through(x: Tensor) -> Tensor:
    return x + (x.round() - x).detach()


def biases_alone() -> nn.Module:
    model = mlp(6, RELU, he, width=32)()
    for p in model.parameters():
        p.requires_grad_(p.ndim == 1)
    return model


def sigmoids_first() -> nn.Module:
    stem = mlp(12, nn.Sigmoid, glorot, classes=16)()
    return Net(stem, [Block(nn.LayerNorm(16), nn.Linear(16, 16), RELU()) for _ in range(6)], nn.Linear(16, 4))


def sigmoids_last() -> nn.Module:
    head = mlp(12, nn.Sigmoid, glorot)()
    return Net(nn.Linear(16, 16), [Block(nn.LayerNorm(16), nn.Linear(16, 16), RELU()) for _ in range(6)], head)


def nested() -> nn.Module:
    inner = [Block(Block(nn.BatchNorm1d(16), RELU(), nn.Linear(16, 16)), nn.BatchNorm1d(16), RELU(),
             nn.Linear(16, 16)) for _ in range(5)]  # fmt: skip
    return Net(nn.Linear(16, 16), [nn.Sequential(block, nn.BatchNorm1d(16)) for block in inner], nn.Linear(16, 4))


def zeros(w: Tensor) -> None:
    w.array[...] = 0


def ignored(out: Tensor, y: Tensor) -> Tensor:
    return F.cross_entropy(out, y * 0 - 100)


def already_right(out: Tensor, y: Tensor) -> Tensor:
    return F.cross_entropy(out + F.one_hot(y, 4).float() * 1e4, y)


def same_image() -> Tensor:
    x = ac.randn(1, 16)
    return ac.cat([x] * 32, 0)


def in_time() -> Tensor:
    return ac.randn(16, 24, 4)


LAST = [
    entry("five networks' mean", lambda: Ensemble(*(mlp(5, RELU, he, width=32)() for _ in range(5))),
          reason=BUILT + "five layers, he's start"),
    entry("an ensemble with one sigmoid member", lambda: Ensemble(mlp(5, RELU, he)(), mlp(15, nn.Sigmoid)()),
          "vanishing", reason=BUILT + "sigmoid's derivative is at most 1/4", place="members/1"),
    entry("an ensemble with one dead member", lambda: Ensemble(mlp(5, RELU, he)(), set_to(mlp(5, RELU, he),
          _4_bias=-100.0)()), "dead", reason=BUILT + "a bias of -100", place="relu in members/1/5"),
    entry("rectified in time, identity", lambda: Rectified(1.0), data=in_time, reason=BUILT + "U is the identity"),
    entry("rectified in time, times 1.7", lambda: Rectified(1.7), "exploding", data=in_time,
          reason=BUILT + "what is open is open for good: 1.7^23"),
    entry("both ways in time, gain 0.4", lambda: BothWays(0.4), "vanishing", data=in_time,
          reason=BUILT + "the middle of time is twelve steps from the head either way: 0.4^12 is 2^-16"),
    entry("deep set", DeepSet, data=lambda: ac.randn(16, 10, 4), reason=BUILT + "six layers, he's start"),
    entry("weights made by a layer", Weights, reason=BUILT + "three layers"),
    entry("layer scale 1e-6", lambda: Net(nn.Linear(16, 16), [LayerScale() for _ in range(12)], nn.Linear(16, 4)),
          stations=of_blocks),
    entry("trunk without gradients, frozen", lambda: Trunk(True), reason=BUILT + "frozen on purpose"),
    entry("trunk without gradients, not frozen", lambda: Trunk(False), "cut", reason=BUILT + "no_grad()",
          place="in trunk/6"),
    entry("biases alone learn", biases_alone, reason=BUILT + "the weights are frozen on purpose"),
    entry("tanh by hand", by_hand(tanh, 1.0), reason=BUILT + "four layers"),
    entry("tanh by hand, overflows", by_hand(tanh, 300.0), "non-finite", place="exp in 3",
          reason=BUILT + "exp(600)"),
    entry("softmax by hand, overflows", by_hand(softmax, 1e4), "non-finite", reason=BUILT + "exp(1e4)",
          place="exp in 3"),
    entry("squareplus", by_hand(squareplus, 1.0), reason=BUILT + "four layers"),
    entry("rounded, straight through", by_hand(straight_through, 1.0), reason=BUILT + "its gradient is 1"),
    entry("sigmoids, then residual blocks", sigmoids_first, "vanishing",
          reason=BUILT + "sigmoid's derivative is at most 1/4"),
    entry("residual blocks, then sigmoids", sigmoids_last, "vanishing",
          reason=BUILT + "sigmoid's derivative is at most 1/4"),
    entry("residual in residual", nested, stations=of_blocks),
    entry("all weights zero, relu", mlp(5, RELU, zeros), "dead", place="relu in 1",
          reason=BUILT + "all units are 0"),
    entry("all weights zero, convolutions", cnn(5, TANH, zeros), "dead", data=images(), place="tanh in 1",
          reason=BUILT + "all units are 0"),
    entry("the same image, batch norm", mlp(5, RELU, he, norm=nn.BatchNorm1d), "exploding", data=same_image),
    entry("faint images", mlp(6, RELU, he, width=32, bias=False), data=lambda: ac.randn(32, 16) * 1e-6),
    entry("glaring images", mlp(4, RELU, he, width=32, bias=False), data=lambda: ac.randn(32, 16) * 1e12,
          reason=BUILT + "relu passes any scale; a note says it"),
    entry("all labels ignored", mlp(4, RELU, he), "non-finite", loss=ignored, reason=BUILT + "0 / 0",
          place="cross_entropy"),
    entry("already right", mlp(4, RELU, he), "saturated", loss=already_right, place="cross_entropy",
          reason=BUILT + "the softmax is one-hot, its derivative 0"),
    entry("a hundred classes", mlp(6, RELU, he, width=64, classes=100), classes=100, data=features(200)),
    entry("one layer", lambda: nn.Sequential(nn.Linear(16, 4)), reason=BUILT + "one layer"),
    entry("one layer of zeros", lambda: started(nn.Sequential(nn.Linear(16, 4)), zeros),
          reason=BUILT + "it gets a gradient"),
    entry("residual, dropout of branches", residual(8, lambda: [nn.LayerNorm(16), nn.Linear(16, 16), RELU(),
          nn.Linear(16, 16), nn.Dropout(0.8)]), stations=of_blocks),
    entry("channels dropped", lambda: nn.Sequential(nn.Conv2d(3, 16, 3, padding=1), RELU(), nn.Dropout2d(0.3),
          nn.Conv2d(16, 16, 3, padding=1), RELU(), nn.GlobalAvgPool(), nn.Flatten(), nn.Linear(16, 4)),
          data=images(), reason=BUILT + "three layers"),
]  # fmt: skip
