"""RMSprop."""

from __future__ import annotations

from typing import Any

from autocnn.backend.kernels.descent import blend, blend_square, scaled_step
from autocnn.optim.optimizer import Group, Optimizer, Parameters, like
from autocnn.types import Array, Namespace


class RMSprop(Optimizer):
    """Steps divided by the running root mean square of the gradient.

    v <- alpha v + (1 - alpha) g^2;  p <- p - lr g / (sqrt(v) + eps)

    `centered` subtracts the square of the running mean of g from v: its variance; `momentum` sums the steps up:
    b <- momentum b + g / (sqrt(v) + eps), p <- p - lr b.

    Source: T. Tieleman and G. Hinton, lecture 6.5 of "Neural Networks for Machine Learning", 2012;
    A. Graves, "Generating Sequences With Recurrent Neural Networks", 2013, equations 38 to 41, for `centered`.

    >>> from autocnn.engine import Tensor
    >>> w = Tensor([1.0, 2.0]).requires_grad_()
    >>> w.grad = Tensor([2.0, -3.0])
    >>> RMSprop([w], lr=0.5, alpha=0.75).step()
    >>> w.tolist()
    [0.0, 3.0]
    """

    def __init__(
        self,
        params: Parameters,
        lr: float = 1e-2,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum: float = 0,
        centered: bool = False,
        capturable: bool = False,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        super().__init__(
            params,
            {
                "lr": lr,
                "alpha": alpha,
                "eps": eps,
                "weight_decay": weight_decay,
                "momentum": momentum,
                "centered": centered,
                "maximize": maximize,
                "foreach": foreach,
                "capturable": capturable,
                "differentiable": differentiable,
            },
        )

    def _check_options(self, group: Group) -> None:
        self._at_least(group, "lr", "alpha", "eps", "weight_decay", "momentum")

    def _update(self, xp: Namespace, p: Array, g: Array, state: dict[str, Any], group: Group) -> None:
        alpha, lr, room = group["alpha"], group["lr"], self._room(xp, p, "step")
        g = self._descent(xp, p, g, group, group["weight_decay"])
        state["step"] = state.get("step", 0) + 1
        (v,) = like(xp, p, state, "square_avg")
        blend_square(xp, v, g, alpha, room)
        if group["centered"]:
            (mean,) = like(xp, p, state, "grad_avg")
            blend(xp, mean, g, alpha, 1 - alpha, mean, room)
            xp.multiply(mean, mean, out=room)
            xp.subtract(v, room, out=room)
            v = xp.maximum(room, 0, out=room)  # a variance that rounding made negative
        if not group["momentum"]:
            scaled_step(xp, p, g, v, lr, group["eps"], room)
            return
        xp.sqrt(v, out=room)
        room += group["eps"]
        xp.divide(g, room, out=room)
        (b,) = like(xp, p, state, "momentum_buffer")
        blend(xp, b, room, group["momentum"], 1, b, room)
        blend(xp, p, b, 1, -lr, p, room)
