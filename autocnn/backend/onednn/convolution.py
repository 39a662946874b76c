"""Cross-correlation and its adjoints in x and in w (with the bias): 1-d to 3-d, strided, dilated, grouped.

The library chooses the layout of the weights; they are reordered into it, and their gradient out of it, at each
call. That costs far less than convolving with weights as they lie: it is one visit of the weights, which are small
beside the images.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from autocnn.backend.geometry import Pads, windows
from autocnn.backend.onednn import header
from autocnn.backend.onednn.execute import Plan, ask, attributes, described, plan, reorder, same, size_of
from autocnn.backend.onednn.library import Unserved
from autocnn.backend.onednn.memory import (
    FLOAT,
    Handle,
    dense,
    describe,
    describe_any,
    describe_channels_last,
    dims,
    fits,
    logical,
    maker_last,
    steps_of,
)
from autocnn.backend.onednn.reorder import channels_last
from autocnn.types import Array, Shape

_LANES = 16
"""Channels that the library computes at once."""

_FEW = 1 << 14
"""Elements of a cotangent below which that does not matter."""


@dataclass(frozen=True, slots=True)
class _Window:
    """How a kernel moves over the images, as the library writes it."""

    stride: Shape
    padding: Pads
    dilation: Shape
    groups: int

    def __post_init__(self) -> None:
        if min(map(min, self.padding)) < 0:
            raise Unserved(f"convolution: padding is {self.padding}; the library does not crop")

    def __iter__(self) -> Any:
        """Strides, gaps between taps, zeros before and behind."""
        yield dims(self.stride)
        yield dims([d - 1 for d in self.dilation])
        yield dims([lo for lo, _ in self.padding])
        yield dims([hi for _, hi in self.padding])


class _Weighted:
    """A convolution with weights, which are reordered into the layout that the library wants."""

    __slots__ = ("_kept", "_make", "_plan", "_reorder", "_weights", "result")

    def __init__(self, make: Callable[[], Plan], result: Callable[[], Array], lie: Any, inner: Any) -> None:
        """`make` makes the plan, `result` the array for its result; weights `lie` so, and it wants the `inner`."""
        self.result = result
        self._make, self._plan = make, make()
        self._reorder: Plan | None = None
        self._kept: dict[int, tuple[weakref.ref[Array], Plan]] = {}
        """Plans with weights that nobody can write to, by identity."""
        if not same(lie, inner):
            self._weights = np.zeros(size_of(inner) // 4, FLOAT)
            self._reorder = reorder(lie, inner).hold(header.DST, self._weights)
            self._plan.hold(header.WEIGHTS, self._weights)

    def __call__(self, w: Array, *arrays: Array) -> None:
        """Run with these weights: reordered at each call, or once where they are read-only."""
        if self._reorder is None:
            self._plan(w, *arrays)
        elif w.flags.writeable or w.base is not None:
            self._reorder(w)
            self._plan(*arrays)
        else:
            self._with(w, self._reorder)(*arrays)

    def _with(self, w: Array, reorder: Plan) -> Plan:
        """The plan that has these weights."""
        key = id(w)
        known = self._kept.get(key)
        if known is not None and known[0]() is w:
            return known[1]
        reorder(w)
        made = self._make().hold(header.WEIGHTS, self._weights.copy())
        self._kept[key] = weakref.ref(w, lambda _: self._kept.pop(key, None)), made
        return made


@dataclass(frozen=True, slots=True)
class _Gradient:
    """The adjoint in the weights, whose gradient comes in the library's layout and is reordered out of it."""

    plan: Plan
    result: Callable[[], Array]
    reorder: Plan | None

    def __call__(self, gw: Array, *arrays: Array) -> None:
        """Fill the gradient."""
        if self.reorder is None:
            self.plan(gw, *arrays)
        else:
            self.plan(*arrays)
            self.reorder(gw)


def applies(x: Array, w: Array) -> bool:
    """Whether oneDNN may take images and weights: float32, 1-d to 3-d, nothing empty.

    >>> x, w = np.ones((1, 2, 5), np.float32), np.ones((4, 2, 3), np.float32)
    >>> applies(x, w), applies(x, w.astype(np.float64))
    (True, False)
    """
    return 3 <= x.ndim <= 5 and fits(x, w)


def conv(
    x: Array,
    w: Array,
    bias: Array | None = None,
    *,
    stride: Sequence[int],
    padding: Pads,
    dilation: Sequence[int],
    groups: int,
    relu: bool = False,
) -> Array | None:
    """x (N, C, *spatial), w (O, C / groups, *kernel), bias (O,) -> (N, O, *counts), a ReLU behind on request.

    None where oneDNN does not serve.
    """
    if not applies(x, w) or (bias is not None and (bias.shape != w.shape[:1] or not fits(bias))):
        return None
    w, steps = _taken(w)
    key = ("conv", x.shape, w.shape, steps, bias is None, stride, padding, dilation, groups, relu)
    ready = plan(key, _forward, x.shape, w.shape, steps, bias is not None, key[5:9], relu)
    if ready is None:
        return None
    z = ready.result()
    if bias is None:
        ready(w, channels_last(x), z)
    else:
        ready(w, channels_last(x), z, np.ascontiguousarray(bias))
    return logical(z)


def conv_input(
    g: Array,
    w: Array,
    *,
    shape: Shape,
    stride: Sequence[int],
    padding: Pads,
    dilation: Sequence[int],
    groups: int,
) -> Array | None:
    """The adjoint in x, a transposed convolution: g (N, O, *counts), w -> `shape` (of x); None if unserved."""
    if not applies(g, w):
        return None
    if groups == 1 and 1 < w.shape[-1] <= _LANES // w.shape[1] and g.size >= _FEW and min(padding[-1]) >= 0:
        return _conv_input_by_taps(g, w, shape, stride, padding, dilation)
    w, steps = _taken(w)
    key = ("conv_input", g.shape, w.shape, steps, shape, stride, padding, dilation, groups)
    ready = plan(key, _backward_input, g.shape, w.shape, steps, shape, key[5:])
    if ready is None:
        return None
    gx = ready.result()
    ready(w, channels_last(g), gx)
    return logical(gx)


def _conv_input_by_taps(
    g: Array, w: Array, shape: Shape, stride: Sequence[int], padding: Pads, dilation: Sequence[int]
) -> Array | None:
    """:func:`conv_input` for images of few channels: each tap along the last axis becomes a channel of its own.

    The library computes as many channels at once as a vector register holds, however few there are. What the taps
    gave is laid over one another afterwards, each shifted by its place.
    """
    o, c, *kernel = w.shape
    taps, counts = kernel[-1], g.shape[-1]
    spread = np.moveaxis(w, -1, 1).reshape(o, taps * c, *kernel[:-1], 1)
    parts = conv_input(
        g, spread, shape=(shape[0], taps * c, *shape[2:-1], counts), stride=(*stride[:-1], 1),
        padding=(*padding[:-1], (0, 0)), dilation=(*dilation[:-1], 1), groups=1,
    )  # fmt: skip
    if parts is None:
        return None
    parts = channels_last(parts)
    gx = np.zeros((shape[0], *shape[2:], c), g.dtype)
    step, width = stride[-1], shape[-1]
    for tap in range(taps):
        shift = tap * dilation[-1] - padding[-1][0]
        first, last = max(0, -(shift // step)), min(counts, (width - 1 - shift) // step + 1)
        if first < last:
            hit = gx[..., shift + first * step : shift + (last - 1) * step + 1 : step, :]
            hit += parts[..., first:last, tap * c : (tap + 1) * c]
    return logical(gx)


def conv_weight(
    g: Array,
    x: Array,
    *,
    shape: Shape,
    stride: Sequence[int],
    padding: Pads,
    dilation: Sequence[int],
    groups: int,
    bias: bool = False,
) -> Any:
    """The adjoint in w: g (N, O, *counts), x (N, C, *spatial) -> `shape` (of w).

    With `bias` a pair, the second the bias's gradient (O,). None where oneDNN does not serve.
    """
    if not applies(x, g):
        return None
    key = ("conv_weight", g.shape, x.shape, shape, bias, stride, padding, dilation, groups)
    ready = plan(key, _backward_weight, g.shape, x.shape, shape, bias, key[5:])
    if ready is None:
        return None
    gw = ready.result()
    if not bias:
        ready(gw, channels_last(x), channels_last(g))
        return gw
    gb = np.empty(shape[0], g.dtype)
    ready(gw, channels_last(x), channels_last(g), gb)
    return gw, gb


def _taken(w: Array) -> tuple[Array, Shape]:
    """Weights that are dense in memory, and their strides in elements: none where they are in C order."""
    if w.flags.c_contiguous:
        return w, ()
    steps = steps_of(w)
    if steps is None:
        w = np.ascontiguousarray(w)
        steps = ()
    return w, steps


def _forward(x: Shape, w: Shape, steps: Shape, with_bias: bool, window: Any, relu: bool) -> _Weighted:
    how = _Window(*window)
    src, weights = describe_channels_last(x), describe_any(_grouped(w, how.groups))
    dst = describe_channels_last(_result(x, w, how))
    bias = describe((w[0],)) if with_bias else None
    made = described(
        "convolution_forward", header.TRAINING, header.DIRECT, src, weights, bias, dst, *how, attributes(relu)
    )
    inner = ask(made, header.ASK_WEIGHTS)
    places = [(header.WEIGHTS, inner), (header.SRC, src), (header.DST, dst), (header.BIAS, bias)]
    make = partial(Plan, made, [place for place in places if place[1] is not None])
    return _Weighted(make, _images(_result(x, w, how), how), _weights(w, steps, how.groups), inner)


def _backward_input(g: Shape, w: Shape, steps: Shape, x: Shape, window: Any) -> _Weighted:
    how = _Window(*window)
    hint = _hint(x, w, g, how)
    source, result = describe_channels_last(x), describe_channels_last(g)
    weights = describe_any(_grouped(w, how.groups))
    made = described("convolution_backward_data", header.DIRECT, source, weights, result, *how, hint, attributes())
    inner = ask(made, header.ASK_WEIGHTS)
    places = [(header.WEIGHTS, inner), (header.DST_GRADIENT, result), (header.SRC_GRADIENT, source)]
    make = partial(Plan, made, places)
    return _Weighted(make, _images(x, how), _weights(w, steps, how.groups), inner)


def _backward_weight(g: Shape, x: Shape, w: Shape, with_bias: bool, window: Any) -> _Gradient:
    how = _Window(*window)
    hint = _hint(x, w, g, how)
    source, result = describe_channels_last(x), describe_channels_last(g)
    weights = describe_any(_grouped(w, how.groups))
    bias = describe((w[0],)) if with_bias else None
    made = described(
        "convolution_backward_weights", header.DIRECT, source, weights, bias, result, *how, hint, attributes()
    )
    inner = ask(made, header.ASK_WEIGHTS_GRADIENT)
    places = [
        (header.WEIGHTS_GRADIENT, inner), (header.SRC, source), (header.DST_GRADIENT, result),
        (header.BIAS_GRADIENT, bias),
    ]  # fmt: skip
    main = Plan(made, [place for place in places if place[1] is not None])
    lie, make = _weights(w, (), how.groups), partial(np.empty, w, FLOAT)
    if same(lie, inner):
        return _Gradient(main, make, None)
    gradient = np.zeros(size_of(inner) // 4, FLOAT)
    main.hold(header.WEIGHTS_GRADIENT, gradient)
    return _Gradient(main, make, reorder(inner, lie).hold(header.SRC, gradient))


def _images(shape: Shape, how: _Window) -> Callable[[], Array]:
    """What makes images of this shape. Kernels of groups do little but read and write: they want lines whole."""
    return maker_last(shape, past=None if how.groups == 1 else 0)


def _hint(x: Shape, w: Shape, g: Shape, how: _Window) -> Handle:
    """The description of the forward convolution, which the library asks for to describe its adjoints."""
    if _result(x, w, how) != g:
        raise Unserved(f"convolution: the cotangent is {g}, the result {_result(x, w, how)}")
    return described(
        "convolution_forward", header.TRAINING, header.DIRECT, describe_channels_last(x),
        describe_any(_grouped(w, how.groups)), None, describe_channels_last(g), *how, attributes(),
    )  # fmt: skip


def _result(x: Shape, w: Shape, how: _Window) -> Shape:
    """The shape of the convolution; raises Unserved where shapes do not fit together."""
    if len(x) != len(w) or x[1] != w[1] * how.groups or w[0] % how.groups:
        raise Unserved(f"convolution: x {x} and w {w} do not fit in {how.groups} groups")
    counts = windows(x[2:], w[2:], how.stride, how.padding, how.dilation)
    if min(counts) < 1:
        raise Unserved(f"convolution: the kernel of {w} does not fit in {x}")
    return (x[0], w[0], *counts)


def _grouped(w: Shape, groups: int) -> Shape:
    """The shape of weights as the library counts it: groups in front, where there are several."""
    return w if groups == 1 else (groups, w[0] // groups, *w[1:])


def _weights(w: Shape, steps: Shape, groups: int) -> Handle:
    """Weights as they lie."""
    steps = steps or dense(w)
    ahead = () if groups == 1 else (w[0] // groups * steps[0],)
    return describe(_grouped(w, groups), (*ahead, *steps))
