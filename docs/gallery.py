"""Draw the pictures of the gallery again: run the code on its page, in the folder of its pictures."""

from __future__ import annotations

import os
import re
from pathlib import Path

DOCS = Path(__file__).resolve().parent
PICTURES = DOCS / "images" / "gallery"


def main() -> list[Path]:
    """Run the page's code from the top; returns the pictures."""
    code = "\n".join(re.findall(r"^```python\n(.*?)^```$", (DOCS / "gallery.md").read_text("utf-8"), re.M | re.S))
    before = Path.cwd()
    PICTURES.mkdir(parents=True, exist_ok=True)
    os.chdir(PICTURES)
    try:
        exec(compile(code, "gallery.md", "exec"), {"__name__": "__gallery__"})
    finally:
        os.chdir(before)
    return sorted(PICTURES.glob("*.svg"))


if __name__ == "__main__":
    for picture in main():
        print(f"{picture.name}: {picture.stat().st_size:,} bytes")
