"""NumPy's order statistics, and its reductions that pass over NaN, on Tensors."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from autocnn.engine import Tensor
from autocnn.errors import ArgumentError
from autocnn.ops import elementwise as e
from autocnn.ops import shape
from autocnn.ops.numpy.reductions import Axis
from autocnn.ops.numpy.table import FUNCTIONS, in_dtype, inexact, real_axes, stands_for, tensor_of

# Passing over NaN ------------------------------------------------------------------------------------------------


def _present(x: Tensor) -> Tensor:
    return e.logical_not(e.isnan(x))


def _passing(function: Callable[..., Any]) -> Callable[..., Any]:
    """A reduction of the elements that are there."""

    def run(a: Any, *args: Any, **kwargs: Any) -> Any:
        x = tensor_of(a)
        if x.dtype.kind != "f":
            return FUNCTIONS[function](x, *args, **kwargs)
        return FUNCTIONS[function](x, *args, **kwargs, where=_present(x))

    return run


def _passing_extreme(function: Callable[..., Any], least: float) -> Callable[..., Any]:
    """The largest, or smallest, of the elements that are there; NaN where none is."""

    def run(a: Any, axis: Axis = None, out: None = None, keepdims: bool = False) -> Tensor:
        x = tensor_of(a)
        if x.dtype.kind != "f":
            return FUNCTIONS[function](x, axis, keepdims=keepdims)
        there = _present(x)
        found = FUNCTIONS[function](e.where(there, x, least), axis, keepdims=keepdims)
        return e.where(FUNCTIONS[np.any](there, axis, keepdims=keepdims), found, np.nan)

    return run


for _theirs, _plain in (
    (np.nansum, np.sum), (np.nanprod, np.prod), (np.nanmean, np.mean), (np.nanvar, np.var), (np.nanstd, np.std),
):  # fmt: skip
    FUNCTIONS[_theirs] = _passing(_plain)
FUNCTIONS[np.nanmax] = _passing_extreme(np.max, -np.inf)
FUNCTIONS[np.nanmin] = _passing_extreme(np.min, np.inf)


@stands_for(np.nancumsum)
def _nancumsum(a: Any, axis: int | None = None, dtype: Any = None, out: None = None) -> Tensor:
    return FUNCTIONS[np.cumsum](_filled(a, 0), axis, dtype)


@stands_for(np.nancumprod)
def _nancumprod(a: Any, axis: int | None = None, dtype: Any = None, out: None = None) -> Tensor:
    return FUNCTIONS[np.cumprod](_filled(a, 1), axis, dtype)


def _filled(a: Any, value: float) -> Tensor:
    x = tensor_of(a)
    return e.where(e.isnan(x), value, x) if x.dtype.kind == "f" else x


# Order -----------------------------------------------------------------------------------------------------------


@stands_for(np.median)
def _median(
    a: Any, axis: Axis = None, out: None = None, overwrite_input: bool = False, keepdims: bool = False
) -> Tensor:
    ordered, kept = _ordered("numpy.median", inexact(tensor_of(a)), axis)
    n = ordered.shape[-1]
    if not n:
        return _answer(FUNCTIONS[np.mean](ordered, -1), kept, keepdims)
    middle = FUNCTIONS[np.mean](shape.narrow(ordered, -1, (n - 1) // 2, 2 - n % 2), -1)
    return _answer(_unless_nan(ordered, middle), kept, keepdims)


@stands_for(np.quantile)
def _quantile(
    a: Any, q: Any, axis: Axis = None, out: None = None, overwrite_input: bool = False, method: str = "linear",
    keepdims: bool = False,
) -> Tensor:  # fmt: skip
    return _quantiles("numpy.quantile", a, q, 1, axis, method, keepdims)


@stands_for(np.percentile)
def _percentile(
    a: Any, q: Any, axis: Axis = None, out: None = None, overwrite_input: bool = False, method: str = "linear",
    keepdims: bool = False,
) -> Tensor:  # fmt: skip
    return _quantiles("numpy.percentile", a, q, 100, axis, method, keepdims)


def _quantiles(op: str, a: Any, q: Any, of: int, axis: Axis, method: str, keepdims: bool) -> Tensor:
    if method != "linear":
        raise ArgumentError(f"{op}: method is {method!r}; must be 'linear'")
    ordered, kept = _ordered(op, inexact(tensor_of(a)), axis)
    wanted = np.asarray(q)
    kind = ordered.dtype if type(q) in (int, float) else np.result_type(ordered.dtype, wanted.dtype, 0.0)
    if not ordered.shape[-1] or (wanted.size and not (0 <= wanted.min() <= wanted.max() <= of)):
        raise ArgumentError(f"{op}: q is {q}, x {ordered.shape}; must be from 0 to {of}, of an element or more")
    found = [in_dtype(_at(ordered, float(p) / of), kind) for p in wanted.reshape(-1)]
    answers = [_answer(_unless_nan(ordered, z), kept, keepdims) for z in found]
    return answers[0] if not wanted.ndim else shape.reshape(shape.stack(answers), wanted.shape + answers[0].shape)


def _at(ordered: Tensor, part: float) -> Tensor:
    """The element that far along, between its two neighbours in proportion."""
    place = part * (ordered.shape[-1] - 1)
    below = min(math.floor(place), max(ordered.shape[-1] - 2, 0))
    low = shape.select(ordered, -1, below)
    if place == below:
        return low
    high = shape.select(ordered, -1, below + 1)
    share = place - below
    way = e.sub(high, low)
    return e.add(low, e.mul(way, share)) if share < 0.5 else e.sub(high, e.mul(way, 1 - share))


def _ordered(op: str, x: Tensor, axis: Axis) -> tuple[Tensor, tuple[int, ...]]:
    """x sorted along its last axis, into which `axis` went; and its shape with 1 in their place."""
    axes = real_axes(op, axis, x.ndim)
    rest = [i for i in range(x.ndim) if i not in axes]
    row = shape.reshape(
        shape.permute(x, (*rest, *axes)), [*[x.shape[i] for i in rest], math.prod(x.shape[i] for i in axes)]
    )
    return FUNCTIONS[np.sort](row, -1), tuple([1 if i in axes else n for i, n in enumerate(x.shape)])


def _unless_nan(ordered: Tensor, z: Tensor) -> Tensor:
    """NaN sorts last: with one in the row there is no order."""
    return e.where(e.isnan(shape.select(ordered, -1, -1)), in_dtype(np.nan, z.dtype), z)


def _answer(z: Tensor, kept: tuple[int, ...], keepdims: bool) -> Tensor:
    return shape.reshape(z, kept) if keepdims else z
