"""Blocks that networks are built of, by torchvision's names, arguments and parameter names where it has them."""

from autocnn.nn.blocks.attention import SqueezeExcitation
from autocnn.nn.blocks.dense import DenseBlock, DenseLayer, Transition
from autocnn.nn.blocks.inception import BasicConv2d, Inception
from autocnn.nn.blocks.local import LocallyConnected2d
from autocnn.nn.blocks.separable import Conv2dNormActivation, DepthwiseSeparableConv2d, InvertedResidual
from autocnn.nn.blocks.standardized import WSConv1d, WSConv2d, WSConv3d
from autocnn.nn.dropout import StochasticDepth

__all__ = [
    "BasicConv2d",
    "Conv2dNormActivation",
    "DenseBlock",
    "DenseLayer",
    "DepthwiseSeparableConv2d",
    "Inception",
    "InvertedResidual",
    "LocallyConnected2d",
    "SqueezeExcitation",
    "StochasticDepth",
    "Transition",
    "WSConv1d",
    "WSConv2d",
    "WSConv3d",
]
