"""Work that is done again and again: found by what is computed, never by names."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass

from autocnn.graph.data import ITEM, LEAVES, Graph, Vertex
from autocnn.graph.text import param

LONGEST = 12
"""The most boxes, or ops, that one repetition is looked for in."""


@dataclass(frozen=True, slots=True)
class Repeat:
    """How often the work of a box is done, and with what weights: "own", "shared", "partly shared" or "no"."""

    times: int
    weights: str


def fold(graph: Graph, group_of: list[int | None], key: Callable[[Vertex], Hashable]) -> dict[int, Repeat]:
    """Put repeated neighbours among boxes and single ops into one box each, and say how often they are repeated.

    ``group_of`` says for each vertex its box, and is changed; ``key`` what must be alike in repeated vertices
    beside what they compute. Linear in the size of the graph.
    """
    folding = _Folding(graph, _taken_apart(graph, group_of), key)
    found: dict[int, Repeat] = {}
    fresh = 1 + max((group for group in group_of if group is not None), default=-1)
    start = 0
    while start < len(folding.units):
        best = folding.longest(start)
        if best is None:
            start += 1
            continue
        period, times = best
        end = start + period * times
        found[fresh] = Repeat(times, folding.weights(start, period, times))
        for unit in folding.units[start:end]:
            for place in unit:
                group_of[place] = fresh
        fresh, start = fresh + 1, end
    return found


class _Folding:
    """The units of a graph, that is boxes and single ops in the order of computing, and what they compute."""

    def __init__(self, graph: Graph, units: list[list[int]], key: Callable[[Vertex], Hashable]) -> None:
        self.graph, self.units, self.key = graph, units, key
        self.unit_of: list[int] = [-1] * len(graph)
        for number, unit in enumerate(self.units):
            for place in unit:
                self.unit_of[place] = number
        self.place_in: dict[int, int] = {place: i for unit in self.units for i, place in enumerate(unit)}
        self._numbers: dict[Hashable, int] = {}
        self.signature = [self._signature(unit) for unit in self.units]
        self.ends = [any(graph.vertices[place].kind == "output" for place in unit) for unit in self.units]

    def _signature(self, unit: Sequence[int]) -> int:
        """The same number for units that compute the same, whatever they compute it from."""
        rows = tuple(self._row(self.graph.vertices[place]) for place in unit)
        return self._numbers.setdefault(rows, len(self._numbers))

    def _row(self, vertex: Vertex) -> Hashable:
        arguments: list[Hashable] = []
        for edge in self.graph.in_edges(vertex.id):
            source = self.graph.vertices[edge.source]
            inside = self.unit_of[edge.source] == self.unit_of[vertex.id]
            if inside:
                arguments.append(("inside", self.place_in[edge.source]))
            elif source.kind in LEAVES and "value" in source.params:
                arguments.append(("number", param(source.params["value"])))
            else:
                kind = "parameter" if source.kind == "parameter" else "value"
                arguments.append((kind, source.shape, source.dtype, source.phase))
        params = tuple((key, param(value)) for key, value in sorted(vertex.params.items()) if key not in _DRAWN)
        what = vertex.op, vertex.kind, params, vertex.shape, vertex.dtype, vertex.phase
        return what, tuple(arguments), self.key(vertex)

    # Repetition -----------------------------------------------------------------------------------------------

    def longest(self, start: int) -> tuple[int, int] | None:
        """The period and number of times of the repetition from here that covers most; None if there is none."""
        best = None
        for period in range(1, LONGEST + 1):
            times = self._times(start, period)
            if times > 1 and (best is None or period * times > best[0] * best[1]):
                best = period, times
        return best

    def _times(self, start: int, period: int) -> int:
        """How often the units from here do the same thing to their own result."""
        if self._any_end(start, period):
            return 1
        times, links = 1, None
        while True:
            at = start + times * period
            if self.signature[at : at + period] != self.signature[start : start + period]:
                break
            found = self._links(at, period)
            if found is None or (links is not None and found != links) or not self._same_use(start, at, period):
                break
            if not self._handed_on(at - period, period):
                break
            links, times = found, times + 1
        return times

    def _any_end(self, start: int, period: int) -> bool:
        return any(self.ends[start : start + period])

    def _links(self, at: int, period: int) -> tuple[Hashable, ...] | None:
        """Where the arguments of one repetition come from, if all from itself, the one before, or from leaves."""
        links: list[Hashable] = []
        taken = False
        for vertex, source in self._arguments(at, period):
            if source.kind in LEAVES:
                continue
            unit = self.unit_of[source.id]
            if source.phase != vertex.phase:
                continue  # what the forward pass kept
            if not at - period <= unit < at + period:
                return None
            taken |= unit < at
            links.append((self.place_in[source.id], unit - at))
        return tuple(links) if taken else None

    def _same_use(self, start: int, at: int, period: int) -> bool:
        """Whether the first repetition takes its argument where this one takes the result of the one before."""
        taken: dict[Hashable, int] = {}
        for (vertex, first), (_, later) in zip(
            self._arguments(start, period), self._arguments(at, period), strict=True
        ):
            if later.phase != vertex.phase:
                continue
            if later.kind in LEAVES:
                if later.kind == "input" and later.id != first.id:
                    return False
                continue
            place, unit = self.place_in[later.id], self.unit_of[later.id] - at
            inside = first.kind not in LEAVES and 0 <= self.unit_of[first.id] - start < period
            if unit < 0:
                if inside or taken.setdefault((unit, place), first.id) != first.id:
                    return False
            elif not inside or (unit, place) != (self.unit_of[first.id] - start, self.place_in[first.id]):
                return False
        return True

    def _handed_on(self, at: int, period: int) -> bool:
        """Whether in their own pass only the next repetition uses the results of this one."""
        for number in range(at, at + period):
            for place in self.units[number]:
                vertex = self.graph.vertices[place]
                for edge in self.graph.out_edges(place):
                    user = self.graph.vertices[edge.target]
                    near = at <= self.unit_of[user.id] < at + 2 * period
                    if user.kind == "output" or (user.phase == vertex.phase and user.op != ITEM and not near):
                        return False
        return True

    def _arguments(self, at: int, period: int) -> list[tuple[Vertex, Vertex]]:
        vertices = self.graph.vertices
        return [
            (vertices[place], vertices[edge.source])
            for unit in self.units[at : at + period]
            for place in unit
            for edge in self.graph.in_edges(place)
        ]

    # Weights --------------------------------------------------------------------------------------------------

    def weights(self, start: int, period: int, times: int) -> str:
        """Whether the repetitions share their parameters."""
        each = [
            tuple(
                dict.fromkeys(source.id for _, source in self._arguments(at, period) if source.kind == "parameter")
            )
            for at in range(start, start + period * times, period)
        ]
        if not any(each):
            return "no"
        if all(weights == each[0] for weights in each):
            return "shared"
        distinct = {weight for weights in each for weight in weights}
        return "own" if len(distinct) == sum(map(len, each)) else "partly shared"


_DRAWN = frozenset({"key", "counter"})
"""Parameters that differ between draws of the same kind."""


def _taken_apart(graph: Graph, group_of: list[int | None]) -> list[list[int]]:
    """Ops box by box, in the order of computing; a box in which one module runs several times becomes several."""
    units = [part for unit in _units(graph, group_of) for part in _visits(graph, unit)]
    fresh = 1 + max((group for group in group_of if group is not None), default=-1)
    seen: set[int] = set()
    for unit in units:
        group = group_of[unit[0]]
        if group in seen:  # the first part keeps the number, and the leaves that have it
            for place in unit:
                group_of[place] = fresh
            fresh += 1
        elif group is not None:
            seen.add(group)
    unit_of = {place: number for number, unit in enumerate(units) for place in unit}
    for vertex in graph.vertices:
        if vertex.op == ITEM:  # it belongs to the op that it picks from
            source = graph.in_edges(vertex.id)[0].source
            unit_of[vertex.id] = unit_of[source]
            units[unit_of[source]].append(vertex.id)
            group_of[vertex.id] = group_of[source]
    return units


def _units(graph: Graph, group_of: Sequence[int | None]) -> list[list[int]]:
    units: list[list[int]] = []
    home: dict[int, list[int]] = {}
    for vertex in graph.vertices:
        group = group_of[vertex.id]
        if vertex.kind in LEAVES or vertex.op == ITEM:
            continue
        if group is not None and group in home:
            home[group].append(vertex.id)
            continue
        units.append([vertex.id])
        if group is not None:
            home[group] = units[-1]
    return units


def _visits(graph: Graph, unit: list[int]) -> list[list[int]]:
    """The visits that a run of one module is made of: it repeats itself, with the very same leaves.

    The shortest period of a sequence is its length less that of its longest border (Knuth, Morris and Pratt 1977).
    """
    rows = [_loose(graph, graph.vertices[place]) for place in unit]
    border = [0] * len(rows)
    for i in range(1, len(rows)):
        length = border[i - 1]
        while length and rows[i] != rows[length]:
            length = border[length - 1]
        border[i] = length + (rows[i] == rows[length])
    period = len(rows) - border[-1]
    if period == len(rows) or len(rows) % period:
        return [unit]
    return [unit[at : at + period] for at in range(0, len(unit), period)]


def _loose(graph: Graph, vertex: Vertex) -> Hashable:
    """What an op does, and to which leaves; of other arguments only what they are."""
    sources = [graph.vertices[edge.source] for edge in graph.in_edges(vertex.id)]
    numbers = [param(s.params["value"]) if "value" in s.params else None for s in sources]
    leaves = [s.id if s.kind == "parameter" else (s.shape, s.dtype) for s in sources]
    params = tuple((key, param(value)) for key, value in sorted(vertex.params.items()) if key not in _DRAWN)
    return vertex.op, vertex.scope, params, vertex.shape, vertex.phase, tuple(leaves), tuple(numbers)
