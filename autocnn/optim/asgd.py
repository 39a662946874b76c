"""Averaged stochastic gradient descent."""

from __future__ import annotations

from typing import Any

from autocnn.backend.kernels.descent import blend
from autocnn.optim.optimizer import Group, Optimizer, Parameters, like
from autocnn.types import Array, Namespace


class ASGD(Optimizer):
    """Gradient descent with a falling rate and a decay, which keeps the mean of its parameters from t0 on.

    p <- p (1 - lambd eta) - eta g;  a <- a + mu (p - a);  then eta = lr / (1 + lambd lr t)^alpha and
    mu = 1 / max(1, t - t0). The means are `state[p]["ax"]`.

    Source: B. Polyak and A. Juditsky, "Acceleration of Stochastic Approximation by Averaging", 1992;
    W. Xu, "Towards Optimal One Pass Large Scale Learning with Averaged Stochastic Gradient Descent", 2011.

    >>> from autocnn.engine import Tensor
    >>> w = Tensor([1.0, 2.0]).requires_grad_()
    >>> w.grad = Tensor([2.0, -3.0])
    >>> ASGD([w], lr=0.5, lambd=0).step()
    >>> w.tolist()
    [0.0, 3.5]
    """

    _numbers = ("step", "eta", "mu")

    def __init__(
        self,
        params: Parameters,
        lr: float = 1e-2,
        lambd: float = 1e-4,
        alpha: float = 0.75,
        t0: float = 1e6,
        weight_decay: float = 0,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
        capturable: bool = False,
    ) -> None:
        super().__init__(
            params,
            {
                "lr": lr,
                "lambd": lambd,
                "alpha": alpha,
                "t0": t0,
                "weight_decay": weight_decay,
                "foreach": foreach,
                "maximize": maximize,
                "differentiable": differentiable,
                "capturable": capturable,
            },
        )

    def _check_options(self, group: Group) -> None:
        self._at_least(group, "lr", "weight_decay")

    def _update(self, xp: Namespace, p: Array, g: Array, state: dict[str, Any], group: Group) -> None:
        lr, lambd, room = group["lr"], group["lambd"], self._room(xp, p, "step")
        g = self._descent(xp, p, g, group, group["weight_decay"])
        step = state["step"] = state.get("step", 0) + 1
        eta, mu = (state["eta"], state["mu"]) if "eta" in state else (lr, 1.0)
        (mean,) = like(xp, p, state, "ax")
        blend(xp, p, g, 1 - lambd * eta, -eta, p, room)
        blend(xp, mean, p, 1 - mu, mu, mean, room)
        state["eta"] = lr / (1 + lambd * lr * step) ** group["alpha"]
        state["mu"] = 1 / max(1, step - group["t0"])
