"""The toy model of vanishing gradients: a number through n times tanh, with and without skips, in closed form.

Two readings of C(theta) = tanh(theta)^n: `power`, a product of n factors tanh(w theta), and `chain`, n
applications of tanh, h <- tanh(w h), which is a network of n layers of one unit. Three skips: `none`; `long`, the
one of the notes, C(theta) + theta; `every`, one at every layer, h <- h + layer(h), as in a ResNet. Two gradients:
at theta, and at the weight of the first layer, which the long skip goes around.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from autocnn.engine import Node, Tensor, grad
from autocnn.errors import ArgumentError
from autocnn.flow.cotangents import Exact, Rescaled, Scaled, carry
from autocnn.flow.signed import Signed
from autocnn.graph.data import Graph
from autocnn.graph.trace import recorded
from autocnn.types import Array

READINGS = ("power", "chain")
SKIPS = ("none", "long", "every")
AT = ("theta", "first weight")


@dataclass(frozen=True)
class Cell:
    """One derivative of the toy model: by its closed form, and by the engine.

    `log10` is the decimal logarithm of the closed form's magnitude, which float64 may not hold. `rescaled` is the
    engine's first derivative in float32 with a power of two beside it; None where that was not asked for.
    """

    reading: str
    skip: str
    at: str
    order: int
    n: int
    theta: float
    closed: float
    log10: float
    engine: float
    rescaled: float | None = None

    @property
    def error(self) -> float:
        """How far the engine is from the closed form, relative to it."""
        return _relative(self.engine, self.closed)

    @property
    def rescaled_error(self) -> float | None:
        """How far the rescaled sweep is from the closed form, relative to it."""
        return None if self.rescaled is None else _relative(self.rescaled, self.closed)


@dataclass(frozen=True)
class Toy:
    """The toy model at several depths and places: a table of derivatives."""

    weight: float
    dtype: str
    cells: tuple[Cell, ...]

    def rows(self) -> list[dict[str, Any]]:
        """One row for each derivative."""
        return [{**asdict(c), "error": c.error, "rescaled_error": c.rescaled_error} for c in self.cells]

    def to_dict(self) -> dict[str, Any]:
        """Everything, with plain numbers; what is no finite number is None, or "inf"."""
        rows = [{key: _written(value) for key, value in row.items()} for row in self.rows()]
        return {"weight": self.weight, "dtype": self.dtype, "cells": rows}

    def curves(self, reading: str = "power", *, engine: bool = False) -> dict[str, dict[str, dict[int, Any]]]:
        """First derivatives for a figure: by what they are taken at, skip, depth and theta."""
        found: dict[str, dict[str, dict[int, Any]]] = {}
        for c in self.cells:
            if (c.reading, c.order) == (reading, 1):
                line = found.setdefault(c.at, {}).setdefault(c.skip, {}).setdefault(c.n, {})
                line[c.theta] = c.engine if engine else c.closed
        return found

    @property
    def worst(self) -> Cell:
        """The cell where the engine is farthest from the closed form."""
        return max(self.cells, key=lambda cell: cell.error)

    def __str__(self) -> str:
        lines = []
        for reading, at in dict.fromkeys((cell.reading, cell.at) for cell in self.cells):
            lines.append(f"{reading}: gradient at {at}")
            lines.append(f"{'theta':>7} {'n':>5}" + "".join(f"{skip:>12}" for skip in SKIPS))
            lines += _lines([c for c in self.cells if (c.reading, c.at, c.order) == (reading, at, 1)])
        return "\n".join([*lines, self.verdict()])

    def verdict(self) -> str:
        """How well the engine keeps to the closed forms, in a sentence."""
        if self.dtype != "float32":
            return f"In {self.dtype} the engine is within {self.worst.error:.0e} of the closed forms."
        lost = sum(cell.engine == 0 and cell.closed != 0 for cell in self.cells)
        worst = max((cell.rescaled_error or 0.0 for cell in self.cells), default=0.0)
        return (
            f"Plain float32 rounds {lost} of {len(self.cells)} derivatives to 0; "
            f"with rescaled cotangents it is within {worst:.0e} of every first one."
        )


def _lines(cells: Sequence[Cell]) -> Iterator[str]:
    by_place: dict[tuple[float, int], dict[str, Cell]] = {}
    for cell in cells:
        by_place.setdefault((cell.theta, cell.n), {})[cell.skip] = cell
    for (theta, n), found in sorted(by_place.items()):
        yield f"{theta:7g} {n:5d}" + "".join(f"{found[skip].closed:12.3g}" for skip in SKIPS if skip in found)


def _relative(found: float, exact: float) -> float:
    if found == exact:
        return 0.0
    if not exact or not math.isfinite(exact):
        return math.inf
    return abs(found - exact) / abs(exact)


def _written(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return None if math.isnan(value) else str(value)
    return value


def toy(
    theta: Sequence[float] = (0.1, 0.5, 1.0, 2.0),
    n: Sequence[int] = (1, 5, 10, 50, 100),
    *,
    readings: Sequence[str] = READINGS,
    skips: Sequence[str] = SKIPS,
    weight: float = 1.0,
    dtype: str = "float64",
) -> Toy:
    """First and second derivatives of the toy model, by closed form and by the engine in `dtype`.

    The closed forms are taken at theta and weight as `dtype` rounds them. In float32, where the products
    underflow, the sweep with rescaled cotangents stands beside.

    Raises ArgumentError for an unknown reading, skip or dtype, for n below 1 or not whole, and for empty lists.

    >>> print(toy([0.5], [1, 10, 100], readings=["power"]))
    power: gradient at theta
      theta     n        none        long       every
        0.5     1       0.786        1.79       0.786
        0.5    10     0.00756        1.01         240
        0.5   100    5.08e-32           1    1.69e+18
    power: gradient at first weight
      theta     n        none        long       every
        0.5     1       0.393       0.393       0.393
        0.5    10    0.000378    0.000378          12
        0.5   100    2.54e-34    2.54e-34    8.47e+15
    In float64 the engine is within ...e-1... of the closed forms.
    """
    if dtype not in ("float32", "float64"):
        raise ArgumentError(f"toy: dtype is {dtype!r}; 'float32' or 'float64'")
    for name, values in {"theta": theta, "n": n, "readings": readings, "skips": skips}.items():
        if isinstance(values, str | float | int) or not len(values):
            raise ArgumentError(f"toy: {name} is {values!r}; a list with at least one entry")
    places = np.asarray(theta, dtype)
    rounded = float(np.asarray(weight, dtype))
    cells: list[Cell] = []
    for reading, skip, depth in itertools.product(readings, skips, n):
        exact = closed(places.astype(np.float64), depth, reading, skip, rounded)
        found = derivatives(places, depth, reading, skip, rounded)
        swept = rescaled(places, depth, reading, skip, rounded) if dtype == "float32" else {}
        for (at, order), form in exact.items():
            kept = swept.get(at) if order == 1 else None
            cells += [
                Cell(
                    reading, skip, at, order, depth, float(place), float(form.value[i]), float(form.log10[i]),
                    float(found[at, order][i]), None if kept is None else float(kept[i].wide()),
                )
                for i, place in enumerate(theta)
            ]  # fmt: skip
    return Toy(weight, dtype, tuple(cells))


# The graph -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Drawn:
    """The graph of one toy model, and what flows back: all at every vertex, each user's part on every edge."""

    graph: Graph
    gradients: dict[int, float]
    edges: dict[tuple[int, int, int], float]
    """By source, target and position; the parts of one source add up to its gradient."""

    def sizes(self) -> dict[Any, float]:
        """How large gradients are, by vertex and by edge, as `viz.flow` takes them."""
        return {place: abs(g) for place, g in [*self.gradients.items(), *self.edges.items()]}

    def shares(self) -> dict[tuple[int, int, int], float]:
        """Which part of its source's gradient an edge brings, as `viz.flow` takes it."""
        return {edge: g / self.gradients[edge[0]] for edge, g in self.edges.items() if self.gradients[edge[0]]}


def drawn(
    n: int = 3, reading: str = "chain", skip: str = "none", theta: float = 0.5, weight: float = 1.0
) -> Drawn:
    """The toy model as a graph, with the gradient at every vertex and on every edge, to be drawn.

    >>> found = drawn(2, skip="long")
    >>> [round(g, 4) for (source, _, _), g in found.edges.items() if source == 0], round(found.gradients[0], 4)
    ([1.0, 0.6398], 1.6398)
    """
    place, weights = _leaves(np.asarray(theta, np.float64), n, weight)
    result = output(place, weights, reading, skip)
    names = {f"w{i}": w for i, w in enumerate(weights, 1)}
    graph, _, nodes = recorded(result, parameters=names, inputs={"θ": place})
    vertex_of = {node.serial: vertex for vertex, node in nodes.items()}
    algebra = _Parts()
    carry(algebra, result.node(), None)
    edges = {(vertex_of[node.edges[i].serial], vertex_of[node.serial], i): g for node, i, g in algebra.parts}
    return Drawn(graph, {vertex_of[serial]: g for serial, g in algebra.whole.items()}, edges)


class _Parts(Exact):
    """The gradient of single numbers, which notes what it is at every node, and what every edge brings."""

    def __init__(self) -> None:
        super().__init__(seen=lambda node, g: self.whole.update({node.serial: float(g)}))
        self.whole: dict[int, float] = {}
        self.parts: list[tuple[Node, int, float]] = []

    def apply(self, node: Node, g: Any) -> Sequence[Any]:
        """What flows into each operand, as in every sweep."""
        made = super().apply(node, g)
        self.parts += [(node, i, float(part)) for i, part in enumerate(made) if part is not None]
        return made


# The closed forms ------------------------------------------------------------------------------------------------


def closed(
    theta: Any, n: int, reading: str = "power", skip: str = "none", weight: float = 1.0
) -> dict[tuple[str, int], Signed]:
    """First and second derivative at theta and at the first layer's weight, by ("theta" | "first weight", order).

    With t = tanh(w theta) and s = 1 - t^2 = sech^2(w theta), `power` without skips is
    dC/dtheta = n w t^(n-1) s and d2C/dtheta2 = w^2 (n (n-1) t^(n-2) s^2 - 2 n t^n s). With a skip at every
    layer C is (1 + t)^n, the sum over all 2^n ways through n layers that are each taken or skipped. In a `chain`,
    dC/dtheta is the product over layers of f_k = w s_k, or 1 + w s_k with skips, s_k = sech^2(w h_(k-1)), and the
    second derivative follows D2_k = f_k D2_(k-1) + f_k' D_(k-1)^2.
    Numbers come as sign and logarithm, so that no product underflows.

    Raises ArgumentError for an unknown reading or skip, and for n below 1.

    >>> form = closed(0.1, 1000)["theta", 1]
    >>> float(form.value), round(float(form.log10), 3)
    (0.0, -997.447)
    """
    _check(n, reading, skip)
    theta = np.asarray(theta, np.float64)
    form = _powers if reading == "power" else _chains
    result = form(theta, n, skip == "every", weight)
    if skip == "long":
        result["theta", 1] = result["theta", 1] + Signed.of(np.ones_like(theta))
    return result


def _powers(theta: Array, n: int, every: bool, w: float) -> dict[tuple[str, int], Signed]:
    t, s = _tanh(w * theta), _sech2(w * theta)
    base = t + Signed.of(np.ones_like(theta)) if every else t
    x, wide = Signed.of(theta), Signed.of(w)
    second = Signed.of(n * (n - 1)) * base ** max(n - 2, 0) * s**2 + Signed.of(-2 * n) * base ** (n - 1) * t * s
    return {
        ("theta", 1): Signed.of(n) * wide * base ** (n - 1) * s,
        ("theta", 2): wide**2 * second,
        ("first weight", 1): x * s * base ** (n - 1),
        ("first weight", 2): Signed.of(-2.0) * x**2 * t * s * base ** (n - 1),
    }


def _chains(theta: Array, n: int, every: bool, w: float) -> dict[tuple[str, int], Signed]:
    one = Signed.of(np.ones_like(theta))
    x, t, s = Signed.of(theta), _tanh(w * theta), _sech2(w * theta)
    after = np.tanh(w * theta) + (theta if every else 0.0)
    first = _follow(theta, one, Signed.of(np.zeros_like(theta)), n, every, w)
    weight = _follow(after, x * s, Signed.of(-2.0) * x**2 * t * s, n - 1, every, w)
    return {
        ("theta", 1): first[0],
        ("theta", 2): first[1],
        ("first weight", 1): weight[0],
        ("first weight", 2): weight[1],
    }


def _follow(h: Array, d1: Signed, d2: Signed, layers: int, every: bool, w: float) -> tuple[Signed, Signed]:
    """First and second derivative of what comes out of some layers, given those of what goes in."""
    one, wide = Signed.of(np.ones_like(h)), Signed.of(w)
    for _ in range(layers):
        t, s = _tanh(w * h), _sech2(w * h)
        slope = wide * s + one if every else wide * s
        d1, d2 = slope * d1, slope * d2 + Signed.of(-2.0) * wide**2 * t * s * d1**2
        h = np.tanh(w * h) + (h if every else 0.0)
    return d1, d2


def _tanh(x: Array) -> Signed:
    return Signed.of(np.tanh(x))


def _sech2(x: Array) -> Signed:
    """1 - tanh(x)^2, without the difference."""
    x = np.abs(x)
    return Signed(np.ones_like(x), -2 * (x + np.log1p(np.exp(-2 * x)) - math.log(2)))


# The engine ------------------------------------------------------------------------------------------------------


def output(
    theta: Tensor, weights: Sequence[Tensor], reading: str = "power", skip: str = "none", lift: int = 0
) -> Tensor:
    """The toy model itself: C of theta, with a weight for each layer.

    Every layer of a `power` is multiplied by 2^lift and the result by 2^-lift as often, which changes nothing but
    the powers of two on the way, and leaves a forward pass in float32 that does not underflow.

    Raises ArgumentError for an unknown reading or skip, and if there are no weights.

    >>> theta, w = Tensor(0.5).requires_grad_(), Tensor(1.0)
    >>> round(output(theta, [w, w], "chain", "long").item(), 6)
    0.931808
    """
    _check(len(weights), reading, skip)
    power = reading == "power"
    h = theta
    for place, w in enumerate(weights):
        layer = (w * (theta if power else h)).tanh()
        if lift:
            layer = layer * 2.0**lift
        if power and place:
            layer = h * layer
        before: Tensor | float = 1.0 if power and not place else h
        h = layer + before if skip == "every" else layer
    if lift:
        for _ in weights:
            h = h * 2.0**-lift
    return h + theta if skip == "long" else h


def derivatives(
    theta: Array, n: int, reading: str = "power", skip: str = "none", weight: float = 1.0
) -> dict[tuple[str, int], Array]:
    """What the engine finds for the derivatives that `closed` has, in the dtype of theta.

    >>> found = derivatives(np.array([0.5]), 100)["theta", 1]
    >>> bool(abs(found / 5.083081592e-32 - 1) < 1e-9)
    True
    """
    place, weights = _leaves(theta, n, weight)
    found: dict[tuple[str, int], Array] = {}
    with np.errstate(over="ignore", invalid="ignore"):  # what overflows is infinite in the table, and says so
        result = output(place, weights, reading, skip).sum()
        for at, leaf in zip(AT, (place, weights[0]), strict=True):
            (first,) = grad(result, [leaf], create_graph=True)
            assert first is not None  # both leaves are in the model
            (second,) = grad(first.sum(), [leaf], retain_graph=True)
            assert second is not None
            found[at, 1], found[at, 2] = first.array, second.array
    return found


def rescaled(
    theta: Array, n: int, reading: str = "power", skip: str = "none", weight: float = 1.0
) -> dict[str, list[Scaled]]:
    """First derivatives by a sweep whose cotangents carry a power of two each, in the dtype of theta.

    One sweep for each place, for a tensor has one power of two.

    >>> swept = rescaled(np.float32([0.1]), 100)["theta"][0]
    >>> bool(abs(swept.wide() / 7.12329e-98 - 1) < 1e-5), derivatives(np.float32([0.1]), 100)["theta", 1].tolist()
    (True, [0.0])
    """
    found: dict[str, list[Scaled]] = {at: [] for at in AT}
    for x in theta:
        place, weights = _leaves(np.asarray(x), n, weight)
        t = math.tanh(weight * float(x))
        lift = -round(math.log2(abs(t))) if reading == "power" and skip != "every" and t else 0
        result = output(place, weights, reading, skip, lift)
        leaves = {leaf.node().serial: at for at, leaf in zip(AT, (place, weights[0]), strict=True)}
        swept: dict[str, Scaled] = {}

        def keep(node: Node, g: Scaled, leaves: dict[int, str] = leaves, swept: dict[str, Scaled] = swept) -> None:
            if node.serial in leaves:
                swept[leaves[node.serial]] = g

        carry(Rescaled(seen=keep), result.node(), [place.node(), weights[0].node()])
        for at in AT:
            found[at].append(swept[at])
    return found


def _leaves(theta: Array, n: int, weight: float) -> tuple[Tensor, list[Tensor]]:
    return Tensor(theta).requires_grad_(), [Tensor(np.full_like(theta, weight)).requires_grad_() for _ in range(n)]


def _check(n: Any, reading: str, skip: str) -> None:
    if reading not in READINGS:
        raise ArgumentError(f"toy: reading is {reading!r}; one of {', '.join(READINGS)}")
    if skip not in SKIPS:
        raise ArgumentError(f"toy: skip is {skip!r}; one of {', '.join(SKIPS)}")
    if not isinstance(n, int | np.integer):
        raise ArgumentError(f"toy: n is {n!r}; a number of layers is whole")
    if n < 1:
        raise ArgumentError(f"toy: n is {n}; it is at least 1")
