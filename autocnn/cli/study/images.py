"""The images of a study: a stream of batches for each seed, and images for the test."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from autocnn.errors import UsageError

if TYPE_CHECKING:
    from autocnn.cli.study.settings import Settings

TESTED = 1000
"""Most images that a test during training takes: its error is then at most 1.6 points."""


class Images:
    """Training batches in an order that the seed decides, and a fixed set of test images, normalised."""

    def __init__(self, settings: Settings) -> None:
        from autocnn import data
        from autocnn.engine import Tensor

        self.train, held_out = _loaded(settings, "train"), _loaded(settings, "test")
        self.batch_size = settings.batch_size
        if self.batch_size > len(self.train):
            raise UsageError(
                f"study: --batch-size is {self.batch_size}; there are {len(self.train):,} training images"
            )
        self.normal = data.Normalize(self.train.mean, self.train.std, self.train.scale)
        few = min(TESTED, len(held_out))
        self.test = Tensor(self.normal(held_out.images[:few])), Tensor(held_out.labels[:few])

    @property
    def shape(self) -> tuple[int, int, int]:
        """Channels, height and width of an image."""
        channels, height, width = self.train.images.shape[1:]
        return channels, height, width

    @property
    def classes(self) -> int:
        """How many classes there are."""
        return len(self.train.classes)

    def batches(self, seed: int) -> Iterator[Any]:
        """The stream of training batches of a seed, begun anew by each call."""
        from autocnn import data

        loader = data.DataLoader(
            self.train, self.batch_size, shuffle=True, drop_last=True, seed=seed, transform=self.normal, prefetch=0
        )
        return itertools.chain.from_iterable(iter(loader) for _ in itertools.count())


def _loaded(settings: Settings, split: str) -> Any:
    from autocnn import data
    from autocnn.cli.fetching import shown
    from autocnn.cli.words import words_of

    with words_of("study"), shown() as progress:
        return data.load(settings.data, settings.data_dir, split, download=settings.download, progress=progress)
