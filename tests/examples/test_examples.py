"""Every example runs, in a small setting, and shows what it says."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))


def near(slope: Any) -> bool:
    """The slopes of tanh(a b) + a at (2, -0.5)."""
    return slope == (pytest.approx(0.790012829), pytest.approx(0.839948683))


# the settings that make an example small, and what its answer must be
SETTINGS: dict[str, tuple[dict[str, Any], Callable[[Any], bool]]] = {
    "01_first_gradient": ({}, near),
    "02_train_lenet_on_digits": ({"epochs": 2}, lambda accuracy: accuracy > 0.5),
    "03_numpy_functions_are_traced": ({}, lambda error: error < 1e-7),
    "04_second_derivatives": (
        {"steps": 60},
        lambda answer: answer[0] == pytest.approx([1, 1], abs=1e-6) and answer[2] < answer[1],
    ),
    "05_write_a_primitive": ({}, lambda said: "wrong" in said or "finite" in said),
    "06_draw_the_graph": ({}, lambda files: all(file.read_text().count("<svg") == 1 for file in files)),
    "07_vanishing_gradients": (
        {"depth": 20, "width": 4, "steps": 2},
        lambda shares: shares["plain"] < 1e-4 < 1e-2 < shares["residual"],
    ),
    "08_sweep_networks": (
        {
            "grid": {
                "depth": [40],
                "activation": ["relu"],
                "init": ["default"],
                "norm": [None],
                "skips": [False, True],
                "seed": [0, 1],
            },
            "width": 4,
            "steps": 1,
        },
        lambda rows: [(row["fate"], row["count"]) for row in rows] == [("vanishes", 2), ("holds", 2)],
    ),
    "09_watch_a_training": (
        {"depth": 20, "width": 4, "steps": 6},
        lambda moved: moved["plain"] < 1e-5 < 1e-4 < moved["residual"],
    ),
    "10_find_digits": ({"epochs": 4, "batches": 60, "canvases": 60}, lambda precision: precision > 0.9),
    "11_transfer": (
        {"source": "digits", "target": "digits", "seeds": (0, 1), "counts": (2,), "pretraining": 150, "steps": 30},
        lambda table: min(table["whole network", 2]) > max(table["from scratch", 2]),
    ),
    "12_look_into_a_network": (
        {"epochs": 1, "images": 1},
        lambda seen: (
            seen["gap"] < 1e-3 and seen["before a stride"] == 0 < seen["behind it"] and seen["accuracy"] > 0.2
        ),
    ),
    "13_resnet20_on_cifar10": (
        {"epochs": 2, "images": 256},
        lambda report: len(report["history"]["epochs"]) == 2 and 0 <= report["held_out"] <= 1,
    ),
    "14_digits_that_move": (
        {"epochs": 2, "seeds": (0,)},
        lambda runs: (
            runs["MLP"][0][0] - runs["MLP"][0][3] > 0.4
            and runs["CNN, pools and average"][0][1] < runs["CNN, pools and average"][0][0]
            and abs(runs["CNN, average"][0][0] - runs["CNN, average"][0][3]) < 0.01
        ),
    ),
}
FOLDERS = {"13_resnet20_on_cifar10": "cifar-10"}
"""The examples that need real data, and where these lie."""


def load(path: Path) -> Any:
    """An example as a module; its name is no Python name."""
    spec = importlib.util.spec_from_file_location(f"example_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_example_runs(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    settings, right = SETTINGS[path.stem]
    if path.stem in FOLDERS:
        settings = {"folder": str(request.getfixturevalue("data_dir") / FOLDERS[path.stem]), **settings}
    monkeypatch.chdir(tmp_path)
    answer = load(path).main(**settings)
    assert right(answer), answer


def test_examples_are_numbered_short_and_all_set() -> None:
    assert [path.stem for path in EXAMPLES] == sorted(SETTINGS)
    assert [path.name[:2] for path in EXAMPLES] == [f"{n:02}" for n in range(1, len(EXAMPLES) + 1)]
    assert max(len(path.read_text(encoding="utf-8").splitlines()) for path in EXAMPLES) < 120


def test_an_example_is_a_script() -> None:
    script = ROOT / "examples" / "01_first_gradient.py"
    done = subprocess.run(
        [sys.executable, "-W", "error", script], env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "dz/da = +0.790012829   measured +0.790012829" in done.stdout
