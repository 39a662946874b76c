"""What the library says about its arguments, in the words of the command line."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from autocnn.errors import DataError, DataNotFoundError, UsageError

_HERE = (
    ("as data_dir", "with --data-dir"),
    ("download=True to download them", "--download to fetch them"),
    (
        "data_dir is missing; folder reads data_dir/<class>/. Give data_dir",
        "--data-dir is missing; folder reads DIR/<class>/. Give --data-dir DIR",
    ),
    ("Give size=(height, width)", "Bring them to one size first"),
)
"""What the library calls its arguments, and what they are called here."""


@contextmanager
def words_of(command: str) -> Iterator[None]:
    """Say what is wrong with data and settings as the command's options are called."""
    try:
        yield
    except (DataNotFoundError, DataError, UsageError) as error:
        raise type(error)(translated(command, str(error))) from error


def translated(command: str, text: str) -> str:
    """A message of the library in a command's words.

    >>> translated("study", "load: name is 'x'; the data sets are digits"), translated("train", "train: lr is 0")
    ("study: --data is 'x'; the data sets are digits", 'train: --lr is 0')
    """
    for name, option in _HERE:
        text = text.replace(name, option)
    text = re.sub("^load: name is", "load: data is", text)
    text = re.sub("^load: ", f"{command}: ", text)
    return re.sub(rf"^({command}: )([a-z-]+)(?= is\b)", _option, text)


def _option(found: re.Match[str]) -> str:
    command, name = found.groups()
    if name == "model":
        return f"{command}MODEL"
    return f"{command}--{name}" if name in _OPTIONS else found.group()


_OPTIONS = ("data", "out", "epochs", "seed", "batch-size", "optimizer", "lr", "device")


def check_folder(command: str, out: Path) -> None:
    """Raise UsageError where no folder can be made or written to."""
    there = next(path for path in (out, *out.absolute().parents) if path.exists())
    if not there.is_dir():
        what = "which is a file" if there == out else f"but {there} is a file"
        raise UsageError(f"{command}: --out is {out}, {what}; give another folder")
    if not os.access(there, os.W_OK | os.X_OK):
        where = "it" if there == out else f"the folder {there}"
        raise UsageError(f"{command}: --out is {out}; {where} cannot be written to. Give another folder")
