"""Every combination of options moves parameters as PyTorch's optimisers do, and keeps the same state."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

from autocnn import nn, optim
from autocnn.engine import Tensor

from .test_optimizer import MAKERS

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.torch

SHAPES: list[tuple[int, ...]] = [(4, 3, 3, 3), (5, 7), (6,), (), (0, 2)]


def grid(**options: tuple[Any, ...]) -> list[dict[str, Any]]:
    """Every combination, as keyword arguments."""
    return [dict(zip(options, values, strict=True)) for values in itertools.product(*options.values())]


BOTH, DECAY = (False, True), (0, 0.01)
CASES = [
    (name, options)
    for name, every in [
        ("SGD", grid(lr=(0.1,), momentum=(0, 0.9), dampening=(0, 0.3), weight_decay=DECAY, maximize=BOTH)),
        ("SGD", grid(momentum=(0.9,), nesterov=(True,), weight_decay=DECAY, maximize=BOTH)),
        ("Adam", grid(weight_decay=DECAY, amsgrad=BOTH, maximize=BOTH, decoupled_weight_decay=BOTH)),
        ("Adam", grid(lr=(0.01,), betas=((0.5, 0.7), (0.0, 0.0)), eps=(1e-3,))),
        ("AdamW", grid(weight_decay=DECAY, amsgrad=BOTH, maximize=BOTH)),
        ("RMSprop", grid(weight_decay=DECAY, momentum=(0, 0.9), centered=BOTH, maximize=BOTH)),
        ("RMSprop", grid(alpha=(0.5,), eps=(1e-3,))),
        ("Adadelta", grid(weight_decay=DECAY, maximize=BOTH)),
        ("Adadelta", grid(lr=(0.5,), rho=(0.5,), eps=(1e-3,))),
        ("Adamax", grid(weight_decay=DECAY, maximize=BOTH)),
        ("Adamax", grid(betas=((0.5, 0.7), (0.0, 0.0)), eps=(1e-3,))),
        ("NAdam", grid(weight_decay=DECAY, maximize=BOTH, decoupled_weight_decay=BOTH)),
        ("NAdam", grid(betas=((0.5, 0.7),), momentum_decay=(0.1,), eps=(1e-3,))),
        ("RAdam", grid(weight_decay=DECAY, maximize=BOTH, decoupled_weight_decay=BOTH)),
        ("RAdam", grid(betas=((0.5, 0.7), (0.9, 0.99)), eps=(1e-3,))),
        ("Rprop", grid(lr=(0.1,), etas=((0.5, 1.2), (0.25, 1.5)), step_sizes=((0.05, 0.2),), maximize=BOTH)),
        ("ASGD", grid(weight_decay=DECAY, maximize=BOTH, lambd=(1e-4, 0.1), t0=(1e6, 5))),
        ("Adagrad", grid(lr_decay=(0, 0.1), weight_decay=DECAY, initial_accumulator_value=(0, 1), maximize=BOTH)),
    ]
    for options in every
]
DEFAULTS = [(name, {}) for name in MAKERS]
ROUNDED = {"NAdam", "ASGD"}
"""Those of which PyTorch keeps numbers of the schedule in float32."""


class Pair:
    """The same parameters, gradients and optimiser here and in PyTorch."""

    def __init__(self, name: str, options: dict[str, Any], dtype: type = np.float64) -> None:
        self.rng = np.random.default_rng(0)
        self.dtype = dtype
        values = [self.rng.standard_normal(shape).astype(dtype) for shape in SHAPES]
        self.theirs = [torch.tensor(value, requires_grad=True) for value in values]
        self.ours = [Tensor(value.copy()).requires_grad_() for value in values]
        self.their_optimizer = getattr(torch.optim, name)(self.theirs, **options)
        self.optimizer = getattr(optim, name)(self.ours, **options)

    def step(self, idle: int | None = None) -> None:
        """One step on new gradients; the parameter `idle` has none."""
        for number, (theirs, ours) in enumerate(zip(self.theirs, self.ours, strict=True)):
            gradient = self.rng.standard_normal(theirs.shape).astype(self.dtype)
            if number == idle:
                theirs.grad = ours.grad = None
                continue
            theirs.grad = torch.tensor(gradient)
            ours.grad = Tensor(gradient.copy())
            ours.grad.array.flags.writeable = False  # a step must not write to it
        self.their_optimizer.step()
        self.optimizer.step()

    def compare(self, tolerance: float) -> None:
        for theirs, ours in zip(self.theirs, self.ours, strict=True):
            assert ours.array.dtype == self.dtype
            np.testing.assert_allclose(ours.array, theirs.detach().numpy(), rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize(("name", "options"), CASES + DEFAULTS, ids=str)
def test_twenty_steps_in_float64(name: str, options: dict[str, Any]) -> None:
    pair = Pair(name, options)
    for number in range(20):
        pair.step(idle=1 if number in (0, 5, 6) else None)
    tolerance = 1e-6 if name in ROUNDED else 1e-12
    pair.compare(tolerance)
    for theirs, ours in zip(pair.theirs, pair.ours, strict=True):
        for key, value in pair.their_optimizer.state[theirs].items():
            mine = pair.optimizer.state[ours][key]
            expected = np.asarray(value) if value is not None else None
            np.testing.assert_allclose(
                np.asarray(getattr(mine, "array", mine)), expected, rtol=tolerance, atol=tolerance / 10
            )


@pytest.mark.parametrize(("name", "options"), CASES, ids=str)
def test_twenty_steps_in_float32(name: str, options: dict[str, Any]) -> None:
    pair = Pair(name, options, np.float32)
    for _ in range(20):
        pair.step()
    pair.compare(2e-6)


@pytest.mark.parametrize(("name", "options"), DEFAULTS, ids=str)
def test_defaults_and_order_of_arguments(name: str, options: dict[str, Any]) -> None:
    import inspect

    theirs, ours = (inspect.signature(getattr(library, name)).parameters for library in (torch.optim, optim))
    assert set(theirs) == set(ours)
    for parameter in ours.values():
        default = theirs[parameter.name].default
        assert parameter.default == (float(default) if isinstance(default, torch.Tensor) else default)
    positional = [key for key, found in ours.items() if found.kind is found.POSITIONAL_OR_KEYWORD]
    assert list(theirs)[: len(positional)] == positional


@pytest.mark.parametrize(("name", "options"), DEFAULTS, ids=str)
def test_state_dict_has_torchs_layout(name: str, options: dict[str, Any]) -> None:
    pair = Pair(name, {"momentum": 0.9} if name in ("SGD", "RMSprop") else {})
    pair.step()
    theirs, ours = pair.their_optimizer.state_dict(), pair.optimizer.state_dict()
    assert {n: sorted(values) for n, values in ours["state"].items()} == {
        n: sorted(values) for n, values in theirs["state"].items()
    }
    for mine, their in zip(ours["param_groups"], theirs["param_groups"], strict=True):
        assert mine == {key: their[key] for key in mine}


def test_groups_have_their_own_options() -> None:
    theirs = [torch.ones(shape, dtype=torch.float64, requires_grad=True) for shape in (3, 2)]
    ours = [Tensor(np.ones(shape)).requires_grad_() for shape in (3, 2)]
    for parameters, make, one in ((theirs, torch.optim.SGD, torch.ones_like), (ours, optim.SGD, ones_like)):
        groups = [{"params": parameters[0], "lr": 0.5}, {"params": [parameters[1]]}]
        optimizer = make(groups, lr=0.1, momentum=0.9)
        for _ in range(3):
            for parameter in parameters:
                parameter.grad = one(parameter)
            optimizer.step()
    for mine, their in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(mine.array, their.detach().numpy(), rtol=1e-14)


def ones_like(tensor: Tensor) -> Tensor:
    return Tensor(np.ones(tensor.shape))


@pytest.mark.parametrize("norm_type", [1.0, 2.0, 3.0, float("inf")])
@pytest.mark.parametrize("max_norm", [0.1, 3.0, 1000.0])
def test_clipping_by_norm(norm_type: float, max_norm: float) -> None:
    pair = Pair("SGD", {})
    for number, (theirs, ours) in enumerate(zip(pair.theirs[:4], pair.ours[:4], strict=True)):
        if number != 1:
            gradient = pair.rng.standard_normal(theirs.shape)
            theirs.grad, ours.grad = torch.tensor(gradient), Tensor(gradient.copy())
    expected = torch.nn.utils.clip_grad_norm_(pair.theirs, max_norm, norm_type)
    got = nn.utils.clip_grad_norm_(iter(pair.ours), max_norm, norm_type)
    assert got.shape == ()
    np.testing.assert_allclose(got.array, expected.numpy(), rtol=1e-12)
    for theirs, ours in zip(pair.theirs, pair.ours, strict=True):
        if theirs.grad is not None:
            np.testing.assert_allclose(ours.grad.array, theirs.grad.numpy(), rtol=1e-12)


def test_clipping_by_value() -> None:
    gradient = np.random.default_rng(0).standard_normal((5, 5)).astype(np.float32)
    theirs, ours = torch.zeros(5, 5, requires_grad=True), Tensor(np.zeros((5, 5), np.float32)).requires_grad_()
    theirs.grad, ours.grad = torch.tensor(gradient), Tensor(gradient.copy())
    torch.nn.utils.clip_grad_value_([theirs], 0.5)
    nn.utils.clip_grad_value_(ours, 0.5)
    np.testing.assert_array_equal(ours.grad.array, theirs.grad.numpy())
