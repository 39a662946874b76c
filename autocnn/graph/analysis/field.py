"""How far a value looks into an input: receptive fields, from the windows of the ops on the way."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from math import floor, lcm, prod
from typing import Any

from autocnn.errors import GraphError
from autocnn.graph.data import ITEM, SEVERAL, Graph, Vertex

Shape = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Field:
    """The part of an input that a value sees, by spatial axis of the input.

    Element i along an axis sees at most ``size`` positions, from ``offset + i stride`` on; those below 0, or
    beyond the input, are padding. A stride of 0 says that all elements see the same. What enlarges makes
    fractions: then the first position is the next whole number.
    """

    size: tuple[int, ...]
    stride: tuple[int | Fraction, ...]
    offset: tuple[int | Fraction, ...]


def receptive_field(graph: Graph, vertex: int, source: int | None = None) -> Field | None:
    """What a vertex of the forward pass sees of an input (N, C, *spatial), by default the first; None for nothing.

    An op that is not known to work in windows, or element by element, sees the whole of its arguments. What a
    batch norm in training learns of the other positions through the mean and variance is left out.

    Raises GraphError if the source has no spatial axes, or comes later.

    >>> import autocnn as ac
    >>> from autocnn.graph import trace
    >>> net = ac.nn.Sequential(ac.nn.Conv2d(1, 2, 3, stride=2, padding=1), ac.nn.MaxPool2d(2))
    >>> graph = trace(net, ac.zeros(1, 1, 8, 8))
    >>> receptive_field(graph, graph.outputs[0])
    Field(size=(5, 5), stride=(4, 4), offset=(-1, -1))
    """
    found = _seen_from(graph, _source(graph, vertex, source), vertex)[vertex]
    return None if found is None else _field(found)


def receptive_fields(graph: Graph, source: int | None = None) -> dict[int, Field]:
    """As `receptive_field`, of every vertex of the forward pass that depends on the input, in one walk.

    >>> import autocnn as ac
    >>> from autocnn.graph import trace
    >>> fields = receptive_fields(trace(ac.nn.Conv2d(1, 2, 3), ac.zeros(1, 1, 8, 8)))
    >>> [field.size for field in fields.values()]
    [(1, 1), (3, 3), (3, 3)]
    """
    last = max((vertex.id for vertex in graph.vertices if vertex.phase == "forward"), default=0)
    found = _seen_from(graph, _source(graph, last, source), last)
    return {vertex: _field(seen) for vertex, seen in enumerate(found) if seen is not None}


def _seen_from(graph: Graph, source: int, last: int) -> list[_Seen | None]:
    """What each vertex up to the last sees of the source."""
    count = len(graph.vertices[source].shape) - 2
    seen: list[_Seen | None] = [None] * (last + 1)
    seen[source] = tuple(_Run(axis + 2, Fraction(1), Fraction(0), Fraction(0)) for axis in range(count))
    for reached in graph.vertices[source + 1 : last + 1]:
        sources = [graph.vertices[edge.source] for edge in graph.in_edges(reached.id)]
        views = [
            (place, view) for place, given in enumerate(sources) if (view := seen[given.id]) is not None
        ]  # by argument
        if views:
            seen[reached.id] = _joined([_through(reached, sources, place, view) for place, view in views], reached)
    return seen


def _source(graph: Graph, vertex: int, source: int | None) -> int:
    if source is None:
        if not graph.inputs:
            raise GraphError("receptive_field: the graph has no input; say from which vertex on")
        source = graph.inputs[0]
    if not 0 <= source <= vertex < len(graph):
        raise GraphError(
            f"receptive_field: source is {source}, vertex {vertex}; of vertices 0 to {len(graph) - 1}, the source "
            "comes first"
        )
    if len(graph.vertices[source].shape) < 3:
        raise GraphError(
            f"receptive_field: the source %{source} has shape {graph.vertices[source].shape}; "
            "spatial axes come after (N, C)"
        )
    return source


def _field(seen: _Seen) -> Field:
    sizes = tuple(floor(run.high - run.low) + 1 for run in seen)
    strides = tuple(_whole_number(run.stride) if run.axis is not None else 0 for run in seen)
    return Field(sizes, strides, tuple(_whole_number(run.low) for run in seen))


def _whole_number(value: Fraction) -> int | Fraction:
    return int(value) if value.denominator == 1 else value


# What is seen, one run for each spatial axis of the input -------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Run:
    """Element i along ``axis`` of a value sees low + i stride to high + i stride; without axis, low to high."""

    axis: int | None
    stride: Fraction
    low: Fraction
    high: Fraction

    def flat(self, shape: Shape) -> _Run:
        """What all elements along the axis see together."""
        if self.axis is None:
            return self
        ends = Fraction(0), self.stride * max(shape[self.axis] - 1, 0)
        return _Run(None, Fraction(0), self.low + min(ends), self.high + max(ends))

    def windowed(self, step: Fraction, low: Fraction, high: Fraction) -> _Run:
        """Through an op whose element i takes elements i step + low to i step + high."""
        return replace(
            self,
            stride=self.stride * step,
            low=self.low + min(self.stride * low, self.stride * high),
            high=self.high + max(self.stride * low, self.stride * high),
        )


_Seen = tuple[_Run, ...]


def _joined(views: Sequence[_Seen], vertex: Vertex) -> _Seen:
    """What a value sees that sees all of these; runs along other axes, or with other strides, become flat."""
    found = []
    for runs in zip(*views, strict=True):
        if len({(run.axis, run.stride) for run in runs}) > 1:
            runs = tuple(run.flat(vertex.shape) for run in runs)
        low, high = min(run.low for run in runs), max(run.high for run in runs)
        found.append(_Run(runs[0].axis, runs[0].stride, low, high))
    return tuple(found)


def _through(vertex: Vertex, sources: Sequence[Vertex], place: int, seen: _Seen) -> _Seen:
    """What the result of an op sees through one of its arguments."""
    given = sources[place]
    if vertex.kind == "output" or (vertex.op == ITEM and given.dtype != SEVERAL):
        return seen
    rule = _RULES.get(vertex.op, _whole)
    if rule in (_window, _transposed, _statistics) and place > 0:  # weights are taken whole
        rule = _whole
    return tuple(rule(vertex, sources, given, run) for run in seen)


def _whole(vertex: Vertex, sources: Sequence[Vertex], given: Vertex, run: _Run) -> _Run:
    return run.flat(given.shape)


def _pointwise(vertex: Vertex, sources: Sequence[Vertex], given: Vertex, run: _Run) -> _Run:
    if run.axis is None:
        return run
    axis = run.axis + len(vertex.shape) - len(given.shape)
    return replace(run, axis=axis) if given.shape[run.axis] == vertex.shape[axis] else run.flat(given.shape)


def _statistics(vertex: Vertex, sources: Sequence[Vertex], given: Vertex, run: _Run) -> _Run:
    return run


def _window(vertex: Vertex, sources: Sequence[Vertex], given: Vertex, run: _Run) -> _Run:
    place = _spatial(given, run)
    if place is None:
        return run.flat(given.shape)
    kernel: Any = vertex.params.get("kernel") or sources[1].shape[2:]
    dilation: Any = vertex.params.get("dilation") or (1,) * len(kernel)
    (before, _), step = _pair(vertex.params["padding"], place), vertex.params["stride"][place]  # type: ignore[index]
    reach = dilation[place] * (kernel[place] - 1)
    return run.windowed(Fraction(step), Fraction(-before), Fraction(reach - before))


def _transposed(vertex: Vertex, sources: Sequence[Vertex], given: Vertex, run: _Run) -> _Run:
    """Element o takes the elements i with i stride - padding + dilation t = o, for t from 0 to kernel - 1."""
    place = _spatial(given, run)
    if place is None:
        return run.flat(given.shape)
    params: Any = vertex.params
    (before, _), step = _pair(params["padding"], place), params["stride"][place]
    reach = params["dilation"][place] * (sources[1].shape[2 + place] - 1)
    return run.windowed(Fraction(1, step), Fraction(before - reach, step), Fraction(before, step))


def _adaptive(vertex: Vertex, sources: Sequence[Vertex], given: Vertex, run: _Run) -> _Run:
    if run.axis is None or vertex.shape[run.axis] < 1 or given.shape[run.axis] % vertex.shape[run.axis]:
        return run.flat(given.shape)
    step = given.shape[run.axis] // vertex.shape[run.axis]
    return run.windowed(Fraction(step), Fraction(0), Fraction(step - 1))


def _resized(vertex: Vertex, sources: Sequence[Vertex], given: Vertex, run: _Run) -> _Run:
    """Element i lies at i step + start of the axis, and takes the elements around, 1, 2 or 4 of them."""
    params: Any = vertex.params
    if run.axis is None or run.axis not in params["axes"]:
        return run
    inputs, outputs = given.shape[run.axis], vertex.shape[run.axis]
    if params["smooth"] or outputs < 2:
        return run.flat(given.shape)
    step = Fraction(params["steps"][params["axes"].index(run.axis)]).limit_denominator(1000)
    step = step or Fraction(inputs, outputs)
    start = (step - 1) / 2
    if params["corners"]:
        step, start = Fraction(inputs - 1, outputs - 1), Fraction(0)
    if params["mode"].startswith("nearest"):
        start = step / 2 if params["mode"] == "nearest-exact" else Fraction(0)
    below = Fraction(lcm(step.denominator, start.denominator) - 1, lcm(step.denominator, start.denominator))
    before, behind = {"linear": (0, 1), "cubic": (1, 2)}.get(params["mode"], (0, 0))
    return run.windowed(step, start - below - before, start + behind)


def _slice(vertex: Vertex, sources: Sequence[Vertex], given: Vertex, run: _Run) -> _Run:
    index: Any = vertex.params["index"]
    if run.axis is None or not all(isinstance(step, int | tuple) for step in index):
        return run.flat(given.shape)
    step = index[run.axis] if run.axis < len(index) else (0, given.shape[run.axis], 1)
    if isinstance(step, int):
        at = run.stride * step
        return _Run(None, Fraction(0), run.low + at, run.high + at)
    dropped = sum(isinstance(other, int) for other in index[: run.axis])
    start, _, stride = step
    return replace(run.windowed(Fraction(stride), Fraction(start), Fraction(start)), axis=run.axis - dropped)


def _padded(vertex: Vertex, sources: Sequence[Vertex], given: Vertex, run: _Run) -> _Run:
    if run.axis is None:
        return run
    widths: Any = vertex.params["widths"]
    before = Fraction(widths[run.axis][0] * (-1 if vertex.op == "pad" else 1))
    return run.windowed(Fraction(1), before, before)


def _permuted(vertex: Vertex, sources: Sequence[Vertex], given: Vertex, run: _Run) -> _Run:
    dims: Any = vertex.params["dims"]
    return run if run.axis is None else replace(run, axis=dims.index(run.axis))


def _reduced(vertex: Vertex, sources: Sequence[Vertex], given: Vertex, run: _Run) -> _Run:
    axes: Any = vertex.params.get("axes")
    if run.axis is None or not isinstance(axes, tuple) or run.axis in axes:
        return run.flat(given.shape)
    lost = 0 if vertex.params.get("keepdims") else sum(axis < run.axis for axis in axes)
    return replace(run, axis=run.axis - lost)


def _joining(vertex: Vertex, sources: Sequence[Vertex], given: Vertex, run: _Run) -> _Run:
    return run.flat(given.shape) if run.axis == vertex.params["dim"] else run


def _reshaped(vertex: Vertex, sources: Sequence[Vertex], given: Vertex, run: _Run) -> _Run:
    """An axis stays one if it is as long, and as much lies before it."""
    if run.axis is None:
        return run
    length, before = given.shape[run.axis], prod(given.shape[: run.axis])
    for axis, other in enumerate(vertex.shape):
        if other == length and prod(vertex.shape[:axis]) == before:
            return replace(run, axis=axis)
    return run.flat(given.shape)


def _spatial(given: Vertex, run: _Run) -> int | None:
    """Which spatial axis of an argument a run lies along, if one."""
    return run.axis - 2 if run.axis is not None and run.axis >= 2 else None


def _pair(padding: Any, place: int) -> tuple[int, int]:
    pair = padding[place]
    return (pair, pair) if isinstance(pair, int) else (pair[0], pair[1])


_POINTWISE = (
    "abs", "acos", "acosh", "add", "alias", "asin", "asinh", "atan", "atan2", "atanh", "broadcast_to", "cast",
    "cbrt", "ceil", "channel_spread", "clamp", "clamp_max", "clamp_min", "clone", "contiguous", "cos", "cosh",
    "detach", "div", "dropout", "elu", "eq", "erf", "erfc", "erfinv", "exp", "exp2", "expm1",
    "floor", "floor_divide",
    "fmax", "fmin", "fmod", "frac", "ge", "gelu", "gelu_tanh", "gt", "hardsigmoid", "hardswish", "hardtanh",
    "hypot", "isfinite", "isinf", "isnan", "le", "leaky_relu", "lerp", "log", "log10", "log1p", "log2",
    "logaddexp", "logical_and", "logical_not", "logical_or", "logical_xor", "logsigmoid", "lt", "maximum",
    "minimum", "mish", "mul", "nan_to_num", "ne", "neg", "pow", "power", "prelu", "reciprocal", "relu",
    "remainder", "round", "rsqrt", "same", "sigmoid", "sign", "silu", "sin", "sinh", "softplus", "softsign",
    "sqrt", "square", "sub", "tan", "tanh", "tanhshrink", "threshold", "to_device", "trunc", "trunc_divide",
    "where", "xlogy",
)  # fmt: skip

_RULES: dict[str, Callable[[Vertex, Sequence[Vertex], Vertex, _Run], _Run]] = {
    **dict.fromkeys(_POINTWISE, _pointwise),
    **dict.fromkeys(("batch_norm", "batch_norm_fixed"), _statistics),
    **dict.fromkeys(("conv", "conv_bias", "conv_bias_relu", "avg_pool", "max_pool", "max_pool_indices"), _window),
    **dict.fromkeys(("sum", "mean", "amax", "amin", "prod", "var", "std", "logsumexp"), _reduced),
    **dict.fromkeys(("pad", "crop"), _padded),
    "conv_input": _transposed,
    "adaptive_avg_pool": _adaptive,
    "resize": _resized,
    "slice": _slice,
    "permute": _permuted,
    "cat": _joining,
    "reshape": _reshaped,
}
