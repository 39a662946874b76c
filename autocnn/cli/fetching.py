"""A progress bar for files that are fetched."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def shown() -> Iterator[Callable[[int, int | None], None]]:
    """What `data.load` takes as `progress`: it shows a bar once the first bytes have come."""
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

    bar = Progress(
        TextColumn("fetching"), BarColumn(), DownloadColumn(), TransferSpeedColumn(),
        console=Console(stderr=True), transient=True,
    )  # fmt: skip
    tasks: list[Any] = []

    def progress(have: int, total: int | None) -> None:
        if not tasks:
            bar.start()
            tasks.append(bar.add_task("", total=total))
        bar.update(tasks[0], completed=have, total=total)

    try:
        yield progress
    finally:
        if tasks:  # a bar that is stopped before it began leaves an empty line
            bar.stop()
