"""Derivatives against central differences, in float64: first order, and second order in inputs and cotangents.

Every output is weighted by a fixed random cotangent `v`, so that the check is of one number,
`L(x) = sum(v * fn(x))`, whose gradient the backward pass gives. A few inputs are moved element by element; many
are moved along random directions, and element by element only to say what went wrong.

A missing gradient (None), or an output without a graph, claims that the derivative is zero, and is held to it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from autocnn.backend.arrays import Device, device_of, to_device, to_numpy
from autocnn.engine import Tensor, as_tensor, enable_grad, grad
from autocnn.errors import AutocnnError

Function = Callable[..., Any]
Values = np.ndarray[Any, Any]
Mode = Literal["auto", "full", "fast"]

_FEW = 100
"""As many elements, over all inputs, are checked one by one in the mode ``"auto"``."""
_DIRECTIONS = 2


class GradcheckError(AutocnnError, AssertionError):
    """A derivative that finite differences contradict, or a backward pass that changed what it was given."""


def gradcheck(
    fn: Function,
    inputs: Sequence[Any],
    *,
    eps: float = 1e-6,
    atol: float = 1e-6,
    rtol: float = 1e-5,
    mode: Mode = "auto",
    along: Sequence[Any] | None = None,
    seed: int = 0,
) -> bool:
    """Whether the backward pass of `fn` gives the derivatives that central differences give; True, or raises.

    inputs: floating tensors, arrays and lists are made float64 and differentiated, others and numbers passed on.
    Checks fast rules (a plain backward pass) and definitions (`create_graph=True`) alike. `along` gives a
    direction for each floating input, all moved together: for a point where only some directions have a derivative
    (a tie).

    Raises GradcheckError naming the input, its worst element, and both numbers.

    >>> gradcheck(lambda x, y: x * y, [Tensor([1.0, 2.0]), Tensor([3.0, 4.0])])
    True
    """
    problem = _Problem(fn, inputs, eps, atol, rtol, seed)
    problem.check(mode, along, {"backward": False, "backward with create_graph": True})
    return True


def gradgradcheck(
    fn: Function,
    inputs: Sequence[Any],
    *,
    eps: float = 1e-6,
    atol: float = 1e-6,
    rtol: float = 1e-5,
    mode: Mode = "auto",
    seed: int = 0,
) -> bool:
    """Whether the gradients of `fn`, as functions of its inputs and of the cotangents, have right derivatives.

    The gradient function is `(x..., v...) -> grad(fn(x...), x..., v...)`; it is checked as `gradcheck` checks
    any other. A gradient that lost its graph claims a second derivative of zero, and is held to it.

    Raises GradcheckError; inputs are counted through, and the cotangents of the outputs follow them.

    >>> gradgradcheck(lambda x, y: x * x * y, [Tensor([1.0, 2.0]), Tensor([3.0, 4.0])])
    True
    """
    outer = _Problem(fn, inputs, eps, atol, rtol, seed)
    count = len(outer.points)

    def gradients(*both: Any) -> tuple[Tensor, ...]:
        leaves = [x for x, p in zip(both[:count], outer.points, strict=True) if p.floating]
        return tuple(_gradients(_outputs(fn(*both[:count])), leaves, both[count:], create_graph=True))

    names = [f"cotangent of output {i}" for i in range(len(outer.cotangents))]
    values: list[Any] = [p.value for p in outer.points]
    inner = _Problem(gradients, [*values, *outer.cotangents], eps, atol, rtol, seed + 1, outer.device, names)
    inner.check(mode, None, {"second backward": False})
    return True


@dataclass(frozen=True)
class _Point:
    """One argument of the function: its value in float64 where it is differentiated."""

    value: Any
    floating: bool
    name: str

    def tensor(self, value: Any, device: Device) -> Any:
        if not isinstance(value, np.ndarray):
            return value
        return Tensor(to_device(value.copy(order="K"), device)).requires_grad_(self.floating)


class _Problem:
    """A function, where it is differentiated, and the weights of its outputs."""

    def __init__(
        self, fn: Function, inputs: Sequence[Any], eps: float, atol: float, rtol: float, seed: int,
        device: Device | None = None, names: Sequence[str] = (),
    ) -> None:  # fmt: skip
        first = len(inputs) - len(names)
        titles = [f"input {i}" for i in range(first)] + list(names)
        self.fn, self.eps, self.atol, self.rtol = fn, eps, atol, rtol
        self.device = _device(inputs) if device is None else device
        self.points = [_point(x, title) for x, title in zip(inputs, titles, strict=True)]
        self.random = np.random.default_rng(seed)
        self.cotangents = [self.random.standard_normal(y.shape) for y in self.outputs()]

    def outputs(self, moved: dict[int, Values] | None = None) -> list[Tensor]:
        """The floating outputs, with some arguments replaced."""
        return self.run(moved)[1]

    def run(self, moved: dict[int, Values] | None = None) -> tuple[list[Any], list[Tensor]]:
        """The arguments, as fresh leaves, and the floating outputs."""
        values = {**dict(enumerate(p.value for p in self.points)), **(moved or {})}
        arguments = [p.tensor(values[i], self.device) for i, p in enumerate(self.points)]
        with enable_grad():
            return arguments, _outputs(self.fn(*arguments))

    def slope(self, directions: dict[int, Values]) -> float:
        """The central difference of sum(v * fn(x)) along directions of some arguments, moved together."""
        ends = []
        for step in (self.eps, -self.eps):
            moved = {i: np.asarray(self.points[i].value + step * u) for i, u in directions.items()}
            parts = [
                np.sum(v * to_numpy(y.array)) for v, y in zip(self.cotangents, self.outputs(moved), strict=True)
            ]
            ends.append(float(sum(parts)))
        return (ends[0] - ends[1]) / (2 * self.eps)

    def check(self, mode: Mode, along: Sequence[Any] | None, passes: dict[str, bool]) -> None:
        floating = [i for i, p in enumerate(self.points) if p.floating]
        if mode == "auto":
            mode = "full" if sum(self.points[i].value.size for i in floating) <= _FEW else "fast"
        arguments, outputs = self.run()
        joint = (
            {} if along is None else {i: np.asarray(u, np.float64) for i, u in zip(floating, along, strict=True)}
        )
        slopes = [] if joint else [self._slopes(i, mode) for i in floating]
        together = self.slope(joint)
        # elsewhere, so that a rule that reads what the latest call left behind is found out
        self.run({i: np.asarray(self.points[i].value * 1.001) for i in floating})
        for name, create_graph in passes.items():
            found = self._backward(arguments, outputs, create_graph)
            if joint:
                self._compare_joint(name, together, joint, dict(zip(floating, found, strict=True)))
                continue
            for i, expected, gradient in zip(floating, slopes, found, strict=True):
                self._compare(name, i, expected, gradient)

    def _backward(self, arguments: list[Any], outputs: list[Tensor], create_graph: bool) -> list[Values]:
        leaves = [x for x, p in zip(arguments, self.points, strict=True) if p.floating]
        seeds = [Tensor(to_device(v.copy(), self.device)) for v in self.cotangents]
        before = [to_numpy(y.array).copy() for y in outputs]
        found = _gradients(outputs, leaves, seeds, create_graph)
        for i, (seed, v) in enumerate(zip(seeds, self.cotangents, strict=True)):
            self._unchanged(f"the cotangent of output {i}", seed, v)
        for i, (y, value) in enumerate(zip(outputs, before, strict=True)):
            self._unchanged(f"output {i}", y, value)
        for x, p in zip(arguments, self.points, strict=True):
            if isinstance(x, Tensor):
                self._unchanged(p.name, x, p.value)
        return [to_numpy(g.array).copy() for g in found]

    def _unchanged(self, what: str, tensor: Tensor, value: Values) -> None:
        if not np.array_equal(to_numpy(tensor.array), value, equal_nan=value.dtype.kind == "f"):
            raise GradcheckError(f"gradcheck: {what} {value.shape} was overwritten; primitives and rules are pure")

    def _slopes(self, i: int, mode: Mode) -> list[tuple[Values, float]]:
        """Directions in one argument and the central differences along them."""
        value = self.points[i].value
        if mode == "full":
            directions = [_unit(value.shape, n) for n in range(value.size)]
        else:
            directions = [self.random.standard_normal(value.shape) for _ in range(_DIRECTIONS)]
        return [(u, self.slope({i: u})) for u in directions]

    def _compare_joint(
        self, name: str, expected: float, joint: dict[int, Values], found: dict[int, Values]
    ) -> None:
        total = sum(float(np.sum(u * found[i])) for i, u in joint.items())
        if not self._close((total, expected)):
            raise GradcheckError(
                f"gradcheck: along the given direction {name} gives {total:.8g}, "
                f"finite differences {expected:.8g}; parts {[round(float(np.sum(g)), 8) for g in found.values()]}"
            )

    def _compare(self, name: str, i: int, slopes: list[tuple[Values, float]], gradient: Values) -> None:
        point = self.points[i]
        if gradient.shape != point.value.shape:
            raise GradcheckError(
                f"gradcheck: {point.name} is {point.value.shape}, {name} gives it a gradient {gradient.shape}"
            )
        pairs = [(float(np.sum(u * gradient)), expected) for u, expected in slopes]
        if all(map(self._close, pairs)):
            return
        elementwise = all(np.count_nonzero(u) == 1 for u, _ in slopes) and len(slopes) == gradient.size
        if not elementwise:
            self._compare(name, i, self._slopes(i, "full"), gradient)
            worst = max(pairs, key=_gap)
            where = "along a direction"
        else:
            at = max(range(len(pairs)), key=lambda n: _gap(pairs[n]))
            worst = pairs[at]
            index = [int(n) for n in np.unravel_index(at, gradient.shape)]
            wrong = sum(not self._close(pair) for pair in pairs)
            where = f"at {index}, the worst of {wrong} wrong in {gradient.size}"
        raise GradcheckError(
            f"gradcheck: {point.name} {gradient.shape}: {name} gives {worst[0]:.8g}, "
            f"finite differences {worst[1]:.8g} ({where})"
        )

    def _close(self, pair: tuple[float, float]) -> bool:
        found, expected = pair
        return bool(abs(found - expected) <= self.atol + self.rtol * abs(expected))  # False for NaN


def _gap(pair: tuple[float, float]) -> float:
    gap = abs(pair[0] - pair[1])
    return gap if gap == gap else float("inf")


def _unit(shape: tuple[int, ...], n: int) -> Values:
    unit = np.zeros(shape)
    unit.flat[n] = 1.0
    return unit


def _point(x: Any, name: str) -> _Point:
    if type(x) in (int, float, bool, str) or x is None:
        return _Point(x, False, name)
    value = to_numpy(as_tensor(x).array)
    floating = value.dtype.kind == "f"
    return _Point(value.astype(np.float64, order="K") if floating else value, floating, name)


def _device(inputs: Sequence[Any]) -> Device:
    """The device of the inputs: of the first that is on another one than the CPU."""
    devices = [device_of(x.array) for x in inputs if isinstance(x, Tensor)]
    return next((d for d in devices if d != "cpu"), Device("cpu"))


def _outputs(z: Any) -> list[Tensor]:
    """What a function returned, as a list of its floating tensors."""
    tensors = [z] if isinstance(z, Tensor) else list(z)
    return [y for y in tensors if y.dtype.kind == "f"]


def _gradients(
    outputs: Sequence[Tensor], leaves: Sequence[Tensor], seeds: Sequence[Tensor], create_graph: bool
) -> list[Tensor]:
    """The gradients of the leaves; zeros where there is none."""
    rooted = [(y, v) for y, v in zip(outputs, seeds, strict=True) if y.requires_grad]
    found: Sequence[Tensor | None] = [None] * len(leaves)
    if rooted and leaves:
        roots, weights = zip(*rooted, strict=True)
        found = grad(roots, leaves, weights, True, create_graph, allow_unused=True)
    return [_zeros(x) if g is None else g for x, g in zip(leaves, found, strict=True)]


def _zeros(x: Tensor) -> Tensor:
    return Tensor(to_device(np.zeros(x.shape), x.device))
