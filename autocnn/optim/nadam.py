"""NAdam and RAdam: Adam with Nesterov's momentum, and with a variance that is trusted only once it is known."""

from __future__ import annotations

import math
from typing import Any

from autocnn.backend.kernels.descent import blend, scaled_step
from autocnn.optim.adam import Moments
from autocnn.optim.optimizer import Group, Parameters
from autocnn.types import Array, Namespace


class NAdam(Moments):
    """Adam with Nesterov's momentum, which is turned up slowly: mu_t = beta1 (1 - 0.96^(t momentum_decay) / 2).

    m and v as Adam's;  p <- p - lr ((1 - mu_t) g / (1 - prod mu) + mu_(t+1) m / (1 - prod mu mu_(t+1)))
    / (sqrt(v / (1 - beta2^t)) + eps)

    Source: T. Dozat, "Incorporating Nesterov Momentum into Adam", 2016, algorithm 2.

    >>> from autocnn.engine import Tensor
    >>> w = Tensor([1.0, 2.0]).requires_grad_()
    >>> w.grad = Tensor([1.0, -3.0])
    >>> NAdam([w], lr=0.5).step()
    >>> [round(x, 3) for x in w.tolist()]
    [0.472, 2.528]
    """

    _numbers = ("step", "mu_product")

    def __init__(
        self,
        params: Parameters,
        lr: float = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum_decay: float = 4e-3,
        decoupled_weight_decay: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
    ) -> None:
        super().__init__(
            params,
            {
                "lr": lr,
                "betas": tuple(betas),
                "eps": eps,
                "weight_decay": weight_decay,
                "momentum_decay": momentum_decay,
                "decoupled_weight_decay": decoupled_weight_decay,
                "maximize": maximize,
                "foreach": foreach,
                "capturable": capturable,
                "differentiable": differentiable,
            },
        )

    def _check_options(self, group: Group) -> None:
        super()._check_options(group)
        self._at_least(group, "momentum_decay")

    def _update(self, xp: Namespace, p: Array, g: Array, state: dict[str, Any], group: Group) -> None:
        (beta1, beta2), slow = group["betas"], group["momentum_decay"]
        room, root = self._room(xp, p, "step"), self._room(xp, p, "root")
        step = state["step"] = state.get("step", 0) + 1
        g, m, v = self._moments(xp, p, g, state, group)
        now, later = (beta1 * (1 - 0.5 * 0.96 ** (t * slow)) for t in (step, step + 1))
        product = state["mu_product"] = state.get("mu_product", 1.0) * now
        xp.divide(v, 1 - beta2**step, out=root)
        xp.sqrt(root, out=root)
        root += group["eps"]
        for part, share in ((g, (1 - now) / (1 - product)), (m, later / (1 - product * later))):
            xp.divide(part, root, out=room)
            blend(xp, p, room, 1, -group["lr"] * share, p, room)


class RAdam(Moments):
    """Adam whose first steps are momentum's alone, until the variance of its scale is known.

    m and v as Adam's;  R = 2 / (1 - beta2) - 1;  r = R - 2 t beta2^t / (1 - beta2^t);  m' = m / (1 - beta1^t);
    p <- p - lr m' where r <= 5; else p <- p - lr m' c sqrt(1 - beta2^t) / (sqrt(v) + eps),
    c^2 = (r - 4)(r - 2) R / ((R - 4)(R - 2) r)

    Source: L. Liu et al., "On the Variance of the Adaptive Learning Rate and Beyond", 2020, algorithm 2.

    >>> from autocnn.engine import Tensor
    >>> w = Tensor([1.0, 2.0]).requires_grad_()
    >>> w.grad = Tensor([1.0, -3.0])
    >>> RAdam([w], lr=0.5).step()
    >>> w.array.round(6).tolist()
    [0.5, 3.5]
    """

    def __init__(
        self,
        params: Parameters,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        decoupled_weight_decay: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
    ) -> None:
        super().__init__(
            params,
            {
                "lr": lr,
                "betas": tuple(betas),
                "eps": eps,
                "weight_decay": weight_decay,
                "maximize": maximize,
                "foreach": foreach,
                "capturable": capturable,
                "decoupled_weight_decay": decoupled_weight_decay,
                "differentiable": differentiable,
            },
        )

    def _update(self, xp: Namespace, p: Array, g: Array, state: dict[str, Any], group: Group) -> None:
        (beta1, beta2), room = group["betas"], self._room(xp, p, "step")
        step = state["step"] = state.get("step", 0) + 1
        g, m, v = self._moments(xp, p, g, state, group)
        rate, unbiased = group["lr"] / (1 - beta1**step), 1 - beta2**step
        most = 2 / (1 - beta2) - 1
        known = most - 2 * step * beta2**step / unbiased
        if known > 5:
            rate *= math.sqrt((known - 4) * (known - 2) * most / ((most - 4) * (most - 2) * known) * unbiased)
            scaled_step(xp, p, m, v, rate, group["eps"], room)
        else:
            blend(xp, p, m, 1, -rate, p, room)
