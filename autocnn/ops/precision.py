"""How half precision is computed with."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

_HALF, _SINGLE = "float16", "float32"
_ndarray, _FLOAT = np.ndarray, np.dtype(_SINGLE)


def adding(forward: Callable[..., Any]) -> Callable[..., Any]:
    """A kernel that adds up many numbers: float16 goes in and comes out, and float32 does the sums between.

    Sums in float16 stop growing at 2,048 ones, and leave its range at 65,504. Several steps of one formula need it
    as well: between them values may leave the range, and each of them would round. Residuals, a tuple behind the
    result, stay in float32.
    """

    @functools.wraps(forward)
    def kernel(xp: Any, *arrays: Any, **params: Any) -> Any:
        for x in arrays:
            if (type(x) is not _ndarray or x.dtype is not _FLOAT) and _is_half(x):
                break
        else:
            return forward(xp, *arrays, **params)
        result = forward(xp, *[x.astype(_SINGLE) if _is_half(x) else x for x in arrays], **params)
        if not isinstance(result, tuple):
            return _halved(result)
        head = result[0]
        return (tuple(map(_halved, head)) if isinstance(head, tuple) else _halved(head), *map(_halved, result[1:]))

    return kernel


def _is_half(x: Any) -> bool:
    dtype = getattr(x, "dtype", None)
    return dtype is not None and dtype.char == "e"


def _halved(z: Any) -> Any:
    return z.astype(_HALF) if getattr(z, "dtype", None) == _SINGLE else z
