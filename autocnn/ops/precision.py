"""How half precision is added up."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any


def adding(forward: Callable[..., Any]) -> Callable[..., Any]:
    """A kernel that adds up many numbers: float16 goes in and comes out, and float32 does the sums between.

    Sums in float16 stop growing at 2,048 ones, and leave its range at 65,504.
    """

    @functools.wraps(forward)
    def kernel(xp: Any, x: Any, **params: Any) -> Any:
        if x.dtype.char != "e":
            return forward(xp, x, **params)
        return forward(xp, x.astype("float32"), **params).astype(x.dtype)

    return kernel
