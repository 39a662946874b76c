"""Coarser views of a graph: modules as boxes, and repeated ones as one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache

from autocnn.errors import GraphError
from autocnn.graph.data import ITEM, LEAVES, Edge, Graph, Vertex
from autocnn.graph.transform.parts import renumbered
from autocnn.graph.transform.repeats import Repeat, fold

Path = tuple[str, ...]
Cut = Callable[[str], Path | None]
"""The module that a scope belongs to when modules are shown as boxes; None for what stays outside."""


def collapse(
    graph: Graph, depth: int = 1, *, where: Callable[[str], bool] | None = None, repeats: bool = False
) -> Graph:
    """Each visit to a module at ``depth`` as one vertex of kind "module".

    With ``where`` the outermost modules of which ``where(path)`` is true become boxes instead; a path is such as
    "layer1/0".
    A module visited twice with other work in between is two vertices. The forward and the backward pass of a
    module are apart. Parameters that only one module uses vanish into it, are counted there, and take their
    gradients with them.
    With ``repeats``, boxes and ops that repeat the ones before them, and take nothing but their results, become
    one box, which says how often, ``params["repeats"]``, and whether every time has its "own" weights, or the
    same ones, "shared": ``params["weights"]``, which may also be "partly shared" or "no".
    Raises GraphError if depth is not positive.
    """
    if depth < 1:
        raise GraphError(f"collapse: depth is {depth}; the outermost modules have depth 1")
    cut = _at_depth(depth) if where is None else _where(where)
    graph = _without_inner_gradients(graph, cut)
    group_of = _visits(graph, cut)
    _absorb_leaves(graph, cut, group_of)
    repeated = _folded(graph, group_of, cut) if repeats else {}
    members: dict[int, list[Vertex]] = {}
    for vertex in graph.vertices:
        group = group_of[vertex.id]
        if group is not None:
            members.setdefault(group, []).append(vertex)
    place_of = {group: _ops(inside)[-1].id for group, inside in members.items()}
    boxes = {
        place_of[group]: _box(graph, inside, group_of, cut, repeated.get(group))
        for group, inside in members.items()
    }
    stands_for = [
        v.id if group is None else place_of[group] for v, group in zip(graph.vertices, group_of, strict=True)
    ]
    order = _order(graph, group_of)
    kept = sorted((v.id for v in graph.vertices if stands_for[v.id] == v.id), key=order.__getitem__)
    vertices = [boxes.get(place, graph.vertices[place]) for place in kept]
    return renumbered(graph, vertices, _merged(graph, stands_for, set(boxes)), stands_for)


def _at_depth(depth: int) -> Cut:
    @cache
    def cut(scope: str) -> Path | None:
        path = scope.split("/") if scope else []
        return tuple(path[:depth]) if len(path) >= depth else None

    return cut


def _where(chosen: Callable[[str], bool]) -> Cut:
    chosen = cache(chosen)

    @cache
    def cut(scope: str) -> Path | None:
        path = tuple(scope.split("/")) if scope else ()
        ends = range(1, len(path) + 1)
        return next((path[:end] for end in ends if chosen("/".join(path[:end]))), None)

    return cut


def _without_inner_gradients(graph: Graph, cut: Cut) -> Graph:
    """The graph without the outputs that are gradients of parameters inside of modules."""
    group_of = _visits(graph, cut)
    _absorb_leaves(graph, cut, group_of)

    def inner(vertex: Vertex) -> bool:
        twin = vertex.twin if vertex.kind == "output" else None
        return twin is not None and graph.vertices[twin].kind == "parameter" and group_of[twin] is not None

    dropped = {vertex.id for vertex in graph.vertices if inner(vertex)}
    edges = [edge for edge in graph.edges if edge.target not in dropped]
    return renumbered(graph, [v for v in graph.vertices if v.id not in dropped], edges)


def _visits(graph: Graph, cut: Cut) -> list[int | None]:
    """For each op the number of its module visit.

    In the forward pass that is a run of one module in the order of computing. A backward pass computes in
    another order than its modules lie in, so there an op also joins the box of its module that is already
    there, unless it needs what comes behind that.
    """
    visits = _Visits(graph)
    for vertex in graph.vertices:
        if vertex.kind in LEAVES:
            continue
        if vertex.op == ITEM:  # residuals are picked late, by the backward pass, but belong to their op
            visits.follow(vertex.id, graph.in_edges(vertex.id)[0].source)
        else:
            visits.enter(vertex, cut(vertex.scope) if vertex.kind != "output" else None, cut)
    return visits.group_of


class _Visits:
    """Groups of ops, numbered so that what one needs comes from groups that started before it."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.group_of: list[int | None] = [None] * len(graph)
        self._start = [-1] * len(graph)
        """The first op of each op's group, by op."""
        self._current: tuple[str, Path] | None = None
        self._latest: dict[tuple[str, Path, int | None], int] = {}
        """The latest group of a module in a pass, and of its backward pass for one visit."""

    def follow(self, place: int, source: int) -> None:
        """Put a vertex where its source is."""
        self.group_of[place], self._start[place] = self.group_of[source], self._start[source]

    def enter(self, vertex: Vertex, path: Path | None, cut: Cut) -> None:
        """Put an op into the group of its module, or into a new one; into none if it lies in no module."""
        place = self._start[vertex.id] = vertex.id
        key = None if path is None else (vertex.phase, path)
        if key is not None:
            visit = None if vertex.phase == "forward" else self._visit(vertex, key[1], cut)
            found = self._latest.get((*key, visit))
            if found is None or not self._joins(vertex, found, key):
                found = place
            self._latest[*key, None] = self._latest[*key, visit] = found
            self.group_of[place] = self._start[place] = found
        self._current = key

    def _visit(self, vertex: Vertex, path: Path, cut: Cut) -> int | None:
        twin = self.graph.forward_twin(vertex.id)
        return self.group_of[twin] if twin is not None and cut(self.graph.vertices[twin].scope) == path else None

    def _joins(self, vertex: Vertex, group: int, key: tuple[str, Path]) -> bool:
        if vertex.phase == "forward":
            return key == self._current
        return all(self._start[edge.source] <= group for edge in self.graph.in_edges(vertex.id))


def _absorb_leaves(graph: Graph, cut: Cut, group_of: list[int | None]) -> None:
    """Put a parameter or constant into the one module that uses it; boxes of later passes may use it too."""
    home: dict[int, tuple[Path | None, int | None, str] | None] = {}
    for edge in graph.edges:
        if graph.vertices[edge.source].kind in ("parameter", "constant"):
            user, group = graph.vertices[edge.target], group_of[edge.target]
            path = cut(user.scope)
            first = home.setdefault(edge.source, None if group is None else (path, group, user.phase))
            elsewhere = first is not None and path != first[0] and user.phase == first[2]
            if group is None or elsewhere:
                home[edge.source] = None
    for leaf, found in home.items():
        group_of[leaf] = None if found is None else found[1]


def _folded(graph: Graph, group_of: list[int | None], cut: Cut) -> dict[int, Repeat]:
    """Fold repeats; leaves move with the box that they were in, or into the only one that uses them."""

    def key(vertex: Vertex) -> tuple[Path, str]:
        path = cut(vertex.scope) if group_of[vertex.id] is not None else None
        return ((), vertex.scope) if path is None else (path[:-1], vertex.scope[len("/".join(path)) :])

    leaves = [v.id for v in graph.vertices if v.kind in ("parameter", "constant")]
    before = list(group_of)
    repeated = fold(graph, group_of, key)
    now = {before[i]: group_of[i] for i in reversed(range(len(graph))) if graph.vertices[i].kind not in LEAVES}
    users: dict[int, set[int | None]] = {}
    for edge in graph.edges:
        if before[edge.source] is None:
            users.setdefault(edge.source, set()).add(group_of[edge.target])
    for leaf in leaves:
        if before[leaf] is not None:
            group_of[leaf] = now[before[leaf]]
        elif len(users.get(leaf, ())) == 1 and users[leaf] <= set(repeated):
            (group_of[leaf],) = users[leaf]
    return repeated


def _box(
    graph: Graph, inside: list[Vertex], group_of: list[int | None], cut: Cut, repeat: Repeat | None
) -> Vertex:
    """One vertex for many, at the last one's place, with the shape of the last value that others use."""
    ops = _ops(inside)
    last, group = ops[-1], group_of[ops[-1].id]
    used = (v for v in reversed(ops) if any(group_of[edge.target] != group for edge in graph.out_edges(v.id)))
    speaker = next(used, last)
    path = cut(last.scope) or ()
    count = sum(vertex.size for vertex in inside if vertex.kind == "parameter")
    params: dict[str, object] = {"ops": len(ops), "parameters": count} if count else {"ops": len(ops)}
    if repeat is not None:
        params |= {"repeats": repeat.times, "weights": repeat.weights}
    return Vertex(
        last.id,
        _named(ops, cut, repeat),
        "module",
        params,
        speaker.shape,
        speaker.dtype,
        speaker.device,
        scope="/".join(path[:-1]) if path else last.scope,
        phase=last.phase,
        twin=speaker.twin,
    )


def _order(graph: Graph, group_of: list[int | None]) -> list[tuple[int, int]]:
    """Where each vertex comes: a box where its first op is, a leaf before whatever first uses it."""
    first: dict[int, int] = {}
    order: list[tuple[int, int]] = []
    for vertex in graph.vertices:
        group = group_of[vertex.id] if vertex.kind not in LEAVES else None
        start = vertex.id if group is None else first.setdefault(group, vertex.id)
        order.append((start, vertex.id))
    for edge in graph.edges:
        if graph.vertices[edge.source].kind in LEAVES:
            order[edge.source] = min(order[edge.source], (order[edge.target][0], edge.source))
    return order


def _named(ops: list[Vertex], cut: Cut, repeat: Repeat | None) -> str:
    """The name of a box: of its module, of the first and last of several, or of the ops that are repeated."""
    paths = list(dict.fromkeys(cut(vertex.scope) for vertex in ops))
    if repeat is not None and None in paths:
        once = ops[: len(ops) // repeat.times]
        names = list(dict.fromkeys(module_name(cut(v.scope) or (v.op,)) for v in once))
        return ", ".join(names) if len(names) < 4 else f"{names[0]} .. {names[-1]}"
    if len(paths) > 1:
        first, last = sorted((path or ("",) for path in (paths[0], paths[-1])), key=lambda p: (len(p[-1]), p[-1]))
        if first[:-1] == last[:-1]:
            return module_name((*first[:-1], f"{first[-1]}..{last[-1]}"))
        return f"{module_name(first)}..{module_name(last)}"
    return module_name(paths[0] or ("",)) or "module"


def module_name(path: Sequence[str]) -> str:
    """What a module is called: the last name of its path, and a number with the name that it counts in.

    >>> module_name(["net", "head"]), module_name(["net", "blocks", "26"]), module_name(["2"])
    ('head', 'blocks.26', '[2]')
    >>> module_name(["layer1", "0..8"])  # nine of them
    'layer1.0..8'
    """
    start = len(path) - 1
    while start > 0 and path[start][:1].isdecimal():
        start -= 1
    name = ".".join(path[max(start, 0) :])
    return f"[{name}]" if name[:1].isdecimal() else name


def _ops(inside: list[Vertex]) -> list[Vertex]:
    return [vertex for vertex in inside if vertex.kind not in LEAVES and vertex.op != ITEM]


def _merged(graph: Graph, stands_for: list[int], boxes: set[int]) -> list[Edge]:
    """The edges between groups, one for each pair of a value's source and a box."""
    edges, seen, used = [], set(), dict.fromkeys(boxes, 0)
    for edge in graph.edges:
        source, target = stands_for[edge.source], stands_for[edge.target]
        absorbed = source != edge.source and graph.vertices[edge.source].kind in LEAVES
        if source == target or absorbed or (target in boxes and (source, target) in seen):
            continue
        seen.add((source, target))
        position = edge.position
        if target in boxes:
            position, used[target] = used[target], used[target] + 1
        edges.append(Edge(source, target, position))
    return edges
