"""The command `train` on a few made images: what it leaves, goes on with, refuses, and says."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

from autocnn.cli import main
from autocnn.errors import GraphError
from autocnn.models import LeNet5
from autocnn.testing.standin import pretend_cuda
from autocnn.train import Trainer, load_state, load_weights

ROOT = Path(__file__).parents[2]
LEFT = {
    "weights.safetensors", "history.json", "settings.json", "curve.png", "forward.svg", "backward.svg",
}  # fmt: skip
Said = tuple[int, str, str]


def idx(array: np.ndarray[Any, np.dtype[np.uint8]]) -> bytes:
    """An array of bytes as an IDX file."""
    sizes = b"".join(size.to_bytes(4, "big") for size in array.shape)
    return bytes([0, 0, 8, array.ndim]) + sizes + array.tobytes()


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with MNIST's four files, but few images: bright bars at ten places."""
    folder, chance = tmp_path_factory.mktemp("mnist"), np.random.default_rng(0)
    for split, count in (("train", 50), ("t10k", 20)):
        labels = (np.arange(count) % 10).astype(np.uint8)
        pixels = chance.integers(0, 60, (count, 28, 28)).astype(np.uint8)
        for image, label in zip(pixels, labels, strict=True):
            image[2 * label + 4 : 2 * label + 7] += 150
        (folder / f"{split}-images-idx3-ubyte").write_bytes(idx(pixels))
        (folder / f"{split}-labels-idx1-ubyte").write_bytes(idx(labels))
    return folder


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Callable[..., Said]:
    """Run a command; its exit code, and what it wrote to stdout and stderr."""

    def call(*arguments: object) -> Said:
        code = main([str(argument) for argument in arguments])
        return code, *capsys.readouterr()

    return call


def training(images: Path, out: Path, *more: object) -> tuple[object, ...]:
    """A command line: three epochs of three steps."""
    start = ("train", "lenet5", "--data", "mnist", "--data-dir", images, "--epochs", 3, "--batch-size", 20)
    return *start, "--lr", 0.05, "--out", out, *more


def press_at(monkeypatch: pytest.MonkeyPatch, step: int, times: int = 1) -> None:
    """Press Ctrl-C in the middle of a step."""
    inside = Trainer.step

    def pressing(self: Trainer, x: Any, y: Any) -> float:
        if self.steps + 1 == step:
            for _ in range(times):
                os.kill(os.getpid(), signal.SIGINT)
        return inside(self, x, y)

    monkeypatch.setattr(Trainer, "step", pressing)


def same(a: Path, b: Path, *names: str) -> bool:
    return all((a / name).read_bytes() == (b / name).read_bytes() for name in names)


def rows(folder: Path) -> list[dict[str, Any]]:
    """The history without its speeds."""
    epochs = json.loads((folder / "history.json").read_text())["epochs"]
    return [{name: value for name, value in epoch.items() if name != "images_per_second"} for epoch in epochs]


def test_it_leaves_everything(run: Callable[..., Said], images: Path, tmp_path: Path) -> None:
    out = tmp_path / "new" / "run"
    code, said, progress = run(*training(images, out, "--seed", 4))
    assert code == 0
    share = rows(out)[-1]["validation_accuracy"]
    assert said == (
        f"{out}: 3 epochs; test accuracy {share:.2%}; weights.safetensors, history.json, settings.json, "
        "curve.png, forward.svg, backward.svg\n"
    )
    first, *lines = progress.splitlines()
    assert first == (
        "lenet5 (61,706 parameters) on mnist: 50 training images, 20 for the test; 3 epochs of 3 steps, sgd, "
        "highest learning rate 0.05, seed 4"
    )
    assert [line.split("  ")[0] for line in lines] == ["epoch 1/3", "epoch 2/3", "epoch 3/3"]
    assert re.search(r"loss \d\.\d+  accuracy +\d+\.\d+%  test loss .* test accuracy .*images/s", lines[-1])
    assert {path.name for path in out.iterdir()} == LEFT
    assert json.loads((out / "settings.json").read_text())["settings"] == {
        "model": "lenet5", "data": "mnist", "data_dir": str(images), "epochs": 3, "seed": 4, "batch_size": 20,
        "optimizer": "sgd", "lr": 0.05, "weight_decay": 0.0, "warm_up": 0.2, "shift": 0, "flip": False,
        "resize": "nearest", "device": "cpu",
    }  # fmt: skip
    assert [row["steps"] for row in rows(out)] == [3, 6, 9]
    load_weights(LeNet5(), out / "weights.safetensors")


def test_its_pictures_show_one_step(run: Callable[..., Said], images: Path, tmp_path: Path) -> None:
    run(*training(images, tmp_path / "run"))
    with Image.open(tmp_path / "run" / "curve.png") as curve:
        assert min(curve.size) > 500
    forward, backward = (
        {
            str(node.text).strip()
            for node in ElementTree.parse(tmp_path / "run" / name).iter()
            if node.tag.endswith("text")
        }
        for name in ("forward.svg", "backward.svg")
    )
    assert {"lenet5: forward pass", "c1", "s2", "f6", "20×6×28×28", "output"} <= forward
    assert {"lenet5: forward and backward pass of one step", "c1 · backward", "grad weight", "loss"} <= backward
    assert "c1 · backward" not in forward


def test_twice_the_same_is_the_same_to_the_bit(run: Callable[..., Said], images: Path, tmp_path: Path) -> None:
    for name in "ab":
        run(*training(images, tmp_path / name))
    run(*training(images, tmp_path / "other", "--seed", 1))
    files = ("weights.safetensors", "settings.json", "curve.png", "forward.svg", "backward.svg")
    assert same(tmp_path / "a", tmp_path / "b", *files)
    assert rows(tmp_path / "a") == rows(tmp_path / "b")
    assert not same(tmp_path / "a", tmp_path / "other", "weights.safetensors")


def test_on_another_device_it_leaves_the_same(run: Callable[..., Said], images: Path, tmp_path: Path) -> None:
    run(*training(images, tmp_path / "host"))
    with pretend_cuda():
        code, _, _ = run(*training(images, tmp_path / "device", "--device", "cuda"))
    assert code == 0
    assert same(tmp_path / "host", tmp_path / "device", "forward.svg", "backward.svg")
    host, device = LeNet5(), LeNet5()
    load_weights(host, tmp_path / "host" / "weights.safetensors")
    load_weights(device, tmp_path / "device" / "weights.safetensors")
    for a, b in zip(host.parameters(), device.parameters(), strict=True):
        np.testing.assert_allclose(a.detach().array, b.detach().array, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
@pytest.mark.parametrize("step", [1, 3, 5, 9])
def test_interrupted_and_resumed_it_is_the_same(
    run: Callable[..., Said],
    monkeypatch: pytest.MonkeyPatch,
    images: Path,
    tmp_path: Path,
    step: int,
    optimizer: str,
) -> None:
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    run(*training(images, whole, "--optimizer", optimizer))
    with monkeypatch.context() as patch:
        press_at(patch, step)
        code, out, err = run(*training(images, parts, "--optimizer", optimizer))
    assert (code, out) == (130, "")
    epoch = (step + 2) // 3
    assert err.splitlines()[-1] == (
        f"autocnn: interrupted in epoch {epoch}, step {step}; go on with: autocnn train --resume {parts}"
    )
    assert not (parts / "weights.safetensors").exists()
    assert load_state(parts / "checkpoint.safetensors")["steps"] == step
    assert run("train", "--resume", parts)[0] == 0
    assert same(whole, parts, "weights.safetensors", "settings.json", "curve.png", "forward.svg", "backward.svg")
    assert rows(whole) == rows(parts)
    assert {path.name for path in parts.iterdir()} == LEFT


def process(*arguments: object) -> subprocess.Popen[str]:
    """The command in a process of its own."""
    command = [sys.executable, "-m", "autocnn", *map(str, arguments)]
    return subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True)


@pytest.fixture(scope="module")
def long(images: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of 60 epochs that nothing disturbed."""
    folder = tmp_path_factory.mktemp("long")
    with process(*training(images, folder / "run", "--epochs", 60)) as whole:
        assert whole.communicate()[1].count("epoch") == 61
    return folder / "run"


@pytest.mark.parametrize("blow", [signal.SIGINT, signal.SIGKILL])
def test_stopped_from_outside_at_any_moment(
    run: Callable[..., Said], images: Path, tmp_path: Path, long: Path, blow: signal.Signals
) -> None:
    """A real Ctrl-C, or worse, wherever the process is then: and the end is as if nothing had happened."""
    parts = tmp_path / "parts"
    with process(*training(images, parts, "--epochs", 60)) as begun:
        assert begun.stderr is not None
        for line in begun.stderr:
            if line.startswith("epoch  7/60"):
                begun.send_signal(blow)
                break
        said = begun.stderr.read()
    if blow is signal.SIGINT:
        assert begun.returncode == 130
        assert said.endswith(f"go on with: autocnn train --resume {parts}\n")
    assert run("train", "--resume", parts)[0] == 0
    assert same(parts, long, "weights.safetensors", "curve.png")


def test_second_interrupt_keeps_the_last_checkpoint(
    run: Callable[..., Said], monkeypatch: pytest.MonkeyPatch, images: Path, tmp_path: Path
) -> None:
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    run(*training(images, whole))
    with monkeypatch.context() as patch:
        press_at(patch, 5, times=2)
        code, _, err = run(*training(images, parts))
    assert code == 130
    assert err.splitlines()[-1] == (
        f"autocnn: stopped at once, the last checkpoint is kept; go on with: autocnn train --resume {parts}"
    )
    assert load_state(parts / "checkpoint.safetensors")["steps"] == 3
    assert run("train", "--resume", parts, "--epochs", 3, "--out", parts)[0] == 0
    assert same(whole, parts, "weights.safetensors")


def test_stopped_before_the_first_checkpoint_it_begins_again(
    run: Callable[..., Said], monkeypatch: pytest.MonkeyPatch, images: Path, tmp_path: Path
) -> None:
    with monkeypatch.context() as patch:
        press_at(patch, 2, times=2)
        code, _, err = run(*training(images, tmp_path / "parts"))
    assert code == 130
    assert "autocnn: stopped at once, there is no checkpoint yet; go on with" in err
    assert run("train", "--resume", tmp_path / "parts")[0] == 0
    run(*training(images, tmp_path / "whole"))
    assert same(tmp_path / "whole", tmp_path / "parts", "weights.safetensors")


def test_data_may_have_moved(
    run: Callable[..., Said], monkeypatch: pytest.MonkeyPatch, images: Path, tmp_path: Path
) -> None:
    shutil.copytree(images, tmp_path / "first")
    with monkeypatch.context() as patch:
        press_at(patch, 2)
        run(*training(tmp_path / "first", tmp_path / "run"))
    (tmp_path / "first").rename(tmp_path / "second")
    code, _, err = run("train", "--resume", tmp_path / "run")
    assert code == 2
    assert f"the folder {tmp_path / 'first'} is not there. Give the folder that has them with --data-dir" in err
    assert run("train", "--resume", tmp_path / "run", "--data-dir", tmp_path / "second")[0] == 0


def test_finished_run_says_so(run: Callable[..., Said], images: Path, tmp_path: Path) -> None:
    _, said, _ = run(*training(images, tmp_path / "run"))
    assert run("train", "--resume", tmp_path / "run") == (0, said, "")


def test_force_replaces_a_run(run: Callable[..., Said], images: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    run(*training(images, out))
    (out / "notes.txt").write_text("mine")
    before = (out / "weights.safetensors").read_bytes()
    code, _, err = run(*training(images, out, "--seed", 1))
    assert (code, err) == (
        2,
        f"autocnn: train: {out} already holds a run (weights.safetensors, history.json, settings.json, curve.png, "
        f"forward.svg, backward.svg). Give another --out, go on with it by --resume {out}, or replace it with "
        "--force\n",
    )
    assert (out / "weights.safetensors").read_bytes() == before
    assert run(*training(images / "none", out, "--force"))[0] == 2
    assert (out / "weights.safetensors").read_bytes() == before  # nothing is lost before everything is there
    assert run(*training(images, out, "--seed", 1, "--force"))[0] == 0
    assert (out / "weights.safetensors").read_bytes() != before
    assert (out / "notes.txt").read_text() == "mine"


def test_picture_that_cannot_be_drawn_is_named(
    run: Callable[..., Said], monkeypatch: pytest.MonkeyPatch, images: Path, tmp_path: Path
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise GraphError("figures need matplotlib")

    monkeypatch.setattr("autocnn.train.run.learning_curve", fail)
    code, said, err = run(*training(images, tmp_path / "run"))
    assert code == 0
    assert err.endswith("autocnn: curve.png was not drawn: figures need matplotlib\n")
    assert "curve.png" not in said


NAMES = "digits, optdigits, mnist, fashion-mnist, cifar10, cifar100, folder"
MISTAKES = [
    (["lenet5", "--data", "mnist"], "--out is missing; say in which folder the run is kept, or --resume one"),
    (["--data", "mnist"], "the model is missing; name one, as in: autocnn train lenet5 --data digits --out run"),
    (
        ["net.py:make", "--data", "mnist"],
        "MODEL is 'net.py:make'; it is a name, such as lenet5. A network of your own is trained in Python, by "
        "train.Trainer",
    ),
    ([], "the model is missing; name one, as in: autocnn train lenet5 --data digits --out run"),
    (["lenet5"], "--data is missing; name a data set, such as --data digits, or --resume a run"),
    (["lenet5", "--data", "mnist", "--epochs", "0"], "--epochs is 0; it is at least 1"),
    (["lenet5", "--data", "mnist", "--batch-size", "-3"], "--batch-size is -3; it is at least 1"),
    (["lenet5", "--data", "mnist", "--seed", "-1"], "--seed is -1; it is at least 0"),
    (["lenet5", "--data", "mnist", "--lr", "nan"], "--lr is nan; a learning rate is above 0, and finite"),
    (
        ["lenet5", "--data", "mnist", "--optimizer", "adan"],
        "--optimizer is 'adan'; it is one of sgd, adam. Did you mean 'adam'?",
    ),
]


@pytest.mark.parametrize(("arguments", "text"), MISTAKES, ids=[" ".join(given) for given, _ in MISTAKES])
def test_a_mistake_is_one_sentence(
    run: Callable[..., Said], tmp_path: Path, arguments: list[str], text: str
) -> None:
    out = [] if text.startswith("--out is missing") else ["--out", tmp_path / "run"]
    assert run("train", *arguments, *out) == (2, "", f"autocnn: train: {text}\n")
    assert not (tmp_path / "run").exists()


def test_unknown_names_and_missing_files(run: Callable[..., Said], tmp_path: Path) -> None:
    out = ("--out", tmp_path / "run")
    assert run("train", "lenet6", "--data", "digits", *out)[2].startswith(
        "autocnn: model: 'lenet6' is not known. Did you mean 'lenet5'?"
    )
    assert run("train", "lenet5", "--data", "digit", *out)[2] == (
        f"autocnn: train: --data is 'digit'; the data sets are {NAMES}. Did you mean 'digits'?\n"
    )
    assert run("train", "lenet5", "--data", "mnist", "--epochs", "many", *out)[2] == (
        "autocnn: Invalid value for '--epochs': 'many' is not a valid integer; see autocnn train --help\n"
    )
    code, _, err = run("train", "lenet5", "--data", "mnist", "--data-dir", tmp_path, *out)
    assert code == 2
    assert err.startswith("autocnn: train: mnist was not found; looked for train-images-idx3-ubyte")
    assert err.endswith("Give the folder that has them with --data-dir\n")
    assert run("train", "lenet5", "--data", "folder", *out)[2] == (
        "autocnn: train: --data-dir is missing; folder reads DIR/<class>/. Give --data-dir DIR\n"
    )
    code, _, err = run("train", "lenet5", "--data", "mnist", "--data-dir", tmp_path, "--device", "tpu", *out)
    assert code == 2


def test_device_that_is_not_there(run: Callable[..., Said], images: Path, tmp_path: Path) -> None:
    code, _, err = run(*training(images, tmp_path / "run", "--device", "tpu"))
    assert (code, err) == (2, "autocnn: device: 'tpu' is not known; choose 'cpu' or 'cuda'\n")


def test_damaged_data_are_named(run: Callable[..., Said], images: Path, tmp_path: Path) -> None:
    shutil.copytree(images, tmp_path / "data")
    path = tmp_path / "data" / "train-images-idx3-ubyte"
    path.write_bytes(path.read_bytes()[:-7])
    code, _, err = run(*training(tmp_path / "data", tmp_path / "run"))
    assert code == 2
    assert str(path) in err
    assert len(err.splitlines()) == 1
    assert not (tmp_path / "run").exists()


@pytest.fixture
def left(run: Callable[..., Said], monkeypatch: pytest.MonkeyPatch, images: Path, tmp_path: Path) -> Path:
    """An interrupted run."""
    with monkeypatch.context() as patch:
        press_at(patch, 4)
        run(*training(images, tmp_path / "left"))
    return tmp_path / "left"


def test_damaged_runs_are_named_and_kept(run: Callable[..., Said], left: Path) -> None:
    checkpoint, settings, history = (
        left / name for name in ("checkpoint.safetensors", "settings.json", "history.json")
    )
    whole = checkpoint.read_bytes(), settings.read_bytes(), history.read_bytes()
    checkpoint.write_bytes(whole[0][:-100])
    code, _, err = run("train", "--resume", left)
    assert code == 2
    assert f"load_state: {checkpoint} is no whole safetensors file" in err.splitlines()[-1]
    assert checkpoint.read_bytes() == whole[0][:-100]
    checkpoint.write_bytes(whole[0])

    settings.write_text(settings.read_text()[:50])
    code, _, err = run("train", "--resume", left)
    assert code == 2
    assert f"train: {settings} is damaged" in err
    settings.write_text("[]")
    assert "holds a list; it was written as a JSON object" in run("train", "--resume", left)[2]
    settings.write_text("{}")
    assert "holds no settings of a run; begin a new run with --out" in run("train", "--resume", left)[2]
    values = json.loads(whole[1])
    settings.write_text(json.dumps({**values, "settings": {**values["settings"], "epochs": 0}}))
    assert (
        "holds settings that make no sense (train: epochs is 0; it is at least 1)"
        in run("train", "--resume", left)[2]
    )
    settings.write_text(json.dumps({**values, "settings": {**values["settings"], "more": 0}}))
    assert "is of another version (more); begin a new run" in run("train", "--resume", left)[2]
    settings.write_bytes(whole[1])
    assert run("train", "--resume", left)[0] == 0


def test_resumed_run_keeps_its_settings(run: Callable[..., Said], left: Path, tmp_path: Path) -> None:
    code, _, err = run("train", "--resume", left, "--batch-size", 10)
    assert (code, err) == (
        2,
        f"autocnn: train: --batch-size is 10, but the run in {left} was begun with 20; a resumed run keeps its "
        "settings. Leave it out, or begin another run with --out\n",
    )
    assert "but the run in" in run("train", "lenet5", "--data", "digits", "--resume", left)[2]
    assert "a run stays in its folder" in run("train", "--resume", left, "--out", tmp_path / "b")[2]
    code, _, err = run("train", "--resume", tmp_path / "none")
    assert (code, err) == (
        2,
        f"autocnn: train: {tmp_path / 'none'} holds no run: there is no {tmp_path / 'none' / 'settings.json'}. "
        "Check the name\n",
    )


def test_folder_that_cannot_be(run: Callable[..., Said], images: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    code, _, err = run(*training(images, tmp_path / "file"))
    assert (code, err) == (
        2,
        f"autocnn: train: --out is {tmp_path / 'file'}, which is a file; give another folder\n",
    )
    code, _, err = run(*training(images, tmp_path / "file" / "run"))
    said = f"--out is {tmp_path / 'file' / 'run'}, but {tmp_path / 'file'} is a file; give another folder"
    assert (code, err) == (2, f"autocnn: train: {said}\n")
    assert (tmp_path / "file").read_text() == "mine"


def test_folder_that_cannot_be_written_to(
    run: Callable[..., Said], images: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: not mode & os.W_OK)  # for root every folder can
    for out, where in ((tmp_path, "it"), (tmp_path / "a" / "b", f"the folder {tmp_path}")):
        code, _, err = run(*training(images, out))
        said = f"--out is {out}; {where} cannot be written to. Give another folder"
        assert (code, err) == (2, f"autocnn: train: {said}\n")


def test_loss_that_explodes_is_one_sentence(run: Callable[..., Said], images: Path, tmp_path: Path) -> None:
    with np.errstate(all="ignore"):
        code, _, err = run(*training(images, tmp_path / "run", "--lr", "1e38"))
    assert code == 2
    assert "lower the learning rate" in err.splitlines()[-1]


@pytest.mark.parametrize("model", ["plain", "residual"])
def test_images_are_brought_to_the_size_that_the_model_takes(
    run: Callable[..., Said], images: Path, tmp_path: Path, model: str
) -> None:
    _, *rest = training(images, tmp_path / "run", "--epochs", 1)
    rest[0] = model
    code, said, err = run("train", *rest)
    assert code == 0
    assert "; 1 epoch of 3 steps, " in err
    assert ": 1 epoch; test accuracy" in said


@pytest.mark.parametrize("there", [False, True])
def test_run_that_fails_before_its_first_checkpoint_leaves_nothing(
    run: Callable[..., Said], images: Path, tmp_path: Path, there: bool
) -> None:
    out = tmp_path / "run"
    if there:
        out.mkdir()
    with np.errstate(all="ignore"):
        assert run(*training(images, out, "--lr", "1e38"))[0] == 2
    assert out.exists() == there
    assert not there or not list(out.iterdir())
    assert run(*training(images, out))[0] == 0
