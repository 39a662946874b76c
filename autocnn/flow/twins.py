"""Twins: the same network with and without skips, trained side by side on the same batches, and measured."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from typing import Any

import numpy as np

from autocnn.engine import Tensor, no_grad
from autocnn.errors import ArgumentError
from autocnn.flow.measure import Size, size, sizes_at
from autocnn.flow.strict import strict
from autocnn.ops.loss import cross_entropy

Progress = Callable[[str, int, float], None]
Stream = Iterator[tuple[Tensor, Tensor]]
Networks = Mapping[str, Any]

NOTHING = Size(0.0, 0.0, 1.0, 0)
"""Where no gradient arrives at a block, it is zero; the other blocks keep their numbers."""


@dataclass(frozen=True)
class Moment:
    """A training step of one network: the loss, and the gradient at the output of every block.

    `accuracy` is that of the same weights on the test images: those before the step. `weights` are the gradients
    of the mean loss by the parameters of every block, all of one block together: a curve of its own.
    """

    step: int
    loss: float
    blocks: tuple[Size, ...]
    accuracy: float = math.nan
    weights: tuple[Size, ...] = ()

    @property
    def ratio(self) -> float:
        """The gradient at the first block over the one at the last: 1 where nothing is lost on the way."""
        if not self.blocks:
            return math.nan
        first, last = self.blocks[0].rms, self.blocks[-1].rms
        return first / last if last else math.nan


@dataclass
class Twin:
    """One network of one seed: what was measured at chosen steps, and the test accuracy before and after.

    `diverged` is the step at which its loss ceased to be finite; its training ended there.
    """

    name: str
    moments: list[Moment] = field(default_factory=list)
    losses: list[float] = field(default_factory=list)
    accuracy_before: float = math.nan
    accuracy: float = math.nan
    parameters: int = 0
    seed: int = 0
    diverged: int | None = None

    @property
    def complete(self) -> bool:
        """Whether it was trained to the end, or until it diverged, and tested."""
        return not math.isnan(self.accuracy)

    @property
    def taken(self) -> int:
        """How many steps it has taken; the one at which it diverged is none."""
        return len(self.losses) - (self.diverged is not None)

    @property
    def verdict(self) -> str:
        """How its training ended, in words."""
        if self.diverged is not None:
            return f"diverged at step {self.diverged}"
        return "trained to the end" if self.complete else f"interrupted after step {self.taken}"

    def accuracies(self) -> list[tuple[int, float]]:
        """Test accuracy by the number of steps taken, as far as it was measured."""
        known = [(moment.step - 1, moment.accuracy) for moment in self.moments]
        known.append((self.taken, self.accuracy))
        return [(step, value) for step, value in dict(known).items() if not math.isnan(value)]


@dataclass
class Twins:
    """All networks, and what they share."""

    twins: list[Twin]
    steps: int
    chance: float
    classes: int
    interrupted: bool = False

    @property
    def complete(self) -> bool:
        """Whether all were trained to the end, or until they diverged; otherwise the numbers are partial."""
        return not self.interrupted and all(twin.complete for twin in self.twins)

    def __getitem__(self, name: str) -> Twin:
        """A twin by its name, of the first seed."""
        return self.of(name)[0]

    def of(self, name: str) -> list[Twin]:
        """The twins of a name, of all seeds.

        Raises ArgumentError if there is none.
        """
        found = [twin for twin in self.twins if twin.name == name]
        if not found:
            known = ", ".join(dict.fromkeys(twin.name for twin in self.twins)) or "none yet"
            raise ArgumentError(f"Twins: name is {name!r}; there are {known}")
        return found

    def rows(self) -> list[dict[str, Any]]:
        """A tidy table: a row for each network, seed, step and block; `weights_rms` is of its parameters."""
        rows = []
        for twin in self.twins:
            for moment in twin.moments:
                place = {"network": twin.name, "seed": twin.seed, "step": moment.step}
                for number, block in enumerate(moment.blocks):
                    own = moment.weights[number].rms if number < len(moment.weights) else math.nan
                    rows.append({**place, "block": number + 1, **asdict(block), "weights_rms": own})
        return rows

    def training(self) -> list[dict[str, Any]]:
        """A second tidy table: a row for each network, seed and number of steps taken, with loss and accuracy."""
        rows = []
        for twin in self.twins:
            scores, losses = dict(twin.accuracies()), dict(enumerate(twin.losses))
            for taken in sorted(scores.keys() | losses.keys()):
                known = {"loss": losses.get(taken, math.nan), "accuracy": scores.get(taken, math.nan)}
                rows.append({"network": twin.name, "seed": twin.seed, "steps_taken": taken, **known})
        return rows

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain numbers, ready for strict JSON."""
        return {
            "steps": self.steps,
            "chance": self.chance,
            "complete": self.complete,
            "twins": [strict({**asdict(t), "verdict": t.verdict}) for t in self.twins],
        }


def doubling(steps: int) -> list[int]:
    """Steps to record: the first, and every next one twice as late; the last among them.

    >>> doubling(10)
    [1, 2, 4, 8, 10]
    """
    return sorted({min(steps, 2**k) for k in range(steps.bit_length() + 1)})


def twins(
    models: Networks | Callable[[int], Networks],
    blocks: Callable[[Any], Sequence[Any]],
    make_optimizer: Callable[[Any], Any],
    batches: Callable[..., Stream],
    test: tuple[Tensor, Tensor],
    *,
    steps: int,
    record: Iterable[int] | None = None,
    seeds: Sequence[int] | None = None,
    tested: int | None = None,
    progress: Progress | None = None,
) -> Twins:
    """Train each model for `steps` steps on the very same batches, and measure its gradients by block.

    `blocks(model)` are the modules whose outputs are measured, the one nearest the input first; `batches()` begins
    the stream of batches anew, which lasts for all steps. With `seeds`, networks and streams are those of each
    seed: `models(seed)` and `batches(seed)`. `record` are the steps to measure, from 1, the first and the last
    always among them; without it they are `doubling(steps)`. At each of them the accuracy is taken too, on the
    first `tested` test images, or all; not at all where that is 0.

    A loss that is not finite ends the training of its network, which says so: `diverged` is the step. An
    interruption (Ctrl-C) leaves what was measured until then, and `complete` is False.

    Raises ArgumentError if there is no step, or the stream ends before the last one.
    """
    if steps < 1:
        raise ArgumentError(f"twins: steps is {steps}; it is at least 1")
    classes = int(test[1].array.max()) + 1
    counts = [int((test[1].array == c).sum()) for c in range(classes)]
    result = Twins([], steps, chance=max(counts) / sum(counts), classes=classes)
    chosen = {1, steps, *(doubling(steps) if record is None else record)}
    few = None if tested == 0 else (test[0][:tested], test[1][:tested])
    try:
        for seed, networks, begin in _by_seed(models, batches, seeds):
            for name, model in networks.items():
                twin = Twin(name, parameters=sum(p.array.size for p in model.parameters()), seed=seed)
                result.twins.append(twin)
                twin.accuracy_before = accuracy(model, *test)
                parts = (blocks(model), make_optimizer(model), iter(begin()))
                with np.errstate(over="ignore", invalid="ignore"):  # the verdict says it
                    _train(twin, model, *parts, steps, chosen, few, progress)
                    twin.accuracy = accuracy(model, *test)
    except KeyboardInterrupt:
        result.interrupted = True  # what was measured is in the result, which says that it is not complete
    return result


def _by_seed(
    models: Any, batches: Callable[..., Stream], seeds: Sequence[int] | None
) -> Iterator[tuple[int, Networks, Callable[[], Stream]]]:
    if seeds is None:
        yield 0, models, batches
        return
    for seed in seeds:
        yield seed, models(seed), partial(batches, seed)


def _train(
    twin: Twin, model: Any, blocks: Sequence[Any], optimizer: Any, stream: Stream, steps: int, chosen: set[int],
    few: tuple[Tensor, Tensor] | None, progress: Progress | None,
) -> None:  # fmt: skip
    model.train()
    frozen = any(not p.requires_grad for p in model.parameters())
    for step in range(1, steps + 1):
        x, y = _next(stream, step, steps)
        optimizer.zero_grad()
        if step in chosen:
            score = math.nan if few is None else accuracy(model, *few)
            with sizes_at(blocks) as sizes:
                loss = _backward(model, _asking(x) if frozen else x, y)
            known = tuple(NOTHING if found is None else found for found in sizes)
            twin.moments.append(Moment(step, loss, known, score, tuple(map(_weights, blocks))))
        else:
            loss = _backward(model, x, y)
        if math.isfinite(loss):
            optimizer.step()
        else:
            twin.diverged = step
        twin.losses.append(loss)
        if progress is not None:
            progress(twin.name, step, loss)
        if twin.diverged is not None:
            return


def _next(stream: Stream, step: int, steps: int) -> tuple[Tensor, Tensor]:
    batch = next(stream, None)
    if batch is None:
        raise ArgumentError(
            f"twins: steps is {steps}, and batches() ended after {step - 1}. Let it go on: "
            "(batch for _ in itertools.count() for batch in loader)"
        )
    return batch


def _asking(x: Tensor) -> Tensor:
    """The images, as one that a gradient is asked of: then there is one behind frozen parameters, too."""
    return x.detach().requires_grad_() if x.array.dtype.kind == "f" else x


def _weights(block: Any) -> Size:
    """The gradient of the mean loss by all parameters of a block; zero where it has none."""
    gradients = [p.grad for p in block.parameters() if p.grad is not None]
    sizes = [(size(gradient, images=1), gradient.array.size) for gradient in gradients]
    count = sum(n for _, n in sizes) or 1
    rms = math.hypot(*(part.rms * math.sqrt(n / count) for part, n in sizes))  # squares nothing that underflows
    zeros = sum(part.zeros * n for part, n in sizes) / count
    return Size(rms, max((s.largest for s, _ in sizes), default=0.0), zeros, sum(s.strange for s, _ in sizes))


def _backward(model: Any, x: Tensor, y: Tensor) -> float:
    loss = cross_entropy(model(x), y)
    loss.backward()
    return float(loss.item())


def accuracy(model: Any, x: Tensor, y: Tensor) -> float:
    """The share of images whose largest output is the right class, in eval mode; what is not finite is wrong."""
    training = model.training
    model.eval()
    try:
        with no_grad():
            scores = model(x).array
    finally:
        model.train(training)
    return float(((scores.argmax(1) == y.array) & (abs(scores).max(1) < math.inf)).mean())
