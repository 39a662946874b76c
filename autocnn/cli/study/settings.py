"""What a study is asked to do, checked before any work is done."""

from __future__ import annotations

import difflib
import math
import shlex
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from autocnn.errors import UsageError

DEEPEST = 1000
"""Most weight layers: far beyond what anybody trains without normalisation."""

QUICK, LONG, SEEDS = 120, 600, 3


@dataclass(frozen=True)
class Settings:
    """The options of `autocnn study`, with what was left open filled in."""

    model: str | None
    data: str
    data_dir: str | None
    download: bool
    depths: tuple[int, ...]
    width: int
    activation: str
    init: str
    norm: str
    seeds: tuple[int, ...]
    steps: int
    rate: float
    batch_size: int
    quick: bool
    out: Path
    command: str

    @property
    def depth(self) -> int:
        """The depth that is trained."""
        return self.depths[-1]


def settled(ctx: click.Context, **given: Any) -> Settings:
    """The settings of a command line.

    Raises UsageError in the words of the command line.
    """
    quick = given["quick"]
    if quick and given["data"] != "digits":
        raise UsageError(f"study: --quick is for digits, --data is {given['data']}; leave one of them out")
    steps = given.pop("steps")
    count = given.pop("seeds")
    seed = given.pop("seed")
    count = SEEDS if count is None else count
    steps = (QUICK if quick else LONG) if steps is None else steps
    _check(width=given["width"], seeds=count, seed=seed, steps=steps, batch_size=given["batch_size"])
    rate = given["rate"]
    if not 0 < rate < math.inf:
        raise UsageError(f"study: --rate is {rate}; a learning rate is above 0, and finite")
    depths = _depths(given.pop("depths"))
    _check_names(given["activation"], given["init"], given["norm"])
    _check_no_shape(ctx, given["model"])
    seeds = tuple(range(seed, seed + count))
    return Settings(**given, depths=depths, seeds=seeds, steps=steps, command=_typed(ctx))


def _check(**numbers: int) -> None:
    least = {"seed": 0}
    for name, value in numbers.items():
        if value < least.get(name, 1):
            option = "--" + name.replace("_", "-")
            raise UsageError(f"study: {option} is {value}; it is at least {least.get(name, 1)}")


def _depths(text: str) -> tuple[int, ...]:
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isdecimal() for part in parts):
        raise UsageError(f"study: --depth is {text!r}; whole numbers, as in --depth 20,56")
    depths = tuple(int(part) for part in parts)
    for depth in depths:
        if depth > DEEPEST:
            raise UsageError(f"study: --depth is {depth}; it is at most {DEEPEST:,}")
        if depth % 2 or depth < 6:
            raise UsageError(
                f"study: --depth is {depth}; a stem, a head and two or more blocks of two layers make an even "
                "number, 6 or more"
            )
    return depths


def _check_names(activation: str, init: str, norm: str) -> None:
    from autocnn.models.deep import ACTIVATIONS, INITS, NORMS

    _one_of("activation", activation, ACTIVATIONS)
    _one_of("init", init, INITS)
    _one_of("norm", norm, ["none" if name is None else name for name in NORMS])


def _one_of(option: str, value: str, known: Iterable[str]) -> None:
    names = list(known)
    if value not in names:
        near = difflib.get_close_matches(value, names, 1)
        hint = f". Did you mean {near[0]!r}?" if near else ""
        raise UsageError(f"study: --{option} is {value!r}; one of {', '.join(names)}{hint}")


def _check_no_shape(ctx: click.Context, model: str | None) -> None:
    """Options that shape the built-in network say nothing about a network from a file."""
    if model is None:
        return
    if ".py" not in model:
        raise UsageError(f"study: MODEL is {model!r}; give a file and what in it makes the network: net.py:make")
    for name, option in (("depths", "depth"), *((n, n) for n in ("width", "activation", "init", "norm"))):
        if _said(ctx, name):
            raise UsageError(f"study: --{option} shapes the network that is built here, not {model}; leave it out")


def _said(ctx: click.Context, name: str) -> bool:
    return ctx.get_parameter_source(name) == ParameterSource.COMMANDLINE


def _typed(ctx: click.Context) -> str:
    """The command that makes the same study again; where it is written to does not matter."""
    words = ["autocnn", "study"]
    for parameter in ctx.command.params:
        name = parameter.name or ""
        if not _said(ctx, name) or name in ("out", "data_dir", "download"):
            continue
        value = ctx.params[name]
        if isinstance(parameter, click.Argument):
            words.append(str(value))
        elif isinstance(value, bool):
            words.append(parameter.opts[0])
        else:
            words += [parameter.opts[0], str(value)]
    return shlex.join(words)
