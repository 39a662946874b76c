"""Long short-term memory: all steps of a layer in one direction by one call.

The library wants weights by inputs, gates and outputs, forward; backward it chooses the layout itself. What it
keeps for the way back is one block of bytes.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autocnn.backend.onednn import header
from autocnn.backend.onednn.execute import Plan, ask, attributes, plan, reorder, size_of
from autocnn.backend.onednn.library import Unserved, serving
from autocnn.backend.onednn.memory import Handle, create, describe, describe_any, fits
from autocnn.types import Array, Shape

Several = tuple[Array, ...]

_IN = (
    header.SRC, header.STATE, header.CELL, header.WEIGHTS, header.STATE_WEIGHTS, header.BIAS,
)  # fmt: skip
_OUT = (header.DST, header.STATE_AFTER, header.CELL_AFTER)


def lstm(
    x: Array, h: Array, c: Array, w: Array, v: Array, b: Array, *, reverse: bool
) -> tuple[Several, Several] | None:
    """All states h and the last c, and what the way back needs; None where oneDNN does not serve."""
    if not fits(x, h, c, w, v, b):
        return None
    sizes = (*x.shape, h.shape[1])
    ready = plan(("lstm", sizes, reverse), _make, sizes, reverse)
    if ready is None:
        return None
    run, kept = ready
    y, state, cell = (np.empty(shape, x.dtype) for shape in ((*x.shape[:2], sizes[3]), h.shape, h.shape))
    space = np.empty(kept, np.uint8)
    run(*_plain(x, h, c, w.T, v.T, b), y, state, cell, space)
    return (y, cell), (space, y, cell)


def lstm_backward(
    gy: Array, gc: Array, x: Array, h: Array, c: Array, w: Array, v: Array, b: Array,
    space: Array, y: Array, cell: Array, *, reverse: bool,
) -> Several | None:  # fmt: skip
    """The cotangents of x, h, c, w, v and b; None where oneDNN does not serve, or did not go the way there."""
    if space.dtype != np.uint8 or not fits(gy, gc, x, h, c, w, v, b):
        return None
    sizes = (*x.shape, h.shape[1])
    ready = plan(("lstm_backward", sizes, reverse), _make_backward, sizes, reverse)
    if ready is None:
        return None
    run, kept, layouts = ready
    if space.size != kept:
        return None
    weights = []
    for array, (laid, size) in zip((w, v), layouts, strict=True):
        weights.append(np.empty(size, np.uint8))
        laid(np.ascontiguousarray(array), weights[-1])
    state = y[0 if reverse else -1]
    dx, dh, dc = (np.empty(a.shape, a.dtype) for a in (x, h, c))
    dw, dv, db = (np.zeros(a.T.shape, a.dtype) for a in (w, v, b))  # the library adds to what is there
    x, h, c, b, gy, gc = _plain(x, h, c, b, gy, gc)
    run(x, h, c, *weights, b, y, state, cell, space, dx, dh, dc, dw, dv, db, gy, np.zeros_like(h), gc)
    return dx, dh, dc, np.ascontiguousarray(dw.T), np.ascontiguousarray(dv.T), db


def _plain(*arrays: Array) -> Several:
    return tuple([np.ascontiguousarray(x) for x in arrays])


def _make(sizes: Shape, reverse: bool) -> tuple[Plan, int]:
    made, memories = _described(sizes, reverse)
    space = ask(made, header.ASK_WORKSPACE)
    places = [*zip((*_IN, *_OUT), memories, strict=True), (header.WORKSPACE, space)]
    return Plan(made, places), size_of(space)


def _described(sizes: Shape, reverse: bool) -> tuple[Handle, list[Any]]:
    """The way there, and the memories of its operands and results."""
    steps, n, inputs, width = sizes
    state, weights = describe((1, 1, n, width)), describe((1, 1, width, 4, width))
    memories = [
        describe((steps, n, inputs)), state, state, describe((1, 1, inputs, 4, width)), weights,
        describe((1, 1, 4, width)), describe((steps, n, width)), state, state,
    ]  # fmt: skip
    made = create(
        "lstm_forward_primitive_desc_create", _engine(), header.TRAINING, _direction(reverse), *memories[:5],
        None, None, *memories[5:], 0, attributes(),
    )  # fmt: skip
    return made, memories


def _make_backward(sizes: Shape, reverse: bool) -> tuple[Plan, int, list[tuple[Plan, int]]]:
    """The way back, the bytes of what was kept, and for both weights the copy to their layout and its size."""
    there, memories = _described(sizes, reverse)
    _, _, inputs, width = sizes
    free = [describe_any((1, 1, k, 4, width)) for k in (inputs, width)]
    made = create(
        "lstm_backward_primitive_desc_create", _engine(), header.BACKWARD, _direction(reverse),
        *memories[:3], *free, None, None, *memories[5:], *memories[:5], None, None, *memories[5:], 0, there,
        attributes(),
    )  # fmt: skip
    layouts = [ask(made, header.ASK_WEIGHTS, which) for which in (0, 1)]
    copies = [
        (reorder(describe((1, 1, k, 4, width), (1, 1, 1, width * k, k)), layout), size_of(layout))
        for k, layout in zip((inputs, width), layouts, strict=True)
    ]
    space, every = ask(there, header.ASK_WORKSPACE), (*_IN, *_OUT)
    places: list[tuple[int, Any]] = list(zip(every, [*memories[:3], *layouts, *memories[5:]], strict=True))
    gradients = [(place + header.GRADIENT, memory) for place, memory in zip(every, memories, strict=True)]
    return Plan(made, [*places, (header.WORKSPACE, space), *gradients]), size_of(space), copies


def _direction(reverse: bool) -> int:
    return header.RIGHT_TO_LEFT if reverse else header.LEFT_TO_RIGHT


def _engine() -> Any:
    library = serving()
    if library is None:
        raise Unserved("oneDNN is not there")
    return library.engine
