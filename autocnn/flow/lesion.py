"""Lesions: what a network still knows when blocks are removed, many are, or their order is changed."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict, dataclass
from functools import partial
from statistics import median
from typing import Any, NamedTuple

from autocnn.engine import Tensor, as_tensor, no_grad
from autocnn.errors import ArgumentError, GraphError, OperandError
from autocnn.flow.blocks import Join, residual_joins
from autocnn.flow.surgery import (
    Action,
    bypassed,
    check_module,
    checked,
    evaluating,
    graph_in_use,
    lesioned,
    swapped,
)
from autocnn.graph.data import Graph
from autocnn.ops.loss import cross_entropy

Batches = Sequence[tuple[Tensor, Tensor]]


@dataclass(frozen=True)
class Lesion:
    """What is left after one operation on a network."""

    kind: str
    """``remove`` (blocks left out) or ``reorder`` (blocks that changed places)."""
    blocks: tuple[str, ...]
    """The blocks left out; of a reordering the pairs, as ``a <-> b``."""
    count: int
    """How many blocks, or pairs."""
    seed: int | None
    """The seed of a random choice; None where every block has its turn."""
    tau: float
    """Kendall's rank correlation of the order with the one before: 1 for the same, -1 for the reverse."""
    accuracy: float
    loss: float

    @property
    def error(self) -> float:
        """The share of images that are classified wrongly."""
        return 1 - self.accuracy


@dataclass(frozen=True)
class Lesions:
    """A network, whole and after each operation, in eval mode on the same images."""

    network: str
    """``residual``: its blocks were operated on; or ``plain``: its layers that keep the shape were."""
    action: str
    """What was done to a block: ``remove branch``, or another of `lesioned`'s actions."""
    accuracy: float
    loss: float
    chance: float
    """The share of the commonest class: what a guess gets right."""
    images: int
    blocks: tuple[str, ...]
    """What was removed, one by one, in the order of the network."""
    each: tuple[Lesion, ...]
    sets: tuple[Lesion, ...]
    orders: tuple[Lesion, ...]

    @property
    def error(self) -> float:
        """The share of images that the whole network classifies wrongly."""
        return 1 - self.accuracy

    @property
    def meaningless(self) -> bool:
        """Whether the whole network is no better than a guess, within three standard errors."""
        return self.accuracy <= self.chance + 3 * math.sqrt(self.chance * (1 - self.chance) / self.images)

    def rows(self) -> list[dict[str, Any]]:
        """A tidy table: a row for the whole network, then one for each operation."""
        whole = Lesion("none", (), 0, None, 1.0, self.accuracy, self.loss)
        return [
            {**asdict(lesion), "blocks": " ".join(lesion.blocks), "error": lesion.error}
            for lesion in (whole, *self.each, *self.sets, *self.orders)
        ]

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain numbers, ready for strict JSON: what is not finite becomes null or a word."""
        head = {
            "network": self.network,
            "action": self.action,
            "accuracy": self.accuracy,
            "loss": _plain(self.loss),
        }
        head |= {"chance": self.chance, "images": self.images, "blocks": list(self.blocks)}
        parts = {"each": self.each, "sets": self.sets, "orders": self.orders}
        return head | {
            "meaningless": self.meaningless,
            "sentence": self.sentence(),
            **{name: [_entry(lesion) for lesion in lesions] for name, lesions in parts.items()},
        }

    def sentence(self) -> str:
        """What the numbers say, also where that is nothing."""
        what = "block" if self.network == "residual" else "layer"
        if self.meaningless:
            return (
                f"The whole network is right on {self.accuracy:.1%} of {self.images:,} images, a guess on "
                f"{self.chance:.1%}: it has not learned, so that removing a {what} means nothing."
            )
        if not self.each:
            return f"The network has an error of {self.error:.1%}; no {what} could be removed."
        rises = sorted((lesion.error, lesion.blocks[0]) for lesion in self.each)
        middle, (worst, name) = median([error for error, _ in rises]), rises[-1]
        done = "Without one" if self.action == "remove branch" else f"After {self.action!r} in one"
        text = (
            f"{done} {what} the error, {self.error:.1%}, becomes {middle:.1%} (median of {len(rises)}), and at "
            f"worst {worst:.1%}, at {name}; a guess has {1 - self.chance:.1%}."
        )
        half = [lesion for lesion in self.sets if lesion.count <= len(self.blocks) / 2]
        if half:
            most = max(lesion.count for lesion in half)
            left = median([lesion.error for lesion in half if lesion.count == most])
            text += f" With {most} of {len(self.blocks)} {what}s at a time it is {left:.1%}."
        return text

    def __str__(self) -> str:
        lines = [f"{'removed':<28} {'error':>7} {'loss':>9}", _line("nothing", self.error, self.loss)]
        lines += [_line(lesion.blocks[0], lesion.error, lesion.loss) for lesion in self.each]
        for count in sorted({lesion.count for lesion in self.sets}):
            those = [lesion for lesion in self.sets if lesion.count == count]
            text = f"{count} of {len(self.blocks)}, {len(those)} draw{'s' * (len(those) > 1)}"
            lines.append(_line(text, median([s.error for s in those]), median([s.loss for s in those])))
        lines += [_line(f"order, tau {o.tau:.2f}", o.error, o.loss) for o in self.orders]
        return "\n".join([*lines, self.sentence()])


def lesions(
    model: Any,
    x: Any,
    y: Any = None,
    *,
    blocks: Sequence[str] | None = None,
    action: Action = "remove branch",
    loss: Callable[[Any, Tensor], Tensor] = cross_entropy,
    batch: int = 250,
    counts: Sequence[int] | None = None,
    swaps: Sequence[int] | None = None,
    seeds: int = 3,
    progress: Callable[[int, int], None] | None = None,
) -> Lesions:
    """Remove every block of a trained network in turn, then random sets of blocks, then change their order.

    x (N, ...) and labels y (N,), or in place of both a loader of batches (x, y). A residual block is removed when
    its shortcut alone goes on; in a network without residual joins every layer is, with its norm, that keeps the
    shape. ``blocks`` names modules instead; ``action`` is what to do to a residual block in place of removing its
    branch, as `lesioned` takes it. ``counts`` are the sizes of random sets, ``swaps`` the numbers of pairs that
    change places, each drawn ``seeds`` times (a set or an order that comes again is left out, and so is the order
    before); only blocks of one shape change places whose shortcut is the identity, where they are modules of their
    own, and of blocks in blocks the inner ones. ``progress(done, all)`` is called after each operation. Everything
    runs in eval mode; the model stays as it is, running statistics included.

    Raises ArgumentError for empty data and counts that cannot be drawn, OperandError for a model that does not
    return scores (images, classes).

    >>> import autocnn as ac
    >>> from autocnn import nn
    >>> net = nn.Sequential(nn.Linear(2, 2, bias=False), nn.Linear(2, 2, bias=False))
    >>> for layer in net: layer.weight.data = ac.eye(2) * 5.0
    >>> found = lesions(net, ac.eye(2), ac.tensor([0, 1]), counts=(), swaps=())
    >>> found.network, found.blocks, [lesion.accuracy for lesion in found.each]
    ('plain', ('0', '1'), [1.0, 1.0])
    """
    check_module("lesions", model)
    data = _batches(x, y, batch)
    units, groups = _units(model, data[0][0], blocks)
    remove = partial(_removal, checked(action))
    plans = [*_singles(remove, units), *_sets(remove, units, counts, seeds)]
    network = "residual" if any(unit.join is not None for unit in units) else "plain"
    orders = list(_orders(units, groups, swaps, seeds))
    chance, images = _chance(data)
    with _still(model):
        accuracy, cost = _score(model, data, loss)
        results = []
        for done, plan in enumerate([*plans, *orders], start=1):
            with plan.operation(model):
                results.append(Lesion(*plan.facts, *_score(model, data, loss)))
            if progress is not None:
                progress(done, len(plans) + len(orders))
    each, sets = results[: len(units)], results[len(units) : len(plans)]
    return Lesions(
        network, str(action), accuracy, cost, chance, images, tuple(unit.name for unit in units),
        tuple(each), tuple(sets), tuple(results[len(plans) :]),
    )  # fmt: skip


# Data and scores ----------------------------------------------------------------------------------------------


def _batches(x: Any, y: Any, batch: int) -> Batches:
    if y is None:
        data = [(as_tensor(a), as_tensor(b)) for a, b in x]
    elif batch < 1:
        raise ArgumentError(f"lesions: batch is {batch}; it is at least 1")
    else:
        a, b = as_tensor(x), as_tensor(y)
        if a.shape[:1] != b.shape[:1]:
            raise ArgumentError(f"lesions: x is {a.shape} and y {b.shape}; each image has one label")
        data = [(a[i : i + batch], b[i : i + batch]) for i in range(0, a.shape[0], batch)]
    if not data or not data[0][0].shape[0]:
        raise ArgumentError("lesions: there are no images")
    return data


def _chance(data: Batches) -> tuple[float, int]:
    """The share of the commonest class, and the number of images."""
    counts: dict[int, int] = {}
    for _, y in data:
        for label in y.array.reshape(-1).tolist():
            counts[label] = counts.get(label, 0) + 1
    total = sum(counts.values())
    return max(counts.values()) / total, total


def _score(model: Any, data: Batches, loss: Callable[[Any, Tensor], Tensor]) -> tuple[float, float]:
    """Accuracy, and the mean loss of an image."""
    right, cost, images = 0, 0.0, 0
    with no_grad():
        for x, y in data:
            scores, count = _one_tensor(model(x)), x.shape[0]
            right += int((scores.array.argmax(1) == y.array).sum())
            cost += float(loss(scores, y).item()) * count
            images += count
    return right / images, cost / images


def _one_tensor(scores: Any) -> Tensor:
    """What a model returned, if accuracy can be taken of it."""
    if isinstance(scores, Tensor) and scores.ndim == 2:
        return scores
    what = f"shape {scores.shape}" if isinstance(scores, Tensor) else f"a {type(scores).__name__}"
    raise OperandError(
        f"lesions: the model returns {what}; accuracy needs one tensor of scores (images, classes). Give a module "
        "whose forward returns that part alone"
    )


@contextmanager
def _still(model: Any) -> Iterator[None]:
    """Eval mode, and an error where a buffer (a running statistic) is written nevertheless."""
    before = [(name, buffer, buffer.array.copy()) for name, buffer in model.named_buffers()]
    with evaluating(model):
        yield
    for name, buffer, old in before:
        if not bool(((buffer.array == old) | (old != old)).all()):
            raise GraphError(f"lesions: the buffer {name} was written in eval mode; lesions compare nothing then")


# What to do ---------------------------------------------------------------------------------------------------


class _Unit(NamedTuple):
    """What can be removed: a residual block, or modules that keep the shape."""

    name: str
    join: Join | None = None
    paths: tuple[str, ...] = ()


class _Plan(NamedTuple):
    """An operation, and the first fields of the Lesion that it makes."""

    operation: Callable[[Any], AbstractContextManager[Any]]
    facts: tuple[str, tuple[str, ...], int, int | None, float]


def _units(model: Any, x: Tensor, blocks: Sequence[str] | None) -> tuple[list[_Unit], list[list[int]]]:
    """What can be removed, and which of it may change places: groups of places among the units."""
    graph = graph_in_use(model, x)
    if blocks is not None:
        units = [_named(graph, path) for path in blocks]
    else:
        found = residual_joins(graph)
        units = [_Unit(join.name, join) for join in found] or list(_layers(model, graph))
    modules = {path.replace(".", "/") for path, _ in model.named_modules() if path}
    groups: dict[Any, list[int]] = {}
    for place, unit in enumerate(units):
        join = unit.join
        if join is None or join.kind != "identity" or join.path not in modules or _holds_another(unit, units):
            continue
        shape = graph.vertices[join.join].shape
        if _passing(graph, join.path) == {shape}:
            groups.setdefault(shape, []).append(place)
    return units, [group for group in groups.values() if len(group) > 1]


def _holds_another(unit: _Unit, units: Sequence[_Unit]) -> bool:
    """Whether other blocks are within a block; then these change places, and it stays."""
    path = _path(unit)
    return any(other is not unit and f"{_path(other)}/".startswith(f"{path}/") for other in units)


def _passing(graph: Graph, path: str) -> set[tuple[int, ...]]:
    """The shapes of all values that come into a module, and of those that it gives out."""
    inside = {v.id for v in graph.vertices if f"{v.scope}/".startswith(f"{path}/")}
    crossing = {e.source for e in graph.edges if (e.source in inside) != (e.target in inside)}
    values = (graph.vertices[v] for v in crossing)
    return {v.shape for v in values if (v.id in inside and v.kind == "op") or _is_value(graph, v.id, path)}


def _named(graph: Graph, path: str) -> _Unit:
    """The residual block of a module, or, where it holds none, the module itself."""
    try:
        join = residual_joins(graph, [path])[0]
    except GraphError:
        return _Unit(path.replace(".", "/"), None, (path,))
    return _Unit(join.name, join)


def _layers(model: Any, graph: Graph) -> Iterator[_Unit]:
    """Layers with weights, of a network without skips, that keep the shape; each with the norm behind it."""
    calls: dict[str, list[int]] = {}
    for vertex in graph.vertices:
        if vertex.kind == "op":
            calls.setdefault(vertex.scope, []).append(vertex.id)
    for path, module in model.named_modules():
        scope, weight = path.replace(".", "/"), getattr(module, "weight", None)
        if scope not in calls or weight is None or weight.ndim < 2:
            continue
        entries = {e.source for v in calls[scope] for e in graph.in_edges(v) if _is_value(graph, e.source, scope)}
        end = calls[scope][-1]
        if len(entries) == 1 and graph.vertices[entries.pop()].shape == graph.vertices[end].shape:
            yield _Unit(scope, None, (scope, *_norm_behind(graph, end)))


def _is_value(graph: Graph, vertex: int, scope: str) -> bool:
    """Whether it comes into a module from outside, and is no parameter or constant."""
    source = graph.vertices[vertex]
    return source.kind == "input" or (source.kind == "op" and source.scope != scope)


def _norm_behind(graph: Graph, vertex: int) -> tuple[str, ...]:
    users = [graph.vertices[edge.target] for edge in graph.out_edges(vertex)]
    return tuple(v.scope for v in users if len(users) == 1 and v.op.startswith("batch_norm") and v.scope)


def _removal(action: Action, units: Sequence[_Unit]) -> Callable[[Any], AbstractContextManager[Any]]:
    actions: dict[Any, Any] = {unit.join: action for unit in units if unit.join is not None}
    paths = [path for unit in units for path in unit.paths]
    if paths and action != "remove branch":
        raise ArgumentError(f"lesions: action is {action!r}; {paths[0]} has no skip, and can only be removed")

    @contextmanager
    def removed(model: Any) -> Iterator[None]:
        with lesioned(model, actions), bypassed(model, *paths):
            yield

    return removed


def _singles(remove: Callable[..., Any], units: Sequence[_Unit]) -> Iterator[_Plan]:
    for unit in units:
        yield _Plan(remove([unit]), ("remove", (unit.name,), 1, None, 1.0))


def _sets(
    remove: Callable[..., Any], units: Sequence[_Unit], counts: Sequence[int] | None, seeds: int
) -> Iterator[_Plan]:
    drawn = set()
    for count in _spaced(2, len(units), 8) if counts is None else counts:
        if not 1 <= count <= len(units):
            raise ArgumentError(f"lesions: counts has {count}; there are {len(units)} blocks to remove")
        for seed in range(seeds):
            source = random.Random(f"{count} of {len(units)}, {seed}")
            chosen = tuple(sorted(source.sample(range(len(units)), count)))
            if chosen not in drawn:
                drawn.add(chosen)
                some = [units[place] for place in chosen]
                yield _Plan(remove(some), ("remove", tuple(unit.name for unit in some), count, seed, 1.0))


def _orders(
    units: Sequence[_Unit], groups: Sequence[Sequence[int]], swaps: Sequence[int] | None, seeds: int
) -> Iterator[_Plan]:
    movable = sum(map(len, groups))
    if swaps and not groups:
        raise ArgumentError("lesions: no two blocks can change places: one shape, and identities for shortcuts")
    drawn = {tuple(range(len(units)))}
    for count in _doubled(movable) if swaps is None else swaps:
        for seed in range(seeds):
            source = random.Random(f"{count} swaps, {seed}")
            for _ in range(DRAWS):
                order, places = _shuffled(len(units), groups, count, source)
                if order not in drawn:
                    drawn.add(order)
                    pairs = [(_path(units[a]), _path(units[b])) for a, b in places]
                    said = tuple(f"{a} <-> {b}" for a, b in pairs)
                    yield _Plan(partial(_swapped, pairs), ("reorder", said, count, seed, kendall(order)))
                    break


DRAWS = 100
"""How often an order is drawn before it counts as one that there is no more."""


def _shuffled(
    count: int, groups: Sequence[Sequence[int]], swaps: int, source: random.Random
) -> tuple[tuple[int, ...], list[tuple[int, int]]]:
    """An order of so many units after random swaps within groups, and the swaps."""
    order, pairs = list(range(count)), []
    for _ in range(swaps):
        a, b = source.sample(source.choices(groups, weights=[len(group) for group in groups])[0], 2)
        order[a], order[b] = order[b], order[a]
        pairs.append((a, b))
    return tuple(order), pairs


def _swapped(pairs: Sequence[tuple[str, str]], model: Any) -> AbstractContextManager[Any]:
    return swapped(model, *pairs)


def _path(unit: _Unit) -> str:
    return unit.join.path if unit.join is not None else unit.name


def _spaced(first: int, last: int, most: int) -> list[int]:
    """At most so many whole numbers from first to last, evenly spaced."""
    count = min(most, last - first + 1)
    return (
        [] if count < 1 else sorted({round(first + (last - first) * i / max(count - 1, 1)) for i in range(count)})
    )


def _doubled(last: int) -> list[int]:
    """1, 2, 4 ... up to a number."""
    return [1 << i for i in range(last.bit_length()) if 1 << i <= last and last > 1]


def kendall(order: Iterable[int]) -> float:
    """Kendall's rank correlation of an order of distinct numbers with the sorted one; 1 for less than two.

    >>> kendall([0, 1, 2]), kendall([2, 1, 0]), round(kendall([1, 0, 2]), 3)
    (1.0, -1.0, 0.333)
    """
    places = list(order)
    pairs = [(a, b) for i, a in enumerate(places) for b in places[i + 1 :]]
    return 1.0 if not pairs else sum(1 if a < b else -1 for a, b in pairs) / len(pairs)


# Words --------------------------------------------------------------------------------------------------------


def _line(what: str, error: float, loss: float) -> str:
    return f"{what:<28} {error:>7.1%} {loss:>9.4g}"


def _plain(value: float) -> float | str | None:
    return None if math.isnan(value) else str(value) if math.isinf(value) else value


def _entry(lesion: Lesion) -> dict[str, Any]:
    return {**asdict(lesion), "blocks": list(lesion.blocks), "loss": _plain(lesion.loss), "error": lesion.error}
