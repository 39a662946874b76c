"""A convolution as a dense layer whose weights are mostly zero, and the rest shared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import product
from typing import Any

from autocnn import nn
from autocnn.backend import geometry
from autocnn.backend.arrays import namespace
from autocnn.errors import ArgumentError, ShapeError
from autocnn.types import Array, Shape, Size

Convolution = nn.Conv1d | nn.Conv2d | nn.Conv3d
_BORDERS = {"reflect": "reflect", "replicate": "edge", "circular": "wrap"}


def toeplitz(layer: Convolution, shape: Sequence[int]) -> Array:
    """The matrix of a convolution: (O oh ow, C H W) for an image of shape (C, H, W); 1-d and 3-d likewise.

    ``flatten(layer(x)) = matrix @ flatten(x) + bias``, the bias repeated for each place. Row (o, i, j) holds
    filter o where its window lies, and zeros; with stride 1 and no padding equal numbers stand along the diagonals
    (a Toeplitz matrix of Toeplitz blocks). Every stride, padding, kind of border, dilation and number of groups.
    Raises ArgumentError for what is no plain convolution, ShapeError if the shape does not fit.

    >>> import autocnn as ac
    >>> layer = ac.nn.Conv1d(1, 1, 2, bias=False)
    >>> _ = layer.weight.data.copy_(ac.tensor([[[1.0, 2.0]]]))
    >>> toeplitz(layer, (1, 4)).tolist()
    [[1.0, 2.0, 0.0, 0.0], [0.0, 1.0, 2.0, 0.0], [0.0, 0.0, 1.0, 2.0]]
    """
    if getattr(type(layer), "forward", None) is not nn.Conv2d.forward:
        raise ArgumentError(f"toeplitz: layer is a {type(layer).__name__}; it must be a Conv1d, Conv2d or Conv3d")
    shape = tuple(shape)
    if len(shape) != layer.dims + 1 or shape[0] != layer.in_channels:
        raise ShapeError(
            f"toeplitz: shape is {shape}; it must be ({layer.in_channels}, ...) with {layer.dims} more axes"
        )
    sources, counts = _sources(layer, shape)
    weight = layer.weight.detach().array
    xp = namespace(weight)
    places, groups = geometry.volume(counts), layer.groups
    outputs, inputs = layer.out_channels // groups, layer.in_channels // groups
    columns = geometry.volume(shape)
    matrix = xp.zeros((layer.out_channels * places, columns + 1), dtype=weight.dtype)  # the last is the padding's
    rows = xp.arange(layer.out_channels * places).reshape(groups, outputs, 1, places)
    for offset, source in sources.items():
        filters = weight[(slice(None), slice(None), *offset)].reshape(groups, outputs, inputs, 1)
        matrix[rows, xp.asarray(source).reshape(groups, 1, inputs, places)] += filters
    return matrix[:, :columns]


def _sources(layer: Convolution, shape: Shape) -> tuple[dict[Shape, Array], Shape]:
    """For each offset in the kernel the input element (C, places) under it, -1 for padding; and the places."""
    kernel, stride, dilation = layer.kernel_size, layer.stride, layer.dilation
    sides = geometry.pads("toeplitz", layer.padding, kernel, stride, dilation)
    counts = geometry.windows(shape[1:], kernel, stride, sides, dilation)
    geometry.check_fit("toeplitz", shape[1:], kernel, sides, dilation, counts)
    xp = namespace(layer.weight.array)
    numbers = xp.arange(geometry.volume(shape)).reshape(shape)
    how: dict[str, Any] = {"mode": _BORDERS.get(layer.padding_mode, "constant")}
    if layer.padding_mode == "zeros":
        how["constant_values"] = -1
    padded = xp.pad(numbers, ((0, 0), *sides), **how)
    found = {}
    for offset in product(*map(range, kernel)):
        window = [
            slice(a * d, a * d + (n - 1) * s + 1, s)
            for a, d, s, n in zip(offset, dilation, stride, counts, strict=True)
        ]
        found[offset] = padded[(slice(None), *window)].reshape(shape[0], -1)
    return found, counts


@dataclass(frozen=True, slots=True)
class Connection:
    """One way to connect an image to feature maps, and what it costs."""

    layer: str
    weights: int
    biases: int
    multiply_adds: int
    """For one image."""
    formula: str
    """Of the weights."""

    @property
    def parameters(self) -> int:
        """Weights and biases."""
        return self.weights + self.biases


@dataclass(frozen=True)
class Sharing:
    """From a dense layer to a convolution between the same two shapes."""

    shape: Shape
    output: Shape
    steps: tuple[Connection, ...]
    """Dense, locally connected, convolution."""

    def __getitem__(self, layer: str) -> Connection:
        """A step by its name."""
        for step in self.steps:
            if step.layer == layer:
                return step
        raise ArgumentError(f"sharing: no {layer!r}; there is {', '.join(step.layer for step in self.steps)}")

    def rows(self) -> list[dict[str, Any]]:
        """A row for each step."""
        return [{**asdict(step), "parameters": step.parameters} for step in self.steps]

    def to_dict(self) -> dict[str, Any]:
        """All of it, for JSON."""
        return {"shape": list(self.shape), "output": list(self.output), "steps": self.rows()}

    def __str__(self) -> str:
        head = f"{'layer':17}  {'weights':>14}  {'biases':>8}  {'multiply-adds':>14}  formula of weights"
        rows = (
            f"{x.layer:17}  {x.weights:14,}  {x.biases:8,}  {x.multiply_adds:14,}  {x.formula}" for x in self.steps
        )
        return "\n".join((f"{geometry.by(self.shape)} to {geometry.by(self.output)}", head, *rows))


def sharing(
    shape: Sequence[int], filters: int, kernel_size: Size, stride: Size = 1, padding: Size = 0, bias: bool = True
) -> Sharing:
    """Parameters of a dense layer, a locally connected one and a convolution from (C, H, W) to (filters, oh, ow).

    Dense: every output sees every input, with weights of its own. Locally connected: each sees its window only.
    Convolution: and all places share their weights. Raises ShapeError if a window does not fit.

    >>> print(sharing((3, 128, 128), 32, 5, padding=2))
    3x128x128 to 32x128x128
    layer                     weights    biases   multiply-adds  formula of weights
    dense              25,769,803,776   524,288  25,769,803,776  C H W · O oh ow
    locally connected      39,321,600   524,288      39,321,600  C kh kw · O oh ow
    convolution                 2,400        32      39,321,600  C kh kw · O
    """
    channels, *space = shape
    kernel, steps, pads = (
        geometry.per_axis("sharing", name, value, len(space), least=least)
        for name, value, least in (("kernel_size", kernel_size, 1), ("stride", stride, 1), ("padding", padding, 0))
    )
    gaps = (1,) * len(space)
    sides = tuple((p, p) for p in pads)
    counts = geometry.windows(space, kernel, steps, sides, gaps)
    geometry.check_fit("sharing", space, kernel, sides, gaps, counts)
    outputs, window = filters * geometry.volume(counts), channels * geometry.volume(kernel)
    dense, local, shared = outputs * channels * geometry.volume(space), outputs * window, filters * window
    own, common = (outputs, filters) if bias else (0, 0)
    return Sharing(tuple(shape), (filters, *counts), (
        Connection("dense", dense, own, dense, "C H W · O oh ow"),
        Connection("locally connected", local, own, local, "C kh kw · O oh ow"),
        Connection("convolution", shared, common, local, "C kh kw · O"),
    ))  # fmt: skip
