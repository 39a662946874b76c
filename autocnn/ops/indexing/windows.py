"""Windows along an axis, as an axis of their own: `x.unfold(dim, size, step)`."""

from __future__ import annotations

from typing import Any

import numpy as np

from autocnn.backend.arrays import to_device
from autocnn.engine import Tensor, as_tensor, method
from autocnn.errors import ArgumentError
from autocnn.ops.axes import one_axis
from autocnn.ops.indexing.select import index_select
from autocnn.ops.shape import movedim, unflatten


@method("unfold")
def windows(input: Any, dimension: int, size: int, step: int) -> Tensor:
    """All windows of a length along an axis, `step` apart; their elements become the last axis.

    (..., n, ...) -> (..., (n - size) // step + 1, ..., size). A copy, not a view.
    Raises ArgumentError for a window that does not fit, or a step below 1.

    >>> windows(Tensor([1.0, 2.0, 3.0]), 0, 2, 1).tolist()
    [[1.0, 2.0], [2.0, 3.0]]
    """
    x = as_tensor(input)
    axis = one_axis("unfold", dimension, x.ndim)
    if not 0 < size <= x.shape[axis] or step < 1:
        raise ArgumentError(
            f"unfold: size is {size}, step {step}; "
            f"a window fits into axis {axis} of x {x.shape}, a step is at least 1"
        )
    count = (x.shape[axis] - size) // step + 1
    places = step * np.arange(count)[:, None] + np.arange(size)
    taken = unflatten(index_select(x, axis, Tensor(to_device(places.reshape(-1), x.device))), axis, (count, size))
    return movedim(taken, axis + 1, -1)
