"""Transforms of a whole batch of images at once, (N, C, H, W) in and out.

Each is called as ``transform(images, generator)``. All of its chance comes from that generator, which the
DataLoader makes from the seed, the epoch and the number of the batch: so the same batch is always changed in
the same way, whatever was drawn before it. Those without chance can be called without a generator.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from autocnn.errors import ArgumentError, ShapeError

Images: TypeAlias = npt.NDArray[Any]
Chance: TypeAlias = np.random.Generator | None


class Transform(Protocol):
    """What every transform of a batch looks like."""

    def __call__(self, images: Images, generator: Chance = None, /) -> Images: ...


class Compose:
    """Transforms one after the other, all drawing from the same generator.

    >>> Compose([RandomCrop(32, padding=4), RandomHorizontalFlip()])
    Compose([RandomCrop(size=32, padding=4, fill=0), RandomHorizontalFlip(p=0.5)])
    """

    def __init__(self, transforms: Sequence[Transform]) -> None:
        self.transforms = tuple(transforms)

    def __call__(self, images: Images, generator: Chance = None) -> Images:
        for transform in self.transforms:
            images = transform(images, generator)
        return images

    def __repr__(self) -> str:
        return f"Compose([{', '.join(map(repr, self.transforms))}])"


@dataclass(frozen=True, slots=True)
class Normalize:
    """(images / scale - mean) / std for each channel, as float32.

    images (N, C, H, W) -> the same shape; `mean` and `std` have one number for each channel, or one for all

    Raises ArgumentError if a `std` or `scale` is not positive, ShapeError if the channels do not match.

    >>> Normalize((0.5,), (0.5,), scale=1.0)(np.array([[[[0.0, 1.0]]]]))
    array([[[[-1.,  1.]]]], dtype=float32)
    """

    mean: tuple[float, ...]
    std: tuple[float, ...]
    scale: float = 255.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "mean", tuple(float(value) for value in self.mean))
        object.__setattr__(self, "std", tuple(float(value) for value in self.std))
        if len(self.mean) != len(self.std):
            raise ShapeError(f"Normalize: mean has {len(self.mean)} channels, std has {len(self.std)}")
        if not (self.scale > 0 and all(value > 0 for value in self.std)):
            raise ArgumentError(f"Normalize: std is {self.std} and scale {self.scale}; both must be positive")

    def __call__(self, images: Images, generator: Chance = None) -> Images:
        channels = _rank4(images, "Normalize")[1]
        if len(self.mean) not in (1, channels):
            raise ShapeError(
                f"Normalize: images has {channels} channels {images.shape}, mean has {len(self.mean)}. "
                "Give one number for each channel"
            )
        mean, std = (np.reshape(values, (1, -1, 1, 1)) for values in (self.mean, self.std))
        result = images.astype(np.float32)
        result -= (mean * self.scale).astype(np.float32)
        result *= (1.0 / (std * self.scale)).astype(np.float32)
        return result


@dataclass(frozen=True, slots=True)
class RandomCrop:
    """A window of `size` at a random place of each image, which is first padded on every side.

    images (N, C, H, W) -> (N, C, size, size), the dtype kept. `fill` is what the padding holds: 0 is black
    before Normalize, and the mean after it.

    Raises ArgumentError without a generator, ShapeError if the window is larger than the padded image.

    >>> RandomCrop(2, padding=1)(np.ones((1, 1, 2, 2)), np.random.default_rng(0)).shape
    (1, 1, 2, 2)
    """

    size: int
    padding: int = 0
    fill: float = 0

    def __post_init__(self) -> None:
        if self.size < 1 or self.padding < 0:
            raise ArgumentError(
                f"RandomCrop: size is {self.size} and padding {self.padding}; "
                "size is at least 1, padding at least 0"
            )

    def __call__(self, images: Images, generator: Chance = None) -> Images:
        count, _, height, width = _rank4(images, "RandomCrop")
        chance, extra = _needed(generator, "RandomCrop"), 2 * self.padding - self.size
        if height + extra < 0 or width + extra < 0:
            raise ShapeError(
                f"RandomCrop: a window of {self.size}x{self.size} does not fit in {height}x{width} "
                f"padded by {self.padding}. Give a smaller size or more padding"
            )
        top = chance.integers(height + extra + 1, size=count)
        left = chance.integers(width + extra + 1, size=count)
        padded = _pad(images, (self.padding,) * 4, self.fill)
        windows = np.lib.stride_tricks.sliding_window_view(padded, (self.size, self.size), axis=(2, 3))
        # (N, C, places down, places across, size, size) -> (N, C, size, size): only the chosen are copied
        return windows[np.arange(count), :, top, left]


@dataclass(frozen=True, slots=True)
class RandomHorizontalFlip:
    """Each image mirrored left to right with probability `p`.

    images (N, C, H, W) -> the same shape and dtype

    Raises ArgumentError without a generator, or if `p` is no probability.

    >>> RandomHorizontalFlip(p=1.0)(np.array([[[[1, 2]]]]), np.random.default_rng(0))
    array([[[[2, 1]]]])
    """

    p: float = 0.5

    def __post_init__(self) -> None:
        if not 0 <= self.p <= 1:
            raise ArgumentError(f"RandomHorizontalFlip: p is {self.p}; a probability is in 0..1")

    def __call__(self, images: Images, generator: Chance = None) -> Images:
        count = _rank4(images, "RandomHorizontalFlip")[0]
        mirrored = _needed(generator, "RandomHorizontalFlip").random(count) < self.p
        result = images.copy()
        result[mirrored] = images[mirrored][..., ::-1]
        return result


@dataclass(frozen=True, slots=True)
class Pad:
    """`padding` rows and columns of `fill` on every side.

    images (N, C, H, W) -> (N, C, H + 2 padding, W + 2 padding), the dtype kept

    >>> Pad(2)(np.zeros((1, 1, 28, 28))).shape
    (1, 1, 32, 32)
    """

    padding: int
    fill: float = 0

    def __post_init__(self) -> None:
        if self.padding < 0:
            raise ArgumentError(f"Pad: padding is {self.padding}; it is at least 0")

    def __call__(self, images: Images, generator: Chance = None) -> Images:
        _rank4(images, "Pad")
        return _pad(images, (self.padding,) * 4, self.fill)


@dataclass(frozen=True, slots=True)
class Resize:
    """Images resampled to `size` x `size`.

    images (N, C, H, W) -> (N, C, size, size). "nearest" keeps the dtype; "bilinear" gives float32, with
    pixels as little squares: the centre of pixel i of the result lies at (i + 1/2) H / size - 1/2.

    >>> Resize(4)(np.array([[[[1, 2], [3, 4]]]]))[0, 0]
    array([[1, 1, 2, 2],
           [1, 1, 2, 2],
           [3, 3, 4, 4],
           [3, 3, 4, 4]])
    """

    size: int
    mode: str = "nearest"

    def __post_init__(self) -> None:
        _check_size(self.size, self.mode, "Resize")

    def __call__(self, images: Images, generator: Chance = None) -> Images:
        height, width = _rank4(images, "Resize")[2:]
        if self.mode == "nearest":
            rows, columns = (np.arange(self.size) * length // self.size for length in (height, width))
            return images[:, :, rows[:, None], columns]
        return _between(_between(images.astype(np.float32), 2, self.size), 3, self.size)


@dataclass(frozen=True, slots=True)
class Fit:
    """Images of any size brought to `size` x `size`: enlarged by a whole factor, then padded with zeros.

    images (N, C, H, W) -> (N, C, size, size). 28x28 is padded to 32x32, 8x8 is enlarged four times; what is
    larger than `size` is made smaller. `mode` is how pixels are resampled, as in Resize.

    >>> Fit(32)
    Fit(size=32, mode='nearest')
    >>> [Fit(32)(np.ones((1, 1, n, n))).sum() for n in (8, 28, 32, 64)] == [32**2, 28**2, 32**2, 32**2]
    True
    """

    size: int = 32
    mode: str = "nearest"

    def __post_init__(self) -> None:
        _check_size(self.size, self.mode, "Fit")

    def __call__(self, images: Images, generator: Chance = None) -> Images:
        height, width = _rank4(images, "Fit")[2:]
        longest = max(height, width)
        if longest > self.size:
            return Resize(self.size, self.mode)(images)
        if (factor := self.size // longest) > 1:
            # a square first, so that a rectangle keeps its proportions
            images = Resize(longest * factor, self.mode)(_centred(images, longest))
        return _centred(images, self.size)


def _rank4(images: Images, op: str) -> tuple[int, int, int, int]:
    if images.ndim != 4 or 0 in images.shape[1:]:
        raise ShapeError(f"{op}: images has shape {images.shape}; a batch is (N, C, H, W), only N may be 0")
    count, channels, height, width = images.shape
    return count, channels, height, width


def _needed(generator: Chance, op: str) -> np.random.Generator:
    if generator is None:
        raise ArgumentError(
            f"{op}: generator is missing; {op} draws at random. Give numpy.random.default_rng(seed)"
        )
    return generator


def _check_size(size: int, mode: str, op: str) -> None:
    if size < 1:
        raise ArgumentError(f"{op}: size is {size}; it is at least 1")
    if mode not in ("nearest", "bilinear"):
        raise ArgumentError(f"{op}: mode is {mode!r}; it is 'nearest' or 'bilinear'")


def _pad(images: Images, sides: tuple[int, int, int, int], fill: float) -> Images:
    """`fill` around each image: top, bottom, left, right."""
    top, bottom, left, right = sides
    count, channels, height, width = images.shape
    result = np.full((count, channels, top + height + bottom, left + width + right), fill, images.dtype)
    result[:, :, top : top + height, left : left + width] = images
    return result


def _centred(images: Images, size: int) -> Images:
    """Zeros around each image up to size x size; an odd row or column goes below and to the right."""
    down, across = (size - length for length in images.shape[2:])
    if down == across == 0:
        return images
    return _pad(images, (down // 2, down - down // 2, across // 2, across - across // 2), 0)


def _between(images: Images, axis: int, size: int) -> Images:
    """Linear interpolation along one axis."""
    length = images.shape[axis]
    place = np.clip((np.arange(size) + 0.5) * (length / size) - 0.5, 0, length - 1)
    low = place.astype(np.int64)
    high = np.minimum(low + 1, length - 1)
    share = (place - low).astype(np.float32).reshape((-1, 1) if axis == 2 else (-1,))
    below, above = np.take(images, low, axis), np.take(images, high, axis)
    result: Images = below * (1 - share) + above * share
    return result
