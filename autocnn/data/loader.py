"""Batches of a data set, in an order that can be repeated and gone on with."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from autocnn.backend.random import Generator, default_generator, integers
from autocnn.data.chance import permutation, stream
from autocnn.data.dataset import ArrayDataset
from autocnn.data.prefetch import prefetched
from autocnn.data.transforms import Transform
from autocnn.engine import Tensor
from autocnn.errors import ArgumentError, DataError, StateError

_ORDER, _TRANSFORM = 16, 17  # what a stream of chance is for

Batch: TypeAlias = tuple[Tensor, Tensor]


class Dataset(Protocol):
    """What a loader needs: a length, and a pair (x, y) for every number below it."""

    def __len__(self) -> int: ...

    def __getitem__(self, index: int, /) -> tuple[Any, Any]: ...


class DataLoader:
    """Batches (x, y) of a data set, as Tensors: x float32 (B, ...), y int64 (B,) for class numbers.

    Iterating gives one epoch. With `shuffle` its order depends on `seed` and the number of the epoch alone;
    what `transform` draws depends on those and on the number of the batch. Without `seed` it is drawn once,
    from `generator` or the library's own (`manual_seed`). `prefetch` batches are made ahead in one background
    thread; 0 makes each when it is asked for. Pixels of uint8 become floats of the same value: scaling is
    what a Normalize is for.

    `state_dict()` says which batch comes next, so that training goes on with the very same batches. Leaving a
    loop early and starting another begins the next epoch.

    Raises ArgumentError if a size is not what it should be.

    >>> data = ArrayDataset(np.zeros((5, 1, 2, 2), np.uint8), np.arange(5))
    >>> loader = DataLoader(data, batch_size=2, shuffle=True, seed=0)
    >>> len(loader), [tuple(x.shape) for x, y in loader]
    (3, [(2, 1, 2, 2), (2, 1, 2, 2), (1, 1, 2, 2)])
    """

    def __init__(
        self,
        dataset: ArrayDataset | Dataset,
        batch_size: int = 1,
        shuffle: bool = False,
        *,
        drop_last: bool = False,
        seed: int | None = None,
        generator: Generator | np.random.Generator | None = None,
        transform: Transform | None = None,
        prefetch: int = 2,
    ) -> None:
        if batch_size < 1:
            raise ArgumentError(f"DataLoader: batch_size is {batch_size}; a batch has at least 1 image")
        if prefetch < 0:
            raise ArgumentError(f"DataLoader: prefetch is {prefetch}; it is at least 0")
        if seed is not None and generator is not None:
            raise ArgumentError(f"DataLoader: seed is {seed} and there is a generator too. Give one of them")
        if seed is None:
            seed = _drawn(generator) if shuffle or transform is not None else 0
        if seed < 0:
            raise ArgumentError(f"DataLoader: seed is {seed}; it is at least 0")
        self.dataset = dataset
        self.batch_size = batch_size
        self.shuffle = shuffle
        self.drop_last = drop_last
        self.seed = seed
        self.transform = transform
        self.prefetch = prefetch
        self._epoch = 0
        self._position = 0  # batches of this epoch that were handed out
        self._resumed = False  # whether the next loop goes on at the position

    def __len__(self) -> int:
        """The number of batches in an epoch."""
        full, rest = divmod(len(self.dataset), self.batch_size)
        return full if self.drop_last or not rest else full + 1

    def __repr__(self) -> str:
        return (
            f"DataLoader({self.dataset!r}, batch_size={self.batch_size}, shuffle={self.shuffle}, "
            f"drop_last={self.drop_last}, seed={self.seed}, transform={self.transform!r}, "
            f"prefetch={self.prefetch})"
        )

    @property
    def epoch(self) -> int:
        """The number of the epoch that is under way, or comes next."""
        return self._epoch

    def __iter__(self) -> Iterator[Batch]:
        if self._position and not self._resumed:  # the last loop was left early
            self._epoch, self._position = self._epoch + 1, 0
        self._resumed = False
        return self._hand_out(self._epoch, self._position)

    def _hand_out(self, epoch: int, start: int) -> Iterator[Batch]:
        """The batches of an epoch from `start` on, keeping count."""
        made = self._batches(epoch, start)
        if self.prefetch:
            made = prefetched(made, self.prefetch)
        for position, batch in enumerate(made, start + 1):
            self._epoch, self._position = epoch, position
            yield batch
        self._epoch, self._position = epoch + 1, 0

    def _batches(self, epoch: int, start: int) -> Iterator[Batch]:
        order = self._order(epoch)
        for number in range(start, len(self)):
            chosen = order[number * self.batch_size : (number + 1) * self.batch_size]
            x, y = self._take(chosen)
            if self.transform is not None:
                x = self.transform(x, np.random.Generator(stream(self.seed, _TRANSFORM, number, epoch)))
            yield _collate(x, y)

    def _order(self, epoch: int) -> npt.NDArray[np.int64]:
        count = len(self.dataset)
        return permutation(count, stream(self.seed, _ORDER, 0, epoch)) if self.shuffle else np.arange(count)

    def _take(self, chosen: npt.NDArray[np.int64]) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
        if isinstance(self.dataset, ArrayDataset):
            return self.dataset[chosen]
        pairs = [self.dataset[int(index)] for index in chosen]
        return _stack([x for x, _ in pairs], chosen), _stack([y for _, y in pairs], chosen)

    def state_dict(self) -> dict[str, Any]:
        """Seed, epoch and position in it (batches handed out), and what makes the order what it is.

        >>> state = DataLoader(ArrayDataset(np.zeros((5, 1, 2, 2)), np.arange(5)), seed=3).state_dict()
        >>> [state[key] for key in ("seed", "epoch", "position", "length")]
        [3, 0, 0, 5]
        """
        return {"seed": self.seed, "epoch": self._epoch, "position": self._position, **self._shape_of_epoch()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take up where `state_dict` was taken: the next loop begins with the batch that came next then.

        Raises StateError if keys are missing, or the data set or the batches are not those of the state.
        """
        expected = self._shape_of_epoch()
        missing = [key for key in ("seed", "epoch", "position", *expected) if key not in state]
        if missing:
            raise StateError(f"DataLoader.load_state_dict: state lacks {', '.join(missing)}")
        for key, value in expected.items():
            if state[key] != value:
                raise StateError(
                    f"DataLoader.load_state_dict: {key} is {value}, the state was taken with {state[key]}. "
                    "Make the loader as it was then"
                )
        self.seed, self._epoch = int(state["seed"]), int(state["epoch"])
        self._position = int(state["position"])
        self._resumed = True

    def _shape_of_epoch(self) -> dict[str, Any]:
        return {
            "length": len(self.dataset),
            "batch_size": self.batch_size,
            "shuffle": self.shuffle,
            "drop_last": self.drop_last,
        }


def _drawn(generator: Generator | np.random.Generator | None) -> int:
    """A seed from a generator."""
    if isinstance(generator, np.random.Generator):
        return int(generator.integers(1 << 63))
    key, counter = (generator or default_generator()).next_key()
    return int(integers(key, counter, (), 0, 1 << 63))


def _stack(values: Sequence[Any], chosen: npt.NDArray[np.int64]) -> npt.NDArray[Any]:
    """The values of a batch as one array."""
    arrays = [np.asarray(value) for value in values]
    for array, index in zip(arrays, chosen, strict=True):
        if array.shape != arrays[0].shape:
            raise DataError(
                f"DataLoader: item {index} has shape {array.shape}, item {chosen[0]} {arrays[0].shape}; "
                "all items of a batch have one shape. Crop or resize them"
            )
    return np.stack(arrays)


def _collate(x: npt.NDArray[Any], y: npt.NDArray[Any]) -> Batch:
    """What a batch is handed out as: whole numbers y are classes, others are targets."""
    kind = np.int64 if y.dtype.kind in "iub" else np.float32
    return Tensor(x.astype(np.float32, copy=False)), Tensor(y.astype(kind, copy=False))
