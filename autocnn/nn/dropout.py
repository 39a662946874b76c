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


class AlphaDropout(_Dropout):
    """Dropout for SELU: mean and variance stay 0 and 1. Source: Klambauer et al. (2017).

    >>> AlphaDropout()
    AlphaDropout(p=0.5, inplace=False)
    """

    _function = F.alpha_dropout


class FeatureAlphaDropout(_Dropout):
    """AlphaDropout of whole channels: x (N, C, ...).

    >>> FeatureAlphaDropout(0.2)
    FeatureAlphaDropout(p=0.2, inplace=False)
    """

    _function = F.feature_alpha_dropout


class StochasticDepth(Module):
    """A branch left out with probability p in training, of the batch or of each image ("row"): x (N, ...).

    Source: Huang et al. (2016). What stays is divided by 1 - p.

    >>> StochasticDepth(1.0, "row")(Tensor([[1.0, 2.0]])).tolist()
    [[0.0, 0.0]]
    """

    def __init__(self, p: float, mode: str) -> None:
        if not 0.0 <= p <= 1.0:
            raise ArgumentError(f"StochasticDepth: p is {p}; it must be from 0 to 1")
        if mode not in ("batch", "row"):
            raise ArgumentError(f"StochasticDepth: mode is {mode!r}; it must be 'batch' or 'row'")
        self.p = p
        self.mode = mode

    def forward(self, input: Tensor) -> Tensor:
        """The branch, or zeros."""
        return F.stochastic_depth(input, self.p, self.mode, self.training)

    def extra_repr(self) -> str:
        """The settings."""
        return f"p={self.p}, mode={self.mode}"
