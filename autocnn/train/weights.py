"""Weights on disk: safetensors files by parameter names, as every library writes and reads them."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autocnn.engine import Tensor
from autocnn.errors import DataError, OperandError, StateError
from autocnn.train.state import STATE_FORMAT, contiguous, read_arrays, write_arrays
from autocnn.types import Shape

_COUNTER = "num_batches_tracked"


@dataclass(frozen=True)
class Loaded:
    """What became of a file's weights: names that matched, and those that did not, on either side.

    ``missing`` the model has and the file lacks, ``unexpected`` the file has and the model lacks; ``resized`` have
    other shapes: here, there. What is missing or resized keeps the values that it had.
    """

    matched: tuple[str, ...]
    missing: tuple[str, ...]
    unexpected: tuple[str, ...]
    resized: dict[str, tuple[Shape, Shape]]

    def __str__(self) -> str:
        lines = [f"{len(self.matched)} of {len(self.matched) + len(self.missing) + len(self.resized)} loaded"]
        lines += [f"not in the file: {_listed(self.missing)}"] if self.missing else []
        lines += [f"not in the model: {_listed(self.unexpected)}"] if self.unexpected else []
        lines += [f"{name} is {here} here and {there} there" for name, (here, there) in self.resized.items()]
        return "\n".join(lines)


def save_weights(model: Any, path: str | os.PathLike[str]) -> Path:
    """Write a module's `state_dict()` to a safetensors file, whole or not at all.

    >>> import tempfile
    >>> from autocnn.nn import Linear
    >>> path = save_weights(Linear(2, 1), tempfile.mkdtemp() + "/linear.safetensors")
    >>> print(load_weights(Linear(2, 1), path))
    2 of 2 loaded
    """
    arrays = {name: contiguous(value) for name, value in model.state_dict().items()}
    return write_arrays(arrays, {"format": "pt"}, Path(path))


def load_weights(
    model: Any, path: str | os.PathLike[str], strict: bool = True, *, prefix: str = ""
) -> Loaded:  # fmt: skip
    """Read a safetensors file into a module by parameter names; says what matched.

    Everything is checked before anything is written. With ``strict=False`` what fits is loaded and the rest stays
    as it is: a network with another head takes the trunk of a published one. The count of batches that batch
    normalisation keeps may be missing in any case, as old files have none. ``prefix`` is cut off from the file's
    names: "module." is what PyTorch's DataParallel puts before them. Numbers take the dtype that they have here.

    Raises DataNotFoundError, DataError for a file that is damaged or a pickle, or StateError where names or shapes
    do not match, or where nothing does.
    """
    if not (hasattr(model, "state_dict") and hasattr(model, "load_state_dict")):
        raise OperandError(
            f"load_weights: model is a {type(model).__name__}; a module is needed, path comes second"
        )
    arrays, metadata = read_arrays(Path(path), "load_weights")
    arrays = {name.removeprefix(prefix): array for name, array in arrays.items()}
    if metadata.get("format") == STATE_FORMAT:
        raise DataError(
            f"load_weights: {os.fspath(path)} holds a whole training state; its weights are "
            "load_state(path)['model']"
        )
    own = {name: value.shape for name, value in model.state_dict().items()}
    found = _compare(own, {name: _fitting(array.shape, own.get(name)) for name, array in arrays.items()})
    counted = [name for name in found.missing if name.rpartition(".")[2] != _COUNTER]
    nothing = not found.matched and bool(own)
    if nothing or (strict and (counted or found.unexpected or found.resized)):
        said = _renamed(tuple(own), tuple(arrays)) or _complaint(found)
        more = "" if nothing else ". strict=False loads what fits"
        raise StateError(
            f"load_weights: {os.fspath(path)} holds no weights of {type(model).__name__}: {said}{more}"
        )
    model.load_state_dict({name: Tensor(arrays[name]) for name in found.matched}, strict=False)
    return found


def _compare(here: dict[str, Shape], there: dict[str, Shape]) -> Loaded:
    both = [name for name in here if name in there]
    return Loaded(
        tuple(name for name in both if here[name] == there[name]),
        tuple(name for name in here if name not in there),
        tuple(name for name in there if name not in here),
        {name: (here[name], there[name]) for name in both if here[name] != there[name]},
    )


def _fitting(shape: Shape, own: Shape | None) -> Shape:
    """One number fits a single element: old states of PyTorch have no tensors without axes."""
    return () if shape == (1,) and own == () else shape


def _complaint(found: Loaded) -> str:
    missing = [name for name in found.missing if name.rpartition(".")[2] != _COUNTER]
    resized = [f"{name} is {here} here and {there} there" for name, (here, there) in found.resized.items()]
    said = [f"missing {_listed(missing)}"] if missing else []
    said += [f"unexpected {_listed(found.unexpected)}"] if found.unexpected else []
    said += [_listed(resized)] if resized else []
    return "; ".join(said)


def _renamed(here: tuple[str, ...], there: tuple[str, ...]) -> str:
    """What is meant, if names differ by what they begin with."""
    if extra := _before(there, here):
        return f"its names begin with {extra!r}; prefix={extra!r} cuts that off"
    if extra := _before(here, there):
        return f"it has the names of a part; load it into model.{extra.rstrip('.')}"
    return ""


def _before(longer: tuple[str, ...], shorter: tuple[str, ...]) -> str:
    """What most of the shorter names have before them among the longer ones; "" if there is no such thing."""
    known = set(longer)
    for name in longer:
        extra = name[: -len(shorter[0])] if shorter and name.endswith(f".{shorter[0]}") else ""
        if extra and 2 * sum(f"{extra}{one}" in known for one in shorter) > len(shorter):
            return extra
    return ""


def _listed(names: tuple[str, ...] | list[str], most: int = 6) -> str:
    """A few names, and how many more there are."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
