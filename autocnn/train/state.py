"""State on disk: safetensors files, written whole or not at all. No pickle anywhere.

A state is nested dictionaries, lists and tuples of numbers, strings and arrays, as `state_dict()` returns them. The
arrays become the tensors of the file; the rest is JSON in its metadata, with a mark where each array belongs.
"""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from autocnn.backend.arrays import is_array, to_numpy
from autocnn.engine import Tensor
from autocnn.errors import DataError, DataNotFoundError

_FORMAT = "autocnn-state-1"


def save_state(state: Mapping[str, Any], path: str | os.PathLike[str]) -> None:
    """Write a state to a safetensors file. An interrupted write leaves the old file as it was.

    Raises DataError for a value that is neither array, number, string nor a container of them.
    """
    arrays: dict[str, np.ndarray[Any, Any]] = {}
    skeleton = _pack(state, "", arrays)
    _write(arrays, {"format": _FORMAT, "state": json.dumps(skeleton)}, Path(path))


def load_state(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Read what `save_state` wrote, equal to the bit.

    Raises DataNotFoundError if there is no such file, DataError if it is damaged or holds something else.
    """
    arrays, metadata = _read(Path(path))
    if metadata.get("format") != _FORMAT:
        raise DataError(f"load_state: {path} holds no training state; weights alone are read by load_weights")
    state: dict[str, Any] = _unpack(json.loads(metadata["state"]), arrays)
    return state


def save_weights(model: Any, path: str | os.PathLike[str]) -> None:
    """Write a module's `state_dict()` to a safetensors file, whole or not at all."""
    arrays = {name: _contiguous(value) for name, value in model.state_dict().items()}
    _write(arrays, {"format": "pt"}, Path(path))


def load_weights(model: Any, path: str | os.PathLike[str], strict: bool = True) -> Any:
    """Read a safetensors file into a module; returns what `load_state_dict` returns.

    Raises DataNotFoundError, DataError, or StateError where names or shapes do not match.
    """
    if Path(path).suffix in (".pt", ".pth", ".bin", ".pkl"):
        raise DataError(
            f"load_weights: {path} is a pickle, which can run any code; convert it where PyTorch is installed: "
            "safetensors.torch.save_file(torch.load(path, weights_only=True), 'weights.safetensors')"
        )
    arrays, _ = _read(Path(path))
    return model.load_state_dict({name: Tensor(array) for name, array in arrays.items()}, strict=strict)


# Between nested values and flat arrays -------------------------------------------------------------------------


def _pack(value: Any, path: str, arrays: dict[str, np.ndarray[Any, Any]]) -> Any:
    if isinstance(value, Tensor) or is_array(value):
        arrays[path] = _contiguous(value)
        return {"$array": path}
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, (list, tuple)):
        items = [_pack(item, f"{path}.{i}", arrays) for i, item in enumerate(value)]
        return {"$tuple": items} if isinstance(value, tuple) else items
    if isinstance(value, Mapping):
        return {"$dict": [[key, _pack(item, f"{path}.{key}", arrays)] for key, item in value.items()]}
    raise DataError(f"save_state: {path.strip('.')} is {type(value).__name__}; only arrays, numbers and text are saved")


def _unpack(value: Any, arrays: dict[str, np.ndarray[Any, Any]]) -> Any:
    if isinstance(value, list):
        return [_unpack(item, arrays) for item in value]
    if not isinstance(value, dict):
        return value
    if "$array" in value:
        return Tensor(arrays[value["$array"]])
    if "$tuple" in value:
        return tuple(_unpack(item, arrays) for item in value["$tuple"])
    return {key: _unpack(item, arrays) for key, item in value["$dict"]}


def _contiguous(value: Any) -> np.ndarray[Any, Any]:
    array = value.array if isinstance(value, Tensor) else value
    return np.ascontiguousarray(to_numpy(array)).reshape(array.shape)


# Files ---------------------------------------------------------------------------------------------------------


def _write(arrays: dict[str, np.ndarray[Any, Any]], metadata: dict[str, str], path: Path) -> None:
    from safetensors.numpy import save

    write_whole(path, save(arrays, metadata))


def _read(path: Path) -> tuple[dict[str, np.ndarray[Any, Any]], dict[str, str]]:
    from safetensors import SafetensorError, safe_open

    if not path.is_file():
        raise DataNotFoundError(f"{path}: there is no such file")
    try:
        with safe_open(path, framework="numpy") as file:
            return {name: file.get_tensor(name) for name in file.keys()}, file.metadata() or {}  # noqa: SIM118
    except SafetensorError as error:
        raise DataError(f"{path}: this is no whole safetensors file ({error}); get or make it again") from error


def write_whole(path: str | os.PathLike[str], content: bytes | str) -> None:
    """Write a file so that it is there whole, or as it was before."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content.encode() if isinstance(content, str) else content)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(name, 0o644)
        os.replace(name, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(name)
        raise
