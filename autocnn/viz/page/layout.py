"""Where the parts of each box lie: every box is laid out by Graphviz once, its inner boxes closed.

Boxes that look alike share a layout, so that a network of equal blocks costs one block.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from autocnn.graph.data import ITEM
from autocnn.viz import style
from autocnn.viz.page.nest import ROOT, Box, Child, End, Nest
from autocnn.viz.render import positions

Size: TypeAlias = tuple[int, int]

LINE, SMALL, BORDER = 15, 11, 12
"""Height of a caption's first line, of its other lines, and what is added to both, in pixels."""

_WIDER = {"ellipse": 1.22, "hexagon": 1.2, "octagon": 1.12, "cds": 1.16, "component": 1.12}
"""What a shape's outline needs beyond its text."""

_INCH = 72
_GAP = 12
"""Pixels that keep children apart beside what keeps all parts apart: what passes a border needs less room."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Size of a box when open; the places of its parts; the curves of its links, as Bezier control points.

    Parts are counted: children first, then what comes in, then what goes out.
    """

    size: Size
    places: tuple[tuple[int, int, int, int], ...]
    curves: tuple[tuple[int, ...], ...]


def layouts(nest: Nest, sizes: Mapping[Child, Size]) -> tuple[list[Layout], list[int]]:
    """The different layouts, and which of them each box has."""
    texts: dict[str, int] = {}
    chosen = []
    for box in nest.boxes:
        text = "\n".join(_dot(nest, box, sizes))
        chosen.append(texts.setdefault(text, len(texts)))
    plain = positions(list(texts))
    return [_read(result, text) for result, text in zip(plain, texts, strict=True)], chosen


def parts(box: Box) -> list[End]:
    """The parts of a box, in the order in which a layout counts them."""
    return [
        *(("child", child) for child in box.children),
        *(("in", value) for value in sorted(box.ins)),
        *(("out", value) for value in sorted(box.outs)),
    ]


def size(lines: Sequence[str], shape: str) -> Size:
    """How large a vertex with such a caption is.

    >>> size(["conv"], "box")
    (46, 27)
    """
    wide = max(width(lines[0], 12) * 1.08, *(width(line, 9) for line in lines[1:]), 20)
    return 2 * round((wide * _WIDER.get(shape, 1) + 16) / 2), LINE + SMALL * (len(lines) - 1) + BORDER + (
        5 if shape == "cylinder" else 0
    )


def width(text: str, points: float) -> float:
    """About how wide a text is in a font without serifs.

    >>> round(width("mill", 10))
    19
    """
    return points * sum(_em(letter) for letter in text)


def _em(letter: str) -> float:
    if unicodedata.east_asian_width(letter) in "WF":
        return 1.0
    if letter in "mwMW@%…":
        return 0.88
    if letter in "ijltfrI.,:;'|![]()/ ":
        return 0.34
    return 0.7 if letter.isupper() else 0.58


def _dot(nest: Nest, box: Box, sizes: Mapping[Child, Size]) -> Iterator[str]:
    """A box for Graphviz: sizes and links only, so that boxes that look alike are equal text."""
    place = {part: number for number, part in enumerate(parts(box))}
    yield f"digraph {{ graph [rankdir={'BT' if nest.upward(box) else 'TB'} nodesep=0.0833 ranksep=0.38]"
    yield 'node [shape=box fixedsize=true label=""] edge [arrowhead=none arrowtail=none]'
    if box.number == ROOT and nest.both:
        yield from _columns(nest, box, sizes, place)
    else:
        yield from (_node(place["child", child], sizes[child]) for child in box.children)
    beside = _beside(box)
    for rank, name, values in (("source", "in", box.ins), ("sink", "out", box.outs)):
        if values:
            yield f"{{rank={rank}"
            yield from (f"n{place[name, value]} [shape=point width=0.02 height=0.02]" for value in sorted(values))
            yield from (f"n{place['child', child]}" for child in beside[name])
            yield "}"
    for (start, end), stroke in box.links.items():
        weight = 4 if stroke in style.PASSES else int(not stroke.startswith("skip"))
        ends = f"n{place[start]}", f"n{place[end]}"
        if box.number == ROOT and nest.both and _phase(nest, end[1]) != "forward":
            yield f"{ends[1]} -> {ends[0]} [weight={weight} dir=back]"
        else:
            yield f"{ends[0]} -> {ends[1]} [weight={weight}]"
    yield "}"


def _beside(box: Box) -> dict[str, list[Child]]:
    """The children that may stand level with what comes in, as parameters of the first op do, or goes out."""
    tied: dict[str, dict[End, list[End]]] = {"in": {}, "out": {}}
    for start, end in box.links:
        tied["in"].setdefault(end, []).append(start)
        tied["out"].setdefault(start, []).append(end)
    found: dict[str, list[Child]] = {}
    for name, other in (("in", "out"), ("out", "in")):
        ends = {part for part in (("child", child) for child in box.children) if part not in tied[name]}
        near = [
            part
            for part in ends
            if all(
                all(far in ends or far[0] == name for far in tied[name][end]) for end in tied[other].get(part, [])
            )
        ]
        found[name] = sorted(part[1] for part in near)
    return found


def _node(number: int, size: Size) -> str:
    return f"n{number} [width={(size[0] + _GAP) / _INCH:.4f} height={size[1] / _INCH:.4f}]"


def _phase(nest: Nest, child: Child) -> str:
    return nest.graph.vertices[child].phase if child >= 0 else nest.boxes[~child].path[0]


def _columns(nest: Nest, box: Box, sizes: Mapping[Child, Size], place: Mapping[End, int]) -> Iterator[str]:
    """The passes side by side, each vertex level with the one that it belongs to."""
    yield "newrank=true"
    for phase in style.PASSES:
        yield f"subgraph cluster_{phase} {{ margin=18 "
        inside = (child for child in box.children if _phase(nest, child) == phase)
        yield from (_node(place["child", child], sizes[child]) for child in inside)
        yield "}"
    level: dict[tuple[Child, Child], None] = {}
    for vertex in nest.graph.vertices:
        twin = None if vertex.twin is None else nest.graph.vertices[vertex.twin]
        later = vertex.kind in ("op", "module") and vertex.phase != "forward"
        if later and twin is not None and ITEM not in (vertex.op, twin.op):  # items are not drawn
            level[nest.child(twin.id), nest.child(vertex.id)] = None
    for first, second in level:
        if first != second:
            ends = place["child", first], place["child", second]
            yield f"n{ends[0]} -> n{ends[1]} [style=invis minlen=0 weight=0]"


def _read(plain: str, dot: str) -> Layout:
    """A layout from Graphviz's words; it counts inches from below, we pixels from above."""
    size, places, curves = (0, 0), {}, []
    backward = set(re.findall(r"^(n\d+) -> (n\d+) .*dir=back", dot, re.MULTILINE))
    for line in plain.splitlines():
        kind, *words = line.split()
        if kind == "graph":
            size = _pixels(words[1]), _pixels(words[2])
        elif kind == "node":
            x, y, wide, high = (_pixels(word) for word in words[1:5])
            child = wide > _GAP  # and not a point on the border
            places[int(words[0][1:])] = x, size[1] - y, wide - _GAP * child, high
        elif kind == "edge" and words[-2] != "invis":
            numbers = [_pixels(word) for word in words[3 : 3 + 2 * int(words[2])]]
            points = [(x, size[1] - y) for x, y in zip(numbers[::2], numbers[1::2], strict=True)]
            ends = [int(words[0][1:]), int(words[1][1:])]
            if (words[0], words[1]) in backward:
                ends, points = ends[::-1], points[::-1]
            curves.append((*ends, *(z for point in points for z in point)))
    return Layout(size, tuple(places[i] for i in range(len(places))), tuple(curves))


def _pixels(inches: str) -> int:
    return round(float(inches) * _INCH)
