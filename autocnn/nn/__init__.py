"""Networks: Module, its containers and layers, first values, and everything as functions."""

from autocnn.nn import functional, init
from autocnn.nn import gradients as utils
from autocnn.nn.activation import LogSoftmax, ReLU, Sigmoid, Softmax, Tanh
from autocnn.nn.containers import (
    Identity,
    ModuleDict,
    ModuleList,
    ParameterDict,
    ParameterList,
    Residual,
    Sequential,
)
from autocnn.nn.conv import Conv1d, Conv2d, Conv3d, ConvTranspose1d, ConvTranspose2d, ConvTranspose3d
from autocnn.nn.dropout import Dropout, Dropout1d, Dropout2d, Dropout3d
from autocnn.nn.linear import Linear
from autocnn.nn.loss import CrossEntropyLoss, NLLLoss
from autocnn.nn.module import Module
from autocnn.nn.normalization import BatchNorm1d, BatchNorm2d, BatchNorm3d, GroupNorm, LayerNorm
from autocnn.nn.parameter import Parameter
from autocnn.nn.pooling import (
    AdaptiveAvgPool1d,
    AdaptiveAvgPool2d,
    AdaptiveAvgPool3d,
    AvgPool1d,
    AvgPool2d,
    AvgPool3d,
    GlobalAvgPool,
    MaxPool1d,
    MaxPool2d,
    MaxPool3d,
)
from autocnn.nn.reshaping import (
    ConstantPad1d,
    ConstantPad2d,
    ConstantPad3d,
    Flatten,
    Fold,
    Unflatten,
    Unfold,
    ZeroPad1d,
    ZeroPad2d,
    ZeroPad3d,
)

__all__ = [
    "AdaptiveAvgPool1d", "AdaptiveAvgPool2d", "AdaptiveAvgPool3d", "AvgPool1d", "AvgPool2d", "AvgPool3d",
    "BatchNorm1d", "BatchNorm2d", "BatchNorm3d", "ConstantPad1d", "ConstantPad2d", "ConstantPad3d",
    "Conv1d", "Conv2d", "Conv3d", "ConvTranspose1d", "ConvTranspose2d", "ConvTranspose3d",
    "CrossEntropyLoss", "Dropout", "Dropout1d", "Dropout2d", "Dropout3d", "Flatten", "Fold",
    "GlobalAvgPool", "GroupNorm", "Identity", "LayerNorm", "Linear", "LogSoftmax", "MaxPool1d", "MaxPool2d",
    "MaxPool3d", "Module", "ModuleDict", "ModuleList", "NLLLoss", "Parameter", "ParameterDict",
    "ParameterList", "ReLU", "Residual", "Sequential", "Sigmoid", "Softmax", "Tanh", "Unflatten", "Unfold",
    "ZeroPad1d", "ZeroPad2d", "ZeroPad3d", "functional", "init", "utils",
]  # fmt: skip
