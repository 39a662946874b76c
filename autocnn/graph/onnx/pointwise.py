"""Elementwise ops and activations as ONNX."""

from __future__ import annotations

from typing import Any

import numpy as np

from autocnn.graph.data import Vertex
from autocnn.graph.onnx.writer import Writer, attribute, writes

_ONE_NODE = {
    "abs": "Abs", "acos": "Acos", "acosh": "Acosh", "add": "Add", "asin": "Asin", "asinh": "Asinh",
    "atan": "Atan", "atanh": "Atanh", "bitwise_and": "BitwiseAnd", "bitwise_not": "BitwiseNot",
    "bitwise_or": "BitwiseOr", "bitwise_xor": "BitwiseXor", "ceil": "Ceil", "clamp_max": "Min",
    "clamp_min": "Max", "cos": "Cos", "cosh": "Cosh", "div": "Div", "eq": "Equal", "erf": "Erf", "exp": "Exp",
    "floor": "Floor", "ge": "GreaterOrEqual", "gelu": "Gelu", "gt": "Greater", "hardswish": "HardSwish",
    "le": "LessOrEqual", "log": "Log", "lt": "Less", "maximum": "Max",
    "minimum": "Min", "mish": "Mish", "mul": "Mul", "neg": "Neg", "pow": "Pow",
    "reciprocal": "Reciprocal", "sigmoid": "Sigmoid", "sign": "Sign", "sin": "Sin",
    "sinh": "Sinh", "softsign": "Softsign", "sqrt": "Sqrt", "sub": "Sub", "tan": "Tan", "tanh": "Tanh",
    "trunc_divide": "Div", "where": "Where",
}  # fmt: skip
_OF_BOOLS = {
    "add": "Or", "mul": "And", "maximum": "Or", "minimum": "And", "clamp_min": "Or", "clamp_max": "And",
    "bitwise_and": "And", "bitwise_or": "Or", "bitwise_xor": "Xor", "bitwise_not": "Not", "sign": "Identity",
}  # fmt: skip
_LOGICAL = {"logical_and": "And", "logical_or": "Or", "logical_xor": "Xor", "logical_not": "Not"}
POINTWISE = frozenset(_ONE_NODE) | frozenset(_LOGICAL) | {"prelu"}
"""Ops of which ONNX broadcasts the arguments as NumPy does."""


def dtype_code(dtype: str) -> int:
    """ONNX's number for a dtype."""
    from onnx import helper

    return int(helper.np_dtype_to_tensor_dtype(np.dtype(dtype)))


def number(w: Writer, v: Vertex, value: float) -> str:
    """A number of the dtype of a vertex."""
    return w.constant(value, v.dtype)


@writes(*_ONE_NODE)
def _one_node(w: Writer, v: Vertex, xs: list[str]) -> Any:
    kinds = {source.dtype for source in w.sources(v)}
    if v.dtype == "bool" and v.op in _OF_BOOLS:
        return w.node(_OF_BOOLS[v.op], *xs)
    if v.op == "trunc_divide" and v.dtype.startswith("float"):
        return _truncated(w, v, w.node("Div", *xs))
    if v.op in ("gt", "ge", "lt", "le") and "bool" in kinds:
        xs = [w.node("Cast", x, to=dtype_code("int32")) for x in xs]
    return w.node(_ONE_NODE[v.op], *xs)


@writes(*_LOGICAL)
def _logical(w: Writer, v: Vertex, xs: list[str]) -> Any:
    pairs = zip(xs, w.sources(v), strict=True)
    xs = [x if source.dtype == "bool" else w.node("Cast", x, to=dtype_code("bool")) for x, source in pairs]
    return w.node(_LOGICAL[v.op], *xs)


@writes("alias", "clone", "contiguous", "same", "to_device")
def _identity(w: Writer, v: Vertex, xs: list[str]) -> str:
    return xs[0]


@writes("cast")
def _cast(w: Writer, v: Vertex, xs: list[str]) -> Any:
    return w.node("Cast", xs[0], to=dtype_code(v.dtype))


@writes("ne")
def _ne(w: Writer, v: Vertex, xs: list[str]) -> Any:
    return w.node("Not", w.node("Equal", *xs))


@writes("isfinite", "isinf", "isnan")
def _is_number(w: Writer, v: Vertex, xs: list[str]) -> Any:
    x = xs[0] if w.sources(v)[0].dtype.startswith("float") else w.node("Cast", *xs, to=dtype_code("float32"))
    if v.op != "isfinite":
        return w.node("IsInf" if v.op == "isinf" else "IsNaN", x)
    return w.node("Not", w.node("Or", w.node("IsInf", x), w.node("IsNaN", x)))


# Arithmetic ---------------------------------------------------------------------------------------------------


@writes("square")
def _square(w: Writer, v: Vertex, xs: list[str]) -> Any:
    return w.node("Mul", xs[0], xs[0])


@writes("rsqrt")
def _rsqrt(w: Writer, v: Vertex, xs: list[str]) -> Any:
    return w.node("Reciprocal", w.node("Sqrt", *xs))


@writes("power")
def _power(w: Writer, v: Vertex, xs: list[str]) -> Any:
    return w.node("Pow", xs[0], number(w, v, attribute(v, "exponent")))


@writes("exp2")
def _exp2(w: Writer, v: Vertex, xs: list[str]) -> Any:
    return w.node("Pow", number(w, v, 2.0), xs[0])


@writes("expm1")
def _expm1(w: Writer, v: Vertex, xs: list[str]) -> Any:
    return w.node("Sub", w.node("Exp", *xs), number(w, v, 1.0))


@writes("log1p")
def _log1p(w: Writer, v: Vertex, xs: list[str]) -> Any:
    return w.node("Log", w.node("Add", xs[0], number(w, v, 1.0)))


@writes("log2", "log10")
def _log_to_base(w: Writer, v: Vertex, xs: list[str]) -> Any:
    return w.node("Div", w.node("Log", *xs), number(w, v, float(np.log(2 if v.op == "log2" else 10))))


@writes("logaddexp")
def _logaddexp(w: Writer, v: Vertex, xs: list[str]) -> Any:
    apart = w.node("Exp", w.node("Neg", w.node("Abs", w.node("Sub", *xs))))
    return w.node("Add", w.node("Max", *xs), w.node("Log", w.node("Add", apart, number(w, v, 1.0))))


@writes("hypot")
def _hypot(w: Writer, v: Vertex, xs: list[str]) -> Any:
    return w.node("Sqrt", w.node("Add", *[w.node("Mul", x, x) for x in xs]))


@writes("erfc")
def _erfc(w: Writer, v: Vertex, xs: list[str]) -> Any:
    return w.node("Sub", number(w, v, 1.0), w.node("Erf", *xs))


@writes("remainder", "floor_divide")
def _remainder(w: Writer, v: Vertex, xs: list[str]) -> Any:
    if not v.dtype.startswith("float"):
        rest = w.node("Mod", *xs)
        return rest if v.op == "remainder" else w.node("Div", w.node("Sub", xs[0], rest), xs[1])
    down = w.node("Floor", w.node("Div", *xs))
    return down if v.op == "floor_divide" else w.node("Sub", xs[0], w.node("Mul", down, xs[1]))


@writes("fmod")
def _fmod(w: Writer, v: Vertex, xs: list[str]) -> Any:
    return w.node("Mod", *xs, fmod=1)


@writes("fmax", "fmin")
def _past_nan(w: Writer, v: Vertex, xs: list[str]) -> Any:
    better = w.node("Max" if v.op == "fmax" else "Min", *xs)
    first = w.node("Where", w.node("IsNaN", xs[1]), xs[0], better)
    return w.node("Where", w.node("IsNaN", xs[0]), xs[1], first)


def _truncated(w: Writer, v: Vertex, x: str) -> Any:
    return w.node("Mul", w.node("Sign", x), w.node("Floor", w.node("Abs", x)))


@writes("trunc", "frac")
def _trunc(w: Writer, v: Vertex, xs: list[str]) -> Any:
    whole = _truncated(w, v, xs[0])
    return whole if v.op == "trunc" else w.node("Sub", xs[0], whole)


@writes("round")
def _round(w: Writer, v: Vertex, xs: list[str]) -> Any:
    if not attribute(v, "decimals"):
        return w.node("Round", *xs)
    scale = number(w, v, 10.0 ** attribute(v, "decimals"))
    return w.node("Div", w.node("Round", w.node("Mul", xs[0], scale)), scale)


# Activations --------------------------------------------------------------------------------------------------


@writes("relu")
def _relu(w: Writer, v: Vertex, xs: list[str]) -> Any:
    return w.node("Relu", *xs) if v.dtype.startswith("float") else w.node("Max", xs[0], number(w, v, 0))


@writes("prelu")
def _prelu(w: Writer, v: Vertex, xs: list[str]) -> Any:
    x, slope = w.sources(v)
    if len(slope.shape) <= len(x.shape) and v.shape == x.shape:
        return w.node("PRelu", *xs)
    return w.node("Where", w.node("Greater", xs[0], number(w, v, 0.0)), xs[0], w.node("Mul", *xs))


@writes("clamp", "hardtanh")
def _clamp(w: Writer, v: Vertex, xs: list[str]) -> Any:
    ends = [attribute(v, end) for end in ("low", "high")]
    return w.node("Clip", xs[0], *["" if end is None else number(w, v, end) for end in ends])


@writes("threshold")
def _threshold(w: Writer, v: Vertex, xs: list[str]) -> Any:
    below = w.node("LessOrEqual", xs[0], number(w, v, attribute(v, "at")))
    return w.node("Where", below, number(w, v, attribute(v, "value")), xs[0])


@writes("hardsigmoid")
def _hardsigmoid(w: Writer, v: Vertex, xs: list[str]) -> Any:
    return w.node("HardSigmoid", *xs, alpha=1 / 6, beta=0.5)


@writes("leaky_relu")
def _leaky_relu(w: Writer, v: Vertex, xs: list[str]) -> Any:
    return w.node("LeakyRelu", *xs, alpha=float(attribute(v, "slope")))


@writes("elu")
def _elu(w: Writer, v: Vertex, xs: list[str]) -> Any:
    alpha, scale, rate = (float(attribute(v, name)) for name in ("alpha", "scale", "rate"))
    if rate == 1.0:
        return w.node("Elu", *xs, alpha=alpha) if scale == 1.0 else w.node("Selu", *xs, alpha=alpha, gamma=scale)
    below = w.node("Mul", w.node("Min", xs[0], number(w, v, 0.0)), number(w, v, rate))
    bent = w.node("Mul", w.node("Sub", w.node("Exp", below), number(w, v, 1.0)), number(w, v, alpha * scale))
    straight = w.node("Mul", w.node("Max", xs[0], number(w, v, 0.0)), number(w, v, scale))
    return w.node("Add", bent, straight)


@writes("gelu_tanh")
def _gelu_tanh(w: Writer, v: Vertex, xs: list[str]) -> Any:
    return w.node("Gelu", *xs, approximate="tanh")


@writes("silu")
def _silu(w: Writer, v: Vertex, xs: list[str]) -> Any:
    return w.node("Mul", xs[0], w.node("Sigmoid", *xs))


@writes("softplus")
def _softplus(w: Writer, v: Vertex, xs: list[str]) -> Any:
    beta, threshold = (number(w, v, attribute(v, name)) for name in ("beta", "threshold"))
    scaled = w.node("Mul", xs[0], beta)
    bent = w.node("Div", w.node("Softplus", scaled), beta)
    return w.node("Where", w.node("Greater", scaled, threshold), xs[0], bent)


@writes("logsigmoid")
def _logsigmoid(w: Writer, v: Vertex, xs: list[str]) -> Any:
    return w.node("Neg", w.node("Softplus", w.node("Neg", *xs)))


@writes("tanhshrink")
def _tanhshrink(w: Writer, v: Vertex, xs: list[str]) -> Any:
    return w.node("Sub", xs[0], w.node("Tanh", *xs))
