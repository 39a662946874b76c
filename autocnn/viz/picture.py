"""A picture of a graph: it shows itself in a notebook and saves itself in any format."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from autocnn.errors import GraphError
from autocnn.graph import Graph, store, transform
from autocnn.viz.dot import Direction, to_dot
from autocnn.viz.render import FORMATS, render


@dataclass(frozen=True)
class Picture:
    """A graph and its DOT text; the other formats are made when they are asked for."""

    graph: Graph = field(repr=False)
    dot: str = field(repr=False)

    @cached_property
    def svg(self) -> str:
        """The picture as SVG text."""
        return render(self.dot, "svg").decode()

    @cached_property
    def png(self) -> bytes:
        """The picture as PNG, 144 dots to the inch."""
        return render(self.dot, "png")

    def _repr_svg_(self) -> str:
        return self.svg[self.svg.index("<svg") :]

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the file whose suffix says what: .svg, .png, .pdf, .dot or .json; whole or not at all.

        Raises GraphError for another suffix.
        """
        suffix = Path(path).suffix.lower().lstrip(".")
        if suffix == "json":
            return store.save(self.graph, path)
        if suffix == "dot":
            return store.write_whole(path, self.dot.encode())
        if suffix not in FORMATS:
            raise GraphError(f"save: {Path(path).name} ends in {suffix!r}; one of .svg, .png, .pdf, .dot, .json")
        return store.write_whole(path, self.svg.encode() if suffix == "svg" else render(self.dot, suffix))


def draw(
    graph: Graph,
    *,
    title: str = "",
    depth: int | None = None,
    views: bool = False,
    constants: bool = False,
    direction: Direction = "TB",
    shapes: bool = True,
    legend: bool = True,
) -> Picture:
    """A picture of a graph.

    ``depth`` shows modules at that depth as single boxes; ``views`` and ``constants`` say whether ops that
    only reshape, and constants, are drawn.
    Raises GraphError for what is no graph.

    >>> from autocnn.graph import Edge, Vertex
    >>> x = Vertex(0, "", "input", {}, (2, 3), "float32", name="x")
    >>> y = Vertex(1, "tanh", "op", {}, (2, 3), "float32")
    >>> draw(Graph((x, y), (Edge(0, 1),), inputs=(0,))).svg.count("<svg")
    1
    """
    if not isinstance(graph, Graph):
        raise GraphError(
            f"draw: graph is a {type(graph).__name__}; it must be a Graph. Make one: graph.trace(net, x), "
            "or graph.graph_of(loss)"
        )
    shown = transform.hide(graph, views=not views, constants=not constants)
    if depth is not None:
        shown = transform.collapse(shown, depth)
    dot = to_dot(shown, title=title, direction=direction, shapes=shapes, key=legend)
    return Picture(graph, dot)
