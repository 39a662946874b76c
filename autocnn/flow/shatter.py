"""Shattered gradients: are the gradients at neighbouring inputs alike, or do they look like noise?"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np

from autocnn.backend.arrays import to_numpy
from autocnn.engine import Tensor
from autocnn.errors import ArgumentError, ShapeError
from autocnn.flow.products import coupled, forward, named_blocks, pulled
from autocnn.flow.strict import strict
from autocnn.types import Array


@dataclass(frozen=True)
class Shatter:
    """Gradients at many inputs, compared: along a line, over a grid, or between all pairs of a batch.

    `autocorrelation[l]` is that of gradients l inputs apart, the mean over networks, `spread` its standard error
    over networks; on a grid along the rows, and `down` along the columns. The estimator sums over all pairs and
    divides by the sum of squares, so that it falls to 0 with l by itself; where `centred`, the mean gradient is
    taken off first, which pulls every lag down by about 1/n. `white` and `brown` are what it is on average for
    independent gradients and for a random walk, `floor` is 1.96 / sqrt(n networks): 95 % of the lags of white
    noise lie within white ± floor. `cosine` is that of each pair of gradients, never centred.

    `width` is the middle number of outputs of the weights but the last, `bias` the root mean square of all
    biases: with none, a ReLU network's gradient is the same all along a ray.
    """

    kind: str
    shape: tuple[int, ...]
    dimensions: int
    networks: int
    training: bool
    coupled: bool
    centred: bool
    constant: bool
    width: int
    bias: float
    floor: float
    autocorrelation: tuple[float, ...]
    spread: tuple[float, ...]
    white: tuple[float, ...]
    brown: tuple[float, ...]
    down: tuple[float, ...]
    cosine: tuple[tuple[float, ...], ...] = field(repr=False)

    @property
    def inputs(self) -> int:
        """The number of inputs compared."""
        return math.prod(self.shape)

    @property
    def lost(self) -> int | None:
        """The first lag at which the correlation is below the noise floor; None if there is none."""
        return next((lag for lag, c in enumerate(self.autocorrelation) if lag and c < self.floor), None)

    @property
    def inside(self) -> float:
        """The share of lags whose correlation lies within the noise floor of white noise: 0.95 for white noise."""
        pairs = list(zip(self.autocorrelation, self.white, strict=True))[1:]
        return sum(abs(c - w) <= self.floor for c, w in pairs) / len(pairs) if pairs else math.nan

    @property
    def brownness(self) -> float:
        """Where the first 4 lags lie between white noise (0) and brown noise (1), by least squares."""
        lags = range(1, min(5, len(self.autocorrelation), len(self.brown)))
        steps = [self.brown[lag] - self.white[lag] for lag in lags]
        over = sum(s * (self.autocorrelation[lag] - self.white[lag]) for lag, s in zip(lags, steps, strict=True))
        return over / sum(s * s for s in steps) if steps else math.nan

    @property
    def likeness(self) -> float:
        """The mean cosine between the gradients of two inputs."""
        n = len(self.cosine)
        return (sum(map(sum, self.cosine)) - sum(self.cosine[i][i] for i in range(n))) / max(n * (n - 1), 1)

    @property
    def mode(self) -> str:
        """How it was measured: mode, coupling, centring, width and bias."""
        together = "inputs coupled by the norm" if self.coupled else "each input by itself"
        centring = "centred" if self.centred else "not centred"
        bias = f"bias {self.bias:.3g}" if self.bias else "no bias"
        which = f"{self.networks} networks" if self.networks > 1 else "one network"
        name = "train" if self.training else "eval"
        return f"{name} mode, {together}; {which}, width {self.width}, {bias}; {centring}"

    def rows(self) -> list[dict[str, Any]]:
        """A tidy table: a row for each lag; for a batch a row for each pair."""
        if self.kind == "batch":
            n = len(self.cosine)
            return [{"first": i, "second": j, "cosine": self.cosine[i][j]} for i in range(n) for j in range(i)]
        names = ("autocorrelation", "spread", "white", "brown", "down")
        columns = {name: values for name in names if (values := getattr(self, name))}
        return [
            {"lag": lag, **{name: values[lag] for name, values in columns.items()}, "floor": self.floor}
            for lag in range(len(self.autocorrelation))
        ]

    def to_dict(self) -> dict[str, Any]:
        """Everything, ready for JSON: what is not a number is null."""
        told = ("lost", "inside", "brownness", "likeness", "mode")
        facts = (*(f.name for f in fields(self)), *told)
        return {name: strict(getattr(self, name)) for name in facts}

    def sentence(self) -> str:
        """A plain question, and the answer that the numbers give."""
        question = "Do gradients at neighbouring inputs agree?"
        n = self.inputs
        if self.constant:
            return f"{question} The gradient is the same at all {n} inputs: the network is linear in its input."
        if math.isnan(self.autocorrelation[1] if self.autocorrelation else self.likeness):
            return f"{question} There is nothing to compare: gradients are 0, or not finite."
        if self.kind == "batch":
            return f"{question} Between two of {n} inputs their cosine is {self.likeness:.2g} on average."
        near, floor = self.autocorrelation[1], self.floor
        text = f"{question} At the next of {n} inputs they correlate by {near:.2g} (noise floor ±{floor:.2g})"
        return f"{text}{self._ending()}."

    def _ending(self) -> str:
        if self.autocorrelation[1] <= self.white[1] + self.floor and self.inside >= 0.8:
            return ": shattered, they cannot be told from white noise"
        lost = f", and {self.lost} inputs apart no longer" if self.lost and self.lost > 1 else ""
        if not self.brown:
            return lost
        if self.brownness > 0.9:
            degree = "as smooth as" if self.brownness < 1.02 else "smoother than"
            return f"{lost}: {degree} brown noise, a random walk"
        return f"{lost}: between white and brown noise"

    def __str__(self) -> str:
        return f"{self.sentence()} ({self.mode})"


def shatter(
    model: Any, line: Tensor | None = None, *, grid: Tensor | None = None, batch: Tensor | None = None,
    output: int | None = None, at: Any = None, lags: int | None = None, centre: bool = True,
) -> Shatter:  # fmt: skip
    """Compare the gradients of one output of a network at many inputs.

    Give one of `line` (n, ...), inputs in order, `grid` (h, w, ...) and `batch` (n, ...). `model` gives one number
    for each input, or `output` says which of several; a list of models is taken as draws of one, and averaged.
    The gradient is that of the sum of all outputs with respect to each input, or `at` the output of a module.
    All inputs go through the model together, in the mode it is in: with batch norm in train mode they are
    coupled, which is recorded. Autocorrelations go up to `lags`, a quarter of the line if not given.

    Raises ArgumentError unless exactly one of the three is given, with at least 4 inputs (2 for a batch), or for
    an output that is not there.

    >>> from autocnn.flow.rectifiers import rectifiers
    >>> deep = [rectifiers(24, norm="batch", seed=seed) for seed in range(3)]
    >>> found = shatter(deep, line(-2, 2, 256))
    >>> abs(found.autocorrelation[1]) < 2 * found.floor, found.inside > 0.8
    (True, True)
    """
    kind, inputs, shape = _inputs(line, grid, batch)
    models = list(model) if isinstance(model, (list, tuple)) else [model]
    if not models:
        raise ArgumentError("shatter: model is an empty list; give at least one")
    found = [_gradients(m, inputs, output, at) for m in models]
    gradients = [g for g, _ in found]
    count = _lags(lags, kind, shape)
    rows = [_autocorrelation(_in_place(g, shape, centre), count) for g in gradients]
    columns = [_autocorrelation(_in_place(g, shape, centre).swapaxes(0, 1), count) for g in gradients]
    eps = float(np.finfo(gradients[0].dtype).eps) if gradients[0].dtype.kind == "f" else 0.0
    return Shatter(
        kind=kind,
        shape=shape,
        dimensions=gradients[0].shape[1],
        networks=len(models),
        training=bool(models[0].training),
        coupled=any(together for _, together in found),
        centred=centre,
        constant=all(_is_constant(g, eps) for g in gradients),
        width=_width(models[0]),
        bias=_bias(models),
        floor=1.96 / math.sqrt(math.prod(shape) * len(models)),
        autocorrelation=_listed(_mean(rows)) if count else (),
        spread=_listed(_error(rows)) if count else (),
        white=white_noise(shape, count, centre) if count else (),
        brown=brown_noise(shape[0], count, centre) if kind == "line" else (),
        down=_listed(_mean(columns)) if kind == "grid" else (),
        cosine=tuple(_listed(row) for row in _mean([_cosine(g) for g in gradients])),
    )


def line(start: Any, end: Any, count: int = 256) -> Tensor:
    """`count` inputs from one to another in equal steps: two numbers, or two images.

    >>> line(-1, 1, 3).tolist()
    [[-1.0], [0.0], [1.0]]
    """
    if count < 2:
        raise ArgumentError(f"line: count is {count}; a line has at least 2 inputs")
    first, last = (
        np.atleast_1d(np.asarray(to_numpy(x.array) if isinstance(x, Tensor) else x)) for x in (start, end)
    )
    if first.shape != last.shape:
        raise ShapeError(f"line: start and end have shapes {first.shape} and {last.shape}; the same is needed")
    part = np.linspace(0, 1, count).reshape(-1, *[1] * first.ndim)
    dtype = np.result_type(first, last)
    return Tensor(
        (first + part * (last - first)).astype(dtype if dtype.kind == "f" and first.size > 1 else np.float32)
    )


# Noise to compare with ------------------------------------------------------------------------------------------


def white_noise(shape: Sequence[int], lags: int, centre: bool = True) -> tuple[float, ...]:
    """The mean autocorrelation of independent gradients along the last axis: what centring makes of 0.

    >>> white_noise([256], 1), white_noise([256], 1, centre=False)
    ((1.0, -0.00390625), (1.0, 0.0))
    """
    length, n = shape[-1], math.prod(shape)
    others = n // length
    bias = [-others * (length - lag) / (n * (n - 1)) if centre else 0.0 for lag in range(1, lags + 1)]
    return (1.0, *bias)


def brown_noise(n: int, lags: int, centre: bool = True) -> tuple[float, ...]:
    """The autocorrelation of a random walk of n steps: the ratio of the estimator's two expectations, exactly.

    >>> [round(c, 3) for c in brown_noise(256, 40)[::20]]
    [1.0, 0.645, 0.358]
    """
    place = np.arange(1.0, n + 1)
    walk = np.minimum(place[:, None], place)
    if centre:
        walk = walk - walk.mean(0) - walk.mean(1)[:, None] + walk.mean()
    return _listed(np.array([np.trace(walk, lag) for lag in range(lags + 1)]) / np.trace(walk))


# Measuring ------------------------------------------------------------------------------------------------------


def _inputs(line: Tensor | None, grid: Tensor | None, batch: Tensor | None) -> tuple[str, Tensor, tuple[int, ...]]:
    given = [(kind, x) for kind, x in (("line", line), ("grid", grid), ("batch", batch)) if x is not None]
    if len(given) != 1:
        names = " and ".join(kind for kind, _ in given) or "none"
        raise ArgumentError(f"shatter: {names} given; give one of line, grid and batch")
    kind, x = given[0]
    axes = 2 if kind == "grid" else 1
    shape = x.shape[:axes]
    if x.ndim <= axes or min(shape) < (2 if kind == "batch" else 4):
        raise ArgumentError(f"shatter: {kind} has shape {x.shape}; too few inputs, or no axis left for an input")
    return kind, x.reshape(math.prod(shape), *x.shape[axes:]), shape


def _lags(lags: int | None, kind: str, shape: tuple[int, ...]) -> int:
    if kind == "batch":
        return 0
    longest = min(shape) - 1
    if lags is not None and not 1 <= lags <= longest:
        raise ArgumentError(f"shatter: lags is {lags}; 1 to {longest} are possible")
    return lags if lags is not None else max(1, min(shape) // 4)


def _gradients(model: Any, inputs: Tensor, output: int | None, at: Any) -> tuple[Array, bool]:
    """The gradient at each input, (n, dimensions), over the largest of all; and whether inputs are coupled."""
    passed = forward(model, inputs, named_blocks(model, [at]) if at is not None else {})
    y = passed.output
    n = inputs.shape[0]
    if y.shape[:1] != (n,) or y.ndim > 2:
        raise ShapeError(f"shatter: the model gives {y.shape} for {n} inputs; ({n},) or ({n}, outputs) is needed")
    several = y.shape[1] if y.ndim == 2 else 1
    if several > 1 and output is None:
        raise ArgumentError(f"shatter: the model has {several} outputs; say by output which one to follow")
    chosen = output or 0
    if not -several <= chosen < several:
        raise ArgumentError(f"shatter: output is {output}; the model has {several}")
    cotangent = np.zeros((n, several), y.dtype)
    cotangent[:, chosen] = 1
    source = passed.calls[-1].output if passed.calls else passed.input
    seed = Tensor(cotangent.reshape(y.shape)).to(y.device).array
    found = to_numpy(pulled(y, [source], seed)[0]).reshape(n, -1)
    largest = float(np.abs(found).max(initial=0.0))
    return found / (largest if 0 < largest < math.inf else 1.0), coupled(passed)


def _in_place(gradients: Array, shape: tuple[int, ...], centre: bool) -> Array:
    """Gradients as (rows, columns, dimensions) in float64; a line is a grid of one row."""
    g = gradients.astype(np.float64)
    if centre:
        g = g - g.mean(0)
    rows, columns = shape if len(shape) == 2 else (1, shape[0])
    return g.reshape(rows, columns, -1)


def _autocorrelation(g: Array, lags: int) -> Array:
    """Of gradients (rows, columns, dimensions), along the columns: sums over all pairs over the sum of squares."""
    power = (g * g).sum()
    n = g.shape[1]
    sums = [(g[:, : n - lag] * g[:, lag:]).sum() if lag < n else 0.0 for lag in range(lags + 1)]
    return np.array(sums) / (power if power > 0 else math.nan)


def _cosine(gradients: Array) -> Array:
    g = gradients.astype(np.float64)
    length = np.sqrt((g * g).sum(1, keepdims=True))
    unit = g / np.where(length > 0, length, math.nan)
    return np.clip(unit @ unit.T, -1.0, 1.0)


def _is_constant(gradients: Array, eps: float) -> bool:
    """Whether gradients are equal up to the rounding of a few hundred terms, and not all zero."""
    g = gradients.astype(np.float64)
    middle = g.mean(0)
    size = np.sqrt((middle * middle).mean())
    return bool(size > 0 and np.abs(g - middle).max() <= 256 * eps * np.abs(g).max())


def _mean(several: Sequence[Array]) -> Array:
    return np.mean(several, axis=0)


def _error(several: Sequence[Array]) -> Array:
    """The standard error of a mean over networks; not a number for one."""
    if len(several) < 2:
        return np.full_like(several[0], math.nan)
    return np.std(several, axis=0) / math.sqrt(len(several) - 1)


def _listed(values: Array) -> tuple[float, ...]:
    return tuple(values.tolist())


def _width(model: Any) -> int:
    """The middle number of outputs of the weights but the last."""
    outputs = sorted([p.shape[0] for p in model.parameters() if p.ndim > 1][:-1] or [0])
    return int(outputs[len(outputs) // 2])


def _bias(models: Iterable[Any]) -> float:
    """The root mean square of all biases; 0 without any."""
    every = [p.array for m in models for name, p in m.named_parameters() if name.endswith("bias")]
    count = sum(b.size for b in every)
    return math.sqrt(sum(float((b * b).sum()) for b in every) / count) if count else 0.0
