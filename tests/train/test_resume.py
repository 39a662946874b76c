"""Interrupted, saved, and gone on with in a new process: the same to the bit as if nothing had happened."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from autocnn.errors import ArgumentError
from autocnn.train import Checkpoint, Interrupted, load_state

from . import tiny
from .test_loop import press
from .tiny import After

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(("kind", "step"), [("sgd", 3), ("sgd", 6), ("adam", 13), ("adam", 17)])
def test_resumed_in_a_new_process_it_ends_equal_to_the_bit(tmp_path: Path, kind: str, step: int) -> None:
    whole = tiny.trainer(kind)
    whole.fit(tiny.loader(), tiny.EPOCHS, validation=tiny.validation())

    parts = tiny.trainer(kind, callbacks=(After(step, press),))
    with pytest.raises(Interrupted):
        parts.fit(tiny.loader(), tiny.EPOCHS, validation=tiny.validation())
    before, after = parts.save(tmp_path / "before.safetensors"), tmp_path / "after.safetensors"
    arguments = [sys.executable, "-m", "tests.train.tiny", kind, before, after]
    subprocess.run(arguments, cwd=ROOT, check=True, timeout=120)

    ended = tiny.trainer(kind)
    ended.load(after)
    assert ended.steps == whole.steps == tiny.EPOCHS * tiny.STEPS
    assert tiny.weights(ended) == tiny.weights(whole)
    assert tiny.record(ended) == tiny.record(whole)


def test_a_checkpoint_of_every_step_leads_to_the_same_end(tmp_path: Path) -> None:
    folder = tmp_path

    class EveryStep(Checkpoint):
        """Keeps them all."""

        def step(self, trainer: object, loss: float) -> None:
            trainer.save(folder / f"{trainer.steps}.safetensors")  # type: ignore[attr-defined]

    whole = tiny.trainer(callbacks=(EveryStep(tmp_path / "latest.safetensors"),))
    whole.fit(tiny.loader(), 2, validation=tiny.validation())
    for step in range(1, 2 * tiny.STEPS + 1):
        later = tiny.trainer()
        later.load(tmp_path / f"{step}.safetensors")
        assert later.steps == step
        later.fit(tiny.loader(prefetch=step % 3), 2, validation=tiny.validation())
        assert tiny.weights(later) == tiny.weights(whole)
        assert tiny.record(later) == tiny.record(whole)


def test_checkpoints_are_written_by_the_epoch_and_by_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, clock, seen = tmp_path / "c.safetensors", [0.0], []
    monkeypatch.setattr("autocnn.train.checkpoint.time.monotonic", lambda: clock[0])

    class Watch(After):
        """Lets ten seconds go by with every step, and looks at the file."""

        def step(self, trainer: object, loss: float) -> None:
            clock[0] += 10
            seen.append(load_state(path)["steps"] if path.exists() else 0)

    trainer = tiny.trainer(callbacks=(Checkpoint(path, seconds=30), Watch(0, None)))
    trainer.fit(tiny.loader(), 1)
    assert seen == [0, 0, 0, 4, 4, 4]
    assert load_state(path)["epochs"] == 1
    with pytest.raises(ArgumentError, match="Checkpoint: seconds is 0; it is above 0"):
        Checkpoint(path, seconds=0)
