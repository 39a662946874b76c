"""Poole et al. (2016) and Schoenholz et al. (2017): where tanh networks settle, and chi of their gradients."""

from __future__ import annotations

import math

import autocnn as ac
from autocnn import flow, nn
from autocnn.flow import theory

from .row import Row, near

POOLE, SCHOENHOLZ = "Poole et al. 2016", "Schoenholz et al. 2017"
WIDTH, LAYERS, BIAS = 500, 40, 0.05


def measured(weight: float, seed: int) -> tuple[float, float]:
    """The variance before the last activation, and the factor of a gradient's mean square by a layer."""
    ac.manual_seed(seed)
    net = nn.Sequential(*(nn.Sequential(nn.Linear(WIDTH, WIDTH), nn.Tanh()) for _ in range(LAYERS)))
    for layer, _ in net:
        nn.init.normal_(layer.weight, std=math.sqrt(weight / WIDTH))
        nn.init.normal_(layer.bias, std=math.sqrt(BIAS))
    cotangent = ac.randn(32, WIDTH)
    r = flow.run(net, ac.randn(32, WIDTH), ac.zeros(32), loss=lambda z, _: (z * cotangent).sum() / 32, values=True)
    settled = r.vertex(f"{LAYERS - 1}/0")
    low, high = r.vertex("9/0"), r.vertex("29/0")  # past the first layers, before the last ones
    sizes = r.scaled_gradients([low, high])
    factor = 2.0 ** (2 * (sizes[low].log2_rms() - sizes[high].log2_rms()) / 20)
    return float((r.value(settled).astype("float64") ** 2).mean()), factor


def reproduce(seeds: int = 5) -> list[Row]:
    """The claims, each with its value over some seeds."""
    rows = []
    edge = theory.critical_weight("tanh", BIAS)
    for weight, name in ((0.9, "ordered"), (edge, "critical"), (3.0, "chaotic")):
        q = theory.fixed_point("tanh", weight, BIAS)
        found = [measured(weight, seed) for seed in range(seeds)]
        setting = f"tanh, weights {weight:.3g}/n, biases {BIAS} ({name})"
        rows.append(near(POOLE, f"{setting}: variance q* that layers settle at", q, [f[0] for f in found], 0.1))
        law = theory.chi("tanh", q, weight)
        rows.append(
            near(
                SCHOENHOLZ,
                f"{setting}: factor chi of a gradient's mean square, a layer",
                law,
                [f[1] for f in found],
                0.05,
            )
        )
    return rows
