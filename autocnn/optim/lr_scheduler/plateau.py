"""Rates that fall when a metric stands still."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from autocnn.errors import ArgumentError
from autocnn.optim.lr_scheduler.base import LRScheduler
from autocnn.optim.optimizer import Optimizer


class ReduceLROnPlateau:
    """The rate times `factor` when a metric has not become better for more than `patience` epochs.

    Better means below best (1 - threshold) for `mode` "min" and above best (1 + threshold) for "max"; with
    `threshold_mode` "abs", by more than `threshold`. After a change, `cooldown` epochs do not count. A rate
    goes no lower than `min_lr`, and is left alone where it would change by `eps` or less.

    >>> from autocnn.engine import Tensor
    >>> from autocnn.optim import SGD
    >>> optimizer = SGD([Tensor([1.0])], lr=1.0)
    >>> plateau = ReduceLROnPlateau(optimizer, factor=0.5, patience=1)
    >>> for loss in (3.0, 2.0, 2.0, 2.0):
    ...     plateau.step(loss)
    >>> plateau.get_last_lr()
    [0.5]
    """

    def __init__(
        self,
        optimizer: Optimizer,
        mode: str = "min",
        factor: float = 0.1,
        patience: int = 10,
        threshold: float = 1e-4,
        threshold_mode: str = "rel",
        cooldown: int = 0,
        min_lr: float | Sequence[float] = 0,
        eps: float = 1e-8,
    ) -> None:
        if not factor < 1:
            raise ArgumentError(f"ReduceLROnPlateau: factor is {factor}; it is below 1")
        if mode not in ("min", "max"):
            raise ArgumentError(f"ReduceLROnPlateau: mode is {mode!r}; it is 'min' or 'max'")
        if threshold_mode not in ("rel", "abs"):
            raise ArgumentError(f"ReduceLROnPlateau: threshold_mode is {threshold_mode!r}; it is 'rel' or 'abs'")
        count = len(optimizer.param_groups)
        self.min_lrs = [min_lr] * count if isinstance(min_lr, int | float) else list(min_lr)
        if len(self.min_lrs) != count:
            raise ArgumentError(
                f"ReduceLROnPlateau: min_lr has {len(self.min_lrs)} numbers, the optimiser {count} groups. "
                "Give one for each"
            )
        self.optimizer = optimizer
        self.mode = mode
        self.factor = factor
        self.patience = patience
        self.threshold = threshold
        self.threshold_mode = threshold_mode
        self.cooldown = cooldown
        self.eps = eps
        self.best = math.inf if mode == "min" else -math.inf
        self.num_bad_epochs = 0
        self.cooldown_counter = 0
        self.last_epoch = 0
        self._last_lr = [group["lr"] for group in optimizer.param_groups]

    @property
    def in_cooldown(self) -> bool:
        """Whether epochs do not count now."""
        return self.cooldown_counter > 0

    def step(self, metrics: Any, epoch: int | None = None) -> None:
        """Take note of an epoch's metric, a number or a tensor of one element; lower the rates if it is time."""
        value = float(metrics)
        self.last_epoch = self.last_epoch + 1 if epoch is None else epoch
        if self.is_better(value, self.best):
            self.best, self.num_bad_epochs = value, 0
        else:
            self.num_bad_epochs += 1
        if self.in_cooldown:
            self.cooldown_counter -= 1
            self.num_bad_epochs = 0
        if self.num_bad_epochs > self.patience:
            self._reduce()
            self.cooldown_counter, self.num_bad_epochs = self.cooldown, 0
        self._last_lr = [group["lr"] for group in self.optimizer.param_groups]

    def is_better(self, value: float, best: float) -> bool:
        """Whether `value` is better than `best` by more than the threshold."""
        sign = 1 if self.mode == "max" else -1
        if self.threshold_mode == "rel":
            return sign * value > sign * best * (1 + sign * self.threshold)
        return sign * value > sign * best + self.threshold

    def _reduce(self) -> None:
        for group, lowest in zip(self.optimizer.param_groups, self.min_lrs, strict=True):
            rate = max(group["lr"] * self.factor, lowest)
            if group["lr"] - rate > self.eps:
                group["lr"] = rate

    def get_last_lr(self) -> list[float]:
        """The rates that were set last, one for each group."""
        return list(self._last_lr)

    state_dict = LRScheduler.state_dict
    load_state_dict = LRScheduler.load_state_dict
    _name = LRScheduler._name
