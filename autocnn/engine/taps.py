"""Taps: told of every kernel that runs, and for how long. They are there only while somebody listens.

The first listener puts a clock around the forward function of every primitive, and a note of the node at hand
around every step of a plain backward pass; the last one takes them off. So training runs the very same kernels
with a listener as without, and pays nothing for the possibility.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from time import perf_counter_ns
from typing import Any, NamedTuple, Protocol

from autocnn.backend.arrays import finish, namespace, owner
from autocnn.engine.gradient import Parts, Plain
from autocnn.engine.primitive import Primitive, primitives
from autocnn.engine.tape import Node, local

PHASES = ("forward", "backward", "second")


class Call(NamedTuple):
    """One kernel that ran: what, for which module and pass, on which shapes, and when (nanoseconds)."""

    op: str
    phase: str
    """``forward``, ``backward``, ``second`` (the backward pass of a backward pass), or ``optimizer``."""
    scope: str
    shape: tuple[int, ...]
    """Of the result; of several, of the first."""
    sources: tuple[tuple[int, ...], ...]
    """Shapes of the operands."""
    bytes: int
    """Of memory that was read and written: of the operands and of the results."""
    start: int
    stop: int
    thread: int


class Listener(Protocol):
    """Whoever wants to know."""

    def ran(self, call: Call) -> None:
        """A kernel has run."""


class _Here(threading.local):
    busy = False
    """Whether a kernel is running on this thread: one that it calls is a part of it."""
    node: Node | None = None
    """The node whose rule is running."""


_here = _Here()
_lock = threading.Lock()
_listeners: tuple[Listener, ...] = ()
_originals: list[tuple[Primitive, Callable[..., Any]]] = []


@contextmanager
def listening(listener: Listener) -> Iterator[None]:
    """Tell a listener of everything that runs during a ``with`` block, on any thread."""
    global _listeners
    with _lock:
        if not _listeners:
            _install()
        _listeners = (*_listeners, listener)
    try:
        yield
    finally:
        with _lock:
            _listeners = tuple(each for each in _listeners if each is not listener)
            if not _listeners:
                _remove()


def _install() -> None:
    for p in primitives().values():
        _originals.append((p, p.forward))
        p.forward = _timed(p, p.forward)


def _remove() -> None:
    for p, forward in _originals:
        p.forward = forward
    _originals.clear()


def _timed(p: Primitive, forward: Callable[..., Any]) -> Callable[..., Any]:
    """A primitive's forward function with a clock around it."""

    @functools.wraps(forward)
    def run(xp: Any, *arrays: Any, **params: Any) -> Any:
        here = _here
        if here.busy:
            return forward(xp, *arrays, **params)
        here.busy = True
        try:
            start = perf_counter_ns()
            z = forward(xp, *arrays, **params)
            finish(xp)
            stop = perf_counter_ns()
        finally:
            here.busy = False
        results = _results(z)
        shares = p.view and len(results) == 1 and owner(results[0]) is owner(arrays[0])
        _tell(p.name, *_pass(), results, arrays, start, stop, moved=not shares)
        return z

    return run


def _pass() -> tuple[str, str]:
    """The pass and the module that a kernel runs for."""
    node = _here.node
    if node is not None:
        return PHASES[min(node.place.order + 1, 2)], node.place.scope
    place = local.context.place
    return PHASES[min(place.order, 2)], place.scope


def _tell(
    op: str, phase: str, scope: str, results: Sequence[Any], operands: Sequence[Any], start: int, stop: int,
    moved: bool = True,
) -> None:  # fmt: skip
    arrays = [a for a in operands if hasattr(a, "dtype")]
    shape = tuple(results[0].shape) if results else ()
    count = sum(map(_memory, (*arrays, *results))) if moved else 0
    sources = tuple([tuple(a.shape) for a in arrays])
    call = Call(op, phase, scope, shape, sources, count, start, stop, threading.get_ident())
    for listener in _listeners:
        listener.ran(call)


def _results(z: Any) -> list[Any]:
    """The arrays that a forward function returned: one, several, or with residuals."""
    if isinstance(z, tuple | list):
        return [array for part in z for array in _results(part)]
    return [z] if hasattr(z, "dtype") else []


def _memory(array: Any) -> int:
    """Bytes of an array; what was broadcast into it is counted once."""
    strides = getattr(array, "strides", None)
    if not strides or 0 not in strides or not array.size:
        return int(array.nbytes)
    count = array.itemsize
    for length, stride in zip(array.shape, strides, strict=True):
        count *= length if stride else 1
    return int(count)


# Work that is no primitive ------------------------------------------------------------------------------------


def begin() -> int:
    """The time, if anybody listens; 0 otherwise."""
    return perf_counter_ns() if _listeners else 0


def ended(start: int, op: str, phase: str, operands: Sequence[Any], results: Sequence[Any]) -> None:
    """Tell of work on arrays that is no primitive, and began at a time that `begin` gave."""
    finish(namespace(results[0]))
    _tell(op, phase, local.context.place.scope, results, operands, start, perf_counter_ns())


class Followed(Plain):
    """The plain gradient, with a note of the node at hand, and of the additions between nodes."""

    def apply(self, node: Node, g: Any) -> Sequence[Any]:
        """What flows into each edge of a node."""
        before, _here.node = _here.node, node
        try:
            return super().apply(node, g)
        finally:
            _here.node = before

    def join(self, old: Any, new: Any, edge: Node) -> Any:
        """The sum of two parts that meet at a node."""
        start = begin()
        total = super().join(old, new, edge)
        if start and not isinstance(old, Parts):
            finish(namespace(total))
            stop = perf_counter_ns()
            _tell("accumulate", "backward", edge.place.scope, [total], [old, new], start, stop)
        return total


def plain(*args: Any) -> Plain:
    """The algebra of a plain backward pass."""
    return Followed(*args) if _listeners else Plain(*args)
