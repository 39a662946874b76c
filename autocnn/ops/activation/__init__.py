"""Activation functions: piecewise, smooth, along an axis."""

from autocnn.ops.activation.rectifiers import (
    celu,
    elu,
    hardsigmoid,
    hardswish,
    hardtanh,
    leaky_relu,
    prelu,
    relu,
    relu6,
    selu,
    threshold,
)
from autocnn.ops.activation.shrinks import (
    hardshrink,
    rrelu,
    softshrink,
)
from autocnn.ops.activation.smooth import (
    gelu,
    logsigmoid,
    mish,
    silu,
    softplus,
    softsign,
    tanhshrink,
)
from autocnn.ops.activation.softmax import (
    glu,
    log_softmax,
    softmax,
    softmin,
)

__all__ = [
    "celu",
    "elu",
    "gelu",
    "glu",
    "hardshrink",
    "hardsigmoid",
    "hardswish",
    "hardtanh",
    "leaky_relu",
    "log_softmax",
    "logsigmoid",
    "mish",
    "prelu",
    "relu",
    "relu6",
    "rrelu",
    "selu",
    "silu",
    "softmax",
    "softmin",
    "softplus",
    "softshrink",
    "softsign",
    "tanhshrink",
    "threshold",
]
