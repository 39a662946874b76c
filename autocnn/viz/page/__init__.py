"""A graph as one self-contained page that a browser opens without a server, a network or Graphviz."""

from __future__ import annotations

import html as markup
import os
from typing import Any

from autocnn.errors import GraphError
from autocnn.graph import Graph, graph_of, transform
from autocnn.graph.store import write_whole
from autocnn.viz.offline import filled, part, policy, program
from autocnn.viz.page.data import as_script, full_listing, page_data
from autocnn.viz.page.theme import rules, variables
from autocnn.viz.words import printable

SCRIPTS = ("shapes.js", "graph.js", "geometry.js", "view.js", "details.js", "page.js")
"""The page's program, in the order in which its parts build on each other."""


def html(
    graph: Any,
    path: str | os.PathLike[str] | None = None,
    *,
    title: str = "",
    views: bool = False,
    constants: bool = False,
) -> str:
    """A page on which to explore a graph, or that of a tensor: modules that open, search, paths, derivatives.

    The page is one file that needs nothing else; it is written to ``path`` if one is given, and returned. Modules
    are laid out by Graphviz now, so that the reader does not need it. ``views`` and ``constants`` say whether ops
    that only reshape, and constants, are drawn; the listing on the page has them all.
    Raises GraphError for what is no graph.

    >>> from autocnn.graph import Edge, Vertex
    >>> x = Vertex(0, "", "input", {}, (2, 3), "float32", name="x")
    >>> y = Vertex(1, "tanh", "op", {}, (2, 3), "float32")
    >>> html(Graph((x, y), (Edge(0, 1),), inputs=(0,)))[:15]
    '<!doctype html>'
    """
    graph = graph_of(graph) if hasattr(graph, "grad_fn") else graph
    title = printable(str(title or "")) or "Compute graph"
    if not isinstance(graph, Graph):
        raise GraphError(
            f"html: graph is a {type(graph).__name__}; it must be a Graph or a Tensor. "
            "Make one: graph.trace(net, x), or graph.graph_of(loss)"
        )
    shown, ids = transform.hidden(graph, views=not views, constants=not constants)
    script = program(__package__, SCRIPTS)
    style = variables() + rules() + part(__package__, "page.css")
    page = filled(
        part(__package__, "page.html"),
        policy=policy(script, style),
        title=markup.escape(title),
        style=style,
        script=script,
        listing=markup.escape(full_listing(graph)),
        data=as_script(page_data(graph, shown, ids)),
    )
    if path is not None:
        write_whole(path, page.encode())
    return page
