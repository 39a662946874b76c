"""Convolution, pooling, normalisation and products as ONNX."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np

from autocnn.errors import GraphError
from autocnn.graph.data import ITEM, Vertex
from autocnn.graph.onnx.pointwise import number
from autocnn.graph.onnx.writer import Writer, attribute, writes

# Convolution --------------------------------------------------------------------------------------------------


def _ends(pairs: Sequence[tuple[int, int]]) -> list[int]:
    """Padding as ONNX lists it: all beginnings, then all ends."""
    return [low for low, _ in pairs] + [high for _, high in pairs]


def _padded(w: Writer, x: str, v: Vertex, pairs: Sequence[tuple[int, int]], value: float) -> Any:
    """x with its spatial axes padded; less than nothing cuts off."""
    lows, highs = ([0, 0, *side] for side in zip(*pairs, strict=True))
    return w.node("Pad", x, w.constant([*lows, *highs]), number(w, v, value))


@writes("conv", "conv_bias", "conv_bias_relu")
def _conv(w: Writer, v: Vertex, xs: list[str]) -> Any:
    pairs = attribute(v, "padding")
    if any(end < 0 for pair in pairs for end in pair):  # which ONNX's convolution does not take
        xs, pairs = [_padded(w, xs[0], v, pairs, 0.0), *xs[1:]], [(0, 0)] * len(pairs)
    z = w.node(
        "Conv", *xs, kernel_shape=list(w.sources(v)[1].shape[2:]), strides=list(attribute(v, "stride")),
        pads=_ends(pairs), dilations=list(attribute(v, "dilation")), group=attribute(v, "groups"),
    )  # fmt: skip
    return w.node("Relu", z) if v.op == "conv_bias_relu" else z


@writes("conv_input")
def _conv_transpose(w: Writer, v: Vertex, xs: list[str]) -> Any:
    """Room behind the last window is output_padding; what ONNX does not allow as that is padded with zeros."""
    g, weight = w.sources(v)
    steps, gaps = attribute(v, "stride"), attribute(v, "dilation")
    pads, extra, around = [], [], []
    axes = zip(v.shape[2:], g.shape[2:], weight.shape[2:], steps, attribute(v, "padding"), gaps, strict=True)
    for size, n, k, s, (low, _), d in axes:
        high = (n - 1) * s - low + d * (k - 1) + 1 - size
        room = max(-high, 0)
        pads.append((max(low, 0), max(high, 0)))
        extra.append(room if room < max(s, d) else 0)
        around.append((max(-low, 0), room - extra[-1]))
    z = w.node(
        "ConvTranspose", *xs, kernel_shape=list(weight.shape[2:]), strides=list(steps), pads=_ends(pads),
        output_padding=extra, dilations=list(gaps), group=attribute(v, "groups"),
    )  # fmt: skip
    return _padded(w, z, v, around, 0.0) if any(map(any, around)) else z


# Pooling ------------------------------------------------------------------------------------------------------


def _overhang(w: Writer, v: Vertex) -> list[int]:
    """How far the last window of each axis reaches beyond the image; not above the padding unless in ceil_mode."""
    space, dilation = w.sources(v)[0].shape[2:], v.params.get("dilation") or (1,) * len(v.shape[2:])
    axes = zip(
        space, v.shape[2:], *(attribute(v, name) for name in ("kernel", "stride", "padding")), dilation,
        strict=True,
    )  # type: ignore[call-overload]  # fmt: skip
    return [max((count - 1) * s + d * (k - 1) + 1 - n - p, 0) for n, count, k, s, p, d in axes]


@writes("max_pool")
def _max_pool(w: Writer, v: Vertex, xs: list[str]) -> Any:
    x, kernel, low, high = xs[0], attribute(v, "kernel"), attribute(v, "padding"), _overhang(w, v)
    if any(end >= k for end, k in zip(high, kernel, strict=True)):  # more than ONNX lets a pool pad
        x = _padded(w, x, v, list(zip(low, high, strict=True)), -np.inf)
        low = high = [0] * len(low)
    indexed = any(w.graph.vertices[edge.target].op == ITEM for edge in w.graph.out_edges(v.id))
    return w.node(
        "MaxPool", x, outputs=2 if indexed else 1, kernel_shape=list(kernel), strides=list(attribute(v, "stride")),
        pads=[*low, *high], dilations=list(attribute(v, "dilation")),
    )  # fmt: skip


@writes("max_pool_indices")
def _max_pool_indices(w: Writer, v: Vertex, xs: list[str]) -> Any:
    """ONNX counts through images and channels too."""
    if w.sources(v)[0].op != ITEM:
        raise GraphError(f"to_onnx: %{v.id} max_pool_indices takes winners that no max_pool of this graph gave")
    return w.node("Mod", xs[0], w.constant(prod(attribute(v, "space"))))


@writes("avg_pool")
def _avg_pool(w: Writer, v: Vertex, xs: list[str]) -> Any:
    kernel, low, high = attribute(v, "kernel"), attribute(v, "padding"), _overhang(w, v)
    whole, divisor = attribute(v, "count_include_pad"), attribute(v, "divisor")
    z = w.node(
        "AveragePool", xs[0], kernel_shape=list(kernel), strides=list(attribute(v, "stride")),
        pads=[*low, *high], count_include_pad=int(whole or divisor is not None),
    )  # fmt: skip
    if divisor is not None:
        return w.node("Mul", z, number(w, v, prod(kernel) / divisor))
    over = [end > p for end, p in zip(high, low, strict=True)]
    return w.node("Mul", z, w.constant(_corrections(w, v), v.dtype)) if whole and any(over) else z


def _corrections(w: Writer, v: Vertex) -> Any:
    """What the means of windows that hang over the padding are short of: those places do not count."""
    total = np.ones(())
    axes = zip(
        w.sources(v)[0].shape[2:], v.shape[2:], *(attribute(v, name) for name in ("kernel", "stride", "padding")),
        strict=True,
    )  # fmt: skip
    for n, count, k, s, p in axes:
        starts = np.arange(count) * s - p
        total = np.multiply.outer(total, k / (np.minimum(starts + k, n + p) - starts))
    return total[None, None]


@writes("adaptive_avg_pool")
def _adaptive_avg_pool(w: Writer, v: Vertex, xs: list[str]) -> Any:
    space, sizes = w.sources(v)[0].shape[2:], v.shape[2:]
    if all(size == 1 for size in sizes):
        return w.node("GlobalAveragePool", *xs)
    if all(n % size == 0 for n, size in zip(space, sizes, strict=True)):
        kernel = [n // size for n, size in zip(space, sizes, strict=True)]
        return w.node("AveragePool", *xs, kernel_shape=kernel, strides=kernel)
    x, rank = xs[0], len(v.shape)
    for axis, (n, size) in enumerate(zip(space, sizes, strict=True), 2):
        shares = np.zeros((n, size))
        for place in range(size):
            start, stop = place * n // size, -(-(place + 1) * n // size)
            shares[start:stop, place] = 1 / (stop - start)
        order = [a for a in range(rank) if a != axis] + [axis]
        back = [order.index(a) for a in range(rank)]
        mean = w.node("MatMul", w.node("Transpose", x, perm=order), w.constant(shares, v.dtype))
        x = w.node("Transpose", mean, perm=back)
    return x


# Normalisation ------------------------------------------------------------------------------------------------


@writes("batch_norm_fixed")
def _batch_norm(w: Writer, v: Vertex, xs: list[str]) -> Any:
    return w.node("BatchNormalization", *xs, epsilon=attribute(v, "eps"))


@writes("normalize")
def _normalize(w: Writer, v: Vertex, xs: list[str]) -> Any:
    w.fits(v, attribute(v, "axes"), "takes the mean over the images")
    axes = w.constant(list(attribute(v, "axes")))
    distance = w.node("Sub", xs[0], w.node("ReduceMean", xs[0], axes))
    variance = w.node("ReduceMean", w.node("Mul", distance, distance), axes)
    return w.node("Div", distance, w.node("Sqrt", w.node("Add", variance, number(w, v, attribute(v, "eps")))))


# Products -----------------------------------------------------------------------------------------------------


@writes("matmul")
def _matmul(w: Writer, v: Vertex, xs: list[str]) -> Any:
    return w.node("MatMul", *xs)


@writes("linear", "project")
def _linear(w: Writer, v: Vertex, xs: list[str]) -> Any:
    if len(w.sources(v)[0].shape) == 2:
        return w.node("Gemm", *xs, transB=1)
    z = w.node("MatMul", xs[0], w.node("Transpose", xs[1], perm=[1, 0]))
    return w.node("Add", z, xs[2]) if len(xs) > 2 else z


@writes("einsum")
def _einsum(w: Writer, v: Vertex, xs: list[str]) -> Any:
    return w.node("Einsum", *xs, equation=attribute(v, "equation"))
