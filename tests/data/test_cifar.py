"""CIFAR's binary records."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from autocnn.data import read_cifar10, read_cifar100
from autocnn.errors import ArgumentError, DataError

from .conftest import PACKERS, cifar_bytes


@pytest.mark.parametrize("packing", PACKERS)
def test_batches_are_joined_in_order(tmp_path: Path, packing: str) -> None:
    one, two = tmp_path / "1", tmp_path / "2"
    one.write_bytes(PACKERS[packing](cifar_bytes([3, 9])))
    two.write_bytes(PACKERS[packing](cifar_bytes([0])))
    images, labels = read_cifar10(one, two)
    assert images.shape == (3, 3, 32, 32)
    assert images.dtype == np.uint8
    assert images.flags.c_contiguous
    assert images.flags.writeable
    assert labels.dtype == np.int64
    assert labels.tolist() == [3, 9, 0]
    assert images[0].tobytes() == cifar_bytes([3])[1:]


def test_planes_are_red_green_blue_by_rows(tmp_path: Path) -> None:
    pixels = np.arange(3072) % 251
    (tmp_path / "f").write_bytes(bytes([1]) + pixels.astype(np.uint8).tobytes())
    images, _ = read_cifar10(tmp_path / "f")
    np.testing.assert_array_equal(images[0], pixels.reshape(3, 32, 32))


def test_hundred_has_coarse_and_fine(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(cifar_bytes([99, 7], label_bytes=2))
    images, fine, coarse = read_cifar100(tmp_path / "f")
    assert images.shape == (2, 3, 32, 32)
    assert (fine.tolist(), coarse.tolist()) == ([99, 7], [19, 1])


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (
            b"",
            "read_cifar10: PATH has 0 bytes; records are 3073 bytes each, one or more of them. "
            "Check that it is the binary version, or download it again",
        ),
        (
            cifar_bytes([1, 2])[:-1],
            "read_cifar10: PATH has 6145 bytes; records are 3073 bytes each, one or more of them. "
            "Check that it is the binary version, or download it again",
        ),
        (
            cifar_bytes([1]) + b"\x0a" + cifar_bytes([2])[1:],
            "read_cifar10: PATH has the label 10 in record 1; labels are 0..9. "
            "Check that it is the right file, or download it again",
        ),
    ],
)
def test_damage(tmp_path: Path, content: bytes, text: str) -> None:
    path = tmp_path / "batch.bin"
    path.write_bytes(content)
    with pytest.raises(DataError) as caught:
        read_cifar10(path)
    assert str(caught.value) == text.replace("PATH", str(path))


def test_a_wrong_coarse_label_is_seen(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(bytes([20, 5]) + bytes(3072))
    with pytest.raises(DataError, match=r"has the label 20 in record 0; labels are 0\.\.19"):
        read_cifar100(tmp_path / "f")


def test_nothing_to_read() -> None:
    with pytest.raises(ArgumentError, match=r"^read_cifar10: paths is empty; there is nothing to read\. Give"):
        read_cifar10()
