"""Elementwise arithmetic and functions."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.ops.case import Case, apart, between, exact, normal, number, positive, whole

Row = tuple[Case, ...]


def unary(oracle: Any, make: Any, **more: Any) -> Row:
    """A function of one array: a matrix, a 0-d and an empty one, one with three axes."""
    return tuple(Case(oracle, (make(*shape),), **more) for shape in [(2, 3), (), (2, 0), (2, 3, 2)])


def binary(oracle: Any, left: Any, right: Any, linear: tuple[int, ...] = (), **more: Any) -> Row:
    """A function of two arrays: equal shapes, broadcast both ways, 0-d, empty, a Python number on either side."""
    shapes = [((2, 3), (2, 3)), ((3, 1, 2), (4, 1)), ((2,), ()), ((1, 3), (2, 1, 1)), ((0, 2), (2,)), ((), ())]
    return (
        *[Case(oracle, (left(*a), right(*b)), linear=linear, **more) for a, b in shapes],
        Case(oracle, (left(2, 2), number(1.5)), **more),
        Case(oracle, (number(1.5), right(2, 2)), **more),
    )


def slope_of_sigmoid(y: Any) -> Any:
    """The derivative of the logistic function from its value."""
    return y * (1 - y)


def lerp(x: Any, y: Any, w: Any) -> Any:
    """Between x and y."""
    return x + w * (y - x)


ARITHMETIC: dict[str, Row] = {
    "add": binary(np.add, normal, normal),
    "sub": binary(np.subtract, normal, normal),
    "mul": binary(np.multiply, normal, normal, linear=(0, 1)),
    "div": binary(np.divide, normal, positive, linear=(0,)),
    "neg": unary(np.negative, normal, linear=(0,)),
    "reciprocal": unary(np.reciprocal, positive),
    "square": unary(np.square, normal),
    "abs": (*unary(np.abs, apart), Case(np.abs, (whole(-3, 3, 4),))),
    "sign": (
        *unary(np.sign, apart),
        Case(np.sign, (whole(-3, 3, 4),)),
        Case(lambda x: x, (exact([True, False]),)),
    ),
    "zeros_like": (Case(np.zeros_like, (normal(2, 3),)),),
    "floor_divide": (
        Case(np.floor_divide, (exact([7.3, -7.3, 2.6]), exact([2.0, 2.0, -0.7]))),
        Case(np.floor_divide, (exact([[7.3], [-7.3]]), exact([2.0, -1.5]))),
        Case(np.floor_divide, (exact([7, -7, 3]), exact([2, 2, -2]))),
    ),
    "trunc_divide": (
        Case(lambda x, y: np.trunc(x / y), (exact([7.3, -7.3, 2.6]), exact([2.0, 2.0, -0.7]))),
        Case(lambda x, y: np.array([3, -3, -1, 3]), (exact([7, -7, 3, -6]), exact([2, 2, -2, -2]))),
    ),
    "lerp": (
        Case(lerp, (normal(2, 3), normal(2, 3), exact([[0.0, 0.2, 0.49], [0.5, 1.0, -1.7]]))),
        Case(lerp, (normal(3, 1), normal(2), normal(2))),
        Case(lerp, (normal(3), normal(3), number(0.75))),
        Case(lambda *_: np.array([1.0]), (exact([1e20]), exact([1.0]), number(1.0)), order=0),
    ),
    "remainder": (
        Case(np.remainder, (exact([7.3, -7.3, 2.6]), exact([2.0, 2.0, -0.7])), linear=()),
        Case(np.remainder, (exact([[7.3], [-7.3]]), exact([2.0, -1.5]))),
        Case(np.remainder, (exact([7, -7, 3]), exact([2, 2, -2]))),
    ),
    "fmod": (
        Case(np.fmod, (exact([7.3, -7.3, 2.6]), exact([2.0, 2.0, -0.7]))),
        Case(np.fmod, (exact([[7.3], [-7.3]]), exact([2.0, -1.5]))),
        Case(np.fmod, (exact([7, -7, 3]), exact([2, 2, -2]))),
    ),
    "cast": (
        Case(lambda x: x.astype(np.float64), (normal(2, 3),), {"dtype": "float64"}, linear=(0,)),
        Case(lambda x: x.astype(np.float64), (whole(0, 5, 3),), {"dtype": "float64"}),
        Case(lambda x: x.astype(np.int64), (apart(4),), {"dtype": "int64"}),
        Case(lambda x: x.astype(bool), (exact([0.0, 2.0, -1.0]),), {"dtype": "bool"}),
    ),
}

POWERS: dict[str, Row] = {
    "power": (
        *[Case(lambda x, n=n: x**n, (normal(2, 3),), {"exponent": n}) for n in (2.0, 3.0, 4.0)],
        *[Case(lambda x, n=n: x**n, (positive(2, 3),), {"exponent": n}) for n in (0.5, -1.0, 1.7, -2.5)],
        Case(np.ones_like, (normal(3),), {"exponent": 0.0}),
        Case(lambda x: x, (exact([0.0, 1.0]),), {"exponent": 1.0}, order=1),
    ),
    "pow": (
        *binary(np.power, positive, normal)[:-2],
        Case(np.power, (exact([-1.5, 2.0]), exact(3.0)), law=lambda z, *_: bool(np.isfinite(z).all()), order=0),
        Case(np.power, (whole(1, 4, 3), whole(0, 3, 3))),
    ),
    "lifted_base": (
        Case(lambda x, y: x, (normal(2, 3), normal(2, 3))),
        Case(lambda x, y: x + 0 * y, (normal(2, 1), normal(3))),
    ),
    "lifted_exponent": (
        Case(lambda x, y: y, (normal(2, 3), normal(2, 3))),
        Case(lambda x, y: y + 0 * x, (normal(2, 1), normal(3))),
    ),
    "not_lifted": (
        Case(
            lambda x, y: np.array([1.0, 0.0, 1.0]),
            (exact([1.0, 0.0, 0.0]), exact([1.0, 1.0, -1.0])),
            {"least": 0.0},
        ),
        Case(
            lambda x, y: np.array([1.0, 0.0, 1.0]),
            (exact([1.0, 0.0, 0.0]), exact([0.0, 0.0, 1.0])),
            {"least": None},
        ),
    ),
    "sqrt": unary(np.sqrt, positive),
    "cbrt": unary(np.cbrt, positive),
    "rsqrt": unary(lambda x: 1 / np.sqrt(x), positive),
    "exp": unary(np.exp, normal),
    "exp2": unary(np.exp2, normal),
    "expm1": unary(np.expm1, normal),
    "log": unary(np.log, positive),
    "log2": unary(np.log2, positive),
    "log10": unary(np.log10, positive),
    "log1p": unary(np.log1p, positive),
    "logaddexp": binary(np.logaddexp, normal, normal),
    "hypot": binary(np.hypot, positive, positive),
}

inside = lambda *shape: between(-0.8, 0.8, *shape)  # noqa: E731
above_one = lambda *shape: between(1.2, 2.5, *shape)  # noqa: E731
share = lambda *shape: between(0.1, 0.9, *shape)  # noqa: E731

CIRCLES: dict[str, Row] = {
    "sin": unary(np.sin, normal),
    "cos": unary(np.cos, normal),
    "tan": unary(np.tan, inside),
    "asin": unary(np.arcsin, inside),
    "acos": unary(np.arccos, inside),
    "atan": unary(np.arctan, normal),
    "atan2": binary(np.arctan2, normal, positive)[:-2],
    "sinh": unary(np.sinh, normal),
    "cosh": unary(np.cosh, normal),
    "tanh": unary(np.tanh, normal),
    "tanh_backward": binary(lambda x, y: x * (1 - y**2), normal, inside, linear=(0,))[:1],
    "asinh": unary(np.arcsinh, normal),
    "acosh": unary(np.arccosh, above_one),
    "atanh": unary(np.arctanh, inside),
    "sigmoid": unary(lambda x: 1 / (1 + np.exp(-x)), normal),
    "sigmoid_backward": binary(lambda x, y: x * y * (1 - y), normal, share, linear=(0,))[:1],
}

ROWS: dict[str, Row] = {**ARITHMETIC, **POWERS, **CIRCLES}
