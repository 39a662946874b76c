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
from autocnn.ops.loss.likelihood import (
    gaussian_nll_loss,
    multi_margin_loss,
    multilabel_soft_margin_loss,
    poisson_nll_loss,
)
from autocnn.ops.loss.margins import (
    cosine_embedding_loss,
    hinge_embedding_loss,
    margin_ranking_loss,
    soft_margin_loss,
    triplet_margin_loss,
)

__all__ = [
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "cosine_embedding_loss",
    "cross_entropy",
    "gaussian_nll_loss",
    "hinge_embedding_loss",
    "huber_loss",
    "kl_div",
    "l1_loss",
    "margin_ranking_loss",
    "mse_loss",
    "multi_margin_loss",
    "multilabel_soft_margin_loss",
    "nll_loss",
    "poisson_nll_loss",
    "smooth_l1_loss",
    "soft_margin_loss",
    "triplet_margin_loss",
]
