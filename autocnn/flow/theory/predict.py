"""A network's values and gradients as theory has them, layer by layer, beside what one pass measures."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Any, TypeAlias

import numpy as np

from autocnn.backend.arrays import to_numpy
from autocnn.engine import Tensor
from autocnn.errors import ArgumentError
from autocnn.flow.run import Loss, Run, run
from autocnn.flow.theory.growth import weight_variance
from autocnn.flow.theory.laws import PAIRED, RULES, Law, Step, Weights, normal
from autocnn.graph.data import Vertex
from autocnn.ops.loss import cross_entropy
from autocnn.types import Array


@dataclass(frozen=True)
class Layer:
    """One value of a network: its size, and the size of the gradient there, predicted and measured.

    Sizes are root mean squares over images and elements; of gradients in the unit of `flow.size`, N dL/dv.
    """

    vertex: int
    path: str
    op: str
    shape: tuple[int, ...]
    value: float
    value_measured: float
    gradient: float
    gradient_measured: float


@dataclass(frozen=True)
class Prediction:
    """Theory beside measurement, from the input to the last layer."""

    layers: tuple[Layer, ...]
    training: bool

    def rows(self) -> list[dict[str, Any]]:
        """One row for each value that the network makes."""
        return [asdict(layer) for layer in self.layers]

    def to_dict(self) -> dict[str, Any]:
        """Everything, with plain numbers; what is no finite number is None, or "inf"."""
        return {"training": self.training, "layers": [_plain(row) for row in self.rows()]}

    def weights(self) -> tuple[Layer, ...]:
        """The layers that have weights: convolutions and linear ones."""
        return tuple(layer for layer in self.layers if layer.op in _WEIGHTED)

    def blocks(self, container: str) -> tuple[Layer, ...]:
        """What comes out of each module that a container holds: ``blocks`` for ``blocks.0``, ``blocks.1`` ...

        Raises ArgumentError if nothing ran in the container.
        """
        last: dict[str, Layer] = {}
        for layer in self.layers:
            if layer.path.startswith(f"{container}."):
                last[layer.path[len(container) + 1 :].partition(".")[0]] = layer
        if not last:
            known = dict.fromkeys(layer.path.partition(".")[0] for layer in self.layers if layer.path)
            raise ArgumentError(
                f"blocks: nothing ran in {container!r}; there is {', '.join(known) or 'no module'}"
            )
        return tuple(last.values())

    def ratio(self, measured: bool = False) -> float:
        """The gradient at the first layer with weights over that at the last."""
        first, *_, last = self.weights()
        if measured:
            return first.gradient_measured / last.gradient_measured
        return first.gradient / last.gradient

    @property
    def error(self) -> float:
        """The largest factor between prediction and measurement of a gradient, as a logarithm to base 10."""
        pairs = [(x.gradient, x.gradient_measured) for x in self.layers]
        return max((abs(math.log10(a / b)) for a, b in pairs if a > 0 and b > 0), default=0.0)

    def __str__(self) -> str:
        lines = [f"{'layer':<24}{'value':>10}{'measured':>10}{'gradient':>12}{'measured':>12}"]
        lines += [
            f"{x.path or x.op:<24}{x.value:10.3g}{x.value_measured:10.3g}{x.gradient:12.3g}"
            f"{x.gradient_measured:12.3g}"
            for x in self.weights()
        ]
        return "\n".join(
            [*lines, f"First over last: {self.ratio():.2g} predicted, {self.ratio(measured=True):.2g} measured."]
        )


PLACES, PAIRS = 2**14, 2**12
"""The largest image, in positions, that is followed; and where what pairs have in common matters."""

_WEIGHTED = ("conv", "conv_bias", "linear", "project")


def predict(
    model: Callable[..., Any], x: Tensor, y: Tensor, loss: Loss = cross_entropy, *, init: str | None = None,
    gain: float = 1.0,
) -> Prediction:  # fmt: skip
    """What mean-field theory says of a network's values and gradients, beside what they are in one pass.

    Theory is told the architecture, read from the graph; the mean square of every layer's weights, by tap; that of
    the images, by position; and that of the gradient at the network's output. With `init`, a name that
    `weight_variance` knows, it takes the variances of weights from that rule, times gain squared; biases stay.

    It follows values by position, so that zero padding is exact, and what a skip carries stays with it. It is the
    limit of infinite width, for weights of mean 0, computed with a sample of at least 64 values for each position,
    always the same. A network of finite width scatters around it. Batch norm is that of a large batch; what two
    images have in common is followed to first order.

    Raises ArgumentError for an operation without a rule.

    >>> import autocnn as ac
    >>> from autocnn import nn
    >>> _ = ac.manual_seed(0)
    >>> layers = [layer for _ in range(3) for layer in (nn.Linear(300, 300, bias=False), nn.ReLU())]
    >>> found = predict(nn.Sequential(*layers), ac.randn(8, 300), ac.arange(8))
    >>> round(found.ratio(), 2), found.error < 0.1
    (0.17, True)
    """
    ends: list[Tensor] = []

    def noted(z: Any, labels: Tensor) -> Tensor:
        ends.append(z)
        return loss(z, labels)

    kept = run(model, x, y, noted, values=True)
    end = kept.vertex_of(ends[-1].node())
    steps = _forward(kept, end, init, gain)
    gradients = _backward(kept, end, steps)
    measured = kept.scaled_gradients(gradients)
    layers = []
    for v, g in sorted(gradients.items()):
        vertex, law = kept.graph.vertices[v], steps[v][1]
        value = math.sqrt(float(np.mean(law.second)))
        path = vertex.scope.replace("/", ".")
        sizes = value, _rms(kept.value(v)), math.sqrt(float(np.mean(g))), measured[v].rms(kept.images)
        layers.append(Layer(v, path, vertex.op, vertex.shape, *sizes))
    return Prediction(tuple(layers), kept.training)


Steps: TypeAlias = dict[int, tuple[Step, Law]]


def _forward(kept: Run, end: int, init: str | None, gain: float) -> Steps:
    """Every operation of the model up to its output, with the law of what it makes."""
    made: dict[int, Any] = {}
    steps: Steps = {}
    graph, (count, pairs) = kept.graph, _extent(kept)
    for vertex in graph.vertices[: end + 1]:
        edges = graph.in_edges(vertex.id)
        operands = [made[edge.source] for edge in edges]
        if vertex.id == kept.input:
            made[vertex.id] = _images(to_numpy(kept.value(vertex.id)), count, pairs)
        elif vertex.kind != "op":
            made[vertex.id] = _leaf(kept, vertex, init, gain)
        elif vertex.op == "reshape" and isinstance(operands[0], Weights):
            made[vertex.id] = Weights(np.mean(operands[0].square), vertex.shape)
        else:
            step = Step(vertex, [graph.vertices[edge.source].shape for edge in edges], operands, count, pairs)
            made[vertex.id] = _rules(step)[0](step)
            steps[vertex.id] = replace(step, operands=[_slim(x) for x in operands]), _slim(made[vertex.id])
        for edge in edges:
            if graph.out_edges(edge.source)[-1].target == vertex.id:  # its last use
                made.pop(edge.source, None)
    return steps


def _slim(x: Any) -> Any:
    """A law as it is kept: of what pairs have in common, the mean."""
    return Law(x.sample, x.common.mean()) if isinstance(x, Law) else x


def _backward(kept: Run, end: int, steps: Steps) -> dict[int, Array]:
    """The gradient's mean square at every value that the output depends on, by position."""
    (start,) = kept.scaled_gradients([end]).values()
    found: dict[int, Array] = {end: np.full((1,) * steps[end][1].sample.ndim, start.rms(kept.images) ** 2)}
    for v in sorted(steps, reverse=True):
        if v not in found:
            continue
        step = steps[v][0]
        edges = kept.graph.in_edges(v)
        for edge, part in zip(edges, _rules(step)[1](step, found[v]), strict=False):
            if part is not None and edge.source in steps:
                found[edge.source] = found.get(edge.source, 0.0) + part
    return found


def _rules(step: Step) -> Any:
    if step.vertex.op not in RULES:
        raise ArgumentError(f"predict: there is no rule for {step.where}; there is for {', '.join(sorted(RULES))}")
    return RULES[step.vertex.op]


def _extent(kept: Run) -> tuple[int, bool]:
    """How many values a sample has, about 2^16 over all positions; and whether pairs of images are followed."""
    ops = [vertex for vertex in kept.graph.vertices if vertex.kind == "op"]
    places = max(math.prod(vertex.shape[2:]) for vertex in ops)
    pairs = any(vertex.op in PAIRED for vertex in ops)
    most = PAIRS if pairs else PLACES
    if places > most:
        raise ArgumentError(f"predict: there are {places} positions; {most} can be followed. Give smaller images")
    return int(2 ** min(14, max(6, 16 - math.ceil(math.log2(places))))), pairs


def _images(x: Array, count: int, pairs: bool) -> Law:
    """Of images theory is told the mean square by position, and what two of them have in common."""
    x = x.astype(np.float64)
    mean = x.mean(0)
    common = np.tensordot(mean, mean, ([0], [0])) / len(mean) if pairs else np.zeros(())
    return normal((x**2).mean((0, 1)), common, count, seed=0)


def _leaf(kept: Run, vertex: Vertex, init: str | None, gain: float) -> Any:
    """A parameter or constant as its mean square, by tap if it has any; a number as itself."""
    if vertex.id not in kept.values:
        return float(vertex.params["value"])  # type: ignore[arg-type]
    w = to_numpy(kept.value(vertex.id)).astype(np.float64)
    square = (w**2).mean(axis=(0, 1)) if w.ndim > 2 else (w**2).mean()
    if init is not None and w.ndim > 1:
        window = math.prod(w.shape[2:])
        variance = weight_variance(init, w.shape[1] * window, w.shape[0] * window, gain, window)
        square = np.full(w.shape[2:], variance)
    return Weights(square, w.shape)


def _rms(x: Array) -> float:
    """Root of the mean square, in float64."""
    return math.sqrt(float((to_numpy(x).astype(np.float64) ** 2).mean()))


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    plain = {key: list(value) if isinstance(value, tuple) else value for key, value in row.items()}
    for key, value in plain.items():
        if isinstance(value, float) and not math.isfinite(value):
            plain[key] = None if math.isnan(value) else str(value)
    return plain
