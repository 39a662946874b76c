"""Activation functions as layers."""

from __future__ import annotations

from typing import Any

from autocnn.engine import Tensor
from autocnn.errors import ArgumentError, ShapeError
from autocnn.nn import functional as F
from autocnn.nn import init
from autocnn.nn.parameter import Parameter
from autocnn.nn.settings import Layer, unset


class ReLU(Layer):
    """max(x, 0), in place if asked for.

    >>> ReLU()(Tensor([-1.0, 2.0])).tolist()
    [0.0, 2.0]
    """

    def __init__(self, inplace: bool = False) -> None:
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        """max(x, 0)."""
        return F.relu(input, self.inplace)


class ReLU6(Layer):
    """x between 0 and 6.

    >>> ReLU6()(Tensor([-1.0, 9.0])).tolist()
    [0.0, 6.0]
    """

    def __init__(self, inplace: bool = False) -> None:
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        """min(max(x, 0), 6)."""
        return F.relu6(input, self.inplace)


class LeakyReLU(Layer):
    """x where it is positive, negative_slope x elsewhere. Source: Maas, Hannun and Ng (2013).

    >>> LeakyReLU(0.5)(Tensor([-1.0, 2.0])).tolist()
    [-0.5, 2.0]
    """

    def __init__(self, negative_slope: float = 0.01, inplace: bool = False) -> None:
        self.negative_slope = negative_slope
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        """x, or negative_slope x below 0."""
        return F.leaky_relu(input, self.negative_slope, self.inplace)


class ELU(Layer):
    """x where it is positive, alpha (e^x - 1) elsewhere. Source: Clevert, Unterthiner and Hochreiter (2016).

    >>> ELU()(Tensor([0.0, 2.0])).tolist()
    [0.0, 2.0]
    """

    def __init__(self, alpha: float = 1.0, inplace: bool = False) -> None:
        self.alpha = alpha
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        """x, or alpha (e^x - 1) below 0."""
        return F.elu(input, self.alpha, self.inplace)


class CELU(Layer):
    """max(x, 0) + min(alpha (e^(x / alpha) - 1), 0). Source: Barron (2017).

    >>> CELU(2.0)(Tensor([0.0, 2.0])).tolist()
    [0.0, 2.0]
    """

    def __init__(self, alpha: float = 1.0, inplace: bool = False) -> None:
        self.alpha = alpha
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        """The function, element by element."""
        return F.celu(input, self.alpha, self.inplace)


class SELU(Layer):
    """A scaled ELU that keeps mean 0 and variance 1. Source: Klambauer et al. (2017).

    >>> SELU()(Tensor([0.0])).tolist()
    [0.0]
    """

    def __init__(self, inplace: bool = False) -> None:
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        """The function, element by element."""
        return F.selu(input, self.inplace)


class GELU(Layer):
    """x times the normal distribution's share below x; approximate is 'none' or 'tanh'.

    Source: Hendrycks and Gimpel (2016).

    >>> GELU()(Tensor([0.0])).tolist()
    [0.0]
    """

    def __init__(self, approximate: str = "none") -> None:
        self.approximate = approximate

    def forward(self, input: Tensor) -> Tensor:
        """The function, element by element."""
        return F.gelu(input, self.approximate)


class SiLU(Layer):
    """x sigmoid(x), also called swish. Source: Elfwing, Uchibe and Doya (2018).

    >>> SiLU()(Tensor([0.0])).tolist()
    [0.0]
    """

    def __init__(self, inplace: bool = False) -> None:
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        """x sigmoid(x)."""
        return F.silu(input, self.inplace)


class Mish(Layer):
    """x tanh(softplus(x)). Source: Misra (2020).

    >>> Mish()(Tensor([0.0])).tolist()
    [0.0]
    """

    def __init__(self, inplace: bool = False) -> None:
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        """x tanh(softplus(x))."""
        return F.mish(input, self.inplace)


class Softplus(Layer):
    """log(1 + e^(beta x)) / beta, and x itself where beta x is above the threshold.

    >>> Softplus()(Tensor([30.0])).tolist()
    [30.0]
    """

    def __init__(self, beta: float = 1.0, threshold: float = 20.0) -> None:
        self.beta = beta
        self.threshold = threshold

    def forward(self, input: Tensor) -> Tensor:
        """The function, element by element."""
        return F.softplus(input, self.beta, self.threshold)


class Softsign(Layer):
    """x / (1 + |x|).

    >>> Softsign()(Tensor([1.0])).tolist()
    [0.5]
    """

    def forward(self, input: Tensor) -> Tensor:
        """x / (1 + |x|)."""
        return F.softsign(input)


class Tanh(Layer):
    """tanh x.

    >>> Tanh()(Tensor([0.0])).tolist()
    [0.0]
    """

    def forward(self, input: Tensor) -> Tensor:
        """tanh x."""
        return F.tanh(input)


class Tanhshrink(Layer):
    """x - tanh x.

    >>> Tanhshrink()(Tensor([0.0])).tolist()
    [0.0]
    """

    def forward(self, input: Tensor) -> Tensor:
        """x - tanh x."""
        return F.tanhshrink(input)


class Hardtanh(Layer):
    """x between min_val and max_val.

    >>> Hardtanh()(Tensor([-3.0, 0.5])).tolist()
    [-1.0, 0.5]
    """

    def __init__(
        self, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False,
        min_value: float | None = None, max_value: float | None = None,
    ) -> None:  # fmt: skip
        self.min_val = min_val if min_value is None else min_value  # PyTorch's names of old
        self.max_val = max_val if max_value is None else max_value
        if not self.max_val > self.min_val:
            raise ArgumentError(f"Hardtanh: max_val is {self.max_val}; it must be above min_val, {self.min_val}")
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        """x, no lower and no higher than the two."""
        return F.hardtanh(input, self.min_val, self.max_val, self.inplace)


class Sigmoid(Layer):
    """1 / (1 + e^-x).

    >>> Sigmoid()(Tensor([0.0])).tolist()
    [0.5]
    """

    def forward(self, input: Tensor) -> Tensor:
        """1 / (1 + e^-x)."""
        return F.sigmoid(input)


class LogSigmoid(Layer):
    """log(1 / (1 + e^-x)).

    >>> LogSigmoid()(Tensor([99.0])).array.round(3).tolist()
    [-0.0]
    """

    def forward(self, input: Tensor) -> Tensor:
        """The logarithm of the sigmoid."""
        return F.logsigmoid(input)


class Hardsigmoid(Layer):
    """min(max(x + 3, 0), 6) / 6. Source: Howard et al. (2019).

    >>> Hardsigmoid()(Tensor([0.0, 5.0])).tolist()
    [0.5, 1.0]
    """

    def __init__(self, inplace: bool = False) -> None:
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        """The function, element by element."""
        return F.hardsigmoid(input, self.inplace)


class Hardswish(Layer):
    """x min(max(x + 3, 0), 6) / 6. Source: Howard et al. (2019).

    >>> Hardswish()(Tensor([0.0, 5.0])).tolist()
    [0.0, 5.0]
    """

    def __init__(self, inplace: bool = False) -> None:
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        """The function, element by element."""
        return F.hardswish(input, self.inplace)


class Threshold(Layer):
    """x where it is above the threshold, a value elsewhere.

    >>> Threshold(1.0, 7.0)(Tensor([0.0, 2.0])).tolist()
    [7.0, 2.0]
    """

    def __init__(self, threshold: float, value: float, inplace: bool = False) -> None:
        self.threshold = threshold
        self.value = value
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        """x, or the value."""
        return F.threshold(input, self.threshold, self.value, self.inplace)


class GLU(Layer):
    """The first half of an axis times the sigmoid of the second. Source: Dauphin et al. (2017).

    >>> GLU()(Tensor([2.0, 0.0])).tolist()
    [1.0]
    """

    def __init__(self, dim: int = -1) -> None:
        self.dim = dim

    def forward(self, input: Tensor) -> Tensor:
        """The gated half."""
        return F.glu(input, self.dim)


class Softmax(Layer):
    """e^x over its sum along an axis.

    >>> Softmax(dim=1)(Tensor([[0.0, 0.0]])).tolist()
    [[0.5, 0.5]]
    """

    def __init__(self, dim: int | None = None) -> None:
        self.dim = dim

    def forward(self, input: Tensor) -> Tensor:
        """e^x over its sum along the axis."""
        return F.softmax(input, _axis(input, self.dim))


class Softmin(Layer):
    """e^-x over its sum along an axis.

    >>> Softmin(dim=1)(Tensor([[0.0, 0.0]])).tolist()
    [[0.5, 0.5]]
    """

    def __init__(self, dim: int | None = None) -> None:
        self.dim = dim

    def forward(self, input: Tensor) -> Tensor:
        """e^-x over its sum along the axis."""
        return F.softmin(input, _axis(input, self.dim))


class LogSoftmax(Layer):
    """The logarithm of softmax along an axis.

    >>> LogSoftmax(dim=0)(Tensor([3.0])).tolist()
    [0.0]
    """

    def __init__(self, dim: int | None = None) -> None:
        self.dim = dim

    def forward(self, input: Tensor) -> Tensor:
        """The logarithm of softmax along the axis."""
        return F.log_softmax(input, _axis(input, self.dim))


class PReLU(Layer):
    """x where it is positive, a learned multiple of x elsewhere: one for all channels, or one for each.

    Source: He, Zhang, Ren and Sun (2015), equation 1.

    >>> PReLU()(Tensor([-1.0, 2.0])).tolist()
    [-0.25, 2.0]
    """

    weight: Parameter

    def __init__(self, num_parameters: int = 1, init: float = 0.25, device: Any = None, dtype: Any = None) -> None:
        self.num_parameters = num_parameters
        self.init = init
        self.weight = unset((num_parameters,), device, dtype)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Every slope to the first value."""
        init.constant_(self.weight, self.init)

    def forward(self, input: Tensor) -> Tensor:
        """x, or weight x below 0."""
        return F.prelu(input, self.weight)

    def extra_repr(self) -> str:
        """The number of slopes."""
        return f"num_parameters={self.num_parameters}"


def _axis(x: Tensor, dim: int | None) -> int:
    """PyTorch's choice where none is given: axis 0 of 0, 1 or 3 axes, axis 1 otherwise."""
    if dim is not None:
        return dim
    return 0 if x.ndim in (0, 1, 3) else 1


class Hardshrink(Layer):
    """x, 0 where it lies between -lambd and lambd.

    >>> Hardshrink()(Tensor([-1.0, 0.25])).tolist()
    [-1.0, 0.0]
    """

    def __init__(self, lambd: float = 0.5) -> None:
        self.lambd = lambd

    def forward(self, input: Tensor) -> Tensor:
        """The function, element by element."""
        return F.hardshrink(input, self.lambd)

    def extra_repr(self) -> str:
        """lambd alone."""
        return str(self.lambd)


class Softshrink(Layer):
    """x drawn towards 0 by lambd, 0 where it lies nearer than that.

    >>> Softshrink()(Tensor([-1.0, 0.25])).tolist()
    [-0.5, 0.0]
    """

    def __init__(self, lambd: float = 0.5) -> None:
        self.lambd = lambd

    def forward(self, input: Tensor) -> Tensor:
        """The function, element by element."""
        return F.softshrink(input, self.lambd)

    def extra_repr(self) -> str:
        """lambd alone."""
        return str(self.lambd)


class RReLU(Layer):
    """x where it is positive; elsewhere times a slope drawn in training, their mean otherwise.

    Source: Xu et al. (2015).

    >>> RReLU(0.25, 0.75).eval()(Tensor([-2.0, 2.0])).tolist()
    [-1.0, 2.0]
    """

    def __init__(self, lower: float = 1 / 8, upper: float = 1 / 3, inplace: bool = False) -> None:
        self.lower = lower
        self.upper = upper
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        """The function, element by element."""
        return F.rrelu(input, self.lower, self.upper, self.training, self.inplace)


class Softmax2d(Layer):
    """Softmax over the channels of every pixel: x (N, C, H, W) or (C, H, W).

    >>> Softmax2d()(Tensor([[[0.0]], [[0.0]]])).tolist()
    [[[0.5]], [[0.5]]]
    """

    def forward(self, input: Tensor) -> Tensor:
        """Positive, and 1 in sum over the channels."""
        if input.ndim not in (3, 4):
            raise ShapeError(f"Softmax2d: x has shape {input.shape}; it must be (N, C, H, W) or (C, H, W)")
        return F.softmax(input, -3)
