"""The record of what was computed: nodes, where they were made, and which memory was written when."""

from __future__ import annotations

import itertools
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from autocnn.backend.arrays import CPU, Device, owner
from autocnn.types import Array, DType, Shape

if TYPE_CHECKING:
    from autocnn.engine.primitive import Primitive

next_serial = itertools.count(1).__next__
"""The next serial number: one clock for nodes and in-place writes, so that either can be dated by the other."""


class Place(NamedTuple):
    """Where an op was called: the module path, the forward node it is the backward of, the user's line."""

    scope: str = ""
    twin: int | None = None
    order: int = 0
    line: str | None = None


class Node:
    """A plain record of one op: what ran, on which nodes, with what, and what it keeps for its derivative.

    It stands in for an array whose value was not kept: it knows shape, dtype and device, and refuses the rest.
    """

    __array_ufunc__ = None
    __slots__ = (
        "__weakref__", "device", "dtype", "edges", "hooks", "params", "place", "primitive",
        "requires_grad", "saved", "serial", "shape",
    )  # fmt: skip

    def __init__(
        self,
        primitive: Primitive | None,
        edges: tuple[Node, ...],
        params: dict[str, Any],
        shape: Shape,
        dtype: DType,
        device: Device,
        saved: tuple[Any, ...],
        place: Place,
        requires_grad: bool,
    ) -> None:
        self.primitive = primitive
        self.edges = edges
        self.params = params
        self.shape = shape
        self.dtype = dtype
        self.device = device
        self.saved = saved
        self.place = place
        self.requires_grad = requires_grad
        self.serial = next_serial()
        self.hooks: list[Any] | None = None

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """Number of elements."""
        n = 1
        for length in self.shape:
            n *= length
        return n

    @property
    def name(self) -> str:
        """The name of the op, or ``leaf``."""
        return self.primitive.name if self.primitive else "leaf"

    def __repr__(self) -> str:
        where = f" in {self.place.scope}" if self.place.scope else ""
        return f"<{self.name} {self.serial}: {self.dtype}{list(self.shape)}{where}>"

    def __array__(self, *args: object, **kwargs: object) -> Array:
        raise TypeError(f"the value of this input of shape {self.shape} was not saved; declare it in `saves`")


class Leaf(Node):
    """The node of a tensor that no op made. It holds its tensor weakly: nothing points forward."""

    __slots__ = ("tensor",)

    def __init__(self, tensor: Any, shape: Shape, dtype: DType, device: Device, requires_grad: bool) -> None:
        super().__init__(None, (), NO_PARAMS, shape, dtype, device, (), _NOWHERE, requires_grad)
        self.tensor = weakref.ref(tensor)


class Watcher:
    """Something that sees every op as it runs: a trace, a checkpoint, debug mode. This one takes no notice."""

    notes = True
    """Whether it wants a node of every op, also where no gradient does. `place` and `seen` go with nodes."""

    def instead(self, primitive: Primitive, inputs: tuple[Any, ...], place: Place) -> Any:
        """What an op, which ran in this place, is to return in place of its result; None: the result.

        The op then leaves no trace. What this runs itself is an op like any other, and asked about too.
        """
        return None

    def place(self, place: Place) -> Place:
        """The place to record for an op that is about to run."""
        return place

    def seen(self, node: Node, inputs: tuple[Any, ...], outputs: tuple[Array, ...]) -> None:
        """An op ran: its node, its operands (tensors or numbers), and the arrays that it made."""

    def used(self, node: Node, saved: tuple[Any, ...]) -> None:
        """A backward pass is about to use what a node saved."""


class Context(NamedTuple):
    """What surrounds an op on this thread."""

    recording: bool = True
    watch: Watcher | None = None
    place: Place = Place()

    @property
    def noted(self) -> bool:
        """Whether somebody wants a node of every op."""
        return self.watch is not None and self.watch.notes


class _Local(threading.local):
    context: Context = Context()
    level: int = 0
    """How many function transforms surround this call."""

    def __init__(self) -> None:
        self.modes: list[tuple[Context, Context]] = []
        """The contexts inside and outside of each grad mode that surrounds this call."""
        self.switched: tuple[Context | None, Context] = (None, Context())
        """A context, and the one that differs from it in the grad mode alone."""


NO_PARAMS: dict[str, Any] = {}
_NOWHERE = Place()
local = _Local()


@contextmanager
def context(**changes: Any) -> Iterator[None]:
    """Change what surrounds the ops of this thread, for the length of a ``with`` block."""
    outside = local.context
    inside = local.context = outside._replace(**changes)
    try:
        yield
    finally:
        local.context = left(inside, outside, *changes)


def left(inside: Context, outside: Context, *names: str) -> Context:
    """The context behind a block: the very one before it, unless something else was changed in it for good."""
    now = local.context
    return outside if now is inside else now._replace(**{name: getattr(outside, name) for name in names})


@contextmanager
def watching(watcher: Watcher) -> Iterator[None]:
    """Show a watcher every op of a ``with`` block, beside whoever watches already."""
    before = local.context.watch
    with context(watch=watcher if before is None else Watchers((before, watcher))):
        yield


class Watchers(Watcher):
    """Several watchers as one."""

    def __init__(self, each: tuple[Watcher, ...]) -> None:
        self.each = each
        self.notes = any(watcher.notes for watcher in each)

    def instead(self, primitive: Primitive, inputs: tuple[Any, ...], place: Place) -> Any:
        """The first answer."""
        for watcher in self.each:
            answer = watcher.instead(primitive, inputs, place)
            if answer is not None:
                return answer
        return None

    def place(self, place: Place) -> Place:
        """The place as the watchers, one after the other, complete it."""
        for watcher in self.each:
            place = watcher.place(place)
        return place

    def seen(self, node: Node, inputs: tuple[Any, ...], outputs: tuple[Array, ...]) -> None:
        """Tell each."""
        for watcher in self.each:
            watcher.seen(node, inputs, outputs)

    def used(self, node: Node, saved: tuple[Any, ...]) -> None:
        """Tell each."""
        for watcher in self.each:
            watcher.used(node, saved)


@contextmanager
def scope(name: str) -> Iterator[None]:
    """Name the ops of a ``with`` block, inside whatever is already named.

    >>> with scope("stem"), scope("conv"):
    ...     local.context.place.scope
    'stem/conv'
    """
    place = local.context.place
    path = f"{place.scope}/{name}" if place.scope else name
    with context(place=place._replace(scope=path)):
        yield


# Who wrote last to which memory -------------------------------------------------------------------------------

_writes: dict[int, tuple[weakref.ref[Any], int, str]] = {}
_last_write = 0
_writing = threading.Lock()


def written(array: Array, op: str) -> None:
    """Note that an op has overwritten an array's memory: one version, shared by all aliases."""
    global _last_write
    memory = owner(array)
    key = id(memory)
    before = _writes.get(key)
    alive = before[0] if before is not None and before[0]() is memory else None
    reference = alive or weakref.ref(memory, lambda gone: _forget(key, gone))
    with _writing:
        _last_write = next_serial()
        _writes[key] = (reference, _last_write, op)


def version(array: Array) -> int:
    """The serial number of the last write to an array's memory; 0 where nothing was written."""
    memory = owner(array)
    entry = _writes.get(id(memory))
    return entry[1] if entry is not None and entry[0]() is memory else 0


def last_write() -> int:
    """The serial number of the last write to any memory."""
    return _last_write


def writer(array: Array) -> str:
    """The name of the op that last wrote to an array's memory."""
    return _writes[id(owner(array))][2]


def _forget(key: int, gone: weakref.ref[Any]) -> None:
    entry = _writes.get(key)
    if entry is not None and entry[0] is gone:
        del _writes[key]


class Number(Node):
    """The node of a Python number. Numbers are weak: they have a shape but no dtype of their own."""

    __slots__ = ("value",)
    primitive = None
    edges = ()
    params = NO_PARAMS
    shape = ()
    dtype = None  # type: ignore[assignment]
    device = CPU
    saved = ()
    place = _NOWHERE
    requires_grad = False
    serial = 0
    hooks = None

    def __init__(self, value: float) -> None:
        self.value = value


def number(value: float) -> Number:
    """The node of a Python number; the same one for equal floats, as far as there are few of them."""
    if type(value) is not float:
        return Number(value)
    node = FLOATS.get(value)
    if node is None:
        node = Number(value)
        if value and len(FLOATS) < 1000:  # 0.0 equals -0.0
            FLOATS[value] = node
    return node


FLOATS: dict[float, Number] = {}
"""The nodes of floats that were used before: to look one up takes less time than to make one."""
