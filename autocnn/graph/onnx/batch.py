"""Where the batch axis goes: for each value of a forward graph the axis that grows with the number of images."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

from autocnn.graph.data import ITEM, Graph, Vertex
from autocnn.graph.onnx.writer import free_axis

Axis = int | None


def batch_axes(graph: Graph) -> tuple[int | None, list[Axis]]:
    """The number of images of a graph, and the axis of each vertex that they are along.

    They are along the first axis of every input that is as long there as the first one is.
    Raises GraphError where images are mixed in a way that is written for their number.
    """
    sized = [graph.vertices[i] for i in graph.inputs if graph.vertices[i].shape]
    if not sized:
        return None, [None] * len(graph)
    count, axes = sized[0].shape[0], [None] * len(graph)
    found: list[Axis] = list(axes)
    for vertex in graph.vertices:
        if vertex.kind == "input":
            found[vertex.id] = 0 if vertex.shape and vertex.shape[0] == count else None
        sources = [graph.vertices[edge.source] for edge in graph.in_edges(vertex.id)]
        given = [found[source.id] for source in sources]
        if any(axis is not None for axis in given):
            found[vertex.id] = _follow(vertex, sources, given)
    return count, found


def _follow(vertex: Vertex, sources: list[Vertex], given: list[Axis]) -> Axis:
    if vertex.kind == "output" or vertex.op == ITEM:
        return given[0]
    return _FOLLOWED.get(vertex.op, _aligned)(vertex, sources, given)


def _aligned(vertex: Vertex, sources: list[Vertex], given: list[Axis]) -> Axis:
    """Elementwise, broadcast from the right: also of one argument, whose axes stay where they are."""
    rank = len(vertex.shape)
    places = {axis + rank - len(s.shape) for s, axis in zip(sources, given, strict=True) if axis is not None}
    if len(places) > 1:
        raise free_axis(vertex, "pairs images along one axis with images along another")
    return places.pop()


def _images(vertex: Vertex, sources: list[Vertex], given: list[Axis]) -> Axis:
    if given[0] != 0 or any(axis is not None for axis in given[1:]):
        raise free_axis(vertex, "has the images elsewhere than in the first axis of its first argument")
    return 0


def _reshape(vertex: Vertex, sources: list[Vertex], given: list[Axis]) -> Axis:
    source, axis = sources[0], given[0]
    assert axis is not None  # there is no other argument
    before, count = prod(source.shape[:axis]), source.shape[axis]
    for place, size in enumerate(vertex.shape):
        if prod(vertex.shape[:place]) == before and size % max(count, 1) == 0 and (size or not count):
            return place
    raise free_axis(vertex, f"turns {source.shape} into {vertex.shape} across the images")


def _permute(vertex: Vertex, sources: list[Vertex], given: list[Axis]) -> Axis:
    dims: Any = vertex.params["dims"]
    return int(dims.index(given[0]))


def _reduced(vertex: Vertex, sources: list[Vertex], given: list[Axis]) -> Axis:
    axis, params = given[0], vertex.params
    assert axis is not None  # an index has the axis that its source lost, or none
    gone: Any = params["axes"] if "axes" in params else params["axis"]
    axes = range(len(sources[0].shape)) if gone is None else (gone,) if isinstance(gone, int) else gone
    if params.get("keepdims") or axis in axes:
        return None if axis in axes else axis
    return axis - sum(1 for other in axes if other < axis)


def _picked(vertex: Vertex, sources: list[Vertex], given: list[Axis]) -> Axis:
    axis: Any = vertex.params["axis"]
    if given[0] is None or given[0] == axis:
        return None
    return given[0] - (len(vertex.shape) < len(sources[0].shape) and axis < given[0])


def _spread(vertex: Vertex, sources: list[Vertex], given: list[Axis]) -> Axis:
    axis, axes = given[0], vertex.params["axes"]
    if axis is None or len(sources[0].shape) == len(vertex.shape):
        return axis
    kept = [place for place in range(len(vertex.shape)) if place not in axes]  # type: ignore[operator]
    return int(kept[axis])


def _stack(vertex: Vertex, sources: list[Vertex], given: list[Axis]) -> Axis:
    axis = _aligned(sources[0], sources, given)
    dim: Any = vertex.params["dim"]
    return None if axis is None else axis + (dim <= axis)


def _joined(vertex: Vertex, sources: list[Vertex], given: list[Axis]) -> Axis:
    axis = _aligned(vertex, sources, given)
    if axis == vertex.params["dim"] and len({g is None for g in given}) > 1:
        raise free_axis(vertex, "puts images beside other rows")
    return axis


def _split(vertex: Vertex, sources: list[Vertex], given: list[Axis]) -> Axis:
    axis, dim = given[0], vertex.params["dim"]
    if axis is None or axis == dim:
        raise free_axis(vertex, "takes the images apart")
    return axis - (vertex.op == "unbind" and dim < axis)  # type: ignore[operator]


def _slice(vertex: Vertex, sources: list[Vertex], given: list[Axis]) -> Axis:
    place = result = 0
    index: Any = vertex.params["index"]
    for entry in index:
        if entry is not None and place == given[0]:
            if entry == (0, sources[0].shape[place], 1):
                return result
            raise free_axis(vertex, "picks some of the images")
        place += entry is not None
        result += not isinstance(entry, int)
    axis = given[0]
    return None if axis is None else axis - place + result


def _index(vertex: Vertex, sources: list[Vertex], given: list[Axis]) -> Axis:
    axes: tuple[int, ...] = vertex.params["axes"]  # type: ignore[assignment]
    shape = sources[1].shape[1:]
    if given[1] is not None:
        return None if given[1] == 0 else given[1] - 1 + (axes[0] if _adjacent(axes) else 0)
    if given[0] is None or given[0] in axes:
        return None
    passed = sum(1 for axis in axes if axis < given[0])
    return given[0] - passed + (len(shape) if passed or not _adjacent(axes) else 0)


def _adjacent(axes: tuple[int, ...]) -> bool:
    return axes == tuple(range(axes[0], axes[0] + len(axes)))


def _product(vertex: Vertex, sources: list[Vertex], given: list[Axis]) -> Axis:
    """A matrix product: rows of the first, columns of the second, and what stands before these."""
    found: set[int] = set()
    rank = len(vertex.shape)
    x, y = (len(source.shape) for source in sources[:2])
    if given[0] is not None and given[0] != x - 1:
        found.add(given[0] - x + (1 if y == 1 else 0) + rank)
    if given[1] is not None and given[1] != max(y - 2, 0):
        found.add(given[1] - y + (1 if x == 1 and given[1] < y - 1 else 0) + rank)
    if len(found) > 1:
        raise free_axis(vertex, "pairs images along one axis with images along another")
    return found.pop() if found else None


def _projected(vertex: Vertex, sources: list[Vertex], given: list[Axis]) -> Axis:
    if given[0] is None or any(axis is not None for axis in given[1:]):
        raise free_axis(vertex, "takes its weight from the images")
    return None if given[0] == len(sources[0].shape) - 1 else given[0]


def _einsum(vertex: Vertex, sources: list[Vertex], given: list[Axis]) -> Axis:
    left, _, right = str(vertex.params["equation"]).partition("->")
    labels = {term[axis] for term, axis in zip(left.split(","), given, strict=True) if axis is not None}
    kept = [right.index(label) for label in labels if label in right]
    if len(kept) > 1:
        raise free_axis(vertex, "pairs images along one axis with images along another")
    return kept[0] if kept else None


def _stateful(vertex: Vertex, sources: list[Vertex], given: list[Axis]) -> Axis:
    raise free_axis(vertex, "begins with a state for each image")


def _lost(vertex: Vertex, sources: list[Vertex], given: list[Axis]) -> Axis:
    return None


def _apart(vertex: Vertex, sources: list[Vertex], given: list[Axis]) -> Axis:
    """Two last axes that belong together."""
    if given[0] is not None and given[0] >= len(sources[0].shape) - 2:
        raise free_axis(vertex, "takes the images for a side of a matrix")
    return given[0]


def _counted(vertex: Vertex, sources: list[Vertex], given: list[Axis]) -> Axis:
    axis, axes = given[0], vertex.params["axes"]
    if axis is None or axis in axes:  # type: ignore[operator]
        return None
    return axis - sum(other < axis for other in axes)  # type: ignore[attr-defined]


_FOLLOWED: dict[str, Callable[[Vertex, list[Vertex], list[Axis]], Axis]] = {
    **dict.fromkeys(
        (
            "adaptive_avg_pool", "avg_pool", "batch_norm_fixed", "conv", "conv_bias", "conv_bias_relu",
            "conv_input", "max_pool", "max_pool_indices",
        ),
        _images,
    ),
    **dict.fromkeys(
        ("all", "amax", "amin", "any", "argmax", "argmin", "logsumexp", "mean", "norm", "norm2", "prod", "std",
         "sum", "var"),
        _reduced,
    ),
    "cat": _joined,
    "count_nonzero": _counted,
    "diagonal": _apart,
    "einsum": _einsum,
    "gru": _stateful,
    "index": _index,
    "linear": _projected,
    "lstm": _stateful,
    "matmul": _product,
    "nonzero": _lost,
    "permute": _permute,
    "pick_at": _picked,
    "project": _projected,
    "reshape": _reshape,
    "slice": _slice,
    "split": _split,
    "spread": _spread,
    "stack": _stack,
    "tril": _apart,
    "triu": _apart,
    "unbind": _split,
    "one_hot": lambda vertex, sources, given: given[0],
}  # fmt: skip
