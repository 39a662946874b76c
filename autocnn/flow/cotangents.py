"""What can flow backwards through a kept graph: algebras of the engine's one sweep.

`Exact` is the gradient as training computes it. `Rescaled` carries a power of two beside every array, so that
nothing underflows. `Coefficients` carries several of either at once, such as a polynomial in the number of
branches that a path has crossed.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from autocnn.backend.arrays import namespace
from autocnn.engine import slots, tape
from autocnn.engine.backward import nodes_between
from autocnn.engine.gradient import Gradient, Parts, filled, operands, plus
from autocnn.engine.primitive import item
from autocnn.engine.sweep import sweep
from autocnn.engine.tape import Node
from autocnn.types import Array

Seen = Callable[[Node, Any], None]
Factor = float
"""What multiplies a cotangent on its way along an edge or through a vertex; 0 cuts it."""


class Exact(Gradient):
    """The gradient, as bare arrays. The graph stays whole: nothing is released, no hook runs.

    ``seen(node, g)`` is told of every complete cotangent; ``vertices`` and ``edges`` multiply what passes a node
    (by serial number), or one of its operands (by serial number and position): 0 cuts it, -1 turns its sign.
    ``dtype`` carries cotangents, and reads saved arrays, in another precision, through the definitions.
    """

    def __init__(
        self, *, seen: Seen | None = None, vertices: Mapping[int, Factor] | None = None,
        edges: Mapping[tuple[int, int], Factor] | None = None, dtype: str | None = None,
    ) -> None:  # fmt: skip
        super().__init__(None, {}, True, "a study")
        self.watch = None
        self.every = True
        self.seen = seen
        self.vertices = vertices or {}
        self.edges = edges or {}
        self.dtype = dtype

    def seed(self, root: Node) -> Any:
        """What starts at the loss: 1."""
        one = slots.zeros(root.shape, self.dtype or root.dtype, root.device)
        one += 1
        return one

    def nothing(self, node: Node) -> Any:
        """The cotangent of a node that none has reached."""
        return slots.zeros(node.shape, self.dtype or node.dtype, node.device)

    def apply(self, node: Node, g: Any) -> Sequence[Any]:
        """What flows into each operand of a node."""
        if g is None:
            return ()
        if node.primitive is item:
            return (Parts(node.params["index"], g),)
        parts = self.linear(node, g)
        if not self.edges:
            return parts
        factors = [self.edges.get((node.serial, place)) for place in range(len(parts))]
        return [g if f is None or g is None else self.times(g, f) for g, f in zip(parts, factors, strict=True)]

    def linear(self, node: Node, g: Any) -> Sequence[Any]:
        """A node's rules, applied to an array."""
        p: Any = node.primitive
        saved = self.unpack(node)
        inputs, z, extra = operands(node, saved) if saved else (node.edges, node, node.params)
        if type(g) is Parts:
            g = filled(node, g)
        need = self.needed(node)
        if self.dtype is not None:
            inputs, z, extra = [self._wide(x) for x in inputs], self._wide(z), _without_floats(extra)
        elif p.fast_rule is not None:
            return p.fast_rule(g, z, *inputs, need=need, **extra)  # type: ignore[no-any-return]
        rules = [p.rule(i) for i in range(len(need))]
        return [
            rule(g, z, *inputs, **extra) if wanted and rule is not None else None
            for rule, wanted in zip(rules, need, strict=True)
        ]

    def join(self, old: Any, new: Any, edge: Node) -> Any:
        """The sum of two cotangents that meet."""
        return old.joined(new) if type(old) is Parts else plus(old, new)

    def done(self, node: Node, g: Any) -> Any:
        """A cotangent is complete: tell of it, and multiply it where that was asked for."""
        if type(g) is Parts:
            return g
        if self.seen is not None:
            self.seen(node, g)
        factor = self.vertices.get(node.serial)
        return g if factor is None else self.times(g, factor)

    def times(self, g: Any, factor: Factor) -> Any:
        """A cotangent times a number; None if the number is 0, and nothing flows."""
        return None if factor == 0 else namespace(g).asarray(g * g.dtype.type(factor))

    def _wide(self, x: Any) -> Any:
        if isinstance(x, Node):
            return _Outline(x, str(self.dtype)) if x.dtype is not None and x.dtype.kind == "f" else x
        return x.astype(self.dtype) if getattr(x, "dtype", None) is not None and x.dtype.kind == "f" else x


class _Outline:
    """The shape of a value that was not saved, in another precision."""

    __array_ufunc__ = None

    def __init__(self, node: Node, dtype: str) -> None:
        self.node = node
        self.dtype = np.dtype(dtype)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.node, name)


def _without_floats(extra: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters and residuals for a definition, which computes what depends on its inputs by itself."""
    return {name: x for name, x in extra.items() if getattr(getattr(x, "dtype", None), "kind", "") != "f"}


# Powers of two -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Scaled:
    """An array times 2 to an exponent: ``array * 2.0**exponent``, the array's largest magnitude in [1, 2^32)."""

    array: Array
    exponent: int = 0
    lost: int = 0
    """Elements, on the way here, that were 2^-126 below the largest of their tensor, or smaller: not exact."""

    def rms(self, times: float = 1.0) -> float:
        """Root of the mean square, times a number; a float64, which ends at 5e-324."""
        return times * math.ldexp(self._norm() / math.sqrt(max(self.array.size, 1)), self.exponent)

    def log2_rms(self) -> float:
        """log2 of the root mean square, of whatever size; -inf for a zero array."""
        norm = self._norm()
        if norm == 0:
            return -math.inf
        return math.log2(norm) - math.log2(max(self.array.size, 1)) / 2 + self.exponent

    def wide(self, over: int = 0) -> Array:
        """The values as float64, divided by 2 to the power of `over`."""
        return namespace(self.array).ldexp(self.array.astype("float64"), self.exponent - over)

    def _norm(self) -> float:
        flat = self.array.astype("float64").ravel()
        return math.sqrt(float(flat @ flat))


_MIDDLE = 16
"""The exponent that a largest magnitude is moved to when it is outside of 2^0 to 2^32."""


def scaled(array: Array, exponent: int = 0, lost: int = 0) -> Scaled:
    """An array whose largest magnitude lies in [1, 2^32), the rest of it in the exponent.

    >>> s = scaled(np.float32([0.25, 0.5]))
    >>> s.array.tolist(), s.exponent
    ([32768.0, 65536.0], -17)
    """
    flat = array.ravel(order="K")
    largest = max(float(flat.max()), -float(flat.min())) if array.size else 0.0
    if 1 <= largest < 2.0 ** (2 * _MIDDLE) or not math.isfinite(largest):
        return Scaled(array, exponent, lost)
    if largest == 0:
        return Scaled(array, 0, lost)
    shift = _MIDDLE + 1 - math.frexp(largest)[1]
    moved, gone = _shifted(array, shift)
    return Scaled(moved, exponent - shift, lost + gone)


def _shifted(array: Array, shift: int) -> tuple[Array, int]:
    """An array times a power of two, and how many of its elements became too small for their precision."""
    xp = namespace(array)
    moved = xp.asarray(xp.ldexp(array, shift))  # NumPy makes scalars of 0-d results
    if shift >= 0:
        return moved, 0
    least = float(xp.finfo(array.dtype).tiny)
    return moved, int(((xp.abs(moved) < least) & (xp.abs(array) >= least)).sum())


class Rescaled(Exact):
    """The gradient with one power of two per tensor: it neither underflows nor overflows on its way."""

    def seed(self, root: Node) -> Any:
        """1, with an exponent of its own."""
        return scaled(super().seed(root))

    def nothing(self, node: Node) -> Any:
        """A zero array."""
        return Scaled(super().nothing(node))

    def linear(self, node: Node, g: Any) -> Sequence[Any]:
        """The rules of a node on the array, the power of two beside it."""
        if type(g) is Parts:
            top = max(part.exponent for part in g.values.values())
            lost = sum(part.lost for part in g.values.values())
            aligned = {i: _shifted(part.array, part.exponent - top)[0] for i, part in g.values.items()}
            g, bare = Scaled(next(iter(aligned.values())), top, lost), Parts(-1, None)
            bare.values = aligned
            parts = super().linear(node, bare)
        else:
            parts = super().linear(node, g.array)
        return [
            part if part is None else g if part is g.array else scaled(part, g.exponent, g.lost) for part in parts
        ]

    def join(self, old: Any, new: Any, edge: Node) -> Any:
        """The sum, at the power of two of the larger."""
        if type(old) is Parts:
            return old.joined(new)
        if not old.array.any():
            return new
        if not new.array.any():
            return old
        top = max(old.exponent, new.exponent)
        (a, gone), (b, faded) = (_shifted(s.array, s.exponent - top) for s in (old, new))
        return scaled(plus(a, b), top, old.lost + new.lost + gone + faded)

    def times(self, g: Any, factor: Factor) -> Any:
        """A cotangent times a number."""
        return None if factor == 0 else scaled(super().times(g.array, factor), g.exponent, g.lost)


# Several at once -----------------------------------------------------------------------------------------------

Row = list[Any]
"""Cotangents side by side, None where one is zero."""
Turn = Callable[[Row], Row]


class Coefficients(Gradient):
    """Several cotangents at once, of which a vertex may make others: the coefficients of a polynomial, say.

    The leading axis is a list: coefficients never enter the axis of images, whose members batch norm couples.
    ``turns`` says, by serial number, what a vertex does to the row of cotangents that passes it.
    """

    def __init__(self, base: Exact, turns: Mapping[int, Turn], seen: Seen | None = None) -> None:
        super().__init__(None, {}, True, "a study")
        self.watch = None
        self.every = True
        self.base = base
        self.turns = turns
        self.seen = seen

    def seed(self, root: Node) -> Any:
        """The seed of the one cotangent that there is at the loss."""
        return [self.base.seed(root)]

    def nothing(self, node: Node) -> Any:
        """The row of a node that nothing has reached."""
        return []

    def apply(self, node: Node, g: Row) -> Sequence[Any]:
        """Each cotangent through the rules of the node."""
        base = self.base
        base.useful = self.useful
        rows: list[Row | None] = [None] * len(node.edges)
        for place, part in enumerate(g):
            if part is None:
                continue
            for i, made in enumerate(base.apply(node, part)):
                if made is not None:
                    row = rows[i]
                    if row is None:
                        row = rows[i] = [None] * len(g)
                    row[place] = made
        return rows

    def join(self, old: Row, new: Row, edge: Node) -> Row:
        """Coefficient by coefficient."""
        if len(old) < len(new):
            old, new = new, old
        added = [
            b if a is None else a if b is None else self.base.join(a, b, edge)
            for a, b in zip(old, new, strict=False)
        ]
        return added + old[len(new) :]

    def done(self, node: Node, g: Row) -> Row:
        """A row is complete: the vertex does with it what it is there for."""
        turn = self.turns.get(node.serial)
        if turn is not None:
            g = turn(g)
        if self.seen is not None:
            self.seen(node, g)
        return g


def carry(algebra: Any, root: Node, targets: Sequence[Node] | None) -> Any:
    """Run an algebra from a root back to some nodes, or to all; returns the algebra."""
    algebra.useful = None if targets is None else nodes_between([root], {node.serial for node in targets})
    if targets is None or root.serial in algebra.useful:
        with tape.context(recording=False, watch=None), np.errstate(all="ignore"):
            sweep([root], [algebra.seed(root)], algebra)
    return algebra
