"""What layers share: their settings as text, numbers for each axis, and PyTorch's first values."""

from __future__ import annotations

import math
from collections.abc import Sequence
from numbers import Integral
from operator import index
from typing import Any

from autocnn.engine import Tensor
from autocnn.errors import ArgumentError
from autocnn.nn import init
from autocnn.nn.module import Module
from autocnn.nn.parameter import Parameter
from autocnn.ops import empty
from autocnn.types import Shape


class Layer(Module):
    """A module that prints the settings that it was made with, except `inplace` where it is not set."""

    def extra_repr(self) -> str:
        """name=value for every public attribute, in the order in which they were set."""
        said = {k: v for k, v in vars(self).items() if not k.startswith("_") and k != "training"}
        if said.get("inplace") is False:
            del said["inplace"]
        return ", ".join(f"{name}={value!r}" for name, value in said.items())


def per_axis(layer: str, name: str, value: int | Sequence[int], n: int) -> Shape:
    """One number for each of n axes, from one for all or one for each.

    Raises ArgumentError for any other number of them.

    >>> per_axis("Conv2d", "stride", 2, 2)
    (2, 2)
    """
    if not isinstance(value, Sequence):
        return (index(value),) * n
    numbers = tuple(value)
    if len(numbers) == 1:
        return numbers * n
    if len(numbers) != n:
        raise ArgumentError(f"{layer}: {name} is {value!r}; one number or {n} are needed")
    return numbers


def positive(layer: str, **settings: int) -> None:
    """Raise ArgumentError for a setting that is not at least 1.

    >>> positive("Linear", in_features=3)
    """
    for name, value in settings.items():
        if not isinstance(value, Integral) or value < 1:
            raise ArgumentError(f"{layer}: {name} is {value!r}; it must be a whole number of at least 1")


def unset(shape: Shape, device: Any, dtype: Any) -> Parameter:
    """A parameter whose values are still to be written.

    >>> unset((2, 3), None, None).shape
    (2, 3)
    """
    return Parameter(empty(shape, device=device, dtype=dtype))


def reset_affine(weight: Tensor, bias: Tensor | None) -> None:
    """PyTorch's first values of linear and convolution layers: all within 1 / sqrt(fan_in) of zero.

    >>> reset_affine(unset((2, 3), None, None), None)
    """
    init.kaiming_uniform_(weight, a=math.sqrt(5))
    if bias is not None:
        fan_in, _ = init.fans("bias", weight)
        bound = 1 / math.sqrt(fan_in) if fan_in else 0.0
        init.uniform_(bias, -bound, bound)
