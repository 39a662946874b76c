"""Losses: of classes, of numbers, of probabilities."""

from autocnn.ops.loss.binary import (
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
    kl_div,
)
from autocnn.ops.loss.classes import (
    cross_entropy,
    nll_loss,
)
from autocnn.ops.loss.distances import (
    huber_loss,
    l1_loss,
    mse_loss,
    smooth_l1_loss,
)

__all__ = [
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "cross_entropy",
    "huber_loss",
    "kl_div",
    "l1_loss",
    "mse_loss",
    "nll_loss",
    "smooth_l1_loss",
]
