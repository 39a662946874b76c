"""How a loss of many elements becomes one number."""

from __future__ import annotations

import warnings
from typing import Any

from autocnn.engine import Tensor, as_tensor
from autocnn.errors import ArgumentError
from autocnn.ops.elementwise.arithmetic import mul, true_divide
from autocnn.ops.elementwise.casts import floating
from autocnn.ops.reduce.sums import mean, sum


def one_name(name: str, reduction: str, size_average: bool | None, reduce: bool | None) -> str:
    """The reduction by its one name; PyTorch's two old flags still say it too."""
    if size_average is not None or reduce is not None:
        return "none" if reduce is False else "sum" if size_average is False else "mean"
    if reduction not in ("none", "mean", "sum"):
        raise ArgumentError(f"{name}: reduction is {reduction!r}; it must be 'none', 'mean' or 'sum'")
    return reduction


def reduced_loss(loss: Tensor, weight: Any, reduction: str, share: bool = False) -> Tensor:
    """Losses of elements, each times its weight, as they are, or their mean or sum.

    With `share` the mean is over the sum of the weights, not over their number.
    """
    if weight is not None:
        loss = mul(loss, weight)
    if reduction == "mean":
        return true_divide(sum(loss), sum(weight)) if share and weight is not None else mean(loss)
    return sum(loss) if reduction == "sum" else loss


def beside(name: str, input: Any, target: Any) -> tuple[Tensor, Tensor]:
    """Input and target; where their shapes differ they will be broadcast, which is seldom meant: a warning."""
    x, y = floating(input), as_tensor(target)
    if x.shape != y.shape:
        warnings.warn(
            f"{name}: input {x.shape} and target {y.shape} differ in shape and are broadcast; give equal shapes",
            stacklevel=3,
        )
    return x, y
