"""Pages that are one file: a template whose style and program stand inside, and which fetches nothing."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from functools import cache
from importlib.resources import files


def filled(template: str, **contents: str) -> str:
    """A template with each ``{{name}}`` replaced once, whatever the contents hold.

    >>> filled("<p>{{a}}</p>", a="{{b}}")
    '<p>{{b}}</p>'
    """
    pieces = template.split("{{")
    found = [pieces[0]]
    for piece in pieces[1:]:
        name, rest = piece.split("}}", 1)
        found += [contents[name], rest]
    return "".join(found)


@cache
def part(package: str, name: str) -> str:
    """A part of a page: the text of a file that lies in a package."""
    return (files(package) / name).read_text("utf-8").strip()


def program(package: str, names: Sequence[str]) -> str:
    """The program of a page that builds elements: what all such pages share, then a package's files in order."""
    return "\n".join([part("autocnn.viz", "elements.js"), *(part(package, name) for name in names)])


def policy(script: str, style: str, images: str = "") -> str:
    """What a browser allows the page: this very program and this very style, nothing from anywhere else.

    >>> policy("", "").split(";")[0]
    "default-src 'none'"
    """
    shown = f"img-src {images}; " if images else ""
    return (
        f"default-src 'none'; script-src '{_digest(script)}'; style-src '{_digest(style)}'; {shown}"
        "base-uri 'none'; form-action 'none'"
    )


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
