"""He, Zhang, Ren and Sun (2015): Xavier's weights lose a factor √2 at every layer of ReLUs, theirs do not."""

from __future__ import annotations

import math

import autocnn as ac
from autocnn import nn

from .digits import final_loss, train
from .row import Row, near

PAPER = "He et al. 2015"
LAYERS = 30


def stack(way: str, inputs: int, width: int, seed: int) -> nn.Sequential:
    """Thirty layers of ReLUs, drawn by Xavier's way or by theirs, with no bias."""
    ac.manual_seed(seed)
    net = nn.Sequential()
    for i in range(LAYERS):
        layer = nn.Linear(width if i else inputs, width, bias=False)
        (nn.init.kaiming_normal_ if way == "he" else nn.init.xavier_normal_)(layer.weight)
        net.append(nn.Sequential(layer, nn.ReLU()))
    return net


def kept(way: str, seed: int) -> float:
    """The second moment after 30 layers of 512 units over that after the first: log2 of a layer's factor."""
    net, x = stack(way, 512, 512, seed), ac.randn(256, 512)
    with ac.no_grad():
        first = net[0](x)
        last = nn.Sequential(*list(net)[1:])(first)
    return math.log2(float((last**2).mean().item()) / float((first**2).mean().item())) / (LAYERS - 1)


class Classifier(nn.Module):
    """Thirty layers of 64 ReLUs and a linear head, for 8x8 digits."""

    def __init__(self, way: str, seed: int) -> None:
        self.blocks = stack(way, 64, 64, seed)
        self.head = nn.Linear(64, 10)

    def forward(self, x: ac.Tensor) -> ac.Tensor:
        """x (N, 1, 8, 8) -> (N, 10)."""
        return self.head(self.blocks(x.flatten(1)))


def reproduce(seeds: int = 5, steps: int = 2000) -> list[Row]:
    """The claims, each with its value over some seeds."""
    gain = 5.9 * 4.2**2 * 2.9**2 * 2.1**4
    runs = [train({w: Classifier(w, s) for w in ("xavier", "he")}, steps, 0.002, s) for s in range(seeds)]
    accuracy = {way: [run[way].accuracy for run in runs] for way in ("xavier", "he")}
    loss = [final_loss(run["xavier"]) for run in runs]
    widths = [math.sqrt(2 / (9 * n)) for n in (64, 128, 256, 512)]
    return [
        near(
            PAPER,
            "standard deviations for 3x3 kernels of 64, 128, 256, 512 maps: their product",
            0.0589 * 0.0417 * 0.0295 * 0.0208,
            [math.prod(widths)],
            0.005,
        ),
        near(PAPER, "with 0.01 instead: gradient from conv10 to conv2 is 1 part in", 1.7e4, [gain], 0.005),
        near(
            PAPER,
            "log2 of the second moment's factor a layer, Xavier",
            -1.0,
            [kept("xavier", seed) for seed in range(seeds)],
            0.1,
        ),
        Row(PAPER, "the same with theirs", "0", tuple(kept("he", seed) for seed in range(seeds)), -0.1, 0.1),
        Row(
            PAPER,
            "30 layers, Xavier: training stalls; accuracy on digits (chance 0.10)",
            "stalls",
            tuple(accuracy["xavier"]),
            0.0,
            0.2,
        ),
        Row(
            PAPER, "30 layers, theirs: converges; accuracy on digits", "converges", tuple(accuracy["he"]), 0.8, 1.0
        ),
        near(PAPER, "30 layers, Xavier: the loss stays at ln 10", math.log(10), loss, 0.01),
    ]
