"""What each kind of operation does to the law of its values, and to the mean square of a gradient.

A `Law` is what the channels of a wide network hold: a sample of values for each position in the image. Layers of
weights make new normal numbers, independent of all before, and theory has only their mean square; all else is done
to each value of the sample, so that what skips carry stays with it. Rules backward take the gradient's mean square
at the result, by value of the sample and position, and give that at each operand.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from statistics import NormalDist
from typing import Any, TypeAlias

import numpy as np

from autocnn.engine import Tensor, grad, primitives
from autocnn.errors import ArgumentError
from autocnn.graph.data import Vertex
from autocnn.graph.params import live
from autocnn.types import Array


@dataclass(frozen=True)
class Law:
    """How the values of a vertex are distributed over channels, images and draws of the weights."""

    sample: Array
    """(count, *positions): equally likely values at each position; places in the sample stand for channels."""
    common: Array
    """The mean product of two images' values in one channel, by two positions: what batch norm takes off.

    One number, 0, where nothing asks for it."""

    @property
    def mean(self) -> Array:
        """By position; 0 behind a layer of weights."""
        return np.asarray(self.sample.mean(axis=0))

    @property
    def second(self) -> Array:
        """The mean square, by position."""
        return np.asarray((self.sample**2).mean(axis=0))

    @property
    def shared(self) -> Array:
        """The mean product of a value and its channel's mean over images and positions."""
        return np.asarray(self.common.mean(axis=tuple(range(self.common.ndim // 2, self.common.ndim))))


def normal(variance: Array, common: Array, count: int, seed: int, mean: float = 0.0) -> Law:
    """The law of normal numbers: their quantiles, in another order at each position.

    >>> law = normal(np.ones((2, 2)), np.zeros((2, 2, 2, 2)), 64, seed=0)
    >>> law.sample.shape, law.second.round(12).tolist()
    ((64, 2, 2), [[1.0, 1.0], [1.0, 1.0]])
    """
    variance = np.asarray(variance)
    ordered = np.broadcast_to(_quantiles(count), (variance.size, count))
    mixed = np.random.default_rng(seed).permuted(ordered, axis=1).T.reshape(count, *variance.shape)
    return Law(mean + np.sqrt(variance) * mixed, np.asarray(common))


@cache
def _quantiles(count: int) -> Array:
    """Standard normal numbers at equal steps of probability, of variance 1."""
    inverse = NormalDist().inv_cdf
    z = np.array([inverse((i + 0.5) / count) for i in range(count)])
    return z / math.sqrt((z**2).mean())


@dataclass(frozen=True)
class Weights:
    """A parameter: the mean square of its elements, by tap for a convolution."""

    square: Array
    shape: tuple[int, ...]


@dataclass(frozen=True)
class Step:
    """An operation, and what it works on: laws, weights or Python numbers, of some shapes."""

    vertex: Vertex
    shapes: Sequence[tuple[int, ...]]
    operands: Sequence[Any]
    count: int
    """How many values a sample has."""
    pairs: bool
    """Whether anything asks what pairs of images have in common."""

    @property
    def where(self) -> str:
        """The operation's name and place, for messages."""
        return f"{self.vertex.op} in {self.vertex.scope}" if self.vertex.scope else self.vertex.op

    @property
    def bias(self) -> float:
        """The mean square of a layer's bias, 0 if it has none."""
        return float(self.operands[2].square) if len(self.operands) > 2 else 0.0

    def common(self, made: Callable[[], Array]) -> Array:
        """What pairs have in common, if anything asks."""
        return np.asarray(made()) if self.pairs else np.zeros(())

    @property
    def params(self) -> dict[str, Any]:
        """The operation's parameters."""
        return dict(self.vertex.params)


Forward: TypeAlias = Callable[[Step], Law]
Backward: TypeAlias = Callable[[Step, Array], list[Array | None]]


# Layers of weights -----------------------------------------------------------------------------------------------


def _conv(step: Step) -> Law:
    x, w = step.operands[0], step.operands[1]
    second = w.shape[1] * _correlated(step, w.square, x.second) + step.bias
    common = step.common(lambda: w.shape[1] * _correlated(step, w.square, x.common) + step.bias)
    return normal(second, common, step.count, step.vertex.id)


def _conv_back(step: Step, g: Array) -> list[Array | None]:
    w = step.operands[1]
    fan = w.shape[0] / step.params["groups"]
    padded, views = _windows(step, np.zeros(step.shapes[0][2:]), w.square.shape)
    for tap, view in views:
        view += fan * w.square[tap] * g.mean(axis=0)
    inner = tuple(
        slice(low, n - high) for n, (low, high) in zip(padded.shape, step.params["padding"], strict=True)
    )
    return [padded[inner][None]]


def _correlated(step: Step, square: Array, x: Array) -> Array:
    """The sum over taps of a weight's mean square times what the tap sees."""
    _, views = _windows(step, x, square.shape)
    total: Array = sum(square[tap] * view for tap, view in views)
    return total


def _windows(step: Step, x: Array, kernel: tuple[int, ...]) -> tuple[Array, list[tuple[tuple[int, ...], Array]]]:
    """The padded array, of one or of two positions, and for every tap the view of what it sees."""
    params, times = step.params, x.ndim // len(kernel)
    padded = np.pad(x, [pair for _ in range(times) for pair in params["padding"]])
    axes = list(zip(params["stride"], params["dilation"], step.vertex.shape[2:], strict=True))
    views = []
    for tap in np.ndindex(kernel):
        place = [slice(t * d, t * d + (n - 1) * s + 1, s) for t, (s, d, n) in zip(tap, axes, strict=True)]
        views.append((tap, padded[tuple(place * times)]))
    return padded, views


def _linear(step: Step) -> Law:
    x, w = step.operands[0], step.operands[1]
    second = w.shape[1] * w.square * x.second.mean() + step.bias
    common = step.common(lambda: w.shape[1] * w.square * x.common.mean() + step.bias)
    return normal(second, common, step.count, step.vertex.id)


def _linear_back(step: Step, g: Array) -> list[Array | None]:
    w = step.operands[1]
    return [np.full((1,), w.shape[0] * w.square * g.mean())]


# One number at a time --------------------------------------------------------------------------------------------


def _activation(step: Step) -> Law:
    x = step.operands[0]
    value, slope = _evaluated(step.vertex, x.sample)
    mean, tilt = value.mean(axis=0), slope.mean(axis=0)
    common = step.common(lambda: _pairs(mean) + _pairs(tilt) * (x.common - _pairs(x.mean)))  # to first order
    return Law(value, common)


def _activation_back(step: Step, g: Array) -> list[Array | None]:
    return [g * _evaluated(step.vertex, step.operands[0].sample)[1] ** 2]


def _evaluated(vertex: Vertex, sample: Array) -> tuple[Array, Array]:
    """An activation and its slope, from the engine."""
    x = Tensor(sample).requires_grad_()
    value = primitives()[vertex.op](x, **live(vertex.params))
    (slope,) = grad(value.sum(), [x], allow_unused=True)
    return value.array, np.zeros_like(sample) if slope is None else slope.array


def _pairs(x: Array) -> Array:
    """The products of all pairs of an array's elements."""
    return np.multiply.outer(x, x)


def _times(step: Step) -> Law:
    x, factor = _factor(step)
    return Law(x.sample * factor, x.common * factor**2)


def _times_back(step: Step, g: Array) -> list[Array | None]:
    _, factor = _factor(step)
    return [g * factor**2 if isinstance(x, Law) else None for x in step.operands]


def _factor(step: Step) -> tuple[Law, float]:
    """The value, and the number that multiplies or divides it; of a parameter the root of its mean square."""
    laws = [x for x in step.operands if isinstance(x, Law)]
    others = [x for x in step.operands if not isinstance(x, Law)]
    if len(laws) != 1 or (step.vertex.op == "div" and not isinstance(step.operands[0], Law)):
        raise ArgumentError(f"predict: {step.where} takes two values that both change; there is no rule for that")
    number = math.sqrt(float(np.mean(others[0].square))) if isinstance(others[0], Weights) else float(others[0])
    return laws[0], 1 / number if step.vertex.op == "div" else number


# Sums ------------------------------------------------------------------------------------------------------------


def _add(step: Step) -> Law:
    """Value by value: what knows nothing of each other has been shuffled, what does has not."""
    sign = -1.0 if step.vertex.op == "sub" else 1.0
    laws = [x for x in step.operands if isinstance(x, Law)]
    if len(laws) == 1:
        return _shifted(step, laws[0])
    a, b = laws
    cross = np.multiply.outer
    both = step.common(lambda: sign * (cross(a.mean, b.mean) + cross(b.mean, a.mean)))
    return Law(a.sample + sign * b.sample, a.common + b.common + both)


def _shifted(step: Step, x: Law) -> Law:
    """With a bias, of which theory has only the mean square, or a number, the same everywhere."""
    (other,) = (x for x in step.operands if not isinstance(x, Law))
    if isinstance(other, Weights):
        square = float(np.mean(other.square))
        ones = np.ones(x.sample.shape[1:])
        noise = normal(square * ones, np.zeros(0), step.count, step.vertex.id).sample if square else 0.0
        return Law(x.sample + noise, x.common + step.common(lambda: np.asarray(square)))
    if step.vertex.op == "sub":
        raise ArgumentError(f"predict: {step.where} takes a value from a number; there is no rule for that")
    both = step.common(lambda: other * np.add.outer(x.mean, x.mean) + other**2)
    return Law(x.sample + other, x.common + both)


def _add_back(step: Step, g: Array) -> list[Array | None]:
    return [g if isinstance(x, Law) else None for x in step.operands]


# Normalisation ---------------------------------------------------------------------------------------------------


def _batch_norm(step: Step) -> Law:
    x, spread = step.operands[0], _spread(step)
    scale, shift = (float(np.mean(p.square)) for p in step.operands[1:3])
    shared, middle = x.shared, x.common.mean()
    centred = x.sample - x.mean.mean()
    second = np.maximum(x.second - 2 * shared + middle, 0.0) / spread
    before = (centred**2).mean(axis=0)
    factor = np.sqrt((scale * second + shift) / np.where(before > 0, before, 1.0))
    common = (x.common - np.add.outer(shared, shared) + middle) / spread
    return Law(centred * factor, scale * common + shift)


def _batch_norm_back(step: Step, g: Array) -> list[Array | None]:
    return [g * float(np.mean(step.operands[1].square)) / _spread(step), None, None]


def _spread(step: Step) -> float:
    """The variance of a channel over images and positions."""
    x = step.operands[0]
    return float(x.second.mean() - x.common.mean()) + float(step.params["eps"])


def _fixed_norm(step: Step) -> Law:
    """Batch norm in eval mode, whose statistics are numbers like weights; new ones are 0 and 1."""
    x, factor = step.operands[0], _fixed_factor(step)
    shift = float(np.mean(step.operands[2].square)) + factor * float(np.mean(step.operands[3].square))
    scaled = Law(x.sample * math.sqrt(factor), x.common * factor)
    return _shifted(replace(step, operands=(scaled, Weights(np.asarray(shift), ()))), scaled)


def _fixed_norm_back(step: Step, g: Array) -> list[Array | None]:
    return [g * _fixed_factor(step)]


def _fixed_factor(step: Step) -> float:
    scale, variance = (float(np.mean(step.operands[i].square)) for i in (1, 4))
    return scale / (math.sqrt(variance) + float(step.params["eps"]))


def _normalize(step: Step) -> Law:
    x, spread = step.operands[0], _image_spread(step)
    middle = x.mean.mean()
    mean = (x.mean - middle) / math.sqrt(spread)
    common = step.common(lambda: (x.common - _pairs(x.mean)) / spread + _pairs(mean))
    return Law((x.sample - middle) / math.sqrt(spread), common)


def _normalize_back(step: Step, g: Array) -> list[Array | None]:
    return [g / _image_spread(step)]


def _image_spread(step: Step) -> float:
    """The variance of an image over channels and positions."""
    x = step.operands[0]
    return float(x.second.mean() - x.mean.mean() ** 2) + float(step.params["eps"])


# Shapes ----------------------------------------------------------------------------------------------------------


def _reshape(step: Step) -> Law:
    """Flattening leaves one value of each image's positions; channels may go into groups, and back."""
    x = step.operands[0]
    places = x.sample.shape[1:]
    if not places or step.vertex.shape[-len(places) :] == places:
        return x  # type: ignore[no-any-return]
    flat = x.sample.reshape(len(x.sample), -1)
    picked = flat[np.arange(len(flat)), np.arange(len(flat)) % flat.shape[1]]
    square = (picked**2).mean()
    scale = math.sqrt(x.second.mean() / square) if square else 1.0
    n = flat.shape[1]
    return Law(picked * scale, step.common(lambda: x.common.reshape(n, n).trace() / n))  # one position, twice


def _reshape_back(step: Step, g: Array) -> list[Array | None]:
    places = step.operands[0].sample.shape[1:]
    return [g if g.ndim == len(places) + 1 else np.full((1,) * (len(places) + 1), g.mean())]


def _slice(step: Step) -> Law:
    x, place = step.operands[0], _places(step)
    return Law(x.sample[(slice(None), *place)], step.common(lambda: x.common[place * 2]))


def _slice_back(step: Step, g: Array) -> list[Array | None]:
    back = np.zeros((len(g), *step.shapes[0][2:]))
    back[(slice(None), *_places(step))] = g
    return [back * (step.vertex.shape[1] / step.shapes[0][1])]


def _places(step: Step) -> tuple[slice, ...]:
    return tuple(slice(*part) for part in step.params["index"][2:])


def _pad(step: Step) -> Law:
    """Channels filled up with zeros, as a shortcut without parameters does: so many values of the sample are 0."""
    x, params = step.operands[0], step.params
    if any(sum(pair) for i, pair in enumerate(params["widths"]) if i != 1) or params["value"]:
        raise ArgumentError(f"predict: {step.where} pads the image; there is a rule for channels filled with 0")
    sample = x.sample.copy()
    sample[_filled(step) :] = 0.0
    return Law(sample, x.common * (step.shapes[0][1] / step.vertex.shape[1]))


def _pad_back(step: Step, g: Array) -> list[Array | None]:
    """Values that became 0 stand for channels like the others, and get what these get."""
    if len(g) == 1:
        return [g]
    return [g[np.arange(len(g)) % _filled(step)]]


def _filled(step: Step) -> int:
    return max(1, round(step.count * step.shapes[0][1] / step.vertex.shape[1]))


def _average(step: Step) -> Law:
    """The mean over the whole image, whose positions share what images share, and nothing else."""
    x = step.operands[0]
    ones = np.ones(step.vertex.shape[2:])
    axes = tuple(range(2, len(step.shapes[0])))
    if ones.size != 1 or not axes or step.params.get("axes", axes) != axes:
        raise ArgumentError(
            f"predict: {step.where} makes {step.vertex.shape} of {step.shapes[0]}; there is a rule for means over "
            "all positions of an image"
        )
    common, mean = x.common.mean(), float(x.mean.mean())
    second = common + (x.second.mean() - common) / x.second.size
    pairs = common * np.multiply.outer(ones, ones)
    return normal(max(second - mean**2, 0.0) * ones, pairs, step.count, step.vertex.id, mean)


def _average_back(step: Step, g: Array) -> list[Array | None]:
    places = step.operands[0].sample.shape[1:]
    return [np.full((1, *places), g.mean() / math.prod(places) ** 2)]


def _avg_pool(step: Step) -> Law:
    """Means over windows, whose positions share what images share, and nothing else."""
    x, pool = step.operands[0], _pooling(step)
    flat = x.sample.reshape(len(x.sample), -1) @ pool.T
    pairs = x.common.reshape(pool.shape[1], -1)
    common = pool @ pairs @ pool.T
    second = pool**2 @ (x.second.ravel() - pairs.diagonal()) + common.diagonal()
    mean = flat.mean(axis=0)
    before = flat.var(axis=0)
    factor = np.sqrt(np.maximum(second - mean**2, 0.0) / np.where(before > 0, before, 1.0))
    places = step.vertex.shape[2:]
    sample = mean + (flat - mean) * factor
    return Law(sample.reshape(-1, *places), common.reshape(*places, *places))


def _avg_pool_back(step: Step, g: Array) -> list[Array | None]:
    g = np.broadcast_to(g, (len(g), *step.vertex.shape[2:])).reshape(len(g), -1)
    return [(g @ _pooling(step) ** 2).reshape(len(g), *step.shapes[0][2:])]


def _pooling(step: Step) -> Array:
    """The matrix from positions to means over windows."""
    params, places = step.params, step.shapes[0][2:]
    kernel, stride = params["kernel"], params["stride"]
    whole = all(k <= s for k, s in zip(kernel, stride, strict=True))  # gradients of two windows are no strangers
    if not whole or any(params["padding"]) or params["ceil_mode"] or params["divisor"] is not None:
        raise ArgumentError(
            f"predict: {step.where} has windows of {kernel} at steps of {stride}, padded by {params['padding']}; "
            "there is a rule for means over windows apart, without padding"
        )
    plain = {"stride": stride, "padding": [(0, 0)] * len(kernel), "dilation": (1,) * len(kernel)}
    index = np.arange(math.prod(places)).reshape(places)
    _, views = _windows(replace(step, vertex=replace(step.vertex, params=plain)), index, kernel)
    pool = np.zeros((math.prod(step.vertex.shape[2:]), index.size))
    for _, view in views:
        pool[np.arange(len(pool)), view.ravel()] = 1 / math.prod(kernel)
    return pool


# Chance ----------------------------------------------------------------------------------------------------------


def _dropout(step: Step) -> Law:
    """A share p of values becomes 0, drawn anew for every image, so that what images have in common stays."""
    x, kept = step.operands[0], _kept(step)
    sample = x.sample * kept / _stays(step)
    found = (sample**2).mean(axis=0)
    factor = np.sqrt(x.second / _stays(step) / np.where(found > 0, found, 1.0))
    return Law(sample * factor, x.common)


def _dropout_back(step: Step, g: Array) -> list[Array | None]:
    kept = _kept(step)
    return [g * kept / (kept.mean(axis=0) * _stays(step))]


def _kept(step: Step) -> Array:
    """1 where a value of the sample stays and 0 where it goes: alike at all positions where whole channels go."""
    shape = step.params["shape"][2:]
    ordered = np.arange(step.count) >= round(step.count * (1 - _stays(step)))
    columns = np.broadcast_to(ordered, (math.prod(shape), step.count))
    mixed = np.random.default_rng(step.vertex.id).permuted(columns, axis=1)
    return mixed.T.reshape(step.count, *shape).astype(np.float64)


def _stays(step: Step) -> float:
    p = float(step.params["p"])
    if p >= 1:
        raise ArgumentError(f"predict: {step.where} drops everything; p below 1 is needed")
    return 1 - p


ACTIVATIONS = (
    "relu", "tanh", "sigmoid", "gelu", "gelu_tanh", "silu", "mish", "elu", "leaky_relu", "softplus", "softsign",
    "hardtanh", "hardsigmoid", "hardswish", "logsigmoid", "tanhshrink", "threshold", "sin", "erf", "abs", "neg",
    "square", "atan", "exp", "clamp", "clamp_min", "clamp_max",
)  # fmt: skip

RULES: dict[str, tuple[Forward, Backward]] = {
    "conv": (_conv, _conv_back),
    "conv_bias": (_conv, _conv_back),
    "linear": (_linear, _linear_back),
    "project": (_linear, _linear_back),
    "mul": (_times, _times_back),
    "div": (_times, _times_back),
    "add": (_add, _add_back),
    "sub": (_add, _add_back),
    "batch_norm": (_batch_norm, _batch_norm_back),
    "batch_norm_fixed": (_fixed_norm, _fixed_norm_back),
    "normalize": (_normalize, _normalize_back),
    "reshape": (_reshape, _reshape_back),
    "slice": (_slice, _slice_back),
    "pad": (_pad, _pad_back),
    "adaptive_avg_pool": (_average, _average_back),
    "mean": (_average, _average_back),
    "avg_pool": (_avg_pool, _avg_pool_back),
    "dropout": (_dropout, _dropout_back),
    **dict.fromkeys(ACTIVATIONS, (_activation, _activation_back)),
}
"""By the name of a primitive: what it does to laws, and to gradients."""

PAIRED = ("batch_norm", "adaptive_avg_pool", "avg_pool", "mean")
"""What asks what pairs of images have in common."""
