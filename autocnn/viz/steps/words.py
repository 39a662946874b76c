"""What stands on the page of one convolution before its program runs: title, facts, every sum of a small one."""

from __future__ import annotations

import html as markup
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from autocnn.viz.steps.checks import shape_of
from autocnn.viz.words import printable

_HEADS = {
    "outputs": "Outputs",
    "weights": "Gradients of the weights",
    "inputs": "Gradients of the inputs",
}
_MODES = {"outputs": "output", "weights": "weight", "inputs": "pixel"}
_NAME = re.compile(r"(dL/d[xw]|[xwzg])\[([-\d,]+)\]")


def title_of(numbers: Mapping[str, Any], title: str = "") -> str:
    """The title that was asked for, or one made of the layer's name.

    >>> title_of({"name": "conv1"})
    'Convolution conv1, step by step'
    """
    name = numbers.get("name")
    return printable(title or (f"Convolution {name}, step by step" if name else "A convolution, step by step"))


def facts(numbers: Mapping[str, Any]) -> Iterator[str]:
    """What is convolved with what, in a line."""
    x, w, z = (shape_of(numbers[name]) for name in ("x", "w", "z"))
    yield f"input {_by(x)}"
    yield f"{w[0]} filter{'s' * (w[0] != 1)} of {_by(w[1:])}{'' if numbers['bias'] is None else ' with bias'}"
    padding = [before if before == after else f"({before}, {after})" for before, after in numbers["padding"]]
    for name, said, usual in (
        ("stride", numbers["stride"], 0),
        ("padding", padding, 0),
        ("dilation", numbers["dilation"], 1),
    ):
        if any(each != usual for each in said):
            yield f"{name} {said[0] if said[0] == said[1] else _by(said)}"
    if numbers["groups"] != 1:
        yield f"{numbers['groups']} groups"
    yield f"output {_by(z)}"
    of = printable(str(numbers.get("of") or ""))
    yield f"L is {of}" if of else "g, the gradient of the output, is given"


def _by(shape: Sequence[object]) -> str:
    return "×".join(map(str, shape))


def every_sum(found: Mapping[str, Any]) -> str:
    """Every sum written out, as lists that need no program to be read."""
    if not any(found.values()):
        return ""
    lists = []
    for kind, head in _HEADS.items():
        items = "".join(_item(kind, place, row) for place, row in enumerate(found.get(kind, ())))
        lists.append(f"<h3>{head}</h3><ol>{items}</ol>" if items else "")
    return f'<section id="all"><h2>All of it in numbers</h2>{"".join(lists)}</section>'


def _item(kind: str, place: int, row: Mapping[str, Any]) -> str:
    value = row["value"]
    said = value if isinstance(value, str) else "NaN" if value is None else f"{value:.6g}"
    names = (_subscripts(str(row[part])) for part in ("name", "formula"))
    equal = " = ".join((*names, markup.escape(str(row["numbers"])), f"<b>{markup.escape(said)}</b>"))
    return f'<li data-mode="{_MODES[kind]}" data-place="{place}">{equal.replace("-", "−")}</li>'


def _subscripts(text: str) -> str:
    """``x[0,1]`` with its place below the line."""
    return _NAME.sub(
        lambda name: f"<i>{name[1].replace('dL/d', '∂L/∂')}</i><sub>{name[2]}</sub>", markup.escape(text)
    )
