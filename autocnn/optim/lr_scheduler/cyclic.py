"""Rates that go up and down between two bounds, again and again."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from autocnn.errors import ArgumentError
from autocnn.optim.lr_scheduler.base import LRScheduler
from autocnn.optim.lr_scheduler.momentum import each, set_momentum
from autocnn.optim.optimizer import Optimizer


class CyclicLR(LRScheduler):
    """From `base_lr` up to `max_lr` in `step_size_up` steps, down in `step_size_down`, and so on.

    The height of each triangle is that of the first for `mode` "triangular", half of the last one's for
    "triangular2", gamma^t times the first one's for "exp_range"; or it is scaled by `scale_fn` of the cycle's
    number (from 1) or, with `scale_mode` "iterations", of the step. `cycle_momentum` moves the momentum (beta1)
    from `max_momentum` to `base_momentum` and back. Made to be stepped after every batch.

    Raises ArgumentError for another mode, or numbers that do not fit the groups.
    Source: L. Smith, "Cyclical Learning Rates for Training Neural Networks", 2017.

    >>> from autocnn.optim.lr_scheduler import trajectory
    >>> trajectory(lambda optimizer: CyclicLR(optimizer, 1.0, 3.0, 2, cycle_momentum=False), 6)
    [1.0, 2.0, 3.0, 2.0, 1.0, 2.0]
    """

    def __init__(
        self,
        optimizer: Optimizer,
        base_lr: float | Sequence[float],
        max_lr: float | Sequence[float],
        step_size_up: int = 2000,
        step_size_down: int | None = None,
        mode: str = "triangular",
        gamma: float = 1.0,
        scale_fn: Callable[[float], float] | None = None,
        scale_mode: str = "cycle",
        cycle_momentum: bool = True,
        base_momentum: float | Sequence[float] = 0.8,
        max_momentum: float | Sequence[float] = 0.9,
        last_epoch: int = -1,
    ) -> None:
        if scale_fn is None and mode not in ("triangular", "triangular2", "exp_range"):
            raise ArgumentError(f"CyclicLR: mode is {mode!r}; it is 'triangular', 'triangular2' or 'exp_range'")
        self.max_lrs = each("CyclicLR", optimizer, max_lr, "max_lr")
        self.up = float(step_size_up)
        self.down = float(step_size_up if step_size_down is None else step_size_down)
        self.mode, self.gamma = mode, gamma
        self.scale_fn = scale_fn
        self.scale_mode = "iterations" if scale_fn is None and mode == "exp_range" else scale_mode
        self.cycle_momentum = cycle_momentum
        lowest = each("CyclicLR", optimizer, base_lr, "base_lr")
        if last_epoch == -1:
            for group, rate in zip(optimizer.param_groups, lowest, strict=True):
                group["lr"] = rate
        if cycle_momentum:
            lows = each("CyclicLR", optimizer, base_momentum, "base_momentum")
            highs = each("CyclicLR", optimizer, max_momentum, "max_momentum")
            if last_epoch == -1:
                for group, low, high in zip(optimizer.param_groups, lows, highs, strict=True):
                    set_momentum("CyclicLR", group, high)
                    group.update(max_momentum=high, base_momentum=low)
        self._lowest = lowest
        super().__init__(optimizer, last_epoch)
        self.base_lrs = lowest

    def get_lr(self) -> list[float]:
        """The rates of this step; the momenta are set along the way."""
        turns = self.last_epoch / (self.up + self.down)
        cycle = math.floor(1 + turns)
        way, rise = 1 + turns - cycle, self.up / (self.up + self.down)
        share = way / rise if way <= rise else (way - 1) / (rise - 1)
        share *= self._scale(cycle if self.scale_mode == "cycle" else self.last_epoch)
        if self.cycle_momentum:
            for group in self.optimizer.param_groups:
                low, high = group["base_momentum"], group["max_momentum"]
                set_momentum(self._name, group, high - (high - low) * share)
        return [low + (high - low) * share for low, high in zip(self._lowest, self.max_lrs, strict=True)]

    def _scale(self, x: float) -> float:
        """How high this triangle is."""
        if self.scale_fn is not None:
            return self.scale_fn(x)
        heights = {"triangular": 1.0, "triangular2": 0.5 ** (x - 1), "exp_range": self.gamma**x}
        return float(heights[self.mode])
