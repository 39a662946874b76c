"""A training step leaves nothing behind: no array, no object, no cycle for the collector to find."""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pytest

from autocnn.engine import Tensor
from autocnn.models import LeNet5
from autocnn.optim import SGD, Adam
from autocnn.train import Trainer

IMAGES = 16


@contextmanager
def without_collector() -> Iterator[None]:
    """Garbage that only the collector would find stays, and is seen."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


@pytest.mark.parametrize("kind", [SGD, Adam])
def test_steps_of_lenet_leave_nothing_behind(kind: type[SGD] | type[Adam]) -> None:
    model = LeNet5()
    trainer = Trainer(model, kind(model.parameters(), lr=0.01))
    x = Tensor(np.random.default_rng(0).standard_normal((IMAGES, 1, 32, 32)).astype(np.float32))
    y = Tensor(np.arange(IMAGES) % 10)

    def steps(count: int) -> tuple[int, int, int]:
        """Steps, then bytes that are left, the most at any time, and objects."""
        tracemalloc.reset_peak()
        for _ in range(count):
            trainer.step(x, y)
        most = tracemalloc.get_traced_memory()[1]
        assert gc.collect() == 0  # no cycles; Python's stock of freed tuples is emptied too
        return tracemalloc.get_traced_memory()[0], most, len(gc.get_objects())

    tracemalloc.start()
    try:
        with without_collector():
            steps(5)
            bytes_then, most_then, objects_then = steps(5)
            bytes_now, most_now, objects_now = steps(40)
    finally:
        tracemalloc.stop()
    assert bytes_now - bytes_then < 2048
    assert most_now - most_then < IMAGES * 6 * 28 * 28 * 4  # less than one activation
    assert objects_now - objects_then <= 2
