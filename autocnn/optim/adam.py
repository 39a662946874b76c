"""Adam, and AdamW with its weight decay apart from the gradient."""

from __future__ import annotations

import math
from typing import Any

from autocnn.backend.kernels.descent import blend, blend_square, scale, scaled_step
from autocnn.optim.optimizer import Group, Optimizer, Parameters, like
from autocnn.types import Array, Namespace


class Moments(Optimizer):
    """The running means of Adam, moved on by each step."""

    def _check_options(self, group: Group) -> None:
        self._at_least(group, "lr", "eps", "weight_decay")
        self._check_betas(group)

    def _moments(
        self, xp: Namespace, p: Array, g: Array, state: dict[str, Any], group: Group
    ) -> tuple[Array, Array, Array]:
        """The gradient to go down by, and the running means of it and of its square; weights are decayed."""
        (beta1, beta2), decay = group["betas"], group["weight_decay"]
        room = self._room(xp, p, "step")
        if group["decoupled_weight_decay"] and decay:
            scale(xp, p, 1 - group["lr"] * decay)
            decay = 0
        g = self._descent(xp, p, g, group, decay)
        m, v = like(xp, p, state, "exp_avg", "exp_avg_sq")
        blend(xp, m, g, beta1, 1 - beta1, m, room)
        blend_square(xp, v, g, beta2, room)
        return g, m, v


class Adam(Moments):
    """Steps scaled by running means of the gradient and of its square.

    m <- beta1 m + (1 - beta1) g;  v <- beta2 v + (1 - beta2) g^2;  with `amsgrad` v is the largest so far;
    p <- p - lr m' / (sqrt(v') + eps),  m' = m / (1 - beta1^t),  v' = v / (1 - beta2^t)

    `weight_decay` adds its multiple of p to g; with `decoupled_weight_decay` p <- (1 - lr weight_decay) p
    comes first instead.

    Source: D. Kingma and J. Ba, "Adam: A Method for Stochastic Optimization", 2015, algorithm 1;
    S. Reddi et al., "On the Convergence of Adam and Beyond", 2018, for `amsgrad`.

    >>> from autocnn.engine import Tensor
    >>> w = Tensor([1.0, 2.0]).requires_grad_()
    >>> w.grad = Tensor([1.0, -3.0])
    >>> Adam([w], lr=0.5).step()
    >>> w.array.round(6).tolist()
    [0.5, 2.5]
    """

    def __init__(
        self,
        params: Parameters,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        amsgrad: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
        decoupled_weight_decay: bool = False,
    ) -> None:
        super().__init__(
            params,
            {
                "lr": lr,
                "betas": tuple(betas),
                "eps": eps,
                "weight_decay": weight_decay,
                "amsgrad": amsgrad,
                "maximize": maximize,
                "foreach": foreach,
                "capturable": capturable,
                "differentiable": differentiable,
                "fused": fused,
                "decoupled_weight_decay": decoupled_weight_decay,
            },
        )

    def _update(self, xp: Namespace, p: Array, g: Array, state: dict[str, Any], group: Group) -> None:
        (beta1, beta2), room = group["betas"], self._room(xp, p, "step")
        step = state["step"] = state.get("step", 0) + 1
        _, m, v = self._moments(xp, p, g, state, group)
        if group["amsgrad"]:
            (largest,) = like(xp, p, state, "max_exp_avg_sq")
            v = xp.maximum(largest, v, out=largest)
        root = math.sqrt(1 - beta2**step)
        scaled_step(xp, p, m, v, group["lr"] * root / (1 - beta1**step), group["eps"] * root, room)


class AdamW(Adam):
    """Adam with decoupled weight decay: p <- (1 - lr weight_decay) p, then a step of Adam without it.

    Source: I. Loshchilov and F. Hutter, "Decoupled Weight Decay Regularization", 2019, algorithm 2.

    >>> from autocnn.engine import Tensor
    >>> w = Tensor([1.0]).requires_grad_()
    >>> w.grad = Tensor([0.0])
    >>> AdamW([w], lr=0.5, weight_decay=0.5).step()
    >>> w.tolist()
    [0.75]
    """

    def __init__(
        self,
        params: Parameters,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
        foreach: bool | None = None,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        super().__init__(
            params, lr, betas, eps, weight_decay, amsgrad, foreach=foreach, maximize=maximize,
            capturable=capturable, differentiable=differentiable, fused=fused, decoupled_weight_decay=True,
        )  # fmt: skip
