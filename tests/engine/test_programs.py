"""Random programs of pure ops, views and in-place writes: their gradients are what finite differences say.

A program either raises, in its forward or its backward pass, or its gradients are right; and it gives the same
gradients with a recorded backward pass, in debug mode and in a checkpoint.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import numpy as np
import pytest

from autocnn.autograd import checkpoint, debug, grad
from autocnn.engine import Tensor, tape
from autocnn.engine.tape import Watcher
from autocnn.errors import AutocnnError

PURE: list[Callable[[Any, Any], Any]] = [
    lambda x, y: x * y,
    lambda x, y: x + y,
    lambda x, y: x.sin(),
    lambda x, y: x * x,
    lambda x, y: (x * 0.5).exp(),
    lambda x, y: x.clone(),
    lambda x, y: x.tanh() * y,
    lambda x, y: x.relu(),
]
VIEWS: list[Callable[[Any], Any]] = [
    lambda x: x[0],
    lambda x: x[1:],
    lambda x: x[::2],
    lambda x: x[..., 0],
    lambda x: x.reshape(-1),
    lambda x: x.transpose(0, -1),
    lambda x: x.unsqueeze(0),
    lambda x: x.squeeze(),
    lambda x: x.unbind(0)[-1],
    lambda x: x.split(1, 0)[0],
    lambda x: x.expand(2, *x.shape),
    lambda x: x.diagonal(0, -2, -1),
]
WRITES: list[Callable[[Any, Any], Any]] = [
    lambda x, y: x.mul_(2.0),
    lambda x, y: x.add_(y),
    lambda x, y: x.mul_(y),
    lambda x, y: x.sin_(),
    lambda x, y: x.copy_(y),
    lambda x, y: x.relu_(),
    lambda x, y: x.tanh_(),
    lambda x, y: x.clamp_(0.2, 2.0),
    lambda x, y: x.lerp_(y, 0.3),
    lambda x, y: x.fill_(0.7),
    lambda x, y: x.__setitem__(0, y),
    lambda x, y: x.__setitem__((..., 0), 1.5),
    lambda x, y: x.__setitem__(slice(1, None), 0.3),
    lambda x, y: x.__setitem__([0], y),
]
KINDS = [PURE, VIEWS, VIEWS, WRITES, WRITES]
Step = tuple[int, int, float, float]


def program(seed: int) -> tuple[list[Any], list[Step]]:
    """Three starting arrays, and steps: which kind, which op, which operands among those that there are."""
    chance, numbers = random.Random(seed), np.random.default_rng(seed)
    starts = [numbers.uniform(0.5, 1.5, shape) for shape in ((3, 4), (3, 4), (4,))]
    steps = []
    for _ in range(chance.randint(3, 9)):
        kind = chance.randrange(len(KINDS))
        steps.append((kind, chance.randrange(len(KINDS[kind])), chance.random(), chance.random()))
    return starts, steps


def total(leaves: tuple[Tensor, ...], steps: list[Step]) -> Tensor:
    """Run the steps; a weighted sum of everything that there is in the end."""
    known = [x * 1.0 for x in leaves]
    for kind, op, first, second in steps:
        x, y = known[int(first * len(known))], known[int(second * len(known))]
        run: Any = KINDS[kind][op]
        made = run(x) if KINDS[kind] is VIEWS else run(x, y)
        if KINDS[kind] is not WRITES:
            known.append(made)
    whole = Tensor(np.zeros(()))
    for weight, x in enumerate(known, start=1):
        whole = whole + (x * float(weight)).sum()
    return whole


def slopes(starts: list[Any], steps: list[Step], context: Any = nullcontext, wrap: Any = None) -> Any:
    """The gradients of a program; None where it raises."""
    leaves = tuple(Tensor(a.copy()).requires_grad_() for a in starts)
    try:
        with context():
            whole = total(leaves, steps) if wrap is None else wrap(lambda *xs: total(xs, steps), *leaves)
            return [g.array for g in grad(whole, leaves)]
    except (AutocnnError, IndexError):
        return None


def difference(starts: list[Any], steps: list[Step], direction: list[Any], eps: float = 1e-6) -> float:
    """The central difference along a direction, without a graph."""
    ends = []
    for sign in (1, -1):
        moved = tuple(Tensor(a + sign * eps * u) for a, u in zip(starts, direction, strict=True))
        ends.append(total(moved, steps).item())
    return (ends[0] - ends[1]) / (2 * eps)


@pytest.mark.parametrize("block", range(4))
def test_gradients_are_right_or_refused(block: int) -> None:
    answered = 0
    for seed in range(block * 500, (block + 1) * 500):
        starts, steps = program(seed)
        found = slopes(starts, steps)
        if found is None:
            continue
        answered += 1
        direction = [np.random.default_rng(seed).standard_normal(a.shape) for a in starts]
        expected = difference(starts, steps, direction)
        given = sum(float(np.sum(u * g)) for u, g in zip(direction, found, strict=True))
        assert given == pytest.approx(expected, rel=1e-4, abs=1e-5), f"program {seed}"
    assert answered > 100


@pytest.mark.parametrize("name", ["watched", "debug", "checkpoint"])
def test_whoever_looks_on_sees_the_same(name: str) -> None:
    contexts = {"watched": lambda: tape.context(watch=Watcher()), "debug": debug, "checkpoint": nullcontext}
    for seed in range(150):
        starts, steps = program(seed)
        plain = slopes(starts, steps)
        looked = slopes(starts, steps, contexts[name], checkpoint if name == "checkpoint" else None)
        if plain is None or looked is None:  # a checkpoint refuses more
            assert plain is None or name == "checkpoint", f"program {seed}"
            continue
        for a, b in zip(plain, looked, strict=True):
            np.testing.assert_array_equal(a, b, err_msg=f"program {seed}")
