"""Losses of counts, of numbers with their own variance, and of several classes or labels by margins."""

from __future__ import annotations

import math
from typing import Any

from autocnn.engine import Tensor, as_tensor
from autocnn.errors import ArgumentError, OutOfRangeError, ShapeError
from autocnn.ops.activation.smooth import logsigmoid
from autocnn.ops.elementwise.arithmetic import add, div, mul, neg, square, sub
from autocnn.ops.elementwise.casts import cast
from autocnn.ops.elementwise.comparison import eq, gt
from autocnn.ops.elementwise.exponential import exp, log
from autocnn.ops.elementwise.selection import clamp_min, where
from autocnn.ops.indexing import gather, index_select, one_hot
from autocnn.ops.indexing.select import _positions
from autocnn.ops.loss.reduction import one_name, reduced_loss
from autocnn.ops.reduce.sums import mean, sum
from autocnn.ops.shape import reshape, unsqueeze


def gaussian_nll_loss(
    input: Any, target: Any, var: Any, full: bool = False, eps: float = 1e-6, reduction: str = "mean"
) -> Tensor:
    """(log var + (input - target) ** 2 / var) / 2 of numbers whose variance is estimated as well.

    `var` is of the shape of input, or lacks its last axis, or has it with length 1; it counts as eps at least.
    With `full` the constant log(2 pi) / 2 is added.
    Raises ArgumentError for a variance or eps below 0, ShapeError where var does not fit.
    Source: Nix and Weigend (1994), equation 1.

    >>> gaussian_nll_loss(Tensor([3.0]), Tensor([1.0]), Tensor([1.0])).item()
    2.0
    """
    reduction = one_name("gaussian_nll_loss", reduction, None, None)
    x, v = as_tensor(input), as_tensor(var)
    if v.shape != x.shape and v.ndim:
        if v.shape == x.shape[:-1]:
            v = unsqueeze(v, -1)
        elif v.shape != (*x.shape[:-1], 1):
            either = f"it must be that, or {(*x.shape[:-1], 1)}"
            raise ShapeError(f"gaussian_nll_loss: var is {v.shape}, x {x.shape}; {either}")
    if v.array.size and bool((v.array < 0).any()):
        raise ArgumentError("gaussian_nll_loss: var has elements below 0; a variance must not be")
    if eps <= 0:
        raise ArgumentError(f"gaussian_nll_loss: eps is {eps}; it must be above 0")
    held = add(v, sub(clamp_min(v, eps), v).detach())  # the gradient passes where it is held, too, as in PyTorch
    loss = mul(add(log(held), div(square(sub(x, target)), held)), 0.5)
    return reduced_loss(add(loss, 0.5 * math.log(2 * math.pi)) if full else loss, None, reduction)


def poisson_nll_loss(
    input: Any,
    target: Any,
    log_input: bool = True,
    full: bool = False,
    size_average: bool | None = None,
    eps: float = 1e-8,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """e ** input - target input, of counts; without `log_input` input - target log(input + eps).

    With `full` Stirling's approximation of log(target!) is added where target is above 1.

    >>> poisson_nll_loss(Tensor([0.0]), Tensor([2.0])).item()
    1.0
    """
    reduction = one_name("poisson_nll_loss", reduction, size_average, reduce)
    x, y = as_tensor(input), as_tensor(target)
    loss = sub(exp(x), mul(y, x)) if log_input else sub(x, mul(y, log(add(x, eps))))
    if full:
        safe = where(gt(y, 1), y, 1.0)
        stirling = add(sub(mul(safe, log(safe)), safe), mul(log(mul(safe, 2 * math.pi)), 0.5))
        loss = add(loss, where(gt(y, 1), stirling, 0.0))
    return reduced_loss(loss, None, reduction)


def multi_margin_loss(
    input: Any,
    target: Any,
    p: int = 1,
    margin: float = 1.0,
    weight: Any = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """The mean over the other classes of max(margin - x[target] + x[class], 0) ** p: input (N, C), target (N).

    `weight` (C,) is that of the target's class.
    Raises ArgumentError for p other than 1 and 2, ShapeError unless they fit, OutOfRangeError for another class.

    >>> multi_margin_loss(Tensor([[0.0, 1.0]]), Tensor([0])).item()
    1.0
    """
    reduction = one_name("multi_margin_loss", reduction, size_average, reduce)
    if p not in (1, 2):
        raise ArgumentError(f"multi_margin_loss: p is {p}; it must be 1 or 2")
    x = as_tensor(input)
    y = _positions("multi_margin_loss", target, x)
    rows, classes = (reshape(x, (1, -1)), reshape(y, (1,))) if x.ndim == 1 else (x, y)
    if rows.ndim != 2 or classes.shape != rows.shape[:1]:
        raise ShapeError(f"multi_margin_loss: x is {x.shape}, target {y.shape}; must be (N, C) and (N)")
    count = rows.shape[1]
    if classes.array.size and not 0 <= int(classes.array.min()) <= int(classes.array.max()) < count:
        raise OutOfRangeError(f"multi_margin_loss: target has classes beyond 0 to {count - 1}")
    own = unsqueeze(classes, 1)
    behind = clamp_min(add(sub(rows, gather(rows, 1, own)), margin), 0.0)
    behind = square(behind) if p == 2 else behind
    behind = where(eq(one_hot(classes, count), 1), 0.0, behind)
    if weight is not None:
        behind = mul(behind, unsqueeze(index_select(as_tensor(weight), 0, classes), 1))
    loss = mul(sum(behind, 1), 1 / count)
    return reduced_loss(reshape(loss, ()) if x.ndim == 1 else loss, None, reduction)


def multilabel_soft_margin_loss(
    input: Any,
    target: Any,
    weight: Any = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """The mean over classes of the binary cross-entropy of sigmoid(input), labels 0 and 1: input, target (N, C).

    >>> round(multilabel_soft_margin_loss(Tensor([[0.0, 0.0]]), Tensor([[0.0, 1.0]])).item(), 4)
    0.6931
    """
    reduction = one_name("multilabel_soft_margin_loss", reduction, size_average, reduce)
    x = as_tensor(input)
    y = cast(target, x.dtype)
    each = neg(add(mul(y, logsigmoid(x)), mul(sub(1.0, y), logsigmoid(neg(x)))))
    each = each if weight is None else mul(each, weight)
    return reduced_loss(mean(each, -1), None, reduction)
