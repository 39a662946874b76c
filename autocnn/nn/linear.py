"""The fully connected layer."""

from __future__ import annotations

from typing import Any

from autocnn.engine import Tensor
from autocnn.nn import functional as F
from autocnn.nn.module import Module
from autocnn.nn.parameter import Parameter
from autocnn.nn.settings import reset_affine, unset


class Linear(Module):
    """x (..., in_features) -> x weight^T + bias (..., out_features).

    >>> Linear(2, 3)
    Linear(in_features=2, out_features=3, bias=True)  # 9 parameters: weight (3, 2), bias (3,)
    """

    weight: Parameter
    bias: Parameter | None

    def __init__(
        self, in_features: int, out_features: int, bias: bool = True, device: Any = None, dtype: Any = None
    ) -> None:
        self.in_features = in_features
        self.out_features = out_features
        self.weight = unset((out_features, in_features), device, dtype)
        self.register_parameter("bias", unset((out_features,), device, dtype) if bias else None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw first values as PyTorch does: kaiming_uniform, a = sqrt(5), all within 1 / sqrt(in_features)."""
        reset_affine(self.weight, self.bias)

    def forward(self, input: Tensor) -> Tensor:
        """x weight^T + bias."""
        return F.linear(input, self.weight, self.bias)

    def extra_repr(self) -> str:
        """The settings."""
        return f"in_features={self.in_features}, out_features={self.out_features}, bias={self.bias is not None}"
