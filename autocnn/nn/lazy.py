"""Layers that learn from their first input how many features it has."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from autocnn.engine import Tensor
from autocnn.nn.conv import Conv1d, Conv2d, Conv3d, ConvTranspose1d, ConvTranspose2d, ConvTranspose3d
from autocnn.nn.linear import Linear
from autocnn.nn.module import Module
from autocnn.nn.normalization import (
    BatchNorm1d,
    BatchNorm2d,
    BatchNorm3d,
    InstanceNorm1d,
    InstanceNorm2d,
    InstanceNorm3d,
)
from autocnn.nn.parameter import Parameter
from autocnn.ops import empty

Numbers = int | Sequence[int]


class UninitializedParameter(Parameter):
    """A parameter whose shape is not known yet; it has no elements until `materialize`.

    >>> p = UninitializedParameter()
    >>> p.materialize((2, 3))
    >>> type(p).__name__, p.shape
    ('Parameter', (2, 3))
    """

    __slots__ = ()

    def materialize(self, shape: Sequence[int], device: Any = None, dtype: Any = None) -> None:
        """Become a parameter of this shape, of values to be written; it stays the same object."""
        self.data = empty(*shape, device=device or self.device, dtype=dtype or self.dtype)
        self.__class__ = Parameter  # type: ignore[assignment]


class _Lazy(Module):
    """A layer of no features that becomes another of as many as its first input has on an axis."""

    cls_to_become: ClassVar[Any]
    _axis: ClassVar[int] = 1
    _features: ClassVar[str]

    def _await(self, *settings: Any, **named: Any) -> None:
        """Be as the layer of one feature would be, but for what depends on their number."""
        self._settings = settings, named
        groups = named.get("groups", 1)
        pattern = self.cls_to_become(groups, *settings, **named)
        self.__dict__.update(_plain(pattern))
        setattr(self, self._features, 0)
        for name, parameter in pattern._parameters.items():
            waits = None
            if parameter is not None:
                waits = UninitializedParameter(empty(0, device=parameter.device, dtype=parameter.dtype))
            self.register_parameter(name, waits)
        for name, buffer in pattern._buffers.items():
            if buffer is not None and buffer.ndim:
                buffer = empty(0, device=buffer.device, dtype=buffer.dtype)
            self.register_buffer(name, buffer)

    def has_uninitialized_params(self) -> bool:
        """Whether the shape of a parameter is not known yet."""
        return any(isinstance(p, UninitializedParameter) for p in self._parameters.values())

    def initialize_parameters(self, input: Tensor) -> None:
        """Take on the shapes that fit an input, and first values, unless a state has brought them already."""
        settings, named = self._settings
        made = self.cls_to_become(input.shape[self._axis], *settings, **named)
        self.__dict__.update(_plain(made))
        for name, parameter in made._parameters.items():
            mine = self._parameters[name]
            if isinstance(mine, UninitializedParameter) and parameter is not None:
                mine.materialize(parameter.shape, parameter.device, mine.dtype)
                mine.data = parameter.detach().to(mine)
        for name, buffer in made._buffers.items():
            old = self._buffers[name]
            if old is not None and buffer is not None and old.shape == (0,):
                self._buffers[name] = buffer.to(old)

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """What the layer computes that this one becomes now."""
        self.initialize_parameters(args[0] if args else next(iter(kwargs.values())))
        del self._settings
        self.__class__ = self.cls_to_become
        return self.forward(*args, **kwargs)

    def _load_from_state_dict(self, state_dict: dict[str, Any], prefix: str, *args: Any) -> None:
        for name, parameter in self._parameters.items():
            given = state_dict.get(prefix + name)
            if isinstance(parameter, UninitializedParameter) and given is not None:
                if isinstance(given, UninitializedParameter) or 0 in given.shape:
                    state_dict[prefix + name] = parameter.detach()  # it waits there too
                else:
                    parameter.materialize(given.shape)
        for name, buffer in self._buffers.items():
            given = state_dict.get(prefix + name)
            if buffer is not None and given is not None and tuple(given.shape) != buffer.shape:
                self._buffers[name] = empty(*given.shape, dtype=buffer.dtype, device=buffer.device)
        super()._load_from_state_dict(state_dict, prefix, *args)


def _plain(module: Module) -> dict[str, Any]:
    """A module's settings."""
    return {k: v for k, v in vars(module).items() if not k.startswith("_") and k != "training"}


class LazyLinear(_Lazy, Linear):
    """Linear, of as many input features as the first input has.

    >>> from autocnn import ones
    >>> layer = LazyLinear(3)
    >>> _ = layer(ones(1, 2))
    >>> layer
    Linear(in_features=2, out_features=3, bias=True)  # 9 parameters: weight (3, 2), bias (3,)
    """

    cls_to_become = Linear
    _axis = -1
    _features = "in_features"

    def __init__(self, out_features: int, bias: bool = True, device: Any = None, dtype: Any = None) -> None:
        self._await(out_features, bias, device=device, dtype=dtype)


class _LazyConv(_Lazy):
    _features = "in_channels"

    def __init__(
        self, out_channels: int, kernel_size: Numbers, stride: Numbers = 1, padding: Any = 0,
        dilation: Numbers = 1, groups: int = 1, bias: bool = True, padding_mode: str = "zeros",
        device: Any = None, dtype: Any = None,
    ) -> None:  # fmt: skip
        self._await(
            out_channels, kernel_size, stride, padding, dilation, groups=groups, bias=bias,
            padding_mode=padding_mode, device=device, dtype=dtype,
        )  # fmt: skip


class _LazyConvTranspose(_Lazy):
    _features = "in_channels"

    def __init__(
        self, out_channels: int, kernel_size: Numbers, stride: Numbers = 1, padding: Numbers = 0,
        output_padding: Numbers = 0, groups: int = 1, bias: bool = True, dilation: int = 1,
        padding_mode: str = "zeros", device: Any = None, dtype: Any = None,
    ) -> None:  # fmt: skip
        self._await(
            out_channels, kernel_size, stride, padding, output_padding, groups=groups, bias=bias,
            dilation=dilation, padding_mode=padding_mode, device=device, dtype=dtype,
        )  # fmt: skip


class _LazyNorm(_Lazy):
    _features = "num_features"

    def __init__(
        self, eps: float = 1e-5, momentum: float | None = 0.1, affine: bool = True,
        track_running_stats: bool = True, device: Any = None, dtype: Any = None, *, bias: bool = True,
    ) -> None:  # fmt: skip
        self._await(eps, momentum, affine, track_running_stats, device=device, dtype=dtype, bias=bias)


class LazyConv1d(_LazyConv, Conv1d):
    """Conv1d, of as many input channels as the first input has.

    >>> from autocnn import ones
    >>> layer = LazyConv1d(2, 1)
    >>> _ = layer(ones(2, 3, 4))
    >>> type(layer) is Conv1d, layer.in_channels
    (True, 3)
    """

    cls_to_become = Conv1d
    _axis = -2


class LazyConv2d(_LazyConv, Conv2d):
    """Conv2d, of as many input channels as the first input has.

    >>> from autocnn import ones
    >>> layer = LazyConv2d(2, 1)
    >>> _ = layer(ones(2, 3, 4, 4))
    >>> type(layer) is Conv2d, layer.in_channels
    (True, 3)
    """

    cls_to_become = Conv2d
    _axis = -3


class LazyConv3d(_LazyConv, Conv3d):
    """Conv3d, of as many input channels as the first input has.

    >>> from autocnn import ones
    >>> layer = LazyConv3d(2, 1)
    >>> _ = layer(ones(2, 3, 4, 4, 4))
    >>> type(layer) is Conv3d, layer.in_channels
    (True, 3)
    """

    cls_to_become = Conv3d
    _axis = -4


class LazyConvTranspose1d(_LazyConvTranspose, ConvTranspose1d):
    """ConvTranspose1d, of as many input channels as the first input has.

    >>> from autocnn import ones
    >>> layer = LazyConvTranspose1d(2, 1)
    >>> _ = layer(ones(2, 3, 4))
    >>> type(layer) is ConvTranspose1d, layer.in_channels
    (True, 3)
    """

    cls_to_become = ConvTranspose1d
    _axis = -2


class LazyConvTranspose2d(_LazyConvTranspose, ConvTranspose2d):
    """ConvTranspose2d, of as many input channels as the first input has.

    >>> from autocnn import ones
    >>> layer = LazyConvTranspose2d(2, 1)
    >>> _ = layer(ones(2, 3, 4, 4))
    >>> type(layer) is ConvTranspose2d, layer.in_channels
    (True, 3)
    """

    cls_to_become = ConvTranspose2d
    _axis = -3


class LazyConvTranspose3d(_LazyConvTranspose, ConvTranspose3d):
    """ConvTranspose3d, of as many input channels as the first input has.

    >>> from autocnn import ones
    >>> layer = LazyConvTranspose3d(2, 1)
    >>> _ = layer(ones(2, 3, 4, 4, 4))
    >>> type(layer) is ConvTranspose3d, layer.in_channels
    (True, 3)
    """

    cls_to_become = ConvTranspose3d
    _axis = -4


class LazyBatchNorm1d(_LazyNorm, BatchNorm1d):
    """BatchNorm1d, of as many channels as the first input has.

    >>> from autocnn import ones
    >>> layer = LazyBatchNorm1d()
    >>> _ = layer(ones(2, 3, 4))
    >>> type(layer) is BatchNorm1d, layer.num_features
    (True, 3)
    """

    cls_to_become = BatchNorm1d


class LazyBatchNorm2d(_LazyNorm, BatchNorm2d):
    """BatchNorm2d, of as many channels as the first input has.

    >>> from autocnn import ones
    >>> layer = LazyBatchNorm2d()
    >>> _ = layer(ones(2, 3, 4, 4))
    >>> type(layer) is BatchNorm2d, layer.num_features
    (True, 3)
    """

    cls_to_become = BatchNorm2d


class LazyBatchNorm3d(_LazyNorm, BatchNorm3d):
    """BatchNorm3d, of as many channels as the first input has.

    >>> from autocnn import ones
    >>> layer = LazyBatchNorm3d()
    >>> _ = layer(ones(2, 3, 4, 4, 4))
    >>> type(layer) is BatchNorm3d, layer.num_features
    (True, 3)
    """

    cls_to_become = BatchNorm3d


class LazyInstanceNorm1d(_LazyNorm, InstanceNorm1d):
    """InstanceNorm1d, of as many channels as the first input has.

    >>> from autocnn import ones
    >>> layer = LazyInstanceNorm1d(affine=True)
    >>> _ = layer(ones(2, 3, 4))
    >>> type(layer) is InstanceNorm1d, layer.num_features
    (True, 3)
    """

    cls_to_become = InstanceNorm1d
    _axis = -2


class LazyInstanceNorm2d(_LazyNorm, InstanceNorm2d):
    """InstanceNorm2d, of as many channels as the first input has.

    >>> from autocnn import ones
    >>> layer = LazyInstanceNorm2d(affine=True)
    >>> _ = layer(ones(2, 3, 4, 4))
    >>> type(layer) is InstanceNorm2d, layer.num_features
    (True, 3)
    """

    cls_to_become = InstanceNorm2d
    _axis = -3


class LazyInstanceNorm3d(_LazyNorm, InstanceNorm3d):
    """InstanceNorm3d, of as many channels as the first input has.

    >>> from autocnn import ones
    >>> layer = LazyInstanceNorm3d(affine=True)
    >>> _ = layer(ones(2, 3, 4, 4, 4))
    >>> type(layer) is InstanceNorm3d, layer.num_features
    (True, 3)
    """

    cls_to_become = InstanceNorm3d
    _axis = -4
