"""Ctrl-C: the first ends the measuring; from then on the report is being written, and nothing stops that."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

HELD = b"\nautocnn: the report is being written, a moment\n"
AGAIN = 3.0
"""Seconds after which another Ctrl-C counts, if by then the writing has not begun."""


class Stop:
    """What Ctrl-C does: while measuring it interrupts, while writing it waits."""

    def __init__(self) -> None:
        self.writing = False
        self.last = -AGAIN

    def __call__(self, number: int, frame: FrameType | None) -> None:
        """A Ctrl-C has come."""
        if self.writing or time.monotonic() - self.last < AGAIN:
            os.write(2, HELD)  # print may be in the middle of a line of its own
            return
        self.last = time.monotonic()
        raise KeyboardInterrupt


@contextmanager
def stopping() -> Iterator[Stop]:
    """Ctrl-C as a Stop has it, until the end of the ``with`` block."""
    stop = Stop()
    if threading.current_thread() is not threading.main_thread():  # signals are the main thread's
        yield stop
        return
    before = signal.signal(signal.SIGINT, stop)
    try:
        yield stop
    finally:
        signal.signal(signal.SIGINT, before)
