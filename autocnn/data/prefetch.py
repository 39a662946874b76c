"""Items made in a background thread, a few ahead of whoever takes them."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from queue import SimpleQueue
from typing import TypeVar

Item = TypeVar("Item")


def prefetched(items: Iterable[Item], depth: int) -> Iterator[Item]:
    """The same items in the same order, at most `depth` of them made before they are asked for.

    One thread makes them. It ends with the items, and also when the iterator is closed or dropped early. What
    `items` raises is raised here, at the place of the item that could not be made, with its traceback.

    >>> list(prefetched(range(3), depth=2))
    [0, 1, 2]
    """
    ready: SimpleQueue[tuple[Item] | BaseException | None] = SimpleQueue()
    room = threading.Semaphore(depth)
    stop = threading.Event()
    thread = threading.Thread(
        target=_make, args=(iter(items), ready, room, stop), name="autocnn-prefetch", daemon=True
    )
    thread.start()
    try:
        while (made := ready.get()) is not None:
            if isinstance(made, BaseException):
                try:
                    raise made
                finally:
                    made = None  # the traceback leads to this frame: no cycle
            room.release()
            yield made[0]
    finally:
        stop.set()
        room.release()  # it may be waiting for room
        if thread is not threading.current_thread():  # the collector may close us from in there
            thread.join()


def _make(
    items: Iterator[Item],
    ready: SimpleQueue[tuple[Item] | BaseException | None],
    room: threading.Semaphore,
    stop: threading.Event,
) -> None:
    """The thread: put each item into the queue as a 1-tuple, then None, or the exception that ended it."""
    try:
        while True:
            room.acquire()
            if stop.is_set():
                return
            ready.put((next(items),))
    except StopIteration:
        ready.put(None)
    except BaseException as error:
        ready.put(error)
