"""Elementwise arithmetic, with broadcasting and PyTorch's promotion."""

from __future__ import annotations

from typing import Any

import numpy as np

from autocnn.engine import Tensor, as_tensor, binary, method, primitive, slots
from autocnn.ops.broadcast import unbroadcast
from autocnn.types import DType


@method("__add__")
def _plus(x: Any, y: Any) -> Tensor:
    return binary(_add, x, y)


@method("add")
def add(x: Any, other: Any, *, alpha: float = 1) -> Tensor:
    """x + alpha * other, broadcast.

    >>> add(Tensor([1.0, 2.0]), 1).tolist()
    [2.0, 3.0]
    """
    return binary(_add, x, other if alpha == 1 else mul(other, alpha))


@primitive()
def _add(xp: Any, x: Any, y: Any) -> Any:
    return xp.add(x, y)


_add.vjp(
    lambda g, z, x, y: g if g.shape == x.shape else unbroadcast(g, x),
    lambda g, z, x, y: g if g.shape == y.shape else unbroadcast(g, y),
)


@method("mul", "multiply", "__mul__")
def mul(x: Any, other: Any) -> Tensor:
    """x * other, broadcast.

    >>> mul(Tensor([1.0, 2.0]), 3).tolist()
    [3.0, 6.0]
    """
    return binary(_mul, x, other)


@primitive(saves=(("y",), ("x",)))
def _mul(xp: Any, x: Any, y: Any) -> Any:
    return xp.multiply(x, y)


_mul.vjp(
    lambda g, z, x, y: _mul(g, y) if g.shape == x.shape else unbroadcast(_mul(g, y), x),
    lambda g, z, x, y: _mul(g, x) if g.shape == y.shape else unbroadcast(_mul(g, x), y),
)


@primitive()
def _cast(xp: Any, x: Any, *, dtype: str) -> Any:
    return x.astype(dtype)


_cast.vjp(lambda g, z, x, dtype: _cast(g, dtype=str(x.dtype)))


def cast(x: Any, dtype: DType) -> Tensor:
    """x in another dtype; itself where it has it already."""
    x = as_tensor(x)
    return x if x.dtype == dtype else _cast(x, dtype=str(np.dtype(dtype)))


slots.add = _plus
slots.cast = cast
