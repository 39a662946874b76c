"""Small files and sets made on the spot."""

from __future__ import annotations

import gzip
import lzma
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from autocnn.data import ArrayDataset

CODES = {"uint8": 8, "int8": 9, "int16": 0x0B, "int32": 0x0C, "float32": 0x0D, "float64": 0x0E}
PACKERS: dict[str, Callable[[bytes], bytes]] = {"": bytes, ".gz": gzip.compress, ".xz": lzma.compress}


def idx_bytes(values: np.ndarray) -> bytes:
    header = struct.pack(">HBB", 0, CODES[values.dtype.name], values.ndim) + struct.pack(
        f">{values.ndim}I", *values.shape
    )
    return header + values.astype(values.dtype.newbyteorder(">")).tobytes()


def write_mnist(folder: Path, count: int = 30, *, packing: str = ".gz", dot: bool = False) -> Path:
    """A set with MNIST's file names; the test half holds the same images in reverse."""
    folder.mkdir(parents=True, exist_ok=True)
    images = np.arange(count * 28 * 28, dtype=np.int64).reshape(count, 28, 28).astype(np.uint8)
    labels = (np.arange(count) % 10).astype(np.uint8)
    for part, order in (("train", slice(None)), ("t10k", slice(None, None, -1))):
        for kind, values in (("images-idx3", images[order]), ("labels-idx1", labels[order])):
            name = f"{part}-{kind}-ubyte{packing}"
            (folder / (name.replace("-idx", ".idx") if dot else name)).write_bytes(
                PACKERS[packing](idx_bytes(values))
            )
    return folder


def cifar_bytes(labels: list[int], label_bytes: int = 1) -> bytes:
    rng = np.random.default_rng(0)
    return b"".join(
        bytes([label // 5, label][2 - label_bytes :]) + rng.integers(256, size=3072, dtype=np.uint8).tobytes()
        for label in labels
    )


@pytest.fixture
def small() -> ArrayDataset:
    """23 images, each of them its own number throughout."""
    images = np.broadcast_to(np.arange(23, dtype=np.uint8)[:, None, None, None], (23, 1, 4, 4))
    return ArrayDataset(images, np.arange(23) % 5)
