"""Memory that is used again: what arrays leave behind stays with the process, for the next step wants the same.

Memory that is new costs a page fault for every page when it is first written, which is more than most ops cost.
The C library of Linux asks the system for each large block anew and gives it back when it is freed; it is told to
keep it (mallopt(3)). Where the user has set this in the environment, or the C library is another one, nothing is
changed.
"""

from __future__ import annotations

import ctypes
import os
import sys
from typing import Any

from autocnn.backend import onednn

LARGEST = 1 << 30
"""Bytes from which a block is always the system's."""

BOUND = (1 << 31) - 1
"""Bytes at the end of the heap beyond which free memory goes back to the system by itself."""

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # malloc.h
_OLD_LARGEST = 1 << 25  # what versions before 2.35 accept
_SETTINGS = ("MALLOC_MMAP_THRESHOLD_", "MALLOC_TRIM_THRESHOLD_", "MALLOC_MMAP_MAX_", "MALLOC_TOP_PAD_")


def keep() -> bool:
    """Have freed memory kept for the next array; whether it will be."""
    if any(name in os.environ for name in _SETTINGS) or "malloc" in os.environ.get("GLIBC_TUNABLES", ""):
        return False
    mallopt = getattr(_c_library(), "mallopt", None)
    if mallopt is None:
        return False
    kept = mallopt(_MMAP_THRESHOLD, LARGEST) or mallopt(_MMAP_THRESHOLD, _OLD_LARGEST)
    return bool(kept and mallopt(_TRIM_THRESHOLD, BOUND))


def empty_cache() -> None:
    """Give memory that waits to be used again back to the system, and to the GPU's.

    Small training steps run slower for a while after it. What arrays still hold stays.

    >>> empty_cache()
    """
    onednn.forget()
    if "cupy" in sys.modules:
        sys.modules["cupy"].get_default_memory_pool().free_all_blocks()
    trim = getattr(_c_library(), "malloc_trim", None)
    if trim is not None:
        trim(0)


def _c_library() -> Any:
    """The C library of this process, where it is one that can be reached by its own names."""
    return ctypes.CDLL(None) if sys.platform.startswith("linux") else None
