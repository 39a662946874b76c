"""A sweep: one function over a grid of settings, in parallel if wished, kept cell by cell, resumed when killed."""

from __future__ import annotations

import hashlib
import itertools
import json
import math
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future, as_completed
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from autocnn.backend.threads import get_num_threads, set_num_threads
from autocnn.errors import ArgumentError, DataError
from autocnn.flow.strict import loose, strict
from autocnn.flow.tables import csv_text, spread
from autocnn.graph.store import write_whole

Settings = dict[str, Any]
Cell = Callable[..., Mapping[str, Any]]
Grid = Mapping[str, Sequence[Any]] | Iterable[Mapping[str, Any]]

CELLS, TABLE, SPREAD = "cells", "table.csv", "spread.csv"
_FORMAT, _VERSION = "autocnn.cell", 1
_OWN = re.compile(r"[0-9a-f]{32}\.json|\.[0-9a-f]{32}\.json\.[0-9a-f]+\.part")


@dataclass(frozen=True)
class Sweep:
    """What has come of a grid: the settings and the result of every finished cell, in the grid's order."""

    settings: tuple[Settings, ...]
    results: tuple[dict[str, Any], ...]
    total: int

    @property
    def complete(self) -> bool:
        """Whether every cell is finished."""
        return len(self.results) == self.total

    def rows(self) -> list[dict[str, Any]]:
        """A tidy table: a row for each finished cell, its settings and then its results."""
        return [{**s, **r} for s, r in zip(self.settings, self.results, strict=True)]

    def spread(self, over: str = "seed") -> list[dict[str, Any]]:
        """The same with the cells that differ in one setting taken together.

        A number becomes its median, and its least and most in columns of their own; a text that differs is
        counted. `count` is how many cells there are. NaNs are left out.
        """
        return spread(self.settings, self.results, over)

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain numbers, ready for strict JSON."""
        return {"complete": self.complete, "total": self.total, "rows": strict(self.rows())}

    def __str__(self) -> str:
        left = "" if self.complete else f", {self.total - len(self.results)} to do"
        return f"Sweep of {self.total} cells{left}\n{csv_text(self.rows())}".rstrip()


def sweep(
    cell: Cell,
    grid: Grid,
    out: str | os.PathLike[str],
    executor: Executor | None = None,
    *,
    threads: int | None = 1,
    redo: bool = False,
    progress: Callable[[int, int, Settings], None] | None = None,
) -> Sweep:
    """Call `cell(**settings)` for all settings of a grid, and keep every result in a folder once it is there.

    `grid` gives the values of each setting, all combinations of which are meant; or it is a list of settings.
    Settings are what JSON can say. A cell returns numbers and texts by name; NaN and infinities are kept.
    Cells run one after the other here, or in any `concurrent.futures` executor, such as `processes()`. Each may
    take `threads` threads, so that the numbers are the same wherever it runs; None leaves them as they are.

    A finished cell is one file in `out`/cells, written whole and found by a digest of its settings and of the
    names in `cell` (not of its code: give another folder when that changes). Called again, the sweep goes on with
    what is missing: one that was killed at any moment ends with the very table of one that was not. Ctrl-C
    returns what is finished; an error in a cell is raised when the cells that run have ended. `out`/table.csv
    has a row for each cell, `out`/spread.csv the median and range over the settings named ``seed``.

    `progress(finished, total, settings)` is called after each cell.

    Raises ArgumentError for a grid or a result that cannot be kept, DataError for files in `out`/cells that are
    damaged or foreign, and names them; with `redo` damaged ones are made again.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     found = sweep(lambda depth, seed: {"left": 0.5**depth}, {"depth": [1, 2], "seed": [0]}, folder)
    >>> [row["left"] for row in found.rows()]
    [0.5, 0.25]
    """
    name, every = name_of(cell), list(_all(grid))
    folder = Path(out) / CELLS
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        raise ArgumentError(f"sweep: out is {out}; {error.filename} is a file, and a folder is needed") from error
    paths = {_digest(name, settings): settings for settings in every}
    done = _kept(folder, name, paths, redo)
    left = {digest: settings for digest, settings in paths.items() if digest not in done}
    try:
        for digest, result in _results(cell, left, executor, threads):
            done[digest] = _keep(folder / f"{digest}.json", name, left[digest], result)
            if progress is not None:
                progress(len(done), len(paths), left[digest])
    except KeyboardInterrupt:
        pass  # what is finished is kept, and the result says that it is not complete
    finished = [digest for digest in paths if digest in done]
    found = Sweep(tuple(paths[d] for d in finished), tuple(done[d] for d in finished), len(paths))
    write_whole(Path(out) / TABLE, csv_text(found.rows()).encode())
    write_whole(Path(out) / SPREAD, csv_text(found.spread()).encode())
    return found


# Running -----------------------------------------------------------------------------------------------------


def _results(
    cell: Cell, left: Mapping[str, Settings], executor: Executor | None, threads: int | None
) -> Iterator[tuple[str, Any]]:
    """(digest, result) of every cell, as they finish."""
    if executor is None:
        before = get_num_threads() if threads is not None and left else None
        try:
            for digest, settings in left.items():
                yield digest, run_cell(cell, settings, threads)
        finally:
            if before is not None:
                set_num_threads(before)
        return
    yield from _finished({executor.submit(run_cell, cell, s, threads): digest for digest, s in left.items()})


def _finished(waiting: dict[Future[Any], str]) -> Iterator[tuple[str, Any]]:
    """The results of what an executor runs; an error or Ctrl-C comes after what is finished by then."""
    given, end = set(), None
    try:
        for future in as_completed(waiting):
            if _succeeded(future):
                given.add(future)
                yield waiting[future], future.result()
            elif end is None and not future.cancelled():
                end = future.exception()
                _cancel(waiting)
    except KeyboardInterrupt as stop:
        end = stop
    finally:
        _cancel(waiting)
    for future in waiting:
        if future not in given and future.done() and _succeeded(future):
            yield waiting[future], future.result()
    if end is not None:
        raise end


def _succeeded(future: Future[Any]) -> bool:
    return not future.cancelled() and future.exception() is None


def _cancel(futures: Iterable[Future[Any]]) -> None:
    for future in futures:
        future.cancel()


def run_cell(cell: Cell, settings: Settings, threads: int | None) -> Any:
    """Call a cell; an error that it raises says with which settings."""
    if threads is not None:
        set_num_threads(threads)
    try:
        return cell(**settings)
    except Exception as error:
        error.add_note(f"in the cell of the sweep with {_said(settings)}")
        raise


# Settings and files ------------------------------------------------------------------------------------------


def _all(grid: Grid) -> Iterator[Settings]:
    if isinstance(grid, Mapping):
        for name, values in grid.items():
            if isinstance(values, str) or not isinstance(values, Iterable):
                raise ArgumentError(f"sweep: {name} is {values!r}; give a list of its values")
        grid = {name: list(values) for name, values in grid.items()}
        cells = (dict(zip(grid, values, strict=True)) for values in itertools.product(*grid.values()))
    else:
        cells = (dict(settings) for settings in grid)
    for given in cells:
        settings = {name: _plain(value) for name, value in given.items()}
        for name, value in settings.items():
            if not isinstance(name, str) or not _sayable(value):
                raise ArgumentError(
                    f"sweep: {name} is {value!r}; a setting is a finite number, a text, True, False, None, "
                    "or a list of those"
                )
        yield settings


def _plain(value: Any) -> Any:
    """Python's own number for NumPy's."""
    return value.item() if getattr(value, "shape", None) == () else value


def _sayable(value: Any) -> bool:
    """Whether JSON gives the value back."""
    if type(value) in (list, tuple):
        return all(map(_sayable, value))
    return type(value) in (int, str, bool, type(None)) or (type(value) is float and math.isfinite(value))


def name_of(cell: Any) -> str:
    """What a cell is called, with what it was given by `functools.partial`; an object by its class.

    >>> name_of(partial(int, base=2))
    'int(base=2)'
    """
    if isinstance(cell, partial):
        given = [_named(value) for value in cell.args]
        given += [f"{key}={_named(value)}" for key, value in cell.keywords.items()]
        return f"{name_of(cell.func)}({', '.join(given)})"
    return str(getattr(cell, "__qualname__", type(cell).__qualname__))


def _named(value: Any) -> str:
    return repr(value) if _sayable(value) else name_of(value)


def _digest(name: str, settings: Settings) -> str:
    text = json.dumps([name, settings], sort_keys=True, allow_nan=False)
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def _keep(path: Path, name: str, settings: Settings, result: Any) -> dict[str, Any]:
    """Write a cell's file, and give the result as it will be read."""
    content = {"cell": name, "format": _FORMAT, "version": _VERSION, "settings": settings}
    try:
        plain = {key: _plain(value) for key, value in result.items()}
        text = json.dumps({**content, "result": strict(plain)}, indent=1, allow_nan=False)
    except (AttributeError, TypeError, ValueError) as error:
        raise ArgumentError(
            f"sweep: the cell with {_said(settings)} gave {result!r}; it is to give numbers and texts by name"
        ) from error
    if twice := sorted(plain.keys() & settings.keys()):
        raise ArgumentError(f"sweep: the cell gives {', '.join(twice)}, which is a setting too. Name it otherwise")
    write_whole(path, (text + "\n").encode())
    return loose(json.loads(text)["result"])  # type: ignore[no-any-return]


def _kept(folder: Path, name: str, paths: Mapping[str, Settings], redo: bool) -> dict[str, dict[str, Any]]:
    """The results that are there already."""
    foreign = sorted(path.name for path in folder.iterdir() if not _OWN.fullmatch(path.name))
    if foreign:
        raise DataError(f"sweep: {folder} holds what no sweep wrote: {', '.join(foreign)}. Give another folder")
    for part in folder.glob(".*.part"):  # a sweep was killed while it wrote
        part.unlink()
    found, damaged = {}, []
    for digest, settings in paths.items():
        path = folder / f"{digest}.json"
        if path.exists():
            result, fault = _read(path, name, settings)
            if fault:
                damaged.append(f"{path} ({fault})")
            else:
                found[digest] = result
    if damaged and not redo:
        raise DataError(f"sweep: {', '.join(damaged)}: damaged. Delete it, or make it again with redo=True")
    return found


def _read(path: Path, name: str, settings: Settings) -> tuple[dict[str, Any], str]:
    """The result that a cell's file holds, or what is wrong with it."""
    try:
        kept = json.loads(path.read_text("utf-8"))
    except (ValueError, RecursionError) as error:  # JSON's and Unicode's errors are ValueErrors
        return {}, str(error)
    head = {"cell": name, "format": _FORMAT, "version": _VERSION, "settings": json.loads(json.dumps(settings))}
    if not isinstance(kept, dict) or kept.keys() != {*head, "result"} or not isinstance(kept["result"], dict):
        return {}, "it is no cell of a sweep"
    wrong = [key for key, value in head.items() if kept[key] != value]
    return loose(kept["result"]), f"another {' and '.join(wrong)} than its name says" if wrong else ""


def _said(settings: Settings) -> str:
    return ", ".join(f"{key}={value!r}" for key, value in settings.items())
