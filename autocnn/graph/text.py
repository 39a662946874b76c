"""A graph as text: one line per value."""

from __future__ import annotations

import re

from autocnn.graph.data import ITEM, SEVERAL, Graph, Vertex

_BY_AXIS = frozenset({"dilation", "kernel", "output_padding", "padding", "stride"})
_SHORT = {"float": "f", "bfloat": "bf", "int": "i", "uint": "u", "complex": "c"}


def listing(graph: Graph) -> str:
    """One line per vertex; picked outputs of an op with several are written ``%4.1``, numbers as such.

    Parameters of ops are short: ``stride=1`` for (1, 1), and nothing for None or False; JSON has them in full.

    >>> from autocnn.graph.data import Edge
    >>> x = Vertex(0, "", "input", {}, (2, 3), "float32", name="x")
    >>> y = Vertex(1, "tanh", "op", {}, (2, 3), "float32", scope="act")
    >>> print(listing(Graph((x, y), (Edge(0, 1),), inputs=(0,))))
    %0: f32[2,3] = input "x"
    %1: f32[2,3] = tanh(%0)  # act
    """
    labels = reference_labels(graph)
    shown = (v for v in graph.vertices if v.op != ITEM and not (v.kind == "constant" and v.params))
    return "\n".join(line(graph, v, labels) for v in shown)


def line(graph: Graph, vertex: Vertex, labels: list[str] | None = None) -> str:
    """The listing's line of one vertex."""
    labels = reference_labels(graph) if labels is None else labels
    head = f"%{vertex.id}: {_types(graph, vertex)} = "
    if vertex.kind in ("op", "module"):
        arguments = [labels[edge.source] for edge in graph.in_edges(vertex.id)]
        arguments += [
            f"{key}={param(single(key, value))}" for key, value in sorted(vertex.params.items()) if _tells(value)
        ]
        head += f"{vertex.op}({', '.join(arguments)})"
    elif vertex.kind == "output":
        head += f"output({labels[graph.in_edges(vertex.id)[0].source]})"
    else:
        head += vertex.kind
    if vertex.name:
        head += f" {_quoted(vertex.name)}"
    return head + _comment(vertex)


def reference_labels(graph: Graph) -> list[str]:
    """How other lines refer to each vertex: ``%4``, ``%4.1`` for output 1 of it, ``%4.r0`` for a residual."""
    labels = [f"%{vertex.id}" for vertex in graph.vertices]
    for vertex in graph.vertices:
        if vertex.op == ITEM:
            mark = "r" if vertex.params.get("residual") else ""
            labels[vertex.id] = f"{labels[graph.in_edges(vertex.id)[0].source]}.{mark}{vertex.params['index']}"
        elif vertex.kind == "constant" and "value" in vertex.params:
            labels[vertex.id] = param(vertex.params["value"])
    return labels


def value_type(vertex: Vertex) -> str:
    """Element type and shape, short.

    >>> value_type(Vertex(0, "", "input", {}, (2, 3), "float32"))
    'f32[2,3]'
    """
    split = re.fullmatch(r"([a-z]+)(\d+)", vertex.dtype)
    short = _SHORT.get(split.group(1), split.group(1)) + split.group(2) if split else vertex.dtype
    return f"{short}[{','.join(map(str, vertex.shape))}]"


def param(value: object) -> str:
    """A parameter of an op, short and stable.

    >>> param((1, 1)), param("same"), param(0.1), param(slice(1, None))
    ('(1, 1)', "'same'", '0.1', '1::')
    """
    if isinstance(value, slice):
        return ":".join("" if part is None else str(part) for part in (value.start, value.stop, value.step))
    if isinstance(value, tuple | list):
        inside = ", ".join(param(part) for part in value)
        return f"({inside},)" if len(value) == 1 else f"({inside})"
    if isinstance(value, str):
        return "'" + _quoted(value)[1:-1] + "'"
    return "..." if value is Ellipsis else repr(value)


def _types(graph: Graph, vertex: Vertex) -> str:
    if vertex.dtype != SEVERAL:
        return value_type(vertex)
    items = [graph.vertices[edge.target] for edge in graph.out_edges(vertex.id)]
    items = [item for item in items if item.op == ITEM and not item.params.get("residual")]
    found = {item.params["index"]: value_type(item) for item in items}
    return f"({', '.join(f'{place}: {found[place]}' for place in sorted(found, key=str))})"


def single(key: str, value: object) -> object:
    """One number in place of several equal ones, for the parameters of which users give one.

    >>> single("stride", (3, 3)), single("padding", ((1, 1), (1, 1))), single("stride", (1, 2))
    (3, 1, (1, 2))
    """
    while key in _BY_AXIS and isinstance(value, tuple) and value and all(part == value[0] for part in value):
        value = value[0]
    return value


def _tells(value: object) -> bool:
    """Whether a parameter says anything: most that are None or False are options not taken."""
    return value is not None and value is not False


def _quoted(text: str) -> str:
    """Text on one line, in quotes, control characters spelt out."""
    safe = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in safe) + '"'


def _comment(vertex: Vertex) -> str:
    parts = []
    if vertex.phase != "forward":
        order = "second order" if vertex.phase == "second" else "backward"
        parts.append(order if vertex.twin is None else f"{order} of %{vertex.twin}")
    if vertex.scope:
        parts.append(_quoted(vertex.scope)[1:-1])
    if vertex.line:
        parts.append(_quoted(vertex.line)[1:-1])
    return "  # " + ", ".join(parts) if parts else ""
