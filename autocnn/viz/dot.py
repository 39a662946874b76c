"""A graph in the language of Graphviz. Equal graphs give equal text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

from autocnn.errors import GraphError
from autocnn.graph import Edge, Graph, Vertex
from autocnn.graph.analysis import skip_edges
from autocnn.graph.data import ITEM, LEAVES
from autocnn.graph.text import line, reference_labels
from autocnn.viz import clusters, style
from autocnn.viz.legend import legend
from autocnn.viz.words import heading, label, quoted, shape

Direction = Literal["TB", "LR"]


def to_dot(
    graph: Graph, *, title: str = "", direction: Direction = "TB", shapes: bool = True, key: bool = True
) -> str:
    """The picture of a graph as DOT text.

    Modules are nested boxes. If the graph holds a forward and a backward pass, the forward pass runs one way
    and the backward pass beside it the other way, so that each gradient stands by the value it belongs to.
    ``shapes`` writes shapes on the edges, ``key`` adds the legend.

    >>> from autocnn.graph import Vertex
    >>> x = Vertex(0, "", "input", {}, (2, 3), "float32", name="x")
    >>> "v0" in to_dot(Graph((x,), (), inputs=(0,)))
    True
    """
    if direction not in ("TB", "LR"):
        raise GraphError(f"to_dot: direction is {direction!r}; 'TB' (top-down) or 'LR' (left to right)")
    picture = _Picture(graph, shapes)
    lines = ["digraph autocnn {", *_settings(title or "", graph, direction)]
    lines += picture.boxes()
    lines += picture.arrows()
    if key:
        lines += legend(picture.families, picture.passes, picture.strokes, picture.last())
    return "\n".join([*lines, "}", ""])


def _settings(title: str, graph: Graph, direction: str) -> Iterator[str]:
    base = f'fontname="{style.FONT}"'
    yield f'  graph [rankdir={direction} newrank=true bgcolor="white" pad=0.25 nodesep=0.28 ranksep=0.34'
    yield f'    {base} fontsize=11 fontcolor="{style.INK}" labelloc=t labeljust=l'
    yield f"    label={heading(title, graph)}];"
    yield f'  node [{base} fontsize=11 fontcolor="{style.INK}" margin="0.1,0.045" height=0.3 width=0.4];'
    yield f'  edge [{base} fontsize=8 fontcolor="{style.MUTED}" arrowsize=0.6];'


class _Picture:
    """The statements of one picture, and the parts of the visual language that they use."""

    def __init__(self, graph: Graph, shapes: bool) -> None:
        self.graph, self.shapes = graph, shapes
        self.skips = skip_edges(graph)
        self.references = reference_labels(graph)
        self.paths, self.alone = clusters.without_lone(graph, clusters.paths(graph))
        self.fed = {e.target for e in graph.edges if graph.vertices[e.source].kind == "parameter"}
        """Ops that take parameters, which stand on a line of their own between the op and what it works on."""
        self.families: set[str] = set()
        self.passes: set[str] = {vertex.phase for vertex in graph.vertices if vertex.kind == "op"}
        self.strokes: set[str] = set()
        self.both = "forward" in self.passes and len(self.passes) > 1

    def boxes(self) -> Iterator[str]:
        """The vertices in their boxes; a walk with a stack of its own, since modules may nest deeply."""
        inside: dict[clusters.Path, list[str]] = {}
        nested: dict[clusters.Path, dict[clusters.Path, None]] = {}
        roots: dict[clusters.Path, None] = {}
        for vertex, path in zip(self.graph.vertices, self.paths, strict=True):
            if vertex.op != ITEM:
                inside.setdefault(path, []).append(self._node(vertex))
                _hang(path, roots, nested)
        number = 0
        todo = [(path, False) for path in reversed(roots)]
        while todo:
            path, closing = todo.pop()
            pad = "  " * (min(len(path[1]), 20) + 1)
            if closing:
                yield pad[2:] + "}"
                continue
            if path[1] or self.both:
                yield from _box_head(number, path, pad) if path[1] else _pass_head(path, pad)
                number += bool(path[1])
                todo.append((path, True))
            yield from (pad + text for text in inside.get(path, ()))
            todo.extend((child, False) for child in reversed(nested.get(path, {})))

    def _node(self, vertex: Vertex) -> str:
        name = style.family(vertex)
        self.families.add(name)
        kind, phase = style.FAMILIES[name], style.PASSES[vertex.phase]
        outline = style.FAINT if vertex.kind in ("parameter", "constant") else phase.line
        fill = phase.line if vertex.kind == "output" and vertex.phase != "forward" else kind.fill
        attributes = [
            f"label={label(vertex, self.alone.get(vertex.id, ''))}",
            f'shape={kind.shape} style="{kind.style}" fillcolor="{fill}" color="{outline}"',
            f"penwidth={phase.width} tooltip={quoted(line(self.graph, vertex, self.references))}",
        ]
        if phase.rings > 1:
            attributes.append(f"peripheries={phase.rings}")
        return f"v{vertex.id} [{' '.join(attributes)}];"

    def arrows(self) -> Iterator[str]:
        """The edges; the outputs of an op with several are drawn as edges from the op itself."""
        origin = list(range(len(self.graph)))
        for place, edge in enumerate(self.graph.edges):
            target = self.graph.vertices[edge.target]
            if target.op == ITEM:
                origin[target.id] = origin[edge.source]
            else:
                yield self._arrow(place, edge, origin[edge.source])
        if self.both:
            yield from self._twins()

    def _arrow(self, place: int, edge: Edge, origin: int) -> str:
        source, target = self.graph.vertices[edge.source], self.graph.vertices[edge.target]
        name = style.stroke(source, target, place in self.skips)
        self.strokes.add(name)
        stroke = style.STROKES[name]
        attributes = [f'color="{stroke.color}" penwidth={stroke.width} style={stroke.style}']
        if self.shapes and not (name in ("leaf", "saved") or source.kind in LEAVES or target.kind == "output"):
            attributes.append(f"label={quoted(' ' + shape(source) + ' ')}")
        if name.startswith("skip"):
            attributes.append("weight=0 arrowsize=0.5")
        elif name in style.PASSES:
            attributes.append("weight=4")
        if name != "leaf" and (target.id in self.fed or (source.twin in self.fed and target.kind != "output")):
            attributes.append("minlen=2")
        ends = f"v{origin} -> v{target.id}"
        if self.both and target.phase != "forward":
            if source.phase == "forward":
                attributes.append("constraint=false")
            else:
                ends = f"v{target.id} -> v{origin}"
                attributes.append("dir=back")
        return f"  {ends} [{' '.join(attributes)}];"

    def last(self) -> list[str]:
        """The lowest vertices; beside a forward pass, a backward pass stands on its head."""
        above = set()
        for edge in self.graph.edges:
            passes = [self.graph.vertices[end].phase for end in (edge.source, edge.target)]
            if not self.both or passes[1] == "forward":
                above.add(edge.source)
            elif passes[0] != "forward":
                above.add(edge.target)
        return [f"v{v.id}" for v in self.graph.vertices if v.op != ITEM and v.id not in above]

    def _twins(self) -> Iterator[str]:
        """Unseen edges that keep a backward vertex level with its twin."""
        for vertex in self.graph.vertices:
            if vertex.twin is not None and vertex.kind == "op" and vertex.op != ITEM:
                twin = self.graph.vertices[vertex.twin]
                if twin.op != ITEM and twin.kind not in LEAVES:
                    yield f"  v{twin.id} -> v{vertex.id} [style=invis minlen=0 weight=9];"


def _hang(
    path: clusters.Path,
    roots: dict[clusters.Path, None],
    nested: dict[clusters.Path, dict[clusters.Path, None]],
) -> None:
    """Note a box and the boxes around it, in the order in which they are first met."""
    while path[1]:
        parent = (path[0], path[1][:-1])
        siblings = nested.setdefault(parent, {})
        if path in siblings:
            return
        siblings[path] = None
        path = parent
    roots.setdefault(path)


def _pass_head(path: clusters.Path, pad: str) -> Sequence[str]:
    """An unseen box that keeps a pass together."""
    return (f"{pad[2:]}subgraph cluster_{path[0]} {{", f'{pad}graph [style=invis label=""];')


def _box_head(number: int, path: clusters.Path, pad: str) -> Sequence[str]:
    phase = style.PASSES[path[0]]
    words = clusters.title(path)
    if path[0] != "forward":
        words += f" · {phase.title}"
    dash = "rounded,filled" if path[0] == "forward" else "rounded,filled,dashed"
    return (
        f"{pad[2:]}subgraph cluster_{number} {{",
        f'{pad}graph [label={quoted(words)} style="{dash}" pencolor="{phase.line}" penwidth=0.8',
        f'{pad}  fillcolor="{phase.ground}" fontsize=10 fontcolor="{phase.line}" labeljust=c margin=9];',
    )
