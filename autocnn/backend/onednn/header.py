"""What oneDNN's C header says, for every version 3: the numbers of its names, the arguments of its functions."""

from __future__ import annotations

import ctypes

FLOAT, INT, BYTE = 3, 4, 6
"""Element types: 32-bit float, 32-bit signed and 8-bit unsigned integer."""

ANY = 1
"""The format tag by which the library chooses a memory layout itself."""

CPU, IN_ORDER, USER_SCRATCHPAD = 1, 1, 1

# Ways of propagation.
TRAINING, INFERENCE, BACKWARD, BACKWARD_DATA = 64, 96, 128, 160

# Algorithms.
DIRECT = 1
MAX_POOLING, MEAN_WITH_PADDING, MEAN_WITHOUT_PADDING = 0x1FF, 0x2FF, 0x3FF
SOFTMAX, LOG_SOFTMAX = 0x30000, 0x30001
RELU, ELU, SQRT, LINEAR, SOFTPLUS, SIGMOID = 0x20, 0x22, *range(0x25, 0x28), 0x29
GELU_TANH, SWISH, WITHIN, BETWEEN, GELU, HARDSWISH = 0x2B, 0x2C, 0x2E, 0x2F, 0x31, 0x34
RELU_OF_RESULT, TANH_OF_RESULT, SIGMOID_OF_RESULT = 0x100, 0x101, 0x104
RESAMPLING_NEAREST, RESAMPLING_LINEAR = 0x2FFF0, 0x2FFF1
ADD, MUL, DIV, SUB = 0x1FFF0, 0x1FFF1, 0x1FFF4, 0x1FFF5
REDUCE_SUM = 0x2FFF4

# Flags of normalisation.
GLOBAL_STATISTICS, USE_SCALE, USE_SHIFT, FUSE_RELU = 1, 2, 4, 8

# Directions of recurrent layers.
LEFT_TO_RIGHT, RIGHT_TO_LEFT = 1, 2

# Questions to a primitive's description.
ASK_NAME = 8
ASK_WEIGHTS, ASK_WEIGHTS_GRADIENT, ASK_WORKSPACE, ASK_SCRATCHPAD = 131, 132, 135, 136

# Places of a primitive's arguments.
SRC, SRC_1, DST, WEIGHTS, BIAS, MEAN, VARIANCE, SCALE, SHIFT = 1, 2, 17, 33, 41, 49, 50, 51, 52
STATE, CELL, STATE_AFTER, CELL_AFTER, STATE_WEIGHTS = 2, 3, 18, 19, 34
WORKSPACE, SCRATCHPAD = 64, 80
GRADIENT = 128
"""With the place of an operand: its gradient."""
SRC_GRADIENT, DST_GRADIENT, WEIGHTS_GRADIENT, BIAS_GRADIENT = 129, 145, 161, 169
SCALE_GRADIENT, SHIFT_GRADIENT = 255, 256
SCALE_OF, BEHIND = 1 << 12, 1 << 15
"""With the place of an operand: its scale; n times, with that of a second operand: that of the n-th op behind."""

THREADPOOL = 8
"""A library of this CPU runtime has no threads of its own and wants ours."""

STATUS = {
    1: "out of memory", 2: "invalid arguments", 3: "unimplemented", 4: "no further implementation",
    5: "runtime error", 6: "not required",
}  # fmt: skip


class Argument(ctypes.Structure):
    """One argument of a primitive: its place and the memory object that stands there."""

    _fields_ = [("place", ctypes.c_int), ("memory", ctypes.c_void_p)]


class Version(ctypes.Structure):
    """The version of a library, and how it was built."""

    _fields_ = [
        ("major", ctypes.c_int), ("minor", ctypes.c_int), ("patch", ctypes.c_int), ("hash", ctypes.c_char_p),
        ("cpu_runtime", ctypes.c_uint), ("gpu_runtime", ctypes.c_uint),
    ]  # fmt: skip


_KINDS = {"p": ctypes.c_void_p, "i": ctypes.c_int, "u": ctypes.c_uint, "f": ctypes.c_float, "z": ctypes.c_size_t}

FUNCTIONS = {
    "engine_create": "piz",
    "stream_create": "ppu",
    "stream_destroy": "p",
    "memory_desc_create_with_strides": "pipip",
    "memory_desc_create_with_tag": "pipii",
    "memory_desc_destroy": "p",
    "memory_desc_equal": "pp",
    "memory_create": "pppp",
    "memory_set_data_handle": "pp",
    "memory_destroy": "p",
    "primitive_attr_create": "p",
    "primitive_attr_set_scratchpad_mode": "pi",
    "primitive_attr_set_post_ops": "pp",
    "primitive_attr_set_scales_mask": "pii",
    "primitive_attr_destroy": "p",
    "post_ops_create": "p",
    "post_ops_append_eltwise": "piff",
    "post_ops_append_binary": "pip",
    "post_ops_append_sum": "pfii",
    "post_ops_destroy": "p",
    "primitive_desc_query": "piip",
    "primitive_desc_next_impl": "p",
    "primitive_desc_destroy": "p",
    "primitive_create": "pp",
    "primitive_execute": "ppip",
    "primitive_destroy": "p",
    "convolution_forward_primitive_desc_create": "ppiippppppppp",
    "convolution_backward_data_primitive_desc_create": "ppippppppppp",
    "convolution_backward_weights_primitive_desc_create": "ppipppppppppp",
    "pooling_forward_primitive_desc_create": "ppiipppppppp",
    "pooling_backward_primitive_desc_create": "ppippppppppp",
    "batch_normalization_forward_primitive_desc_create": "ppippfup",
    "batch_normalization_backward_primitive_desc_create": "ppipppfupp",
    "layer_normalization_forward_primitive_desc_create": "ppipppfup",
    "layer_normalization_backward_primitive_desc_create": "ppippppfupp",
    "softmax_forward_primitive_desc_create": "ppiippip",
    "softmax_backward_primitive_desc_create": "ppipppipp",
    "matmul_primitive_desc_create": "ppppppp",
    "eltwise_forward_primitive_desc_create": "ppiippffp",
    "eltwise_backward_primitive_desc_create": "ppipppffpp",
    "binary_primitive_desc_create": "ppipppp",
    "resampling_forward_primitive_desc_create": "ppiipppp",
    "resampling_backward_primitive_desc_create": "ppippppp",
    "prelu_forward_primitive_desc_create": "ppipppp",
    "reduction_primitive_desc_create": "ppippffp",
    "reorder_primitive_desc_create": "pppppp",
    "lstm_forward_primitive_desc_create": "ppii" + "p" * 11 + "up",
    "lstm_backward_primitive_desc_create": "ppii" + "p" * 22 + "upp",
}
"""The functions in use, without their prefix: all return a status; they take pointers (p), numbers (i u f z)."""

SIZES = {"memory_desc_get_size": "p"}
"""The functions that return a size."""


def declare(library: ctypes.CDLL) -> None:
    """Tell ctypes the arguments of every function in use; raises AttributeError where one is missing."""
    for table, result in ((FUNCTIONS, ctypes.c_int), (SIZES, ctypes.c_size_t)):
        for name, arguments in table.items():
            function = getattr(library, "dnnl_" + name)
            function.argtypes = [_KINDS[kind] for kind in arguments]
            function.restype = result
    library.dnnl_version.argtypes = []
    library.dnnl_version.restype = ctypes.POINTER(Version)
