"""What the commands share about models: names, inputs, the loss that training would take."""

from __future__ import annotations

import difflib
import importlib.util
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from math import prod
from pathlib import Path
from typing import Any

from autocnn.errors import AutocnnError, UsageError

MOST = 2**48
"""Most elements of an input: as bytes they would already fill the addresses of a machine."""


def model_of(name: str) -> Any:
    """A new model by its name, or what a factory in a file makes, as in ``nets.py:make``.

    Raises UsageError with the names there are, or with what is wrong with the file.
    """
    from autocnn import models

    path, colon, factory = name.rpartition(":")
    if colon and path.endswith(".py"):
        return _from_file(name, Path(path), factory)
    if name.endswith(".py"):
        raise UsageError(f"model: {name!r} is a file; say what in it makes the model, as in {name}:make")
    if colon and path:
        raise UsageError(f"model: {name!r}; the file's name must end in .py, as in nets.py:make")
    return models.get(name)()


def _from_file(name: str, path: Path, factory: str) -> Any:
    if not path.is_file():
        raise UsageError(f"model: {name!r}; there is no file {str(path)!r}")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:  # not for a name that ends in .py
        raise UsageError(f"model: {name!r}; Python cannot load {str(path)!r}")
    module = importlib.util.module_from_spec(spec)
    sys.path.insert(0, str(path.parent.resolve()))  # it may import its neighbours
    with blaming(name):
        spec.loader.exec_module(module)
        if not hasattr(module, factory):
            known = [key for key, value in vars(module).items() if callable(value) and not key.startswith("_")]
            near = difflib.get_close_matches(factory, known, 1)
            hint = f". Did you mean {near[0]!r}?" if near else ""
            raise UsageError(f"model: {name!r}; there is no {factory!r} in {path.name}{hint}")
        made = getattr(module, factory)
        model = made if hasattr(made, "named_parameters") and not isinstance(made, type) else made()
    if not callable(model):
        raise UsageError(
            f"model: {name!r} gives {model!r}, of type {type(model).__name__}; a module or a function is needed"
        )
    return model


@contextmanager
def blaming(name: str, *, its_code_only: bool = False) -> Iterator[None]:
    """Lay what goes wrong in code from a file at the file's door, or only what its own code had a part in."""
    try:
        yield
    except (AutocnnError, OSError, MemoryError):
        raise
    except Exception as error:
        if ".py:" not in name or (its_code_only and not _passed_through(name, error)):
            raise
        what = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        raise UsageError(f"model: {name!r} failed: {what}; --debug shows where") from error


def _passed_through(name: str, error: Exception) -> bool:
    """Whether code of the file of a name like ``net.py:make`` was running when an error came."""
    path = Path(name.rpartition(":")[0]).resolve()
    return any(Path(frame.filename).resolve() == path for frame in traceback.extract_tb(error.__traceback__))


def name_of(model: Any) -> str:
    """What a model is called in titles.

    >>> name_of(model_of("lenet5")), name_of(name_of)
    ('LeNet5', 'name_of')
    """
    return str(getattr(model, "__name__", type(model).__name__))


def shape_of(command: str, model: Any, text: str | None) -> tuple[int, ...]:
    """The shape of a model's input: as typed, or one image of the model's own size.

    >>> shape_of("graph", model_of("lenet5"), "2,1,32,32")
    (2, 1, 32, 32)
    >>> shape_of("graph", model_of("residual"), None)
    (1, 1, 8, 8)
    """
    if text is None:
        side, channels = getattr(model, "side", None), getattr(model, "in_channels", None)
        if side is None or channels is None:
            name = name_of(model)
            raise UsageError(f"{command}: {name} has no input size of its own; give one, as in --input 1,3,32,32")
        return (1, channels, side, side)
    parts = text.replace("x", ",").split(",")
    if not all(part.strip().isdecimal() and int(part) for part in parts):
        raise UsageError(f"{command}: --input is {text!r}; whole numbers above 0, as in --input 1,3,32,32")
    shape = tuple(int(part) for part in parts)
    if prod(shape) > MOST:
        raise UsageError(f"{command}: --input is {text!r}; no memory holds {prod(shape):.0e} numbers")
    return shape


def images(shape: tuple[int, ...]) -> Any:
    """An input of a shape: what is drawn and counted does not depend on the values."""
    from autocnn import ops

    return ops.zeros(shape)


def training_loss(outputs: Any) -> Any:
    """Cross-entropy with the first class for scores (N, classes), the sum of anything else."""
    from autocnn import ops

    if outputs.ndim == 2:
        return ops.cross_entropy(outputs, ops.zeros(outputs.shape[0], dtype="int64"))
    return ops.sum(outputs)
