"""What every schedule shares."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from autocnn.engine import Tensor
from autocnn.errors import ArgumentError, StateError
from autocnn.optim.optimizer import Optimizer
from autocnn.optim.sgd import SGD


class LRScheduler:
    """Sets the learning rate of every group of an optimiser; the base of all schedules.

    Made before training, it sets the rates of step 0; each `step()` sets those of the next. `last_epoch` other
    than -1 goes on with groups that hold their "initial_lr" already.

    Raises ArgumentError if it goes on and they do not.
    """

    def __init__(self, optimizer: Optimizer, last_epoch: int = -1) -> None:
        if not isinstance(optimizer, Optimizer):
            raise ArgumentError(f"{self._name}: optimizer is {type(optimizer).__name__}; an Optimizer is needed")
        self.optimizer = optimizer
        for number, group in enumerate(optimizer.param_groups):
            if last_epoch == -1:
                group.setdefault("initial_lr", group["lr"])
            elif "initial_lr" not in group:
                raise ArgumentError(
                    f"{self._name}: last_epoch is {last_epoch} and group {number} has no initial_lr; "
                    "load the optimiser's state first, or begin with last_epoch=-1"
                )
        self.base_lrs: list[float] = [group["initial_lr"] for group in optimizer.param_groups]
        self.last_epoch = last_epoch
        self._last_lr: list[float] = []
        self.step()

    @property
    def _name(self) -> str:
        return type(self).__name__

    def get_lr(self) -> list[float]:
        """The rates of this epoch, from those that the groups have now."""
        raise TypeError(f"{self._name}: get_lr is missing; every schedule says what the rates are")

    def get_last_lr(self) -> list[float]:
        """The rates that were set last, one for each group."""
        return list(self._last_lr)

    def step(self, epoch: int | None = None) -> None:
        """Set the rates of the next epoch; or of any, as they follow from the initial ones."""
        self.last_epoch = self.last_epoch + 1 if epoch is None else epoch
        self._set(self.get_lr() if epoch is None else self._direct())

    def _restart(self) -> None:
        """Begin at step 0 with the initial rates, wherever the groups are now."""
        self.step(0)

    def _direct(self) -> list[float]:
        """The rates of this epoch, wherever the groups are now."""
        return self.get_lr()

    def _set(self, rates: Sequence[float]) -> None:
        for group, rate in zip(self.optimizer.param_groups, rates, strict=True):
            group["lr"] = rate
        self._last_lr = [group["lr"] for group in self.optimizer.param_groups]

    def state_dict(self) -> dict[str, Any]:
        """Every number of the schedule, fit for JSON; not its optimiser, nor functions."""
        return {name: plain(value) for name, value in vars(self).items() if _is_state(name, value)}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Go on where `state_dict` was taken.

        Raises StateError if it is not of a schedule of this kind.
        """
        expected = self.state_dict().keys()
        if wrong := sorted(expected ^ state_dict.keys()):
            raise StateError(
                f"{self._name}.load_state_dict: the state is of another schedule, by {', '.join(wrong)}"
            )
        for name, value in state_dict.items():
            setattr(self, name, plain(value))


def trajectory(make: Callable[[Optimizer], Any], steps: int, lr: float = 1.0) -> list[float]:
    """The rates of so many steps under a schedule that `make` makes for an optimiser: to print or to draw.

    >>> from autocnn.optim.lr_scheduler import ExponentialLR
    >>> trajectory(lambda optimizer: ExponentialLR(optimizer, 0.1), 2)
    [1.0, 0.1]
    """
    optimizer = SGD([Tensor(0.0)], lr=lr)
    schedule, rates = make(optimizer), []
    for _ in range(steps):
        rates.append(float(optimizer.param_groups[0]["lr"]))
        schedule.step()
    return rates


def _is_state(name: str, value: Any) -> bool:
    functions = callable(value) or (isinstance(value, list) and any(callable(item) for item in value))
    return name not in ("optimizer", "_schedulers") and not functions


def plain(value: Any) -> Any:
    """A value of a state, lists copied: it must not change with the schedule, nor the schedule with it."""
    return list(value) if isinstance(value, list | tuple) else value
