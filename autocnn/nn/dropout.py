"""Dropout layers: they act in training only."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from autocnn.engine import Tensor
from autocnn.errors import ArgumentError
from autocnn.nn import functional as F
from autocnn.nn.module import Module


class _Dropout(Module):
    _function: ClassVar[Callable[..., Tensor]]

    def __init__(self, p: float = 0.5, inplace: bool = False) -> None:
        if not 0.0 <= p <= 1.0:
            raise ArgumentError(f"{self._get_name()}: p is {p}; it must be from 0 to 1")
        self.p = p
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        """x with a share p of it dropped in training, x itself otherwise."""
        return type(self)._function(input, self.p, self.training, self.inplace)

    def extra_repr(self) -> str:
        """The settings."""
        return f"p={self.p}, inplace={self.inplace}"


class Dropout(_Dropout):
    """Each element zeroed with probability p, the others divided by 1 - p.

    >>> Dropout(0.3).eval()(Tensor([1.0])).tolist()
    [1.0]
    """

    _function = F.dropout


class Dropout1d(_Dropout):
    """Whole channels zeroed with probability p: x (N, C, L).

    >>> Dropout1d()
    Dropout1d(p=0.5, inplace=False)
    """

    _function = F.dropout1d


class Dropout2d(_Dropout):
    """Whole channels zeroed with probability p: x (N, C, H, W).

    >>> Dropout2d(1.0)(Tensor([[[[1.0]]]])).tolist()
    [[[[0.0]]]]
    """

    _function = F.dropout2d


class Dropout3d(_Dropout):
    """Whole channels zeroed with probability p: x (N, C, D, H, W).

    >>> Dropout3d()
    Dropout3d(p=0.5, inplace=False)
    """

    _function = F.dropout3d
