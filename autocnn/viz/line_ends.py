"""Names at the ends of lines, in place of a legend in a box, moved apart where they would lie on one another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from autocnn.viz.figures import Figure, _finished


class End(NamedTuple):
    """A line's last point, in data coordinates, the name to write beside it, and the line's colour.

    Of lines that end together the one that was higher `before` has its name above.
    """

    x: float
    y: float
    text: str
    color: str
    before: float = 0.0


def name_ends(axis: Any, ends: Sequence[End], *, size: float = 9.0) -> None:
    """Write each name to the right of its line's end, in the order of heights, at least a line of text apart.

    The axes must have their final limits. Room to the right is left by the layout, which sees the texts.
    """
    figure = axis.figure
    step = 1.35 * size * figure.dpi / 72
    at = [float(axis.transData.transform((end.x, end.y))[1]) for end in ends]
    order = sorted(range(len(ends)), key=lambda i: (round(at[i] / step), ends[i].before, at[i]))
    heights = apart([at[i] for i in order], step)
    right = axis.bbox.x1
    for i, height in zip(order, heights, strict=True):
        end, own = ends[i], at[i]
        x = float(axis.transData.transform((end.x, end.y))[0])
        gap = max(right - x, 0.0) + 6
        points = 72 / figure.dpi
        axis.annotate(
            end.text, (end.x, end.y), (gap * points, (height - own) * points), textcoords="offset points",
            color=end.color, fontsize=size, va="center", ha="left", annotation_clip=False,
        )  # fmt: skip


def apart(heights: Sequence[float], step: float) -> list[float]:
    """Heights, in order, moved as little as it takes to lie a step apart: what meets spreads about its mean.

    >>> apart([0.0, 1.0, 10.0], 4.0)
    [-1.5, 2.5, 10.0]
    """
    groups: list[tuple[float, int]] = []  # where a group's lowest would be, and how many it has
    for height in heights:
        low, count = height, 1
        while groups and groups[-1][0] + groups[-1][1] * step > low:
            under, several = groups.pop()
            low = (under * several + (low - several * step) * count) / (several + count)
            count += several
        groups.append((low, count))
    return [low + place * step for low, count in groups for place in range(count)]


def named(figure: Any, ends: Mapping[Any, Sequence[End]], title: str = "") -> Figure:
    """The figure, finished, with names at the ends of the lines of its axes.

    They are written twice: once for the layout to leave room, then where the lines end in it.
    """
    for _ in range(2):
        for axis, several in ends.items():
            for text in list(axis.texts):
                text.remove()
            name_ends(axis, several)
        figure.draw_without_rendering()
    return _finished(figure, title)


def noted(name: str, notes: Mapping[str, str] | None) -> str:
    """A name, and in brackets what is to be said with it.

    >>> noted("plain", {"plain": "24 layers"}), noted("residual", None)
    ('plain (24 layers)', 'residual')
    """
    return f"{name} ({notes[name]})" if notes and name in notes else name
