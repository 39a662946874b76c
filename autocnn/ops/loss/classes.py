"""Losses of classes: cross-entropy and negative log-likelihood."""

from __future__ import annotations

from typing import Any

from autocnn.backend import kernels
from autocnn.engine import Tensor, as_tensor, primitive
from autocnn.errors import ArgumentError, DTypeError, OutOfRangeError, ShapeError
from autocnn.ops.activation.softmax import _softmax, log_softmax
from autocnn.ops.elementwise.arithmetic import _mul, _sub, add, mul, neg, true_divide
from autocnn.ops.elementwise.casts import floating, quiet
from autocnn.ops.loss.reduction import one_name, reduced_loss
from autocnn.ops.precision import adding
from autocnn.ops.reduce.extremes import _pick_at, positions
from autocnn.ops.reduce.sums import _spread, sum
from autocnn.ops.shape.views import reshape


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
    x = floating(input)
    target = as_tensor(target, x)
    reduction = one_name("cross_entropy", reduction, size_average, reduce)
    if not 0 <= label_smoothing <= 1:
        raise ArgumentError(f"cross_entropy: label_smoothing is {label_smoothing}; it must lie in 0..1")
    if x.ndim == 0:
        raise ShapeError("cross_entropy: input is 0-d (); it needs an axis of classes")
    axis = 0 if x.ndim == 1 else 1
    weight = _class_weight("cross_entropy", weight, x, axis)
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


@primitive(saves=("x", "target", "logp"), residuals=("logp",))
@quiet
@adding
def _cross_entropy(xp: Any, x: Any, target: Any, *, axis: int, ignore: int, reduction: str) -> Any:
    logp = kernels.log_softmax(xp, x, axis=axis)
    valid = target != ignore
    count = xp.count_nonzero(valid)
    if count == target.size:
        loss = 0.0 - logp[_chosen(xp, target, axis)]
    else:
        known = xp.where(valid, target, 0)
        loss = xp.where(valid, 0.0 - logp[_chosen(xp, known, axis)], 0.0)
    if reduction == "none":
        return loss, (logp,)
    loss = loss.sum()
    return (loss if reduction == "sum" else xp.divide(loss, count, dtype=x.dtype)), (logp,)


def _chosen(xp: Any, target: Any, axis: int) -> tuple[Any, ...]:
    """The index of each sample's class in an array with an axis of classes."""
    places = [positions(xp, target.shape, i) for i in range(target.ndim)]
    return (*places[:axis], target, *places[axis:])


def _cross_entropy_rule(g: Any, z: Any, x: Any, target: Any, **params: Any) -> Any:
    axis = params["axis"]
    hot = _hot_classes(target, axis=axis, classes=x.shape[axis], dtype=str(x.dtype))
    share = _spread(_per_sample(g, target, **params), shape=x.shape, axes=(axis,))
    return _mul(share, _sub(_softmax(x, axis=axis), hot))


@primitive(differentiable=False)
def _hot_classes(xp: Any, x: Any, *, axis: int, classes: int, dtype: str) -> Any:
    """1 at the class of each sample, 0 elsewhere; classes along `axis`."""
    target = xp.expand_dims(x, axis)
    shape = tuple(classes if i == axis else 1 for i in range(target.ndim))
    return (target == positions(xp, shape, axis)).astype(dtype)


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
@adding
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
@adding
def _cross_entropy_backward(
    xp: Any, g: Any, logp: Any, target: Any, *, axis: int, ignore: int, reduction: str
) -> Any:
    valid = target != ignore
    count = xp.count_nonzero(valid)
    if reduction == "mean":
        g = xp.divide(g, count, dtype=g.dtype)
    if count < target.size:
        g, target = xp.where(valid, g, 0.0), xp.where(valid, target, 0)
    z = xp.exp(logp)
    z[_chosen(xp, target, axis)] -= 1
    z *= xp.expand_dims(g, axis) if g.ndim else g
    return z


_cross_entropy.vjp(_cross_entropy_rule, None)
_cross_entropy.fast(
    lambda g, z, x, target, need, logp, **params: (_cross_entropy_backward(g, logp, target, **params), None)
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
    values, count = target._array, x.shape[axis]
    if values.size and (values.min() < 0 or values.max() >= count):
        wrong = values[((values < 0) | (values >= count)) & (values != ignore)]
        if wrong.size:
            classes = f"input {x.shape} has classes 0..{count - 1}"
            raise OutOfRangeError(f"{name}: target has class {wrong[0]}; {classes}")


def _soft_cross_entropy(
    x: Tensor, target: Tensor, weight: Tensor | None, reduction: str, label_smoothing: float, axis: int
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
        logp = mul(logp, _along(weight, axis, x.ndim))
    loss = neg(sum(mul(logp, target), axis))
    if reduction == "mean":
        return true_divide(sum(loss), loss._array.size)
    return reduced_loss(loss, None, reduction)


def _class_weight(name: str, weight: Any, x: Tensor, axis: int) -> Tensor | None:
    """A weight for each class; raises ShapeError where there are more or fewer."""
    if weight is None:
        return None
    weight = as_tensor(weight, x)
    if weight.shape != (x.shape[axis],):
        raise ShapeError(f"{name}: weight has shape {weight.shape}, input {x.shape} expects ({x.shape[axis]},)")
    return weight


def _along(weight: Tensor, axis: int, ndim: int) -> Tensor:
    """The weights of classes, laid along the axis of classes."""
    shape = [1] * ndim
    shape[axis] = -1
    return reshape(weight, shape)


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
    x = floating(input)
    target = as_tensor(target, x)
    reduction = one_name("nll_loss", reduction, size_average, reduce)
    if x.ndim == 0:
        raise ShapeError("nll_loss: input is 0-d (); it needs an axis of classes")
    axis = 0 if x.ndim == 1 else 1
    _check_classes("nll_loss", x, target, axis, ignore_index)
    weight = _class_weight("nll_loss", weight, x, axis)
    return _nll(x, target, weight, ignore_index, reduction, axis)


def _nll(logp: Tensor, target: Tensor, weight: Tensor | None, ignore: int, reduction: str, axis: int) -> Tensor:
    if weight is not None:
        logp = mul(logp, _along(weight.detach(), axis, logp.ndim))
    losses = neg(_pick_at(logp, _known_class(target, ignore=ignore), axis=axis))
    return _over_all(losses, target, weight, ignore, reduction, axis)


@primitive(differentiable=False)
def _known_class(xp: Any, target: Any, *, ignore: int) -> Any:
    """The class of each sample; 0 for those that are ignored, so that it can be an index."""
    return xp.where(target != ignore, target, 0)


def _over_all(
    losses: Tensor, target: Tensor, weight: Tensor | None, ignore: int, reduction: str, axis: int
) -> Tensor:
    """Losses reduced over the samples that are not ignored; a mean counts each by the weight of its class."""
    if weight is None or reduction != "mean":
        return _over_samples(losses, target, axis=axis, ignore=ignore, reduction=reduction)
    total = _over_samples(losses, target, axis=axis, ignore=ignore, reduction="sum")
    return true_divide(total, sum(_weight_of(weight, target, ignore=ignore)))


@primitive(differentiable=False)
def _weight_of(xp: Any, weight: Any, target: Any, *, ignore: int) -> Any:
    """The weight of each sample's class; 0 for those that are ignored."""
    valid = target != ignore
    return xp.where(valid, xp.take(weight, xp.where(valid, target, 0)), 0.0)


def _smooth_loss(
    logp: Tensor, target: Tensor, weight: Tensor | None, ignore: int, reduction: str, axis: int
) -> Tensor:
    """The loss against the uniform distribution, times the number of classes."""
    if weight is not None:
        logp = mul(logp, _along(weight.detach(), axis, logp.ndim))
    return _over_all(neg(sum(logp, axis)), target, weight, ignore, reduction, axis)
