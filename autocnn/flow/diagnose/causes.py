"""What a trend along the chain is made of, in words: which ops shrink or enlarge the gradient, and what helps."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from statistics import median

from autocnn.flow.diagnose.chain import WEIGHTED, Chain
from autocnn.flow.diagnose.levels import Levels, size_bits
from autocnn.flow.diagnose.units import GATES, SMOOTH
from autocnn.flow.reach import between
from autocnn.graph.data import Graph

NORMS = frozenset({"batch_norm", "normalize"})
_POOLS = frozenset({"avg_pool", "max_pool", "adaptive_avg_pool", "mean", "amax"})
_LIMITS = {"sigmoid": 0.25, "hardsigmoid": 1 / 6}
"""The largest derivative of activations that shrink every gradient."""


@dataclass(frozen=True)
class Shares:
    """Bits by which each kind of op changes the gradient on the way back, per layer, and which ops there are."""

    weights: float
    activations: float
    norms: float
    blocks: float
    activation: str
    """The commonest activation; empty if there is none."""
    norm: bool
    residual: bool

    @property
    def largest(self) -> str:
        """The kind of op that changes the gradient the most."""
        return max(("weights", "activations", "norms", "blocks"), key=lambda kind: abs(getattr(self, kind)))


def shares(levels: Levels, chain: Chain, beyond: int) -> Shares:
    """Attribute the steps of a chain to kinds of ops, from its station number `beyond` on."""
    graph = levels.run.graph
    sums: Counter[str] = Counter()
    ops: Counter[str] = Counter()
    inside = between(graph, chain.stations[beyond], chain.stations[-1])
    reach, last = chain.stations[beyond], chain.stations[beyond]
    for v in range(chain.stations[beyond], chain.stations[-1] + 1):
        if not inside[v]:
            continue
        op = graph.vertices[v].op
        ops[op] += 1
        if reach <= v and v != last:
            bits = levels.gradient.get(last, math.nan) - levels.gradient.get(v, math.nan)
            if math.isfinite(bits):
                alone = any(edge.source == last for edge in graph.in_edges(v)) and _only(graph, inside, last)
                sums[_kind(op) if alone else "blocks"] += bits  # type: ignore[assignment]
            last = v
        reach = max([reach, *(e.target for e in graph.out_edges(v) if inside[e.target])])
    layers = max(chain.depths[-1] - chain.depths[beyond], 1)
    acts = [(n, op) for op, n in ops.items() if op in SMOOTH | GATES and op not in ("where", "maximum", "minimum")]
    return Shares(
        sums["weights"] / layers, sums["activations"] / layers, sums["norms"] / layers, sums["blocks"] / layers,
        max(acts, default=(0, ""))[1], bool(NORMS & ops.keys()), _joins(graph, inside),
    )  # fmt: skip


def _only(graph: Graph, inside: list[bool], vertex: int) -> bool:
    return sum(inside[e.target] for e in graph.out_edges(vertex)) == 1


def _joins(graph: Graph, inside: list[bool]) -> bool:
    """Whether ways part and meet again by addition."""
    return any(
        v.op.split("_")[0] == "add" and inside[v.id] and sum(inside[e.source] for e in graph.in_edges(v.id)) > 1
        for v in graph.vertices
    )


def _kind(op: str) -> str:
    if op in WEIGHTED:
        return "weights"
    if op in SMOOTH or op in GATES:
        return "activations"
    return "norms" if op in NORMS else "pools" if op in _POOLS else "other"


def factor(bits: float) -> str:
    """A power of two as a factor in words: 0.25, or 3.2e-09.

    >>> factor(-2), factor(-30), factor(3.0), factor(1000)
    ('0.25', '9.3e-10', '8', '1e+301')
    """
    if abs(bits) > 900:
        return f"1e{bits * math.log10(2):+.0f}"
    return f"{2.0**bits:.2g}" if abs(bits) > 10 or bits < 0 else f"{2.0**bits:.3g}"


def cause_of_trend(s: Shares, *, vanishing: bool) -> str:
    """Which ops make a gradient vanish or explode."""
    parts = []
    if s.activation and abs(s.activations) > 0.02:
        limit = _LIMITS.get(s.activation)
        most = f", and its derivative is at most {limit:.2g}" if limit else ""
        parts.append(f"{s.activation} multiplies the gradient by {factor(s.activations)}{most}")
    if abs(s.weights) > 0.02:
        parts.append(f"the weights by {factor(s.weights)}")
    if abs(s.norms) > 0.02:
        parts.append(f"the normalisation by {factor(s.norms)}")
    if abs(s.blocks) > 0.02:
        parts.append(f"residual blocks and other forks by {factor(s.blocks)}")
    text = "per layer, " + ", ".join(parts) if parts else "every layer changes it a little"
    if not vanishing and s.norm and not s.residual:
        text += (
            "; a plain network with batch norm does that at initialisation (by up to 1.21 per relu layer in "
            "theory), and relaxes within the first training steps"
        )
    return text


def mend_of_trend(s: Shares, chain: Chain, levels: Levels, *, vanishing: bool) -> str:
    """What would keep the gradient's size."""
    if vanishing:
        first = _rescale(s, chain, levels)
        if s.activation in _LIMITS:
            first = f"use relu or tanh in place of {s.activation}"
        elif s.largest == "norms":
            first = "look at the normalisation's input, whose variance is large"
        return f"{first}; or put a normalisation before the activations; or add skip connections"
    if s.residual and not s.norm:
        return (
            "scale every branch by 1/sqrt(number of blocks), or start its last weight at zero, or normalise "
            "inside the branch: what is added block after block grows"
        )
    if s.norms > 2:
        return "look at what is normalised: its variance is close to 0, over the images or by first values"
    if s.norm and not s.residual:
        return "lower the learning rate for the first steps, add skip connections, or make the network shallower"
    if s.norm:
        return (
            "give the normalisation more values: more images, or larger ones; lower the rate for the first steps"
        )
    return f"{_rescale(s, chain, levels)}; or add a normalisation; or clip the gradient's norm"


def _rescale(s: Shares, chain: Chain, levels: Levels) -> str:
    gains = weight_gains(levels, chain)
    if not gains:
        return "rescale the weights"
    wanted = math.sqrt(2) if s.activation in ("relu", "leaky_relu", "prelu", "gelu", "silu", "elu") else 1.0
    start = "kaiming_normal_" if wanted > 1 else "xavier_normal_"
    now = median(gains)
    return (
        f"start the weights with nn.init.{start}: their standard deviation times sqrt(fan_in) is {now:.2g}, which "
        f"keeps sizes near {wanted:.2g}"
    )


def weight_gains(levels: Levels, chain: Chain) -> list[float]:
    """Of the weights on a chain, RMS times the root of fan-in: 1 keeps sizes, sqrt 2 does before a relu."""
    graph, gains = levels.run.graph, []
    inside = between(graph, chain.stations[0], chain.stations[-1])
    for v in graph.vertices:
        if not inside[v.id] or v.op not in WEIGHTED:
            continue
        for edge in graph.in_edges(v.id):
            w = graph.vertices[edge.source]
            if w.kind == "parameter" and len(w.shape) > 1 and w.id in levels.run.values:
                fan = w.size / w.shape[1] if v.op == "matmul" else w.size / w.shape[0]
                gains.append(2.0 ** (size_bits(levels.run.values[w.id]) + math.log2(fan) / 2))
    return gains
