"""NaN and infinity: which op made the first one, forward or backward."""

from __future__ import annotations

import math
from typing import Any

from autocnn.backend.arrays import namespace
from autocnn.flow.deaths import where
from autocnn.flow.diagnose.diagnosis import Verdict
from autocnn.flow.diagnose.levels import Levels
from autocnn.flow.run import Run
from autocnn.graph.data import Vertex

_SINGULAR = frozenset({
    "sqrt", "rsqrt", "norm", "norm2", "log", "log2", "log10", "log1p", "div", "reciprocal", "pow", "power", "std",
    "acos", "asin", "atanh", "hypot", "divide_or_zero",
})  # fmt: skip


def strange_values(run: Run) -> Verdict | None:
    """The verdict on values that are not finite; None if all are.

    An infinity that was given as a constant, such as a mask's, counts only where it reaches the loss.
    """
    bad = {v.id: _strange(run, v) for v in run.graph.vertices}
    origins = [
        run.graph.vertices[v]
        for v, count in bad.items()
        if count and not any(bad.get(edge.source) for edge in run.graph.in_edges(v))
    ]
    lost = bool(bad.get(run.end))
    ill = [v for v in origins if v.kind == "parameter" or (v.kind == "op" and _is_made(run, v))]
    ill = ill or (origins if lost else [])
    if not ill:
        return None
    return _verdict(run, ill[0], bad[ill[0].id])


def _is_made(run: Run, v: Vertex) -> bool:
    """Whether all operands of an op are known, and so known to be finite: a constant may be gone."""
    operands = [run.graph.vertices[edge.source] for edge in run.graph.in_edges(v.id)]
    return all(x.id in run.values or "value" in x.params for x in operands)


def _strange(run: Run, v: Vertex) -> int:
    if v.kind == "output":
        return 0
    if v.id not in run.values:
        value = v.params.get("value")
        return int(isinstance(value, float) and not math.isfinite(value))
    return _unsound(run.values[v.id])


def _unsound(array: Any) -> int:
    return int((~namespace(array).isfinite(array)).sum()) if array.dtype.kind == "f" else 0


def _verdict(run: Run, v: Vertex, count: int) -> Verdict:
    at = where(run.graph, v.id)
    what = f"{count} of {v.size} values are NaN or infinite"
    if v.kind == "parameter":
        mend = "go back to a checkpoint from before; a lower learning rate or clipped gradients prevent it"
        return Verdict("non-finite", (at,), f"the parameter itself holds them: {what}", mend, {"count": count})
    if v.kind != "op":
        name = "the images hold" if v.id == run.input else f"the constant {at} holds"
        return Verdict("non-finite", (at,), f"{name} them: {what}", "clean the data", {"count": count})
    operands = [run.values[e.source] for e in run.graph.in_edges(v.id) if e.source in run.values]
    spans = [_span(x) for x in operands if x.dtype.kind == "f" and x.size]
    cause = f"{v.op} made the first ones: {what}, of operands in {' and '.join(spans)}"
    mend = "keep its operands in range: normalise, rescale the weights below, or add a small constant before it"
    return Verdict("non-finite", (at,), cause, mend, {"count": count})


def _span(x: Any) -> str:
    return f"[{float(x.min()):.3g}, {float(x.max()):.3g}]"


def strange_gradients(run: Run, levels: Levels) -> Verdict | None:
    """The verdict on gradients that are not finite though all values are; None if there are none."""
    if not levels.strange:
        return None
    first = levels.strange[0]  # the sweep comes to it before all others
    users = [e.target for e in run.graph.out_edges(first) if e.target in levels.gradient]
    singular = [v for v in users if run.graph.vertices[v].op in _SINGULAR]
    by = (singular or users or [first])[-1]
    operand = run.values.get(first)
    span = f", its operand is in {_span(operand)}" if operand is not None and operand.size else ""
    cause = (
        f"all values are finite, but the derivative of {where(run.graph, by)} is not{span}; "
        f"{len(levels.strange)} gradients from there on back are NaN or infinite"
    )
    mend = "keep away from the point where the derivative is infinite: add a small constant, or clamp, before it"
    return Verdict("non-finite", (where(run.graph, by),), cause, mend, {"count": len(levels.strange)})
