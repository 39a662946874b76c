"""Adadelta."""

from __future__ import annotations

from typing import Any

from autocnn.backend.kernels.descent import blend, blend_square
from autocnn.errors import ArgumentError
from autocnn.optim.optimizer import Group, Optimizer, Parameters, like
from autocnn.types import Array, Namespace


class Adadelta(Optimizer):
    """Steps in the parameter's own unit: the root mean square of past steps over that of the gradient.

    v <- rho v + (1 - rho) g^2;  d = sqrt(u + eps) / sqrt(v + eps) g;  u <- rho u + (1 - rho) d^2;  p <- p - lr d

    Source: M. Zeiler, "ADADELTA: An Adaptive Learning Rate Method", 2012, algorithm 1.

    >>> from autocnn.engine import Tensor
    >>> w = Tensor([1.0, 2.0]).requires_grad_()
    >>> w.grad = Tensor([2.0, -3.0])
    >>> Adadelta([w], rho=0.75, eps=1.0).step()
    >>> [round(x, 3) for x in w.tolist()]
    [-0.414, 3.664]
    """

    def __init__(
        self,
        params: Parameters,
        lr: float = 1.0,
        rho: float = 0.9,
        eps: float = 1e-6,
        weight_decay: float = 0,
        foreach: bool | None = None,
        *,
        capturable: bool = False,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        super().__init__(
            params,
            {
                "lr": lr,
                "rho": rho,
                "eps": eps,
                "weight_decay": weight_decay,
                "maximize": maximize,
                "capturable": capturable,
                "foreach": foreach,
                "differentiable": differentiable,
            },
        )

    def _check_options(self, group: Group) -> None:
        self._at_least(group, "lr", "eps", "weight_decay")
        if not 0 <= group["rho"] <= 1:
            raise ArgumentError(f"Adadelta: rho is {group['rho']}; it is in 0..1")

    def _update(self, xp: Namespace, p: Array, g: Array, state: dict[str, Any], group: Group) -> None:
        rho, eps = group["rho"], group["eps"]
        room, step = self._room(xp, p, "step"), self._room(xp, p, "delta")
        g = self._descent(xp, p, g, group, group["weight_decay"])
        state["step"] = state.get("step", 0) + 1
        v, u = like(xp, p, state, "square_avg", "acc_delta")
        blend_square(xp, v, g, rho, room)
        xp.add(u, eps, out=step)
        xp.add(v, eps, out=room)
        step /= room
        xp.sqrt(step, out=step)
        step *= g
        blend_square(xp, u, step, rho, room)
        blend(xp, p, step, 1, -group["lr"], p, room)
