"""Singular values of matrices that are known only by their products: a batch of them at once, in float64.

A batch of M matrices J (rows x columns) takes vectors as the columns of an array (M, columns, b), and gives
(M, rows, b). All sums and factorisations here are in float64; the products are as precise as whoever makes them.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from autocnn.backend.random import Generator
from autocnn.errors import ArgumentError
from autocnn.ops import randint, randn
from autocnn.types import Array

Product = Callable[[Array], Array]


@dataclass(frozen=True)
class Operator:
    """A batch of matrices of one shape: `forward(v)` is J v, `backward(u)` is J^T u."""

    forward: Product
    backward: Product
    matrices: int
    rows: int
    columns: int
    xp: Any
    device: str = "cpu"

    def transposed(self) -> Operator:
        """The operator of J^T: it has the same singular values."""
        return replace(self, forward=self.backward, backward=self.forward, rows=self.columns, columns=self.rows)

    def draw(self, length: int, count: int, generator: Generator) -> Array:
        """Standard normal vectors, `count` of them for each matrix: (M, length, count)."""
        shape = (self.matrices, length, count)
        return randn(shape, generator=generator, dtype="float64", device=self.device).array


@dataclass(frozen=True)
class Leading:
    """The largest singular values found, and what certifies them.

    `values` and `bounds` (M, k): each value has a singular value of J within its bound. `right` (M, columns, b)
    are orthonormal, `back` is J^T J times them, `left` is J times them.
    """

    values: Array
    bounds: Array
    right: Array
    left: Array
    back: Array


@dataclass(frozen=True)
class Moments:
    """Sums of powers of singular values, one for each matrix, with standard errors: |J|_F^2 and participation."""

    square: Array
    square_error: Array
    participation: Array
    participation_error: Array


def leading(op: Operator, k: int, generator: Generator, *, tolerance: float = 1e-2, steps: int = 20) -> Leading:
    """The k largest singular values, by block Lanczos bidiagonalisation from random vectors.

    Each step multiplies k vectors by J and by J^T, and adds what is new to two orthonormal bases, U of J's images
    and V, orthogonalised twice against all before. The singular pairs of U^T J V give J v = s u exactly; then a
    singular value lies within |J^T u - s v| / sqrt 2 of s (the residual of a symmetric eigenproblem). That it is
    the i-th largest is not certified, but likely; s never exceeds the i-th largest. It ends when all bounds are
    below `tolerance` times the largest value, after `steps` steps, or when V is the whole space: then it is exact.
    J has at least as many rows as columns; otherwise give `op.transposed()`.

    Source: Golub, Luk and Overton (1981).
    """
    xp = op.xp
    width = min(k, op.columns)
    new = _orthonormal(op, op.draw(op.columns, width, generator), None, generator)
    right = left = back = None
    for step in range(1, steps + 1):
        right = _beside(xp, right, new)
        image = _orthonormal(op, op.forward(new), left, generator)
        returned = op.backward(image)
        left, back = _beside(xp, left, image), _beside(xp, back, returned)
        free = op.columns - right.shape[2]
        if step % 2 == 0 or step == steps or not free:  # the small problem is worth its time every other step
            found = _pairs(xp, right, left, back, width)
            if not free or step == steps or bool((found.bounds <= tolerance * found.values[:, :1]).all()):
                return found
        new = _orthonormal(op, returned[:, :, :free], right, generator)
    raise ArgumentError(f"leading: steps is {steps}; it is at least 1")


def _beside(xp: Any, before: Array | None, new: Array) -> Array:
    return new if before is None else xp.concatenate([before, new], axis=2)


def _pairs(xp: Any, right: Array, left: Array, back: Array, k: int) -> Leading:
    """The singular values that the bases hold, with residuals: `back` is J^T times `left`."""
    p, values, q = xp.linalg.svd(back.swapaxes(1, 2) @ right)
    s, p, v = values[:, None, :k], p[:, :, :k], right @ q[:, :k].swapaxes(1, 2)
    u, returned = left @ p, back @ p
    residual = returned - s * v
    bounds = xp.sqrt((residual * residual).sum(1)) / math.sqrt(2)
    return Leading(values[:, :k], bounds, v, u * s, returned * s)


def _orthonormal(op: Operator, new: Array, basis: Array | None, generator: Generator) -> Array:
    """Orthonormal vectors that span what `new` adds to `basis`, orthogonal to it to rounding, by doing it twice.

    There are as many as in `new`: where it adds fewer, random ones in their place.
    """
    xp = op.xp
    scale = xp.sqrt((new * new).sum(1)).max(1)[:, None]
    new, factor = xp.linalg.qr(_without(new, basis))
    small = abs(factor.diagonal(0, 1, 2)) <= 1e-13 * scale
    if bool(small.any()):
        fresh = op.draw(new.shape[1], new.shape[2], generator)
        new = xp.linalg.qr(_without(xp.where(small[:, None], fresh, new), basis))[0]
    return xp.linalg.qr(_without(new, basis))[0]


def _without(new: Array, basis: Array | None) -> Array:
    return new if basis is None else new - basis @ (basis.swapaxes(1, 2) @ new)


def moments(op: Operator, known: Leading, probes: int, generator: Generator) -> Moments:
    """|J|_F^2 = sum s^2 and the participation ratio (sum s^2)^2 / sum s^4, from random vectors.

    What the leading vectors span counts exactly; the rest is the mean of |J u|^2 and |J^T J u|^2 over random
    directions u orthogonal to them, as long as the number of dimensions left (Hutchinson's estimator, deflated;
    without any error where all singular values are equal). Errors are standard errors, from 2 probes on; that of
    the ratio is the jackknife's.
    """
    xp = op.xp
    unit = xp.where(known.values[:, :1, None] > 0, known.values[:, :1, None], 1.0)  # a small J squared is nothing
    free = op.columns - known.right.shape[2]
    rest = op.draw(op.columns, probes, generator)
    rest = rest - known.right @ (known.right.swapaxes(1, 2) @ rest)
    rest = rest * xp.sqrt(free / (rest * rest).sum(1, keepdims=True))
    image = op.forward(rest) / unit
    second = (image * image).sum(1)
    twice = op.backward(image) / unit
    fourth = (twice * twice).sum(1)
    base2 = ((known.left / unit) ** 2).sum((1, 2))
    base4 = ((known.back / unit**2) ** 2).sum((1, 2))
    scale = unit[:, 0, 0] ** 2
    square = base2 + second.mean(1)
    error = second.std(1) / math.sqrt(probes - 1)
    ratio = _ratio(xp, square, base4 + fourth.mean(1))
    without2 = base2[:, None] + (second.sum(1, keepdims=True) - second) / (probes - 1)
    without4 = base4[:, None] + (fourth.sum(1, keepdims=True) - fourth) / (probes - 1)
    spread = _ratio(xp, without2, without4).std(1) * math.sqrt(probes - 1)
    return Moments(square * scale, error * scale, ratio, spread)


def _ratio(xp: Any, second: Array, fourth: Array) -> Array:
    """second^2 / fourth; NaN where there is nothing."""
    some = fourth > 0
    return xp.where(some, second, math.nan) ** 2 / xp.where(some, fourth, 1.0)


def zeros_in_rows(op: Operator, rows: int, generator: Generator) -> tuple[Array, Array]:
    """The share of elements of J that are exactly 0, from `rows` rows drawn at random; with its standard error."""
    xp = op.xp
    places = randint(0, op.rows, (rows,), generator=generator).array
    units = xp.zeros((op.matrices, op.rows, rows))
    for i, place in enumerate(places.tolist()):
        units[:, place, i] = 1.0
    share = (op.backward(units) == 0).mean(1)
    return share.mean(1), share.std(1) / math.sqrt(max(rows - 1, 1))


def exactly(xp: Any, matrix: Array, k: int) -> tuple[Array, Moments]:
    """The k largest singular values of matrices (M, rows, columns) at hand, and the moments, by dense algebra."""
    values = xp.linalg.svd(matrix.astype("float64"), compute_uv=False)
    largest = xp.where(values[:, :1] > 0, values[:, :1], 1.0)  # 1e-200 squared would be nothing
    unit = values / largest
    second, fourth = (unit**2).sum(1), (unit**4).sum(1)
    nothing = xp.zeros_like(second)
    square = second * largest[:, 0] ** 2
    return values[:, :k], Moments(square, nothing, _ratio(xp, second, fourth), nothing)
