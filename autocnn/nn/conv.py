"""Convolution layers, and their adjoints, in 1, 2 and 3 dimensions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from autocnn.engine import Tensor
from autocnn.errors import ArgumentError
from autocnn.nn import functional as F
from autocnn.nn.module import Module
from autocnn.nn.parameter import Parameter
from autocnn.nn.settings import per_axis, positive, reset_affine, unset
from autocnn.types import Shape, Size


class _Window(Module):
    """Weight, bias and window of a convolution or its adjoint."""

    dims: ClassVar[int]
    transposed: ClassVar[bool] = False
    weight: Parameter
    bias: Parameter | None

    def _set_up(
        self, in_channels: int, out_channels: int, kernel_size: Size, stride: Size, padding: Size | str,
        dilation: Size, output_padding: Size, groups: int, bias: bool, padding_mode: str, device: Any, dtype: Any,
    ) -> None:  # fmt: skip
        name = self._get_name()
        positive(name, in_channels=in_channels, out_channels=out_channels, groups=groups)
        for what, count in (("in_channels", in_channels), ("out_channels", out_channels)):
            if count % groups:
                raise ArgumentError(f"{name}: {what} is {count}; groups {groups} must divide it")
        known = ("zeros",) if self.transposed else ("zeros", "reflect", "replicate", "circular")
        if padding_mode not in known:
            raise ArgumentError(f"{name}: padding_mode is {padding_mode!r}; it is {' or '.join(map(repr, known))}")
        if isinstance(padding, str) and padding not in ("same", "valid"):
            raise ArgumentError(f"{name}: padding is {padding!r}; the words for it are 'same' and 'valid'")
        self.in_channels, self.out_channels, self.groups = in_channels, out_channels, groups
        self.kernel_size = per_axis(name, "kernel_size", kernel_size, self.dims)
        self.stride = per_axis(name, "stride", stride, self.dims)
        self.padding = padding if isinstance(padding, str) else per_axis(name, "padding", padding, self.dims)
        self.dilation = per_axis(name, "dilation", dilation, self.dims)
        if padding == "same" and any(s != 1 for s in self.stride):
            raise ArgumentError(f"{name}: padding is 'same', stride {self.stride}; it is for a stride of 1")
        self.output_padding = per_axis(name, "output_padding", output_padding, self.dims)
        self.padding_mode = padding_mode
        ends = (in_channels, out_channels) if self.transposed else (out_channels, in_channels)
        self.weight = unset((ends[0], ends[1] // groups, *self.kernel_size), device, dtype)
        self.register_parameter("bias", unset((out_channels,), device, dtype) if bias else None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw first values as PyTorch does: kaiming_uniform with a = sqrt(5), all within 1 / sqrt(fan_in)."""
        reset_affine(self.weight, self.bias)

    def extra_repr(self) -> str:
        """Channels and kernel; the other settings where they are not the usual ones."""
        said = f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}, stride={self.stride}"
        nothing, one = (0,) * self.dims, (1,) * self.dims
        for name, usual in (("padding", nothing), ("dilation", one), ("output_padding", nothing), ("groups", 1)):
            value = getattr(self, name)
            if value != usual:
                said += f", {name}={value}"
        if self.bias is None:
            said += ", bias=False"
        return said if self.padding_mode == "zeros" else f"{said}, padding_mode={self.padding_mode}"


class _Conv(_Window):
    _function: ClassVar[Callable[..., Tensor]]

    def __init__(
        self, in_channels: int, out_channels: int, kernel_size: Size, stride: Size = 1, padding: Size | str = 0,
        dilation: Size = 1, groups: int = 1, bias: bool = True, padding_mode: str = "zeros", device: Any = None,
        dtype: Any = None,
    ) -> None:  # fmt: skip
        self._set_up(
            in_channels, out_channels, kernel_size, stride, padding, dilation, 0, groups, bias, padding_mode,
            device, dtype,
        )  # fmt: skip

    def forward(self, input: Tensor) -> Tensor:
        """The cross-correlation of x with every filter, plus bias."""
        return self._conv_forward(input, self.weight, self.bias)

    def _conv_forward(self, input: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        """The same with other weights: for layers that make theirs from these, by PyTorch's name."""
        function, padding = type(self)._function, self.padding
        if self.padding_mode != "zeros":
            input, padding = F.pad(input, self._border(), self.padding_mode), (0,) * self.dims
        return function(input, weight, bias, self.stride, padding, self.dilation, self.groups)

    def _border(self) -> Shape:
        """The padding as (before, after) of each axis, the last one first."""
        if self.padding == "valid":
            return (0, 0) * self.dims
        if self.padding == "same":
            spans = [d * (k - 1) for d, k in zip(self.dilation, self.kernel_size, strict=True)]
            pairs = [(span // 2, span - span // 2) for span in spans]
        else:
            pairs = [(p, p) for p in self.padding if isinstance(p, int)]
        return tuple(width for pair in reversed(pairs) for width in pair)


class Conv1d(_Conv):
    """Cross-correlation along one axis: x (N, C, L) -> (N, O, l).

    >>> Conv1d(2, 3, 5)
    Conv1d(2, 3, kernel_size=(5,), stride=(1,))  # 33 parameters: weight (3, 2, 5), bias (3,)
    """

    dims = 1
    _function = F.conv1d


class Conv2d(_Conv):
    """Cross-correlation of images: x (N, C, H, W) -> (N, O, oh, ow).

    `padding` is a number, one for each axis, or ``"same"`` or ``"valid"``.

    >>> Conv2d(1, 6, 5)
    Conv2d(1, 6, kernel_size=(5, 5), stride=(1, 1))  # 156 parameters: weight (6, 1, 5, 5), bias (6,)
    """

    dims = 2
    _function = F.conv2d


class Conv3d(_Conv):
    """Cross-correlation of volumes: x (N, C, D, H, W) -> (N, O, od, oh, ow).

    >>> Conv3d(1, 1, 2, bias=False)
    Conv3d(1, 1, kernel_size=(2, 2, 2), stride=(1, 1, 1), bias=False)  # 8 parameters: weight (1, 1, 2, 2, 2)
    """

    dims = 3
    _function = F.conv3d


class _ConvTranspose(_Window):
    transposed = True
    padding: Shape
    _function: ClassVar[Callable[..., Tensor]]

    def __init__(
        self, in_channels: int, out_channels: int, kernel_size: Size, stride: Size = 1, padding: Size = 0,
        output_padding: Size = 0, groups: int = 1, bias: bool = True, dilation: Size = 1,
        padding_mode: str = "zeros", device: Any = None, dtype: Any = None,
    ) -> None:  # fmt: skip
        self._set_up(
            in_channels, out_channels, kernel_size, stride, padding, dilation, output_padding, groups, bias,
            padding_mode, device, dtype,
        )  # fmt: skip

    def forward(self, input: Tensor, output_size: Sequence[int] | None = None) -> Tensor:
        """The adjoint of the convolution in its input, plus bias; `output_size` chooses among sizes that fit."""
        extra = self.output_padding if output_size is None else self._extra(input.shape, output_size)
        return type(self)._function(
            input, self.weight, self.bias, self.stride, self.padding, extra, self.groups, self.dilation
        )  # fmt: skip

    def _extra(self, shape: Shape, output_size: Sequence[int]) -> Shape:
        """The output padding that leads to an output size."""
        wanted = tuple(output_size)[-self.dims :]
        smallest = [
            (n - 1) * s - 2 * p + d * (k - 1) + 1
            for n, s, p, d, k in zip(
                shape[-self.dims :], self.stride, self.padding, self.dilation, self.kernel_size, strict=True
            )
        ]
        extra = tuple(n - least for n, least in zip(wanted, smallest, strict=False))
        if len(wanted) != self.dims or any(not 0 <= e < s for e, s in zip(extra, self.stride, strict=True)):
            largest = [least + s - 1 for least, s in zip(smallest, self.stride, strict=True)]
            raise ArgumentError(
                f"{self._get_name()}: output_size is {tuple(output_size)}; "
                f"it must lie from {tuple(smallest)} to {tuple(largest)} for an input of {shape}"
            )
        return extra


class ConvTranspose1d(_ConvTranspose):
    """The adjoint of Conv1d in its input: x (N, C, l) -> (N, O, L).

    >>> ConvTranspose1d(2, 3, 5)
    ConvTranspose1d(2, 3, kernel_size=(5,), stride=(1,))  # 33 parameters: weight (2, 3, 5), bias (3,)
    """

    dims = 1
    _function = F.conv_transpose1d


class ConvTranspose2d(_ConvTranspose):
    """The adjoint of Conv2d in its input: x (N, C, h, w) -> (N, O, H, W).

    >>> ConvTranspose2d(2, 3, 2, 2)(Tensor([[[[1.0]], [[1.0]]]])).shape
    (1, 3, 2, 2)
    """

    dims = 2
    _function = F.conv_transpose2d


class ConvTranspose3d(_ConvTranspose):
    """The adjoint of Conv3d in its input: x (N, C, d, h, w) -> (N, O, D, H, W).

    >>> ConvTranspose3d(1, 1, 2)(Tensor([[[[[1.0]]]]])).shape
    (1, 1, 2, 2, 2)
    """

    dims = 3
    _function = F.conv_transpose3d
