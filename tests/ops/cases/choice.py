"""Comparisons, rounding, choosing between values, the error function, activations."""

from __future__ import annotations

import math
from functools import partial
from statistics import NormalDist
from typing import Any

import numpy as np

from tests.ops.case import Case, apart, between, exact, mask, normal, number, whole
from tests.ops.cases.elementwise import Row, unary

NAN, INF = math.nan, math.inf
SPECIAL = exact([NAN, INF, -INF, 1.5])
TIES = exact([1.0, 2.0, 3.0])


@partial(np.vectorize, otypes=[float])
def erfinv(x: float) -> float:
    """The inverse of the error function, through that of the normal distribution."""
    return NormalDist().inv_cdf((1 + x) / 2) / math.sqrt(2)


def compared(oracle: Any) -> Row:
    """A comparison of two arrays: equal and unequal elements, broadcast, integers, NaN, a number."""
    return (
        Case(oracle, (exact([1.0, 2.0, 3.0]), exact([1.0, 3.0, 2.0]))),
        Case(oracle, (normal(2, 1), normal(3))),
        Case(oracle, (whole(0, 3, 5), whole(0, 3, 5))),
        Case(oracle, (SPECIAL, SPECIAL)),
        Case(oracle, (normal(3), number(0.5))),
    )


def asked(oracle: Any) -> Row:
    """A question about each element."""
    return (Case(oracle, (SPECIAL,)), Case(oracle, (normal(),)), Case(oracle, (whole(0, 2, 3),)))


def logical(oracle: Any) -> Row:
    """A connective of two arrays of bools, or of what counts as such."""
    return (Case(oracle, (mask(2, 3), mask(3))), Case(oracle, (exact([0.0, 2.0]), exact([1.0, 0.0]))))


def bits(oracle: Any) -> Row:
    """An operation on the bits of integers."""
    return (Case(oracle, (whole(0, 9, 2, 3), whole(0, 5, 3))),)


COMPARISONS: dict[str, Row] = {
    "eq": compared(np.equal),
    "ne": compared(np.not_equal),
    "lt": compared(np.less),
    "le": compared(np.less_equal),
    "gt": compared(np.greater),
    "ge": compared(np.greater_equal),
    "isnan": asked(np.isnan),
    "isinf": asked(np.isinf),
    "isfinite": asked(np.isfinite),
    "isclose": (
        Case(
            np.isclose,
            (exact([1.0, 1.0]), exact([1.0 + 1e-9, 1.1])),
            {"rtol": 1e-5, "atol": 1e-8, "equal_nan": False},
        ),
        Case(
            lambda x, y: np.isclose(x, y, equal_nan=True),
            (SPECIAL, SPECIAL),
            {"rtol": 1e-5, "atol": 1e-8, "equal_nan": True},
        ),
    ),
    "logical_and": logical(np.logical_and),
    "logical_or": logical(np.logical_or),
    "logical_xor": logical(np.logical_xor),
    "logical_not": asked(np.logical_not),
    "bitwise_and": (*bits(np.bitwise_and), Case(np.bitwise_and, (mask(4), mask(4)))),
    "bitwise_or": bits(np.bitwise_or),
    "bitwise_xor": bits(np.bitwise_xor),
    "bitwise_not": (Case(np.invert, (whole(-3, 3, 4),)), Case(np.invert, (mask(4),))),
    "left_shift": bits(np.left_shift),
    "right_shift": bits(np.right_shift),
}

ROUNDING: dict[str, Row] = {
    "floor": unary(np.floor, apart),
    "ceil": unary(np.ceil, apart),
    "frac": unary(lambda x: x - np.trunc(x), apart),
    "trunc": unary(np.trunc, apart),
    "round": (
        Case(np.round, (exact([0.4, 1.6, -2.7]),), {"decimals": 0}),
        Case(lambda x: np.round(x, 1), (exact([0.44, 1.66]),), {"decimals": 1}),
        Case(lambda x: np.round(x, -1), (exact([14.0, 26.0]),), {"decimals": -1}),
        Case(np.round, (exact([0.5, 1.5, 2.5]),), {"decimals": 0}, order=0),
    ),
}


def chosen(oracle: Any) -> Row:
    """A choice between two arrays: no ties, broadcast, a number, ties."""
    return (
        Case(oracle, (apart(2, 3), exact([[0.0, 0.7, -0.4], [0.3, 9.0, -9.0]]))),
        Case(oracle, (apart(2, 1), exact([0.0, 0.6, -0.3]))),
        Case(oracle, (apart(4), number(0.1))),
        Case(oracle, (number(0.1), apart(4))),
        Case(oracle, (TIES, TIES), tied=True),
        Case(oracle, (SPECIAL, exact([0.0, NAN, NAN, NAN])), order=0),
    )


def within(x: Any, low: float, high: float) -> Any:
    """Where x lies within limits, as numbers."""
    return (x >= low) & (x <= high)


SELECTION: dict[str, Row] = {
    "where": (
        Case(np.where, (mask(2, 3), normal(2, 3), normal(2, 3)), linear=()),
        Case(np.where, (mask(2, 1), normal(3), normal(2, 1))),
        Case(np.where, (mask(4), normal(4), number(0.5)), linear=()),
        Case(np.where, (mask(4), number(0.5), normal(4))),
        Case(np.where, (mask(3), normal(), normal(3))),
    ),
    "maximum": chosen(np.maximum),
    "minimum": chosen(np.minimum),
    "fmax": chosen(np.fmax),
    "fmin": chosen(np.fmin),
    "clamp_min": chosen(np.maximum),
    "clamp_max": chosen(np.minimum),
    "greater_share": (
        Case(
            lambda g, x, y: g * np.array([1.0, 0.5, 0.0]),
            (normal(3), exact([2.0, 1.0, 0.0]), exact([1.0, 1.0, 1.0])),
            linear=(0,),
            order=0,
        ),
        Case(lambda g, x, y: g * (x > y), (normal(4), apart(4), exact([0.1, 0.2, 0.3, -0.1])), linear=(0,)),
    ),
    "takes_first": (
        Case(
            lambda x, y: np.array([True, True, False, True, False]),
            (exact([2.0, 1.0, 0.0, 1.0, NAN]), exact([1.0, 1.0, 1.0, NAN, 1.0])),
            {"greater": True},
        ),
        Case(
            lambda x, y: np.array([False, True, True]),
            (exact([2.0, 1.0, 0.0]), exact([1.0, 1.0, 1.0])),
            {"greater": False},
        ),
    ),
    "clamp": (
        Case(lambda x: np.clip(x, -0.5, 0.6), (apart(2, 4),), {"low": -0.5, "high": 0.6}),
        Case(lambda x: np.maximum(x, 0.2), (apart(4),), {"low": 0.2, "high": None}),
        Case(lambda x: np.minimum(x, 0.2), (apart(4),), {"low": None, "high": 0.2}),
        Case(lambda x: np.clip(x, 1, 3), (whole(0, 6, 5),), {"low": 1, "high": 3}),
        Case(lambda x: np.full(3, 1.0), (normal(3),), {"low": 5.0, "high": 1.0}),
    ),
    "clamp_backward": (
        Case(
            lambda g, x: g * within(x, -0.5, 0.6), (normal(4), apart(4)), {"low": -0.5, "high": 0.6}, linear=(0,)
        ),
        Case(lambda g, x: g * within(x, 0.2, INF), (normal(4), apart(4)), {"low": 0.2, "high": None}, linear=(0,)),
        Case(lambda g, x: g, (normal(2), exact([1.0, 2.0])), {"low": 1.0, "high": 2.0}, linear=(0,), order=0),
    ),
    "nan_to_num": (
        Case(np.nan_to_num, (normal(3),), {"nan": 0.0, "posinf": None, "neginf": None}),
        Case(
            lambda x: np.array([7.0, 8.0, 9.0, 1.5]),
            (SPECIAL,),
            {"nan": 7.0, "posinf": 8.0, "neginf": 9.0},
            order=0,
        ),
    ),
    "erf": (
        *unary(np.vectorize(math.erf, otypes=[float]), normal, rtol=1e-14),
        Case(np.vectorize(math.erf, otypes=[float]), (between(-7.0, 7.0, 40),), rtol=3e-16),
    ),
    "erfc": (
        *unary(np.vectorize(math.erfc, otypes=[float]), normal, rtol=1e-14),
        Case(np.vectorize(math.erfc, otypes=[float]), (between(-7.0, 7.0, 40),), rtol=4e-15),
    ),
    "erfinv": (
        *unary(erfinv, lambda *shape: between(-0.9, 0.9, *shape), rtol=1e-13),
        Case(erfinv, (between(-0.99999, 0.99999, 40),), rtol=1e-13, order=0),
    ),
}


def softmax(x: Any, axis: int) -> Any:
    """e ** x over its sum."""
    e = np.exp(x - x.max(axis, keepdims=True))
    return e / e.sum(axis, keepdims=True)


def along_axes(oracle: Any) -> Row:
    """A function along one axis of arrays with one to four axes."""
    return (
        Case(lambda x: oracle(x, 1), (normal(2, 3),), {"axis": 1}),
        Case(lambda x: oracle(x, 0), (normal(3),), {"axis": 0}),
        Case(lambda x: oracle(x, 1), (normal(2, 3, 2, 2),), {"axis": 1}),
        Case(lambda x: oracle(x, 2), (normal(2, 1, 1),), {"axis": 2}),
    )


def through_softmax(g: Any, z: Any) -> Any:
    """The cotangent g through a softmax of value z along the last axis."""
    return z * (g - (g * z).sum(-1, keepdims=True))


ACTIVATION: dict[str, Row] = {
    "relu": (*unary(lambda x: np.maximum(x, 0), apart), Case(lambda x: np.maximum(x, 0), (whole(-3, 3, 4),))),
    "relu_backward": (
        Case(lambda g, y: g * (y > 0), (normal(2, 3), apart(2, 3)), linear=(0,)),
        Case(lambda g, y: np.array([0.0, 2.0]), (exact([1.0, 2.0]), exact([0.0, NAN])), order=0),
    ),
    "softmax": along_axes(softmax),
    "log_softmax": along_axes(lambda x, axis: np.log(softmax(x, axis))),
    "softmax_backward": (Case(through_softmax, (normal(2, 3), between(0.1, 0.9, 2, 3)), {"axis": 1}),),
    "log_softmax_backward": (
        Case(
            lambda g, z: g - np.exp(z) * g.sum(-1, keepdims=True),
            (normal(2, 3), between(-2.0, -0.1, 2, 3)),
            {"axis": 1},
        ),
    ),
}

ROWS: dict[str, Row] = {**COMPARISONS, **ROUNDING, **SELECTION, **ACTIVATION}
