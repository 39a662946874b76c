"""Reference kernels on plain arrays: convolution, pooling and normalisation for any NumPy-like namespace.

Pure functions of arrays; ``xp`` is the namespace that owns them. Results of rank 3 to 5 are channels-last.
"""

from autocnn.backend.kernels.adaptive import adaptive_average, adaptive_spread
from autocnn.backend.kernels.conv import conv, conv_input, conv_weight
from autocnn.backend.kernels.fold import fold, unfold
from autocnn.backend.kernels.norm import (
    batch_norm,
    batch_norm_backward,
    batch_norm_inference,
    channel_sum,
    standardize,
    standardize_backward,
)
from autocnn.backend.kernels.pool import (
    average,
    average_spread,
    max_flat_indices,
    max_pool,
    max_scatter,
    max_take,
)
from autocnn.backend.kernels.windows import channels_last, empty, logical

__all__ = [
    "adaptive_average", "adaptive_spread", "average", "average_spread", "batch_norm", "batch_norm_backward",
    "batch_norm_inference", "channel_sum", "channels_last", "conv", "conv_input", "conv_weight", "empty", "fold",
    "logical", "max_flat_indices", "max_pool", "max_scatter", "max_take", "standardize", "standardize_backward",
    "unfold",
]  # fmt: skip
