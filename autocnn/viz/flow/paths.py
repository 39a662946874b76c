"""`unrolled`: the paths through a few residual blocks, one beside the other, each with what it brings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import isfinite

from autocnn.errors import GraphError
from autocnn.graph import Vertex
from autocnn.graph.transform import Unrolled
from autocnn.viz import style
from autocnn.viz.dot import Theme
from autocnn.viz.flow import grade
from autocnn.viz.flow.drawing import END, INK, box_label, plain, small, stacked
from autocnn.viz.flow.numbers import percent
from autocnn.viz.picture import Picture, inches
from autocnn.viz.words import escaped, label, quoted, short

Path = tuple[int, ...]
"""The numbers of the blocks whose branch a path crosses."""
CAPTION = "Exact for the gradient, only a picture for the function."
CLOSE = 1e-5
"""How far the sum of shares may be from 1, beside the sum of their sizes."""


def unrolled(
    paths: Unrolled,
    norms: Mapping[Path, float] | None = None,
    shares: Mapping[Path, float] | None = None,
    *,
    title: str = "",
    theme: Theme = "light",
    size: str | tuple[float, float] | None = None,
    font: str = "",
) -> Picture:
    """A picture of every path that the gradient takes from behind some residual blocks to before them.

    ``norms`` are the norm, or RMS, of each path's gradient over that of their sum, ``shares`` signed shares of the
    sum, both by path: by the numbers of the blocks that it crosses, from 0. Widths and colours are those of
    `flow`, relative to the sum.
    Raises GraphError for a path that is not there or missing, and where the shares do not sum to 1: then they are
    not of these paths.

    >>> import autocnn as ac
    >>> from autocnn.graph import trace, transform
    >>> found = transform.unroll(trace(lambda x: ac.sum(x + x.tanh()), ac.ones(3)))
    >>> "branch of" in unrolled(found, {(): 0.7, (0,): 0.3}, {(): 0.7, (0,): 0.3}).dot
    False
    """
    if theme not in ("light", "dark"):
        raise GraphError(f"unrolled: theme is {theme!r}; 'light' or 'dark'")
    norms, shares = _checked(paths, "norms", norms), _checked(paths, "shares", shares)
    text = "\n".join(["digraph paths {", *_lines(paths, norms, shares, title, inches(size, "LR"), font), "}", ""])
    return Picture(paths.graph, style.themed(text, theme), title)


def _checked(paths: Unrolled, name: str, given: Mapping[Path, float] | None) -> dict[Path, float]:
    numbers = {tuple(path): float(value) for path, value in (given or {}).items()}
    wrong = set(numbers) ^ set(paths.paths) if numbers else set()
    if wrong:
        path = min(wrong)
        what = "lacks" if path in paths.paths else "has"
        raise GraphError(
            f"unrolled: {name} {what} {path}; there are {len(paths.paths)} paths, by the blocks they cross"
        )
    if name == "norms" and any(value < 0 for value in numbers.values()):
        raise GraphError(f"unrolled: norms has {min(numbers.values())}; a norm is 0 or more")
    total, sizes = sum(numbers.values()), sum(map(abs, numbers.values()))
    if name == "shares" and numbers and not abs(total - 1) <= CLOSE * max(1.0, sizes):
        raise GraphError(f"unrolled: the shares sum to {total:.6g}; those of all paths sum to 1")
    return numbers


def _lines(
    paths: Unrolled, norms: Mapping[Path, float], shares: Mapping[Path, float], title: str,
    size: tuple[float, float] | None, font: str,
) -> Iterator[str]:  # fmt: skip
    base = f"fontname={quoted(font or style.FONT)}"
    yield f'  graph [rankdir=LR bgcolor="{style.GROUND}" pad=0.25 nodesep=0.16 ranksep=0.35 {base} fontsize=11'
    if size is not None:
        yield f'    size="{size[0]:g},{size[1]:g}"'
    yield f'    fontcolor="{style.INK}" labelloc=t labeljust=l label={_heading(paths, norms, shares, title)}];'
    yield f'  node [{base} fontsize=11 fontcolor="{style.INK}" margin="0.1,0.04" height=0.26 width=0.4];'
    yield f'  edge [{base} fontsize=8 fontcolor="{style.MUTED}" dir=back];'
    for vertex in paths.graph.vertices:
        yield f"  {_node(paths, vertex)}"
    yield f'  plus [shape=circle label="+" width=0.24 height=0.24 fixedsize=true margin=0 color="{INK}"];'
    yield from _shared(paths)
    used = [column for column in range(2 * len(paths.blocks)) if any(way[column] for way in paths.paths.values())]
    for row, (path, way) in enumerate(paths.paths.items()):
        yield from _row(row, _said(paths, path, norms, shares), [way[column] for column in used], norms.get(path))


def _row(row: int, text: list[str], way: list[int | None], norm: float | None) -> Iterator[str]:
    """One path: what it brings, then its boxes, each in its column; where it passes one by, a bare line."""
    drawn = grade.line(norm)
    look = f'color="{drawn.color}" penwidth={drawn.points:g} style={drawn.style}'
    head = "arrowtail=none" if norm is None else f"arrowsize={max(0.5, round(drawn.pixels / 11, 2)):g}"
    yield f"  said{row} [shape=plain group=row{row} label={stacked(text)}];"
    yield f"  plus:c -> said{row}:w [{look} {head}];"
    before, ahead = f"said{row}:e", "arrowtail=none"
    bare = f'label="" shape=box fixedsize=true width=0.07 height={max(0.01, drawn.points / 72):.3f} penwidth=0 '
    bare += f'style=filled fillcolor="{drawn.color}" '
    for column, vertex in enumerate(way):
        name = f"v{vertex}" if vertex is not None else f"by{row}_{column}"
        shown = "" if vertex is not None else bare
        yield f"  {name} [{shown}group=row{row}];"
        through = " headclip=false" if vertex is None else ""
        yield f"  {before} -> {name} [{look} weight=9 {ahead}{through}];"
        before, ahead = name, head if vertex is not None else "arrowtail=none tailclip=false"
    end = before if "tailclip" in ahead else f"{before}:e"
    yield f"  {end} -> join [{look} {ahead}];"


def _shared(paths: Unrolled) -> Iterator[str]:
    """The lines that all paths have in common; of them only the sum is measured here."""
    look = f'color="{INK}" penwidth=1.2 arrowsize=0.6'
    inside = {vertex for way in paths.paths.values() for vertex in way}
    for edge in paths.graph.edges:
        if edge.source not in inside and edge.target not in inside and edge.target != paths.join:
            start = "join" if edge.source == paths.join else f"v{edge.source}"
            yield f"  {start} -> v{edge.target} [{look} weight=5];"
    yield f"  v{paths.fork} -> plus [{_SUM} weight=5];"


_SUM = f'color="{grade.SAME}" penwidth={grade.line(1.0).points:g} arrowsize=0.73'


def _node(paths: Unrolled, vertex: Vertex) -> str:
    name = f"v{vertex.id}"
    if vertex.id == paths.join:
        return f'join [shape=point width=0.1 color="{INK}" tooltip="every path gets the same gradient"];'
    if vertex.kind == "output":
        return f'{name} [label="{"loss" if vertex.size == 1 else "output"}" {END}];'
    family = style.FAMILIES[style.family(vertex)]
    text = label(vertex) if vertex.kind == "input" else box_label(plain(vertex.op), "")
    look = f'shape={family.shape} style="{family.style}" fillcolor="{family.fill}" color="{INK}"'
    return f"{name} [label={text} {look}];"


def _said(
    paths: Unrolled, path: Path, norms: Mapping[Path, float], shares: Mapping[Path, float]
) -> list[str]:  # fmt: skip
    """What a path crosses and brings."""
    crossed = ", ".join(paths.blocks[number] for number in path)
    words = [f"crosses {crossed}" if crossed else "crosses no branch"]
    words += [f"norm {grade.written(norms[path])}"] if path in norms else ["no gradient yet"]
    if path in shares and isfinite(shares[path]):
        words.append(f"{'−' * (shares[path] < 0)}{percent(abs(shares[path]))} of the sum")
    first, *rest = words
    return [*small(first, style.INK), *small(" · ".join(rest), style.MUTED)]


def _heading(paths: Unrolled, norms: Mapping[Path, float], shares: Mapping[Path, float], title: str) -> str:
    count, blocks = len(paths.paths), len(paths.blocks)
    said = [f"{blocks} residual block{'s' * (blocks != 1)}, {count} paths. {CAPTION}"]
    if norms:
        said.append(
            "Norms, widths and colours beside the sum of all: 8 pixels as large, 7/6 less for each power of ten"
        )
    if shares:
        said.append(f"Checked: the signed shares sum to {sum(shares.values()):.6f}")
    rows = [f'<font point-size="15"><b>{escaped(short(title, 90))}</b></font>'] if title else []
    rows += [f'<font point-size="9" color="{style.MUTED}">{escaped(line)}</font>' for line in said]
    return stacked([f'<tr><td align="left">{row}</td></tr>' for row in rows])
