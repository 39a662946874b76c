"""A layer of products of two inputs."""

from __future__ import annotations

import math
from typing import Any

from autocnn import ops
from autocnn.engine import Tensor
from autocnn.nn import init
from autocnn.nn.module import Module
from autocnn.nn.parameter import Parameter
from autocnn.nn.settings import positive, unset


def bilinear(input1: Any, input2: Any, weight: Any, bias: Any = None) -> Tensor:
    """y_k = x1 W_k x2 + b_k: x1 (..., I), x2 (..., J), weight (K, I, J), bias (K,) -> (..., K).

    >>> bilinear([[2.0]], [[3.0]], [[[4.0]]], [1.0]).tolist()
    [[25.0]]
    """
    y = ops.einsum("...i,kij,...j->...k", input1, weight, input2)
    return y if bias is None else ops.add(y, bias)


class Bilinear(Module):
    """x1 (..., in1_features), x2 (..., in2_features) -> x1 W_k x2 + b_k (..., out_features).

    >>> Bilinear(2, 3, 4)(ops.ones(5, 2), ops.ones(5, 3)).shape
    (5, 4)
    """

    weight: Parameter
    bias: Parameter | None

    def __init__(
        self, in1_features: int, in2_features: int, out_features: int, bias: bool = True, device: Any = None,
        dtype: Any = None,
    ) -> None:  # fmt: skip
        positive("Bilinear", in1_features=in1_features)
        self.in1_features, self.in2_features, self.out_features = in1_features, in2_features, out_features
        self.weight = unset((out_features, in1_features, in2_features), device, dtype)
        self.register_parameter("bias", unset((out_features,), device, dtype) if bias else None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw all parameters within 1 / sqrt(in1_features)."""
        bound = 1 / math.sqrt(self.in1_features)
        for p in self.parameters():
            init.uniform_(p, -bound, bound)

    def forward(self, input1: Tensor, input2: Tensor) -> Tensor:
        """x1 W_k x2 + b_k."""
        return bilinear(input1, input2, self.weight, self.bias)

    def extra_repr(self) -> str:
        """The settings."""
        sizes = f"in1_features={self.in1_features}, in2_features={self.in2_features}"
        return f"{sizes}, out_features={self.out_features}, bias={self.bias is not None}"
