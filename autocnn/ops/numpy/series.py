"""NumPy's functions of samples on Tensors: covariances, interpolation, polynomials, order passing over NaN."""

from __future__ import annotations

from typing import Any

import numpy as np

from autocnn.engine import Tensor
from autocnn.errors import ArgumentError, ShapeError
from autocnn.ops import elementwise as e
from autocnn.ops import indexing, linalg
from autocnn.ops import shape as s
from autocnn.ops.numpy.reductions import Axis
from autocnn.ops.numpy.statistics import _answer, _ordered
from autocnn.ops.numpy.table import FUNCTIONS, bare, common, in_dtype, inexact, stands_for, tensor_of

# Running ---------------------------------------------------------------------------------------------------------


@stands_for(np.cumulative_sum)
def _cumulative_sum(
    x: Any, /, *, axis: int | None = None, dtype: Any = None, out: None = None, include_initial: bool = False
) -> Tensor:
    return _cumulative(np.cumsum, "sum", x, axis, dtype, include_initial, 0)


@stands_for(np.cumulative_prod)
def _cumulative_prod(
    x: Any, /, *, axis: int | None = None, dtype: Any = None, out: None = None, include_initial: bool = False
) -> Tensor:
    return _cumulative(np.cumprod, "prod", x, axis, dtype, include_initial, 1)


def _cumulative(function: Any, name: str, x: Any, axis: Any, dtype: Any, initial: bool, first: int) -> Tensor:
    x = tensor_of(x)
    if axis is None and x.ndim > 1:
        raise ArgumentError(f"numpy.cumulative_{name}: axis is None, x {x.shape}; must be given for several axes")
    at = 0 if axis is None else axis
    z: Tensor = FUNCTIONS[function](x, at, dtype)
    if not initial:
        return z
    at %= z.ndim
    front = Tensor(np.full([1 if i == at else n for i, n in enumerate(z.shape)], first, z.dtype))
    return s.cat([front, z], at)


# Covariance ------------------------------------------------------------------------------------------------------


@stands_for(np.cov)
def _cov(
    m: Any, y: Any = None, rowvar: bool = True, bias: bool = False, ddof: int | None = None, fweights: Any = None,
    aweights: Any = None, *, dtype: Any = None,
) -> Tensor:  # fmt: skip
    if fweights is not None or aweights is not None:
        raise ArgumentError("numpy.cov: fweights or aweights is given; on tensors samples have no weights")
    x = _variables(m, rowvar, dtype)
    if y is not None:
        x = s.cat([x, in_dtype(_variables(y, rowvar, dtype), x.dtype)], 0)
    less = (0 if bias else 1) if ddof is None else ddof
    centred = e.sub(x, FUNCTIONS[np.mean](x, 1, keepdims=True))
    return s.squeeze(np.divide(linalg.matmul(centred, s.transpose(centred, 0, 1)), max(x.shape[1] - less, 0)))


def _variables(m: Any, rowvar: bool, dtype: Any) -> Tensor:
    """A row for each variable."""
    x = in_dtype(inexact(tensor_of(m)), dtype)
    if x.ndim > 2:
        raise ShapeError(f"numpy.cov: x is {x.shape}; must have at most 2 axes")
    rows = s.reshape(x, (1, -1)) if x.ndim < 2 else x
    return rows if rowvar or x.ndim < 2 else s.transpose(rows, 0, 1)


@stands_for(np.corrcoef)
def _corrcoef(x: Any, y: Any = None, rowvar: bool = True, *, dtype: Any = None) -> Any:
    c = _cov(x, y, rowvar, dtype=dtype)
    if not c.ndim:
        return np.divide(c, c)
    sizes = np.sqrt(linalg.diagonal(c))
    return np.divide(np.divide(c, s.unsqueeze(sizes, 1)), sizes)


# Curves ----------------------------------------------------------------------------------------------------------


@stands_for(np.interp)
def _interp(x: Any, xp: Any, fp: Any, left: Any = None, right: Any = None, period: Any = None) -> Tensor:
    """Straight lines between the points; the slope at a point is that of the line behind it."""
    places, knots, heights = (inexact(t) for t in common(*map(tensor_of, (x, xp, fp))))
    if period is not None or knots.ndim != 1 or knots.shape != heights.shape or not knots.shape[0]:
        raise ArgumentError(
            f"numpy.interp: xp is {knots.shape}, fp {heights.shape}, period {period}; must be vectors of one "
            "length, and no period"
        )
    n = knots.shape[0]
    behind = np.clip(np.searchsorted(bare(knots), bare(places), side="right"), 1, max(n - 1, 1))
    low, high = Tensor(np.asarray(behind - 1)), Tensor(np.asarray(np.minimum(behind, n - 1)))
    x0, x1, y0, y1 = (indexing.take(t, i) for t in (knots, heights) for i in (low, high))
    gap = e.sub(x1, x0)
    share = np.divide(e.sub(places, x0), e.where(e.eq(gap, 0.0), 1.0, gap))
    z = e.add(y0, e.mul(share, e.sub(y1, y0)))
    ends = (heights[0] if left is None else left, heights[n - 1] if right is None else right)
    z = e.where(e.lt(places, knots[0]), in_dtype(ends[0], z.dtype), z)
    return e.where(e.gt(places, knots[n - 1]), in_dtype(ends[1], z.dtype), z)


@stands_for(np.polyval)
def _polyval(p: Any, x: Any) -> Tensor:
    coefficients, at = common(*map(tensor_of, (p, x)))
    z = e.mul(at, 0)
    for i in range(coefficients.shape[0]):
        z = e.add(e.mul(z, at), coefficients[i])
    return z


@stands_for(np.vander)
def _vander(x: Any, N: int | None = None, increasing: bool = False) -> Tensor:
    v = tensor_of(x)
    if v.ndim != 1:
        raise ShapeError(f"numpy.vander: x is {v.shape}; must be a vector")
    count = v.shape[0] if N is None else N
    powers = [np.power(v, k) if k else FUNCTIONS[np.ones_like](v) for k in range(count)]
    if not powers:
        return Tensor(np.zeros((v.shape[0], 0), v.dtype))
    return s.stack(powers if increasing else powers[::-1], 1)


# Order passing over NaN ------------------------------------------------------------------------------------------


@stands_for(np.nanmedian)
def _nanmedian(
    a: Any, axis: Axis = None, out: None = None, overwrite_input: bool = False, keepdims: bool = False
) -> Tensor:
    return _nanquantiles("numpy.nanmedian", a, 0.5, 1, axis, "linear", keepdims)


@stands_for(np.nanquantile)
def _nanquantile(
    a: Any, q: Any, axis: Axis = None, out: None = None, overwrite_input: bool = False, method: str = "linear",
    keepdims: bool = False,
) -> Tensor:  # fmt: skip
    return _nanquantiles("numpy.nanquantile", a, q, 1, axis, method, keepdims)


@stands_for(np.nanpercentile)
def _nanpercentile(
    a: Any, q: Any, axis: Axis = None, out: None = None, overwrite_input: bool = False, method: str = "linear",
    keepdims: bool = False,
) -> Tensor:  # fmt: skip
    return _nanquantiles("numpy.nanpercentile", a, q, 100, axis, method, keepdims)


def _nanquantiles(op: str, a: Any, q: Any, of: int, axis: Axis, method: str, keepdims: bool) -> Tensor:
    if method != "linear":
        raise ArgumentError(f"{op}: method is {method!r}; must be 'linear'")
    ordered, kept = _ordered(op, inexact(tensor_of(a)), axis)
    wanted = np.asarray(q, float)
    if not ordered.shape[-1] or (wanted.size and not (0 <= wanted.min() <= wanted.max() <= of)):
        raise ArgumentError(f"{op}: q is {q}, x {ordered.shape}; must be from 0 to {of}, of an element or more")
    last = np.maximum((~np.isnan(bare(ordered))).sum(-1, keepdims=True) - 1, 0)
    answers = [_answer(_between(ordered, last * (p / of)), kept, keepdims) for p in wanted.reshape(-1)]
    return answers[0] if not wanted.ndim else s.reshape(s.stack(answers), wanted.shape + answers[0].shape)


def _between(ordered: Tensor, place: Any) -> Tensor:
    """The element at a place of each row, between two neighbours in proportion."""
    below = np.floor(place).astype(int)
    low, high = (indexing.take_along_dim(ordered, Tensor(i), -1) for i in (below, np.ceil(place).astype(int)))
    share = Tensor((place - below).astype(ordered.dtype))
    return s.squeeze(e.add(low, e.mul(e.sub(high, low), share)), -1)


# Systems ---------------------------------------------------------------------------------------------------------


@stands_for(np.linalg.solve)
def _solve(a: Any, b: Any) -> Tensor:
    return linalg.solve(*(inexact(x) for x in common(*map(tensor_of, (a, b)))))


@stands_for(np.linalg.inv)
def _inv(a: Any) -> Tensor:
    return linalg.inv(inexact(tensor_of(a)))


@stands_for(np.linalg.det)
def _det(a: Any) -> Tensor:
    return linalg.det(inexact(tensor_of(a)))
