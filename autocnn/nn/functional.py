"""Everything that layers compute, as functions, under PyTorch's names.

>>> relu(Tensor([-1.0, 2.0])).tolist()
[0.0, 2.0]
"""

from __future__ import annotations

from typing import Any

from autocnn import ops
from autocnn.engine import Tensor
from autocnn.engine.inplace import write
from autocnn.ops import (
    adaptive_avg_pool1d,
    adaptive_avg_pool2d,
    adaptive_avg_pool3d,
    avg_pool1d,
    avg_pool2d,
    avg_pool3d,
    batch_norm,
    conv1d,
    conv2d,
    conv3d,
    conv_transpose1d,
    conv_transpose2d,
    conv_transpose3d,
    cross_entropy,
    dropout,
    dropout1d,
    dropout2d,
    dropout3d,
    fold,
    global_avg_pool,
    group_norm,
    layer_norm,
    linear,
    log_softmax,
    max_pool1d,
    max_pool2d,
    max_pool3d,
    nll_loss,
    one_hot,
    pad,
    sigmoid,
    softmax,
    tanh,
    unfold,
)

__all__ = [
    "adaptive_avg_pool1d", "adaptive_avg_pool2d", "adaptive_avg_pool3d", "avg_pool1d", "avg_pool2d",
    "avg_pool3d", "batch_norm", "conv1d", "conv2d", "conv3d", "conv_transpose1d", "conv_transpose2d",
    "conv_transpose3d", "cross_entropy", "dropout", "dropout1d", "dropout2d", "dropout3d", "fold",
    "global_avg_pool", "group_norm", "layer_norm", "linear", "log_softmax", "max_pool1d", "max_pool2d",
    "max_pool3d", "nll_loss", "one_hot", "pad", "relu", "sigmoid", "softmax", "tanh", "unfold",
]  # fmt: skip


def relu(input: Any, inplace: bool = False) -> Tensor:
    """max(x, 0), in a tensor of its own or written over x.

    >>> x = Tensor([-1.0, 2.0])
    >>> relu(x, inplace=True) is x, x.tolist()
    (True, [0.0, 2.0])
    """
    z = ops.relu(input)
    return write(input, z, "relu_") if inplace else z
