"""What PyTorch has in `nn.utils`: all gradients and parameters at once, weights of given size, fused layers."""

from autocnn.nn import fusing as fusion
from autocnn.nn import parametrizations, parametrize
from autocnn.nn.fusing import fuse_conv_bn_eval, fuse_conv_bn_weights, fuse_linear_bn_eval
from autocnn.nn.gradients import (
    clip_grad_norm,
    clip_grad_norm_,
    clip_grad_value_,
    parameters_to_vector,
    vector_to_parameters,
)
from autocnn.nn.weight_norms import remove_spectral_norm, remove_weight_norm, spectral_norm, weight_norm

__all__ = [
    "clip_grad_norm", "clip_grad_norm_", "clip_grad_value_", "fuse_conv_bn_eval", "fuse_conv_bn_weights",
    "fuse_linear_bn_eval", "fusion", "parameters_to_vector", "parametrizations", "parametrize",
    "remove_spectral_norm", "remove_weight_norm", "spectral_norm", "vector_to_parameters", "weight_norm",
]  # fmt: skip
