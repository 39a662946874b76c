"""What one training step shows of itself: gradients, values and parameters, seen where they pass anyway."""

from __future__ import annotations

import threading
import weakref
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from autocnn.backend.arrays import namespace, to_numpy
from autocnn.engine import Tensor, is_grad_enabled
from autocnn.engine.gradient import Ahead
from autocnn.engine.primitive import item
from autocnn.engine.tape import Node, local, next_serial, version
from autocnn.engine.witness import passed
from autocnn.flow.statistics import ACTIVATIONS, Moments, asleep, by_image, joined, lots, moments, norm
from autocnn.ops.activation.rectifiers import Foreseen
from autocnn.types import Array

Key = tuple[str, str, int]
"""A vertex at every step: the module's path, the op, and which call of it within one pass, from 1."""
_CALLS = 1024
"""Forward passes within one step that are remembered."""


class Call(NamedTuple):
    """One forward pass of the watched model, or of a part of it."""

    first: int
    last: int
    """Serial numbers between which its nodes were made."""
    images: int
    """N; 0 if it was called with no array."""
    scope: str
    """The scope in which it ran, which is no part of names."""
    path: str
    """The path of the part that was called; empty for the model itself."""


class Asleep(NamedTuple):
    """An activation that passes little, or nothing, back."""

    share: float
    """Of derivatives under 5 % of the largest."""
    low: Array
    """Channels in which all are."""
    none: Array
    """Channels in which all are 0."""
    images: int


@dataclass(slots=True)
class Seen:
    """One vertex in one backward pass."""

    serial: int
    name: str
    op: str
    call: Call
    gradient: Moments
    sources: tuple[int, ...]
    """Serial numbers of its operands."""
    asleep: Asleep | None


class Moved(NamedTuple):
    """What an optimiser did to one parameter, as 2-norms."""

    weight: float
    update: float


class Step:
    """All that was seen of one step."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.seen: list[Seen] = []
        self.values: dict[int, Moments] = {}
        """Values by the serial number of the node that made them."""
        self.gradients: dict[int, Moments] = {}
        """Of parameters, by their position, as the last backward pass left them."""
        self.clipped: dict[int, Moments] = {}
        """The same where something changed them before the optimiser used them."""
        self.moved: dict[int, Moved] = {}
        self.losses: list[float] = []
        self.spent = 0.0
        """Seconds that the looking took."""
        self.passes = 0
        """Backward passes, looked at or not."""
        self.stepped = False

    @property
    def images(self) -> int:
        """Those of all passes that a gradient came back through."""
        return sum({seen.call.first: seen.call.images for seen in self.seen}.values())

    def called(self, call: Call) -> None:
        """Note a forward pass. Of very many without a backward pass the oldest are forgotten."""
        self.calls.append(call)
        if len(self.calls) > _CALLS:
            del self.calls[: _CALLS // 2]
            first = self.calls[0].first
            self.values = {serial: m for serial, m in self.values.items() if serial >= first}

    def named(self) -> Iterator[tuple[Key, Seen]]:
        """What was seen, in forward order, each with its key."""
        counts: dict[tuple[int, str, str], int] = {}
        for seen in sorted(self.seen, key=lambda seen: seen.serial):
            at = (seen.call.first, seen.name, seen.op)
            counts[at] = counts.get(at, 0) + 1
            yield (seen.name, seen.op, counts[at]), seen


class Observer:
    """Looks at a model's modules, at backward passes, and at optimisers' steps; the current step is `step`."""

    def __init__(self, model: Any, share: float, seed: int) -> None:
        self.paths = {id(module): path.replace(".", "/") for path, module in model.named_modules()}
        self.parameters = [p for _, p in model.named_parameters()]
        self.looking = False
        """Whether this step is measured."""
        self.exact = False
        """Whether on all of its images."""
        self.step = Step()
        self._share, self._seed = share, seed
        self.thread = threading.get_ident()
        self._depth = 0
        self._began = 0
        self._reached = False
        """Whether the backward pass that is under way has come to the model."""
        self._last: tuple[Any, Any] = (None, None)
        self._numbers = {id(p): i for i, p in enumerate(self.parameters)}
        self._before: dict[int, Array] = {}
        """Room for the weights before a step."""
        self._states: dict[int, tuple[int, int]] = {}
        """Which gradients were looked at last: the arrays, and when they were last written to."""

    # Forward passes -----------------------------------------------------------------------------------------

    def entered(self, module: Any) -> bool:
        """A module is called; whether it is the model, or the part of it, that the loop calls."""
        if id(module) not in self.paths or threading.get_ident() != self.thread:
            return False  # a copy of the model took the hooks along
        self._depth += 1
        if self._depth > 1:
            return False
        self._began = next_serial()
        return True

    def left(self, module: Any, args: tuple[Any, ...], result: Any) -> None:
        """A module has returned; `result` is None where it failed."""
        if id(module) not in self.paths or threading.get_ident() != self.thread:
            return
        self._depth = max(self._depth - 1, 0)
        recording = self.looking and is_grad_enabled() and isinstance(result, Tensor)
        if recording and type(result) is not Foreseen and result.requires_grad:
            self._value(result.node(), result.array)
        if self._depth == 0 and is_grad_enabled() and result is not None:
            images = next((x.shape[0] for x in args if isinstance(x, Tensor) and x.shape), 0)
            scope, path = local.context.place.scope, self.paths[id(module)]
            self.step.called(Call(self._began, next_serial(), images, scope, path))

    def _value(self, node: Node, array: Array) -> None:
        if node.serial not in self.step.values and array.ndim and array.dtype.kind == "f":
            self.step.values[node.serial] = self._moments(array[self._part(array.shape[0])])

    # Backward passes ----------------------------------------------------------------------------------------

    def arrived(self, node: Node, g: Any) -> None:
        """A gradient is whole."""
        p = node.primitive
        if not self._reached:
            self._reached = self._call(node.serial) is not None
        if not self.looking or p is None or p.view or p is item or not node.shape or p.outputs:
            return
        call = self._call(node.serial)
        if call is not None:
            self._see(node, g, call)

    def _call(self, serial: int) -> Call | None:
        calls = self.step.calls
        place = bisect_right(calls, serial, key=lambda call: call.first) - 1
        return calls[place] if place >= 0 and serial < calls[place].last else None

    def _see(self, node: Node, g: Any, call: Call) -> None:
        part = self._part(node.shape[0])
        known, m = self._last
        if known is None or known() is not g:  # a sum hands one array on to both operands
            m = self._moments(passed(g, part))
            self._last = (None, None) if type(g) is Ahead else (weakref.ref(g), m)
        saved = node.saved
        quiet = None
        if type(saved) is tuple and saved:
            quiet = self._saved(node, saved, part)
        name = node.place.scope[len(call.scope) :].lstrip("/")
        name = f"{call.path}/{name}".strip("/") if call.path else name
        sources = tuple([edge.serial for edge in node.edges])
        self.step.seen.append(Seen(node.serial, name, node.name, call, m, sources, quiet))

    def _saved(self, node: Node, saved: tuple[Any, ...], part: slice) -> Asleep | None:
        """Look at what a node keeps: its own value, its operands'; of an activation, at its derivative."""
        count, images = len(node.edges), node.shape[0]
        z = saved[count] if len(saved) > count else None
        if z is not None and z.shape == node.shape:
            self._value(node, z)
        for edge, x in zip(node.edges, saved, strict=False):
            if x is not None and edge.requires_grad and edge.primitive is not None and edge.shape[:1] == (images,):
                self._value(edge, x)
        if node.name not in ACTIVATIONS:
            return None
        x, z = (None if a is None else a[part] for a in saved[:2])
        low, none = asleep(node.name, x, z, node.params)
        channels = _channels(low)
        share = float(namespace(low).count_nonzero(low)) / max(low.size, 1)
        return Asleep(share, channels, channels if none is low else _channels(none), low.shape[0])

    def _part(self, images: int) -> slice:
        """The images that are looked at: all, or a sample at fixed places, spread evenly; at least two."""
        if self.exact or images < 3:
            return slice(None)
        stride = min(max(round(1 / self._share), 1), images // 2)
        return slice(self._seed % stride, None, stride)

    def _moments(self, array: Array) -> Moments:
        rows = by_image(array)
        if not self.exact or not rows.size:
            return moments(rows)
        return joined([moments(lot) for lot in lots(rows)])

    # Parameters ---------------------------------------------------------------------------------------------

    def finished(self, root: Tensor) -> None:
        """A backward pass is over."""
        self._depth, self._last = 0, (None, None)
        if not self._reached:
            return  # it was another model's
        self._reached = False
        self.step.passes += 1
        if not self.looking:
            return
        if root.array.size == 1:
            self.step.losses.append(float(root.array.reshape(())))
        self.step.gradients.update(self._gradients(range(len(self.parameters))))

    def _gradients(self, positions: Sequence[int]) -> Iterator[tuple[int, Moments]]:
        """Of those parameters whose gradient is another one than it was when this was last asked."""
        for i in positions:
            g = self.parameters[i].grad
            if g is None:
                continue
            state = id(g.array), version(g.array)
            if self._states.get(i) != state or i not in self.step.gradients:
                self._states[i] = state
                yield i, moments(g.array.ravel(order="K").reshape(1, -1))

    def before_step(self, optimizer: Any) -> None:
        """An optimiser is about to move its parameters."""
        mine = self._own(optimizer)
        if not mine:
            return
        self.step.stepped = True
        if not self.looking:
            return
        self.step.clipped.update(self._gradients(mine))
        for i in mine:
            p = self.parameters[i].array
            room = self._before.get(i)
            if room is None or room.shape != p.shape or room.dtype != p.dtype or type(room) is not type(p):
                room = self._before[i] = namespace(p).empty_like(p)
            room[...] = p

    def after_step(self, optimizer: Any) -> None:
        """It has moved them."""
        self._depth = 0
        if not self.looking:
            return
        for i in self._own(optimizer):
            if i in self._before:
                p, old = self.parameters[i].array, self._before[i]
                weight = norm(old)
                namespace(p).subtract(p, old, out=old)
                self.step.moved[i] = Moved(weight, norm(old))

    def _own(self, optimizer: Any) -> list[int]:
        """Positions of the watched parameters that an optimiser moves and that have a gradient."""
        given = (p for group in optimizer.param_groups for p in group["params"] if p.grad is not None)
        return [i for p in given if (i := self._numbers.get(id(p))) is not None]

    def dropped(self) -> bool:
        """Whether no parameter has a gradient but 0."""
        return all(p.grad is None or not p.grad.array.any() for p in self.parameters)


def _channels(mask: Array) -> Array:
    """The channels (axis 1) in which everything is True; of (N,) the whole as one."""
    if mask.ndim < 2:
        return to_numpy(mask.all(keepdims=True))
    if mask.ndim == 2 or mask.strides[1] > mask.strides[-1]:
        return to_numpy(mask.reshape(*mask.shape[:2], -1).all(axis=2).all(axis=0))
    rows = mask.transpose(0, *range(2, mask.ndim), 1).reshape(-1, mask.shape[1])
    while len(rows) > 32 and len(rows) % 2 == 0:  # channels lie side by side: long rows are quicker than many
        half = len(rows) // 2
        rows = rows[:half] & rows[half:]
    return to_numpy(rows.all(axis=0))
