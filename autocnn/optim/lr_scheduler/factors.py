"""Schedules that are a factor of the initial rate."""

from __future__ import annotations

import bisect
import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from autocnn.errors import ArgumentError
from autocnn.optim.lr_scheduler.base import LRScheduler
from autocnn.optim.optimizer import Optimizer


class Factor(LRScheduler):
    """A schedule rate = eta_min + (initial rate - eta_min) factor(t), made by steps from one rate to the next.

    By ratios factor(t) / factor(t - 1), so that several schedules of one optimiser multiply, as they should.
    """

    eta_min: float = 0.0

    def factor(self, t: int) -> float:
        """How much of the initial rate is left at step `t`."""
        raise TypeError(f"{self._name}: factor is missing; every such schedule says how much is left")

    def get_lr(self) -> list[float]:
        """The rates of this step: the ones before, times what the factor changed by."""
        t, floor = self.last_epoch, self.eta_min
        if t == 0:
            before, now = 1.0, self.factor(0)
        else:
            before, now = self.factor(t - 1), self.factor(t)
        if before == now:
            return [group["lr"] for group in self.optimizer.param_groups]
        if before == 0:  # no ratio leads out of zero
            return [floor + (base - floor) * now for base in self.base_lrs]
        return [floor + (group["lr"] - floor) * (now / before) for group in self.optimizer.param_groups]

    def _direct(self) -> list[float]:
        left, floor = self.factor(self.last_epoch), self.eta_min
        return [floor + (base - floor) * left for base in self.base_lrs]


class StepLR(Factor):
    """The rate times `gamma` every `step_size` steps.

    >>> from autocnn.optim.lr_scheduler import trajectory
    >>> [round(rate, 4) for rate in trajectory(lambda optimizer: StepLR(optimizer, 2), 5)]
    [1.0, 1.0, 0.1, 0.1, 0.01]
    """

    def __init__(self, optimizer: Optimizer, step_size: int, gamma: float = 0.1, last_epoch: int = -1) -> None:
        if step_size < 1:
            raise ArgumentError(f"StepLR: step_size is {step_size}; it is at least 1")
        self.step_size = step_size
        self.gamma = gamma
        super().__init__(optimizer, last_epoch)

    def factor(self, t: int) -> float:
        """gamma^floor(t / step_size)."""
        return float(self.gamma ** (t // self.step_size))


class MultiStepLR(Factor):
    """The rate times `gamma` at each of the `milestones`.

    >>> from autocnn.optim.lr_scheduler import trajectory
    >>> [round(rate, 4) for rate in trajectory(lambda optimizer: MultiStepLR(optimizer, [1, 4]), 5)]
    [1.0, 0.1, 0.1, 0.1, 0.01]
    """

    def __init__(
        self, optimizer: Optimizer, milestones: Iterable[int], gamma: float = 0.1, last_epoch: int = -1
    ) -> None:
        self.milestones = sorted(milestones)
        self.gamma = gamma
        super().__init__(optimizer, last_epoch)

    def factor(self, t: int) -> float:
        """gamma^(the number of milestones up to t)."""
        return float(self.gamma ** bisect.bisect_right(self.milestones, t))


class ExponentialLR(Factor):
    """The rate times `gamma` at every step.

    >>> from autocnn.optim.lr_scheduler import trajectory
    >>> trajectory(lambda optimizer: ExponentialLR(optimizer, 0.5), 4)
    [1.0, 0.5, 0.25, 0.125]
    """

    def __init__(self, optimizer: Optimizer, gamma: float, last_epoch: int = -1) -> None:
        self.gamma = gamma
        super().__init__(optimizer, last_epoch)

    def factor(self, t: int) -> float:
        """gamma^t."""
        return float(self.gamma**t)


class LinearLR(Factor):
    """From `start_factor` to `end_factor` of the rate in `total_iters` equal steps: a warm-up, by default.

    Raises ArgumentError if a factor is out of 0..1, or the start is 0.

    >>> from autocnn.optim.lr_scheduler import trajectory
    >>> trajectory(lambda optimizer: LinearLR(optimizer, start_factor=0.5, total_iters=2), 4)
    [0.5, 0.75, 1.0, 1.0]
    """

    def __init__(
        self,
        optimizer: Optimizer,
        start_factor: float = 1 / 3,
        end_factor: float = 1.0,
        total_iters: int = 5,
        last_epoch: int = -1,
    ) -> None:
        if not 0 < start_factor <= 1:
            raise ArgumentError(f"LinearLR: start_factor is {start_factor}; it is above 0 and at most 1")
        if not 0 <= end_factor <= 1:
            raise ArgumentError(f"LinearLR: end_factor is {end_factor}; it is in 0..1")
        if total_iters < 1:
            raise ArgumentError(f"LinearLR: total_iters is {total_iters}; it is at least 1")
        self.start_factor = start_factor
        self.end_factor = end_factor
        self.total_iters = total_iters
        super().__init__(optimizer, last_epoch)

    def factor(self, t: int) -> float:
        """start + (end - start) min(t, total_iters) / total_iters."""
        share = min(t, self.total_iters) / self.total_iters
        return self.start_factor + (self.end_factor - self.start_factor) * share


class ConstantLR(Factor):
    """The rate times `factor` for `total_iters` steps, the whole rate after them.

    Raises ArgumentError if the factor is out of 0..1.

    >>> from autocnn.optim.lr_scheduler import trajectory
    >>> trajectory(lambda optimizer: ConstantLR(optimizer, 0.5, total_iters=2), 4)
    [0.5, 0.5, 1.0, 1.0]
    """

    def __init__(
        self, optimizer: Optimizer, factor: float = 1 / 3, total_iters: int = 5, last_epoch: int = -1
    ) -> None:
        if not 0 <= factor <= 1:
            raise ArgumentError(f"ConstantLR: factor is {factor}; it is in 0..1")
        self.share = factor
        self.total_iters = total_iters
        super().__init__(optimizer, last_epoch)

    def factor(self, t: int) -> float:
        """The factor at first, 1 from step total_iters on."""
        return self.share if t < self.total_iters else 1.0


class PolynomialLR(Factor):
    """From the rate down to zero in `total_iters` steps: along a line, or a `power` of it.

    >>> from autocnn.optim.lr_scheduler import trajectory
    >>> trajectory(lambda optimizer: PolynomialLR(optimizer, 4), 6)
    [1.0, 0.75, 0.5, 0.25, 0.0, 0.0]
    """

    def __init__(
        self, optimizer: Optimizer, total_iters: int = 5, power: float = 1.0, last_epoch: int = -1
    ) -> None:
        self.total_iters = total_iters
        self.power = power
        super().__init__(optimizer, last_epoch)

    def factor(self, t: int) -> float:
        """(1 - min(t, total_iters) / total_iters)^power."""
        return float((1 - min(t, self.total_iters) / self.total_iters) ** self.power)


class CosineAnnealingLR(Factor):
    """Half a cosine from the rate down to `eta_min` in `T_max` steps; and up again, if it goes on.

    Source: I. Loshchilov and F. Hutter, "SGDR: Stochastic Gradient Descent with Warm Restarts", 2017,
    equation 5, without the restarts.

    >>> from autocnn.optim.lr_scheduler import trajectory
    >>> [round(rate, 4) for rate in trajectory(lambda optimizer: CosineAnnealingLR(optimizer, 4), 5)]
    [1.0, 0.8536, 0.5, 0.1464, 0.0]
    """

    def __init__(self, optimizer: Optimizer, T_max: int, eta_min: float = 0.0, last_epoch: int = -1) -> None:
        if T_max < 1:
            raise ArgumentError(f"CosineAnnealingLR: T_max is {T_max}; it is at least 1")
        self.T_max = T_max
        self.eta_min = eta_min
        super().__init__(optimizer, last_epoch)

    def factor(self, t: int) -> float:
        """(1 + cos(pi t / T_max)) / 2, exactly 0 at its lowest."""
        if t % (2 * self.T_max) == self.T_max:
            return 0.0
        return (1 + math.cos(math.pi * t / self.T_max)) / 2


class CosineAnnealingWarmRestarts(LRScheduler):
    """Half a cosine from the rate down to `eta_min` in `T_0` steps, again in `T_mult` times as many, and so on.

    `step(epoch)` takes parts of an epoch too: epoch 2.5 is in the middle of the third.

    Source: I. Loshchilov and F. Hutter, "SGDR: Stochastic Gradient Descent with Warm Restarts", 2017, equation 5.

    >>> from autocnn.optim.lr_scheduler import trajectory
    >>> [round(r, 4) for r in trajectory(lambda optimizer: CosineAnnealingWarmRestarts(optimizer, 2, 2), 7)]
    [1.0, 0.5, 1.0, 0.8536, 0.5, 0.1464, 1.0]
    """

    def __init__(
        self, optimizer: Optimizer, T_0: int, T_mult: int = 1, eta_min: float = 0.0, last_epoch: int = -1
    ) -> None:
        for name, value in (("T_0", T_0), ("T_mult", T_mult)):
            if not isinstance(value, int) or value < 1:
                raise ArgumentError(
                    f"CosineAnnealingWarmRestarts: {name} is {value}; a whole number of at least 1"
                )
        self.T_0 = T_0
        self.T_mult = T_mult
        self.eta_min = eta_min
        self.part = 0.0  # of an epoch
        super().__init__(optimizer, last_epoch)

    def step(self, epoch: float | None = None) -> None:
        """Set the rates of the next epoch, or of any point of time."""
        self.part = self.part if epoch is None else epoch - math.floor(epoch)
        super().step(None if epoch is None else math.floor(epoch))

    def get_lr(self) -> list[float]:
        """eta_min + (initial rate - eta_min) (1 + cos(pi share)) / 2, where share of this cosine is over."""
        t, length = self.last_epoch + self.part, self.T_0
        while t >= length:
            t, length = t - length, length * self.T_mult
        left = (1 + math.cos(math.pi * t / length)) / 2
        return [self.eta_min + (base - self.eta_min) * left for base in self.base_lrs]


class LambdaLR(LRScheduler):
    """The initial rate times `lr_lambda(t)`; one function for all groups, or a list of one for each.

    >>> from autocnn.optim.lr_scheduler import trajectory
    >>> trajectory(lambda optimizer: LambdaLR(optimizer, lambda t: 1 / (1 + t)), 4)
    [1.0, 0.5, 0.3333333333333333, 0.25]
    """

    def __init__(
        self,
        optimizer: Optimizer,
        lr_lambda: Callable[[int], float] | Sequence[Callable[[int], float]],
        last_epoch: int = -1,
    ) -> None:
        self.lr_lambdas = self._functions(optimizer, lr_lambda)
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        """The initial rates times their functions of the step."""
        t = self.last_epoch
        return [base * function(t) for base, function in zip(self.base_lrs, self.lr_lambdas, strict=True)]

    def _functions(self, optimizer: Optimizer, given: Any) -> list[Callable[[int], float]]:
        """A function for each group."""
        count = len(optimizer.param_groups)
        functions = [given] * count if callable(given) else list(given)
        if len(functions) != count:
            raise ArgumentError(
                f"{self._name}: lr_lambda has {len(functions)} functions, the optimiser {count} groups. "
                "Give one for each"
            )
        return functions


class MultiplicativeLR(LambdaLR):
    """The rate times `lr_lambda(t)` at each step t from the first on.

    >>> from autocnn.optim.lr_scheduler import trajectory
    >>> trajectory(lambda optimizer: MultiplicativeLR(optimizer, lambda t: 1 / t), 4)
    [1.0, 1.0, 0.5, 0.16666666666666666]
    """

    def get_lr(self) -> list[float]:
        """The rates before, times their functions of the step."""
        t, groups = self.last_epoch, self.optimizer.param_groups
        if not self._last_lr:  # nothing has been set yet
            return [group["lr"] for group in groups]
        return [group["lr"] * function(t) for group, function in zip(groups, self.lr_lambdas, strict=True)]
