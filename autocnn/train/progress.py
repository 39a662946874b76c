"""A progress bar for training: where it is, the loss, the accuracy, images per second."""

from __future__ import annotations

import time
from typing import Any

from autocnn.train.history import Epoch
from autocnn.train.loop import Callback, Trainer

_EVERY = 0.1  # seconds between two changes of the bar: more is not seen, and costs time


class ProgressBar(Callback):
    """Shows a bar for each epoch and a line when it is over. Where output is no terminal, the lines alone.

    `epochs` is how many there will be; `checked` is what the validation data are called in the line.
    """

    def __init__(self, epochs: int, console: Any = None, *, checked: str = "validation") -> None:
        from rich.console import Console

        self.epochs = epochs
        self.checked = checked
        self.console = console if console is not None else Console(stderr=True)
        self._bar: Any = None
        self._task: Any = None
        self._length: int | None = None  # steps in an epoch
        self._made = 0  # steps of this epoch
        self._before = 0  # images of this epoch that an earlier run saw
        self._started = 0.0
        self._shown = 0.0

    def begin(self, trainer: Trainer) -> None:
        """Show the bar."""
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        self._bar = Progress(
            TextColumn("{task.description}"), BarColumn(bar_width=24), MofNCompleteColumn(),
            TextColumn("{task.fields[said]}"), TimeRemainingColumn(), console=self.console,
            disable=not self.console.is_terminal, transient=True,
        )  # fmt: skip
        self._bar.start()
        if trainer.epochs < self.epochs:
            self._new_task(trainer)

    def step(self, trainer: Trainer, loss: float) -> None:
        """Move on by a batch."""
        self._made += 1
        now = time.perf_counter()
        if self._bar.disable or (now - self._shown < _EVERY and self._made != self._length):
            return
        self._shown = now
        scores = trainer.scores
        said = [f"loss {scores.loss:.4f}"]
        if scores.accuracy is not None:
            said.append(f"accuracy {scores.accuracy:.2%}")
        said.append(f"{(scores.images - self._before) / max(now - self._started, 1e-9):,.0f} images/s")
        self._bar.update(self._task, completed=self._made, said="  ".join(said))

    def epoch(self, trainer: Trainer, record: Epoch) -> None:
        """Say how the epoch went."""
        said = [f"epoch {record.epoch:>{len(str(self.epochs))}}/{self.epochs}", f"loss {record.loss:.4f}"]
        if record.accuracy is not None:
            said.append(f"accuracy {record.accuracy:7.2%}")
        if record.validation_loss is not None:
            said.append(f"{self.checked} loss {record.validation_loss:.4f}")
        if record.validation_accuracy is not None:
            said.append(f"{self.checked} accuracy {record.validation_accuracy:7.2%}")
        said.append(f"{record.images_per_second:>7,.0f} images/s")
        self._bar.remove_task(self._task)
        self.console.print("  ".join(said), highlight=False, soft_wrap=True)
        if record.epoch < self.epochs:
            self._new_task(trainer)

    def end(self, trainer: Trainer) -> None:
        """Take the bar away."""
        self._bar.stop()

    def _new_task(self, trainer: Trainer) -> None:
        self._length = len(trainer.loader) if hasattr(trainer.loader, "__len__") else None
        place: dict[str, Any] = getattr(trainer.loader, "state_dict", dict)()
        self._made, self._before = place.get("position", 0), trainer.scores.images
        self._started, self._shown = time.perf_counter(), 0.0
        title = f"epoch {trainer.epochs + 1:>{len(str(self.epochs))}}/{self.epochs}"
        self._task = self._bar.add_task(title, total=self._length, completed=self._made, said="")
