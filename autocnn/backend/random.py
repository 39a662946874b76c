"""Seeded random numbers as pure functions of (key, counter, shape).

The generator is Philox (Salmon, Moraes, Dror and Shaw 2011): bits are a function of a key and a counter, with
no hidden state. A :class:`Generator` only counts draws. Draw number n owns the counters (0 .. 2^64 - 1, n),
so two draws never overlap, and its key and number are all that replay or recomputation needs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from threading import Lock
from typing import Any

import numpy as np

from autocnn.errors import ArgumentError
from autocnn.types import Array, DType, Namespace

_WORD = 1 << 64


class Generator:
    """A stream of draws from one seed; safe to share between threads.

    >>> g = Generator(7)
    >>> g.next_key(), g.next_key()
    ((7, 0), (7, 1))
    """

    def __init__(self, seed: int = 0) -> None:
        self._lock = Lock()
        self.manual_seed(seed)

    def manual_seed(self, seed: int) -> Generator:
        """Start over from ``seed``, any integer modulo 2^64."""
        with self._lock:
            self._key, self._drawn = int(seed) % _WORD, 0
        return self

    def initial_seed(self) -> int:
        """The seed that this stream started from."""
        return self._key

    def next_key(self, n: int = 1) -> tuple[int, int]:
        """Reserve ``n`` draws; gives (key, counter) of the first, the others follow it."""
        if n < 1:
            raise ArgumentError(f"next_key: n is {n}; at least one draw is needed")
        with self._lock:
            counter = self._drawn
            self._drawn += n
            return self._key, counter

    def get_state(self) -> tuple[int, int]:
        """(key, number of draws so far), plain integers."""
        with self._lock:
            return self._key, self._drawn

    def set_state(self, state: Sequence[int]) -> None:
        """Go on from what :meth:`get_state` gave.

        Raises ArgumentError for anything but two integers that are not negative.
        """
        if len(state) != 2 or any(int(word) < 0 for word in state):
            raise ArgumentError(f"set_state: state is {state!r}; (key, draws) from get_state is needed")
        with self._lock:
            self._key, self._drawn = int(state[0]) % _WORD, int(state[1])


_defaults: dict[str, Generator] = {}
_defaults_lock = Lock()
_seed = 0


def default_generator(device: str = "cpu") -> Generator:
    """The process-wide generator of a device.

    >>> default_generator() is default_generator("cpu")
    True
    """
    with _defaults_lock:
        return _defaults.setdefault(device, Generator(_seed))


def manual_seed(seed: int) -> Generator:
    """Seed the default generator of every device, also of those that are used only later; gives the CPU's."""
    global _seed
    with _defaults_lock:
        _seed = int(seed)
        for generator in _defaults.values():
            generator.manual_seed(_seed)
    return default_generator()


def get_states() -> dict[str, tuple[int, int]]:
    """What `Generator.get_state` gives, of the default generator of every device that was used.

    >>> _ = default_generator("cpu")
    >>> "cpu" in get_states()
    True
    """
    with _defaults_lock:
        return {str(device): generator.get_state() for device, generator in _defaults.items()}


def set_states(states: Mapping[str, Sequence[int]]) -> None:
    """Let the default generators go on from what `get_states` gave."""
    for device, state in states.items():
        default_generator(device).set_state(state)


def uniform(key: int, counter: int, shape: Sequence[int], dtype: Any = np.float32, xp: Namespace = np) -> Array:
    """Uniform on [0, 1).

    >>> uniform(0, 0, (2,)).tolist() == uniform(0, 0, (2,)).tolist()
    True
    """
    return _moved(xp, _stream(key, counter).random(tuple(shape), dtype=_float(dtype)), dtype)


def normal(key: int, counter: int, shape: Sequence[int], dtype: Any = np.float32, xp: Namespace = np) -> Array:
    """Standard normal.

    >>> normal(0, 0, (2, 3)).dtype
    dtype('float32')
    """
    return _moved(xp, _stream(key, counter).standard_normal(tuple(shape), dtype=_float(dtype)), dtype)


def integers(
    key: int,
    counter: int,
    shape: Sequence[int],
    low: int,
    high: int,
    dtype: Any = np.int64,
    xp: Namespace = np,
) -> Array:
    """Integers from ``low`` to ``high - 1``, equally likely.

    >>> bool((integers(0, 0, (9,), 2, 4) // 2 == 1).all())
    True
    """
    return _moved(xp, _stream(key, counter).integers(low, high, tuple(shape), dtype=np.int64), dtype)


def keep_mask(key: int, counter: int, shape: Sequence[int], probability: float, xp: Namespace = np) -> Array:
    """Booleans that are True with ``probability`` (to 2^-32), the cheapest draw there is.

    >>> keep_mask(0, 0, (4,), 1.0).tolist()
    [True, True, True, True]
    """
    if probability >= 1.0:
        return xp.ones(tuple(shape), bool)
    bits = _stream(key, counter).integers(0, 1 << 32, tuple(shape), dtype=np.uint32)
    return _moved(xp, np.less(bits, np.uint32(int(max(probability, 0.0) * (1 << 32)))), bool)


def permutation(key: int, counter: int, n: int, xp: Namespace = np) -> Array:
    """0 .. n - 1 in random order, int64.

    >>> sorted(permutation(0, 0, 4).tolist())
    [0, 1, 2, 3]
    """
    return _moved(xp, _stream(key, counter).permutation(n), np.int64)


def _stream(key: int, counter: int) -> np.random.Generator:
    return np.random.Generator(np.random.Philox(key=[key % _WORD, 0], counter=[0, counter % _WORD, 0, 0]))


def _float(dtype: Any) -> Any:
    """The float type to draw in: narrow ones are drawn as float32 and rounded."""
    return np.float64 if np.dtype(dtype) == np.float64 else np.float32


def _moved(xp: Namespace, values: np.ndarray[Any, DType], dtype: Any) -> Array:
    """The draw as an array of ``xp``: drawn on the host so that all devices see the same bits."""
    values = values.astype(dtype, copy=False)
    return values if xp is np else xp.asarray(values)
