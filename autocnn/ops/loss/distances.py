"""Losses of numbers: distances between an input and a target."""

from __future__ import annotations

from typing import Any

from autocnn.engine import Tensor, primitive
from autocnn.errors import ArgumentError
from autocnn.ops.elementwise.arithmetic import _mul, abs, mul, square, sub
from autocnn.ops.elementwise.casts import quiet
from autocnn.ops.elementwise.selection import _clamp
from autocnn.ops.loss.reduction import beside, one_name, reduced_loss


def mse_loss(
    input: Any,
    target: Any,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    weight: Any = None,
) -> Tensor:
    """The mean of (input - target) ** 2.

    >>> mse_loss(Tensor([1.0, 4.0]), Tensor([1.0, 2.0])).item()
    2.0
    """
    reduction = one_name("mse_loss", reduction, size_average, reduce)
    x, y = beside("mse_loss", input, target)
    return reduced_loss(square(sub(x, y)), weight, reduction, share=True)


def l1_loss(
    input: Any,
    target: Any,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    weight: Any = None,
) -> Tensor:
    """The mean of |input - target|.

    >>> l1_loss(Tensor([1.0, 4.0]), Tensor([1.0, 2.0])).item()
    1.0
    """
    reduction = one_name("l1_loss", reduction, size_average, reduce)
    x, y = beside("l1_loss", input, target)
    return reduced_loss(abs(sub(x, y)), weight, reduction, share=True)


def huber_loss(input: Any, target: Any, reduction: str = "mean", delta: float = 1.0, weight: Any = None) -> Tensor:
    """The mean of d ** 2 / 2 where |d| < delta, of delta (|d| - delta / 2) elsewhere; d = input - target.

    Raises ArgumentError unless delta is above 0.
    Source: Huber (1964), "Robust estimation of a location parameter".

    >>> huber_loss(Tensor([1.0, 4.0]), Tensor([1.0, 2.0])).item()
    0.75
    """
    reduction = one_name("huber_loss", reduction, None, None)
    if not delta > 0:
        raise ArgumentError(f"huber_loss: delta is {delta}; it must be above 0")
    x, y = beside("huber_loss", input, target)
    return reduced_loss(_huber(sub(x, y), delta=float(delta)), weight, reduction)


def smooth_l1_loss(
    input: Any,
    target: Any,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    beta: float = 1.0,
) -> Tensor:
    """The mean of d ** 2 / (2 beta) where |d| < beta, of |d| - beta / 2 elsewhere; d = input - target.

    Raises ArgumentError for beta below 0; 0 means `l1_loss`.

    >>> smooth_l1_loss(Tensor([1.0, 4.0]), Tensor([1.0, 2.0])).item()
    0.75
    """
    reduction = one_name("smooth_l1_loss", reduction, size_average, reduce)
    if beta < 0:
        raise ArgumentError(f"smooth_l1_loss: beta is {beta}; it must not be below 0")
    x, y = beside("smooth_l1_loss", input, target)
    difference = sub(x, y)
    if beta == 0:
        return reduced_loss(abs(difference), None, reduction)
    loss = _huber(difference, delta=float(beta))
    return reduced_loss(loss if beta == 1 else mul(loss, 1 / beta), None, reduction)


@primitive(saves=("x",))
@quiet
def _huber(xp: Any, x: Any, *, delta: float) -> Any:
    near = xp.clip(x, -delta, delta)
    z = near * -0.5
    z += x
    z *= near  # c (x - c / 2) is x ** 2 / 2 where c = x, and delta (|x| - delta / 2) where x lies beyond
    return z


_huber.vjp(lambda g, z, x, delta: _mul(g, _clamp(x, low=-delta, high=delta)))
