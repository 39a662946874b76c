"""Shapes, joins, parts and positions as ONNX."""

from __future__ import annotations

from typing import Any

from autocnn.graph.data import Vertex
from autocnn.graph.onnx.pointwise import POINTWISE, number
from autocnn.graph.onnx.writer import END, Writer, attribute, free_axis, writes


@writes("reshape")
def _reshape(w: Writer, v: Vertex, xs: list[str]) -> Any:
    """The axis with the images takes whatever size is left."""
    free = w.free[v.id]
    shape = [-1 if axis == free else size for axis, size in enumerate(v.shape)]
    return w.node("Reshape", xs[0], w.constant(shape), **({"allowzero": 1} if 0 in shape else {}))


@writes("permute")
def _permute(w: Writer, v: Vertex, xs: list[str]) -> Any:
    dims = list(attribute(v, "dims"))
    return w.node("Transpose", *xs, perm=dims) if dims else xs[0]


# Broadcasting -------------------------------------------------------------------------------------------------


@writes("broadcast_to", "channel_spread", "spread")
def _broadcast(w: Writer, v: Vertex, xs: list[str]) -> Any:
    """Only given more axes where what follows broadcasts by itself: so it fits any number of images."""
    source, rank = w.sources(v)[0], len(v.shape)
    if v.op == "channel_spread":
        kept = [1] if source.shape else []
    elif v.op == "spread" and len(source.shape) < rank:
        kept = [axis for axis in range(rank) if axis not in attribute(v, "axes")]
    else:
        kept = list(range(rank - len(source.shape), rank))
    new = [axis for axis in range(rank) if axis not in kept]
    x = w.node("Unsqueeze", xs[0], w.constant(new)) if new else xs[0]
    users = [w.graph.vertices[edge.target] for edge in w.graph.out_edges(v.id)]
    if all(user.op in POINTWISE and user.shape == v.shape for user in users):
        return x
    sizes = [1 if axis == w.free[v.id] else size for axis, size in enumerate(v.shape)]
    return w.node("Expand", x, w.constant(sizes))


# Joining and taking apart -------------------------------------------------------------------------------------


def _per_image(w: Writer, v: Vertex, xs: list[str], dim: int) -> list[str]:
    """Arguments to join along ``dim``, those that are the same for every image repeated as often as there are
    images."""
    free = w.free[v.id]
    axes = [w.free[source.id] for source in w.sources(v)]
    if free is None or free == dim or None not in axes:
        return xs
    model = xs[next(place for place, axis in enumerate(axes) if axis is not None)]
    count = w.node("Shape", model, start=free, end=free + 1)
    ones = [w.constant([1] * n) for n in (free, len(v.shape) - 1 - free)]
    sizes = w.node("Concat", ones[0], count, ones[1], axis=0)
    return [x if axis is not None else w.node("Expand", x, sizes) for x, axis in zip(xs, axes, strict=True)]


@writes("cat")
def _cat(w: Writer, v: Vertex, xs: list[str]) -> Any:
    dim = attribute(v, "dim")
    return w.node("Concat", *_per_image(w, v, xs, dim), axis=dim)


@writes("stack")
def _stack(w: Writer, v: Vertex, xs: list[str]) -> Any:
    dim = attribute(v, "dim")
    axis = w.constant([dim])
    return w.node("Concat", *_per_image(w, v, [w.node("Unsqueeze", x, axis) for x in xs], dim), axis=dim)


@writes("split", "unbind")
def _split(w: Writer, v: Vertex, xs: list[str]) -> Any:
    dim = attribute(v, "dim")
    sizes = attribute(v, "sizes") if v.op == "split" else (1,) * w.sources(v)[0].shape[dim]
    parts = w.node("Split", xs[0], w.constant(list(sizes)), outputs=len(sizes), axis=dim)
    parts = (parts,) if isinstance(parts, str) else parts
    return parts if v.op == "split" else tuple(w.node("Squeeze", part, w.constant([dim])) for part in parts)


@writes("slice")
def _slice(w: Writer, v: Vertex, xs: list[str]) -> Any:
    shape = w.sources(v)[0].shape
    parts: dict[str, list[int]] = {"starts": [], "ends": [], "axes": [], "steps": []}
    gone: list[int] = []
    new: list[int] = []
    place = result = 0
    for entry in attribute(v, "index"):
        if entry is None:
            new.append(result)
            result += 1
            continue
        if isinstance(entry, int):
            gone.append(place)
            entry = (entry, entry + 1 if entry != -1 else END, 1)
        else:
            result += 1
        if entry != (0, shape[place], 1):
            start, stop, step = entry
            stop = (END if step > 0 else -END) if stop is None else stop
            for part, bound in zip(parts.values(), (start, stop, place, step), strict=True):
                part.append(bound)
        place += 1
    x = xs[0]
    if parts["axes"]:
        x = w.node("Slice", x, *map(w.constant, parts.values()))
    if gone:
        x = w.node("Squeeze", x, w.constant(gone))
    return w.node("Unsqueeze", x, w.constant(new)) if new else x


@writes("crop")
def _crop(w: Writer, v: Vertex, xs: list[str]) -> Any:
    shape = w.sources(v)[0].shape
    cut = [(axis, low, high) for axis, (low, high) in enumerate(attribute(v, "widths")) if low or high]
    if not cut:
        return xs[0]
    if any(axis == w.free[v.id] for axis, _, _ in cut):
        raise free_axis(v, "picks some of the images")
    bounds = (
        [low for _, low, _ in cut],
        [shape[axis] - high for axis, _, high in cut],
        [axis for axis, _, _ in cut],
    )
    return w.node("Slice", xs[0], *[w.constant(part) for part in bounds])


@writes("pad")
def _pad(w: Writer, v: Vertex, xs: list[str]) -> Any:
    low, high = zip(*attribute(v, "widths"), strict=True)
    return w.node("Pad", xs[0], w.constant([*low, *high]), number(w, v, attribute(v, "value")))


@writes("flip")
def _flip(w: Writer, v: Vertex, xs: list[str]) -> Any:
    dims = list(attribute(v, "dims"))
    if not dims:
        return xs[0]
    parts = [-1] * len(dims), [-END] * len(dims), dims, [-1] * len(dims)
    return w.node("Slice", xs[0], *[w.constant(part) for part in parts])


@writes("roll")
def _roll(w: Writer, v: Vertex, xs: list[str]) -> Any:
    x = xs[0]
    for shift, dim in zip(attribute(v, "shifts"), attribute(v, "dims"), strict=True):
        if v.shape[dim]:
            if dim == w.free[v.id]:
                raise free_axis(v, "turns the images round")
            at = w.constant([-(shift % v.shape[dim])])
            first = w.node("Slice", x, at, w.constant([END]), w.constant([dim]))
            rest = w.node("Slice", x, w.constant([0]), at, w.constant([dim]))
            x = w.node("Concat", first, rest, axis=dim) if shift % v.shape[dim] else x
    return x


@writes("tril", "triu")
def _triangle(w: Writer, v: Vertex, xs: list[str]) -> Any:
    return w.node("Trilu", xs[0], w.constant(attribute(v, "diagonal")), upper=int(v.op == "triu"))


# By positions -------------------------------------------------------------------------------------------------


@writes("gather")
def _gather(w: Writer, v: Vertex, xs: list[str]) -> Any:
    """ONNX's index must be as long as x in the other axes."""
    source, index = w.sources(v)
    dim = attribute(v, "dim")
    if not source.shape:
        return xs[0]
    lengths = [(axis, n) for axis, n in enumerate(index.shape) if axis != dim and n != source.shape[axis]]
    x = xs[0]
    if lengths:
        parts = [0] * len(lengths), [n for _, n in lengths], [axis for axis, _ in lengths]
        x = w.node("Slice", x, *[w.constant(part) for part in parts])
    return w.node("GatherElements", x, xs[1], axis=dim)


@writes("scatter")
def _scatter(w: Writer, v: Vertex, xs: list[str]) -> Any:
    x, source, index = xs
    if not w.sources(v)[1].shape:
        source = w.node("Expand", source, w.node("Shape", index))
    return w.node("ScatterElements", x, index, source, axis=attribute(v, "dim"))


@writes("pick_at")
def _pick_at(w: Writer, v: Vertex, xs: list[str]) -> Any:
    source, index = w.sources(v)
    axis = attribute(v, "axis")
    if len(index.shape) == len(source.shape):
        return w.node("GatherElements", *xs, axis=axis)
    place = w.constant([axis])
    picked = w.node("GatherElements", xs[0], w.node("Unsqueeze", xs[1], place), axis=axis)
    return w.node("Squeeze", picked, place)


@writes("index")
def _index(w: Writer, v: Vertex, xs: list[str]) -> Any:
    source, positions = w.sources(v)
    axes, rank = attribute(v, "axes"), len(source.shape)
    if len(axes) == 1:
        return w.node("Gather", xs[0], w.node("Squeeze", xs[1], w.constant([0])), axis=axes[0])
    order = [*axes, *(axis for axis in range(rank) if axis not in axes)]
    x = xs[0] if order == list(range(rank)) else w.node("Transpose", xs[0], perm=order)
    count = len(positions.shape) - 1
    at = w.node("Transpose", xs[1], perm=[*range(1, count + 1), 0])
    picked = w.node("GatherND", x, at)
    if axes[0] == 0 or axes != tuple(range(axes[0], axes[0] + len(axes))):
        return picked  # NumPy too puts these axes in front
    front = list(range(count, count + axes[0]))
    return w.node("Transpose", picked, perm=[*front, *range(count), *range(count + axes[0], len(v.shape))])


@writes("nonzero")
def _nonzero(w: Writer, v: Vertex, xs: list[str]) -> Any:
    return w.node("NonZero", *xs)


@writes("one_hot")
def _one_hot(w: Writer, v: Vertex, xs: list[str]) -> Any:
    return w.node("OneHot", xs[0], w.constant(attribute(v, "count")), w.constant([0, 1]), axis=-1)
