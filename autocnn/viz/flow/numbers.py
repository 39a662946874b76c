"""The numbers of a flow picture: what runs along each wire of an outline, and who brings what at each fork."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import isfinite, sqrt
from typing import Any, TypeAlias

from autocnn.errors import GraphError
from autocnn.graph import Edge, Graph
from autocnn.graph.transform import Outline, Wire
from autocnn.viz.flow.grade import written

Place: TypeAlias = int | Edge | tuple[int, int] | tuple[int, int, int] | tuple[int, tuple[int, ...]]
"""A vertex; an edge; or all edges from a vertex to another, or to several others, together."""

Bundle: TypeAlias = frozenset[int]
"""Places in ``graph.edges`` of edges whose contributions are taken together."""

CANCELLING = 100.0
"""From here on contributions cancel so much that shares of their sum say nothing."""


@dataclass(frozen=True, slots=True)
class Meeting:
    """What meets at a fork: of each wire its name and share; in words, and whether shares mean anything."""

    names: tuple[str, ...]
    shares: tuple[float, ...]
    norms: tuple[float, ...]
    """Norms of the contributions over that of their sum; empty if not known."""

    @property
    def cancels(self) -> bool:
        """Whether the contributions are so much larger than their sum that they are told by norm."""
        return sum(self.norms) > CANCELLING

    @property
    def words(self) -> str:
        """Who brings what.

        >>> Meeting(("skip", "branch"), (1.05, -0.05), ()).words
        'skip 105 % − branch 5 %'
        >>> Meeting(("skip", "branch"), (60.0, -59.0), (300.0, 299.0)).words
        'skip 300 and branch 299 times their sum'
        """
        if self.cancels:
            told = [f"{name} {written(norm)}" for name, norm in zip(self.names, self.norms, strict=True)]
            return f"{' and '.join(told)} times their sum"
        text = ""
        for name, share in zip(self.names, self.shares, strict=True):
            sign = ("−" if not text else " − ") if share < 0 else " + " if text else ""
            text += f"{sign}{name} {percent(abs(share))}"
        return text


@dataclass
class Flows:
    """Gradient RMS and shares by wire, from numbers by vertex and by edge.

    Raises GraphError for a place that the graph does not have, and for shares that do not sum to 1.
    """

    outline: Outline
    vertices: dict[int, float] = field(default_factory=dict)
    edges: dict[Bundle, float] = field(default_factory=dict)
    shares: dict[Bundle, float] = field(default_factory=dict)
    at_loss: float = 1.0

    @classmethod
    def of(
        cls, outline: Outline, sizes: Mapping[Place, float], shares: Mapping[Place, float], at_loss: float | None
    ) -> Flows:
        """The flows of an outline, from what `viz.flow` is given."""
        vertices = {key: _number("sizes", key, value) for key, value in sizes.items() if isinstance(key, int)}
        wrong = next((key for key in vertices if not 0 <= key < len(outline.graph)), None)
        if wrong is not None:
            raise GraphError(f"flow: sizes has {wrong}; the graph has vertices 0 to {len(outline.graph) - 1}")
        by_edge = _bundles(
            outline.graph, "sizes", {key: v for key, v in sizes.items() if not isinstance(key, int)}
        )
        negative = next((value for value in (*vertices.values(), *by_edge.values()) if value < 0), None)
        if negative is not None:
            raise GraphError(f"flow: sizes has {negative}; an RMS is 0 or more")
        found = cls(outline, vertices, by_edge, _bundles(outline.graph, "shares", shares))
        found.at_loss = found._reference() if at_loss is None else at_loss
        if not (isfinite(found.at_loss) and found.at_loss > 0):
            raise GraphError(f"flow: the gradient's RMS at the loss is {found.at_loss}; give at_loss, above 0")
        return found

    def _reference(self) -> float:
        """The RMS at the value nearest the loss that has one for every image; of scalars alone, at the last."""
        inside = [place for part in self.outline.parts for place in part.vertices]
        known = [place for place in inside if isfinite(self.vertices.get(place, 0.0)) and self.vertices.get(place)]
        arrays = [place for place in known if self.outline.graph.vertices[place].size > 1]
        return self.vertices[max(arrays or known)] if known else 1.0

    @property
    def known(self) -> bool:
        """Whether any gradient is known."""
        return bool(self.vertices or self.edges)

    def value(self, place: int) -> float | None:
        """The gradient at a value over that at the loss, None if it is not known."""
        return self._ratio(self.vertices.get(place))

    def along(self, wire: Wire) -> float | None:
        """What a wire brings to the gradient of its value over the gradient at the loss, None if not known."""
        return self._ratio(self._size(wire))

    def edge(self, place: int) -> float | None:
        """The same of a single edge, by its place."""
        return self._ratio(self.edges.get(frozenset({place})))

    def _ratio(self, size: float | None) -> float | None:
        return None if size is None else size / self.at_loss

    def _size(self, wire: Wire) -> float | None:
        own = frozenset(wire.edges)
        if own in self.edges:
            return self.edges[own]
        others = frozenset(
            place for other in self.outline.users(wire.value) if other != wire for place in other.edges
        )
        if not others and wire.value in self.vertices:
            return self.vertices[wire.value]
        graph = self.outline.graph
        target = graph.vertices[graph.edges[wire.edges[0]].target]
        if len(own) == 1 and target.op.split("_")[0] == "add" and target.shape == graph.vertices[wire.value].shape:
            return self.vertices.get(target.id)  # an addition hands its gradient on as it is
        return self._rest(wire.value, others)

    def _rest(self, value: int, others: Bundle) -> float | None:
        """The size of all but one contribution: |g - c|^2 = |g|^2 - 2 <c, g> + |c|^2."""
        whole = self.vertices.get(value)
        if whole is None or others not in self.shares or others not in self.edges:
            return None
        square = whole**2 * (1 - 2 * self.shares[others]) + self.edges[others] ** 2
        return sqrt(max(square, 0.0))

    def _share(self, wire: Wire) -> float | None:
        """The share of a wire: shares add up."""
        own = frozenset(wire.edges)
        parts = [bundle for bundle in self.shares if bundle <= own]
        whole = sum(len(bundle) for bundle in parts) == len(own) and frozenset().union(*parts) == own
        return sum(self.shares[bundle] for bundle in parts) if whole else None

    def meeting(self, value: int) -> Meeting | None:
        """Who brings what to the gradient of a value that several wires take; None if that is not known."""
        wires = sorted(self.outline.users(value), key=lambda wire: (not wire.skip, wire.target))
        shares: list[float] = []
        for wire in wires:
            share = self._share(wire)
            if share is None:
                return None
            shares.append(share)
        whole = self.vertices.get(value)
        sizes = [self._size(wire) for wire in wires]
        norms = tuple(size / whole for size in sizes if size is not None) if whole else ()
        if abs(sum(shares) - 1) > 1e-3 * (1 + sum(map(abs, shares))):
            raise GraphError(f"flow: the shares at %{value} sum to {sum(shares):.6g}; signed shares sum to 1")
        return Meeting(self._names(wires), tuple(shares), norms if len(norms) == len(wires) else ())

    def _names(self, wires: list[Wire]) -> tuple[str, ...]:
        alone = sum(not wire.skip for wire in wires) == 1
        skipping = any(wire.skip for wire in wires)
        return tuple(
            "skip" if wire.skip else "branch" if alone and skipping else self.outline.parts[wire.target].name
            for wire in wires
        )


def percent(share: float) -> str:
    """A share in per cent.

    >>> percent(0.784), percent(0.002)
    ('78 %', '0.2 %')
    """
    return f"{100 * share:.0f} %" if share >= 0.01 or share == 0 else f"{100 * share:.1g} %"


def _bundles(graph: Graph, name: str, given: Mapping[Any, float]) -> dict[Bundle, float]:
    places: dict[tuple[int, int], list[int]] = {}
    for place, edge in enumerate(graph.edges):
        places.setdefault((edge.source, edge.target), []).append(place)
    found: dict[Bundle, float] = {}
    for key, value in given.items():
        source, targets, position = _ends(name, key)
        chosen = [
            place for target in targets for place in places.get((source, target), [])
            if position is None or graph.edges[place].position == position
        ]  # fmt: skip
        if not chosen or not all((source, target) in places for target in targets):
            raise GraphError(f"flow: {name} has {key!r}; the graph has no such edge")
        found[frozenset(chosen)] = _number(name, key, value)
    return found


def _ends(name: str, key: Any) -> tuple[int, tuple[int, ...], int | None]:
    """Source, targets, and the position if it is said."""
    match key:
        case Edge(source=source, target=target, position=position):
            return source, (target,), position
        case (int(source), int(target)):
            return source, (target,), None
        case (int(source), int(target), int(position)):
            return source, (target,), position
        case (int(source), tuple(targets)) if targets:
            return source, targets, None
    raise GraphError(
        f"flow: {name} has {key!r}; a vertex, an Edge, (source, target) or (source, target, position)"
    )


def _number(name: str, key: object, value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError) as error:
        raise GraphError(f"flow: {name}[{key!r}] is no number that fits a float ({error})") from error
