"""The commands on a small network: what they write, and the one sentence that a mistake earns."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from autocnn import models, nn, ops
from autocnn.backend import onednn
from autocnn.cli import main
from autocnn.graph import load


class Linear(nn.Module):
    def __init__(self, count: int, outputs: int) -> None:
        self.weight = nn.Parameter(ops.ones(outputs, count))

    def forward(self, x):
        return ops.linear(x, self.weight)


class Tiny(nn.Module):
    """Two layers and a skip."""

    def __init__(self) -> None:
        self.body = Linear(4, 4)
        self.head = Linear(4, 3)

    def forward(self, x):
        return self.head(x + ops.tanh(self.body(x)))


MODELS = models._MODELS


@pytest.fixture(autouse=True)
def tiny(monkeypatch):
    monkeypatch.setattr(models, "_MODELS", {"tiny": Tiny})


def run(capsys, *arguments: str) -> tuple[int, str, str]:
    code = main(arguments)
    out, err = capsys.readouterr()
    return code, out, err


STARTS = {
    "svg": b"<?xml", "png": b"\x89PNG", "pdf": b"%PDF", "dot": b"digraph", "json": b"{",
    "html": b"<!doctype html>", "txt": b"%0: ",
}  # fmt: skip


@pytest.mark.parametrize("suffix", STARTS)
def test_graph_writes_each_kind_of_file(capsys, tmp_path, suffix):
    path = tmp_path / f"graph.{suffix}"
    code, out, err = run(capsys, "graph", "tiny", "--input", "2,4", "--order", "1", "-o", str(path))
    assert (code, err) == (0, "")
    assert out.startswith(f"{path}: ")
    assert path.read_bytes().startswith(STARTS[suffix])


def test_the_picture_and_the_data_hold_both_passes(capsys, tmp_path):
    run(capsys, "graph", "TINY", "--input", "2,4", "--order", "1", "-o", str(tmp_path / "graph.json"))
    graph = load(tmp_path / "graph.json")
    assert {vertex.phase for vertex in graph.vertices} == {"forward", "backward"}
    assert [graph.vertices[i].name for i in graph.outputs] == [
        None,
        "loss",
        "grad body.weight",
        "grad head.weight",
    ]
    run(capsys, "graph", "tiny", "--input", "2,4", "--order", "1", "-o", str(tmp_path / "graph.svg"))
    words = {text.text for text in ElementTree.parse(tmp_path / "graph.svg").iter() if text.tag.endswith("text")}
    assert {"Tiny: forward and backward", "body", "head · backward", "skip connection", "grad weight"} <= words


def test_graph_as_onnx(capsys, tmp_path):
    onnx = pytest.importorskip("onnx", reason="onnx is an extra")
    path = tmp_path / "tiny.onnx"
    run(capsys, "graph", "tiny", "--input", "2,4", "-o", str(path))
    onnx.checker.check_model(onnx.load(path), full_check=True)


def test_the_format_may_be_said(capsys, tmp_path):
    path = tmp_path / "graph"
    assert run(capsys, "graph", "tiny", "--input", "2,4", "--format", "svg", "-o", str(path))[0] == 0
    assert path.read_bytes().startswith(STARTS["svg"])
    for kind in ("svg", "dot", "json", "html"):
        code, out, err = run(capsys, "graph", "tiny", "--input", "2,4", "--format", kind)
        assert (code, err) == (0, "")
        assert out.encode().startswith(STARTS[kind])
    assert not run(capsys, "graph", "tiny", "--input", "2,4", "--format", "text")[1].endswith("\n\n")


class Deep(nn.Module):
    side, in_channels = 4, 1

    def __init__(self) -> None:
        self.blocks = nn.Sequential(*(nn.Residual(nn.Conv2d(1, 1, 3, padding=1)) for _ in range(9)))

    def forward(self, x):
        return self.blocks(x)


def test_repeats_are_folded(capsys, tmp_path, monkeypatch):
    monkeypatch.setattr(models, "_MODELS", {"deep": Deep})
    code, out, err = run(capsys, "graph", "deep", "--depth", "2", "--fold")
    assert (code, err) == (0, "")
    assert "blocks.0..8(%0, ops=18, parameters=90, repeats=9, weights='own')" in out
    readable = run(capsys, "graph", "deep", "--order", "1", "--fold")[1]
    assert len(readable.splitlines()) <= 40
    path = tmp_path / "deep.svg"
    for extra in ((), ("--depth", "2")):
        assert run(capsys, "graph", "deep", "--fold", *extra, "-o", str(path))[0] == 0
        assert "×9, own weights" in path.read_text(encoding="utf-8") or not extra


NETS = """
from autocnn import nn
import neighbour

def make():
    return nn.Linear(4, neighbour.OUTPUTS)

net = make()

def function():
    return lambda x: x * 2

def broken():
    return {}["missing"]

def three():
    return 3

def failing():
    return lambda x: {}["missing"]
"""


@pytest.fixture
def nets(tmp_path, monkeypatch):
    (tmp_path / "nets.py").write_text(NETS, encoding="utf-8")
    (tmp_path / "neighbour.py").write_text("OUTPUTS = 3", encoding="utf-8")
    monkeypatch.setattr(sys, "path", [*sys.path])
    return tmp_path / "nets.py"


def test_a_model_from_a_file(capsys, nets):
    for factory in ("make", "net"):
        code, out, err = run(capsys, "graph", f"{nets}:{factory}", "--input", "2,4")
        assert (code, err) == (0, "")
        assert "%3: f32[2,3] = linear(%0, %1, %2)" in out
    assert "mul(%0, 2)" in run(capsys, "graph", f"{nets}:function", "--input", "2,4")[1]
    assert "Linear on 2×4" in run(capsys, "summary", f"{nets}:make", "--input", "2,4")[1]


@pytest.mark.parametrize(
    ("factory", "text"),
    [
        ("maker", "; there is no 'maker' in nets.py. Did you mean 'make'?"),
        ("broken", " failed: KeyError: 'missing'; --debug shows where"),
        ("failing", " failed: KeyError: 'missing'; --debug shows where"),
        ("three", " gives 3, of type int; a module or a function is needed"),
    ],
)
def test_mistakes_in_a_file(capsys, nets, factory, text):
    for name in ("graph", "summary"):
        code, out, err = run(capsys, name, f"{nets}:{factory}", "--input", "2,4")
        assert (code, out, err) == (2, "", f"autocnn: model: '{nets}:{factory}'{text}\n")


def test_graph_of_the_second_order(capsys):
    _, out, _ = run(capsys, "graph", "tiny", "--input", "2,4", "--order", "2")
    assert '"penalty"  # backward' in out
    assert '"second grad ' in out


def test_graph_without_a_file_is_a_listing(capsys):
    code, out, err = run(capsys, "graph", "tiny", "--input", "2,4")
    assert (code, err) == (0, "")
    assert out.splitlines()[:3] == [
        '%0: f32[2,4] = input "x"',
        '%1: f32[4,4] = parameter "body.weight"  # body',
        "%2: f32[2,4] = project(%0, %1)  # body",
    ]
    _, out, _ = run(capsys, "graph", "tiny", "--input", "2,4", "--depth", "1")
    assert "%1: f32[2,4] = body(%0, ops=1, parameters=16)" in out


def test_info(capsys):
    code, out, err = run(capsys, "info")
    assert (code, err) == (0, "")
    assert f"NumPy         {np.__version__}\n" in out
    with onednn.disabled():
        _, out, _ = run(capsys, "info")
    assert "oneDNN        no: NumPy computes everything; oneDNN is switched off by disabled()\n" in out


def test_summary(capsys):
    code, out, err = run(capsys, "summary", "tiny", "--input", "2,4")
    assert (code, err) == (0, "")
    rows = [[part.strip() for part in line.split("  ") if part.strip()] for line in out.splitlines()]
    assert ["Tiny on 2×4"] in rows
    assert ["body", "project", "2×4", "16", "32", "32 B", "96 B"] in rows
    assert ["-", "tanh, add", "2×4", "32 B", "32 B"] in rows
    assert ["total", "28", "56", "96 B", "200 B"] in rows
    assert "**Tiny on 2×4**" in run(capsys, "summary", "tiny", "--input", "2,4", "--format", "markdown")[1]
    assert "<caption" in run(capsys, "summary", "tiny", "--input", "2,4", "--format", "html")[1]
    lines = run(capsys, "summary", "tiny", "--input", "2,4", "--formulas")[1].splitlines()
    assert lines[-1] == "head: multiply-adds 2·4·3 = 24"


def test_help(capsys):
    code, out, err = run(capsys, "--help")
    assert (code, err) == (0, "")
    for name in ("graph", "summary"):
        assert name in out
        assert run(capsys, name, "--help")[0] == 0
    assert run(capsys) == run(capsys, "--debug") == (0, out, "")


MISTAKES = [
    (["graph", "tini", "--input", "2,4"], "model: 'tini' is not known. Did you mean 'tiny'? There are tiny"),
    (["graph", "vgg", "--input", "2,4"], "model: 'vgg' is not known. There are tiny"),
    (["graph", "tiny"], "graph: Tiny has no input size of its own; give one, as in --input 1,3,32,32"),
    (
        ["graph", "tiny", "--input", "2,-4"],
        "graph: --input is '2,-4'; whole numbers above 0, as in --input 1,3,32,32",
    ),
    (
        ["summary", "tiny", "--input", "2,0"],
        "summary: --input is '2,0'; whole numbers above 0, as in --input 1,3,32,32",
    ),
    (
        ["graph", "tiny", "--input", "2,99999999999999999999"],
        "graph: --input is '2,99999999999999999999'; no memory holds 2e+20 numbers",
    ),
    (
        ["graph", "tiny", "--input", "2,4", "-o", "graph.gif"],
        "graph: --output is 'graph.gif'; its name must end in .svg, .png, .pdf, .html, .json, .dot, .onnx, .txt, "
        "or --format say what it is",
    ),
    (
        ["graph", "tiny", "--input", "2,4", "--order", "1", "-o", "graph.onnx"],
        "graph: an .onnx file holds the whole forward pass; leave --order, --depth and --fold out",
    ),
    (
        ["graph", "tiny", "--input", "2,4", "--depth", "1", "--format", "html"],
        "graph: on a page modules open and close; leave --depth and --fold out",
    ),
    (
        ["graph", "tiny", "--input", "2,4", "--format", "png"],
        "graph: --format is png, which is not for a terminal; name a file with -o",
    ),
    (["graph", "no/nets.py:make"], "model: 'no/nets.py:make'; there is no file 'no/nets.py'"),
    (["graph", "nets.txt:make"], "model: 'nets.txt:make'; the file's name must end in .py, as in nets.py:make"),
    (
        ["graph", "nets.py"],
        "model: 'nets.py' is a file; say what in it makes the model, as in nets.py:make",
    ),
    (
        ["graph", "tiny", "--input", "2,4", "-o", "no/such/folder/graph.svg"],
        "graph: --output is 'no/such/folder/graph.svg'; the folder no/such/folder is not there",
    ),
    (["graph"], "Missing argument 'MODEL'; see autocnn graph --help"),
    (["grapf"], "No such command 'grapf'; see autocnn --help"),
]


@pytest.mark.parametrize(("arguments", "text"), MISTAKES, ids=[" ".join(given) for given, _ in MISTAKES])
def test_a_mistake_is_one_sentence(capsys, arguments, text):
    code, out, err = run(capsys, *arguments)
    assert (code, out) == (2, "")
    assert err == f"autocnn: {text}\n"


def test_an_input_that_does_not_fit_the_model(capsys):
    code, _, err = run(capsys, "summary", "tiny", "--input", "2,5")
    assert code == 2
    assert err.startswith("autocnn: linear: ")
    assert err.count("\n") == 1


def test_debug_shows_where(capsys):
    code, _, err = run(capsys, "graph", "tini", "--debug", "--input", "2,4")
    assert code == 2
    assert "Traceback" in err
    assert "UsageError: model: 'tini' is not known" in err


def test_a_fault_of_ours_says_so(capsys, monkeypatch):
    monkeypatch.setattr(Tiny, "forward", lambda self, x: {}["missing"])
    code, _, err = run(capsys, "summary", "tiny", "--input", "2,4")
    assert code == 1
    assert err == "autocnn: KeyError: 'missing'; this is a fault in autocnn, --debug shows where\n"


def test_no_command_shows_the_help(capsys):
    code, out, err = run(capsys)
    assert code in (0, 2)
    assert "graph" in out + err
    assert "Traceback" not in out + err


def test_the_module_is_the_command():
    root = Path(__file__).parents[2]
    found = subprocess.run(
        [sys.executable, "-m", "autocnn", "nonsense"], cwd=root, capture_output=True, text=True, check=False
    )
    assert (found.returncode, found.stderr) == (2, "autocnn: No such command 'nonsense'; see autocnn --help\n")


def test_help_loads_no_array_of_libraries():
    code = """
import sys
from autocnn.cli import main
main(['--help'])
print('networkx' in sys.modules, 'rich' in sys.modules)
"""
    found = subprocess.run(
        [sys.executable, "-c", code], cwd=Path(__file__).parents[2], capture_output=True, text=True, check=True
    )
    assert found.stdout.splitlines()[-1] == "False False"


@pytest.mark.usefixtures("thin")
def test_every_model_of_the_library(monkeypatch, capsys):
    monkeypatch.setattr(models, "_MODELS", MODELS)
    for name in models.names():
        code, out, err = run(capsys, "summary", name)
        assert (code, err) == (0, "")
    code, out, _ = run(capsys, "summary", "lenet5")
    assert "61,706" in out
    assert "416,520" in out


def test_graph_with_the_flow_of_gradients(capsys, tmp_path, monkeypatch):
    monkeypatch.setitem(models._MODELS, "deep", lambda: models.residual(8, 2))
    monkeypatch.setitem(models._MODELS, "plain", lambda: models.plain(8, 2))
    path = tmp_path / "flow.svg"
    code, out, err = run(capsys, "graph", "deep", "--beside", "plain", "--flow", "--blocks", "1", "-o", str(path))
    assert (code, err) == (0, "")
    assert out == f"{path}: gradient flow\n"
    words = {text.text for text in ElementTree.parse(path).iter() if text.tag.endswith("text")}
    assert {"deep", "plain", "2 skips", "The gradient of 16 random images"} <= words
    assert sum(str(word).endswith("arrives at x") for word in words) == 2
    assert run(capsys, "graph", "deep", "--flow", "--format", "dot")[1].startswith("digraph flow")
    monkeypatch.setitem(models._MODELS, "maps", lambda: nn.Conv2d(1, 2, 3))
    assert run(capsys, "graph", "maps", "--input", "2,1,4,4", "--flow", "--format", "dot") == (
        2, "", "autocnn: graph: --flow needs scores (N, classes); maps gives (2, 2, 2, 2)\n",
    )  # fmt: skip
    for wrong in (["--flow"], ["--blocks", "2", "-o", str(path)], ["--flow", "--order", "1", "-o", str(path)]):
        code, out, err = run(capsys, "graph", "deep", *wrong)
        assert (code, err.count("--flow draws the forward pass as svg, png, pdf or dot")) == (2, 1)
