"""The kernels that ops call: convolution, pooling, normalisation, products, for any NumPy-like namespace.

Pure functions of arrays; ``xp`` is the namespace that owns them. Results of rank 3 to 5 are channels-last. The
modules here serve every namespace and dtype; for NumPy's arrays oneDNN is asked first, which takes 32-bit floats
where it is installed.
"""

from autocnn.backend import sums as _plain_sums
from autocnn.backend.kernels import activation as _activation
from autocnn.backend.kernels import adaptive as _adaptive
from autocnn.backend.kernels import arithmetic as _arithmetic
from autocnn.backend.kernels import conv as _conv
from autocnn.backend.kernels import norm as _norm
from autocnn.backend.kernels import pool as _pool
from autocnn.backend.kernels import products as _products
from autocnn.backend.kernels import rectifiers as _rectifiers
from autocnn.backend.kernels import recurrent as _recurrent
from autocnn.backend.kernels import resize as _resize
from autocnn.backend.kernels import smooth as _smooth
from autocnn.backend.kernels import windows as _windows
from autocnn.backend.kernels.error_function import erf, erfc, erfinv
from autocnn.backend.kernels.extremes import greatest, least
from autocnn.backend.kernels.fold import fold, unfold
from autocnn.backend.kernels.pool import max_flat_indices, max_take
from autocnn.backend.kernels.rectifiers import clamp, hardsigmoid
from autocnn.backend.kernels.serving import first
from autocnn.backend.kernels.smooth import mish, mish_backward, softplus
from autocnn.backend.kernels.windows import channels_last, empty, logical
from autocnn.backend.onednn import activation as _quick
from autocnn.backend.onednn import broadcast as _broadcast
from autocnn.backend.onednn import convolution as _convolution
from autocnn.backend.onednn import elementwise as _elementwise
from autocnn.backend.onednn import groups as _groups
from autocnn.backend.onednn import matmul as _matmul
from autocnn.backend.onednn import normalization as _normalization
from autocnn.backend.onednn import pooling as _pooling
from autocnn.backend.onednn import prelu as _prelu
from autocnn.backend.onednn import recurrent as _long_short
from autocnn.backend.onednn import reorder as _reorder
from autocnn.backend.onednn import resampling as _resampling
from autocnn.backend.onednn import softmax as _softmax
from autocnn.backend.onednn import sums as _sums

conv_input = first(_convolution.conv_input, _conv.conv_input)
conv_weight = first(_convolution.conv_weight, _conv.conv_weight)
conv = first(_convolution.conv, _conv.conv)

adaptive_average = first(_pooling.adaptive_average, _adaptive.adaptive_average)
adaptive_spread = first(_pooling.adaptive_spread, _adaptive.adaptive_spread)
average = first(_pooling.average, _pool.average)
average_spread = first(_pooling.average_spread, _pool.average_spread)
max_pool = first(_pooling.max_pool, _pool.max_pool)
max_scatter = first(_pooling.max_scatter, _pool.max_scatter)

batch_norm = first(_normalization.batch_norm, _norm.batch_norm)
batch_norm_backward = first(_normalization.batch_norm_backward, _norm.batch_norm_backward)
batch_norm_relu = first(_normalization.batch_norm_relu, _norm.batch_norm_relu)
batch_norm_relu_backward = first(_normalization.batch_norm_relu_backward, _norm.batch_norm_relu_backward)
batch_norm_inference = first(_normalization.batch_norm_inference, _norm.batch_norm_inference)
channel_sum = first(_sums.channel_sum, _norm.channel_sum)
standardize = first(_groups.standardize, _norm.standardize)
standardize_backward = first(_groups.standardize_backward, _norm.standardize_backward)

reshape = first(_reorder.reshape, _windows.reshape)
resize = first(_resampling.resize, _resize.resize)
unresize = first(_resampling.unresize, _resize.unresize)
add = first(_broadcast.add, _activation.add)
sub = first(_broadcast.sub, _arithmetic.sub)
mul = first(_broadcast.mul, _arithmetic.mul)
div = first(_broadcast.div, _arithmetic.div)
neg = first(_broadcast.neg, _arithmetic.neg)
masked = first(_broadcast.masked, _arithmetic.masked)
total = first(_sums.total, _plain_sums.total)
add_into = first(_elementwise.add_into, _activation.add_into)
add_relu = first(_elementwise.add_relu, _activation.add_relu)
tanh_backward = first(_elementwise.tanh_backward, _activation.tanh_backward)

cat = first(_reorder.cat, _windows.cat)
gru, gru_backward = _recurrent.gru, _recurrent.gru_backward
lstm = first(_long_short.lstm, _recurrent.lstm)
lstm_backward = first(_long_short.lstm_backward, _recurrent.lstm_backward)

matmul = first(_matmul.matmul, _products.matmul)
softmax = first(_softmax.softmax, _activation.softmax)
softmax_backward = first(_softmax.softmax_backward, _activation.softmax_backward)
log_softmax = first(_softmax.log_softmax, _activation.log_softmax)
prelu = first(_prelu.prelu, _activation.prelu)
relu = first(_elementwise.relu, _activation.relu)
relu_backward = first(_elementwise.relu_backward, _activation.relu_backward)
log_softmax_backward = first(_softmax.log_softmax_backward, _activation.log_softmax_backward)

clamp_backward = first(_quick.clamp_backward, _rectifiers.clamp_backward)
elu = first(_quick.elu, _rectifiers.elu)
elu_backward = first(_quick.elu_backward, _rectifiers.elu_backward)
hardswish = first(_quick.hardswish, _rectifiers.hardswish)
hardswish_backward = first(_quick.hardswish_backward, _rectifiers.hardswish_backward)
hardtanh_backward = first(_quick.hardtanh_backward, _rectifiers.hardtanh_backward)
leaky_relu = first(_quick.leaky_relu, _rectifiers.leaky_relu)
leaky_relu_backward = first(_quick.leaky_relu_backward, _rectifiers.leaky_relu_backward)

gelu = first(_quick.gelu, _smooth.gelu)
gelu_backward = first(_quick.gelu_backward, _smooth.gelu_backward)
gelu_tanh = first(_quick.gelu_tanh, _smooth.gelu_tanh)
gelu_tanh_backward = first(_quick.gelu_tanh_backward, _smooth.gelu_tanh_backward)
sigmoid = first(_quick.sigmoid, _smooth.sigmoid)
sigmoid_backward = first(_quick.sigmoid_backward, _smooth.sigmoid_backward)
silu = first(_quick.silu, _smooth.silu)
silu_backward = first(_quick.silu_backward, _smooth.silu_backward)
softplus_backward = first(_quick.softplus_backward, _smooth.softplus_backward)

__all__ = [
    "adaptive_average", "adaptive_spread", "add", "add_into", "add_relu", "average", "average_spread",
    "batch_norm", "batch_norm_backward", "batch_norm_inference", "batch_norm_relu",
    "batch_norm_relu_backward", "cat", "channel_sum", "channels_last", "clamp", "clamp_backward", "conv",
    "conv_input", "conv_weight", "div", "elu", "elu_backward", "empty", "erf", "erfc", "erfinv", "fold",
    "gelu", "gelu_backward", "gelu_tanh", "gelu_tanh_backward", "greatest", "gru", "gru_backward",
    "hardsigmoid", "hardswish", "hardswish_backward", "hardtanh_backward", "leaky_relu",
    "leaky_relu_backward", "least", "log_softmax", "log_softmax_backward", "logical", "lstm", "lstm_backward",
    "masked", "matmul", "max_flat_indices", "max_pool", "max_scatter", "max_take", "mish", "mish_backward",
    "mul", "neg", "prelu", "relu", "relu_backward", "reshape", "resize", "sigmoid", "sigmoid_backward",
    "silu", "silu_backward", "softmax", "softmax_backward", "softplus", "softplus_backward", "standardize",
    "standardize_backward", "sub", "tanh_backward", "total", "unfold", "unresize",
]  # fmt: skip
