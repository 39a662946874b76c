"""`torch.multiprocessing`: Python's own, and the way to begin the work of all processes, of which there is one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from autocnn.errors import ArgumentError


def spawn(
    fn: Callable[..., Any], args: Sequence[Any] = (), nprocs: int = 1, join: bool = True, daemon: bool = False,
    start_method: str = "spawn",
) -> None:  # fmt: skip
    """Call `fn(0, *args)` in this process. Raises ArgumentError for more than one.

    >>> spawn(print, ("done",))
    0 done
    """
    if nprocs != 1:
        raise ArgumentError(f"spawn: nprocs is {nprocs}; one process does all the work here. Give 1")
    fn(0, *args)


def set_sharing_strategy(new_strategy: str) -> None:
    """Nothing: processes share no tensors."""


__all__ = ["set_sharing_strategy", "spawn"]
