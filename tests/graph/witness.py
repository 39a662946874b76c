"""A second tracer, which knows nothing of nodes: it stands inside every primitive and recognises arrays.

Each array that a primitive makes is kept alive and remembered by its identity; whatever array comes in again was
made there. What is compared with a Graph is a plain list: for each op its name, its shape and where each of its
arguments came from.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from autocnn.engine import Tensor, grad, inplace, primitives
from autocnn.engine.tape import Watcher, watching
from autocnn.graph import Graph

Origin = tuple[Any, ...]
"""Where a value came from: ("op", number), ("output", number, index), ("input", place), ("parameter", name),
("number", value) or ("constant", which)."""


class Witness:
    """What was seen: a row for each call of a primitive, and where each array came from."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, Any, list[Origin]]] = []
        self.origin: dict[int, Origin] = {}
        self.kept: list[Any] = []
        self._inside = False

    def know(self, array: Any, origin: Origin) -> None:
        """Remember where an array came from."""
        self.kept.append(array)
        self.origin[id(array)] = origin

    def whence(self, value: Any) -> Origin:
        """Where an argument came from; what nobody made is a constant."""
        if not isinstance(value, np.ndarray):
            return ("number", value)
        if id(value) not in self.origin:
            self.know(value, ("constant", id(value)))
        return self.origin[id(value)]

    def call(self, name: str, several: bool, residual: bool, forward: Callable[..., Any]) -> Callable[..., Any]:
        """A primitive's forward that is watched; what it calls itself is its own affair."""

        def watched(xp: Any, *arrays: Any, **params: Any) -> Any:
            if self._inside:
                return forward(xp, *arrays, **params)
            sources = [self.whence(array) for array in arrays]
            self._inside = True
            try:
                made = forward(xp, *arrays, **params)
            finally:
                self._inside = False
            result, extra = made if residual else (made, ())
            number = len(self.calls)
            results = [self._own(z) for z in (result if several else (result,))]
            residuals = [self._own(r) for r in extra]
            self.calls.append((name, None if several else results[0].shape, sources))
            for index, z in enumerate(results):
                self.know(z, ("output", number, index) if several else ("op", number))
            for index, r in enumerate(residuals):
                self.know(r, ("residual", number, index))
            result = tuple(results) if several else results[0]
            return (result, tuple(residuals)) if residual else result

        return watched

    def _own(self, array: Any) -> Any:
        """An array that is nobody else's object: a forward may hand on what it was given."""
        array = np.asarray(array)
        return array.view() if id(array) in self.origin else array

    def rescue(self, true: Callable[..., Any]) -> Callable[..., Any]:
        """What an op keeps of memory that is about to be overwritten is copied, by no primitive."""

        def watched(value: Tensor, *more: Any) -> None:
            node = value.node()
            before = node.saved
            true(value, *more)
            for old, new in zip(before, node.saved, strict=True):
                if new is not old:
                    self.know(new, self.whence(old))

        return watched

    def rebase(self, true: Callable[..., Any]) -> Callable[..., Any]:
        """After a write in place an array holds what was written; a write to a part of it is an op of its own."""

        def watched(target: Tensor, base: Tensor, path: Any, value: Tensor) -> None:
            origin = self.whence(value._array)
            if path:
                self.calls.append(("overwrite", base.shape, [self.whence(base._array), origin]))
                origin = ("op", len(self.calls) - 1)
            self.know(base._array, origin)
            true(target, base, path, value)

        return watched


@contextmanager
def standing_in_every_primitive(witness: Witness) -> Iterator[None]:
    """Put a witness into all primitives, for the length of a ``with`` block."""
    true = {p: p.forward for p in primitives().values()}
    rebase, rescue, gradient = inplace._rebase, inplace._rescue, sys.modules["autocnn.engine.gradient"]
    apart = gradient.apart  # gives a gradient memory of its own: the one copy that no primitive makes
    try:
        for p, forward in true.items():
            p.forward = witness.call(p.name, p.outputs, bool(p.residuals), forward)
        inplace._rebase, inplace._rescue = witness.rebase(rebase), witness.rescue(rescue)
        gradient.apart = lambda g: g
        yield
    finally:
        for p, forward in true.items():
            p.forward = forward
        inplace._rebase, inplace._rescue, gradient.apart = rebase, rescue, apart


def witnessed(
    function: Callable[..., Any], inputs: Sequence[Tensor], parameters: Mapping[str, Tensor], order: int = 0
) -> tuple[list[Any], list[Origin]]:
    """What a function computes, as rows of ops and the origins of its outputs, seen by a witness.

    With ``order`` 1 also the gradients of the sum of its outputs, with 2 those of the sum of their squares: as
    `trace` computes them, that is with somebody watching.
    """
    witness = Witness()
    for place, x in enumerate(inputs):
        witness.know(x.array, ("input", place))
    for name, parameter in parameters.items():
        witness.know(parameter.array, ("parameter", name))
    leaves = [x for x in (*inputs, *parameters.values()) if x.requires_grad]
    with standing_in_every_primitive(witness), watching(Watcher()):
        result = function(*inputs)
        outputs = list(result) if isinstance(result, tuple) else [result]
        roots = outputs
        for level in range(1, order + 1):
            roots = [x for x in roots if x.requires_grad]
            seeds = [Tensor(np.ones_like(x.array)) for x in roots]
            found = [
                g
                for g in grad(roots, leaves, seeds, create_graph=level < order, allow_unused=True)
                if g is not None
            ]
            outputs = outputs + found
            if level < order:
                total: Any = None
                for g in reversed(found):
                    square = (g * g).sum()
                    total = square if total is None else total + square
                roots = [total]
                outputs = outputs + roots
    return _needed(witness.calls, [witness.whence(x.array) for x in outputs])


def _needed(calls: list[Any], outputs: list[Origin]) -> tuple[list[Any], list[Origin]]:
    """The rows that outputs depend on, numbered anew."""
    needed: set[int] = set()
    todo = list(outputs)
    while todo:
        origin = todo.pop()
        if origin[0] in ("op", "output", "residual") and origin[1] not in needed:
            needed.add(origin[1])
            todo += calls[origin[1]][2]
    places = {number: place for place, number in enumerate(sorted(needed))}
    seen: dict[Any, int] = {}
    rows = [
        (name, shape, [_renamed(origin, places, seen) for origin in sources])
        for name, shape, sources in (calls[number] for number in sorted(needed))
    ]
    return rows, [_renamed(origin, places, seen) for origin in outputs]


def _renamed(origin: Origin, places: Mapping[int, int], seen: dict[Any, int]) -> Origin:
    if origin[0] in ("op", "output", "residual"):
        return (origin[0], places[origin[1]], *origin[2:])
    if origin[0] == "constant":
        return ("constant", seen.setdefault(origin[1], len(seen)))
    return origin


def rows_of(graph: Graph) -> tuple[list[Any], list[Origin]]:
    """A graph in the same words."""
    places: dict[int, int] = {}
    seen: dict[Any, int] = {}
    inputs = {number: place for place, number in enumerate(graph.inputs)}

    def origin(number: int) -> Origin:
        vertex = graph.vertices[number]
        if vertex.op == "item":
            kind = "residual" if vertex.params.get("residual") else "output"
            return (kind, places[graph.in_edges(number)[0].source], vertex.params["index"])
        if vertex.op == "detach":
            return origin(graph.in_edges(number)[0].source)
        if vertex.kind == "op":
            return ("op", places[number])
        if vertex.kind == "input":
            return ("input", inputs[number])
        if vertex.kind == "parameter":
            return ("parameter", vertex.name)
        if vertex.dtype in ("float", "int", "bool"):
            return ("number", vertex.params.get("value"))
        return ("constant", seen.setdefault(number, len(seen)))

    rows = []
    for vertex in graph.vertices:
        if vertex.kind == "op" and vertex.op not in ("item", "detach"):  # nothing runs there
            places[vertex.id] = len(places)
            shape = None if vertex.dtype == "several" else vertex.shape
            rows.append((vertex.op, shape, [origin(edge.source) for edge in graph.in_edges(vertex.id)]))
    return rows, [origin(graph.in_edges(number)[0].source) for number in graph.outputs]
