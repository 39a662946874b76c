"""Sweeps: kept cell by cell, gone on with when killed, the same table in any executor, and what they refuse."""

from __future__ import annotations

import json
import math
import os
import random
import signal
import subprocess
import sys
import time
from concurrent.futures import Executor, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from autocnn.errors import ArgumentError, DataError
from autocnn.flow import processes, sweep
from autocnn.flow.sweep import CELLS, SPREAD, TABLE

ROOT = Path(__file__).parents[2]
GRID = {"depth": [8, 56], "skips": [False, True], "seed": [0, 1, 2]}


def cell(depth: int, skips: bool, seed: int) -> dict[str, Any]:
    ratio = 1.0 if skips else 2.0**-depth * (1 + seed / 10)
    return {"ratio": ratio, "fate": "holds" if skips else "vanishes", "loss": math.nan if seed == 1 else math.inf}


def files(folder: Path) -> list[Path]:
    return sorted((folder / CELLS).iterdir())


def test_the_table_has_every_combination_in_order(tmp_path: Path) -> None:
    found = sweep(cell, GRID, tmp_path)
    assert found.complete
    assert [tuple(row.values())[:3] for row in found.rows()] == [
        (depth, skips, seed) for depth in (8, 56) for skips in (False, True) for seed in (0, 1, 2)
    ]
    lines = (tmp_path / TABLE).read_text().splitlines()
    assert lines[:3] == [
        "depth,skips,seed,ratio,fate,loss",
        "8,False,0,0.00390625,vanishes,inf",
        "8,False,1,0.004296875,vanishes,nan",
    ]
    assert (tmp_path / SPREAD).read_text().splitlines()[:3] == [
        "depth,skips,ratio,ratio_least,ratio_most,fate,loss,loss_least,loss_most,count",
        "8,False,0.004296875,0.00390625,0.0046875,vanishes,inf,inf,inf,3",
        "8,True,1.0,1.0,1.0,holds,inf,inf,inf,3",
    ]
    assert str(found).startswith("Sweep of 12 cells\ndepth,skips,seed,")
    assert json.loads(json.dumps(found.to_dict(), allow_nan=False))["rows"][1]["loss"] is None


def test_cells_that_differ_in_their_words_are_counted(tmp_path: Path) -> None:
    found = sweep(lambda seed: {"fate": "holds" if seed else "explodes"}, {"seed": [0, 1, 2]}, tmp_path)
    assert found.spread() == [{"fate": "holds 2, explodes 1", "count": 3}]


def test_nothing_is_done_twice_and_a_grown_grid_goes_on(tmp_path: Path) -> None:
    calls: list[int] = []

    def counted(seed: int) -> dict[str, float]:
        calls.append(seed)
        return {"square": seed**2}

    first = sweep(counted, {"seed": [1, 2]}, tmp_path)
    assert sweep(counted, {"seed": [1, 2]}, tmp_path) == first
    assert sweep(counted, {"seed": [3, 2]}, tmp_path).rows() == [
        {"seed": 3, "square": 9}, {"seed": 2, "square": 4},
    ]  # fmt: skip
    assert calls == [1, 2, 3]


def test_a_list_of_settings_is_a_grid_and_numpys_numbers_are_numbers(tmp_path: Path) -> None:
    grid = [{"depth": np.int64(2)}, {"rate": np.float64(0.5), "shape": (1, 2)}]
    found = sweep(lambda **settings: {"sum": np.float32(0.25)}, grid, tmp_path)
    assert found.rows() == [{"depth": 2, "sum": 0.25}, {"rate": 0.5, "shape": (1, 2), "sum": 0.25}]
    assert found == sweep(lambda **settings: {"sum": np.float32(0.25)}, grid, tmp_path)


# Executors, interruption and death ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "make", [lambda: ThreadPoolExecutor(2), lambda: processes(2)], ids=["threads", "processes"]
)
def test_any_executor_gives_the_same_table(make: Any, tmp_path: Path) -> None:
    sweep(cell, GRID, tmp_path / "here")
    executor: Executor
    with make() as executor:
        told: list[tuple[int, int]] = []
        found = sweep(cell, GRID, tmp_path / "there", executor, progress=lambda n, of, _: told.append((n, of)))
    assert found.complete
    assert told == [(n, 12) for n in range(1, 13)]
    for name in (TABLE, SPREAD):
        assert (tmp_path / "here" / name).read_bytes() == (tmp_path / "there" / name).read_bytes()


@pytest.mark.parametrize("executor", [None, "threads"])
def test_an_error_says_its_cell_and_leaves_what_is_finished(executor: str | None, tmp_path: Path) -> None:
    def fragile(depth: int) -> dict[str, float]:
        if depth == 3:
            raise ValueError("too deep")
        return {"depth_again": depth}

    with ThreadPoolExecutor(1) as pool, pytest.raises(ValueError, match="too deep") as caught:
        sweep(fragile, {"depth": [1, 2, 3, 4]}, tmp_path, pool if executor else None)
    assert caught.value.__notes__ == ["in the cell of the sweep with depth=3"]
    assert len(files(tmp_path)) >= 2
    assert not list((tmp_path / CELLS).glob(".*"))


@pytest.mark.parametrize("executor", [None, "threads"])
def test_an_interruption_keeps_what_is_finished(executor: str | None, tmp_path: Path) -> None:
    def ask(finished: int, total: int, settings: dict[str, Any]) -> None:
        if finished == 2:
            raise KeyboardInterrupt

    def again(depth: int) -> dict[str, float]:
        return {"again": depth}

    with ThreadPoolExecutor(1) as pool:
        chosen = pool if executor else None
        found = sweep(again, {"depth": [1, 2, 3, 4]}, tmp_path, chosen, progress=ask)
        assert not found.complete
        assert len(found.rows()) == len(files(tmp_path)) == 2
        assert str(found).startswith("Sweep of 4 cells, 2 to do\n")
        assert (tmp_path / TABLE).read_text().count("\n") == 3
        assert sweep(again, {"depth": [1, 2, 3, 4]}, tmp_path, chosen).complete


def test_an_interruption_among_processes_takes_what_they_have_finished(tmp_path: Path) -> None:
    class Stopped(ThreadPoolExecutor):
        """Runs everything at once, and is interrupted before anybody looks."""

        def submit(self, *args: Any, **more: Any) -> Any:
            future = super().submit(*args, **more)
            while not future.done():
                time.sleep(0.001)
            return future

    def stopped(depth: int) -> dict[str, float]:
        if depth == 1:
            raise KeyboardInterrupt
        return {"again": depth}

    with Stopped(1) as pool:
        found = sweep(stopped, {"depth": [1, 2, 3]}, tmp_path, pool)
    assert [row["depth"] for row in found.rows()] == [2, 3]


SCRIPT = """
import os, sys, time
from autocnn.flow import processes, sweep

GRID = {"depth": list(range(1, 21)), "seed": [0, 1]}

def cell(depth, seed):
    time.sleep(float(os.environ.get("PAUSE", 0)))
    return {"ratio": (seed + 2.0) ** -depth, "fate": "vanishes" if depth > 10 else "holds"}

if __name__ == "__main__":
    if sys.argv[2] == "processes":
        with processes(2) as executor:
            sweep(cell, GRID, sys.argv[1], executor)
    else:
        sweep(cell, GRID, sys.argv[1])
"""


@pytest.mark.parametrize(("where", "deaths"), [("here", 2), ("processes", 1)])
def test_a_sweep_killed_at_a_random_moment_ends_with_the_same_table(
    where: str, deaths: int, tmp_path: Path
) -> None:
    script, names = tmp_path / "script.py", dict[str, Any]({"__name__": "script"})
    script.write_text(SCRIPT)
    exec(SCRIPT, names)
    sweep(names["cell"], names["GRID"], tmp_path / "whole")
    folder, cells = tmp_path / "killed", tmp_path / "killed" / CELLS

    def begun(pause: float) -> subprocess.Popen[bytes]:
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "PAUSE": str(pause)}
        return subprocess.Popen([sys.executable, script, str(folder), where], env=environment)

    def finished() -> int:
        return len(list(cells.glob("*.json"))) if cells.exists() else 0

    for _ in range(deaths):
        before, process = finished(), begun(0.05)
        _until(lambda before=before: finished() > before)
        time.sleep(random.uniform(0, 0.15))
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
    assert not (folder / TABLE).exists()
    assert deaths <= finished() < 40
    assert begun(0).wait(60) == 0
    for name in (TABLE, SPREAD):
        assert (folder / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()
    assert not list(cells.glob(".*"))  # nothing half-written is left


def test_processes_end_with_the_one_that_made_them(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "import os, time\n"
        "from autocnn.flow import processes\n"
        "if __name__ == '__main__':\n"
        "    executor = processes(1)\n"
        "    print(executor.submit(os.getpid).result(), flush=True)\n"
        "    executor.submit(time.sleep, 60)\n"
        "    time.sleep(60)\n"
    )
    process = subprocess.Popen(
        [sys.executable, script], env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    worker = int(process.stdout.readline())
    process.kill()
    process.wait()
    process.stdout.close()
    _until(lambda: not _alive(worker))


def _until(true: Any, seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.005)


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    state = Path(f"/proc/{process}/stat")
    return not state.exists() or state.read_text().rpartition(")")[2].split()[0] != "Z"


# Refusals ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"", "Expecting value"),
        (b"\xff\xfe", "can't decode"),
        (b"[1]", "it is no cell of a sweep"),
        (b'{"format": "autocnn.cell"}', "it is no cell of a sweep"),
        (None, "another settings than its name says"),
    ],
)
def test_a_damaged_cell_is_named_and_refused_or_made_again(
    content: bytes | None, fault: str, tmp_path: Path
) -> None:
    whole = sweep(cell, GRID, tmp_path)
    broken, other = files(tmp_path)[:2]
    broken.write_bytes(other.read_bytes() if content is None else content)
    with pytest.raises(DataError) as caught:
        sweep(cell, GRID, tmp_path)
    assert str(caught.value).startswith(f"sweep: {broken} (")
    assert fault in str(caught.value)
    assert str(caught.value).endswith("): damaged. Delete it, or make it again with redo=True")
    again = sweep(cell, GRID, tmp_path, redo=True)
    assert str(again) == str(whole)
    assert str(sweep(cell, GRID, tmp_path)) == str(whole)


def test_foreign_files_are_named(tmp_path: Path) -> None:
    (tmp_path / CELLS).mkdir()
    (tmp_path / CELLS / "holiday.jpg").touch()
    with pytest.raises(DataError) as caught:
        sweep(cell, GRID, tmp_path)
    assert str(caught.value) == (
        f"sweep: {tmp_path / CELLS} holds what no sweep wrote: holiday.jpg. Give another folder"
    )
    (tmp_path / "file").touch()
    with pytest.raises(ArgumentError, match="is a file, and a folder is needed"):
        sweep(cell, GRID, tmp_path / "file")


def test_what_cannot_be_kept_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ArgumentError, match=r"sweep: depth is 3; give a list of its values"):
        sweep(cell, {"depth": 3}, tmp_path)  # type: ignore[dict-item]
    with pytest.raises(ArgumentError) as caught:
        sweep(cell, {"rate": [math.nan]}, tmp_path)
    assert str(caught.value) == (
        "sweep: rate is nan; a setting is a finite number, a text, True, False, None, or a list of those"
    )
    with pytest.raises(ArgumentError) as caught:
        sweep(lambda seed: 3, {"seed": [0]}, tmp_path)  # type: ignore[arg-type,return-value]
    assert str(caught.value) == "sweep: the cell with seed=0 gave 3; it is to give numbers and texts by name"
    with pytest.raises(
        ArgumentError, match=r"sweep: the cell gives seed, which is a setting too. Name it otherwise"
    ):
        sweep(lambda seed: {"seed": 1}, {"seed": [0]}, tmp_path)
    assert not files(tmp_path)


def test_another_function_has_other_cells(tmp_path: Path) -> None:
    sweep(cell, GRID, tmp_path)
    sweep(lambda depth, skips, seed: {"ratio": 0.0}, GRID, tmp_path)
    assert len(files(tmp_path)) == 24
