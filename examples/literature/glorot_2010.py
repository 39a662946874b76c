"""Glorot and Bengio (2010): how much signal and gradient a stack of layers keeps, by how its weights are drawn."""

from __future__ import annotations

import autocnn as ac
from autocnn import flow, nn

from .row import Row, near

PAPER = "Glorot and Bengio 2010"
WIDTH, LAYERS = 1000, 5


def draw(weight: ac.Tensor, way: str) -> None:
    """The old U(-1/sqrt n, 1/sqrt n), for which n Var W = 1/3, or the paper's, for which n Var W = 1."""
    if way == "old":
        nn.init.uniform_(weight, -(WIDTH**-0.5), WIDTH**-0.5)
    else:
        nn.init.xavier_uniform_(weight)


def stack(way: str, activation: type[nn.Module], seed: int) -> nn.Sequential:
    """Five layers of 1000 units, with no bias."""
    ac.manual_seed(seed)
    layers = [nn.Sequential(nn.Linear(WIDTH, WIDTH, bias=False), activation()) for _ in range(LAYERS)]
    for layer in layers:
        draw(layer[0].weight, way)
    return nn.Sequential(*layers)


def shrinking(way: str, seed: int) -> tuple[float, float]:
    """Variance of the result over that of x, and the same of gradients, of a linear stack."""
    net = stack(way, nn.Identity, seed)
    x = ac.randn(200, WIDTH)
    cotangent = ac.randn(200, WIDTH)
    r = flow.run(net, x, x, loss=lambda z, _: (z * cotangent).sum() / 200, values=True)
    forward = float(r.value(r.vertex("4")).var()) / float(x.array.var())
    backward = float(r.gradients([r.input])[r.input].var()) * 200**2 / float(cotangent.array.var())
    return forward, backward


def tanh_gradient(way: str, seed: int) -> float:
    """Gradient RMS at the first of the tanh layers over that at the last."""
    net = stack(way, nn.Tanh, seed)
    x, cotangent = ac.randn(200, WIDTH), ac.randn(200, WIDTH)
    r = flow.run(net, x, x, loss=lambda z, _: (z * cotangent).sum() / 200)
    first, last = (r.scaled_gradients([r.vertex(str(i))])[r.vertex(str(i))].rms() for i in (0, LAYERS - 1))
    return first / last


def reproduce(seeds: int = 5) -> list[Row]:
    """The claims, each with its value over some seeds."""
    old = [shrinking("old", seed) for seed in range(seeds)]
    new = [shrinking("new", seed) for seed in range(seeds)]
    ratios = {way: [tanh_gradient(way, seed) for seed in range(seeds)] for way in ("old", "new")}
    gained = [b / a for a, b in zip(ratios["old"], ratios["new"], strict=True)]
    share = 3.0**-LAYERS
    return [
        near(PAPER, "variance after 5 linear layers, n Var W = 1/3", share, [f for f, _ in old], 0.1),
        near(
            PAPER, "variance of the gradient after 5 linear layers, n Var W = 1/3", share, [b for _, b in old], 0.1
        ),
        near(PAPER, "variance after 5 linear layers, U(±√(6/(n_in + n_out)))", 1.0, [f for f, _ in new], 0.1),
        near(
            PAPER,
            "variance of the gradient after 5 linear layers, U(±√(6/(n_in + n_out)))",
            1.0,
            [b for _, b in new],
            0.1,
        ),
        Row(
            PAPER,
            "5 tanh layers: gradient at the first over the last, by the new draw over by the old one",
            "above 1 (figure 7)",
            tuple(gained),
            1.5,
            9.0,
        ),
    ]
