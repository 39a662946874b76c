"""Schedules one after the other, and at once."""

from __future__ import annotations

import bisect
from collections.abc import Mapping, Sequence
from typing import Any

from autocnn.errors import ArgumentError, StateError
from autocnn.optim.lr_scheduler.base import LRScheduler, plain
from autocnn.optim.optimizer import Optimizer


class _Several(LRScheduler):
    """A schedule made of others."""

    _schedulers: list[LRScheduler]

    def get_lr(self) -> list[float]:
        """The rates that the schedules have set."""
        return [group["lr"] for group in self.optimizer.param_groups]

    def state_dict(self) -> dict[str, Any]:
        """Its own numbers, and the states of its parts."""
        return {**super().state_dict(), "_schedulers": [part.state_dict() for part in self._schedulers]}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Go on where `state_dict` was taken, in every part."""
        parts = state_dict.get("_schedulers", [])
        if len(parts) != len(self._schedulers):
            raise StateError(
                f"{self._name}.load_state_dict: {len(self._schedulers)} schedulers, the state has {len(parts)}"
            )
        for part, state in zip(self._schedulers, parts, strict=True):
            part.load_state_dict(state)
        for name, value in state_dict.items():
            if name != "_schedulers":
                setattr(self, name, plain(value))


class SequentialLR(_Several):
    """One schedule after the other: the next begins at each of the `milestones`, at its own step 0.

    Raises ArgumentError if there is not one milestone between every two schedules.

    >>> from autocnn.optim.lr_scheduler import ExponentialLR, LinearLR, trajectory
    >>> def make(optimizer):
    ...     parts = [LinearLR(optimizer, 0.5, total_iters=2), ExponentialLR(optimizer, 0.5)]
    ...     return SequentialLR(optimizer, parts, [2])
    >>> trajectory(make, 5)
    [0.5, 0.75, 1.0, 0.5, 0.25]
    """

    def __init__(
        self,
        optimizer: Optimizer,
        schedulers: Sequence[LRScheduler],
        milestones: Sequence[int],
        last_epoch: int = -1,
    ) -> None:
        if len(schedulers) < 1 or len(milestones) != len(schedulers) - 1:
            raise ArgumentError(
                f"SequentialLR: {len(schedulers)} schedulers and {len(milestones)} milestones; "
                "there is one milestone between every two"
            )
        if any(part.optimizer is not optimizer for part in schedulers):
            raise ArgumentError("SequentialLR: a scheduler has another optimizer; all of them share one")
        self._schedulers = list(schedulers)
        self.milestones = list(milestones)
        self.optimizer = optimizer
        self.base_lrs = [group["initial_lr"] for group in optimizer.param_groups]
        self.last_epoch = last_epoch + 1
        self._set(self.base_lrs)
        for part in schedulers:
            _unstep(part)
        schedulers[0]._last_lr = []
        schedulers[0].step()
        self._last_lr = schedulers[0].get_last_lr()

    def step(self) -> None:  # type: ignore[override]
        """Set the rates of the next step, by the schedule whose turn it is."""
        self.last_epoch += 1
        turn = bisect.bisect_right(self.milestones, self.last_epoch)
        part = self._schedulers[turn]
        if turn and self.milestones[turn - 1] == self.last_epoch:
            part._restart()
        else:
            part.step()
        self._last_lr = part.get_last_lr()

    def _restart(self) -> None:
        self.last_epoch = 0
        self._schedulers[0]._restart()
        self._last_lr = self._schedulers[0].get_last_lr()


class ChainedScheduler(_Several):
    """Several schedules at once: each steps in its turn, and their factors multiply.

    Raises ArgumentError if there is none, or they are not of one optimiser.

    >>> from autocnn.optim.lr_scheduler import ExponentialLR, LinearLR, trajectory
    >>> def make(optimizer):
    ...     return ChainedScheduler([LinearLR(optimizer, 0.5, total_iters=2), ExponentialLR(optimizer, 0.5)])
    >>> trajectory(make, 4)
    [0.5, 0.375, 0.25, 0.125]
    """

    def __init__(self, schedulers: Sequence[LRScheduler], optimizer: Optimizer | None = None) -> None:
        if not schedulers:
            raise ArgumentError("ChainedScheduler: schedulers is empty; one is needed at least")
        self.optimizer = schedulers[0].optimizer if optimizer is None else optimizer
        if any(part.optimizer is not self.optimizer for part in schedulers):
            raise ArgumentError("ChainedScheduler: a scheduler has another optimizer; all of them share one")
        self._schedulers = list(schedulers)
        self._last_lr = [group["lr"] for group in self.optimizer.param_groups]

    def step(self) -> None:  # type: ignore[override]
        """Set the rates of the next step, by every schedule in turn."""
        for part in self._schedulers:
            part.step()
        self._last_lr = self.get_lr()

    def _restart(self) -> None:
        self._schedulers[0]._restart()
        for part in self._schedulers[1:]:
            part.last_epoch = -1
            part.step()
        self._last_lr = self.get_lr()


def _unstep(part: LRScheduler) -> None:
    """Take back the step that a schedule made when it was made."""
    if hasattr(part, "last_epoch"):
        part.last_epoch -= 1
    for inner in getattr(part, "_schedulers", []):
        _unstep(inner)
