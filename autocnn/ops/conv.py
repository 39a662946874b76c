"""Cross-correlation, its transpose, and their derivatives of any order.

Three primitives, each linear in both of its inputs, are the derivatives of one another::

    conv(x, w)            <z, g> = <x, conv_input(g, w)> = <w, conv_weight(g, x)>
    conv_input(g, w)      the adjoint in x: a transposed convolution
    conv_weight(g, x)     the adjoint in w
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from autocnn.backend import geometry, kernels
from autocnn.engine import Primitive, Tensor, as_tensor, primitive
from autocnn.errors import ArgumentError, ShapeError
from autocnn.ops.activation.rectifiers import Rectified, _relu_backward
from autocnn.ops.channels import _channel_spread, _channel_sum, batched, check_dtypes, unbatched
from autocnn.ops.elementwise import add
from autocnn.types import Shape, Size

Padding = int | str | Sequence[int] | Sequence[Sequence[int]]


# Cross-correlation --------------------------------------------------------------------------------------------


def conv1d(
    input: Any,
    weight: Any,
    bias: Any = None,
    stride: Size = 1,
    padding: Padding = 0,
    dilation: Size = 1,
    groups: int = 1,
) -> Tensor:
    """Cross-correlation along one axis: (N, C, L), weight (O, C / groups, k), bias (O,) -> (N, O, l).

    As :func:`conv2d`, with one spatial axis; the batch axis of input may be left out.

    >>> conv1d(Tensor([[[1.0, 2.0, 4.0]]]), Tensor([[[-1.0, 1.0]]])).tolist()
    [[[1.0, 2.0]]]
    """
    return _correlate("conv1d", 1, input, weight, bias, stride, padding, dilation, groups)


def conv2d(
    input: Any,
    weight: Any,
    bias: Any = None,
    stride: Size = 1,
    padding: Padding = 0,
    dilation: Size = 1,
    groups: int = 1,
) -> Tensor:
    """Cross-correlation of images: (N, C, H, W), weight (O, C / groups, kh, kw), bias (O,) -> (N, O, oh, ow).

    With x the input and w the weight,
    z[n, o, i, j] = bias[o] + sum over c, a, b of x[n, c, sh i + dh a - ph, sw j + dw b - pw] w[o, c, a, b],
    oh = floor((H + 2 ph - dh (kh - 1) - 1) / sh) + 1. Output channels see only the input channels of their
    group. `padding` is a number, one per axis, a (before, after) pair per axis, "same", "valid" or "full". The
    batch axis of input may be left out.
    Raises ShapeError if channels or sizes do not fit, ArgumentError for impossible parameters.

    >>> conv2d(Tensor([[[1.0, 2.0], [3.0, 4.0]]]), Tensor([[[[1.0, 10.0]]]])).tolist()
    [[[21.0], [43.0]]]
    """
    return _correlate("conv2d", 2, input, weight, bias, stride, padding, dilation, groups)


def conv3d(
    input: Any,
    weight: Any,
    bias: Any = None,
    stride: Size = 1,
    padding: Padding = 0,
    dilation: Size = 1,
    groups: int = 1,
) -> Tensor:
    """Cross-correlation of volumes: (N, C, D, H, W), weight (O, C / groups, kd, kh, kw) -> (N, O, od, oh, ow).

    As :func:`conv2d`, with three spatial axes; the batch axis of input may be left out.

    >>> conv3d(Tensor([[[[1.0, 2.0, 4.0]]]]), Tensor([[[[[1.0, 1.0]]]]])).shape
    (1, 1, 1, 2)
    """
    return _correlate("conv3d", 3, input, weight, bias, stride, padding, dilation, groups)


def conv_relu(
    input: Any,
    weight: Any,
    bias: Any,
    stride: Size = 1,
    padding: Padding = 0,
    dilation: Size = 1,
    groups: int = 1,
) -> Tensor:
    """relu of a convolution with bias, by one kernel: :func:`conv1d`, `conv2d` or `conv3d`, as weight has axes.

    A relu of the result costs nothing: it is the result.

    >>> conv_relu(Tensor([[[1.0, 2.0]]]), Tensor([[[3.0]]]), Tensor([-4.0])).tolist()
    [[[0.0, 2.0]]]
    """
    w = as_tensor(weight)
    ndim = min(max(w.ndim - 2, 1), 3)
    z = _correlate("conv_relu", ndim, input, w, bias, stride, padding, dilation, groups, _conv_bias_relu)
    z.__class__ = Rectified
    return z


def _correlate(
    op: str, ndim: int, x: Any, w: Any, b: Any, stride: Size, padding: Padding, dilation: Size, groups: int,
    biased: Primitive | None = None,
) -> Tensor:  # fmt: skip
    x, w, b = as_tensor(x), as_tensor(w), None if b is None else as_tensor(b)
    x, alone = batched(op, x, ndim)
    settle: Any = _settled
    try:
        how = settle(op, ndim, x.shape, w.shape, stride, padding, dilation, groups)
    except TypeError:  # a list, which cannot be looked up
        how = settle.__wrapped__(op, ndim, x.shape, w.shape, stride, padding, dilation, groups)
    if b is None:
        if x._array.dtype is not w._array.dtype:
            check_dtypes(op, x=x, w=w)
        z = _conv(x, w, **how)
    else:
        _check_bias(op, b, w.shape[0])
        if not x._array.dtype is w._array.dtype is b._array.dtype:
            check_dtypes(op, x=x, w=w, bias=b)
        z = (biased or _conv_bias)(x, w, b, **how)
    return unbatched(z, alone) if alone else z


@lru_cache(maxsize=4096, typed=True)
def _settled(
    op: str, ndim: int, x: Shape, w: Shape, stride: Size, padding: Padding, dilation: Size, groups: int
) -> dict[str, Any]:
    """The parameters of a correlation, checked and made canonical: a network asks for the same at every step."""
    groups = _groups(op, w, groups, ndim)
    if x[1] != w[1] * groups:
        raise ShapeError(f"{op}: x has {x[1]} channels {x}, w expects {w[1] * groups} {w}")
    if w[0] % groups:
        raise ShapeError(f"{op}: w has {w[0]} output channels {w}; groups {groups} must divide them")
    window = _window(op, w[2:], stride, padding, dilation)
    counts = geometry.windows(x[2:], w[2:], **window)
    geometry.check_fit(op, x[2:], w[2:], window["padding"], window["dilation"], counts)
    return {**window, "groups": groups}


@primitive(saves=(("w",), ("x",)))
def _conv(xp: Any, x: Any, w: Any, *, stride: Shape, padding: Any, dilation: Shape, groups: int) -> Any:
    return kernels.conv(xp, x, w, stride=stride, padding=padding, dilation=dilation, groups=groups)


@primitive(saves=(("w",), ("x",), ()))
def _conv_bias(
    xp: Any, x: Any, w: Any, b: Any, *, stride: Shape, padding: Any, dilation: Shape, groups: int
) -> Any:
    return kernels.conv(xp, x, w, b, stride=stride, padding=padding, dilation=dilation, groups=groups)


@primitive(saves=(("w", "z"), ("x", "z"), ("z",)))
def _conv_bias_relu(
    xp: Any, x: Any, w: Any, b: Any, *, stride: Shape, padding: Any, dilation: Shape, groups: int
) -> Any:
    return kernels.conv(xp, x, w, b, stride=stride, padding=padding, dilation=dilation, groups=groups, relu=True)


@primitive(saves=(("w",), ("g",)))
def _conv_input(
    xp: Any, g: Any, w: Any, *, shape: Shape, stride: Shape, padding: Any, dilation: Shape, groups: int
) -> Any:
    return kernels.conv_input(
        xp, g, w, shape=shape, stride=stride, padding=padding, dilation=dilation, groups=groups
    )


@primitive(saves=(("x",), ("g",)))
def _conv_weight(
    xp: Any, g: Any, x: Any, *, shape: Shape, stride: Shape, padding: Any, dilation: Shape, groups: int
) -> Any:
    return kernels.conv_weight(
        xp, g, x, shape=shape, stride=stride, padding=padding, dilation=dilation, groups=groups
    )


_conv.vjp(
    lambda g, z, x, w, **p: _conv_input(g, w, shape=x.shape, **p),
    lambda g, z, x, w, **p: _conv_weight(g, x, shape=w.shape, **p),
)
_conv_bias.vjp(
    lambda g, z, x, w, b, **p: _conv_input(g, w, shape=x.shape, **p),
    lambda g, z, x, w, b, **p: _conv_weight(g, x, shape=w.shape, **p),
    lambda g, z, x, w, b, **p: _channel_sum(g),
)
_conv_bias_relu.vjp(
    lambda g, z, x, w, b, **p: _conv_input(_relu_backward(g, z), w, shape=x.shape, **p),
    lambda g, z, x, w, b, **p: _conv_weight(_relu_backward(g, z), x, shape=w.shape, **p),
    lambda g, z, x, w, b, **p: _channel_sum(_relu_backward(g, z)),
)
_conv_input.vjp(  # h, the cotangent of the result, has the shape of x
    lambda h, z, g, w, shape, **p: _conv(h, w, **p),
    lambda h, z, g, w, shape, **p: _conv_weight(g, h, shape=w.shape, **p),
)
_conv_weight.vjp(  # h has the shape of w
    lambda h, z, g, x, shape, **p: _conv(x, h, **p),
    lambda h, z, g, x, shape, **p: _conv_input(g, h, shape=x.shape, **p),
)


# Transposed convolution ---------------------------------------------------------------------------------------


def conv_transpose1d(
    input: Any,
    weight: Any,
    bias: Any = None,
    stride: Size = 1,
    padding: Size = 0,
    output_padding: Size = 0,
    groups: int = 1,
    dilation: Size = 1,
) -> Tensor:
    """The adjoint of :func:`conv1d` in its input: (N, C, l), weight (C, O / groups, k) -> (N, O, L).

    As :func:`conv_transpose2d`, with one spatial axis.

    >>> conv_transpose1d(Tensor([[[1.0, 2.0]]]), Tensor([[[1.0, 10.0]]])).tolist()
    [[[1.0, 12.0, 20.0]]]
    """
    return _transpose(
        "conv_transpose1d", 1, input, weight, bias, stride, padding, output_padding, groups, dilation
    )


def conv_transpose2d(
    input: Any,
    weight: Any,
    bias: Any = None,
    stride: Size = 1,
    padding: Size = 0,
    output_padding: Size = 0,
    groups: int = 1,
    dilation: Size = 1,
) -> Tensor:
    """The adjoint of :func:`conv2d` in its input: (N, C, h, w), weight (C, O / groups, kh, kw) -> (N, O, H, W).

    H = (h - 1) sh - 2 ph + dh (kh - 1) + oph + 1; `output_padding` chooses among the input sizes that the
    convolution would have mapped to the same h. The batch axis of input may be left out.
    Raises ShapeError if channels or sizes do not fit, ArgumentError for impossible parameters.

    >>> conv_transpose2d(Tensor([[[2.0]]]), Tensor([[[[1.0, 3.0]]]])).tolist()
    [[[2.0, 6.0]]]
    """
    return _transpose(
        "conv_transpose2d", 2, input, weight, bias, stride, padding, output_padding, groups, dilation
    )


def conv_transpose3d(
    input: Any,
    weight: Any,
    bias: Any = None,
    stride: Size = 1,
    padding: Size = 0,
    output_padding: Size = 0,
    groups: int = 1,
    dilation: Size = 1,
) -> Tensor:
    """The adjoint of :func:`conv3d` in its input: (N, C, d, h, w), weight (C, O / groups, kd, kh, kw).

    As :func:`conv_transpose2d`, with three spatial axes.

    >>> conv_transpose3d(Tensor([[[[2.0]]]]), Tensor([[[[[1.0, 3.0]]]]])).shape
    (1, 1, 1, 2)
    """
    return _transpose(
        "conv_transpose3d", 3, input, weight, bias, stride, padding, output_padding, groups, dilation
    )


def _transpose(
    op: str,
    ndim: int,
    x: Any,
    w: Any,
    b: Any,
    stride: Size,
    padding: Size,
    extra: Size,
    groups: int,
    dilation: Size,
) -> Tensor:
    x, w, b = as_tensor(x), as_tensor(w), None if b is None else as_tensor(b)
    x, alone = batched(op, x, ndim)
    groups = _groups(op, w.shape, groups, ndim)
    if x.shape[1] != w.shape[0]:
        raise ShapeError(f"{op}: x has {x.shape[1]} channels {x.shape}, w expects {w.shape[0]} {w.shape}")
    if w.shape[0] % groups:
        raise ShapeError(f"{op}: w takes {w.shape[0]} input channels {w.shape}; groups {groups} must divide them")
    _check_bias(op, b, w.shape[1] * groups)
    check_dtypes(op, x=x, w=w, bias=b)
    window = _window(op, w.shape[2:], stride, padding, dilation)
    tail = geometry.per_axis(op, "output_padding", extra, ndim, least=0)
    for more, s, d in zip(tail, window["stride"], window["dilation"], strict=True):
        if more >= max(s, d):
            raise ArgumentError(f"{op}: output_padding is {more}; it must be below stride {s} or dilation {d}")
    # What output_padding adds is room behind the last window: less of it is cut off, or zeros follow.
    window["padding"] = tuple((lo, hi - more) for (lo, hi), more in zip(window["padding"], tail, strict=True))
    space = geometry.transposed(x.shape[2:], w.shape[2:], **window)
    if any(size < 1 for size in space):
        raise ShapeError(f"{op}: the result of x {x.shape}, w {w.shape} would be {geometry.by(space)}; pad less")
    z = _conv_input(x, w, shape=(x.shape[0], w.shape[1] * groups, *space), groups=groups, **window)
    return unbatched(z if b is None else add(z, _channel_spread(b, shape=z.shape)), alone)


# Checks -------------------------------------------------------------------------------------------------------


def _window(op: str, kernel: Shape, stride: Size, padding: Padding, dilation: Size) -> dict[str, Any]:
    """Stride, padding and dilation of one window, made canonical."""
    steps = geometry.per_axis(op, "stride", stride, len(kernel))
    gaps = geometry.per_axis(op, "dilation", dilation, len(kernel))
    return {"stride": steps, "padding": geometry.pads(op, padding, kernel, steps, gaps), "dilation": gaps}


def _groups(op: str, w: Shape, groups: int, ndim: int) -> int:
    if len(w) != ndim + 2:
        raise ShapeError(f"{op}: w is {len(w)}-d {w}; it must have {ndim + 2} axes")
    groups = geometry.integer(op, "groups", groups)
    if groups < 1:
        raise ArgumentError(f"{op}: groups is {groups}; it must be at least 1")
    return groups


def _check_bias(op: str, b: Tensor | None, channels: int) -> None:
    if b is not None and b.shape != (channels,):
        raise ShapeError(f"{op}: bias is {b.shape}; it must be ({channels},), one for each output channel")
