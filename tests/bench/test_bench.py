"""The suite measures what it says: equal losses, honest arithmetic, true tables. No test asserts a time."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

from . import growth, page, tables
from .__main__ import arguments
from .cases import CASES, Case, chain, chosen, resnet
from .conductor import Plan, conduct
from .marks import agree
from .nets import NAMES, network
from .nets.formula import Shapes
from .noise import LIMIT, Reading, others, take
from .peers import PEERS
from .process import Process, WorkerError
from .results import Entry, Peer, Results, Row, Run, load
from .weights import images, state
from .worker import Worker, answers

TINY = (
    Case("tiny residual network", "train", (2, 3, 8, 8), "resnet", (8, True)),
    Case("tiny penalty", "penalty", (2, 1, 32, 32), "lenet5"),
)
LAYERS = (
    Case("tiny conv", "layer", (2, 4, 6, 6), "conv", (4, 8, 3, 2, 1, 2)),
    Case("tiny pool", "layer", (2, 3, 4, 4), "max_pool", (2,)),
    Case("tiny norm", "layer", (2, 3, 4, 4), "batch_norm", (3,)),
    Case("tiny activation", "layer", (2, 3, 4, 4), "activation", ("gelu",)),
    Case("tiny inference", "infer", (2, 3, 8, 8), "resnet", (8, True)),
    Case("tiny product", "product", (3, 4, 5)),
    chain(10),
)
SHORT = Plan(rounds=1, seconds=0.0, tries=1, threads=1, pause=0.0)


def run(median: float, disturbed: float = 0.0, memory: int = 2**20) -> Run:
    """A run as it might have been."""
    return Run(1, median, median, memory, disturbed, disturbed <= LIMIT)


def measured() -> Results:
    """A result as it might have been: PyTorch in two modes, AutoCNN quicker, MyGrad wrong, DeZero broken."""
    entries = {
        "autocnn": Entry([[2.0]], [run(6.0), run(8.0), run(50.0, disturbed=1.5)]),
        "pytorch": Entry([[2.0]], [run(12.0, memory=2**28)]),
        "pytorch-channels_last": Entry([[2.0]], [run(10.0)]),
        "mygrad": Entry([[3.0]], [run(1234.5, disturbed=0.5)]),
        "dezero": Entry(failed="ValueError: no"),
    }
    product = {"numpy": Entry([[1.0]], [Run(1, 2.0, 2.5, 2**20, 0.0, True)])}
    peers = {name: Peer("1.0") for name in [*entries, *product]}
    rows = {"SGEMM 2048": Row(2 * 10**8, product), "ResNet-20 at 128": Row(10**8, entries)}
    machine = {"processor": "P", "cores": "2", "system": "S", "python": "3"}
    return Results("2000-01-01", machine, 2, peers, rows)


@pytest.mark.parametrize("case", TINY, ids=lambda case: case.name)
def test_autocnn_and_pytorch_lose_the_same_in_processes_of_their_own(case: Case) -> None:
    said: list[str] = []
    kept: list[Results] = []
    found = conduct([case], ["autocnn", "pytorch"], SHORT, said.append, kept.append)
    row = found.rows[case.name]
    assert {"autocnn"} <= set(row.measured()) <= {"autocnn", "pytorch"}, said
    assert row.disagreeing() == []
    assert all(len(entry.marks) == 3 and np.isfinite(entry.marks).all() for entry in row.measured().values())


@pytest.mark.torch
@pytest.mark.parametrize("case", [*TINY, *LAYERS], ids=lambda case: case.name)
def test_every_kind_of_case_agrees_with_pytorch(case: Case) -> None:
    torch = pytest.importorskip("torch")
    from .peers.autocnn import open_peer
    from .peers.modules import Modules

    marks = []
    for peer in (open_peer("autocnn", 1), Modules(torch)):
        worker = Worker("either", peer)
        marks.append(worker.prepare(case.write())["marks"])
    assert agree(*marks, tolerance=1e-4)


@pytest.mark.parametrize("name", NAMES)
def test_a_network_and_its_formula_have_the_same_state(name: str) -> None:
    import autocnn

    case = next(case for case in CASES if case.network == name)
    module = network(name).define(autocnn, *case.arguments)
    named = {key: tuple(value.shape) for key, value in module.state_dict().items() if "num_batches" not in key}
    assert named == case.shapes().state
    if name != "conv":
        small = dataclasses.replace(case, shape=(2, *case.shape[1:]))
        assert module(autocnn.from_numpy(images(small))).shape == small.output()


def test_multiply_adds_are_those_of_the_papers() -> None:
    shapes = Shapes()
    assert network("resnet").formula(shapes, (1, 3, 32, 32), 20) == (1, 10)
    assert shapes.multiply_adds == 40_551_040
    assert resnet(20, 128).flops() == 2 * 3 * 128 * 40_551_040
    assert chain(1000).flops() == 0
    assert Case("product", "product", (2, 3, 4)).flops() == 48


def test_weights_depend_on_nothing_but_the_name() -> None:
    case = resnet(8, 2)
    once, again = state(case), state(case)
    assert all((once[name] == again[name]).all() for name in once)
    assert not (once["layer1.0.conv1.weight"] == once["layer1.0.conv2.weight"]).any()
    assert (once["bn1.running_var"] > 0).all()


def test_a_case_survives_json() -> None:
    assert [Case.read(json.loads(json.dumps(case.write()))) for case in CASES] == list(CASES)


def test_cases_are_chosen_by_words() -> None:
    assert chosen([]) == list(CASES)
    assert len({case.name for case in [*CASES, *growth.cases()]}) == len({*CASES, *growth.cases()})
    with pytest.raises(ValueError, match="no case is called 'alexnet'; there are SGEMM 2048, import"):
        chosen(["alexnet"])


def test_the_command_line_names_cases_peers_and_interpreters(capsys: pytest.CaptureFixture[str]) -> None:
    said = arguments(
        ["--cases", "resnet20at128,mlp", "--peers", "autocnn, pytorch-channels_last", "--rounds", "2"]
    )
    assert [case.name for case in said.cases] == ["MLP at 128", "ResNet-20 at 128"]
    assert (said.peers, said.rounds) == (["autocnn", "pytorch-channels_last"], 2)
    assert arguments([]).peers == list(PEERS)
    said = arguments(["--growth", "--cases", "chain", "--python", "mygrad,dezero=old"])
    assert (len(said.cases), said.peers) == (3, list(growth.USUAL))
    assert said.python == {"mygrad": "old", "dezero": "old"}
    for words, law in (
        (["--peers", "theano"], "no library is called 'theano'"),
        (["--python", "x"], "PEERS=PATH"),
    ):
        with pytest.raises(SystemExit):
            arguments(words)
        assert law in capsys.readouterr().err


def test_noise_is_what_others_used() -> None:
    before, after = Reading(wall=5.0, all=100.0, own=40.0), Reading(wall=7.0, all=104.4, own=44.0)
    assert others(before, after) == pytest.approx(0.2)
    assert others(before, Reading(7.0, 103.9, 44.0)) == 0.0  # the clocks are read one after the other
    assert others(None, after) == 0.0


def test_a_reading_grows() -> None:
    import os

    first, second = take(os.getpid()), take(os.getpid())
    if first is None or second is None:
        assert not Path("/proc/stat").exists()
    else:
        assert second.wall >= first.wall
        assert second.own >= first.own > 0
        assert first.all > first.own


def test_a_disturbed_turn_is_repeated_so_often_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    from . import conductor

    class Still:
        peer = "autocnn"
        asked = 0

        def reading(self) -> None:
            return None

        def ask(self, do: str, steps: int) -> dict[str, float]:
            self.asked += 1
            return {"best": 1.0, "median": 2.0, "seconds": 0.1, "memory": 3}

    def after(quiet_from: int) -> tuple[Entry, int, list[str]]:
        process, entry, said = Still(), Entry(), []
        monkeypatch.setattr(
            conductor.noise, "others", lambda before, after: 0.0 if process.asked > quiet_from else 1.0
        )
        conductor.Turns(process, entry, Plan(tries=3, pause=0.0), 1, said.append).take()
        return entry, process.asked, said

    entry, asked, said = after(quiet_from=1)
    assert (asked, entry.noisy, said) == (2, False, [])
    entry, asked, said = after(quiet_from=9)
    assert (asked, entry.noisy, len(entry.runs)) == (3, True, 1)
    assert said == ["  autocnn: disturbed in 3 tries, at last by 1.00 cores"]


def test_a_worker_says_what_went_wrong() -> None:
    with Process("numpy", threads=1) as process, pytest.raises(WorkerError, match="run: nothing is prepared"):
        process.ask("run", steps=1)
    with Process("nobody", threads=1) as process, pytest.raises(WorkerError, match="died: KeyError: 'nobody'"):
        process.ask("hello", cases=[])


def test_answers_come_one_for_each_command(capsys: pytest.CaptureFixture[str]) -> None:
    class Echo:
        def say(self, word: str) -> dict[str, str]:
            return {"word": word}

    said = list(answers(iter(['{"do": "say", "word": "a"}', '{"do": "sing"}']), Echo()))
    assert json.loads(said[0]) == {"word": "a"}
    assert "no attribute 'sing'" in json.loads(said[1])["error"]
    assert "AttributeError" in capsys.readouterr().err


def test_the_tables_say_what_was_measured() -> None:
    assert tables.ratios(measured()).rows[1] == (
        "ResNet-20 at 128",
        "channels_last, 10.0 ms",
        "0.70 (0.60-0.80)",
        "1.20 (1.20-1.20)",
        "1.00 (1.00-1.00)",
        "~123 (123-123)",
        "",
    )
    assert tables.shares(measured(), peak=1e11).rows[1][1:5] == ("14 %", "8 %", "10 %", "~0 %")
    assert tables.memory(measured()).rows[1][1:3] == ("1", "256")
    assert measured().gemm() == 1e11
    assert tables.remarks(measured()) == [
        "ResNet-20 at 128, MyGrad: computed something else than PyTorch",
        "ResNet-20 at 128, DeZero: failed, ValueError: no",
        "ResNet-20 at 128: disturbed by others to the last try: AutoCNN 1 of 3, MyGrad 1 of 1",
    ]


def test_without_pytorch_the_first_is_the_measure() -> None:
    found = measured()
    row = found.rows["ResNet-20 at 128"]
    del row.entries["pytorch"], row.entries["pytorch-channels_last"]
    assert (row.reference(), tables.ratios(found).title) == ("autocnn", "Time, as a multiple of AutoCNN's")


def test_growth_is_divided_by_the_size() -> None:
    rows = {chain(n).name: Row(0, {"autocnn": Entry([[1.0]], [run(n / 400)])}) for n in (1000, 10_000)}
    (table,) = growth.tables(dataclasses.replace(measured(), rows=rows))
    assert table.rows == (("1,000", "2.50"), ("10,000", "2.50"))


def test_results_are_kept_whole(tmp_path: Path) -> None:
    found = measured()
    found.save(tmp_path / "results.json")
    assert load(tmp_path / "results.json") == found
    other = dataclasses.replace(found, rows={"MLP at 128": Row(0)})
    assert list(found.joined(other).rows) == ["MLP at 128", *found.rows]


def test_the_page_holds_the_figures_once() -> None:
    text = page.rewrite(page.PAGE.read_text(encoding="utf-8"), page.section(measured()))
    assert page.rewrite(text, page.section(measured())) == text
    assert text.count("| ResNet-20 at 128 | channels_last, 10.0 ms | 0.70 (0.60-0.80) |") == 1
    assert f"{page.BEGIN}\n## Figures\n\nMeasured 2000-01-01 on 2 cores (P), S, Python 3, with 2 threads." in text


def test_every_peer_has_its_file() -> None:
    folder = Path(__file__).parent / "peers"
    assert all((folder / f"{entry.file}.py").exists() for entry in PEERS.values())
