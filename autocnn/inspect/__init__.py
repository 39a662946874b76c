"""A look into a network: its layers and sizes, what it has learned, and how its gradient flows."""

from autocnn.inspect.attribution import (
    grad_cam,
    guided_backprop,
    input_gradient,
    occlusion,
    saliency,
    smooth_grad,
)
from autocnn.inspect.by_hand import Formula, by_hand
from autocnn.inspect.equivariance import Equivariance, LayerError, Transform, equivariance, flip, shift, turn
from autocnn.inspect.features import Maximised, Patches, feature_maps, filters, maximise, nearest_patches
from autocnn.inspect.integrated import Integrated, integrated_gradients
from autocnn.inspect.layers import Layer, Window, layers, layers_of
from autocnn.inspect.moving import ShiftAccuracy, accuracy_under_shift
from autocnn.inspect.pictures import draw_flow, draw_paths, flow_numbers
from autocnn.inspect.sharing import Connection, Sharing, sharing, toeplitz
from autocnn.inspect.steps import ConvolutionSteps, Sum, Term, convolution_steps, convolution_steps_of
from autocnn.inspect.summary import Summary, summary

__all__ = [
    "Connection", "ConvolutionSteps", "Equivariance", "Formula", "Integrated", "Layer", "LayerError",
    "Maximised", "Patches", "Sharing", "ShiftAccuracy", "Sum", "Summary", "Term", "Transform", "Window",
    "accuracy_under_shift", "by_hand", "convolution_steps", "convolution_steps_of", "draw_flow", "draw_paths",
    "equivariance", "feature_maps", "filters", "flip", "flow_numbers", "grad_cam", "guided_backprop",
    "input_gradient", "integrated_gradients", "layers", "layers_of", "maximise", "nearest_patches", "occlusion",
    "saliency", "sharing", "shift", "smooth_grad", "summary", "toeplitz", "turn",
]  # fmt: skip
