"""Balduzzi et al. (2017): gradients of inputs that differ are as good as unrelated in a deep plain network."""

from __future__ import annotations

import autocnn as ac
from autocnn import flow

from .row import Row, near

PAPER = "Balduzzi et al. 2017"
FLOOR = 1.96 / 256**0.5
"""95 % of the autocorrelations of 256 independent numbers are smaller."""
KINDS = {"plain": "2^-L", "residual": "(3/4)^L", "residual, batch norm": "about 1/√L"}


def reproduce(seeds: int = 5) -> list[Row]:
    """The theorems on random gates, and real networks of ReLUs along a line of inputs."""
    rows = []
    for kind, law in KINDS.items():
        drawn = [flow.random_gates(kind, 6, width=64, draws=600, seed=seed) for seed in range(seeds)]
        expected = drawn[0].expected_covariance
        rows.append(
            near(
                PAPER,
                f"random gates, {kind}, depth 6: covariance",
                expected,
                [g.covariance for g in drawn],
                0.1,
                note=f"(correlation {law})",
            )
        )
    along = ac.linspace(-2, 2, 256).reshape(256, 1)
    for depth, skips, claim, low, high in (
        (1, False, "1 ReLU layer: near brown noise", 0.9, 1.0),
        (50, False, "50 ReLU layers: near white noise", -FLOOR, FLOOR),
        (50, True, "50 ReLU layers with skips: in between", FLOOR, 0.9),
    ):
        found = [lag_one(depth, skips, along, seed) for seed in range(seeds)]
        rows.append(Row(PAPER, f"{claim}; autocorrelation at lag 1", "figure 2", tuple(found), low, high))
    return rows


def lag_one(depth: int, skips: bool, along: ac.Tensor, seed: int) -> float:
    """The autocorrelation at lag 1 of the gradient along a line of 256 inputs in [-2, 2]."""
    net = flow.rectifiers(depth, 200, seed=seed, skips=skips, norm="batch" if depth > 1 else None)
    return flow.shatter(net, line=along, lags=8).autocorrelation[1]
