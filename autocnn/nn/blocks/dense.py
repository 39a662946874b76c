"""Blocks in which every layer sees what all layers before it made."""

from __future__ import annotations

from collections.abc import Sequence

from autocnn.engine import Tensor
from autocnn.engine.checkpoint import checkpoint
from autocnn.nn import functional as F
from autocnn.nn.activation import ReLU
from autocnn.nn.containers import ModuleDict, Sequential
from autocnn.nn.conv import Conv2d
from autocnn.nn.module import Module
from autocnn.nn.normalization import BatchNorm2d
from autocnn.nn.pooling import AvgPool2d
from autocnn.ops import cat


class DenseLayer(Module):
    """`growth_rate` new channels of all those before: x (N, C, H, W), or a list of such -> (N, growth_rate, H, W).

    Norm, relu, 1x1 to `bn_size` times as many, norm, relu, 3x3. With `memory_efficient` what comes before the 3x3
    is computed again in the backward pass instead of kept.
    Source: Huang et al. (2017), "Densely connected convolutional networks", section 3.

    >>> DenseLayer(4, 2, 4, 0.0)(Tensor([[[[1.0]]] * 4] * 2)).shape
    (2, 2, 1, 1)
    """

    def __init__(
        self, num_input_features: int, growth_rate: int, bn_size: int, drop_rate: float,
        memory_efficient: bool = False,
    ) -> None:  # fmt: skip
        self.norm1 = BatchNorm2d(num_input_features)
        self.relu1 = ReLU(inplace=True)
        self.conv1 = Conv2d(num_input_features, bn_size * growth_rate, kernel_size=1, bias=False)
        self.norm2 = BatchNorm2d(bn_size * growth_rate)
        self.relu2 = ReLU(inplace=True)
        self.conv2 = Conv2d(bn_size * growth_rate, growth_rate, kernel_size=3, padding=1, bias=False)
        self.drop_rate = float(drop_rate)
        self.memory_efficient = memory_efficient

    def forward(self, input: Tensor | Sequence[Tensor]) -> Tensor:
        """The new channels."""
        parts = [input] if isinstance(input, Tensor) else list(input)
        narrow = checkpoint(self._narrowed, *parts) if self.memory_efficient else self._narrowed(*parts)
        new = self.conv2(self.relu2(self.norm2(narrow)))
        return F.dropout(new, self.drop_rate, self.training) if self.drop_rate else new

    def _narrowed(self, *parts: Tensor) -> Tensor:
        return self.conv1(self.relu1(self.norm1(cat(parts, 1))))  # type: ignore[no-any-return]


class DenseBlock(ModuleDict):
    """Layers that each add `growth_rate` channels to all before: x (N, C, H, W) -> (N, C + n growth_rate, H, W).

    >>> DenseBlock(3, 4, bn_size=4, growth_rate=2, drop_rate=0.0)(Tensor([[[[1.0]]] * 4] * 2)).shape
    (2, 10, 1, 1)
    """

    def __init__(
        self, num_layers: int, num_input_features: int, bn_size: int, growth_rate: int, drop_rate: float,
        memory_efficient: bool = False,
    ) -> None:  # fmt: skip
        super().__init__()
        for i in range(num_layers):
            self[f"denselayer{i + 1}"] = DenseLayer(
                num_input_features + i * growth_rate, growth_rate, bn_size, drop_rate, memory_efficient
            )

    def forward(self, init_features: Tensor) -> Tensor:
        """x and all that the layers made, as channels."""
        features = [init_features]
        for layer in self.values():
            features.append(layer(features))
        return cat(features, 1)


class Transition(Sequential):
    """Between two dense blocks: norm, relu, 1x1, means of 2x2: x (N, C, H, W) -> (N, C', H / 2, W / 2).

    >>> Transition(4, 2)(Tensor([[[[1.0, 2.0]] * 2] * 4])).shape
    (1, 2, 1, 1)
    """

    def __init__(self, num_input_features: int, num_output_features: int) -> None:
        super().__init__()
        self.norm = BatchNorm2d(num_input_features)
        self.relu = ReLU(inplace=True)
        self.conv = Conv2d(num_input_features, num_output_features, kernel_size=1, stride=1, bias=False)
        self.pool = AvgPool2d(kernel_size=2, stride=2)
