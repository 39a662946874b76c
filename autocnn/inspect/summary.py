"""A table of layers: sizes, work, memory and receptive fields, as text, Markdown and HTML."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from autocnn.flow.run import untouched
from autocnn.graph import trace
from autocnn.graph.analysis import activation_memory
from autocnn.inspect.by_hand import Formula, by_hand
from autocnn.inspect.layers import Layer, Window, layers
from autocnn.inspect.summary_page import formula_table, page, table

_HEADS = (
    "layer", "ops", "output", "kernel", "stride", "padding", "parameters", "multiply-adds", "kept", "gradients",
    "sees",
)  # fmt: skip
_LEFT = 2
"""So many columns, from the left, hold words."""


@dataclass(frozen=True)
class Summary:
    """The layers of a model on one input, and what they add up to."""

    name: str
    shapes: tuple[tuple[int, ...], ...]
    """Of the inputs."""
    layers: tuple[Layer, ...]
    peak: int
    """Most bytes of activations that are alive at a time in a forward pass that keeps what training needs."""
    unused: tuple[str, ...] = ()
    """Parameters of the model that this forward pass did not come by; they are not counted."""

    def __iter__(self) -> Iterator[Layer]:
        return iter(self.layers)

    def __len__(self) -> int:
        return len(self.layers)

    @property
    def parameters(self) -> int:
        """Elements of all parameters, shared ones once."""
        return sum(layer.parameters for layer in self.layers)

    @property
    def multiply_adds(self) -> int:
        """Multiply-and-add steps of convolutions and matrix products, of the whole batch."""
        return sum(layer.multiply_adds for layer in self.layers)

    @property
    def kept(self) -> int:
        """Bytes of the activations that stay for the backward pass."""
        return sum(layer.kept for layer in self.layers)

    @property
    def gradients(self) -> int:
        """Bytes of the gradients of all parameters and of all layers' results; not all alive at a time."""
        return sum(layer.gradients for layer in self.layers)

    def formulas(self) -> tuple[Formula, ...]:
        """The classical formulas with this model's numbers, beside what the engine counted."""
        return by_hand(self.layers)

    def rows(self) -> list[dict[str, Any]]:
        """A row for each layer, for CSV."""
        return [
            {
                "layer": layer.path, "ops": " ".join(layer.ops), "output": list(layer.shape),
                "kernel": [list(w.kernel) for w in layer.windows],
                "stride": [list(w.stride) for w in layer.windows],
                "padding": [[list(pair) for pair in w.padding] for w in layer.windows],
                "parameters": layer.parameters, "multiply_adds": layer.multiply_adds, "kept": layer.kept,
                "gradients": layer.gradients, "field": list(layer.field.size) if layer.field else None,
            }
            for layer in self.layers
        ]  # fmt: skip

    def to_dict(self) -> dict[str, Any]:
        """All of it, for JSON."""
        return {
            "name": self.name, "inputs": [list(shape) for shape in self.shapes], "layers": self.rows(),
            "parameters": self.parameters, "multiply_adds": self.multiply_adds, "kept": self.kept,
            "gradients": self.gradients, "peak": self.peak, "unused": list(self.unused),
        }  # fmt: skip

    def text(self, *, formulas: bool = False) -> str:
        """A table in plain text, with the formulas below it if asked for."""
        heads, lines, total = self._table()
        widths = [max(len(line[i]) for line in (heads, *lines, total)) for i in range(len(heads))]
        rule = "─" * (sum(widths) + 2 * (len(widths) - 1))
        written = [
            "  ".join(
                cell.ljust(width) if i < _LEFT else cell.rjust(width)
                for i, (cell, width) in enumerate(zip(line, widths, strict=True))
            ).rstrip()
            for line in (heads, *lines, total)
        ]
        below = ["", *map(str, self.formulas())] if formulas else []
        return "\n".join([self.title, written[0], rule, *written[1:-1], rule, written[-1], self.note, *below])

    def markdown(self, *, formulas: bool = False) -> str:
        """A table in Markdown, with the formulas below it if asked for."""
        heads, lines, total = self._table()
        below = ["---" if i < _LEFT else "---:" for i in range(len(heads))]
        strong = [f"**{cell}**" if cell else "" for cell in total]
        rows = [heads, below, *lines, strong]
        written = ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows]
        more = ["", *(f"- {formula}" for formula in self.formulas())] if formulas else []
        return "\n".join([f"**{self.title}**", "", *written, "", self.note, *more])

    def html(self, *, formulas: bool = False) -> str:
        """A page in HTML, which needs nothing from outside, with the formulas if asked for."""
        more = [formula_table(self.formulas())] if formulas else []
        return page(self.title, [self._repr_html_(), *more])

    def _repr_html_(self) -> str:
        """The table alone, for a notebook."""
        heads, lines, total = self._table()
        numbers = {"parameters": "parameters", "multiply-adds": "multiply_adds", "kept": "kept"}
        bars = [[getattr(layer, numbers[h]) if h in numbers else None for h in heads] for layer in self.layers]
        note = f"{self.note} Bars compare a column's numbers; point at one for its share."
        return table(self.title, heads, lines, total, _LEFT, bars, note)

    def __str__(self) -> str:
        return self.text()

    @property
    def title(self) -> str:
        """What was summarised: ``LeNet5 on 1×1×32×32``."""
        return f"{self.name} on {', '.join(_by(shape) for shape in self.shapes)}"

    @property
    def note(self) -> str:
        """What the columns mean, and the peak."""
        said = (
            "kept: activations that stay for the backward pass; gradients: of a layer's parameters and result; "
            f"sees: receptive field. Peak of the forward pass in training: {size_of(self.peak)}."
        )
        return said if not self.unused else f"{said} Not used, not counted: {', '.join(self.unused)}."

    def _table(self) -> tuple[Sequence[str], list[Sequence[str]], Sequence[str]]:
        """Heads, lines and the line of totals; columns that would stay empty are left out."""
        lines = [_cells(layer) for layer in self.layers]
        total = [
            "total", "", "", "", "", "", f"{self.parameters:,}", f"{self.multiply_adds:,}", size_of(self.kept),
            size_of(self.gradients), "",
        ]  # fmt: skip
        full = [i for i in range(len(_HEADS)) if total[i] or any(line[i] for line in lines)]
        picked = [[row[i] for i in full] for row in (_HEADS, *lines, total)]
        return picked[0], list(picked[1:-1]), picked[-1]


def summary(model: Callable[..., Any], *inputs: Any) -> Summary:
    """What a model is made of, from running it once on these inputs.

    For every visit to a module: the shape of its result, kernel, stride and padding, parameters, multiply-adds,
    bytes kept for the backward pass and of gradients, and the receptive field in the input. The model runs in the
    mode that it is in, and stays as it is: running statistics are put back, and so are random numbers.

    >>> import autocnn as ac
    >>> found = summary(ac.models.LeNet5(), ac.zeros(1, 1, 32, 32))
    >>> found.parameters, found.multiply_adds, all(formula.agrees for formula in found.formulas())
    (61706, 416520, True)
    >>> found.layers[5].path, found.layers[5].field.size
    ('s4', (16, 16))
    """
    with untouched(model):
        graph = trace(model, *inputs)
    met = {vertex.name for vertex in graph.vertices if vertex.kind == "parameter"}
    named = dict(model.named_parameters()) if hasattr(model, "named_parameters") else {}
    return Summary(
        str(getattr(model, "__name__", type(model).__name__)),
        tuple(graph.vertices[number].shape for number in graph.inputs),
        layers(graph),
        activation_memory(graph, training=True).peak,
        tuple(name for name in named if name not in met),
    )


def size_of(count: int) -> str:
    """Bytes as people read them.

    >>> size_of(0), size_of(4704), size_of(3_000_000)
    ('0 B', '4.59 KiB', '2.86 MiB')
    """
    value, units = float(count), ["B", "KiB", "MiB", "GiB", "TiB"]
    while value >= 1000 and len(units) > 1:
        value, units = value / 1024, units[1:]
    return f"{value:.0f} {units[0]}" if units[0] == "B" else f"{value:.3g} {units[0]}"


def _cells(layer: Layer) -> list[str]:
    numbers = [f"{count:,}" if count else "" for count in (layer.parameters, layer.multiply_adds)]
    sizes = [size_of(count) if count else "" for count in (layer.kept, layer.gradients)]
    return [
        layer.path or "-", ", ".join(layer.ops), _by(layer.shape) or "scalar",
        ", ".join(_by(w.kernel) for w in layer.windows),
        ", ".join(_short(w.stride) for w in layer.windows),
        ", ".join(_border(w) for w in layer.windows),
        *numbers, *sizes, _by(layer.field.size) if layer.field else "",
    ]  # fmt: skip


def _by(sizes: Sequence[int]) -> str:
    return "×".join(map(str, sizes))


def _short(sizes: Sequence[Any]) -> str:
    """One number where all axes have the same."""
    return str(sizes[0]) if len(set(sizes)) == 1 else _by(sizes)


def _border(window: Window) -> str:
    return _short([str(a) if a == b else f"{a}+{b}" for a, b in window.padding])
