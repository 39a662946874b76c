"""`torch.utils.data`: a loader of batches with PyTorch's arguments, and what makes batches of items."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from autocnn import ops
from autocnn.backend.random import Generator
from autocnn.compat.samplers import (
    BatchSampler,
    DistributedSampler,
    RandomSampler,
    Sampler,
    SequentialSampler,
    SubsetRandomSampler,
    WeightedRandomSampler,
)
from autocnn.compat.sets import (
    ChainDataset,
    ConcatDataset,
    Dataset,
    IterableDataset,
    Subset,
    TensorDataset,
    random_split,
)
from autocnn.engine import Tensor
from autocnn.errors import ArgumentError, OperandError


def default_collate(batch: Sequence[Any]) -> Any:
    """Items as one: tensors, arrays and numbers stacked, tuples and mappings part by part, strings as a list.

    Raises OperandError for other items.

    >>> default_collate([(1, "a"), (2, "b")])
    [tensor([1, 2]), ['a', 'b']]
    """
    first = batch[0]
    if isinstance(first, Tensor):
        return ops.stack(list(batch))
    if isinstance(first, (np.ndarray, np.generic)):
        return ops.as_tensor(np.stack([np.asarray(item) for item in batch]))
    if isinstance(first, float):
        return ops.tensor(list(batch), dtype="float64")
    if isinstance(first, int):
        return ops.tensor(list(batch))
    if isinstance(first, (str, bytes)):
        return list(batch)
    if isinstance(first, Mapping):
        return {key: default_collate([item[key] for item in batch]) for key in first}
    if isinstance(first, Sequence):
        return _parts(first, [default_collate(part) for part in _columns(batch)])
    raise OperandError(
        f"default_collate: an item is a {type(first).__name__}; items are tensors, arrays, numbers, strings, or "
        "tuples, lists and mappings of these. Change them (`ToTensor`) or give the loader a collate_fn"
    )


def default_convert(data: Any) -> Any:
    """Arrays in an item as tensors, whatever holds them.

    >>> default_convert({"x": np.ones(1)})
    {'x': tensor([1.], dtype=float64)}
    """
    if isinstance(data, (np.ndarray, np.generic)):
        return ops.as_tensor(np.asarray(data))
    if isinstance(data, Mapping):
        return {key: default_convert(value) for key, value in data.items()}
    if isinstance(data, (tuple, list)):
        return _parts(data, [default_convert(value) for value in data])
    return data


def _parts(first: Any, parts: list[Any]) -> Any:
    """Parts as what they came in if that has names, else as a list."""
    return type(first)(*parts) if hasattr(first, "_fields") else parts


def _columns(batch: Sequence[Any]) -> list[tuple[Any, ...]]:
    lengths = {len(item) for item in batch}
    if len(lengths) > 1:
        raise ArgumentError(f"default_collate: items have {sorted(lengths)} parts; all of a batch have as many")
    return list(zip(*batch, strict=True))


class DataLoader:
    """Batches of a data set: `for x, y in DataLoader(data, batch_size=32, shuffle=True)`.

    What PyTorch says of worker processes and pinned memory is accepted: batches are made in this process, when
    they are asked for. Raises ArgumentError for settings that contradict each other.

    >>> [batch.tolist() for batch in DataLoader(range(5), 2, drop_last=True)]
    [[0, 1], [2, 3]]
    """

    def __init__(
        self, dataset: Any, batch_size: int | None = 1, shuffle: bool | None = None, sampler: Any = None,
        batch_sampler: Any = None, num_workers: int = 0, collate_fn: Callable[[Any], Any] | None = None,
        pin_memory: bool = False, drop_last: bool = False, timeout: float = 0,
        worker_init_fn: Callable[[int], None] | None = None, multiprocessing_context: Any = None,
        generator: Generator | None = None, *, prefetch_factor: int | None = None,
        persistent_workers: bool = False, pin_memory_device: str = "", in_order: bool = True,
    ) -> None:  # fmt: skip
        if sampler is not None and shuffle:
            raise ArgumentError("DataLoader: shuffle is True and there is a sampler too. Give one of them")
        if batch_sampler is not None and (batch_size != 1 or shuffle or sampler is not None or drop_last):
            raise ArgumentError(
                f"DataLoader: batch_size is {batch_size}, shuffle {shuffle}, sampler {sampler}, drop_last "
                f"{drop_last}; a batch_sampler says all of these. Give it alone"
            )
        self.dataset, self.generator = dataset, generator
        self.num_workers, self.pin_memory = num_workers, pin_memory
        self.batch_size = None if batch_sampler is not None else batch_size
        self.drop_last = drop_last
        self._streams = isinstance(dataset, IterableDataset)
        self.sampler = sampler if self._streams or sampler is not None else self._order(bool(shuffle))
        if batch_sampler is None and batch_size is not None and not self._streams:
            batch_sampler = BatchSampler(self.sampler, batch_size, drop_last)
        self.batch_sampler = batch_sampler
        batched = batch_sampler is not None or batch_size is not None
        self.collate_fn = collate_fn or (default_collate if batched else default_convert)

    def _order(self, shuffle: bool) -> Any:
        if shuffle:
            return RandomSampler(self.dataset, generator=self.generator)
        return SequentialSampler(self.dataset)

    def __iter__(self) -> Iterator[Any]:
        return map(self.collate_fn, self._items())

    def _items(self) -> Iterator[Any]:
        """Items, or lists of those of a batch."""
        if self._streams:
            yield from self._runs() if self.batch_size else self.dataset
        elif self.batch_sampler is None:
            yield from (self.dataset[number] for number in self.sampler)
        else:
            yield from ([self.dataset[number] for number in chosen] for chosen in self.batch_sampler)

    def _runs(self) -> BatchSampler:
        """What comes one after another, as lists of a batch."""
        return BatchSampler(self.dataset, self.batch_size or 1, self.drop_last)

    def __len__(self) -> int:
        if self._streams:
            return len(self._runs())
        return len(self.sampler if self.batch_sampler is None else self.batch_sampler)


def get_worker_info() -> None:
    """None: this is no worker's process.

    >>> get_worker_info()
    """


__all__ = [
    "BatchSampler", "ChainDataset", "ConcatDataset", "DataLoader", "Dataset", "DistributedSampler",
    "IterableDataset", "RandomSampler", "Sampler", "SequentialSampler", "Subset", "SubsetRandomSampler",
    "TensorDataset", "WeightedRandomSampler", "default_collate", "default_convert", "get_worker_info",
    "random_split",
]  # fmt: skip
