"""The binary records of CIFAR-10 and CIFAR-100: labels first, then 3 x 32 x 32 pixels, no header."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from autocnn.data.packed import FilePath, read_bytes
from autocnn.errors import ArgumentError, DataError

IMAGE_SHAPE = (3, 32, 32)
_PIXELS = 3 * 32 * 32


def read_cifar10(*paths: FilePath) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]:
    """Images and labels of CIFAR-10 record files, plain, .gz or .xz, in the order given.

    -> images (N, 3, 32, 32) of uint8, labels (N,) of int64 in 0..9

    Raises DataNotFoundError if a file is not there, DataError if one is damaged or of another format.
    Source: A. Krizhevsky, "Learning Multiple Layers of Features from Tiny Images", 2009.

    >>> import pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "one.bin"
    >>> _ = path.write_bytes(bytes([7]) + bytes(3072))
    >>> images, labels = read_cifar10(path)
    >>> images.shape, labels
    ((1, 3, 32, 32), array([7]))
    """
    images, labels = _read(paths, (10,), "read_cifar10")
    return images, labels[:, 0]


def read_cifar100(
    *paths: FilePath,
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Images, fine labels and coarse labels of CIFAR-100 record files, plain, .gz or .xz.

    -> images (N, 3, 32, 32) of uint8, fine labels (N,) in 0..99, coarse labels (N,) in 0..19

    Raises DataNotFoundError if a file is not there, DataError if one is damaged or of another format.
    Source: A. Krizhevsky, "Learning Multiple Layers of Features from Tiny Images", 2009.

    >>> import pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "one.bin"
    >>> _ = path.write_bytes(bytes([4, 72]) + bytes(3072))
    >>> _, fine, coarse = read_cifar100(path)
    >>> fine, coarse
    (array([72]), array([4]))
    """
    images, labels = _read(paths, (20, 100), "read_cifar100")
    return images, labels[:, 1], labels[:, 0]


def _read(
    paths: tuple[FilePath, ...], classes: tuple[int, ...], op: str
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]:
    """Images (N, 3, 32, 32) and labels (N, len(classes)), where `classes` bounds each label byte."""
    if not paths:
        raise ArgumentError(f"{op}: paths is empty; there is nothing to read. Give at least one file")
    records = np.concatenate([_records(path, classes, op) for path in paths])
    images = records[:, len(classes) :].reshape(-1, *IMAGE_SHAPE)
    return np.ascontiguousarray(images), records[:, : len(classes)].astype(np.int64)


def _records(path: FilePath, classes: tuple[int, ...], op: str) -> npt.NDArray[np.uint8]:
    content, length = read_bytes(path, op=op), len(classes) + _PIXELS
    if not content or len(content) % length:
        raise DataError(
            f"{op}: {path} has {len(content)} bytes; records are {length} bytes each, one or more of them. "
            "Check that it is the binary version, or download it again"
        )
    records = np.frombuffer(content, np.uint8).reshape(-1, length)
    for column, count in enumerate(classes):
        bad = np.flatnonzero(records[:, column] >= count)
        if bad.size:
            raise DataError(
                f"{op}: {path} has the label {records[bad[0], column]} in record {bad[0]}; "
                f"labels are 0..{count - 1}. Check that it is the right file, or download it again"
            )
    return records
