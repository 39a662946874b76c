"""A data set that lies in memory: all images in one array, all labels in another."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from autocnn.data.transforms import Normalize, Transform
from autocnn.errors import DataError, ShapeError

Index: TypeAlias = "int | np.integer[Any] | slice | list[int] | npt.NDArray[Any]"


@dataclass(frozen=True, eq=False, repr=False)
class ArrayDataset:
    """Images, their labels, and what is known about them.

    images (N, C, H, W) of uint8 or float32; labels (N,), kept as int64; `classes` names the labels 0, 1, ...
    `scale` is the value of a white pixel; `mean` and `std` are those of the training images divided by
    `scale`, one number for each channel. Without them the set's own images are measured.

    Raises ShapeError if the shapes do not belong together, DataError if a label has no class.

    >>> data = ArrayDataset(np.zeros((2, 1, 8, 8), np.uint8), np.array([1, 0]), ("cat", "dog"), "pets")
    >>> data
    ArrayDataset(pets: 2 images 1x8x8 of uint8, 2 classes)
    >>> image, label = data[0]
    >>> image.shape, data.classes[label]
    ((1, 8, 8), 'dog')
    """

    images: npt.NDArray[Any]
    labels: npt.NDArray[np.int64]
    classes: tuple[str, ...] = ()
    name: str = "data"
    split: str = ""
    scale: float = 255.0
    mean: tuple[float, ...] = ()
    std: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        images, labels = np.asarray(self.images), np.asarray(self.labels)
        if images.ndim != 4:
            raise ShapeError(f"ArrayDataset: images has shape {images.shape}; images are (N, C, H, W)")
        if labels.shape != images.shape[:1]:
            raise ShapeError(
                f"ArrayDataset: labels has shape {labels.shape}, images {images.shape}; "
                f"there is one label for each image, {images.shape[:1]}"
            )
        if not np.issubdtype(labels.dtype, np.integer):
            raise DataError(f"ArrayDataset: labels is of {labels.dtype.name}; labels are whole numbers")
        labels = labels.astype(np.int64, copy=False)
        classes = tuple(self.classes) or tuple(map(str, range(int(labels.max(initial=-1)) + 1)))
        bad = np.flatnonzero((labels < 0) | (labels >= len(classes)))
        if bad.size:
            raise DataError(
                f"ArrayDataset: label {int(labels[bad[0]])} of image {int(bad[0])} has no class; "
                f"{self.name} has {len(classes)} classes, 0..{len(classes) - 1}"
            )
        object.__setattr__(self, "images", images)
        object.__setattr__(self, "labels", labels)
        object.__setattr__(self, "classes", classes)
        if not (self.mean and self.std):
            mean, std = statistics(images, self.scale)
            object.__setattr__(self, "mean", mean)
            object.__setattr__(self, "std", std)

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: Index) -> tuple[npt.NDArray[Any], Any]:
        """One image (C, H, W) and its label for a number; a batch of both for a slice, a list or an array."""
        if isinstance(index, list):
            index = np.asarray(index, np.int64) if not index else np.asarray(index)
        labels = self.labels[index]
        return self.images[index], int(labels) if labels.ndim == 0 else labels

    def __repr__(self) -> str:
        split = f" ({self.split})" if self.split else ""
        size = "x".join(map(str, self.images.shape[1:]))
        return (
            f"ArrayDataset({self.name}{split}: {len(self)} images {size} of {self.images.dtype.name}, "
            f"{len(self.classes)} classes)"
        )

    def subset(self, index: slice | list[int] | npt.NDArray[Any], split: str = "") -> ArrayDataset:
        """The chosen images as a data set of their own, with the same classes, mean and std.

        >>> data = ArrayDataset(np.zeros((4, 1, 2, 2), np.uint8), np.arange(4))
        >>> data.subset(slice(2)), len(data.subset(data.labels > 0))
        (ArrayDataset(data: 2 images 1x2x2 of uint8, 4 classes), 3)
        """
        images, labels = self[index]
        return dataclasses.replace(self, images=images, labels=labels, split=split or self.split)

    def map(self, transform: Transform) -> ArrayDataset:
        """The set with a transform without chance applied once, to all images.

        `mean`, `std` and `scale` stay: they describe the images before it, for a Normalize that comes after.

        >>> from autocnn.data.transforms import Pad
        >>> ArrayDataset(np.zeros((4, 1, 28, 28), np.uint8), np.arange(4)).map(Pad(2))
        ArrayDataset(data: 4 images 1x32x32 of uint8, 4 classes)
        """
        return dataclasses.replace(self, images=transform(self.images))

    def normalize(self) -> Normalize:
        """The transform that gives the training images mean 0 and standard deviation 1 in every channel.

        >>> ArrayDataset(np.zeros((2, 1, 2, 2)), np.arange(2), mean=(0.5,), std=(0.25,)).normalize()
        Normalize(mean=(0.5,), std=(0.25,), scale=255.0)
        """
        return Normalize(self.mean, self.std, self.scale)

    def normalized(self) -> ArrayDataset:
        """The set as float32, with `normalize()` applied to all images: scale 1, mean 0, std 1 from here on.

        >>> images = np.array([[[[0, 255]]]], np.uint8)
        >>> data = ArrayDataset(images, np.array([0]), mean=(0.5,), std=(0.5,))
        >>> data.normalized().images.ravel()
        array([-1.,  1.], dtype=float32)
        """
        channels = self.images.shape[1]
        return dataclasses.replace(
            self,
            images=self.normalize()(self.images),
            scale=1.0,
            mean=(0.0,) * channels,
            std=(1.0,) * channels,
        )


def statistics(images: npt.NDArray[Any], scale: float = 255.0) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and standard deviation of every channel of images divided by `scale`.

    images (N, C, H, W) -> two tuples of C numbers; a channel of one value only, or of none, gets 1 as its
    standard deviation, so that it can be divided by.

    >>> statistics(np.array([[[[0, 2]]]]), scale=2.0)
    ((0.5,), (0.5,))
    """
    if images.size == 0:
        return (0.0,) * images.shape[1], (1.0,) * images.shape[1]
    axes = (0, 2, 3)
    mean = images.mean(axes, dtype=np.float64)
    # float32 halves the memory of the squares; their sum is still kept in float64
    spread = np.square(images - mean.reshape(1, -1, 1, 1).astype(np.float32), dtype=np.float32)
    std = np.sqrt(spread.mean(axes, dtype=np.float64))
    return (
        tuple(float(value) for value in mean / scale),
        tuple(float(value) if value > 0 else 1.0 for value in std / scale),
    )
