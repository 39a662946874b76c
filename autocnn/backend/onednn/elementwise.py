"""Functions of single elements, and sums and products of two arrays, for large arrays.

NumPy does these on one thread, in which they are bound by its share of the memory's bandwidth.
"""

from __future__ import annotations

import numpy as np

from autocnn.backend.onednn import header
from autocnn.backend.onednn.execute import Plan, attributes, described, plan
from autocnn.backend.onednn.memory import describe, fits, is_dense, steps_of
from autocnn.types import Array

FEW = 1 << 14
"""Elements below which NumPy is done before the library has been called."""

WIDE = 1 << 17
"""Elements from which two threads rectify more quickly than one, though NaN is looked for first."""

MANY = 1 << 18
"""Elements from which two threads add more quickly than one: memory is what both wait for."""

UNARY = {
    "relu": header.RELU, "elu": header.ELU, "sigmoid": header.SIGMOID, "silu": header.SWISH, "gelu": header.GELU,
    "gelu_tanh": header.GELU_TANH, "hardswish": header.HARDSWISH, "softplus": header.SOFTPLUS,
    "within": header.WITHIN, "between": header.BETWEEN,
}  # fmt: skip
"""Functions of one array. `alpha` is the slope of relu below 0, the factor of elu, the steepness of silu and of
softplus; alpha and `beta` are the slope of hardswish and its factor at 0, and the limits that within and between
keep x to: the derivative is 1 at the upper limit of the one, 0 at that of the other."""

OF_RESULT = {
    "relu": header.RELU_OF_RESULT, "tanh": header.TANH_OF_RESULT, "sigmoid": header.SIGMOID_OF_RESULT,
}  # fmt: skip
"""Those whose derivative is known from the result."""

BINARY = {"add": header.ADD, "sub": header.SUB, "mul": header.MUL, "div": header.DIV}
"""Functions of two arrays."""


def applies(x: Array, *others: Array) -> bool:
    """Whether oneDNN may take arrays: many elements, float32, dense, and all in the same layout.

    >>> x = np.ones((128, 128), np.float32)
    >>> applies(x, x), applies(x[:, ::2], x[:, ::2]), applies(x, x.T.copy().T)
    (True, False, False)
    """
    if x.size < FEW or not fits(x, *others):
        return False
    for y in others:
        if x.shape != y.shape or (x.strides != y.strides and steps_of(x) != steps_of(y)):
            return False
    return is_dense(x)


def unary(name: str, x: Array, alpha: float = 0.0, beta: float = 0.0) -> Array | None:
    """A function of `UNARY` of each element, in the layout of x; None where oneDNN does not serve."""
    if not applies(x):
        return None
    ready = plan(("unary", name, x.size, alpha, beta), _forward, UNARY[name], x.size, alpha, beta)
    if ready is None:
        return None
    z = np.empty_like(x)
    ready(x, z)
    return z


def unary_backward(name: str, g: Array, x: Array, alpha: float = 0.0, beta: float = 0.0) -> Array | None:
    """g times the derivative at x, in the layout of x; None where oneDNN does not serve."""
    return _backward_of(UNARY[name], g, x, alpha, beta)


def unary_backward_of_result(name: str, g: Array, z: Array, alpha: float = 0.0) -> Array | None:
    """g times the derivative where the function of `OF_RESULT` gave z; None where oneDNN does not serve."""
    return _backward_of(OF_RESULT[name], g, z, alpha, 0.0)


def relu(x: Array) -> Array | None:
    """max(x, 0); None where oneDNN does not serve, and where there is a NaN in x: the library makes 0 of it."""
    return unary("relu", x) if x.size >= WIDE and applies(x) and below(x) else None


def relu_backward(g: Array, z: Array) -> Array | None:
    """g where relu's value z is not 0; None where oneDNN does not serve."""
    return unary_backward_of_result("relu", g, z) if z.size >= FEW * 4 else None


def below(x: Array, limit: float = np.inf) -> bool:
    """Whether all of a dense array is below a limit; so there is no NaN in it: no maximum passes over one.

    >>> below(np.ones(2)), below(np.array([np.nan, 1.0]))
    (True, False)
    """
    return bool(x.ravel("K").max() < limit)


def binary(name: str, x: Array, y: Array, *, relu: bool = False, out: Array | None = None) -> Array | None:
    """A function of `BINARY` of two arrays of one shape and layout, a relu behind it on request.

    The result is a new array, or `out`, which has that layout too. None where oneDNN does not serve.
    """
    if not applies(x, y):
        return None
    ready = plan(("binary", name, x.size, relu), _binary, BINARY[name], x.size, relu)
    if ready is None:
        return None
    z = np.empty_like(x) if out is None else out
    ready(x, y, z)
    return z


def add(x: Array, y: Array) -> Array | None:
    """x + y; None where oneDNN does not serve, and where one thread is as quick."""
    return binary("add", x, y) if x.size >= MANY else None


def add_into(x: Array, y: Array) -> Array | None:
    """x, to which y has been added; None where oneDNN does not serve, and where one thread is as quick."""
    return binary("add", x, y, out=x) if x.size >= MANY else None


def add_relu(x: Array, y: Array) -> Array | None:
    """max(x + y, 0) of what holds no NaN: the library makes 0 of it; None where oneDNN does not serve."""
    return binary("add", x, y, relu=True)


def tanh_backward(g: Array, z: Array) -> Array | None:
    """g (1 - z ** 2), where tanh gave z; None where oneDNN does not serve."""
    return unary_backward_of_result("tanh", g, z)


def _backward_of(kind: int, g: Array, x: Array, alpha: float, beta: float) -> Array | None:
    if not applies(x, g):
        return None
    ready = plan(("unary_backward", kind, x.size, alpha, beta), _backward, kind, x.size, alpha, beta)
    if ready is None:
        return None
    gx = np.empty_like(x)
    ready(g, x, gx)
    return gx


def _forward(kind: int, size: int, alpha: float, beta: float) -> Plan:
    data = describe((size,))
    made = described("eltwise_forward", header.TRAINING, kind, data, data, alpha, beta, attributes())
    return Plan(made, [(header.SRC, data), (header.DST, data)])


def _backward(kind: int, size: int, alpha: float, beta: float) -> Plan:
    data = describe((size,))
    hint = described("eltwise_forward", header.TRAINING, kind, data, data, alpha, beta, attributes())
    made = described("eltwise_backward", kind, data, data, data, alpha, beta, hint, attributes())
    known = header.DST if kind in OF_RESULT.values() else header.SRC
    return Plan(made, [(header.DST_GRADIENT, data), (known, data), (header.SRC_GRADIENT, data)])


def _binary(kind: int, size: int, relu: bool) -> Plan:
    data = describe((size,))
    made = described("binary", kind, data, data, data, attributes(relu))
    return Plan(made, [(header.SRC, data), (header.SRC_1, data), (header.DST, data)])
