"""Reductions and losses."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.ops.case import Case, apart, exact, mask, normal, positive, whole
from tests.ops.cases.choice import softmax
from tests.ops.cases.elementwise import Row

AXES = [((0, 1), False), ((1,), True), ((0,), False), ((0, 1), True), ((), False)]


def reduced(oracle: Any, linear: tuple[int, ...] = (), make: Any = normal) -> Row:
    """A reduction over all axes, one, none; with the axes kept or not; of a 0-d and of an empty array."""
    return (
        *[
            Case(
                lambda x, a=a, k=k: np.asarray(oracle(x, axis=a, keepdims=k)),
                (make(2, 3),),
                {"axes": a, "keepdims": k},
                linear=linear,
            )
            for a, k in AXES
        ],
        Case(lambda x: np.asarray(oracle(x, axis=())), (make(),), {"axes": (), "keepdims": False}, linear=linear),
        Case(
            lambda x: oracle(x, axis=(0, 2, 3)),
            (make(2, 3, 2, 2),),
            {"axes": (0, 2, 3), "keepdims": False},
            linear=linear,
        ),
    )


SUMS: dict[str, Row] = {
    "sum": (
        *reduced(np.sum, linear=(0,)),
        Case(lambda x: np.zeros(3), (normal(0, 3),), {"axes": (0,), "keepdims": False}, linear=(0,)),
        Case(lambda x: np.asarray(x.sum()), (whole(0, 5, 2, 3),), {"axes": (0, 1), "keepdims": False}),
        Case(lambda x: np.asarray(x.sum()), (mask(7),), {"axes": (0,), "keepdims": False}),
    ),
    "mean": reduced(np.mean, linear=(0,)),
    "spread": (
        Case(
            lambda x: np.broadcast_to(x[:, None], (2, 3, 2)),
            (normal(2, 2),),
            {"shape": (2, 3, 2), "axes": (1,)},
            linear=(0,),
        ),
        Case(lambda x: np.broadcast_to(x, (2, 3)), (normal(2, 1),), {"shape": (2, 3), "axes": (1,)}, linear=(0,)),
        Case(lambda x: np.broadcast_to(x, (2, 3)), (normal(),), {"shape": (2, 3), "axes": (0, 1)}, linear=(0,)),
        Case(lambda x: x, (normal(2),), {"shape": (2,), "axes": ()}, linear=(0,)),
    ),
}


def positions(oracle: Any) -> Row:
    """Where an extreme element stands, along an axis or in all."""
    return (
        Case(lambda x: oracle(x, 1), (apart(2, 4),), {"axis": 1, "keepdims": False}),
        Case(lambda x: oracle(x, 0, keepdims=True), (apart(3, 2),), {"axis": 0, "keepdims": True}),
        Case(lambda x: np.asarray(oracle(x)), (apart(2, 3),), {"axis": None, "keepdims": False}),
        Case(lambda x: np.asarray(oracle(x)), (exact([1.0, 3.0, 3.0, 1.0]),), {"axis": None, "keepdims": False}),
    )


def extremes(oracle: Any) -> Row:
    """An extreme over axes; a tie."""
    return (
        *reduced(oracle, make=apart),
        Case(lambda x: np.asarray(3.0), (exact([3.0, 3.0, 3.0]),), {"axes": (0,), "keepdims": False}, tied=True),
    )


def others(x: Any, axis: int, fill: float) -> Any:
    """x once for each position along an axis, with `fill` at that position."""
    copies = []
    for k in range(x.shape[axis]):
        z = x.copy()
        z[(slice(None),) * axis + (k,)] = fill
        copies.append(z)
    return np.stack(copies, axis)


def logsumexp(x: Any, axis: Any, keepdims: bool = False) -> Any:
    """log(sum(e ** x)), plainly."""
    return np.log(np.exp(x).sum(axis, keepdims=keepdims))


def spreads(oracle: Any, **more: Any) -> Row:
    """A variance or standard deviation: over all, one axis, with other corrections."""
    return tuple(
        Case(
            lambda x, a=a, k=k, c=c: np.asarray(oracle(x, axis=a, keepdims=k, ddof=c)),
            (normal(3, 4),),
            {"axes": a, "keepdims": k, "correction": c},
        )
        for a, k, c in [((0, 1), False, 1.0), ((1,), True, 1.0), ((0,), False, 0.0), ((1,), False, 2.0)]
    )


def length(x: Any, axis: Any, keepdims: bool = False, p: float = 2.0) -> Any:
    """The p-norm."""
    return (np.abs(x) ** p).sum(axis, keepdims=keepdims) ** (1 / p)


EXTREMES: dict[str, Row] = {
    "amax": extremes(np.max),
    "amin": extremes(np.min),
    "argmax": positions(np.argmax),
    "argmin": positions(np.argmin),
    "tie_share": (
        Case(
            lambda x, z: np.array([[0.0, 0.5, 0.5], [1.0, 0.0, 0.0]]),
            (exact([[1.0, 2.0, 2.0], [3.0, 1.0, 2.0]]), exact([2.0, 3.0])),
            {"axes": (1,)},
        ),
    ),
    "pick_at": (
        Case(
            lambda x, i: np.take_along_axis(x, i[:, None], 1)[:, 0],
            (normal(3, 2), exact([1, 0, 1])),
            {"axis": 1},
            linear=(0,),
        ),
        Case(lambda x, i: np.take_along_axis(x, i, 0), (normal(3, 2), exact([[2, 0]])), {"axis": 0}, linear=(0,)),
    ),
    "place_at": (
        Case(
            lambda x, i: x[:, None] * (i[:, None] == np.arange(2)),
            (normal(3), exact([1, 0, 1])),
            {"axis": 1, "shape": (3, 2)},
            linear=(0,),
        ),
        Case(
            lambda x, i: x * (i == np.arange(3)[:, None]),
            (normal(1, 2), exact([[2, 0]])),
            {"axis": 0, "shape": (3, 2)},
            linear=(0,),
        ),
    ),
    "all": (Case(np.all, (mask(3),), {"axes": (0,), "keepdims": False}), *reduced(np.all, make=mask)),
    "any": (Case(np.any, (mask(3),), {"axes": (0,), "keepdims": False}), *reduced(np.any, make=mask)),
    "count_nonzero": (
        Case(lambda x: np.asarray(np.count_nonzero(x)), (whole(0, 3, 2, 3),), {"axes": (0, 1)}),
        Case(lambda x: np.count_nonzero(x, axis=1), (mask(2, 3),), {"axes": (1,)}),
    ),
}

MOMENTS: dict[str, Row] = {
    "var": spreads(np.var),
    "std": spreads(np.std),
    "divide_or_zero": (
        Case(np.divide, (normal(2, 3), positive(2, 3)), linear=(0,)),
        Case(lambda x, y: np.array([0.0, 2.0]), (exact([1.0, 4.0]), exact([0.0, 2.0])), linear=(0,), order=0),
    ),
    "norm2": (
        *reduced(length, make=positive),
        Case(lambda x: np.asarray(0.0), (exact([0.0, 0.0]),), {"axes": (0,), "keepdims": False}, order=0),
    ),
    "norm": tuple(
        Case(
            lambda x, p=p: np.asarray(length(x, 1, p=p)), (apart(2, 3),), {"p": p, "axes": (1,), "keepdims": False}
        )
        for p in (1.0, 1.5, 3.0, 4.0)
    ),
    "logsumexp": (
        *reduced(logsumexp),
        Case(
            lambda x: np.asarray(1000.0 + np.log(2)), (exact([1000.0, 1000.0]),), {"axes": (0,), "keepdims": False}
        ),
        Case(lambda x: np.asarray(-np.inf), (exact([-np.inf] * 2),), {"axes": (0,), "keepdims": False}, order=0),
    ),
    "prod": (
        Case(lambda x: x.prod(1), (normal(2, 3),), {"axis": 1, "keepdims": False}),
        Case(lambda x: x.prod(0, keepdims=True), (normal(3, 2),), {"axis": 0, "keepdims": True}),
        Case(lambda x: x.prod(0), (exact([[0.0, 0.0, 1.0], [2.0, 0.0, 3.0]]),), {"axis": 0, "keepdims": False}),
        Case(lambda x: np.asarray(x.prod()), (whole(1, 4, 3),), {"axis": 0, "keepdims": False}),
    ),
    "prod_backward": (
        Case(
            lambda g, x: g[:, None] * np.stack([np.delete(x, k, 1).prod(1) for k in range(3)], 1),
            (normal(2), exact([[2.0, 0.0, 3.0], [1.0, 2.0, 3.0]])),
            {"axis": 1},
        ),
    ),
    "leave_one_out": tuple(
        Case(lambda x, a=a, f=f: others(x, a, f), (normal(2, 3),), {"axis": a, "fill": f}, linear=(0,) * (f == 0))
        for a, f in ((0, 1.0), (1, 0.0))
    ),
    "sum_left_out": (
        Case(
            lambda x: (x * (1 - np.eye(3))[None]).sum(1),
            (normal(2, 3, 3),),
            {"axis": 1},
            linear=(0,),
        ),
        Case(lambda x: (x * (1 - np.eye(2))[..., None]).sum(0), (normal(2, 2, 3),), {"axis": 0}, linear=(0,)),
    ),
    "cumsum": (
        Case(lambda x: np.cumsum(x, 1), (normal(2, 3),), {"axis": 1, "reverse": False}, linear=(0,)),
        Case(lambda x: np.cumsum(x[::-1], 0)[::-1], (normal(3, 2),), {"axis": 0, "reverse": True}, linear=(0,)),
        Case(lambda x: x, (normal(),), {"axis": 0, "reverse": False}, linear=(0,)),
        Case(lambda x: np.cumsum(x), (whole(0, 5, 4),), {"axis": 0, "reverse": False}),
    ),
}


def picked(x: Any, target: Any, ignore: int = -100) -> Any:
    """x (N, C, ...) at each sample's class; 0 where the class is ignored."""
    z = np.zeros(target.shape)
    for at in np.ndindex(target.shape):
        if target[at] != ignore:
            z[at] = x[(at[0], target[at], *at[1:])]
    return z


def over(losses: Any, target: Any, reduction: str, ignore: int = -100) -> Any:
    """Losses of samples, reduced over those that are not ignored."""
    valid = target != ignore
    losses = np.where(valid, losses, 0.0)
    return (
        losses if reduction == "none" else np.asarray(losses.sum() / (valid.sum() if reduction == "mean" else 1))
    )


def cross_entropy(x: Any, target: Any, reduction: str) -> Any:
    """-log softmax at the class."""
    return over(-picked(np.log(softmax(x, 1)), target), target, reduction)


def hot(target: Any, classes: int) -> Any:
    """1 at the class of each sample, classes on axis 1."""
    return np.moveaxis((target[..., None] == np.arange(classes)).astype(float), -1, 1)


CLASSES = exact([2, 0, -100, 1])
PIXELS = exact([[[0, 2], [-100, 1]], [[1, 1], [2, 0]]])
FORMS = [
    ("mean", CLASSES, (4, 3)),
    ("sum", CLASSES, (4, 3)),
    ("none", CLASSES, (4, 3)),
    ("mean", PIXELS, (2, 3, 2, 2)),
]


def form(reduction: str) -> dict[str, Any]:
    """The parameters of a classification loss."""
    return {"axis": 1, "ignore": -100, "reduction": reduction}


def share_of(g: Any, target: Any, reduction: str) -> Any:
    """What each sample gets of the cotangent of a reduced loss."""
    valid = target != -100
    return np.where(valid, g / (valid.sum() if reduction == "mean" else 1), 0.0)


LOSSES: dict[str, Row] = {
    "cross_entropy": (
        *[Case(lambda x, t, r=r: cross_entropy(x, t, r), (normal(*s), t), form(r)) for r, t, s in FORMS],
        Case(
            lambda x, t: np.asarray(-np.log(softmax(x[None], 1))[0, 1]),
            (normal(3), exact(1)),
            {"axis": 0, "ignore": -100, "reduction": "mean"},
        ),
    ),
    "cross_entropy_backward": tuple(
        Case(
            lambda g, logp, t, r=r: (np.exp(logp) - hot(t, 3)) * share_of(g, t, r)[:, None],
            (normal(*(4,) * (r == "none")), normal(4, 3), t),
            form(r),
        )
        for r, t, s in FORMS[:3]
    ),
    "per_sample": tuple(
        Case(lambda g, t, r=r: share_of(g, t, r), (normal(*(4,) * (r == "none")), t), form(r), linear=(0,))
        for r, t, _ in FORMS[:3]
    ),
    "over_samples": tuple(
        Case(lambda x, t, r=r: over(x, t, r), (normal(4), t), form(r), linear=(0,)) for r, t, _ in FORMS[:3]
    ),
    "known_class": (Case(lambda t: np.maximum(t, 0), (CLASSES,), {"ignore": -100}),),
    "hot_classes": (
        Case(lambda t: hot(t, 3), (CLASSES,), {"axis": 1, "classes": 3, "dtype": "float64"}),
        Case(lambda t: hot(t, 3), (PIXELS,), {"axis": 1, "classes": 3, "dtype": "float64"}),
    ),
    "weight_of": (
        Case(lambda w, t: np.where(t == -100, 0.0, w[np.maximum(t, 0)]), (positive(3), CLASSES), {"ignore": -100}),
    ),
}


def ordered(x: Any, axis: int, descending: bool) -> Any:
    """Positions in order, of equal numbers the first first; in Python's own order of pairs."""
    rows = np.moveaxis(x, axis, -1)
    z = np.empty(rows.shape, np.int64)
    for i in np.ndindex(*rows.shape[:-1]):
        z[i] = sorted(range(rows.shape[-1]), key=lambda j, r=rows[i]: (-r[j] if descending else r[j], j))
    return np.moveaxis(z, -1, axis)


def recurrence(g: Any, x: Any, reverse: bool) -> Any:
    """Along axis 1, by the matrix of products between two places."""
    n = x.shape[1]
    z = np.zeros_like(g)
    for i in range(n):
        for j in range(i + 1):
            between = x[:, j + 1 : i + 1].prod(1)
            z[:, j if reverse else i] += between * g[:, i if reverse else j]
    return z


ORDER = exact([[2, 0, 1], [1, 2, 0]])
NAN = float("nan")

SORTING: dict[str, Row] = {
    "order": (
        Case(lambda x: ordered(x, 1, False), (normal(2, 5),), {"axis": 1, "descending": False}),
        Case(lambda x: ordered(x, 0, True), (whole(0, 3, 6, 2),), {"axis": 0, "descending": True}),
        Case(lambda x: np.array([2, 0, 1]), (exact([3.0, NAN, 1.0]),), {"axis": 0, "descending": False}),
        Case(lambda x: np.array([1, 0, 2]), (exact([3.0, NAN, 1.0]),), {"axis": 0, "descending": True}),
    ),
    "take_ordered": (
        Case(
            lambda x, i: np.take_along_axis(x, i[:, :2], 1),
            (normal(2, 3), exact([[2, 0], [1, 2]])),
            {"axis": 1},
            linear=(0,),
        ),
        Case(lambda x, i: x[i], (normal(3), exact([2, 0, 1])), {"axis": 0}, linear=(0,)),
    ),
    "put_ordered": (
        Case(
            lambda x, i: np.array([[x[0, 1], 0, x[0, 0], 0], [0, x[1, 0], x[1, 1], 0]]),
            (normal(2, 2), exact([[2, 0], [1, 2]])),
            {"axis": 1, "length": 4},
            linear=(0,),
        ),
    ),
    "middle_place": (
        Case(lambda x: ordered(x, 1, False)[:, 1:2], (normal(2, 4),), {"axis": 1, "ignore": False}),
        Case(lambda x: np.array([2]), (exact([1.0, 2.0, NAN, NAN]),), {"axis": 0, "ignore": False}),
        Case(lambda x: np.array([0]), (exact([1.0, 2.0, NAN, NAN]),), {"axis": 0, "ignore": True}),
        Case(lambda x: np.array([0]), (exact([NAN, NAN]),), {"axis": 0, "ignore": True}),
    ),
    "median": (
        Case(lambda x: np.asarray(np.sort(x)[2]), (apart(6),), {"ignore": False}),
        Case(lambda x: np.asarray(np.sort(x)[2]), (apart(5),), {"ignore": True}),
        Case(lambda x: np.asarray(1.0), (exact([1.0, 1.0, 1.0]),), {"ignore": False}, tied=True),
        Case(lambda x: np.asarray(NAN), (exact([1.0, NAN, 2.0]),), {"ignore": False}, order=0),
    ),
    "median_share": (
        Case(lambda x, z: np.array([0.5, 0, 0.5]), (exact([1.0, 2.0, 1.0]), exact(1.0))),
        Case(lambda x, z: np.array([0.0, 1, 0]), (exact([1.0, NAN, 1.0]), exact(NAN))),
    ),
    "cumprod": (
        Case(lambda x: np.cumprod(x, 1), (normal(2, 4),), {"axis": 1}),
        Case(lambda x: np.cumprod(x, 0), (exact([[1.5, 0.0], [0.0, 2.0], [3.0, -1.0], [0.0, 4.0]]),), {"axis": 0}),
        Case(lambda x: np.cumprod(x), (whole(1, 4, 5),), {"axis": 0}),
        Case(lambda x: x, (normal(2, 0),), {"axis": 1}),
    ),
    "recurrence": (
        Case(
            lambda g, x: recurrence(g, x, False),
            (normal(2, 4), normal(2, 4)),
            {"axis": 1, "reverse": False},
            linear=(0,),
        ),
        Case(
            lambda g, x: recurrence(g, x, True),
            (normal(2, 4), normal(2, 4)),
            {"axis": 1, "reverse": True},
            linear=(0,),
        ),
    ),
    "running_place": (
        Case(lambda x: np.array([0, 1, 1, 3, 3]), (exact([1.0, 3, 2, 3, 0]),), {"axis": 0, "greatest": True}),
        Case(
            lambda x: np.array([[0, 0, 2, 3, 3]]),
            (exact([[1.0, 3, 0, NAN, -1]]),),
            {"axis": 1, "greatest": False},
        ),
        Case(lambda x: np.zeros((0, 2), np.int64), (normal(0, 2),), {"axis": 0, "greatest": True}),
    ),
    "turns": (
        Case(
            lambda i: np.array([0, 1, 5, 6, 7, 2]),
            (exact([[0, 0, 1], [0, 0, 0]]),),
            {"dim": 0, "shape": (2, 3)},
        ),
    ),
}

ROWS: dict[str, Row] = {**SUMS, **SORTING, **EXTREMES, **MOMENTS, **LOSSES}
