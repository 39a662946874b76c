"""The legend: a sample of every mark that a picture uses, with its meaning."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise

from autocnn.viz import style
from autocnn.viz.scale import Scale, written
from autocnn.viz.words import escaped

COLUMNS = 4


def legend(
    families: set[str],
    passes: set[str],
    strokes: set[str],
    above: Iterable[str],
    scales: Iterable[tuple[str, Scale]] = (),
    *,
    level: bool = True,
) -> Iterator[str]:
    """DOT statements of a box with samples of these, below the vertices ``above``.

    The samples are true vertices and edges, so that they look like what they explain. ``level`` says that
    vertices of one rank stand in a row, as they do from the top down, and not in a column.
    """
    yield "  subgraph cluster_legend {"
    yield f'    graph [label="Legend" style="rounded" pencolor="{style.FAINT}" penwidth=0.8'
    yield f'      fontsize=10 fontcolor="{style.MUTED}" labeljust=l margin=9];'
    yield '    node [fontsize=9 height=0.22 margin="0.08,0.03"];'
    yield "    edge [arrowsize=0.5];"
    names: list[str] = []
    for name in (name for name in style.FAMILIES if name in families):
        names.append(f"legend_{name}")
        yield "    " + _sample(names[-1], style.FAMILIES[name])
    for phase in (phase for phase in style.PASSES if phase in passes and len(passes) > 1):
        names.append(f"legend_{phase}")
        yield "    " + _pass(names[-1], style.PASSES[phase])
    used = [name for name in style.STROKES if name in strokes]
    for number, stroke in enumerate(used):
        yield from ("    " + text for text in _stroke(number, style.STROKES[stroke], level))
    rows = [names[start : start + COLUMNS] for start in range(0, len(names), COLUMNS)]
    rows += _stroke_rows(len(used), level)
    for number, (name, scale) in enumerate(scales):
        rows.append([f"legend_scale{number}"])
        yield f"    {rows[-1][0]} [shape=plaintext label={_strip(name, scale)}];"
    for row in rows:
        yield f"    {{rank=same; {'; '.join(row)};}}"
    for upper, lower in pairwise(rows):
        for first, second in zip(upper, lower, strict=False):
            if not (first.startswith("legend_from") and second.startswith("legend_to")):
                yield f"    {first} -> {second} [style=invis weight=9];"
    yield "  }"
    for name in above if rows else ():
        yield f"  {name} -> {rows[0][0]} [style=invis weight=0];"


def _stroke_rows(count: int, level: bool) -> list[list[str]]:
    """The ends of the sample lines by rank: two lines in a row, or up to four one below the other."""
    if level:
        return [
            [f"legend_{end}{number}" for number in range(start, min(start + 2, count)) for end in ("from", "to")]
            for start in range(0, count, 2)
        ]
    return [
        [f"legend_{end}{number}" for number in range(start, min(start + COLUMNS, count))]
        for start in range(0, count, COLUMNS)
        for end in ("from", "to")
    ]


def _strip(name: str, scale: Scale) -> str:
    """A scale as a row of colours, with the numbers below."""
    samples = scale.samples()
    cells = "".join(f'<td bgcolor="{scale.color(value)}" width="22" height="9"> </td>' for value in samples)
    said = {0, len(samples) // 2, len(samples) - 1}
    numbers = "".join(
        f'<td><font point-size="8" color="{style.MUTED}">{escaped(written(v)) if i in said else " "}</font></td>'
        for i, v in enumerate(samples)
    )
    words = " · ".join(part for part in (name, scale.unit, "logarithmic" if scale.kind == "log" else "") if part)
    head = f'<td colspan="{len(samples)}" align="left"><font color="{style.INK}">{escaped(words)}</font></td>'
    rows = "".join(f"<tr>{row}</tr>" for row in (head, cells, numbers))
    return f'<<table border="0" cellborder="0" cellspacing="0">{rows}</table>>'


def _sample(name: str, kind: style.Family) -> str:
    dark = kind.fill == style.INK
    outline = style.FAINT if kind.title in ("parameter", "constant") else style.PASSES["forward"].line
    return (
        f'{name} [label="{kind.title}" shape={kind.shape} style="{kind.style}" fillcolor="{kind.fill}"'
        f' color="{outline}" fontcolor="{"#FFFFFF" if dark else style.INK}"];'
    )


def _pass(name: str, phase: style.Pass) -> str:
    return (
        f'{name} [label="{phase.title} pass" shape=box style=filled fillcolor="{phase.ground}"'
        f' color="{phase.line}" penwidth={phase.width} peripheries={phase.rings}];'
    )


def _stroke(number: int, stroke: style.Stroke, level: bool) -> Iterator[str]:
    ends = f"legend_from{number}", f"legend_to{number}"
    yield f'{ends[0]} [shape=point width=0.05 color="{stroke.color}" label=""];'
    yield f'{ends[1]} [shape=plaintext label="{stroke.title}" fontcolor="{style.INK}"];'
    line = f'color="{stroke.color}" penwidth={stroke.width} style={stroke.style}'
    yield f"{ends[0]} -> {ends[1]} [{line} minlen={1 + level} weight=30];"
