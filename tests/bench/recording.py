"""What recording every step of a ResNet-20 costs: steps with and without `flow.watch`, in turns.

python -m tests.bench.recording [rounds]
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from time import perf_counter
from typing import Any

import numpy as np

import autocnn as ac
from autocnn import flow, models, optim
from autocnn.nn import functional as F

Step = Callable[[], None]


def training(images: int = 128) -> tuple[Any, Step]:
    """A ResNet-20 and a function that trains it for one step on a batch of CIFAR's shape."""
    ac.manual_seed(0)
    net = models.resnet20()
    rng = np.random.default_rng(0)
    x = ac.tensor(rng.normal(size=(images, 3, 32, 32)).astype(np.float32))
    y = ac.tensor(rng.integers(0, 10, images))
    sgd = optim.SGD(net.parameters(), lr=0.05, momentum=0.9, weight_decay=1e-4)

    def step() -> None:
        sgd.zero_grad()
        F.cross_entropy(net(x), y).backward()
        sgd.step()

    return net, step


def seconds(step: Step, count: int = 3) -> list[float]:
    """How long each of some steps takes."""
    found = []
    for _ in range(count):
        began = perf_counter()
        step()
        found.append(perf_counter() - began)
    return found


def main(rounds: int = 30) -> float:
    """Measure, print, and return the share that recording adds to the median step."""
    net, step = training()
    seconds(step, 5)
    bare, watched = [], []
    for _ in range(rounds):
        bare += seconds(step)[1:]
        with flow.watch(net, every=1, sample=1 / 32) as w:
            w._scheduled = 0  # samples alone
            w._begin()
            watched += seconds(step)[1:]
    share = float(np.median(watched) / np.median(bare)) - 1
    print(f"a step takes {np.median(bare) * 1e3:.1f} ms, {np.median(watched) * 1e3:.1f} ms recorded: {share:+.1%}")
    print(f"the recorder itself says {w.report.overhead_sampled:.1%}")
    return share


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
