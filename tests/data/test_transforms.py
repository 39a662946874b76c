"""Transforms of a batch: exact values, shapes and dtypes kept, chance from the generator alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from autocnn.data import Compose, Fit, Normalize, Pad, RandomCrop, RandomHorizontalFlip, Resize
from autocnn.errors import ArgumentError, ShapeError

EVERY = [
    Normalize((0.1, 0.2, 0.3), (0.5, 0.6, 0.7)),
    RandomCrop(7, padding=2),
    RandomHorizontalFlip(),
    Pad(2),
    Resize(12),
    Resize(5, "bilinear"),
    Fit(16),
    Compose([RandomCrop(8, padding=1), RandomHorizontalFlip(0.3), Normalize((0.5,), (0.5,))]),
]


def batch(count: int = 6, channels: int = 3, height: int = 8, width: int = 8) -> np.ndarray:
    shape = (count, channels, height, width)
    return np.random.default_rng(1).integers(256, size=shape, dtype=np.uint8)


@pytest.mark.parametrize("transform", EVERY, ids=repr)
def test_pure_repeatable_and_fit_for_empty_batches(transform: Callable[..., np.ndarray]) -> None:
    images = batch()
    before = images.copy()
    first = transform(images, np.random.default_rng(3))
    second = transform(images, np.random.default_rng(3))
    np.testing.assert_array_equal(first, second)
    np.testing.assert_array_equal(images, before)
    assert not np.shares_memory(first, images) or isinstance(transform, Fit)
    assert transform(images[:0], np.random.default_rng(3)).shape == (0, *first.shape[1:])
    assert transform(images.astype(np.float32), np.random.default_rng(3)).dtype == np.float32
    with pytest.raises(ShapeError, match=r"images has shape \(3, 8, 8\); a batch is \(N, C, H, W\), only N may"):
        transform(images[0], np.random.default_rng(3))


@pytest.mark.parametrize("transform", EVERY, ids=repr)
def test_repr_makes_it_again(transform: Any) -> None:
    again = eval(repr(transform))
    assert repr(again) == repr(transform)


def test_normalize_values() -> None:
    images = batch()
    mean, std = (0.1, 0.2, 0.3), (0.5, 0.6, 0.7)
    got = Normalize(mean, std)(images)
    assert got.dtype == np.float32
    expected = (images / 255 - np.reshape(mean, (1, 3, 1, 1))) / np.reshape(std, (1, 3, 1, 1))
    np.testing.assert_allclose(got, expected, rtol=2e-6, atol=1e-6)
    one = Normalize([0.5], [0.25], scale=16)(images)
    np.testing.assert_allclose(one, (images / 16 - 0.5) / 0.25, rtol=2e-6)


def test_crop_takes_windows_of_the_padded_image() -> None:
    images, size, padding = batch(40), 7, 2
    padded = np.pad(images, ((0, 0), (0, 0), (2, 2), (2, 2)))
    places = set()
    for image, got in zip(padded, RandomCrop(size, padding)(images, np.random.default_rng(0)), strict=True):
        found = [(i, j) for i in range(6) for j in range(6) if (image[:, i : i + size, j : j + size] == got).all()]
        assert len(found) == 1
        places.update(found)
    assert len(places) > 20  # of the 36


def test_crop_reaches_every_place_evenly() -> None:
    images = np.broadcast_to(np.arange(9.0).reshape(1, 1, 3, 3), (9000, 1, 3, 3))
    got = RandomCrop(1)(images, np.random.default_rng(0))
    counts = np.bincount(got.astype(int).ravel(), minlength=9)
    assert counts.min() > 850
    assert counts.max() < 1150


def test_crop_of_a_rectangle_and_fill() -> None:
    got = RandomCrop(4, padding=3, fill=-5)(np.ones((50, 1, 2, 9)), np.random.default_rng(0))
    assert got.shape == (50, 1, 4, 4)
    assert set(np.unique(got)) == {-5, 1}


def test_flip_mirrors_about_half() -> None:
    images = batch(2000)
    got = RandomHorizontalFlip()(images, np.random.default_rng(0))
    mirrored = (got == images[..., ::-1]).all((1, 2, 3))
    same = (got == images).all((1, 2, 3))
    assert (mirrored ^ same).all()
    assert 900 < mirrored.sum() < 1100


@pytest.mark.parametrize(("p", "step"), [(0.0, 1), (1.0, -1)])
def test_flip_never_and_always(p: float, step: int) -> None:
    images = batch()
    got = RandomHorizontalFlip(p)(images, np.random.default_rng(0))
    np.testing.assert_array_equal(got, images[..., ::step])


def test_pad_surrounds_with_fill() -> None:
    got = Pad(2, fill=9)(batch())
    np.testing.assert_array_equal(got[:, :, 2:-2, 2:-2], batch())
    assert got.dtype == np.uint8
    assert got.astype(int).sum() - batch().astype(int).sum() == 6 * 3 * (12 * 12 - 8 * 8) * 9


def test_fit_enlarges_by_whole_factors_and_centres() -> None:
    digits, pictures = batch(2, 1), batch(2, 1, 28, 28)
    np.testing.assert_array_equal(Fit(32)(digits), digits.repeat(4, 2).repeat(4, 3))
    np.testing.assert_array_equal(Fit(32)(pictures), Pad(2)(pictures))
    np.testing.assert_array_equal(Fit(32)(batch(2, 3, 64, 64)), batch(2, 3, 64, 64)[:, :, ::2, ::2])
    wide = Fit(8)(np.ones((1, 1, 2, 4)))
    assert wide[0, 0].tolist() == [[0.0] * 8] * 2 + [[1.0] * 8] * 4 + [[0.0] * 8] * 2
    odd = Fit(6)(np.ones((1, 1, 5, 5)))
    assert odd[0, 0, :5, :5].all()
    assert not odd[0, 0, 5].any()


@pytest.mark.torch
@pytest.mark.parametrize("mode", ["nearest", "bilinear"])
@pytest.mark.parametrize("size", [1, 5, 8, 13, 32])
def test_resize_is_torchs(mode: str, size: int) -> None:
    torch = pytest.importorskip("torch")
    images = batch(2, 3, 8, 11).astype(np.float32)
    expected = torch.nn.functional.interpolate(torch.from_numpy(images), size=(size, size), mode=mode).numpy()
    np.testing.assert_allclose(Resize(size, mode)(images), expected, rtol=1e-5, atol=1e-4)


def test_compose_draws_in_turn_from_one_generator() -> None:
    images, one, two = batch(), np.random.default_rng(5), np.random.default_rng(5)
    expected = RandomHorizontalFlip()(RandomCrop(6)(images, one), one)
    np.testing.assert_array_equal(Compose([RandomCrop(6), RandomHorizontalFlip()])(images, two), expected)
    np.testing.assert_array_equal(Compose([])(images), images)


@pytest.mark.parametrize(
    ("make", "error", "text"),
    [
        (
            lambda: RandomCrop(8)(batch()),
            ArgumentError,
            "RandomCrop: generator is missing; RandomCrop draws at random. Give numpy.random.default_rng(seed)",
        ),
        (
            lambda: RandomCrop(11, 1)(batch(), np.random.default_rng(0)),
            ShapeError,
            "RandomCrop: a window of 11x11 does not fit in 8x8 padded by 1. Give a smaller size or more padding",
        ),
        (
            lambda: RandomCrop(0),
            ArgumentError,
            "RandomCrop: size is 0 and padding 0; size is at least 1, padding at least 0",
        ),
        (
            lambda: RandomHorizontalFlip(1.5),
            ArgumentError,
            "RandomHorizontalFlip: p is 1.5; a probability is in 0..1",
        ),
        (
            lambda: Normalize((0.1, 0.2), (1.0, 1.0))(batch()),
            ShapeError,
            "Normalize: images has 3 channels (6, 3, 8, 8), mean has 2. Give one number for each channel",
        ),
        (
            lambda: Normalize((0.1, 0.2), (1.0,)),
            ShapeError,
            "Normalize: mean has 2 channels, std has 1",
        ),
        (
            lambda: Normalize((0.1,), (0.0,)),
            ArgumentError,
            "Normalize: std is (0.0,) and scale 255.0; both must be positive",
        ),
        (lambda: Pad(-1), ArgumentError, "Pad: padding is -1; it is at least 0"),
        (lambda: Resize(0), ArgumentError, "Resize: size is 0; it is at least 1"),
        (
            lambda: Fit(8, "cubic"),
            ArgumentError,
            "Fit: mode is 'cubic'; it is 'nearest' or 'bilinear'",
        ),
    ],
)
def test_errors(make: Callable[[], object], error: type[Exception], text: str) -> None:
    with pytest.raises(error) as caught:
        make()
    assert str(caught.value) == text
