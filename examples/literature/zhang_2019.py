"""Zhang, Dauphin and Ma (2019): without normalisation residual networks explode, and how Fixup starts them."""

from __future__ import annotations

import math

import autocnn as ac
from autocnn import flow, nn

from .row import Row, near

PAPER = "Zhang et al. 2019"
WIDTH, BLOCKS = 256, 12


class Block(nn.Module):
    """x + F(x) with relu before the layers of F, or relu(x + F(x)) with relu between them; weights by He et al."""

    def __init__(self, pre_activation: bool) -> None:
        self.pre_activation = pre_activation
        self.first, self.second = nn.Linear(WIDTH, WIDTH, bias=False), nn.Linear(WIDTH, WIDTH, bias=False)
        for layer in (self.first, self.second):
            nn.init.kaiming_normal_(layer.weight)

    def forward(self, x: ac.Tensor) -> ac.Tensor:
        """x (N, WIDTH) -> the same shape."""
        if self.pre_activation:
            return x + self.second(self.first(x.relu()).relu())
        return (x + self.second(self.first(x).relu())).relu()


def growth(pre_activation: bool, seed: int) -> float:
    """By how much a block multiplies the second moment, the geometric mean over blocks."""
    ac.manual_seed(seed)
    net = nn.Sequential(*(Block(pre_activation) for _ in range(BLOCKS)))
    x = ac.randn(256, WIDTH)
    x = x if pre_activation else x.relu()
    with ac.no_grad():
        return float(((net(x) ** 2).mean() / (x**2).mean()).item()) ** (1 / BLOCKS)


def fixup(net: nn.Sequential) -> None:
    """Last layers 0, the others of a branch of m layers times L^(-1/(2m-2)), here m = 2."""
    for block in net:
        block.first.weight.data = block.first.weight * len(net) ** -0.5
        nn.init.zeros_(block.second.weight)


def start_of_fixup(seed: int) -> tuple[float, float]:
    """The loss at step 0, and the gradient RMS at the first block's result over that at the last's."""
    ac.manual_seed(seed)
    blocks = nn.Sequential(*(Block(True) for _ in range(54)))
    fixup(blocks)
    head = nn.Linear(WIDTH, 10)
    loss = float(
        flow.run(nn.Sequential(blocks, zeroed(head)), ac.randn(64, WIDTH), ac.arange(64) % 10).loss.item()
    )
    r = flow.run(nn.Sequential(blocks, nn.Linear(WIDTH, 10)), ac.randn(64, WIDTH), ac.arange(64) % 10)
    first, last = r.vertex("0/0"), r.vertex("0/53")
    sizes = r.scaled_gradients([first, last])
    return loss, sizes[first].rms() / sizes[last].rms()


def zeroed(layer: nn.Linear) -> nn.Linear:
    """The classifier as Fixup starts it."""
    nn.init.zeros_(layer.weight)
    nn.init.zeros_(layer.bias)
    return layer


def reproduce(seeds: int = 5) -> list[Row]:
    """The claims, each with its value over some seeds."""
    started = [start_of_fixup(seed) for seed in range(seeds)]
    return [
        near(
            PAPER,
            "growth of the second moment a block, pre-activation, He's weights",
            2.0,
            [growth(True, seed) for seed in range(seeds)],
            0.1,
            note="(2^L in the paper)",
        ),
        near(
            PAPER,
            "growth of the second moment a block, original form, He's weights",
            2.23,
            [growth(False, seed) for seed in range(seeds)],
            0.1,
        ),
        near(PAPER, "Fixup, 54 blocks: loss at step 0, ln 10", math.log(10), [loss for loss, _ in started], 1e-5),
        near(
            PAPER,
            "Fixup, 54 blocks: gradient at the first block over the last",
            1.0,
            [ratio for _, ratio in started],
            1e-5,
        ),
    ]
