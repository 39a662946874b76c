"""The training loop: what it learns, records, tells, and refuses."""

from __future__ import annotations

import os
import signal
from typing import Any

import numpy as np
import pytest

from autocnn.engine import Tensor
from autocnn.errors import ArgumentError, DataError, NonFiniteError, StateError
from autocnn.optim import SGD
from autocnn.optim.lr_scheduler import ReduceLROnPlateau, StepLR
from autocnn.train import Callback, Epoch, History, Interrupted, Trainer

from . import tiny
from .tiny import After, Tiny


def test_training_learns_and_records() -> None:
    trainer = tiny.trainer()
    history = trainer.fit(tiny.loader(), tiny.EPOCHS, validation=tiny.validation())
    assert history is trainer.history
    assert history.column("epoch") == [1, 2, 3]
    assert history.column("steps") == [6, 12, 18]
    assert history.column("loss")[-1] < history.column("loss")[0]
    assert history.column("validation_accuracy")[-1] > 0.6
    assert all(rate > 0 for rate in history.column("images_per_second"))
    assert History.from_dict(history.to_dict()) == history


def test_record_is_the_mean_over_images() -> None:
    """Batches of different sizes count by their images."""
    trainer = Trainer(model := Tiny(), SGD(model.parameters(), lr=0.0))
    data = tiny.images(10)
    x, y = Tensor(data.normalize()(data.images)), Tensor(data.labels)
    whole = trainer.evaluate([(x, y)])
    parts = trainer.evaluate(
        [(Tensor(x.array[:7]), Tensor(y.array[:7])), (Tensor(x.array[7:]), Tensor(y.array[7:]))]
    )
    assert parts.images == whole.images == 10
    assert parts.accuracy == whole.accuracy
    assert parts.loss == pytest.approx(whole.loss, rel=1e-6)
    assert model.training


def test_plain_lists_of_batches_serve() -> None:
    data = tiny.images(8)
    batches = [(Tensor(data.normalize()(data.images)), Tensor(data.labels))] * 3
    trainer = Trainer(model := Tiny(), SGD(model.parameters(), lr=0.1))
    assert trainer.fit(batches, 2).column("steps") == [3, 6]
    assert trainer.state_dict()["loader"] is None


def test_a_loader_without_a_batch_is_refused() -> None:
    trainer = Trainer(model := Tiny(), SGD(model.parameters(), lr=0.1))
    with pytest.raises(ArgumentError, match="fit: loader is empty; an epoch has at least one batch"):
        trainer.fit([], 2)
    assert trainer.history.epochs == []
    with pytest.raises(ArgumentError, match="evaluate: loader is empty; a mean is over at least one image"):
        trainer.evaluate([])
    spent = iter([(Tensor(np.zeros((2, 1, 4, 4), np.float32)), Tensor(np.array([0, 1])))])
    with pytest.raises(ArgumentError, match="which can be gone through again"):
        trainer.fit(spent, 2)
    assert len(trainer.history.epochs) == 1


def test_targets_that_are_no_classes_have_no_accuracy() -> None:
    def squared(output: Tensor, target: Tensor) -> Tensor:
        return ((output - target) ** 2).mean()  # type: ignore[operator]

    x, y = Tensor(np.ones((4, 1, 4, 4), np.float32)), Tensor(np.ones((4, 3), np.float32))
    trainer = Trainer(model := Tiny(), SGD(model.parameters(), lr=0.1), loss=squared)
    assert trainer.fit([(x, y)], 1, validation=[(x, y)]).epochs[0].accuracy is None
    assert trainer.evaluate([(x, y)]).accuracy is None


class Diary(Callback):
    """Notes what it is told."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def begin(self, trainer: Trainer) -> None:
        self.told.append("begin")

    def step(self, trainer: Trainer, loss: float) -> None:
        self.told.append("step")
        assert trainer.scores.images > 0

    def epoch(self, trainer: Trainer, record: Epoch) -> None:
        self.told.append(f"epoch {record.epoch}")
        if record.epoch == 2:
            trainer.stop()

    def end(self, trainer: Trainer) -> None:
        self.told.append("end")


def test_callbacks_are_told_and_can_stop() -> None:
    diary = Diary()
    trainer = tiny.trainer(callbacks=(diary,))
    trainer.fit(tiny.loader(), tiny.EPOCHS)
    assert diary.told == ["begin", *["step"] * 6, "epoch 1", *["step"] * 6, "epoch 2", "end"]
    assert trainer.epochs == 2


def test_schedule_steps_by_the_epoch() -> None:
    model = Tiny()
    optimizer = SGD(model.parameters(), lr=1e-3)
    Trainer(model, optimizer, schedule=StepLR(optimizer, 2)).fit(tiny.loader(), 3)
    assert optimizer.param_groups[0]["lr"] == pytest.approx(1e-4)


def test_plateau_watches_the_validation_loss() -> None:
    model = Tiny()
    optimizer = SGD(model.parameters(), lr=0.0)
    plateau = ReduceLROnPlateau(optimizer, patience=0)
    trainer = Trainer(model, optimizer, schedule=plateau)
    history = trainer.fit(tiny.loader(), 2, validation=tiny.validation())
    assert plateau.best == history.column("validation_loss")[0]


def test_second_fit_goes_on() -> None:
    once = tiny.trainer()
    once.fit(tiny.loader(), 3)
    twice, loader = tiny.trainer(), tiny.loader()
    twice.fit(loader, 1)
    twice.fit(loader, 3)
    assert tiny.weights(once) == tiny.weights(twice)


def test_single_steps_before_are_no_part_of_an_epoch() -> None:
    x, y = next(iter(tiny.loader()))
    trainer = Trainer(model := Tiny(), SGD(model.parameters(), lr=0.0))
    trainer.step(x, y)
    assert trainer.scores.images == tiny.BATCH
    seen: list[int] = []
    trainer.callbacks = [After(2, lambda: seen.append(trainer.scores.images))]
    trainer.fit([(x, y)], 1)
    assert seen == [tiny.BATCH]


def test_loss_that_is_not_finite_teaches_nothing() -> None:
    trainer = tiny.trainer()
    before = tiny.weights(trainer)
    x, y = Tensor(np.full((2, 1, 4, 4), np.nan, np.float32)), Tensor(np.zeros(2, np.int64))
    with pytest.raises(NonFiniteError) as caught:
        trainer.fit([(x, y)], 1)
    assert str(caught.value) == (
        "step 1: the loss is nan; lower the learning rate, or find the op that made it in "
        "`with autocnn.autograd.debug():`"
    )
    assert tiny.weights(trainer) == before


def test_wrong_arguments_are_named() -> None:
    model = Tiny()
    optimizer = SGD(model.parameters(), lr=0.1)
    with pytest.raises(ArgumentError, match="Trainer: schedule_by is 'batch'; it is 'epoch' or 'step'"):
        Trainer(model, optimizer, schedule_by="batch")
    with pytest.raises(ArgumentError, match="fit: epochs is 0; it is at least 1"):
        Trainer(model, optimizer).fit(tiny.loader(), 0)


def test_state_of_something_else_is_refused() -> None:
    trainer = tiny.trainer()
    whole = trainer.state_dict()
    with pytest.raises(DataError, match="state lacks model, steps; it is no trainer's state"):
        trainer.load_state_dict({key: value for key, value in whole.items() if key not in ("model", "steps")})
    with pytest.raises(DataError, match="state was taken without a schedule; make the trainer as it was then"):
        trainer.load_state_dict({**whole, "schedule": None})
    with pytest.raises(DataError, match=r"totals are \{'cats': 3\}, which no epoch has"):
        trainer.load_state_dict({**whole, "totals": {"cats": 3}})
    with pytest.raises(DataError, match="values is no history"):
        trainer.load_state_dict({**whole, "history": {"epochs": [{"epoch": 1}]}})
    with pytest.raises(StateError, match="missing w"):
        trainer.load_state_dict({**whole, "model": {"v": whole["model"]["v"]}})


# Ctrl-C ------------------------------------------------------------------------------------------------------


def press() -> None:
    """Press Ctrl-C."""
    os.kill(os.getpid(), signal.SIGINT)


def test_interrupt_waits_for_the_end_of_the_step() -> None:
    before = signal.getsignal(signal.SIGINT)
    diary = Diary()
    trainer = tiny.trainer(callbacks=(After(4, press), diary))
    with pytest.raises(Interrupted):
        trainer.fit(tiny.loader(), tiny.EPOCHS)
    assert trainer.steps == 4
    assert diary.told[-2:] == ["step", "end"]
    assert signal.getsignal(signal.SIGINT) is before


def test_second_interrupt_does_not_wait() -> None:
    def twice() -> None:
        press()
        press()

    with pytest.raises(KeyboardInterrupt) as caught:
        tiny.trainer(callbacks=(After(4, twice),)).fit(tiny.loader(), tiny.EPOCHS)
    assert type(caught.value) is KeyboardInterrupt


def test_what_was_interrupted_can_be_evaluated() -> None:
    trainer = tiny.trainer(callbacks=(After(2, press),))
    with pytest.raises(Interrupted):
        trainer.fit(tiny.loader(), 1)
    assert trainer.evaluate(tiny.validation()).images == 30


@pytest.mark.parametrize("step", [4, 6, 12])
def test_interrupted_training_goes_on_in_the_same_process(step: int) -> None:
    whole = tiny.trainer()
    whole.fit(tiny.loader(), tiny.EPOCHS, validation=tiny.validation())
    parts, loader = tiny.trainer(callbacks=(After(step, press),)), tiny.loader()
    with pytest.raises(Interrupted):
        parts.fit(loader, tiny.EPOCHS, validation=tiny.validation())
    parts.callbacks.clear()
    parts.fit(loader, tiny.EPOCHS, validation=tiny.validation())
    assert tiny.weights(parts) == tiny.weights(whole)
    assert tiny.record(parts) == tiny.record(whole)


def test_interrupt_during_validation_keeps_the_epoch_open() -> None:
    batches = list(tiny.validation())

    class Pressing:
        """Batches to check by, and Ctrl-C on the way."""

        def __iter__(self) -> Any:
            for batch in batches:
                press()
                yield batch

    whole = tiny.trainer()
    whole.fit(tiny.loader(), 1, validation=batches)
    parts, loader = tiny.trainer(), tiny.loader()
    with pytest.raises(Interrupted):
        parts.fit(loader, 1, validation=Pressing())
    assert parts.model.training
    assert parts.epochs == 0
    parts.fit(loader, 1, validation=batches)
    assert tiny.record(parts) == tiny.record(whole)
