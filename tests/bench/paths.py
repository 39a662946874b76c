"""What splitting ResNet-110's gradient by paths costs, in backward passes of the same network and batch.

python -m tests.bench.paths [rounds]
"""

from __future__ import annotations

import sys
from time import perf_counter

import numpy as np

import autocnn as ac
from autocnn import flow, models
from autocnn.nn import functional as F


def main(rounds: int = 5) -> float:
    """Measure in turns, print, and return the median cost in backward passes."""
    ac.manual_seed(0)
    net = models.resnet110()
    x, y = ac.randn(16, 3, 32, 32), ac.arange(16) % 10
    kept = flow.run(net, x, y)
    backward, split = [], []
    for _ in range(1 + rounds):
        for _ in range(4):
            loss = F.cross_entropy(net(x), y)
            began = perf_counter()
            loss.backward()
            backward.append(perf_counter() - began)
            net.zero_grad()
        began = perf_counter()
        flow.paths(kept)
        split.append(perf_counter() - began)
    passes = float(np.median(split[1:]) / np.median(backward[4:]))
    print(f"2^54 paths of ResNet-110, batch 16: {passes:.1f} backward passes")
    return passes


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
