"""How two graphs differ: what was added, removed and changed, in words."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass

from autocnn.graph.data import Edge, Graph, Vertex
from autocnn.graph.text import line, param, reference_labels, single, value_type


@dataclass(frozen=True)
class Difference:
    """What leads from one graph to another; false if nothing does. ``str`` of it says it in words.

    ``changed`` holds pairs of vertices and, for each, sentences.
    """

    pairs: tuple[tuple[int, int], ...]
    """Vertices of the first graph and the vertices of the second one that they are."""
    removed: tuple[int, ...]
    added: tuple[int, ...]
    changed: tuple[tuple[int, int, tuple[str, ...]], ...]
    words: tuple[str, ...]
    """A line for each thing that differs, in the order of the graphs."""

    def __bool__(self) -> bool:
        return bool(self.words)

    def __str__(self) -> str:
        return "\n".join(self.words) or "equal"


def diff(a: Graph, b: Graph) -> Difference:
    """What was added, removed and changed from one graph to another. Values of parameters are not looked at.

    Vertices are recognised by what they are computed from, or by what becomes of them, or by their neighbours,
    or by name, module and order. Linear in the size of the graphs.

    >>> from autocnn.graph.data import Edge
    >>> x = Vertex(0, "", "input", {}, (2,), "float32", name="x")
    >>> y, z = Vertex(1, "tanh", "op", {}, (2,), "float32"), Vertex(1, "exp", "op", {}, (2,), "float32")
    >>> a, b = (Graph((x, v), (Edge(0, 1),), inputs=(0,)) for v in (y, z))
    >>> print(diff(a, b))
    removed %1: f32[2] = tanh(%0)
    added   %1: f32[2] = exp(%0)
    >>> print(diff(a, a))
    equal
    """
    match = _Match(a, b)
    labels = reference_labels(a), reference_labels(b)
    pairs = tuple((i, j) for i, j in enumerate(match.of_a) if j is not None)
    removed = tuple(i for i, j in enumerate(match.of_a) if j is None)
    added = tuple(j for j, i in enumerate(match.of_b) if i is None)
    changed = []
    for i, j in pairs:
        said = tuple(_changes(match, i, j, labels))
        if said:
            changed.append((i, j, said))
    words: list[tuple[float, str]] = [(i, f"removed {line(a, a.vertices[i], labels[0])}") for i in removed]
    words += [(i, f"changed {_named(a, i)}: {'; '.join(said)}") for i, _, said in changed]
    before = _places(match.of_b)
    words += [(before[j], f"added   {line(b, b.vertices[j], labels[1])}") for j in added]
    words.sort(key=lambda entry: entry[0])
    every = (*(text for _, text in words), *_ends(match))
    return Difference(pairs, removed, added, tuple(changed), every)


def _named(graph: Graph, i: int) -> str:
    vertex = graph.vertices[i]
    name = f" {vertex.name}" if vertex.name else ""
    where = f" in {vertex.scope}" if vertex.scope else ""
    return f"%{i} {vertex.op or vertex.kind}{name}{where}"


def _places(of_b: Sequence[int | None]) -> list[float]:
    """For each vertex of the second graph a place just before that of the next one that the first one has too."""
    places: list[float] = [0.0] * len(of_b)
    following = float("inf")
    for j in reversed(range(len(of_b))):
        i = of_b[j]
        following = following if i is None else min(following, i)
        places[j] = following - 0.5
    return places


# Words ---------------------------------------------------------------------------------------------------------


def _changes(match: _Match, i: int, j: int, labels: tuple[Sequence[str], Sequence[str]]) -> Iterable[str]:
    x, y = match.a.vertices[i], match.b.vertices[j]
    for name in ("op", "kind", "name", "scope", "phase", "device", "line"):
        old, new = getattr(x, name), getattr(y, name)
        if old != new:
            yield f"{name} {old or 'none'} -> {new or 'none'}"
    if (x.shape, x.dtype) != (y.shape, y.dtype):
        yield f"{value_type(x)} -> {value_type(y)}"
    for key in sorted({*x.params, *y.params}):
        old, new = (_param(v, key) for v in (x, y))
        if old != new:
            yield f"{key} {old} -> {new}"
    if x.saved != y.saved:
        yield f"saved {param(x.saved)} -> {param(y.saved)}"
    elif x.saved_sizes != y.saved_sizes and (x.shape, x.dtype) == (y.shape, y.dtype):
        yield f"saved bytes {param(x.saved_sizes)} -> {param(y.saved_sizes)}"
    if (None if x.twin is None else match.of_a[x.twin]) != y.twin:
        yield f"twin {'none' if x.twin is None else f'%{x.twin}'} -> {'none' if y.twin is None else f'%{y.twin}'}"
    yield from _arguments(match, i, j, labels)


def _param(vertex: Vertex, key: str) -> str:
    return param(single(key, vertex.params[key])) if key in vertex.params else "none"


def _arguments(match: _Match, i: int, j: int, labels: tuple[Sequence[str], Sequence[str]]) -> Iterable[str]:
    old = {edge.position: edge.source for edge in match.a.in_edges(i)}
    new = {edge.position: edge.source for edge in match.b.in_edges(j)}
    for position in sorted({*old, *new}):
        x, y = old.get(position), new.get(position)
        if x is None or y is None or match.of_a[x] != y:
            was, now = _value(match.a, x, labels[0]), _value(match.b, y, labels[1])
            yield f"argument {position} {was} -> {now}"


def _value(graph: Graph, i: int | None, labels: Sequence[str]) -> str:
    """What an argument is: a number, or a vertex and what made it."""
    if i is None:
        return "none"
    vertex = graph.vertices[i]
    return labels[i] if "value" in vertex.params else f"{labels[i]} {vertex.name or vertex.op or vertex.kind}"


def _ends(match: _Match) -> Iterable[str]:
    """Whether what is in both graphs comes in another order: as an argument, as a result, or in the schedule."""
    for name in ("inputs", "outputs"):
        old, new = getattr(match.a, name), getattr(match.b, name)
        kept = [match.of_a[i] for i in old if match.of_a[i] is not None]
        if kept != [j for j in new if match.of_b[j] is not None]:
            yield f"{name} come in another order"
    order = [j for j in match.of_a if j is not None]
    if order != sorted(order):
        yield "what is in both is computed in another order"


# Recognition --------------------------------------------------------------------------------------------------


class _Match:
    """Which vertex of one graph is which of the other."""

    def __init__(self, a: Graph, b: Graph) -> None:
        self.a, self.b = a, b
        self.of_a: list[int | None] = [None] * len(a)
        self.of_b: list[int | None] = [None] * len(b)
        numbers = _Numbers()
        self._in_order(_up(a, numbers), _up(b, numbers))
        self._in_order(_down(a, numbers), _down(b, numbers))
        self._beside()
        for key in (_exactly, _by_name, _roughly):
            self._in_order([key(v) for v in a.vertices], [key(v) for v in b.vertices])
            self._beside()

    def _pair(self, i: int, j: int) -> None:
        self.of_a[i], self.of_b[j] = j, i

    def _in_order(self, keys_a: Sequence[Hashable], keys_b: Sequence[Hashable]) -> None:
        """Pair what has no partner yet and the same key: the first with the first, and so on."""
        waiting: dict[Hashable, list[int]] = defaultdict(list)
        for j in reversed(range(len(self.b))):
            if self.of_b[j] is None and keys_b[j] is not None:
                waiting[keys_b[j]].append(j)
        for i in range(len(self.a)):
            if self.of_a[i] is None and waiting.get(keys_a[i]):
                self._pair(i, waiting[keys_a[i]].pop())

    def _beside(self) -> None:
        """Pair neighbours of pairs: the same argument of both, or the only users that are alike."""
        todo = [(i, j) for i, j in enumerate(self.of_a) if j is not None]
        while todo:
            i, j = todo.pop()
            for x, y in (*_arguments_of(self.a, i, self.b, j), *_users_of(self, i, j)):
                if (
                    self.of_a[x] is None
                    and self.of_b[y] is None
                    and _alike(self.a.vertices[x], self.b.vertices[y])
                ):
                    self._pair(x, y)
                    todo.append((x, y))


def _arguments_of(a: Graph, i: int, b: Graph, j: int) -> Iterable[tuple[int, int]]:
    old, new = a.in_edges(i), b.in_edges(j)
    if len(old) == len(new):
        yield from ((x.source, y.source) for x, y in zip(old, new, strict=True))


def _users_of(match: _Match, i: int, j: int) -> Iterable[tuple[int, int]]:
    """Users of a pair that take it at the same place, are alike, and are the only ones of their kind."""
    sides = []
    for graph, partner, edges in (
        (match.a, match.of_a, match.a.out_edges(i)),
        (match.b, match.of_b, match.b.out_edges(j)),
    ):
        found: dict[Hashable, list[int]] = defaultdict(list)
        for edge in edges:
            if partner[edge.target] is None:
                found[_use(graph, edge)].append(edge.target)
        sides.append(found)
    for key, users in sides[0].items():
        others = sides[1].get(key, [])
        if len(users) == len(others) == 1:
            yield users[0], others[0]


def _use(graph: Graph, edge: Edge) -> Hashable:
    vertex = graph.vertices[edge.target]
    return edge.position, vertex.op, vertex.kind, vertex.scope, vertex.phase


def _alike(x: Vertex, y: Vertex) -> bool:
    return (x.op, x.kind, x.phase) == (y.op, y.kind, y.phase) and (x.kind != "parameter" or x.name == y.name)


class _Numbers(dict[Hashable, int]):
    """A small number for each different thing: what is compared later is compared by it, however large it was."""

    def __missing__(self, key: Hashable) -> int:
        number = self[key] = len(self)
        return number


def _fixed(vertex: Vertex) -> Hashable:
    """All that a vertex says about itself, without ids."""
    params = tuple((key, param(value)) for key, value in sorted(vertex.params.items()))
    said = (vertex.op, vertex.kind, vertex.name, vertex.scope, vertex.phase, vertex.device, vertex.line)
    return said, params, vertex.shape, vertex.dtype, vertex.saved


def _up(graph: Graph, numbers: _Numbers) -> list[Hashable]:
    """For each vertex the number of all that it is computed from."""
    found: list[Hashable] = []
    for vertex in graph.vertices:
        sources = tuple((edge.position, found[edge.source]) for edge in graph.in_edges(vertex.id))
        found.append(numbers["up", _fixed(vertex), sources])
    return found


def _down(graph: Graph, numbers: _Numbers) -> list[Hashable]:
    """For each vertex the number of all that becomes of it."""
    found: list[Hashable] = [None] * len(graph)
    for vertex in reversed(graph.vertices):
        uses = sorted((edge.position, found[edge.target]) for edge in graph.out_edges(vertex.id))
        found[vertex.id] = numbers["down", _fixed(vertex), tuple(uses)]
    return found


def _exactly(vertex: Vertex) -> Hashable:
    return _fixed(vertex)


def _by_name(vertex: Vertex) -> Hashable:
    """Outputs, inputs and parameters are who their name says."""
    return (vertex.kind, vertex.name, vertex.phase) if vertex.name else None


def _roughly(vertex: Vertex) -> Hashable:
    return vertex.op, vertex.kind, vertex.scope, vertex.phase
