"""Shape, joining, padding, indexing, broadcasting."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.ops.case import Case, exact, mask, normal, number, whole

Row = tuple[Case, ...]


def padded(x: Any, widths: Any, value: float = 0.0) -> Any:
    """NumPy's constant padding."""
    return np.pad(x, widths, constant_values=value)


def added(x: Any, positions: Any, axes: tuple[int, ...], shape: tuple[int, ...]) -> Any:
    """Zeros, with x added at the positions, one by one."""
    z = np.zeros(shape, x.dtype)
    np.add.at(z, key(positions, axes), x)
    return z


def key(positions: Any, axes: tuple[int, ...]) -> tuple[Any, ...]:
    """Positions (axes, ...) as an index."""
    rows = dict(zip(axes, positions, strict=True))
    return tuple(rows.get(i, slice(None)) for i in range(max(axes) + 1))


def put(x: Any, v: Any, positions: Any, axes: tuple[int, ...]) -> Any:
    """A copy of x with v at the positions."""
    z = x.copy()
    z[key(positions, axes)] = v
    return z


def along(g: Any, index: Any, dim: int, shape: tuple[int, ...]) -> Any:
    """Zeros, with g added along one axis where the index says, one by one."""
    z = np.zeros(shape)
    for at in np.ndindex(index.shape):
        place = list(at)
        place[dim] = index[at]
        z[tuple(place)] += g[at]
    return z


def scattered(x: Any, src: Any, index: Any) -> Any:
    """A copy of x, with src along axis 1 where the index says."""
    z = x.copy()
    np.put_along_axis(z, index, src, 1)
    return z


VIEWS: dict[str, Row] = {
    "reshape": (
        Case(lambda x: x.reshape(3, 2), (normal(2, 3),), {"shape": (3, 2)}, linear=(0,)),
        Case(lambda x: x.reshape(()), (normal(1, 1),), {"shape": ()}, linear=(0,)),
        Case(lambda x: x.reshape(0, 4), (normal(2, 0),), {"shape": (0, 4)}),
        Case(lambda x: x.reshape(4, 6), (normal(2, 3, 2, 2),), {"shape": (4, 6)}, linear=(0,)),
    ),
    "permute": (
        Case(lambda x: x.transpose(2, 0, 1), (normal(2, 3, 4),), {"dims": (2, 0, 1)}, linear=(0,)),
        Case(lambda x: x.T, (normal(2, 0),), {"dims": (1, 0)}),
        Case(lambda x: x, (normal(),), {"dims": ()}),
    ),
    "broadcast_to": (
        Case(lambda x: np.broadcast_to(x, (4, 2, 3)), (normal(2, 3),), {"shape": (4, 2, 3)}, linear=(0,)),
        Case(lambda x: np.broadcast_to(x, (2, 5, 3)), (normal(2, 1, 3),), {"shape": (2, 5, 3)}, linear=(0,)),
        Case(lambda x: np.broadcast_to(x, (2, 0)), (normal(1),), {"shape": (2, 0)}, linear=(0,)),
    ),
    "sum_to": (
        Case(lambda x: x.sum(0), (normal(4, 2, 3),), {"shape": (2, 3)}, linear=(0,)),
        Case(lambda x: x.sum((0, 2), keepdims=True)[0], (normal(4, 2, 3),), {"shape": (2, 1)}, linear=(0,)),
        Case(lambda x: np.asarray(x.sum()), (normal(2, 3),), {"shape": ()}, linear=(0,)),
        Case(lambda x: np.zeros(1), (normal(0, 1),), {"shape": (1,)}),
    ),
    "clone": (Case(lambda x: x, (normal(2, 3),), linear=(0,)), Case(lambda x: x, (mask(3),))),
    "contiguous": (Case(lambda x: x, (normal(2, 3),), linear=(0,)), Case(lambda x: x, (normal(),))),
}

JOINING: dict[str, Row] = {
    "cat": (
        Case(lambda *xs: np.concatenate(xs, 1), (normal(2, 1), normal(2, 3), normal(2, 0)), {"dim": 1}, linear=()),
        Case(lambda *xs: np.concatenate(xs), (normal(2), normal(1)), {"dim": 0}),
        Case(lambda x: x, (normal(2, 2),), {"dim": 0}, linear=(0,)),
        Case(lambda *xs: np.concatenate(xs, 1), (normal(2, 3, 2, 2), normal(2, 1, 2, 2)), {"dim": 1}),
    ),
    "stack": (
        Case(lambda *xs: np.stack(xs), (normal(2, 3), normal(2, 3)), {"dim": 0}),
        Case(lambda *xs: np.stack(xs, 2), (normal(2, 3), normal(2, 3), normal(2, 3)), {"dim": 2}),
        Case(lambda *xs: np.stack(xs), (normal(), normal()), {"dim": 0}),
    ),
    "split": (
        Case(
            lambda x: (x[:, :1], x[:, 1:1], x[:, 1:]), (normal(2, 4),), {"sizes": (1, 0, 3), "dim": 1}, linear=(0,)
        ),
        Case(lambda x: (x,), (normal(3),), {"sizes": (3,), "dim": 0}, linear=(0,)),
    ),
    "unbind": (
        Case(lambda x: (x[:, 0], x[:, 1], x[:, 2]), (normal(2, 3),), {"dim": 1}, linear=(0,)),
        Case(lambda x: (np.asarray(x[0]), np.asarray(x[1])), (normal(2),), {"dim": 0}, linear=(0,)),
    ),
}


def border(mode: str) -> dict[str, object]:
    """Two more before the first axis, one after it."""
    return {"axis": 0, "low": 2, "high": 1, "mode": mode}


PADDING: dict[str, Row] = {
    "pad": (
        Case(
            lambda x: padded(x, ((1, 0), (0, 2))),
            (normal(2, 3),),
            {"widths": ((1, 0), (0, 2)), "value": 0.0},
            linear=(0,),
        ),
        Case(lambda x: padded(x, ((2, 1),), 1.5), (normal(2),), {"widths": ((2, 1),), "value": 1.5}),
        Case(
            lambda x: padded(x, ((0, 0), (0, 0), (1, 1), (1, 2))),
            (normal(2, 3, 2, 2),),
            {"widths": ((0, 0), (0, 0), (1, 1), (1, 2)), "value": 0.0},
            linear=(0,),
        ),
    ),
    "border": (
        Case(lambda x: np.pad(x, ((2, 1), (0, 0)), "reflect"), (normal(3, 2),), border("reflect"), linear=(0,)),
        Case(lambda x: np.pad(x, ((2, 1), (0, 0)), "edge"), (normal(2, 2),), border("replicate"), linear=(0,)),
        Case(lambda x: np.pad(x, ((2, 1), (0, 0)), "wrap"), (normal(2, 3),), border("circular"), linear=(0,)),
    ),
    "fold_border": (
        Case(
            lambda x: np.pad(np.eye(3), ((0, 0), (2, 1)), "reflect") @ x,
            (normal(6, 2),),
            {**border("reflect"), "size": 3},
            linear=(0,),
        ),
        Case(
            lambda x: np.pad(np.eye(2), ((0, 0), (2, 1)), "wrap") @ x,
            (normal(5, 3),),
            {**border("circular"), "size": 2},
            linear=(0,),
        ),
    ),
    "crop": (
        Case(lambda x: x[1:, :-2], (normal(3, 4),), {"widths": ((1, 0), (0, 2))}, linear=(0,)),
        Case(lambda x: x[1:1], (normal(2),), {"widths": ((1, 1),)}, linear=(0,)),
    ),
    "flip": (
        Case(lambda x: x[::-1, :, ::-1], (normal(2, 3, 2),), {"dims": (0, 2)}, linear=(0,)),
        Case(lambda x: x, (normal(2),), {"dims": ()}, linear=(0,)),
    ),
    "roll": (
        Case(
            lambda x: np.roll(x, (1, -2), (0, 1)),
            (normal(3, 4),),
            {"shifts": (1, -2), "dims": (0, 1)},
            linear=(0,),
        ),
        Case(lambda x: np.roll(x, 5, 0), (normal(3),), {"shifts": (5,), "dims": (0,)}, linear=(0,)),
        Case(lambda x: x, (normal(0, 3),), {"shifts": (1,), "dims": (0,)}),
    ),
}

STEPS = ((0, 4, 2), 1, None)
INDEXING: dict[str, Row] = {
    "slice": (
        Case(lambda x: x[0:4:2, 1, None], (normal(4, 3, 2),), {"index": STEPS}, linear=(0,)),
        Case(lambda x: np.asarray(x[1, 2]), (normal(2, 3),), {"index": (1, 2)}, linear=(0,)),
        Case(lambda x: x[2:2], (normal(4),), {"index": ((2, 2, 1),)}, linear=(0,)),
    ),
    "unslice": (
        Case(
            lambda x: put(np.zeros((4, 3, 2)), x[:, 0], ([0, 2], [1, 1]), (0, 1)),
            (normal(2, 1, 2),),
            {"index": STEPS, "shape": (4, 3, 2)},
            linear=(0,),
        ),
    ),
    "index": (
        Case(
            lambda x, i: x[:, [0, 2, 2]],
            (normal(2, 3), exact([[0, 2, 2]])),
            {"axes": (1,), "unique": False},
            linear=(0,),
        ),
        Case(
            lambda x, i: x[[0, 1, 0], [2, -1, 2]],
            (normal(2, 3, 2), exact([[0, 1, 0], [2, -1, 2]])),
            {"axes": (0, 1), "unique": False},
            linear=(0,),
        ),
        Case(
            lambda x, i: x[[[1], [1]], :, [[0], [0]]],
            (normal(2, 3, 2), exact([[[1], [1]], [[0], [0]]])),
            {"axes": (0, 2), "unique": False},
            linear=(0,),
        ),
        Case(lambda x, i: x[[1, 0]], (normal(3, 2), exact([[1, 0]])), {"axes": (0,), "unique": True}, linear=(0,)),
        Case(lambda x, i: x[:0], (normal(3), exact(np.zeros((1, 0)), int)), {"axes": (0,), "unique": False}),
    ),
    "unindex": (
        Case(
            lambda x, i: added(x, i, (1,), (2, 3)),
            (normal(2, 3), exact([[0, 2, 2]])),
            {"axes": (1,), "unique": False, "shape": (2, 3)},
            linear=(0,),
        ),
        Case(
            lambda x, i: added(x, i, (0, 1), (2, 3, 2)),
            (normal(3, 2), exact([[0, 1, 0], [2, -1, 2]])),
            {"axes": (0, 1), "unique": False, "shape": (2, 3, 2)},
            linear=(0,),
        ),
        Case(
            lambda x, i: added(x, i, (0,), (3,)),
            (normal(2), exact([[2, 0]])),
            {"axes": (0,), "unique": True, "shape": (3,)},
            linear=(0,),
        ),
    ),
    "put": (
        Case(lambda x, v, i: put(x, v, i, (1,)), (normal(2, 3), normal(2, 2), exact([[0, 2]])), {"axes": (1,)}),
        Case(
            lambda x, v, i: put(x, v, i, (0, 1)),
            (normal(2, 3), normal(2), exact([[0, 1], [2, 2]])),
            {"axes": (0, 1)},
        ),
    ),
    "gather": (
        Case(
            lambda x, i: np.take_along_axis(x, i, 1),
            (normal(2, 3), exact([[0, 2, 2, 1], [1, 0, 0, 0]])),
            {"dim": 1},
            linear=(0,),
        ),
        Case(
            lambda x, i: np.take_along_axis(x[:, :2], i, 0),
            (normal(3, 4), exact([[2, 0]])),
            {"dim": 0},
            linear=(0,),
        ),
        Case(lambda x, i: x, (normal(), exact(0)), {"dim": 0}, linear=(0,)),
    ),
    "ungather": (
        Case(
            lambda g, i: along(g, i, 1, (2, 3)),
            (normal(2, 4), exact([[0, 2, 2, 1], [1, 0, 0, 0]])),
            {"dim": 1, "shape": (2, 3)},
            linear=(0,),
        ),
        Case(
            lambda g, i: along(g, i, 0, (3, 4)),
            (normal(1, 2), exact([[2, 0]])),
            {"dim": 0, "shape": (3, 4)},
            linear=(0,),
        ),
    ),
    "scatter": (
        Case(scattered, (normal(2, 3), normal(2, 2), exact([[0, 2], [1, 0]])), {"dim": 1}),
        Case(scattered, (normal(2, 3), number(0.5), exact([[0, 2], [1, 0]])), {"dim": 1}),
    ),
    "one_hot": (Case(lambda x: np.eye(4, dtype=int)[x], (whole(0, 4, 2, 3),), {"count": 4}),),
    "nonzero": (
        Case(lambda x: np.stack(np.nonzero(x)), (mask(3, 4),)),
        Case(lambda x: np.stack(np.nonzero(x)), (whole(0, 2, 5),)),
    ),
}

ROWS: dict[str, Row] = {**VIEWS, **JOINING, **PADDING, **INDEXING}
