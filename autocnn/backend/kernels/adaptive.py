"""Average pooling to a given output size, where windows may differ in length by one."""

from __future__ import annotations

from collections.abc import Sequence

from autocnn.backend.kernels.windows import channels_last, logical
from autocnn.types import Array, Namespace, Shape


def adaptive_average(xp: Namespace, x: Array, *, size: Sequence[int]) -> Array:
    """Means over ``size`` windows that cover each axis evenly: x (N, C, *spatial) -> (N, C, *size).

    Window i of n elements in o windows runs from floor(i n / o) to ceil((i + 1) n / o).
    """
    z = channels_last(xp, x)
    for axis, count in enumerate(size, start=1):
        z = _means(xp, z, axis, count)
    return logical(xp, xp.copy(z) if tuple(size) == x.shape[2:] else z)


def adaptive_spread(xp: Namespace, g: Array, *, shape: Shape) -> Array:
    """Adjoint of :func:`adaptive_average`: g (N, C, *size) -> ``shape`` (N, C, *spatial)."""
    gx = channels_last(xp, g)
    for axis in reversed(range(1, gx.ndim - 1)):
        gx = _shares(xp, gx, axis, shape[axis + 1])
    return logical(xp, xp.copy(gx) if shape == g.shape else gx)


def _means(xp: Namespace, x: Array, axis: int, count: int) -> Array:
    shape = list(x.shape)
    if shape[axis] == count:
        return x
    if count == 1:
        return xp.mean(x, axis=axis, keepdims=True, dtype=x.dtype)
    n, shape[axis] = shape[axis], count
    z = xp.empty(tuple(shape), x.dtype)
    for i, (start, stop) in enumerate(_bounds(n, count)):
        z[_at(axis, slice(i, i + 1))] = xp.mean(
            x[_at(axis, slice(start, stop))], axis=axis, keepdims=True, dtype=x.dtype
        )
    return z


def _shares(xp: Namespace, g: Array, axis: int, n: int) -> Array:
    shape = list(g.shape)
    count, shape[axis] = shape[axis], n
    if n == count:
        return g
    x = xp.zeros(tuple(shape), g.dtype)
    for i, (start, stop) in enumerate(_bounds(n, count)):
        place = _at(axis, slice(start, stop))
        part = xp.multiply(g[_at(axis, slice(i, i + 1))], 1.0 / (stop - start))
        xp.add(x[place], part, out=x[place])
    return x


def _bounds(n: int, count: int) -> list[tuple[int, int]]:
    return [(i * n // count, -(-(i + 1) * n // count)) for i in range(count)]


def _at(axis: int, index: slice) -> tuple[slice, ...]:
    return (slice(None),) * axis + (index,)
