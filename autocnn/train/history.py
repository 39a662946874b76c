"""What happened in training, epoch by epoch."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field
from typing import Any

from autocnn.errors import DataError


@dataclass(frozen=True)
class Epoch:
    """One pass over the training data. Losses are means over images; accuracies are shares, 0 to 1."""

    epoch: int
    steps: int
    rate: float
    loss: float
    accuracy: float | None
    validation_loss: float | None
    validation_accuracy: float | None
    images_per_second: float


@dataclass
class History:
    """The epochs of a run, the first first.

    >>> history = History()
    >>> history.add(Epoch(1, 10, 0.1, 2.3, 0.1, None, None, 5000.0))
    >>> history.column("loss")
    [2.3]
    """

    epochs: list[Epoch] = field(default_factory=list)

    def add(self, epoch: Epoch) -> None:
        """Append an epoch."""
        self.epochs.append(epoch)

    def column(self, name: str) -> list[Any]:
        """One quantity over the epochs."""
        return [getattr(epoch, name) for epoch in self.epochs]

    def to_dict(self) -> dict[str, Any]:
        """Lists and numbers, ready for JSON; what is not finite, which JSON cannot say, becomes None."""
        rows = [asdict(epoch) for epoch in self.epochs]
        return {"epochs": [{name: _plain(value) for name, value in row.items()} for row in rows]}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> History:
        """The history that `to_dict` wrote; raises DataError for anything else."""
        try:
            return cls([Epoch(**epoch) for epoch in values["epochs"]])
        except (KeyError, TypeError) as error:
            raise DataError(f"History.from_dict: values is no history ({error})") from error


def _plain(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value
