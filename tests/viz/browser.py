"""A real browser without a window, driven by Playwright, where there are both."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
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
