"""The legend of a flow picture: a line of every decade with its words, and the signs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from autocnn.viz import style
from autocnn.viz.flow import grade
from autocnn.viz.flow.drawing import BRANCH, SKIP, swatch
from autocnn.viz.words import escaped

LONG = 34
"""Points that a sample is long."""


def key(above: Iterable[str], larger: int) -> Iterator[str]:
    """DOT statements of the legend, below ``above``; decades above the loss up to the power ``larger``."""
    rows = [
        _row(_sample(grade.line(10.0**power)), _power(power)) for power in range(larger, -grade.DECADES - 1, -1)
    ]
    signs = [
        _row(_dots(grade.line(1e-9)), "less than a millionth"),
        _row(_dots(grade.line(0.0)) + _mark("∅", grade.line(0.0).color), "exactly zero"),
        _row(_sample(grade.line(float("nan"))) + _mark("✕", grade.WRONG), "not finite"),
        _row(_sample(grade.line(None)), "no gradient yet"),
        _row(_mark("+", style.INK), "gradients add here: the value forks on its way forward"),
        _row(_mark("•", style.INK), "the gradient is copied here: the forward pass adds"),
        _row(_box(SKIP) + _box(BRANCH), "signed shares of the sum, by skip and by branch; white works against it"),
    ]
    head = "Gradient RMS over that at the loss; arrows run the gradient's way"
    title = f'<tr><td colspan="2" align="left"><font color="{style.MUTED}">{escaped(head)}</font></td></tr>'
    columns = "".join(f'<td valign="top">{_table("".join(part))}</td>' for part in (rows, signs))
    yield f'  legend [shape=box style=rounded color="{style.FAINT}" fontsize=9 margin="0.1,0.08"'
    yield f"    label=<{_table(f'{title}<tr>{columns}</tr>', space=4)}>];"
    yield from (f"  {name} -> legend [style=invis weight=0];" for name in above)


def _power(power: int) -> str:
    """A decade in words; the first of each kind says what it is a part of."""
    return f"{grade.words(power)} of it" if power in (-1,) else grade.words(power)


def _row(sample: str, words: str) -> str:
    cell = f'<td align="left">{_table(f"<tr>{sample}</tr>")}</td>'
    return f'<tr>{cell}<td align="left"><font color="{style.INK}">{escaped(words)}</font></td></tr>'


def _sample(line: grade.Line) -> str:
    """A bar as wide as the line, which HTML labels cannot draw."""
    height = max(1, round(line.points))
    return f"<td>{swatch(line.color, LONG, height)}</td>"


def _dots(line: grade.Line) -> str:
    return f'<td><font color="{line.color}">· · · · ·</font></td>'


def _mark(sign: str, color: str) -> str:
    return f'<td><font point-size="11" color="{color}"><b>{sign}</b></font></td>'


def _box(color: str) -> str:
    field = swatch(color, LONG // 2, 6, f' border="1" color="{style.MUTED}"')
    return f"<td>{field}</td>"


def _table(inside: str, space: int = 1) -> str:
    return f'<table border="0" cellborder="0" cellspacing="{space}" cellpadding="0">{inside}</table>'
