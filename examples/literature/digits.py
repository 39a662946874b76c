"""Training on scikit-learn's digits, as the papers that need a trained network are remade."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import autocnn as ac
from autocnn import data, flow, optim


@cache
def held_out() -> tuple[ac.Tensor, ac.Tensor]:
    """The test images (360, 1, 8, 8) and their labels."""
    digits = data.load("digits", split="test")
    return ac.Tensor(_normal()(digits.images)), ac.Tensor(digits.labels)


def batches(seed: int) -> Iterator[tuple[ac.Tensor, ac.Tensor]]:
    """Batches of 64 training images without end, in an order of this seed."""
    loader = data.DataLoader(
        data.load("digits"), 64, shuffle=True, drop_last=True, seed=seed, transform=_normal(), prefetch=0
    )
    return itertools.chain.from_iterable(iter(loader) for _ in itertools.count())


@cache
def _normal() -> data.Normalize:
    digits = data.load("digits")
    return data.Normalize(digits.mean, digits.std, digits.scale)


def train(
    networks: dict[str, Any], steps: int, rate: float, seed: int, blocks: Callable[[Any], Any] | None = None
) -> flow.Twins:
    """Train networks on the very same batches by SGD with momentum 0.9; gradients are measured at `blocks`."""
    return flow.twins(
        networks,
        blocks or (lambda net: list(net.blocks)),
        lambda net: optim.SGD(net.parameters(), lr=rate, momentum=0.9),
        lambda: batches(seed),
        held_out(),
        steps=steps,
        record=(2,),
    )


def final_loss(twin: flow.Twin) -> float:
    """The mean training loss of the last 20 steps."""
    return sum(twin.losses[-20:]) / len(twin.losses[-20:])
