"""`torch.utils.data` gives the batches that PyTorch's gives; draws come in any order, but every item comes."""

from __future__ import annotations

from collections import namedtuple
from typing import Any

import numpy as np
import pytest

import autocnn as ac
from autocnn import compat
from autocnn.errors import ArgumentError, OperandError, OutOfRangeError

data = ac.utils.data

Pair = namedtuple("Pair", "x y")
ITEMS = {
    "tensor and number": lambda torch: [(torch.ones(2) * i, i) for i in range(5)],
    "arrays": lambda torch: [(np.full(2, i, "float32"), np.int64(i)) for i in range(5)],
    "floats": lambda torch: [0.5 * i for i in range(5)],
    "bools": lambda torch: [i % 2 == 0 for i in range(5)],
    "mapping": lambda torch: [{"x": torch.ones(1) * i, "name": str(i)} for i in range(5)],
    "named": lambda torch: [Pair(i, [i, 2 * i]) for i in range(5)],
}
SETTINGS: list[dict[str, Any]] = [
    {"batch_size": 2},
    {"batch_size": 2, "drop_last": True},
    {"batch_size": None},
    {"batch_size": 3, "num_workers": 0, "pin_memory": False, "collate_fn": list},
    {"batch_sampler": [[0, 4], [1]]},
    {"sampler": [3, 1], "batch_size": 2},
]


def plain(value: Any) -> Any:
    """A batch without the library that it came from: dtypes, shapes and values."""
    if hasattr(value, "dtype"):
        return str(value.dtype).removeprefix("torch."), tuple(value.shape), value.tolist()
    if isinstance(value, dict):
        return {key: plain(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value).__name__, [plain(part) for part in value]
    return value


@pytest.mark.torch
@pytest.mark.parametrize("settings", SETTINGS, ids=str)
@pytest.mark.parametrize("items", ITEMS)
def test_batches_are_pytorchs(items: str, settings: dict[str, Any]) -> None:
    torch = pytest.importorskip("torch")
    loader = torch.utils.data.DataLoader(ITEMS[items](torch), **settings)
    expected = len(loader), [plain(batch) for batch in loader]
    with compat.run_as_torch() as torch:
        from torch.utils.data import DataLoader

        loader = DataLoader(ITEMS[items](torch), **settings)
        assert (len(loader), [plain(batch) for batch in loader]) == expected


@pytest.mark.torch
@pytest.mark.parametrize("drop_last", [True, False])
@pytest.mark.parametrize("count", [4, 5, 7])
def test_shares_of_processes_are_pytorchs(count: int, drop_last: bool) -> None:
    torch = pytest.importorskip("torch")
    given = {"num_replicas": 3, "shuffle": False, "drop_last": drop_last}
    for rank in range(3):
        theirs = torch.utils.data.DistributedSampler(range(count), rank=rank, **given)
        own = data.DistributedSampler(range(count), rank=rank, **given)
        assert (list(own), len(own)) == (list(theirs), len(theirs))


def test_a_shuffled_epoch_has_every_item_once_and_a_seed_repeats_it() -> None:
    rows = data.TensorDataset(ac.arange(10), ac.arange(10) * 2)
    seen = []
    for _ in range(2):
        ac.manual_seed(3)
        loader = data.DataLoader(rows, batch_size=4, shuffle=True, num_workers=2, pin_memory=True)
        epochs = [[x.tolist() for x, y in loader if (y == 2 * x).all()] for _ in range(2)]
        seen.append(epochs)
        assert [sorted(i for batch in epoch for i in batch) for epoch in epochs] == [list(range(10))] * 2
        assert epochs[0] != epochs[1]
    assert seen[0] == seen[1]


def test_samplers_draw_what_they_say() -> None:
    generator = ac.Generator("cpu").manual_seed(1)
    assert sorted(data.SubsetRandomSampler([5, 7, 9], generator)) == [5, 7, 9]
    assert set(data.WeightedRandomSampler([0.0, 1.0, 2.0], 60, generator=generator)) == {1, 2}
    assert set(data.RandomSampler(range(3), replacement=True, num_samples=60)) == {0, 1, 2}
    assert len(list(data.RandomSampler(range(3), num_samples=7))) == 7
    shares = [data.DistributedSampler(range(7), 2, rank) for rank in range(2)]
    assert sorted({*shares[0], *shares[1]}) == list(range(7))
    before = list(shares[0])
    shares[0].set_epoch(1)
    assert list(shares[0]) != before


def test_parts_and_sums_of_data() -> None:
    parts = data.random_split(range(10), [7, 3], generator=ac.Generator().manual_seed(0))
    assert sorted([*parts[0], *parts[1]]) == list(range(10))
    assert [len(part) for part in data.random_split(range(11), [0.5, 0.5])] == [6, 5]
    both = data.ConcatDataset([range(3), data.Subset(range(10), [9, 8])])
    assert [both[i] for i in range(len(both))] == [0, 1, 2, 9, 8]

    class Rows(data.Dataset[int]):
        def __getitem__(self, i: int) -> int:
            return i

        def __len__(self) -> int:
            return 2

    assert len(Rows() + Rows()) == 4

    class Stream(data.IterableDataset):
        def __iter__(self):
            return iter(range(5))

    assert [batch.tolist() for batch in data.DataLoader(Stream(), batch_size=2)] == [[0, 1], [2, 3], [4]]


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (
            lambda: data.DataLoader(range(3), shuffle=True, sampler=[0]),
            ArgumentError,
            r"^DataLoader: shuffle is True and there is a sampler too\. Give one of them$",
        ),
        (
            lambda: data.DataLoader(range(3), 2, batch_sampler=[[0]]),
            ArgumentError,
            r"^DataLoader: batch_size is 2, .* Give it alone$",
        ),
        (
            lambda: next(iter(data.DataLoader([object()]))),
            OperandError,
            r"^default_collate: an item is a object; items are .*collate_fn$",
        ),
        (
            lambda: data.default_collate([(1, 2), (1,)]),
            ArgumentError,
            r"^default_collate: items have \[1, 2\] parts; all of a batch have as many$",
        ),
        (
            lambda: data.TensorDataset(ac.ones(2), ac.ones(3)),
            ArgumentError,
            r"^TensorDataset: lengths are \[2, 3\]; all tensors have as many rows$",
        ),
        (
            lambda: data.random_split(range(3), [1, 1]),
            ArgumentError,
            r"^random_split: lengths are \[1, 1\]; together they are 3, as many as there are items, or 1$",
        ),
        (
            lambda: data.ConcatDataset([]),
            ArgumentError,
            r"^ConcatDataset: there is no data set; ",
        ),
        (
            lambda: data.ConcatDataset([range(2)])[2],
            OutOfRangeError,
            r"^ConcatDataset: index is 2; there are 2 items$",
        ),
        (
            lambda: data.BatchSampler(range(3), 0, False),
            ArgumentError,
            r"^BatchSampler: batch_size is 0; a batch has at least 1 item$",
        ),
        (
            lambda: data.DistributedSampler(range(3), 2, 2),
            ArgumentError,
            r"^DistributedSampler: rank is 2; it is below 2$",
        ),
    ],
)
def test_what_contradicts_itself_is_refused(call: Any, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        call()
