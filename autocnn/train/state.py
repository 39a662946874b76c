"""State on disk: safetensors files, written whole or not at all. No pickle anywhere.

A state is nested dictionaries, lists and tuples of numbers, strings and arrays, as `state_dict()` returns them.
The arrays become the tensors of the file; the rest is JSON in its metadata, with a mark where each array belongs.
A digest of both tells a damaged file from a whole one. Equal states give equal files, byte for byte.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from autocnn.backend.arrays import is_array, to_numpy
from autocnn.engine import Tensor
from autocnn.errors import DataError, DataNotFoundError
from autocnn.graph.store import write_whole

Arrays: TypeAlias = dict[str, npt.NDArray[Any]]

STATE_FORMAT = "autocnn-state-1"
"""What the metadata of a training state say."""

_PICKLED = (".pt", ".pth", ".bin", ".pkl", ".ckpt")


def save_state(state: Mapping[str, Any], path: str | os.PathLike[str]) -> Path:
    """Write a state to a safetensors file. An interrupted write leaves the old file as it was.

    Raises DataError for a value that is neither array, number, text nor a container of them.
    """
    arrays: Arrays = {}
    skeleton = _pack(state, "", arrays)
    return write_arrays(arrays, {"format": STATE_FORMAT, "state": json.dumps(skeleton)}, Path(path))


def load_state(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Read what `save_state` wrote, equal to the bit.

    Raises DataNotFoundError if there is no such file, DataError if it is damaged or holds something else.
    """
    arrays, metadata = read_arrays(Path(path), "load_state")
    if metadata.get("format") != STATE_FORMAT:
        raise DataError(
            f"load_state: {os.fspath(path)} holds no training state; weights alone are read by load_weights"
        )
    try:
        state = _unpack(json.loads(metadata["state"]), arrays)
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise DataError(f"load_state: {os.fspath(path)} holds a state that cannot be read ({error})") from error
    if not isinstance(state, dict):
        raise DataError(f"load_state: {os.fspath(path)} holds a {type(state).__name__}; a state is a dictionary")
    return state


# Between nested values and flat arrays -------------------------------------------------------------------------


def _pack(value: Any, path: str, arrays: Arrays) -> Any:
    """The value as JSON can say it; its arrays go into `arrays`, each under the path that leads to it."""
    if isinstance(value, Tensor) or is_array(value):
        name = path or "value"
        while name in arrays:  # {"a.b": ...} and {"a": {"b": ...}} have one path
            name += "'"
        arrays[name] = contiguous(value)
        return {"$array": name}
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    inside = f"{path}." if path else ""
    if isinstance(value, (list, tuple)):
        items = [_pack(item, f"{inside}{i}", arrays) for i, item in enumerate(value)]
        return {"$tuple": items} if isinstance(value, tuple) else items
    if isinstance(value, Mapping):
        if strange := [key for key in value if type(key) not in (str, int)]:
            raise DataError(f"save_state: {path or 'state'} has the key {strange[0]!r}; keys are text or integers")
        return {"$dict": [[key, _pack(item, f"{inside}{key}", arrays)] for key, item in value.items()]}
    kind = type(value).__name__
    raise DataError(f"save_state: {path or 'state'} is a {kind}; only arrays, numbers and text are saved")


def _unpack(value: Any, arrays: Arrays) -> Any:
    if isinstance(value, list):
        return [_unpack(item, arrays) for item in value]
    if not isinstance(value, dict):
        return value
    if "$array" in value:
        return Tensor(arrays[value["$array"]])
    if "$tuple" in value:
        return tuple(_unpack(item, arrays) for item in value["$tuple"])
    return {key: _unpack(item, arrays) for key, item in value["$dict"]}


def contiguous(value: Any) -> npt.NDArray[Any]:
    """A Tensor or array as a NumPy array whose elements lie in order, for a file.

    >>> contiguous(Tensor([[1, 2], [3, 4]]).T).flags.c_contiguous
    True
    """
    array = to_numpy(value.array if isinstance(value, Tensor) else value)
    return np.ascontiguousarray(array).reshape(array.shape)  # the former makes 0-d arrays 1-d


# Files ---------------------------------------------------------------------------------------------------------


def write_arrays(arrays: Arrays, metadata: dict[str, str], path: Path) -> Path:
    """Write a safetensors file with a digest of its content, whole or not at all."""
    from safetensors.numpy import save

    metadata = {**metadata, "sha256": _digest(arrays, metadata)}
    path.parent.mkdir(parents=True, exist_ok=True)
    return write_whole(path, _ordered(save(arrays, metadata)))


def _ordered(content: bytes) -> bytes:
    """The file with its metadata in order: safetensors puts it down in a new order every time."""
    end = 8 + int.from_bytes(content[:8], "little")
    header = json.loads(content[8:end])
    header["__metadata__"] = dict(sorted(header["__metadata__"].items()))
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)  # the arrays begin at a multiple of 8
    return len(text).to_bytes(8, "little") + text + content[end:]


def read_arrays(path: Path, what: str) -> tuple[Arrays, dict[str, str]]:
    """Arrays and metadata of a safetensors file, checked against its digest where it has one.

    Raises DataNotFoundError if there is no such file, DataError if it is damaged, or a pickle.
    """
    from safetensors import SafetensorError, safe_open

    if path.suffix in _PICKLED:
        raise _pickled(path, what)
    if not path.is_file():
        raise DataNotFoundError(f"{what}: {path} is no file; check the name")
    try:
        with safe_open(path, framework="numpy") as file:
            kinds = {name: file.get_slice(name).get_dtype() for name in file.keys()}  # noqa: SIM118
            arrays = {name: file.get_tensor(name) for name, kind in kinds.items() if kind != "BF16"}
            metadata: dict[str, str] = file.metadata() or {}
    except SafetensorError as error:
        if path.suffix != ".npz" and _begins(path, b"\x80", b"PK\x03\x04"):
            raise _pickled(path, what) from error
        raise DataError(f"{what}: {path} is no whole safetensors file ({error}). Get or make it again") from error
    except (TypeError, KeyError, AttributeError) as error:  # what a dtype leads to that NumPy lacks
        raise DataError(f"{what}: {path} has arrays that NumPy lacks ({error}). Convert to float32") from error
    if len(arrays) < len(kinds):
        arrays |= _brain_floats(path)
    expected = metadata.pop("sha256", None)
    if expected != _digest(arrays, metadata) and (expected or metadata.get("format") == STATE_FORMAT):
        raise DataError(f"{what}: {path} is damaged; its content is not what was written. Get or make it again")
    return arrays, metadata


def _pickled(path: Path, what: str) -> DataError:
    return DataError(
        f"{what}: {path} is a pickle, which can run any code; convert it where PyTorch is installed: "
        "safetensors.torch.save_file(torch.load(path, weights_only=True), 'weights.safetensors')"
    )


def _begins(path: Path, *signs: bytes) -> bool:
    """Whether a file begins as pickles do, or zip archives, in which PyTorch puts them."""
    with path.open("rb") as file:
        return file.read(4).startswith(signs)


def _brain_floats(path: Path) -> Arrays:
    """The bfloat16 arrays of a file as float32, of which they are the first half."""
    found: Arrays = {}
    with path.open("rb") as file:
        start = 8 + int.from_bytes(file.read(8), "little")
        for name, entry in json.loads(file.read(start - 8)).items():
            if entry.get("dtype") == "BF16":
                begin, end = entry["data_offsets"]
                file.seek(start + begin)
                upper = np.frombuffer(file.read(end - begin), "<u2").astype("<u4")
                found[name] = (upper << 16).view("<f4").reshape(entry["shape"])
    return found


def _digest(arrays: Arrays, metadata: Mapping[str, str]) -> str:
    digest = hashlib.sha256()
    for key in sorted(metadata):
        digest.update(f"{key}={metadata[key]}\n".encode())
    for name in sorted(arrays):
        array = arrays[name]
        digest.update(f"{name} {array.dtype.str} {array.shape}\n".encode())
        digest.update(np.ascontiguousarray(array).data if array.size else b"")
    return digest.hexdigest()
