"""A picture of a graph: it shows itself in a notebook and saves itself in any format."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from autocnn.errors import GraphError
from autocnn.graph import Graph, listing, store, transform
from autocnn.graph.numbers import Numbers, numbers_of
from autocnn.viz.dot import Direction, Theme, to_dot
from autocnn.viz.marks import EdgeKey, marks, moved
from autocnn.viz.page import html
from autocnn.viz.render import FORMATS, render
from autocnn.viz.scale import Kind

PAPER = {"A3": (10.9, 15.7), "A4": (7.5, 10.9), "A5": (5.1, 7.5), "letter": (7.7, 10.2)}
"""Inches that paper has inside its margins, upright."""

MANY = 200
"""Most vertices whose values are written on them."""


@dataclass(frozen=True)
class Picture:
    """A graph and its DOT text; the other formats are made when they are asked for."""

    graph: Graph | None = field(repr=False)
    """None if it shows several."""
    dot: str = field(repr=False)
    title: str = ""

    @cached_property
    def svg(self) -> str:
        """The picture as SVG text."""
        return render(self.dot, "svg").decode()

    @cached_property
    def png(self) -> bytes:
        """The picture as PNG, 144 dots to the inch."""
        return render(self.dot, "png")

    @cached_property
    def pdf(self) -> bytes:
        """The picture as PDF."""
        return render(self.dot, "pdf")

    def _repr_svg_(self) -> str:
        return self.svg[self.svg.index("<svg") :]

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        """For notebooks: the picture, or, where it cannot be drawn, why not, and the listing."""
        try:
            return {"image/svg+xml": self._repr_svg_(), "text/plain": repr(self)}
        except GraphError as error:
            rest = f"\n{listing(self.graph)}" if self.graph is not None else ""
            return {"text/plain": f"{error}{rest}"}

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the file whose suffix says what: .svg, .png, .pdf, .html, .dot or .json; whole or not at all.

        The page and JSON hold the whole graph.

        Raises GraphError for another suffix.
        """
        suffix = Path(path).suffix.lower().lstrip(".")
        if suffix in ("json", "html") and self.graph is None:
            raise GraphError(f"save: {Path(path).name} holds one graph, and this picture shows several; save each")
        if suffix == "json" and self.graph is not None:
            return store.save(self.graph, path)
        if suffix == "dot":
            return store.write_whole(path, self.dot.encode())
        if suffix == "html" and self.graph is not None:
            return store.write_whole(path, html(self.graph, title=self.title).encode())
        if suffix not in FORMATS:
            known = ".svg, .png, .pdf, .html, .dot, .json"
            raise GraphError(f"save: {Path(path).name} ends in {suffix!r}; one of {known}")
        return store.write_whole(path, self.svg.encode() if suffix == "svg" else render(self.dot, suffix))


def draw(
    graph: Any,
    *,
    title: str = "",
    depth: int | None = None,
    repeats: bool = False,
    views: bool = False,
    constants: bool | None = None,
    direction: Direction = "TB",
    shapes: bool = True,
    kept: bool | None = None,
    legend: bool = True,
    show: str | Iterable[str] = (),
    labels: Mapping[int, str] | None = None,
    numbers: Mapping[int, float] | None = None,
    edge_numbers: Mapping[EdgeKey, float] | None = None,
    scale: Kind = "auto",
    unit: str = "",
    names: Mapping[str, Any] | None = None,
    theme: Theme = "light",
    size: str | tuple[float, float] | None = None,
    font: str = "",
) -> Picture:
    """A picture of a graph, or of the graph that made a tensor.

    ``depth`` shows modules at that depth as boxes, with ``repeats`` equal ones in a row as one; ``views`` and
    ``constants``: whether ops that only reshape, and constants, are drawn; ``kept``: whether the dashed edges of
    values that the forward pass keeps, by default unless too many are too long. ``shapes`` are written on edges.
    ``show`` adds "multiply-adds", "bytes", "saved", "parameters". ``labels`` adds texts and ``numbers`` colours by
    vertex; ``edge_numbers``, by (source, target) or (source, target, position), become colour, width and label;
    ``scale`` is "linear", "log", "signed" or "auto", ``unit`` says what they are. Of a tensor of scalars only,
    values are shown, and gradients after ``backward``; ``names`` names tensors. ``size`` is a paper or inches.
    Raises GraphError for what is no graph, and for ids that the graph does not have.

    >>> import autocnn as ac
    >>> w, x = ac.tensor(0.5, requires_grad=True), ac.tensor(2.0, requires_grad=True)
    >>> z = (w * x).tanh() + x
    >>> z.backward()
    >>> "value 0.7616" in draw(z, names={"w": w, "x": x}).dot
    True
    """
    (graph, written), title = _read(graph, names), str(title or "")
    if depth is not None and (labels or numbers or edge_numbers):
        raise GraphError(
            "draw: labels and numbers are by vertex of the graph, and depth makes others; "
            "draw transform.collapse(graph, depth), with numbers by its vertices"
        )
    both = {**written, **{number: str(text) for number, text in (labels or {}).items()}}
    given = marks(graph, show, both, numbers, edge_numbers, scale, unit)
    constants = bool(written) if constants is None else constants
    shown, ids = transform.hidden(graph, views=not views, constants=not constants)
    given = moved(given, graph, ids)
    if depth is not None:
        shown, given = transform.collapse(shown, depth, repeats=repeats), marks(graph)
    given = replace(given, gradients=any("gradient" in text for text in written.values()))
    dot = to_dot(
        shown, title=title, direction=direction, shapes=shapes and not written, kept=kept, key=legend,
        marks=given, theme=theme, font=font, size=inches(size, direction),
    )  # fmt: skip
    return Picture(graph, dot, title)


def _read(graph: Any, names: Mapping[str, Any] | None) -> tuple[Graph, dict[int, str]]:
    """A graph, and what is written on its vertices if it is of scalars that a tensor holds."""
    wrong = [name for name, tensor in (names or {}).items() if not hasattr(tensor, "grad_fn")]
    if wrong:
        raise GraphError(f"draw: names[{wrong[0]!r}] is no tensor; names are of tensors, as in names={{'w': w}}")
    if hasattr(graph, "grad_fn"):
        found = numbers_of(graph, parameters=names)
        scalars = len(found.graph) <= MANY and all(vertex.size == 1 for vertex in found.graph.vertices)
        return found.graph, _values(found) if scalars else {}
    if not isinstance(graph, Graph):
        raise GraphError(
            f"draw: graph is a {type(graph).__name__}; it must be a Graph or a Tensor. "
            "Make one: graph.trace(net, x), or graph.graph_of(loss)"
        )
    return graph, {}


def _values(found: Numbers) -> dict[int, str]:
    """Values and gradients as they are written on the vertices."""
    said: dict[int, str] = {}
    for vertex in found.graph.vertices:
        parts = []
        if vertex.id in found.values:
            parts.append(f"value {_number(found.values[vertex.id])}")
        if vertex.id in found.gradients and vertex.kind != "output":
            parts.append(f"gradient {_number(found.gradients[vertex.id])}")
        if parts:
            said[vertex.id] = " · ".join(parts)
    return said


def _number(array: Any) -> str:
    return f"{float(array.reshape(())):.4g}" if array.dtype.kind != "c" else str(array)


def inches(size: str | tuple[float, float] | None, direction: Direction) -> tuple[float, float] | None:
    """The width and height of a paper, lying if the picture does, or as they are given.

    >>> inches("A4", "LR"), inches((4, 3), "TB")
    ((10.9, 7.5), (4.0, 3.0))
    """
    if size is None:
        return None
    if isinstance(size, str):
        if size not in PAPER:
            raise GraphError(f"draw: size is {size!r}; one of {', '.join(PAPER)}, or (width, height) in inches")
        return PAPER[size] if direction == "TB" else PAPER[size][::-1]
    sides = size if isinstance(size, tuple | list) else ()
    if len(sides) != 2 or not all(isinstance(side, int | float) and side > 0 for side in sides):
        raise GraphError(f"draw: size is {size}; a width and a height in inches, above 0")
    return float(size[0]), float(size[1])
