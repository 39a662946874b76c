"""Saxe et al. (2014) and Pennington et al. (2017): orthogonal weights keep all directions, Gaussian ones few."""

from __future__ import annotations

import math

import autocnn as ac
from autocnn import flow, nn

from .row import Row, near

SAXE, PENNINGTON = "Saxe et al. 2014", "Pennington et al. 2017"
WIDTH = 128


def stack(depth: int, way: str, activation: type[nn.Module], seed: int, gain: float = 1.0) -> nn.Sequential:
    """Square layers of 128 units with Gaussian or orthogonal weights of variance gain^2/n, in float64."""
    ac.manual_seed(seed)
    net = nn.Sequential()
    for _ in range(depth):
        layer = nn.Linear(WIDTH, WIDTH, bias=False)
        if way == "orthogonal":
            nn.init.orthogonal_(layer.weight, gain)
        else:
            nn.init.normal_(layer.weight, std=gain / math.sqrt(WIDTH))
        net.append(nn.Sequential(layer, activation()))
    return net.double()


def spectrum(net: nn.Sequential, scale: float = 1.0) -> tuple[float, float]:
    """The largest singular value of the input-output Jacobian, and the root of the mean square of all."""
    x = ac.randn(1, WIDTH).double() * scale
    found = flow.jacobian(net, x, [str(len(net) - 1)], spans=("from input",), exact=WIDTH)
    last = found.spectra[-1]
    return last.largest, math.sqrt(last.backward_gain)


def reproduce(seeds: int = 5) -> list[Row]:
    """The claims, each with its value over some seeds."""
    rows = []
    for depth in (10, 50):
        top = [spectrum(stack(depth, "orthogonal", nn.Identity, seed))[0] for seed in range(seeds)]
        rows.append(near(SAXE, f"{depth} orthogonal linear layers: largest singular value", 1.0, top, 1e-6))
    gaussian = [spectrum(stack(10, "Gaussian", nn.Identity, seed)) for seed in range(seeds)]
    law = math.sqrt(11**11 / 10**10)
    rows.append(
        near(
            PENNINGTON,
            "10 Gaussian linear layers: largest singular value, √((L+1)^(L+1)/L^L)",
            law,
            [top for top, _ in gaussian],
            0.25,
            note="(the law is for infinite width; here 128)",
        )
    )
    for way, low, high in (("orthogonal", 1.0, 3.0), ("Gaussian", 4.0, 20.0)):
        ratio = [
            top / mean
            for top, mean in (spectrum(stack(20, way, nn.Tanh, seed, 1.05), 0.1) for seed in range(seeds))
        ]
        claim = f"20 tanh layers, {way}, near the critical line: largest singular value over the root mean square"
        rows.append(
            Row(
                PENNINGTON,
                claim,
                "bounded" if way == "orthogonal" else "grows with depth",
                tuple(ratio),
                low,
                high,
            )
        )
    return rows
