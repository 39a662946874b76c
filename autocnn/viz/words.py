"""The texts in a picture, made safe: whatever a name holds, it is shown as text."""

from __future__ import annotations

from collections.abc import Iterable
from math import isclose

from autocnn.graph import Graph, Vertex
from autocnn.graph.data import ITEM
from autocnn.graph.text import param, single
from autocnn.viz import style

LONGEST = 40
_QUIET = {
    "groups": 1, "dilation": 1, "stride": 1, "padding": 0, "output_padding": 0,
    "ignore": -100, "reduction": "mean", "count_include_pad": True,
}  # fmt: skip
_HIDDEN = frozenset({"shape", "key", "counter", "seed", "dtype", "index", "device"})


def quoted(text: str) -> str:
    """A DOT string that shows exactly this text.

    >>> print(quoted('a "b" <c> & \\\\d'))
    "a \\"b\\" <c> &amp; \\\\d"
    """
    safe = printable(text).replace("&", "&amp;").replace("\\", "\\\\").replace('"', '\\"')
    return f'"{safe}"'


def escaped(text: str) -> str:
    """Text inside a label in Graphviz's HTML.

    Graphviz puts the graph's name for ``\\G`` there and cannot be told otherwise: a word joiner,
    which is not seen, keeps the two apart.
    """
    safe = printable(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return safe.replace('"', "&quot;").replace("\\", "\\\u2060")


def label(vertex: Vertex, module: str = "", more: Iterable[str] = (), ink: str = "") -> str:
    """What stands on a vertex: its name in bold, below it what else one needs to know, small.

    ``module`` is the name of a module that is this op and no more, ``more`` are lines to add, ``ink`` is the
    colour of the text.
    """
    name, small = caption(vertex)
    small = [module, *small] if module not in ("", name) else small
    small = [*small, *more]
    color = ink or ("#FFFFFF" if vertex.kind == "output" else style.INK)
    quiet = ink or ("#FFFFFF" if vertex.kind == "output" else style.MUTED)
    size = 9 if vertex.kind in ("parameter", "constant") else 11
    rows = [f'<font point-size="{size}" color="{color}"><b>{escaped(short(name))}</b></font>']
    rows += [f'<font point-size="8" color="{quiet}">{escaped(short(text))}</font>' for text in small]
    return _table(rows, "center")


def _table(rows: list[str], align: str) -> str:
    cells = "".join(f'<tr><td align="{align}">{row}</td></tr>' for row in rows)
    return f'<<table border="0" cellborder="0" cellspacing="0" cellpadding="1">{cells}</table>>'


def shape(vertex: Vertex) -> str:
    """A shape as people write it; the element type only where it is not the usual one.

    >>> shape(Vertex(0, "", "input", {}, (2, 3), "float64"))
    '2×3 float64'
    """
    size = "×".join(map(str, vertex.shape)) or "scalar"
    return size if vertex.dtype in ("float32", "") else f"{size} {vertex.dtype}"


def heading(title: str, graph: Graph, gradients: bool = False, more: str = "") -> str:
    """The title, and a line that says what the graph holds, and ``more``."""
    rows = [f'<font point-size="15"><b>{escaped(short(title, 90))}</b></font>'] if title else []
    facts = " · ".join(filter(None, (heading_facts(graph, gradients), more)))
    rows.append(f'<font point-size="9" color="{style.MUTED}">{escaped(facts)}</font>')
    return _table(rows, "left")


def heading_facts(graph: Graph, gradients: bool = False) -> str:
    """How many ops and parameters a graph has, and of which passes; whether ``gradients`` are told.

    >>> heading_facts(Graph((Vertex(0, "tanh", "op", {}, (), "float32"),), ()))
    '1 op · forward pass · no backward pass recorded'
    """
    ops = sum(vertex.kind == "op" and vertex.op != ITEM for vertex in graph.vertices)
    ops += sum(_count(vertex, "ops") for vertex in graph.vertices if vertex.kind == "module")
    parameters = sum(vertex.size for vertex in graph.vertices if vertex.kind == "parameter")
    parameters += sum(_count(vertex, "parameters") for vertex in graph.vertices if vertex.kind == "module")
    kinds = {vertex.phase for vertex in graph.vertices if vertex.kind in ("op", "module")}
    titles = [style.PASSES[name].title for name in style.PASSES if name in kinds]
    passes = " and ".join([", ".join(titles[:-1]), titles[-1]] if len(titles) > 1 else titles)
    facts = [f"{ops:,} op{'s' * (ops != 1)}"]
    facts += [f"{parameters:,} parameter{'s' * (parameters != 1)}"] if parameters else []
    facts += [f"{passes} pass{'es' * (len(kinds) > 1)}"] if passes else []
    if kinds == {"forward"}:
        facts += ["gradients that backward left" if gradients else "no backward pass recorded"]
    return " · ".join(facts)


def short(text: str, longest: int = LONGEST) -> str:
    """Text cut in the middle if it is too long."""
    if len(text) <= longest:
        return text
    half = (longest - 1) // 2
    return f"{text[:half]}…{text[-half:]}"


def printable(text: str) -> str:
    """Text on one line whose every character can be seen, or says that it cannot.

    >>> printable("a\\tb\\x1b")
    'a b�'
    """
    return "".join(c if c.isprintable() else " " if c in "\t\n\r" else "\N{REPLACEMENT CHARACTER}" for c in text)


def _count(vertex: Vertex, what: str) -> int:
    count = vertex.params.get(what, 0)
    return count if isinstance(count, int) else 0


def caption(vertex: Vertex) -> tuple[str, list[str]]:
    """What stands on a vertex: its name, and below it small lines.

    >>> caption(Vertex(0, "", "input", {}, (2, 3), "float32", name="x"))
    ('x', ['2×3'])
    >>> caption(Vertex(0, "", "constant", {"value": 0.5}, (), "float"))
    ('0.5', ['number'])
    """
    if vertex.kind in ("op", "module"):
        return vertex.op, _notes(vertex)
    if vertex.kind == "constant" and "value" in vertex.params:
        return param(vertex.params["value"]), ["number"]
    name = vertex.name or vertex.kind
    prefix = vertex.scope.replace("/", ".") + "."
    if vertex.kind in ("parameter", "output"):
        name = name.removeprefix(prefix).replace(f"grad {prefix}", "grad ")
    return name, [shape(vertex)]


def _notes(vertex: Vertex) -> list[str]:
    """The parameters of an op that are not the usual ones, at most three."""
    if vertex.kind == "module":
        ops, parameters = _count(vertex, "ops"), _count(vertex, "parameters")
        notes = [f"{ops:,} op{'s' * (ops != 1)}"]
        notes += [f"{parameters:,} parameter{'s' * (parameters != 1)}"] if parameters else []
        times = _count(vertex, "repeats")
        return [f"×{times}, {vertex.params['weights']} weights", *notes] if times else notes
    notes = []
    for key, value in sorted(vertex.params.items()):
        value = single(key, value)
        if key not in _HIDDEN and value is not None and value is not False and value != _QUIET.get(key):
            notes.append(key if value is True else f"{key} {_number(value)}")
    together = ", ".join(notes[:3])
    return [together] if 0 < len(together) <= 24 else notes[:3]


def _number(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.3g}" if not isclose(value, round(value)) else str(round(value))
    return value if isinstance(value, str) else param(value)
