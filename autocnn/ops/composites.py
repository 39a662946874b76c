"""Functions that are a line or two of others."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from autocnn.engine import Tensor, as_tensor, method, write
from autocnn.errors import ArgumentError, OutOfRangeError, ShapeError
from autocnn.ops.axes import by_name, one_axis
from autocnn.ops.create import arange
from autocnn.ops.dtypes import as_dtype
from autocnn.ops.elementwise import (
    add,
    clamp,
    div,
    isnan,
    lerp,
    log,
    log1p,
    logical_and,
    logical_not,
    mul,
    neg,
    remainder,
    sub,
    where,
)
from autocnn.ops.elementwise.casts import to
from autocnn.ops.indexing import index_add
from autocnn.ops.indexing.getitem import getitem
from autocnn.ops.indexing.setitem import setitem
from autocnn.ops.random import rand
from autocnn.ops.reduce import amax, amin, nansum, norm, sort, sum
from autocnn.ops.shape import (
    broadcast_tensors,
    cat,
    clone,
    flatten,
    flip,
    movedim,
    narrow,
    reshape,
    stack,
    transpose,
    unsqueeze,
)


@method("dist")
def dist(input: Any, other: Any, p: float = 2) -> Tensor:
    """The p-norm of the difference of two tensors.

    >>> dist([0.0, 0.0], [3.0, 4.0]).item()
    5.0
    """
    return norm(sub(input, other), p)


@method("kron")
def kron(input: Any, other: Any) -> Tensor:
    """Kronecker's product: each element of input times the whole of other, in its place.

    >>> kron([1.0, 2.0], [1.0, 10.0]).tolist()
    [1.0, 10.0, 2.0, 20.0]
    """
    x = as_tensor(input)
    y = as_tensor(other, x)
    n = max(x.ndim, y.ndim)
    above, below = ((1,) * (n - t.ndim) + t.shape for t in (x, y))
    pairs = mul(
        reshape(x, [m for length in above for m in (length, 1)]),
        reshape(y, [m for length in below for m in (1, length)]),
    )
    return reshape(pairs, [a * b for a, b in zip(above, below, strict=True)])


@method("nanmean")
def nanmean(input: Any, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Tensor:
    """The mean of what is not NaN.

    >>> nanmean([1.0, math.nan, 3.0]).item()
    2.0
    """
    x = as_tensor(input)
    return div(nansum(x, dim, keepdim, dtype=dtype), sum(logical_not(isnan(x)), dim, keepdim))


@method("quantile")
def quantile(
    input: Any, q: Any, dim: int | None = None, keepdim: bool = False, *, interpolation: str = "linear"
) -> Tensor:
    """The value below which a share q of the elements lies, along an axis or over all; for several q, one each.

    Raises ArgumentError for an interpolation but linear, lower, higher, nearest and midpoint, OutOfRangeError for
    a share that is none.

    >>> quantile(Tensor([1.0, 2.0, 4.0]), 0.75).item()
    3.0
    """
    x = as_tensor(input)
    shares = np.asarray(q.detach().numpy() if isinstance(q, Tensor) else q, np.float64)
    if interpolation not in _STEPS:
        raise ArgumentError(f"quantile: interpolation is {interpolation!r}; must be one of {', '.join(_STEPS)}")
    if not ((shares >= 0) & (shares <= 1)).all():
        raise OutOfRangeError(f"quantile: q is {shares.tolist()}; shares lie from 0 to 1")
    axis = 0 if dim is None else one_axis("quantile", dim, x.ndim)
    rows = movedim(sort(flatten(x) if dim is None else x, axis).values, axis, -1)
    parts = [_at(rows, float(share) * (rows.shape[-1] - 1), interpolation) for share in shares.ravel()]
    if keepdim:
        parts = [reshape(z, (1,) * x.ndim) if dim is None else unsqueeze(z, axis) for z in parts]
    if not shares.ndim:
        return parts[0]
    return stack(parts)


_STEPS = ("linear", "lower", "higher", "nearest", "midpoint")


def _at(rows: Tensor, place: float, interpolation: str) -> Tensor:
    """The value at a place between two of a row."""
    below, above = math.floor(place), math.ceil(place)
    if interpolation in ("lower", "higher", "nearest"):
        return getitem(rows, (..., {"lower": below, "higher": above}.get(interpolation, round(place))))
    weight = 0.5 if interpolation == "midpoint" and above > below else place - below
    return lerp(getitem(rows, (..., below)), getitem(rows, (..., above)), weight)


@method("index_put")
def index_put(input: Any, indices: Sequence[Any], values: Any, accumulate: bool = False) -> Tensor:
    """input with `values` at the places that a tuple of index tensors says; added to them if `accumulate`.

    Raises ShapeError for more index tensors than axes.

    >>> index_put(Tensor([1.0, 2.0]), (Tensor([0, 0]),), Tensor([5.0, 6.0]), accumulate=True).tolist()
    [12.0, 2.0]
    """
    x = as_tensor(input)
    if len(indices) > x.ndim:
        raise ShapeError(f"index_put: {len(indices)} indices for x {x.shape}; it has {x.ndim} axes")
    if not accumulate:
        z = clone(x)
        setitem(z, tuple(as_tensor(i, x) for i in indices), values)
        return z
    places = broadcast_tensors(*[as_tensor(i, x) for i in indices])
    lengths, rest = x.shape[: len(places)], x.shape[len(places) :]
    flat = mul(places[0], 0)
    for place, n in zip(places, lengths, strict=True):
        flat = add(mul(flat, n), where(place < 0, add(place, n), place))
    given = add(as_tensor(values, x), x.new_zeros(*flat.shape, *rest))
    total = index_add(reshape(x, (math.prod(lengths), *rest)), 0, flatten(flat), reshape(given, (-1, *rest)))
    return reshape(total, x.shape)


@method("masked_scatter")
def masked_scatter(input: Any, mask: Any, source: Any) -> Tensor:
    """input with the elements of `source`, one after another, where the mask holds.

    Raises ShapeError where there are fewer than the mask asks for.

    >>> masked_scatter(Tensor([1.0, 2.0, 3.0]), [True, False, True], Tensor([7.0, 8.0])).tolist()
    [7.0, 2.0, 8.0]
    """
    given = as_tensor(input)
    x, held = broadcast_tensors(given, as_tensor(mask, given))
    count, row = int(sum(held)), flatten(as_tensor(source, given))
    if row.shape[0] < count:
        raise ShapeError(f"masked_scatter: source has {row.shape[0]} elements; the mask asks for {count}")
    z = clone(x)
    setitem(z, held, getitem(row, slice(count)))
    return z


@method("fill_diagonal_")
def fill_diagonal_(input: Tensor, fill_value: float, wrap: bool = False) -> Tensor:
    """Write a value into the diagonal of a matrix; with `wrap` it begins anew below, after a row that is free.

    Raises ShapeError for other tensors.

    >>> Tensor([[1.0, 2.0], [3.0, 4.0]]).fill_diagonal_(0).tolist()
    [[0.0, 2.0], [3.0, 0.0]]
    """
    if input.ndim != 2:
        raise ShapeError(f"fill_diagonal_: x is {input.shape}; must be a matrix")
    rows, columns = input.shape
    places = arange(rows * columns, device=input.device)
    held = remainder(places, columns + 1) == 0
    if not wrap:
        held = logical_and(held, places < columns * columns)
    held = reshape(held, input.shape)
    return write(input, where(held, as_tensor(fill_value, input), input), "fill_diagonal_", cast=True)


@method("exponential_")
def exponential_(input: Tensor, lambd: float = 1.0) -> Tensor:
    """Write draws of the exponential distribution with the rate lambd into input.

    >>> bool((Tensor([0.0] * 9).exponential_() >= 0).all())
    True
    """
    drawn = rand(input.shape, dtype=input.dtype, device=input.device)
    return write(input, div(neg(log1p(neg(drawn))), lambd), "exponential_")


@method("resize_")
@by_name("size")
def resize_(input: Tensor, *size: Any) -> Tensor:
    """Give input another shape: its first elements stay, what is new is 0. For tensors outside of a graph.

    >>> Tensor([1.0, 2.0]).resize_(3).tolist()
    [1.0, 2.0, 0.0]
    """
    shape = tuple(size[0]) if len(size) == 1 and isinstance(size[0], Sequence) else size
    row = flatten(input.detach())
    room = row.new_zeros(math.prod(shape))
    kept = min(row.shape[0], room.shape[0])
    setitem(room, slice(kept), getitem(row, slice(kept)))
    input.data = reshape(room, shape)
    return input


@method("resize_as_")
def resize_as_(input: Tensor, the_template: Tensor) -> Tensor:
    """`resize_` to the shape of another tensor.

    >>> Tensor([1.0, 2.0]).resize_as_(Tensor([[0.0]])).tolist()
    [[1.0]]
    """
    return resize_(input, the_template.shape)


class Extent(NamedTuple):
    """The smallest and the largest."""

    min: Tensor
    max: Tensor


@method("aminmax")
def aminmax(input: Any, *, dim: int | None = None, keepdim: bool = False) -> Extent:
    """The smallest and the largest element, of all or along an axis.

    >>> low, high = aminmax([3.0, 1.0, 2.0])
    >>> low.item(), high.item()
    (1.0, 3.0)
    """
    return Extent(amin(input, dim, keepdim), amax(input, dim, keepdim))


def cdist(x1: Any, x2: Any, p: float = 2.0, compute_mode: str = "use_mm_for_euclid_dist_if_necessary") -> Tensor:
    """The distances in the p-norm of each row to each other: (..., n, d), (..., m, d) -> (..., n, m).

    `compute_mode` changes nothing: differences are always taken one by one.

    >>> cdist([[0.0, 0.0]], [[3.0, 4.0], [0.0, 1.0]]).tolist()
    [[5.0, 1.0]]
    """
    return norm(sub(unsqueeze(as_tensor(x1), -2), unsqueeze(as_tensor(x2), -3)), p, -1)


def dstack(tensors: Sequence[Any]) -> Tensor:
    """Tensors one behind the other along their third axis, which they get if they have none.

    >>> dstack([[1.0, 2.0], [3.0, 4.0]]).tolist()
    [[[1.0, 3.0], [2.0, 4.0]]]
    """
    deep = []
    for tensor in tensors:
        x = as_tensor(tensor)
        x = reshape(x, (1, -1)) if x.ndim < 2 else x
        deep.append(unsqueeze(x, -1) if x.ndim == 2 else x)
    return cat(deep, 2)


def cartesian_prod(*tensors: Any) -> Tensor:
    """Every choice of an element from each of some rows: n_1 ... n_k -> (n_1 ... n_k, k); of one row, that row.

    >>> cartesian_prod([1, 2], [3, 4]).tolist()
    [[1, 3], [1, 4], [2, 3], [2, 4]]
    """
    rows = [as_tensor(tensor) for tensor in tensors]
    if len(rows) == 1:
        return rows[0]
    lengths = [x.shape[0] for x in rows]
    wide = [reshape(x, [n if i == k else 1 for k, n in enumerate(lengths)]) for i, x in enumerate(rows)]
    return reshape(stack(list(broadcast_tensors(*wide)), -1), (-1, len(rows)))


def tril_indices(row: int, col: int, offset: int = 0, *, dtype: Any = "int64", device: str = "cpu") -> Tensor:
    """The places on and below a diagonal of a matrix, row by row: (2, n).

    >>> tril_indices(2, 2).tolist()
    [[0, 1, 1], [0, 0, 1]]
    """
    return _corner(np.tri(row, col, offset, dtype=bool), dtype, device)


def triu_indices(row: int, col: int, offset: int = 0, *, dtype: Any = "int64", device: str = "cpu") -> Tensor:
    """The places on and above a diagonal of a matrix, row by row: (2, n).

    >>> triu_indices(2, 2, 1).tolist()
    [[0], [1]]
    """
    return _corner(~np.tri(row, col, offset - 1, dtype=bool), dtype, device)


def _corner(held: Any, dtype: Any, device: str) -> Tensor:
    return to(Tensor(np.stack(np.nonzero(held))), device, as_dtype("indices", dtype))


@method("diff")
def diff(input: Any, n: int = 1, dim: int = -1, prepend: Any = None, append: Any = None) -> Tensor:
    """Each element less the one before it, n times over.

    >>> diff([1, 4, 9]).tolist(), diff([1, 4, 9], n=2).tolist()
    ([3, 5], [2])
    """
    x = cat([as_tensor(part) for part in (prepend, input, append) if part is not None], dim)
    for _ in range(n):
        length = x.shape[dim] - 1
        x = sub(narrow(x, dim, 1, length), narrow(x, dim, 0, length))
    return x


@method("logit")
def logit(input: Any, eps: float | None = None) -> Tensor:
    """log(x / (1 - x)), of x kept within eps of 0 and 1 where one is given.

    >>> logit(0.5).item()
    0.0
    """
    x = as_tensor(input) if eps is None else clamp(input, eps, 1 - eps)
    return sub(log(x), log1p(neg(x)))


@method("rot90")
def rot90(input: Any, k: int = 1, dims: Sequence[int] = (0, 1)) -> Tensor:
    """A quarter turn, k times, from the first of two axes to the second.

    >>> rot90([[1, 2], [3, 4]]).tolist()
    [[2, 4], [1, 3]]
    """
    x = as_tensor(input)
    for _ in range(k % 4):
        x = flip(transpose(x, dims[0], dims[1]), (dims[0],))
    return x
