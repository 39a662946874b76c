"""One cycle of the learning rate: up, down, and far down, with the momentum the other way about."""

from __future__ import annotations

import math
from collections.abc import Sequence

from autocnn.errors import ArgumentError
from autocnn.optim.lr_scheduler.base import LRScheduler
from autocnn.optim.lr_scheduler.momentum import each, set_momentum
from autocnn.optim.optimizer import Optimizer


class OneCycleLR(LRScheduler):
    """From max_lr / div_factor up to `max_lr` in `pct_start` of all steps, then down to far below the beginning.

    The end is max_lr / div_factor / final_div_factor. With `three_phase` the way down goes through the initial
    rate. `cycle_momentum` moves the momentum (beta1) from `max_momentum` to `base_momentum` and back. Made to be
    stepped after every batch, `total_steps`, or `epochs` times `steps_per_epoch`, times in all.

    Raises ArgumentError if the number of steps is missing, a value is out of its range, or a step is too many.
    Source: L. Smith and N. Topin, "Super-Convergence: Very Fast Training of Neural Networks Using Large
    Learning Rates", 2018.

    >>> from autocnn.engine import Tensor
    >>> from autocnn.optim import SGD
    >>> optimizer = SGD([Tensor([1.0])], lr=1.0, momentum=0.9)
    >>> schedule, rates = OneCycleLR(optimizer, max_lr=1.0, total_steps=5, pct_start=0.4), []
    >>> for _ in range(4):
    ...     rates.append(round(optimizer.param_groups[0]["lr"], 3))
    ...     schedule.step()
    >>> rates
    [0.04, 1.0, 0.75, 0.25]
    """

    def __init__(
        self,
        optimizer: Optimizer,
        max_lr: float | Sequence[float],
        total_steps: int | None = None,
        epochs: int | None = None,
        steps_per_epoch: int | None = None,
        pct_start: float = 0.3,
        anneal_strategy: str = "cos",
        cycle_momentum: bool = True,
        base_momentum: float | Sequence[float] = 0.85,
        max_momentum: float | Sequence[float] = 0.95,
        div_factor: float = 25.0,
        final_div_factor: float = 1e4,
        three_phase: bool = False,
        last_epoch: int = -1,
    ) -> None:
        self.total_steps = _steps(total_steps, epochs, steps_per_epoch)
        if not 0 <= pct_start <= 1:
            raise ArgumentError(f"OneCycleLR: pct_start is {pct_start}; it is in 0..1")
        if anneal_strategy not in ("cos", "linear"):
            raise ArgumentError(f"OneCycleLR: anneal_strategy is {anneal_strategy!r}; it is 'cos' or 'linear'")
        self.pct_start = pct_start
        self.anneal_strategy = anneal_strategy
        self.cycle_momentum = cycle_momentum
        self.three_phase = three_phase
        if last_epoch == -1:
            for group, highest in zip(
                optimizer.param_groups, each("OneCycleLR", optimizer, max_lr, "max_lr"), strict=True
            ):
                first = highest / div_factor
                group.update(initial_lr=first, max_lr=highest, min_lr=first / final_div_factor)
            if cycle_momentum:
                lows = each("OneCycleLR", optimizer, base_momentum, "base_momentum")
                highs = each("OneCycleLR", optimizer, max_momentum, "max_momentum")
                for group, low, high in zip(optimizer.param_groups, lows, highs, strict=True):
                    set_momentum(self._name, group, high)
                    group.update(max_momentum=high, base_momentum=low)
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        """The rates of this step; the momenta are set along the way."""
        if self.last_epoch > self.total_steps:
            raise ArgumentError(f"OneCycleLR: step {self.last_epoch} of {self.total_steps}; the cycle is over")
        rate, momentum, share = self._phase()
        for group in self.optimizer.param_groups:
            if self.cycle_momentum:
                set_momentum(self._name, group, self._between(group[momentum[0]], group[momentum[1]], share))
        return [self._between(group[rate[0]], group[rate[1]], share) for group in self.optimizer.param_groups]

    def _phase(self) -> tuple[tuple[str, str], tuple[str, str], float]:
        """What the rate and the momentum go between at this step, and how far they are."""
        up = self.pct_start * self.total_steps - 1
        last = self.total_steps - 1
        down, back = ("max_momentum", "base_momentum"), ("base_momentum", "max_momentum")
        phases = [(up, ("initial_lr", "max_lr"), down), (last, ("max_lr", "min_lr"), back)]
        if self.three_phase:
            phases[1:] = [
                (2 * up, ("max_lr", "initial_lr"), back),
                (last, ("initial_lr", "min_lr"), ("max_momentum", "max_momentum")),
            ]
        t, start = self.last_epoch, 0.0
        while t > phases[0][0] and len(phases) > 1:
            start = phases.pop(0)[0]
        end, rate, momentum = phases[0]
        return rate, momentum, (t - start) / (end - start) if end != start else 1.0

    def _between(self, start: float, end: float, share: float) -> float:
        if self.anneal_strategy == "linear":
            return start + (end - start) * share
        return end + (start - end) / 2 * (1 + math.cos(math.pi * share))


def _steps(total: int | None, epochs: int | None, per_epoch: int | None) -> int:
    if total is None:
        if epochs is None or per_epoch is None:
            raise ArgumentError("OneCycleLR: total_steps is missing. Give it, or both epochs and steps_per_epoch")
        total = epochs * per_epoch
    if total < 1:
        raise ArgumentError(f"OneCycleLR: total_steps is {total}; it is at least 1")
    return total
