"""A convolution that shares nothing: every place has filters of its own."""

from __future__ import annotations

from math import prod
from typing import Any

from autocnn.engine import Tensor
from autocnn.errors import ShapeError
from autocnn.nn import functional as F
from autocnn.nn import init
from autocnn.nn.settings import Layer, per_axis, positive, unset
from autocnn.ops import einsum
from autocnn.types import Shape, Size


class LocallyConnected2d(Layer):
    """Windows as a convolution has them, each with weights of its own: x (N, C, H, W) -> (N, O, oh, ow).

    ``size`` is the (H, W) that it is made for, which settles the number of weights: (oh ow, O, C kh kw). It stands
    between a dense layer, without windows, and a convolution, which has one set of filters for all of them.
    Raises ShapeError for images of another size, and if a window does not fit.

    >>> LocallyConnected2d(1, 2, 4, 3)(Tensor([[[[1.0] * 4] * 4]])).shape
    (1, 2, 2, 2)
    """

    def __init__(
        self, in_channels: int, out_channels: int, size: Size, kernel_size: Size, stride: Size = 1,
        padding: Size = 0, dilation: Size = 1, bias: bool = True, device: Any = None, dtype: Any = None,
    ) -> None:  # fmt: skip
        name = "LocallyConnected2d"
        positive(name, in_channels=in_channels, out_channels=out_channels)
        self.in_channels, self.out_channels = in_channels, out_channels
        self.size = per_axis(name, "size", size, 2)
        self.kernel_size = per_axis(name, "kernel_size", kernel_size, 2)
        self.stride = per_axis(name, "stride", stride, 2)
        self.padding = per_axis(name, "padding", padding, 2)
        self.dilation = per_axis(name, "dilation", dilation, 2)
        self.output_size = self._places(name)
        places = self.output_size[0] * self.output_size[1]
        self.weight = unset((places, out_channels, in_channels * prod(self.kernel_size)), device, dtype)
        self.register_parameter("bias", unset((out_channels, *self.output_size), device, dtype) if bias else None)
        self.reset_parameters()

    def _places(self, name: str) -> Shape:
        """Number of windows along each axis: floor((n + 2p - d (k - 1) - 1) / s) + 1."""
        window = zip(self.size, self.padding, self.dilation, self.kernel_size, self.stride, strict=True)
        counts = tuple((n + 2 * p - d * (k - 1) - 1) // s + 1 for n, p, d, k, s in window)
        if min(counts) < 1:
            raise ShapeError(f"{name}: kernel_size is {self.kernel_size}; it does not fit in size {self.size}")
        return counts

    def reset_parameters(self) -> None:
        """Draw first values as a convolution does, for every place anew: all within 1 / sqrt(C kh kw)."""
        bound = self.weight.shape[2] ** -0.5
        for values in (self.weight, self.bias):
            if values is not None:
                init.uniform_(values, -bound, bound)

    def forward(self, input: Tensor) -> Tensor:
        """Unfold the windows, and multiply each with the filters of its place."""
        if input.ndim != 4 or input.shape[1:] != (self.in_channels, *self.size):
            wanted = f"(N, {self.in_channels}, {self.size[0]}, {self.size[1]})"
            raise ShapeError(f"LocallyConnected2d: x is {input.shape}; it must be {wanted}")
        columns = F.unfold(input, self.kernel_size, self.dilation, self.padding, self.stride)
        z = einsum("nkl,lok->nol", columns, self.weight)
        z = z.reshape(input.shape[0], self.out_channels, *self.output_size)
        return z if self.bias is None else z + self.bias
