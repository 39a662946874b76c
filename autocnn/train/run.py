"""A run: one training in a folder of its own, which says how it was made and can go on where it was left."""

from __future__ import annotations

import copy
import json
import math
import os
import platform
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import numpy as np

from autocnn.backend import random
from autocnn.data import DataLoader
from autocnn.errors import ArgumentError, DataError, DataNotFoundError, GraphError, UsageError
from autocnn.graph import trace
from autocnn.graph.store import write_whole
from autocnn.ops.loss import cross_entropy
from autocnn.train.checkpoint import Checkpoint
from autocnn.train.history import Epoch, History
from autocnn.train.loop import Callback, Interrupted, Trainer
from autocnn.train.prepare import Parts
from autocnn.train.recipes import Settings
from autocnn.train.weights import save_weights
from autocnn.viz import draw, learning_curve

SETTINGS, HISTORY, WEIGHTS = "settings.json", "history.json", "weights.safetensors"
CHECKPOINT, CURVE, FORWARD, BACKWARD = "checkpoint.safetensors", "curve.png", "forward.svg", "backward.svg"
FILES = (WEIGHTS, HISTORY, SETTINGS, CURVE, FORWARD, BACKWARD, CHECKPOINT)

_FORMAT = "autocnn-run-1"


class Run:
    """A folder with settings.json and, as training goes on, the other FILES.

    Make one with `create`, or with `reopen` where there is one already. `lost` says what could not be drawn.
    """

    def __init__(self, folder: Path, settings: Settings) -> None:
        self.folder = folder
        self.settings = settings
        self.lost: list[str] = []
        self._made_folder = False

    @property
    def finished(self) -> bool:
        """Whether the weights are there, and nothing is left to do."""
        return (self.folder / WEIGHTS).exists() and not (self.folder / CHECKPOINT).exists()

    def history(self) -> History:
        """What is written of the history so far."""
        path = self.folder / HISTORY
        return History.from_dict(_read_json(path)) if path.exists() else History()

    def files(self) -> list[str]:
        """Which of the FILES are there."""
        return _files(self.folder)

    def train(self, parts: Parts, callbacks: Sequence[Callback] = ()) -> History:
        """Train to the end, from the checkpoint if there is one; returns the history.

        Ctrl-C leaves a checkpoint, and raises Interrupted. A run that fails before its first checkpoint leaves
        nothing: there would be nothing to go on with.
        """
        try:
            return self._train(parts, callbacks)
        except Exception:
            if not (self.folder / CHECKPOINT).exists():
                self._clear()
            raise

    def _train(self, parts: Parts, callbacks: Sequence[Callback]) -> History:
        trainer, checkpoint = parts.trainer, self.folder / CHECKPOINT
        self._draw_step(parts)
        if checkpoint.exists():
            trainer.load(checkpoint)
        trainer.callbacks = [_Keep(self.folder / HISTORY), Checkpoint(checkpoint), *callbacks]
        try:
            trainer.fit(parts.loader, self.settings.epochs, validation=parts.validation)
        except Interrupted:
            trainer.save(checkpoint)
            raise
        save_weights(trainer.model, self.folder / WEIGHTS)
        with self._optional(CURVE):
            self._draw_curve(trainer.history)
        checkpoint.unlink(missing_ok=True)
        return trainer.history

    def _clear(self) -> None:
        """Remove the files of the run, and its folder if it was made for it and holds nothing else."""
        for name in self.files():
            (self.folder / name).unlink()
        if self._made_folder and not any(self.folder.iterdir()):
            self.folder.rmdir()

    def _draw_step(self, parts: Parts) -> None:
        """The graphs of one step on the first images; neither the model nor a generator notices."""
        if (self.folder / FORWARD).exists() and (self.folder / BACKWARD).exists():
            return
        drawn = random.get_states()
        model = copy.deepcopy(parts.trainer.model).train()
        few = DataLoader(parts.images, self.settings.batch_size, seed=0, transform=parts.transform, prefetch=0)
        images, labels = (batch.to(self.settings.device) for batch in next(iter(few)))
        with self._optional(FORWARD):
            self._draw(trace(model, images), "forward pass", FORWARD)
        with self._optional(BACKWARD):
            step = trace(model, images, order=1, loss=lambda scores: cross_entropy(scores, labels))
            self._draw(step, "forward and backward pass of one step", BACKWARD)
        random.set_states(drawn)

    def _draw(self, graph: Any, what: str, name: str) -> None:
        draw(graph, title=f"{self.settings.model}: {what}").save(self.folder / name)

    def _draw_curve(self, history: History) -> None:
        def curve(name: str) -> list[float]:
            return [math.nan if value is None else value for value in history.column(name)]

        loss = {"training": curve("loss"), "test": curve("validation_loss")}
        accuracy = {"training": curve("accuracy"), "test": curve("validation_accuracy")}
        title = f"{self.settings.model} on {self.settings.data}"
        learning_curve(loss, accuracy, title=title).save(self.folder / CURVE)

    @contextmanager
    def _optional(self, name: str) -> Iterator[None]:
        """A picture that cannot be drawn is named in `lost`; the training goes on without it."""
        try:
            yield
        except GraphError as error:
            self.lost.append(f"{name} was not drawn: {error}")


def check_vacant(folder: str | os.PathLike[str], *, force: bool = False) -> None:
    """Raise UsageError where no new run can be made: in a file, or without `force` in a folder that holds one."""
    folder = Path(folder)
    there = _files(folder)
    if there and not force:
        raise UsageError(
            f"train: {folder} already holds a run ({', '.join(there)}). Give another --out, go on with it by "
            f"--resume {folder}, or replace it with --force"
        )
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"train: out is {folder}, which is a file; a run needs a folder. Give another --out")


def create(folder: str | os.PathLike[str], settings: Settings, *, force: bool = False) -> Run:
    """A new run in a folder, which is made if need be; with `force` the files of a run in it are removed.

    Raises what `check_vacant` does.
    """
    check_vacant(folder, force=force)
    run = Run(Path(folder), settings)
    run._made_folder = not run.folder.exists()
    run.folder.mkdir(parents=True, exist_ok=True)
    for name in run.files():
        (run.folder / name).unlink()
    versions = {"python": platform.python_version(), "numpy": np.__version__}
    _write_json(run.folder / SETTINGS, {"format": _FORMAT, "settings": asdict(settings), "made_with": versions})
    return run


def reopen(folder: str | os.PathLike[str]) -> Run:
    """The run that a folder holds.

    Raises DataNotFoundError if it holds none, DataError if its settings cannot be read.
    """
    path = Path(folder) / SETTINGS
    if not path.is_file():
        raise DataNotFoundError(f"train: {folder} holds no run: there is no {path}. Check the name")
    values = _read_json(path)
    given = values.get("settings")
    if values.get("format") != _FORMAT or not isinstance(given, dict):
        raise DataError(f"train: {path} holds no settings of a run; begin a new run with --out")
    if strange := sorted(given.keys() ^ {field.name for field in fields(Settings)}):
        raise DataError(f"train: {path} is of another version ({', '.join(strange)}); begin a new run with --out")
    try:
        return Run(Path(folder), Settings(**given))
    except (ArgumentError, TypeError) as error:
        raise DataError(f"train: {path} holds settings that make no sense ({error})") from error


def _files(folder: Path) -> list[str]:
    return [name for name in FILES if (folder / name).exists()]


class _Keep(Callback):
    """Writes the history after every epoch."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def epoch(self, trainer: Trainer, record: Epoch) -> None:
        _write_json(self.path, trainer.history.to_dict())


def _write_json(path: Path, values: dict[str, Any]) -> None:
    write_whole(path, (json.dumps(values, indent=1, allow_nan=False) + "\n").encode())


def _read_json(path: Path) -> dict[str, Any]:
    try:
        values = json.loads(path.read_text("utf-8"))
    except (ValueError, RecursionError) as error:  # JSON's and Unicode's errors are ValueErrors
        raise DataError(f"train: {path} is damaged ({error}); it was written as JSON") from error
    if not isinstance(values, dict):
        raise DataError(f"train: {path} holds a {type(values).__name__}; it was written as a JSON object")
    return values
