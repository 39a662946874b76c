"""One graph of a flow picture as DOT statements: the forward layout, with arrows the gradient's way."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from autocnn.graph import Edge, Vertex
from autocnn.graph.data import ITEM
from autocnn.graph.transform import VIEWS, Part, Wire, module_name
from autocnn.viz import style
from autocnn.viz.dot import Direction
from autocnn.viz.flow import grade
from autocnn.viz.flow.numbers import Flows, Meeting
from autocnn.viz.words import escaped, label, quoted, shape, short

View = Literal["gradient", "forward"]

SKIP, BRANCH, AGAINST = "#0072B2", "#C9D1D8", "#FFFFFF"
"""Parts of a bar: what comes through the skip, through a branch, and what works against the sum."""
INK = style.PASSES["forward"].line
BAR = 84
"""Points that a bar is long."""


class Drawing:
    """The statements of one graph; ``letter`` keeps its vertices apart from those of others."""

    def __init__(
        self, flows: Flows, view: View, parameters: bool, letter: str = "", direction: Direction = "TB"
    ) -> None:
        self.flows, self.outline, self.letter = flows, flows.outline, letter
        self.graph = flows.outline.graph
        self.back, self.parameters, self.down = view == "gradient", parameters, direction == "TB"
        self.shown = {place for part in self.outline.parts for place in part.vertices}
        self.forks: dict[int, list[Wire]] = {}
        for wire in self.outline.wires:
            self.forks.setdefault(wire.value, []).append(wire)
        self.forks = {value: wires for value, wires in self.forks.items() if len(wires) > 1}

    def lines(self) -> Iterator[str]:
        """Vertices, then wires."""
        for number, part in enumerate(self.outline.parts):
            yield self._part(number, part)
        yield f'{self.end} [label="{self._end_name()}" {END}];'
        for value in self.forks:
            yield self._point(self._fork(value), plus=self.back, tip=f"fork of %{value}")
        for value, wires in self.forks.items():
            yield self._wire(self._name(wires[0].source), self._fork(value), self._whole(value), self._bar(value))
        for wire in self.outline.wires:
            yield self._taken(wire)
        last = next(n for n, part in enumerate(self.outline.parts) if self.outline.loss in part.vertices)
        yield self._wire(
            self._name(last), self.end, 1.0 if self.flows.known and self.back else None, [], number=False
        )
        if self.parameters:
            yield from self._parameters()

    @property
    def end(self) -> str:
        """The vertex that stands for the loss."""
        return f"{self.letter}loss"

    def level(self) -> dict[str, str]:
        """Vertices by what they have in common with those of a twin."""
        found = {"end": self.end}
        for number, part in enumerate(self.outline.parts):
            if part.kind == "input" or (part.kind == "box" and self._many(part)):
                found.setdefault(part.name, self._name(number))
        return found

    # Vertices --------------------------------------------------------------------------------------------------

    def _part(self, number: int, part: Part) -> str:
        if part.kind == "join":
            return self._point(
                self._name(number), plus=not self.back, tip=f"{part.name}: the forward pass adds here"
            )
        vertex = self.graph.vertices[self._speaker(part)]
        kind = style.FAMILIES["module" if self._many(part) else style.family(vertex)]
        if self._many(part):
            note = f"{part.blocks} blocks" if part.blocks else self._inside(part)
            text = box_label(part.name, note if note != part.name else "")
        else:
            text = self._single(vertex)
        look = f'shape={kind.shape} style="{kind.style}" fillcolor="{kind.fill}" color="{INK}"'
        straight = "" if self._aside(number) else f' group="{self.letter}main"'
        tight = ' margin="0.02,0.01"' if kind.shape in ("hexagon", "octagon") else ""
        return f"{self._name(number)} [label={text} {look} tooltip={quoted(self._tip(part))}{tight}{straight}];"

    def _aside(self, number: int) -> bool:
        """Whether a part stands on a skip."""
        return any(wire.skip and wire.target == number for wire in self.outline.wires)

    def _single(self, vertex: Vertex) -> str:
        """An op alone: its name, and its module's if that holds parameters."""
        if vertex.kind != "op":
            return label(vertex)
        learns = any(self.graph.vertices[e.source].kind == "parameter" for e in self.graph.in_edges(vertex.id))
        return box_label(plain(vertex.op), module_name(vertex.scope.split("/")) if learns and vertex.scope else "")

    def _many(self, part: Part) -> bool:
        ops = [place for place in part.vertices if self.graph.vertices[place].op not in (ITEM, *VIEWS)]
        return len(ops) > 1

    def _speaker(self, part: Part) -> int:
        named = [place for place in part.vertices if self.graph.vertices[place].op not in (ITEM, *VIEWS)]
        return (named or part.vertices)[-1]

    def _inside(self, part: Part) -> str:
        """The ops of a box, if they are few."""
        ops = [self.graph.vertices[place].op for place in part.vertices]
        ops = [plain(op) for op in ops if op not in (ITEM, *VIEWS)]
        return ", ".join(ops) if len(ops) <= 4 else f"{len(ops)} ops"

    def _tip(self, part: Part) -> str:
        first, last = part.vertices[0], part.vertices[-1]
        return f"%{first}" if first == last else f"%{first} to %{last}"

    def _point(self, name: str, *, plus: bool, tip: str) -> str:
        """Where values meet or part: a sum is a circle with a plus, a copy a dot."""
        look = "shape=point width=0.07 height=0.07"
        if plus:
            look = 'shape=circle label="+" width=0.2 height=0.2 fixedsize=true fontsize=12 margin=0'
            look += f' style=filled fillcolor="{style.GROUND}"'
        return f'{name} [{look} color="{INK}" group="{self.letter}main" tooltip={quoted(tip)}];'

    # Wires -----------------------------------------------------------------------------------------------------

    def _taken(self, wire: Wire) -> str:
        """What one user takes of a value."""
        forked = wire.value in self.forks
        start = self._fork(wire.value) if forked else self._name(wire.source)
        ratio = self.flows.along(wire) if self.back else None
        words = f"{wire.skips} skips" if wire.skips > 1 else "skip" if wire.skip else ""
        number = not forked and self.outline.parts[wire.target].kind != "join"  # which copies the number behind it
        return self._wire(start, self._name(wire.target), ratio, small(words, SKIP), number=number, skip=wire.skip)

    def _whole(self, value: int) -> float | None:
        return self.flows.value(value) if self.back else None

    def _wire(
        self,
        start: str,
        end: str,
        ratio: float | None,
        more: list[str],
        *,
        number: bool = True,
        skip: bool = False,
    ) -> str:
        drawn = grade.line(ratio)
        if not self.back:
            drawn = grade.Line(INK, 3.0 if skip else 1.5)
        way = "back" if self.back else "forward"
        attributes = [f'color="{drawn.color}" penwidth={drawn.points:g} style={drawn.style} dir={way}']
        attributes.append(f"arrowsize={max(0.5, round(drawn.pixels / 11, 2)):g}")
        if self.back and ratio is None:
            attributes.append("arrowtail=none")
        rows = [_sign(drawn)] if drawn.sign else []
        if number and ratio and not drawn.sign:
            rows += small(grade.written(ratio), style.MUTED)
        rows += more
        if rows:
            attributes.append(f"label={stacked(self._beside(drawn.points, rows))}")
        attributes.append("weight=0" if skip else "weight=6")
        attributes.append(f"edgetooltip={quoted(self._said(ratio))}" if self.back else "")
        return f"{start} -> {end} [{' '.join(filter(None, attributes))}];"

    def _beside(self, width: float, rows: list[str]) -> list[str]:
        """Rows kept off half the width of the line that they stand beside, or above."""
        off = round(1.2 * width)
        if not self.down:
            return [*rows, f'<tr><td height="{off}"></td></tr>']
        return [row.replace("<tr>", f'<tr><td width="{off}"></td>', 1) for row in rows]

    def _said(self, ratio: float | None) -> str:
        if ratio is None:
            return "no gradient yet"
        return f"gradient RMS {ratio * self.flows.at_loss:.4g}, {grade.written(ratio)} of that at the loss"

    def _bar(self, value: int) -> list[str]:
        """The two-part bar at a plus, with its words."""
        met = self.flows.meeting(value) if self.back else None
        if met is None or len(met.names) > 4:
            return small(f"{len(met.names)} contributions", style.MUTED) if met else []
        return [*([] if met.cancels else [_strip(met)]), *small(met.words, style.INK)]

    def _parameters(self) -> Iterator[str]:
        """The parameters of each part as a list beside it, each with the line of its gradient."""
        for number, part in enumerate(self.outline.parts):
            given = {edge.source: place for place, edge in self._given(part)}
            if given:
                name, box = f"{self.letter}p{part.vertices[0]}", self._name(number)
                rows = [self._row(source, place, part) for source, place in given.items()]
                yield f"{name} [shape=plain label={stacked(rows)}];"
                yield f"{{rank=same; {name}; {box};}}"
                yield f'{name} -> {box} [color="{style.FAINT}" penwidth=0.8 dir=none];'

    def _row(self, source: int, place: int, part: Part) -> str:
        """A parameter by its name within its box, and what flows to it."""
        vertex, ground = self.graph.vertices[source], style.FAMILIES["parameter"].fill
        scopes = self.graph.vertices[part.vertices[0]].scope.split("/")
        own = [".".join(scopes[: end + 1]) for end in range(len(scopes)) if part.name.endswith(scopes[end])]
        name = (vertex.name or "parameter").removeprefix(f"{own[0]}." if own else "")
        ratio = self.flows.edge(place)
        if ratio is None and len(self.graph.out_edges(source)) == 1:
            ratio = self.flows.value(source)
        cells = [f'<font point-size="9">{escaped(short(name))}</font>', _tiny(shape(vertex))]
        if self.back:
            drawn = grade.line(ratio)
            cells += [swatch(drawn.color, 26, max(1, round(drawn.points))), _tiny(drawn.sign or _told(ratio))]
        return "<tr>" + "".join(f'<td align="left" bgcolor="{ground}">{cell}</td>' for cell in cells) + "</tr>"

    def _given(self, part: Part) -> Iterator[tuple[int, Edge]]:
        """The parameters of a part, but not those of folded blocks."""
        inside = set() if part.blocks else set(part.vertices)
        for place, edge in enumerate(self.graph.edges):
            known = self.graph.vertices[edge.source].kind == "parameter" and edge.source not in self.shown
            if edge.target in inside and known:
                yield place, edge

    def _end_name(self) -> str:
        """What the picture leads to: a loss is a single number."""
        return "loss" if self.graph.vertices[self.outline.loss].size == 1 else "output"

    def _name(self, part: int) -> str:
        return f"{self.letter}v{self.outline.parts[part].vertices[-1]}"

    def _fork(self, value: int) -> str:
        return f"{self.letter}f{value}"


END = f'shape=box style="filled,rounded" fillcolor="{style.INK}" fontcolor="#FFFFFF" color="{style.INK}"'


def box_label(name: str, note: str) -> str:
    """A name in bold, and below it a note if there is one."""
    rows = [f'<font point-size="11" color="{style.INK}"><b>{escaped(short(name))}</b></font>']
    rows += [f'<font point-size="8" color="{style.MUTED}">{escaped(short(note))}</font>'] if note else []
    return stacked([f"<tr><td>{row}</td></tr>" for row in rows])


def stacked(rows: list[str]) -> str:
    """A label of rows."""
    return f'<<table border="0" cellborder="0" cellspacing="0" cellpadding="1">{"".join(rows)}</table>>'


def small(text: str, color: str) -> list[str]:
    """A row of small text, if there is any."""
    return [f'<tr><td align="left"><font point-size="8" color="{color}">{escaped(text)}</font></td></tr>'] * bool(
        text
    )


def plain(op: str) -> str:
    """An op without what its kernel adds.

    >>> plain("conv_bias"), plain("tanh")
    ('conv', 'tanh')
    """
    return op.removesuffix("_bias")


def _sign(drawn: grade.Line) -> str:
    words = " not finite" if drawn.color == grade.WRONG else " zero"
    sign = f'<font point-size="14" color="{drawn.color}"><b>{drawn.sign}</b></font>'
    return f'<tr><td align="left">{sign}<font point-size="8" color="{drawn.color}">{words}</font></td></tr>'


def swatch(color: str, width: int, height: int, more: str = "") -> str:
    """A field of its own size, however high the row is that it stands in."""
    cell = f'<td width="{width}" height="{height}" fixedsize="true" bgcolor="{color}"{more}></td>'
    return f'<table border="0" cellborder="0" cellspacing="0" cellpadding="0"><tr>{cell}</tr></table>'


def _tiny(text: str) -> str:
    return f'<font point-size="8" color="{style.MUTED}">{escaped(text)}</font>' if text else ""


def _told(ratio: float | None) -> str:
    return "no gradient yet" if ratio is None else grade.written(ratio)


def _strip(met: Meeting) -> str:
    """A bar whose parts are as long as the shares; what works against the sum is left white."""
    whole = sum(map(abs, met.shares)) or 1.0
    widths = [max(3, round(BAR * abs(share) / whole)) for share in met.shares]
    cells = ""
    for name, share, width in zip(met.names, met.shares, widths, strict=True):
        fill = AGAINST if share < 0 else SKIP if name == "skip" else BRANCH
        size = f'width="{width}" height="6" fixedsize="true"'
        cells += f'<td border="1" color="{style.MUTED}" bgcolor="{fill}" {size}></td>'
    table = f'border="0" cellborder="0" cellspacing="0" cellpadding="0" width="{sum(widths) + 4}" height="6"'
    return f'<tr><td align="left"><table {table} fixedsize="true"><tr>{cells}</tr></table></td></tr>'
