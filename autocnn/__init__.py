"""AutoCNN: train convolutional networks, see the graph that training runs, study how gradients flow."""

from autocnn import autograd, func, ops
from autocnn.engine import Tensor, enable_grad, is_grad_enabled, no_grad, scope, set_grad_enabled

__all__ = [
    "Tensor",
    "autograd",
    "enable_grad",
    "func",
    "is_grad_enabled",
    "no_grad",
    "ops",
    "scope",
    "set_grad_enabled",
]
__version__ = "0.1.0"
