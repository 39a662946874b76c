"""`torch.random`: what the draws to come depend on, as a tensor of bytes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from autocnn.backend import random as draws
from autocnn.engine import Tensor

default_generator = draws.default_generator()


class Generator(draws.Generator):
    """A stream of draws, of any device: all of them are drawn on the host.

    >>> Generator(device="cpu").manual_seed(3).initial_seed()
    3
    """

    def __init__(self, device: Any = "cpu") -> None:
        super().__init__(0)
        self.device = device

    def seed(self) -> int:
        """Start over from a seed that nobody knows, and say it."""
        return self.manual_seed(_unknown()).initial_seed()


def _unknown() -> int:
    return int(np.random.SeedSequence().generate_state(1, np.uint64)[0] >> np.uint64(1))


def seed() -> int:
    """Start the draws over from a seed that nobody knows, and say it.

    >>> state = get_rng_state()
    >>> seed() == initial_seed()
    True
    >>> set_rng_state(state)
    """
    return draws.manual_seed(_unknown()).initial_seed()


def initial_seed() -> int:
    """The seed from which the draws began."""
    return draws.default_generator().initial_seed()


def get_rng_state(device: Any = "cpu") -> Tensor:
    """What the draws to come depend on, as bytes.

    >>> from autocnn import rand
    >>> state = get_rng_state()
    >>> first = rand(2).tolist()
    >>> set_rng_state(state)
    >>> rand(2).tolist() == first
    True
    """
    return Tensor(np.array(draws.default_generator().get_state(), np.uint64).view(np.uint8))


def set_rng_state(new_state: Tensor, device: Any = "cpu") -> None:
    """Go on from what `get_rng_state` gave."""
    state = np.ascontiguousarray(new_state.numpy()).view(np.uint64)
    draws.default_generator().set_state([int(word) for word in state])


@contextmanager
def fork_rng(devices: Any = None, enabled: bool = True, **settings: Any) -> Iterator[None]:
    """Draw apart: after the block the draws go on as if there had been none in it.

    >>> from autocnn import rand
    >>> state = get_rng_state().tolist()
    >>> with fork_rng():
    ...     _ = rand(2)
    >>> get_rng_state().tolist() == state
    True
    """
    state = get_rng_state()
    try:
        yield
    finally:
        if enabled:
            set_rng_state(state)


__all__ = ["Generator", "default_generator", "fork_rng", "get_rng_state", "initial_seed", "seed", "set_rng_state"]
