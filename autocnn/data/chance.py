"""Chance that can be repeated: streams named by numbers, the same on every machine and NumPy version."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

_WORD = (1 << 64) - 1


def stream(seed: int, purpose: int, first: int = 0, second: int = 0) -> np.random.Philox:
    """The Philox stream with the key (seed, purpose), its counter begun at (0, 0, first, second).

    Two streams of different numbers never overlap: each may give 2**130 words before it meets its neighbour.
    Source: J. Salmon et al., "Parallel Random Numbers: As Easy as 1, 2, 3", 2011.

    >>> stream(0, 1).random_raw() == stream(0, 1).random_raw() != stream(0, 2).random_raw()
    True
    """
    counter = np.array([0, 0, first & _WORD, second & _WORD], np.uint64)
    return np.random.Philox(key=np.array([seed & _WORD, purpose & _WORD], np.uint64), counter=counter)


def permutation(length: int, bits: np.random.Philox) -> npt.NDArray[np.int64]:
    """0 .. length - 1 in the order of that many random words.

    Raw words are promised to stay the same in every NumPy, what `Generator.permutation` makes of them is not.

    >>> permutation(5, stream(0, 0))
    array([0, 2, 1, 4, 3])
    """
    return np.argsort(bits.random_raw(length), kind="stable").astype(np.int64)


def held_out(labels: npt.NDArray[np.int64], part: int, purpose: int) -> npt.NDArray[np.bool_]:
    """A fixed choice of one in `part` of every class.

    labels (N,) -> (N,), True for what is held out

    >>> int(held_out(np.array([0, 0, 0, 1, 1, 1]), 3, 0).sum())
    2
    """
    chosen = np.zeros(len(labels), np.bool_)
    for label in np.unique(labels):
        members = np.flatnonzero(labels == label)
        order = permutation(len(members), stream(0, purpose, int(label)))
        chosen[members[order[: round(len(members) / part)]]] = True
    return chosen
