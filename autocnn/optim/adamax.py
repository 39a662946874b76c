"""Adamax."""

from __future__ import annotations

from typing import Any

from autocnn.backend.kernels.descent import blend
from autocnn.optim.optimizer import Group, Optimizer, Parameters, like
from autocnn.types import Array, Namespace


class Adamax(Optimizer):
    """Adam, with a running maximum of the gradient's size in place of the root of its mean square.

    m <- beta1 m + (1 - beta1) g;  u <- max(beta2 u, |g| + eps);  p <- p - lr / (1 - beta1^t) m / u

    Source: D. Kingma and J. Ba, "Adam: A Method for Stochastic Optimization", 2015, algorithm 2.

    >>> from autocnn.engine import Tensor
    >>> w = Tensor([1.0, 2.0]).requires_grad_()
    >>> w.grad = Tensor([2.0, -3.0])
    >>> Adamax([w], lr=0.5).step()
    >>> w.array.round(6).tolist()
    [0.5, 2.5]
    """

    def __init__(
        self,
        params: Parameters,
        lr: float = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        foreach: bool | None = None,
        *,
        maximize: bool = False,
        differentiable: bool = False,
        capturable: bool = False,
    ) -> None:
        super().__init__(
            params,
            {
                "lr": lr,
                "betas": tuple(betas),
                "eps": eps,
                "weight_decay": weight_decay,
                "foreach": foreach,
                "maximize": maximize,
                "differentiable": differentiable,
                "capturable": capturable,
            },
        )

    def _check_options(self, group: Group) -> None:
        self._at_least(group, "lr", "eps", "weight_decay")
        self._check_betas(group)

    def _update(self, xp: Namespace, p: Array, g: Array, state: dict[str, Any], group: Group) -> None:
        (beta1, beta2), room = group["betas"], self._room(xp, p, "step")
        g = self._descent(xp, p, g, group, group["weight_decay"])
        step = state["step"] = state.get("step", 0) + 1
        m, u = like(xp, p, state, "exp_avg", "exp_inf")
        blend(xp, m, g, beta1, 1 - beta1, m, room)
        xp.absolute(g, out=room)
        room += group["eps"]
        u *= beta2
        xp.maximum(u, room, out=u)
        xp.divide(m, u, out=room)
        blend(xp, p, room, 1, -group["lr"] / (1 - beta1**step), p, room)
