"""Running extremes, and where they stand."""

from __future__ import annotations

from typing import Any

from autocnn.engine import Tensor, as_tensor, method, primitive
from autocnn.ops.axes import numpy_names, one_axis
from autocnn.ops.indexing.select import gather
from autocnn.ops.reduce.extremes import Extremes
from autocnn.ops.shape.views import reshape


@method("cummax")
@numpy_names
def cummax(input: Any, dim: int) -> Extremes:
    """The greatest of all elements up to each one along an axis, and where it stands; of equal ones the last.

    >>> cummax(Tensor([1.0, 3.0, 2.0]), dim=0).values.tolist()
    [1.0, 3.0, 3.0]
    """
    return _running("cummax", input, dim, True)


@method("cummin")
@numpy_names
def cummin(input: Any, dim: int) -> Extremes:
    """The least of all elements up to each one along an axis, and where it stands; of equal ones the last.

    >>> cummin(Tensor([2.0, 1.0, 3.0]), dim=0).indices.tolist()
    [0, 1, 1]
    """
    return _running("cummin", input, dim, False)


def _running(op: str, x: Any, dim: int, greatest: bool) -> Extremes:
    x = as_tensor(x)
    axis = one_axis(op, dim, x.ndim)
    rows = x if x.ndim else reshape(x, (1,))
    index: Tensor = _running_place(rows, axis=axis, greatest=greatest)
    values = gather(rows, axis, index)
    return Extremes(values, index) if x.ndim else Extremes(reshape(values, ()), reshape(index, ()))


@primitive(differentiable=False)
def _running_place(xp: Any, x: Any, *, axis: int, greatest: bool) -> Any:
    """Where the extreme so far stands; a NaN stays it, until the next one."""
    z = xp.empty(x.shape, dtype="int64")
    rows, places = xp.moveaxis(x, axis, 0), xp.moveaxis(z, axis, 0)
    if len(rows):
        best, places[0] = rows[0], 0
    for i in range(1, len(rows)):
        now = rows[i]
        beats = xp.isnan(now) | ((now >= best) if greatest else (now <= best))
        places[i] = xp.where(beats, i, places[i - 1])
        best = xp.where(beats, now, best)
    return z
