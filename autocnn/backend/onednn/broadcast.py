"""Sums and products of a large array with one that is broadcast to it: a bias, factors of channels, a number.

NumPy goes through such a pair a row of channels at a time, on one thread. The library does as well where rows are
short, and so several of them are made one here, and the small array is repeated.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Any, NamedTuple

import numpy as np

from autocnn.backend.onednn import elementwise, header
from autocnn.backend.onednn.execute import Plan, attributes, described, plan
from autocnn.backend.onednn.library import Unserved
from autocnn.backend.onednn.memory import FLOAT, describe, fits, steps_of
from autocnn.backend.runs import Runs, repeats, runs
from autocnn.types import Array, Shape

WIDE = 1 << 17
"""Elements from which it is worth it."""

LONG = 512
"""Elements of a row from which the library is quick."""

LONGEST = 1 << 13
"""Elements of a row of several: more would have to be repeated too often."""


@dataclass(frozen=True, slots=True)
class _Spread:
    """What makes of a small array the row that the plan wants: the axes that it has, their order, and repeats."""

    plan: Plan
    present: tuple[slice, ...]
    order: Shape
    rows: Shape
    repeated: Shape

    def laid(self, v: Array) -> Array:
        """The small array, as the plan wants it."""
        own = v.reshape((1,) * (len(self.present) - v.ndim) + v.shape)[self.present].transpose(self.order)
        return np.ascontiguousarray(np.broadcast_to(own.reshape(self.rows), self.repeated))


def binary(name: str, x: Array, v: Array, *, out: Array | None = None) -> Array | None:
    """A function of `elementwise.BINARY` of x and a v that broadcasts to it, in the layout of x.

    The result is a new array, or `out`, which has that layout too. None where oneDNN does not serve, and where
    NumPy is as quick.
    """
    if x.size < WIDE or not fits(x, v) or v.ndim > x.ndim:
        return None
    ready = plan(("spread", name, x.shape, x.strides, v.shape, v.strides), _make, name, x, v)
    if ready is None:
        return None
    z = np.empty_like(x) if out is None else out
    ready.plan(x, ready.laid(v), z)
    return z


def add(x: Any, y: Any) -> Array | None:
    """x + y, of arrays or an array and a number; None where oneDNN does not serve, or is no quicker."""
    return _either_way("add", x, y)


def mul(x: Any, y: Any) -> Array | None:
    """x y; None where oneDNN does not serve, or is no quicker."""
    return _either_way("mul", x, y)


def sub(x: Any, y: Any) -> Array | None:
    """x - y, where y is no larger; None where oneDNN does not serve, or is no quicker."""
    return _one_way("sub", x, y)


def div(x: Any, y: Any) -> Array | None:
    """x / y, where y is no larger; None where oneDNN does not serve, or is no quicker."""
    return _one_way("div", x, y)


def neg(x: Array) -> Array | None:
    """-x; None where oneDNN does not serve, or is no quicker."""
    return binary("mul", x, _MINUS)


def masked(x: Array, mask: Array, *, scale: float) -> Array | None:
    """x scale where the mask holds, x 0 elsewhere; None where oneDNN does not serve, or is no quicker."""
    if x.size < WIDE or not fits(x) or type(mask) is not np.ndarray or mask.dtype != bool:
        return None
    steps = steps_of(x)
    if steps is None or mask.shape != x.shape or steps != steps_of(mask):
        return None
    ready = plan(("masked", x.size, scale), _make_masked, x.size, scale)
    if ready is None:
        return None
    z = np.empty_like(x)
    ready(x, mask.view(np.uint8), z)
    return z


_MINUS = np.array(-1.0, FLOAT)


def _either_way(name: str, x: Any, y: Any) -> Array | None:
    if type(y) is np.ndarray and (type(x) is not np.ndarray or x.size < y.size or 0 in x.strides):
        return _one_way(name, y, x)
    return _one_way(name, x, y)


def _one_way(name: str, x: Any, y: Any) -> Array | None:
    if type(x) is not np.ndarray or x.size < WIDE:
        return None
    if type(y) is float:
        y = np.array(y, FLOAT) if abs(y) <= _LARGEST else y
    if type(y) is not np.ndarray:
        return None
    if x.shape == y.shape and x.size >= elementwise.MANY and elementwise.applies(x, y):
        return elementwise.binary(name, x, y)
    return binary(name, x, y)


_LARGEST = float(np.finfo(FLOAT).max)


def _make(name: str, x: Array, v: Array) -> _Spread:
    lead = x.ndim - v.ndim
    absent = [i for i in range(x.ndim) if i < lead or not v.strides[i - lead] or v.shape[i - lead] == 1]
    found = runs(x.shape, x.strides, x.itemsize, tuple(absent))
    if found is None or any(v.shape[i - lead] != x.shape[i] for i in range(x.ndim) if i not in absent):
        raise Unserved("broadcast: x has gaps, or v is no part of its shape")
    present = tuple([slice(1) if i in absent else slice(None) for i in range(x.ndim)])
    blocks = _blocks(found)
    pairs = [pair for block in blocks for pair in block.pairs]
    whole = describe([block.length for block in blocks])
    part = describe([prod([times for _, times in block.pairs]) for block in blocks])
    made = described("binary", elementwise.BINARY[name], whole, part, whole, attributes())
    ready = Plan(made, [(header.SRC, whole), (header.SRC_1, part), (header.DST, whole)])
    rows, repeated = zip(*pairs, strict=True)
    return _Spread(ready, present, found.order, rows, repeated)


class _Block(NamedTuple):
    """An axis of x as the library sees it, and what of v makes it up: lengths, and what they are repeated to."""

    length: int
    pairs: list[tuple[int, int]]


def _blocks(found: Runs) -> list[_Block]:
    """The runs of x, of which v lacks those that are marked, so that the last is long, and there are few."""
    blocks = [_Block(n, [(1, 1) if mark else (n, n)]) for n, mark in zip(found.lengths, found.marks, strict=True)]
    repeated = not found.marks[-1]
    if len(blocks) > 3 and found.marks[-1] and blocks[-1].length <= LONG:
        last, before = blocks.pop(), blocks.pop()
        blocks.append(_Block(before.length * last.length, [*before.pairs, (1, last.length)]))
        repeated = True
    if len(blocks) > 1 and repeated and blocks[-1].length < LONG:
        last, before = blocks.pop(), blocks.pop()
        k = repeats(before.length, last.length, LONG)
        blocks += [_Block(before.length // k, before.pairs), _Block(k * last.length, [(1, k), *last.pairs])]
        if not LONG // 2 <= k * last.length <= LONGEST:
            raise Unserved("broadcast: there is no good number of rows to take as one")
    if repeated and prod([times for block in blocks for _, times in block.pairs]) * 4 > prod(found.lengths):
        raise Unserved("broadcast: v would have to be repeated too often")
    return blocks


def _make_masked(size: int, scale: float) -> Plan:
    data, mask = describe((size,)), describe((size,), number=header.BYTE)
    made = described("binary", header.MUL, data, mask, data, attributes(scale=scale))
    return Plan(made, [(header.SRC, data), (header.SRC_1, mask), (header.DST, data)])
