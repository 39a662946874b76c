"""The libraries that are measured, each in a file of its own, imported in its own process only."""

from __future__ import annotations

import importlib
from importlib import metadata
from importlib.util import find_spec
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from .peer import Peer


class Entry(NamedTuple):
    """The file here, the package that it needs, the heading in the tables."""

    file: str
    package: str
    label: str


PEERS = {
    "autocnn": Entry("autocnn", "autocnn", "AutoCNN"),
    "autocnn-numpy": Entry("autocnn", "autocnn", "AutoCNN, NumPy kernels"),
    "pytorch": Entry("pytorch", "torch", "PyTorch"),
    "pytorch-channels_last": Entry("pytorch", "torch", "channels_last"),
    "pytorch-compiled": Entry("pytorch", "torch", "compiled"),
    "tensorflow": Entry("tensorflow", "tensorflow", "TensorFlow"),
    "jax": Entry("jax", "jax", "JAX"),
    "tinygrad": Entry("tinygrad", "tinygrad", "tinygrad"),
    "chainer": Entry("chainer", "chainer", "Chainer"),
    "mygrad": Entry("mygrad", "mygrad", "MyGrad"),
    "dezero": Entry("dezero", "dezero", "DeZero"),
    "hips": Entry("hips", "autograd", "HIPS autograd"),
    "numpy": Entry("numpy", "numpy", "NumPy"),
}
"""By their names on the command line."""
TORCH = ("pytorch", "pytorch-channels_last", "pytorch-compiled")
"""The modes of PyTorch, to the best of which everybody is compared."""


def installed(name: str) -> bool:
    """Whether this interpreter could import it.

    >>> installed("numpy")
    True
    """
    return find_spec(PEERS[name].package) is not None


def release(name: str) -> str:
    """Its version, by its own metadata or by what it says of itself."""
    package = PEERS[name].package
    try:
        return metadata.version({"tensorflow": "tensorflow-cpu"}.get(package, package))
    except metadata.PackageNotFoundError:
        return str(getattr(importlib.import_module(package), "__version__", "unknown"))


def open_peer(name: str, threads: int) -> Peer:
    """Import the library and make it ready for so many threads."""
    file = importlib.import_module(f"{__name__}.{PEERS[name].file}")
    peer: Peer = file.open_peer(name, threads)
    return peer
