"""The progress bar: a bar in a terminal, lines anywhere else."""

from __future__ import annotations

import io
import re

from rich.console import Console

from autocnn.train import ProgressBar

from . import tiny


def shown(*, terminal: bool, epochs: int = 2) -> str:
    """What is written while training goes on."""
    console = Console(file=io.StringIO(), force_terminal=terminal, width=120, color_system=None)
    bar = ProgressBar(epochs, console, checked="test")
    now = tiny.After(tiny.STEPS, lambda: bar._bar.refresh())  # a whole run is over before it would by itself
    tiny.trainer(callbacks=(bar, now)).fit(tiny.loader(), epochs, validation=tiny.validation())
    text: str = console.file.getvalue()  # type: ignore[attr-defined]
    return text


def test_without_a_terminal_there_are_lines_alone() -> None:
    lines = shown(terminal=False).splitlines()
    assert len(lines) == 2
    scores = r"loss \d\.\d{4}  {}accuracy +\d+\.\d\d%"
    form = rf"epoch \d/2  {scores.replace('{}', '')}  test {scores.replace('{}', 'test ')} +[\d,]+ images/s"
    assert all(re.fullmatch(form, line) for line in lines), lines


def test_in_a_terminal_there_is_a_bar_to_the_end() -> None:
    text = shown(terminal=True)
    assert re.search(r"epoch 1/2 .* 6/6 loss \d\.\d{4}  accuracy \d+\.\d\d%  [\d,]+ images/s", text)
    assert "epoch 2/2" in text
    assert "\x1b[?25h" in text  # the cursor is shown again


def test_what_was_done_before_is_in_the_bar() -> None:
    trainer = tiny.trainer(callbacks=(tiny.After(4, lambda: trainer.stop()),))
    trainer.fit(tiny.loader(), 1)
    console = Console(file=io.StringIO(), force_terminal=False)
    trainer.callbacks = [ProgressBar(1, console)]
    trainer.fit(tiny.loader(), 1)  # nothing is left: the bar begins and ends
    assert console.file.getvalue() == ""  # type: ignore[attr-defined]
