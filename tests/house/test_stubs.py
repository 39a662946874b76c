"""Type checkers know the methods that tensors have."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.house import stubs

ROOT = Path(__file__).parents[2]


def test_the_stub_is_current() -> None:
    done = subprocess.run([sys.executable, "-m", "tests.house.stubs", "check"], cwd=ROOT, check=False)
    assert done.returncode == 0, "the methods of Tensor have changed; run python -m tests.house.stubs"


def test_what_a_line_of_the_stub_says() -> None:
    text = stubs.stub()
    assert "    def t(self) -> Tensor:\n" in text
    assert "    def squeeze(self, dim: Axes = None, *, axis: Axes = ...) -> Tensor:\n" in text
    assert "    @property\n    def T(self) -> Tensor:\n" in text
    assert "    def __iadd__(self, y: Any) -> Tensor:\n" in text
