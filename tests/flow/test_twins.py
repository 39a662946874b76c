"""Twins: the same batches for both, steps recorded, interruption, and the sentence that says what came out."""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from autocnn import models, nn, ops, optim
from autocnn.engine import Tensor
from autocnn.errors import ArgumentError
from autocnn.flow import Moment, Size, Twin, Twins, sentence, twins
from autocnn.flow.twins import _weights, accuracy
from autocnn.nn import functional as F
from autocnn.nn.init import by_path

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
    measured = {"rms", "largest", "zeros", "strange", "weights_rms"}
    assert set(result.rows()[0]) == {"network", "seed", "step", "block"} | measured


def test_the_gradient_of_a_blocks_weights_is_that_of_all_together() -> None:
    ops.manual_seed(1)
    model = models.plain(8, width=3, num_classes=4)
    F.cross_entropy(model(Tensor(IMAGES[:8])), Tensor(LABELS[:8])).backward()  # type: ignore[attr-defined]
    moment = small_twins(1)["plain"].moments[0]
    for block, found in zip(model.blocks, moment.weights, strict=True):
        every = np.concatenate([p.grad.array.ravel() for p in block.parameters()]).astype(np.float64)
        assert found.rms == pytest.approx(np.sqrt(np.mean(every**2)), rel=1e-6)
        assert found.largest == abs(every).max()
    tiny = [Tensor(np.full(3, 1e-200)), Tensor(np.full(1, 1e-200))]
    parameters = [nn.Parameter(t) for t in tiny]
    for p, g in zip(parameters, tiny, strict=True):
        p.grad = g
    assert _weights(nn.ParameterList(parameters)).rms == pytest.approx(1e-200)


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


def test_a_loss_that_is_not_finite_ends_the_training_of_its_network_with_a_verdict() -> None:
    networks = {
        "wild": models.residual(8, width=3, num_classes=4, activation="relu", init="he"),
        "calm": models.residual(8, width=3, num_classes=4),
    }
    result = twins(
        networks, lambda net: list(net.blocks),
        lambda net: optim.SGD(net.parameters(), lr=1e30 if net is networks["wild"] else 0.01),
        batches, (Tensor(IMAGES), Tensor(LABELS)), steps=6, record=[2, 3],
    )  # fmt: skip
    wild, calm = result["wild"], result["calm"]
    assert wild.diverged is not None
    assert wild.diverged in (2, 3)
    assert wild.verdict == f"diverged at step {wild.diverged}"
    assert not math.isfinite(wild.losses[-1])
    assert len(wild.losses) == wild.diverged == wild.moments[-1].step
    assert wild.accuracies()[-1][0] == wild.diverged - 1
    assert (calm.verdict, calm.taken) == ("trained to the end", 6)
    assert result.complete
    text = json.dumps(result.to_dict(), allow_nan=False)
    assert json.loads(text)["twins"][0]["verdict"] == wild.verdict
    assert f"its loss ceased to be finite at step {wild.diverged}." in sentence(result, "wild", "calm")


def test_accuracy_is_that_of_the_weights_before_the_step() -> None:
    result = small_twins(4)
    for twin in result.twins:
        assert [taken for taken, _ in twin.accuracies()] == [0, 1, 3, 4]
        assert twin.accuracies()[0][1] == twin.accuracy_before
        assert twin.accuracies()[-1][1] == twin.accuracy
    table = [row for row in result.training() if row["network"] == "plain"]
    assert [row["steps_taken"] for row in table] == [0, 1, 2, 3, 4]
    assert [row["loss"] for row in table[:4]] == result["plain"].losses
    assert math.isnan(table[2]["accuracy"])


def test_outputs_that_are_not_finite_are_wrong() -> None:
    def model(x: Tensor) -> Tensor:
        return x

    model.training, model.eval, model.train = False, lambda: None, lambda mode: None  # type: ignore[attr-defined]
    scores = Tensor(np.array([[1.0, 0.0], [np.nan, 0.0], [np.inf, 0.0], [0.0, 1.0]], np.float32))
    assert accuracy(model, scores, Tensor(np.array([0, 0, 0, 1]))) == 0.5


def test_several_seeds_have_their_own_networks_and_batches() -> None:
    def networks(seed: int) -> dict[str, Any]:
        return {"plain": by_path(lambda: models.plain(6, width=2, num_classes=4), seed)}

    def streams(seed: int) -> Iterator[tuple[Tensor, Tensor]]:
        return itertools.islice(batches(), seed, None)

    def trained(seeds: list[int]) -> Twins:
        return twins(
            networks, lambda net: list(net.blocks), lambda net: optim.SGD(net.parameters(), lr=0.01), streams,
            (Tensor(IMAGES), Tensor(LABELS)), steps=2, seeds=seeds, tested=8,
        )  # fmt: skip

    both = trained([0, 1])
    assert [twin.seed for twin in both.of("plain")] == [0, 1]
    assert both.twins[1:] == trained([1]).twins
    assert both.twins[0].losses != both.twins[1].losses
    assert {row["seed"] for row in both.rows()} == {0, 1}
    with pytest.raises(ArgumentError, match="Twins: name is 'skip'; there are plain"):
        both["skip"]


def test_an_interruption_between_networks_is_no_completion() -> None:
    def stop(name: str, step: int, loss: float) -> None:
        if name == "residual":
            raise KeyboardInterrupt

    result = small_twins(1, stop)
    assert result.interrupted
    assert not result.complete


def test_no_step_is_refused() -> None:
    with pytest.raises(ArgumentError, match="twins: steps is 0; it is at least 1"):
        small_twins(0)


def test_batches_that_end_too_soon_are_an_error_and_a_list_of_enough_is_none() -> None:
    networks = {"plain": models.plain(8, width=3, num_classes=4)}
    few = list(itertools.islice(batches(), 3))
    rest = (lambda net: list(net.blocks), lambda net: optim.SGD(net.parameters(), lr=0.01), lambda: few)
    assert twins(networks, *rest, few[0], steps=3).complete  # type: ignore[arg-type]
    with pytest.raises(ArgumentError, match=r"twins: steps is 5, and batches\(\) ended after 3\. Let it go on"):
        twins(networks, *rest, few[0], steps=5)  # type: ignore[arg-type]


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
            "Without skip connections 90% of the gradient reaches the first block, and the network learns (95%). "
            "With them the gradient has grown 4,300-fold when it reaches the first block, and the network "
            "never learns: it guesses (11%).",
        ),
        (
            0.0, 1.0, (0.1, 0.3),
            "Without skip connections no gradient at all reaches the first block (in float32 it is exactly zero), "
            "and the network never learns: it guesses (10%). "
            "With them the whole gradient reaches the first block, and the network learns a little (30%).",
        ),
    ],
)  # fmt: skip
def test_the_sentence_says_what_the_numbers_say(
    plain: float, residual: float, accuracies: tuple[float, float], expected: str
) -> None:
    assert sentence(made(plain, residual, accuracies)) == expected
