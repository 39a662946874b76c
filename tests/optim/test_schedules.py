"""Schedules: PyTorch's rates for fifty steps, together and one after the other, saved and loaded."""

from __future__ import annotations

import json
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from autocnn import optim
from autocnn.engine import Tensor
from autocnn.errors import ArgumentError, StateError
from autocnn.optim import lr_scheduler

Make = Callable[[ModuleType, Any], list[Any]]


def warm_up_then_cosine(s: ModuleType, o: Any) -> list[Any]:
    parts = [s.LinearLR(o, 0.1, total_iters=5), s.CosineAnnealingLR(o, 20), s.StepLR(o, 4, 0.5)]
    return [s.SequentialLR(o, parts, milestones=[5, 25])]


# Each makes one or more schedules from a module of them and an optimiser with two groups of rates 0.5 and 0.1.
SCHEDULES: dict[str, Make] = {
    "step": lambda s, o: [s.StepLR(o, 7, 0.3)],
    "step up": lambda s, o: [s.StepLR(o, step_size=3, gamma=1.1)],
    "multistep": lambda s, o: [s.MultiStepLR(o, [30, 4, 11, 11], 0.5)],
    "exponential": lambda s, o: [s.ExponentialLR(o, 0.9)],
    "exponential to zero": lambda s, o: [s.ExponentialLR(o, 0.0)],
    "linear": lambda s, o: [s.LinearLR(o)],
    "linear down": lambda s, o: [s.LinearLR(o, 1.0, 0.25, 17)],
    "cosine": lambda s, o: [s.CosineAnnealingLR(o, 50)],
    "cosine and up again": lambda s, o: [s.CosineAnnealingLR(o, T_max=7, eta_min=0.01)],
    "cosine through zero": lambda s, o: [s.CosineAnnealingLR(o, 12)],
    "constant": lambda s, o: [s.ConstantLR(o, 0.25, total_iters=8)],
    "polynomial": lambda s, o: [s.PolynomialLR(o, 30, power=0.9)],
    "polynomial to zero": lambda s, o: [s.PolynomialLR(o)],
    "warm restarts": lambda s, o: [s.CosineAnnealingWarmRestarts(o, 5, T_mult=2, eta_min=0.01)],
    "warm restarts, evenly": lambda s, o: [s.CosineAnnealingWarmRestarts(o, T_0=7)],
    "warm up, then restarts": lambda s, o: [
        s.SequentialLR(o, [s.ConstantLR(o), s.CosineAnnealingWarmRestarts(o, 4)], milestones=[5])
    ],
    "restarts, then steps": lambda s, o: [
        s.SequentialLR(o, [s.CosineAnnealingWarmRestarts(o, 3), s.StepLR(o, 4)], milestones=[11])
    ],
    "lambda": lambda s, o: [s.LambdaLR(o, lambda t: 0.95**t)],
    "two lambdas": lambda s, o: [s.LambdaLR(o, [lambda t: 0.95**t, lambda t: 1 / (1 + t)])],
    "multiplicative": lambda s, o: [s.MultiplicativeLR(o, [lambda t: 0.95, lambda t: 1 - 1 / (9 + t)])],
    "cyclic": lambda s, o: [s.CyclicLR(o, 0.1, 0.6, 7)],
    "cyclic, halved": lambda s, o: [s.CyclicLR(o, [0.1, 0.01], [0.6, 0.4], 3, 9, mode="triangular2")],
    "cyclic, falling": lambda s, o: [s.CyclicLR(o, 0.1, 0.6, 7, mode="exp_range", gamma=0.9)],
    "cyclic, own scale": lambda s, o: [
        s.CyclicLR(o, 0.1, 0.6, 4, scale_fn=lambda x: 1 / x, base_momentum=0.5, max_momentum=[0.9, 0.7])
    ],
    "cyclic, rates alone": lambda s, o: [s.CyclicLR(o, 0.1, 0.6, 4, cycle_momentum=False)],
    "chained, two at once": lambda s, o: [
        s.ChainedScheduler([s.ConstantLR(o, 0.1, total_iters=4), s.ExponentialLR(o, 0.9)], optimizer=o)
    ],
    "multiplied, then again": lambda s, o: [
        s.SequentialLR(o, [s.MultiplicativeLR(o, lambda t: 0.9), s.MultiplicativeLR(o, lambda t: 0.5)], [9])
    ],
    "chain, then another": lambda s, o: [
        s.SequentialLR(o, [s.ChainedScheduler([s.ConstantLR(o), s.StepLR(o, 2)]), s.StepLR(o, 4)], milestones=[9])
    ],
    "two at once": lambda s, o: [s.LinearLR(o, 0.1, total_iters=8), s.ExponentialLR(o, 0.9)],
    "three at once": lambda s, o: [s.StepLR(o, 5), s.CosineAnnealingLR(o, 40, 0.001), s.MultiStepLR(o, [9])],
    "one after the other": warm_up_then_cosine,
    "one cycle": lambda s, o: [s.OneCycleLR(o, 0.8, total_steps=60)],
    "one cycle, linear": lambda s, o: [s.OneCycleLR(o, [0.8, 0.2], 50, pct_start=0.5, anneal_strategy="linear")],
    "one cycle, epochs": lambda s, o: [s.OneCycleLR(o, 1.0, epochs=5, steps_per_epoch=10, cycle_momentum=False)],
    "one cycle, three phases": lambda s, o: [
        s.OneCycleLR(o, 0.8, 50, three_phase=True, base_momentum=0.7, max_momentum=0.9, div_factor=10)
    ],
}  # fmt: skip
every = pytest.mark.parametrize("make", SCHEDULES.values(), ids=SCHEDULES)
OPTIONS = {"SGD": {"momentum": 0.9}, "Adam": {}}


def two_groups(name: str = "SGD") -> optim.Optimizer:
    groups = [{"params": [Tensor(np.zeros(1))], "lr": lr} for lr in (0.5, 0.1)]
    return getattr(optim, name)(groups, **OPTIONS[name])


def rates(optimizer: Any) -> list[float]:
    """The rates, and the momenta where they are cycled, of both groups."""
    momenta = [group["betas"][0] if "betas" in group else group["momentum"] for group in optimizer.param_groups]
    return [float(group["lr"]) for group in optimizer.param_groups] + momenta


def run(optimizer: Any, schedules: list[Any], steps: int) -> list[list[float]]:
    found = []
    for _ in range(steps):
        found.append(rates(optimizer))
        for schedule in schedules:
            schedule.step()
        assert schedules[-1].get_last_lr() == [group["lr"] for group in optimizer.param_groups]
    return found


@pytest.mark.torch
@pytest.mark.filterwarnings("ignore::UserWarning")
@every
@pytest.mark.parametrize("name", OPTIONS)
def test_fifty_steps_are_torchs(make: Make, name: str) -> None:
    torch = pytest.importorskip("torch")
    groups = [{"params": [torch.zeros(1, requires_grad=True)], "lr": lr} for lr in (0.5, 0.1)]
    theirs = getattr(torch.optim, name)(groups, **OPTIONS[name])
    expected = []
    schedules = make(torch.optim.lr_scheduler, theirs)
    for _ in range(50):
        expected.append(rates(theirs))
        for schedule in schedules:
            schedule.step()
    ours = two_groups(name)
    np.testing.assert_allclose(run(ours, make(lr_scheduler, ours), 50), expected, rtol=1e-9, atol=1e-15)


@every
@pytest.mark.parametrize("stop", [0, 1, 6, 30])
def test_saved_and_loaded_they_go_on(make: Make, stop: int) -> None:
    whole = two_groups()
    expected = run(whole, make(lr_scheduler, whole), 50)
    cut = two_groups()
    schedules = make(lr_scheduler, cut)
    run(cut, schedules, stop)
    state = json.loads(json.dumps([schedule.state_dict() for schedule in schedules]))
    options = cut.state_dict()
    resumed = two_groups()
    again = make(lr_scheduler, resumed)
    resumed.load_state_dict(options)
    for schedule, saved in zip(again, state, strict=True):
        schedule.load_state_dict(saved)
    assert run(resumed, again, 50 - stop) == expected[stop:]


@pytest.mark.parametrize("name", ["step", "exponential", "cosine", "lambda"])
def test_made_anew_in_the_middle_they_go_on(name: str) -> None:
    whole = two_groups()
    expected = run(whole, SCHEDULES[name](lr_scheduler, whole), 30)
    cut = two_groups()
    run(cut, SCHEDULES[name](lr_scheduler, cut), 9)
    kinds = {
        "step": lambda: lr_scheduler.StepLR(cut, 7, 0.3, last_epoch=8),
        "exponential": lambda: lr_scheduler.ExponentialLR(cut, 0.9, last_epoch=8),
        "cosine": lambda: lr_scheduler.CosineAnnealingLR(cut, 50, last_epoch=8),
        "constant": lambda s, o: [s.ConstantLR(o, 0.25, total_iters=8)],
        "polynomial": lambda s, o: [s.PolynomialLR(o, 30, power=0.9)],
        "polynomial to zero": lambda s, o: [s.PolynomialLR(o)],
        "warm restarts": lambda s, o: [s.CosineAnnealingWarmRestarts(o, 5, T_mult=2, eta_min=0.01)],
        "warm restarts, evenly": lambda s, o: [s.CosineAnnealingWarmRestarts(o, T_0=7)],
        "warm up, then restarts": lambda s, o: [
            s.SequentialLR(o, [s.ConstantLR(o), s.CosineAnnealingWarmRestarts(o, 4)], milestones=[5])
        ],
        "restarts, then steps": lambda s, o: [
            s.SequentialLR(o, [s.CosineAnnealingWarmRestarts(o, 3), s.StepLR(o, 4)], milestones=[11])
        ],
        "lambda": lambda: lr_scheduler.LambdaLR(cut, lambda t: 0.95**t, last_epoch=8),
    }
    for group, rate in zip(cut.param_groups, expected[8], strict=False):
        group["lr"] = rate
    np.testing.assert_allclose(run(cut, [kinds[name]()], 21), expected[9:], rtol=1e-12)


PLATEAUS: list[dict[str, Any]] = [
    {},
    {"patience": 2, "factor": 0.5},
    {"mode": "max", "patience": 1},
    {"patience": 0, "cooldown": 3, "threshold": 0.1},
    {"patience": 1, "threshold_mode": "abs", "threshold": 0.2, "min_lr": [0.2, 0.05]},
    {"patience": 0, "mode": "max", "threshold_mode": "abs", "eps": 0.01},
]


def metrics() -> list[float]:
    return [float(x) for x in 1 / (1 + np.arange(50)) + 0.1 * np.random.default_rng(0).standard_normal(50)]


@pytest.mark.torch
@pytest.mark.parametrize("options", PLATEAUS, ids=str)
def test_plateau_is_torchs(options: dict[str, Any]) -> None:
    torch = pytest.importorskip("torch")
    groups = [{"params": [torch.zeros(1, requires_grad=True)], "lr": lr} for lr in (0.5, 0.1)]
    theirs, ours = torch.optim.SGD(groups, **OPTIONS["SGD"]), two_groups()
    plateau = torch.optim.lr_scheduler.ReduceLROnPlateau(theirs, **options)
    mine = lr_scheduler.ReduceLROnPlateau(ours, **options)
    for number, value in enumerate(metrics()):
        plateau.step(value)
        mine.step(Tensor(value) if number % 2 else value)
        np.testing.assert_allclose(rates(ours), rates(theirs), rtol=1e-12)


@pytest.mark.parametrize("options", PLATEAUS, ids=str)
def test_plateau_saved_and_loaded(options: dict[str, Any]) -> None:
    whole, cut = two_groups(), two_groups()
    one, two = (lr_scheduler.ReduceLROnPlateau(optimizer, **options) for optimizer in (whole, cut))
    for number, value in enumerate(metrics()):
        one.step(value)
        two.step(value)
        if number == 20:
            state, kept = json.loads(json.dumps(two.state_dict())), cut.state_dict()
            cut = two_groups()
            cut.load_state_dict(kept)
            two = lr_scheduler.ReduceLROnPlateau(cut, **options)
            two.load_state_dict(state)
    assert rates(whole) == rates(cut)


def test_a_rate_set_by_hand_is_gone_on_from() -> None:
    optimizer = two_groups()
    schedule = lr_scheduler.StepLR(optimizer, 2)
    optimizer.param_groups[0]["lr"] = 8.0
    schedule.step()
    assert optimizer.param_groups[0]["lr"] == 8.0
    schedule.step()
    assert optimizer.param_groups[0]["lr"] == pytest.approx(0.8)


def sequence(count: int, milestones: list[int]) -> lr_scheduler.SequentialLR:
    optimizer = two_groups()
    return lr_scheduler.SequentialLR(
        optimizer, [lr_scheduler.StepLR(optimizer, 2) for _ in range(count)], milestones
    )


@pytest.mark.parametrize(
    ("make", "error", "text"),
    [
        (
            lambda o: lr_scheduler.StepLR(o, 3, last_epoch=4),
            ArgumentError,
            "StepLR: last_epoch is 4 and group 0 has no initial_lr; "
            "load the optimiser's state first, or begin with last_epoch=-1",
        ),
        (
            lambda o: lr_scheduler.StepLR("sgd", 3),
            ArgumentError,
            "StepLR: optimizer is str; an Optimizer is needed",
        ),
        (lambda o: lr_scheduler.StepLR(o, 0), ArgumentError, "StepLR: step_size is 0; it is at least 1"),
        (
            lambda o: lr_scheduler.CosineAnnealingLR(o, 0),
            ArgumentError,
            "CosineAnnealingLR: T_max is 0; it is at least 1",
        ),
        (
            lambda o: lr_scheduler.LinearLR(o, 0),
            ArgumentError,
            "LinearLR: start_factor is 0; it is above 0 and at most 1",
        ),
        (
            lambda o: lr_scheduler.LinearLR(o, 1, -1),
            ArgumentError,
            "LinearLR: end_factor is -1; it is in 0..1",
        ),
        (
            lambda o: lr_scheduler.LinearLR(o, total_iters=0),
            ArgumentError,
            "LinearLR: total_iters is 0; it is at least 1",
        ),
        (
            lambda o: lr_scheduler.LambdaLR(o, [abs]),
            ArgumentError,
            "LambdaLR: lr_lambda has 1 functions, the optimiser 2 groups. Give one for each",
        ),
        (
            lambda o: sequence(3, [4]),
            ArgumentError,
            "SequentialLR: 3 schedulers and 1 milestones; there is one milestone between every two",
        ),
        (
            lambda o: lr_scheduler.SequentialLR(o, [lr_scheduler.StepLR(two_groups(), 2)], []),
            ArgumentError,
            "SequentialLR: a scheduler has another optimizer; all of them share one",
        ),
        (
            lambda o: lr_scheduler.ChainedScheduler([]),
            ArgumentError,
            "ChainedScheduler: schedulers is empty; one is needed at least",
        ),
        (
            lambda o: lr_scheduler.ChainedScheduler([lr_scheduler.StepLR(two_groups(), 2)], o),
            ArgumentError,
            "ChainedScheduler: a scheduler has another optimizer; all of them share one",
        ),
        (
            lambda o: lr_scheduler.CyclicLR(o, 0.1, 1.0, mode="sine"),
            ArgumentError,
            "CyclicLR: mode is 'sine'; it is 'triangular', 'triangular2' or 'exp_range'",
        ),
        (
            lambda o: lr_scheduler.CyclicLR(o, 0.1, [1.0]),
            ArgumentError,
            "CyclicLR: max_lr has 1 numbers, the optimiser 2 groups. Give one for each",
        ),
        (
            lambda o: lr_scheduler.OneCycleLR(o, 1.0, epochs=3),
            ArgumentError,
            "OneCycleLR: total_steps is missing. Give it, or both epochs and steps_per_epoch",
        ),
        (
            lambda o: lr_scheduler.OneCycleLR(o, 1.0, 0),
            ArgumentError,
            "OneCycleLR: total_steps is 0; it is at least 1",
        ),
        (
            lambda o: lr_scheduler.OneCycleLR(o, 1.0, 9, pct_start=2),
            ArgumentError,
            "OneCycleLR: pct_start is 2; it is in 0..1",
        ),
        (
            lambda o: lr_scheduler.OneCycleLR(o, 1.0, 9, anneal_strategy="sin"),
            ArgumentError,
            "OneCycleLR: anneal_strategy is 'sin'; it is 'cos' or 'linear'",
        ),
        (
            lambda o: lr_scheduler.OneCycleLR(o, [1.0], 9),
            ArgumentError,
            "OneCycleLR: max_lr has 1 numbers, the optimiser 2 groups. Give one for each",
        ),
        (
            lambda o: lr_scheduler.OneCycleLR(optim.Adagrad([Tensor(0.0)]), 1.0, 9),
            ArgumentError,
            "OneCycleLR: cycle_momentum is True; the optimiser has neither momentum nor betas",
        ),
        (
            lambda o: run(o, [lr_scheduler.OneCycleLR(o, 1.0, 9)], 12),
            ArgumentError,
            "OneCycleLR: step 10 of 9; the cycle is over",
        ),
        (
            lambda o: lr_scheduler.ReduceLROnPlateau(o, factor=1),
            ArgumentError,
            "ReduceLROnPlateau: factor is 1; it is below 1",
        ),
        (
            lambda o: lr_scheduler.ReduceLROnPlateau(o, "low"),
            ArgumentError,
            "ReduceLROnPlateau: mode is 'low'; it is 'min' or 'max'",
        ),
        (
            lambda o: lr_scheduler.ReduceLROnPlateau(o, threshold_mode="relative"),
            ArgumentError,
            "ReduceLROnPlateau: threshold_mode is 'relative'; it is 'rel' or 'abs'",
        ),
        (
            lambda o: lr_scheduler.ReduceLROnPlateau(o, min_lr=[0.1]),
            ArgumentError,
            "ReduceLROnPlateau: min_lr has 1 numbers, the optimiser 2 groups. Give one for each",
        ),
        (
            lambda o: lr_scheduler.StepLR(o, 3).load_state_dict(lr_scheduler.ExponentialLR(o, 1.0).state_dict()),
            StateError,
            "StepLR.load_state_dict: the state is of another schedule, by step_size",
        ),
        (
            lambda o: sequence(2, [3]).load_state_dict(sequence(1, []).state_dict()),
            StateError,
            "SequentialLR.load_state_dict: 2 schedulers, the state has 1",
        ),
    ],
)
def test_errors(make: Callable[[Any], object], error: type[Exception], text: str) -> None:
    with pytest.raises(error) as caught:
        make(two_groups())
    assert str(caught.value) == text


def test_one_cycle_of_very_few_steps() -> None:
    for steps in (1, 2, 3, 4):
        optimizer = two_groups()
        assert np.isfinite(run(optimizer, [lr_scheduler.OneCycleLR(optimizer, 1.0, steps)], steps)).all()


@pytest.mark.torch
@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize(
    "name", [name for name in SCHEDULES if "at once" not in name and "then" not in name and "other" not in name]
)
def test_steps_to_any_epoch_are_torchs(name: str) -> None:
    torch = pytest.importorskip("torch")
    groups = [{"params": [torch.zeros(1, requires_grad=True)], "lr": lr} for lr in (0.5, 0.1)]
    theirs, ours = torch.optim.SGD(groups, momentum=0.9), two_groups()
    (expected,), (schedule,) = (
        SCHEDULES[name](torch.optim.lr_scheduler, theirs),
        SCHEDULES[name](lr_scheduler, ours),
    )
    for epoch in (3, 4, 12, 0, 30):
        expected.step(epoch)
        schedule.step(epoch)
        assert schedule.last_epoch == epoch
        np.testing.assert_allclose(rates(ours), rates(theirs), rtol=1e-9, atol=1e-15)


@pytest.mark.torch
def test_warm_restarts_take_parts_of_epochs() -> None:
    torch = pytest.importorskip("torch")
    theirs, ours = torch.optim.SGD([torch.zeros(1)], lr=0.5, momentum=0.9), optim.SGD([Tensor([0.0])], lr=0.5)
    expected = torch.optim.lr_scheduler.CosineAnnealingWarmRestarts(theirs, 3, 2)
    schedule = lr_scheduler.CosineAnnealingWarmRestarts(ours, 3, 2)
    for epoch in (0.25, 2.5, 3.0, 8.75, 9.5, None, None, 1.0):
        expected.step(epoch)
        schedule.step(epoch)
        assert schedule.last_epoch == expected.last_epoch
        assert schedule.get_last_lr() == pytest.approx(expected.get_last_lr(), rel=1e-9, abs=1e-15)


def test_options_of_schedules_that_make_no_sense() -> None:
    with pytest.raises(ArgumentError, match=r"ConstantLR: factor is 2; it is in 0\.\.1"):
        lr_scheduler.ConstantLR(two_groups(), 2)
    with pytest.raises(ArgumentError, match=r"T_mult is 0; a whole number of at least 1"):
        lr_scheduler.CosineAnnealingWarmRestarts(two_groups(), 3, 0)


def test_a_chain_begins_anew_inside_of_a_sequence() -> None:
    def make(o: optim.Optimizer) -> lr_scheduler.LRScheduler:
        chain = lr_scheduler.ChainedScheduler([lr_scheduler.ConstantLR(o, 0.5, 2), lr_scheduler.StepLR(o, 1)])
        return lr_scheduler.SequentialLR(o, [lr_scheduler.StepLR(o, 9), chain], [2])

    assert lr_scheduler.trajectory(make, 5) == pytest.approx([1.0, 1.0, 0.5, 0.05, 0.01])
