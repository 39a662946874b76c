"""Sums, means, extremes and softmax as ONNX."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from autocnn.graph.data import Vertex
from autocnn.graph.onnx.pointwise import dtype_code, number
from autocnn.graph.onnx.writer import Writer, attribute, writes

_REDUCTIONS = {
    "sum": "ReduceSum", "mean": "ReduceMean", "amax": "ReduceMax", "amin": "ReduceMin",
    "logsumexp": "ReduceLogSumExp", "norm2": "ReduceL2",
}  # fmt: skip


def _reduce(w: Writer, op: str, x: str, axes: tuple[int, ...], keepdims: bool) -> Any:
    if not axes:  # a number: there is nothing to add to it
        return w.node(op, x, keepdims=1, noop_with_empty_axes=1)
    return w.node(op, x, w.constant(list(axes)), keepdims=int(keepdims))


@writes(*_REDUCTIONS)
def _reduction(w: Writer, v: Vertex, xs: list[str]) -> Any:
    x, axes = xs[0], attribute(v, "axes")
    if w.sources(v)[0].dtype != v.dtype:
        x = w.node("Cast", x, to=dtype_code(v.dtype))
    if not axes and v.op in ("norm2", "logsumexp"):
        return w.node("Abs", x) if v.op == "norm2" else x
    return _reduce(w, _REDUCTIONS[v.op], x, axes, attribute(v, "keepdims"))


@writes("prod")
def _prod(w: Writer, v: Vertex, xs: list[str]) -> Any:
    x = xs[0] if w.sources(v)[0].dtype == v.dtype else w.node("Cast", xs[0], to=dtype_code(v.dtype))
    return _reduce(w, "ReduceProd", x, (attribute(v, "axis"),), attribute(v, "keepdims"))


@writes("cumsum")
def _cumsum(w: Writer, v: Vertex, xs: list[str]) -> Any:
    x = xs[0] if w.sources(v)[0].dtype == v.dtype else w.node("Cast", xs[0], to=dtype_code(v.dtype))
    if not v.shape:
        return x
    return w.node("CumSum", x, w.constant(attribute(v, "axis")), reverse=int(attribute(v, "reverse")))


@writes("argmax", "argmin")
def _arg(w: Writer, v: Vertex, xs: list[str]) -> Any:
    op, axis, keepdims = "ArgMax" if v.op == "argmax" else "ArgMin", attribute(v, "axis"), attribute(v, "keepdims")
    if axis is not None:
        return w.node(op, *xs, axis=axis, keepdims=int(keepdims))
    w.fits(v, range(len(w.sources(v)[0].shape)), "counts places through the images")
    flat = w.node("Reshape", xs[0], w.constant([-1]))
    return w.node("Reshape", w.node(op, flat, axis=0, keepdims=0), w.constant(np.array(v.shape, "int64")))


@writes("all", "any")
def _all(w: Writer, v: Vertex, xs: list[str]) -> Any:
    x = xs[0] if w.sources(v)[0].dtype == "bool" else w.node("Cast", xs[0], to=dtype_code("bool"))
    op = "ReduceMin" if v.op == "all" else "ReduceMax"
    found = _reduce(
        w, op, w.node("Cast", x, to=dtype_code("int32")), attribute(v, "axes"), attribute(v, "keepdims")
    )
    return w.node("Cast", found, to=dtype_code("bool"))


@writes("count_nonzero")
def _count_nonzero(w: Writer, v: Vertex, xs: list[str]) -> Any:
    there = w.node("Cast", w.node("Cast", xs[0], to=dtype_code("bool")), to=dtype_code("int64"))
    return _reduce(w, "ReduceSum", there, attribute(v, "axes"), False)


@writes("norm")
def _norm(w: Writer, v: Vertex, xs: list[str]) -> Any:
    p, size = float(attribute(v, "p")), w.node("Abs", *xs)
    total = _reduce(
        w, "ReduceSum", w.node("Pow", size, number(w, v, p)), attribute(v, "axes"), attribute(v, "keepdims")
    )
    return w.node("Pow", total, number(w, v, 1 / p))


@writes("var", "std")
def _var(w: Writer, v: Vertex, xs: list[str]) -> Any:
    axes, correction = attribute(v, "axes"), attribute(v, "correction")
    count = prod(w.sources(v)[0].shape[axis] for axis in axes)
    if correction:
        w.fits(v, axes, f"corrects the variance over {count} images")
    mean = _reduce(w, "ReduceMean", xs[0], axes, True)
    distance = w.node("Sub", xs[0], mean)
    z = _reduce(w, "ReduceMean", w.node("Mul", distance, distance), axes, attribute(v, "keepdims"))
    if correction:
        with np.errstate(all="ignore"):
            z = w.node("Mul", z, number(w, v, np.divide(count, max(count - correction, 0))))
    return z if v.op == "var" else w.node("Sqrt", z)


@writes("softmax", "log_softmax")
def _softmax(w: Writer, v: Vertex, xs: list[str]) -> Any:
    return w.node("Softmax" if v.op == "softmax" else "LogSoftmax", *xs, axis=attribute(v, "axis"))
