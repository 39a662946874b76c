"""Layers that do the work of several in one kernel; `autocnn.fuse` puts them in their place."""

from __future__ import annotations

from autocnn.engine import Tensor
from autocnn.nn.conv import Conv1d, Conv2d, Conv3d, _Conv
from autocnn.nn.parameter import Parameter
from autocnn.ops import zeros
from autocnn.ops.conv import conv_relu


class _ConvReLU(_Conv):
    bias: Parameter

    def _conv_forward(self, input: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        return conv_relu(input, weight, bias, self.stride, self.padding, self.dilation, self.groups)


class ConvReLU1d(_ConvReLU, Conv1d):
    """Conv1d and the ReLU behind it: x (N, C, L) -> (N, O, l).

    >>> ConvReLU1d(1, 1, 1)(Tensor([[[1.0, -1.0]]])).array.min() >= 0
    np.True_
    """


class ConvReLU2d(_ConvReLU, Conv2d):
    """Conv2d and the ReLU behind it: x (N, C, H, W) -> (N, O, oh, ow).

    >>> with_relu(Conv2d(1, 6, 5, bias=False))
    ConvReLU2d(1, 6, kernel_size=(5, 5), stride=(1, 1))  # 156 parameters: weight (6, 1, 5, 5), bias (6,)
    """


class ConvReLU3d(_ConvReLU, Conv3d):
    """Conv3d and the ReLU behind it: x (N, C, D, H, W) -> (N, O, od, oh, ow).

    >>> ConvReLU3d(1, 2, 1)(Tensor([[[[[1.0]]]]])).shape
    (1, 2, 1, 1, 1)
    """


_BY_DIMS: dict[int, type[_ConvReLU]] = {1: ConvReLU1d, 2: ConvReLU2d, 3: ConvReLU3d}


def with_relu(conv: _Conv) -> _ConvReLU:
    """A layer with the very parameters of a convolution, a zero bias where it has none, and a ReLU behind it.

    >>> conv = Conv2d(1, 1, 1)
    >>> with_relu(conv).weight is conv.weight
    True
    """
    kind = _BY_DIMS[conv.dims]
    fused: _ConvReLU = kind.__new__(kind)  # type: ignore[assignment]
    fused.__setstate__(conv.__getstate__())  # its constructor would draw first values
    if conv.bias is None:
        w = conv.weight
        fused.register_parameter("bias", Parameter(zeros(conv.out_channels, device=w.device, dtype=w.dtype)))
    return fused
