"""`autocnn study`: why gradients vanish, and what a skip connection changes, on real digits."""

from __future__ import annotations

import csv
import io
import itertools
import json
import math
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from autocnn.errors import UsageError

DEEPEST = 1000
"""Most weight layers: far beyond what anybody trains without normalisation."""


@click.command("study")
@click.option("--quick", is_flag=True, help="120 steps on scikit-learn's digits: under two minutes on two cores.")
@click.option("--depth", default=56, show_default=True, help="Weight layers of both networks; an even number.")
@click.option("--width", default=16, show_default=True, help="Channels of every convolution.")
@click.option("--steps", type=int, help="Training steps of each network. [default: 120 with --quick, else 600]")
@click.option("--seed", default=0, show_default=True, help="Of the weights and of the order of the images.")
@click.option("--rate", default=0.02, show_default=True, help="Learning rate of SGD with momentum 0.9.")
@click.option("--batch-size", default=64, show_default=True, help="Images in a step.")
@click.option(
    "--out", type=click.Path(path_type=Path), default=Path("study"), show_default=True, help="Folder to write."
)
def command(
    quick: bool, depth: int, width: int, steps: int | None, seed: int, rate: float, batch_size: int, out: Path
) -> None:
    """Train a plain network and its residual twin, and measure how much gradient reaches each block.

    Both have the same weights at the start and see the same images in the same order. Writes a figure, the
    backward graph of one residual block, and the numbers.
    """
    from rich.console import Console

    steps = steps if steps is not None else 120 if quick else 600
    settings = {
        "depth": depth,
        "width": width,
        "steps": steps,
        "seed": seed,
        "rate": rate,
        "batch_size": batch_size,
    }
    _check(settings)
    networks, data = _networks(depth, width, seed), _digits(seed, batch_size)
    _make(out)
    console = Console()
    started = time.perf_counter()
    result = _run(console, networks, data, steps, rate)
    _show(console, result)
    with console.status("drawing"):
        _write(out, result, settings, depth, width)
    seconds = time.perf_counter() - started
    console.print(
        f"\n{seconds:.0f} s; figure, graph and numbers are in {out}{'' if result.complete else ' (partial)'}"
    )


def _check(settings: dict[str, Any]) -> None:
    """Refuse numbers out of their range before any work is done."""
    least = {"width": 1, "steps": 1, "seed": 0, "batch_size": 1}
    for name, value in settings.items():
        option = "--" + name.replace("_", "-")
        if value < least.get(name, value):
            raise UsageError(f"study: {option} is {value}; it is at least {least[name]}")
    if settings["depth"] > DEEPEST:
        raise UsageError(f"study: --depth is {settings['depth']}; it is at most {DEEPEST:,}")
    rate = settings["rate"]
    if not 0 < rate < math.inf:
        raise UsageError(f"study: --rate is {rate}; a learning rate is above 0, and finite")


def _make(out: Path) -> None:
    """Make the folder now, since a study that cannot be kept need not begin."""
    if out.exists() and not out.is_dir():
        raise UsageError(f"study: --out {out} is a file; give a folder")
    out.mkdir(parents=True, exist_ok=True)
    if not os.access(out, os.W_OK):
        raise UsageError(f"study: --out {out} cannot be written to; give another folder")


def _networks(depth: int, width: int, seed: int) -> dict[str, Any]:
    from autocnn import models
    from autocnn.backend.random import manual_seed

    makers = {"plain": models.plain, "residual": models.residual}
    networks = {}
    for name, make in makers.items():
        manual_seed(seed)  # the same draws: a skip adds no parameter
        networks[name] = make(depth, width)
    return networks


def _run(console: Any, networks: dict[str, Any], data: Any, steps: int, rate: float) -> Any:
    from autocnn import flow, optim

    batches, test = data
    record = sorted({min(steps, 2**k) for k in range(steps.bit_length() + 1)})
    with _bars(console, list(networks), steps) as progress:
        return flow.twins(
            networks, lambda net: list(net.blocks),
            lambda net: optim.SGD(net.parameters(), lr=rate, momentum=0.9),
            batches, test, steps=steps, record=record, progress=progress,
        )  # fmt: skip


def _digits(seed: int, batch_size: int) -> Any:
    """The stream of training batches, begun anew by each call, and all test images."""
    from autocnn import data
    from autocnn.engine import Tensor

    train, held_out = data.load("digits"), data.load("digits", split="test")
    if batch_size > len(train):
        raise UsageError(f"study: --batch-size is {batch_size}; there are {len(train):,} training images")
    normal = data.Normalize(train.mean, train.std, train.scale)

    def batches() -> Iterator[Any]:
        loader = data.DataLoader(
            train, batch_size, shuffle=True, drop_last=True, seed=seed, transform=normal, prefetch=0
        )
        return itertools.chain.from_iterable(iter(loader) for _ in itertools.count())

    return batches, (Tensor(normal(held_out.images)), Tensor(held_out.labels))


class _bars:
    """A progress bar for each network."""

    def __init__(self, console: Any, names: list[str], steps: int) -> None:
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

        self.bars = Progress(
            TextColumn("{task.description:>9}"), BarColumn(), MofNCompleteColumn(),
            TextColumn("loss {task.fields[loss]:.3f}"), TimeElapsedColumn(), console=console,
        )  # fmt: skip
        self.tasks = {name: self.bars.add_task(name, total=steps, loss=math.nan, start=False) for name in names}

    def __enter__(self) -> Any:
        self.bars.start()
        return self.step

    def __exit__(self, *error: object) -> None:
        self.bars.stop()

    def step(self, name: str, step: int, loss: float) -> None:
        """A network has made a step."""
        if step == 1:
            self.bars.start_task(self.tasks[name])
        self.bars.update(self.tasks[name], completed=step, loss=loss)


def _show(console: Any, result: Any) -> None:
    from rich.table import Table

    from autocnn import flow

    table = Table(title="Gradient at the first block, over the gradient at the last", title_justify="left")
    for heading in (
        "network",
        "parameters",
        "at step 1",
        f"at step {result.steps}",
        "test accuracy before",
        "after",
    ):
        table.add_column(heading, justify="left" if heading == "network" else "right")
    for twin in result.twins:
        ratios = [f"{m.ratio:.2g}" for m in twin.moments if m.step in (1, result.steps)]
        ratios += ["-"] * (2 - len(ratios))
        after = f"{twin.accuracy:.1%}" if twin.complete else "-"
        table.add_row(twin.name, f"{twin.parameters:,}", *ratios, f"{twin.accuracy_before:.1%}", after)
    console.print(table)
    console.print(flow.sentence(result), style="bold")


def _write(out: Path, result: Any, settings: dict[str, Any], depth: int, width: int) -> None:
    from autocnn import flow, viz
    from autocnn.graph.store import write_whole

    out.mkdir(parents=True, exist_ok=True)
    numbers = {"sentence": flow.sentence(result), "settings": settings, **result.to_dict()}
    write_whole(out / "study.json", json.dumps(numbers, indent=1).encode())
    write_whole(out / "gradients.csv", _csv(result.rows()).encode())
    panels, notes = _panels(result)
    figure = viz.gradient_flow(
        panels, notes=notes, title=f"A tanh network of depth {depth}, with and without skips"
    )
    figure.save(out / "gradients.svg")
    figure.save(out / "gradients.png")
    picture = _block_picture(width)
    picture.save(out / "block.svg")
    picture.save(out / "block.png")


def _panels(result: Any) -> Any:
    """The series of the figure, by moment and network, and the accuracies to set beside the names."""
    steps = [1] if result.steps == 1 else [1, result.steps]
    panels = {
        f"step {step}": {
            t.name: [b.rms for b in m.blocks] for t in result.twins for m in t.moments if m.step == step
        }
        for step in steps
    }
    panels = {moment: lines for moment, lines in panels.items() if lines}
    notes = {t.name: f"test accuracy {t.accuracy:.0%}" for t in result.twins if t.complete}
    return panels, notes


def _csv(rows: list[dict[str, Any]]) -> str:
    text = io.StringIO()
    if rows:
        writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return text.getvalue()


def _block_picture(width: int) -> Any:
    """The backward graph of one residual block: two paths leave the sum, and meet again at the input."""
    from autocnn import graph, ops, viz
    from autocnn.models.deep import DeepBlock

    block = DeepBlock(width, width, skip=True)
    x = ops.zeros((1, width, 8, 8), requires_grad=True)
    traced = graph.trace(block, x, order=1)
    return viz.draw(traced, title="One residual block, forward and backward")
