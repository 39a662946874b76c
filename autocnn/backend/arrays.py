"""Which library owns an array, on which device it lives, and how it moves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from autocnn.errors import DeviceError
from autocnn.types import Array, Namespace


class Device(str):
    """Where an array lives: ``"cpu"``, ``"cuda:0"``; a string with a ``type`` and an ``index``.

    >>> Device("cuda:1").type, Device("cuda:1").index
    ('cuda', 1)
    >>> Device("cuda", 1)
    'cuda:1'
    """

    __slots__ = ()

    def __new__(cls, type: str = "cpu", index: int | None = None) -> Device:
        """A device by its whole name, or by its kind and number."""
        return super().__new__(cls, type if index is None else f"{type}:{index}")

    @property
    def type(self) -> str:
        """The kind of device, without its number."""
        return self.partition(":")[0]

    @property
    def index(self) -> int | None:  # type: ignore[override]
        """The number of the device, or None where there is but one."""
        number = self.partition(":")[2]
        return int(number) if number else None


CPU = Device("cpu")


@dataclass(frozen=True, slots=True)
class Library:
    """One array library: its namespace and the few things that no namespace says."""

    xp: Namespace
    device_of: Callable[[Array], Device]
    from_numpy: Callable[[np.ndarray[Any, Any], Device], Array]
    to_numpy: Callable[[Array], np.ndarray[Any, Any]]


_NUMPY = Library(np, lambda array: CPU, lambda array, device: array, lambda array: array)
_LIBRARIES: dict[type, Library] = {np.ndarray: _NUMPY}
_OPENERS: dict[str, Callable[[], Library]] = {}


def register(array_type: type, library: Library) -> None:
    """Make arrays of a further type known."""
    _LIBRARIES[array_type] = library


def register_device(kind: str, opener: Callable[[], Library]) -> None:
    """Say how to reach the library behind a kind of device; called at the device's first use."""
    _OPENERS[kind] = opener


def opener_of(kind: str) -> Callable[[], Library]:
    """What `register_device` was told of a kind of device."""
    return _OPENERS[kind]


def library_of(array: Array) -> Library:
    """The library that owns an array."""
    kind = type(array)
    found = _LIBRARIES.get(kind)
    if found is not None:
        return found
    for base in kind.__mro__:
        if base in _LIBRARIES:
            return _LIBRARIES[base]
    if kind.__module__.partition(".")[0] == "cupy":
        return _open("cuda")
    raise DeviceError(f"{kind.__name__} is no array of a known library (NumPy or CuPy)")


def is_array(value: object) -> bool:
    """Whether a value is an array of a known library."""
    kind = type(value)
    return kind in _LIBRARIES or isinstance(value, tuple(_LIBRARIES)) or kind.__module__ == "cupy"


def namespace(array: Array) -> Namespace:
    """The module whose functions work on an array."""
    return np if type(array) is np.ndarray else library_of(array).xp


def device_of(array: Array) -> Device:
    """The device that an array lives on."""
    return CPU if type(array) is np.ndarray else library_of(array).device_of(array)


def to_numpy(array: Array) -> np.ndarray[Any, Any]:
    """The values as a NumPy array: the array itself on the CPU, a copy from elsewhere."""
    return library_of(array).to_numpy(array)


def to_device(array: Array, device: str) -> Array:
    """The array on another device; itself where it is there already."""
    here, there = device_of(array), as_device(device)
    if here == there:
        return array
    values = to_numpy(array)
    return values if there == CPU else _open(there.type).from_numpy(values, there)


def device_namespace(device: str | None) -> Namespace:
    """The module that makes arrays on a device."""
    there = as_device(device)
    return np if there == CPU else _open(there.type).xp


def as_device(device: str | None) -> Device:
    """A device by its name, the CPU without one; raises DeviceError where the name is not one."""
    kind = str(device).partition(":")[0]
    if device is None or kind == "cpu":
        return CPU
    if kind in _OPENERS:
        return Device(device if ":" in device else f"{kind}:0")
    raise DeviceError(f"device: {device!r} is not known; choose 'cpu' or 'cuda'")


def finish(xp: Namespace) -> None:
    """Wait until the device of a namespace has done what it was asked to do; a CPU always has."""
    cuda = None if xp is np else getattr(xp, "cuda", None)
    if cuda is not None:
        cuda.get_current_stream().synchronize()


def owner(array: Array) -> Array:
    """The array that owns the memory which this one views: the same object for every alias."""
    base = array.base
    while base is not None:
        if isinstance(base, type(array)):
            array = base
        base = getattr(base, "base", None)  # strided windows put an object of their own in between
    return array


def is_writable(array: Array) -> bool:
    """Whether an array may be written to; only NumPy knows arrays that may not."""
    return getattr(getattr(array, "flags", None), "writeable", True)


def _open(kind: str) -> Library:
    return _OPENERS[kind]()


def _cupy() -> Library:
    """CuPy, imported at the first use of a GPU."""
    try:
        import cupy  # type: ignore[import-not-found, unused-ignore]
    except ImportError as error:
        raise DeviceError("device: 'cuda' needs CuPy; pip install 'autocnn[gpu]'") from error

    def from_numpy(array: np.ndarray[Any, Any], device: Device) -> Array:
        with cupy.cuda.Device(device.index or 0):
            return cupy.asarray(array)

    library = Library(cupy, lambda array: Device(f"cuda:{array.device.id}"), from_numpy, cupy.asnumpy)
    register(cupy.ndarray, library)
    return library


register_device("cuda", _cupy)
