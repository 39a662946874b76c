"""Losses of pairs and triples: how far apart what belongs together or not may lie."""

from __future__ import annotations

from typing import Any

from autocnn.engine import Tensor, as_tensor
from autocnn.errors import ArgumentError, ShapeError
from autocnn.ops.activation.smooth import softplus
from autocnn.ops.elementwise.arithmetic import add, mul, neg, sub
from autocnn.ops.elementwise.comparison import eq
from autocnn.ops.elementwise.selection import clamp_min, minimum, where
from autocnn.ops.loss.reduction import one_name, reduced_loss
from autocnn.ops.scale import cosine_similarity, pairwise_distance


def cosine_embedding_loss(
    input1: Any,
    input2: Any,
    target: Any,
    margin: float = 0.0,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """1 - cos of pairs that belong together (target 1), max(cos - margin, 0) of those that do not (-1).

    input1 and input2 (N, D), target (N); or (D) and a number.
    Raises ShapeError unless they fit.

    >>> cosine_embedding_loss(Tensor([[1.0, 0.0]]), Tensor([[0.0, 2.0]]), Tensor([1])).item()
    1.0
    """
    reduction = one_name("cosine_embedding_loss", reduction, size_average, reduce)
    a, b, y = as_tensor(input1), as_tensor(input2), as_tensor(target)
    if y.ndim > 1 or a.ndim != y.ndim + 1 or b.ndim != a.ndim:
        raise ShapeError(
            f"cosine_embedding_loss: input1 is {a.shape}, input2 {b.shape}, target {y.shape}; "
            "they must be (N, D), (N, D), (N), or (D), (D), ()"
        )
    cosine = cosine_similarity(a, b, -1, 1e-12)
    apart = clamp_min(sub(cosine, margin), 0.0)
    loss = where(eq(y, 1), sub(1.0, cosine), where(eq(y, -1), apart, 0.0))
    return reduced_loss(loss, None, reduction)


def margin_ranking_loss(
    input1: Any,
    input2: Any,
    target: Any,
    margin: float = 0.0,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """max(margin - target (input1 - input2), 0): with target 1 the first is to be the larger, with -1 the second.

    >>> margin_ranking_loss(Tensor([1.0]), Tensor([3.0]), Tensor([1])).item()
    2.0
    """
    reduction = one_name("margin_ranking_loss", reduction, size_average, reduce)
    behind = mul(neg(as_tensor(target)), sub(as_tensor(input1), as_tensor(input2)))
    return reduced_loss(clamp_min(add(behind, margin), 0.0), None, reduction)


def hinge_embedding_loss(
    input: Any,
    target: Any,
    margin: float = 1.0,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """A distance itself where target is 1, max(margin - distance, 0) where it is -1.

    >>> hinge_embedding_loss(Tensor([0.25, 0.25]), Tensor([1, -1])).item()
    0.5
    """
    reduction = one_name("hinge_embedding_loss", reduction, size_average, reduce)
    x, y = as_tensor(input), as_tensor(target)
    near = where(eq(y, -1), 0.0, x)
    far = where(eq(y, 1), 0.0, clamp_min(sub(margin, x), 0.0))
    return reduced_loss(add(near, far), None, reduction)


def soft_margin_loss(
    input: Any,
    target: Any,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """log(1 + e ** (-target input)), targets 1 and -1.

    >>> round(soft_margin_loss(Tensor([0.0]), Tensor([1.0])).item(), 4)
    0.6931
    """
    reduction = one_name("soft_margin_loss", reduction, size_average, reduce)
    return reduced_loss(softplus(neg(mul(as_tensor(target), as_tensor(input)))), None, reduction)


def triplet_margin_loss(
    anchor: Any,
    positive: Any,
    negative: Any,
    margin: float = 1.0,
    p: float = 2,
    eps: float = 1e-6,
    swap: bool = False,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """max(d(anchor, positive) - d(anchor, negative) + margin, 0), d the p-norm of the difference: (N, D) or (D).

    With `swap` the distance of positive and negative counts where it is smaller.
    Raises ArgumentError for a margin that is not above 0.
    Source: Balntas et al. (2016), "Learning local feature descriptors with triplets", section 3.

    >>> triplet_margin_loss(Tensor([0.0]), Tensor([2.0]), Tensor([1.0]), eps=0.0).item()
    2.0
    """
    reduction = one_name("triplet_margin_loss", reduction, size_average, reduce)
    if margin <= 0:
        raise ArgumentError(f"triplet_margin_loss: margin is {margin}; it must be above 0")
    near, far = pairwise_distance(anchor, positive, p, eps), pairwise_distance(anchor, negative, p, eps)
    if swap:
        far = minimum(far, pairwise_distance(positive, negative, p, eps))
    return reduced_loss(clamp_min(add(sub(near, far), margin), 0.0), None, reduction)
