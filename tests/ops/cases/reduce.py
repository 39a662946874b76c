"""Reductions and losses."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.ops.case import Case, exact, mask, normal, positive, whole
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
            lambda g, p, t, r=r: (p - hot(t, 3)) * share_of(g, t, r)[:, None],
            (normal(*(4,) * (r == "none")), positive(4, 3), t),
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
    "pick": tuple(
        Case(lambda x, t: picked(x, t), (normal(*s), t), {"axis": 1, "ignore": -100}, linear=(0,))
        for _, t, s in (FORMS[0], FORMS[3])
    ),
    "place": (
        Case(
            lambda x, t: hot(t, 3) * x[:, None],
            (normal(4), CLASSES),
            {"axis": 1, "ignore": -100, "classes": 3},
            linear=(0,),
        ),
        Case(
            lambda x, t: hot(t, 3) * x[:, None],
            (normal(2, 2, 2), PIXELS),
            {"axis": 1, "ignore": -100, "classes": 3},
            linear=(0,),
        ),
    ),
    "hot_classes": (
        Case(lambda t: hot(t, 3), (CLASSES,), {"axis": 1, "classes": 3, "dtype": "float64"}),
        Case(lambda t: hot(t, 3), (PIXELS,), {"axis": 1, "classes": 3, "dtype": "float64"}),
    ),
    "weight_of": (
        Case(lambda w, t: np.where(t == -100, 0.0, w[np.maximum(t, 0)]), (positive(3), CLASSES), {"ignore": -100}),
    ),
}

ROWS: dict[str, Row] = {**SUMS, **LOSSES}
