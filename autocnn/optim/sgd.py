"""Stochastic gradient descent."""

from __future__ import annotations

from typing import Any

from autocnn.backend.kernels.descent import blend
from autocnn.engine import Tensor
from autocnn.errors import ArgumentError
from autocnn.optim.optimizer import Group, Optimizer, Parameters
from autocnn.types import Array, Namespace


class SGD(Optimizer):
    """Gradient descent, with momentum if asked.

    g <- g + weight_decay p;  b <- momentum b + (1 - dampening) g  (b = g at first);
    p <- p - lr b,  with `nesterov`: p <- p - lr (g + momentum b)

    Source: I. Sutskever et al., "On the importance of initialization and momentum in deep learning", 2013,
    with the learning rate outside of the momentum.

    >>> from autocnn.engine import Tensor
    >>> w = Tensor([1.0, 2.0]).requires_grad_()
    >>> w.grad = Tensor([1.0, 1.0])
    >>> SGD([w], lr=0.5).step()
    >>> w.tolist()
    [0.5, 1.5]
    """

    def __init__(
        self,
        params: Parameters,
        lr: float = 1e-3,
        momentum: float = 0,
        dampening: float = 0,
        weight_decay: float = 0,
        nesterov: bool = False,
        *,
        maximize: bool = False,
        foreach: bool | None = None,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        super().__init__(
            params,
            {
                "lr": lr,
                "momentum": momentum,
                "dampening": dampening,
                "weight_decay": weight_decay,
                "nesterov": nesterov,
                "maximize": maximize,
                "foreach": foreach,
                "differentiable": differentiable,
                "fused": fused,
            },
        )

    def _check_options(self, group: Group) -> None:
        self._at_least(group, "lr", "momentum", "weight_decay")
        if group["nesterov"] and (group["momentum"] <= 0 or group["dampening"] != 0):
            raise ArgumentError(
                f"SGD: nesterov with momentum {group['momentum']} and dampening {group['dampening']}; "
                "it needs a momentum, and no dampening"
            )

    def _update(self, xp: Namespace, p: Array, g: Array, state: dict[str, Any], group: Group) -> None:
        momentum, room = group["momentum"], self._room(xp, p, "step")
        g = self._descent(xp, p, g, group, group["weight_decay"])
        if momentum:
            buffer = state.get("momentum_buffer")
            if buffer is None:
                b = xp.empty_like(p)
                b[...] = g
                state["momentum_buffer"] = Tensor(b)
            else:
                b = buffer.array
                blend(xp, b, g, momentum, 1 - group["dampening"], b, room)
            g = blend(xp, b, g, momentum, 1, room, room) if group["nesterov"] else b
        blend(xp, p, g, 1, -group["lr"], p, room)
