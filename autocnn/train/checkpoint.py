"""Checkpoints while training goes on."""

from __future__ import annotations

import os
import time
from pathlib import Path

from autocnn.errors import ArgumentError
from autocnn.train.history import Epoch
from autocnn.train.loop import Callback, Trainer


class Checkpoint(Callback):
    """Writes the trainer's state to a file after every epoch, and within one when `seconds` have gone by.

    There is only ever one file, the latest; it is replaced in one step.
    Raises ArgumentError if `seconds` is not positive.
    """

    def __init__(self, path: str | os.PathLike[str], seconds: float = 60.0) -> None:
        if not seconds > 0:
            raise ArgumentError(f"Checkpoint: seconds is {seconds}; it is above 0")
        self.path = Path(path)
        self.seconds = seconds
        self._written = 0.0

    def begin(self, trainer: Trainer) -> None:
        """Count the time from here."""
        self._written = time.monotonic()

    def step(self, trainer: Trainer, loss: float) -> None:
        """Write one if it is time."""
        if time.monotonic() - self._written >= self.seconds:
            self._write(trainer)

    def epoch(self, trainer: Trainer, record: Epoch) -> None:
        """Write one."""
        self._write(trainer)

    def _write(self, trainer: Trainer) -> None:
        trainer.save(self.path)
        self._written = time.monotonic()
