"""The IDX format: one array per file, as MNIST and Fashion-MNIST are published."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from autocnn.data.packed import FilePath, read_bytes
from autocnn.errors import DataError

_DTYPES = {0x08: "u1", 0x09: "i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}


def read_idx(path: FilePath) -> npt.NDArray[Any]:
    """The array in an IDX file, plain, .gz or .xz, in the machine's byte order.

    Layout: two zero bytes, one byte for the element type, one for the number of axes; each length as a
    big-endian 32-bit number; then the elements, big-endian, last axis fastest. The file must hold exactly
    the elements that its header promises.

    Raises DataNotFoundError if the file is not there, DataError if it is damaged or of another format.
    Source: Y. LeCun, C. Cortes and C. Burges, "The MNIST database", section "File formats".

    >>> import pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "three"
    >>> _ = path.write_bytes(bytes([0, 0, 8, 1, 0, 0, 0, 3, 5, 6, 7]))
    >>> read_idx(path)
    array([5, 6, 7], dtype=uint8)
    """
    content = read_bytes(path, op="read_idx")
    dtype, shape, start = _header(content, path)
    needed, got = math.prod(shape) * dtype.itemsize, len(content) - start
    if got != needed:
        fault = f"is cut short: {got}" if got < needed else f"goes on after its end: {got}"
        raise DataError(
            f"read_idx: {path} {fault} bytes of elements, its header {shape} of {dtype.name} needs {needed}. "
            "Download it again"
        )
    values = np.frombuffer(content, dtype, offset=start).reshape(shape)
    return values.astype(dtype.newbyteorder("="))  # a copy: the bytes of the file are read-only


def _header(content: bytes, path: FilePath) -> tuple[np.dtype[Any], tuple[int, ...], int]:
    """Element type, shape, and where the elements begin."""
    if len(content) < 4:
        raise DataError(
            f"read_idx: {path} is cut short: {len(content)} bytes, a header has at least 4. Download it again"
        )
    if content[:2] != b"\x00\x00":
        raise DataError(
            f"read_idx: {path} begins with {content[:4].hex(' ')}; an IDX file begins with 00 00. "
            "Check that it is the right file, or download it again"
        )
    code, rank = content[2], content[3]
    if code not in _DTYPES:
        known = ", ".join(f"{known:02x}" for known in _DTYPES)
        raise DataError(f"read_idx: {path} has the element type {code:02x}; IDX knows {known}. Download it again")
    if rank == 0:
        raise DataError(f"read_idx: {path} has 0 axes; an IDX array has at least 1. Download it again")
    start = 4 + 4 * rank
    if len(content) < start:
        raise DataError(
            f"read_idx: {path} is cut short: {len(content)} bytes, a header of {rank} axes has {start}. "
            "Download it again"
        )
    lengths = np.frombuffer(content, ">u4", rank, offset=4)
    return np.dtype(_DTYPES[code]), tuple(int(length) for length in lengths), start
