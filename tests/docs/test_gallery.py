"""The gallery shows what its code draws, all of it, and nothing else."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "gallery.md").read_text("utf-8")
PICTURES = sorted((DOCS / "images" / "gallery").glob("*.svg"))


def test_every_picture_is_shown_and_every_shown_picture_is_there():
    shown = re.findall(r"!\[[^\]]+\]\(images/gallery/(\w+\.svg)\)", PAGE)  # each with words for who cannot see it
    assert sorted(shown) == [picture.name for picture in PICTURES]


def test_every_picture_is_drawn_by_the_page():
    saved = set(re.findall(r'save\(f?"([^"]+)"\)', PAGE))
    for picture in PICTURES:
        assert any(re.fullmatch(re.sub(r"\{\w+\}", r"\\w+", name), picture.name) for name in saved), picture.name


def test_the_pictures_are_whole_and_hold_no_program():
    for picture in PICTURES:
        root = ElementTree.parse(picture).getroot()
        assert root.tag.endswith("svg")
        assert not list(root.iter("{http://www.w3.org/2000/svg}script"))
