"""The visual language of the drawings as CSS variables, by day and by night."""

from __future__ import annotations

from collections.abc import Iterator

from autocnn.viz import style

GROUND = {"light": "#FFFFFF", "dark": "#12181E"}
INK = {"light": style.INK, "dark": "#E6ECF1"}
MUTED = {"light": style.MUTED, "dark": "#A3B1BE"}
FAINT = {"light": style.FAINT, "dark": "#66747F"}
_LINES = {"forward": "#A9BBCB", "backward": "#FF9A4A", "second": "#DB93C8"}
_STROKES = {
    "forward": "#A9BBCB", "backward": "#FF9A4A", "second": "#DB93C8", "leaf": "#66747F", "saved": "#7C8A96",
    "skip forward": "#56B4E9", "skip backward": "#FF9A4A", "skip second": "#DB93C8",
}  # fmt: skip
"""The colours of lines on a dark ground: the same hues, lighter."""
_DARK_FILLS = {
    "convolution": "#0F4C75", "linear": "#443C86", "activation": "#7A5410", "pooling": "#0B5C46",
    "norm": "#5F5A14", "arithmetic": "#39444E", "reduction": "#6B3C57", "module": "#2B3F50",
    "parameter": "#232D36",
}  # fmt: skip
"""The fills by night; families that are white by day have the ground's colour."""


def variables() -> str:
    """Colours by name, for ``light`` and ``dark``; the reader's system decides unless the page is told.

    >>> "--skip-forward:#0072B2" in variables()
    True
    """
    light, dark = ("".join(f"--{name}:{color};" for name, color in _colors(mode)) for mode in ("light", "dark"))
    return (
        f":root{{{light}color-scheme:light}}\n"
        f"@media (prefers-color-scheme:dark){{:root:not([data-theme=light]){{{dark}color-scheme:dark}}}}\n"
        f":root[data-theme=dark]{{{dark}color-scheme:dark}}\n"
    )


def _colors(mode: str) -> Iterator[tuple[str, str]]:
    night = mode == "dark"
    yield from (("ground", GROUND[mode]), ("ink", INK[mode]), ("muted", MUTED[mode]), ("faint", FAINT[mode]))
    for name, kind in style.FAMILIES.items():
        yield f"fill-{name}", _DARK_FILLS.get(name, GROUND[mode]) if night else kind.fill
    yield "fill-output", INK[mode]
    for name, phase in style.PASSES.items():
        yield f"pass-{name}", _LINES[name] if night else phase.line
        yield f"box-{name}", _mixed(_LINES[name], GROUND[mode], 0.08) if night else phase.ground
    for name, stroke in style.STROKES.items():
        yield f"{name.replace(' ', '-')}", _STROKES[name] if night else stroke.color


def _mixed(color: str, ground: str, share: float) -> str:
    """A share of one colour in another.

    >>> _mixed("#FFFFFF", "#000000", 0.5)
    '#808080'
    """
    parts = (
        round(share * int(color[i : i + 2], 16) + (1 - share) * int(ground[i : i + 2], 16)) for i in (1, 3, 5)
    )
    return "#" + "".join(f"{part:02X}" for part in parts)


def rules() -> str:
    """The rules that give each family its fill and each kind of line its colour.

    >>> ".line-skip-forward{stroke:var(--skip-forward)}" in rules()
    True
    """
    fills = (f".fill-{name} .shape{{fill:var(--fill-{name})}}" for name in style.FAMILIES)
    names = [name.replace(" ", "-") for name in style.STROKES]
    lines = (
        f".line-{name}{{stroke:var(--{name})}}.tip.line-{name}{{stroke:none;fill:var(--{name})}}" for name in names
    )
    return "\n".join((*fills, *lines)) + "\n"
