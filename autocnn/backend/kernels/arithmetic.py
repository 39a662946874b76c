"""Differences, products and quotients of two arrays, or of an array and a number, and masks."""

from __future__ import annotations

from typing import Any

from autocnn.types import Array, Namespace


def sub(xp: Namespace, x: Any, y: Any) -> Array:
    """x - y, broadcast."""
    return xp.subtract(x, y)


def mul(xp: Namespace, x: Any, y: Any) -> Array:
    """x y, broadcast."""
    return xp.multiply(x, y)


def div(xp: Namespace, x: Any, y: Any) -> Array:
    """x / y, broadcast."""
    return xp.divide(x, y)


def neg(xp: Namespace, x: Array) -> Array:
    """-x."""
    return xp.negative(x)


def masked(xp: Namespace, x: Array, mask: Array, *, scale: float) -> Array:
    """x scale where the mask holds, x 0 elsewhere: NaN where x is not finite, and dropped."""
    return xp.multiply(x, xp.multiply(mask, scale, dtype=x.dtype))
