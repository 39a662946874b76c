"""Primitives made once for each shape and thread, and run with a few calls.

A `Plan` holds a primitive, a memory object for each of its arguments and the array of arguments that
`dnnl_primitive_execute` reads; to run it is to point the memory objects at the arrays of the moment. Plans belong
to a thread, and to the number of OpenMP threads at their making: the library divides the work and its scratch
memory then.
"""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Callable, Hashable, Sequence
from typing import Any

import numpy as np

from autocnn.backend.onednn import header
from autocnn.backend.onednn.library import Unserved, functions, serving
from autocnn.backend.onednn.memory import Handle, check, create
from autocnn.types import Array

CAPACITY = 2048
"""Plans that a thread keeps for one number of OpenMP threads; the oldest goes first."""

_PAGE = 4096


class Plan:
    """A primitive ready to run on the arrays of one shape, in the order of its `places`."""

    __slots__ = ("_arguments", "_count", "_execute", "_keep", "_memories", "_point", "_primitive", "_scratch")

    def __init__(self, description: Handle, places: Sequence[tuple[int, Any]]) -> None:
        """Make the primitive that is described; each place comes with the description of its memory."""
        primitive = create("primitive_create", description)
        scratch = ask(description, header.ASK_SCRATCHPAD)
        every = [*places, (header.SCRATCHPAD, scratch)]
        memories = [create("memory_create", memory, _engine(), None) for _, memory in every]
        pointers = [memory._as_parameter_.value or 0 for memory in memories]
        self._arguments = (header.Argument * len(every))(
            *[header.Argument(place, pointer) for (place, _), pointer in zip(every, pointers, strict=True)]
        )
        self._count = len(every)
        self._memories = pointers[:-1]
        self._primitive = primitive._as_parameter_
        self._keep = (primitive, memories)
        self._scratch = _Scratch(pointers[-1], size_of(scratch))
        self._point, self._execute = functions()

    def __call__(self, *arrays: Array) -> None:
        """Run on arrays, the results among them. Raises Unserved if the library fails."""
        point = self._point
        for memory, array in zip(self._memories, arrays, strict=True):
            point(memory, array.ctypes.data)
        self._scratch.ready(point)
        status = self._execute(self._primitive, _here.stream, self._count, self._arguments)
        if status:
            check(status, "primitive_execute")


class _Scratch:
    """A plan's scratch memory: the thread's, which all its plans share, as none runs within another."""

    __slots__ = ("_address", "_memory", "_size")

    def __init__(self, memory: int, size: int) -> None:
        self._memory, self._size, self._address = memory, size, 0

    def ready(self, point: Any) -> None:
        """Have enough of it, and the memory object point there."""
        if self._size and self._address != _here.scratch(self._size):
            self._address = _here.address
            point(self._memory, self._address)


class _Here(threading.local):
    """What a thread has of its own: a stream, its plans, and scratch memory."""

    def __init__(self) -> None:
        self.stream: Handle | None = None
        self.shelves: dict[int, dict[Hashable, Any]] = {}
        self.forget()

    def forget(self) -> None:
        """Give back the scratch memory and all plans."""
        self.shelves.clear()
        self.room = np.empty(0, np.uint8)
        self.address = 0

    def scratch(self, size: int) -> int:
        """The address of at least so many bytes."""
        if self.room.size < size + _PAGE:
            self.room = np.empty(size + _PAGE, np.uint8)
            self.address = -(-self.room.ctypes.data // _PAGE) * _PAGE
        return self.address


_here = _Here()


def plan(key: Hashable, make: Callable[..., Any], *arguments: Any) -> Any:
    """What `make(*arguments)` gave for this key, in this thread; None where oneDNN does not serve.

    That it declined is remembered as well.
    """
    library = serving()
    if library is None:
        return None
    threads = library.max_threads()
    shelf = _here.shelves.get(threads)
    if shelf is None:
        shelf = _here.shelves[threads] = {}
    try:
        return shelf[key]
    except KeyError:
        pass
    if _here.stream is None:
        _here.stream = _stream()
    if len(shelf) >= CAPACITY:
        del shelf[next(iter(shelf))]
    try:
        made = make(*arguments)
    except Unserved:
        made = None
    shelf[key] = made
    return made


def forget() -> None:
    """Give back this thread's plans and scratch memory."""
    _here.forget()


def attributes(relu: bool = False) -> Handle:
    """Attributes of a primitive: scratch memory is ours, and perhaps a ReLU follows."""
    made = create("primitive_attr_create")
    library = serving()
    if library is None:
        raise Unserved("oneDNN is not there")
    calls = library.calls
    check(calls.dnnl_primitive_attr_set_scratchpad_mode(made, header.USER_SCRATCHPAD), "scratchpad")
    if relu:
        behind = create("post_ops_create")
        check(calls.dnnl_post_ops_append_eltwise(behind, header.RELU, 0.0, 0.0), "post_ops")
        check(calls.dnnl_primitive_attr_set_post_ops(made, behind), "post_ops")
    return made


def described(function: str, *arguments: Any) -> Handle:
    """The description of a primitive; raises Unserved where the library has only its slow reference for it."""
    made = create(f"{function}_primitive_desc_create", _engine(), *arguments)
    if name_of(made).startswith("ref"):
        raise Unserved(f"{function}: there is but a reference implementation")
    return made


def reorder(one: Any, other: Any) -> Plan:
    """The plan of a copy from one layout to another."""
    made = create("reorder_primitive_desc_create", one, _engine(), other, _engine(), attributes())
    return Plan(made, [(header.SRC, one), (header.DST, other)])


def name_of(description: Handle) -> str:
    """What the library calls the implementation that it chose."""
    said = ctypes.c_char_p()
    check(_calls().dnnl_primitive_desc_query(description, header.ASK_NAME, 0, ctypes.byref(said)), "query")
    return (said.value or b"").decode()


def ask(description: Handle, what: int) -> ctypes.c_void_p:
    """A memory that a primitive wants; it lives as long as the description."""
    said = ctypes.c_void_p()
    check(_calls().dnnl_primitive_desc_query(description, what, 0, ctypes.byref(said)), "query")
    return said


def same(one: Any, other: Any) -> bool:
    """Whether two descriptions of memory are equal."""
    return bool(_calls().dnnl_memory_desc_equal(one, other))


def size_of(memory: Any) -> int:
    """The bytes that a description of memory asks for."""
    return int(_calls().dnnl_memory_desc_get_size(memory))


def _calls() -> ctypes.CDLL:
    library = serving()
    if library is None:
        raise Unserved("oneDNN is not there")
    return library.calls


def _engine() -> ctypes.c_void_p:
    library = serving()
    if library is None:
        raise Unserved("oneDNN is not there")
    return library.engine


def _stream() -> Handle:
    return create("stream_create", _engine(), header.IN_ORDER)
