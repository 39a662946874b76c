"""The report's colours as CSS variables, by day and by night."""

from __future__ import annotations

from collections.abc import Mapping

from autocnn.viz import style

PLAIN, SKIP = "#D55E00", "#0072B2"
COLORS = {
    "ground": style.GROUND,
    "ink": style.INK,
    "muted": style.MUTED,
    "faint": style.FAINT,
    "line": "#DDE3E8",
    "plain": PLAIN,
    "skip": SKIP,
    "vanishes": "#E6DFF1",
    "holds": "#D8F0E6",
    "explodes": "#FBE3C4",
    "broken": "#C0182B",
    "third": "#009E73",
    "fourth": "#B0568C",
    "fifth": "#A97700",
    "sixth": "#2E86B5",
    "seventh": "#5B6B7A",
}
"""Plain and skip, the fates of a gradient, and what further series are drawn in (Okabe and Ito's, darkened)."""


_NIGHT = {"line": "#2A343D", "vanishes": "#3B3055", "holds": "#12473A", "explodes": "#5A3B12", "broken": "#FF6B7A"}


def variables(colors: Mapping[str, str] = COLORS, night: Mapping[str, str] = _NIGHT) -> str:
    """The colours for a light and for a dark page; the reader's system decides unless the page is told.

    ``night`` are those of a dark page that are not what `style.by_night` makes of them.

    >>> "--plain:#D55E00;" in variables()
    True
    """
    light = "".join(f"--{name}:{color};" for name, color in colors.items())
    dark = "".join(f"--{name}:{night.get(name) or style.by_night(color)};" for name, color in colors.items())
    return (
        f":root{{{light}color-scheme:light}}\n"
        f"@media (prefers-color-scheme:dark){{:root:not([data-theme=light]){{{dark}color-scheme:dark}}}}\n"
        f":root[data-theme=dark]{{{dark}color-scheme:dark}}\n"
        f"@media print{{:root,:root[data-theme=dark]{{{light}color-scheme:light}}}}\n"
    )


def rules() -> str:
    """The rules that give a chart's texts the colours of their lines.

    >>> ".chart text.ink-plain{fill:var(--plain)}" in rules()
    True
    """
    return "".join(f".chart text.ink-{name}{{fill:var(--{name})}}\n" for name in COLORS)
