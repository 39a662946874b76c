"""ArrayDataset: what indexing gives, what is checked, what stays when images change."""

from __future__ import annotations

import numpy as np
import pytest

from autocnn.data import ArrayDataset, Normalize, Pad, statistics
from autocnn.errors import DataError, ShapeError


def test_indexing(small: ArrayDataset) -> None:
    assert len(small) == 23
    image, label = small[7]
    assert (image.shape, image[0, 0, 0], label, type(label)) == ((1, 4, 4), 7, 2, int)
    assert small[np.int64(-1)][0][0, 0, 0] == 22
    for index in (slice(3, 6), [3, 4, 5], np.array([3, 4, 5])):
        images, labels = small[index]
        assert images[:, 0, 0, 0].tolist() == [3, 4, 5]
        assert labels.tolist() == [3, 4, 0]
    assert small[[]][0].shape == (0, 1, 4, 4)
    assert small[small.labels == 1][1].tolist() == [1] * 5
    assert len(list(small)) == 23  # IndexError ends it


def test_labels_become_int64_and_classes_are_named() -> None:
    dataset = ArrayDataset(np.zeros((3, 1, 2, 2), np.uint8), np.array([0, 2, 1], np.uint8))
    assert dataset.labels.dtype == np.int64
    assert dataset.classes == ("0", "1", "2")


def test_statistics_are_measured_or_given(small: ArrayDataset) -> None:
    assert small.mean == pytest.approx([11 / 255])
    assert small.std == pytest.approx([np.arange(23).std() / 255])
    given = ArrayDataset(small.images, small.labels, mean=(0.5,), std=(0.25,))
    assert (given.mean, given.std) == ((0.5,), (0.25,))
    assert statistics(np.full((2, 3, 1, 1), 51, np.uint8)) == ((0.2,) * 3, (1.0,) * 3)
    assert statistics(np.zeros((0, 2, 4, 4))) == ((0.0, 0.0), (1.0, 1.0))


def test_normalized_is_explicit_and_only_once(small: ArrayDataset) -> None:
    normal = small.normalized()
    assert small.images.dtype == np.uint8
    assert normal.images.dtype == np.float32
    assert normal.images.mean() == pytest.approx(0, abs=1e-6)
    assert normal.images.std() == pytest.approx(1, abs=1e-6)
    np.testing.assert_array_equal(normal.normalized().images, normal.images)
    assert small.normalize() == Normalize(small.mean, small.std, 255.0)


def test_subset_and_map_keep_what_is_known(small: ArrayDataset) -> None:
    part = small.subset(slice(0, 3), "val")
    assert (len(part), part.classes, part.mean, part.split) == (3, small.classes, small.mean, "val")
    padded = small.map(Pad(1))
    assert padded.images.shape == (23, 1, 6, 6)
    assert padded.mean == small.mean


def test_repr(small: ArrayDataset) -> None:
    assert repr(small) == "ArrayDataset(data: 23 images 1x4x4 of uint8, 5 classes)"


@pytest.mark.parametrize(
    ("images", "labels", "error", "text"),
    [
        ((2, 4, 4), [0, 1], ShapeError, "ArrayDataset: images has shape (2, 4, 4); images are (N, C, H, W)"),
        (
            (2, 1, 4, 4),
            [0, 1, 2],
            ShapeError,
            "ArrayDataset: labels has shape (3,), images (2, 1, 4, 4); there is one label for each image, (2,)",
        ),
        ((1, 1, 4, 4), [0.5], DataError, "ArrayDataset: labels is of float64; labels are whole numbers"),
        (
            (3, 1, 4, 4),
            [0, 1, 2],
            DataError,
            "ArrayDataset: label 2 of image 2 has no class; pets has 2 classes, 0..1",
        ),
        (
            (2, 1, 4, 4),
            [0, -1],
            DataError,
            "ArrayDataset: label -1 of image 1 has no class; pets has 2 classes, 0..1",
        ),
    ],
)
def test_errors(images: tuple[int, ...], labels: list[float], error: type[Exception], text: str) -> None:
    with pytest.raises(error) as caught:
        ArrayDataset(np.zeros(images, np.uint8), np.array(labels), ("cat", "dog"), "pets")
    assert str(caught.value) == text
