"""How many threads matrix products and convolutions take: oneDNN's, NumPy's BLAS's, and every OpenMP runtime's."""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import Any

from autocnn.backend import onednn
from autocnn.errors import ArgumentError, AutocnnError


def set_num_threads(n: int) -> None:
    """Let the kernels take n threads: NumPy's BLAS, and libraries on OpenMP when called from this thread.

    It holds until it is called again. Raises ArgumentError unless n is a whole number of at least 1.

    >>> before = get_num_threads()
    >>> set_num_threads(1)
    >>> get_num_threads()
    1
    >>> set_num_threads(before)
    """
    if isinstance(n, bool) or not isinstance(n, int) or n < 1:
        raise ArgumentError(f"set_num_threads: n is {n!r}; it must be a whole number of at least 1")
    onednn.set_num_threads(n)  # first: its runtime may be loaded by this
    _control().threadpool_limits(limits=n)


def get_num_threads() -> int:
    """How many threads NumPy's BLAS takes for a matrix product; 1 where it does not say.

    >>> get_num_threads() >= 1
    True
    """
    return max((pool["num_threads"] for pool in pools() if pool["user_api"] == "blas"), default=1)


def pools() -> list[dict[str, Any]]:
    """The thread pools of the libraries that are loaded, as threadpoolctl describes them: BLAS and OpenMP."""
    import numpy  # noqa: F401 (its BLAS is one of them)

    found: list[dict[str, Any]] = _control().threadpool_info()
    return found


def usable_cores() -> int:
    """Cores that this process may use: fewer than the machine has where it was bound to some, or given a share.

    >>> 1 <= usable_cores() <= (os.cpu_count() or 1)
    True
    """
    allowed = getattr(os, "sched_getaffinity", None)
    count = len(allowed(0)) if allowed is not None else os.cpu_count() or 1
    return max(1, min(count, _share(count)))


def _share(count: int) -> int:
    """Cores' worth of time that a container may take, as Linux's control groups say it; all where they do not."""
    try:
        quota, period = _QUOTA.read_text("ascii").split()
    except (OSError, ValueError):  # another system, or the first version of control groups
        return count
    return count if quota == "max" else math.ceil(int(quota) / int(period))


_QUOTA = Path("/sys/fs/cgroup/cpu.max")


def _control() -> Any:
    try:
        import threadpoolctl
    except ImportError as error:
        raise AutocnnError("threads: threadpoolctl is not installed; pip install threadpoolctl") from error
    return threadpoolctl
