"""The visual language of the drawings as CSS variables, by day and by night."""

from __future__ import annotations

from collections.abc import Iterator

from autocnn.viz import style


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
    shown = style.by_night if mode == "dark" else str
    for name, color in (
        ("ground", style.GROUND),
        ("ink", style.INK),
        ("muted", style.MUTED),
        ("faint", style.FAINT),
    ):
        yield name, shown(color)
    for name, kind in style.FAMILIES.items():
        yield f"fill-{name}", shown(kind.fill)
    for name, phase in style.PASSES.items():
        yield f"pass-{name}", shown(phase.line)
        yield f"box-{name}", shown(phase.ground)
    for name, stroke in style.STROKES.items():
        yield f"{name.replace(' ', '-')}", shown(stroke.color)


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
