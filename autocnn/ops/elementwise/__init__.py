"""Elementwise functions, with broadcasting and PyTorch's promotion."""

from autocnn.ops.elementwise.arithmetic import (
    abs,
    add,
    addcdiv,
    addcmul,
    div,
    floor_divide,
    fmod,
    lerp,
    mul,
    neg,
    positive,
    reciprocal,
    remainder,
    rsub,
    sign,
    square,
    sub,
    true_divide,
)
from autocnn.ops.elementwise.casts import cast
from autocnn.ops.elementwise.exponential import (
    exp,
    exp2,
    expm1,
    float_power,
    hypot,
    log,
    log1p,
    log2,
    log10,
    logaddexp,
    pow,
    rsqrt,
    sqrt,
)
from autocnn.ops.elementwise.trigonometry import (
    acos,
    acosh,
    asin,
    asinh,
    atan,
    atan2,
    atanh,
    cos,
    cosh,
    sigmoid,
    sin,
    sinh,
    tan,
    tanh,
)

__all__ = [
    "abs", "acos", "acosh", "add", "addcdiv", "addcmul", "asin", "asinh", "atan", "atan2", "atanh", "cast",
    "cos", "cosh", "div", "exp", "exp2", "expm1", "float_power", "floor_divide", "fmod", "hypot", "lerp",
    "log", "log1p", "log2", "log10", "logaddexp", "mul", "neg", "positive", "pow", "reciprocal", "remainder",
    "rsqrt", "rsub", "sigmoid", "sign", "sin", "sinh", "sqrt", "square", "sub", "tan", "tanh", "true_divide",
]  # fmt: skip
