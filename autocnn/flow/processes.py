"""Processes to run a sweep's cells in, that end with the one that made them."""

from __future__ import annotations

import os
import signal
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context, parent_process
from threading import Thread

from autocnn.backend.threads import usable_cores
from autocnn.errors import ArgumentError


def processes(workers: int | None = None) -> ProcessPoolExecutor:
    """An executor of that many processes, one for each core by default, each begun afresh ("spawn").

    They leave Ctrl-C to the process that made them, and end when it does, were it killed. A script that uses them
    has its work under ``if __name__ == "__main__":``, and cells that are functions of a module.

    Raises ArgumentError unless there is at least one.

    >>> with processes(1) as executor:
    ...     executor.submit(abs, -3).result()
    3
    """
    count = usable_cores() if workers is None else workers
    if count < 1:
        raise ArgumentError(f"processes: workers is {workers}; at least 1 is needed")
    return ProcessPoolExecutor(count, get_context("spawn"), _begin)


def _begin() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()  # until it ends, however it ends
        os._exit(1)
