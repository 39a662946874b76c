"""Folders of images, through Pillow."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from autocnn.data import load, read_folder
from autocnn.errors import ArgumentError, DataError, DataNotFoundError, UsageError

Image = pytest.importorskip("PIL.Image")


def save(path: Path, value: int = 0, *, mode: str = "RGB", size: tuple[int, int] = (5, 4)) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new(mode, size, value if mode == "L" else (value, 0, 255)).save(path)


@pytest.fixture
def pets(tmp_path: Path) -> Path:
    """Ten cats with even reds and five dogs with odd ones, and things that are no images."""
    for number in range(10):
        save(tmp_path / "cat" / f"{number:02}.png", 2 * number)
    for number in range(5):
        save(tmp_path / "dog" / f"{number:02}.bmp", 2 * number + 1)
    (tmp_path / "cat" / "notes.txt").write_text("no image")
    (tmp_path / ".hidden").mkdir()
    return tmp_path


def test_classes_and_files_come_by_name(pets: Path) -> None:
    dataset = read_folder(pets)
    assert dataset.classes == ("cat", "dog")
    assert dataset.images.shape == (15, 3, 4, 5)
    assert dataset.images.dtype == np.uint8
    assert dataset.labels.tolist() == [0] * 10 + [1] * 5
    assert dataset.images[:, 0, 0, 0].tolist() == [*range(0, 20, 2), *range(1, 10, 2)]
    assert (dataset.images[:, 2] == 255).all()
    assert (dataset.mean, dataset.std) == ((0.5,) * 3, (0.5,) * 3)


def test_grey_stays_grey_unless_one_has_colour(tmp_path: Path) -> None:
    save(tmp_path / "a" / "1.png", 7, mode="L")
    assert read_folder(tmp_path).images.shape == (1, 1, 4, 5)
    assert read_folder(tmp_path, mode="RGB").images.shape == (1, 3, 4, 5)
    save(tmp_path / "a" / "2.png", 7)
    assert read_folder(tmp_path).images.shape == (2, 3, 4, 5)
    assert read_folder(tmp_path, mode="L").images.shape == (2, 1, 4, 5)


def test_size_resamples(pets: Path) -> None:
    save(pets / "dog" / "big.png", 1, size=(50, 40))
    assert read_folder(pets, size=8).images.shape == (16, 3, 8, 8)
    assert read_folder(pets, size=(6, 9)).images.shape == (16, 3, 6, 9)


def test_a_fixed_fifth_of_each_class_is_held_out(pets: Path) -> None:
    train, test = load("folder", pets), load("folder", pets, "test")
    assert np.bincount(train.labels).tolist() == [8, 4]
    assert np.bincount(test.labels).tolist() == [2, 1]
    reds = [set(part.images[:, 0, 0, 0].tolist()) for part in (train, test)]
    assert len(reds[0] | reds[1]) == 15


def test_folders_named_after_splits_are_splits(tmp_path: Path) -> None:
    for split, count in (("train", 3), ("val", 2), ("test", 1)):
        for number in range(count):
            save(tmp_path / split / "cat" / f"{number}.png")
            save(tmp_path / split / "dog" / f"{number}.png")
    assert [len(load("folder", tmp_path, split)) for split in ("train", "val", "test")] == [6, 4, 2]
    save(tmp_path / "test" / "cow" / "1.png")
    with pytest.raises(DataError) as caught:
        load("folder", tmp_path, "test")
    assert str(caught.value) == (
        f"load: {tmp_path / 'test'} has the classes cat, cow, dog, {tmp_path / 'train'} has cat, dog; "
        "they must be the same"
    )


def test_missing_things(tmp_path: Path, pets: Path) -> None:
    with pytest.raises(UsageError) as unsaid:
        load("folder")
    assert str(unsaid.value) == "load: data_dir is missing; folder reads data_dir/<class>/. Give data_dir"
    with pytest.raises(DataNotFoundError) as absent:
        read_folder(tmp_path / "no")
    assert str(absent.value) == f"read_folder: the folder {tmp_path / 'no'} is not there. Check the name"
    with pytest.raises(DataNotFoundError) as split:
        load("folder", pets, "val")
    assert str(split.value) == f"load: {pets} has no folder 'val'. Make {pets / 'val'}/<class>/"
    with pytest.raises(DataNotFoundError, match=r"has no images; they are looked for in .*/cat/<class>/"):
        read_folder(pets / "cat")
    with pytest.raises(ArgumentError, match=r"^read_folder: mode is 'CMYK'; it is 'L' \(grey\), 'RGB', or None"):
        read_folder(pets, mode="CMYK")


def test_sizes_that_differ(pets: Path) -> None:
    save(pets / "dog" / "big.png", 1, size=(50, 40))
    with pytest.raises(DataError) as caught:
        read_folder(pets)
    assert str(caught.value) == (
        f"read_folder: {pets / 'dog' / 'big.png'} is 40x50, 00.png is 4x5; "
        "all images must have one size. Give size=(height, width)"
    )


@pytest.mark.parametrize("content", [b"", b"junk", b"\x89PNG\r\n\x1a\n\0\0"])
def test_damaged_images(pets: Path, content: bytes) -> None:
    bad = pets / "cat" / "00.png"
    bad.write_bytes(content)
    with pytest.raises(DataError) as caught:
        read_folder(pets)
    assert str(caught.value).startswith(f"read_folder: {bad} is no image that Pillow can read (")
    assert str(caught.value).endswith("). Mend or remove it")


def test_an_image_cut_short(pets: Path) -> None:
    save(pets / "cat" / "00.png", size=(100, 100))
    bad = pets / "cat" / "00.png"
    bad.write_bytes(bad.read_bytes()[:-40])
    with pytest.raises(DataError, match=r"00\.png is no image that Pillow can read"):
        read_folder(pets)


def test_without_pillow(pets: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(DataNotFoundError) as caught:
        read_folder(pets)
    assert str(caught.value) == (
        "read_folder: images are read through Pillow, which is not installed. pip install 'autocnn[examples]'"
    )
