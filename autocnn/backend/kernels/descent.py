"""The passes of an optimiser over one parameter, in place; `room` is memory like it to work in.

Over a large NumPy array they are oneDNN's, which takes all threads and reads and writes it less often. It gives
what NumPy does, but for the rounding of a product that it adds in the same instruction.
"""

from __future__ import annotations

import numpy as np

from autocnn.backend.onednn import descent as _fast
from autocnn.types import Array, Namespace

MANY = 1 << 16
"""Elements below which NumPy is done before two threads have begun."""


def scale(xp: Namespace, x: Array, a: float) -> Array:
    """x <- a x.

    >>> scale(np, np.ones(3), 0.5).tolist()
    [0.5, 0.5, 0.5]
    """
    if x.size >= MANY and xp is np and _fast.scale(x, a):
        return x
    return xp.multiply(x, a, x)


def blend(xp: Namespace, x: Array, y: Array, a: float, b: float, out: Array, room: Array) -> Array:
    """out <- a x + b y; `out` may be x, and `room` may be y.

    >>> x, y, room = np.ones(3), np.ones(3), np.empty(3)
    >>> blend(np, x, y, 0.5, 2.0, out=x, room=room).tolist()
    [2.5, 2.5, 2.5]
    """
    if x.size >= MANY and xp is np and _fast.blend(x, y, a, b, out):
        return out
    left = x if a == 1 else xp.multiply(x, a, out)
    right = y if b == 1 else xp.multiply(y, b, room)
    return xp.add(left, right, out)


def blend_square(xp: Namespace, v: Array, g: Array, beta: float, room: Array) -> Array:
    """v <- beta v + (1 - beta) g^2.

    >>> blend_square(np, np.ones(2), np.full(2, 3.0), 0.5, room=np.empty(2)).tolist()
    [5.0, 5.0]
    """
    if v.size >= MANY and xp is np and _fast.blend_square(v, g, beta):
        return v
    xp.multiply(g, 1 - beta, room)
    xp.multiply(room, g, room)
    xp.multiply(v, beta, v)
    return xp.add(v, room, v)


def scaled_step(xp: Namespace, p: Array, m: Array, v: Array, rate: float, eps: float, room: Array) -> Array:
    """p <- p - rate m / (sqrt(v) + eps); `room` may be v.

    >>> scaled_step(np, np.ones(2), np.ones(2), np.full(2, 9.0), 6.0, 1.0, room=np.empty(2)).tolist()
    [-0.5, -0.5]
    """
    if p.size >= MANY and xp is np and _fast.scaled_step(p, m, v, rate, eps, room):
        return p
    xp.sqrt(v, room)
    xp.add(room, eps, room)
    xp.divide(m, room, room)
    xp.multiply(room, rate, room)
    return xp.subtract(p, room, p)
