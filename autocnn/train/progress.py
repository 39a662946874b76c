"""A progress bar for training: where it is, the loss, the accuracy, images per second."""

from __future__ import annotations

import time
from typing import Any

from autocnn.train.history import Epoch
from autocnn.train.loop import Callback, Trainer


class ProgressBar(Callback):
    """Shows a bar for each epoch and a line when it is over. Where output is no terminal, the lines alone."""

    def __init__(self, epochs: int, console: Any = None) -> None:
        from rich.console import Console

        self.epochs = epochs
        self.console = console if console is not None else Console(stderr=True)
        self._bar: Any = None
        self._task: Any = None
        self._seen = 0
        self._started = 0.0
        self._smooth = 0.0

    def begin(self, trainer: Trainer) -> None:
        """Show the bar."""
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        self._bar = Progress(
            TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(),
            TextColumn("loss {task.fields[loss]:.4f}  {task.fields[rate]:,.0f} images/s"),
            TimeRemainingColumn(), console=self.console, disable=not self.console.is_terminal,
        )  # fmt: skip
        self._bar.start()
        self._new_task(trainer)

    def step(self, trainer: Trainer, loss: float) -> None:
        """Move on by a batch."""
        self._smooth = loss if not self._smooth else 0.9 * self._smooth + 0.1 * loss
        self._seen += trainer.loader.batch_size
        rate = self._seen / max(time.perf_counter() - self._started, 1e-9)
        self._bar.update(self._task, advance=1, loss=self._smooth, rate=rate)

    def epoch(self, trainer: Trainer, record: Epoch) -> None:
        """Say how the epoch went."""
        parts = [f"epoch {record.epoch:>3}/{self.epochs}", f"loss {record.loss:.4f}"]
        if record.accuracy is not None:
            parts.append(f"accuracy {record.accuracy:.2%}")
        if record.validation_loss is not None:
            parts.append(f"validation loss {record.validation_loss:.4f}")
        if record.validation_accuracy is not None:
            parts.append(f"accuracy {record.validation_accuracy:.2%}")
        parts.append(f"{record.images_per_second:,.0f} images/s")
        self._bar.remove_task(self._task)
        self.console.print("  ".join(parts), highlight=False)
        if record.epoch < self.epochs:
            self._new_task(trainer)

    def end(self, trainer: Trainer) -> None:
        """Take the bar away."""
        self._bar.stop()

    def _new_task(self, trainer: Trainer) -> None:
        self._seen, self._started, self._smooth = 0, time.perf_counter(), 0.0
        done = trainer.loader.state_dict()["position"] % max(len(trainer.loader), 1)
        title = f"epoch {trainer.epochs + 1:>3}/{self.epochs}"
        self._task = self._bar.add_task(title, total=len(trainer.loader), completed=done, loss=0.0, rate=0.0)
