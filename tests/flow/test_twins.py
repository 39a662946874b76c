"""Twins: the same batches for both, steps recorded, interruption, and the sentence that says what came out."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from autocnn import models, ops, optim
from autocnn.engine import Tensor
from autocnn.errors import ArgumentError
from autocnn.flow import Moment, Size, Twin, Twins, sentence, twins

RNG = np.random.default_rng(0)
IMAGES = RNG.normal(size=(40, 1, 8, 8)).astype(np.float32)
LABELS = np.arange(40) % 4


def batches() -> Iterator[tuple[Tensor, Tensor]]:
    return ((Tensor(IMAGES[i : i + 8]), Tensor(LABELS[i : i + 8])) for i in itertools.cycle(range(0, 40, 8)))


def small_twins(steps: int, progress: Any = None) -> Twins:
    networks = {}
    for name, make in (("plain", models.plain), ("residual", models.residual)):
        ops.manual_seed(1)
        networks[name] = make(8, width=3, num_classes=4)
    return twins(
        networks, lambda net: list(net.blocks), lambda net: optim.SGD(net.parameters(), lr=0.01),
        batches, (Tensor(IMAGES), Tensor(LABELS)), steps=steps, record=[2], progress=progress,
    )  # fmt: skip


def test_first_chosen_and_last_steps_are_measured() -> None:
    result = small_twins(4)
    assert result.complete
    for twin in result.twins:
        assert [m.step for m in twin.moments] == [1, 2, 4]
        assert len(twin.losses) == 4
        assert all(len(m.blocks) == 3 and all(b.rms > 0 for b in m.blocks) for m in twin.moments)
    assert result["residual"].moments[0].ratio > result["plain"].moments[0].ratio
    assert result.chance == 0.25
    assert len(result.rows()) == 2 * 3 * 3
    assert set(result.rows()[0]) == {"network", "step", "block", "rms", "largest", "zeros", "strange"}


def test_the_same_call_gives_the_same_numbers() -> None:
    assert small_twins(3).to_dict() == small_twins(3).to_dict()


def test_an_interruption_keeps_what_was_measured() -> None:
    def stop(name: str, step: int, loss: float) -> None:
        if name == "residual" and step == 2:
            raise KeyboardInterrupt

    result = small_twins(4, stop)
    assert not result.complete
    assert result["plain"].complete
    assert [m.step for m in result["residual"].moments] == [1, 2]
    assert sentence(result).startswith("Partial run. Without skip connections ")


def test_no_step_is_refused() -> None:
    with pytest.raises(ArgumentError, match="twins: steps is 0; it is at least 1"):
        small_twins(0)


def made(plain: float, residual: float, accuracies: tuple[float, float]) -> Twins:
    def twin(name: str, ratio: float, accuracy: float) -> Twin:
        blocks = tuple(Size(rms, rms, 0.0, 0) for rms in (ratio, 1.0))
        return Twin(name, [Moment(1, 2.3, blocks)], [2.3], 0.1, accuracy)

    return Twins([twin("plain", plain, accuracies[0]), twin("residual", residual, accuracies[1])], 1, 0.1, 10)


@pytest.mark.parametrize(
    ("plain", "residual", "accuracies", "expected"),
    [
        (
            1.2e-18, 0.15, (0.10, 0.85),
            "Without skip connections 1 part in 10^18 of the gradient reaches the first block, and the network "
            "never learns: it guesses (10%). "
            "With them 1 part in 7 of the gradient reaches the first block, and the network learns (85%).",
        ),
        (
            0.9, 4300.0, (0.95, 0.11),
            "Without skip connections the whole gradient reaches the first block, and the network learns (95%). "
            "With them the gradient has grown 4,300-fold when it reaches the first block, and the network "
            "never learns: it guesses (11%).",
        ),
        (
            0.0, 1.0, (0.1, 0.3),
            "Without skip connections no gradient at all reaches the first block (float32 rounds it to zero), "
            "and the network never learns: it guesses (10%). "
            "With them the whole gradient reaches the first block, and the network learns a little (30%).",
        ),
    ],
)  # fmt: skip
def test_the_sentence_says_what_the_numbers_say(
    plain: float, residual: float, accuracies: tuple[float, float], expected: str
) -> None:
    assert sentence(made(plain, residual, accuracies)) == expected
