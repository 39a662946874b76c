"""The sizes of values and gradients at every vertex of a run, in bits: nothing of them underflows."""

from __future__ import annotations

import math
from collections.abc import Collection
from typing import Any

from autocnn.backend.arrays import namespace
from autocnn.engine.tape import Node
from autocnn.flow.cotangents import Rescaled, Scaled, carry, scaled
from autocnn.flow.diagnose.chain import Trend, finite, milder, trend
from autocnn.flow.run import Run
from autocnn.types import Array


class Levels:
    """log2 of the RMS of (N dL/dv), of values, and what is not finite, by vertex.

    Of two curves, RMS and the size per example, which differ where width or resolution changes, a trend is the
    milder one.
    """

    def __init__(self, run: Run) -> None:
        self.run = run
        self.gradient: dict[int, float] = {}
        self.strange: list[int] = []
        """Vertices whose gradient holds NaN or infinity, from the loss on back."""
        self.overflow: list[int] = []
        """Vertices whose gradient float32 cannot hold, though a wider number could."""
        self._places = {node.serial: number for number, node in run.nodes.items()}
        self._offset = math.log2(run.images)
        run.sweep(Rescaled(seen=self._see))

    def _see(self, node: Node, g: Scaled) -> None:
        vertex = self._places[node.serial]
        bits = g.log2_rms()
        self.gradient[vertex] = bits + self._offset
        if not math.isfinite(bits) and bits != -math.inf:
            self.strange.append(vertex)
        elif g.exponent > 128 and node.dtype.itemsize == 4:
            self.overflow.append(vertex)

    def start_at(self, vertex: int) -> None:
        """Go on below a vertex that no gradient reaches with a random signal of size 1 in its place."""
        node = self.run.node(vertex)
        carry(_Noise(seen=self._see), node, None)

    def zero(self, vertex: int) -> bool:
        """Whether no gradient reaches a vertex, or one of zeros alone."""
        return self.gradient.get(vertex, -math.inf) == -math.inf

    def value(self, vertex: int) -> float:
        """log2 of the RMS of a vertex's value; -inf where it is all zeros, NaN where it is not known."""
        array = self.run.values.get(vertex)
        return math.nan if array is None or not array.size else size_bits(array)

    def trend(
        self, stations: tuple[int, ...], places: tuple[int, ...], named: Collection[int] = ()
    ) -> tuple[Trend, int]:
        """The trend of gradients from the end of stations back, as far as there are any, and where they end.

        Steps past the vertices that are `named` are explained by these, and no part of it.
        """
        known = finite(self.gradient, stations)
        if len(known) < 2:
            return Trend(0.0, 1), known[0] if known else len(stations)
        layers = places[known[-1]] - places[known[0]] + 1
        at = [places[k] for k in known]
        rms = [self.gradient[stations[k]] for k in known]
        norm = [bits + self._per_example(stations[k]) for bits, k in zip(rms, known, strict=True)]
        apart = frozenset(
            i for i in range(1, len(known))
            if any(stations[known[i - 1]] <= v <= stations[known[i]] for v in named)
        )  # fmt: skip
        return milder(trend(at, rms, layers, apart), trend(at, norm, layers, apart)), known[0]

    def _per_example(self, vertex: int) -> float:
        """How many bits the size per example is above the RMS."""
        size = max(self.run.graph.vertices[vertex].size, 1)
        return math.log2(size / self.run.images) / 2


class _Noise(Rescaled):
    """Starts from a random signal instead of 1."""

    def seed(self, root: Node) -> Any:
        zeros = super().seed(root).array
        xp = namespace(zeros)
        flat = xp.sin(xp.arange(1, zeros.size + 1, dtype="float64") ** 2)  # no draw: the user's stay as they are
        return scaled(xp.asarray(flat.reshape(zeros.shape), dtype=zeros.dtype) * 2**0.5)


def size_bits(array: Array) -> float:
    """log2 of the RMS of an array, whose squares cannot underflow or overflow.

    >>> import numpy as np
    >>> round(size_bits(np.float32([2e-30, -2e-30])), 3), size_bits(np.zeros(3))
    (-98.658, -inf)
    """
    xp = namespace(array)
    largest = float(xp.abs(array).max())
    if largest == 0 or not math.isfinite(largest):
        return -math.inf if largest == 0 else math.nan
    flat = array.astype("float64").ravel() / largest
    return math.log2(largest) + math.log2(float(flat @ flat) / flat.size) / 2
