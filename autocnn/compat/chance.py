"""`torch.distributions`, as far as networks draw from them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from autocnn import ops
from autocnn.engine import Tensor, as_tensor, no_grad


class Bernoulli:
    """1 with a probability for each element, else 0.

    >>> Bernoulli(1.0).sample((2,)).tolist()
    [1.0, 1.0]
    """

    def __init__(self, probs: Any = None, logits: Any = None) -> None:
        self.probs = as_tensor(probs) if logits is None else ops.sigmoid(logits)

    def sample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        """Draws: of that shape, for each element."""
        with no_grad():
            return ops.bernoulli(ops.expand(self.probs, (*sample_shape, *self.probs.shape)))


class Normal:
    """N(loc, scale^2).

    >>> Normal(2.0, 0.0).sample((2,)).tolist()
    [2.0, 2.0]
    """

    def __init__(self, loc: Any, scale: Any) -> None:
        self.loc, self.scale = ops.broadcast_tensors(as_tensor(loc), as_tensor(scale))

    def sample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        """Draws: of that shape, for each element."""
        with no_grad():
            return self.rsample(sample_shape)

    def rsample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        """Draws through which gradients reach loc and scale."""
        shape = (*sample_shape, *self.loc.shape)
        draws = ops.randn(shape, dtype=self.loc.dtype, device=self.loc.device)
        return ops.add(ops.mul(draws, self.scale), self.loc)


class Uniform:
    """U(low, high).

    >>> bool(Uniform(2.0, 3.0).sample() >= 2)
    True
    """

    def __init__(self, low: Any, high: Any) -> None:
        self.low, self.high = ops.broadcast_tensors(as_tensor(low), as_tensor(high))

    def sample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        """Draws: of that shape, for each element."""
        with no_grad():
            draws = ops.rand((*sample_shape, *self.low.shape), dtype=self.low.dtype, device=self.low.device)
            return ops.add(ops.mul(draws, ops.sub(self.high, self.low)), self.low)


__all__ = ["Bernoulli", "Normal", "Uniform"]
