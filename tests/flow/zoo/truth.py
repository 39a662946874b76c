"""The verdicts by another way: float64, hooks on modules, closed forms of derivatives, a straight line by NumPy.

Nothing of `flow.diagnose` is used here: neither graphs nor sweeps of the study.
"""

from __future__ import annotations

import copy
import math
from typing import Any

import numpy as np

import autocnn as ac
from autocnn import Tensor, autograd, nn

from .entry import Entry

DERIVATIVES: dict[type, tuple[Any, float]] = {
    nn.Tanh: (lambda x: 1 - np.tanh(x) ** 2, 1.0),
    nn.Sigmoid: (lambda x: np.exp(-abs(x)) / (1 + np.exp(-abs(x))) ** 2, 0.25),
    nn.Softsign: (lambda x: 1 / (1 + abs(x)) ** 2, 1.0),
    nn.Hardtanh: (lambda x: (abs(x) < 1).astype(float), 1.0),
    nn.ReLU6: (lambda x: (x < 6).astype(float), 1.0),  # its rest below 0 is a relu's
}
"""Derivatives of activations that saturate at both ends, or at the upper one, and their largest values."""
CLOSING: dict[type, tuple[Any, float]] = {
    nn.ELU: (lambda x: np.where(x > 0, 1, np.exp(np.minimum(x, 0))), 1.0),
    nn.Softplus: (lambda x: 1 / (1 + np.exp(-x)), 1.0),
    nn.LeakyReLU: (lambda x: np.where(x > 0, 1, 0.01), 1.0),
}
"""Of activations that rest at one side without being zero there."""
ACTIVATIONS = (nn.ReLU, nn.ReLU6, nn.GELU, nn.SiLU, nn.LeakyReLU, nn.ELU, nn.PReLU, nn.Softplus, nn.Tanh,
               nn.Sigmoid, nn.Softsign, nn.Hardtanh)  # fmt: skip


def kinds(entry: Entry) -> set[str]:
    """What ails a network whose chain is known, as computed in float64."""
    model, x, y = entry.case()
    found = set()
    if not _finite(model, x, y, entry):
        return {"non-finite"}
    twin = copy.deepcopy(model).double()
    taken: dict[int, list[tuple[Tensor, Tensor]]] = {}
    for module in twin.modules():
        module.register_forward_hook(lambda m, args, out: taken.setdefault(id(m), []).append((args[0], out)))
    wide = ac.tensor(x.array.astype("float64"), requires_grad=True)
    with np.errstate(over="ignore", under="ignore"):
        value = entry.loss(twin(wide), y)
    found |= _units(twin, taken)
    assert entry.stations is not None
    outputs = [taken[id(m)][-1][1] for m in entry.stations(twin)]
    bits = total_bits(value, outputs)
    if abs(bits) > 10:
        found.add("vanishing" if bits < 0 else "exploding")
    return found


def total_bits(value: Tensor, outputs: list[Tensor]) -> float:
    """The slope of a line through log2 of the gradients, times the stations: the milder of RMS and norm."""
    gradients = [g.array for g in autograd.grad(value, outputs, allow_unused=True) if g is not None]
    dead = [place for place, g in enumerate(gradients) if not g.any()]
    gradients = gradients[dead[-1] + 1 if dead else 0 :]  # behind a dead layer there is nothing to measure
    totals = []
    for sizes in ([_rms(g) for g in gradients], [_rms(g) * math.sqrt(g[0].size) for g in gradients]):
        slope = np.polyfit(range(len(sizes)), np.log2(sizes), 1)[0] if len(sizes) > 1 else 0.0
        totals.append(-slope * len(sizes))
    if totals[0] * totals[1] < 0:
        return 0.0
    return float(min(totals, key=abs))


def _rms(g: Any) -> float:
    top = np.abs(g).max()
    return float(top * np.sqrt(np.mean((g / top) ** 2))) if top else 0.0


def _units(twin: nn.Module, taken: dict[int, list[tuple[Tensor, Tensor]]]) -> set[str]:
    found = set()
    calls = [(m, x.array, z.array) for m in twin.modules() for x, z in taken.get(id(m), ())]
    for module, x, z in calls:
        if not isinstance(module, ACTIVATIONS):
            continue
        axes = tuple(i for i in range(z.ndim) if i != 1)
        with np.errstate(over="ignore", under="ignore"):
            if type(module) in DERIVATIVES:
                slope, largest = DERIVATIVES[type(module)]
                if (slope(x) < 0.05 * largest).mean() >= 0.5:
                    found.add("saturated")
                    continue
            if (z == 0).all(axes).mean() >= 0.9:
                found.add("dead")
            elif type(module) in CLOSING:
                slope, largest = CLOSING[type(module)]
                if (slope(x) < 0.05 * largest).all(axes).mean() >= 0.9:
                    found.add("saturated")
    return found


def _finite(model: nn.Module, x: Tensor, y: Tensor, entry: Entry) -> bool:
    """Whether float32 holds the loss and all gradients of an ordinary backward pass."""
    twin = copy.deepcopy(model)
    with np.errstate(all="ignore"):
        loss = entry.loss(twin(x), y)
        loss.backward()
    arrays = [loss.array, *(p.grad.array for p in twin.parameters() if p.grad is not None)]
    return all(bool(np.isfinite(a).all()) for a in arrays)
