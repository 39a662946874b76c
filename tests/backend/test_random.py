"""Draws are functions of (key, counter, shape) and nothing else."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from autocnn.backend import random
from autocnn.backend.arrays import Device
from autocnn.errors import ArgumentError

DRAWS = [
    lambda key, counter: random.uniform(key, counter, (3, 4)),
    lambda key, counter: random.normal(key, counter, (5,), np.float64),
    lambda key, counter: random.integers(key, counter, (20,), -5, 5),
    lambda key, counter: random.keep_mask(key, counter, (50,), 0.5),
    lambda key, counter: random.permutation(key, counter, 30),
]


@pytest.mark.parametrize("draw", DRAWS)
def test_a_draw_repeats_and_another_counter_or_key_does_not(draw):
    np.testing.assert_array_equal(draw(3, 4), draw(3, 4))
    assert not np.array_equal(draw(3, 4), draw(3, 5))
    assert not np.array_equal(draw(3, 4), draw(4, 4))


def test_draws_have_the_right_moments():
    n = 200_000
    u, z = random.uniform(0, 0, (n,)), random.normal(0, 1, (n,))
    assert 0 <= u.min() <= u.max() < 1
    assert abs(u.mean() - 0.5) < 3e-3
    assert abs(z.mean()) < 1e-2
    assert abs(z.std() - 1) < 1e-2
    assert abs(random.keep_mask(0, 2, (n,), 0.3).mean() - 0.3) < 5e-3
    assert random.keep_mask(0, 2, (n,), 0.0).sum() == 0
    assert set(np.unique(random.integers(0, 3, (n,), 2, 5))) == {2, 3, 4}


def test_a_generator_goes_on_from_its_state():
    generator = random.Generator(11)
    generator.next_key(3)
    state = generator.get_state()
    assert state == (11, 3)
    expected = [generator.next_key() for _ in range(2)]
    other = random.Generator()
    other.set_state(list(state))
    assert [other.next_key() for _ in range(2)] == expected


def test_negative_seeds_wrap_and_seeding_starts_over():
    assert random.Generator(-1).initial_seed() == (1 << 64) - 1
    generator = random.Generator(1)
    first = generator.next_key()
    generator.next_key()
    assert generator.manual_seed(1).next_key() == first


def test_manual_seed_reaches_every_device():
    before = random.default_generator("cuda:0")
    random.manual_seed(5)
    assert random.default_generator().get_state() == (5, 0)
    assert before.get_state() == (5, 0)
    assert random.default_generator("cuda:1").get_state() == (5, 0)
    random.manual_seed(0)


def test_threads_never_share_a_counter():
    generator = random.Generator(0)
    with ThreadPoolExecutor(4) as pool:
        keys = list(pool.map(lambda _: generator.next_key(), range(400)))
    assert sorted(counter for _, counter in keys) == list(range(400))


def test_bad_states_are_refused():
    with pytest.raises(ArgumentError) as caught:
        random.Generator().set_state((1,))
    assert str(caught.value) == "set_state: state is (1,); (key, draws) from get_state is needed"
    with pytest.raises(ArgumentError) as caught:
        random.Generator().next_key(0)
    assert str(caught.value) == "next_key: n is 0; at least one draw is needed"


def test_states_of_all_devices_come_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(random, "_defaults", {})
    random.manual_seed(3)
    devices = ("cpu", Device("standin"))
    for device in devices:
        random.default_generator(device).next_key()
    states = random.get_states()
    assert {type(device) for device in states} == {str}
    drawn = [random.default_generator(device).next_key() for device in devices]
    random.set_states(states)
    assert [random.default_generator(device).next_key() for device in devices] == drawn
