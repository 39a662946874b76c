"""Adagrad."""

from __future__ import annotations

from typing import Any

from autocnn.backend.kernels.descent import scaled_step
from autocnn.engine import Tensor, namespace
from autocnn.optim.optimizer import Group, Optimizer, Parameters
from autocnn.types import Array, Namespace


class Adagrad(Optimizer):
    """Steps divided by the root of the sum of all squared gradients so far.

    s <- s + g^2  (s = initial_accumulator_value at first);
    p <- p - lr / (1 + (t - 1) lr_decay) g / (sqrt(s) + eps)

    Source: J. Duchi et al., "Adaptive Subgradient Methods for Online Learning and Stochastic Optimization", 2011.

    >>> from autocnn.engine import Tensor
    >>> w = Tensor([1.0, 2.0]).requires_grad_()
    >>> w.grad = Tensor([2.0, -3.0])
    >>> Adagrad([w], lr=0.5).step()
    >>> w.tolist()
    [0.5, 2.5]
    """

    def __init__(
        self,
        params: Parameters,
        lr: float = 1e-2,
        lr_decay: float = 0,
        weight_decay: float = 0,
        initial_accumulator_value: float = 0,
        eps: float = 1e-10,
        foreach: bool | None = None,
        *,
        maximize: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        super().__init__(
            params,
            {
                "lr": lr,
                "lr_decay": lr_decay,
                "eps": eps,
                "weight_decay": weight_decay,
                "initial_accumulator_value": initial_accumulator_value,
                "maximize": maximize,
                "foreach": foreach,
                "differentiable": differentiable,
                "fused": fused,
            },
        )

    def _check_options(self, group: Group) -> None:
        self._at_least(group, "lr", "lr_decay", "weight_decay", "initial_accumulator_value", "eps")

    def add_param_group(self, param_group: Group) -> None:
        """Optimise more parameters; their sums exist from the start, as PyTorch's do."""
        super().add_param_group(param_group)
        group = self.param_groups[-1]
        for parameter in group["params"]:
            xp, p = namespace(parameter.array), parameter.array
            start = Tensor(xp.full_like(p, group["initial_accumulator_value"]))
            self.state[parameter].update(step=0, sum=start)

    def _update(self, xp: Namespace, p: Array, g: Array, state: dict[str, Any], group: Group) -> None:
        room = self._room(xp, p, "step")
        g = self._descent(xp, p, g, group, group["weight_decay"])
        rate = group["lr"] / (1 + state["step"] * group["lr_decay"])
        state["step"] += 1
        s = state["sum"].array
        xp.multiply(g, g, out=room)
        s += room
        scaled_step(xp, p, g, s, rate, group["eps"], room)
