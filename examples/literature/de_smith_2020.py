"""De and Smith (2020): batch norm keeps branches small: in block l the branch has 1/(l + 1) of the sum."""

from __future__ import annotations

import autocnn as ac
from autocnn import flow, nn

from .row import Row, near

PAPER = "De and Smith 2020"
WIDTH, BLOCKS = 256, 24


class Block(nn.Module):
    """x + F(x), F = norm, relu, layer, norm, relu, layer, with He's weights: F(x) has second moment 1."""

    def __init__(self) -> None:
        parts = [nn.BatchNorm1d(WIDTH), nn.ReLU(), nn.Linear(WIDTH, WIDTH, bias=False)]
        parts += [nn.BatchNorm1d(WIDTH), nn.ReLU(), nn.Linear(WIDTH, WIDTH, bias=False)]
        self.branch = nn.Sequential(*parts)
        for layer in (self.branch[2], self.branch[5]):
            nn.init.kaiming_normal_(layer.weight)

    def forward(self, x: ac.Tensor) -> ac.Tensor:
        """x (N, WIDTH) -> the same shape."""
        return x + self.branch(x)


def moments(seed: int) -> tuple[list[float], list[float]]:
    """By block, the branch's second moment over that of the sum; and the second moments of what enters each."""
    ac.manual_seed(seed)
    net = nn.Sequential(*(Block() for _ in range(BLOCKS)))
    r = flow.run(net, ac.randn(512, WIDTH), ac.zeros(512), loss=lambda z, _: z.mean(), values=True)
    joins = flow.residual_joins(r.graph)
    square = {
        v: float((r.value(v).astype("float64") ** 2).mean()) for j in joins for v in (j.join, j.branch, j.fork)
    }
    return [square[j.branch] / square[j.join] for j in joins], [square[j.fork] for j in joins]


def reproduce(seeds: int = 5) -> list[Row]:
    """The claims, each with its value over some seeds."""
    found = [moments(seed) for seed in range(seeds)]
    rows = [
        near(
            PAPER,
            f"share of the branch in block {block}: 1/(l + 1)",
            1 / (block + 1),
            [shares[block - 1] for shares, _ in found],
            0.1,
        )
        for block in (1, 2, 4, 8, 16, 24)
    ]
    last = [entering[-1] for _, entering in found]
    return [
        *rows,
        near(
            PAPER,
            f"second moment of what enters block {BLOCKS}: it grows by 1 a block, not by a factor",
            BLOCKS,
            last,
            0.1,
        ),
    ]
