"""Other kinds of networks: in time, with attention, shaped like a U, with two towers, with other losses."""

from __future__ import annotations

import itertools

import autocnn as ac
from autocnn import Tensor, nn
from autocnn.nn import functional as F

from .entry import entry, features, images
from .parts import Block, glorot, he, mlp, orthogonal, started

BUILT = "by construction: "


class Recurrent(nn.Module):
    """h <- tanh(W x + U h) over time, U orthogonal times a gain; the last h is classified."""

    def __init__(self, gain: float) -> None:
        super().__init__()
        self.w, self.u, self.head = nn.Linear(4, 16), nn.Linear(16, 16, bias=False), nn.Linear(16, 4)
        orthogonal(self.u.weight)
        self.u.weight.array[...] *= gain

    def forward(self, x: Tensor) -> Tensor:
        """x (N, T, 4) -> scores."""
        h = ac.zeros(x.shape[0], 16)
        for t in range(x.shape[1]):
            h = (self.w(x[:, t]) + self.u(h)).tanh()
        return self.head(h)


class Attention(nn.Module):
    """Causal attention of one head with a skip around it; what lies ahead is masked by -infinity."""

    def __init__(self, width: int = 16) -> None:
        super().__init__()
        self.q, self.k, self.v, self.o = (nn.Linear(width, width) for _ in range(4))
        self.norm = nn.LayerNorm(width)

    def forward(self, x: Tensor) -> Tensor:
        """x (N, L, C) -> the same."""
        h = self.norm(x)
        scores = self.q(h) @ self.k(h).transpose(1, 2) * 0.25
        ahead = ac.full(scores.shape[1:], -float("inf"))
        seen = ac.where(ac.tril(ac.ones(*scores.shape[1:])) > 0, scores, ahead)
        return x + self.o(seen.softmax(-1) @ self.v(h))


class Transformer(nn.Module):
    """Whole numbers, embedded; blocks of attention and a small network; the mean is classified."""

    def __init__(self, blocks: int) -> None:
        super().__init__()
        self.table = nn.Parameter(ac.randn(10, 16))
        rest = [nn.LayerNorm(16), nn.Linear(16, 32), nn.GELU(), nn.Linear(32, 16)]
        self.blocks = nn.Sequential(*(nn.Sequential(Attention(), Block(*rest)) for _ in range(blocks)))
        self.head = nn.Linear(16, 4)

    def forward(self, x: Tensor) -> Tensor:
        """x (N, L) of whole numbers -> scores."""
        return self.head(self.blocks(self.table[x]).mean(1))


class UNet(nn.Module):
    """Convolutions down and up, with a skip from each on the way down to its partner on the way up."""

    def __init__(self, depth: int) -> None:
        super().__init__()
        sizes = [3] + [8] * depth
        self.down = nn.ModuleList(nn.Conv2d(a, b, 3, padding=1) for a, b in itertools.pairwise(sizes))
        self.up = nn.ModuleList(nn.Conv2d(16, 8, 3, padding=1) for _ in range(depth - 1))
        self.head = nn.Conv2d(8, 1, 1)
        started(self, he)

    def forward(self, x: Tensor) -> Tensor:
        """x (N, 3, H, W) -> a score for each pixel (N, H W)."""
        kept = []
        for conv in self.down:
            x = conv(x).relu()
            kept.append(x)
        kept.pop()
        for conv in self.up:
            x = conv(ac.cat([x, kept.pop()], 1)).relu()
        return self.head(x).flatten(1)


class Towers(nn.Module):
    """Two networks side by side, their results next to each other under one head."""

    def __init__(self, left: nn.Module, right: nn.Module) -> None:
        super().__init__()
        self.left, self.right, self.head = left, right, nn.Linear(32, 4)

    def forward(self, x: Tensor) -> Tensor:
        """The scores."""
        return self.head(ac.cat([self.left(x), self.right(x)], 1))


def autoencoder() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(3, 4, 3, 2, 1), nn.ReLU(), nn.Conv2d(4, 8, 3, 2, 1), nn.ReLU(),
        nn.ConvTranspose2d(8, 4, 2, 2), nn.ReLU(), nn.ConvTranspose2d(4, 3, 2, 2), nn.Flatten(),
    )  # fmt: skip


def in_place() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU(inplace=True), nn.Conv2d(8, 8, 3), nn.ReLU(inplace=True),
        nn.Flatten(), nn.Linear(128, 4),
    )  # fmt: skip


def energy(out: Tensor, y: Tensor) -> Tensor:
    return (out - 1).square().mean()


def right_or_wrong(out: Tensor, y: Tensor) -> Tensor:
    return F.binary_cross_entropy(out[:, 0].sigmoid(), (y % 2).float())


def in_time() -> Tensor:
    return ac.randn(16, 30, 4)


WILD = [
    entry("recurrent gain 0.5", lambda: Recurrent(0.5), "vanishing", data=in_time,
          reason=BUILT + "each step back in time halves the gradient, 29 times"),
    entry("recurrent gain 1", lambda: Recurrent(1.0), data=lambda: in_time() * 0.1,
          reason=BUILT + "orthogonal, and tanh of small values is nearly linear"),
    entry("recurrent gain 4", lambda: Recurrent(4.0), "exploding", "saturated", data=in_time,
          reason=BUILT + "chaotic; inputs of tanh have variance 13, of which 54 % lie beyond 2.18"),
    entry("transformer 4", lambda: Transformer(4), data=lambda: ac.randint(0, 10, (16, 6)),
          reason=BUILT + "norms before, skips around everything"),
    entry("u-net 5", lambda: UNet(5), data=images(4), reason=BUILT + "he's start, skips"),
    entry("autoencoder", autoencoder, data=images(), loss=energy, reason=BUILT + "four layers"),
    entry("relu in place", in_place, data=images(), reason=BUILT + "three layers"),
    entry("sigmoid tower beside a linear one", lambda: Towers(mlp(12, nn.Sigmoid, classes=16)(),
          nn.Linear(16, 16)), "vanishing", place="left/1",
          reason=BUILT + "sigmoid's derivative is at most 1/4, twelve times over"),
    entry("two tanh towers", lambda: Towers(mlp(12, nn.Tanh, glorot, classes=16)(),
          mlp(9, nn.Tanh, glorot, classes=16)()), reason=BUILT + "glorot's start on tanh holds sizes"),
    entry("binary cross-entropy", mlp(4, nn.ReLU, he, width=32), loss=right_or_wrong, data=features(16),
          reason=BUILT + "four layers"),
]  # fmt: skip
