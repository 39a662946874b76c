"""Matrix products."""

from __future__ import annotations

import numpy as np

from autocnn.types import Array, Namespace


def matmul(xp: Namespace, x: Array, y: Array, bias: Array | None = None) -> Array:
    """The product of matrices, or stacks of them: (..., m, k) (..., k, n) + bias (n,) -> (..., m, n).

    What is not finite passes without a word, as it does through the library.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        z = xp.matmul(regular(xp, x), regular(xp, y))
        if bias is not None:
            z += bias
    return z


def regular(xp: Namespace, x: Array) -> Array:
    """x with rows or columns that lie together, as BLAS wants them; a copy where they do not."""
    if x.ndim == 2 and (x.flags.c_contiguous or x.flags.f_contiguous):
        return x
    (n, k), (down, along), size = x.shape[-2:], x.strides[-2:], x.itemsize
    rows = along == size and down >= k * size
    columns = down == size and along >= n * size
    return x if rows or columns else xp.ascontiguousarray(x)
