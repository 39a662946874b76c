"""Variance and standard deviation."""

from __future__ import annotations

import math
from typing import Any

from autocnn.backend import kernels
from autocnn.engine import Tensor, as_tensor, method, primitive
from autocnn.errors import ArgumentError
from autocnn.ops.elementwise.arithmetic import _divide_or_zero, _mul, _sub
from autocnn.ops.elementwise.casts import quiet
from autocnn.ops.precision import adding
from autocnn.ops.reduce.axes import axes_of, count_of, numpy_names
from autocnn.ops.reduce.sums import _mean, _spread, mean, needs_float
from autocnn.types import Axes, Shape


@method("var")
@numpy_names
def var(
    input: Any,
    dim: Axes = None,
    unbiased: bool | None = None,
    keepdim: bool = False,
    *,
    correction: float | None = None,
) -> Tensor:
    """The variance over axes: the sum of squared distances from the mean, over n - correction.

    correction is 1 by default (the unbiased estimate) and 0 for `unbiased=False`; NaN where nothing is left.

    >>> var(Tensor([1.0, 2.0, 3.0])).item(), var(Tensor([1.0, 3.0]), correction=0).item()
    (1.0, 1.0)
    """
    input, axes, correction = _spread_of("var", input, dim, unbiased, correction)
    return _var(input, axes=axes, keepdims=bool(keepdim), correction=correction)


@method("std")
@numpy_names
def std(
    input: Any,
    dim: Axes = None,
    unbiased: bool | None = None,
    keepdim: bool = False,
    *,
    correction: float | None = None,
) -> Tensor:
    """The standard deviation over axes: the root of `var`; where it is 0 its derivative is 0.

    >>> std(Tensor([1.0, 2.0, 3.0])).item()
    1.0
    """
    input, axes, correction = _spread_of("std", input, dim, unbiased, correction)
    return _std(input, axes=axes, keepdims=bool(keepdim), correction=correction)


@numpy_names
def var_mean(
    input: Any,
    dim: Axes = None,
    unbiased: bool | None = None,
    keepdim: bool = False,
    *,
    correction: float | None = None,
) -> tuple[Tensor, Tensor]:
    """The variance and the mean over axes.

    >>> [z.item() for z in var_mean(Tensor([1.0, 2.0, 3.0]))]
    [1.0, 2.0]
    """
    if isinstance(dim, bool):
        dim, unbiased = None, dim
    return var(input, dim, unbiased, keepdim, correction=correction), mean(input, dim, keepdim)


@numpy_names
def std_mean(
    input: Any,
    dim: Axes = None,
    unbiased: bool | None = None,
    keepdim: bool = False,
    *,
    correction: float | None = None,
) -> tuple[Tensor, Tensor]:
    """The standard deviation and the mean over axes.

    >>> [z.item() for z in std_mean(Tensor([1.0, 2.0, 3.0]))]
    [1.0, 2.0]
    """
    if isinstance(dim, bool):
        dim, unbiased = None, dim
    return std(input, dim, unbiased, keepdim, correction=correction), mean(input, dim, keepdim)


def _spread_of(
    name: str, x: Any, dim: Any, unbiased: bool | None, correction: float | None
) -> tuple[Tensor, Shape, float]:
    """The tensor, the axes, and the correction, as PyTorch's several signatures give them."""
    if isinstance(dim, bool):
        dim, unbiased = None, dim
    if unbiased is not None and correction is not None:
        raise ArgumentError(f"{name}: unbiased and correction are given; unbiased=False means correction=0")
    if correction is None:
        correction = 0 if unbiased is False else 1
    x = needs_float(name, as_tensor(x))
    return x, axes_of(name, dim, x.shape), correction


@primitive(saves=("x",))
@quiet
@adding
def _var(xp: Any, x: Any, *, axes: Shape, keepdims: bool, correction: float) -> Any:
    return _variance(xp, x, axes, keepdims, correction)


@primitive(saves=("x", "z"))
@quiet
@adding
def _std(xp: Any, x: Any, *, axes: Shape, keepdims: bool, correction: float) -> Any:
    return xp.sqrt(_variance(xp, x, axes, keepdims, correction))


def _variance(xp: Any, x: Any, axes: Shape, keepdims: bool, correction: float) -> Any:
    n = count_of(x.shape, axes)
    distance = kernels.sub(xp, x, xp.divide(kernels.total(xp, x, axes, keepdims=True), n, dtype=x.dtype))
    squares = kernels.total(xp, kernels.mul(xp, distance, distance), axes, keepdims)
    return xp.divide(squares, max(n - correction, 0), dtype=x.dtype)


def _distance(x: Any, axes: Shape, factor: float, correction: float) -> Any:
    """(x - mean) * factor / (n - correction)."""
    left = count_of(x.shape, axes) - correction
    center = _spread(_mean(x, axes=axes, keepdims=True), shape=x.shape, axes=axes)
    return _mul(_sub(x, center), factor / left if left > 0 else math.inf)


_var.vjp(
    lambda g, z, x, axes, keepdims, correction: _mul(
        _spread(g, shape=x.shape, axes=axes), _distance(x, axes, 2.0, correction)
    )
)
_std.vjp(
    lambda g, z, x, axes, keepdims, correction: _mul(
        _spread(_divide_or_zero(g, z), shape=x.shape, axes=axes), _distance(x, axes, 1.0, correction)
    )
)
