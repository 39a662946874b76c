"""Batch, layer and group normalisation."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

from autocnn.backend import kernels
from autocnn.backend.arrays import namespace
from autocnn.engine import Tensor, as_tensor, no_grad, primitive, taps
from autocnn.engine.gradient import Ahead
from autocnn.engine.inplace import memory_of, write
from autocnn.engine.tape import local, next_serial, version
from autocnn.errors import ArgumentError, InPlaceError, ShapeError
from autocnn.ops.activation.rectifiers import Foreseen, _relu
from autocnn.ops.broadcast import _broadcast_to, _sum_to
from autocnn.ops.channels import _channel_spread, _channel_sum, check_dtypes
from autocnn.ops.elementwise import add, mul
from autocnn.ops.elementwise.arithmetic import _add, _mul
from autocnn.ops.elementwise.exponential import _rsqrt
from autocnn.ops.precision import adding
from autocnn.ops.residual import Summand
from autocnn.ops.shape import reshape
from autocnn.types import Array, Shape

# Batch norm ---------------------------------------------------------------------------------------------------


def batch_norm(
    input: Any,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    weight: Any = None,
    bias: Any = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    """Each channel to mean 0 and variance 1 over batch and space, scaled and shifted: (N, C, ...) -> the same.

    z = (x - mean) / sqrt(var + eps) weight + bias. In training the statistics are the batch's (var biased), and
    the running ones, where given, move to them in place: r <- (1 - momentum) r + momentum s, with the unbiased
    variance. Otherwise they are the running ones.
    Raises ShapeError if a vector is not (C,), or in training with a single value per channel.
    Source: Ioffe and Szegedy 2015, algorithms 1 and 2.

    >>> batch_norm(Tensor([[1.0], [3.0]]), None, None, training=True, eps=0.0).tolist()
    [[-1.0], [1.0]]
    """
    x = as_tensor(input)
    vectors = [None if v is None else as_tensor(v) for v in (running_mean, running_var, weight, bias)]
    channels, dtype = x.shape[1:2], x._array.dtype
    for v in vectors:
        if v is not None and (v._array.shape != channels or v._array.dtype is not dtype):
            _check_vectors(x, dict(zip(("running_mean", "running_var", "weight", "bias"), vectors, strict=True)))
    if not channels:
        raise ShapeError(f"batch_norm: x is {x.ndim}-d {x.shape}; it must be (N, C, ...)")
    mean, var, w, b = vectors
    w = _constant(x, 1.0) if w is None else w
    b = _constant(x, 0.0) if b is None else b
    if training:
        return _normalize_batch(x, w, b, mean, var, momentum, float(eps))
    if mean is None or var is None:
        raise ArgumentError("batch_norm: running_mean or running_var is None; evaluation needs both")
    return _batch_norm_fixed(x, w, b, mean, var, eps=float(eps))


def _check_vectors(x: Tensor, vectors: dict[str, Tensor | None]) -> None:
    """Raise for what does not go with x."""
    if x.ndim < 2:
        raise ShapeError(f"batch_norm: x is {x.ndim}-d {x.shape}; it must be (N, C, ...)")
    for name, v in vectors.items():
        if v is not None and v.shape != x.shape[1:2]:
            raise ShapeError(f"batch_norm: {name} is {v.shape}; it must be ({x.shape[1]},), as x has channels")
    check_dtypes("batch_norm", x=x, **vectors)


def _normalize_batch(
    x: Tensor, w: Tensor, b: Tensor, mean: Tensor | None, var: Tensor | None, momentum: float, eps: float
) -> Tensor:
    count = x.shape[0] * prod(x.shape[2:])
    if count == 1:
        raise ShapeError(f"batch_norm: x is {x.shape}; training needs more than 1 value for each channel")
    result, residuals = _with_relu(x, w, b, eps) or _without_relu(x, w, b, eps)
    if "_relu_behind_sum" in w.__dict__ and type(result) is Tensor:
        Summand.of(result, w, _bounds(residuals, w.array, b.array, eps))
    if count and mean is not None:
        _move_running(mean, residuals[0], momentum, 1.0)
    if count and var is not None:
        _move_running(var, residuals[1], momentum, count / (count - 1))
    return result


def _move_running(running: Tensor, now: Any, momentum: float, scale: float) -> None:
    """Let a running statistic take in that of a batch: in its memory, or as an op where somebody sees it."""
    memory = memory_of(running, "batch_norm")
    if memory is None:
        with no_grad():
            write(running, _running_mean(running, Tensor(now), momentum=momentum, scale=scale), "batch_norm")
        return
    memory *= 1 - momentum
    memory += now * (momentum * scale)


_SMALLEST = 1e-12
"""The least eps with which a rounding error of the mean does not grow out of bounds."""


def _without_relu(x: Tensor, w: Tensor, b: Tensor, eps: float) -> tuple[Tensor, tuple[Any, ...]]:
    z, residuals = _batch_norm.run((x.array, w.array, b.array), {"eps": eps})
    return _batch_norm.note((x, w, b), {"eps": eps}, z, residuals), residuals


def _with_relu(x: Tensor, w: Tensor, b: Tensor, eps: float) -> tuple[Tensor, tuple[Any, ...]] | None:
    """The same by a kernel that goes on to the relu which was behind the last time, unless its node is wanted."""
    if "_relu_behind" not in w.__dict__ or local.context.noted:
        return None
    began = taps.begin()
    made = kernels.batch_norm_relu(namespace(x.array), x.array, w.array, b.array, eps=eps)
    if made is None:
        return None
    rectified, *residuals = made
    if began:
        taps.ended(began, "batch_norm_relu", "forward", (x.array, w.array, b.array), made)
    result = _batch_norm.note((x, w, b), {"eps": eps}, rectified, tuple(residuals))
    given, made_at = (x.array, w.array.copy(), b.array.copy()), next_serial()

    def later() -> Any:
        w.__dict__.pop("_relu_behind", None)
        if version(x.array) > made_at:
            raise InPlaceError(
                f"batch_norm: its result {rectified.shape} was not kept, for a relu came next, and its input has "
                "been overwritten since; clone the result before"
            )
        return kernels.batch_norm(namespace(x.array), *given, eps=eps)[0]

    return Foreseen.of(result, _bounds(residuals, *given[1:], eps), later), tuple(residuals)


def _bounds(residuals: Sequence[Any], w: Array, b: Array, eps: float) -> tuple[Array, ...] | None:
    """What bounds the result, if it is divided by something that is not too small."""
    return (*residuals[:2], w, b) if eps >= _SMALLEST else None


@primitive(differentiable=False)
def _running_mean(xp: Any, before: Any, now: Any, *, momentum: float, scale: float) -> Any:
    """Running statistics on their way to those of a batch: (1 - momentum) before + momentum scale now."""
    z = xp.multiply(before, 1 - momentum)
    z += now * (momentum * scale)
    return z


def _constant(x: Tensor, value: float) -> Tensor:
    """The weight or bias of those who give none."""
    return Tensor(namespace(x.array).full((x.shape[1],), value, dtype=x.dtype))


_KEPT = ("x", "w", "mean", "var", "positive")


@primitive(saves=(_KEPT, _KEPT, ()), residuals=("mean", "var", "positive"))
@adding
def _batch_norm(xp: Any, x: Any, w: Any, b: Any, *, eps: float) -> Any:
    """`positive` is what a kernel knows that went on to a relu; this one did not."""
    z, mean, var = kernels.batch_norm(xp, x, w, b, eps=eps)
    return z, (mean, var, None)


@primitive(outputs=True, differentiable=False)
@adding
def _batch_norm_backward(xp: Any, g: Any, x: Any, w: Any, mean: Any, var: Any, *, eps: float) -> Any:
    return kernels.batch_norm_backward(xp, g, x, w, mean, var, eps=eps)


@primitive(outputs=True, differentiable=False)
@adding
def _batch_norm_relu_backward(
    xp: Any, g: Any, x: Any, w: Any, mean: Any, var: Any, positive: Any, z: Any, *, eps: float
) -> Any:
    """From the cotangent g of z, the value of the relu behind; the kernel that made z noted what is `positive`."""
    return kernels.batch_norm_relu_backward(xp, g, x, w, mean, var, positive, z, eps=eps)


def _batch_norm_input(g: Any, z: Any, x: Any, w: Any, b: Any, *, eps: float, **_: Any) -> Any:
    """The definition: gx = w invstd (g - mean(g) - y mean(g y)), every statistic a function of x."""
    share, (y, invstd) = 1.0 / max(prod(x.shape) // max(x.shape[1], 1), 1), _standardized(x, eps)
    along_one = _channel_spread(_mul(_channel_sum(g), -share), shape=x.shape)
    along_y = _mul(y, _channel_spread(_mul(_channel_sum(_mul(g, y)), -share), shape=x.shape))
    return _mul(_add(_add(g, along_one), along_y), _channel_spread(_mul(w, invstd), shape=x.shape))


def _standardized(x: Any, eps: float) -> tuple[Any, Any]:
    """y (N, C, ...) of mean 0 and variance 1 for each channel, and 1 / sqrt(var + eps) (C,)."""
    share = 1.0 / max(prod(x.shape) // max(x.shape[1], 1), 1)
    centred = _add(x, _channel_spread(_mul(_channel_sum(x), -share), shape=x.shape))
    invstd = _rsqrt(_add(_mul(_channel_sum(_mul(centred, centred)), share), eps))
    return _mul(centred, _channel_spread(invstd, shape=x.shape)), invstd


def _batch_norm_joint(
    g: Any, z: Any, x: Any, w: Any, b: Any, *, need: tuple[bool, ...], eps: float, **residuals: Any
) -> Any:
    """One visit of x and g for all three cotangents; the bias alone needs neither."""
    if not need[0] and not need[1]:
        return None, None, _channel_sum(g.passed() if isinstance(g, Ahead) else g)
    mean, var = residuals["mean"], residuals["var"]
    if isinstance(g, Ahead):
        return _batch_norm_relu_backward(g.g, x, w, mean, var, residuals["positive"], g.z, eps=eps)
    return _batch_norm_backward(g, x, w, mean, var, eps=eps)


_batch_norm.vjp(
    _batch_norm_input,
    lambda g, z, x, w, b, eps, **_: _channel_sum(_mul(g, _standardized(x, eps)[0])),
    lambda g, z, x, w, b, **_: _channel_sum(g),
)
_batch_norm.fast(_batch_norm_joint)
_batch_norm.goes_on_to = _relu


@primitive(
    saves=(("w", "var"), ("x", "mean", "var"), (), ("w", "var"), ("x", "w", "mean", "var")),
)
@adding
def _batch_norm_fixed(xp: Any, x: Any, w: Any, b: Any, mean: Any, var: Any, *, eps: float) -> Any:
    return kernels.batch_norm_inference(xp, x, w, b, mean, var, eps=eps)


def _fixed_input(g: Any, z: Any, x: Any, w: Any, b: Any, mean: Any, var: Any, *, eps: float) -> Any:
    return _mul(g, _channel_spread(_mul(w, _rsqrt(_add(var, eps))), shape=x.shape))


def _fixed_weight(g: Any, z: Any, x: Any, w: Any, b: Any, mean: Any, var: Any, *, eps: float) -> Any:
    centred = _add(x, _channel_spread(_mul(mean, -1.0), shape=x.shape))
    return _mul(_channel_sum(_mul(g, centred)), _rsqrt(_add(var, eps)))


def _fixed_mean(g: Any, z: Any, x: Any, w: Any, b: Any, mean: Any, var: Any, *, eps: float) -> Any:
    return _mul(_channel_sum(g), _mul(_mul(w, -1.0), _rsqrt(_add(var, eps))))


def _fixed_var(g: Any, z: Any, x: Any, w: Any, b: Any, mean: Any, var: Any, *, eps: float) -> Any:
    """The derivative of w / sqrt(var + eps) is -1/2 w / sqrt(var + eps)^3."""
    invstd = _rsqrt(_add(var, eps))
    return _mul(_fixed_weight(g, z, x, w, b, mean, var, eps=eps), _mul(_mul(w, -0.5), _mul(invstd, invstd)))


_batch_norm_fixed.vjp(
    _fixed_input, _fixed_weight, lambda g, z, x, w, b, mean, var, eps: _channel_sum(g), _fixed_mean, _fixed_var
)


# Layer and group norm -----------------------------------------------------------------------------------------


def layer_norm(
    input: Any, normalized_shape: int | Sequence[int], weight: Any = None, bias: Any = None, eps: float = 1e-5
) -> Tensor:
    """Each item to mean 0 and variance 1 over its last axes, scaled and shifted: input (..., *normalized_shape).

    Raises ShapeError unless x ends in, and weight and bias have, that shape.
    Source: Ba, Kiros and Hinton 2016, eq. 4.

    >>> layer_norm(Tensor([[1.0, 3.0]]), 2, eps=0.0).tolist()
    [[-1.0, 1.0]]
    """
    x = as_tensor(input)
    shape = tuple(normalized_shape) if isinstance(normalized_shape, Sequence) else (int(normalized_shape),)
    if not shape or x.shape[x.ndim - len(shape) :] != shape:
        raise ShapeError(f"layer_norm: x is {x.shape}; its last axes must be normalized_shape {shape}")
    z = _normalize(x, axes=tuple(range(x.ndim - len(shape), x.ndim)), eps=float(eps))
    return _scaled("layer_norm", z, weight, bias, shape, shape)


def group_norm(input: Any, num_groups: int, weight: Any = None, bias: Any = None, eps: float = 1e-5) -> Tensor:
    """Each group of channels of each image to mean 0 and variance 1, scaled and shifted: input (N, C, ...).

    Raises ArgumentError unless `num_groups` divides C, ShapeError unless weight and bias are (C,).
    Source: Wu and He 2018, eq. 7.

    >>> group_norm(Tensor([[1.0, 3.0, 5.0, 9.0]]), 2, eps=0.0).tolist()
    [[-1.0, 1.0, -1.0, 1.0]]
    """
    x = as_tensor(input)
    if x.ndim < 2:
        raise ShapeError(f"group_norm: x is {x.ndim}-d {x.shape}; it must be (N, C, ...)")
    n, c, *space = x.shape
    if num_groups < 1 or c % num_groups:
        raise ArgumentError(
            f"group_norm: num_groups is {num_groups}; it must divide the {c} channels of {x.shape}"
        )
    parts = reshape(x, (n, num_groups, c // num_groups, *space))
    z = reshape(_normalize(parts, axes=tuple(range(2, parts.ndim)), eps=float(eps)), x.shape)
    return _scaled("group_norm", z, weight, bias, (c,), (c, *(1,) * len(space)))


def _scaled(op: str, z: Tensor, weight: Any, bias: Any, shape: Shape, across: Shape) -> Tensor:
    """z weight + bias, both of `shape` and broadcast as `across`."""
    given = {"weight": weight, "bias": bias}
    vectors = {name: as_tensor(v) for name, v in given.items() if v is not None}
    for name, v in vectors.items():
        if v.shape != shape:
            raise ShapeError(f"{op}: {name} is {v.shape}; it must be {shape}")
    check_dtypes(op, x=z, **vectors)
    for name, v in vectors.items():
        spread = v if shape == across else reshape(v, across)
        z = mul(z, spread) if name == "weight" else add(z, spread)
    return z


@primitive(saves=("x", "mean", "invstd"), residuals=("mean", "invstd"))
@adding
def _normalize(xp: Any, x: Any, *, axes: Shape, eps: float) -> Any:
    return kernels.standardize(xp, x, axes=axes, eps=eps)


@primitive(differentiable=False)
@adding
def _normalize_backward(xp: Any, g: Any, x: Any, mean: Any, invstd: Any, *, axes: Shape) -> Any:
    return kernels.standardize_backward(xp, g, x, mean, invstd, axes=axes)


def _normalize_input(g: Any, z: Any, x: Any, *, axes: Shape, eps: float, **_: Any) -> Any:
    """The definition: gx = invstd (g - mean(g) - y mean(g y)), every statistic a function of x."""
    kept = tuple(1 if axis in axes else n for axis, n in enumerate(x.shape))
    share = 1.0 / max(prod(x.shape[axis] for axis in axes), 1)

    def mean(v: Any, sign: float = 1.0) -> Any:
        return _broadcast_to(_mul(_sum_to(v, shape=kept), sign * share), shape=x.shape)

    centred = _add(x, mean(x, -1.0))
    invstd = _rsqrt(_add(mean(_mul(centred, centred)), eps))
    y = _mul(centred, invstd)
    return _mul(_add(_add(g, mean(g, -1.0)), _mul(y, mean(_mul(g, y), -1.0))), invstd)


_normalize.vjp(_normalize_input)
_normalize.fast(
    lambda g, z, x, need, axes, eps, mean, invstd: (_normalize_backward(g, x, mean, invstd, axes=axes),)
)
