"""What a layer has learned to see: its filters, its maps, the images and patches that it answers to most."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from math import ceil
from typing import Any, NamedTuple

from autocnn.backend.arrays import namespace
from autocnn.backend.random import Generator
from autocnn.engine import Tensor
from autocnn.errors import ArgumentError
from autocnn.graph import trace
from autocnn.graph.analysis import Field, receptive_field
from autocnn.inspect.look import Look, as_images, given, gradient, running, vertex_at
from autocnn.ops import rand, randn
from autocnn.types import Array

Model = Callable[..., Any]


def filters(model: Any, layer: str | None = None) -> Array:
    """The filters of a convolution, (O, C, kh, kw), by the path of the module; by default of the model's first.

    >>> import autocnn as ac
    >>> filters(ac.models.LeNet5()).shape, filters(ac.models.LeNet5(), "c3").shape
    ((6, 1, 5, 5), (16, 6, 5, 5))
    """
    named = [(name, p) for name, p in model.named_parameters() if p.ndim > 2]
    wanted = None if layer is None else f"{layer.replace('/', '.')}."
    for name, parameter in named:
        if wanted is None or name.startswith(wanted):
            return parameter.array.copy()
    there = ", ".join(name.rpartition(".")[0] or "the model itself" for name, _ in named[:6]) or "none"
    raise ArgumentError(f"filters: no convolution in {layer or 'the model'!r}; there is {there}")


def feature_maps(model: Model, x: Any, layers: Iterable[str] | None = None) -> dict[str, Array]:
    """What layers make of images, in eval mode, by path; by default every visit to every module, in its order.

    The values are those that left the layer: what an op in place writes over them later does not reach them. A
    module that is visited twice has ``relu#1`` and ``relu#2``.

    Raises ArgumentError for a layer in which nothing ran.

    >>> import autocnn as ac
    >>> maps = feature_maps(ac.models.LeNet5(), ac.rand(1, 1, 32, 32))
    >>> list(maps)[:3], maps["s2"].shape
    (['c1', 'tanh1', 's2'], (1, 6, 14, 14))
    """
    wanted = None if layers is None else list(layers)
    look = Look(wanted)
    with running(model, look, record=False):
        model(as_images(x, model))
    return look.visits() if wanted is None else {path: look[path].value for path in wanted}


# Activation maximisation --------------------------------------------------------------------------------------


class Maximised(NamedTuple):
    """Images made to excite a unit, one for each start, and how much they did, step by step."""

    images: Array
    """(starts, C, H, W)"""
    activations: Array
    """(starts, steps + 1)"""


def maximise(
    model: Model, layer: str, unit: int, shape: Sequence[int], *, position: tuple[int, ...] | None = None,
    starts: int = 1, steps: int = 128, rate: float = 0.05, decay: float = 0.01, jitter: int = 2, blur: float = 0.5,
    seed: int = 0,
) -> Maximised:  # fmt: skip
    """Images that a unit answers to most, climbed to from noise along the gradient, in eval mode.

    ``unit`` is a channel of the layer's result: its mean over all positions is made large, or its value at one
    ``position``. ``shape`` is that of an image, (C, H, W). A step is ``rate`` times the gradient over its RMS;
    each takes ``decay`` off the image. What keeps images smooth: the image is moved by up to ``jitter`` pixels
    before a step, and every fourth step blurred with a Gaussian of standard deviation ``blur``; 0 for neither.
    Source: Erhan, Bengio, Courville and Vincent (2009); Yosinski et al. (2015) for decay and blur.

    >>> import autocnn as ac
    >>> found = maximise(ac.models.LeNet5(), "output", 3, (1, 32, 32), steps=5)
    >>> found.images.shape, bool(found.activations[0, -1] > found.activations[0, 0])
    ((1, 1, 32, 32), True)
    """
    generator = Generator(seed)
    weight = next((p for p in getattr(model, "parameters", tuple)() if p.is_floating_point()), None)
    where = {} if weight is None else {"device": str(weight.device), "dtype": weight.dtype}
    images = 0.1 * randn(starts, *shape, generator=generator, **where).array
    xp = namespace(images)
    heights = []
    for step in range(steps):
        offsets = [int(o) for o in ((2 * jitter + 1) * rand(2, generator=generator).array).astype(int) - jitter]
        moved = xp.roll(images, offsets, (-2, -1)) if jitter else images
        now, g = _climb(model, layer, unit, position, moved)
        heights.append(now)
        size = xp.sqrt((g * g).mean((1, 2, 3), keepdims=True))
        moved = (1 - decay) * (moved + rate * g / xp.maximum(size, 1e-20))
        images = xp.roll(moved, [-o for o in offsets], (-2, -1)) if jitter else moved
        if blur and step % 4 == 3:
            images = _blurred(images, blur)
        images = images.astype(moved.dtype)
    heights.append(_climb(model, layer, unit, position, images)[0])
    return Maximised(images, xp.stack(heights, 1))


def _climb(
    model: Model, layer: str, unit: int, position: tuple[int, ...] | None, images: Array
) -> tuple[Array, Array]:  # fmt: skip
    """How much the unit answers to each image, and the gradient of that."""
    x, look = given(images, model), Look([layer])
    with running(model, look):
        model(x)
    made = look[layer]
    channel = _channel(layer, unit, made.value)
    place = (slice(None), channel) if position is None else (slice(None), channel, *position)
    xp = namespace(made.value)
    count = 1 if position is not None else max(made.value[0, channel].size, 1)
    seed = xp.zeros_like(made.value)
    seed[place] = 1 / count
    height = (made.value * seed).reshape(len(images), -1).sum(1)
    return height, gradient(made.node, x.node(), seed)


def _channel(layer: str, unit: int, value: Array) -> int:
    if value.ndim < 2 or not -value.shape[1] <= unit < value.shape[1]:
        raise ArgumentError(f"unit: {unit} of {layer}, which makes {tuple(value.shape)}; a channel is needed")
    return unit


def _blurred(images: Array, deviation: float) -> Array:
    """Convolved with a Gaussian along both axes; the border is repeated."""
    xp = namespace(images)
    reach = ceil(3 * deviation)
    weights = xp.exp(-((xp.arange(-reach, reach + 1) / deviation) ** 2) / 2)
    weights = weights / weights.sum()
    for axis in (-2, -1):
        length = images.shape[axis]
        places = xp.arange(length)
        images = sum(
            float(w) * xp.take(images, xp.clip(places + offset, 0, length - 1), axis)
            for offset, w in zip(range(-reach, reach + 1), weights, strict=True)
        )
    return images


# The patches that a unit answers to ----------------------------------------------------------------------------


@dataclass(frozen=True)
class Patches:
    """The parts of images that lie nearest to what a unit looks for: it answers to them most."""

    patches: Array = field(repr=False)
    """(k, C, h, w), each as large as the unit's receptive field; 0 beyond the border of an image."""
    activations: tuple[float, ...]
    """Of the unit, falling."""
    images: tuple[int, ...]
    """The number of the image that each is from; no image comes twice."""
    boxes: tuple[tuple[int, int, int, int], ...]
    """top, left, bottom, right of each in its image; may reach beyond its border."""


def nearest_patches(
    model: Model, images: Any, layer: str, unit: int, *, count: int = 9, batch: int = 64
) -> Patches:  # fmt: skip
    """The patches of (training) images that a unit of a layer answers to most, one of an image at most.

    A patch is the unit's receptive field at the position of the largest activation; of a dense layer it is the
    whole image. Source: Zeiler and Fergus (2014), figure 2.

    >>> import autocnn as ac
    >>> found = nearest_patches(ac.models.LeNet5(), ac.rand(20, 1, 32, 32), "c3", 5, count=4)
    >>> found.patches.shape, found.activations == tuple(sorted(found.activations, reverse=True))
    ((4, 1, 14, 14), True)
    """
    every = as_images(images, model).array
    if every.ndim != 4 or count < 1:
        raise ArgumentError(
            f"nearest_patches: images are {tuple(every.shape)}, count {count}; (N, C, H, W), 1 or more"
        )
    best: list[tuple[float, int, tuple[int, ...]]] = []
    for begin in range(0, len(every), batch):
        value = feature_maps(model, every[begin : begin + batch], [layer])[layer]
        maps = value[:, _channel(layer, unit, value)]
        xp = namespace(maps)
        flat = maps.reshape(len(maps), -1)
        for row, at in enumerate(flat.argmax(1)):
            place = tuple(int(i) for i in xp.unravel_index(at, maps.shape[1:])) if maps.ndim > 1 else ()
            entry = (float(flat[row, at]), -(begin + row), place)
            (heapq.heappush if len(best) < count else heapq.heappushpop)(best, entry)
    seen = _field(model, every[:1], layer)
    best.sort(reverse=True)
    boxes = tuple(_box(seen, place, every.shape[2:]) for _, _, place in best)
    chosen = tuple(-minus for _, minus, _ in best)
    cut = [_cut(every[number], box) for number, box in zip(chosen, boxes, strict=True)]
    return Patches(namespace(every).stack(cut), tuple(height for height, _, _ in best), chosen, boxes)


def _field(model: Model, image: Array, layer: str) -> Field | None:
    with running(model, record=False):
        graph = trace(model, Tensor(image))
    return receptive_field(graph, vertex_at(graph, layer))


def _box(seen: Field | None, place: tuple[int, ...], sizes: Sequence[int]) -> tuple[int, int, int, int]:
    """What an element sees: whole images where it sees everything, or where its position says nothing."""
    if seen is None or len(place) != 2 or 0 in seen.stride:
        return 0, 0, sizes[0], sizes[1]
    starts = [ceil(o + i * s) for o, i, s in zip(seen.offset, place, seen.stride, strict=True)]
    return starts[0], starts[1], starts[0] + seen.size[0], starts[1] + seen.size[1]


def _cut(image: Array, box: tuple[int, int, int, int]) -> Array:
    top, left, bottom, right = box
    height, width = image.shape[1:]
    patch = namespace(image).zeros((image.shape[0], bottom - top, right - left), image.dtype)
    inside = image[:, max(top, 0) : min(bottom, height), max(left, 0) : min(right, width)]
    down, across = max(-top, 0), max(-left, 0)
    patch[:, down : down + inside.shape[1], across : across + inside.shape[2]] = inside
    return patch


__all__ = ["Maximised", "Patches", "feature_maps", "filters", "maximise", "nearest_patches"]
