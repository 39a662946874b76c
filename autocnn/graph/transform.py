"""Graphs made from graphs: parts of them, and coarser views of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from autocnn.errors import GraphError
from autocnn.graph.data import ITEM, LEAVES, Edge, Graph, Vertex

VIEWS = frozenset(
    {
        "alias",
        "broadcast_to",
        "cast",
        "channel_spread",
        "clone",
        "contiguous",
        "permute",
        "reshape",
        "same",
        "spread",
    }
)
"""Ops that hand on all elements of their first argument, and no others."""


def subgraph(graph: Graph, keep: Iterable[int]) -> Graph:
    """The vertices in ``keep``; what they take from outside becomes leaves.

    An op outside becomes an input, named after it; parameters and constants stay what they are.

    >>> x = Vertex(0, "", "input", {}, (), "float32", name="x")
    >>> y = Vertex(1, "tanh", "op", {}, (), "float32")
    >>> subgraph(Graph((x, y), (Edge(0, 1),), inputs=(0,)), [1])
    Graph(2 vertices, 1 edges)
    """
    chosen = set(keep)
    wrong = next((i for i in chosen if not 0 <= i < len(graph)), None)
    if wrong is not None:
        raise GraphError(f"subgraph: keep has {wrong}; the graph has vertices 0 to {len(graph) - 1}")
    edges = [edge for edge in graph.edges if edge.target in chosen]
    border = {edge.source for edge in edges} - chosen
    vertices = [
        _as_leaf(vertex) if vertex.id in border else vertex
        for vertex in graph.vertices
        if vertex.id in chosen or vertex.id in border
    ]
    return _renumbered(graph, vertices, edges)


def forward(graph: Graph) -> Graph:
    """The forward pass alone."""
    return subgraph(graph, (v.id for v in graph.vertices if v.phase == "forward"))


def backward(graph: Graph) -> Graph:
    """The backward pass alone; the forward values that it uses become inputs."""
    return subgraph(graph, (v.id for v in graph.vertices if v.phase == "backward"))


def second(graph: Graph) -> Graph:
    """The backward pass of the gradients alone; the earlier values that it uses become inputs."""
    return subgraph(graph, (v.id for v in graph.vertices if v.phase == "second"))


def ancestors(graph: Graph, *vertices: int) -> set[int]:
    """All vertices from which one of ``vertices`` can be reached, themselves included."""
    reached = set(vertices)
    for edge in reversed(graph.edges):  # sorted by target: all uses of a value come before its making
        if edge.target in reached:
            reached.add(edge.source)
    return reached


def descendants(graph: Graph, vertex: int) -> set[int]:
    """All vertices that can be reached from ``vertex``, itself included."""
    reached = {vertex}
    for edge in graph.edges:
        if edge.source in reached:
            reached.add(edge.target)
    return reached


def between(graph: Graph, source: int, target: int) -> Graph:
    """Everything on a path from ``source`` to ``target``, with the leaves that it needs."""
    return subgraph(graph, descendants(graph, source) & ancestors(graph, target))


def module(graph: Graph, scope: str) -> Graph:
    """One module in every pass: its ops, what flows in and out, and where the gradients of its input meet.

    Raises GraphError if no op lies in this scope.
    """
    inside = {v.id for v in graph.vertices if v.kind not in LEAVES and f"{v.scope}/".startswith(f"{scope}/")}
    if not inside:
        scopes = sorted({v.scope.split("/")[0] for v in graph.vertices if v.scope})
        raise GraphError(f"module: scope is {scope!r}; no op lies there. The outermost are {', '.join(scopes)}")
    passes = [graph.vertices[edge.source].phase for edge in graph.edges]
    given = {e.source for e in graph.edges if e.target in inside and graph.vertices[e.target].phase == "forward"}
    given -= inside
    for edge in graph.edges:
        target = graph.vertices[edge.target]
        meets = target.twin in given and target.op.split("_")[0] == "add"
        if edge.source in inside and meets and target.phase != "forward":
            inside.add(edge.target)
    leaving = {
        edge.source: phase
        for edge, phase in zip(graph.edges, passes, strict=True)
        if edge.source in inside and edge.target not in inside and graph.vertices[edge.target].phase == phase
    }
    ends = [
        replace(
            graph.vertices[source], id=len(graph) + place, op="", kind="output", params={}, scope="", twin=None,
            name="result" if phase == "forward" else "grad input", saved=(), line=None,
        )
        for place, (source, phase) in enumerate(leaving.items())
    ]  # fmt: skip
    whole = replace(
        graph,
        vertices=(*graph.vertices, *ends),
        edges=(*graph.edges, *(Edge(source, end.id) for source, end in zip(leaving, ends, strict=True))),
        outputs=(*graph.outputs, *(end.id for end in ends)),
    )
    return subgraph(whole, inside | {end.id for end in ends})


def hide(graph: Graph, *, views: bool = True, constants: bool = True) -> Graph:
    """The graph without view ops, which pass their source on, and without constants but a seed of gradients."""
    stands_for: list[int | None] = list(range(len(graph)))
    for vertex in graph.vertices:
        if views and vertex.op in VIEWS:
            stands_for[vertex.id] = stands_for[graph.in_edges(vertex.id)[0].source]
        elif constants and vertex.kind == "constant" and not _is_seed(vertex):
            stands_for[vertex.id] = None
    edges = []
    for edge in graph.edges:
        source = stands_for[edge.source]
        if stands_for[edge.target] == edge.target and source is not None:
            edges.append(Edge(source, edge.target, edge.position))
    fed = {edge.target for edge in edges}
    kept = [v for v in graph.vertices if stands_for[v.id] == v.id and (v.kind != "output" or v.id in fed)]
    kept = [_as_leaf(v) if v.op == ITEM and v.id not in fed else v for v in kept]
    return _renumbered(graph, kept, edges)


def _is_seed(vertex: Vertex) -> bool:
    """Whether a constant is where a backward pass begins."""
    return vertex.phase != "forward" and vertex.name is not None


def collapse(graph: Graph, depth: int = 1) -> Graph:
    """Each visit to a module at ``depth`` as one vertex of kind "module".

    A module visited twice with other work in between is two vertices. The forward and the backward pass of a
    module are apart. Parameters that only one module uses vanish into it, are counted there, and take their
    gradients with them.
    Raises GraphError if depth is not positive.
    """
    if depth < 1:
        raise GraphError(f"collapse: depth is {depth}; the outermost modules have depth 1")
    graph = _without_inner_gradients(graph, depth)
    group_of = _visits(graph, depth)
    _absorb_leaves(graph, depth, group_of)
    members: dict[int, list[Vertex]] = {}
    for vertex in graph.vertices:
        group = group_of[vertex.id]
        if group is not None:
            members.setdefault(group, []).append(vertex)
    place_of = {group: _ops(inside)[-1].id for group, inside in members.items()}
    boxes = {place_of[group]: _box(graph, inside, group_of, depth) for group, inside in members.items()}
    stands_for = [
        v.id if group is None else place_of[group] for v, group in zip(graph.vertices, group_of, strict=True)
    ]
    vertices = [boxes.get(v.id, v) for v in graph.vertices if stands_for[v.id] == v.id]
    return _renumbered(graph, vertices, _merged(graph, stands_for, set(boxes)), stands_for)


def _without_inner_gradients(graph: Graph, depth: int) -> Graph:
    """The graph without the outputs that are gradients of parameters inside of modules."""
    group_of = _visits(graph, depth)
    _absorb_leaves(graph, depth, group_of)

    def inner(vertex: Vertex) -> bool:
        twin = vertex.twin if vertex.kind == "output" else None
        return twin is not None and graph.vertices[twin].kind == "parameter" and group_of[twin] is not None

    dropped = {vertex.id for vertex in graph.vertices if inner(vertex)}
    edges = [edge for edge in graph.edges if edge.target not in dropped]
    return _renumbered(graph, [v for v in graph.vertices if v.id not in dropped], edges)


def _visits(graph: Graph, depth: int) -> list[int | None]:
    """For each op the number of its module visit: a run of one scope in the order of computing."""
    group_of: list[int | None] = [None] * len(graph)
    current, number = None, -1
    for vertex in graph.vertices:
        if vertex.kind in LEAVES:
            continue
        if vertex.op == ITEM:  # residuals are picked late, by the backward pass, but belong to their op
            group_of[vertex.id] = group_of[graph.in_edges(vertex.id)[0].source]
            continue
        path = vertex.scope.split("/") if vertex.scope else []
        key = (vertex.phase, tuple(path[:depth])) if len(path) >= depth and vertex.kind != "output" else None
        if key != current:
            current, number = key, number + 1
        group_of[vertex.id] = number if key is not None else None
    return group_of


def _absorb_leaves(graph: Graph, depth: int, group_of: list[int | None]) -> None:
    """Put a parameter or constant into the one module, whatever the pass, that uses it."""
    home: dict[int, tuple[str, int | None] | None] = {}
    for edge in graph.edges:
        if graph.vertices[edge.source].kind in ("parameter", "constant"):
            group = group_of[edge.target]
            scope = "/".join(graph.vertices[edge.target].scope.split("/")[:depth])
            first = home.setdefault(edge.source, None if group is None else (scope, group))
            if first is not None and (group is None or scope != first[0]):
                home[edge.source] = None
    for leaf, found in home.items():
        group_of[leaf] = None if found is None else found[1]


def _box(graph: Graph, inside: list[Vertex], group_of: list[int | None], depth: int) -> Vertex:
    """One vertex for many, at the last one's place, with the shape of the last value that others use."""
    ops = _ops(inside)
    last, group = ops[-1], group_of[ops[-1].id]
    used = (v for v in reversed(ops) if any(group_of[edge.target] != group for edge in graph.out_edges(v.id)))
    speaker = next(used, last)
    path = last.scope.split("/")[:depth]
    count = sum(vertex.size for vertex in inside if vertex.kind == "parameter")
    return Vertex(
        last.id,
        module_name(path) or "module",
        "module",
        {"ops": len(ops), "parameters": count} if count else {"ops": len(ops)},
        speaker.shape,
        speaker.dtype,
        speaker.device,
        scope="/".join(path[:-1]),
        phase=last.phase,
        twin=speaker.twin,
    )


def module_name(path: Sequence[str]) -> str:
    """What a module is called: the last name of its path, and a number with the name that it counts in.

    >>> module_name(["net", "head"]), module_name(["net", "blocks", "26"]), module_name(["2"])
    ('head', 'blocks.26', '[2]')
    """
    start = len(path) - 1
    while start > 0 and path[start].isdecimal():
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


def _as_leaf(vertex: Vertex) -> Vertex:
    """What is left of a vertex at the border of a part: an input, outside of every module."""
    if vertex.kind in LEAVES:
        return vertex
    name = vertex.name or (f"{vertex.op} result" if vertex.phase == "forward" else "gradient")
    return replace(vertex, op="", kind="input", params={}, scope="", name=name, saved=(), twin=None)


def _renumbered(
    graph: Graph,
    vertices: list[Vertex],
    edges: list[Edge],
    stands_for: list[int] | None = None,
) -> Graph:
    """The graph of these vertices and edges, with ids that are places again."""
    place = {vertex.id: number for number, vertex in enumerate(vertices)}

    def moved(vertex: Vertex) -> Vertex:
        number, twin = place[vertex.id], vertex.twin
        if twin is not None:
            found = place.get(twin if stands_for is None else stands_for[twin])
            twin = found if found is not None and found < number else None
        unchanged = number == vertex.id and twin == vertex.twin
        return vertex if unchanged else replace(vertex, id=number, twin=twin)

    renumbered = tuple(moved(vertex) for vertex in vertices)
    edges = [Edge(place[edge.source], place[edge.target], edge.position) for edge in edges]
    edges.sort(key=lambda edge: (edge.target, edge.position))
    new_inputs = [v.id for v in renumbered if v.kind == "input"]
    old_inputs = [place[i] for i in graph.inputs if i in place]
    inputs = (*old_inputs, *(i for i in new_inputs if i not in set(old_inputs)))
    outputs = tuple(place[i] for i in graph.outputs if i in place)
    values = {place[i]: value for i, value in graph.values.items() if i in place}
    return Graph(renumbered, tuple(edges), inputs=inputs, outputs=outputs, values=values)
