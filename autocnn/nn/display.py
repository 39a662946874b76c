"""A module as text: a tree of its parts with the shapes and the number of its parameters."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from autocnn.nn.module import Module


def as_text(module: Module) -> str:
    """The tree of a module: its own line, one line for each part, and a remark on what is learned.

    Parts that follow each other under running numbers and look the same share a line: ``(0-8): 9 x Block(``.
    """
    extra = module.extra_repr().splitlines()
    parts = _parts(module)
    remark = _remark(module)
    name = module._get_name()
    if not parts and len(extra) <= 1:
        return f"{name}({''.join(extra)}){remark}"
    lines = [*extra, *parts]
    return "\n".join([f"{name}({remark}", *(_indented(line) for line in lines), ")"])


def _parts(module: Module) -> list[str]:
    named = [(name, "None" if child is None else repr(child)) for name, child in module._modules.items()]
    lines = []
    for (text, _), group in groupby(enumerate(named), key=lambda item: (item[1][1], _run(item[0], item[1][0]))):
        names = [name for _, (name, _) in group]
        label = f"({names[0]}): " if len(names) == 1 else f"({names[0]}-{names[-1]}): {len(names)} x "
        lines.append(label + text)
    return lines


def _run(place: int, name: str) -> int | str:
    """The same for numbers that run on, different for other names."""
    return int(name) - place if name.isdigit() else name


def _indented(text: str) -> str:
    return "\n".join(f"  {line}" for line in text.splitlines())


def _remark(module: Module) -> str:
    total = sum(p.array.size for p in module.parameters())
    if not total:
        return ""
    own = [f"{name} {p.shape}" for name, p in module._parameters.items() if p is not None]
    count = f"{total:,} parameter{'s' if total != 1 else ''}"
    return f"  # {count}" + (": " + ", ".join(own) if own else "")
