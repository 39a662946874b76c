"""Interpolation along an axis, and its adjoint."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.ops.case import Case, normal

Row = tuple[Case, ...]


def matrix(rows: Any, denominator: float = 1.0) -> Any:
    return np.array(rows, dtype=np.float64) / denominator


# mode, and further settings; axis; shape of the input; what the axis is multiplied with
POINTS = [
    ("nearest", {}, 2, (2, 2, 3), matrix(np.repeat(np.eye(3), 2, axis=0))),
    ("nearest", {}, 2, (1, 2, 5, 2), matrix(np.eye(5)[[0, 1, 3]])),
    ("nearest-exact", {}, 1, (2, 5), matrix(np.eye(5)[[0, 2, 4]])),
    ("linear", {"corners": True}, 0, (3, 2), matrix([[2, 0, 0], [1, 1, 0], [0, 2, 0], [0, 1, 1], [0, 0, 2]], 2)),
    ("linear", {}, 3, (1, 2, 2, 2), matrix([[4, 0], [3, 1], [1, 3], [0, 4]], 4)),
    ("linear", {"steps": (0.5,)}, 1, (2, 2), matrix([[4, 0], [3, 1], [1, 3], [0, 4], [0, 4]], 4)),
    ("linear", {"smooth": True}, 1, (2, 4), matrix([[3, 3, 1, 0], [0, 1, 3, 3]], 7)),
    ("cubic", {"corners": True}, 0, (2,), matrix([[32, 0], [16, 16], [0, 32]], 32)),
]  # fmt: skip


def both(point: Any) -> tuple[Case, Case]:
    mode, settings, axis, shape, m = point
    outputs, inputs = m.shape
    way = {"mode": mode, "steps": (0.0,), "corners": False, "smooth": False, **settings, "axes": (axis,)}

    def along(rows: Any) -> Any:
        return lambda x: np.moveaxis(np.tensordot(rows, x, (1, axis)), 0, axis)

    back = (*shape[:axis], outputs, *shape[axis + 1 :])
    return (
        Case(along(m), (normal(*shape),), {**way, "lengths": (outputs,)}, linear=(0,)),
        Case(along(m.T), (normal(*back),), {**way, "lengths": (inputs,)}, linear=(0,)),
    )


ROWS: dict[str, Row] = {
    "resize": tuple(both(point)[0] for point in POINTS),
    "unresize": tuple(both(point)[1] for point in POINTS),
}
