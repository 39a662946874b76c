"""Files as bytes, whether they are plain or packed with gzip or xz."""

from __future__ import annotations

import lzma
import os
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Protocol, TypeAlias

from autocnn.errors import DataError, DataNotFoundError

FilePath: TypeAlias = str | os.PathLike[str]

SUFFIXES = ("", ".gz", ".xz")
"""The endings under which a data file is looked for."""

_GZIP = b"\x1f\x8b"
_XZ = b"\xfd7zXZ\x00"


def read_bytes(path: FilePath, *, op: str = "read_bytes") -> bytes:
    """The unpacked content of a plain, .gz or .xz file, whole or not at all.

    The packing is told from the first bytes and not from the name: browsers unpack some files silently and
    keep the name. No IDX file and no CIFAR record begins like a packed file.

    Raises DataNotFoundError if the file is not there, DataError if its packing is damaged.

    >>> import tempfile, gzip
    >>> path = Path(tempfile.mkdtemp()) / "two.gz"
    >>> _ = path.write_bytes(gzip.compress(b"42"))
    >>> read_bytes(path)
    b'42'
    """
    try:
        packed = Path(path).read_bytes()
    except FileNotFoundError as error:
        raise DataNotFoundError(f"{op}: {path} is not there. Check the name and the folder") from error
    except OSError as error:
        raise DataError(
            f"{op}: {path} cannot be read ({error.strerror}). Check what it is and its rights"
        ) from error
    if packed.startswith(_GZIP):
        return _unpack(packed, _gzip_stream, "gzip", path, op)
    if packed.startswith(_XZ):
        return _unpack(packed, _xz_stream, "xz", path, op)
    return packed


class _Decoder(Protocol):
    @property
    def eof(self) -> bool: ...

    @property
    def unused_data(self) -> bytes: ...

    def decompress(self, data: bytes, /) -> bytes: ...


def _gzip_stream() -> _Decoder:
    return zlib.decompressobj(wbits=31)  # 31: a gzip header and its CRC, 32 KB window


def _xz_stream() -> _Decoder:
    return lzma.LZMADecompressor(format=lzma.FORMAT_XZ)


def _unpack(packed: bytes, new: Callable[[], _Decoder], packing: str, path: FilePath, op: str) -> bytes:
    """Every stream in turn; zero bytes between and after streams are padding, anything else is damage."""
    parts, rest = [], packed
    try:
        while rest:
            stream = new()
            parts.append(stream.decompress(rest))
            if not stream.eof:
                raise DataError(f"{op}: {path} ends inside its {packing} data; it is cut short. Download it again")
            rest = stream.unused_data.lstrip(b"\x00")
    except (zlib.error, lzma.LZMAError) as error:
        raise DataError(f"{op}: {path} has damaged {packing} data ({error}). Download it again") from error
    return b"".join(parts)
