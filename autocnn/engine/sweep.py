"""The one sweep over a graph: each node once, the last made first, without recursion.

What flows, and what happens at a node, is the algebra's affair: gradients, ledgers of edges, path polynomials and
lesions are algebras of this sweep, never copies of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from heapq import heappop, heappush
from typing import Any, Protocol

from autocnn.engine.tape import Node


class Algebra(Protocol):
    """What flows backwards: how it passes a node, how two parts add, and what to do when a sum is complete."""

    def apply(self, node: Node, g: Any) -> Sequence[Any]:
        """What flows into each edge of a node; None where nothing does."""

    def join(self, old: Any, new: Any, edge: Node) -> Any:
        """The sum of two parts that meet at a node."""

    def done(self, node: Node, g: Any) -> Any:
        """All of a node's consumers have spoken; what is returned goes on."""

    every: bool
    """Whether `done` is called at every node; otherwise only at leaves and where there are hooks."""


def sweep(roots: Iterable[Node], seeds: Iterable[Any], algebra: Algebra) -> None:
    """Carry seeds from roots back to the leaves: each node once, the last made first."""
    pending: dict[int, list[Any]] = {}
    heap: list[int] = []
    apply, join, done, every = algebra.apply, algebra.join, algebra.done, algebra.every
    for root, seed in zip(roots, seeds, strict=True):
        _deposit(root, seed, pending, heap, join)
    while heap:
        node, g = pending.pop(-heappop(heap))
        if every or node.hooks is not None or node.primitive is None:
            g = done(node, g)
        edges = node.edges
        if not edges:
            continue
        i = 0
        for part in apply(node, g):
            if part is not None:
                edge = edges[i]
                serial = edge.serial
                if serial in pending:
                    entry = pending[serial]
                    entry[1] = join(entry[1], part, edge)
                else:
                    pending[serial] = [edge, part]
                    heappush(heap, -serial)
            i += 1  # noqa: SIM113 (enumerate would cost a tuple for each edge)


def _deposit(node: Node, g: Any, pending: dict[int, list[Any]], heap: list[int], join: Any) -> None:
    entry = pending.get(node.serial)
    if entry is None:
        pending[node.serial] = [node, g]
        heappush(heap, -node.serial)
    else:
        entry[1] = join(entry[1], g, node)
