"""Neighbouring pixels seen as one of more channels: for batch norms whose channels fill no vector register.

In memory where channels come last, k pixels of C channels are one of k C. The library's quick kernels want a
multiple of 16; the others take two to thirty times as long. What is found for each of the k C columns is joined.
"""

from __future__ import annotations

from math import gcd, prod

import numpy as np

from autocnn.backend.onednn import header
from autocnn.backend.onednn.execute import Plan, attributes, described
from autocnn.backend.onednn.library import Unserved, serving
from autocnn.backend.onednn.memory import FLOAT, check, create, describe
from autocnn.types import Array, Shape

FEW = 1 << 16
"""Elements below which the joining takes longer than the library's other kernels."""

_REGISTER = 16
"""Numbers in a vector register."""


def folded(x: Shape) -> tuple[int, Shape]:
    """How many pixels of an (N, C, ...) to see as one, and its shape then; 1 where nothing is gained.

    >>> folded((8, 36, 32, 32)), folded((64, 36, 7, 7)), folded((8, 32, 32, 32))
    ((4, (8, 144, 256)), (4, (784, 144)), (1, (8, 32, 32, 32)))
    """
    n, c, *space = x
    k, area = _REGISTER // gcd(_REGISTER, c), prod(space)
    if k <= 2 or prod(x) < FEW or n * area % k:
        return 1, x
    return k, ((n, k * c, area // k) if area % k == 0 else (n * area // k, k * c))


def join(mean: Array, var: Array) -> None:
    """Put the statistics of all pixels in the place of those of k columns for each channel, both (k, C)."""
    with np.errstate(over="ignore", invalid="ignore"):
        middle = mean.mean(0)
        var[...] = var.mean(0) + np.square(mean - middle).mean(0)
        mean[...] = middle


class Rest:
    """What a batch norm's cotangent lacks where the statistics were taken for given: a line through x, added.

    gx = w invstd (g - gb / m - y gw / m)  with y = (x - mean) invstd, of which the first term is there.
    """

    __slots__ = ("_count", "_eps", "_offset", "_plan", "_slope")

    def __init__(self, shape: Shape, k: int, eps: float) -> None:
        """For x of such a folded shape."""
        rows, columns = prod(shape) // shape[1], shape[1]
        self._count, self._eps = rows * k, eps
        self._slope, self._offset = np.empty((2, k, columns // k), FLOAT)
        data, vector = describe((rows, columns)), describe((1, columns))
        places = [
            (header.SRC, data),
            (header.DST, data),
            (header.SRC_1, vector),
            (header.BEHIND | header.SRC_1, vector),
        ]
        self._plan = Plan(described("binary", header.MUL, data, vector, data, _plus(vector)), places)
        self._plan.hold(header.SRC_1, self._slope).hold(header.BEHIND | header.SRC_1, self._offset)

    def __call__(self, x: Array, gx: Array, w: Array, mean: Array, var: Array, gw: Array, gb: Array) -> None:
        """Add it to gx. All else but x: (C,)."""
        with np.errstate(all="ignore"):
            invstd = 1 / np.sqrt(var + np.float32(self._eps))
            scale = w * invstd / np.float32(-self._count)
            slope = scale * invstd * gw
            self._offset[...] = scale * gb - slope * mean
        self._slope[...] = slope
        self._plan(x, gx)


def _plus(vector: object) -> object:
    """Attributes of an op behind which a vector and what was in its result's place are added."""
    made, behind, library = attributes(), create("post_ops_create"), serving()
    if library is None:
        raise Unserved("oneDNN is not there")
    calls = library.calls
    check(calls.dnnl_post_ops_append_binary(behind, header.ADD, vector), "post_ops")
    check(calls.dnnl_post_ops_append_sum(behind, 1.0, 0, 0), "post_ops")
    check(calls.dnnl_primitive_attr_set_post_ops(made, behind), "post_ops")
    return made
