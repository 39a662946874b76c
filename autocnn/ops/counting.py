"""What values there are, how often, and between which others: no gradients. And draws with given chances."""

from __future__ import annotations

from typing import Any

from autocnn.backend import random as draws
from autocnn.backend.arrays import namespace
from autocnn.backend.random import Generator
from autocnn.engine import Tensor, as_tensor, method
from autocnn.errors import ArgumentError, DTypeError, ShapeError
from autocnn.ops.axes import one_axis


@method("unique")
def unique(
    input: Any,
    sorted: bool = True,
    return_inverse: bool = False,
    return_counts: bool = False,
    dim: int | None = None,
) -> Any:
    """The different elements in rising order, or the different slices along an axis; always sorted.

    With `return_inverse` also where each element stands among them, with `return_counts` how often there is each.

    >>> unique(Tensor([3, 1, 3]), return_counts=True)
    (tensor([1, 3]), tensor([1, 2]))
    """
    x = as_tensor(input)
    axis = None if dim is None else one_axis("unique", dim, x.ndim)
    xp = namespace(x.array)
    values, inverse, counts = xp.unique(x.array, return_inverse=True, return_counts=True, axis=axis)
    where = inverse.reshape(x.shape if axis is None else -1)
    asked = [Tensor(values)]
    asked += [Tensor(where.astype("int64"))] if return_inverse else []
    asked += [Tensor(counts.astype("int64"))] if return_counts else []
    return tuple(asked) if len(asked) > 1 else asked[0]


@method("bincount")
def bincount(input: Any, weights: Any = None, minlength: int = 0) -> Tensor:
    """How often each number stands in a row of whole numbers: (n,) -> (largest + 1,), or the sums of its weights.

    Raises ShapeError unless input has one axis, DTypeError unless it holds whole numbers, ArgumentError for one
    that is negative.

    >>> bincount([0, 2, 2]).tolist(), bincount([0, 2, 2], [1.0, 2.0, 3.0]).tolist()
    ([1, 0, 2], [1.0, 0.0, 5.0])
    """
    x = as_tensor(input)
    if x.ndim != 1:
        raise ShapeError(f"bincount: x has shape {x.shape}; it must have one axis. Use x.flatten()")
    if x.dtype.kind not in "iu":
        raise DTypeError(f"bincount: x is {x.dtype}; must hold whole numbers")
    if x.shape[0] and x.array.min() < 0:
        raise ArgumentError(f"bincount: x holds {int(x.array.min())}; numbers are at least 0")
    xp = namespace(x.array)
    if weights is None:
        return Tensor(xp.bincount(x.array, minlength=minlength).astype("int64"))
    w = as_tensor(weights, x)
    return Tensor(xp.bincount(x.array, w.array, minlength=minlength).astype(w.dtype))


def bucketize(input: Any, boundaries: Any, *, out_int32: bool = False, right: bool = False) -> Tensor:
    """Between which of rising boundaries (n,) each element lies: how many of them are below it.

    With `right` those that are equal to it count too.

    >>> bucketize([0.5, 1.0], [1.0, 2.0]).tolist(), bucketize([1.0], [1.0, 2.0], right=True).tolist()
    ([0, 0], [1])
    """
    x = as_tensor(input)
    edges = as_tensor(boundaries, x)
    if edges.ndim != 1:
        raise ShapeError(f"bucketize: boundaries have shape {edges.shape}; they must have one axis")
    given = x.array[..., None]
    below = edges.array <= given if right else edges.array < given
    return Tensor(below.sum(axis=-1).astype("int32" if out_int32 else "int64"))


@method("multinomial")
def multinomial(
    input: Any, num_samples: int, replacement: bool = False, *, generator: Generator | None = None
) -> Tensor:
    """Places drawn with a chance in proportion to the weights of a row: (n,) -> (num_samples,), or by row.

    Without `replacement` no place comes twice. Raises ShapeError unless there are one or two axes, ArgumentError
    for weights that are negative, not finite, or too few.

    >>> sorted(multinomial(Tensor([1.0, 0.0, 2.0]), 2).tolist())
    [0, 2]
    """
    x = as_tensor(input)
    if x.ndim not in (1, 2) or x.dtype.kind != "f":
        raise ShapeError(f"multinomial: x is {x.dtype} {x.shape}; weights are floating, (n,) or (rows, n)")
    xp = namespace(x.array)
    weights = x.array.reshape(-1, x.shape[-1]).astype("float64")
    _check_weights(xp, weights, num_samples, replacement)
    key, counter = (generator or draws.default_generator(x.device)).next_key()
    if replacement:
        ends = xp.cumsum(weights, axis=1)
        chosen = draws.uniform(key, counter, (len(weights), num_samples), "float64", xp) * ends[:, -1:]
        places = (ends[:, None, :] <= chosen[:, :, None]).sum(axis=2)
    else:  # the first to arrive of exponential waits, each as fast as its weight
        drawn = draws.uniform(key, counter, weights.shape, "float64", xp)
        waits = -xp.log1p(-drawn) / xp.maximum(weights, 1e-300)
        places = xp.argsort(xp.where(weights > 0, waits, xp.inf), axis=1)[:, :num_samples]
    return Tensor(places.astype("int64").reshape(*x.shape[:-1], num_samples))


def _check_weights(xp: Any, weights: Any, count: int, replacement: bool) -> None:
    if not xp.isfinite(weights).all() or (weights < 0).any():
        raise ArgumentError("multinomial: x holds a weight that is negative or not finite; chances are neither")
    enough = 1 if replacement else count
    most = int((weights > 0).sum(axis=1).min()) if len(weights) else enough
    if count < 1 or most < enough:
        raise ArgumentError(
            f"multinomial: num_samples is {count}; a row has {most} weights above 0, replacement is {replacement}"
            ". Draw fewer, or with replacement=True"
        )
