"""Where a gradient became zero on its way back from the loss, and what made it so."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from autocnn.backend.arrays import namespace
from autocnn.engine import tape
from autocnn.engine.gradient import Released, operands
from autocnn.engine.tape import Leaf, Node, Number
from autocnn.errors import ReleasedGraphError
from autocnn.flow.cotangents import Exact, Rescaled, Seen
from autocnn.flow.reach import between
from autocnn.graph.data import ITEM, SEVERAL, Graph
from autocnn.types import Array

_MASKS = frozenset({
    "relu", "conv_bias_relu", "maximum", "minimum", "fmax", "fmin", "clamp", "clamp_max", "clamp_min", "hardtanh",
    "threshold", "where", "hardsigmoid", "hardswish", "amax", "amin", "pick_at", "max_pool", "prelu", "leaky_relu",
})  # fmt: skip
_STEPS = frozenset({"sign", "round", "floor", "ceil", "trunc", "floor_divide", "trunc_divide", "zeros_like"})
_SMOOTH = frozenset({
    "tanh", "sigmoid", "softsign", "gelu", "gelu_tanh", "silu", "mish", "elu", "softplus", "logsigmoid", "softmax",
    "log_softmax", "erf", "erfc", "exp", "atan",
})  # fmt: skip
_PRODUCTS = frozenset({
    "mul", "matmul", "linear", "project", "conv", "conv_bias", "conv_input", "einsum", "div", "lerp", "batch_norm",
    "batch_norm_fixed",
})  # fmt: skip
_LOSSES = frozenset({"cross_entropy", "logit_cross_entropy", "binary_cross_entropy", "huber", "per_sample"})


@dataclass(frozen=True, slots=True)
class Death:
    """The op, the first one counting back from the loss, that a gradient did not survive."""

    vertex: int
    """The op that got a gradient and passed none on."""
    operand: int
    """The vertex that would have received it."""
    kind: str
    """mask, saturation, zero weight, zero input, step, cancelling, overwritten, loss, underflow or zero."""
    how: str
    """What happened, in words."""
    zeros: tuple[int, ...] = ()
    """Operands of the op that are zero altogether, where these are the reason."""


class Cotangents:
    """The gradients of a loss at all vertices of its graph, with a power of two beside each, and where it died."""

    def __init__(self, graph: Graph, nodes: Mapping[int, Node], sweep: Callable[[Any], Any], end: int) -> None:
        self.graph, self.nodes, self.end = graph, nodes, end
        places = {node.serial: number for number, node in nodes.items()}
        self._scaled: dict[int, Any] = {}
        self._exact: dict[int, Any] = {}

        def keeping(found: dict[int, Any]) -> Seen:
            return lambda node, g: found.__setitem__(places[node.serial], g)

        sweep(Rescaled(seen=keeping(self._scaled)))
        sweep(Exact(seen=keeping(self._exact)))

    def zero(self, vertex: int) -> bool:
        """Whether no gradient, or one of zeros alone, arrives at a vertex in the precision of its arrays."""
        if self.graph.vertices[vertex].dtype == SEVERAL:
            return all(self.zero(edge.target) for edge in self.graph.out_edges(vertex))
        g = self._exact.get(vertex)
        return g is None or not bool((g != 0).any())

    def bits(self, vertex: int) -> float:
        """log2 of the gradient's root mean square, whatever its size; -inf for an exact zero."""
        g = self._scaled.get(vertex)
        return -math.inf if g is None else float(g.log2_rms())

    def finite(self, vertex: int) -> bool:
        """Whether all of a gradient is finite, in the precision of its arrays."""
        if self.graph.vertices[vertex].dtype == SEVERAL:
            return all(self.finite(edge.target) for edge in self.graph.out_edges(vertex))
        g = self._exact.get(vertex)
        return g is None or bool(namespace(g).isfinite(g).all())

    def spoiler(self) -> tuple[int, int]:
        """The first op, counting back from the loss, that makes a gradient that is not finite, and of what.

        Only where there is one: that of the loss itself is 1.
        """
        return max(
            (edge.target, edge.source)
            for edge in self.graph.edges
            if not self.finite(edge.source) and self.finite(edge.target)
        )

    def spoilt(self) -> int | None:
        """The first value that is not finite, counting forward, among those that the record still holds."""
        held = []
        for number, node in self.nodes.items():
            alive = node.tensor() if isinstance(node, Leaf) else None
            arrays = [(number, alive.array)] if alive is not None else []
            if type(node.saved) is tuple and node.saved:
                inputs, z, _ = operands(node, node.saved)
                arrays.append((number, z))
                arrays += [(edge.source, inputs[edge.position]) for edge in self.graph.in_edges(number)]
            held += [place for place, array in arrays if _odd(array)]
        return min(held, default=None)

    def death(self, target: int) -> Death | None:
        """Where the gradient of a vertex died; None if it did not, or there is no way to it from the loss."""
        inside = between(self.graph, target, self.end, self._differentiable)
        if not inside[target] or not self.zero(target):
            return None
        last = max(
            (edge.target, edge.source, edge.position)
            for edge in self.graph.edges
            if inside[edge.source]
            and inside[edge.target]
            and self.zero(edge.source)
            and not self.zero(edge.target)
        )
        return self._explained(*last)

    def _differentiable(self, vertex: int) -> bool:
        return vertex in self.nodes and self.nodes[vertex].requires_grad

    def _explained(self, vertex: int, operand: int, position: int) -> Death:
        if math.isfinite(self.bits(operand)):
            how = f"float32 rounds it to zero: it is 2^{self.bits(operand):.0f}, and the smallest number is 2^-149"
            return Death(vertex, operand, "underflow", how)
        part = self._part(vertex, position)
        if part is not None and bool((part != 0).any()):
            how = f"the {len(self.graph.out_edges(operand))} gradients that meet here cancel exactly"
            return Death(vertex, operand, "cancelling", how)
        return Reason(self.graph, self.nodes, vertex, operand, position).death()

    def _part(self, vertex: int, position: int) -> Array | None:
        """What an op hands to one of its operands."""
        node = self.nodes[vertex]
        g = self._exact.get(vertex)
        if g is None or self.graph.vertices[vertex].op == ITEM:
            return None
        with tape.context(recording=False, watch=None):
            part = Exact().apply(node, g)[position]
        return part


def check_kept(nodes: Mapping[int, Node]) -> None:
    """Raise ReleasedGraphError if a backward pass has released what the rules of some op need."""
    for node in nodes.values():
        if isinstance(node.saved, Released):
            raise ReleasedGraphError(
                f"why: the arrays of {node.name} were released by {node.saved.by}; call that one with "
                "retain_graph=True, or give a function that computes the loss: why(w, lambda: loss(model(x), y))"
            )


@dataclass(frozen=True, slots=True)
class Reason:
    """Why an op that has a gradient gives an operand none."""

    graph: Graph
    nodes: Mapping[int, Node]
    vertex: int
    operand: int
    position: int

    def death(self) -> Death:
        """What is known of the op, in words."""
        op = self.graph.vertices[self.vertex].op
        x, z = self._saved()
        for kind, ops, says in (
            ("mask", _MASKS, self._mask), ("step", _STEPS, self._step), ("saturation", _SMOOTH, self._saturation),
            ("loss", _LOSSES, self._loss),
        ):  # fmt: skip
            if op in ops:
                return Death(self.vertex, self.operand, kind, says(op, x, z))
        if op == "dropout":
            p = self.nodes[self.vertex].params.get("p")
            return Death(self.vertex, self.operand, "mask", f"dropout (p = {p}) drops every element")
        if op in ("overwrite", "clear", "put", "scatter"):
            return Death(self.vertex, self.operand, "overwritten", "all of it was overwritten in place afterwards")
        if op in _PRODUCTS:
            return self._product(op)
        how = f"the derivative of {op} is 0 at every element{_span(x)}"
        return Death(self.vertex, self.operand, "zero", how)

    def _saved(self) -> tuple[Any, Any]:
        node = self.nodes[self.vertex]
        if type(node.saved) is not tuple or not node.saved:
            return None, None
        inputs, z, _ = operands(node, node.saved)
        x = inputs[self.position]
        return (None if isinstance(x, Node) else x), (None if isinstance(z, Node) else z)

    def _mask(self, op: str, x: Any, z: Any) -> str:
        size = self.graph.vertices[self.operand].size
        params = self.nodes[self.vertex].params
        if op in ("relu", "conv_bias_relu"):
            return f"its relu lets nothing through: all {size:,} inputs are 0 or less"
        if op == "where":
            return f"where takes the other operand at every one of {size:,} elements"
        if op in ("clamp", "hardtanh", "hardsigmoid", "hardswish"):
            low, high = params.get("low", -3 if op.startswith("hards") else None), params.get("high", 3)
            return f"{op} is flat there: all inputs{_span(x)} lie outside of [{low}, {high}]"
        if op == "threshold":
            return f"threshold is flat there: all inputs{_span(x)} are {params.get('at')} or less"
        if op in ("prelu", "leaky_relu"):
            return f"{op} has slope 0 at all of its inputs{_span(x)}"
        return f"{op} takes the other operand, or other elements, everywhere"

    def _step(self, op: str, x: Any, z: Any) -> str:
        return f"{op} is a step function: its derivative is 0 everywhere"

    def _saturation(self, op: str, x: Any, z: Any) -> str:
        where = _span(x) or _span(z, "its values")
        return f"{op} is saturated: its derivative is 0 in {self.graph.vertices[self.vertex].dtype}{where}"

    def _loss(self, op: str, x: Any, z: Any) -> str:
        return f"{op} has no slope there: every prediction is exactly right, or every target is ignored"

    def _product(self, op: str) -> Death:
        if self.position == 2 and op in ("linear", "conv_bias", "batch_norm"):
            how = "what reaches it from all images adds up to exactly 0"
            return Death(self.vertex, self.operand, "cancelling", how)
        node = self.nodes[self.vertex]
        inputs = operands(node, node.saved)[0] if type(node.saved) is tuple and node.saved else list(node.edges)
        others = [
            edge.source
            for edge in self.graph.in_edges(self.vertex)
            if edge.position != self.position and _all_zero(inputs[edge.position])
        ]
        if not others:
            return Death(self.vertex, self.operand, "zero", f"each product in {spoken(op)} has a factor that is 0")
        other = self.graph.vertices[others[0]]
        if op in ("mul", "div") and not other.name:
            kind, how = "zero weight", "it is multiplied by 0"
        elif other.kind == "parameter" or self.graph.vertices[self.operand].kind != "parameter":
            what = "a parameter" if other.kind == "parameter" else "the other operand"
            name = other.name or f"{what} {other.shape}"
            kind, how = "zero weight", f"{spoken(op)} multiplies it by {name}, which is all zeros"
        else:
            kind, how = "zero input", f"the input of {spoken(op)}, {other.shape}, is all zeros, for every image"
        return Death(self.vertex, self.operand, kind, how, tuple(others))


def _odd(x: Any) -> bool:
    if isinstance(x, Node | Number) or not hasattr(x, "dtype"):
        return False
    return x.dtype.kind == "f" and not bool(namespace(x).isfinite(x).all())


def _all_zero(x: Any) -> bool:
    if isinstance(x, Number):
        return x.value == 0
    if isinstance(x, (int, float)):
        return x == 0
    return not isinstance(x, Node) and not bool((x != 0).any())


def _span(x: Any, what: str = "") -> str:
    """The range of an array, as `` in [low, high]``; nothing where it is not known."""
    if x is None or not hasattr(x, "dtype") or not x.size:
        return ""
    xp = namespace(x)
    return f"{', ' + what if what else ''} in [{float(xp.min(x)):.3g}, {float(xp.max(x)):.3g}]"


def where(graph: Graph, vertex: int) -> str:
    """An op in the user's words: its module's path, or the op and its number where no module is."""
    v = graph.vertices[vertex]
    if v.kind != "op":
        return v.name or f"%{vertex}"
    return f"{spoken(v.op)} in {v.scope}" if v.scope else f"{spoken(v.op)} (%{vertex})"


def spoken(op: str) -> str:
    """An op's name as users know it."""
    return {
        "project": "linear",
        "conv_bias": "conv",
        "conv_bias_relu": "conv",
        "conv_input": "conv_transpose",
    }.get(op, op)
