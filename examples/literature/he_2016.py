"""He et al. (2016) beside Yang et al. (2019): depth makes plain networks worse; what their gradients do."""

from __future__ import annotations

import autocnn as ac
from autocnn import flow
from autocnn.models.deep import DeepNet

from .digits import final_loss, train
from .row import Row

HE, YANG = "He et al. 2016", "Yang et al. 2019"
DEPTHS = (20, 56, 110)


def network(depth: int, skips: bool, seed: int) -> DeepNet:
    """Blocks of two 3x3 convolutions with batch norm and ReLU, 8 channels wide, for 8x8 digits."""
    ac.manual_seed(seed)
    return DeepNet(depth, 8, skips=skips, activation="relu", norm="batch", init="he")


def reproduce(seeds: int = 3, steps: int = 400) -> list[Row]:
    """The claims, each with its value over some seeds."""
    runs: dict[tuple[int, str], list[flow.Twin]] = {}
    for depth in DEPTHS:
        for seed in range(seeds):
            both = train({k: network(depth, k == "skip", seed) for k in ("plain", "skip")}, steps, 0.005, seed)
            for twin in both.twins:
                runs.setdefault((depth, twin.name), []).append(twin)
    rows = []
    for kind in ("plain", "skip"):
        for depth in DEPTHS:
            losses = [final_loss(twin) for twin in runs[depth, kind]]
            low, high = (0.5, 9.0) if kind == "plain" and depth > 20 else (0.0, 0.5)
            theirs = "training error rises with depth" if kind == "plain" else "falls, or stays"
            rows.append(
                Row(
                    HE,
                    f"{kind}-{depth}: training loss after {steps} steps on digits",
                    theirs,
                    tuple(losses),
                    low,
                    high,
                )
            )
    for depth in DEPTHS[1:]:
        plain = runs[depth, "plain"]
        first = [twin.moments[0].ratio for twin in plain]
        relaxed = [twin.moments[1].ratio / twin.moments[0].ratio for twin in plain]
        rows += [
            Row(
                YANG,
                f"plain-{depth} with batch norm: gradient at the first block over the last, at initialisation",
                "explodes with depth",
                tuple(first),
                100.0,
                1e12,
            ),
            Row(
                YANG,
                f"plain-{depth}: the same after one step, over that before",
                "relaxes",
                tuple(relaxed),
                0.0,
                0.5,
            ),
        ]
    skip = [twin.moments[0].ratio for twin in runs[DEPTHS[-1], "skip"]]
    rows.append(
        Row(
            YANG,
            f"skip-{DEPTHS[-1]}: gradient at the first block over the last, at initialisation",
            "grows far less",
            tuple(skip),
            1.0,
            1000.0,
        )
    )
    return rows
