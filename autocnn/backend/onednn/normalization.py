"""Batch norm, with a fused ReLU on request, and standardisation over the last axes (layer norm)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import isfinite, prod
from typing import Any

import numpy as np

from autocnn.backend.onednn import header
from autocnn.backend.onednn.elementwise import FEW
from autocnn.backend.onednn.execute import Plan, ask, attributes, described, name_of, plan, size_of
from autocnn.backend.onednn.library import Unserved
from autocnn.backend.onednn.memory import (
    FLOAT,
    Handle,
    describe,
    describe_channels_last,
    fits,
    logical,
    maker_last,
)
from autocnn.backend.onednn.pixels import Rest, folded, join
from autocnn.backend.onednn.reorder import channels_last
from autocnn.types import Array, Shape

_FAR = 16.0
"""Standard deviations from 0 beyond which a channel is left to the NumPy kernel."""

_FAR_SQUARED = np.array(_FAR**2, np.float32)  # a number of Python's takes NumPy twice as long

_PAST = 16
"""Bytes past a line of the cache at which results begin: one that begins at a line the library writes past the
cache, straight to memory, where the next op has to fetch it from. That takes both half as long again."""

_VECTORS = (header.SCALE, header.SHIFT, header.MEAN, header.VARIANCE)
_AFFINE = header.USE_SCALE | header.USE_SHIFT


@dataclass(frozen=True, slots=True)
class _Channels:
    """A batch norm ready to run, what makes the array of its result, and how large the note of a relu is."""

    plan: Plan
    result: Callable[[], Array]
    vectors: tuple[Array, ...]
    """The plan's own (k, C), k 1 or more: what goes in is copied there, what comes out from there."""
    room: int
    ahead: Plan | None = None
    """Where pixels are folded: what finds the statistics of each column of its own."""
    rest: Rest | None = None
    """Where pixels are folded: what completes the cotangent."""


def applies(x: Array, *vectors: Array | None) -> bool:
    """Whether oneDNN may normalise x (N, C, ...): float32, with at most three axes behind the channels, not empty.

    >>> applies(np.ones((2, 3), np.float32)), applies(np.ones((0, 3), np.float32))
    (True, False)
    """
    channels = x.shape[1:2]
    for v in vectors:
        if v is not None and v.shape != channels:
            return False
    return 2 <= x.ndim <= 5 and fits(x, *vectors)


def batch_norm(
    x: Array, w: Array | None, b: Array | None, *, eps: float, relu: bool = False
) -> tuple[Array, ...] | None:
    """Each channel to mean 0 and variance 1, scaled and shifted: x (N, C, ...) -> z, mean (C,), var (C,).

    With `relu` it is max(0, z), and a fourth array comes that :func:`batch_norm_backward` wants back: which
    elements were positive, in the library's own form. None where oneDNN does not serve, and where a channel lies
    so far from 0 that the library's statistics are not good enough.
    """
    if not applies(x, w, b) or (relu and not _finite(w, b)):
        return None
    ready = plan(("batch_norm", x.shape, eps, relu), _batch_forward, x.shape, eps, relu)
    if ready is None:
        return None
    z = ready.result()
    scale, shift, mean, var = ready.vectors
    scale[...] = 1.0 if w is None else w
    shift[...] = 0.0 if b is None else b
    positive = (np.empty(ready.room, np.uint8),) if relu else ()
    last = channels_last(x)
    if ready.ahead is not None:
        ready.ahead(last, z)
        join(mean, var)
    ready.plan(last, z, *positive)
    mean, var = mean[0].copy(), var[0].copy()
    return (logical(z), mean, var, *positive) if _is_centred(mean, var, eps) else None


def batch_norm_relu(x: Array, w: Array, b: Array, *, eps: float) -> tuple[Array, ...] | None:
    """:func:`batch_norm` with relu: z, mean, var, and which elements are positive; None where unserved."""
    return batch_norm(x, w, b, eps=eps, relu=True) if x.size >= FEW else None


def batch_norm_relu_backward(
    g: Array, x: Array, w: Array, mean: Array, var: Array, positive: Array, z: Array, *, eps: float
) -> tuple[Array, Array, Array] | None:
    """Cotangents of :func:`batch_norm_relu`, which gave z and `positive`; None where unserved."""
    return batch_norm_backward(g, x, w, mean, var, eps=eps, positive=positive)


def batch_norm_inference(
    x: Array, w: Array | None, b: Array | None, mean: Array, var: Array, *, eps: float, relu: bool = False
) -> Array | None:
    """The same with given statistics: x (N, C, ...), all else (C,); None where oneDNN does not serve."""
    if not applies(x, w, b, mean, var):
        return None
    ready = plan(("batch_norm_inference", x.shape, eps, relu), _batch_inference, x.shape, eps, relu)
    if ready is None:
        return None
    z = ready.result()
    for own, given in zip(
        ready.vectors, (1.0 if w is None else w, 0.0 if b is None else b, mean, var), strict=True
    ):
        own[...] = given
    ready.plan(channels_last(x), z)
    return logical(z)


def batch_norm_backward(
    g: Array, x: Array, w: Array | None, mean: Array, var: Array, *, eps: float, positive: Array | None = None
) -> tuple[Array, Array, Array] | None:
    """Cotangents of :func:`batch_norm`: g, x (N, C, ...) -> gx (N, C, ...), gw (C,), gb (C,).

    `positive` is the fourth array of a batch norm with ReLU. None where oneDNN does not serve.
    """
    if g.shape != x.shape or not fits(g) or not applies(x, w, mean, var):
        return None
    relu = positive is not None
    ready = plan(("batch_norm_backward", x.shape, eps, relu), _batch_backward, x.shape, eps, relu)
    if ready is None:
        return None
    if ready.rest is not None and not _is_centred(mean, var, eps):
        return None  # the rest is a line through x, not exact enough so far from 0
    if positive is not None and (positive.dtype, positive.shape) != (np.uint8, (ready.room,)):
        return None
    gx, last = ready.result(), channels_last(x)
    scale, centre, spread, gw, gb = ready.vectors
    scale[...] = 1.0 if w is None else w
    centre[...], spread[...] = mean, var
    ready.plan(channels_last(g), last, gx, *(() if positive is None else (positive,)))
    if ready.rest is None:
        return logical(gx), gw[0].copy(), gb[0].copy()
    gw, gb = gw.sum(0), gb.sum(0)
    ready.rest(last, gx, scale[0], mean, var, gw, gb)
    return logical(gx), gw, gb


def standardize(x: Array, *, axes: Shape, eps: float) -> tuple[Array, tuple[Array, Array]] | None:
    """x to mean 0 and variance 1 over its last axes -> z, (mean, invstd) with those axes kept.

    None where oneDNN does not serve, and for other axes.
    """
    rows = _rows(x, axes)
    if rows is None:
        return None
    ready = plan(("standardize", rows, eps), _layer_forward, rows, eps)
    if ready is None:
        return None
    z, mean, var = np.empty(x.shape, x.dtype), np.empty(rows[0], x.dtype), np.empty(rows[0], x.dtype)
    ready(np.ascontiguousarray(x), mean, var, z)
    kept = (*x.shape[: x.ndim - len(axes)], *(1,) * len(axes))
    var += np.float32(eps)
    np.sqrt(var, out=var)
    return z, (mean.reshape(kept), np.divide(np.float32(1), var, out=var).reshape(kept))


def standardize_backward(g: Array, x: Array, mean: Array, invstd: Array, *, axes: Shape) -> Array | None:
    """Cotangent of :func:`standardize`; None where oneDNN does not serve."""
    rows = _rows(x, axes)
    if rows is None or not fits(g, mean, invstd) or g.shape != x.shape or not mean.size == invstd.size == rows[0]:
        return None
    ready = plan(("standardize_backward", rows), _layer_backward, rows)
    if ready is None:
        return None
    with np.errstate(over="ignore"):
        var = np.divide(np.float32(1), np.square(invstd))  # the library is told eps 0, so this is var + eps
    gx = np.empty(x.shape, x.dtype)
    ready(*map(np.ascontiguousarray, (g, x, mean, var)), gx)
    return gx


def _finite(*vectors: Array | None) -> bool:
    """Whether all are finite, and not huge: the library's relu makes 0 of NaN, which must not be lost."""
    return all(v is None or isfinite(v.dot(v)) for v in vectors)


def _is_centred(mean: Array, var: Array, eps: float) -> bool:
    """Whether the error of the mean is small beside the deviation that it is subtracted from.

    The library adds up a channel one number after the other, which leaves an error of about 1e-5 of the mean.
    """
    far = mean * mean
    far -= var * _FAR_SQUARED
    return bool(far.item(far.argmax()) <= eps * _FAR**2)  # not so for NaN, which argmax finds


def _rows(x: Array, axes: Shape) -> tuple[int, int] | None:
    """How many items x has, and how large they are, if `axes` are its last ones."""
    lead = x.ndim - len(axes)
    if not axes or axes != tuple(range(lead, x.ndim)) or not fits(x):
        return None
    return prod(x.shape[:lead]), prod(x.shape[lead:])


def _batch_forward(x: Shape, eps: float, relu: bool) -> _Channels:
    k, shape = folded(x)
    flags = _AFFINE | (header.FUSE_RELU if relu else 0) | (header.GLOBAL_STATISTICS if k > 1 else 0)
    made = _forward(shape, eps, flags)
    if relu and _names(shape, eps, flags) != _names(shape, eps, flags & ~header.FUSE_RELU):
        raise Unserved("batch norm: with relu it is done by another kernel, whose sums are rounded otherwise")
    ready = _ready(made, x, (header.SRC, header.DST), _VECTORS, made if relu else None)
    if k == 1:
        return ready
    ahead = _held(_forward(shape, eps, _AFFINE), shape, (header.SRC, header.DST), _VECTORS, ready.vectors)
    return replace(ready, ahead=ahead)


def _forward(shape: Shape, eps: float, flags: int, use: int = header.TRAINING, relu: bool = False) -> Handle:
    data = describe_channels_last(shape)
    return described("batch_normalization_forward", use, data, data, eps, flags, attributes(relu))


def _backward(shape: Shape, eps: float, flags: int, hint: Handle) -> Handle:
    data = describe_channels_last(shape)
    use = header.BACKWARD
    return described("batch_normalization_backward", use, data, data, data, eps, flags, hint, attributes())


def _names(shape: Shape, eps: float, flags: int) -> tuple[str, str]:
    """What does a batch norm, forward and backward."""
    forward = _forward(shape, eps, flags)
    return name_of(forward), name_of(_backward(shape, eps, flags, forward))


def _batch_inference(x: Shape, eps: float, relu: bool) -> _Channels:
    _, shape = folded(x)
    made = _forward(shape, eps, _AFFINE | header.GLOBAL_STATISTICS, header.INFERENCE, relu)
    return _ready(made, x, (header.SRC, header.DST), _VECTORS)


def _batch_backward(x: Shape, eps: float, relu: bool) -> _Channels:
    k, shape = folded(x)
    flags = _AFFINE | (header.FUSE_RELU if relu else 0) | (header.GLOBAL_STATISTICS if k > 1 else 0)
    hint = _forward(shape, eps, flags)
    made = _backward(shape, eps, flags, hint)
    images = (header.DST_GRADIENT, header.SRC, header.SRC_GRADIENT)
    vectors = (header.SCALE, header.MEAN, header.VARIANCE, header.SCALE_GRADIENT, header.SHIFT_GRADIENT)
    ready = _ready(made, x, images, vectors, hint if relu else None)
    return ready if k == 1 else replace(ready, rest=Rest(shape, k, eps))


def _ready(
    made: Handle, x: Shape, images: Sequence[int], vectors: Sequence[int], noting: Handle | None = None
) -> _Channels:
    """The plan with what it needs; what is `noting` a relu says how large its note is."""
    k, shape = folded(x)
    own = tuple(np.empty((len(vectors), k, x[1]), FLOAT))
    note = None if noting is None else ask(noting, header.ASK_WORKSPACE)
    main = _held(made, shape, images, vectors, own, note)
    return _Channels(main, maker_last(x, past=_PAST), own, 0 if note is None else size_of(note))


def _held(
    made: Handle,
    shape: Shape,
    images: Sequence[int],
    vectors: Sequence[int],
    own: Sequence[Array],
    note: Any = None,
) -> Plan:
    """The plan on images at some places, holding its own vectors at others; perhaps with a relu's note."""
    data, vector = describe_channels_last(shape), describe((shape[1],))
    places: list[tuple[int, Any]] = [*((place, data) for place in images), *((place, vector) for place in vectors)]
    held = Plan(made, places if note is None else [*places, (header.WORKSPACE, note)])
    for place, row in zip(vectors, own, strict=True):
        held.hold(place, row)
    return held


def _layer_forward(rows: tuple[int, int], eps: float) -> Plan:
    data, vector = describe(rows), describe(rows[:1])
    made = described("layer_normalization_forward", header.TRAINING, data, data, vector, eps, 0, attributes())
    return Plan(made, [(header.SRC, data), (header.MEAN, vector), (header.VARIANCE, vector), (header.DST, data)])


def _layer_backward(rows: tuple[int, int]) -> Plan:
    data, vector = describe(rows), describe(rows[:1])
    hint = described("layer_normalization_forward", header.TRAINING, data, data, vector, 0.0, 0, attributes())
    made = described(
        "layer_normalization_backward", header.BACKWARD_DATA, data, data, data, vector, 0.0, 0, hint, attributes()
    )
    return Plan(made, [
        (header.DST_GRADIENT, data), (header.SRC, data), (header.MEAN, vector), (header.VARIANCE, vector),
        (header.SRC_GRADIENT, data),
    ])  # fmt: skip
