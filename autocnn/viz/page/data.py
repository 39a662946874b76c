"""What the page knows, as one JSON value: rows of numbers, and the texts that they refer to."""

from __future__ import annotations

import json
import re
from typing import Any

from autocnn.graph import Graph, Vertex
from autocnn.graph.data import ITEM, SEVERAL
from autocnn.graph.text import line as listing_line
from autocnn.graph.text import listing, param, reference_labels, single
from autocnn.viz import clusters, style
from autocnn.viz.page.formulas import FORMULAS
from autocnn.viz.page.layout import Layout, Size, layouts, size
from autocnn.viz.page.nest import Box, Child, Nest
from autocnn.viz.words import caption, heading_facts, printable, short

FIELDS = (
    *("id", "caption", "family", "phase", "box", "twin", "op", "kind", "name", "type", "bytes"),
    *("scope", "params", "saved", "line", "device"),
)
"""The columns of a vertex's row; those of texts hold a place in the table of texts."""

TEXTS = frozenset(
    {"caption", "family", "phase", "op", "kind", "name", "type", "scope", "params", "line", "device"}
)

BOX_FIELDS = (
    "title",
    "phase",
    "parent",
    "layout",
    "children",
    "ins",
    "outs",
    "mirror",
    "ops",
    "parameters",
    "family",
)


def page_data(whole: Graph, shown: Graph, ids: list[int]) -> dict[str, Any]:
    """Everything that the page draws and tells of ``shown``, which is ``whole`` without what is hidden.

    ``ids`` are the numbers that the vertices of ``shown`` have in ``whole``.
    """
    nest, texts = Nest(shown), _Texts()
    sizes = _sizes(nest)
    found, chosen = layouts(nest, sizes)
    describe = _Describer(whole, shown, ids, nest, texts)
    boxes = [_box(nest, box, chosen[box.number], texts) for box in nest.boxes]
    used = sorted({vertex.op for vertex in shown.vertices if vertex.op in FORMULAS})
    strokes = [*style.STROKES]
    return {
        "facts": heading_facts(shown),
        "both": nest.both,
        "fields": FIELDS,
        "textFields": sorted(TEXTS),
        "boxFields": BOX_FIELDS,
        "vertices": [describe.row(vertex) for vertex in shown.vertices],
        "boxes": boxes,
        "lines": [
            number
            for line in nest.lines
            for number in (line.source, line.target, line.position, strokes.index(line.stroke))
        ],
        "layouts": [_layout(layout) for layout in found],
        "texts": texts.table,
        "families": _families(shown),
        "passes": {name: kind.title for name, kind in style.PASSES.items()},
        "strokes": [[name, kind.title, kind.width, kind.style] for name, kind in style.STROKES.items()],
        "formulas": {name: FORMULAS[name] for name in used},
    }


def as_script(data: object) -> str:
    """JSON that can stand in a script element: nothing in it ends the element or begins another.

    >>> as_script("</script>")
    '"\\\\u003c/script\\\\u003e"'
    """
    text = json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    for letter in "<>&\u2028\u2029":
        text = text.replace(letter, f"\\u{ord(letter):04x}")
    return text


def full_listing(whole: Graph) -> str:
    """The listing, every character of which can be shown."""
    return "\n".join(printable(line) for line in listing(whole).splitlines())


class _Texts:
    """A table in which equal texts are one."""

    def __init__(self) -> None:
        self.table: list[str] = [""]
        self._places = {"": 0}

    def place(self, text: str) -> int:
        """Where a text stands in the table."""
        if text not in self._places:
            self._places[text] = len(self.table)
            self.table.append(text)
        return self._places[text]


class _Describer:
    """Rows that tell of vertices, in the numbers of the whole graph."""

    def __init__(self, whole: Graph, shown: Graph, ids: list[int], nest: Nest, texts: _Texts) -> None:
        self.whole, self.shown, self.ids, self.nest, self.texts = whole, shown, ids, nest, texts
        self.labels = reference_labels(whole)

    def row(self, vertex: Vertex) -> list[Any]:
        """One vertex, by FIELDS."""
        original = self.whole.vertices[self.ids[vertex.id]]
        values: dict[str, Any] = {
            "id": original.id,
            "caption": "\n".join(_lines(self.nest, vertex)),
            "family": style.family(vertex),
            "phase": vertex.phase,
            "box": self.nest.home[vertex.id],
            "twin": -1 if vertex.twin is None else vertex.twin,
            "op": printable(vertex.op),
            "kind": vertex.kind,
            "name": printable(vertex.name or ""),
            "type": printable(self._type(original)),
            "bytes": self._bytes(original),
            "scope": printable(vertex.scope.replace("/", ".")),
            "params": "\n".join(printable(text) for text in _params(original)),
            "saved": self._saved(original),
            "line": printable(original.line or ""),
            "device": printable(original.device),
        }
        return [self.texts.place(values[name]) if name in TEXTS else values[name] for name in FIELDS]

    def _type(self, vertex: Vertex) -> str:
        if vertex.dtype != SEVERAL:
            return f"{'×'.join(map(str, vertex.shape)) or 'scalar'} {vertex.dtype}"
        match = re.match(r"%\d+: (.*?) = ", listing_line(self.whole, vertex, self.labels))
        return match.group(1) if match else SEVERAL

    def _bytes(self, vertex: Vertex) -> int:
        if vertex.dtype != SEVERAL:
            return vertex.nbytes
        items = (self.whole.vertices[edge.target] for edge in self.whole.out_edges(vertex.id))
        return sum(item.nbytes for item in items if item.op == ITEM)

    def _saved(self, vertex: Vertex) -> list[list[Any]]:
        """What the op keeps for its backward pass: which argument (-1: its result), its name, its bytes."""
        incoming = self.whole.in_edges(vertex.id)
        kept = []
        for position in vertex.saved:
            if 0 <= position < len(incoming):
                source = self.whole.vertices[incoming[position].source]
                kept.append([position, self.labels[source.id], source.nbytes])
            else:
                kept.append([-1, self.labels[vertex.id], self._bytes(vertex)])
        return kept


def _params(vertex: Vertex) -> list[str]:
    return [f"{key} = {param(single(key, value))}" for key, value in sorted(vertex.params.items())]


def _lines(nest: Nest, vertex: Vertex) -> list[str]:
    """The caption of a vertex, as in the drawings."""
    name, small = caption(vertex)
    module = nest.alone.get(vertex.id, name)
    small = small if module == name else [module, *small]
    return [printable(short(text)) for text in (name, *small)]


def _box_lines(nest: Nest, box: Box) -> list[str]:
    ops, parameters = _counts(nest, box)
    lines = [printable(short(clusters.title(box.path))), f"{ops:,} op{'s' * (ops != 1)}"]
    return [*lines, f"{parameters:,} parameter{'s' * (parameters != 1)}"] if parameters else lines


def _counts(nest: Nest, box: Box) -> tuple[int, int]:
    inside = list(nest.vertices(box))
    parameters = sum(vertex.size for vertex in inside if vertex.kind == "parameter")
    return sum(vertex.kind in ("op", "module") for vertex in inside), parameters


def _sizes(nest: Nest) -> dict[Child, Size]:
    sizes: dict[Child, Size] = {}
    for vertex in nest.graph.vertices:
        sizes[vertex.id] = size(_lines(nest, vertex), style.FAMILIES[style.family(vertex)].shape)
    for box in nest.boxes[1:]:
        wide, high = size(_box_lines(nest, box), "folder")
        sizes[~box.number] = (wide + 22, high)  # room for the mark that opens it
    return sizes


def _box(nest: Nest, box: Box, layout: int, texts: _Texts) -> list[Any]:
    """One box, by BOX_FIELDS."""
    title = printable(clusters.title(box.path)) if box.number else ""
    ops, parameters = _counts(nest, box)
    kinds = {style.family(vertex) for vertex in nest.vertices(box) if vertex.kind == "op"}
    mirror = nest.mirror(box) if box.number else None
    return [
        texts.place(title), box.path[0], -1 if box.parent is None else box.parent, layout,
        box.children, sorted(box.ins), sorted(box.outs), -1 if mirror is None else mirror, ops, parameters,
        kinds.pop() if len(kinds) == 1 else "module",
    ]  # fmt: skip


def _layout(layout: Layout) -> list[Any]:
    return [list(layout.size), [number for place in layout.places for number in place], layout.curves]


def _families(graph: Graph) -> dict[str, list[str]]:
    used = {style.family(vertex) for vertex in graph.vertices}
    return {
        name: [kind.title, kind.shape, kind.style]
        for name, kind in style.FAMILIES.items()
        if name in used or name == "module"
    }
