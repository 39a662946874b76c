"""Names that PyTorch has at its top and that are no ops: types, formats, settings, spellings in place."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from autocnn.compat.files import load, save
from autocnn.compat.kinds import (
    BoolTensor,
    ByteTensor,
    CharTensor,
    DoubleTensor,
    FloatTensor,
    HalfTensor,
    IntTensor,
    LongTensor,
    ShortTensor,
)
from autocnn.compat.switches import autocast
from autocnn.engine import METHODS
from autocnn.errors import MissingError
from autocnn.nn import functional

dtype = np.dtype
strided = "strided"
contiguous_format, channels_last, channels_last_3d, preserve_format = (
    "contiguous_format", "channels_last", "channels_last_3d", "preserve_format",
)  # fmt: skip
newaxis = None
_LAYERS = (
    "adaptive_avg_pool1d", "adaptive_max_pool1d", "alpha_dropout", "avg_pool1d", "bilinear",
    "binary_cross_entropy_with_logits", "celu_", "channel_shuffle", "conv_transpose1d", "conv_transpose2d",
    "conv_transpose3d", "cosine_similarity", "group_norm", "hardshrink", "kl_div", "layer_norm", "max_pool1d",
    "max_pool2d", "max_pool3d", "pairwise_distance", "pixel_shuffle", "pixel_unshuffle", "rms_norm", "selu_",
    "threshold_",
)  # fmt: skip
"""Functions of `nn.functional` that PyTorch has at its top too, with the same arguments."""

layout = memory_format = str


class Size(tuple[int, ...]):
    """A shape: a tuple that knows how many elements there are.

    >>> Size((2, 3)).numel()
    6
    """

    __slots__ = ()

    def numel(self) -> int:
        """How many elements a tensor of this shape has."""
        return int(np.prod(self, dtype=np.int64))


def compile(model: Any = None, **settings: Any) -> Any:
    """The model as it is: nothing needs to be compiled here. Also a decorator, with or without settings.

    >>> compile(len) is compile()(len) is len
    True
    """
    return (lambda model: model) if model is None else model


def set_default_tensor_type(t: Any) -> None:
    """Make a type's dtype the one of new tensors: ``"torch.DoubleTensor"``, or the type.

    >>> set_default_tensor_type("torch.FloatTensor")
    """
    from autocnn.engine.tensor import set_default_dtype

    set_default_dtype(globals()[t.rpartition(".")[2]].dtype if isinstance(t, str) else t.dtype)


def is_autocast_enabled(device_type: str = "cpu") -> bool:
    """No: every dtype is what it is said to be.

    >>> is_autocast_enabled()
    False
    """
    return False


is_autocast_cpu_enabled = is_autocast_cache_enabled = is_autocast_enabled


def get_autocast_dtype(device_type: str = "cpu") -> Any:
    """The dtype that nothing is cast to.

    >>> get_autocast_dtype("cuda")
    dtype('float16')
    """
    return np.dtype("float16")


get_autocast_gpu_dtype = get_autocast_cpu_dtype = get_autocast_dtype


def get_default_device() -> str:
    """Where new tensors lie.

    >>> get_default_device()
    'cpu'
    """
    return "cpu"


def are_deterministic_algorithms_enabled() -> bool:
    """Yes: the same computation always gives the same numbers.

    >>> are_deterministic_algorithms_enabled()
    True
    """
    return True


def use_deterministic_algorithms(mode: bool, *, warn_only: bool = False) -> None:
    """Nothing: they are.

    >>> use_deterministic_algorithms(True)
    """


def __getattr__(name: str) -> Callable[..., Any]:
    """`relu_(x)` for `x.relu_()`, and layers as functions."""
    if name in _LAYERS and name in functional.__all__:
        return getattr(functional, name)  # type: ignore[no-any-return]
    if name.endswith("_") and not name.startswith("_") and name in METHODS:
        return METHODS[name]
    raise MissingError(__name__, name, lambda: __all__)


__all__ = [
    "BoolTensor", "ByteTensor", "CharTensor", "DoubleTensor", "FloatTensor", "HalfTensor", "IntTensor",
    "LongTensor", "ShortTensor", "Size", "are_deterministic_algorithms_enabled", "autocast", "channels_last",
    "channels_last_3d", "compile", "contiguous_format", "dtype", "get_autocast_dtype", "get_default_device",
    "is_autocast_enabled", "layout", "load", "memory_format", "newaxis", "preserve_format", "save",
    "set_default_tensor_type", "strided", "use_deterministic_algorithms",
]  # fmt: skip
