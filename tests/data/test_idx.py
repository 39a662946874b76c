"""IDX files: exact where they are whole, a clear sentence for every kind of damage."""

from __future__ import annotations

import gzip
import lzma
from pathlib import Path

import numpy as np
import pytest

from autocnn.data import read_idx
from autocnn.errors import DataError, DataNotFoundError

from .conftest import CODES, PACKERS, idx_bytes

GOOD = idx_bytes(np.arange(24, dtype=np.uint8).reshape(2, 3, 4))


@pytest.mark.parametrize("packing", PACKERS)
@pytest.mark.parametrize("dtype", CODES)
def test_round_trip(tmp_path: Path, dtype: str, packing: str) -> None:
    values = (np.arange(-12, 12).reshape(2, 3, 4) * 1.5).astype(dtype)
    path = tmp_path / f"file{packing}"
    path.write_bytes(PACKERS[packing](idx_bytes(values)))
    got = read_idx(path)
    assert got.dtype == values.dtype
    assert got.dtype.isnative
    assert got.flags.writeable
    np.testing.assert_array_equal(got, values)


@pytest.mark.parametrize("shape", [(0,), (3, 0, 2), (1,), (2, 1, 1, 2, 1)])
def test_odd_shapes(tmp_path: Path, shape: tuple[int, ...]) -> None:
    (tmp_path / "f").write_bytes(idx_bytes(np.ones(shape, np.int16)))
    assert read_idx(tmp_path / "f").shape == shape


def test_packing_is_told_from_the_content(tmp_path: Path) -> None:
    (tmp_path / "plain.gz").write_bytes(GOOD)
    (tmp_path / "packed").write_bytes(gzip.compress(GOOD))
    np.testing.assert_array_equal(read_idx(tmp_path / "plain.gz"), read_idx(str(tmp_path / "packed")))


def test_streams_one_after_the_other_and_padding(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(gzip.compress(GOOD[:10]) + gzip.compress(GOOD[10:]) + bytes(7))
    (tmp_path / "x").write_bytes(lzma.compress(GOOD[:10]) + bytes(4) + lzma.compress(GOOD[10:]))
    assert read_idx(tmp_path / "f").shape == read_idx(tmp_path / "x").shape == (2, 3, 4)


AGAIN = "Download it again"
NOT_IDX = "an IDX file begins with 00 00. Check that it is the right file, or download it again"
GZ, XZ = gzip.compress(GOOD, mtime=0), lzma.compress(GOOD)  # the same bytes in every worker
BAD_CHECK = "has damaged gzip data (Error -3 while decompressing data: incorrect data check)"
BAD_HEADER = "has damaged gzip data (Error -3 while decompressing data: incorrect header check)"
NEEDS_24 = f"bytes of elements, its header (2, 3, 4) of uint8 needs 24. {AGAIN}"
HUGE = "is cut short: 0 bytes of elements, its header (4294967295, 4294967295) of uint8 needs "
HUGE += str((2**32 - 1) ** 2)


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"", f"is cut short: 0 bytes, a header has at least 4. {AGAIN}"),
        (b"\0\0\x08", f"is cut short: 3 bytes, a header has at least 4. {AGAIN}"),
        (b"<html>", f"begins with 3c 68 74 6d; {NOT_IDX}"),
        (b"\0\0\x0a\x01" + GOOD[4:], f"has the element type 0a; IDX knows 08, 09, 0b, 0c, 0d, 0e. {AGAIN}"),
        (b"\0\0\x08\0\x01", f"has 0 axes; an IDX array has at least 1. {AGAIN}"),
        (GOOD[:15], f"is cut short: 15 bytes, a header of 3 axes has 16. {AGAIN}"),
        (GOOD[:-1], f"is cut short: 23 {NEEDS_24}"),
        (GOOD + b"\0", f"goes on after its end: 25 {NEEDS_24}"),
        (b"\0\0\x08\x02" + b"\xff" * 8, f"{HUGE}. {AGAIN}"),
        (GZ[:-3], f"ends inside its gzip data; it is cut short. {AGAIN}"),
        (GZ[:5], f"ends inside its gzip data; it is cut short. {AGAIN}"),
        (XZ[:-3], f"ends inside its xz data; it is cut short. {AGAIN}"),
        (GZ[:-6] + b"\0\0" + GZ[-4:], f"{BAD_CHECK}. {AGAIN}"),
        (GZ + b"junk", f"{BAD_HEADER}. {AGAIN}"),
        (XZ[:30] + b"\xff\xff" + XZ[32:], f"has damaged xz data (Corrupt input data). {AGAIN}"),
    ],
)
def test_damage(tmp_path: Path, content: bytes, text: str) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)
    with pytest.raises(DataError) as caught:
        read_idx(path)
    assert str(caught.value) == f"read_idx: {path} {text}"


def test_missing_and_unreadable(tmp_path: Path) -> None:
    with pytest.raises(DataNotFoundError) as missing:
        read_idx(tmp_path / "no")
    assert str(missing.value) == f"read_idx: {tmp_path / 'no'} is not there. Check the name and the folder"
    with pytest.raises(DataError) as folder:
        read_idx(tmp_path)
    assert str(folder.value) == (
        f"read_idx: {tmp_path} cannot be read (Is a directory). Check what it is and its rights"
    )


@pytest.mark.parametrize("packing", PACKERS)
def test_no_single_cut_goes_unseen(tmp_path: Path, packing: str) -> None:
    whole, path = PACKERS[packing](GOOD), tmp_path / "f"
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        with pytest.raises(DataError, match=r"read_idx: .*(cut short|begins with)"):
            read_idx(path)
