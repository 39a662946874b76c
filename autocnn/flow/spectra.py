"""Singular values of matrices that are known only by their products: a batch of them at once, in float64.

A batch of M matrices J (rows x columns) takes vectors as the columns of an array (M, columns, b), and gives
(M, rows, b). All sums and factorisations here are in float64; the products are as precise as whoever makes them.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from autocnn.backend.random import Generator
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
    """The k largest singular values, by a block Krylov method that begins at random vectors.

    The basis grows by the residuals J^T u - s v of the best pairs (u, s, v), which span what block Lanczos would
    add, orthogonalised against all of the basis, twice. With J v = s u exactly, a singular value lies within
    |J^T u - s v| / sqrt 2 of s (the residual of a symmetric eigenproblem); that it is the i-th largest is not
    certified, but likely, and s never exceeds the i-th largest. It ends when all bounds are below `tolerance`
    times the largest value, after `steps` steps, or when the basis is the whole space: then it is exact.

    Source: Golub, Luk and Overton (1981); Musco and Musco (2015).
    """
    xp = op.xp
    width = min(k, op.rows, op.columns)
    new = _orthonormal(xp, op.draw(op.columns, width, generator), None)
    basis, images = new, op.forward(new)
    for step in range(steps):
        left, values, turn = xp.linalg.svd(images, full_matrices=False)
        top = values[:, None, :width]
        right = basis @ turn[:, :width].swapaxes(1, 2)
        back = op.backward(left[:, :, :width])
        residual = back - right * top
        bounds = xp.sqrt((residual * residual).sum(1)) / math.sqrt(2)
        found = Leading(values[:, :width], bounds, right, left[:, :, :width] * top, back * top)
        grown = min(basis.shape[2] + width, op.columns) - basis.shape[2]
        done = bool((bounds <= tolerance * values[:, :1]).all())
        if done or not grown or step == steps - 1:
            return found
        new = _orthonormal(xp, _filled(op, residual, top, generator)[:, :, :grown], basis)
        basis = xp.concatenate([basis, new], axis=2)
        images = xp.concatenate([images, op.forward(new)], axis=2)
    return found


def _filled(op: Operator, residual: Array, top: Array, generator: Generator) -> Array:
    """Directions to go on in: residuals at unit length; random ones in place of what has converged."""
    xp = op.xp
    length = xp.sqrt((residual * residual).sum(1, keepdims=True))
    small = length <= 1e-13 * top[:, :, :1]
    fresh = op.draw(op.columns, residual.shape[2], generator)
    return xp.where(small, fresh, residual / xp.where(small, 1.0, length))


def _orthonormal(xp: Any, new: Array, basis: Array | None) -> Array:
    """An orthonormal basis of what `new` adds to `basis`; orthogonal to it to rounding, by doing it twice."""
    for _ in range(2):
        if basis is not None:
            new = new - basis @ (basis.swapaxes(1, 2) @ new)
        new = xp.linalg.qr(new)[0]
    return new


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
