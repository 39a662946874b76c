"""A real browser without a window, driven by Playwright, where there are both."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


@contextmanager
def browser() -> Iterator[Any]:
    """A headless Chromium: the system's, else Playwright's own; without one the test is skipped."""
    reason = "needs a browser to click in: pip install playwright, and Chromium (or: playwright install chromium)"
    driver = pytest.importorskip("playwright.sync_api", reason=reason)
    path = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    with driver.sync_playwright() as playwright:
        try:
            chromium = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        except driver.Error as error:
            pytest.skip(f"{reason}. It said: {str(error).splitlines()[0]}")
        try:
            yield chromium
        finally:
            chromium.close()


def opened(
    chromium: Any,
    path: Path,
    width: int = 1280,
    height: int = 800,
    *,
    schemes: tuple[str, ...] = ("file:",),
    **more: Any,
) -> Any:
    """A page of a file; `seen` holds what must not be there at the end: errors, requests of other schemes."""
    page = chromium.new_page(viewport={"width": width, "height": height}, **more)
    page.set_default_timeout(10_000)
    page.seen = []
    page.on("pageerror", lambda error: page.seen.append(str(error)))
    page.on("console", lambda message: page.seen.append(message.text) if message.type == "error" else None)
    page.on("request", lambda request: request.url.startswith(schemes) or page.seen.append(request.url))
    page.goto(path.as_uri())
    return page
