"""Plain networks: rows of layers, by activation, depth, first values and normalisation."""

from __future__ import annotations

import itertools

from autocnn import nn

from .entry import entry, features, images
from .parts import cnn, glorot, he, huge, lecun, mlp, orthogonal, scaled, tiny

PLAIN = [
    entry("mlp 4 relu default", mlp(4, nn.ReLU)),
    entry("mlp 8 relu he", mlp(8, nn.ReLU, he)),
    entry("mlp 30 relu he wide", mlp(30, nn.ReLU, he, width=64)),
    entry("mlp 60 relu orthogonal gain", mlp(60, nn.ReLU, scaled(orthogonal, 2**0.5), width=48)),
    entry("mlp 20 relu default", mlp(20, nn.ReLU), "vanishing"),
    entry("mlp 60 relu default", mlp(60, nn.ReLU), "vanishing"),
    entry("mlp 40 relu glorot", mlp(40, nn.ReLU, glorot, width=48), "vanishing"),
    entry("mlp 12 relu glorot", mlp(12, nn.ReLU, glorot, width=32)),
    entry("mlp 20 relu twice he", mlp(20, nn.ReLU, scaled(he, 2.0), width=32), "exploding"),
    entry("mlp 8 relu huge", mlp(8, nn.ReLU, huge, width=32), "exploding"),
    entry("mlp 10 sigmoid default", mlp(10, nn.Sigmoid), "vanishing"),
    entry("mlp 30 sigmoid glorot", mlp(30, nn.Sigmoid, glorot), "vanishing"),
    entry("mlp 4 sigmoid glorot", mlp(4, nn.Sigmoid, glorot, width=64)),
    entry("mlp 6 sigmoid gain 4", mlp(6, nn.Sigmoid, scaled(glorot, 4.0), width=32)),
    entry("mlp 10 tanh glorot", mlp(10, nn.Tanh, glorot, width=32)),
    entry("mlp 50 tanh glorot wide", mlp(50, nn.Tanh, glorot, width=64)),
    entry("mlp 30 tanh orthogonal", mlp(30, nn.Tanh, orthogonal, width=32)),
    entry("mlp 30 tanh default", mlp(30, nn.Tanh), "vanishing"),
    entry("mlp 40 tanh gain 0.7", mlp(40, nn.Tanh, scaled(glorot, 0.7), width=32), "vanishing"),
    entry("mlp 40 tanh gain 2.5", mlp(40, nn.Tanh, scaled(glorot, 2.5), width=64), "exploding"),
    entry("mlp 5 tanh gain 20", mlp(5, nn.Tanh, scaled(glorot, 20), width=64), "saturated"),
    entry("mlp 25 gelu he", mlp(25, nn.GELU, scaled(he, 1.0), width=48)),
    entry("mlp 15 leaky he", mlp(15, nn.LeakyReLU, he, width=32)),
    entry("mlp 15 prelu he", mlp(15, nn.PReLU, he, width=32)),
    entry("mlp 15 elu lecun", mlp(15, nn.ELU, lecun, width=32)),
    entry("mlp 20 selu lecun", mlp(20, nn.SELU, lecun, width=48)),
    entry("mlp 20 silu default", mlp(20, nn.SiLU), "vanishing"),
    entry("mlp 8 relu tiny", mlp(8, nn.ReLU, tiny), "vanishing"),
    entry("mlp 6 linear orthogonal", mlp(6, nn.Identity, orthogonal)),
    entry("mlp 30 linear glorot halved", mlp(30, nn.Identity, scaled(orthogonal, 0.5)), "vanishing"),
    entry("mlp 30 relu batch norm", mlp(30, nn.ReLU, he, norm=nn.BatchNorm1d, width=32)),
    entry("mlp 60 relu batch norm", mlp(60, nn.ReLU, he, norm=nn.BatchNorm1d, width=32), "exploding"),
    entry("mlp 20 relu layer norm", mlp(20, nn.ReLU, he, norm=nn.LayerNorm, width=32)),
    entry("mlp 30 sigmoid batch norm", mlp(30, nn.Sigmoid, glorot, norm=nn.BatchNorm1d, width=32)),
    entry("mlp 10 relu he dropout", mlp(10, nn.ReLU, he, dropout=0.3, width=48)),
    entry("mlp funnel", lambda: funnel(), data=features(32, 256)),
    entry("cnn 5 relu default pools", cnn(5, nn.ReLU, pool=(0, 2)), data=images()),
    entry("cnn 12 relu he", cnn(12, nn.ReLU, he), data=images()),
    entry("cnn 8 relu he gap", cnn(8, nn.ReLU, he, gap=True), data=images()),
    entry("cnn 20 tanh default", cnn(20, nn.Tanh), "vanishing", data=images()),
    entry("cnn 12 sigmoid", cnn(12, nn.Sigmoid, glorot), "vanishing", data=images()),
    entry("cnn 16 relu batch norm", cnn(16, nn.ReLU, he, norm=nn.BatchNorm2d), data=images()),
    entry("cnn 60 relu batch norm", cnn(60, nn.ReLU, he, norm=nn.BatchNorm2d), "exploding", data=images()),
    entry("cnn 12 relu group norm", cnn(12, nn.ReLU, he, norm=lambda c: nn.GroupNorm(2, c)), data=images()),
]


def funnel() -> nn.Module:
    """Every layer half as wide as the one before."""
    sizes = [256, 128, 64, 32, 16, 8]
    row: list[nn.Module] = []
    for a, b in itertools.pairwise(sizes):
        layer = nn.Linear(a, b)
        he(layer.weight)
        row += [layer, nn.ReLU()]
    return nn.Sequential(*row, nn.Linear(8, 4))
