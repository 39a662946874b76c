"""`torch.distributions`, as far as networks draw from them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

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

    def log_prob(self, value: Any) -> Tensor:
        """The logarithm of the density at values."""
        far = ops.div(ops.sub(value, self.loc), self.scale)
        return ops.sub(ops.mul(ops.square(far), -0.5), ops.log(ops.mul(self.scale, math.sqrt(2 * math.pi))))

    def rsample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        """Draws through which gradients reach loc and scale."""
        shape = (*sample_shape, *self.loc.shape)
        draws = ops.randn(shape, dtype=self.loc.dtype, device=self.loc.device)
        return ops.add(ops.mul(draws, self.scale), self.loc)


class Categorical:
    """A place among n, with chances in proportion to probs (..., n), or to e ** logits.

    >>> d = Categorical(probs=Tensor([0.0, 3.0]))
    >>> d.sample((2,)).tolist(), d.log_prob(1).item()
    ([1, 1], 0.0)
    """

    def __init__(self, probs: Any = None, logits: Any = None) -> None:
        if probs is not None:
            p = as_tensor(probs)
            self.probs = ops.div(p, ops.sum(p, -1, keepdim=True))
            self.logits = ops.log(self.probs)
        else:
            self.logits = ops.log_softmax(logits, -1)
            self.probs = ops.exp(self.logits)

    def sample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        """Draws: of that shape, for each row."""
        with no_grad():
            rows = ops.expand(self.probs, (*sample_shape, *self.probs.shape))
            drawn = ops.multinomial(ops.reshape(rows, (-1, rows.shape[-1])), 1, True)
            return ops.reshape(drawn, rows.shape[:-1])

    def log_prob(self, value: Any) -> Tensor:
        """The logarithm of the chance of places."""
        places = ops.unsqueeze(as_tensor(np.int64(value) if isinstance(value, int) else value), -1)
        rows = ops.expand(self.logits, (*places.shape[:-1], self.logits.shape[-1]))
        return ops.squeeze(ops.gather(rows, -1, places), -1)

    def entropy(self) -> Tensor:
        """The entropy of each row, in nats."""
        return ops.neg(ops.sum(ops.xlogy(self.probs, self.probs), -1))


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


__all__ = ["Bernoulli", "Categorical", "Normal", "Uniform"]
