"""Streams that are what they were, on every machine and in every NumPy."""

from __future__ import annotations

import numpy as np

from autocnn.data.chance import held_out, permutation, stream


def test_streams_are_fixed_for_good() -> None:
    assert stream(0, 0).random_raw(2).tolist() == [213000021201967259, 4455796210202625458]
    assert permutation(8, stream(7, 1, 2, 3)).tolist() == [2, 3, 6, 5, 1, 7, 4, 0]


def test_every_number_of_a_stream_matters() -> None:
    names = [(0, 0, 0, 0), (1, 0, 0, 0), (0, 1, 0, 0), (0, 0, 1, 0), (0, 0, 0, 1), (2**64 - 1, 0, 0, 0)]
    assert len({stream(*name).random_raw() for name in names}) == len(names)


def test_permutation_holds_every_number_once() -> None:
    for length in (0, 1, 2, 1000):
        np.testing.assert_array_equal(np.sort(permutation(length, stream(0, 0))), np.arange(length))


def test_permutation_is_fair() -> None:
    counts = np.zeros((4, 4))
    for epoch in range(4000):
        counts[permutation(4, stream(0, 0, 0, epoch)), np.arange(4)] += 1
    assert np.abs(counts / 4000 - 0.25).max() < 0.03


def test_held_out_is_the_same_part_of_every_class() -> None:
    labels = np.repeat(np.arange(3), [50, 20, 11])
    chosen = held_out(labels, 5, purpose=1)
    assert np.bincount(labels[chosen]).tolist() == [10, 4, 2]
    np.testing.assert_array_equal(chosen, held_out(labels, 5, purpose=1))
    assert (chosen != held_out(labels, 5, purpose=2)).any()


def test_held_out_of_a_class_does_not_depend_on_the_others() -> None:
    alone, mixed = np.ones(20, np.int64), np.arange(40) % 2
    np.testing.assert_array_equal(held_out(alone, 4, 0), held_out(mixed, 4, 0)[1::2])
