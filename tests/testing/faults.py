"""Faulty primitives, one fault each: what a checker of derivatives is worth is what it finds in here.

A fault is a function of tensors, where it goes wrong, and of which order the derivative is that is wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from autocnn.engine import Tensor, primitive, primitives
from autocnn.ops.broadcast import unbroadcast

_mul = primitives()["mul"]

X = np.array([0.7, -1.2, 0.4])
Y = np.array([-0.3, 0.9, 1.6])
SQUARE = np.array([[0.5, -1.0, 2.0], [1.5, 0.3, -0.7], [-0.2, 0.8, 1.1]])


@dataclass(frozen=True)
class Fault:
    """A function whose derivative is wrong, and the points that show it."""

    fn: Callable[..., Any]
    inputs: Sequence[Any]
    order: int = 1
    options: dict[str, Any] | None = None


def bare(x: Any) -> Any:
    """The array of a tensor: what a careless rule would go on with."""
    return x.array if isinstance(x, Tensor) else x


# Sound primitives to build with ---------------------------------------------------------------------------------


@primitive(saves=("z",))
def _planted_exp(xp: Any, x: Any) -> Any:
    return xp.exp(x)


@primitive()
def _planted_negative(xp: Any, x: Any) -> Any:
    return xp.negative(x)


@primitive()
def _planted_transpose(xp: Any, x: Any) -> Any:
    return xp.transpose(x)


@primitive()
def _planted_total(xp: Any, x: Any, *, axis: int) -> Any:
    return xp.sum(x, axis=axis)


_planted_exp.vjp(lambda g, z, x: _mul(g, z))
_planted_negative.vjp(lambda g, z, x: _planted_negative(g))

# First order ----------------------------------------------------------------------------------------------------


@primitive()
def _wrong_sign(xp: Any, x: Any, y: Any) -> Any:
    return xp.subtract(x, y)


_wrong_sign.vjp(lambda g, z, x, y: g, lambda g, z, x, y: g)


@primitive(saves=("x",))
def _missing_factor(xp: Any, x: Any) -> Any:
    return xp.square(x)


_missing_factor.vjp(lambda g, z, x: _mul(g, x))


@primitive(saves=("x", "y"))
def _no_unbroadcast(xp: Any, x: Any, y: Any) -> Any:
    return xp.multiply(x, y)


_no_unbroadcast.guest = False  # the library's own rules are not checked as they run: gradcheck is for that
_no_unbroadcast.vjp(lambda g, z, x, y: _mul(g, y), lambda g, z, x, y: _mul(g, x))


@primitive(saves=("x", "y"))
def _wrong_axis_summed(xp: Any, x: Any, y: Any) -> Any:
    return xp.multiply(x, y)


_wrong_axis_summed.vjp(
    lambda g, z, x, y: _planted_total(_mul(g, y), axis=1), lambda g, z, x, y: unbroadcast(_mul(g, x), y)
)


@primitive(saves=("x", "w"))
def _wrong_transpose(xp: Any, x: Any, w: Any) -> Any:
    return xp.matmul(x, w)


_wrong_transpose.vjp(
    lambda g, z, x, w: _wrong_transpose(g, w),
    lambda g, z, x, w: _wrong_transpose(_planted_transpose(x), g),
)


@primitive(saves=("x", "y"))
def _swapped_rules(xp: Any, x: Any, y: Any) -> Any:
    return xp.multiply(x, y)


_swapped_rules.vjp(lambda g, z, x, y: _mul(g, x), lambda g, z, x, y: _mul(g, y))


@primitive(saves=("x", "y"))
def _missing_gradient(xp: Any, x: Any, y: Any) -> Any:
    return xp.multiply(x, y)


_missing_gradient.vjp(lambda g, z, x, y: _mul(g, y), None)


@primitive(saves=("x",))
def _reads_input_for_output(xp: Any, x: Any) -> Any:
    return xp.exp(x)


_reads_input_for_output.vjp(lambda g, z, x: _mul(g, x))


@primitive(saves=("x",))
def _ignores_cotangent(xp: Any, x: Any) -> Any:
    return xp.square(x)


_ignores_cotangent.vjp(lambda g, z, x: _mul(x, 2.0))


@primitive()
def _squares_cotangent(xp: Any, x: Any) -> Any:
    return xp.add(x, 0.0)


_squares_cotangent.vjp(lambda g, z, x: _mul(g, g))


@primitive()
def _forgets_count(xp: Any, x: Any) -> Any:
    return xp.mean(x)


@primitive()
def _planted_spread(xp: Any, g: Any, *, shape: tuple[int, ...]) -> Any:
    return xp.broadcast_to(g, shape)


_forgets_count.vjp(lambda g, z, x: _planted_spread(g, shape=x.shape))


@primitive(saves=("x", "y"))
def _tie_twice(xp: Any, x: Any, y: Any) -> Any:
    return xp.maximum(x, y)


@primitive()
def _where_not_less(xp: Any, g: Any, x: Any, y: Any) -> Any:
    return xp.where(x >= y, g, 0.0)


_tie_twice.vjp(lambda g, z, x, y: _where_not_less(g, x, y), lambda g, z, x, y: _where_not_less(g, y, x))


@primitive()
def _tie_lost(xp: Any, x: Any) -> Any:
    return xp.max(x)


_tie_lost.vjp(lambda g, z, x: _planted_spread(_mul(g, 0.5), shape=x.shape))


@primitive()
def _repeats_overwrite(xp: Any, x: Any) -> Any:
    return x[xp.asarray([0, 2, 2])]


@primitive()
def _put_once(xp: Any, g: Any) -> Any:
    z = xp.zeros(3, g.dtype)
    z[xp.asarray([0, 2, 2])] = g
    return z


_repeats_overwrite.vjp(lambda g, z, x: _put_once(g))


@primitive(outputs=True)
def _swapped_outputs(xp: Any, x: Any) -> Any:
    return 2.0 * x, 3.0 * x


_swapped_outputs.vjp(lambda g, z, x: _wrong_sum(_mul(g[0], 3.0), _mul(g[1], 2.0)))


@primitive()
def _wrong_sum(xp: Any, x: Any, y: Any) -> Any:
    return xp.add(x, y)


@primitive()
def _drops_one(xp: Any, x: Any) -> Any:
    return xp.add(x, 0.0)


@primitive()
def _all_but_last(xp: Any, g: Any) -> Any:
    g = xp.array(g)
    g[-1] = 0.0
    return g


_drops_one.vjp(lambda g, z, x: _all_but_last(g))


@primitive(saves=("x",))
def _gives_nan(xp: Any, x: Any) -> Any:
    return xp.abs(x) * xp.abs(x)


@primitive()
def _nan_like(xp: Any, g: Any) -> Any:
    return xp.full(g.shape, xp.nan)


_gives_nan.vjp(lambda g, z, x: _nan_like(g))

# Effects --------------------------------------------------------------------------------------------------------


@primitive()
def _writes_to_cotangent(xp: Any, x: Any) -> Any:
    return xp.multiply(x, 2.0)


@primitive()
def _double_in_place(xp: Any, g: Any) -> Any:
    g *= 2.0
    return g


_writes_to_cotangent.vjp(lambda g, z, x: _double_in_place(g))


@primitive(saves=("x",))
def _writes_to_saved(xp: Any, x: Any) -> Any:
    return xp.square(x)


_writes_to_saved.vjp(lambda g, z, x: _mul(g, _double_in_place(x)))


@primitive()
def _writes_to_input(xp: Any, x: Any) -> Any:
    x += 1.0
    return xp.array(x)


_writes_to_input.vjp(lambda g, z, x: g)

LATEST: dict[str, Any] = {}


@primitive()
def _reads_latest_call(xp: Any, x: Any) -> Any:
    LATEST["x"] = xp.array(x)
    return xp.square(x)


_reads_latest_call.vjp(lambda g, z, x: _mul(g, _mul(LATEST["x"], 2.0)))

# One of two rules -----------------------------------------------------------------------------------------------


@primitive(saves=("x",))
def _wrong_fast_rule(xp: Any, x: Any) -> Any:
    return xp.square(x)


_wrong_fast_rule.vjp(lambda g, z, x: _mul(g, _mul(x, 2.0)))
_wrong_fast_rule.fast(lambda g, z, x, need: (_mul(g, x),))


@primitive(saves=("x",))
def _wrong_definition(xp: Any, x: Any) -> Any:
    return xp.square(x)


_wrong_definition.vjp(lambda g, z, x: _mul(g, x))
_wrong_definition.fast(lambda g, z, x, need: (_mul(g, _mul(x, 2.0)),))

# Second order ---------------------------------------------------------------------------------------------------


@primitive(saves=("z", "slope"), residuals=("slope",))
def _constant_residual(xp: Any, x: Any) -> Any:
    z = xp.exp(x)
    return z, (xp.array(z),)


_constant_residual.vjp(lambda g, z, x, slope=None: _mul(g, bare(z) if slope is None else slope))


@primitive(saves=("x", "y"))
def _detaches_other(xp: Any, x: Any, y: Any) -> Any:
    return xp.multiply(x, y)


_detaches_other.vjp(lambda g, z, x, y: _mul(g, bare(y)), lambda g, z, x, y: _mul(g, x))


@primitive(saves=("x",))
def _detaches_itself(xp: Any, x: Any) -> Any:
    return xp.power(x, 3)


_detaches_itself.vjp(lambda g, z, x: _mul(g, 3.0 * bare(x) ** 2))


@primitive(saves=("x",))
def _detaches_cotangent(xp: Any, x: Any) -> Any:
    return xp.square(x)


_detaches_cotangent.vjp(lambda g, z, x: _mul(bare(g), _mul(x, 2.0)))


@primitive()
def _loses_graph(xp: Any, x: Any) -> Any:
    return xp.multiply(x, 3.0)


_loses_graph.vjp(lambda g, z, x: Tensor(3.0 * bare(g)) if isinstance(g, Tensor) else 3.0 * g)


@primitive(saves=("x",))
def _adjoint_without_rule(xp: Any, x: Any) -> Any:
    return xp.sin(x)


@primitive(differentiable=False)
def _cosine_times(xp: Any, g: Any, x: Any) -> Any:
    return xp.cos(x) * g


_adjoint_without_rule.vjp(lambda g, z, x: _cosine_times(g, x))


@primitive(saves=("x",))
def _second_wrong_sign(xp: Any, x: Any) -> Any:
    return xp.sin(x)


@primitive(saves=("x",))
def _second_wrong_sign_slope(xp: Any, x: Any) -> Any:
    return xp.cos(x)


_second_wrong_sign.vjp(lambda g, z, x: _mul(g, _second_wrong_sign_slope(x)))
_second_wrong_sign_slope.vjp(lambda g, z, x: _mul(g, _second_wrong_sign(x)))

FAULTS: dict[str, Fault] = {
    "wrong sign": Fault(_wrong_sign, [X, Y]),
    "missing factor": Fault(_missing_factor, [X]),
    "broadcasting forgotten": Fault(_no_unbroadcast, [X, SQUARE]),
    "broadcasting summed over the wrong axis": Fault(_wrong_axis_summed, [X, SQUARE]),
    "wrong transpose": Fault(_wrong_transpose, [SQUARE, SQUARE + 1.0]),
    "rules swapped": Fault(_swapped_rules, [X, Y]),
    "an input without its gradient": Fault(_missing_gradient, [X, Y]),
    "the input read where the output is meant": Fault(_reads_input_for_output, [X]),
    "the cotangent ignored": Fault(_ignores_cotangent, [X]),
    "the cotangent squared": Fault(_squares_cotangent, [X]),
    "a mean that forgets to divide": Fault(_forgets_count, [X]),
    "a tie that counts twice": Fault(_tie_twice, [X, X], options={"along": [np.ones(3), np.ones(3)]}),
    "a tie that sums to more than one": Fault(_tie_lost, [np.ones(3)], options={"along": [np.ones(3)]}),
    "repeated indices that overwrite": Fault(_repeats_overwrite, [X]),
    "cotangents of two outputs swapped": Fault(_swapped_outputs, [X]),
    "one element in a thousand dropped": Fault(_drops_one, [np.linspace(-1.0, 1.0, 1000)]),
    "not a number": Fault(_gives_nan, [X]),
    "the cotangent written to": Fault(_writes_to_cotangent, [X]),
    "a saved input written to": Fault(_writes_to_saved, [X]),
    "an input written to": Fault(_writes_to_input, [X]),
    "what the latest call left behind": Fault(_reads_latest_call, [X]),
    "a fast rule that differs from the definition": Fault(_wrong_fast_rule, [X]),
    "a definition that differs from the fast rule": Fault(_wrong_definition, [X]),
    "a residual taken for a constant": Fault(_constant_residual, [X], order=2),
    "a rule that detaches the other input": Fault(_detaches_other, [X, Y], order=2),
    "a second derivative silently zero": Fault(_detaches_itself, [X], order=2),
    "a rule that detaches the cotangent": Fault(_detaches_cotangent, [X], order=2),
    "a gradient without a graph": Fault(_loses_graph, [X], order=2),
    "an adjoint that has no rule": Fault(_adjoint_without_rule, [X], order=2),
    "wrong sign in the second derivative": Fault(_second_wrong_sign, [X], order=2),
}
