"""`flow`: a graph, or twins side by side, with the size of the gradient on every line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import isfinite
from typing import Any

from autocnn.errors import GraphError
from autocnn.graph import Graph, transform
from autocnn.viz import style
from autocnn.viz.dot import Direction, Theme
from autocnn.viz.flow import grade
from autocnn.viz.flow.drawing import Drawing, View
from autocnn.viz.flow.key import key
from autocnn.viz.flow.numbers import Flows, Place
from autocnn.viz.picture import Picture, inches
from autocnn.viz.words import escaped, quoted, short

BLOCKS = 8
"""Blocks that stay if nothing else is said."""


def flow(
    graph: Graph | Mapping[str, Graph],
    sizes: Mapping[Any, Any] | None = None,
    shares: Mapping[Any, Any] | None = None,
    *,
    at_loss: float | Mapping[str, float] | None = None,
    title: str = "",
    blocks: int | None = BLOCKS,
    depth: int | None = None,
    parameters: bool = False,
    view: View = "gradient",
    direction: Direction = "TB",
    legend: bool = True,
    theme: Theme = "light",
    size: str | tuple[float, float] | None = None,
    font: str = "",
) -> Picture:
    """A picture of how large the gradient is on its way from the loss to the inputs.

    ``sizes`` are RMS by vertex of the graph, and by edge for what each user of a value brings to its gradient;
    ``shares`` are signed shares of that by edge, which sum to 1 at every value. An edge is an `Edge`,
    (source, target), (source, target, position), or (source, targets) for several together. All is drawn relative
    to ``at_loss``, by default the RMS at the value nearest the loss that is no single number: a line of 8 pixels
    is as large, each decade below is 7/6 of a pixel thinner, and less than a millionth is a dotted hairline.
    Colours say the same: grey as at the loss, purple smaller, orange larger. All pictures have this one scale.

    ``view`` "forward" draws the same layout the other way: what is a plus here is a dot there. ``blocks`` is how
    many blocks in a row stay (None: all), ``depth`` how deep the modules are that are boxes; no skip is ever
    folded away. Mappings by name instead of a graph, sizes and shares draw twins side by side. The rest is as in
    `draw`.
    Raises GraphError for what is no graph, no number, or not in the graph.

    >>> from autocnn.graph import Edge, Vertex
    >>> x, y = Vertex(0, "", "input", {}, (2,), "float32", name="x"), Vertex(1, "tanh", "op", {}, (2,), "float32")
    >>> picture = flow(Graph((x, y), (Edge(0, 1),), inputs=(0,)), {0: 0.003, 1: 0.3})
    >>> "penwidth=4.25" in picture.dot  # 5.67 pixels: two decades below
    True
    """
    if view not in ("gradient", "forward"):
        raise GraphError(f"flow: view is {view!r}; 'gradient' or 'forward'")
    if direction not in ("TB", "LR") or theme not in ("light", "dark"):
        raise GraphError(f"flow: direction is {direction!r}, theme {theme!r}; 'TB' or 'LR', 'light' or 'dark'")
    drawings = {
        name: Drawing(_flows(*given, blocks, depth), view, parameters, letter if name else "", direction)
        for letter, (name, given) in zip("abcdefgh", _named(graph, sizes, shares, at_loss).items(), strict=False)
    }
    lines = ["digraph flow {", *_settings(title, drawings, view, direction, font, inches(size, direction))]
    for number, (name, drawing) in enumerate(drawings.items()):
        lines += _cluster(number, name, drawing) if name else [f"  {text}" for text in drawing.lines()]
    lines += _level(list(drawings.values()))
    if legend and view == "gradient":
        lines += key((drawing.end for drawing in drawings.values()), _largest(drawings))
    text = "\n".join([*lines, "}", ""])
    first = next(iter(drawings.values())).graph
    return Picture(first if len(drawings) == 1 else None, style.themed(text, theme), title)


Given = tuple[Graph, Mapping[Place, float], Mapping[Place, float], float | None]


def _named(graph: Any, sizes: Any, shares: Any, at_loss: Any) -> dict[str, Given]:
    """The graphs by name, with their numbers; one alone has no name."""
    if not isinstance(graph, Mapping):
        return {"": _given("", graph, sizes or {}, shares or {}, at_loss)}
    if not graph or len(graph) > 8:
        raise GraphError(f"flow: graph has {len(graph)} graphs; 1 to 8 stand side by side")
    for what, numbers in (("sizes", sizes), ("shares", shares), ("at_loss", at_loss)):
        wrong = [name for name in numbers or () if name not in graph] if isinstance(numbers, Mapping) else []
        if wrong or not isinstance(numbers, Mapping | None):
            raise GraphError(
                f"flow: {what} has {wrong or numbers!r}; graphs by name take {what} by the same names"
            )
    return {
        str(name): _given(
            f" of {name!r}",
            each,
            (sizes or {}).get(name, {}),
            (shares or {}).get(name, {}),
            (at_loss or {}).get(name),
        )
        for name, each in graph.items()
    }


def _given(which: str, graph: Any, sizes: Any, shares: Any, at_loss: Any) -> Given:
    if not isinstance(graph, Graph):
        raise GraphError(f"flow: graph{which} is a {type(graph).__name__}; make one: graph.trace(net, x)")
    for what, numbers in (("sizes", sizes), ("shares", shares)):
        if not isinstance(numbers, Mapping):
            raise GraphError(f"flow: {what}{which} is a {type(numbers).__name__}; a mapping from vertex or edge")
    return graph, sizes, shares, at_loss


def _flows(
    graph: Graph, sizes: Mapping[Place, float], shares: Mapping[Place, float], at_loss: float | None,
    blocks: int | None, depth: int | None,
) -> Flows:  # fmt: skip
    return Flows.of(transform.outline(graph, depth=depth, blocks=blocks), sizes, shares, at_loss)


def _settings(
    title: str, drawings: Mapping[str, Drawing], view: View, direction: str, font: str,
    size: tuple[float, float] | None,
) -> Iterator[str]:  # fmt: skip
    base = f"fontname={quoted(font or style.FONT)}"
    yield f'  graph [rankdir={direction} newrank=true bgcolor="{style.GROUND}" pad=0.25 nodesep=0.3 ranksep=0.3'
    if size is not None:
        yield f'    size="{size[0]:g},{size[1]:g}"'
    yield f'    {base} fontsize=11 fontcolor="{style.INK}" labelloc=t labeljust=l'
    yield f"    label={_heading(title, drawings, view)}];"
    yield f'  node [{base} fontsize=11 fontcolor="{style.INK}" margin="0.1,0.045" height=0.3 width=0.4];'
    yield f'  edge [{base} fontsize=8 fontcolor="{style.MUTED}"];'


def _heading(title: str, drawings: Mapping[str, Drawing], view: View) -> str:
    rows = [f'<font point-size="15"><b>{escaped(short(title, 90))}</b></font>'] if title else []
    for name, drawing in drawings.items():
        said = _facts(drawing.flows) if view == "gradient" else "forward pass"
        text = f"{name}: {said}" if name else said
        rows.append(f'<font point-size="9" color="{style.MUTED}">{escaped(short(text, 140))}</font>')
    cells = "".join(f'<tr><td align="left">{row}</td></tr>' for row in rows)
    return f'<<table border="0" cellborder="0" cellspacing="0" cellpadding="1">{cells}</table>>'


def _facts(flows: Flows) -> str:
    """The sizes at either end, in words."""
    if not flows.known:
        return "no gradient yet"
    sized = [(place, flows.value(place)) for part in flows.outline.parts for place in part.vertices]
    place, ratio = next(((place, ratio) for place, ratio in sized if ratio is not None), (0, None))
    facts = [f"gradient RMS {flows.at_loss:.3g} next to the loss"]
    if ratio is not None:
        vertex = flows.outline.graph.vertices[place]
        facts.append(
            f"{grade.written(ratio)} of it arrives at {vertex.name or vertex.scope.replace('/', '.') or vertex.op}"
        )
    return " · ".join(facts)


def _cluster(number: int, name: str, drawing: Drawing) -> Iterator[str]:
    yield f"  subgraph cluster_{number} {{"
    yield f'    graph [label=<<b>{escaped(short(name))}</b>> style=rounded pencolor="{style.FAINT}" penwidth=0.8'
    yield f'      fontsize=12 fontcolor="{style.INK}" labeljust=l margin=10];'
    yield from (f"    {text}" for text in drawing.lines())
    yield "  }"


def _level(drawings: list[Drawing]) -> Iterator[str]:
    """Boxes of one name stand level in twins."""
    first, others = drawings[0].level(), [drawing.level() for drawing in drawings[1:]]
    for name, vertex in first.items():
        if others and all(name in other for other in others):
            yield f"  {{rank=same; {'; '.join([vertex, *(other[name] for other in others)])};}}"


def _largest(drawings: Mapping[str, Drawing]) -> int:
    """The highest decade that the legend needs to show."""
    ratios = [
        size / drawing.flows.at_loss
        for drawing in drawings.values()
        for size in (*drawing.flows.vertices.values(), *drawing.flows.edges.values())
    ]
    return max([0, *(grade.decade(ratio) for ratio in ratios if ratio and isfinite(ratio))])
