"""A network, data and a trainer small enough to train in a moment, with all that a state must hold."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np

from autocnn.backend.random import default_generator, keep_mask, manual_seed
from autocnn.data import ArrayDataset, Compose, DataLoader, RandomCrop
from autocnn.nn import Module, Parameter
from autocnn.optim import SGD, Adam
from autocnn.optim.lr_scheduler import OneCycleLR
from autocnn.train import Callback, Trainer

EPOCHS, BATCH, IMAGES = 3, 8, 44
STEPS = 6  # an epoch: five full batches and a half one


class Tiny(Module):
    """Two layers with dropout between them: what it computes depends on the library's generator."""

    def __init__(self) -> None:
        draw = np.random.default_rng(3).standard_normal
        self.w = Parameter(draw((16, 12)).astype(np.float32) / 4)
        self.v = Parameter(draw((12, 3)).astype(np.float32) / 4)

    def forward(self, x: Any) -> Any:
        hidden = (x.reshape(x.shape[0], 16) @ self.w).tanh()
        if self.training:
            hidden = hidden * keep_mask(*default_generator().next_key(), hidden.shape, 0.8)
        return hidden @ self.v


def images(count: int = IMAGES) -> ArrayDataset:
    """Three classes of noisy images, the brighter the higher the class."""
    chance = np.random.default_rng(5)
    labels = np.arange(count) % 3
    pixels = chance.integers(0, 120, (count, 1, 4, 4)) + 60 * labels[:, None, None, None]
    return ArrayDataset(pixels.astype(np.uint8), labels)


def loader(**options: Any) -> DataLoader:
    """Shuffled batches with random crops."""
    data = images()
    transform = Compose([RandomCrop(4, 1), data.normalize()])
    return DataLoader(data, BATCH, shuffle=True, seed=7, transform=transform, **options)


def trainer(kind: str = "sgd", callbacks: tuple[Callback, ...] = ()) -> Trainer:
    """A trainer with momentum, a schedule by the step, and clipping, from a fixed seed."""
    manual_seed(11)
    model = Tiny()
    optimizer: Any
    if kind == "sgd":
        optimizer = SGD(model.parameters(), lr=0.1, momentum=0.9, nesterov=True, weight_decay=1e-3)
    else:
        optimizer = Adam(model.parameters(), lr=0.01)
    schedule = OneCycleLR(optimizer, 0.1, total_steps=EPOCHS * STEPS)
    return Trainer(
        model, optimizer, schedule=schedule, schedule_by="step", clip=1.0, callbacks=callbacks
    )  # fmt: skip


def validation() -> DataLoader:
    """Batches to check by."""
    data = images(30)
    return DataLoader(data, 10, transform=data.normalize())


class After(Callback):
    """Does something after so many steps."""

    def __init__(self, steps: int, act: Any) -> None:
        self.steps = steps
        self.act = act

    def step(self, trainer: Trainer, loss: float) -> None:
        if trainer.steps == self.steps:
            self.act()


def weights(of: Trainer) -> dict[str, bytes]:
    """The model's state, to be compared to the bit."""
    return {name: np.ascontiguousarray(value.array).tobytes() for name, value in of.model.state_dict().items()}


def record(of: Trainer) -> list[dict[str, Any]]:
    """The history without its speeds."""
    rows = of.history.to_dict()["epochs"]
    return [{name: value for name, value in row.items() if name != "images_per_second"} for row in rows]


def finish(kind: str, before: Path, after: Path) -> None:
    """Go on from one checkpoint to the end, and write another: what a new process does."""
    later = trainer(kind)
    later.load(before)
    later.fit(loader(), EPOCHS, validation=validation())
    later.save(after)


if __name__ == "__main__":
    finish(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))


__all__ = ["After", "Tiny", "finish", "images", "loader", "record", "trainer", "validation", "weights"]
