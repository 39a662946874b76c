"""`torch.utils.data`'s data sets: the base classes, and parts, sums and rows of data."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate, chain
from typing import Any

from autocnn import ops
from autocnn.backend.random import Generator
from autocnn.engine import Tensor
from autocnn.errors import ArgumentError, OutOfRangeError


class Dataset:
    """Items by number: derive from it, and write `__getitem__` and `__len__`."""

    def __class_getitem__(cls, item: Any) -> type:
        return cls

    def __add__(self, other: Any) -> ConcatDataset:
        return ConcatDataset([self, other])


class IterableDataset(Dataset):
    """Items one after another: derive from it, and write `__iter__`."""


class TensorDataset(Dataset):
    """Rows of tensors of equal length, as a tuple.

    Raises ArgumentError if the lengths differ.

    >>> TensorDataset(Tensor([[1.0], [2.0]]), Tensor([0, 1]))[1]
    (tensor([2.]), tensor(1))
    """

    def __init__(self, *tensors: Tensor) -> None:
        lengths = [len(tensor) for tensor in tensors]
        if len(set(lengths)) > 1:
            raise ArgumentError(f"TensorDataset: lengths are {lengths}; all tensors have as many rows")
        self.tensors = tensors

    def __getitem__(self, index: Any) -> tuple[Tensor, ...]:
        return tuple(tensor[index] for tensor in self.tensors)

    def __len__(self) -> int:
        return len(self.tensors[0])


class Subset(Dataset):
    """Those items of a data set that have certain numbers.

    >>> list(Subset("abcd", [3, 0]))
    ['d', 'a']
    """

    def __init__(self, dataset: Any, indices: Sequence[int]) -> None:
        self.dataset, self.indices = dataset, indices

    def __getitem__(self, index: Any) -> Any:
        chosen = [self.indices[i] for i in index] if isinstance(index, list) else self.indices[index]
        return self.dataset[chosen]

    def __len__(self) -> int:
        return len(self.indices)


class ConcatDataset(Dataset):
    """Several data sets, one behind the other.

    Raises ArgumentError if there is none.

    >>> both = ConcatDataset(["ab", "cde"])
    >>> len(both), both[1], both[2], both[-1]
    (5, 'b', 'c', 'e')
    """

    def __init__(self, datasets: Iterable[Any]) -> None:
        self.datasets = list(datasets)
        if not self.datasets:
            raise ArgumentError("ConcatDataset: there is no data set; give one at least")
        self.cumulative_sizes = list(accumulate(map(len, self.datasets)))

    def __getitem__(self, index: int) -> Any:
        place = index + len(self) if index < 0 else index
        if not 0 <= place < len(self):
            raise OutOfRangeError(f"ConcatDataset: index is {index}; there are {len(self)} items")
        which = bisect_right(self.cumulative_sizes, place)
        return self.datasets[which][place - (self.cumulative_sizes[which - 1] if which else 0)]

    def __len__(self) -> int:
        return self.cumulative_sizes[-1]


class ChainDataset(IterableDataset):
    """The items of several data sets, one set after another.

    >>> list(ChainDataset(["ab", "c"]))
    ['a', 'b', 'c']
    """

    def __init__(self, datasets: Iterable[Any]) -> None:
        self.datasets = datasets

    def __iter__(self) -> Iterator[Any]:
        return chain.from_iterable(self.datasets)


def random_split(dataset: Any, lengths: Sequence[float], generator: Generator | None = None) -> list[Subset]:
    """Parts of a data set without a common item, drawn at random; lengths are numbers of items, or shares of 1.

    Raises ArgumentError unless they add up to the whole.

    >>> [len(part) for part in random_split(range(10), [0.75, 0.25])]
    [8, 2]
    """
    counts = _counts(list(lengths), len(dataset))
    if sum(counts) != len(dataset):
        raise ArgumentError(
            f"random_split: lengths are {lengths}; together they are {len(dataset)}, as many as there are items, "
            "or 1"
        )
    order: list[int] = ops.randperm(len(dataset), generator=generator).tolist()
    ends = list(accumulate(counts))
    return [Subset(dataset, order[end - count : end]) for end, count in zip(ends, counts, strict=True)]


def _counts(lengths: list[float], total: int) -> list[int]:
    """Numbers of items; what shares leave over goes to the parts one by one, the first part first."""
    if abs(sum(lengths) - 1) > 1e-6 or not all(0 <= length <= 1 for length in lengths):
        return [int(length) for length in lengths]
    counts = [int(total * share) for share in lengths]
    for i in range(total - sum(counts)):
        counts[i % len(counts)] += 1
    return counts


__all__ = [
    "ChainDataset", "ConcatDataset", "Dataset", "IterableDataset", "Subset", "TensorDataset", "random_split",
]  # fmt: skip
