"""The shared library: where it is found, why it is not, and what each thread needs to call it.

A library is looked for once, when the first array asks for it. After its first call the threads of its OpenMP
runtime exist in this process alone, so a forked child would wait for them for ever: it gets the NumPy kernels.
"""

from __future__ import annotations

import ctypes
import os
import platform
import site
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from autocnn.backend.onednn import header
from autocnn.errors import ArgumentError, AutocnnError

VARIABLE = "AUTOCNN_ONEDNN"
_NAMES = {"darwin": "libdnnl.3.dylib", "win32": "dnnl.dll"}
_NAME = _NAMES.get(sys.platform, "libdnnl.so.3")
_MISSING = f"no oneDNN 3 is installed; pip install onednn-cpu-gomp (Linux, x86-64), or name the file in {VARIABLE}"


class Unserved(AutocnnError, RuntimeError):
    """Something that oneDNN does not do, here or at all: the NumPy kernels do it."""


@dataclass(frozen=True, slots=True)
class Library:
    """An opened library: its functions as `calls`, which let other threads run meanwhile, and as `quick` ones."""

    path: str
    version: tuple[int, int, int]
    calls: ctypes.CDLL
    quick: ctypes.PyDLL
    engine: ctypes.c_void_p
    max_threads: Any
    """The number of threads that the next call of this thread will use, where the runtime tells."""


class _Here(threading.local):
    """What a thread has of its own."""

    def __init__(self) -> None:
        self.off = 0  # how many times the NumPy kernels were asked for


class _Process:
    """What the process has once."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.tried = False
        self.library: Library | None = None
        self.reason = ""


_here, _process = _Here(), _Process()


def serving() -> Library | None:
    """The library, if this thread may use it; opened at the first call."""
    if _here.off:
        return None
    return _process.library if _process.tried else _open_once()


def why_not() -> str | None:
    """A sentence that says why oneDNN does not serve, or None where it does.

    >>> with disabled():
    ...     why_not()
    'oneDNN is switched off by disabled()'
    """
    if _here.off:
        return "oneDNN is switched off by disabled()"
    return None if serving() is not None else _process.reason


@contextmanager
def disabled() -> Iterator[None]:
    """Within it, this thread uses the NumPy kernels.

    >>> with disabled():
    ...     serving() is None
    True
    """
    _here.off += 1
    try:
        yield
    finally:
        _here.off -= 1


def set_num_threads(count: int) -> None:
    """Let oneDNN's calls from this thread use so many threads; nothing where it does not serve.

    Raises ArgumentError for numbers below 1.
    """
    if count < 1:
        raise ArgumentError(f"set_num_threads: count is {count}; it must be at least 1")
    library = serving()
    if library is not None and hasattr(library.quick, "omp_set_num_threads"):
        library.quick.omp_set_num_threads(ctypes.c_int(count))


def get_num_threads() -> int:
    """How many threads oneDNN's calls from this thread use; 1 where it does not serve.

    >>> get_num_threads() >= 1
    True
    """
    library = serving()
    return 1 if library is None else int(library.max_threads())


def _open_once() -> Library | None:
    with _process.lock:
        if not _process.tried:
            try:
                _process.library = _open_first()
            except Unserved as error:
                _process.reason = str(error)
            _process.tried = True
    return _process.library


def _open_first() -> Library:
    """The first library that opens; of those that do not, the first says why."""
    troubles = []
    for place in _places():
        try:
            return _open(place)
        except Unserved as error:
            troubles.append(str(error))
    raise Unserved(troubles[0] if troubles else _MISSING)


def _places() -> list[str]:
    """Where a library may be: the file that was named and nothing else, or the environment's and the system's."""
    named = os.environ.get(VARIABLE)
    if named is not None:
        if not Path(named).is_file():
            raise Unserved(f"{VARIABLE} is {named!r}; there is no such file")
        return [named]
    environment = [f"{root}/lib" for root in (sys.prefix, site.getuserbase(), sys.base_prefix)]
    loader = os.environ.get("LD_LIBRARY_PATH", "").split(os.pathsep)
    system = ["/usr/local/lib", "/usr/local/lib64", f"/usr/lib/{platform.machine()}-linux-gnu", "/usr/lib64"]
    folders = dict.fromkeys([*environment, *loader, *system, "/usr/lib", "/opt/homebrew/lib"])
    return [file for folder in folders if folder and Path(file := f"{folder}/{_NAME}").is_file()]


def _open(place: str) -> Library:
    """Open one library and make its engine; raises Unserved with the reason where it does not serve."""
    try:
        calls, quick = ctypes.CDLL(place), ctypes.PyDLL(place)
    except OSError as error:
        raise Unserved(_explained(place, str(error))) from error
    try:
        header.declare(calls)
        header.declare(quick)
    except AttributeError as error:
        raise Unserved(f"{place} is no oneDNN 3: {error}") from error
    said = calls.dnnl_version().contents
    version = (said.major, said.minor, said.patch)
    if version[0] != 3:
        raise Unserved(f"{place} is oneDNN {'.'.join(map(str, version))}; version 3 is needed")
    if said.cpu_runtime == header.THREADPOOL:
        raise Unserved(f"{place} was built for a thread pool of its caller's; one for OpenMP is needed")
    engine = ctypes.c_void_p()
    if calls.dnnl_engine_create(ctypes.byref(engine), header.CPU, 0):
        raise Unserved(f"{place} has no engine for this processor")
    max_threads = getattr(quick, "omp_get_max_threads", lambda: 1)
    return Library(place, version, calls, quick, engine, max_threads)


def _explained(place: str, trouble: str) -> str:
    """The loader's words, and what to install where it misses the OpenMP runtime."""
    if "libgomp" in trouble:
        return f"oneDNN at {place} needs libgomp.so.1; install libgomp1 (Debian, Ubuntu) or libgomp (Fedora, Arch)"
    return f"oneDNN at {place} does not open: {trouble}"


@cache
def functions() -> tuple[Any, Any]:
    """The two functions of every call: to point a memory object at an array, and to run a primitive."""
    library = _process.library
    if library is None:
        raise Unserved(_process.reason)
    return library.quick.dnnl_memory_set_data_handle, library.calls.dnnl_primitive_execute


def _after_fork() -> None:
    """In a forked child the lock may be held by nobody, and the runtime's threads are gone."""
    _process.lock = threading.Lock()
    if _process.library is not None:
        _process.library = None
        _process.reason = "this process was forked from one that had used oneDNN, whose threads it did not get"


os.register_at_fork(after_in_child=_after_fork)
