"""Losses of probabilities: binary cross-entropy, and the divergence of distributions."""

from __future__ import annotations

from typing import Any

from autocnn.engine import Tensor, as_tensor, binary, primitive
from autocnn.errors import ArgumentError, ShapeError
from autocnn.ops.activation.smooth import logsigmoid
from autocnn.ops.broadcast import unbroadcast
from autocnn.ops.elementwise.arithmetic import _div, _mul, _neg, _sub, add, mul, sub, true_divide
from autocnn.ops.elementwise.casts import floating, quiet
from autocnn.ops.elementwise.exponential import _log, exp, xlogy
from autocnn.ops.elementwise.selection import _clamp
from autocnn.ops.elementwise.trigonometry import _sigmoid
from autocnn.ops.loss.reduction import one_name, reduced_loss
from autocnn.ops.precision import adding
from autocnn.ops.reduce.sums import sum


def binary_cross_entropy(
    input: Any,
    target: Any,
    weight: Any = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """-(y log x + (1 - y) log(1 - x)) of probabilities x and targets y; the logarithms are at least -100.

    Raises ShapeError where the shapes differ, ArgumentError for an input outside 0..1.

    >>> round(binary_cross_entropy(Tensor([0.5]), Tensor([1.0])).item(), 4)
    0.6931
    """
    reduction = one_name("binary_cross_entropy", reduction, size_average, reduce)
    x, y = _equal_shapes("binary_cross_entropy", input, target)
    if not bool(((x.array >= 0) & (x.array <= 1)).all()):
        raise ArgumentError("binary_cross_entropy: input has elements outside 0..1; they must be probabilities")
    return reduced_loss(binary(_binary_cross_entropy, x, y), weight, reduction)


@primitive(saves=("x", "y"))
@quiet
@adding
def _binary_cross_entropy(xp: Any, x: Any, y: Any) -> Any:
    yes, no = xp.maximum(xp.log(x), -100.0), xp.maximum(xp.log1p(-x), -100.0)
    return (y - 1.0) * no - y * yes


_EPSILON = 1e-12  # PyTorch keeps x (1 - x) from 0 by this much


_binary_cross_entropy.vjp(
    lambda g, z, x, y: unbroadcast(
        _mul(g, _div(_sub(x, y), _clamp(_mul(x, _sub(1.0, x)), low=_EPSILON, high=None))), x
    ),
    lambda g, z, x, y: unbroadcast(_mul(g, _sub(_log_from(_sub(1.0, x)), _log_from(x))), y),
)


def _log_from(x: Any) -> Any:
    """The logarithm of a probability, at least -100."""
    return _clamp(_log(x), low=-100.0, high=None)


def binary_cross_entropy_with_logits(
    input: Any,
    target: Any,
    weight: Any = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    pos_weight: Any = None,
) -> Tensor:
    """Binary cross-entropy of sigmoid(input), without overflow; `pos_weight` weighs the targets that are 1.

    Raises ShapeError where the shapes differ.

    >>> round(binary_cross_entropy_with_logits(Tensor([0.0]), Tensor([1.0])).item(), 4)
    0.6931
    """
    name = "binary_cross_entropy_with_logits"
    reduction = one_name(name, reduction, size_average, reduce)
    x, y = _equal_shapes(name, input, target)
    if pos_weight is None:
        return reduced_loss(binary(_logit_cross_entropy, x, y), weight, reduction)
    heavier = add(mul(sub(pos_weight, 1.0), y), 1.0)
    loss = sub(mul(sub(1.0, y), x), mul(heavier, logsigmoid(x)))
    return reduced_loss(loss, weight, reduction)


@primitive(saves=(("x", "y"), ("x",)))
@quiet
@adding
def _logit_cross_entropy(xp: Any, x: Any, y: Any) -> Any:
    return xp.maximum(x, 0.0) - x * y + xp.log1p(xp.exp(-xp.absolute(x)))


_logit_cross_entropy.vjp(
    lambda g, z, x, y: unbroadcast(_mul(g, _sub(_sigmoid(x), y)), x),
    lambda g, z, x, y: unbroadcast(_neg(_mul(g, x)), y),
)


def _equal_shapes(name: str, input: Any, target: Any) -> tuple[Tensor, Tensor]:
    x, y = floating(input), as_tensor(target)
    if x.shape != y.shape:
        raise ShapeError(f"{name}: target has shape {y.shape}, input {x.shape}; they must be equal")
    return x, y


def kl_div(
    input: Any,
    target: Any,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    log_target: bool = False,
) -> Tensor:
    """The divergence target (log target - input) of log-probabilities; ``"batchmean"`` divides the sum by N.

    >>> kl_div(Tensor([-1.0]), Tensor([-1.0]), log_target=True).item()
    0.0
    """
    x, y = floating(input), floating(target)
    each = mul(exp(y), sub(y, x)) if log_target else sub(xlogy(y, y), mul(y, x))
    if reduction == "batchmean":
        return true_divide(sum(each), x.shape[0] if x.ndim else 1)
    return reduced_loss(each, None, one_name("kl_div", reduction, size_average, reduce))
