"""The recorder: a training as it goes, whatever the loop, in fixed memory and at a cost that it states."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from threading import get_ident
from time import perf_counter
from typing import Any

import numpy as np

from autocnn.engine import Tensor, slots
from autocnn.engine.tape import Node
from autocnn.engine.witness import witnessing
from autocnn.errors import ArgumentError, AutocnnError
from autocnn.flow.measure import joins_or_note
from autocnn.flow.observe import Asleep, Key, Observer, Seen, Step
from autocnn.flow.shots import (
    AT_VERTEX,
    OF_PARAMETER,
    Channels,
    Shot,
    at_vertex,
    average,
    block_ratio,
    by_step,
    label,
    norm_of_all,
    of_parameter,
    packed,
    unpacked,
)  # fmt: skip
from autocnn.flow.strict import strict
from autocnn.graph.trace import recorded
from autocnn.optim.optimizer import onlooking

_GROWTH = 1.5
"""From one step of the schedule to the next."""


def watch(
    model: Any, *, every: int | None = None, sample: float = 1 / 32, seed: int = 0, keep: int = 512,
    epoch: int = 1000,
) -> Record:  # fmt: skip
    """Record how gradients flow while a model trains in a ``with`` block, whatever the loop.

    Steps 1, 2, 3, 5, 8, 12, ... are measured on all images; with ``every=k`` every k-th step beside them on a
    fixed sample of the images, the same places of every batch, and each RMS has its standard error. Parameters
    are always exact. A step is whatever leads to one step of an optimiser: it may hold several passes. Memory is
    bounded: beyond ``keep`` steps every other sampled one is let go. A channel whose derivative was 0 on each of
    the last ``epoch`` images that were looked at is dead.

    Raises ArgumentError for settings that make no sense.

    >>> import autocnn as ac
    >>> from autocnn import nn, optim
    >>> net = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2))
    >>> sgd = optim.SGD(net.parameters(), lr=0.1)
    >>> with watch(net) as w:
    ...     for _ in range(10):
    ...         sgd.zero_grad()
    ...         nn.functional.cross_entropy(net(ac.ones(8, 3)), ac.arange(8) % 2).backward()
    ...         sgd.step()
    >>> w.report.steps, [step for step in w.to_dict()["step"]]
    (10, [1, 2, 3, 5, 8])
    >>> sorted({row["name"] for row in w.rows() if row["kind"] == "vertex"})
    ['0', '1', '2']
    """
    for name, value, least in (("every", every, 1), ("keep", keep, 16), ("epoch", epoch, 1)):
        if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < least):
            raise ArgumentError(f"watch: {name} is {value!r}; it must be a whole number of at least {least}")
    if not 0 < sample <= 1:
        raise ArgumentError(f"watch: sample is {sample!r}; it is the share of images, above 0 and at most 1")
    return Record(model, every, Observer(model, sample, seed), keep, epoch)


@dataclass(frozen=True)
class Report:
    """A recording in a few numbers."""

    steps: int
    recorded: int
    """Steps that were kept."""
    exact: int
    """Of these, how many were measured on all of their images."""
    sampled: int
    """Steps that were measured on a sample of their images, kept or not."""
    clipped: int
    """Measured steps whose gradients were made smaller between the backward pass and the optimiser."""
    seconds: float
    """From the first step to the end of the last."""
    overhead: float
    """What the recorder added to the time of all steps, as a share of what they take without it."""
    overhead_sampled: float
    """The same for the steps measured on a sample alone; NaN if there were none."""
    overhead_exact: float
    """The same for the steps measured on all images."""
    dead: dict[str, int]
    """Channels that let no gradient through on an epoch's images, by vertex."""
    asleep: dict[str, int]
    """Channels saturated on all images when they were last looked at, by vertex."""
    recoveries: dict[str, dict[int, int]]
    """How many saturated channels passed gradients again after 2^k to 2^(k+1) - 1 steps, by vertex and k."""

    def __str__(self) -> str:
        lines = [
            f"{self.steps} steps, {self.recorded} recorded, {self.exact} of them on all images",
            f"recording added {_percent(self.overhead)} to the time: {_percent(self.overhead_sampled)} at steps "
            f"measured on a sample, {_percent(self.overhead_exact)} at those measured on all images",
        ]
        if self.clipped:
            lines.append(f"gradients were clipped in {self.clipped} of the measured steps")
        for what, found in (("dead", self.dead), ("saturated on all images", self.asleep)):
            if found:
                lines.append(f"channels {what}: " + ", ".join(f"{n} of {name}" for name, n in found.items()))
        return "\n".join(lines)


def _percent(share: float) -> str:
    return "nothing" if math.isnan(share) else f"{share:.1%}"


@dataclass(slots=True)
class _Time:
    """Steps of one kind: how many, how long they took, and how much of it was the recorder's."""

    count: int = 0
    seconds: float = 0.0
    spent: float = 0.0

    @property
    def overhead(self) -> float:
        return self.spent / (self.seconds - self.spent) if self.seconds > self.spent else math.nan


class Record:
    """What `watch` makes: entered, it records; afterwards, or meanwhile, ask it for numbers or a picture.

    It may be entered again after it was left, and goes on counting.
    """

    def __init__(self, model: Any, every: int | None, observer: Observer, keep: int, epoch: int) -> None:
        self._model, self._every, self._observer, self._keep, self._epoch = model, every, observer, keep, epoch
        self._names = [name for name, _ in model.named_parameters()]
        self._keys: dict[Key, int] = {}
        self._joins: dict[int, tuple[str, int]] = {}
        """Residual joins of the step at hand by serial number: the name, and which operand is the branch."""
        self._blocks: dict[str, tuple[Key, int]] = {}
        self._channels: dict[Key, Channels] = {}
        self._shots: list[Shot] = []
        self._stride = 1
        self._steps = self._clipped = 0
        self._scheduled = 1
        self._times = {kind: _Time() for kind in ("idle", "sampled", "exact")}
        self._mark = 0.0
        self._stack: ExitStack | None = None

    # Being there --------------------------------------------------------------------------------------------

    def __enter__(self) -> Record:
        if self._stack is not None:
            raise AutocnnError("watch: this recorder is open already; make another, they may be nested")
        self._stack = ExitStack()
        bare = [m for m in self._model.modules() if m._hooks is None]
        self._stack.callback(_strip, bare)
        for module in self._model.modules():
            before = module.register_forward_pre_hook(self._entering())
            after = module.register_forward_hook(self._leaving(), always_call=True)
            self._stack.callback(before.remove)
            self._stack.callback(after.remove)
        self._stack.enter_context(witnessing(self))
        self._stack.enter_context(onlooking(self))
        self._observer.thread = get_ident()
        self._mark = perf_counter()
        self._begin()
        return self

    def __exit__(self, *error: object) -> None:
        stack, self._stack = self._stack, None
        if stack is not None:
            stack.close()
            if self._observer.step.passes or self._observer.step.stepped:
                self._close()

    def _entering(self) -> Any:
        """A function, which a copy of the model shares where it would copy a method's object."""

        def entering(module: Any, args: tuple[Any, ...]) -> None:
            began = perf_counter()
            if self._observer.entered(module):
                step = self._observer.step
                if step.stepped or (step.passes and self._observer.dropped()):
                    self._close()
                    return
            self._spent(began)

        return entering

    def _leaving(self) -> Any:
        def leaving(module: Any, args: tuple[Any, ...], result: Any) -> None:
            began = perf_counter()
            self._observer.left(module, args, result)
            self._spent(began)

        return leaving

    def arrived(self, node: Node, g: Any) -> None:
        """A gradient is whole: the engine says so."""
        began = perf_counter()
        if get_ident() != self._observer.thread:
            return
        if self._observer.step.stepped:
            self._close()
            began = perf_counter()
        self._observer.arrived(node, g)
        self._spent(began)

    def finished(self, root: Tensor) -> None:
        """A backward pass is over: the engine says so."""
        began, observer = perf_counter(), self._observer
        if get_ident() != observer.thread:
            return
        passes = observer.step.passes
        observer.finished(root)
        if observer.looking and observer.exact and observer.step.passes > passes:
            self._find_blocks(root)
        self._spent(began)

    def before_step(self, optimizer: Any) -> None:
        """An optimiser is about to move its parameters: it says so."""
        began = perf_counter()
        self._observer.before_step(optimizer)
        self._spent(began)

    def after_step(self, optimizer: Any) -> None:
        """It has moved them."""
        began = perf_counter()
        self._observer.after_step(optimizer)
        self._spent(began)

    def _spent(self, began: float) -> None:
        self._observer.step.spent += perf_counter() - began

    # Steps --------------------------------------------------------------------------------------------------

    def _begin(self) -> None:
        """Decide how the step that begins is to be measured."""
        observer, number = self._observer, self._steps + 1
        observer.step = Step()
        observer.exact = number == self._scheduled
        observer.looking = observer.exact or (self._every is not None and (number - 1) % self._every == 0)

    def _close(self) -> None:
        """A step is over: keep its numbers, and begin the next."""
        began = perf_counter()
        observer, step = self._observer, self._observer.step
        self._steps += 1
        kind = "exact" if observer.exact else "sampled" if observer.looking else "idle"
        if observer.exact:
            self._scheduled = max(self._steps + 1, math.ceil(self._steps * _GROWTH))
        if observer.looking:
            self._take(step, observer.exact)
        self._begin()
        now = perf_counter()
        time = self._times[kind]
        time.count += 1
        time.seconds += now - self._mark
        time.spent += step.spent + now - began
        self._mark = now

    def _take(self, step: Step, exact: bool) -> None:
        found: dict[Key, list[Seen]] = {}
        for key, seen in step.named():
            found.setdefault(key, []).append(seen)
            if seen.serial in self._joins:
                name, branch = self._joins[seen.serial]
                self._blocks[name] = key, branch
        self._joins = {}
        for key, several in found.items():
            self._keys.setdefault(key, len(self._keys))
            for seen in several:
                if seen.asleep is not None:
                    self._listen(key, seen.asleep)
        before, after = (norm_of_all(g.values()) for g in (step.gradients, {**step.gradients, **step.clipped}))
        self._clipped += after < before * (1 - 1e-6)
        if not exact and self._every and (self._steps - 1) // self._every % self._stride:
            return
        vertices = packed(
            AT_VERTEX, len(self._keys), {self._keys[k]: at_vertex(s, step) for k, s in found.items()}
        )
        parameters = packed(OF_PARAMETER, len(self._names), {i: of_parameter(i, step) for i in step.gradients})
        ratios = {i: (block_ratio(found.get(k, ()), b, step),) for i, (k, b) in enumerate(self._blocks.values())}
        self._shots.append(Shot(
            self._steps, exact, step.images, average(step.losses), before, after,
            vertices, parameters, packed(("ratio",), len(self._blocks), ratios),
        ))  # fmt: skip
        if len(self._shots) > self._keep:
            self._thin()

    def _listen(self, key: Key, seen: Asleep) -> None:
        channels = self._channels.get(key)
        if channels is None or channels.since.shape != seen.low.shape:
            zeros = np.zeros(seen.low.shape, np.int64)
            channels = self._channels[key] = Channels(zeros, zeros.copy())
        channels.heard(self._steps, seen)

    def _thin(self) -> None:
        """Let go of every other sampled step."""
        self._stride *= 2
        every = self._every or 1
        self._shots = [s for s in self._shots if s.exact or not (s.step - 1) // every % self._stride]

    def _find_blocks(self, root: Tensor) -> None:
        recording = recorded(root)
        for join in joins_or_note(recording.graph)[1]:
            self._joins[recording.nodes[join.join].serial] = (join.name, join.branch_position)

    # Answers ------------------------------------------------------------------------------------------------

    @property
    def report(self) -> Report:
        """The recording in a few numbers, its own cost among them."""
        times = self._times.values()
        whole = _Time(0, sum(t.seconds for t in times), sum(t.spent for t in times))
        channels = {label(key): c for key, c in self._channels.items()}
        dead = {name: int((c.silent >= self._epoch).sum()) for name, c in channels.items()}
        asleep = {name: int((c.since > 0).sum()) for name, c in channels.items()}
        return Report(
            self._steps, len(self._shots), sum(s.exact for s in self._shots), self._times["sampled"].count,
            self._clipped, whole.seconds, whole.overhead, self._times["sampled"].overhead,
            self._times["exact"].overhead,
            {name: n for name, n in dead.items() if n}, {name: n for name, n in asleep.items() if n},
            {name: dict(sorted(c.recoveries.items())) for name, c in channels.items() if c.recoveries},
        )  # fmt: skip

    def rows(self) -> list[dict[str, Any]]:
        """A tidy table: for each recorded step a row of its own, and one by vertex, parameter and block."""
        columns = dict.fromkeys((*AT_VERTEX, *OF_PARAMETER, "loss", "norm_before", "norm_after"))
        rows = []
        for shot in self._shots:
            own = {"step": shot.step, "exact": shot.exact, "images": shot.images}
            total = {"loss": shot.loss, "norm_before": shot.before, "norm_after": shot.after}
            rows.append({**own, "kind": "step", "name": "", "op": "", **columns, **total})
            for kind, name, op, numbers in self._lines(shot):
                rows.append({**own, "kind": kind, "name": name, "op": op, **columns, **numbers})
        return rows

    def _lines(self, shot: Shot) -> Iterator[tuple[str, str, str, dict[str, float]]]:
        for key, place in self._keys.items():
            numbers = unpacked(shot.vertices, AT_VERTEX, place)
            if numbers is not None:
                yield "vertex", label(key), key[1], numbers
        for place, name in enumerate(self._names):
            numbers = unpacked(shot.parameters, OF_PARAMETER, place)
            if numbers is not None:
                yield "parameter", name, "", numbers
        for place, name in enumerate(self._blocks):
            numbers = unpacked(shot.blocks, ("ratio",), place)
            if numbers is not None:
                yield "block", name, "", numbers

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain numbers, ready for strict JSON: lists by step, null where nothing was measured."""
        shots = self._shots
        vertices = [
            {"name": label(key), "op": key[1], **by_step([s.vertices for s in shots], AT_VERTEX, place)}
            for key, place in self._keys.items()
        ]
        parameters = [
            {"name": name, **by_step([s.parameters for s in shots], OF_PARAMETER, place)}
            for place, name in enumerate(self._names)
        ]
        blocks = [
            {"name": name, **by_step([s.blocks for s in shots], ("ratio",), place)}
            for place, name in enumerate(self._blocks)
        ]
        own = {"step": "step", "exact": "exact", "images": "images", "loss": "loss"}
        lists = {name: [getattr(s, of) for s in shots] for name, of in own.items()}
        lists |= {"norm_before": [s.before for s in shots], "norm_after": [s.after for s in shots]}
        report = asdict(self.report)
        report["recoveries"] = {
            n: {str(k): m for k, m in found.items()} for n, found in report["recoveries"].items()
        }
        found: dict[str, Any] = strict(
            {**lists, "vertices": vertices, "parameters": parameters, "blocks": blocks, "report": report}
        )
        return found

    def show(self) -> Any:
        """A picture: the gradient by layer and step, and how far each step moves the weights. It saves itself."""
        if not self._shots:
            raise ArgumentError("watch: nothing was recorded, so there is nothing to show; train within the block")
        return slots.picture("recording", self.to_dict())

    def __str__(self) -> str:
        lines = [str(self.report)]
        if self._shots:
            first, last = self._shots[0], self._shots[-1]
            at = f"at step {first.step}", f"at step {last.step}"
            lines.append(f"{'gradient RMS':<36}{'op':<14}{at[0]:>14}{at[1]:>14}")
            for key, place in self._keys.items():
                pair = [unpacked(shot.vertices, AT_VERTEX, place) for shot in (first, last)]
                shown = ["" if numbers is None else f"{numbers['rms']:.3g}" for numbers in pair]
                lines.append(f"{label(key)[-35:]:<36}{key[1]:<14}{shown[0]:>14}{shown[1]:>14}")
        return "\n".join(lines)


def _strip(modules: Sequence[Any]) -> None:
    """Take the holders of hooks away that were made for the recorder, unless somebody else uses them by now."""
    for module in modules:
        hooks = module._hooks
        if hooks is not None and not (hooks.forward_pre or hooks.forward or hooks.backward_pre or hooks.backward):
            module._hooks = None
