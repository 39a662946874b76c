"""How far f(Tx) is from T f(x), layer by layer: shifts, flips, quarter turns."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from fractions import Fraction
from typing import Any

from autocnn.backend.arrays import namespace
from autocnn.engine import Tensor
from autocnn.errors import ArgumentError
from autocnn.flow.strict import strict
from autocnn.graph import trace
from autocnn.graph.analysis import Field
from autocnn.inspect.layers import fields_of, visits
from autocnn.inspect.look import Look, given, running
from autocnn.types import Array

Number = int | Fraction


@dataclass(frozen=True, slots=True)
class Transform:
    """A motion of an image onto itself: `shift`, `flip` and `turn` make them."""

    name: str
    down: int = 0
    right: int = 0
    flipped: tuple[int, ...] = ()
    """Axes, of (H, W), whose order is reversed."""
    quarters: int = 0

    def __str__(self) -> str:
        return self.name

    def __call__(self, values: Array, strides: Sequence[Number] = (1, 1)) -> Array:
        """The motion of (..., h, w), whose elements lie so many pixels apart."""
        xp = namespace(values)
        for axis, (pixels, stride) in enumerate(zip((self.down, self.right), strides, strict=True)):
            values = _moved(values, Fraction(pixels) / Fraction(stride), axis - 2)
        if self.flipped:
            values = xp.flip(values, tuple(axis - 2 for axis in self.flipped))
        return xp.rot90(values, self.quarters, (-2, -1)) if self.quarters else values

    def unspoilt(self, inside: Array, strides: Sequence[Number]) -> Array:
        """Of elements (h, w) those that come, by the motion, from elements inside, and not around the edge."""
        xp = namespace(inside)
        for axis, (pixels, stride) in enumerate(zip((self.down, self.right), strides, strict=True)):
            step, length = Fraction(pixels) / Fraction(stride), inside.shape[axis]
            fresh, before = xp.arange(length), inside
            for whole in {math.floor(step), math.ceil(step)}:
                came = (fresh - whole >= 0) & (fresh - whole < length)
                here = xp.roll(before, whole, axis) & (came[:, None] if axis == 0 else came[None, :])
                inside = here if inside is before else inside & here
        return Transform("", flipped=self.flipped, quarters=self.quarters)(inside)


def shift(down: int = 0, right: int = 0) -> Transform:
    """Move by so many pixels; what leaves on one side comes in on the other.

    >>> import numpy as np
    >>> shift(right=1)(np.arange(4)[None]).tolist(), shift(right=1)(np.arange(4.0)[None], (1, 2)).tolist()
    ([[3, 0, 1, 2]], [[1.5, 0.5, 1.5, 2.5]])
    """
    return Transform(f"shift by {down} down, {right} right" if down else f"shift by {right}", down, right)


def flip(axis: str = "horizontal") -> Transform:
    """Left and right exchanged, or with ``"vertical"`` top and bottom."""
    if axis not in ("horizontal", "vertical"):
        raise ArgumentError(f"flip: axis is {axis!r}; 'horizontal' or 'vertical'")
    return Transform(f"{axis} flip", flipped=(1,) if axis == "horizontal" else (0,))


def turn(quarters: int = 1) -> Transform:
    """Rotate by so many times 90 degrees, against the clock."""
    return Transform(f"turn by {90 * (quarters % 4)}°", quarters=quarters % 4)


@dataclass(frozen=True, slots=True)
class LayerError:
    """One visit to a module; errors are Euclidean norms of differences over the norm of T f(x), or of f(x)."""

    path: str
    shape: tuple[int, ...]
    stride: tuple[float, ...]
    """How many pixels apart its elements lie; empty where position is gone, and T does nothing."""
    error: float
    """f(Tx) against T f(x)."""
    inside: float
    """The same over the elements that see no border, neither in x nor in Tx; NaN where there are none."""
    share: float
    """Of all elements, those."""
    invariance: float
    """f(Tx) against f(x); NaN if they differ in shape."""


@dataclass(frozen=True)
class Equivariance:
    """How a network takes one motion of its images, in eval mode, in the order of its layers."""

    transform: str
    images: int
    layers: tuple[LayerError, ...]
    same_class: float
    """The share of images whose class stays; NaN where the outputs are no scores (N, classes)."""

    def __getitem__(self, path: str) -> LayerError:
        """A layer by its path: the visit of that name, or the last one to that module or inside of it."""
        wanted = path.replace("/", ".")
        within = [x for x in self.layers if x.path == wanted]
        within = within or [x for x in self.layers if f"{x.path.partition('#')[0]}.".startswith(f"{wanted}.")]
        if not within:
            there = ", ".join(x.path for x in self.layers[:8])
            raise ArgumentError(f"equivariance: no layer {path!r}; there is {there}")
        return within[-1]

    def errors(self, inside: bool = True) -> dict[str, float]:
        """The error of each layer by its path, as `viz.equivariance` takes them.

        With ``inside`` that over the elements that see no border, where a layer has positions.
        """
        return {x.path or "-": x.inside if inside and x.stride else x.error for x in self.layers}

    def rows(self) -> list[dict[str, Any]]:
        """A row for each layer."""
        return [{"transform": self.transform, **asdict(layer)} for layer in self.layers]

    def to_dict(self) -> dict[str, Any]:
        """All of it, for JSON: what is not a number is null."""
        whole = {"transform": self.transform, "images": self.images, "same_class": self.same_class}
        return strict({**whole, "layers": self.rows()})  # type: ignore[no-any-return]

    def __str__(self) -> str:
        width = max([5, *(len(layer.path) for layer in self.layers)])
        lines = [f"{self.transform}: f(Tx) against T f(x), as a share of it, {self.images} images"]
        lines.append(f"{'layer':{width}}  {'stride':>6}  {'error':>8}  {'inside':>8}  {'invariance':>10}")
        for layer in self.layers:
            stride = "×".join(f"{s:g}" for s in dict.fromkeys(layer.stride)) or "-"
            numbers = f"{layer.error:8.2g}  {layer.inside:8.2g}  {layer.invariance:10.2g}"
            lines.append(f"{layer.path or '-':{width}}  {stride:>6}  {numbers}")
        return "\n".join([*lines, f"The class stays for {self.same_class:.1%} of the images."])


def equivariance(model: Callable[..., Any], transform: Transform, x: Any) -> Equivariance:
    """Move images, run the model on both, and compare every layer's result with the moved result.

    A layer whose elements lie s pixels apart has its map moved by d / s for a shift by d; where that is not whole,
    by linear interpolation between the two neighbours. A layer without positions is compared as it is: there
    equivariance is invariance. What sees a border of the image, or the seam that a shift makes, is left out of
    ``inside``: without it a convolution of stride 1 commutes with every shift, a layer of stride s with those by
    multiples of s.

    Raises ArgumentError for images that are not (N, C, H, W).

    >>> import autocnn as ac
    >>> net = ac.nn.Sequential(ac.nn.Conv2d(1, 2, 3, padding=1), ac.nn.MaxPool2d(2))
    >>> found = equivariance(net, shift(right=1), ac.rand(1, 1, 8, 8))
    >>> found["0"].inside < 1e-6 < 0.01 < found["1"].inside
    True
    """
    images = given(x, model).array
    if images.ndim != 4:
        raise ArgumentError(f"equivariance: x has shape {tuple(images.shape)}; images (N, C, H, W) are needed")
    looks, outputs = [], []
    for batch in (images, namespace(images).ascontiguousarray(transform(images))):
        look = Look()
        with running(model, look, record=False):
            outputs.append(model(Tensor(batch)))
        looks.append(look)
    with running(model, record=False):
        graph = trace(model, Tensor(images[:1]))
    fields = fields_of(graph)
    found, counts = [], dict[str, int]()
    for run in visits(graph):
        scope = run[-1].scope
        counts[scope] = counts.get(scope, 0) + 1
        visit = f"{scope}#{counts[scope]}"
        several = looks[0].counts.get(scope, 1) > 1
        if visit in looks[0].made and visit in looks[1].made:
            still, moved = (look.made[visit].value for look in looks)
            name = (visit if several else scope).replace("/", ".")
            found.append(_compared(name, transform, still, moved, fields.get(run[-1].id), images.shape[2:]))
    return Equivariance(str(transform), len(images), tuple(found), _same_class(*outputs))


def _compared(
    path: str, transform: Transform, still: Array, moved: Array, seen: Field | None, sizes: Sequence[int]
) -> LayerError:  # fmt: skip
    placed = still.ndim == 4 and seen is not None and 0 not in seen.stride
    stride = seen.stride if placed and seen is not None else ()
    wanted = transform(still, stride) if placed else still
    inside, share = math.nan, 0.0
    if placed and seen is not None:
        after = _inside(moved, seen, sizes[::-1] if transform.quarters % 2 else sizes)
        kept = transform.unspoilt(_inside(still, seen, sizes), stride)
        kept = kept & after if kept.shape == after.shape else kept[:0]
        share = float(kept.mean()) if kept.size else 0.0
        if share:
            inside = _distance(moved[..., kept], wanted[..., kept])
    return LayerError(
        path, tuple(moved.shape), tuple(float(s) for s in stride), _distance(moved, wanted), inside, share,
        _distance(moved, still),
    )  # fmt: skip


def _inside(values: Array, seen: Field, sizes: Sequence[int]) -> Array:
    """The elements (h, w) that see pixels of the image only."""
    xp = namespace(values)
    along = []
    for count, size, stride, offset, length in zip(
        values.shape[2:], seen.size, seen.stride, seen.offset, sizes, strict=True
    ):
        first = [math.floor(offset + i * stride) for i in range(count)]
        along.append(xp.asarray([low >= 0 and low + size <= length for low in first]))
    return along[0][:, None] & along[1][None, :]


def _moved(values: Array, step: Fraction, axis: int) -> Array:
    """Rolled along an axis; by a part of an element through linear interpolation."""
    xp = namespace(values)
    whole = math.floor(step)
    part = float(step - whole)
    rolled = xp.roll(values, whole, axis)
    return rolled if not part else (1 - part) * rolled + part * xp.roll(values, whole + 1, axis)


def _distance(a: Array, b: Array) -> float:
    if a.shape != b.shape:
        return math.nan
    a, b = a.astype("float64"), b.astype("float64")
    size, apart = float((b * b).sum()), float(((a - b) ** 2).sum())
    return math.sqrt(apart / size) if size else (math.inf if apart else 0.0)


def _same_class(still: Any, moved: Any) -> float:
    if not isinstance(still, Tensor) or still.ndim != 2:
        return math.nan
    return float((still.array.argmax(1) == moved.array.argmax(1)).mean())
