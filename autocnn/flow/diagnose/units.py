"""Activations by layer: the share of units that are dead, and of elements that are saturated."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from autocnn.backend.arrays import namespace
from autocnn.engine import tape
from autocnn.engine.gradient import operands
from autocnn.engine.primitive import Primitive
from autocnn.engine.tape import Node
from autocnn.flow.run import Run
from autocnn.types import Array

SMOOTH = frozenset({
    "tanh", "sigmoid", "softsign", "hardtanh", "hardsigmoid", "hardswish", "relu", "leaky_relu", "elu", "gelu",
    "gelu_tanh", "silu", "mish", "softplus", "logsigmoid", "erf", "atan", "clamp",
})  # fmt: skip
"""Activations of one operand: what their derivative is, and how large it gets, is asked of their rule."""
GATES = frozenset({
    "maximum", "minimum", "clamp_min", "clamp_max", "where", "threshold", "prelu", "conv_bias_relu",
})  # fmt: skip
"""Ops that may give zero for every image; no derivative of theirs is small without being zero."""

SMALL = 0.05
"""Saturated: a derivative under this share of its largest."""
ILL_DEAD, ILL_SATURATED = 0.9, 0.5
"""The shares from which on a layer is ill: of units that are dead or closed, of elements that are saturated."""


@dataclass(frozen=True, slots=True)
class Units:
    """One activation layer on the images at hand."""

    vertex: int
    op: str
    dead: float
    """Share of units (channels) that are exactly zero for every image, everywhere."""
    saturated: float
    """Share of elements whose derivative is under 5 % of its largest; where an activation rests at one side, as
    relu does, that side is not counted."""
    closed: float
    """Share of units whose derivative is under 5 % of its largest for every image, everywhere."""

    @property
    def ill(self) -> str:
        """The verdict on the layer: dead, saturated, or nothing."""
        if self.saturated >= ILL_SATURATED:
            return "saturated"
        return "dead" if self.dead >= ILL_DEAD else "saturated" if self.closed >= ILL_DEAD else ""


def units(run: Run) -> list[Units]:
    """Every activation of a run that kept its values, in the order of the forward pass."""
    found = []
    for v in run.graph.vertices:
        if v.kind == "op" and (v.op in SMOOTH or v.op in GATES) and v.id in run.values and v.dtype[:5] == "float":
            z = run.values[v.id]
            if z.ndim and z.size:
                dead = _whole(z == 0)
                off, saturated = _closed(run.nodes[v.id]) if v.op in SMOOTH else (None, 0.0)
                found.append(Units(v.id, v.op, dead, saturated, 0.0 if off is None else _whole(off)))
    return found


def _whole(mask: Array) -> float:
    """The share of units for which a mask holds everywhere. Of (N, L, C) either axis may be that of the units."""
    if mask.ndim == 1:
        return float(mask.mean())
    shares = [_along(mask, 1)] if mask.ndim != 3 else [_along(mask, 1), _along(mask, 2)]
    return max(shares)


def _along(mask: Array, axis: int) -> float:
    return float(mask.all(tuple(i for i in range(mask.ndim) if i != axis)).mean())


def _closed(node: Node) -> tuple[Array | None, float]:
    """Where the derivative of an activation is small, and the share of elements that are saturated."""
    p: Any = node.primitive
    if type(node.saved) is not tuple or not node.saved:
        return None, 0.0
    inputs, z, extra = operands(node, node.saved)
    known = inputs[0] if isinstance(z, Node) else z
    xp = namespace(known)
    largest, left, right = _range(p, xp, str(known.dtype), tuple(sorted(node.params.items())))
    with tape.context(recording=False, watch=None):
        small = abs(p.rule(0)(xp.ones_like(known), z, *inputs, **extra)) < SMALL * largest
    if not left or not right:  # it rests at one side
        return small, 0.0
    resting = node.params.get("low") == 0  # so does relu6, and has an end at the other
    return small, float((small & (known > 0) if resting else small).mean())


@lru_cache(maxsize=200)
def _range(p: Primitive, xp: Any, dtype: str, params: tuple[tuple[str, Any], ...]) -> tuple[float, bool, bool]:
    """The largest derivative of an activation, and whether it is small far on the left and far on the right."""
    grid = xp.linspace(-30, 30, 6001).astype(dtype)
    settings = dict(params)
    rule: Any = p.rule(0)
    with tape.context(recording=False, watch=None):
        slope = abs(rule(xp.ones_like(grid), p.forward(xp, grid, **settings), grid, **settings))
    largest = float(slope.max())
    return largest, bool(slope[0] < SMALL * largest), bool(slope[-1] < SMALL * largest)
