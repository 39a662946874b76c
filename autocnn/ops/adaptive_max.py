"""Largest values of windows that divide an image evenly, however many are asked for."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from math import prod
from typing import Any

from autocnn.engine import Tensor, primitive
from autocnn.ops.channels import batched, unbatched
from autocnn.ops.indexing import gather
from autocnn.ops.pool import sizes_asked
from autocnn.ops.shape import reshape
from autocnn.types import Shape

Sizes = int | Sequence[int | None] | None


def adaptive_max_pool1d(input: Any, output_size: int | Sequence[int], return_indices: bool = False) -> Any:
    """Largest value of windows that divide the axis evenly: (N, C, L) -> (N, C, l), l given.

    >>> adaptive_max_pool1d(Tensor([[1.0, 3.0, 2.0]]), 2).tolist()
    [[3.0, 3.0]]
    """
    return _adaptive("adaptive_max_pool1d", 1, input, output_size, return_indices)


def adaptive_max_pool2d(input: Any, output_size: Sizes, return_indices: bool = False) -> Any:
    """Largest value of windows that divide each axis evenly: (N, C, H, W) -> (N, C, oh, ow), oh and ow given.

    Window i runs from floor(i H / oh) to ceil((i + 1) H / oh); None keeps an axis. The gradient goes to the first
    winner; NaN wins. With `return_indices` also the winners' positions in the flattened H W, int64.
    Raises ArgumentError for sizes below 1.

    >>> adaptive_max_pool2d(Tensor([[[1.0, 3.0], [2.0, 0.0]]]), 1, return_indices=True)[1].tolist()
    [[[1]]]
    """
    return _adaptive("adaptive_max_pool2d", 2, input, output_size, return_indices)


def adaptive_max_pool3d(input: Any, output_size: Sizes, return_indices: bool = False) -> Any:
    """Largest value of windows that divide each axis evenly: (N, C, D, H, W) -> (N, C, od, oh, ow), sizes given.

    >>> adaptive_max_pool3d(Tensor([[[[1.0, 3.0], [2.0, 0.0]]]]), 1).tolist()
    [[[[3.0]]]]
    """
    return _adaptive("adaptive_max_pool3d", 3, input, output_size, return_indices)


def _adaptive(op: str, ndim: int, x: Any, size: Sizes, return_indices: bool) -> Any:
    x, alone = batched(op, x, ndim)
    lengths = sizes_asked(op, x, size)
    winners: Tensor = _adaptive_winners(x, size=lengths)
    rows = [reshape(t, (*x.shape[:2], prod(t.shape[2:]))) for t in (x, winners)]
    z = unbatched(reshape(gather(rows[0], 2, rows[1]), winners.shape), alone)
    return (z, unbatched(winners, alone)) if return_indices else z


@primitive(differentiable=False)
def _adaptive_winners(xp: Any, x: Any, *, size: Shape) -> Any:
    """Where in the flattened image the first largest value of each window stands."""
    space = x.shape[2:]
    z = xp.empty((*x.shape[:2], *size), dtype="int64")
    places = xp.arange(prod(space)).reshape(space)
    for window in product(*map(range, size)):
        bounds = zip(window, space, size, strict=True)
        part = tuple([slice(i * n // count, -(-(i + 1) * n // count)) for i, n, count in bounds])
        inside = places[part].reshape(-1)
        values = x[(slice(None), slice(None), *part)].reshape(*x.shape[:2], inside.size)
        z[(slice(None), slice(None), *window)] = inside[xp.argmax(values, axis=-1)]
    return z
