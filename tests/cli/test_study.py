"""The study on the command line, in a setting small enough for a test."""

from __future__ import annotations

import csv
import json
import re
import signal
from pathlib import Path

import pytest

from autocnn import flow
from autocnn.cli import main
from autocnn.cli.study import files, questions
from autocnn.cli.study.bars import Bars
from autocnn.viz.report import FORMAT
from autocnn.viz.report.summary import network

pytest.importorskip("sklearn")

SMALL = ["--depth", "8,6", "--width", "2", "--steps", "3", "--seeds", "2"]
OWN = """
from autocnn import nn

class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.branch = nn.Conv2d(4, 4, 3, padding=1)
    def forward(self, x):
        return (x + self.branch(x.tanh())).tanh()

def make():
    return nn.Sequential(nn.Conv2d(1, 4, 3, padding=1), Block(), Block(), nn.Flatten(), nn.Linear(256, 10))

def plain():
    return nn.Sequential(nn.Flatten(), nn.Linear(64, 10))

def frozen():
    net = make()
    for layer in (net[0], net[1]):
        for parameter in layer.parameters():
            parameter.requires_grad_(False)
    return net

def broken():
    net = make()
    net[2].branch.weight.data = net[2].branch.weight.data * float("nan")
    return net

def zero():
    net = make()
    net[2].branch.weight.data = net[2].branch.weight.data * 0
    return net

def tiny():
    net = make()
    net[2].branch.weight.data = net[2].branch.weight.data * 1e-44
    return net

class Several(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = make()
    def forward(self, x):
        scores = self.net(x)
        return scores, scores

def several():
    return Several()

class Fussy(Several):
    def forward(self, x):
        if self.training and len(x) > 2:
            raise KeyError("fussy")
        return self.net(x)

def fussy():
    return Fussy()

def colours():
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.Flatten(), nn.Linear(144, 10))
"""


@pytest.fixture(scope="module")
def done(tmp_path_factory) -> Path:
    """A small study that has run."""
    out = tmp_path_factory.mktemp("studies") / "run"
    assert main(["study", *SMALL, "--out", str(out)]) == 0
    return out


def document(out: Path) -> dict:
    def refuse(name: str) -> None:
        raise AssertionError(f"{name} is not strict JSON")

    return json.loads((out / "study.json").read_text("utf-8"), parse_constant=refuse)


def test_a_small_study_writes_the_page_and_all_that_is_on_it(done):
    made = document(done)
    assert made["format"] == FORMAT
    assert not made["partial"]
    assert made["command"] == "autocnn study --depth 8,6 --width 2 --seeds 2 --steps 3"
    assert [(run["network"], run["seed"]) for run in made["runs"]] == [
        ("plain", 0), ("skip", 0), ("plain", 1), ("skip", 1),
    ]  # fmt: skip
    assert len(made["cures"]) == 8
    assert {section["id"] for section in made["sections"]} == set(questions.QUESTIONS)
    assert made["missing"] == {}
    by_depth = next(section for section in made["sections"] if section["id"] == "depth")
    assert [(row["depth"], row["network"]) for row in by_depth["table"]] == [
        (6, "without skips"), (6, "with skips"), (8, "without skips"), (8, "with skips"),
    ]  # fmt: skip
    rows = list(csv.DictReader((done / "gradients.csv").read_text().splitlines()))
    assert len(rows) == 4 * 3 * 2  # networks and seeds, measured steps, blocks
    page = (done / "report.html").read_text("utf-8")
    assert len(page) < 1_500_000
    assert "autocnn study --depth 8,6" in page
    assert all((done / path).exists() for path in made["files"].values())


def test_headline_and_cell_are_of_the_same_numbers(done):
    made = document(done)
    for name in ("plain", "skip"):
        [cell] = [cell for cell in made["cures"] if (cell["row"], cell["column"]) == (name, "default")]
        assert cell["ratio"] == network(made, name).arrives
        assert cell["accuracies"] == [each.accuracy for each in network(made, name).outcomes]


def test_words_of_the_trade_are_explained_where_they_stand(done):
    found = {section["id"]: section for section in document(done)["sections"]}
    assert "Brown noise: a random walk" in found["shattered"]["answer"]
    assert "had been shattered" in found["shattered"]["answer"]
    words = {name for row in found["spectra"]["table"] for name in row}
    assert not any("participation" in name for name in words) or "Participation: " in found["spectra"]["note"]


def test_every_figure_is_there_at_16_to_9(done):
    image = pytest.importorskip("PIL.Image")
    pytest.importorskip("matplotlib")
    names = {path.stem for path in (done / "figures").glob("*.svg")}
    assert {"gradients", "learning", "toy-1", "paths-2"} <= names
    for path in (done / "figures").glob("*.png"):
        with image.open(path) as picture:
            width, height = picture.size
        assert abs(width / height - 16 / 9) < 0.01, path.name
    assert len(names) == len(list((done / "figures").glob("*.png")))


def test_without_matplotlib_there_is_a_sentence(tmp_path, capsys, monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    monkeypatch.setattr(questions, "QUESTIONS", {})
    assert (
        main(["study", "--depth", "6", "--width", "2", "--steps", "1", "--seeds", "1", "--out", str(tmp_path)])
        == 0
    )
    assert "no SVG and PNG files of the figures: figures need matplotlib" in capsys.readouterr().err
    assert (tmp_path / "report.html").exists()


def test_a_network_of_ones_own_and_its_plain_twin(tmp_path, monkeypatch):
    (tmp_path / "net.py").write_text(OWN)
    out = tmp_path / "run"
    given = [f"{tmp_path / 'net.py'}:make", "--steps", "2", "--seeds", "1", "--out", str(out)]
    assert main(["study", *given]) == 0
    made = document(out)
    assert [len(run["gradient"][0]) for run in made["runs"]] == [2, 2]
    plain, skip = (run["gradient"][0] for run in made["runs"])
    assert plain[0] < skip[0]
    assert made["cures"] == []
    assert "Other cures were not tried in this run." in (out / "report.html").read_text("utf-8")


def test_blocks_that_are_frozen_are_measured_and_keep_their_numbers(tmp_path, monkeypatch):
    monkeypatch.setattr(questions, "QUESTIONS", {})
    (tmp_path / "net.py").write_text(OWN)
    sizes = {}
    for name in ("make", "frozen"):
        given = [f"{tmp_path / 'net.py'}:{name}", "--steps", "2", "--seeds", "1", "--out", str(tmp_path / name)]
        assert main(["study", *given]) == 0
        sizes[name] = [run["gradient"][0] for run in document(tmp_path / name)["runs"]]
    assert sizes["frozen"] == sizes["make"]
    assert "(2 blocks, 4 of its parameters frozen)" in (tmp_path / "frozen" / "report.html").read_text("utf-8")


def test_numbers_that_are_not_finite_are_said_and_left_out(tmp_path):
    (tmp_path / "net.py").write_text(OWN)
    out = tmp_path / "run"
    assert main(["study", f"{tmp_path / 'net.py'}:broken", "--steps", "2", "--seeds", "1", "--out", str(out)]) == 0
    made = document(out)
    assert made["sentence"].count("from the start numbers are not finite, first at 2.branch.weight") == 2
    assert {"graph", "ledger", "paths", "shattered", "lesion", "spectra", "sizes"} == made["missing"].keys()
    assert "numbers are not finite" in made["missing"]["ledger"]
    page = (out / "report.html").read_text("utf-8").partition("<script")[0]
    assert "nan" not in re.sub(r"<[^>]*>", " ", page.partition("<body>")[2]).split()


def test_sections_leave_out_a_network_that_broke_down_and_say_so(tmp_path):
    given = ["--activation", "relu", "--init", "he", "--rate", "1e30", "--steps", "4", "--seeds", "1"]
    assert main(["study", "--depth", "6", "--width", "2", *given, "--out", str(tmp_path)]) == 0
    found = {section["id"]: section for section in document(tmp_path)["sections"]}
    assert "After 4 steps" not in found["ledger"]["answer"]
    assert "Left out, because numbers are not finite: with skips, after 4 steps." in found["ledger"]["note"]


@pytest.mark.parametrize(
    ("factory", "said"), [("zero", "it is exactly zero"), ("tiny", "float32 rounds it to zero")]
)
def test_a_zero_is_rounded_only_where_the_rescaled_gradient_is_none(factory, said, tmp_path, monkeypatch):
    monkeypatch.setattr(questions, "QUESTIONS", {})
    (tmp_path / "net.py").write_text(OWN)
    out = tmp_path / "run"
    assert (
        main(["study", f"{tmp_path / 'net.py'}:{factory}", "--steps", "1", "--seeds", "1", "--out", str(out)]) == 0
    )
    assert f"nothing at all reaches the first layers ({said})" in document(out)["sentence"]


def test_an_interruption_leaves_a_report_that_says_so(tmp_path, capsys, monkeypatch):
    original = flow.twins

    def stopped(*arguments, progress, **more):
        def stop(name: str, step: int, loss: float) -> None:
            progress(name, step, loss)
            if name == "skip" and step == 2:
                raise KeyboardInterrupt

        return original(*arguments, progress=stop, **more)

    monkeypatch.setattr(flow, "twins", stopped)
    assert main(["study", *SMALL, "--out", str(tmp_path)]) == 130
    assert "Partial. The loss sends" in " ".join(capsys.readouterr().out.split())
    assert document(tmp_path)["partial"]
    assert '<b class="partial">Partial. </b>' in (tmp_path / "report.html").read_text("utf-8")


def test_a_second_interruption_waits_for_the_report(tmp_path, capfd, monkeypatch):
    original, written = flow.twins, files.write

    def stopped(*arguments, progress, **more):
        def stop(name: str, step: int, loss: float) -> None:
            progress(name, step, loss)
            if name == "skip" and step == 2:
                signal.raise_signal(signal.SIGINT)

        return original(*arguments, progress=stop, **more)

    def impatient(*arguments):
        signal.raise_signal(signal.SIGINT)
        return written(*arguments)

    monkeypatch.setattr(flow, "twins", stopped)
    monkeypatch.setattr(files, "write", impatient)
    before = signal.getsignal(signal.SIGINT)
    assert main(["study", *SMALL, "--out", str(tmp_path)]) == 130
    assert signal.getsignal(signal.SIGINT) is before
    out, err = capfd.readouterr()
    assert "interrupted: writing the report of what has been measured" in out
    assert "the report is being written, a moment" in err
    assert "Partial." in (tmp_path / "report.html").read_text("utf-8")


def test_before_its_first_step_a_bar_says_nothing_of_a_loss(capsys):
    from rich.console import Console

    bars = Bars(Console(width=100), ["plain", "skip"], 3)
    with bars as step:
        step("plain", 1, 2.25)
        bars.bars.refresh()
    out = capsys.readouterr().out
    assert "loss 2.250" in out
    assert "nan" not in out


def test_a_network_that_diverges_is_a_finding(tmp_path):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(questions, "QUESTIONS", {})
        given = ["--activation", "relu", "--init", "he", "--rate", "1e30", "--steps", "4", "--seeds", "1"]
        assert main(["study", "--depth", "6", "--width", "2", *given, "--out", str(tmp_path)]) == 0
    assert "its numbers are no longer finite" in document(tmp_path)["sentence"]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (
            ["--depth", "5"],
            "study: --depth is 5; a stem, a head and two or more blocks of two layers make an even",
        ),
        (["--depth", "x"], "study: --depth is 'x'; whole numbers, as in --depth 20,56"),
        (["--depth", "100000000"], "study: --depth is 100000000; it is at most 1,000"),
        (["--steps", "0"], "study: --steps is 0; it is at least 1"),
        (["--seeds", "0"], "study: --seeds is 0; it is at least 1"),
        (["--width", "0"], "study: --width is 0; it is at least 1"),
        (["--seed", "-1"], "study: --seed is -1; it is at least 0"),
        (["--batch-size", "0"], "study: --batch-size is 0; it is at least 1"),
        (["--batch-size", "5000"], "study: --batch-size is 5000; there are 1,438 training images"),
        (["--rate", "inf"], "study: --rate is inf; a learning rate is above 0, and finite"),
        (["--activation", "rleu"], "Did you mean 'relu'?"),
        (["--init", "x"], "study: --init is 'x'; one of default, he"),
        (["--norm", "x"], "study: --norm is 'x'; one of none, batch, layer"),
        (["--data", "mnits"], "study: --data is 'mnits'; the data sets are digits, optdigits,"),
        (["--quick", "--data", "mnist"], "study: --quick is for digits, --data is mnist; leave one of them out"),
        (["resnet20"], "study: MODEL is 'resnet20'; give a file and what in it makes the network: net.py:make"),
        (["net.py:make", "--depth", "6"], "study: --depth shapes the network that is built here, not net.py:make"),
        (["nowhere.py:make"], "model: 'nowhere.py:make'; there is no file 'nowhere.py'"),
    ],
)
def test_a_mistake_is_one_sentence(arguments, expected, tmp_path, capsys):
    assert main(["study", *arguments, "--out", str(tmp_path / "run")]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("autocnn: ")
    assert expected in err
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("factory", "expected"),
    [
        ("plain", "has 0 modules with a skip of their own; two or more"),
        ("colours", "does not take digits (1x8x8)"),
        ("several", "gives a tuple for 2 images; one tensor of scores (2, 10) is needed"),
        ("fussy", "fussy' failed: KeyError: 'fussy'; --debug shows where"),
    ],
)
def test_a_network_that_cannot_be_studied_is_named(factory, expected, tmp_path, capsys):
    (tmp_path / "net.py").write_text(OWN)
    assert main(["study", f"{tmp_path / 'net.py'}:{factory}", "--out", str(tmp_path / "run")]) == 2
    assert expected in capsys.readouterr().err


def test_a_file_in_the_way_is_named(tmp_path, capsys):
    (tmp_path / "run").write_text("mine")
    assert main(["study", "--out", str(tmp_path / "run")]) == 2
    assert "which is a file; give another folder" in capsys.readouterr().err
    assert main(["study", "--out", str(tmp_path / "run" / "in")]) == 2
    assert f"but {tmp_path / 'run'} is a file; give another folder" in capsys.readouterr().err
    assert (tmp_path / "run").read_text() == "mine"


def test_two_studies_are_compared(done, tmp_path, capsys):
    page = tmp_path / "both.html"
    assert main(["compare", str(done), str(done), "--out", str(page)]) == 0
    assert "Two runs with the same settings." in page.read_text("utf-8")


def test_mistakes_in_a_comparison(done, tmp_path, capsys):
    for arguments, expected in (
        ([str(tmp_path), str(done)], "has no study.json; make it with: autocnn study --out"),
        ([str(tmp_path / "x"), str(done)], "is not there"),
        ([str(done / "gradients.csv"), str(done)], "is no study; it is not what autocnn study writes"),
        ([str(done), str(done), "-o", str(tmp_path / "no" / "x.html")], "is not there"),
        ([str(done), str(done), "-o", str(tmp_path)], "is a folder; name a file"),
    ):
        assert main(["compare", *arguments]) == 2
        assert expected in capsys.readouterr().err
