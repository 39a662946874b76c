"""How large values and gradients are, measured so that no square underflows and the batch size drops out."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from autocnn.engine import Tensor
from autocnn.engine.primitive import item
from autocnn.engine.tape import Node, Watcher, watching
from autocnn.errors import ArgumentError, GraphError
from autocnn.flow.blocks import Join, residual_joins
from autocnn.flow.cotangents import Exact, Rescaled, Scaled
from autocnn.flow.run import Loss, Run, run
from autocnn.flow.statistics import ACTIVATIONS, Statistics, asleep, by_image, joined, lots, moments, statistics
from autocnn.flow.strict import strict
from autocnn.graph.data import Graph
from autocnn.ops.loss import cross_entropy
from autocnn.types import Array


@dataclass(frozen=True)
class Size:
    """The size of the gradient of a mean loss at one tensor.

    `rms` is sqrt(mean over images and elements of (N dL/dv)^2), L the mean loss over N images: the gradient of an
    image's own loss, whatever the batch. `largest` is the largest magnitude in the same unit; `zeros` the share of
    elements that are exactly 0; `strange` the number that are NaN or infinite.
    """

    rms: float
    largest: float
    zeros: float
    strange: int


def size(gradient: Tensor, images: int) -> Size:
    """Measure the gradient of a mean loss over `images` images at a tensor, of any shape.

    The magnitudes are divided by the largest before they are squared, so that 1e-30 is measured as such in
    float32, whose squares end at 1e-45.

    Raises ArgumentError if there is no image.

    >>> f"{size(Tensor([3e-30, -4e-30, 0.0, 0.0]), images=1).rms:.3g}"
    '2.5e-30'
    """
    if images < 1:
        raise ArgumentError(f"size: images is {images}; a mean loss is over at least 1")
    rows = by_image(gradient.array)
    if not rows.size:
        return Size(0.0, 0.0, 0.0, 0)
    m = joined([moments(lot) for lot in lots(rows)])
    return Size(m.rms * images, m.largest * images, m.zeros / m.size, m.strange)


@contextmanager
def sizes_at(modules: Sequence[Any]) -> Iterator[list[Size | None]]:
    """Measure, in every backward pass of a ``with`` block, the gradient at the output of each module.

    What is measured is the gradient that training runs on: nothing is computed twice. The list holds a Size for
    each module, in the order given; None where no gradient has arrived.

    >>> import autocnn as ac
    >>> from autocnn import nn
    >>> layers = [nn.Linear(3, 3), nn.Tanh()]
    >>> with sizes_at(layers) as sizes:
    ...     nn.Sequential(*layers)(ac.ones(2, 3)).mean().backward()
    >>> len(sizes), round(sizes[1].rms, 4)
    (2, 0.3333)
    """
    sizes: list[Size | None] = [None] * len(modules)
    handles = [module.register_forward_hook(_measuring(i, sizes)) for i, module in enumerate(modules)]
    try:
        yield sizes
    finally:
        for handle in handles:
            handle.remove()


def _measuring(i: int, sizes: list[Size | None]) -> Any:
    def after_forward(module: Any, inputs: Any, output: Tensor) -> None:
        if output.requires_grad:
            output.register_hook(keep)

    def keep(g: Tensor) -> None:
        sizes[i] = size(g, g.shape[0])

    return after_forward


# Everything at once -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class At:
    """What was measured at one vertex of the forward graph."""

    vertex: int
    name: str
    """The path of the module that it ran in, such as ``layer1/0/conv1``; of the input its name."""
    op: str
    shape: tuple[int, ...]
    value: Statistics
    gradient: Statistics
    """Of N dL/dv, L the mean loss over N images: the batch size drops out."""
    saturated: float | None
    """Of an activation: the share of derivatives under 5 % of the largest that it has."""
    dead: tuple[int, ...] | None
    """Of an activation: the channels that let no gradient of any image through."""


@dataclass(frozen=True)
class OfParameter:
    """What was measured of one parameter."""

    name: str
    shape: tuple[int, ...]
    value: Statistics
    gradient: Statistics
    """Of dL/dw. A curve of its own: its unit is not that of the gradient at a vertex."""


@dataclass(frozen=True)
class OfBlock:
    """The two sides of a residual block where they are added: F(x), and the shortcut's x."""

    name: str
    branch: float
    """RMS(F)."""
    shortcut: float
    """RMS(x), behind the projection if the shortcut has one."""

    @property
    def ratio(self) -> float:
        """RMS(F) / RMS(x); NaN where both are 0."""
        if self.shortcut:
            return self.branch / self.shortcut
        return math.inf if self.branch else math.nan


@dataclass(frozen=True)
class Measured:
    """What `measure` found, in the order of the forward pass."""

    loss: float
    images: int
    training: bool
    """Whether the model was in train mode, where batch statistics couple the images."""
    rescaled: bool
    """Whether gradients were carried with a power of two beside them, so that none underflows on its way."""
    lost: int
    """Elements that even so are not exact: they were 2^-126 of their tensor's largest, or less."""
    vertices: tuple[At, ...] = field(repr=False)
    parameters: tuple[OfParameter, ...] = field(repr=False)
    blocks: tuple[OfBlock, ...] = field(repr=False)
    note: str = ""
    """Why there are no blocks, if they could not be told apart."""

    def __getitem__(self, path: str) -> At:
        """The last vertex of a module, by its path: ``layer1.0`` or ``layer1/0``."""
        scope = path.replace(".", "/")
        inside = [at for at in self.vertices if f"{at.name}/".startswith(f"{scope}/")]
        if not inside:
            raise ArgumentError(f"measure: nothing was measured at {path!r}; names are those of modules that ran")
        return inside[-1]

    def rows(self) -> list[dict[str, Any]]:
        """A tidy table: a row for each vertex and parameter, and for its value and its gradient."""
        rows: list[dict[str, Any]] = []
        for kind, several in (("vertex", self.vertices), ("parameter", self.parameters)):
            for at in several:
                for what in ("value", "gradient"):
                    s: Statistics = getattr(at, what)
                    row = {"kind": kind, "name": at.name, "op": getattr(at, "op", ""), "of": what}
                    numbers = {key: x for key, x in s.to_dict().items() if key not in ("norms", "histogram")}
                    low, median, high = s.norms
                    row |= numbers | {"norm_low": low, "norm_median": median, "norm_high": high}
                    row["saturated"] = getattr(at, "saturated", None)
                    dead = getattr(at, "dead", None)
                    rows.append(row | {"dead": None if dead is None else len(dead)})
        return rows

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain numbers, ready for strict JSON."""
        kept = ("loss", "images", "training", "rescaled", "lost", "note")
        several = {
            name: [_plain(at) for at in getattr(self, name)] for name in ("vertices", "parameters", "blocks")
        }
        found: dict[str, Any] = strict({name: getattr(self, name) for name in kept} | several)
        return found

    def __str__(self) -> str:
        mode = "train" if self.training else "eval"
        lines = [
            f"{self.images} images in {mode} mode, loss {self.loss:.4g}; gradients are of one image's own loss",
            f"{'vertex':<28}{'op':<14}{'value RMS':>10}{'gradient RMS':>14}"
            f"{'largest':>10}{'zeros':>8}{'saturated':>11}",
        ]
        for at in self.vertices:
            asleep = "" if at.saturated is None else f"{at.saturated:.1%}"
            g = at.gradient
            lines.append(
                f"{at.name[-27:]:<28}{at.op:<14}{at.value.rms:>10.3g}{g.rms:>14.3g}{g.largest:>10.3g}"
                f"{g.zeros:>8.1%}{asleep:>11}"
            )
        lines += [f"{b.name}: RMS(F) / RMS(x) = {b.ratio:.3g}" for b in self.blocks]
        return "\n".join([*lines, self.note] if self.note else lines)


def _plain(at: Any) -> dict[str, Any]:
    values = {name: getattr(at, name) for name in at.__dataclass_fields__}
    if isinstance(at, OfBlock):
        values["ratio"] = at.ratio
    return {name: x.to_dict() if isinstance(x, Statistics) else x for name, x in values.items()}


def measure(
    model: Callable[..., Any], x: Any, y: Any, loss: Loss = cross_entropy, *,
    blocks: Sequence[str] | None = None, rescaled: bool | None = None,
) -> Measured:  # fmt: skip
    """Measure value and gradient at every vertex of a model, on images x and labels y; the model stays as it is.

    ``loss(model(x), y)`` is the mean over the N images. Gradients are carried with a power of two beside them
    (`rescaled`) unless everything is float64: 1e-60 is measured as such in float32, and said to underflow there.
    What the forward pass rounded to 0 stays 0. ``blocks`` names residual blocks where they are not found.

    Raises what `run` does.

    >>> import autocnn as ac
    >>> from autocnn import nn
    >>> _ = ac.manual_seed(0)
    >>> m = measure(nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2)), ac.randn(8, 3), ac.arange(8) % 2)
    >>> [(at.name, at.op) for at in m.vertices][:3], m["1"].gradient.zeros
    ([('x', 'input'), ('0', 'linear'), ('1', 'tanh')], 0.0)
    """
    watcher = _Values()
    with watching(watcher):
        r = run(model, x, y, loss)
    wide = all(node.dtype == "float64" for node in r.nodes.values() if node.requires_grad)
    rescale = not wide if rescaled is None else rescaled
    gradients, lost = _gradients(r, rescale)
    note, found = joins_or_note(r.graph, blocks)
    sides = [(join.name, watcher.rms(r, join.branch), watcher.rms(r, join.shortcut)) for join in found]
    return Measured(
        float(r.loss.item()), r.images, r.training, rescale, lost, tuple(_vertices(r, watcher, gradients)),
        tuple(_parameters(r, gradients)), tuple(OfBlock(*side) for side in sides), note,
    )  # fmt: skip


def joins_or_note(graph: Graph, blocks: Sequence[str] | None = None) -> tuple[str, tuple[Join, ...]]:
    """The residual blocks of a graph; or why they cannot be told apart, unless they were named."""
    try:
        return "", residual_joins(graph, blocks)
    except GraphError as error:
        if blocks is not None:
            raise
        return str(error), ()


class _Values(Watcher):
    """Measures what every op makes, as it is made; nothing is kept."""

    def __init__(self) -> None:
        self.made: dict[int, Statistics] = {}
        self.asleep: dict[int, tuple[float, tuple[int, ...]]] = {}

    def seen(self, node: Node, inputs: tuple[Any, ...], outputs: tuple[Array, ...]) -> None:
        z = outputs[0]
        if len(outputs) != 1 or not z.ndim or z.dtype.kind != "f":
            return
        self.made[node.serial] = statistics(z)
        if node.name in ACTIVATIONS:
            low, none = asleep(node.name, inputs[0].array, z, node.params)
            self.asleep[node.serial] = float(low.mean()) if low.size else 0.0, _silent(none)

    def rms(self, r: Run, vertex: int) -> float:
        """The RMS of a vertex's value."""
        known = self.made.get(r.node(vertex).serial)
        return known.rms if known is not None else statistics(r.value(vertex)).rms


def _silent(none: Array) -> tuple[int, ...]:
    """The channels (axis 1) in which everything is True."""
    if none.ndim < 2:
        return ()
    every = none.all(axis=tuple(i for i in range(none.ndim) if i != 1))
    return tuple(int(i) for i in every.nonzero()[0])


def _gradients(r: Run, rescale: bool) -> tuple[dict[int, Statistics], int]:
    """Statistics of the gradient at every node, by its number; and how many elements a rescaled sweep lost."""
    found: dict[int, Statistics] = {}
    most = 0

    def see(node: Node, g: Any) -> None:
        nonlocal most
        array, exponent = (g.array, g.exponent) if isinstance(g, Scaled) else (g, 0)
        most = max(most, g.lost if isinstance(g, Scaled) else 0)
        if node.primitive is None and node.serial != r.node(r.input).serial:
            found[node.serial] = statistics(array.reshape(1, -1), exponent=exponent)
        elif array.ndim:
            found[node.serial] = statistics(array, times=r.images, exponent=exponent)

    r.sweep((Rescaled if rescale else Exact)(seen=see))
    return found, most


_NOTHING = Statistics(0.0, 0.0, 1.0, 0, 0.0, 0.0, (0.0, 0.0, 0.0), {})


def _vertices(r: Run, watcher: _Values, gradients: dict[int, Statistics]) -> Iterator[At]:
    for vertex in r.graph.vertices:
        node = r.nodes.get(vertex.id)
        if node is None or not node.requires_grad or vertex.kind == "parameter":
            continue
        value = watcher.made.get(node.serial)
        if vertex.kind == "input":
            value = statistics(r.value(vertex.id))
        if value is None or node.primitive is item:
            continue
        low, dead = watcher.asleep.get(node.serial, (None, None))
        yield At(
            vertex.id, vertex.scope or vertex.name or "", vertex.op or vertex.kind, vertex.shape, value,
            gradients.get(node.serial, _NOTHING), low, dead,
        )  # fmt: skip


def _parameters(r: Run, gradients: dict[int, Statistics]) -> Iterator[OfParameter]:
    for name, number in r.parameters().items():
        value = statistics(r.value(number).reshape(1, -1))
        yield OfParameter(
            name, r.graph.vertices[number].shape, value, gradients.get(r.node(number).serial, _NOTHING)
        )
