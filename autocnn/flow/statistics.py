"""Statistics of arrays of any magnitude: in one visit, without a copy in double precision."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np

from autocnn.backend.arrays import namespace
from autocnn.engine import Primitive, primitives
from autocnn.types import Array

_CHUNK = 1 << 16
"""Elements that are looked at together: they stay in the cache between one question and the next."""
_SAFE = {4: (1e-15, 1e15), 8: (1e-140, 1e140)}
"""Where the largest magnitude may lie for squares to be taken as they are, by bytes; halves are widened first."""


def by_image(array: Array) -> Array:
    """(N, ...) -> (N, K): the numbers of each image side by side, as they lie in memory; a view where that can be.

    >>> by_image(np.zeros((2, 3, 4), np.float32)).shape, by_image(np.float32([1, 2])).shape
    ((2, 12), (2, 1))
    """
    if array.ndim < 2:
        return array.reshape(-1, 1)
    order = sorted(range(1, array.ndim), key=lambda axis: -array.strides[axis])
    return array.transpose(0, *order).reshape(array.shape[0], -1)


# Moments ------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Moments:
    """What is known of (N, K) numbers after one visit: sums of squares by image, in units of ``scale`` squared."""

    count: int
    """K, numbers for each image."""
    squares: list[float]
    scale: float
    largest: float
    zeros: int
    strange: int = 0
    """How many are NaN or infinite; then nothing else is known but the zeros."""

    @property
    def size(self) -> int:
        """How many numbers there are."""
        return self.count * len(self.squares)

    @property
    def rms(self) -> float:
        """Root of the mean square."""
        if self.strange:
            return math.nan
        return self.scale * math.sqrt(math.fsum(self.squares) / self.size) if self.size else 0.0

    def norms(self) -> list[float]:
        """The 2-norm of each image's numbers."""
        return [math.nan if self.strange else self.scale * math.sqrt(square) for square in self.squares]

    def error(self, images: int) -> float:
        """The standard error of the RMS, where these are a sample of so many images; 0 if they are all."""
        n, mean = len(self.squares), math.fsum(self.squares) / max(len(self.squares), 1)
        if n >= images or mean == 0 or self.strange:
            return 0.0
        if n < 2:
            return math.inf
        variance = math.fsum((square - mean) ** 2 for square in self.squares) / (n - 1)
        return self.rms / (2 * mean) * math.sqrt(variance / n * (1 - n / images))


def moments(rows: Array) -> Moments:
    """Look at (N, K) numbers once. They are divided by the largest before squares could under- or overflow.

    >>> m = moments(np.float32([[3e-30, -4e-30], [0, 0]]))
    >>> m.norms(), m.zeros
    ([5.000000015855384e-30, 0.0], 2)
    """
    if rows.dtype.itemsize < 4:
        rows = rows.astype("float32")
    xp, count = namespace(rows), rows.shape[1]
    if not rows.size:
        return Moments(count, [0.0] * rows.shape[0], 1.0, 0.0, 0)
    largest = float(max(rows.max(), -rows.min()))
    zeros = int(xp.count_nonzero(rows == 0))
    if not math.isfinite(largest):  # NaN passes through max
        strange = rows.size - int(xp.count_nonzero(xp.isfinite(rows)))
        return Moments(count, [math.nan] * rows.shape[0], 1.0, math.inf, zeros, strange)
    low, high = _SAFE[rows.dtype.itemsize]
    if low < largest < high or largest == 0:
        return Moments(count, _squares(xp, rows), 1.0, largest, zeros)
    return Moments(count, _squares(xp, rows.astype("float64") / largest), largest, largest, zeros)


def norm(array: Array) -> float:
    """The 2-norm of an array of any shape.

    >>> norm(np.float32([[3e-30], [4e-30]]))
    5.000000015855384e-30
    """
    flat = array.ravel(order="K")
    if flat.dtype.itemsize >= 4:
        square = float(flat.dot(flat))
        if 1e-24 < square < 1e30:
            return math.sqrt(square)
    return moments(flat.reshape(1, -1)).norms()[0]


def _squares(xp: Any, rows: Array) -> list[float]:
    if xp is np and rows.shape[1] >= 1024:  # BLAS, two times as fast
        return [float(row.dot(row)) for row in rows]
    return xp.einsum("ij,ij->i", rows, rows).tolist()  # type: ignore[no-any-return]


def joined(parts: Sequence[Moments]) -> Moments:
    """Moments of several lots of images together.

    >>> joined([moments(np.float32([[3, 0]])), moments(np.float32([[4, 0]]))]).rms
    2.5
    """
    if len(parts) == 1:
        return parts[0]
    scale = max((part.scale for part in parts if part.largest), default=1.0)
    squares = [s and s * (part.scale / scale) ** 2 for part in parts for s in part.squares]
    return Moments(
        parts[0].count, squares, scale, max(part.largest for part in parts),
        sum(part.zeros for part in parts), sum(part.strange for part in parts),
    )  # fmt: skip


# Everything ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Statistics:
    """The magnitudes of a tensor, in a unit that its maker says."""

    rms: float
    """Root of the mean square; NaN where something is not finite."""
    largest: float
    zeros: float
    """The share that is exactly 0."""
    strange: int
    """How many are NaN or infinite."""
    denormal: float
    """The share that is smaller than the smallest normal number of its dtype, and not 0: it has lost digits."""
    underflow: float
    """The share that is not 0, but would be if it were rounded to its dtype. Only a rescaled sweep knows of it."""
    norms: tuple[float, float, float]
    """The 2-norm of an image's part: lower quartile, median, upper quartile."""
    histogram: Mapping[int, int] = field(repr=False)
    """How many magnitudes lie in [2^e, 2^(e+1)), by e; zeros and what is not finite are not among them."""

    def to_dict(self) -> dict[str, Any]:
        """All of it as plain numbers, the histogram's exponents as text."""
        kept = {
            name: getattr(self, name) for name in ("rms", "largest", "zeros", "strange", "denormal", "underflow")
        }
        histogram = {str(e): n for e, n in self.histogram.items()}
        return kept | {"norms": list(self.norms), "histogram": histogram}


def statistics(array: Array, *, times: float = 1.0, exponent: int = 0) -> Statistics:
    """Measure an array (N, ...), of numbers ``array * times * 2.0**exponent``.

    >>> s = statistics(np.float32([[1.0, -3.0], [0.0, 0.0]]))
    >>> round(s.rms, 3), s.largest, s.zeros, dict(s.histogram)
    (1.581, 3.0, 0.5, {0: 1, 1: 1})
    >>> statistics(np.float32([[1.0]]), exponent=-200).underflow
    1.0
    """
    rows = by_image(array)
    parts = list(lots(rows))
    m = joined([moments(lot) for lot in parts]) if parts else Moments(rows.shape[1], [], 1.0, 0.0, 0)
    unit = _ldexp(times, exponent)
    q1, median, q3 = quartiles(m.norms())
    raw, counted = _counted(parts, times, exponent)
    least = np.finfo(array.dtype.name)
    first, last = int(least.minexp), int(least.minexp) - int(least.nmant)  # 2^last is the smallest number
    small = sum(n for e, n in raw.items() if last - 1 <= e < first)  # half the smallest number rounds up to it
    gone = sum(n for e, n in raw.items() if e < last - 1)
    size = max(rows.size, 1)
    return Statistics(
        m.rms * unit, m.largest * unit, m.zeros / size, m.strange, small / size, gone / size,
        (q1 * unit, median * unit, q3 * unit), counted,
    )  # fmt: skip


def lots(rows: Array) -> Iterator[Array]:
    """Some images at a time, as many as stay in the cache."""
    step = max(1, _CHUNK // max(rows.shape[1], 1))
    return (rows[start : start + step] for start in range(0, rows.shape[0], step))


def _ldexp(times: float, exponent: int) -> float:
    """times 2^exponent, inf where that is more than a float64 holds."""
    try:
        return math.ldexp(times, exponent)
    except OverflowError:
        return math.inf


def quartiles(values: Sequence[float]) -> tuple[float, float, float]:
    """Lower quartile, median and upper quartile, interpolated; zeros of nothing.

    >>> quartiles([1.0, 2.0, 3.0, 4.0])
    (1.75, 2.5, 3.25)
    """
    if not values:
        return 0.0, 0.0, 0.0
    ordered = sorted(values)  # a few numbers, for which NumPy would take longer
    found = []
    for share in (0.25, 0.5, 0.75):
        place = share * (len(ordered) - 1)
        low = int(place)
        high = min(low + 1, len(ordered) - 1)
        found.append(ordered[low] + (place - low) * (ordered[high] - ordered[low]))
    return found[0], found[1], found[2]


def _counted(parts: Sequence[Array], times: float, exponent: int) -> tuple[dict[int, int], dict[int, int]]:
    """Magnitudes by exponent, of ``x 2^exponent`` (what a dtype would hold), and of that times a number."""
    mantissa, whole = math.frexp(times)
    exact = mantissa == 0.5
    raw: dict[int, int] = {}
    shown: dict[int, int] = {}
    for lot in parts:
        _count(lot, exponent, raw)
        if not exact:
            _count(lot * lot.dtype.type(2 * mantissa), exponent + whole - 1, shown)
    if exact:
        shown = {e + whole - 1: n for e, n in raw.items()}
    return dict(sorted(raw.items())), dict(sorted(shown.items()))


_BITS = {"float16": ("int16", 10, 31), "float32": ("int32", 23, 255), "float64": ("int64", 52, 2047)}


def _count(lot: Array, exponent: int, into: dict[int, int]) -> None:
    """Add the exponents of an array to a histogram, read from its bits; those of denormals are computed."""
    xp = namespace(lot)
    integer, shift, mask = _BITS[lot.dtype.name]
    flat = xp.ascontiguousarray(lot).reshape(-1)
    bits = (flat.view(integer) >> shift) & mask
    counts = xp.bincount(bits, minlength=mask + 1).tolist()
    bias = mask // 2
    for e, n in enumerate(counts):
        if n and 0 < e < mask:
            into[e - bias + exponent] = into.get(e - bias + exponent, 0) + n
    if counts[0]:
        tiny = flat[(bits == 0) & (flat != 0)]
        for e in (xp.frexp(tiny)[1] - 1).tolist():
            into[e + exponent] = into.get(e + exponent, 0) + 1


# Derivatives of activations -----------------------------------------------------------------------------------

ACTIVATIONS = frozenset((
    "elu", "gelu", "gelu_tanh", "hardsigmoid", "hardswish", "hardtanh", "leaky_relu", "logsigmoid", "mish", "relu",
    "sigmoid", "silu", "sin", "softplus", "softsign", "tanh", "tanhshrink", "threshold",
))  # fmt: skip
"""Primitives of one operand that act on each number by itself, and may have a derivative of 0."""

SATURATED = 0.05
"""A derivative under this share of its largest is saturated."""


def asleep(op: str, x: Array | None, z: Array | None, params: Mapping[str, Any]) -> tuple[Array, Array]:
    """Where an activation's derivative is under 5 % of the largest that it has anywhere; and where it is 0.

    By magnitude. `x` and `z` are its operand and its value, as far as the op's rule reads them.

    >>> low, none = asleep("tanh", None, np.tanh(np.float32([0.0, 1.0, 3.0, 30.0])), {})
    >>> low.tolist(), none.tolist()
    ([False, False, True, True], [False, False, False, True])
    """
    if op == "relu" and z is not None:
        none = z == 0
        return none, none
    slope = abs(_slope(primitives()[op], x, z, params))
    return slope < SATURATED * _steepest(op, tuple(sorted(params.items()))), slope == 0


def _slope(p: Primitive, x: Array | None, z: Array | None, params: Mapping[str, Any]) -> Array:
    """The derivative at each number, by the op's own rule."""
    rule: Any = p.rule(0)
    like = x if x is not None else z
    return rule(namespace(like).ones_like(like), z, x, **params)


@cache
def _steepest(op: str, params: tuple[tuple[str, Any], ...]) -> float:
    """The largest magnitude of an activation's derivative, found on a fine grid."""
    p, x = primitives()[op], np.linspace(-12, 12, 48001)
    z, _ = p.run((x,), dict(params))
    return float(abs(_slope(p, x, z, dict(params))).max())
