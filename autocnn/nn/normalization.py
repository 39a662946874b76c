"""Batch, layer, group, instance, RMS and local response normalisation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from autocnn.engine import Tensor
from autocnn.engine.inplace import memory_of, write
from autocnn.errors import ArgumentError, ShapeError
from autocnn.nn import functional as F
from autocnn.nn import init
from autocnn.nn.module import Module
from autocnn.nn.parameter import Parameter
from autocnn.nn.settings import positive, unset
from autocnn.ops import ones, squeeze, unsqueeze, zeros


class _BatchNorm(Module):
    axes: ClassVar[tuple[int, ...]]
    """How many axes an input may have."""
    weight: Parameter | None
    bias: Parameter | None
    running_mean: Tensor | None
    running_var: Tensor | None
    num_batches_tracked: Tensor | None
    _version = 2

    def __init__(
        self, num_features: int, eps: float = 1e-5, momentum: float | None = 0.1, affine: bool = True,
        track_running_stats: bool = True, device: Any = None, dtype: Any = None, *, bias: bool = True,
    ) -> None:  # fmt: skip
        positive(self._get_name(), num_features=num_features)
        self.num_features = num_features
        self.eps = eps
        self.momentum = momentum
        self.affine = affine
        self.track_running_stats = track_running_stats
        shape = (num_features,)
        self.register_parameter("weight", unset(shape, device, dtype) if affine else None)
        self.register_parameter("bias", unset(shape, device, dtype) if affine and bias else None)
        kept = track_running_stats
        self.register_buffer("running_mean", zeros(shape, device=device, dtype=dtype) if kept else None)
        self.register_buffer("running_var", ones(shape, device=device, dtype=dtype) if kept else None)
        self.register_buffer("num_batches_tracked", zeros((), device=device, dtype="int64") if kept else None)
        self.reset_parameters()

    def _load_from_state_dict(self, state_dict: dict[str, Any], prefix: str, metadata: Any, *args: Any) -> None:
        key, seen = f"{prefix}num_batches_tracked", self.num_batches_tracked
        if metadata.get("version", 1) < 2 and key not in state_dict and seen is not None:
            state_dict[key] = seen.detach()  # states from before this was counted
        super()._load_from_state_dict(state_dict, prefix, metadata, *args)

    def reset_running_stats(self) -> None:
        """Mean 0, variance 1, no batch seen."""
        for name, value in (("running_mean", 0.0), ("running_var", 1.0), ("num_batches_tracked", 0)):
            buffer = self._buffers[name]
            if buffer is not None:
                write(buffer, value, "reset_running_stats")

    def reset_parameters(self) -> None:
        """Weight 1, bias 0, and statistics as at first."""
        self.reset_running_stats()
        _reset(self.weight, self.bias)

    def forward(self, input: Tensor) -> Tensor:
        """Each channel to mean 0 and variance 1: of the batch in training, of the past otherwise."""
        shape = input.shape
        if len(shape) not in self.axes or shape[1] != self.num_features:
            counts = " or ".join(map(str, self.axes))
            raise ShapeError(
                f"{self._get_name()}: x has shape {shape}; "
                f"it must have {counts} axes, and {self.num_features} channels on axis 1"
            )
        buffers = self._buffers
        mean, var, seen = buffers["running_mean"], buffers["running_var"], buffers["num_batches_tracked"]
        momentum = self.momentum
        if self.training and seen is not None:
            memory = memory_of(seen, "add_")
            if memory is None:
                write(seen, seen.array + 1, "add_")
            else:
                memory += 1
            if momentum is None:  # the plain mean of all batches
                momentum = 1.0 / seen.item()
        learn = self.training or mean is None
        return F.batch_norm(input, mean, var, self.weight, self.bias, learn, momentum or 0.0, self.eps)

    def extra_repr(self) -> str:
        """The settings."""
        return (
            f"{self.num_features}, eps={self.eps}, momentum={self.momentum}, affine={self.affine}, "
            f"bias={self.bias is not None}, track_running_stats={self.track_running_stats}"
        )


class BatchNorm1d(_BatchNorm):
    """Batch normalisation: x (N, C) or (N, C, L). Source: Ioffe and Szegedy (2015).

    >>> BatchNorm1d(1)(Tensor([[1.0], [3.0]])).array.round(3).tolist()
    [[-1.0], [1.0]]
    """

    axes = (2, 3)


class BatchNorm2d(_BatchNorm):
    """Batch normalisation of images: x (N, C, H, W). Source: Ioffe and Szegedy (2015).

    >>> list(BatchNorm2d(3).state_dict())
    ['weight', 'bias', 'running_mean', 'running_var', 'num_batches_tracked']
    """

    axes = (4,)


class BatchNorm3d(_BatchNorm):
    """Batch normalisation of volumes: x (N, C, D, H, W). Source: Ioffe and Szegedy (2015).

    >>> BatchNorm3d(3, affine=False)
    BatchNorm3d(3, eps=1e-05, momentum=0.1, affine=False, bias=False, track_running_stats=True)
    """

    axes = (5,)


class LayerNorm(Module):
    """The last axes, of `normalized_shape`, to mean 0 and variance 1. Source: Ba, Kiros and Hinton (2016).

    >>> LayerNorm(2)(Tensor([[1.0, 3.0]])).array.round(3).tolist()
    [[-1.0, 1.0]]
    """

    weight: Parameter | None
    bias: Parameter | None

    def __init__(
        self, normalized_shape: int | Sequence[int], eps: float = 1e-5, elementwise_affine: bool = True,
        bias: bool = True, device: Any = None, dtype: Any = None,
    ) -> None:  # fmt: skip
        shape = (normalized_shape,) if isinstance(normalized_shape, int) else tuple(normalized_shape)
        self.normalized_shape = shape
        self.eps = eps
        self.elementwise_affine = elementwise_affine
        learned = unset(shape, device, dtype) if elementwise_affine else None
        self.register_parameter("weight", learned)
        self.register_parameter("bias", unset(shape, device, dtype) if elementwise_affine and bias else None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Weight 1, bias 0."""
        _reset(self.weight, self.bias)

    def forward(self, input: Tensor) -> Tensor:
        """x normalised, times weight, plus bias."""
        return F.layer_norm(input, self.normalized_shape, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        """The settings."""
        return (
            f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={self.elementwise_affine}, "
            f"bias={self.bias is not None}"
        )


class GroupNorm(Module):
    """Groups of channels to mean 0 and variance 1, each sample alone: x (N, C, ...). Source: Wu and He (2018).

    Raises ArgumentError unless the groups divide the channels.

    >>> GroupNorm(2, 4)
    GroupNorm(2, 4, eps=1e-05, affine=True, bias=True)  # 8 parameters: weight (4,), bias (4,)
    """

    weight: Parameter | None
    bias: Parameter | None

    def __init__(
        self, num_groups: int, num_channels: int, eps: float = 1e-5, affine: bool = True, device: Any = None,
        dtype: Any = None, *, bias: bool = True,
    ) -> None:  # fmt: skip
        positive("GroupNorm", num_groups=num_groups, num_channels=num_channels)
        if num_channels % num_groups:
            raise ArgumentError(
                f"GroupNorm: num_channels is {num_channels}; num_groups {num_groups} must divide it"
            )
        self.num_groups = num_groups
        self.num_channels = num_channels
        self.eps = eps
        self.affine = affine
        self.register_parameter("weight", unset((num_channels,), device, dtype) if affine else None)
        self.register_parameter("bias", unset((num_channels,), device, dtype) if affine and bias else None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Weight 1, bias 0."""
        _reset(self.weight, self.bias)

    def forward(self, input: Tensor) -> Tensor:
        """x normalised, times weight, plus bias."""
        return F.group_norm(input, self.num_groups, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        """The settings."""
        return (
            f"{self.num_groups}, {self.num_channels}, eps={self.eps}, affine={self.affine}, "
            f"bias={self.bias is not None}"
        )


def _reset(weight: Parameter | None, bias: Parameter | None) -> None:
    if weight is not None:
        init.ones_(weight)
    if bias is not None:
        init.zeros_(bias)


class _InstanceNorm(_BatchNorm):
    def __init__(
        self, num_features: int, eps: float = 1e-5, momentum: float = 0.1, affine: bool = False,
        track_running_stats: bool = False, device: Any = None, dtype: Any = None, *, bias: bool = True,
    ) -> None:  # fmt: skip
        super().__init__(num_features, eps, momentum, affine, track_running_stats, device, dtype, bias=bias)

    def forward(self, input: Tensor) -> Tensor:
        """Each channel of each image to mean 0 and variance 1: its own, or of the past where that is kept."""
        counts = self.axes
        channels = input.shape[-counts[0]] if input.ndim in counts else None
        if channels is None or (channels != self.num_features and (self.affine or self.track_running_stats)):
            raise ShapeError(
                f"{self._get_name()}: x has shape {input.shape}; it must have {counts[1]} axes, "
                f"or {counts[0]} for one image, and {self.num_features} channels"
            )
        x = input if input.ndim == counts[1] else unsqueeze(input, 0)
        own = self.training or not self.track_running_stats
        momentum = self.momentum or 0.0
        z = F.instance_norm(
            x, self.running_mean, self.running_var, self.weight, self.bias, own, momentum, self.eps
        )
        return z if x is input else squeeze(z, 0)


class InstanceNorm1d(_InstanceNorm):
    """Each channel of each sample to mean 0 and variance 1: x (N, C, L) or (C, L).

    Source: Ulyanov, Vedaldi and Lempitsky (2016).

    >>> InstanceNorm1d(1, eps=0.0)(Tensor([[[1.0, 3.0]]])).tolist()
    [[[-1.0, 1.0]]]
    """

    axes = (2, 3)


class InstanceNorm2d(_InstanceNorm):
    """Each channel of each image to mean 0 and variance 1: x (N, C, H, W) or (C, H, W).

    >>> InstanceNorm2d(3).affine
    False
    """

    axes = (3, 4)


class InstanceNorm3d(_InstanceNorm):
    """Each channel of each volume to mean 0 and variance 1: x (N, C, D, H, W) or (C, D, H, W).

    >>> InstanceNorm3d(3).eps
    1e-05
    """

    axes = (4, 5)


class RMSNorm(Module):
    """Each item over the root of its mean square over the last axes, x (..., *normalized_shape).

    Source: Zhang and Sennrich (2019).

    >>> RMSNorm(2)(Tensor([[3.0, 3.0]])).array.round(3).tolist()
    [[1.0, 1.0]]
    """

    weight: Parameter | None

    def __init__(
        self, normalized_shape: int | Sequence[int], eps: float | None = None, elementwise_affine: bool = True,
        device: Any = None, dtype: Any = None,
    ) -> None:  # fmt: skip
        shape = (normalized_shape,) if isinstance(normalized_shape, int) else tuple(normalized_shape)
        self.normalized_shape = shape
        self.eps = eps
        self.elementwise_affine = elementwise_affine
        self.register_parameter("weight", unset(shape, device, dtype) if elementwise_affine else None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Weight 1."""
        _reset(self.weight, None)

    def forward(self, x: Tensor) -> Tensor:
        """x over its size, times weight."""
        return F.rms_norm(x, self.normalized_shape, self.weight, self.eps)

    def extra_repr(self) -> str:
        """The settings."""
        return f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={self.elementwise_affine}"


class LocalResponseNorm(Module):
    """Each value over what the channels around it hold together: x (N, C, ...).

    Source: Krizhevsky, Sutskever and Hinton (2012), section 3.3; its alpha is this one over `size`.

    >>> LocalResponseNorm(1, alpha=3.0, beta=0.5, k=4.0)(Tensor([[[2.0]]])).tolist()
    [[[0.5]]]
    """

    def __init__(self, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0) -> None:
        positive("LocalResponseNorm", size=size)
        self.size = size
        self.alpha = alpha
        self.beta = beta
        self.k = k

    def forward(self, input: Tensor) -> Tensor:
        """x over its neighbourhood."""
        return F.local_response_norm(input, self.size, self.alpha, self.beta, self.k)

    def extra_repr(self) -> str:
        """The settings."""
        return f"{self.size}, alpha={self.alpha}, beta={self.beta}, k={self.k}"
