"""A graph in the language of Graphviz. Equal graphs give equal text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

from autocnn.errors import GraphError
from autocnn.graph import Edge, Graph, Vertex
from autocnn.graph.analysis import skip_edges
from autocnn.graph.data import ITEM, LEAVES, SEVERAL
from autocnn.graph.text import line, reference_labels
from autocnn.viz import clusters, style
from autocnn.viz.legend import legend
from autocnn.viz.marks import NONE, Marks
from autocnn.viz.scale import ink_on, written
from autocnn.viz.words import heading, label, quoted, shape

Direction = Literal["TB", "LR"]
Theme = Literal["light", "dark"]

FAR = 2000
"""Rows that kept values may cross in all, if nothing is said: about 3 seconds of Graphviz's time."""
_TIGHT = frozenset({"hexagon", "octagon"})


def to_dot(
    graph: Graph,
    *,
    title: str = "",
    direction: Direction = "TB",
    shapes: bool = True,
    key: bool = True,
    marks: Marks = NONE,
    theme: Theme = "light",
    font: str = "",
    size: tuple[float, float] | None = None,
    kept: bool | None = None,
) -> str:
    """The picture of a graph as DOT text.

    Modules are nested boxes. If the graph holds a forward and a backward pass, the forward pass runs one way
    and the backward pass beside it the other way, so that each gradient stands by the value it belongs to. With
    a second-order pass, which reads both, all run one way.
    ``shapes`` writes shapes on the edges, ``kept`` draws values that later passes read, by default unless they
    run along so much of the picture that Graphviz would take long; ``key`` adds the legend,
    ``marks`` adds numbers, ``font`` is a name or several, ``size`` in inches is what the picture must not exceed.

    >>> from autocnn.graph import Vertex
    >>> x = Vertex(0, "", "input", {}, (2, 3), "float32", name="x")
    >>> "v0" in to_dot(Graph((x,), (), inputs=(0,)))
    True
    """
    if direction not in ("TB", "LR"):
        raise GraphError(f"to_dot: direction is {direction!r}; 'TB' (top-down) or 'LR' (left to right)")
    if theme not in ("light", "dark"):
        raise GraphError(f"to_dot: theme is {theme!r}; 'light' or 'dark'")
    picture = _Picture(graph, shapes, marks, kept)
    words = heading(title, graph, marks.gradients, _LEFT_OUT if kept is None and not picture.kept else "")
    lines = ["digraph autocnn {", *_settings(words, direction, font, size)]
    lines += picture.boxes()
    lines += picture.arrows()
    if key:
        scales = [("on vertices", marks.scale), ("on edges", marks.edge_scale)]
        shown = [(name, scale) for name, scale in scales if scale is not None]
        below = picture.last()
        lines += legend(picture.families, picture.passes, picture.strokes, below, shown, level=direction == "TB")
    text = "\n".join([*lines, "}", ""])
    return style.themed(text, theme)


_LEFT_OUT = "what passes keep for later ones is left out (kept=True draws it)"


def _settings(words: str, direction: str, font: str, size: tuple[float, float] | None) -> Iterator[str]:
    base = f"fontname={quoted(font or style.FONT)}"
    yield f'  graph [rankdir={direction} newrank=true bgcolor="{style.GROUND}" pad=0.25 nodesep=0.28 ranksep=0.34'
    if size is not None:
        yield f'    size="{size[0]:g},{size[1]:g}"'
    yield f'    {base} fontsize=11 fontcolor="{style.INK}" labelloc=t labeljust=l'
    yield f"    label={words}];"
    yield f'  node [{base} fontsize=11 fontcolor="{style.INK}" margin="0.1,0.045" height=0.3 width=0.4];'
    yield f'  edge [{base} fontsize=8 fontcolor="{style.MUTED}" arrowsize=0.6];'


class _Picture:
    """The statements of one picture, and the parts of the visual language that they use."""

    def __init__(self, graph: Graph, shapes: bool, marks: Marks, kept: bool | None) -> None:
        self.graph, self.shapes, self.marks = graph, shapes, marks
        self.skips = skip_edges(graph)
        self.references = reference_labels(graph)
        self.paths, self.alone = clusters.without_lone(graph, clusters.paths(graph))
        self.passes: set[str] = {vertex.phase for vertex in graph.vertices if vertex.kind in ("op", "module")}
        self.both = self.passes == {"forward", "backward"}
        near = self.both or "forward" not in self.passes or _reach(graph) <= FAR
        self.kept = near if kept is None else kept
        self.beside = {} if self.both else self._beside()
        """Parameters that stand beside the op that takes them: the op, and whether to its right."""
        above = (
            e for e in graph.edges if graph.vertices[e.source].kind == "parameter" and e.source not in self.beside
        )
        self.fed = {edge.target for edge in above}
        """Ops that take parameters which stand on a line of their own between the op and what it works on."""
        self.families: set[str] = set()
        self.strokes: set[str] = set()

    def _beside(self) -> dict[int, tuple[int, bool]]:
        """The first two parameters of each op that are its own: one to its left, one to its right.

        So values enter a module from above, and the way through the modules is straight. Beside a backward pass
        it would not be: there vertices of one rank have to stand level with their twins.
        """
        found: dict[int, tuple[int, bool]] = {}
        taken: dict[int, int] = {}
        for edge in self.graph.edges:
            source = self.graph.vertices[edge.source]
            own = source.kind == "parameter" and self.paths[edge.source] == self.paths[edge.target]
            if own and len(self.graph.out_edges(edge.source)) == 1 and taken.get(edge.target, 0) < 2:
                found[edge.source] = edge.target, bool(taken.get(edge.target))
                taken[edge.target] = taken.get(edge.target, 0) + 1
        return found

    def boxes(self) -> Iterator[str]:
        """The vertices in their boxes; a walk with a stack of its own, since modules may nest deeply."""
        inside: dict[clusters.Path, list[str]] = {}
        nested: dict[clusters.Path, dict[clusters.Path, None]] = {}
        roots: dict[clusters.Path, None] = {}
        for vertex, path in zip(self.graph.vertices, self.paths, strict=True):
            if vertex.op != ITEM:
                inside.setdefault(path, []).append(self._node(vertex))
                _hang(path, roots, nested)
        for leaf, (op, _) in self.beside.items():
            inside[self.paths[op]].append(f"{{rank=same; v{leaf}; v{op};}}")
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
        ink = ""
        if self.marks.scale is not None and vertex.id in self.marks.numbers:
            fill = self.marks.scale.color(self.marks.numbers[vertex.id])
            ink = ink_on(fill)
        tip = self.marks.tips.get(vertex.id) or line(self.graph, vertex, self.references)
        text = label(vertex, self.alone.get(vertex.id, ""), self.marks.lines.get(vertex.id, ()), ink)
        attributes = [
            f"label={text}",
            f'shape={kind.shape} style="{kind.style}" fillcolor="{fill}" color="{outline}"',
            f"penwidth={phase.width} tooltip={quoted(tip)}",
        ]
        if kind.shape in _TIGHT:
            attributes.append('margin="0.02,0.01"')
        if phase.rings > 1:
            attributes.append(f"peripheries={phase.rings}")
        return f"v{vertex.id} [{' '.join(attributes)}];"

    def arrows(self) -> Iterator[str]:
        """The edges; the outputs of an op with several are drawn as edges from the op itself."""
        origin = list(range(len(self.graph)))
        for place, edge in enumerate(self.graph.edges):
            target = self.graph.vertices[edge.target]
            source = self.graph.vertices[edge.source]
            crosses = "forward" in self.passes and source.phase == "forward" != target.phase
            if target.op == ITEM:
                origin[target.id] = origin[edge.source]
            elif self.kept or not crosses:
                yield self._arrow(place, edge, origin[edge.source])
        if self.both:
            yield from self._twins()
        elif "forward" in self.passes and not self.kept:
            yield from self._order()

    def _arrow(self, place: int, edge: Edge, origin: int) -> str:
        source, target = self.graph.vertices[edge.source], self.graph.vertices[edge.target]
        name = style.stroke(source, target, place in self.skips)
        self.strokes.add(name)
        stroke = style.STROKES[name]
        number = self.marks.edges.get((edge.source, edge.target, edge.position))
        color, width = stroke.color, stroke.width
        if number is not None and self.marks.edge_scale is not None:
            color, width = self.marks.edge_scale.color(number), self.marks.edge_scale.width(number)
        attributes = [f'color="{color}" penwidth={width} style={stroke.style}']
        if number is not None:
            attributes.append(f"label={quoted(' ' + written(number) + ' ')}")
        elif self._has_shape(source, target, name):
            attributes.append(f"label={quoted(' ' + shape(source) + ' ')}")
        if name.startswith("skip"):
            attributes.append("weight=0 arrowsize=0.5")
        elif name in style.PASSES:
            attributes.append("weight=4")
        if name != "leaf" and (target.id in self.fed or (source.twin in self.fed and target.kind != "output")):
            attributes.append("minlen=2")
        ends = f"v{origin} -> v{target.id}"
        if self.beside.get(origin) == (target.id, True):
            ends = f"v{target.id} -> v{origin}"
            attributes.append("dir=back")
        if self.both and target.phase != "forward":
            if source.phase == "forward":
                attributes.append("constraint=false")
            else:
                ends = f"v{target.id} -> v{origin}"
                attributes.append("dir=back")
        return f"  {ends} [{' '.join(attributes)}];"

    def _has_shape(self, source: Vertex, target: Vertex, stroke: str) -> bool:
        """Whether a shape is written on an edge: where it does not stand on either end, and there is one."""
        ends = stroke in ("leaf", "saved") or source.kind in LEAVES or target.kind == "output"
        return self.shapes and not ends and (source.dtype != SEVERAL or source.kind != "module")

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

    def _order(self) -> Iterator[str]:
        """An unseen edge that keeps what comes later below the forward pass."""
        ops = [vertex for vertex in self.graph.vertices if vertex.kind != "output" and vertex.op != ITEM]
        last = [vertex.id for vertex in ops if vertex.phase == "forward"][-1:]
        first = [vertex.id for vertex in ops if vertex.phase != "forward"][:1]
        yield from (f"  v{above} -> v{below} [style=invis];" for above in last for below in first)

    def _twins(self) -> Iterator[str]:
        """Unseen edges that keep a backward vertex level with its twin."""
        for vertex in self.graph.vertices:
            if vertex.twin is not None and vertex.kind in ("op", "module") and vertex.op != ITEM:
                twin = self.graph.vertices[vertex.twin]
                if twin.op != ITEM and twin.kind not in LEAVES:
                    yield f"  v{twin.id} -> v{vertex.id} [style=invis minlen=0 weight=9];"


def _reach(graph: Graph) -> int:
    """How many rows all values together cross that the forward pass keeps for later ones.

    Graphviz gives an edge a place in every row that it crosses, and orders them all: its time grows faster than
    their number.
    """
    row = [0] * len(graph)
    rows = 0
    for edge in graph.edges:
        row[edge.target] = max(row[edge.target], row[edge.source] + 1)
    for edge in graph.edges:
        if graph.vertices[edge.source].phase == "forward" != graph.vertices[edge.target].phase:
            rows += row[edge.target] - row[edge.source]
    return rows


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
        f'{pad}  fillcolor="{phase.ground}" fontsize=10 fontcolor="{phase.line}" labeljust=l margin=9];',
    )
