"""Primitives made once for each shape and thread, and run with a few calls.

A `Plan` holds a primitive, a memory object for each of its arguments and the array of arguments that
`dnnl_primitive_execute` reads; to run it is to point the memory objects at the arrays of the moment. That takes
longer than to copy a short vector, so that such arguments may have arrays of the plan's own. Plans belong to a
thread, and to the number of OpenMP threads at their making: the library divides the work and its scratch memory
then.
"""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Callable, Hashable, Sequence
from functools import partial
from typing import Any

import numpy as np

from autocnn.backend.onednn import header
from autocnn.backend.onednn.library import Unserved, functions, serving
from autocnn.backend.onednn.memory import Handle, address, check, create, row_of
from autocnn.types import Array

_at, _byte = ctypes.addressof, ctypes.c_char.from_buffer

CAPACITY = 2048
"""Plans that a thread keeps for one number of OpenMP threads; the oldest goes first."""

_PAGE = 4096


class Plan:
    """A primitive ready to run on the arrays of one shape, in the order of its `places`."""

    __slots__ = (
        "_execute", "_keep", "_memories", "_places", "_point", "_room", "_scratch", "_scratch_size", "_seen",
    )  # fmt: skip

    def __init__(self, description: Handle, places: Sequence[tuple[int, Any]]) -> None:
        """Make the primitive that is described; each place comes with the description of its memory."""
        primitive = create("primitive_create", description)
        scratch = ask(description, header.ASK_SCRATCHPAD)
        every = [*places, (header.SCRATCHPAD, scratch)]
        memories = [create("memory_create", memory, _engine(), None) for _, memory in every]
        pointers = [memory._as_parameter_.value or 0 for memory in memories]
        arguments = [header.Argument(place, at) for (place, _), at in zip(every, pointers, strict=True)]
        row = row_of(header.Argument, len(every))(*arguments)
        self._memories, self._scratch = pointers[:-1], pointers[-1]
        self._places = [place for place, _ in places]
        self._room, self._scratch_size, self._seen = _here.room, size_of(scratch), 0
        self._room.hold(self._scratch_size)
        self._point, execute = functions()
        stream = _here.stream()
        self._execute = partial(  # in the types that ctypes passes as they are
            execute, primitive._as_parameter_, stream._as_parameter_, ctypes.c_int(len(every)),
            ctypes.c_void_p(_at(row)),
        )  # fmt: skip
        self._keep: list[Any] = [primitive, memories, stream, row]

    def hold(self, place: int, x: Array) -> Plan:
        """Have an array of its own for one of its places: calls name those of the other places only."""
        i = self._places.index(place)
        self._point(self._memories.pop(i), address(x))
        del self._places[i]
        self._keep.append(x)
        return self

    def __call__(self, *arrays: Array) -> None:
        """Run on arrays, the results among them. Raises Unserved if the library fails."""
        point = self._point
        for memory, x in zip(self._memories, arrays, strict=True):
            point(memory, _at(_byte(x)) if x.flags.carray else address(x))
        if self._scratch_size and self._seen != self._room.address:
            self._seen = self._room.address
            point(self._scratch, self._seen)
        status = self._execute()
        if status:
            check(status, "primitive_execute")


class _Room:
    """The scratch memory of a thread, as large as the largest of its plans needs: none runs within another."""

    __slots__ = ("_memory", "address")

    def __init__(self) -> None:
        self._memory = np.empty(0, np.uint8)
        self.address = 0

    def hold(self, size: int) -> None:
        """Be at least so many bytes."""
        if size and self._memory.size < size + _PAGE:
            self._memory = np.empty(size + _PAGE, np.uint8)
            self.address = -(-address(self._memory) // _PAGE) * _PAGE


class _Here(threading.local):
    """What a thread has of its own: a stream, its plans, and scratch memory."""

    def __init__(self) -> None:
        self._stream: Handle | None = None
        self.shelves: dict[int, dict[Hashable, Any]] = {}
        self.room = _Room()

    def stream(self) -> Handle:
        """The stream of this thread's calls."""
        if self._stream is None:
            self._stream = create("stream_create", _engine(), header.IN_ORDER)
        return self._stream

    def forget(self) -> None:
        """Give back all plans and the scratch memory."""
        self.shelves.clear()
        self.room = _Room()


_here = _Here()


def plan(key: Hashable, make: Callable[..., Any], *arguments: Any) -> Any:
    """What `make(*arguments)` gave for this key, in this thread; None where oneDNN does not serve.

    That it declined is remembered as well. Nor does it serve where a list, which is no key, stands for a tuple.
    """
    library = serving()
    if library is None:
        return None
    threads = library.max_threads()
    try:
        return _here.shelves[threads][key]
    except TypeError:
        return None
    except KeyError:
        shelf = _here.shelves.setdefault(threads, {})
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


def attributes(relu: bool = False, scale: float = 1.0) -> Handle:
    """Attributes of a primitive: scratch memory is ours, and perhaps a ReLU or a factor follows."""
    made = create("primitive_attr_create")
    library = serving()
    if library is None:
        raise Unserved("oneDNN is not there")
    calls = library.calls
    check(calls.dnnl_primitive_attr_set_scratchpad_mode(made, header.USER_SCRATCHPAD), "scratchpad")
    if relu or scale != 1.0:
        behind, kind = create("post_ops_create"), header.RELU if relu else header.LINEAR
        check(calls.dnnl_post_ops_append_eltwise(behind, kind, 0.0 if relu else scale, 0.0), "post_ops")
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


def ask(description: Handle, what: int, which: int = 0) -> ctypes.c_void_p:
    """A memory that a primitive wants; it lives as long as the description."""
    said = ctypes.c_void_p()
    check(_calls().dnnl_primitive_desc_query(description, what, which, ctypes.byref(said)), "query")
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
