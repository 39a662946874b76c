"""The papers remade: what is fast comes out here too, and the page holds every claim."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from examples.literature.__main__ import PAPERS, reproduce, section, written
from examples.literature.row import Row, near, table

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "reproductions.md").read_text(encoding="utf-8")
FAST = ("glorot_2010", "de_smith_2020", "schoenholz_2017", "zhang_2019")


@pytest.mark.parametrize("name", FAST)
def test_what_is_fast_comes_out(name: str) -> None:
    for row in reproduce(name, seeds=2):
        assert row.holds, row


@pytest.mark.parametrize("name", PAPERS)
def test_the_page_has_every_paper_and_its_command(name: str) -> None:
    assert f"## {PAPERS[name]}\n\n`python -m examples.literature {name}" in PAGE


def test_a_row_says_whether_it_comes_out() -> None:
    good, bad = near("A 2000", "one", 1.0, [0.9, 1.0, 1.3], 0.1), Row("A 2000", "two", "small", (3.0,), 0.0, 1.0)
    assert good.holds
    assert not bad.holds
    assert table([good, bad]).splitlines()[2:] == [
        "| one | 1 | 1 (0.9 to 1.3) | 3 | yes |",
        "| two | small | 3 | 1 | **no** |",
    ]
    assert not near("A 2000", "negative", -1.0, [-1.2], 0.1).holds


def test_a_paper_is_written_over_itself_and_leaves_the_rest() -> None:
    first = section("glorot_2010", [near("", "one", 1.0, [1.0], 0.1)])
    page = written("# Reproductions\n", "glorot_2010", first) + "\nWhat it means.\n\n"
    page = written(page, "zhang_2019", section("zhang_2019", [near("", "two", 2.0, [2.0], 0.1)]))
    again = written(page, "glorot_2010", section("glorot_2010", [near("", "three", 3.0, [3.0], 0.1)]))
    assert "| one |" not in again
    assert again.index("| three |") < again.index("What it means.") < again.index("| two |")


def test_the_command_names_its_papers() -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "examples.literature", "nobody_1900"], cwd=ROOT, capture_output=True, text=True
    )
    assert ran.returncode == 2
    assert "glorot_2010" in ran.stderr
