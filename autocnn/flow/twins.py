"""Twins: the same network with and without skips, trained side by side on the same batches, and measured."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from autocnn.engine import Tensor, no_grad
from autocnn.errors import ArgumentError, NonFiniteError
from autocnn.flow.measure import Size, sizes_at
from autocnn.ops.loss import cross_entropy

Progress = Callable[[str, int, float], None]


@dataclass(frozen=True)
class Moment:
    """A training step of one network: the loss, and the gradient at the output of every block."""

    step: int
    loss: float
    blocks: tuple[Size, ...]

    @property
    def ratio(self) -> float:
        """The gradient at the first block over the one at the last: 1 where nothing is lost on the way."""
        first, last = self.blocks[0].rms, self.blocks[-1].rms
        return first / last if last else math.nan


@dataclass
class Twin:
    """One of the two networks: what was measured at chosen steps, and the test accuracy before and after."""

    name: str
    moments: list[Moment] = field(default_factory=list)
    losses: list[float] = field(default_factory=list)
    accuracy_before: float = math.nan
    accuracy: float = math.nan
    parameters: int = 0

    @property
    def complete(self) -> bool:
        """Whether it was trained to the end and tested."""
        return not math.isnan(self.accuracy)


@dataclass
class Twins:
    """Both networks, and what they share."""

    twins: list[Twin]
    steps: int
    chance: float
    classes: int

    @property
    def complete(self) -> bool:
        """Whether both were trained to the end; otherwise the numbers are partial."""
        return all(twin.complete for twin in self.twins)

    def __getitem__(self, name: str) -> Twin:
        """A twin by its name."""
        return next(twin for twin in self.twins if twin.name == name)

    def rows(self) -> list[dict[str, Any]]:
        """A tidy table: a row for each network, step and block."""
        return [
            {"network": twin.name, "step": moment.step, "block": number, **asdict(block)}
            for twin in self.twins
            for moment in twin.moments
            for number, block in enumerate(moment.blocks, start=1)
        ]

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain numbers, ready for JSON."""
        return {
            "steps": self.steps,
            "chance": self.chance,
            "complete": self.complete,
            "twins": [asdict(t) for t in self.twins],
        }


def twins(
    models: dict[str, Any],
    blocks: Callable[[Any], Sequence[Any]],
    make_optimizer: Callable[[Any], Any],
    batches: Callable[[], Iterator[tuple[Tensor, Tensor]]],
    test: tuple[Tensor, Tensor],
    *,
    steps: int,
    record: Sequence[int] = (),
    progress: Progress | None = None,
) -> Twins:
    """Train each model for `steps` steps on the very same batches, and measure its gradients by block.

    `blocks(model)` are the modules whose outputs are measured, the one nearest the input first; `batches()`
    begins the stream of batches anew; `record` are the steps to measure, from 1, the first and the last always
    among them. An interruption (Ctrl-C) leaves what was measured until then, and `complete` is False.

    Raises ArgumentError if there is no step, NonFiniteError where a loss is not finite.
    """
    if steps < 1:
        raise ArgumentError(f"twins: steps is {steps}; it is at least 1")
    classes = int(test[1].array.max()) + 1
    counts = [int((test[1].array == c).sum()) for c in range(classes)]
    result = Twins([], steps, chance=max(counts) / sum(counts), classes=classes)
    chosen = {1, steps, *record}
    try:
        for name, model in models.items():
            twin = Twin(name, parameters=sum(p.array.size for p in model.parameters()))
            result.twins.append(twin)
            twin.accuracy_before = accuracy(model, *test)
            _train(twin, model, blocks(model), make_optimizer(model), batches(), steps, chosen, progress)
            twin.accuracy = accuracy(model, *test)
    except KeyboardInterrupt:
        pass  # what was measured is in the result, which says that it is not complete
    return result


def _train(
    twin: Twin, model: Any, blocks: Sequence[Any], optimizer: Any, stream: Iterator[tuple[Tensor, Tensor]],
    steps: int, chosen: set[int], progress: Progress | None,
) -> None:  # fmt: skip
    model.train()
    for step in range(1, steps + 1):
        x, y = next(stream)
        optimizer.zero_grad()
        if step in chosen:
            with sizes_at(blocks) as sizes:
                loss = _backward(model, x, y)
            twin.moments.append(Moment(step, loss, tuple(s for s in sizes if s is not None)))
        else:
            loss = _backward(model, x, y)
        if not math.isfinite(loss):
            raise NonFiniteError(
                f"twins: the loss of the {twin.name} network is {loss} at step {step}; lower the rate"
            )
        optimizer.step()
        twin.losses.append(loss)
        if progress is not None:
            progress(twin.name, step, loss)


def _backward(model: Any, x: Tensor, y: Tensor) -> float:
    loss = cross_entropy(model(x), y)
    loss.backward()
    return float(loss.item())


def accuracy(model: Any, x: Tensor, y: Tensor) -> float:
    """The share of images whose largest output is the right class, in eval mode."""
    training = model.training
    model.eval()
    try:
        with no_grad():
            return float((model(x).array.argmax(1) == y.array).mean())
    finally:
        model.train(training)
