"""What scripts ask of `torch.cuda` and `torch.accelerator` beside whether there is one: one GPU, one stream."""

from __future__ import annotations

import time
from typing import Any

from autocnn.backend.arrays import as_device
from autocnn.backend.gpu import status
from autocnn.compat.switches import Block
from autocnn.errors import DeviceError

OutOfMemoryError = MemoryError
_initialized = False


class device(Block):
    """A block on a GPU, of which there is one; also `stream`, `device_of` and their kin.

    >>> with device(0):
    ...     pass
    """


class Stream(device):
    """The order in which work is done, of which there is one."""

    def synchronize(self) -> None:
        """Nothing: work is done when it was asked for."""

    wait_stream = wait_event = record_event = query = lambda self, *args: None


class Event:
    """A moment, and the milliseconds from one to another.

    >>> begun, ended = Event(enable_timing=True), Event(enable_timing=True)
    >>> begun.record()
    >>> ended.record()
    >>> begun.elapsed_time(ended) >= 0
    True
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._at = 0.0

    def record(self, stream: Any = None) -> None:
        """This is the moment."""
        self._at = time.perf_counter()

    def elapsed_time(self, end_event: Event) -> float:
        """Milliseconds from this moment to another."""
        return 1000 * (end_event._at - self._at)

    def synchronize(self) -> None:
        """Nothing: what was asked for is done."""


device_of = stream = device


def current_stream(device: Any = None) -> Stream:
    """The one stream."""
    return Stream()


default_stream = current_stream


def is_available() -> bool:
    """Whether a GPU can be used."""
    return status()[0]


def current_accelerator(check_available: bool = False) -> Any:
    """The GPU as a device, or None without one.

    >>> is_available() or current_accelerator() is None
    True
    """
    return as_device("cuda") if is_available() else None


def get_device_name(device: Any = None) -> str:
    """What the GPU is called. Raises DeviceError where none can be used."""
    served, sentence = status()
    if not served:
        raise DeviceError(f"get_device_name: {sentence}")
    return sentence.partition(": ")[2]


def get_device_capability(device: Any = None) -> tuple[int, int]:
    """(0, 0): kernels are not chosen by it here."""
    return 0, 0


def _none(*args: Any, **kwargs: Any) -> None:
    """Nothing."""


def _zero(*args: Any, **kwargs: Any) -> int:
    """0: memory is not counted by this name; see `autocnn.info`."""
    return 0


def _no(*args: Any, **kwargs: Any) -> bool:
    return False


def memory_summary(device: Any = None, abbreviated: bool = False) -> str:
    """An empty text: `autocnn.info` says what memory is in use."""
    return ""


init = ipc_collect = reset_max_memory_allocated = reset_max_memory_cached = reset_peak_memory_stats = _none
set_device = set_device_index = set_stream = set_per_process_memory_fraction = _none
max_memory_allocated = max_memory_cached = max_memory_reserved = memory_allocated = memory_cached = _zero
current_device_index = memory_reserved = _zero
is_bf16_supported = is_current_stream_capturing = is_initialized = _no

__all__ = [
    "Event", "OutOfMemoryError", "Stream", "current_accelerator", "current_device_index", "current_stream",
    "device", "get_device_name", "is_available", "memory_allocated", "memory_summary", "set_device",
    "set_device_index",
]  # fmt: skip
