"""The words in which a network is a formula, and its reading that knows shapes only."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from typing import Any, NamedTuple

Shape = tuple[int, ...]


class Conv(NamedTuple):
    """A convolution: how many channels it makes, and how its square window moves."""

    out: int
    kernel: int
    stride: int = 1
    padding: int = 0
    groups: int = 1
    bias: bool = True


class Formula(ABC):
    """What a library must be able to say; a name is where the layer's parameters lie in the state dict."""

    @abstractmethod
    def conv(self, name: str, x: Any, conv: Conv) -> Any:
        """x (N, C, H, W) -> (N, out, oh, ow)."""

    @abstractmethod
    def linear(self, name: str, x: Any, out: int) -> Any:
        """x (N, C) -> (N, out)."""

    @abstractmethod
    def batch_norm(self, name: str, x: Any) -> Any:
        """Over all axes but the channels; by the batch's statistics in training, by the running ones after it."""

    @abstractmethod
    def relu(self, x: Any) -> Any:
        """Elementwise."""

    @abstractmethod
    def tanh(self, x: Any) -> Any:
        """Elementwise."""

    def activation(self, name: str, x: Any) -> Any:
        """An activation by its name among PyTorch's functions; `Peer.activations` says who has them."""
        raise TypeError(f"{type(self).__name__} does not say what {name} is")

    @abstractmethod
    def avg_pool(self, x: Any, size: int) -> Any:
        """Windows of size by size, side by side."""

    @abstractmethod
    def max_pool(self, x: Any, size: int) -> Any:
        """Windows of size by size, side by side."""

    @abstractmethod
    def global_pool(self, x: Any) -> Any:
        """x (N, C, H, W) -> (N, C), the mean of each map."""

    @abstractmethod
    def flatten(self, x: Any) -> Any:
        """x (N, C, 1, 1) -> (N, C)."""

    @abstractmethod
    def thin(self, x: Any, channels: int) -> Any:
        """Every second row and column, and as many channels of zeros around as are missing, half on each side."""

    def add(self, x: Any, y: Any) -> Any:
        """x + y."""
        return x + y


def joined(name: str, leaf: str) -> str:
    """The key of a parameter; a layer that is the whole network has no name.

    >>> joined("layer1.0.conv1", "weight"), joined("", "weight")
    ('layer1.0.conv1.weight', 'weight')
    """
    return f"{name}.{leaf}" if name else leaf


class Shapes(Formula):
    """Values are shapes; what remains are the parameters' shapes by name, and the multiply-adds of a pass."""

    def __init__(self) -> None:
        self.state: dict[str, Shape] = {}
        self.multiply_adds = 0

    def conv(self, name: str, x: Shape, conv: Conv) -> Shape:
        weight = (conv.out, x[1] // conv.groups, conv.kernel, conv.kernel)
        self._has(name, weight=weight, **({"bias": (conv.out,)} if conv.bias else {}))
        z = (x[0], conv.out, *windows(x[2:], conv.kernel, conv.stride, conv.padding))
        self.multiply_adds += math.prod(z) * math.prod(weight[1:])
        return z

    def linear(self, name: str, x: Shape, out: int) -> Shape:
        self._has(name, weight=(out, x[1]), bias=(out,))
        self.multiply_adds += x[0] * x[1] * out
        return x[0], out

    def batch_norm(self, name: str, x: Shape) -> Shape:
        each = (x[1],)
        self._has(name, weight=each, bias=each, running_mean=each, running_var=each)
        return x

    def relu(self, x: Shape) -> Shape:
        return x

    def tanh(self, x: Shape) -> Shape:
        return x

    def activation(self, name: str, x: Shape) -> Shape:
        return x

    def avg_pool(self, x: Shape, size: int) -> Shape:
        return (*x[:2], *windows(x[2:], size, size, 0))

    def max_pool(self, x: Shape, size: int) -> Shape:
        return self.avg_pool(x, size)

    def global_pool(self, x: Shape) -> Shape:
        return x[:2]

    def flatten(self, x: Shape) -> Shape:
        return x[0], math.prod(x[1:])

    def thin(self, x: Shape, channels: int) -> Shape:
        return (x[0], channels, *windows(x[2:], 1, 2, 0))

    def add(self, x: Shape, y: Shape) -> Shape:
        if x != y:
            raise ValueError(f"add: {x} and {y} are to be equal")
        return x

    def _has(self, name: str, **shapes: Shape) -> None:
        self.state |= {joined(name, leaf): shape for leaf, shape in shapes.items()}


def windows(size: Shape, kernel: int, stride: int, padding: int) -> Shape:
    """How many windows fit along each axis.

    >>> windows((32, 32), 3, 2, 1)
    (16, 16)
    """
    return tuple((n + 2 * padding - kernel) // stride + 1 for n in size)
