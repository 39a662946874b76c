"""The page of a convolution in the documentation is what its script makes today."""

from __future__ import annotations

import importlib.util
from pathlib import Path

SCRIPT = Path(__file__).parents[2] / "docs" / "steps.py"


def test_the_page_is_of_today(tmp_path, monkeypatch):
    spec = importlib.util.spec_from_file_location("docs_steps", SCRIPT)
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    kept = (script.IMAGES / "three_by_three.html").read_text("utf-8")
    monkeypatch.setattr(script, "IMAGES", tmp_path)
    assert script.page().read_text("utf-8") == kept, "make it again: python docs/steps.py --page"
