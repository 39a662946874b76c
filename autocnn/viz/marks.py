"""What a picture says beyond the graph: numbers as colours and widths, and more lines on a vertex."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from autocnn.errors import GraphError
from autocnn.graph import Edge, Graph, Vertex
from autocnn.graph.analysis import multiply_adds
from autocnn.graph.text import line, reference_labels
from autocnn.viz.scale import Kind, Scale, scale_of, written

SHOW = ("multiply-adds", "bytes", "saved", "parameters")
EdgeKey: TypeAlias = Edge | tuple[int, int] | tuple[int, int, int]


@dataclass(frozen=True)
class Marks:
    """Lines of text and numbers by vertex, numbers by edge, and their scales."""

    lines: Mapping[int, list[str]] = field(default_factory=dict)
    numbers: Mapping[int, float] = field(default_factory=dict)
    edges: Mapping[tuple[int, int, int], float] = field(default_factory=dict)
    scale: Scale | None = None
    edge_scale: Scale | None = None
    tips: Mapping[int, str] = field(default_factory=dict)
    """What a vertex says when the pointer is over it, if not its line in the listing of what is drawn."""
    gradients: bool = False
    """Whether the lines tell gradients."""


NONE = Marks()


def marks(
    graph: Graph,
    show: Iterable[str] = (),
    labels: Mapping[int, str] | None = None,
    numbers: Mapping[int, float] | None = None,
    edge_numbers: Mapping[EdgeKey, float] | None = None,
    scale: Kind = "auto",
    unit: str = "",
) -> Marks:
    """The marks of a graph; all ids are of its vertices.

    Raises GraphError for an id that it does not have, or for a fact that is not known.
    """
    chosen = (show,) if isinstance(show, str) else tuple(show) if isinstance(show, Iterable) else (show,)
    wrong = next((fact for fact in chosen if fact not in SHOW), None)
    if wrong is not None:
        raise GraphError(f"draw: show has {wrong!r}; there are {', '.join(SHOW)}")
    for name, given in (("labels", labels), ("numbers", numbers), ("edge_numbers", edge_numbers)):
        if given is not None and not isinstance(given, Mapping):
            what = "an edge" if name == "edge_numbers" else "the id of a vertex"
            raise GraphError(f"draw: {name} is a {type(given).__name__}; it is a mapping from {what}")
    _check_ids(graph, "labels", labels or {})
    _check_ids(graph, "numbers", numbers or {})
    by_id = {number: _number("numbers", number, value) for number, value in (numbers or {}).items()}
    by_edge = dict(_edges(graph, edge_numbers or {}))
    lines: dict[int, list[str]] = {}
    for vertex in graph.vertices:
        said = list(_facts(graph, vertex, chosen))
        said += [str(labels[vertex.id])] if labels and vertex.id in labels else []
        said += [written(by_id[vertex.id])] if vertex.id in by_id else []
        if said:
            lines[vertex.id] = said
    return Marks(
        lines, by_id, by_edge,
        scale_of(by_id.values(), scale, unit) if by_id else None,
        scale_of(by_edge.values(), scale, unit) if by_edge else None,
    )  # fmt: skip


def moved(given: Marks, graph: Graph, ids: list[int]) -> Marks:
    """The marks of ``graph`` for one that lacks some vertices; ``ids`` are the old numbers of those it has."""
    place = {old: new for new, old in enumerate(ids)}
    labels = reference_labels(graph)
    return Marks(
        {place[old]: lines for old, lines in given.lines.items() if old in place},
        {place[old]: value for old, value in given.numbers.items() if old in place},
        {
            (place[source], place[target], position): value
            for (source, target, position), value in given.edges.items()
            if source in place and target in place
        },
        given.scale,
        given.edge_scale,
        {new: line(graph, graph.vertices[old], labels) for new, old in enumerate(ids)},
    )


def _check_ids(graph: Graph, name: str, given: Mapping[int, Any]) -> None:
    wrong = [number for number in given if not isinstance(number, int) or not 0 <= number < len(graph)]
    if wrong:
        raise GraphError(f"draw: {name} has {wrong[0]!r}; the graph has vertices 0 to {len(graph) - 1}")


def _number(name: str, key: object, value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError) as error:
        raise GraphError(f"draw: {name}[{key!r}] is no number that fits a float ({error})") from error


def _edges(graph: Graph, given: Mapping[EdgeKey, float]) -> Iterator[tuple[tuple[int, int, int], float]]:
    """The numbers by source, target and position; a pair stands for every edge between two vertices."""
    for key, value in given.items():
        wanted = (key.source, key.target, key.position) if isinstance(key, Edge) else key
        if not isinstance(wanted, tuple) or len(wanted) not in (2, 3):
            raise GraphError(
                f"draw: edge_numbers has {key!r}; (source, target), (source, target, position) or an Edge"
            )
        _check_ids(graph, "edge_numbers", dict.fromkeys(wanted[:2]))
        found = [
            edge for edge in graph.in_edges(wanted[1])
            if edge.source == wanted[0] and (len(wanted) == 2 or edge.position == wanted[2])
        ]  # fmt: skip
        if not found:
            raise GraphError(f"draw: edge_numbers has {wanted}; the graph has no such edge")
        for edge in found:
            yield (edge.source, edge.target, edge.position), _number("edge_numbers", key, value)


def _facts(graph: Graph, vertex: Vertex, show: tuple[str, ...]) -> Iterator[str]:
    if "multiply-adds" in show and vertex.kind == "op":
        count = multiply_adds(graph, vertex.id)
        yield from [f"{_counted(count)} multiply-adds"] if count else []
    if "bytes" in show and vertex.kind != "module":
        yield _bytes(vertex.nbytes)
    if "saved" in show and vertex.saved:
        sources = [edge.source for edge in graph.in_edges(vertex.id)]
        kept = [graph.vertices[sources[i]] if 0 <= i < len(sources) else vertex for i in vertex.saved]
        yield f"keeps {_bytes(sum(value.nbytes for value in kept))}"
    if "parameters" in show and vertex.kind == "parameter":
        yield f"{vertex.size:,} parameter{'s' * (vertex.size != 1)}"


def _counted(count: int) -> str:
    """A count, short.

    >>> _counted(117_600), _counted(12)
    ('118 k', '12')
    """
    for size, letter in ((10**12, "T"), (10**9, "G"), (10**6, "M"), (10**3, "k")):
        if count >= size:
            return f"{count / size:.3g} {letter}"
    return str(count)


def _bytes(count: int) -> str:
    for place, unit in enumerate(("B", "KiB", "MiB", "GiB")):
        if count < 1024 ** (place + 1) or unit == "GiB":
            return f"{count / 1024**place:.3g} {unit}"
    return f"{count} B"
