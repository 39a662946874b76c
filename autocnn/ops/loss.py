"""Losses: per-element or per-sample distances, then a reduction."""

from __future__ import annotations

from typing import Any

from autocnn.engine import Tensor, as_tensor, primitive
from autocnn.errors import ArgumentError, DTypeError, ShapeError
from autocnn.ops.activation import _softmax, log_softmax
from autocnn.ops.elementwise.arithmetic import _mul, _sub, add, mul, neg, true_divide
from autocnn.ops.elementwise.casts import floating, quiet
from autocnn.ops.reduce.sums import _spread, mean, sum

_REDUCTIONS = ("none", "mean", "sum")


def _reduce(loss: Tensor, reduction: str) -> Tensor:
    if reduction == "mean":
        return mean(loss)
    return sum(loss) if reduction == "sum" else loss


def _reduction(name: str, reduction: str, size_average: bool | None, reduce: bool | None) -> str:
    """The reduction by its one name; PyTorch's two old flags still say it too."""
    if size_average is not None or reduce is not None:
        return "none" if reduce is False else "sum" if size_average is False else "mean"
    if reduction not in _REDUCTIONS:
        raise ArgumentError(f"{name}: reduction is {reduction!r}; it must be 'none', 'mean' or 'sum'")
    return reduction


def cross_entropy(
    input: Any,
    target: Any,
    weight: Any = None,
    size_average: bool | None = None,
    ignore_index: int = -100,
    reduce: bool | None = None,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Tensor:
    """Cross-entropy between logits and classes: -log softmax(input)[target].

    input (C), (N, C) or (N, C, d1, ...); target: class indices (), (N) or (N, d1, ...), or probabilities of
    input's shape. A mean is weighted by the classes' weights and leaves out `ignore_index`.
    Raises ShapeError where target fits neither form, OutOfRangeError for a class that is not there.

    >>> round(cross_entropy(Tensor([[0.0, 0.0]]), Tensor([1])).item(), 4)
    0.6931
    """
    x, target = floating(input), as_tensor(target)
    reduction = _reduction("cross_entropy", reduction, size_average, reduce)
    if not 0 <= label_smoothing <= 1:
        raise ArgumentError(f"cross_entropy: label_smoothing is {label_smoothing}; it must lie in 0..1")
    if x.ndim == 0:
        raise ShapeError("cross_entropy: input is 0-d (); it needs an axis of classes")
    axis = 0 if x.ndim == 1 else 1
    if target.dtype.kind == "f":
        return _soft_cross_entropy(x, target, weight, reduction, label_smoothing, axis)
    _check_classes("cross_entropy", x, target, axis, ignore_index)
    if weight is None and label_smoothing == 0:
        return _cross_entropy(x, target, axis=axis, ignore=ignore_index, reduction=reduction)
    logp = log_softmax(x, axis)
    loss = _nll(logp, target, weight, ignore_index, reduction, axis)
    if label_smoothing == 0:
        return loss
    smooth = _smooth_loss(logp, target, weight, ignore_index, reduction, axis)
    return add(mul(loss, 1 - label_smoothing), mul(smooth, label_smoothing / x.shape[axis]))


@primitive(saves=("x", "target", "p"), residuals=("p",))
@quiet
def _cross_entropy(xp: Any, x: Any, target: Any, *, axis: int, ignore: int, reduction: str) -> Any:
    e = x - xp.max(x, axis=axis, keepdims=True)
    p = xp.exp(e)
    total = xp.sum(p, axis=axis, keepdims=True)
    p /= total
    valid = target != ignore
    safe = xp.where(valid, target, 0)
    picked = xp.take_along_axis(e, xp.expand_dims(safe, axis), axis)
    loss = xp.where(valid, xp.squeeze(xp.log(total) - picked, axis), 0.0)
    if reduction == "none":
        return loss, (p,)
    loss = xp.sum(loss)
    return (loss if reduction == "sum" else xp.divide(loss, xp.sum(valid), dtype=x.dtype)), (p,)


def _cross_entropy_rule(g: Any, z: Any, x: Any, target: Any, **params: Any) -> Any:
    axis = params["axis"]
    hot = _hot_classes(target, axis=axis, classes=x.shape[axis], dtype=str(x.dtype))
    share = _spread(_per_sample(g, target, **params), shape=x.shape, axes=(axis,))
    return _mul(share, _sub(_softmax(x, axis=axis), hot))


@primitive(differentiable=False)
def _hot_classes(xp: Any, x: Any, *, axis: int, classes: int, dtype: str) -> Any:
    """1 at the class of each sample, 0 elsewhere; classes along `axis`."""
    return _is_class(xp, x, axis, classes).astype(dtype)


def _is_class(xp: Any, target: Any, axis: int, classes: int) -> Any:
    shape = [1] * (target.ndim + 1)
    shape[axis] = classes
    return xp.expand_dims(target, axis) == xp.arange(classes).reshape(shape)


@primitive(saves=("target",))
@quiet
def _per_sample(xp: Any, x: Any, target: Any, *, axis: int, ignore: int, reduction: str) -> Any:
    """The cotangent x of a reduced loss, handed to each sample; nothing to those that are ignored."""
    valid = target != ignore
    if reduction == "mean":
        x = xp.divide(x, xp.sum(valid), dtype=x.dtype)
    return xp.where(valid, x, 0.0)


@primitive(saves=("target",))
@quiet
def _over_samples(xp: Any, x: Any, target: Any, *, axis: int, ignore: int, reduction: str) -> Any:
    """Losses of samples, reduced over those that are not ignored."""
    valid = target != ignore
    x = xp.where(valid, x, 0.0)
    if reduction == "none":
        return x
    x = xp.sum(x)
    return x if reduction == "sum" else xp.divide(x, xp.sum(valid), dtype=x.dtype)


_per_sample.vjp(lambda g, z, x, target, **params: _over_samples(g, target, **params), None)
_over_samples.vjp(lambda g, z, x, target, **params: _per_sample(g, target, **params), None)


@primitive(differentiable=False)
@quiet
def _cross_entropy_backward(
    xp: Any, g: Any, p: Any, target: Any, *, axis: int, ignore: int, reduction: str
) -> Any:
    valid = target != ignore
    if reduction == "mean":
        g = xp.divide(g, xp.sum(valid), dtype=g.dtype)
    share = xp.expand_dims(xp.where(valid, g, 0.0), axis)
    return (p - _is_class(xp, target, axis, p.shape[axis])) * share


_cross_entropy.vjp(_cross_entropy_rule, None)
_cross_entropy.fast(
    lambda g, z, x, target, need, p, **params: (_cross_entropy_backward(g, p, target, **params), None)
)


def _check_classes(name: str, x: Tensor, target: Tensor, axis: int, ignore: int) -> None:
    expected = x.shape[:axis] + x.shape[axis + 1 :]
    if target.shape != expected:
        raise ShapeError(
            f"{name}: target has shape {target.shape}, input {x.shape} expects {expected} class indices, "
            f"or float probabilities of shape {x.shape}"
        )
    if target.dtype.kind not in "iu":
        raise DTypeError(f"{name}: target is {target.dtype}; class indices are integers, probabilities floats")
    values = target._array
    wrong = values[((values < 0) | (values >= x.shape[axis])) & (values != ignore)]
    if wrong.size:
        raise ArgumentError(
            f"{name}: target has class {wrong[0]}; input {x.shape} has classes 0..{x.shape[axis] - 1}"
        )


def _soft_cross_entropy(
    x: Tensor, target: Tensor, weight: Any, reduction: str, label_smoothing: float, axis: int
) -> Tensor:
    if target.shape != x.shape:
        raise ShapeError(
            f"cross_entropy: target has shape {target.shape}, input {x.shape} expects probabilities of its shape"
        )
    classes = x.shape[axis]
    if label_smoothing:
        target = add(mul(target, 1 - label_smoothing), label_smoothing / classes)
    logp = log_softmax(x, axis)
    if weight is not None:
        logp = mul(logp, _along(weight, axis, x))
    loss = neg(sum(mul(logp, target), axis))
    if reduction == "mean":
        return true_divide(sum(loss), loss._array.size)
    return _reduce(loss, reduction)


def _along(weight: Any, axis: int, x: Tensor) -> Tensor:
    """A weight for each class, laid along the axis of classes."""
    weight = as_tensor(weight)
    if weight.shape != (x.shape[axis],):
        raise ShapeError(f"loss: weight has shape {weight.shape}, input {x.shape} expects ({x.shape[axis]},)")
    shape = [1] * x.ndim
    shape[axis] = -1
    return Tensor(weight._array.reshape(shape))


# Negative log-likelihood --------------------------------------------------------------------------------------


def nll_loss(
    input: Any,
    target: Any,
    weight: Any = None,
    size_average: bool | None = None,
    ignore_index: int = -100,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """Negative log-likelihood of classes under log-probabilities: -input[target].

    input (C), (N, C) or (N, C, d1, ...); target (), (N) or (N, d1, ...).
    Raises ShapeError where target does not fit, OutOfRangeError for a class that is not there.

    >>> nll_loss(Tensor([[-1.0, -2.0]]), Tensor([1])).item()
    2.0
    """
    x, target = floating(input), as_tensor(target)
    reduction = _reduction("nll_loss", reduction, size_average, reduce)
    axis = 0 if x.ndim == 1 else 1
    _check_classes("nll_loss", x, target, axis, ignore_index)
    return _nll(x, target, weight, ignore_index, reduction, axis)


def _nll(logp: Tensor, target: Tensor, weight: Any, ignore: int, reduction: str, axis: int) -> Tensor:
    if weight is None:
        losses = neg(_pick(logp, target, axis=axis, ignore=ignore))
        return _over_samples(losses, target, axis=axis, ignore=ignore, reduction=reduction)
    logp = mul(logp, _along(weight, axis, logp))
    loss = _reduce_sum(neg(_pick(logp, target, axis=axis, ignore=ignore)), reduction)
    return true_divide(loss, _total_weight(weight, target, ignore)) if reduction == "mean" else loss


def _reduce_sum(losses: Tensor, reduction: str) -> Tensor:
    return losses if reduction == "none" else sum(losses)


def _total_weight(weight: Any, target: Tensor, ignore: int) -> Tensor:
    return sum(_weight_of(as_tensor(weight), target, ignore=ignore))


@primitive(differentiable=False)
def _weight_of(xp: Any, weight: Any, target: Any, *, ignore: int) -> Any:
    """The weight of each sample's class; 0 for those that are ignored."""
    valid = target != ignore
    return xp.where(valid, xp.take(weight, xp.where(valid, target, 0)), 0.0)


def _smooth_loss(logp: Tensor, target: Tensor, weight: Any, ignore: int, reduction: str, axis: int) -> Tensor:
    """The loss against the uniform distribution, times the number of classes."""
    if weight is not None:
        logp = mul(logp, _along(weight, axis, logp))
    losses = neg(sum(logp, axis))
    if weight is None or reduction != "mean":
        return _over_samples(losses, target, axis=axis, ignore=ignore, reduction=reduction)
    total = _over_samples(losses, target, axis=axis, ignore=ignore, reduction="sum")
    return true_divide(total, _total_weight(weight, target, ignore))


@primitive(saves=("index",))
def _pick(xp: Any, x: Any, index: Any, *, axis: int, ignore: int) -> Any:
    """x at one position along an axis for each sample; 0 for those that are ignored."""
    valid = index != ignore
    safe = xp.expand_dims(xp.where(valid, index, 0), axis)
    return xp.where(valid, xp.squeeze(xp.take_along_axis(x, safe, axis), axis), 0.0)


@primitive(saves=("index",))
def _place(xp: Any, x: Any, index: Any, *, axis: int, ignore: int, classes: int) -> Any:
    """The adjoint of `_pick`: x at one position along a new axis, 0 elsewhere."""
    here = _is_class(xp, xp.where(index != ignore, index, -1), axis, classes)
    return xp.where(here, xp.expand_dims(x, axis), 0.0)


_pick.vjp(
    lambda g, z, x, index, axis, ignore: _place(g, index, axis=axis, ignore=ignore, classes=x.shape[axis]), None
)
_place.vjp(lambda g, z, x, index, axis, ignore, classes: _pick(g, index, axis=axis, ignore=ignore), None)
