"""Activation functions as layers."""

from __future__ import annotations

from autocnn.engine import Tensor
from autocnn.nn import functional as F
from autocnn.nn.settings import Layer


class ReLU(Layer):
    """max(x, 0), in place if asked for.

    >>> ReLU()(Tensor([-1.0, 2.0])).tolist()
    [0.0, 2.0]
    """

    def __init__(self, inplace: bool = False) -> None:
        self.inplace = inplace

    def forward(self, x: Tensor) -> Tensor:
        """max(x, 0)."""
        return F.relu(x, self.inplace)


class Tanh(Layer):
    """tanh x.

    >>> Tanh()(Tensor([0.0])).tolist()
    [0.0]
    """

    def forward(self, x: Tensor) -> Tensor:
        """tanh x."""
        return F.tanh(x)


class Sigmoid(Layer):
    """1 / (1 + e^-x).

    >>> Sigmoid()(Tensor([0.0])).tolist()
    [0.5]
    """

    def forward(self, x: Tensor) -> Tensor:
        """1 / (1 + e^-x)."""
        return F.sigmoid(x)


class Softmax(Layer):
    """e^x over its sum along an axis.

    >>> Softmax(dim=1)(Tensor([[0.0, 0.0]])).tolist()
    [[0.5, 0.5]]
    """

    def __init__(self, dim: int | None = None) -> None:
        self.dim = dim

    def forward(self, x: Tensor) -> Tensor:
        """e^x over its sum along the axis."""
        return F.softmax(x, _axis(x, self.dim))


class LogSoftmax(Layer):
    """The logarithm of softmax along an axis.

    >>> LogSoftmax(dim=0)(Tensor([3.0])).tolist()
    [0.0]
    """

    def __init__(self, dim: int | None = None) -> None:
        self.dim = dim

    def forward(self, x: Tensor) -> Tensor:
        """The logarithm of softmax along the axis."""
        return F.log_softmax(x, _axis(x, self.dim))


def _axis(x: Tensor, dim: int | None) -> int:
    """PyTorch's choice where none is given: the channels of a batch, the first axis of an odd number of axes."""
    if dim is not None:
        return dim
    return 0 if x.ndim in (0, 1, 3) else 1
