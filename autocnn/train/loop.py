"""The training loop: steps, epochs, validation, callbacks, interruption, state."""

from __future__ import annotations

import math
import os
import signal
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeAlias

from autocnn.backend import random
from autocnn.engine import Tensor, no_grad
from autocnn.errors import ArgumentError, DataError, NonFiniteError
from autocnn.nn.gradients import clip_grad_norm_
from autocnn.ops.loss import cross_entropy
from autocnn.train.history import Epoch, History
from autocnn.train.state import load_state, save_state

Loader: TypeAlias = Iterable[tuple[Any, Any]]
"""Batches (x, y), the same length every time; to be gone on with in the middle it needs `state_dict` too."""

_KEYS = ("model", "optimizer", "schedule", "loader", "generators", "history", "totals", "steps", "epochs")

Loss: TypeAlias = Callable[[Any, Any], Any]


class Interrupted(KeyboardInterrupt):
    """Ctrl-C, raised between two steps: the state is whole and can be saved."""


class Callback:
    """Something that is told how training goes; override what is of interest. `trainer.stop()` ends it."""

    def begin(self, trainer: Trainer) -> None:
        """Training starts, or goes on."""

    def step(self, trainer: Trainer, loss: float) -> None:
        """A step was made."""

    def epoch(self, trainer: Trainer, record: Epoch) -> None:
        """An epoch is over, its validation included."""

    def end(self, trainer: Trainer) -> None:
        """Training is over, or was interrupted."""


@dataclass(frozen=True)
class Scores:
    """Mean loss over images, and the share of right answers (None where targets are no classes)."""

    loss: float
    accuracy: float | None
    images: int


@dataclass
class _Totals:
    """Sums over the images of an epoch so far."""

    loss: float = 0.0
    right: int = 0
    images: int = 0
    classes: bool = True
    rate: float | None = None  # the learning rate of the first step
    seen: bool = False  # whether the loader has come to its end, and only validation is left

    def add(self, loss: float, output: Tensor, target: Tensor) -> None:
        count = target.shape[0] if target.ndim else 1
        self.loss += loss * count
        self.images += count
        self.classes = self.classes and target.dtype.kind in "iu" and output.ndim == 2
        if self.classes:
            self.right += int((output.array.argmax(1) == target.array).sum())

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> _Totals:
        try:
            return cls(**values)
        except TypeError as error:
            raise DataError(f"Trainer.load_state_dict: totals are {values!r}, which no epoch has") from error

    def scores(self) -> Scores:
        count = max(self.images, 1)
        return Scores(self.loss / count, self.right / count if self.classes else None, self.images)


class Trainer:
    """Trains a model: forward, loss, backward, step, over and over.

    `schedule` (from `optim.lr_scheduler`) steps after every epoch, or after every step with `schedule_by="step"`.
    `clip` bounds the norm of the whole gradient. `device` is where batches are sent; the model is there already.
    A loss that is not finite raises NonFiniteError: nothing is learned from it.

    >>> from autocnn import data, nn, optim
    >>> model = nn.Sequential(nn.Flatten(), nn.Linear(64, 10))
    >>> loader = data.DataLoader(data.load("digits"), 64, shuffle=True, seed=0)
    >>> trainer = Trainer(model, optim.SGD(model.parameters(), lr=0.01))
    >>> trainer.fit(loader, epochs=3).column("epoch")
    [1, 2, 3]
    """

    def __init__(
        self,
        model: Any,
        optimizer: Any,
        *,
        loss: Loss = cross_entropy,
        schedule: Any = None,
        schedule_by: str = "epoch",
        clip: float | None = None,
        device: str | None = None,
        callbacks: Sequence[Callback] = (),
    ) -> None:
        if schedule_by not in ("epoch", "step"):
            raise ArgumentError(f"Trainer: schedule_by is {schedule_by!r}; it is 'epoch' or 'step'")
        self.model = model
        self.optimizer = optimizer
        self.loss = loss
        self.schedule = schedule
        self.schedule_by = schedule_by
        self.clip = clip
        self.device = device
        self.callbacks = list(callbacks)
        self.history = History()
        self.steps = 0
        self.epochs = 0
        self.loader: Any = None
        self._totals = _Totals()
        self._left: dict[str, Any] | None = None  # where training was left: to be taken up when it goes on
        self._marks: list[int] = []
        self._stopping = False

    @property
    def scores(self) -> Scores:
        """Loss and accuracy of the epoch that is under way, over the images seen so far."""
        return self._totals.scores()

    # Training -----------------------------------------------------------------------------------------------

    def fit(self, loader: Loader, epochs: int, *, validation: Loader | None = None) -> History:
        """Train until `epochs` epochs are done, those of an earlier call included; returns the history.

        Ctrl-C ends it after the step that is under way, with Interrupted; a second Ctrl-C ends it at once. What
        was interrupted goes on, in another call or from a saved state, with the batch that comes next.

        Raises ArgumentError if a loader holds no batch, NonFiniteError if a loss is not finite.
        """
        if epochs < 1:
            raise ArgumentError(f"fit: epochs is {epochs}; it is at least 1")
        if self._left is not None:  # only now: making the loaders may have drawn from the generator
            random.set_states(self._left["generators"])
            if hasattr(loader, "load_state_dict") and self._left["loader"] is not None:
                loader.load_state_dict(self._left["loader"])
        else:
            self._totals = _Totals()  # whatever single steps came before
        self.loader, self._left, self._stopping = loader, None, False
        self._tell("begin")
        try:
            with _deferred_interrupt() as self._marks:
                while self.epochs < epochs and not self._stopping:
                    self._epoch(loader, validation)
        finally:
            self._marks = []
            self._left = self._position() if self._totals.images else None
            self._tell("end")
        return self.history

    def stop(self) -> None:
        """End training after the epoch that is under way; for callbacks."""
        self._stopping = True

    def step(self, x: Any, y: Any) -> float:
        """One step on one batch; returns the loss."""
        x, y = self._here(x, y)
        self.optimizer.zero_grad()
        output = self.model(x)
        loss = self.loss(output, y)
        value = float(loss.item())
        if not math.isfinite(value):
            raise NonFiniteError(
                f"step {self.steps + 1}: the loss is {value}; lower the learning rate, or find the op that made "
                "it in `with autocnn.autograd.debug():`"
            )
        loss.backward()
        if self.clip is not None:
            clip_grad_norm_(self.model.parameters(), self.clip)
        self.optimizer.step()
        if self.schedule is not None and self.schedule_by == "step":
            self.schedule.step()
        self._totals.add(value, output, y)
        self.steps += 1
        return value

    def evaluate(self, loader: Loader) -> Scores:
        """Mean loss and accuracy over a loader, in eval mode, without a graph.

        Raises ArgumentError if the loader holds no batch.
        """
        totals = _Totals()
        training = self.model.training
        self.model.eval()
        try:
            with no_grad():
                for batch in loader:
                    x, y = self._here(*batch)
                    output = self.model(x)
                    totals.add(float(self.loss(output, y).item()), output, y)
                    self._heed()
        finally:
            self.model.train(training)
        if not totals.images:
            raise ArgumentError("evaluate: loader is empty; a mean is over at least one image")
        return totals.scores()

    def _epoch(self, loader: Loader, validation: Loader | None) -> None:
        speed = 0.0 if self._totals.seen else self._pass(loader)
        rate, scores = self._totals.rate or 0.0, self.scores
        checked = self.evaluate(validation) if validation is not None else None
        self.epochs += 1
        record = Epoch(
            epoch=self.epochs, steps=self.steps, rate=rate, loss=scores.loss, accuracy=scores.accuracy,
            validation_loss=checked.loss if checked else None,
            validation_accuracy=checked.accuracy if checked else None, images_per_second=speed,
        )  # fmt: skip
        self.history.add(record)
        self._totals = _Totals()
        if self.schedule is not None and self.schedule_by == "epoch":
            self._step_schedule(record)
        self._tell("epoch", record)
        self._heed()

    def _pass(self, loader: Loader) -> float:
        """Step through what is left of the epoch; returns images per second."""
        totals = self._totals
        self.model.train()
        if totals.rate is None:
            totals.rate = self.optimizer.param_groups[0]["lr"]
        started, before = time.perf_counter(), totals.images
        for x, y in loader:
            loss = self.step(x, y)
            self._tell("step", loss)
            self._heed()
        if not totals.images:
            raise ArgumentError(
                "fit: loader is empty; an epoch has at least one batch. Give a list or a DataLoader, which can be "
                "gone through again, and without drop_last if there are fewer images than a batch"
            )
        totals.seen = True
        return (totals.images - before) / max(time.perf_counter() - started, 1e-9)

    def _here(self, x: Any, y: Any) -> tuple[Any, Any]:
        return (x, y) if self.device is None else (x.to(self.device), y.to(self.device))

    def _heed(self) -> None:
        """Act on Ctrl-C, now that the state is whole."""
        if self._marks:
            raise Interrupted

    def _step_schedule(self, record: Epoch) -> None:
        if type(self.schedule).__name__ == "ReduceLROnPlateau":
            self.schedule.step(record.loss if record.validation_loss is None else record.validation_loss)
        else:
            self.schedule.step()

    def _tell(self, event: str, *arguments: Any) -> None:
        for callback in self.callbacks:
            getattr(callback, event)(self, *arguments)

    # State --------------------------------------------------------------------------------------------------

    def _position(self) -> dict[str, Any]:
        """Where the generators are, and the loader, if it can say so."""
        if self._left is not None:
            return self._left
        place = getattr(self.loader, "state_dict", lambda: None)()
        return {"loader": place, "generators": random.get_states()}

    def state_dict(self) -> dict[str, Any]:
        """Everything that what comes next depends on: model, optimiser, schedule, generators, position."""
        return {
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "schedule": None if self.schedule is None else self.schedule.state_dict(),
            **self._position(),
            "history": self.history.to_dict(),
            "totals": asdict(self._totals),
            "steps": self.steps,
            "epochs": self.epochs,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take up where `state_dict` was taken; the next `fit` begins with the batch that came next then.

        Raises DataError if keys are missing, StateError if it is the state of another model or optimiser.
        """
        if missing := [key for key in _KEYS if key not in state]:
            raise DataError(f"Trainer.load_state_dict: state lacks {', '.join(missing)}; it is no trainer's state")
        if (state["schedule"] is None) != (self.schedule is None):
            raise DataError(
                f"Trainer.load_state_dict: state was taken with{'out' * (state['schedule'] is None)} a schedule; "
                "make the trainer as it was then"
            )
        history, totals = History.from_dict(state["history"]), _Totals.from_dict(state["totals"])
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        if self.schedule is not None:
            self.schedule.load_state_dict(state["schedule"])
        self._left = {"loader": state["loader"], "generators": state["generators"]}
        random.set_states(state["generators"])
        self.history, self._totals = history, totals
        self.steps, self.epochs = state["steps"], state["epochs"]

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write a checkpoint, whole or not at all."""
        return save_state(self.state_dict(), path)

    def load(self, path: str | os.PathLike[str]) -> None:
        """Go on from a checkpoint, to the bit.

        Raises DataNotFoundError, DataError or StateError, as `load_state` and `load_state_dict` do.
        """
        self.load_state_dict(load_state(path))


@contextmanager
def _deferred_interrupt() -> Iterator[list[int]]:
    """Ctrl-C only leaves a mark, to be acted on between two steps; a second one raises at once."""
    marks: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield marks
        return

    def mark(number: int, frame: Any) -> None:
        if marks:
            raise KeyboardInterrupt
        marks.append(number)

    before = signal.signal(signal.SIGINT, mark)
    try:
        yield marks
    finally:
        signal.signal(signal.SIGINT, before)
