"""Networks: Module, its containers and layers, first values, and everything as functions."""

from autocnn.nn import gradients as utils
from autocnn.nn.containers import (
    Identity,
    ModuleDict,
    ModuleList,
    ParameterDict,
    ParameterList,
    Residual,
    Sequential,
)
from autocnn.nn.module import Module
from autocnn.nn.parameter import Parameter

__all__ = [
    "Identity", "Module", "ModuleDict", "ModuleList", "Parameter", "ParameterDict", "ParameterList", "Residual",
    "Sequential", "utils",
]  # fmt: skip
