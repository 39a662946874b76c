"""DataLoader: which batches, in which order, made where, and gone on with exactly."""

from __future__ import annotations

import gc
import json
import threading
import traceback
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from autocnn.backend.random import Generator, manual_seed
from autocnn.data import ArrayDataset, Compose, DataLoader, Normalize, RandomCrop, RandomHorizontalFlip
from autocnn.data.prefetch import prefetched
from autocnn.engine import Tensor
from autocnn.errors import ArgumentError, DataError, StateError

AUGMENT = Compose([RandomCrop(4, padding=1), RandomHorizontalFlip()])


def array(value: Tensor) -> np.ndarray:
    """The array of what a loader gives."""
    assert type(value) is Tensor
    assert not value.requires_grad
    return value.array


def epoch(loader: DataLoader) -> list[tuple[bytes, list[int]]]:
    return [(array(x).tobytes(), array(y).tolist()) for x, y in loader]


def order(loader: DataLoader) -> list[int]:
    return [int(value) for x, _ in loader for value in array(x)[:, 0, 0, 0]]


@pytest.fixture(autouse=True)
def no_thread_stays() -> Iterator[None]:
    yield
    gc.collect()
    assert [thread.name for thread in threading.enumerate() if thread.name == "autocnn-prefetch"] == []


def test_sizes(small: ArrayDataset) -> None:
    for size, drop_last, sizes in [
        (5, False, [5] * 4 + [3]),
        (5, True, [5] * 4),
        (23, False, [23]),
        (30, True, []),
    ]:
        loader = DataLoader(small, size, drop_last=drop_last)
        assert [array(x).shape[0] for x, _ in loader] == sizes
        assert len(loader) == len(sizes)


def test_batches_are_float32_and_int64_with_values_kept(small: ArrayDataset) -> None:
    x, y = next(iter(DataLoader(small, 4, prefetch=0)))
    assert (array(x).dtype, array(y).dtype) == (np.float32, np.int64)
    assert array(x)[:, 0, 0, 0].tolist() == [0, 1, 2, 3]
    assert array(y).tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize("prefetch", [0, 1, 2, 50])
def test_order_depends_on_seed_and_epoch_alone(small: ArrayDataset, prefetch: int) -> None:
    first = DataLoader(small, 5, True, seed=1, prefetch=prefetch)
    epochs = [order(first) for _ in range(3)]
    other_size = DataLoader(small, 7, True, seed=1, transform=lambda x, generator: x)
    assert [order(other_size) for _ in range(3)] == epochs
    assert all(sorted(one) == list(range(23)) for one in epochs)
    assert epochs[0] != epochs[1] != epochs[2] != epochs[0]
    assert order(DataLoader(small, 5, True, seed=2)) != epochs[0]
    assert order(DataLoader(small, 5, seed=1)) == list(range(23))


@pytest.mark.parametrize("make", [lambda: np.random.default_rng(4), lambda: Generator(4)])
def test_a_generator_gives_the_seed_once(small: ArrayDataset, make: Callable[[], Any]) -> None:
    one, two = (DataLoader(small, 5, True, generator=make()) for _ in range(2))
    assert one.seed == two.seed > 0
    assert order(one) == order(two)
    generator = make()
    assert len({DataLoader(small, 5, True, generator=generator).seed for _ in range(3)}) == 3


def test_without_a_seed_the_library_gives_one(small: ArrayDataset) -> None:
    seeds = []
    for _ in range(2):
        manual_seed(3)
        seeds.append([DataLoader(small, 5, True).seed for _ in range(3)])
    assert seeds[0] == seeds[1]
    assert len(set(seeds[0])) == 3
    manual_seed(3)
    DataLoader(small, 5)  # nothing by chance: nothing is drawn
    assert DataLoader(small, 5, True).seed == seeds[0][0]


def test_transforms_depend_on_seed_epoch_and_batch(small: ArrayDataset) -> None:
    loader = DataLoader(small, 5, seed=1, transform=AUGMENT)
    one, two = epoch(loader), epoch(loader)
    assert [x for x, _ in one] != [x for x, _ in two]
    again = DataLoader(small, 5, seed=1, transform=AUGMENT, prefetch=0)
    assert epoch(again) == one
    assert epoch(again) == two


@pytest.mark.parametrize("prefetch", [0, 3])
@pytest.mark.parametrize("stop", range(11))
def test_resumed_anywhere_it_goes_on_exactly(small: ArrayDataset, stop: int, prefetch: int) -> None:
    def make() -> DataLoader:
        return DataLoader(small, 5, True, seed=9, transform=AUGMENT, prefetch=prefetch)

    whole = make()
    expected = epoch(whole) + epoch(whole) + epoch(whole)
    cut, seen, state = make(), [], make().state_dict()
    while len(seen) < stop:
        for x, y in cut:
            seen.append((array(x).tobytes(), array(y).tolist()))
            state = cut.state_dict()
            if len(seen) == stop:
                break
    resumed = make()
    resumed.load_state_dict(json.loads(json.dumps(state)))
    while len(seen) < len(expected):
        seen += epoch(resumed)
    assert seen == expected


def test_the_last_batch_leaves_its_epoch_open(small: ArrayDataset) -> None:
    """What follows an epoch (validation, say) is not lost when a checkpoint is made during its last batch."""
    loader = DataLoader(small, 12)
    states = [loader.state_dict() for _ in loader]
    assert [(state["epoch"], state["position"]) for state in states] == [(0, 1), (0, 2)]
    assert (loader.epoch, loader.state_dict()["position"]) == (1, 0)
    resumed = DataLoader(small, 12)
    resumed.load_state_dict(states[-1])
    assert list(resumed) == []
    assert resumed.epoch == 1


def test_leaving_early_begins_the_next_epoch(small: ArrayDataset) -> None:
    loader, whole = (DataLoader(small, 5, True, seed=0) for _ in range(2))
    next(iter(loader))
    order(whole)
    assert order(loader) == order(whole)
    assert loader.epoch == 2


def test_state_that_does_not_fit(small: ArrayDataset) -> None:
    state = DataLoader(small, 5).state_dict()
    with pytest.raises(StateError) as other:
        DataLoader(small, 6).load_state_dict(state)
    assert str(other.value) == (
        "DataLoader.load_state_dict: batch_size is 6, the state was taken with 5. Make the loader as it was then"
    )
    with pytest.raises(StateError) as lacking:
        DataLoader(small, 5).load_state_dict({"seed": 1, "epoch": 2})
    assert str(lacking.value) == (
        "DataLoader.load_state_dict: state lacks position, length, batch_size, shuffle, drop_last"
    )


def fails_at(limit: int) -> Iterator[int]:
    yield from range(limit)
    raise KeyError("planted")


def test_an_error_of_the_thread_comes_with_its_traceback() -> None:
    taken = []
    with pytest.raises(KeyError, match="planted") as caught:
        taken.extend(prefetched(fails_at(3), depth=2))
    assert taken == [0, 1, 2]
    assert "fails_at" in "".join(traceback.format_tb(caught.value.__traceback__))


def test_an_error_of_a_transform_reaches_the_loop(small: ArrayDataset) -> None:
    loader = DataLoader(small, 5, transform=RandomCrop(99))
    with pytest.raises(ValueError, match="RandomCrop: a window of 99x99 does not fit"):
        next(iter(loader))


@pytest.mark.parametrize("depth", [1, 3])
def test_it_is_never_more_than_depth_ahead(depth: int) -> None:
    made: list[int] = []
    ready = threading.Event()

    def items() -> Iterator[int]:
        for number in range(20):
            made.append(number)
            if len(made) >= depth:
                ready.set()
            yield number

    running = prefetched(items(), depth)
    for number, item in enumerate(running):
        assert item == number
        assert len(made) <= number + 1 + depth
    assert made == list(range(20))


def test_closing_ends_a_thread_that_waits_for_room() -> None:
    running = prefetched(iter(range(1000)), depth=2)
    assert next(running) == 0
    running.close()


def test_an_iterator_that_is_never_begun_has_no_thread(small: ArrayDataset) -> None:
    iter(DataLoader(small, 5))


def test_any_pairs_make_a_data_set() -> None:
    pairs = [(np.full((1, 2, 2), number), number % 3) for number in range(5)]
    got = [(array(x)[:, 0, 0, 0].tolist(), array(y).tolist()) for x, y in DataLoader(pairs, 2)]
    assert got == [([0, 1], [0, 1]), ([2, 3], [2, 0]), ([4], [1])]
    _, targets = next(iter(DataLoader([(np.zeros(2), 0.5)])))
    assert array(targets).dtype == np.float32


def test_items_of_different_shapes() -> None:
    pairs = [(np.zeros((1, 2, 2)), 0), (np.zeros((1, 3, 3)), 1)]
    with pytest.raises(DataError) as caught:
        next(iter(DataLoader(pairs, 2)))
    assert str(caught.value) == (
        "DataLoader: item 1 has shape (1, 3, 3), item 0 (1, 2, 2); "
        "all items of a batch have one shape. Crop or resize them"
    )


def test_an_empty_set() -> None:
    loader = DataLoader(ArrayDataset(np.zeros((0, 1, 2, 2)), np.zeros(0, np.int64)), 4, True)
    assert (len(loader), list(loader)) == (0, [])


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"batch_size": 0}, "DataLoader: batch_size is 0; a batch has at least 1 image"),
        ({"prefetch": -1}, "DataLoader: prefetch is -1; it is at least 0"),
        ({"seed": -1}, "DataLoader: seed is -1; it is at least 0"),
        (
            {"seed": 3, "generator": np.random.default_rng(0)},
            "DataLoader: seed is 3 and there is a generator too. Give one of them",
        ),
    ],
)
def test_errors(small: ArrayDataset, options: dict[str, object], text: str) -> None:
    with pytest.raises(ArgumentError) as caught:
        DataLoader(small, **options)
    assert str(caught.value) == text


def test_normalize_scales_in_the_loader(small: ArrayDataset) -> None:
    x, _ = next(iter(DataLoader(small, 23, transform=Normalize((0.0,), (1.0,)))))
    assert array(x)[:, 0, 0, 0].tolist() == pytest.approx([value / 255 for value in range(23)])
