"""Progress on the terminal: a bar for each network, over all its seeds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


class Bars:
    """A progress bar for each network; counts the steps that it is told of."""

    def __init__(self, console: Any, names: Sequence[str], steps: int) -> None:
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

        self.bars = Progress(
            TextColumn("{task.description:>18}"), BarColumn(), MofNCompleteColumn(),
            TextColumn("{task.fields[said]}"), TimeElapsedColumn(), console=console,
        )  # fmt: skip
        self.tasks = {name: self.bars.add_task(name, total=steps, said="", start=False) for name in names}
        self.begun: set[str] = set()

    def __enter__(self) -> Any:
        self.bars.start()
        return self.step

    def __exit__(self, *error: object) -> None:
        self.bars.stop()

    def step(self, name: str, step: int, loss: float) -> None:
        """A network has made a step."""
        if name not in self.begun:
            self.begun.add(name)
            self.bars.start_task(self.tasks[name])
        self.bars.update(self.tasks[name], advance=1, said=f"loss {loss:.3f}")
