"""load(): where it looks, what it makes of what it finds, what it says when that is nothing or wrong."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from autocnn.data import ArrayDataset, load, statistics
from autocnn.data.catalogue import NAMES, SOURCES
from autocnn.errors import DataError, DataNotFoundError, UsageError

from .conftest import cifar_bytes, idx_bytes, write_mnist


@pytest.mark.parametrize("packing", ["", ".gz", ".xz"])
@pytest.mark.parametrize("dot", [False, True])
@pytest.mark.parametrize("place", [".", "mnist", "MNIST/raw"])
def test_mnist_is_found_in_every_usual_layout(tmp_path: Path, packing: str, dot: bool, place: str) -> None:
    write_mnist(tmp_path / place, packing=packing, dot=dot)
    train, test = load("mnist", tmp_path), load("MNIST", str(tmp_path), "test")
    assert repr(train) == "ArrayDataset(mnist (train): 30 images 1x28x28 of uint8, 10 classes)"
    assert train.labels.tolist() == list(range(10)) * 3
    np.testing.assert_array_equal(test.images, train.images[::-1])
    assert train.images[0, 0].ravel().tolist() == [i % 256 for i in range(784)]


def test_the_cache_folder_is_where_autocnn_data_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_mnist(tmp_path / "mnist")
    monkeypatch.setenv("AUTOCNN_DATA", str(tmp_path))
    assert len(load("mnist")) == 30


def test_names_are_forgiving(tmp_path: Path) -> None:
    write_mnist(tmp_path / "FashionMNIST" / "raw")
    for name in ("fashion-mnist", "fashion_mnist", "FashionMNIST"):
        assert load(name, tmp_path).classes[9] == "Ankle boot"


def test_another_sets_folder_is_not_taken(tmp_path: Path) -> None:
    write_mnist(tmp_path / "fashion-mnist")
    with pytest.raises(DataNotFoundError, match="mnist was not found"):
        load("mnist", tmp_path / "fashion-mnist")
    assert load("fashion-mnist", tmp_path / "fashion-mnist").name == "fashion-mnist"


def test_what_was_looked_for_is_said(tmp_path: Path) -> None:
    with pytest.raises(DataNotFoundError) as empty:
        load("mnist", tmp_path)
    places = ", ".join(str(tmp_path / name) for name in ("mnist", "MNIST", "MNIST/raw", "."))
    assert str(empty.value) == (
        "load: mnist was not found; looked for train-images-idx3-ubyte, train-labels-idx1-ubyte "
        f"(plain, .gz or .xz) in {places}. Give the folder that has them as data_dir"
    )
    with pytest.raises(DataNotFoundError) as nowhere:
        load("cifar10", tmp_path / "no")
    assert str(nowhere.value) == (
        f"load: cifar10 was not found; the folder {tmp_path / 'no'} is not there. "
        "Give the folder that has them as data_dir"
    )
    (tmp_path / "file").touch()
    with pytest.raises(DataNotFoundError, match=r"file is no folder\. Give"):
        load("cifar10", tmp_path / "file")


def test_without_a_folder_the_remedy_is_a_download(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUTOCNN_DATA", str(tmp_path))
    with pytest.raises(DataNotFoundError, match=r"data_dir, or download=True to download them$"):
        load("mnist")
    with pytest.raises(DataNotFoundError, match=r"Give the folder that has them as data_dir$"):
        load("optdigits")


@pytest.mark.parametrize(
    ("name", "split", "text"),
    [
        (
            "mnits",
            "train",
            "load: name is 'mnits'; the data sets are digits, optdigits, mnist, fashion-mnist, cifar10, "
            "cifar100, folder. Did you mean 'mnist'?",
        ),
        (
            "imagenet",
            "train",
            "load: name is 'imagenet'; the data sets are digits, optdigits, mnist, fashion-mnist, cifar10, "
            "cifar100, folder. Choose one of them",
        ),
        ("mnist", "val", "load: split is 'val'; mnist has train, test"),
        ("cifar-10", "all", "load: split is 'all'; cifar10 has train, val, train+val, test"),
    ],
)
def test_wrong_names(name: str, split: str, text: str) -> None:
    with pytest.raises(UsageError) as caught:
        load(name, split=split)
    assert str(caught.value) == text


def test_files_that_are_not_the_sets(tmp_path: Path) -> None:
    folder = write_mnist(tmp_path, packing="")
    labels = folder / "train-labels-idx1-ubyte"
    labels.write_bytes(idx_bytes(np.zeros(29, np.uint8)))
    with pytest.raises(DataError) as unequal:
        load("mnist", folder)
    assert str(unequal.value) == (
        f"load: {labels} holds labels (29,), train-images-idx3-ubyte holds images (30, 28, 28); "
        "they do not belong together. Download both again"
    )
    labels.write_bytes(idx_bytes(np.full(30, 11, np.uint8)))
    with pytest.raises(DataError, match="label 11 of image 0 has no class; mnist has 10 classes"):
        load("mnist", folder)
    images = folder / "train-images-idx3-ubyte"
    images.write_bytes(idx_bytes(np.zeros((30, 8, 8), np.uint8)))
    with pytest.raises(DataError) as shape:
        load("mnist", folder)
    assert str(shape.value) == (
        f"load: {images} holds (30, 8, 8) of uint8, mnist is (N, 28, 28) of uint8. Check that it is the right file"
    )


def test_cifar10_splits(tmp_path: Path) -> None:
    for number in range(1, 6):
        (tmp_path / f"data_batch_{number}.bin").write_bytes(cifar_bytes(list(range(10)) * 4))
    (tmp_path / "test_batch_first1017.bin").write_bytes(cifar_bytes([4]))
    sizes = {split: len(load("cifar10", tmp_path, split)) for split in ("train", "val", "train+val", "test")}
    assert sizes == {"train": 180, "val": 20, "train+val": 200, "test": 1}
    assert np.bincount(load("cifar10", tmp_path, "val").labels).tolist() == [2] * 10
    (tmp_path / "test_batch.bin").write_bytes(cifar_bytes([4, 5]))
    assert len(load("cifar10", tmp_path, "test")) == 2  # the whole file comes first


def test_cifar100(tmp_path: Path) -> None:
    (tmp_path / "cifar-100-binary").mkdir()
    (tmp_path / "cifar-100-binary" / "test.bin").write_bytes(cifar_bytes([99, 0], label_bytes=2))
    dataset = load("cifar100", tmp_path, "test")
    assert [dataset.classes[label] for label in dataset.labels] == ["worm", "apple"]


def test_the_catalogue_is_in_order() -> None:
    assert NAMES == ("digits", "optdigits", "mnist", "fashion-mnist", "cifar10", "cifar100", "folder")
    for source in SOURCES:
        assert len(source.mean) == len(source.std) == (source.shape[0] if source.shape else 0)
        assert len(set(source.classes)) == len(source.classes)
    assert {source.name: len(source.classes) for source in SOURCES}["cifar100"] == 100


def disjoint(one: ArrayDataset, two: ArrayDataset) -> bool:
    """Whether no image of one is in the other."""
    rows = [{image.tobytes() for image in dataset.images} for dataset in (one, two)]
    return not rows[0] & rows[1]


def close(dataset: ArrayDataset) -> None:
    """What the catalogue says of a set is what its images say."""
    mean, std = statistics(dataset.images, dataset.scale)
    np.testing.assert_allclose(dataset.mean, mean, atol=1e-4)
    np.testing.assert_allclose(dataset.std, std, atol=1e-4)


def test_digits() -> None:
    pytest.importorskip("sklearn")
    train, test = load("digits"), load("digits", split="test")
    assert (len(train), len(test)) == (1438, 359)
    assert train.images.shape[1:] == (1, 8, 8)
    assert (int(train.images.max()), train.scale) == (16, 16.0)
    assert set(np.bincount(test.labels)) <= {35, 36, 37}
    assert disjoint(train, test)
    close(train)


def test_digits_without_scikit_learn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    with pytest.raises(DataNotFoundError) as caught:
        load("digits")
    assert str(caught.value) == (
        "load: digits are scikit-learn's, which is not installed. pip install 'autocnn[examples]'"
    )


@pytest.mark.data
@pytest.mark.parametrize(
    ("name", "sizes"),
    [("mnist", (60000, 10000)), ("fashion-mnist", (60000, 10000)), ("optdigits", (3823, 1797))],
)
def test_real_idx(data_dir: Path, name: str, sizes: tuple[int, int]) -> None:
    train, test = load(name, data_dir), load(name, data_dir / name, "test")
    assert (len(train), len(test)) == sizes
    assert np.bincount(test.labels).size == 10
    close(train)


@pytest.mark.data
def test_real_optdigits_gives_its_published_neighbour_table(data_dir: Path) -> None:
    """The set's own description: 98.00 % of the test digits are right by their nearest neighbour."""
    train, test = (load("optdigits", data_dir, split) for split in ("train", "test"))
    known, asked = (dataset.images.reshape(len(dataset), -1).astype(np.float32) for dataset in (train, test))
    distance = (asked**2).sum(1)[:, None] - 2 * asked @ known.T + (known**2).sum(1)
    right = (train.labels[distance.argmin(1)] == test.labels).mean()
    assert round(100 * float(right), 2) == 98.0


@pytest.mark.data
def test_real_cifar10(data_dir: Path) -> None:
    train, val = load("cifar10", data_dir), load("cifar10", data_dir, "val")
    assert (len(train), len(val), len(load("cifar10", data_dir, "test"))) == (45000, 5000, 1017)
    assert np.bincount(train.labels).tolist() == [4500] * 10
    assert np.bincount(val.labels).tolist() == [500] * 10
    together = np.average([train.images.mean((0, 2, 3)), val.images.mean((0, 2, 3))], axis=0, weights=[9, 1])
    np.testing.assert_allclose(train.mean, together / 255, atol=1e-4)
