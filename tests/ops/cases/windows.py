"""Convolution, pooling, folding, normalisation, dropout."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from autocnn.backend import random as draws
from tests.ops import loops
from tests.ops.case import Case, apart, between, normal, positive, whole

Row = tuple[Case, ...]


def trio(shape: Any, w: Any, **how: Any) -> dict[str, Case]:
    """A case for each of the three convolutions, and of what is fused with them, at one point."""
    z = loops.conv(np.zeros(shape), np.zeros(w), **how).shape
    return {
        "conv": Case(partial(loops.conv, **how), (normal(*shape), normal(*w)), how, linear=(0, 1)),
        "conv_bias": Case(
            lambda x, v, b: loops.conv(x, v, **how) + b.reshape(-1, *(1,) * (len(shape) - 2)),
            (normal(*shape), normal(*w), normal(w[0])),
            how,
        ),
        "conv_bias_relu": Case(
            lambda x, v, b: np.maximum(loops.conv(x, v, **how) + b.reshape(-1, *(1,) * (len(shape) - 2)), 0),
            (normal(*shape), normal(*w), normal(w[0])),
            how,
        ),
        "conv_input": Case(
            partial(loops.conv_input, shape=shape, **how),
            (normal(*z), normal(*w)),
            {"shape": shape, **how},
            linear=(0, 1),
        ),
        "conv_weight": Case(
            partial(loops.conv_weight, shape=w, **how),
            (normal(*z), normal(*shape)),
            {"shape": w, **how},
            linear=(0, 1),
        ),
    }


def window(ndim: int, stride: int, padding: int, dilation: int, groups: int) -> dict[str, Any]:
    return {
        "stride": (stride,) * ndim,
        "padding": ((padding, padding),) * ndim,
        "dilation": (dilation,) * ndim,
        "groups": groups,
    }


POINTS = [
    trio((2, 3, 5), (4, 3, 3), **window(1, 1, 1, 1, 1)),
    trio((2, 3, 5, 4), (2, 3, 3, 2), **window(2, 1, 0, 1, 1)),
    trio((1, 2, 6, 5), (2, 2, 3, 2), **window(2, 2, 1, 1, 1)),
    trio((2, 4, 5, 5), (6, 2, 2, 3), **window(2, 1, 2, 2, 2)),
    trio((2, 3, 5, 4), (3, 1, 3, 3), **window(2, 1, 1, 1, 3)),
    trio((2, 2, 5, 4), (4, 1, 2, 3), **window(2, 2, 1, 1, 2)),
    trio((2, 3, 3, 3), (4, 3, 1, 1), **window(2, 1, 0, 1, 1)),
    trio((2, 3, 3, 2), (4, 3, 3, 2), **window(2, 1, 0, 1, 1)),
    trio((1, 2, 3, 4, 3), (2, 1, 2, 2, 2), **window(3, 2, 1, 1, 2)),
    trio(  # uneven padding, and cropping
        (2, 1, 4, 6), (2, 1, 2, 2), stride=(1, 2), padding=((1, 0), (-1, 2)), dilation=(1, 1), groups=1
    ),
]

CONV: dict[str, Row] = {
    name: tuple(point[name] for point in POINTS)
    for name in ("conv", "conv_bias", "conv_bias_relu", "conv_input", "conv_weight")
}


def pool(kernel: Any, stride: Any, padding: Any, dilation: Any) -> dict[str, Any]:
    return {"kernel": kernel, "stride": stride, "padding": padding, "dilation": dilation}


HALVES = pool((2, 2), (2, 2), (0, 0), (1, 1))
OVERLAP = pool((3, 2), (1, 1), (1, 0), (1, 2))
SOLID = pool((2, 1, 2), (1, 2, 2), (0, 0, 1), (1, 1, 1))


def averaging(shape: Any, kernel: Any, stride: Any, padding: Any, **how: Any) -> tuple[Case, Case]:
    """Average pooling and its adjoint."""
    params = {"kernel": kernel, "stride": stride, "padding": padding, **how}
    z = loops.averages(np.zeros(shape), **params).shape
    return (
        Case(partial(loops.averages, **params), (normal(*shape),), params, linear=(0,)),
        Case(
            loops.adjoint(loops.averages, shape, **params),
            (normal(*z),),
            {"shape": shape, **params},
            linear=(0,),
        ),
    )


AVERAGES = [
    averaging((2, 2, 4, 5), (2, 2), (2, 2), (0, 0), ceil_mode=False, count_include_pad=True, divisor=None),
    averaging((1, 2, 5, 4), (3, 2), (2, 1), (1, 1), ceil_mode=True, count_include_pad=True, divisor=None),
    averaging((1, 2, 5, 4), (3, 2), (2, 1), (1, 1), ceil_mode=False, count_include_pad=False, divisor=None),
    averaging((2, 1, 5), (3,), (1,), (0,), ceil_mode=False, count_include_pad=True, divisor=7),
    averaging((1, 2, 3, 3), (3, 3), (3, 3), (0, 0), ceil_mode=False, count_include_pad=True, divisor=None),
]


def adapting(shape: Any, size: Any) -> tuple[Case, Case]:
    """Adaptive pooling and its adjoint."""
    return (
        Case(partial(loops.means, size=size), (normal(*shape),), {"size": size}, linear=(0,)),
        Case(
            loops.adjoint(loops.means, shape, size=size),
            (normal(*shape[:2], *size),),
            {"shape": shape},
            linear=(0,),
        ),
    )


ADAPTED = [adapting((2, 2, 5, 4), (2, 3)), adapting((1, 2, 3, 3), (1, 1)), adapting((2, 1, 3), (3,))]

POOL: dict[str, Row] = {
    "max_pool": (
        Case(
            partial(loops.maxima, ceil_mode=False, **HALVES), (apart(2, 2, 4, 5),), {**HALVES, "ceil_mode": False}
        ),
        Case(
            partial(loops.maxima, ceil_mode=True, **OVERLAP), (apart(1, 2, 4, 5),), {**OVERLAP, "ceil_mode": True}
        ),
        Case(
            partial(loops.maxima, ceil_mode=True, **SOLID), (apart(1, 2, 3, 3, 4),), {**SOLID, "ceil_mode": True}
        ),
    ),
    "max_unpool": (
        Case(
            partial(loops.scattered, shape=(2, 2, 4, 5), **HALVES),
            (normal(2, 2, 2, 2), whole(0, 4, 2, 2, 2, 2)),
            {"shape": (2, 2, 4, 5), **HALVES},
            linear=(0,),
        ),
        Case(
            partial(loops.scattered, shape=(1, 2, 4, 5), **OVERLAP),
            (normal(1, 2, 4, 3), whole(2, 4, 1, 2, 4, 3)),
            {"shape": (1, 2, 4, 5), **OVERLAP},
            linear=(0,),
        ),
    ),
    "max_pool_take": (
        Case(
            partial(loops.taken, **HALVES),
            (normal(2, 2, 4, 5), whole(0, 4, 2, 2, 2, 2)),
            HALVES,
            linear=(0,),
        ),
        Case(
            partial(loops.taken, **OVERLAP),
            (normal(1, 2, 4, 5), whole(2, 4, 1, 2, 4, 3)),
            OVERLAP,
            linear=(0,),
        ),
    ),
    "max_pool_indices": (
        Case(
            partial(loops.positions, space=(4, 5), **OVERLAP),
            (whole(2, 4, 1, 2, 4, 3),),
            {"space": (4, 5), **OVERLAP},
        ),
    ),
    "adaptive_winners": (
        Case(partial(loops.first_largest, size=(2, 3)), (apart(2, 2, 5, 4),), {"size": (2, 3)}),
        Case(partial(loops.first_largest, size=(4,)), (whole(0, 2, 2, 1, 6),), {"size": (4,)}),
        Case(partial(loops.first_largest, size=(1, 1, 2)), (apart(1, 2, 2, 1, 3),), {"size": (1, 1, 2)}),
    ),
    "avg_pool": tuple(forward for forward, _ in AVERAGES),
    "avg_unpool": tuple(spread for _, spread in AVERAGES),
    "adaptive_avg_pool": tuple(forward for forward, _ in ADAPTED),
    "adaptive_avg_unpool": tuple(spread for _, spread in ADAPTED),
}


def unfolding(shape: Any, **how: Any) -> tuple[Case, Case]:
    """Columns and their adjoint."""
    z = loops.columns(np.zeros(shape), **how).shape
    return (
        Case(partial(loops.columns, **how), (normal(*shape),), how, linear=(0,)),
        Case(loops.adjoint(loops.columns, shape, **how), (normal(*z),), {"shape": shape, **how}, linear=(0,)),
    )


FOLDS = [
    unfolding((2, 2, 4, 3), kernel=(2, 2), stride=(1, 1), padding=((0, 0), (0, 0)), dilation=(1, 1)),
    unfolding((1, 2, 4, 5), kernel=(2, 3), stride=(2, 1), padding=((1, 1), (0, 0)), dilation=(2, 1)),
    unfolding((2, 1, 3, 2), kernel=(1, 1), stride=(1, 1), padding=((0, 0), (0, 0)), dilation=(1, 1)),
]

FOLD: dict[str, Row] = {
    "unfold": tuple(forward for forward, _ in FOLDS),
    "fold": tuple(back for _, back in FOLDS),
}


def standard(x: Any, axes: Any, eps: float) -> Any:
    """Mean 0 and variance 1 over axes."""
    return (x - x.mean(axes, keepdims=True)) / np.sqrt(x.var(axes, keepdims=True) + eps)


def across(v: Any, x: Any) -> Any:
    """A vector (C,) against x (N, C, ...)."""
    return v.reshape(-1, *(1,) * (x.ndim - 2))


def but_channels(x: Any) -> tuple[int, ...]:
    return tuple(axis for axis in range(x.ndim) if axis != 1)


def batch_norm(x: Any, w: Any, b: Any) -> Any:
    return standard(x, but_channels(x), 1e-3) * across(w, x) + across(b, x)


def batch_norm_fixed(x: Any, w: Any, b: Any, mean: Any, var: Any) -> Any:
    return (x - across(mean, x)) / np.sqrt(across(var, x) + 1e-3) * across(w, x) + across(b, x)


def running_mean(before: Any, now: Any) -> Any:
    return 0.9 * before + 0.125 * now


def batch_norm_backward(g: Any, x: Any, w: Any, mean: Any, var: Any) -> Any:
    axes, count = but_channels(x), x.size // x.shape[1]
    invstd = 1 / np.sqrt(across(var, x) + 1e-3)
    y = (x - across(mean, x)) * invstd
    gw, gb = (g * y).sum(axes), g.sum(axes)
    return across(w, x) * invstd * (g - across(gb, x) / count - y * across(gw, x) / count), gw, gb


def standardize_backward(g: Any, x: Any, mean: Any, invstd: Any) -> Any:
    y = (x - mean) * invstd
    return invstd * (g - g.mean((1, 2), keepdims=True) - y * (g * y).mean((1, 2), keepdims=True))


EPS = {"eps": 1e-3}
IMAGES = (4, 3, 2, 3)

NORM: dict[str, Row] = {
    "batch_norm": (
        Case(batch_norm, (normal(*IMAGES), normal(3), normal(3)), EPS),
        Case(batch_norm, (normal(6, 3), normal(3), normal(3)), EPS),
    ),
    "batch_norm_fixed": (
        Case(batch_norm_fixed, (normal(*IMAGES), normal(3), normal(3), normal(3), positive(3)), EPS),
        Case(batch_norm_fixed, (normal(5, 3), normal(3), normal(3), normal(3), positive(3)), EPS),
    ),
    "batch_norm_relu_backward": (
        Case(
            lambda g, x, w, mean, var, mask, z: batch_norm_backward(np.where(z > 0, g, 0), x, w, mean, var),
            (normal(*IMAGES), normal(*IMAGES), normal(3), normal(3), positive(3), positive(5), normal(*IMAGES)),
            EPS,
        ),
    ),
    "running_mean": (Case(running_mean, (normal(3), normal(3)), {"momentum": 0.1, "scale": 1.25}),),
    "batch_norm_backward": (
        Case(batch_norm_backward, (normal(*IMAGES), normal(*IMAGES), normal(3), normal(3), positive(3)), EPS),
    ),
    "normalize": (
        Case(lambda x: standard(x, (1, 3), 1e-3), (normal(*IMAGES),), {"axes": (1, 3), **EPS}),
        Case(lambda x: standard(x, (1,), 1e-3), (normal(3, 5),), {"axes": (1,), **EPS}),
    ),
    "normalize_backward": (
        Case(
            standardize_backward,
            (normal(2, 3, 4), normal(2, 3, 4), normal(2, 1, 1), positive(2, 1, 1)),
            {"axes": (1, 2)},
        ),
    ),
    "channel_sum": (
        Case(lambda x: x.sum((0, 2, 3)), (normal(*IMAGES),), linear=(0,)),
        Case(lambda x: x.sum(0), (normal(4, 3),), linear=(0,)),
    ),
    "channel_spread": (
        Case(
            lambda v: np.broadcast_to(v[:, None, None], IMAGES).copy(),
            (normal(3),),
            {"shape": IMAGES},
            linear=(0,),
        ),
    ),
}

DRAW = {"key": 3, "counter": 5}


def dropped(shape: Any, p: float) -> Case:
    """Elements are zero or scaled, and the same ones in every call."""

    def law(z: Any, x: Any) -> bool:
        kept = z != 0
        even = np.broadcast_to(kept[tuple(slice(0, n) for n in shape)], z.shape)
        return bool(
            np.allclose(z[kept], (x / (1 - p))[kept]) and 0 < kept.mean() < 1 and np.array_equal(kept, even)
        )

    return Case(None, (normal(4, 5, 3, 3),), {**DRAW, "shape": shape, "p": p}, linear=(0,), law=law)


RANDOM: dict[str, Row] = {
    "dropout": (dropped((4, 5, 3, 3), 0.4), dropped((4, 5, 1, 1), 0.5)),
    "dropout_backward": (
        Case(
            lambda g, bits: g * (np.unpackbits(bits)[:15].reshape(3, 5) / 0.6),
            (normal(3, 5), lambda rng: rng.integers(0, 256, 2).astype(np.uint8)),
            {"shape": (3, 5), "p": 0.4},
        ),
    ),
    "bernoulli": (
        Case(
            None,
            (between(0.2, 0.8, 5, 6),),
            DRAW,
            law=lambda z, x: np.array_equal(z, (draws.uniform(3, 5, (5, 6), np.float64) < x).astype(float)),
        ),
    ),
}


def sloped(z: Any, x: Any) -> bool:
    """Above 0 nothing changes; below, slopes from 0.2 to 0.7, not all the same."""
    slopes = (z / x)[x < 0]
    inside = np.all((slopes >= 0.2) & (slopes <= 0.7)) and np.ptp(slopes) > 0.1
    return bool(np.array_equal(z[x > 0], x[x > 0]) and inside)


SLOPES = {**DRAW, "low": 0.2, "high": 0.7}
RANDOM |= {
    "rrelu": (Case(None, (apart(4, 5),), SLOPES, law=sloped),),
    "rrelu_backward": (
        Case(
            None,
            (positive(4, 5), apart(4, 5)),
            SLOPES,
            linear=(0,),
            law=lambda z, g, x: sloped(z / g * x, x),
        ),
    ),
}

ROWS = {**CONV, **POOL, **FOLD, **NORM, **RANDOM}
