"""The study on the command line, in a setting small enough for a test."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from autocnn.cli import main

pytest.importorskip("sklearn")
pytest.importorskip("matplotlib")


def test_a_small_study_writes_figure_graph_and_numbers(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "run"
    assert main(["study", "--depth", "6", "--width", "2", "--steps", "3", "--out", str(out)]) == 0
    names = {"block.png", "block.svg", "gradients.csv", "gradients.png", "gradients.svg", "study.json"}
    assert {p.name for p in out.iterdir()} == names
    numbers = json.loads((out / "study.json").read_text())
    assert numbers["complete"]
    assert [t["name"] for t in numbers["twins"]] == ["plain", "residual"]
    rows = list(csv.DictReader((out / "gradients.csv").read_text().splitlines()))
    assert len(rows) == 2 * 3 * 2  # networks, measured steps, blocks
    text = " ".join(capsys.readouterr().out.split())
    assert " ".join(numbers["sentence"].split()) in text


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (
            ["--depth", "5"],
            "DeepNet: depth is 5; stem, head and blocks of two layers make an even number, 4 or more",
        ),
        (["--depth", "100000000"], "study: --depth is 100000000; it is at most 1,000"),
        (["--steps", "0"], "study: --steps is 0; it is at least 1"),
        (["--width", "0"], "study: --width is 0; it is at least 1"),
        (["--seed", "-1"], "study: --seed is -1; it is at least 0"),
        (["--batch-size", "0"], "study: --batch-size is 0; it is at least 1"),
        (["--batch-size", "5000"], "study: --batch-size is 5000; there are 1,438 training images"),
        (["--rate", "-1"], "study: --rate is -1.0; a learning rate is above 0, and finite"),
        (["--rate", "inf"], "study: --rate is inf; a learning rate is above 0, and finite"),
    ],
)
def test_a_mistake_is_one_sentence(
    arguments: list[str], expected: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["study", *arguments, "--out", str(tmp_path / "run")]) == 2
    assert capsys.readouterr() == ("", f"autocnn: {expected}\n")
    assert not (tmp_path / "run").exists()


def test_a_file_in_the_way_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "run").write_text("mine")
    assert main(["study", "--out", str(tmp_path / "run")]) == 2
    assert "is a file; give a folder" in capsys.readouterr().err
    assert (tmp_path / "run").read_text() == "mine"
