"""What all optimisers share: groups, state, steps in place, and what they refuse."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from autocnn import nn, optim
from autocnn.backend import onednn
from autocnn.engine import Tensor, is_grad_enabled, no_grad
from autocnn.engine.tape import version
from autocnn.errors import ArgumentError, GradientError, InPlaceError, NonFiniteError, OperandError, StateError
from autocnn.optim.optimizer import onlooking

MAKERS: dict[str, Callable[[Any], optim.Optimizer]] = {
    "SGD": lambda params: optim.SGD(params, 0.1, momentum=0.9, nesterov=True, weight_decay=0.01),
    "Adam": lambda params: optim.Adam(params, amsgrad=True, weight_decay=0.01),
    "AdamW": lambda params: optim.AdamW(params),
    "RMSprop": lambda params: optim.RMSprop(params, momentum=0.9, centered=True),
    "Adagrad": lambda params: optim.Adagrad(params, lr_decay=0.1),
    "Adadelta": lambda params: optim.Adadelta(params, weight_decay=0.01),
    "Adamax": lambda params: optim.Adamax(params),
    "NAdam": lambda params: optim.NAdam(params, decoupled_weight_decay=True, weight_decay=0.01),
    "RAdam": lambda params: optim.RAdam(params, betas=(0.9, 0.9)),
    "Rprop": lambda params: optim.Rprop(params),
    "ASGD": lambda params: optim.ASGD(params, t0=2),
}
every = pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)


def weight(*shape: int, fill: float = 1.0) -> Tensor:
    return Tensor(np.full(shape, fill, np.float32)).requires_grad_()


def train(optimizer: optim.Optimizer, steps: int, start: int = 0) -> None:
    """Steps on gradients that depend on the number of the step alone."""
    for number in range(start, start + steps):
        rng = np.random.default_rng(number)
        for group in optimizer.param_groups:
            for parameter in group["params"]:
                parameter.grad = Tensor(rng.standard_normal(parameter.shape).astype(np.float32))
        optimizer.step()


@every
def test_a_step_writes_to_the_same_memory_and_says_so(make: Callable[..., optim.Optimizer]) -> None:
    w = weight(3, 2)
    memory, before = w.array, version(w.array)
    train(make([w]), 2)
    assert w.array is memory
    assert version(memory) > before
    assert w.is_leaf
    assert w.requires_grad


@every
def test_channels_last_weights_keep_their_layout(make: Callable[..., optim.Optimizer]) -> None:
    values = np.random.default_rng(0).standard_normal((4, 3, 5, 5)).astype(np.float32)
    last = np.ascontiguousarray(values.transpose(0, 2, 3, 1)).transpose(0, 3, 1, 2)
    one, two = Tensor(values.copy()).requires_grad_(), Tensor(last).requires_grad_()
    first, second = make([one]), make([two])
    train(first, 3)
    train(second, 3)
    np.testing.assert_array_equal(one.array, two.array)
    assert two.array.strides == last.strides
    states = [value.array for value in second.state[two].values() if isinstance(value, Tensor)]
    assert all(array.strides == last.strides for array in states)


@every
def test_saved_and_loaded_it_goes_on_to_the_bit(make: Callable[..., optim.Optimizer]) -> None:
    whole, cut = [weight(3, 2), weight(4)], [weight(3, 2), weight(4)]
    train(make(whole), 7)
    first = make(cut)
    train(first, 4)
    state = first.state_dict()
    resumed = [Tensor(parameter.array.copy()).requires_grad_() for parameter in cut]
    second = make(resumed)
    second.load_state_dict(state)
    train(first, 1, start=50)  # the loaded state is a copy: what the first does now is not seen
    train(second, 3, start=4)
    for one, two in zip(whole, resumed, strict=True):
        np.testing.assert_array_equal(one.array, two.array)


@every
def test_deep_copies_go_their_own_way(make: Callable[..., optim.Optimizer]) -> None:
    w = weight(3)
    optimizer = make([w])
    train(optimizer, 2)
    twin = copy.deepcopy(optimizer)
    other = twin.param_groups[0]["params"][0]
    assert other is not w
    before = w.array.copy()
    train(twin, 2)
    np.testing.assert_array_equal(w.array, before)
    train(optimizer, 2)
    np.testing.assert_array_equal(w.array, other.array)


@every
def test_no_gradient_no_step(make: Callable[..., optim.Optimizer]) -> None:
    w = weight(3)
    make([w]).step()
    assert w.tolist() == [1, 1, 1]


@every
def test_a_second_step_allocates_nothing_of_size(make: Callable[..., optim.Optimizer]) -> None:
    import tracemalloc

    w = weight(512, 512)
    optimizer = make([w])
    train(optimizer, 1)
    tracemalloc.start()
    optimizer.step()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < w.array.nbytes // 10


def test_closure_runs_with_gradients_and_its_value_comes_back() -> None:
    w = weight(1)
    seen = []

    def closure() -> float:
        seen.append(is_grad_enabled())
        w.grad = Tensor(np.ones(1, np.float32))
        return 2.5

    with no_grad():
        assert optim.SGD([w], lr=0.5).step(closure) == 2.5
    assert seen == [True]
    assert w.tolist() == [0.5]


def test_zero_grad() -> None:
    w = weight(2)
    optimizer = optim.SGD([w])
    w.grad = Tensor(np.ones(2, np.float32))
    memory = w.grad.array
    optimizer.zero_grad(set_to_none=False)
    assert w.grad is not None
    assert w.grad.array is memory
    assert memory.tolist() == [0, 0]
    optimizer.zero_grad()
    assert w.grad is None
    optimizer.zero_grad(set_to_none=False)
    assert w.grad is None


def test_groups_names_and_defaults() -> None:
    one, two, three = weight(1), weight(2), weight(3)
    optimizer = optim.SGD([("one", one), ("two", two)], lr=0.5)
    optimizer.add_param_group({"params": three, "lr": 0.25})
    assert [group["lr"] for group in optimizer.param_groups] == [0.5, 0.25]
    assert optimizer.param_groups[0]["param_names"] == ["one", "two"]
    assert optimizer.state_dict()["param_groups"][1]["params"] == [2]
    assert optimizer.defaults["momentum"] == 0
    assert repr(optimizer).splitlines()[:3] == ["SGD (", "Parameter Group 0", "    dampening: 0"]
    assert "    param_names: ['one', 'two']\n    weight_decay: 0\n\nParameter Group 1\n" in repr(optimizer)
    assert repr(optimizer).splitlines()[-1] == ")"


def test_loading_takes_options_arrays_and_foreign_keys() -> None:
    w = Tensor(np.ones((2, 2))).requires_grad_()
    optimizer = optim.Adam([w])
    state = {
        "state": {
            "0": {
                "step": np.float32(3),
                "exp_avg": np.ones((2, 2), np.float32),
                "exp_avg_sq": Tensor(np.ones((2, 2))),
            }
        },
        "param_groups": [{"lr": 0.5, "initial_lr": 0.7, "params": [0]}],
    }
    optimizer.load_state_dict(state)
    assert optimizer.state[w]["step"] == 3
    assert optimizer.state[w]["exp_avg"].dtype == np.float64
    assert (optimizer.param_groups[0]["lr"], optimizer.param_groups[0]["initial_lr"]) == (0.5, 0.7)
    assert optimizer.param_groups[0]["params"][0] is w


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (lambda s: s.pop("state"), "Adam.load_state_dict: state_dict lacks 'state'"),
        (
            lambda s: s["param_groups"][0]["params"].append(7),
            "Adam.load_state_dict: groups of [2] parameters, the state has [3]. Make the optimiser as it was then",
        ),
        (
            lambda s: s["state"].update({9: {}}),
            "Adam.load_state_dict: state of parameter 9, which no group has",
        ),
        (
            lambda s: s["state"][0].update(exp_avg=np.zeros(3)),
            "Adam.load_state_dict: exp_avg has shape (3,), its parameter (2,)",
        ),
    ],
)
def test_state_that_does_not_fit(change: Callable[[dict[str, Any]], Any], text: str) -> None:
    optimizer = optim.Adam([weight(2), weight(3)])
    train(optimizer, 1)
    state = optimizer.state_dict()
    change(state)
    with pytest.raises(StateError) as caught:
        optimizer.load_state_dict(state)
    assert str(caught.value) == text


def made() -> Tensor:
    return weight(2) + weight(2)


def read_only() -> Tensor:
    w = weight(2)
    w.array.flags.writeable = False
    return w


def nesterov(**options: float) -> optim.SGD:
    return optim.SGD([weight(1)], nesterov=True, **options)


@pytest.mark.parametrize(
    ("make", "error", "text"),
    [
        (lambda: optim.SGD([]), ArgumentError, "SGD: params is empty; there is nothing to optimise"),
        (lambda: optim.SGD(weight(2)), OperandError, "SGD: params is one tensor (2,); it is a list of them"),
        (lambda: optim.Adam([3.0]), OperandError, "Adam: params[0] is float; only tensors are optimised"),
        (
            lambda: optim.SGD([weight(2), made()]),
            GradientError,
            "SGD: params[1] (2,) was made by add; only leaves are optimised. Use detach()",
        ),
        (
            lambda: optim.SGD([read_only()]),
            InPlaceError,
            "SGD: params[0] (2,) is read-only; a step writes to it. Clone it first",
        ),
        (lambda: optim.SGD([w := weight(2), w]), ArgumentError, "SGD: params[1] (2,) comes twice"),
        (lambda: optim.SGD([weight(1)], lr=-1), ArgumentError, "SGD: lr is -1; it is at least 0"),
        (
            lambda: optim.RMSprop([weight(1)], alpha=float("nan")),
            ArgumentError,
            "RMSprop: alpha is nan; it is at least 0",
        ),
        (lambda: optim.Adagrad([weight(1)], eps=-1), ArgumentError, "Adagrad: eps is -1; it is at least 0"),
        (
            lambda: optim.AdamW([weight(1)], betas=(0.9, 1.0)),
            ArgumentError,
            "AdamW: betas is (0.9, 1.0); both are at least 0 and less than 1",
        ),
        (
            lambda: nesterov(),
            ArgumentError,
            "SGD: nesterov with momentum 0 and dampening 0; it needs a momentum, and no dampening",
        ),
        (
            lambda: nesterov(momentum=0.9, dampening=0.1),
            ArgumentError,
            "SGD: nesterov with momentum 0.9 and dampening 0.1; it needs a momentum, and no dampening",
        ),
        (
            lambda: nn.utils.clip_grad_norm_([weight(1)], -1),
            ArgumentError,
            "clip_grad_norm_: max_norm is -1; it is at least 0",
        ),
        (
            lambda: nn.utils.clip_grad_value_([weight(1)], -0.5),
            ArgumentError,
            "clip_grad_value_: clip_value is -0.5; it is at least 0",
        ),
    ],
)
def test_errors(make: Callable[[], object], error: type[Exception], text: str) -> None:
    with pytest.raises(error) as caught:
        make()
    assert str(caught.value) == text


def test_clipping_nothing_and_what_is_not_finite() -> None:
    w = weight(2)
    assert float(nn.utils.clip_grad_norm_([w], 1.0)) == 0
    w.grad = Tensor(np.array([np.inf, 1], np.float32))
    with pytest.raises(NonFiniteError) as caught:
        nn.utils.clip_grad_norm_([w], 1.0, error_if_nonfinite=True)
    assert str(caught.value) == (
        "clip_grad_norm_: the norm of order 2.0 of all gradients is inf; "
        "it cannot be clipped. Lower the learning rate, or look for the first bad value in debug mode"
    )
    w.grad = Tensor(np.array([3, 4], np.float32))
    before = version(w.grad.array)
    assert float(nn.utils.clip_grad_norm_(w, 1.0)) == 5
    assert w.grad.dtype == np.float32
    assert version(w.grad.array) > before


@pytest.mark.parametrize("kind", [optim.SGD, optim.Adam, optim.AdamW, optim.RMSprop, optim.Adagrad])
def test_how_pytorch_computes_makes_no_difference_here(kind: Any) -> None:
    one, two = weight(3), weight(3)
    train(kind([one], foreach=False), 3)
    train(kind([two], foreach=True), 3)
    np.testing.assert_array_equal(one.array, two.array)
    with pytest.raises(ArgumentError, match="differentiable is True; steps are not recorded"):
        kind([one], differentiable=True)


@pytest.mark.parametrize("kind", [optim.SGD, optim.Adam, optim.AdamW, optim.RMSprop, optim.Adagrad])
def test_a_rate_that_is_a_tensor_is_read_as_a_number(kind: Any) -> None:
    one, two = weight(3), weight(3)
    train(kind([one], lr=0.25), 2)
    train(kind([two], lr=Tensor(0.25)), 2)
    np.testing.assert_array_equal(one.array, two.array)


def test_an_onlooker_sees_a_step_behind_its_closure_and_is_gone_after_an_error() -> None:
    w, seen = weight(1, fill=4.0), []

    class Onlooker:
        def before_step(self, optimizer: optim.Optimizer) -> None:
            seen.append((w.item(), None if w.grad is None else w.grad.item()))

        def after_step(self, optimizer: optim.Optimizer) -> None:
            seen.append((w.item(), None))

    def closure() -> None:
        w.grad = Tensor([2.0])

    optimizer = optim.SGD([w], 0.5)
    with onlooking(Onlooker()):
        optimizer.step(closure)
    with pytest.raises(KeyError), onlooking(Onlooker()):
        raise KeyError
    optimizer.step(closure)
    assert seen == [(4.0, 2.0), (3.0, None)]


LARGE = (300, 301)
"""A shape of which an optimiser's passes go to oneDNN, where it is there."""

OF_SGD: list[dict[str, Any]] = [
    {},
    {"maximize": True, "weight_decay": 0.1},
    {"momentum": 0.9, "dampening": 0.3, "maximize": True},
    {"momentum": 0.9, "weight_decay": 0.1},
    {"momentum": 0.9, "nesterov": True, "weight_decay": 0.1, "maximize": True},
]


def large(make: Callable[[Any], optim.Optimizer], shape: tuple[int, ...] = LARGE) -> np.ndarray:
    """A weight and its state after four steps at rates that change, the last with NaN and infinity in it."""
    values = np.random.default_rng(7).standard_normal(LARGE).astype(np.float32).reshape(shape)
    parameter = Tensor(values).requires_grad_()
    optimizer = make([parameter])
    train(optimizer, 3)
    optimizer.param_groups[0]["lr"] *= 0.5
    gradient = np.random.default_rng(3).standard_normal(LARGE).astype(np.float32)
    gradient[0, :3] = np.nan, np.inf, -np.inf
    parameter.grad = Tensor(gradient.reshape(shape))
    optimizer.step()
    states = [value.array for value in optimizer.state[parameter].values() if isinstance(value, Tensor)]
    return np.stack([parameter.array, *states])


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize(
    "make",
    [*MAKERS.values(), *[lambda params, options=options: optim.SGD(params, 0.1, **options) for options in OF_SGD]],
    ids=[*MAKERS, *map(str, OF_SGD)],
)
def test_large_parameters_move_as_small_ones_do(make: Callable[..., optim.Optimizer]) -> None:
    mine = large(make)
    with onednn.disabled():
        expected = large(make)
    assert np.isnan(mine).any()
    np.testing.assert_allclose(mine, expected, 1e-5, 1e-5)  # a variance is a small difference of rounded numbers
