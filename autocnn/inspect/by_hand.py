"""The classical formulas of layer arithmetic, with a layer's numbers put in, beside what the engine counted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import prod

from autocnn.inspect.layers import Layer, Window


@dataclass(frozen=True, slots=True)
class Formula:
    """One number of one layer, worked out by hand."""

    layer: str
    what: str
    """``output``, ``parameters`` or ``multiply-adds``."""
    text: str
    """The formula with numbers, as one would write it down."""
    value: int
    engine: int
    """What the engine says."""

    @property
    def agrees(self) -> bool:
        """Whether both are the same."""
        return self.value == self.engine

    def __str__(self) -> str:
        counted = "" if self.agrees else f", but the engine counts {self.engine:,}"
        return f"{self.layer or '-'}: {self.what} {self.text} = {self.value:,}{counted}"


def by_hand(layers: Sequence[Layer]) -> tuple[Formula, ...]:
    """The formulas of every layer that has any: convolution, pooling, dense, normalisation.

    output      floor((n + 2p - d (k - 1) - 1) / s) + 1 for each axis that a window slides along
    parameters  (C/g kh kw + 1) O of a convolution, (I + 1) O of a dense layer; without bias no 1; 2 C of a norm
    multiply-adds  N O oh ow C/g kh kw of a convolution, N I O of a dense layer

    >>> import autocnn as ac
    >>> from autocnn.inspect import layers_of
    >>> for formula in by_hand(layers_of(ac.nn.Conv2d(3, 32, 5, padding=2), ac.zeros(1, 3, 128, 128))):
    ...     print(formula)
    -: output floor((128 + 2·2 - 5) / 1) + 1 = 128
    -: parameters (3·5·5 + 1)·32 = 2,432
    -: multiply-adds 1·32·128·128 · 3·5·5 = 39,321,600
    """
    return tuple(formula for layer in layers for formula in _formulas(layer))


def _formulas(layer: Layer) -> Iterator[Formula]:
    for window in layer.windows:
        if window.op != "conv_input":
            yield from _outputs(layer, window)
    filters = [window for window in layer.windows if window.op.startswith("conv")]
    dense = {"linear", "project"} & set(layer.ops)
    if len(filters) == 1 and not dense:
        yield from _convolution(layer, filters[0])
    elif len(dense) == 1 and not filters and layer.shapes and len(layer.shapes[0]) == 2:
        yield from _dense(layer)
    elif any("norm" in op for op in layer.ops) and not filters and not dense and layer.shapes:
        channels = layer.shapes[0][0]
        yield Formula(layer.path, "parameters", f"2·{channels}", 2 * channels, layer.parameters)


def _outputs(layer: Layer, window: Window) -> Iterator[Formula]:
    """The size along each axis; once, if the axes are alike."""
    axes = zip(
        window.given[2:], window.kernel, window.stride, window.padding, window.dilation, window.made[2:],
        strict=True,
    )  # fmt: skip
    for n, k, s, (before, after), d, made in dict.fromkeys(axes):
        reach = f"{k}" if d == 1 else f"({d}·({k} - 1) + 1)"
        border = "" if not before + after else f" + 2·{before}" if before == after else f" + {before} + {after}"
        inside = n + before + after - d * (k - 1) - 1
        size = inside // s + 1
        if window.ceil and inside % s and size * s < n + before:  # the last window begins inside
            size += 1
        rounded = "ceil" if window.ceil else "floor"
        yield Formula(layer.path, "output", f"{rounded}(({n}{border} - {reach}) / {s}) + 1", size, made)


def _convolution(layer: Layer, window: Window) -> Iterator[Formula]:
    transposed = window.op == "conv_input"
    ends = (window.made, window.given) if transposed else (window.given, window.made)
    per_filter = (ends[0][1] // window.groups, *window.kernel)  # channels and window that one filter sees
    filters, bias = ends[1][1], any(len(shape) == 1 for shape in layer.shapes)
    if layer.shapes:
        count, extra = prod(per_filter) * filters, window.made[1] if bias else 0
        if transposed:
            text = f"{_times(per_filter)}·{filters}" + (f" + {extra}" if bias else "")
        else:
            text = f"({_times(per_filter)} + 1)·{filters}" if bias else f"{_times(per_filter)}·{filters}"
        yield Formula(layer.path, "parameters", text, count + extra, layer.parameters)
    steps = f"{_times(ends[1])} · {_times(per_filter)}"
    yield Formula(layer.path, "multiply-adds", steps, prod(ends[1]) * prod(per_filter), layer.multiply_adds)


def _dense(layer: Layer) -> Iterator[Formula]:
    outputs, inputs = layer.shapes[0]
    bias = len(layer.shapes) > 1
    text = f"({inputs} + 1)·{outputs}" if bias else f"{inputs}·{outputs}"
    yield Formula(layer.path, "parameters", text, (inputs + bias) * outputs, layer.parameters)
    rows = prod(layer.given[:-1])
    text = f"{_times((rows, inputs, outputs))}"
    yield Formula(layer.path, "multiply-adds", text, rows * inputs * outputs, layer.multiply_adds)


def _times(numbers: Sequence[int]) -> str:
    return "·".join(map(str, numbers))
