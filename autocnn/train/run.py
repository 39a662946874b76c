"""A run: one training in a folder of its own, which says how it was made and can go on where it was left."""

from __future__ import annotations

import copy
import json
import os
import platform
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import numpy as np

from autocnn import data, models
from autocnn.backend.random import default_generator, manual_seed
from autocnn.data import ArrayDataset, Compose, DataLoader, Fit, RandomCrop, RandomHorizontalFlip
from autocnn.errors import DataError, DataNotFoundError, GraphError, UsageError
from autocnn.graph.store import write_whole
from autocnn.graph.trace import trace
from autocnn.ops.loss import cross_entropy
from autocnn.train.checkpoint import Checkpoint
from autocnn.train.history import Epoch, History
from autocnn.train.loop import Callback, Interrupted, Trainer
from autocnn.train.recipes import Settings, optimizer_for, schedule_for
from autocnn.train.state import save_weights
from autocnn.viz import draw, learning_curve

SETTINGS, HISTORY, WEIGHTS = "settings.json", "history.json", "weights.safetensors"
CHECKPOINT, CURVE, FORWARD, BACKWARD = "checkpoint.safetensors", "curve.png", "forward.svg", "backward.svg"
FILES = (SETTINGS, HISTORY, WEIGHTS, CHECKPOINT, CURVE, FORWARD, BACKWARD)
SIDE = 32
"""Height and width of the images that the models take."""

_FORMAT = "autocnn-run-1"
_MODELS = {"lenet5": models.LeNet5}


class Run:
    """A folder with settings.json and, as training goes on, the other FILES.

    Make one with `create`, or with `reopen` where there is one already. `lost` says what could not be drawn.
    """

    def __init__(self, folder: Path, settings: Settings) -> None:
        self.folder = folder
        self.settings = settings
        self.lost: list[str] = []

    @property
    def finished(self) -> bool:
        """Whether the weights are there, and nothing is left to do."""
        return (self.folder / WEIGHTS).exists() and not (self.folder / CHECKPOINT).exists()

    def history(self) -> History:
        """What is written of the history so far."""
        path = self.folder / HISTORY
        return History.from_dict(_read_json(path)) if path.exists() else History()

    def train(self, parts: Parts, callbacks: Sequence[Callback] = ()) -> History:
        """Train to the end, from the checkpoint if there is one; returns the history.

        Ctrl-C leaves a checkpoint, and raises Interrupted.
        """
        trainer, loader = parts.trainer, parts.loader
        checkpoint = self.folder / CHECKPOINT
        if checkpoint.exists():
            trainer.load(checkpoint)
        trainer.callbacks = [Checkpoint(checkpoint), _Keep(self.folder / HISTORY), *callbacks]
        self._draw_step(parts)
        try:
            trainer.fit(loader, self.settings.epochs, validation=parts.validation)
        except Interrupted:
            trainer.save(checkpoint)
            raise
        save_weights(trainer.model, self.folder / WEIGHTS)
        _write_json(self.folder / HISTORY, trainer.history.to_dict())
        with self._optional(CURVE):
            self._draw_curve(trainer.history)
        checkpoint.unlink(missing_ok=True)
        return trainer.history

    def _draw_step(self, parts: Parts) -> None:
        """The graphs of one step on the first images; neither the model nor the generator notice."""
        if (self.folder / FORWARD).exists() and (self.folder / BACKWARD).exists():
            return
        drawn = default_generator().get_state()
        model = copy.deepcopy(parts.trainer.model).train()
        images, labels = next(iter(DataLoader(parts.images, self.settings.batch_size, transform=parts.transform)))
        with self._optional(FORWARD):
            title = f"{self.settings.model}: forward pass"
            draw(trace(model, images), title=title).save(self.folder / FORWARD)
        with self._optional(BACKWARD):
            whole = trace(model, images, order=1, loss=lambda output: cross_entropy(output, labels))
            title = f"{self.settings.model}: forward and backward pass of one step"
            draw(whole, title=title).save(self.folder / BACKWARD)
        default_generator().set_state(drawn)

    def _draw_curve(self, history: History) -> None:
        accuracy = {"training": history.column("accuracy"), "test": history.column("validation_accuracy")}
        loss = {"training": history.column("loss"), "test": history.column("validation_loss")}
        last = history.epochs[-1].validation_accuracy or 0.0
        title = f"{self.settings.model} on {self.settings.data}: {last:.2%} of the test images"
        learning_curve(loss, accuracy, title=title).save(self.folder / CURVE)

    @contextmanager
    def _optional(self, name: str) -> Iterator[None]:
        """A picture that cannot be drawn is named in `lost`, and the training goes on without it."""
        try:
            yield
        except GraphError as error:
            self.lost.append(f"{name} was not drawn: {error}")


def create(folder: str | os.PathLike[str], settings: Settings, *, force: bool = False) -> Run:
    """A new run in a folder, which is made if need be.

    Raises UsageError if there is a run in it already, unless `force`: then that run's files are removed.
    """
    folder = Path(folder)
    there = [name for name in FILES if (folder / name).exists()]
    if there and not force:
        raise UsageError(
            f"train: out is {folder}, which already holds a run ({', '.join(there)}). Give another folder, "
            "go on with --resume, or replace it with --force"
        )
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"train: out is {folder}, which is a file; a run needs a folder. Give another name")
    folder.mkdir(parents=True, exist_ok=True)
    for name in there:
        (folder / name).unlink()
    versions = {"python": platform.python_version(), "numpy": np.__version__}
    _write_json(folder / SETTINGS, {"format": _FORMAT, "settings": asdict(settings), "made_with": versions})
    return Run(folder, settings)


def reopen(folder: str | os.PathLike[str]) -> Run:
    """The run that a folder holds.

    Raises DataNotFoundError if it holds none, DataError if its settings cannot be read.
    """
    path = Path(folder) / SETTINGS
    if not path.is_file():
        raise DataNotFoundError(f"train: resume is {os.fspath(folder)}, which holds no run: {path} is not there")
    values = _read_json(path)
    wanted = {field.name for field in fields(Settings)}
    given = values.get("settings")
    if values.get("format") != _FORMAT or not isinstance(given, dict) or given.keys() != wanted:
        raise DataError(f"train: {path} holds no settings of a run that this version can go on with")
    return Run(Path(folder), Settings(**given))


# What is trained, and on what -------------------------------------------------------------------------------


class Parts:
    """Data, model and trainer of a run, made from its settings alone.

    Raises DataNotFoundError or DataError if the data are not there or damaged, DeviceError for the device.
    """

    def __init__(self, settings: Settings, *, download: bool = False, progress: Any = None) -> None:
        name, folder = settings.data, settings.data_dir
        split = "train+val" if name in ("cifar10", "cifar100") else "train"
        fit = Fit(SIDE, settings.resize)
        self.images = data.load(name, folder, split, download=download, progress=progress).map(fit)
        self.test = data.load(name, folder, "test").map(fit)
        self.transform = _transform(settings, self.images)
        self.loader = DataLoader(
            self.images, settings.batch_size, shuffle=True, seed=settings.seed, transform=self.transform
        )
        self.validation = DataLoader(self.test, 256, transform=self.images.normalize())
        manual_seed(settings.seed)
        channels, classes = self.images.images.shape[1], len(self.images.classes)
        model = _MODELS[settings.model](in_channels=channels, num_classes=classes)
        if settings.device != "cpu":
            model.to(settings.device)
        optimizer = optimizer_for(settings, model.parameters())
        self.trainer = Trainer(
            model, optimizer, schedule=schedule_for(settings, optimizer, len(self.loader)), schedule_by="step",
            device=None if settings.device == "cpu" else settings.device,
        )  # fmt: skip


def _transform(settings: Settings, images: ArrayDataset) -> Compose:
    steps: list[Any] = []
    if settings.shift:
        steps.append(RandomCrop(SIDE, settings.shift))
    if settings.flip:
        steps.append(RandomHorizontalFlip())
    return Compose([*steps, images.normalize()])


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


__all__ = ["FILES", "Parts", "Run", "create", "reopen"]
